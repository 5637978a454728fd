"""NLB Figure 4, right, by construction: recall over attention and MLP parameters."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import recalled_task, smallest_task
from theory.rendering.axes import GUARANTEED, MEASURED, PREDICTED, bars, legend_above

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]


def points(
    *,
    seed: int,
    size: str,
    shape: Sequence[int],
    d: int,
    head_dim: int,
    shares: Sequence[float],
    widths: Sequence[int],
    trials: int,
    map_trials: int,
) -> list[Task]:
    """Return the smallest MLP for each share of the subjects in attention, and recall on a grid."""
    same = {
        "model": "hybrid", "shape": list(shape), "d": d, "head_dim": head_dim, "seed": seed,
        "experiment": "tradeoff",
    }  # fmt: skip
    return [smallest_task(**same, share=share, vary="width", trials=trials) for share in shares] + [
        recalled_task(**same, share=share, width=m, trials=map_trials)
        for share in shares
        for m in widths
    ]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per share, which carries the recall at each width of the grid."""
    found: dict[float, dict[str, Any]] = {}
    for task, value in zip(tasks, values, strict=True):
        asked = task.arguments
        share, d = asked["share"], asked["d"]
        if "vary" in asked:
            ends = value["interval"]
            found[share] = {
                "share": share,
                "attention": None,
                "mlp": None if value["size"] is None else 2 * d * value["size"],
                "interval": [None if end is None else 2 * d * end for end in ends],
                **{name: value[name] for name in ("S", "R", "D", "facts")},
                "d": d,
                "d_h": asked["head_dim"],
                "trials": value["trials"],
                "grid": [],
            }
        else:
            found[share]["attention"] = value["parameters"] - 2 * d * asked["width"]
            found[share]["grid"].append([2 * d * asked["width"], value["recall"]])
    return list(found.values())


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the map of recall, the measured boundary with intervals, and a straight line."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(5.6, 4.0), layout="constrained")
    ax = whole.subplots()
    grid = [(row["attention"], mlp, recall) for row in found for mlp, recall in row["grid"]]
    x, y, recall = zip(*grid, strict=True)
    drawn = ax.scatter(x, y, c=recall, marker="s", s=70, cmap="cividis", vmin=0, vmax=1)
    whole.colorbar(drawn, ax=ax, label="facts recalled")
    ends = [row for row in found if row["mlp"] is not None]
    boundary = [row["mlp"] for row in ends]
    attention = [row["attention"] for row in ends]
    ax.errorbar(
        attention, boundary, yerr=bars(boundary, [row["interval"] for row in ends]), fmt="o",
        color=GUARANTEED, mec=MEASURED, label="smallest MLP, measured",
    )  # fmt: skip
    if len(ends) > 1:
        slope, height = np.polyfit(attention, boundary, 1)
        span = np.array([min(attention), max(attention)])
        label = f"straight line, fitted: saves {-slope:.2f}"
        ax.plot(span, slope * span + height, "--", color=PREDICTED, label=label)
    # The theorem's line with constants 1: attention + MLP = what copying takes + 2 S R.
    first = found[0]["attention"]
    span = np.array([min(x), max(x)])
    line = np.maximum(0.0, 2 * found[0]["facts"] + first - span)
    ax.plot(span, line, ":", color=MEASURED, label="sum constant, constants 1")
    ax.set_xlabel("attention parameters $4 H d d_h$")
    ax.set_ylabel("MLP parameters $2 m d$")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="nlb-figure-4-right",
    theorem="attention-mlp",
    title="Attention against MLP (NLB Figure 4, right)",
    caption="How many MLP parameters hold every fact when attention knows a share of the subjects, "
    "the counterpart of NLB Figure 4 (right) by construction: medians over tables with 99% "
    "intervals. In the figure colours are the recall of a few tables; the dashed line is fitted.",
    points=points,
    rows=rows,
    columns={
        "S": Column("$S$"),
        "R": Column("$R$"),
        "D": Column("$D$"),
        "d": Column("$d$"),
        "d_h": Column("$d_h$"),
        "share": Column("share in attention"),
        "attention": Column("attention parameters"),
        "mlp": Column("MLP parameters", digits=6),
        "interval": Column("99% interval", digits=6),
        "trials": Column("tables"),
    },
    quick={
        "shape": (16, 16, 8),
        "d": 48,
        "head_dim": 4,
        "shares": (0.0, 0.25, 0.5, 0.75),
        "widths": (2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28),
        "trials": 8,
        "map_trials": 2,
    },
    full={
        "shape": (32, 32, 8),
        "d": 96,
        "head_dim": 8,
        "widths": (4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52),
        "map_trials": 3,
    },
    figure=figure,
    alternative="A map of recall over attention and MLP parameters. The boundary of complete "
    "recall, measured with intervals, falls along a straight line as attention grows.",
)
"""Facts may be split between the value matrices and the MLP."""
