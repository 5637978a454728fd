"""NLB Figures 4 (left) and 7 to 9 by training, beside the constructions at the same tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.statistics import log_slope
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.exhibits.nlb_figures_7_9 import MODELS, Family, families_of, family_tasks
from theory.points import parameters_at, trained_smallest_task
from theory.rendering.axes import GUARANTEED, MEASURED, PREDICTED, bars, legend_above, log_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]


def points(*, seed: int, size: str, families: Mapping[str, Family], trials: int) -> list[Task]:
    """Return the searches by training, and then those by construction, each shape once."""
    shapes = list(dict.fromkeys(shape for family in families.values() for shape in family))
    trained = [
        trained_smallest_task(
            model=model, shapes=list(shape), vary=vary, trials=trials, seed=seed,
            d=None if vary == "d" else d, experiment="facts and parameters",
        )
        for model, (vary, d) in MODELS.items()
        for shape in shapes
    ]  # fmt: skip
    return trained + family_tasks(shapes, trials=trials, seed=seed)


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search; a slope is that of all shapes of a family of S and R."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        asked, trained = task.arguments, "points" in value
        vary = asked["vary"]
        d = MODELS[asked["model"]][1] if asked["d"] is None else asked["d"]
        (row,) = value["points"] if trained else (value,)
        size = {"vary": vary, "d": d, "step": asked.get("step", 1)}
        found.append(
            {
                "model": asked["model"],
                "by": "training" if trained else "construction",
                **{name: row[name] for name in ("S", "R", "D", "facts")},
                "varied": "d" if vary == "d" else f"m, d = {d}",
                "size": row[vary],
                "size interval": row["interval"],
                "parameters": row["parameters"],
                "interval": parameters_at(row, row["interval"], **size),
                "ends": parameters_at(row, row["high"], **size),
                "trials": row["trials"],
                "slope": None,
            }
        )
    for row in found:
        alike = [other for other in found if _series(other) == _series(row)]
        ends = np.array([other["ends"] for other in alike], float)
        if row["S"] == row["R"] and row["D"] == 8 and len(alike) > 1 and np.isfinite(ends).all():
            # Facts are given and parameters are found: what is fitted is the inverse.
            low, high = log_slope([other["facts"] for other in alike], ends)[1]
            row["slope"] = [1 / high, 1 / low if low > 0 else None]
    return found


def _series(row: Mapping[str, Any]) -> tuple[str, str, bool]:
    return row["model"], row["by"], row["S"] == row["R"] and row["D"] == 8


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw one panel for each family that has rows: facts against parameters, trained filled."""
    from matplotlib.figure import Figure

    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in found:
        for name in families_of(row["S"], row["R"], row["D"]):
            groups.setdefault(name, []).append(row)
    whole = Figure(figsize=(6.8, 3.3), layout="constrained")
    panels = whole.subplots(1, max(1, len(groups)), sharey=True, squeeze=False)[0]
    for ax, (name, inside) in zip(panels, groups.items(), strict=False):
        for marker, model, colour in zip("os", MODELS, (MEASURED, GUARANTEED), strict=True):
            for by, filled in (("construction", "none"), ("training", None)):
                chosen = [row for row in inside if (row["model"], row["by"]) == (model, by)
                          and row["parameters"] is not None]  # fmt: skip
                x = [row["parameters"] for row in chosen]
                ax.errorbar(
                    x, [row["facts"] for row in chosen], fmt=marker, color=colour, mfc=filled,
                    xerr=bars(x, [row["interval"] for row in chosen]) if chosen else None,
                    label=f"{model}, {by}", ms=4,
                )  # fmt: skip
        x = [row["parameters"] for row in inside if row["parameters"] is not None]
        if x:
            level = np.exp(np.mean([np.log(row["facts"] / row["parameters"]) for row in inside
                                    if row["parameters"] is not None]))  # fmt: skip
            ends = np.array([min(x), max(x)])
            ax.plot(ends, level * ends, ":", color=PREDICTED, label="slope 1, through all points")
        log_axes(ax)
        ax.set_xlabel("parameters")
        ax.set_title(f"${name}$")
    whole.axes[0].set_ylabel("facts $S R$")
    legend_above(whole, ncols=3)
    return whole


EXHIBIT = Exhibit(
    name="trained-transformers",
    theorem="attention-mlp",
    title="Trained transformers beside constructed ones (NLB Figures 4, left, and 7 to 9)",
    caption="The smallest transformers that recall every fact of random tables, each fact in four "
    "prompts, after training (4,096 steps of Adam on all facts at once, prompts drawn anew at "
    "every step, the better of two learning rates) and by construction, on the same tables and "
    "embeddings: for `attention-only` the dimension $d$ is searched, for `attention-mlp` the width "
    "$m$. Medians over tables with 99% intervals. Slope: 99% interval of that of the logarithm "
    "of the number of facts against that of parameters, over the tables with $S = R$, $D = 8$.",
    points=points,
    rows=rows,
    columns={
        "model": Column("transformer"),
        "by": Column("by"),
        "S": Column("$S$"),
        "R": Column("$R$"),
        "D": Column("$D$"),
        "facts": Column("$S R$"),
        "varied": Column("searched"),
        "size": Column("smallest"),
        "size interval": Column("99% interval"),
        "parameters": Column("parameters"),
        "slope": Column("slope", digits=3),
    },
    quick={"families": {"S = R, D = 8": ((3, 3, 8),)}, "trials": 8},
    full={
        "families": {
            "S = R, D = 8": ((8, 8, 8), (12, 12, 8), (16, 16, 8)),
            "S = R = D": ((8, 8, 8), (12, 12, 12)),
            "S = R^2, D = 8": ((16, 4, 8), (36, 6, 8)),
        },
    },
    figure=figure,
    alternative="Three logarithmic plots of facts against parameters, one for each family of "
    "tables, of trained and of constructed transformers with attention alone and with an MLP.",
    extra="train",
)
"""Transformers as NLB train them, at sizes that two cores can train."""
