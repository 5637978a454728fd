r"""How many fact tables there are: Theorem 8 by counting.

A table is a map f: [S] x [R] -> [V] whose answer sets A_r = {f(s, r): s} are disjoint, with at most
D answers each. Each table is counted once, however few of its D answers a relation uses. With
S2(S, k) the Stirling numbers of the second kind and V^(K) = V (V - 1) ... (V - K + 1),

.. math:: \#(S, R, D, V) = \sum_K V^{(K)}\, [t^K] \Bigl(\sum_{k=1}^{\min(D, S)} S2(S, k)\, t^k
          \Bigr)^R,

summed here in integers. Where that takes too long :mod:`theory.bounds.table_bits` has bounds.

References
----------
NLB, Theorem 8 (restated; the count is derived in docs/lower-bounds.md).
"""

import math
from collections import Counter
from collections.abc import Sequence

from assoc.checks import as_size, positive
from assoc.errors import InputError

__all__ = ["LARGEST", "check_relations", "check_table", "count_tables", "countable", "uneven_bits"]

LARGEST = 10**9
"""Largest S, R and D."""

WORK = 4 * 10**6
"""Bits of the largest integer, and steps of the recurrence, that an exact count may take."""


def check_table(S: int, R: int, D: int, vocabulary: int) -> tuple[int, int, int, int]:
    """Return the sizes of a table as plain integers.

    Raises
    ------
    InputError
        If one is not a positive integer or too large, or the vocabulary is less than R D.
    """
    for name, value in (("S", S), ("R", R), ("D", D)):
        positive(value, name)
        if value > LARGEST:
            raise InputError(f"{name} = {value:.4g}: sizes are checked up to {LARGEST:.0e}")
    as_size(vocabulary, "vocabulary")
    if vocabulary < R * D:
        raise InputError(
            f"vocabulary = {vocabulary} is less than R D = {R * D}: "
            "disjoint answer sets of D answers do not fit"
        )
    if vocabulary > LARGEST**3:
        raise InputError(f"vocabulary = {vocabulary:.4g}: checked up to {LARGEST**3:.0e}")
    return int(S), int(R), int(D), int(vocabulary)


def countable(S: int, R: int, D: int, vocabulary: int) -> bool:
    """Whether :func:`count_tables` takes these sizes.

    Examples
    --------
    >>> countable(16, 4, 8, 64), countable(10**6, 10**6, 10, 10**8)
    (True, False)
    """
    most = min(S, D)
    each = R * (S * math.log2(most + 1) + 1)
    return (
        S * most <= WORK
        and each * R * most <= WORK
        and R * most * math.log2(vocabulary + 1) <= WORK
    )


def count_tables(S: int, R: int, D: int, vocabulary: int) -> int:
    """Exact number of fact tables.

    Parameters
    ----------
    S, R, D : subjects, relations, and answers that a relation may have.
    vocabulary : V, at least R D.

    Raises
    ------
    InputError
        If a size is out of range, or the count would take too long.

    Examples
    --------
    >>> count_tables(1, 1, 1, 5), count_tables(2, 1, 1, 5), count_tables(2, 1, 2, 5)
    (5, 5, 25)
    >>> count_tables(1, 2, 1, 5)
    20
    """
    S, R, D, vocabulary = check_table(S, R, D, vocabulary)
    if not countable(S, R, D, vocabulary):
        raise InputError(f"S = {S}, R = {R}, D = {D}: too many tables to count; bound their bits")
    return _counted([(S, D)] * R, vocabulary)


def check_relations(relations: Sequence[tuple[int, int]], vocabulary: int) -> None:
    """Refuse relations that have no facts or answers, or more answers than there are.

    Parameters
    ----------
    relations, vocabulary : as for :func:`uneven_bits`.

    Raises
    ------
    InputError
        If a number is not positive, or the vocabulary is too small.
    """
    for facts, D in relations:
        positive(facts, "facts of a relation")
        positive(D, "answers of a relation")
    answers = sum(D for _, D in relations)
    if vocabulary < answers:
        raise InputError(
            f"vocabulary = {vocabulary} is less than {answers}, the answers of a table"
        )


def uneven_bits(relations: Sequence[tuple[int, int]], vocabulary: int) -> float:
    """Bits of tables whose relations have numbers of facts and of answers of their own, counted.

    Parameters
    ----------
    relations : for each, its number of facts and the answers D_r that it may have.
    vocabulary : V, at least the sum of the D_r.

    Raises
    ------
    InputError
        If the vocabulary is too small.

    Examples
    --------
    >>> uneven_bits([(2, 2), (1, 1)], 3) == math.log2(12)
    True
    """
    check_relations(relations, vocabulary)
    return math.log2(_counted(relations, vocabulary))


def _counted(relations: Sequence[tuple[int, int]], vocabulary: int) -> int:
    """Count the tables whose relation r has so many facts, and at most so many answers."""
    kinds = Counter((facts, min(facts, D)) for facts, D in relations)
    rows = {kind: _stirling(*kind) for kind in kinds}
    # Polynomials are multiplied as integers with room for every coefficient of the product.
    room = 1 + sum(sum(row).bit_length() * kinds[kind] for kind, row in rows.items())
    packed = 1
    for kind, row in rows.items():
        packed *= sum(value << (room * k) for k, value in enumerate(row)) ** kinds[kind]
    mask, degree = (1 << room) - 1, sum(most * times for (_, most), times in kinds.items())
    total, falling = 0, 1
    for K in range(degree + 1):
        total += falling * ((packed >> (room * K)) & mask)
        falling *= vocabulary - K
    return total


def _stirling(S: int, most: int) -> list[int]:
    """Stirling numbers S2(S, k) of the second kind, k = 0, ..., most."""
    row = [1] + [0] * most
    for _ in range(S):
        # S2(n + 1, k) = k S2(n, k) + S2(n, k - 1)
        row = [0, *(k * row[k] + row[k - 1] for k in range(1, most + 1))]
    return row
