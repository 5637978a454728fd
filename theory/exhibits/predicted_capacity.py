"""Predicted against measured capacity of linear memories."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sims.engine.results import log_scales
from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.capacity import capacity_of
from theory.points import capacity_task
from theory.rendering.axes import MEASURED, PREDICTED, bars, legend_above

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT", "MEMORIES", "capacity_rows", "capacity_tasks"]

MEMORIES: Mapping[str, Mapping[str, Any]] = {
    "linear": {"memory": "linear"},
    "1 bit": {"memory": "linear", "bits": 1},
    "2 bits": {"memory": "linear", "bits": 2},
    "projected, d/2": {"memory": "low-rank", "rank": "d/2"},
    "truncated, d/2": {"memory": "low-rank-svd", "rank": "d/2"},
    "dual in inputs": {"memory": "dual-inputs"},
}
"""Linear memories by their short names, with their options."""


def capacity_tasks(
    memories: Sequence[str], criteria: Sequence[str], d: Sequence[int], *, trials: int, seed: int
) -> list[Task]:
    """Return the capacity searches of some memories.

    A rate is searched only where it is one: of fewer than 1/(1 - rate) facts a trial that forgets
    one has forgotten too many.
    """
    return [
        capacity_task(
            **MEMORIES[name], d=k, criterion=rate, trials=trials, seed=seed,
            experiment="capacities",
        )
        for name in memories
        for rate in criteria
        for k in d
        if rate == "all" or _predicted(MEMORIES[name], k, rate) * (1 - float(rate)) >= 1
    ]  # fmt: skip


def _predicted(options: Mapping[str, Any], d: int, criterion: str) -> float:
    rate = 1.0 if criterion == "all" else float(criterion)
    return capacity_of(Construction(**options), d=d, rate=rate)


def capacity_rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with what is predicted at its d."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        asked = task.arguments
        options = {key: asked[key] for key in ("memory", "bits", "rank") if key in asked}
        name = next(name for name, known in MEMORIES.items() if known == options)
        predicted = _predicted(options, point["d"], asked["criterion"])
        found.append(
            {
                "memory": name,
                "criterion": asked["criterion"],
                "d": point["d"],
                "measured": point["N"],
                "interval": point["interval"],
                "predicted": predicted,
                "off": 100 * (predicted / point["N"] - 1) if point["N"] else None,
                "law": point["law"],
                "trials": point["trials"],
            }
        )
    return found


def points(
    *,
    seed: int,
    size: str,
    memories: Sequence[str],
    criteria: Sequence[str],
    d: Sequence[int],
    trials: int,
) -> list[Task]:
    """Return the capacity searches of every memory."""
    return capacity_tasks(memories, criteria, d, trials=trials, seed=seed)


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw measured over predicted capacity against d, one panel for each criterion."""
    from matplotlib.figure import Figure

    criteria = list(dict.fromkeys(row["criterion"] for row in found))
    whole = Figure(figsize=(6.8, 3.2), layout="constrained")
    names = list(dict.fromkeys(row["memory"] for row in found))
    axes = whole.subplots(1, len(criteria), sharey=True, squeeze=False)[0]
    for ax, rate in zip(axes, criteria, strict=True):
        for i, name in enumerate(names):
            chosen = [row for row in found if (row["memory"], row["criterion"]) == (name, rate)]
            ratio = [row["measured"] / row["predicted"] for row in chosen]
            ends = [[end and end / row["predicted"] for end in row["interval"]] for row in chosen]
            # Side by side, so that bars at the same d can be told apart.
            x = [row["d"] * 1.06 ** (i - (len(names) - 1) / 2) for row in chosen]
            ax.errorbar(x, ratio, yerr=bars(ratio, ends), fmt="osD^v<>"[i], mfc="none", label=name)
        ax.axhline(1, color=PREDICTED, lw=1)
        log_scales(ax, x_base=2)
        ax.set_yscale("linear")
        ax.set_xlabel("dimension $d$")
        ax.set_title("all recalled" if rate == "all" else f"{float(rate):.0%} recalled")
    axes[0].set_ylabel("measured / predicted $N$", color=MEASURED)
    legend_above(whole, ncols=5)
    return whole


EXHIBIT = Exhibit(
    name="predicted-capacity",
    theorem="sharp-linear-capacity",
    title="Predicted against measured capacity",
    caption="Capacity of linear memories: median $N$ of which all, or 99%, are recalled, with "
    "99% intervals, beside the prediction at the same $d$, in which nothing is fitted. For 99% "
    "only where more than 100 are predicted: of fewer a trial that forgets one has lost more; "
    "the prediction is where the expected recall is 99%, while the median trial forgets about "
    "$\\lfloor N/100 \\rfloor + 2/3$ facts.",
    points=points,
    rows=capacity_rows,
    columns={
        "memory": Column("memory"),
        "criterion": Column("recalled"),
        "d": Column("$d$"),
        "measured": Column("$N$ measured", digits=5),
        "interval": Column("99% interval", digits=5),
        "predicted": Column("predicted", digits=5),
        "off": Column("off by (%)", digits=2),
    },
    quick={
        "memories": ("linear", "1 bit", "projected, d/2", "truncated, d/2", "dual in inputs"),
        "criteria": ("all", "0.99"),
        "d": (32, 64, 128, 192),
        "trials": 20,
    },
    full={"d": (32, 64, 128, 256), "trials": 40},
    figure=figure,
    alternative="Measured over predicted capacity against the dimension, for five linear memories "
    "and two criteria, with 99% intervals around a line at one.",
)
"""The predictions of :mod:`theory.memories.recall` where they can be measured."""
