r"""The squared length of noise: its moments, and means of functions of it between two bounds.

The noise that n facts make is a sum :math:`\sum_z c_z u_z` of independent vectors that are uniform
on the sphere, times independent coordinates. Its squared length is known by its moments. The mean
of an increasing function of it is bounded by quadratics in the relative excess

.. math:: \theta = \frac{w}{E w} - 1, \qquad w = \bigl\lvert \textstyle\sum_z c_z u_z \bigr\rvert^2,

that lie above or below the function, which is checked cell by cell. Which quadratics are tried is
a matter of how good the bound is, not of whether it is one.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Growing", "length_cut", "length_moments", "majorants", "mean_at_least"]

Floats = NDArray[np.float64]

SLOPES = np.linspace(0.8, 1.3, 11)
"""Slopes of the quadratics that are tried, over the function's own."""

BENDS = np.concatenate([[0.0], np.geomspace(0.3, 8.0, 24)])
"""Their bends, over that of the exponential function with the same slope."""


@dataclass(frozen=True)
class Growing:
    """A function of the squared length that does not decrease and is not negative, enclosed.

    Parameters
    ----------
    ends : (n + 1,) increasing ends of cells, the first one 0, the last one infinite.
    low, high : (n,) bounds on each cell.
    """

    ends: Floats
    low: Floats
    high: Floats

    def moved(self, by: float) -> "Growing":
        """The same function of 1 + by times the squared length."""
        return Growing(self.ends / (1 + by), self.low, self.high)

    def excess(self, mean: float, cut: float) -> tuple[Floats, Floats]:
        """Lower and upper ends of the cells up to a relative excess over a mean, and this."""
        theta = self.ends / mean - 1
        used = theta[:-1] < cut
        return theta[:-1][used], np.minimum(theta[1:][used], cut)


@lru_cache(maxsize=256)
def length_moments(n: int, d: int) -> tuple[float, float]:
    r"""Second and fourth moment of theta for the noise of n facts, exactly.

    As S = R tau for the length R and one more coordinate tau, E R^{2k} = E S^{2k} / E tau^{2k}, and
    S is a sum of n independent products of two coordinates.

    Parameters
    ----------
    n : number of facts, at least 1.
    d : dimension, at least 2.

    Examples
    --------
    >>> length_moments(1, 2)  # of 2 c^2 - 1, c the cosine of a uniform angle
    (0.5, 0.375)
    """
    tau = [Fraction(1)]
    for k in range(4):
        tau.append(tau[-1] * Fraction(2 * k + 1, d + 2 * k))
    m2, m4, m6, m8 = (value**2 for value in tau[1:])
    pairs = n * (n - 1)
    triples, fours = pairs * (n - 2), pairs * (n - 2) * (n - 3)
    sums = (
        n * m2,
        n * m4 + 3 * pairs * m2**2,
        n * m6 + 15 * pairs * m4 * m2 + 15 * triples * m2**3,
        n * m8 + pairs * (28 * m6 * m2 + 35 * m4**2) + 210 * triples * m4 * m2**2
        + 105 * fours * m2**4,
    )  # fmt: skip
    raw = [total / tau[k] * Fraction(d, n) ** k for k, total in enumerate(sums, start=1)]
    return float(raw[1] - 1), float(raw[3] - 4 * raw[2] + 6 * raw[1] - 3)


def length_cut(n: int, d: int, chance: float) -> float:
    """Relative excess that the squared length of n facts' noise passes with at most this chance.

    By Markov's inequality for the k-th power, whose mean is at most exp(k (k - 1) (1/n + 1/d)).

    Examples
    --------
    >>> 0.3 < length_cut(2000, 256, 1e-3) < 0.8
    True
    """
    rate = 1 / n + 1 / d
    k = max(2, round(np.sqrt(-np.log(chance) / rate)))
    return float(np.expm1((k - 1) * rate - np.log(chance) / k))


def majorants(
    function: Growing, moves: Floats, mean: float, cut: float, spread: float
) -> tuple[Floats, Floats, Floats]:
    """Quadratics level + slope theta + bend theta^2 above a function of moved squared lengths.

    Up to an excess of ``cut``, and nowhere negative; slope and bend are not negative. Of some the
    one whose mean is least where E theta^2 = ``spread``.

    Parameters
    ----------
    function : enclosed.
    moves : (k,) numbers; the function is of 1 + move times the squared length.
    mean, cut, spread : of the squared length, and of its relative excess.

    Returns
    -------
    level, slope, bend : (k,) coefficients.
    """
    from theory.memories.majorant_kernel import least_majorants

    slope, bend = _tangents(function, mean, spread, moves)
    found = np.empty((3, len(moves)))
    least_majorants(
        function.ends, function.high, moves, slope, bend, SLOPES, BENDS, mean, cut, spread, *found
    )
    level, slope, bend = found
    return level, slope, bend


def mean_at_least(
    function: Growing, mean: float, *, cut: float, moments: tuple[float, float], chance: float
) -> float:
    """Lower bound on the mean of a function of the squared length.

    By quadratics below it, whose mean beyond the cut is taken off by Schwarz's inequality, and that
    far below the mean, where the function may be 0, by the fourth moment.

    Parameters
    ----------
    function : enclosed.
    mean : of the squared length.
    cut : excess up to which the quadratics are below the function.
    moments : E theta^2 and E theta^4.
    chance : bound on the chance to pass the cut.
    """
    left, right = function.excess(mean, cut)
    slope, bend = _candidates(function, mean, moments[0])
    above = slope[:, None] * right + bend[:, None] * np.maximum(left**2, right**2)
    room = function.low[: len(left)] - above
    start = int(np.argmax(function.low > 0))
    best = 0.0
    for first in {0, start if start < len(left) and left[start] < 0 else 0}:
        level = room[:, first:].min(axis=1)
        lost = np.abs(level) + slope * np.sqrt(moments[0]) + bend * np.sqrt(moments[1])
        lost = np.sqrt(chance) * lost
        if first:
            over = np.maximum(level, 0.0) / left[first] ** 4 + bend / left[first] ** 2
            lost = lost + moments[1] * over
        best = max(best, float((level + bend * moments[0] - lost).max()))
    return best


def _candidates(function: Growing, mean: float, spread: float) -> tuple[Floats, Floats]:
    """Slopes and bends of quadratics like a function about the mean."""
    slope, bend = _tangents(function, mean, spread, np.zeros(1))
    slopes, bends = np.meshgrid(slope * SLOPES, bend * BENDS)
    return slopes.ravel(), bends.ravel()


def _tangents(
    function: Growing, mean: float, spread: float, moves: Floats
) -> tuple[Floats, Floats]:
    """Slope of a function of moved squared lengths about the mean, and its bend if exponential."""
    # Less than two thousandths are lost in the enclosures of the function.
    deviation = max(np.sqrt(spread), 2e-3)
    ends = mean * (1 + deviation * np.array([[-1.0], [0.0], [1.0]])) * (1 + moves)
    places = np.clip(np.searchsorted(function.ends, ends) - 1, 0, len(function.high) - 1)
    low, middle, high = function.high[places]
    # Bounds of a function that does not decrease may do so, by rounding.
    slope = np.maximum(high - low, 0.0) / (2 * deviation)
    return slope, slope**2 / (2 * np.maximum(middle, 1e-300))
