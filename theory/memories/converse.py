r"""The converse: from how many facts on the Hebbian memory certainly forgets something.

For independent embeddings uniform on the sphere, the identity map and W = sum_x u_x e_x^T,
:func:`failure_floor` is a proved lower bound on the probability that some input fails. It splits
the N facts into b, n_x inputs after these that may be weak, and n_y outputs that may be strong:

1. the n_x inputs are looked at one after the other, x with the memory W of all before it: the
   first one with h = -<u_x, W e_x> >= a is weak;
2. given all this, the n_y outputs are independent; the strongest has the largest
   <u_y, W e_x + u_x>;
3. what the facts after x and the n_y facts do to the difference of the two scores is symmetric
   given all this, and small.

The input fails if the strongest score exceeds 1 - h by more than that noise. Tails of a sphere
coordinate are enclosed by balls; the length of W e_x, whose mean and variance are known exactly,
enters through tangents and quadratic majorants. ``docs/derivations.md``, D.1, has the proof. The
bound is for the N that is given; that all larger N fail too is proved in the limit only (D.2).
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from theory.memories.balls import above, coordinate_tail
from theory.memories.pair_tails import Tails, product_tail, tails_of
from theory.memories.sizes import LARGEST_N, check_delta, check_sizes

__all__ = ["Split", "failing_from", "failure_floor", "floor_of", "noise_bounds"]

Floats = NDArray[np.float64]

SMALLEST_D = 8
"""Below, no number of facts is found for which the bound says anything."""

OVERSHOOTS = np.concatenate([np.linspace(0.0, 1.9, 20), np.linspace(2.0, 4.0, 6)])
"""By how much the weak input is weaker than a, in units of the mean."""

NOISES = np.concatenate([np.linspace(0.0, 2.0, 41), np.linspace(2.1, 3.5, 8)])
"""Margins over the noise, in its standard deviations."""

LENGTHS = np.linspace(-4.5, 4.5, 91)
"""Ends of cells of |W_B e_x|^2, in its standard deviations from the mean."""

OVERLAPS = np.linspace(0.0, 4.5, 13)
"""Ends of cells of the overlap of two outputs, in units of 1/sqrt(d)."""

STEP = 1.25
"""Ratio of the numbers of facts that are tried one after the other."""

SLACK = 1e-6


@dataclass(frozen=True)
class Split:
    """How the facts are split, and what counts as weak.

    Parameters
    ----------
    weak, strong : n_x and n_y as shares of N.
    expected : number of weak inputs to expect.
    """

    weak: float
    strong: float
    expected: float


def failure_floor(N: int, d: int) -> float:
    """Bound the probability that the Hebbian memory of N facts fails on some input from below.

    Parameters
    ----------
    N : number of facts, at least 1; the map is the identity.
    d : dimension, at least 2; below 8 the bound is 0.

    Returns
    -------
    A number in [0, 1) that the failure probability is not below.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> failure_floor(1000, 256), failure_floor(4000, 256) > 0.6
    (0.0, True)
    """
    check_sizes(d=d, N=N)
    N, d = int(N), int(d)
    return floor_of(N, d, best_split(N, d)) if d >= SMALLEST_D else 0.0


def failing_from(d: int, *, delta: float = 0.5) -> int | None:
    """Least N found at which some input fails with probability at least ``delta``, proved.

    The proof is for this N. That more facts fail too is proved only as d grows.

    Parameters
    ----------
    d : dimension, at least 2.
    delta : probability, in (0, 1).

    Returns
    -------
    N, to one part in five hundred; None where the bound is never as large (small d).

    Raises
    ------
    InputError
        If delta or d is out of range.

    Examples
    --------
    >>> failing_from(10**6) / 1e9 < 8.3
    True
    """
    check_sizes(d=d)
    check_delta(delta)
    if d < SMALLEST_D:
        return None
    low = max(2, int(d**2 / (16 * np.log(d))))
    high = low + 1
    # Far beyond, where weak inputs are no exception any more, the bound says less again.
    while failure_floor(high, d) < delta:
        if high > d**2 or high > LARGEST_N / STEP:
            return None
        low, high = high, max(high + 1, int(STEP * high))
    while high - low > max(1, high // 500):
        middle = (low + high) // 2
        if failure_floor(middle, d) >= delta:
            high = middle
        else:
            low = middle
    return high


def best_split(N: int, d: int) -> Split:
    """Split of N facts that is good by normal tails; any split gives a valid bound."""
    from scipy import optimize, special

    tails = tails_of(d, 2 * float(np.log(float(N))))
    nodes, weights = special.roots_hermitenorm(9)
    weights = weights / weights.sum()

    def chance(logs: Floats) -> float:
        weak, strong, expected = np.exp(logs)
        if weak + strong > 0.8 or expected > 0.2 * weak * N or expected > 20:
            return 9.0 + float(np.abs(logs).sum())
        mean = (1 - weak - strong) * N / d
        t = np.interp(-np.log(expected / (weak * N)), -np.log(tails.low), tails.t)
        a = float(t * np.sqrt(mean))
        if a >= 0.95 or mean < 1.2 or t * t * d < 4:
            return 3.0 + a + float(expected)
        w = mean * np.maximum(1 + np.sqrt(2 / d + 2 / (mean * d)) * nodes, 0.1)[:, None, None]
        scale = np.sqrt(2 * (weak + strong) * N / d**2 + 1 / d)
        margins = NOISES[::3] * scale
        noise = np.minimum(special.ndtr(-NOISES[::3]) * (1 + 3 / d), 0.5)
        h = np.minimum(a + OVERSHOOTS[::3] * mean / (a * d), 1.0)
        level = (1 - h[:, None] + margins) / np.sqrt(np.maximum(w + 1 - 2 * h[:, None], 0.1))
        none = np.exp(-strong * N * tails.lower(level))
        lost = none @ (np.concatenate([[1.0], noise[:-1]]) - noise) + noise[-1]
        kept = tails.lower(h / np.sqrt(w[:, :, 0]))
        kept = kept / np.maximum(kept[:, :1], 1e-300)
        rest = weights @ np.sum(np.diff(-kept, axis=1, append=0.0) * lost, axis=1)
        none_weak = np.exp(-expected)
        return float(none_weak + (1 - none_weak) * rest)

    starts = [np.log([share, share, 1.3]) for share in (0.04, 0.15)]
    found = min(
        (
            optimize.minimize(
                chance, start, method="Nelder-Mead", options={"maxiter": 90, "xatol": 0.02}
            )
            for start in starts
        ),
        key=lambda result: float(result.fun),
    )
    return Split(*(float(value) for value in np.exp(found.x)))


def floor_of(N: int, d: int, split: Split) -> float:
    """Bound of :func:`failure_floor` with a given split, of which any gives a valid bound."""
    n_x, n_y = int(split.weak * N), int(split.strong * N)
    b = N - n_x - n_y
    if min(n_x, n_y) < 1 or b < 2:
        return 0.0
    tails = tails_of(d, 2 * float(np.log(float(N))))
    place = int(np.searchsorted(-tails.low, -split.expected / n_x))
    near = range(max(place - 1, 0), min(place + 1, len(tails.t)))
    return max((_floor_at(n_x, n_y, b, tails, each) for each in near), default=0.0)


def _floor_at(n_x: int, n_y: int, b: int, tails: Tails, place: int) -> float:
    """Bound with the level of the table that weak inputs have to reach."""
    d = tails.d
    a = float(tails.t[place] * np.sqrt(b / d))
    if a >= 1:
        return 0.0
    none = _no_weak_input(n_x, b, d, tails, place)
    beyond = n_x * float(product_tail(np.array([1.0]), b + n_x, tails)[0])
    lost = none + _survives(1 - none, n_x, n_y, a, b, tails) + beyond
    return float(max(0.0, 1 - lost * (1 + SLACK)))


def _no_weak_input(n_x: int, b: int, d: int, tails: Tails, place: int) -> float:
    """Bound on the chance that no input is weak.

    With w the squared length, the chance to be weak given it, T(a/sqrt(w)), is above its tangent at
    b/d up to ``far`` times that; the tangent's mean over e_x knows only |W|^2, of which the excess
    over the number of facts is a martingale with variance 2 n (n - 1)/d^2 after n facts.
    """
    t, tail = float(tails.t[place]), float(tails.low[place])
    low, high = float(tails.slope_low[place]), float(tails.slope_high[place])
    if t * t * d < 3 or d < 4:  # the tangent would not be below
        return 1.0
    far = 1.0
    while tails.lower(np.array([t / np.sqrt(2 * far)]))[0] >= tails.high[place] * (
        1 + high * (2 * far - 1)
    ):
        far *= 2
    n = b + n_x
    # Of w times b/d the moment of a power is at most that of a product of two chi-squares.
    k = np.arange(64)
    logs = np.cumsum(np.log((float(n) + 2 * k) / float(b) * (1 + 2 * k / d))) - k * np.log(far)
    cut = n_x * tails.high[place] * (1 + high) * float(np.exp(logs.min()))
    expected = n_x * tail * (1 - (high - low)) - np.sqrt(cut)
    change = n_x * tail * high * np.sqrt(2.0) * n / (d * b)
    if cut >= 1:
        return 1.0
    main, share = float(np.exp(-expected)), change * float(np.exp(expected / 2)) / 2
    # 1 <= (1 + share) exp(x) + (1 + share)^2 x^2 / (4 share), with the x that fluctuates.
    none = (1 + share) * (main + change**2 * (1 + share) / (4 * share)) + np.sqrt(cut)
    return float(min(1.0, none))


def noise_bounds(n: int, d: int, tails: Tails) -> tuple[Floats, Floats]:
    """Margins r >= 0, and bounds on the chance that the noise of the n other facts exceeds them."""
    margins = NOISES * np.sqrt(2 * n / d**2 + 1 / d)
    ends, chances = _overlaps(d)
    chance = np.zeros(len(margins))
    for overlap, mass in zip(ends, chances, strict=True):
        levels = margins / np.sqrt(2 * (1 + overlap))
        bound = product_tail(levels, n, tails, extra=(1 + overlap) / 2, proxy=d - 1.0)
        chance += mass * bound
    chance[0] = 0.5  # by symmetry
    return margins, np.minimum(np.minimum.accumulate(chance), 0.5)


@lru_cache(maxsize=64)
def _overlaps(d: int) -> tuple[Floats, Floats]:
    """Upper ends of cells of max(-omega, 0), omega a coordinate in d - 1 dimensions; chances."""
    ends = np.minimum(OVERLAPS / np.sqrt(d), 1.0)
    ends = np.concatenate([np.unique(ends), [1.0]])
    tails = [coordinate_tail(float(end), d - 1) for end in ends]
    inner = [above(p - q) for p, q in itertools.pairwise(tails)]
    return ends, np.array([0.5, *inner])


def _survives(some: float, n_x: int, n_y: int, a: float, b: int, tails: Tails) -> float:
    """Bound on the chance that the first weak input is recalled; ``some`` that there is one."""
    d = tails.d
    margins, noise = noise_bounds(n_x + n_y - 2, d, tails)
    n, mean = b + n_x, b / d
    deviation = n / d * np.sqrt(2 * (d - 1) / ((d + 2) * n) + 2 * (n - 1) / (n * d))
    w = mean + deviation * LENGTHS
    w = w[w > 1 + margins[-1]]
    if len(w) < 2:
        return 1.0
    h = np.minimum(a + OVERSHOOTS * mean / (a * d), 1.0)
    level = (1 - h[:, None] + margins) / np.sqrt(w[:, None, None] + 1 - 2 * h[:, None])
    none = np.exp(n_y * np.log1p(-tails.lower(level)))
    lost = none @ (np.concatenate([[1.0], noise[:-1]]) - noise) + noise[-1]
    weak = h / np.sqrt(w[:, None])
    kept = np.minimum(tails.lower(weak[:, 1:]) / tails.upper(weak[:, :1]), 1.0)
    values = lost[:, 0] + np.sum(kept * np.diff(lost, axis=1), axis=1)
    ends, zero = (w - mean) / deviation, n / d / deviation
    fluctuation = n / (d * d * deviation) / np.sqrt(2)
    return _mean_of_decreasing(values, ends, zero, some=some, fluctuation=fluctuation)


def _mean_of_decreasing(
    values: Floats, ends: Floats, zero: float, *, some: float, fluctuation: float
) -> float:
    r"""Bound the mean of a decreasing function g(A) on an event, E A^2 <= 1, A above -zero.

    By the best of some quadratic majorants alpha - beta A + gamma A^2, as

    .. math:: E[g(A); \text{event}] \le \alpha P(\text{event}) + \beta\,\text{fluctuation} + \gamma.

    Parameters
    ----------
    values : (n,) bounds on the function from each end on.
    ends : (n,) increasing; before the first one the function is bounded by 1.
    zero : the variable is at least -zero.
    some : probability of the event.
    fluctuation : bound on -E[A; event].
    """
    left = np.concatenate([[-zero], ends])
    right = np.concatenate([ends, [np.inf]])
    heights = np.concatenate([[1.0], values])
    slope = -np.geomspace(1e-3, 1.0, 40)[:, None, None]
    bend = np.geomspace(1e-4, 1.0, 60)[None, :, None]
    lowest = np.clip(-slope / (2 * bend), left, right)
    alpha = (heights - (slope * lowest + bend * lowest**2)).max(axis=2)
    bounds = np.maximum(alpha, 0.0) * some - slope[:, :, 0] * fluctuation + bend[:, :, 0]
    return float(min(1.0, bounds.min()))
