r"""The law of dual values: where attention alone recalls half of the random tables.

The probability that a competitor reaches the right answer is known exactly
(:mod:`theory.transformers.dual_guarantee`). Taken as independent, pairs all go well in half of the
tables where log 2 of them are expected to fail. What a relation's head says are its answers that
occur, of which a random table has

.. math:: D' = 1 + (D - 1)\bigl(1 - (1 - 1/D)^{S-1}\bigr)

on average for the relation of a fact; the guarantee counts as many as there can be. Failures come
in clumps, which makes the law a little too large. Nothing is fitted.
"""

import math
from functools import cache

from assoc.errors import InputError
from theory.transformers.counts import full_table
from theory.transformers.dual_guarantee import dual_pair
from theory.transformers.least import least_dimension

__all__ = ["dual_law_dimension", "expected_pairs"]


def expected_pairs(subjects: int, relations: int, answers: int, d: int, *, noise: int) -> float:
    """Expected number of pairs of a fact and a token that reaches its answer.

    Parameters
    ----------
    subjects, relations, answers, noise : S, R, D and K; every fact is a uniform draw of D answers.
    d : dimension of the Gaussian embeddings, at least 2.

    Returns
    -------
    The number, 0 from d = n on, by the upper ends of the laws of pairs and the mean number of
    other answers, rounded.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> 0.5 < expected_pairs(16, 16, 8, 173, noise=64) < 1
    True
    """
    n = full_table(subjects, relations, answers, noise=noise).vocabulary
    if d >= n:
        return 0.0
    occurring = 1 + (answers - 1) * (1 - (1 - 1 / answers) ** (subjects - 1))
    others = round(relations + occurring - 2)
    said = others * _pair(max(others - 1, 0), n, d, 1)
    return subjects * relations * (said + (n - 1 - others) * _pair(others, n, d, 0))


def dual_law_dimension(subjects: int, relations: int, answers: int, *, noise: int) -> int:
    """Predict the least d at which dual values recall every fact of half of the random tables.

    Heads are taken to look where they should.

    Parameters
    ----------
    subjects, relations, answers, noise : as for :func:`expected_pairs`.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> dual_law_dimension(32, 32, 8, noise=64)
    310
    """
    counts = full_table(subjects, relations, answers, noise=noise)
    if counts.facts < 2:
        raise InputError("a single fact: at least two are needed for something to go wrong")
    n = counts.vocabulary
    return least_dimension(
        lambda d: expected_pairs(subjects, relations, answers, d, noise=noise),
        math.log(2), low=1, guess=max(2, n // 2), limit=n,
    )  # fmt: skip


@cache
def _pair(terms: int, n: int, d: int, c: int) -> float:
    return dual_pair(terms, n, d, c=c)[1]
