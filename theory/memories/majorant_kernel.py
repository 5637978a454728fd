"""The Numba kernel that finds quadratics above a function (:mod:`theory.memories.squared_lengths`).

A converse asks for some ten thousand of them, each the best of 275 over some four hundred cells.
Compiled code is cached (:mod:`assoc.compiled`).
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.compiled import compiled

__all__ = ["least_majorants"]

Floats = NDArray[np.float64]

BLOCK = 32
"""Cells between two looks whether a quadratic is out."""

_READ = types.Array(types.float64, 1, "C", readonly=True)
_FILLED: Any = types.float64[::1]


@compiled(
    types.void(
        _READ, _READ, _READ, _READ, _READ, _READ, _READ, types.float64, types.float64,
        types.float64, _FILLED, _FILLED, _FILLED,
    ),
    fastmath={"contract"},
)  # fmt: skip
def least_majorants(
    ends: Floats,
    high: Floats,
    moves: Floats,
    tangents: Floats,
    bent: Floats,
    slopes: Floats,
    bends: Floats,
    mean: float,
    cut: float,
    spread: float,
    level: Floats,
    slope: Floats,
    bend: Floats,
) -> None:
    """Fill in the quadratic above each moved function whose mean is least.

    Parameters
    ----------
    ends, high : (n + 1,), (n,) of the function that is not moved.
    moves : (k,) by which the squared length is larger.
    tangents, bent : (k,) slopes and bends to start from.
    slopes, bends : factors of these that are tried.
    mean, cut, spread : as for :func:`theory.memories.squared_lengths.majorants`.
    level, slope, bend : (k,) filled.
    """
    n = len(high)
    left, nearest = np.empty(n), np.empty(n)
    for i in range(len(moves)):
        scale = (1 + moves[i]) * mean
        cells = 0
        while cells < n and ends[cells] / scale - 1 < cut:
            low, top = ends[cells] / scale - 1, min(ends[cells + 1] / scale - 1, cut)
            left[cells] = low
            nearest[cells] = 0.0 if low < 0 < top else min(low * low, top * top)
            cells += 1
        best = np.inf
        level[i] = slope[i] = bend[i] = np.inf
        for factor in bends:
            b = bent[i] * factor
            for share in slopes:
                s, a = tangents[i] * share, -np.inf
                # The last cells ask for most. One that is no better than the best so far is out.
                end = cells
                while end > 0 and a + b * spread < best:
                    start = max(end - BLOCK, 0)
                    for c in range(start, end):
                        asked = high[c] - s * left[c] - b * nearest[c]
                        # What is not a number is no bound, and is not forgotten.
                        if asked > a:
                            a = asked
                        elif np.isnan(asked):
                            a = np.inf
                    end = start
                if a + b * spread < best:
                    best, level[i], slope[i], bend[i] = a + b * spread, a, s, b
