r"""The capacity of the best linear read-out, predicted without fitted parameters.

A read-out Theta of p features has p d entries. Recalling the fact x means that its output lies in
a cone K_x; a normal vector is in mean square delta(M, d) away from it, and in this sense asking
for K_x amounts to delta equations (:mod:`sims.memories.fact_cost`). Everything can be recalled as
long as

.. math:: N\,\delta(M, d) < p\,d .

Where the cones were turned at random independently of each other, this would be the approximate
kinematic formula of conic geometry, with a transition whose width is of the order of the square
root of either side. Here all outputs depend on the same Theta through features; that this changes
nothing to leading order is a heuristic, which GGM's limit and the measurements support.

With answers so nearly orthogonal that only the right one and those above it move, the distance is
a water-filling problem: raise the right score and lower the competitors that stand above a level
t, at a cost of min_t (t - g_0)_+^2 + sum_y (g_y - t)_+^2. The level is the largest mean of g_0 and
the j highest competitors. It is about sqrt(2 log M), the cost about t^2, and so
N log N / d^2 tends to 1/2.

References
----------
Amelunxen, Lotz, McCoy, Tropp, "Living on the edge: phase transitions in convex programs with
random data" (Information and Inference 3, 2014): the kinematic formula. GGM: the limit 1/2.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import scipy

from assoc.checks import positive
from assoc.errors import InputError
from sims.memories.fact_cost import fact_cost
from theory.memories.sizes import check_sizes

__all__ = [
    "extrapolated",
    "optimal_capacity",
    "optimal_limit",
    "optimal_width",
    "orthogonal_cost",
]


MOST = 1e5
"""Largest log M that the closed form is for."""


def orthogonal_cost(log_M: float) -> float:
    r"""Cost of a fact among M nearly orthogonal answers, for M of any size.

    The level t that is best on average satisfies t = (M - 1) E (g - t)_+. That of a draw differs,
    which saves F^2 / (1 + n) to second order, where F is the slope of half the cost at t, of
    variance 1 + (M - 1) E (g - t)_+^2, and n = (M - 1) P(g > t):

    .. math:: \delta \approx t^2 + (1 + (M - 1) E (g - t)_+^2)
              \Bigl( 1 - \frac{1}{1 + n} \Bigr)

    Parameters
    ----------
    log_M : natural logarithm of the number of answers, at least log 2.

    Raises
    ------
    InputError
        If there are fewer than two answers, or absurdly many.

    Examples
    --------
    >>> round(orthogonal_cost(6.9) / 6.9, 2)
    1.18
    """
    if not np.log(2) * (1 - 1e-12) <= log_M <= MOST:
        raise InputError(f"log M = {log_M} is not between log 2 and {MOST:g}")
    # log(M - 1), for any M.
    rivals = log_M + float(np.log1p(-np.exp(-log_M)))

    def excess(t: float) -> float:
        return float(np.log(t) - rivals - _log_excess(t, 1))

    t = float(scipy.optimize.brentq(excess, 1e-9, np.sqrt(2 * rivals) + 2, xtol=1e-12))
    second = float(np.exp(rivals + _log_excess(t, 2)))
    return float(t**2 + (1 + second) * (1 - 1 / (1 + np.exp(rivals + scipy.special.log_ndtr(-t)))))


def _log_excess(t: float, power: int) -> float:
    """Log E (g - t)_+^k of a normal g, k = 1 or 2, by Mills' ratio; t up to 100."""
    mills = np.sqrt(np.pi / 2) * scipy.special.erfcx(t / np.sqrt(2))
    share = 1 - t * mills if power == 1 else (1 + t**2) * mills - t
    return float(np.log(share) - t**2 / 2 - np.log(np.sqrt(2 * np.pi)))


def optimal_limit(d: float) -> float:
    """Log N of the N with N delta(N) = d^2 for nearly orthogonal answers, at any d.

    Parameters
    ----------
    d : dimension, at least 2 and up to 1e150.

    Examples
    --------
    >>> log_N = optimal_limit(1e100)
    >>> bool(0.5 < np.exp(log_N - 200 * np.log(10)) * log_N < 0.52)
    True
    """
    if not 2 <= d <= 1e150:
        raise InputError(f"d = {d} is not between 2 and 1e150")

    def excess(log_N: float) -> float:
        return float(log_N + np.log(orthogonal_cost(log_N)) - 2 * np.log(d))

    return float(scipy.optimize.brentq(excess, np.log(2), 2 * np.log(d) + 2, xtol=1e-9))


@cache
def optimal_capacity(
    d: int, *, features: int | None = None, trials: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """N at which N delta(N, d) reaches the number of entries, for N answers in R^d.

    Parameters
    ----------
    d : dimension of the answers.
    features : p; None means d, a linear memory.
    trials : projections that delta is measured with.
    seed : of these.

    Returns
    -------
    N, error
        The prediction, and the standard error that delta's gives it.
    """
    check_sizes(d=d)
    entries = d * (d if features is None else positive(features, "features"))
    guess = float(np.exp(optimal_limit(np.sqrt(entries))))
    for _ in range(2):
        sizes = np.unique(np.maximum(2, np.round(guess * np.array([0.8, 1.0, 1.25])))).astype(int)
        costs = fact_cost(sizes.tolist(), d, trials=trials, seed=seed)
        loads = np.log([size * cost.mean for size, cost in zip(sizes, costs, strict=True)])
        slope, level = np.polyfit(np.log(sizes), loads, 1)
        guess = float(np.exp((np.log(entries) - level) / slope))
    middle = costs[len(costs) // 2]
    return guess, guess * middle.standard_error / middle.mean / float(slope)


@cache
def optimal_width(
    N: int, d: int, *, M: int | None = None, trials: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """Number of features whose best read-out recalls N facts: N delta(M, d) / min(d, M - 1).

    Parameters
    ----------
    N : number of facts.
    d : dimension of the answers.
    M : number of answers, at least 2; None means N.
    trials, seed : as for :func:`optimal_capacity`.

    Returns
    -------
    m, error
        The prediction, and the standard error that delta's gives it. It holds up to as many
        features as are independent.
    """
    answers = N if M is None else M
    (cost,) = fact_cost(answers, d, trials=trials, seed=seed)
    each = N / min(d, answers - 1)
    return each * cost.mean, each * cost.standard_error


def extrapolated(
    d: Sequence[float], ratio: Sequence[float], error: Sequence[float]
) -> tuple[float, float]:
    """Value of a ratio as d grows, from a line in 1/d fitted by weighted least squares.

    Parameters
    ----------
    d : (n,) dimensions, at least three.
    ratio, error : (n,) measured over predicted, and its standard errors.

    Returns
    -------
    ratio at 1/d = 0, standard error

    Raises
    ------
    InputError
        If there are fewer than three, or a standard error is not positive.

    Examples
    --------
    >>> value, _ = extrapolated([8, 16, 32], [1.2, 1.1, 1.05], [0.01] * 3)
    >>> round(value, 6)
    1.0
    """
    if len(d) < 3 or not np.all(np.asarray(error) > 0):
        raise InputError("a line needs at least three dimensions, and positive standard errors")
    x, y, w = 1 / np.asarray(d, float), np.asarray(ratio), 1 / np.asarray(error) ** 2
    X = np.column_stack([np.ones_like(x), x])
    covariance = np.linalg.inv(X.T * w @ X)
    value = covariance @ (X.T @ (w * y))
    return float(value[0]), float(np.sqrt(covariance[0, 0]))
