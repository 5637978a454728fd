r"""Bits of fact tables of any size: bounds on both sides, in log-gamma form.

=========================  ===============================================================
:func:`choices_bits`       from above: answer sets and facts in them
:func:`entropy_bits`       from below: the entropy of NLB's random table
``_saddle_bits``           from above: Cauchy's bound on the generating functions
``_single_bits``           from below: tables whose relations use equally many answers
=========================  ===============================================================

The first two meet where S is large against D log D; the others are close everywhere.

References
----------
NLB, Theorem 8 (restated; all bounds are derived in docs/lower-bounds.md).
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from theory.bounds.table_counts import check_table, count_tables, countable
from theory.bounds.table_logs import (
    LOG2,
    ROUNDING,
    log_choices,
    log_left_open,
    log_rising,
    log_stirling,
    log_truncated,
)

__all__ = [
    "TableBits",
    "agreement_size",
    "bounds_by_name",
    "bracket",
    "choices_bits",
    "entropy_bits",
    "paper_bits",
    "table_bits",
]


@dataclass(frozen=True)
class TableBits:
    """Bits of a table: log2 of the number of tables, or bounds on it.

    Parameters
    ----------
    low, high : bounds; equal to rounding where the number was counted.
    exact : whether it was.
    paper : S R log2 D + R D log2(V / D), the leading terms of NLB's bound.
    """

    low: float
    high: float
    exact: bool
    paper: float

    @property
    def bits(self) -> float:
        """Middle of the bounds."""
        return (self.low + self.high) / 2

    @property
    def error(self) -> float:
        """Half the distance of the bounds."""
        return (self.high - self.low) / 2


def choices_bits(S: int, R: int, D: int, vocabulary: int) -> float:
    r"""Bits of the answer sets and of the facts in them, an upper bound on the bits of tables.

    .. math:: \log_2 \frac{V!}{D!^R\,(V - R D)!} + S R \log_2 D

    Every table extends to R disjoint sets of D answers and the facts among them.

    Parameters
    ----------
    S, R, D, vocabulary : as for :func:`count_tables`.

    Examples
    --------
    >>> round(2 ** choices_bits(2, 1, 2, 4), 9)
    24.0
    """
    return log_choices(Counter({(S, D): R}), vocabulary) / LOG2


def entropy_bits(S: int, R: int, D: int, vocabulary: int) -> float:
    r"""Lower bound on the entropy of NLB's random table, and so on the bits of tables.

    Sets are drawn, then facts in them. Given the table, the sets are told by the answers that no
    subject uses, J = R D (1 - 1/D)^S of them on average, so that at most

    .. math:: \log_2 \binom{V - R D + J}{J} + J \log_2 R

    of :func:`choices_bits` is lost (the expression is concave in the number of unused answers).

    Parameters
    ----------
    S, R, D, vocabulary : as for :func:`count_tables`.

    Examples
    --------
    >>> entropy_bits(1000, 4, 8, 64) - choices_bits(1000, 4, 8, 64)
    0.0
    """
    kinds = Counter({(S, D): R})
    return (log_choices(kinds, vocabulary) - log_left_open(kinds, vocabulary)) / LOG2


def _single_bits(S: int, R: int, D: int, vocabulary: int) -> float:
    """Lower bound on the bits of tables: those whose relations all use the same number of answers.

    The best number is sought on a grid that is refined twice.
    """
    most = min(S, D)

    def bits(k: int) -> float:
        sets = log_rising(float(vocabulary - R * k), float(R * k))
        return (sets + R * log_stirling(S, k)) / LOG2

    low, high = 1.0, float(most)
    best = -math.inf
    for _ in range(3):
        grid = np.unique(np.geomspace(low, high, 100).round().astype(int))
        values = [bits(int(k)) for k in grid]
        place = int(np.argmax(values))
        best = max(best, values[place])
        low, high = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, len(grid) - 1)])
    return best


def _saddle_bits(S: int, R: int, D: int, vocabulary: int) -> float:
    r"""Upper bound on the bits of tables, by Cauchy's bound on the generating functions.

    With S2(S, k) <= S! (e^rho - 1)^k / (k! rho^S) and the tangent of K -> log V^(K) at K0,

    .. math:: \# \le V^{(K_0)} y^{-K_0} \Bigl(\frac{S!}{\rho^S} \sum_{k \le D} \frac{t^k}{k!}
              \Bigr)^R, \qquad y = e^{\psi(V - K_0 + 1)},\ t = y (e^\rho - 1),

    for every rho and K0, of which the best are sought.
    """
    most = min(S, D)

    def value(place: NDArray[np.float64]) -> float:
        rho = math.exp(min(max(place[0], -60.0), 60.0))
        share = scipy.special.expit(place[1])
        K = share * R * most
        slope = float(scipy.special.digamma(vocabulary - K + 1))
        expm1 = math.log(math.expm1(rho)) if rho < 700 else rho
        inner = math.lgamma(S + 1) - S * math.log(rho) + log_truncated(slope + expm1, most)
        return float((log_rising(vocabulary - K, K) - K * slope + R * inner) / LOG2)

    found = []
    for guess in (-1.0, 1.0, 4.0):
        start = np.array([math.log(S / most + 0.5), guess])
        options = {"xatol": 1e-9, "fatol": 0.0}
        best: Any = scipy.optimize.minimize(  # type: ignore[call-overload]  # options: a dict of any kind
            value, start, method="Nelder-Mead", options=options
        )
        found.append(float(best.fun))
    return min(found)


def bounds_by_name(S: int, R: int, D: int, vocabulary: int) -> dict[str, float]:
    """Return each bound on the bits of tables: choices and saddle from above, others from below.

    Parameters
    ----------
    S, R, D, vocabulary : as for :func:`table_bits`.

    Examples
    --------
    >>> bounds = bounds_by_name(16, 4, 8, 64)
    >>> low, high = bracket(16, 4, 8, 64)
    >>> low <= max(bounds["entropy"], bounds["single"]) < min(bounds["choices"], bounds["saddle"])
    True
    """
    S, R, D, vocabulary = check_table(S, R, D, vocabulary)
    most = min(S, D)
    return {
        "choices": choices_bits(S, R, most, vocabulary),
        "saddle": _saddle_bits(S, R, most, vocabulary),
        "entropy": entropy_bits(S, R, most, vocabulary),
        "single": _single_bits(S, R, most, vocabulary),
    }


def bracket(S: int, R: int, D: int, vocabulary: int) -> tuple[float, float]:
    """Return the best lower and upper bound on the bits of tables, widened by what rounding may do.

    Parameters
    ----------
    S, R, D, vocabulary : as for :func:`table_bits`.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> low, high = bracket(16, 4, 8, 64)
    >>> low < math.log2(count_tables(16, 4, 8, 64)) < high
    True
    """
    S, R, D, vocabulary = check_table(S, R, D, vocabulary)
    most = min(S, D)
    pools = np.unique(np.geomspace(1, most, 200).astype(int))
    low = max(entropy_bits(S, R, int(pool), vocabulary) for pool in pools)
    low = max(low, _single_bits(S, R, most, vocabulary))
    high = min(choices_bits(S, R, most, vocabulary), _saddle_bits(S, R, most, vocabulary))
    slack = ROUNDING * high
    return max(0.0, low - slack), high + slack


def paper_bits(S: int, R: int, D: int, vocabulary: int) -> float:
    """Leading terms of NLB's bound, S R log2 D + R D log2(V / D).

    Examples
    --------
    >>> paper_bits(2, 3, 4, 64)
    60.0
    """
    return S * R * math.log2(D) + R * D * math.log2(vocabulary / D)


def table_bits(S: int, R: int, D: int, vocabulary: int) -> TableBits:
    """Bits that any model needs to hold every table.

    Parameters
    ----------
    S, R, D : subjects, relations, and answers that a relation may have; each at most 10^9.
    vocabulary : V, at least R D.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> table_bits(16, 4, 8, 64)
    TableBits(low=302.58..., high=302.58..., exact=True, paper=288.0)
    >>> large = table_bits(10**9, 10**9, 10**7, 2 * 10**16)
    >>> large.exact, round(large.error / large.bits, 12)
    (False, 0.0)
    """
    return _table_bits(*check_table(S, R, D, vocabulary))


@lru_cache(maxsize=1024)
def _table_bits(S: int, R: int, D: int, vocabulary: int) -> TableBits:
    paper = paper_bits(S, R, D, vocabulary)
    if countable(S, R, D, vocabulary):
        bits = math.log2(count_tables(S, R, D, vocabulary))
        return TableBits(bits, bits, True, paper)
    return TableBits(*bracket(S, R, D, vocabulary), False, paper)


def agreement_size(
    family: Callable[[int], tuple[int, int, int, int]],
    sizes: Sequence[int],
    *,
    within: float = 0.01,
    form: Callable[[int, int, int, int], float] = paper_bits,
) -> int | None:
    """Smallest of increasing sizes from which on a form is within a share of the bits.

    Parameters
    ----------
    family : takes n, returns (S, R, D, vocabulary).
    sizes : n, increasing.
    within : relative difference that is allowed, from either bound.
    form : bits by (S, R, D, vocabulary).

    Returns
    -------
    n, or None if the last size is off still.

    Examples
    --------
    >>> agreement_size(lambda n: (n * n, n, 2, 4 * n), [2, 8, 32, 128, 512])
    8
    """
    found = None
    for n in sizes:
        bits, claimed = table_bits(*family(n)), form(*family(n))
        off = max(abs(claimed / end - 1) if end else math.inf for end in (bits.low, bits.high))
        if off > within:
            found = None
        elif found is None:
            found = n
    return found
