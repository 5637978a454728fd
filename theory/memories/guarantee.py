r"""The explicit guarantee: a proved bound on the probability that anything is forgotten.

For independent embeddings uniform on the sphere, the identity map and W = sum_x u_x e_x^T,
read through a random rank-m projector P (P = I when m = d),

.. math::
    P(\text{some input fails}) \le N (N - 1)\;
    P\Bigl(S_{N-2} \ge \sqrt{\tfrac{1 - \rho}{2}}\,(\sqrt{s} - \epsilon)\Bigr)

with rho and epsilon coordinates of points on the sphere, s = |P e|^2 ~ Beta(m/2, (d - m)/2)
(s = 1 when m = d), S_n a sum of n products of two sphere coordinates, all independent. The
right-hand side is exactly the expected number of pairs (x, y) in which the answer to x does not
beat y.
An injective map into M > N outputs has N (M - N) pairs more, of an input and an output that is no
one's answer; for these epsilon is 0 and S has N - 1 terms.
Nothing is asymptotic and no constant is hidden; ``docs/derivations.md`` has the proof.

:mod:`theory.memories.pair_tails` bounds the tail of S. The means over rho, epsilon and s are
bounded by upper Riemann sums: the tail is monotone in each, so every cell takes its worst corner,
and the probabilities of cells are enclosed by balls. What is returned is an upper bound, not an
estimate.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from theory.memories.aimed import aimed_bracket
from theory.memories.pair_tails import Tails, cells_of_share, product_tail, tails_of
from theory.memories.sizes import LARGEST_D, LARGEST_N, check_delta, check_rank, check_sizes

__all__ = [
    "LEVELS",
    "SLACK",
    "failure_bound",
    "guaranteed_capacity",
    "least_dimension",
    "least_rank",
    "pairs_bound",
]

Floats = NDArray[np.float64]

LEVELS: Floats = np.concatenate([[0.0], np.geomspace(1e-3, 2.0, 6000)])
"""Levels of the signal in units in which noise is a sum of products."""

CELLS_OF_SHARE = 48
"""Cells of the share of an input that a projector keeps, but for those in its tail."""

SLACK = 1e-6
"""Relative room for the rounding of closed forms in doubles, many orders larger than it is."""


def failure_bound(N: int, d: int, *, M: int | None = None, rank: int | None = None) -> float:
    """Bound the probability that the Hebbian memory of N facts fails on some input.

    Parameters
    ----------
    N : number of facts, at least 1; the map is injective.
    d : dimension, at least 2.
    M : number of outputs, at least N; None means N.
    rank : m, if the memory is read through a random rank-m projector.

    Returns
    -------
    A number in [0, 1] that the failure probability does not exceed.

    Raises
    ------
    InputError
        If a size is out of range.

    References
    ----------
    NLB, Theorem 1, whose constants and logarithms are unspecified; these are derived here.

    Examples
    --------
    >>> failure_bound(300, 256) < 1e-3 < failure_bound(1200, 256)
    True
    """
    return min(1.0, pairs_bound(N, d, M=M, rank=rank))


def pairs_bound(N: int, d: int, *, M: int | None = None, rank: int | None = None) -> float:
    """Bound the expected number of pairs (x, y) in which the answer to x does not beat y.

    Parameters are those of :func:`failure_bound`, which is this number where it is below 1.

    Examples
    --------
    >>> pairs_bound(60, 32) > 10
    True
    """
    M = N if M is None else M
    check_sizes(d=d, N=N, M=M)
    if M < N:
        raise InputError(f"no injective map from N = {N} inputs to M = {M} outputs")
    rank = check_rank(rank, d)
    if N == 1:
        return 0.0
    tails = tails_of(d, float(np.log(float(N)) + np.log(float(M))))
    bound = N * (N - 1) * _mean(N - 2, tails, rank, True)
    if M > N:
        bound += N * (M - N) * _mean(N - 1, tails, rank, False)
    # The slack covers rounding of logarithms and exponentials, which is many orders smaller.
    return bound * (1 + SLACK)


def guaranteed_capacity(
    d: int, *, delta: float = 0.5, M: int | None = None, rank: int | None = None
) -> int:
    """Largest N (within a part in 10^4) proved recalled whole with probability 1 - delta.

    Parameters
    ----------
    d : dimension, at least 2.
    delta : allowed failure probability, in (0, 1).
    M, rank : as for :func:`failure_bound`.

    Raises
    ------
    InputError
        If delta or a size is out of range.

    Examples
    --------
    >>> guaranteed_capacity(128)
    324
    """
    check_delta(delta)
    check_sizes(d=d, M=1 if M is None else M)
    return _most(int(d), delta, M, check_rank(rank, d))


@lru_cache(maxsize=256)
def _most(d: int, delta: float, M: int | None, rank: int) -> int:
    """Largest N that :func:`guaranteed_capacity` finds."""
    low, _ = aimed_bracket(
        lambda N: pairs_bound(N, d, M=M, rank=rank), delta,
        start=_facts_of(d * rank / 4, delta), limit=LARGEST_N if M is None else M,
        rising=True, resolution=1e-4,
    )  # fmt: skip
    return max(1, low)


def least_dimension(N: int, *, delta: float = 0.5, M: int | None = None) -> int | None:
    """Least d (within a part in a thousand) with which all N facts are proved recalled.

    Parameters
    ----------
    N : number of facts, at least 1.
    delta : allowed failure probability, in (0, 1).
    M : as for :func:`failure_bound`.

    Returns
    -------
    d; None where none is proved to be enough.

    Raises
    ------
    InputError
        If delta or a size is out of range.

    Examples
    --------
    >>> least_dimension(300, delta=0.01)
    148
    """
    check_delta(delta)
    start = round(math.sqrt(_room(N, delta)))
    _, d = aimed_bracket(
        lambda d: pairs_bound(N, d, M=M), delta,
        start=start, limit=LARGEST_D, least=2, resolution=1e-3,
    )  # fmt: skip
    return int(d) if d <= LARGEST_D else None


def least_rank(N: int, d: int, *, delta: float = 0.5, M: int | None = None) -> int | None:
    """Least rank (within a part in a thousand) of a projector behind which N facts are recalled.

    Parameters and errors are those of :func:`least_dimension`, for embeddings in R^d.

    Returns
    -------
    m; None where not even m = d is proved to be enough.

    Examples
    --------
    >>> least_rank(30, 64, delta=0.01), least_rank(3000, 64)
    (46, None)
    """
    check_delta(delta)
    check_sizes(d=d)
    _, m = aimed_bracket(
        lambda m: pairs_bound(N, d, M=M, rank=m), delta,
        start=round(_room(N, delta) / d), limit=d, resolution=1e-3,
    )  # fmt: skip
    return int(m) if m <= d else None


def _room(N: int, delta: float) -> float:
    """Estimate the m d at which N facts have a bound of delta: N^2 exp(-m d / (4 N)) is that."""
    return 4 * N * (2 * math.log(max(N, 2)) - math.log(max(delta, 1e-300)))


def _facts_of(room: float, delta: float) -> int:
    """Estimate the N of which this is a quarter of the :func:`_room`."""
    N = room
    for _ in range(8):
        N = 4 * room * max(N, 1.0) / _room(max(2, round(N)), delta)
    return max(1, round(N))


def _mean(n: int, tails: Tails, rank: int, used: bool) -> float:
    """Bound the chance that an output wins, which is the answer to some input or not."""
    chances = _chances_of_levels(tails.d, tails.depth, rank, used)
    present = chances > 0
    return float(chances[present] @ product_tail(_levels(rank, tails.d)[present], n, tails))


def _levels(rank: int, d: int) -> Floats:
    """Levels of the signal, smaller ones where a projector leaves little of it."""
    return LEVELS * min(1.0, 100 * float(np.sqrt(rank / d)))


@lru_cache(maxsize=32)
def _chances_of_levels(d: int, depth: float, rank: int, used: bool) -> Floats:
    r"""Bounds on the chances that sqrt((1 - rho)/2) (sqrt(s) - eps) lies from a level to the next.

    Every cell of rho, epsilon and s is counted where its lowest corner lies, so that the mean of a
    function that decreases is at most its sum over the levels.
    """
    tails = tails_of(d, depth)
    ends, cells = tails.ends, tails.cells
    share, share_cells = np.ones(1), np.ones(1)
    if rank < d:
        ends, cells = ends[-1::-4][::-1], _merged(cells, 4)
        share, share_cells = cells_of_share(rank, d, CELLS_OF_SHARE, depth=depth)
    scale = np.sqrt(np.maximum(1 - ends, 0.0) / 2)
    epsilon, chance = (ends, cells) if used else (np.zeros(1), np.ones(1))
    levels = _levels(rank, d)
    found = np.zeros(len(levels))
    for s, mass in zip(share, share_cells, strict=True):
        gap = np.maximum(np.sqrt(s) - epsilon, 0.0)
        place = np.searchsorted(levels, np.multiply.outer(gap, scale) * (1 - SLACK**2), "right") - 1
        found += mass * np.bincount(
            place.ravel(), np.multiply.outer(chance, cells).ravel(), len(levels)
        )
    return found


def _merged(cells: Floats, count: int) -> Floats:
    """Sums of neighbouring cells, the last ones together."""
    short = len(cells) % count
    padded = np.concatenate([np.zeros((count - short) % count), cells])
    return np.asarray(padded.reshape(-1, count).sum(axis=1))
