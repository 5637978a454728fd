"""Capacities of linear memories: guaranteed, predicted, measured, and guaranteed to fail."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import scipy

from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.capacity import capacity_of
from theory.memories.class_guarantee import balanced_capacity
from theory.memories.converse import failing_from
from theory.memories.guarantee import guaranteed_capacity
from theory.points import capacity_task
from theory.rendering.axes import guarantee_panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

MEMORIES: Mapping[str, Mapping[str, Any]] = {
    "single matrix": {"memory": "linear"},
    "projector of rank d/2": {"memory": "low-rank", "rank": "d/2"},
    "d balanced classes": {"memory": "linear", "facts": "balanced"},
}
"""Memories by the names of their panels, with what is asked for."""


def points(
    *, seed: int, size: str, memories: Sequence[str], d: Sequence[int], trials: int
) -> list[Task]:
    """Return the capacity search of every memory and d."""
    tasks = []
    for name in memories:
        asked = MEMORIES[name]
        for k in d:
            outputs = {"outputs": k} if "facts" in asked else {}
            tasks.append(
                capacity_task(
                    **asked, d=k, criterion="all", trials=trials, seed=seed,
                    experiment="capacities", **outputs,
                )
            )  # fmt: skip
    return tasks


@cache
def _theory(name: str, d: int) -> tuple[int, float, int | None]:
    """Return what is guaranteed, predicted, and guaranteed to fail."""
    if name == "d balanced classes":
        law = capacity_of(Construction("linear"), d=d, facts="balanced", M=d)
        return balanced_capacity(d, d), law, None
    asked = MEMORIES[name]
    law = capacity_of(Construction(**asked), d=d)
    rank = Construction(**asked).rank_at(d)
    return guaranteed_capacity(d, rank=rank), law, failing_from(d, rank=rank)


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with what is known without it."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        kept = {key: task.arguments.get(key) for key in ("memory", "rank", "facts")}
        name = next(
            name for name, asked in MEMORIES.items()
            if kept == {"memory": None, "rank": None, "facts": None, **asked}
        )  # fmt: skip
        d = point["d"]
        guaranteed, predicted, fails = _theory(name, d)
        found.append(
            {
                "memory": name,
                "d": d,
                "rank": Construction("", rank=kept["rank"]).rank_at(d) or d,
                "guaranteed": guaranteed,
                "predicted": predicted,
                "measured": point["N"],
                "interval": point["interval"],
                "fails": fails,
                "share": guaranteed / predicted,
                "trials": point["trials"],
            }
        )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw N log N / (m d) against d, one panel for each memory."""
    whole = guarantee_panels(
        found, "memory", "d", ("guaranteed", "predicted", "fails"),
        scale=lambda row, N: float(scipy.special.xlogy(N, N)) / (row["rank"] * row["d"]),
        figsize=(6.6, 3.1), sharey=True,
    )  # fmt: skip
    for ax in whole.axes:
        ax.set_xlabel("dimension $d$")
    whole.axes[0].set_ylabel("$N \\log N / (m d)$")
    return whole


EXHIBIT = Exhibit(
    name="guaranteed-capacity",
    theorem="linear-capacity",
    title="Guaranteed, predicted and measured capacity",
    caption="Facts $N$ that are all recalled in half of the draws: guaranteed (proved), predicted "
    "without a fitted parameter, and measured (median with 99% interval), for "
    "$\\sum_x u_{f(x)} e_x^\\top$, for the same matrix behind a random projector of rank "
    "$m = d/2$, and for balanced classes with $M = d$ outputs. In the figure $N$ is drawn as "
    "$N \\log N / (m d)$, with $m = d$ where there is no projector. At the $N$ of the dotted line "
    "a fact is proved to be lost in at least half of the draws. Such a bound is known for the "
    "single matrix, and says nothing at small $d$. Behind a projector it is proved only as "
    "$d \\to \\infty$, and for classes none is known.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "d": Column("$d$"),
        "guaranteed": Column("$N$ guaranteed", digits=5),
        "predicted": Column("predicted", digits=4),
        "measured": Column("measured", digits=5),
        "interval": Column("99% interval", digits=5),
        "fails": Column("proved to fail", digits=5),
        "share": Column("guaranteed / predicted", digits=2),
    },
    quick={"memories": tuple(MEMORIES), "d": (32, 64, 128), "trials": 20},
    full={"d": (32, 64, 96, 128, 192, 256), "trials": 40},
    figure=figure,
    alternative="N log N / (m d) against the dimension for one matrix, a projector and classes: "
    "measured medians with intervals on the predicted curve, the guaranteed curve below both, and "
    "for one matrix, far above, a curve from which failure is proved.",
)
"""How far what is proved of linear memories is from what they do."""
