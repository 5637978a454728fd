"""Widths of networks: measured against predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from assoc.memories.mlp import leading_width
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.width import predicted_width
from theory.points import width_task

__all__ = ["EXHIBIT"]


def points(
    *,
    seed: int,
    size: str,
    networks: Sequence[tuple[str, int]],
    sizes: Sequence[tuple[int, int]],
    trials: int,
) -> list[Task]:
    """Return the searches of every network at every size."""
    return [
        width_task(
            memory=memory, d=d, N=N, criterion="0.99", degree=degree, trials=trials, seed=seed,
            experiment="widths",
        )
        for memory, degree in networks
        for d, N in sizes
    ]  # fmt: skip


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with the predicted width and its leading order."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        memory, k = task.arguments["memory"], task.arguments["degree"]
        d, N, m = point["d"], point["N"], point["width"]
        predicted = predicted_width(memory, k, d=d, N=N)
        found.append(
            {
                "memory": memory,
                "k": k,
                "d": d,
                "N": N,
                "measured": m,
                "interval": point["interval"],
                "predicted": predicted,
                "off": None if m is None else 100 * (predicted / m - 1),
                "leading": leading_width(N, d, k) if memory == "gated-mlp" else None,
                "load": None if m is None else m * d / (N * np.log(N)),
            }
        )
    return found


EXHIBIT = Exhibit(
    name="mlp-widths",
    theorem="mlp-capacity",
    title="Widths of networks that recall 99%",
    caption="Number of neurons $m$ at which a trial recalls 99% of $N$ facts: median with 99% "
    "interval, the width at which the law's expected recall is 99%, and for the gated network "
    "the law's leading order.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("network"),
        "k": Column("degree $k$"),
        "d": Column("$d$"),
        "N": Column("$N$"),
        "measured": Column("$m$ measured"),
        "interval": Column("99% interval"),
        "predicted": Column("predicted"),
        "off": Column("off by (%)", digits=2),
        "leading": Column("leading order"),
        "load": Column("$m d / (N \\log N)$", digits=3),
    },
    quick={
        "networks": (("gated-mlp", 2), ("gated-mlp", 3), ("whitened-mlp", 1)),
        "sizes": ((32, 128), (32, 256), (32, 512), (64, 256)),
        "trials": 8,
    },
    full={
        "sizes": ((32, 128), (32, 256), (32, 512), (64, 256), (64, 512), (64, 1024), (64, 2048)),
        "trials": 20,
    },
)
"""The law of gated memories and of read-outs, where widths can be searched."""
