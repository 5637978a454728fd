"""Whether weights pay with a level of 0, or with levels that are not equally spaced."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from stored import store

from assoc.bits.annealing import SWEEPS, Moves, lowered, unit_sized
from assoc.embeddings import sphere
from assoc.memories.linear import hebbian_matrix
from theory.bounds.accounting import stored_bits
from theory.memories.few_bits import few_bits_capacity

SEED = 0
d = 32
LEVELS = ((-1, 1), (-1, 0, 1), (-2, -1, 1, 2), (-3, -1, 1, 3), (-4, -1, 1, 4))
DRAWS, ENOUGH = 10, 9
STEP = 4


def nearest(X: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entries of root mean square 1, scaled so that rounding keeps most of them, and rounded."""

    def error(scale: float) -> float:
        rounded = levels[np.abs(scale * X[..., None] - levels).argmin(axis=-1)]
        return -float((X * rounded).mean() ** 2 / max((rounded**2).mean(), 1e-12))

    scales = np.geomspace(0.3, 3, 40) * np.abs(levels).max() / 1.5
    best = min(scales, key=error)
    return np.asarray(levels[np.abs(best * X[..., None] - levels).argmin(axis=-1)])


def lost(N: int, draw: int, levels: NDArray[np.float64]) -> int:
    """Fewest facts, of N, that the fit in bits loses; a step goes to any other level."""
    rng = np.random.default_rng([SEED, draw, N, d])
    E, U = sphere(N, d, rng=rng), sphere(N, d, rng=rng)
    f = np.arange(N)
    inputs, answers = unit_sized(E)[0], unit_sized(U)[0]
    H = hebbian_matrix(inputs, answers, f)
    W = nearest(H / np.sqrt((H**2).mean()), levels)

    def moves(moved: NDArray[np.float32]) -> Moves:
        now = np.searchsorted(levels, moved.ravel() - 1e-3)
        target = levels[(now + rng.integers(1, len(levels), W.size)) % len(levels)]
        places = rng.permutation(W.size)
        steps = (target - moved.ravel())[places].astype(np.float32)
        return places, steps, rng.exponential(size=W.size)

    return lowered(
        W, inputs, answers, f, top=float(levels[-1]), sweeps=SWEEPS, moves=moves
    )[1]  # fmt: skip


def found(levels: NDArray[np.float64], optimum: float) -> int:
    """Largest N, in steps from half of the optimum, that is held in nine draws of ten."""
    N = STEP * round(optimum / 2 / STEP)
    while sum(lost(N + STEP, draw, levels) == 0 for draw in range(DRAWS)) >= ENOUGH:
        N += STEP
    return N


def limit(levels: NDArray[np.float64], bits: float) -> float:
    """Bits stored per bit spent at large d: half of the share of a signal that levels keep."""
    z = np.arange(-8, 8, 0.001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * 0.001

    def kept(scale: float) -> float:
        w = levels[np.abs(scale * z[:, None] - levels).argmin(axis=1)]
        return -float((density @ (z * w)) ** 2 / (density @ w**2))

    best: Any = optimize.minimize_scalar(kept, bounds=(0.3, 4), method="bounded")
    return -float(best.fun) / (2 * bits * math.log(2))


def row(chosen: Sequence[int]) -> dict[str, Any]:
    """Return the record of some levels."""
    levels = np.array(chosen, float)
    bits = math.log2(len(chosen))
    N, error = few_bits_capacity(d, levels=tuple(levels))
    held = found(levels, N)
    record = {
        "levels": ", ".join(map(str, chosen)), "bits": bits, "found": held,
        "stored": stored_bits(held) / (bits * d**2), "optimum": N, "error": error,
        "efficiency": stored_bits(N) / (bits * d**2),
        "limit": limit(levels, bits),
    }  # fmt: skip
    print(record, flush=True)
    return record


def main() -> None:
    """Search, compute and store."""
    columns = {
        "levels": "levels", "bits": "bits per weight", "found": "found, 9 of 10 draws",
        "stored": "bits stored per bit spent, there", "optimum": "predicted optimum",
        "error": "standard error", "efficiency": "bits stored per bit spent, there",
        "limit": "at large $d$",
    }  # fmt: skip
    store("few-bits-levels", [row(chosen) for chosen in LEVELS], columns, seed=SEED)


if __name__ == "__main__":
    main()
