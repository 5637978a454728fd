r"""The explicit guarantee of ``dual-inputs`` for Gaussian inputs: dual vectors keep inputs apart.

W = sum_x u_x e~_x^T with the dual vectors e~_x = (E^T E)^{-1} e_x of inputs e_x, independent and
standard normal in R^d, and outputs u_x independent and uniform on the sphere; the map is injective.
Then F(e_x) = sum_z P_zx u_z, P = E (E^T E)^{-1} E^T the projector onto the columns of E (N, d).

For d >= N it is the identity almost surely, and every fact is recalled. For d < N its range is a
uniformly distributed subspace. With s = P_xx ~ Beta(d/2, (N - d)/2), P_yx = sqrt(s (1 - s)) t, t a
coordinate on the sphere of R^(N-1), and the other P_zx of squared length s (1 - s)(1 - t^2),

.. math:: P(\text{some input fails}) \le N (N - 1)\; E\,P\Bigl( \sum_z a_z t_z \ge
          \sqrt{\tfrac{1 - \rho}2}\,\frac{(r - t)_+}{\sqrt{1 - t^2}} \Bigr),
          \qquad r = \sqrt{\frac{s}{1 - s}},

t_z and rho coordinates on the sphere of R^d, and a_z of squared length 1. By Chernoff's bound the
last probability is at most exp(-(1 - rho)(r - t)_+^2 d / (4 (1 - t^2))); what is used is
:func:`theory.memories.coordinate_sums.sum_tail`, which is several times less. With M > N outputs
there are N (M - N) pairs more, of an input and an output that is no one's answer, for which t is 0.

Since s / (1 - s) is about d / (N - d), this is the guarantee of the Hebbian memory with N - d in
place of N. ``docs/attention-guarantees.md`` has the proof.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from theory.memories.aimed import aimed_bracket
from theory.memories.balls import above
from theory.memories.cells import beta_cells, coordinate_cells
from theory.memories.coordinate_sums import sum_tail
from theory.memories.sizes import LARGEST_N, check_delta, check_sizes

__all__ = ["MOST_DUAL", "dual_inputs_bound", "dual_inputs_capacity", "dual_inputs_pairs"]

Floats = NDArray[np.float64]

SHARES, LEVELS, REACH = 120, 400, 9.5
"""Cells of s, and levels up to which many standard deviations at which tails are evaluated."""

MOST_DUAL = 10**5
"""Largest d up to which the bound is quick and close; the cells are too coarse for many more."""

SLACK = 1 + 1e-9
"""Covers the rounding of sums and products of doubles, which is smaller by orders."""


def dual_inputs_bound(N: int, d: int, *, M: int | None = None) -> float:
    """Bound the probability that ``dual-inputs`` fails on some of N Gaussian inputs.

    Parameters
    ----------
    N : number of facts, at least 1; the map is injective.
    d : dimension, at least 3.
    M : number of outputs, at least N; None means N.

    Returns
    -------
    A number in [0, 1]; 0 for N <= d.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> dual_inputs_bound(64, 64), dual_inputs_bound(120, 64) < 0.5 < dual_inputs_bound(160, 64)
    (0.0, True)
    """
    return min(1.0, dual_inputs_pairs(N, d, M=M))


def dual_inputs_pairs(N: int, d: int, *, M: int | None = None) -> float:
    """Bound the expected number of pairs of an input and an output that beats its answer.

    Parameters and errors are those of :func:`dual_inputs_bound`; it bounds this number also where
    it exceeds 1.

    Examples
    --------
    >>> 60 < dual_inputs_pairs(90, 32) < 80
    True
    """
    M = N if M is None else M
    check_sizes(d=d, N=N, M=M)
    if d < 3:
        raise InputError(f"d = {d}: sums of coordinates need at least 3 dimensions")
    if M < N:
        raise InputError(f"no injective map from N = {N} inputs to M = {M} outputs")
    if d >= N:
        return 0.0
    s, balls = beta_cells(d, N, SHARES)
    shares = np.array([above(mass) for mass in balls])
    r = np.sqrt(s / (1 - s))[:, None]
    rho, rho_mass = coordinate_cells(d)
    t, t_mass = coordinate_cells(N - 1)
    # (r - t)^2 / (1 - t^2) is least at t = 1/r, or at the end of a cell that is closest to it.
    with np.errstate(divide="ignore"):
        worst = np.clip(1 / r, np.append(-1.0, t[:-1]), t)
    level = np.zeros(worst.shape)  # on the last cell, which reaches up to 1
    inner = worst[:, :-1]
    level[:, :-1] = np.maximum(r - inner, 0.0) / np.sqrt(1 - inner**2)
    bound = N * (N - 1) * _mean(level, t_mass, shares, rho, rho_mass, d)
    if M > N:
        bound += N * (M - N) * _mean(r, np.ones(1), shares, rho, rho_mass, d)
    return bound * SLACK


def dual_inputs_capacity(d: int, *, delta: float = 0.5) -> int:
    """Largest N (within a part in 10^4) proved recalled whole with probability 1 - delta.

    Parameters
    ----------
    d : dimension, at least 3.
    delta : allowed failure probability, in (0, 1).

    Raises
    ------
    InputError
        If delta or d is out of range.

    Examples
    --------
    >>> dual_inputs_capacity(64)
    137
    """
    check_delta(delta)
    check_sizes(d=d)
    return _most(int(d), delta)


@lru_cache(maxsize=256)
def _most(d: int, delta: float) -> int:
    """Largest N that :func:`dual_inputs_capacity` finds."""
    # N - d is about what the Hebbian memory holds.
    start = d + round(d * d / (8 * math.log(d) + 4 * math.log(1 / max(delta, 1e-300))))
    low, _ = aimed_bracket(
        lambda N: dual_inputs_pairs(N, d), delta,
        start=start, limit=LARGEST_N, least=d + 1, rising=True, resolution=1e-4,
    )  # fmt: skip
    return low


def _mean(
    level: Floats, t_mass: Floats, shares: Floats, rho: Floats, rho_mass: Floats, d: int
) -> float:
    """Mean of the tail at sqrt((1 - rho)/2) level (s, t), over s, t and rho."""
    points, tails = _tails(d)
    at = np.multiply.outer(level, np.sqrt((1 - rho) / 2)) * (1 - 1e-12)
    # The tail at the next lower level is at least as large.
    chance = tails[np.searchsorted(points, at, side="right") - 1]
    return float(np.einsum("s,t,r,str->", shares, t_mass, rho_mass, chance))


@lru_cache(maxsize=4)
def _tails(d: int) -> tuple[Floats, Floats]:
    """Levels from 0 on, and bounds on the tails of sums of energy 1 there, which do not rise."""
    points = np.linspace(0.0, REACH / math.sqrt(d), LEVELS)
    tails = np.array([sum_tail(x, 1.0, d) for x in points.tolist()])
    return points, np.minimum.accumulate(tails)
