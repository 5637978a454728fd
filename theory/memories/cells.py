"""Cells that cover the range of a random variable, with proved probabilities.

An integrand that is monotone in the variable is bounded by its values at the ends of the cells, and
its mean by their sum with the cells' probabilities, however coarse they are.
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from theory.memories.balls import above, coordinate_tail

if TYPE_CHECKING:
    from flint import arb

__all__ = ["beta_cells", "beta_masses", "coordinate_cells"]

Floats = NDArray[np.float64]

STEPS, FAR = np.linspace(-4.5, 4.5, 40), (5.0, 5.6, 6.3, 7.0, 8.0, 9.5)
"""Ends of a coordinate's cells, in units of 1 / sqrt(d)."""

DEEP, HIGH, TAIL = 9.0, 4.0, 16
"""Standard deviations below and above the mean of a share between which its cells are small, and
number of cells below these."""

PRECISION, TOLERANCE = 128, 60
"""Bits of the balls, and to which integrals are relative to themselves."""

INTEGRATED = range(129, 10**8)
"""n of which the density is integrated; below and above incomplete beta functions are sooner."""


@lru_cache(maxsize=16)
def coordinate_cells(d: int) -> tuple[Floats, Floats]:
    """Upper ends of cells of a coordinate on the sphere of R^d, and bounds on their probabilities.

    Parameters
    ----------
    d : dimension, at least 2.

    Returns
    -------
    Ends, the last one 1, and for each cell a number that its probability does not exceed; the first
    cell reaches down to -1.

    Examples
    --------
    >>> ends, masses = coordinate_cells(50)
    >>> float(ends[-1]), bool(0 <= masses.sum() - 1 < 1e-12)
    (1.0, True)
    """
    inner = np.concatenate([STEPS, FAR]) / math.sqrt(d)
    inner = inner[np.abs(inner) < 1]
    tails = [coordinate_tail(t, d) for t in [-1.0, *inner.tolist(), 1.0]]
    return np.append(inner, 1.0), np.array([above(a - b) for a, b in pairwise(tails)])


@lru_cache(maxsize=8)
def beta_cells(d: int, n: int, cells: int) -> tuple[Floats, list["arb"]]:
    """Lower ends of cells of s ~ Beta(d/2, (n - d)/2), and their probabilities, which are balls.

    s is the share of a fixed vector of R^n in a uniformly random subspace of dimension d.

    Parameters
    ----------
    d, n : dimensions, 1 <= d < n.
    cells : how many small ones are wanted; those outside of [0, 1] are left out.

    Returns
    -------
    Ends, the first one 0, and probabilities; the last cell reaches up to 1.

    Examples
    --------
    >>> ends, masses = beta_cells(20, 50, 40)
    >>> float(ends[0]), bool(abs(sum(masses) - 1) < 1e-14)
    (0.0, True)
    """
    mean = d / n
    spread = math.sqrt(2 * mean * (1 - mean) / (n + 2))
    lowest = max(mean - DEEP * spread, 0.0)
    # The law has a long tail towards 0 where its mean is close to 1.
    tail = np.linspace(0.0, lowest, TAIL + 2)[1:-1] if lowest > 0 else np.empty(0)
    inner = mean + spread * np.linspace(-DEEP, HIGH, cells)
    inner = np.concatenate([tail, inner[(inner > 0) & (inner < 1)]])
    return np.append(0.0, inner), beta_masses(d, n, inner)


def beta_masses(d: int, n: int, inner: Floats) -> list["arb"]:
    """Probabilities of the cells of s ~ Beta(d/2, (n - d)/2) between 0, these ends and 1: balls."""
    from flint import arb, ctx

    with ctx.workprec(PRECISION):
        a, b = arb(d) / 2, arb(n - d) / 2
        if n in INTEGRATED:
            return _integrals(a, b, inner.tolist())
        below = [arb(s).beta_lower(a, b, regularized=True) for s in inner.tolist()]
        return [up - low for low, up in pairwise([arb(0), *below, arb(1)])]


def _integrals(a: "arb", b: "arb", inner: list[float]) -> list["arb"]:
    """Probabilities of cells under Beta(a, b) between 0, these ends and 1, by its density."""
    from flint import acb, arb

    log_constant = (a + b).lgamma() - a.lgamma() - b.lgamma()

    def density(s: "acb", _: bool) -> "acb":
        return (log_constant + (a - 1) * s.log() + (b - 1) * (1 - s).log()).exp()

    masses = [
        acb.integral(density, acb(low), acb(up), rel_tol=arb(2) ** -TOLERANCE).real
        for low, up in pairwise(inner)
    ]
    first = arb(inner[0]).beta_lower(a, b, regularized=True)
    return [first, *masses, 1 - first - sum(masses)]
