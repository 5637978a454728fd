"""What a matrix of few bits per weight holds that is fitted as such, and in what time."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from stored import store

from assoc.bits.annealing import SWEEPS, annealed
from assoc.bits.levels import gaussian_quantiser
from assoc.memories.decoding import certified_margins
from sims.engine.randomness import MEMORY, Source
from sims.memories.settings import RandomVectors
from theory.bounds.accounting import facts_of, stored_bits

SEED = 0
DRAWS = 10
WORKERS = 2
"""Threads: the search runs without the interpreter's lock. OPENBLAS_NUM_THREADS=1 goes with it."""

SIZES: dict[tuple[int, int], tuple[float, ...]] = {
    (16, 1): (0.40, 0.45, 0.50),
    (16, 2): (0.30, 0.35),
    (16, 3): (0.25, 0.30),
    (16, 4): (0.20, 0.25),
    (32, 1): (0.40, 0.45, 0.475, 0.50),
    (32, 2): (0.30, 0.35),
    (32, 3): (0.27, 0.30),
    (32, 4): (0.20, 0.25),
    (64, 1): (0.33, 0.40, 0.45),
    (64, 2): (0.30,),
    (64, 3): (0.22,),
    (64, 4): (0.17,),
}
"""Efficiencies asked for, at each dimension and number of bits."""

SLOWLY = ((32, 0.50, 10),)
"""Dimension, efficiency of one bit, and how many times as many sweeps are made."""


def measured(d: int, bits: int, efficiency: float, sweeps: int) -> dict[str, Any]:
    """Count the draws of which all facts are recalled, and the processor's time."""
    N = facts_of(efficiency * bits * d**2)
    source = Source(SEED, "few-bits", (d, bits))
    build = annealed(bits, sweeps=sweeps)

    def draw(trial: int) -> tuple[int, float]:
        """Facts lost, and seconds of one core."""
        E, U, f = RandomVectors(d).draw(N, source, trial)
        start = time.thread_time()
        memory: Any = build(E, U, f, rng=source.generator(trial, MEMORY))
        seconds = time.thread_time() - start
        return int((~certified_margins(memory, E, U, f).certified).sum()), seconds

    with ThreadPoolExecutor(WORKERS) as pool:
        lost, seconds = zip(*pool.map(draw, range(DRAWS)), strict=True)
    row = {
        "d": d, "bits": bits, "N": N, "efficiency": stored_bits(N) / (bits * d**2),
        "held": f"{lost.count(0)} of {DRAWS}", "lost": float(np.mean(lost)), "sweeps": sweeps,
        "seconds": float(np.median(seconds)),
    }  # fmt: skip
    print(row, flush=True)
    return row


def main() -> None:
    """Measure and store."""
    annealed(1)(np.eye(2), np.eye(2), np.arange(2), rng=np.random.default_rng(0))  # Compiles.
    rows = [
        {**measured(d, bits, each, SWEEPS), "limit": limit(bits)}
        for (d, bits), efficiencies in SIZES.items()
        for each in efficiencies
    ]
    rows += [
        {**measured(d, 1, each, times * SWEEPS), "limit": limit(1)} for d, each, times in SLOWLY
    ]
    columns = {
        "d": "$d$", "bits": "$b$", "N": "$N$", "efficiency": "bits stored per bit spent",
        "held": "draws that held all", "lost": "facts lost, mean", "sweeps": "sweeps at most",
        "seconds": "seconds a draw (median)", "limit": r"$\kappa_b / (2 b \log 2)$",
    }  # fmt: skip
    store("few-bits", rows, columns, seed=SEED)


def limit(bits: int) -> float:
    """Efficiency that four times the facts of outer products in b bits would be, for large d."""
    return gaussian_quantiser(bits)[1] / (2 * bits * float(np.log(2)))


if __name__ == "__main__":
    main()
