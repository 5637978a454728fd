r"""Bits of tables whose relations have numbers of facts and of answers of their own.

Counted in integers while that is cheap (:func:`theory.bounds.table_counts.uneven_bits`), and
bounded on both sides beyond, as tables of equal relations are (:mod:`theory.bounds.table_bits`):
every bound there is a sum over relations but for the choice of disjoint answer sets, which all
share.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy

from theory.bounds.table_counts import check_relations, uneven_bits
from theory.bounds.table_logs import (
    LOG2,
    ROUNDING,
    Kinds,
    log_choices,
    log_left_open,
    log_rising,
    log_stirling,
    log_truncated,
)

__all__ = ["bracket_uneven", "uneven_range"]

WORK = 5 * 10**7
"""Bits of the largest integer, and steps of the recurrence, that an exact count may take."""


def uneven_range(relations: Sequence[tuple[int, int]], vocabulary: int) -> tuple[float, float]:
    """Bits of tables, counted or between bounds.

    Parameters
    ----------
    relations, vocabulary : as for :func:`theory.bounds.table_counts.uneven_bits`.

    Returns
    -------
    A lower and an upper bound, equal where the tables were counted.

    Raises
    ------
    InputError
        If the vocabulary is too small.

    Examples
    --------
    >>> uneven_range([(2, 2), (1, 1)], 3) == (math.log2(12), math.log2(12))
    True
    >>> low, high = uneven_range([(90_000, 3_000), (10_000, 7)], 5_000)
    >>> 0 < high - low < 0.001 * high
    True
    """
    kinds = _kinds(relations, vocabulary)
    room = sum(n * S * math.log2(most + 1) for (S, most), n in kinds.items())
    steps = sum(S * most for S, most in kinds)
    if room * sum(n * most for (_, most), n in kinds.items()) <= WORK and steps <= WORK / 10:
        bits = uneven_bits(relations, vocabulary)
        return bits, bits
    return _bracket(kinds, vocabulary)


def bracket_uneven(relations: Sequence[tuple[int, int]], vocabulary: int) -> tuple[float, float]:
    """Best lower and upper bound on the bits of tables, widened by what rounding may do.

    Parameters are those of :func:`uneven_range`.

    Examples
    --------
    >>> low, high = bracket_uneven([(20, 4), (9, 3)], 8)
    >>> low < uneven_bits([(20, 4), (9, 3)], 8) < high
    True
    """
    return _bracket(_kinds(relations, vocabulary), vocabulary)


def _kinds(relations: Sequence[tuple[int, int]], vocabulary: int) -> Kinds:
    """Return relations by their numbers of facts, and of answers that they can have."""
    check_relations(relations, vocabulary)
    return Counter((facts, min(facts, D)) for facts, D in relations)


def _bracket(kinds: Kinds, vocabulary: int) -> tuple[float, float]:
    answers = sum(n * most for (_, most), n in kinds.items())
    choices = log_choices(kinds, vocabulary)
    saddle, share = _saddle(kinds, vocabulary, answers)
    used = {kind: _used(kind, vocabulary - share * answers) for kind in kinds}
    low = max(
        choices - log_left_open(kinds, vocabulary),
        _with_numbers(kinds, vocabulary, used),
        _with_numbers(kinds, vocabulary, {kind: kind[1] for kind in kinds}),
        0.0,
    )
    high = min(choices, saddle)
    slack = ROUNDING * high
    return max(0.0, low - slack) / LOG2, (high + slack) / LOG2


def _saddle(kinds: Kinds, vocabulary: int, answers: int) -> tuple[float, float]:
    """Cauchy's bound on the generating functions, and the share of the answers that is used."""

    def value(share: float) -> float:
        K = share * answers
        slope = float(scipy.special.digamma(vocabulary - K + 1))
        inner = sum(n * _least(kind, slope)[0] for kind, n in kinds.items())
        return log_rising(vocabulary - K, K) - K * slope + inner

    found = scipy.optimize.minimize_scalar(value, bounds=(1e-6, 1 - 1e-9), method="bounded")
    return float(found.fun), float(found.x)


def _least(kind: tuple[int, int], slope: float) -> tuple[float, float]:
    """Least bound on the log of one relation's generating function, and the rho that gives it."""
    S, most = kind

    def inner(log_rho: float) -> float:
        rho = math.exp(log_rho)
        expm1 = math.log(math.expm1(rho)) if rho < 700 else rho
        return math.lgamma(S + 1) - S * log_rho + log_truncated(slope + expm1, most)

    top = math.log(S + 1.0)
    found = scipy.optimize.minimize_scalar(
        inner, bounds=(-20.0, top), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.fun), math.exp(float(found.x))


def _used(kind: tuple[int, int], free: float) -> int:
    """Number of answers that a relation uses where the bound of :func:`_saddle` is least."""
    _, most = kind
    slope = float(scipy.special.digamma(free + 1))
    _, rho = _least(kind, slope)
    log_t = slope + (math.log(math.expm1(rho)) if rho < 700 else rho)
    k = np.arange(1.0, most + 1)
    weight = k * log_t - scipy.special.gammaln(k + 1)
    weight = np.exp(weight - weight.max())
    return max(1, min(most, round(float(k @ weight / weight.sum()))))


def _with_numbers(kinds: Kinds, vocabulary: int, used: dict[tuple[int, int], int]) -> float:
    """Lower bound on the log of the tables in which each relation uses so many answers."""
    K = sum(n * used[kind] for kind, n in kinds.items())
    told = sum(n * log_stirling(kind[0], used[kind]) for kind, n in kinds.items())
    return log_rising(float(vocabulary - K), float(K)) + told
