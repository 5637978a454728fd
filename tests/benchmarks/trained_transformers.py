"""Measure what the number of prompts does to trained transformers: JSON on stdout.

``python -m tests.benchmarks.trained_transformers`` searches the smallest d of ``attention-only`` at
(S, R, D) = (8, 8, 8), by training and by construction on the same tables and embeddings, where a
fact counts if it is recalled in 4, 16 or 64 prompts. Every run takes all its steps.
"""

import json
import sys
from dataclasses import replace
from typing import Any

from sims.engine.parallel import blas_threads
from sims.training.smallest import trained_smallest
from sims.training.transformers import TRAINING
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.smallest import SizePoint, smallest_size

SHAPE, TRIALS = Shape(8, 8, 8), 8
EXPERIMENT = "facts and parameters"
"""Of the exhibits of the constructions' smallest sizes."""


def prompts(counts: tuple[int, ...] = (4, 16, 64)) -> list[dict[str, Any]]:
    """Search once for each number of prompts; constructions are certified for every prompt."""
    built = smallest_size(
        Architecture("attention-only", 16), SHAPE, vary="d", start=16, trials=TRIALS,
        experiment=EXPERIMENT, threads=1,
    ).points[0]  # fmt: skip
    rows = [_row("construction", None, built)]
    for draws in counts:
        found = trained_smallest(
            "attention-only", SHAPE, trials=TRIALS, draws=draws, experiment=EXPERIMENT, threads=1,
            training=replace(TRAINING, wanted=None),
        ).points[0]  # fmt: skip
        rows.append(_row("training", draws, found))
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _row(by: str, draws: int | None, found: SizePoint) -> dict[str, Any]:
    return {
        "by": by, "prompts": draws, "size": found.size, "interval": found.interval(),
        "low": found.low, "high": found.high, "parameters": found.parameters,
    }  # fmt: skip


def main() -> None:
    """Print the rows as the part of a document."""
    with blas_threads(1):
        print(json.dumps({"prompts": {"result": prompts()}}, indent=1))


if __name__ == "__main__":
    main()
