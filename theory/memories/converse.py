r"""The converse: from how many facts on the Hebbian memory certainly forgets something.

For independent embeddings uniform on the sphere, the identity map and W = sum_x u_x e_x^T,
:func:`failure_floor` is a proved lower bound on the probability that some input fails. It sets n_y
facts apart, whose outputs may be strong, and looks at the n others:

1. an input x of these is weak if h = -<u_x, W e_x> >= a, with W the sum over the n facts but x;
2. given the n facts, the n_y outputs are independent; the strongest has the largest
   <u_y, W e_x + u_x>;
3. what the n_y facts do to the difference of the two scores is symmetric given all this, and small.

The input fails if the strongest score exceeds 1 - h by more than that noise: given the n facts,
with at least a probability that grows with h and with the length of W e_x. With X the number of
inputs that are weak and beaten and K that of weak ones, the probability of a failure is at least
(E X)^2 / E X^2, and E X^2 <= E X K, for which :mod:`theory.memories.weak_pairs` has the joint law
of two weak inputs. ``docs/derivations.md``, D.1, has the proof. The bound is for the N that is
given; that all larger N fail too is proved in the limit only (D.2).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from theory.memories.balls import above, below, coordinate_tail
from theory.memories.cells import beta_masses
from theory.memories.pair_tails import Tails, product_tail, tails_of
from theory.memories.sizes import LARGEST_N, check_delta, check_rank, check_sizes
from theory.memories.squared_lengths import length_cut, length_moments, mean_at_least
from theory.memories.weak_pairs import Counted, Signal, joint_chance, reach_of

__all__ = ["Split", "failing_from", "failure_floor", "floor_of", "noise_bounds"]

Floats = NDArray[np.float64]

SMALLEST_D = 8
"""Below, no number of facts is found for which the bound says anything."""

OVERSHOOTS = np.concatenate([np.linspace(0.0, 1.9, 20), np.linspace(2.0, 4.0, 6)])
"""By how much the weak input is weaker than a, in units of the mean."""

NOISES = np.concatenate([np.linspace(0.0, 2.0, 41), np.linspace(2.1, 3.5, 8)])
"""Margins over the noise, in its standard deviations."""

LENGTHS = np.concatenate(
    [np.linspace(-8.0, -3.55, 60), np.linspace(-3.5, 4.0, 226), np.linspace(4.1, 14.0, 100)]
)
"""Ends of cells of |W e_x|^2, in its standard deviations from the mean."""

SHORTEST = 0.67
"""Of the mean of |W e_x|^2: inputs with shorter noise do not count as weak."""

FURTHER = np.geomspace(1.0, 1e-6, 80)
"""Relative distances of further ends, in units of those of the shortest and the longest one."""

LONGEST = 50.0
"""Last end of a cell, over the mean."""

OVERLAPS = np.linspace(0.0, 4.5, 13)
"""Ends of cells of the overlap of two outputs, in units of 1/sqrt(d)."""

STEP = 1.25
"""Ratio of the numbers of facts that are tried one after the other."""

SLACK = 1e-6

NEGLIGIBLE = 2e-3
"""Each of twelve events that are cut off has this share of the chance that two inputs are weak."""

COUNTED = 0.7
"""Share of the inputs that count behind a projector: those with the smaller signals."""

BEYOND = 0.4
"""N log N / d^2 from which on more than one split is tried."""

RARE = 1e-6
"""Chance that |W e_x|^2 is so large that it is left out of the number of beaten inputs."""


@dataclass(frozen=True)
class Split:
    """How the facts are split, and what counts as weak.

    Parameters
    ----------
    strong : n_y as a share of N.
    expected : number of weak inputs to expect.
    """

    strong: float
    expected: float


def failure_floor(N: int, d: int, *, rank: int | None = None) -> float:
    """Bound the probability that the Hebbian memory of N facts fails on some input from below.

    Parameters
    ----------
    N : number of facts, at least 1; the map is the identity.
    d : dimension, at least 2; below 8 the bound is 0.
    rank : of the random projector behind which the memory is, from 1 to d; None: no projector.

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
    >>> failure_floor(2000, 256, rank=128) > 0.6
    True
    """
    check_sizes(d=d, N=N)
    N, d = int(N), int(d)
    if check_rank(rank, d) < SMALLEST_D:
        return 0.0
    return max(_floors(N, d, rank))


def failing_from(d: int, *, rank: int | None = None, delta: float = 0.5) -> int | None:
    """Least N found at which some input fails with probability at least ``delta``, proved.

    The proof is for this N. That more facts fail too is proved only as d grows. Near the smallest d
    at which there is such an N, the bound hardly changes with N, and the least N even falls with d
    before it grows.

    Parameters
    ----------
    d : dimension, at least 2.
    rank : as for :func:`failure_floor`.
    delta : probability, in (0, 1).

    Returns
    -------
    N, to one part in five hundred; None where the bound is never as large (small d).

    Raises
    ------
    InputError
        If a size or delta is out of range.

    Examples
    --------
    >>> failing_from(10**6) / 1e9 < 7.4
    True
    """
    check_sizes(d=d)
    check_delta(delta)
    if check_rank(rank, d) < SMALLEST_D:
        return None
    return _least(d, rank, delta)


def _floors(N: int, d: int, rank: int | None) -> Iterator[float]:
    """Bounds by several splits, one after the other: a search may stop at one that is enough."""
    signal = _signal(d, rank)
    for split in best_splits(N, d, signal.size):
        yield floor_of(N, d, split, signal)


@lru_cache(maxsize=256)
def _least(d: int, rank: int | None, delta: float) -> int | None:
    """Least N that :func:`failing_from` finds."""

    def fails(N: int) -> bool:
        return any(floor >= delta for floor in _floors(N, d, rank))

    m = d if rank is None else rank
    low = max(2, int(m * d / (16 * np.log(d))))
    high = low + 1
    # Far beyond, where weak inputs are no exception any more, the bound says less again.
    while not fails(high):
        if high > m * d or high > LARGEST_N / STEP:
            return None
        low, high = high, max(high + 1, int(STEP * high))
    while high - low > max(1, high // 500):
        middle = (low + high) // 2
        if fails(middle):
            high = middle
        else:
            low = middle
    return high


@lru_cache(maxsize=64)
def _signal(d: int, rank: int | None) -> Signal:
    """Signal of the inputs that count: behind a projector those of smaller signals."""
    if rank is None or rank == d:
        return Signal(1.0, 1.0, 1.0, d)
    a, b = rank / 2, (d - rank) / 2
    share = float(scipy.special.betaincinv(a, b, COUNTED))
    mass = beta_masses(rank, d, np.array([share]))[0]
    low, high = below(mass), above(mass)
    # A ball without an end says nothing: then all count.
    if not 0 < low <= high <= 1:
        return Signal(1.0, 1.0, 1.0, rank)
    return Signal(float(np.nextafter(np.sqrt(share), 1.0)), low, high, rank)


def best_splits(N: int, d: int, signal: float = 1.0) -> Iterator[Split]:
    """Splits of N facts that are good by normal tails; any split gives a valid bound.

    One with few weak inputs to expect and, far beyond, where these are many, two more. Each is
    looked for when it is asked for.
    """
    tails = tails_of(d, 2 * float(np.log(float(N))))
    nodes, weights = scipy.special.roots_hermitenorm(9)
    weights = weights / weights.sum()

    def chance(logs: Floats) -> float:
        strong, expected = (float(value) for value in np.exp(logs))
        n = (1 - strong) * N
        if strong > 0.5 or expected > 0.4 * n:
            return 9.0 + float(np.abs(logs).sum())
        mean = n / d
        t = np.interp(-np.log(expected / n), -np.log(tails.low), tails.t)
        a = float(t * np.sqrt(mean))
        if a >= 0.95 * signal or mean < 1.2 or t * t * d < 0.05:
            return 3.0 + a + 1 / expected
        # Weak inputs have longer noise than others.
        spread = 2 / d + 2 / n
        w = mean * (1 + np.sqrt(spread) * nodes + t * t * d / 2 * spread)
        w = np.maximum(w, 1.1)[:, None, None]
        margins = NOISES[::3] * np.sqrt(2 * strong * N / d**2 + 1 / d)
        noise = np.minimum(scipy.special.ndtr(-NOISES[::3]) * (1 + 3 / d), 0.5)
        h = np.minimum(a + OVERSHOOTS[::3] * mean / (a * d), signal)
        length = w + signal**2 - 2 * signal * h[:, None]
        level = (signal - h[:, None] + margins) / np.sqrt(np.maximum(length, 0.1))
        none = np.exp(-strong * N * tails.lower(level))
        lost = none @ (np.concatenate([[1.0], noise[:-1]]) - noise) + noise[-1]
        kept = tails.lower(h / np.sqrt(w[:, :, 0]))
        kept = kept / np.maximum(kept[:, :1], 1e-300)
        beaten = 1 - float(weights @ np.sum(np.diff(-kept, axis=1, append=0.0) * lost, axis=1))
        # By how much two inputs are weak more often than independent ones, as it was found.
        together = 1 + 1.9 * t**4 * d
        return float(1 - beaten * expected / (1 + together * expected))

    def best(starts: Sequence[tuple[float, float]]) -> Split:
        found = min(
            (
                scipy.optimize.minimize(
                    chance, np.log(start), method="Nelder-Mead",
                    options={"maxiter": 60, "xatol": 0.02},
                )
                for start in starts
            ),
            key=lambda result: float(result.fun),
        )  # fmt: skip
        return Split(*(float(value) for value in np.exp(found.x)))

    yield best(((0.04, 3.0), (0.1, 8.0), (0.06, 40.0)))
    if N * np.log(float(N)) > BEYOND * d**2 * signal**2:
        yield Split(0.05, 20.0)
        yield best(((0.04, 0.02 * N), (0.02, 0.15 * N)))


def floor_of(N: int, d: int, split: Split, signal: Signal | None = None) -> float:
    """Bound of :func:`failure_floor` with a given split, of which any gives a valid bound."""
    n_y = int(split.strong * N)
    n = N - n_y
    if n_y < 1 or n < 4:
        return 0.0
    tails = tails_of(d, 2 * float(np.log(float(N))))
    place = int(np.searchsorted(-tails.low, -split.expected / n))
    if place >= len(tails.t):
        return 0.0
    a = float(tails.t[place] * np.sqrt((n - 2) / d))
    return _floor_at(n, n_y, a, float(tails.low[place]), tails, signal or _signal(d, None))


def _floor_at(n: int, n_y: int, a: float, chance: float, tails: Tails, signal: Signal) -> float:
    """Bound with the level of weak inputs, of which the ``chance`` is about this."""
    d = tails.d
    beaten = _beaten(n, n_y, a, tails, signal.size) if a < signal.size else None
    if beaten is None:
        return 0.0
    mean = mean_at_least(
        beaten.by_length(tails),
        (n - 1) / d,
        cut=length_cut(n - 1, d, RARE),
        moments=length_moments(n - 1, d),
        chance=RARE,
    )
    least, rare = beaten.least, chance * mean * NEGLIGIBLE
    if rare <= 0:
        return 0.0
    reach = reach_of(rare, a=a, least=least, n=n - 2, tails=tails, signal=signal)
    if reach is None:
        return 0.0
    joint = joint_chance(beaten, a, n=n - 2, reach=reach, tails=tails, signal=signal)
    joint = signal.high**2 * joint * (1 + SLACK)
    expected = n * signal.low * mean
    some = expected**2 / (expected + float(n) * (n - 1) * joint)
    # Up to here a larger h makes a failure no less likely, although the answer scores below 0.
    size = signal.size
    length = size / 2 + np.sqrt(least - size**2) / 4
    most = max(size, (least + size**2 - length**2) / (2 * size))
    beyond = n * float(product_tail(np.array([most]), n - 1, tails)[0])
    return float(max(0.0, some * (1 - SLACK) - beyond))


def noise_bounds(n: int, d: int, tails: Tails) -> tuple[Floats, Floats]:
    """Margins r >= 0, and bounds on the chance that the noise of the n other facts exceeds them."""
    margins = NOISES * np.sqrt(2 * n / d**2 + 1 / d)
    overlap, masses = _overlaps(d)
    levels = margins / np.sqrt(2 * (1 + overlap[:, None]))
    extra = (1 + overlap[:, None]) / 2
    chance = masses @ product_tail(levels, n, tails, extra=extra, proxy=d - 1.0)
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


def _beaten(n: int, n_y: int, a: float, tails: Tails, signal: float = 1.0) -> Counted | None:
    """Which share of the inputs is counted as weak and beaten, by length and h.

    None where the noise of the strong facts is too large for the bound to be monotone.
    """
    d = tails.d
    margins, noise = noise_bounds(n_y - 1, d, tails)
    mean = (n - 1) / d
    deviation = mean * np.sqrt(length_moments(n - 1, d)[0])
    near = mean + deviation * LENGTHS
    w = np.concatenate([mean * (1 - (1 - SHORTEST) * FURTHER), near])
    shortest = max(signal * (signal + margins[-1]), SHORTEST * mean * (1 - 1e-9))
    w = np.unique(w[w > shortest])
    if len(w) < 2:
        return None
    h = np.minimum(a + OVERSHOOTS * mean / (a * d), signal)
    lengths = np.sqrt(w[:, None, None] + signal**2 - 2 * signal * h[:, None])
    level = (signal - h[:, None] + margins) / lengths
    none = np.exp(n_y * np.log1p(-tails.lower(level)))
    lost = none @ (np.concatenate([[1.0], noise[:-1]]) - noise) + noise[-1]
    # Outputs that are nearly parallel to W e_x + u_x would need another bound on the noise.
    lost = lost + n_y * tails.upper(np.array([0.5]))
    beats = np.maximum.accumulate(np.maximum.accumulate(1 - np.minimum(lost, 1.0), axis=0), axis=1)
    steps = np.diff(beats, axis=1, prepend=0.0)
    ends = np.concatenate([w, w[-1] * (1 + LONGEST * FURTHER[::-1]), [np.inf]])
    return Counted(ends, h, np.pad(steps, ((0, len(ends) - 1 - len(w)), (0, 0)), mode="edge"))
