"""NLB Figure 4 (right) by training: recall over attention and MLP parameters."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import trained_map_task
from theory.rendering.axes import MEASURED, legend_above

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
    heads: Sequence[int],
    widths: Sequence[int],
    trials: int,
) -> list[Task]:
    """Return one point for each number of heads."""
    return [
        trained_map_task(
            shape=list(shape), d=d, head_dim=head_dim, heads=[each], widths=list(widths),
            trials=trials, seed=seed,
        )
        for each in heads
    ]  # fmt: skip


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per number of heads and width."""
    return [
        {
            **{name: value[name] for name in ("S", "R", "D", "d")},
            "facts": value["S"] * value["R"],
            **point,
            "total": point["attention"] + point["mlp"],
        }
        for value in values
        for point in value["points"]
    ]


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the map of recall, sizes that recall everything framed, and lines of equal sums."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(5.6, 3.8), layout="constrained")
    ax = whole.subplots()
    x, y, recall = (
        [row[name] for row in found] for name in ("attention", "mlp", "recall")
    )  # fmt: skip
    shown = ax.scatter(x, y, c=recall, marker="s", s=110, cmap="cividis", vmin=0, vmax=1)
    whole.colorbar(shown, ax=ax, label="facts recalled, mean over tables")
    complete = [row for row in found if row["all_recalled"] == 1]
    ax.scatter(
        [row["attention"] for row in complete], [row["mlp"] for row in complete], marker="s",
        s=150, facecolor="none", edgecolor="C3", lw=1.5, label="every fact of every table",
    )  # fmt: skip
    if complete:
        least = min(row["total"] for row in complete)
        ax.plot([0, least], [least, 0], ":", color=MEASURED, lw=1, label=f"sum {least:,}")
    ax.set_xlim(0, 1.1 * max(x))
    ax.set_ylim(-0.07 * max(y), 1.15 * max(y))
    ax.set_xlabel("attention parameters $4 H d d_h$")
    ax.set_ylabel("MLP parameters $2 m d$")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="trained-tradeoff",
    theorem="attention-mlp",
    title="Attention against MLP by training (NLB Figure 4, right)",
    caption="What trained transformers recall of random tables, each fact in four prompts, over "
    "numbers of heads $H$ and widths $m$: 4,096 steps of Adam, the better of two learning rates in "
    "each trial. Whole: share of the tables of which every fact is recalled. The dotted line of "
    "the figure joins sizes of the least sum of parameters with which every table is.",
    points=points,
    rows=rows,
    columns={
        "heads": Column("$H$"),
        "head_dim": Column("$d_h$"),
        "width": Column("$m$"),
        "attention": Column("attention parameters"),
        "mlp": Column("MLP parameters"),
        "recall": Column("recall", digits=4),
        "all_recalled": Column("whole"),
        "trials": Column("tables"),
    },
    quick={
        "shape": (4, 4, 4),
        "d": 12,
        "head_dim": 2,
        "heads": (2, 4),
        "widths": (0, 8),
        "trials": 2,
    },
    full={
        "shape": (8, 8, 4),
        "d": 16,
        "heads": (2, 4, 6, 8),
        "widths": (0, 8, 16, 32),
        "trials": 4,
    },
    figure=figure,
    alternative="A map of recall over attention and MLP parameters of trained transformers, with "
    "the sizes that recall everything framed and a line of equal sums.",
    extra="train",
)
"""Heads and neurons can hold facts in each other's place, as far as training finds them."""
