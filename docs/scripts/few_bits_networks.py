"""What memories of two layers hold in few bits per weight, fitted as such, and in what time."""

import time
from typing import Any

import numpy as np
from stored import store

from assoc.bits.annealed_networks import SWEEPS, annealed_mlp, annealed_pairs, annealed_ranks
from assoc.memories.decoding import certified_margins
from sims.engine.randomness import MEMORY, Source
from sims.memories.settings import RandomVectors
from theory.bounds.accounting import facts_of, stored_bits

SEED = 0

BUILDS: dict[str, Any] = {
    "optimal-low-rank": (annealed_ranks, 2),
    "optimal-mlp": (annealed_mlp, 2),
    "optimal-bilinear": (annealed_pairs, 3),
}
"""Builds, and how many matrices of m by d they have."""

CASES: tuple[tuple[str, int, int, int, float, int], ...] = (
    ("optimal-mlp", 16, 16, 1, 0.40, 10),
    ("optimal-mlp", 16, 16, 1, 0.45, 10),
    ("optimal-mlp", 16, 16, 2, 0.35, 10),
    ("optimal-mlp", 32, 16, 1, 0.40, 10),
    ("optimal-mlp", 32, 16, 2, 0.40, 10),
    ("optimal-mlp", 32, 16, 2, 0.45, 10),
    ("optimal-mlp", 32, 16, 3, 0.33, 5),
    ("optimal-bilinear", 32, 11, 1, 0.40, 10),
    ("optimal-bilinear", 32, 11, 2, 0.40, 10),
    ("optimal-low-rank", 32, 16, 1, 0.35, 10),
    ("optimal-low-rank", 32, 16, 2, 0.30, 10),
    ("optimal-mlp", 32, 32, 1, 0.47, 5),
    ("optimal-mlp", 32, 32, 2, 0.45, 3),
)
"""Memory, d, m, bits per weight, efficiency asked for, draws."""


def measured(
    memory: str, d: int, m: int, bits: int, efficiency: float, draws: int
) -> dict[str, Any]:
    """Count the draws of which all facts are recalled, and the processor's time."""
    build, matrices = BUILDS[memory]
    spent = matrices * m * d * bits
    N = facts_of(efficiency * spent)
    source = Source(SEED, "few-bits-networks", (d, m, bits))
    lost, seconds = [], []
    for trial in range(draws):
        E, U, f = RandomVectors(d).draw(N, source, trial)
        start = time.process_time()
        found: Any = build(bits, m)(E, U, f, rng=source.generator(trial, MEMORY))
        seconds.append(time.process_time() - start)
        lost.append(int((~certified_margins(found, E, U, f).certified).sum()))
        if found.bits != spent:
            raise AssertionError(f"{memory} counts {found.bits} bits and not {spent}")
    row = {
        "memory": memory, "d": d, "m": m, "bits": bits, "N": N, "spent": spent,
        "efficiency": stored_bits(N) / spent, "held": f"{lost.count(0)} of {draws}",
        "lost": float(np.mean(lost)), "seconds": float(np.median(seconds)),
    }  # fmt: skip
    print(row, flush=True)
    return row


def main() -> None:
    """Measure and store."""
    rows = [measured(*case) for case in CASES]
    columns = {
        "memory": "memory", "d": "$d$", "m": "$m$", "bits": "$b$", "N": "$N$",
        "spent": "bits spent", "efficiency": "bits stored per bit spent",
        "held": "draws that held all", "lost": "facts lost, mean",
        "seconds": "seconds a draw (median)",
    }  # fmt: skip
    print(f"at most {SWEEPS} sweeps")
    store("few-bits-networks", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
