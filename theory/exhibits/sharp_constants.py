"""Sharp constants: N log N / d^2 measured, predicted at finite d, and in the limit."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from assoc.bits.levels import gaussian_quantiser
from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.exhibits.predicted_capacity import MEMORIES, capacity_rows, capacity_tasks
from theory.memories.capacity import capacity_of
from theory.rendering.axes import bars, legend_above, level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

CASES = (("linear", "all"), ("linear", "0.5"), ("1 bit", "all"), ("2 bits", "all"),
         ("projected, d/2", "all"))  # fmt: skip


def _limit(memory: str, criterion: str) -> float:
    """Limit of N log N / d^2."""
    level = 1 / 8 if criterion == "all" else 1 / 2
    options = MEMORIES[memory]
    if "bits" in options:
        level *= gaussian_quantiser(options["bits"])[1]
    return level / 2 if "rank" in options else level


def points(*, seed: int, size: str, d: Sequence[int], trials: int) -> list[Task]:
    """Return the capacity searches of every case."""
    return [
        task
        for memory, rate in CASES
        for task in capacity_tasks([memory], [rate], d, trials=trials, seed=seed)
    ]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with N log N / d^2 in place of N."""
    found = []
    for row in capacity_rows(tasks, values):

        def law(N: float, d: int = row["d"]) -> float:
            return float(scipy.special.xlogy(N, N) / d**2)

        found.append(
            {
                "memory": row["memory"],
                "criterion": row["criterion"],
                "d": row["d"],
                "measured": row["law"],
                "interval": [None if end is None else law(end) for end in row["interval"]],
                "predicted": law(row["predicted"]),
                "limit": _limit(row["memory"], row["criterion"]),
                "trials": row["trials"],
            }
        )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw N log N / d^2 over its limit against d, measured and predicted far beyond."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(5.6, 4.0), layout="constrained")
    ax = whole.subplots()
    grid = np.r_[np.geomspace(16, 2048, 11).round(), np.geomspace(1e4, 1e9, 6).round()]
    styles = ("-", "--", "-.", ":", (0, (5, 1)))
    for (memory, rate), marker, colour, style in zip(
        CASES, "osD^v", ("C0", "C1", "C2", "C3", "C4"), styles, strict=True
    ):
        chosen = [row for row in found if (row["memory"], row["criterion"]) == (memory, rate)]
        limit = _limit(memory, rate)
        ratio = [row["measured"] / limit for row in chosen]
        ends = [[end and end / limit for end in row["interval"]] for row in chosen]
        name = f"{memory}, {'all' if rate == 'all' else 'half'} recalled: limit {limit:.4f}"
        ax.errorbar([row["d"] for row in chosen], ratio, yerr=bars(ratio, ends), fmt=marker,
                    color=colour, mfc="none", label=name)  # fmt: skip
        law = []
        for d in grid:
            share = 1.0 if rate == "all" else float(rate)
            N = capacity_of(Construction(**MEMORIES[memory]), d=int(d), rate=share)
            law.append(N * np.log(N) / d**2 / limit)
        ax.plot(grid, law, color=colour, lw=1, ls=style)
    level(ax, 1, "limit as $d$ grows", below=True)
    ax.plot([], [], color="C0", lw=1, label="lines: predicted, nothing fitted")
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("dimension $d$")
    ax.set_ylabel("$N \\log N / d^2$ over its limit")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="sharp-constants",
    theorem="sharp-linear-capacity",
    title="Sharp constants of linear memories",
    caption="$N \\log N / d^2$ at the capacity: median with 99% interval, predicted at the same "
    "$d$, and the limit as $d$ grows, which is $1/8$ for whole recall and $1/2$ for half of the "
    "inputs, times $\\kappa_b$ for $b$-bit weights and $m/d$ for rank $m$.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "criterion": Column("recalled"),
        "d": Column("$d$"),
        "measured": Column("measured", digits=3),
        "interval": Column("99% interval", digits=3),
        "predicted": Column("predicted", digits=3),
        "limit": Column("limit"),
    },
    quick={"d": (32, 64, 128), "trials": 20},
    full={"d": (32, 64, 128, 256), "trials": 40},
    figure=figure,
    alternative="N log N / d^2 over its limit against the dimension, to d of a billion: measured "
    "points with intervals, predicted curves, and a line at one, their limit.",
)
"""How far the limits are at sizes that can be measured."""
