"""What quantisation-aware training holds in few bits per weight, beside the fits by annealing."""

import time
from typing import Any

import numpy as np
from stored import store

from assoc.bits.annealed_networks import annealed_mlp
from assoc.bits.annealing import annealed
from assoc.memories.decoding import certified_margins
from assoc.memories.memory import Memory
from sims.engine.randomness import MEMORY, Source
from sims.memories.settings import RandomVectors
from sims.training.few_bits import train_in_bits
from theory.bounds.accounting import facts_of, stored_bits

SEED = 0
DRAWS = 5
GAINS = (8.0, 16.0)

CASES: tuple[tuple[int, int | None, int, float], ...] = (
    (32, None, 1, 0.36),
    (32, None, 1, 0.40),
    (32, None, 1, 0.43),
    (32, None, 2, 0.30),
    (16, 16, 1, 0.25),
    (16, 16, 1, 0.30),
    (16, 16, 1, 0.35),
    (16, 16, 2, 0.30),
)
"""d, width of a two-layer network, bits per weight, efficiency asked for."""


def lost(memory: Memory | None, E: Any, U: Any, f: Any) -> int:
    """Count the facts that are not certainly recalled."""
    return len(f) if memory is None else int((~certified_margins(memory, E, U, f).certified).sum())


def row(d: int, width: int | None, bits: int, efficiency: float) -> dict[str, Any]:
    """Return the record of a case: trained, the best of all gains and rates, and annealed."""
    spent = bits * d * (d if width is None else 2 * width)
    N = facts_of(efficiency * spent)
    source = Source(SEED, "few-bits-trained", (d, width or 0, bits))
    build = annealed(bits) if width is None else annealed_mlp(bits, width)
    missed: dict[str, list[int]] = {"trained": [], "annealed": []}
    seconds: dict[str, list[float]] = {"trained": [], "annealed": []}
    for trial in range(DRAWS):
        E, U, f = RandomVectors(d).draw(N, source, trial)
        start = time.process_time()
        runs = [
            run
            for gain in GAINS
            for run in train_in_bits(
                E, U, f, bits, rng=source.generator(trial, MEMORY), width=width, gain=gain
            )
        ]
        seconds["trained"].append(time.process_time() - start)
        missed["trained"].append(min(lost(run.trained, E, U, f) for run in runs))
        start = time.process_time()
        memory = build(E, U, f, rng=source.generator(trial, MEMORY))
        seconds["annealed"].append(time.process_time() - start)
        missed["annealed"].append(lost(memory, E, U, f))
    record = {
        "memory": "matrix" if width is None else f"two layers, m = {width}",
        "d": d, "bits": bits, "N": N, "efficiency": stored_bits(N) / spent,
        **{key: f"{each.count(0)} of {DRAWS}" for key, each in missed.items()},
        **{f"{key} lost": float(np.mean(each)) for key, each in missed.items()},
        **{f"{key} seconds": float(np.median(each)) for key, each in seconds.items()},
    }  # fmt: skip
    print(record, flush=True)
    return record


def main() -> None:
    """Measure and store."""
    columns = {
        "memory": "memory", "d": "$d$", "bits": "$b$", "N": "$N$",
        "efficiency": "bits stored per bit spent", "trained": "held by training",
        "trained lost": "facts lost, mean", "trained seconds": "seconds of processor",
        "annealed": "held by annealing", "annealed lost": "facts lost, mean",
        "annealed seconds": "seconds of processor",
    }  # fmt: skip
    store("few-bits-trained", [row(*case) for case in CASES], columns, seed=SEED)


if __name__ == "__main__":
    main()
