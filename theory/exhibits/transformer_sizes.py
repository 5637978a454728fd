"""Sizes of the smallest transformers, by construction."""

import math
from collections.abc import Sequence
from typing import Any

from assoc.facts.recall_task import NOISE
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import smallest_task
from theory.transformers.superposed import superposed_dimension

__all__ = ["EXHIBIT"]

BY_DIMENSION = ("attention-only-sum", "attention-only-dual", "attention-only")
BY_WIDTH = ("attention-mlp-whitened", "attention-mlp")


def points(
    *, seed: int, size: str, shapes: Sequence[tuple[int, int, int]], d: int, trials: int
) -> list[Task]:
    """Return the searches of every construction at every shape."""
    tasks = []
    for S, R, D in shapes:
        for model in BY_DIMENSION:
            # One head for each token: with plain sums larger heads lose their way.
            alone = model == "attention-only-sum"
            tasks.append(
                smallest_task(
                    model=model, shape=[S, R, D], vary="d", trials=trials, seed=seed, d=8,
                    head_dim=1 if alone else None, start=(16 if alone else 1) * (R + D),
                    experiment="transformer sizes",
                )
            )  # fmt: skip
        for model in BY_WIDTH:
            tasks.append(
                smallest_task(
                    model=model, shape=[S, R, D], vary="width", trials=trials, seed=seed, d=d,
                    start=4 * S * R // d, step=2, experiment="transformer sizes",
                )
            )  # fmt: skip
    return tasks


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with the bits that the facts need."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        asked = task.arguments
        S, R, D = asked["shape"]
        plain = asked["model"] == "attention-only-sum"
        law = superposed_dimension(S, R, D, noise=NOISE, group=1) if plain else None
        found.append(
            {
                "model": asked["model"],
                "S": S,
                "R": R,
                "D": D,
                "varied": "d" if asked["vary"] == "d" else f"m, d = {asked['d']}",
                "size": value["size"],
                "interval": value["interval"],
                "law": law,
                "parameters": value["parameters"],
                "per fact": value["parameters"] and value["parameters"] / (S * R),
                "bits per fact": math.log2(D),
                "censored": value["censored"],
            }
        )
    return found


EXHIBIT = Exhibit(
    name="transformer-sizes",
    theorem="attention-only",
    title="Smallest transformers that recall every fact",
    caption="The smallest transformers of each construction that recall all $S R$ facts of random "
    "tables: median over tables of the dimension $d$, or of the width $m$, with 99% interval; "
    "for plain sums the $d$ of the law; and parameters, in all and for each fact of "
    "$\\log_2 D$ bits.",
    points=points,
    rows=rows,
    columns={
        "model": Column("construction"),
        "S": Column("$S$"),
        "R": Column("$R$"),
        "D": Column("$D$"),
        "varied": Column("searched"),
        "size": Column("smallest"),
        "interval": Column("99% interval"),
        "law": Column("law"),
        "parameters": Column("parameters"),
        "per fact": Column("per fact", digits=3),
    },
    quick={"shapes": ((8, 8, 8), (16, 16, 8)), "d": 32, "trials": 8},
    full={"shapes": ((16, 16, 8), (32, 32, 8), (32, 8, 8))},
)
"""What the theorems' constructions cost, and what better values save."""
