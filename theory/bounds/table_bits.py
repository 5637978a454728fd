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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from theory.bounds.table_counts import check_table, count_tables, countable

__all__ = [
    "LOG2",
    "ROUNDING",
    "TableBits",
    "agreement_size",
    "bounds_by_name",
    "bracket",
    "choices_bits",
    "entropy_bits",
    "log_rising",
    "log_stirling",
    "log_truncated",
    "paper_bits",
    "table_bits",
]

ROUNDING = 1e-13
"""What rounding may do to a bound, as a share of it."""

LOG2 = math.log(2)
"""Nats of a bit."""

DIRECT = 200.0


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


def log_rising(W: float, J: float) -> float:
    """Log of Gamma(W + J + 1) / Gamma(W + 1), without cancellation for W >> J.

    Parameters
    ----------
    W, J : at least 0.

    Examples
    --------
    >>> round(log_rising(3.0, 2.0), 9) == round(math.log(20), 9)
    True
    """
    if W < DIRECT:
        # One factor at a time up to where Stirling's series is good to rounding.
        steps = math.ceil(DIRECT - W)
        if steps >= J:
            return float(scipy.special.gammaln(W + J + 1) - scipy.special.gammaln(W + 1))
        low = W + np.arange(1.0, steps + 1)
        return float(np.log(low).sum()) + log_rising(W + steps, J - steps)
    # Stirling's series; its next term is below W^-5 / 1260.
    top = W + J
    series = (1 / top - 1 / W) / 12 - (top**-3 - W**-3) / 360
    return float(J * math.log(W) + (top + 0.5) * math.log1p(J / W) - J + series)


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
    sets = log_rising(float(vocabulary - R * D), float(R * D)) - R * math.lgamma(D + 1)
    return (sets + S * R * math.log(D)) / LOG2


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
    unused = R * D * math.exp(S * math.log1p(-1 / D)) if D > 1 else 0.0
    left = float(vocabulary - R * D)
    lost = log_rising(left, unused) - math.lgamma(unused + 1) + unused * math.log(R)
    return choices_bits(S, R, D, vocabulary) - lost / LOG2


def log_stirling(S: int, k: int) -> float:
    r"""Lower bound on log S2(S, k), the Stirling number of the second kind.

    Parameters
    ----------
    S, k : 1 <= k <= S.

    S2(S, k) is S! (e^rho - 1)^k / (k! rho^S) times P(X = S), X the sum of k zero-truncated Poisson
    variables with the rho for which E X = S. X is log-concave. With v its variance, mu4 its fourth
    central moment and h = v^(3/2) / (2 sqrt(mu4)), at most E (X - S)^-, some integer within 2 v / h
    below S has probability at least (h^2 / 4 v) / (2 v / h + 1), one at or above S too, and so has
    S between them.
    """
    if k in (1, S):
        return 0.0
    ratio = S / k
    rho = float(
        scipy.optimize.brentq(lambda r: r / -math.expm1(-r) - ratio, 1e-12, ratio, xtol=1e-15)
    )
    if rho < 50:
        z = np.arange(1.0, 240.0)
        pmf = np.exp(z * math.log(rho) - scipy.special.gammaln(z + 1) - math.log(math.expm1(rho)))
        variance = float(pmf @ (z - ratio) ** 2)
        fourth = float(pmf @ (z - ratio) ** 4)
    else:
        # Poisson's, up to exp(-50).
        variance, fourth = rho * (1 - 1e-9), (3 * rho**2 + rho) * (1 + 1e-9)
    v = k * variance
    mu4 = k * fourth + 3 * k * (k - 1) * variance**2
    h = v**1.5 / (2 * math.sqrt(mu4))
    chance = h**2 / (4 * v) / (2 * v / h + 1)
    expm1 = rho + math.log(-math.expm1(-rho))
    return (
        math.lgamma(S + 1) - math.lgamma(k + 1) + k * expm1 - S * math.log(rho) + math.log(chance)
    )


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


def log_truncated(log_t: float, most: int) -> float:
    r"""Upper bound on the log of the truncated exponential series, sum_{k <= most} t^k / k!.

    Parameters
    ----------
    log_t : log t.
    most : largest power, at least 1.

    Examples
    --------
    >>> math.log(1 + 2 + 2) < log_truncated(math.log(2), 2) < math.log(7)
    True
    """
    t = math.exp(min(log_t, 700.0))
    # The largest term t^k / k! is that of k = floor(t).
    top = math.floor(min(float(most), t))
    bounds = [t, math.log(most + 1) + top * log_t - math.lgamma(top + 1)]
    if log_t < 700 and t > most:
        bounds.append(most * log_t - math.lgamma(most + 1) - math.log1p(-most / t))
    return min(bounds)


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
    S, R, D, vocabulary = check_table(S, R, D, vocabulary)
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
