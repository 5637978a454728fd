"""In how few bits attention that is fitted in them holds tables, every fact certified."""

import time
from typing import Any

import numpy as np
from stored import store

from assoc import example_path, read_facts
from assoc.bits.attention_codes import sign_embeddings
from assoc.bits.attention_fit import fit_attention
from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task, table_task
from assoc.transformers.certificates import certify
from sims.engine.randomness import FACTS, INPUTS, MEMORY, Source
from theory.bounds.answer_sets import needed_bits

SEED = 0
LENGTH = 32

SIZES: tuple[tuple[int | str, int, tuple[int, int], int, int, int], ...] = (
    (16, 96, (15, 12), 1, 40, 5),
    (16, 96, (13, 10), 1, 40, 5),
    (16, 96, (11, 9), 1, 40, 5),
    (16, 96, (8, 6), 2, 40, 5),
    (32, 256, (17, 11), 1, 0, 1),
    (32, 256, (17, 11), 1, 40, 2),
    (64, 448, (42, 18), 1, 40, 1),
    ("countries.csv", 816, (27, 8), 1, 40, 1),
)
"""S = R of a table with D = 8, or a file; d, d_h of both heads, b, sweeps, and draws."""


def drawn(table: int | str, source: Source, draw: int) -> RecallTask:
    """Return a table, and draw it where it is not given."""
    if isinstance(table, str):
        return table_task(read_facts(example_path(table)))
    return balanced_task(table, table, 8, rng=source.generator(draw, FACTS))


def measured(
    table: int | str,
    d: int,
    dims: tuple[int, int],
    bits: int,
    sweeps: int,
    draws: int,
    *,
    stored: bool = False,
    **mlp: int,
) -> dict[str, Any]:
    """Fit attention, and an MLP, to some tables, and count the facts that are not certified."""
    source = Source(SEED, "attention-bits", (d, *dims))
    lost, spent, needed, seconds = [], [], [], []
    for draw in range(draws):
        task = drawn(table, source, draw)
        Phi = sphere(task.vocabulary, d, rng=source.generator(draw, INPUTS), dtype=np.float32)
        if stored:
            Phi = sign_embeddings(Phi >= 0)
        start = time.process_time()
        code = fit_attention(
            task, Phi, rng=source.generator(draw, MEMORY), value_dims=dims, bits=bits,
            sweeps=sweeps, stored=stored, **mlp,
        ).code  # fmt: skip
        seconds.append(time.process_time() - start)
        decoded = code.decode(None if stored else Phi)
        certified = certify(decoded, task, length=LENGTH).certified
        lost.append(int((~certified).sum()))
        spent.append(code.bits)
        needed.append(needed_bits(task)[0])
    row = {
        "table": table if isinstance(table, str) else f"S = R = {table}, D = 8",
        "facts": len(task), "d": d, "d_h": "+".join(map(str, dims)), "b": bits, "sweeps": sweeps,
        "spent": float(np.median(spent)), "needed": float(np.median(needed)),
        "efficiency": float(np.median(np.array(needed) / spent)),
        "held": f"{lost.count(0)} of {draws}", "lost": float(np.mean(lost)),
        "seconds": float(np.median(seconds)),
    }  # fmt: skip
    print(row, flush=True)
    return row


def main() -> None:
    """Fit, and store what was found."""
    rows = [measured(*case) for case in SIZES]
    columns = {
        "table": "table",
        "facts": "facts",
        "d": "$d$",
        "d_h": "$d_h$",
        "b": "$b$",
        "sweeps": "sweeps",
        "needed": "bits needed",
        "spent": "bits spent",
        "efficiency": "efficiency",
        "held": "held whole",
        "lost": "facts lost, mean",
        "seconds": "s",
    }
    store("attention-bits", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
