"""What training finds of memories, beside what is written down and the best there is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from sims.engine.statistics import log_slope
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import capacity_task, trained_capacity_task
from theory.rendering.axes import PREDICTED, bars, log_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

WEIGHT = 32
"""Bits of a weight."""

NAMES = {
    "linear": "outer products",
    "dual-both": "whitened",
    "optimal-linear": "best matrix",
    "trained-linear": "trained matrix",
    "whitened-mlp": "whitened network",
    "optimal-mlp": "best read-out",
    "trained-mlp": "trained network",
}
"""Memories by the names that they have here, in the order of the table."""

NETWORKS = ("whitened-mlp", "optimal-mlp", "trained-mlp")
"""Those with a hidden layer."""


def points(
    *, seed: int, size: str, matrices: Sequence[int], networks: Sequence[int], trials: int
) -> list[Task]:
    """Return the capacity search of every matrix, and every network of width 2d, at each d."""
    found = []
    for memory in NAMES:
        layered = memory in NETWORKS
        for d in networks if layered else matrices:
            asked = {"d": d, "trials": trials, "resolution": 0.02, "seed": seed,
                     "experiment": "best-capacity"}  # fmt: skip
            if layered:
                asked["width"] = "2d"
            if memory.startswith("trained-"):
                task = trained_capacity_task(model=memory.removeprefix("trained-"), **asked)
            else:
                task = capacity_task(memory=memory, **asked)
            found.append(task)
    return found


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search; slopes are those of all dimensions of a memory."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        asked = task.arguments
        memory = asked["memory"] if "memory" in asked else f"trained-{asked['model']}"
        d, N = point["d"], point["N"]
        parameters = 4 * d * d if memory in NETWORKS else d * d
        stored = None if N is None else float(scipy.special.xlogy(N, N) / np.log(2)) / parameters
        found.append(
            {
                "memory": NAMES[memory],
                "d": d,
                "parameters": parameters,
                "N": N,
                "interval": point["interval"],
                "per_parameter": None if N is None else N / parameters,
                "stored": stored,
                "per_bit": None if stored is None else stored / WEIGHT,
                "ends": point["low"],
                "trials": point["trials"],
                "slope": None,
                "slope_of_N_log_N": None,
            }
        )
    for name in NAMES.values():
        chosen = [row for row in found if row["memory"] == name]
        x = [row["parameters"] for row in chosen]
        if len(chosen) > 1 and all(min(row["ends"]) > 1 for row in chosen):
            ends = np.array([row["ends"] for row in chosen], float)
            slopes = {"slope": ends, "slope_of_N_log_N": scipy.special.xlogy(ends, ends)}
            for key, y in slopes.items():
                slope = list(log_slope(x, y)[1])
                for row in chosen:
                    row[key] = slope
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw facts against parameters: matrices filled, networks open."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(6.4, 3.6), layout="constrained")
    ax = whole.subplots()
    colours = {"outer products": "C0", "whitened": "C2", "best": "C1", "trained": "k"}
    for (memory, name), marker in zip(NAMES.items(), "osDxs^x", strict=True):
        chosen = [row for row in found if row["memory"] == name and row["N"] is not None]
        colour = next(c for start, c in colours.items() if name.startswith(start))
        N = [row["N"] for row in chosen]
        ax.errorbar(
            [row["parameters"] for row in chosen], N,
            yerr=bars(N, [row["interval"] for row in chosen]), fmt=marker, color=colour,
            mfc="none" if memory in NETWORKS else None, ls="--" if memory in NETWORKS else "-",
            lw=0.8, label=name,
        )  # fmt: skip
    x = np.array([min(row["parameters"] for row in found), max(row["parameters"] for row in found)])
    ax.plot(x, x, ":", color=PREDICTED, label="one fact per parameter")
    log_axes(ax)
    ax.set_xlabel("parameters")
    ax.set_ylabel("facts $N$, all recalled")
    whole.legend(loc="outside right upper", fontsize="small")
    return whole


EXHIBIT = Exhibit(
    name="trained-memories",
    theorem="optimal-linear-capacity",
    title="Trained memories beside constructed ones and the best (NLB Figure 1)",
    caption="Facts that memories of equal sizes recall whole: matrices with $d^2$ parameters, "
    "networks $V^\\top \\sigma(W e)$ of width $2d$ with $4d^2$. Best matrix: any $W$; best "
    "read-out: any $V$ on random features; trained: both layers, 4,096 steps of Adam, the best of "
    "three learning rates. Medians with 99% intervals. Bits of facts are $N \\log_2 N$, weights "
    "are spent as 32 bits each; of each bit spent no memory can store more than one. Slopes: 99% "
    "intervals of those of $\\log N$ and $\\log (N \\log N)$ against the logarithm of the number "
    "of parameters, over the dimensions shown.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "d": Column("$d$"),
        "parameters": Column("parameters"),
        "N": Column("$N$", digits=5),
        "interval": Column("99% interval", digits=5),
        "per_parameter": Column("facts per parameter", digits=3),
        "stored": Column("bits per parameter", digits=3),
        "per_bit": Column("per bit spent", digits=3),
        "slope": Column("slope of $\\log N$", digits=3),
        "slope_of_N_log_N": Column("of $\\log (N \\log N)$", digits=3),
    },
    quick={"matrices": (6,), "networks": (4,), "trials": 8},
    full={"matrices": (16, 32, 64), "networks": (16, 24, 32)},
    figure=figure,
    alternative="A logarithmic plot of facts against parameters for four matrices and three "
    "networks. The trained matrix lies on the best one; the trained network is above all others.",
    extra="train",
)
"""How much the constructions leave on the table."""
