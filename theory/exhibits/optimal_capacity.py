"""What linear memories hold: written down, whitened, and the best there is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.capacity import capacity_of
from theory.memories.optimal import optimal_capacity, optimal_limit
from theory.points import capacity_task
from theory.rendering.axes import PREDICTED, bars, legend_above, level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

SINGLE = 32
"""Bits of a weight that is not rounded."""

NAMES = {"linear": "outer products", "dual-both": "whitened", "optimal-linear": "best"}
"""Memories by the names that they have here."""


def points(
    *,
    seed: int,
    size: str,
    memories: Sequence[tuple[str, int | None]],
    d: Sequence[int],
    trials: Mapping[str, int],
) -> list[Task]:
    """Return the capacity search of every memory, with exact weights or a number of bits, and d."""
    return [
        capacity_task(
            memory=memory, bits=bits, d=k, trials=trials[memory], resolution=0.01, seed=seed,
            experiment="best-capacity",
        )
        for memory, bits in memories
        for k in d
    ]  # fmt: skip


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with what is predicted at its d."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        memory, bits, d, N = (
            task.arguments["memory"],
            task.arguments["bits"],
            point["d"],
            point["N"],
        )
        predicted = None
        if memory != "optimal-linear":
            predicted = capacity_of(Construction(memory, bits=bits), d=d)
        elif bits is None:
            predicted = optimal_capacity(d)[0]
        stored = float(scipy.special.xlogy(N, N)) / np.log(2) / d**2
        found.append(
            {
                "memory": NAMES[memory],
                "bits": bits,
                "d": d,
                "N": N,
                "interval": point["interval"],
                "predicted": predicted,
                "law": point["law"],
                "per_parameter": N / d**2,
                "stored": stored,
                "per_bit": stored / (SINGLE if bits is None else bits),
                "trials": point["trials"],
                "proved": point.get("proved"),
            }
        )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw N log N / d^2 against d: measured, predicted far beyond, and the limits."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(5.6, 3.8), layout="constrained")
    ax = whole.subplots()
    exact = [row for row in found if row["bits"] is None]
    for marker, colour, name in zip("osD", ("C0", "C2", "C1"), NAMES.values(), strict=True):
        chosen = [row for row in exact if row["memory"] == name]
        law = [row["law"] for row in chosen]
        ends = [
            [None if end is None else float(scipy.special.xlogy(end, end)) / row["d"] ** 2
             for end in row["interval"]]
            for row in chosen
        ]  # fmt: skip
        ax.errorbar([row["d"] for row in chosen], law, yerr=bars(law, ends), fmt=marker,
                    color=colour, mfc="none", label=f"{name}, measured")  # fmt: skip
    grid = np.geomspace(8, 1e9, 40)
    best = [log_N * np.exp(log_N) / d**2 for d, log_N in ((d, optimal_limit(d)) for d in grid)]
    ax.plot(grid, best, color=PREDICTED, lw=1, label="predicted, answers nearly orthogonal")
    plain = [capacity_of(Construction("linear"), d=int(d)) for d in grid]
    ax.plot(grid, scipy.special.xlogy(plain, plain) / grid**2, color=PREDICTED, lw=1, ls="--",
            label="predicted, outer products")  # fmt: skip
    level(ax, 1 / 8, "limit 1/8 of outer products", below=True)
    level(ax, 1 / 2, "limit 1/2 of the best", below=True)
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("dimension $d$")
    ax.set_ylabel("$N \\log N / d^2$, all recalled")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="optimal-capacity",
    theorem="optimal-linear-capacity",
    title="Written down, whitened, and the best",
    caption="Facts that linear memories recall whole: $\\sum_x u_x e_x^\\top$, least squares in "
    "both embeddings, and the best $W$, certified; medians with 99% intervals. With $b = 1$ the "
    "matrix is rounded to its signs; else its weights are spent as 32 bits each. Bits of facts are "
    "$N \\log_2 N$; of each bit spent no memory can store more than one. Predicted without "
    "fitted parameters: by interference, and by "
    "$N \\delta(N, d) = d^2$. Proved: trials in which the size above is proved impossible.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "bits": Column("$b$"),
        "d": Column("$d$"),
        "N": Column("$N$", digits=5),
        "interval": Column("99% interval", digits=5),
        "predicted": Column("predicted", digits=4),
        "law": Column("$N \\log N / d^2$", digits=3),
        "stored": Column("bits per parameter", digits=3),
        "per_bit": Column("per bit spent", digits=3),
        "trials": Column("trials"),
        "proved": Column("proved"),
    },
    quick={
        "memories": (
            ("linear", None), ("linear", 1), ("dual-both", None), ("optimal-linear", None),
        ),
        "d": (8, 16, 24),
        "trials": {"linear": 40, "dual-both": 40, "optimal-linear": 8},
    },
    full={
        "d": (8, 16, 32, 64),
        "trials": {"linear": 100, "dual-both": 100, "optimal-linear": 10},
    },
    figure=figure,
    alternative="N log N / d^2 against the dimension, to d of a billion: measured points of three "
    "linear memories with intervals, two predicted curves, and lines at 1/8 and 1/2.",
)  # fmt: skip
"""How much the construction leaves on the table."""
