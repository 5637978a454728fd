"""NLB Figures 7 to 9 by construction: facts against parameters of transformers, three families."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import smallest_task
from theory.rendering.axes import GUARANTEED, MEASURED, bars, legend_above, log_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLUMNS",
    "EXHIBIT",
    "MODELS",
    "Family",
    "draw_family",
    "families_of",
    "family_rows",
    "family_tasks",
]

MODELS: Mapping[str, tuple[str, int]] = {
    "attention-only": ("d", 8),
    "attention-mlp": ("width", 32),
}
"""What is searched of each construction, and the d of the one whose width is."""

Family = Sequence[tuple[int, int, int]]
"""Shapes S, R, D."""


def family_tasks(shapes: Family, *, trials: int, seed: int) -> list[Task]:
    """Return the searches for the smallest transformer of each construction at each shape."""
    return [
        smallest_task(
            model=model, shape=list(shape), vary=vary, trials=trials, seed=seed, d=d,
            start=shape[1] + shape[2] if vary == "d" else None, step=2 if vary == "width" else 1,
            experiment="facts and parameters",
        )
        for model, (vary, d) in MODELS.items()
        for shape in shapes
    ]  # fmt: skip


def family_rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with the parameters that the theorem's sizes have.

    These are d = max(R, D) and H d_h = S + R for attention alone, and for attention with an MLP
    the d that was used, the same heads, and m d = S R; every constant is 1, no logarithm.
    """
    found = []
    for task, value in zip(tasks, values, strict=True):
        asked = task.arguments
        S, R, D = asked["shape"]
        alone = asked["vary"] == "d"
        d = max(R, D) if alone else asked["d"]
        found.append(
            {
                "model": asked["model"],
                "S": S,
                "R": R,
                "D": D,
                "facts": S * R,
                "varied": "d" if alone else f"m, d = {d}",
                "size": value["size"],
                "size interval": value["interval"],
                "parameters": value["parameters"],
                "interval": [value["least"], value["most"]],
                "theorem": 4 * d * (S + R) + (0 if alone else 2 * S * R),
                "censored": value["censored"],
            }
        )
    return found


def draw_family(ax: "Axes", found: Sequence[Mapping[str, Any]]) -> None:
    """Draw facts against parameters, measured and of the theorem's sizes, without a legend."""
    for marker, model, colour in zip("os", MODELS, (MEASURED, GUARANTEED), strict=True):
        chosen = [row for row in found if row["model"] == model and row["parameters"] is not None]
        if not chosen:
            continue
        chosen.sort(key=lambda row: row["parameters"])
        x, y = (np.array([row[key] for row in chosen], float) for key in ("parameters", "facts"))
        ax.errorbar(
            x, y, xerr=bars(x, [row["interval"] for row in chosen]), fmt=marker, color=colour,
            mfc="none", label=f"{model}, measured",
        )  # fmt: skip
        theorem = sorted((row["theorem"], row["facts"]) for row in chosen)
        label = f"{model}, theorem, constants 1"
        ax.plot(*zip(*theorem, strict=True), color=colour, ls="--", lw=1, label=label)
        through = np.exp(np.mean(np.log(y / x)))
        ends = np.array([x.min(), x.max()])
        label = f"{model}, slope 1"
        ax.plot(ends, through * ends, ":", color=colour, label=label)
    log_axes(ax)
    ax.set_xlabel("parameters")


def points(*, seed: int, size: str, families: Mapping[str, Family], trials: int) -> list[Task]:
    """Return the searches of every family, shapes that two of them share once."""
    tasks = (family_tasks(shapes, trials=trials, seed=seed) for shapes in families.values())
    return list({task.key: task for group in tasks for task in group}.values())


def families_of(S: int, R: int, D: int) -> list[str]:
    """Families that a shape belongs to."""
    belongs = {
        "S = R, D = 8": S == R and D == 8,
        "S = R = D": S == R == D,
        "S = R^2, D = 8": S == R * R and D == 8,
    }
    return [name for name, inside in belongs.items() if inside]


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw one panel for each family."""
    from matplotlib.figure import Figure

    names = ("S = R, D = 8", "S = R = D", "S = R^2, D = 8")
    whole = Figure(figsize=(6.8, 3.4), layout="constrained")
    for ax, name in zip(whole.subplots(1, 3, sharey=True), names, strict=True):
        draw_family(ax, [row for row in found if name in families_of(row["S"], row["R"], row["D"])])
        ax.tick_params(axis="x", labelrotation=45)
        ax.set_title(f"${name}$")
    whole.axes[0].set_ylabel("facts $S R$")
    legend_above(whole)
    return whole


COLUMNS: Mapping[str, Column] = {
    "model": Column("construction"),
    "S": Column("$S$"),
    "R": Column("$R$"),
    "D": Column("$D$"),
    "facts": Column("$S R$"),
    "varied": Column("searched"),
    "size": Column("smallest"),
    "size interval": Column("99% interval"),
    "parameters": Column("parameters"),
    "theorem": Column("theorem's, constants 1"),
}
"""Columns of searches for the smallest transformer."""

EXHIBIT = Exhibit(
    name="nlb-figures-7-9",
    theorem="attention-mlp",
    title="Facts against parameters of transformers, three families (NLB Figures 7 to 9)",
    caption="The smallest transformers that recall every fact of random tables, the counterpart of "
    "NLB Figures 7 to 9 by construction: for `attention-only` the dimension $d$ is searched, for "
    "`attention-mlp` the width $m$. Medians over tables with 99% intervals; constants 1: "
    "parameters at the sizes of the theorem, $d = \\max(R, D)$, $H d_h = S + R$, $m d = S R$, "
    "without constants and logarithms. Each dotted line has slope 1 and goes through the geometric "
    "mean of the points of its colour.",
    points=points,
    rows=family_rows,
    columns=COLUMNS,
    quick={
        "families": {
            "S = R, D = 8": ((8, 8, 8), (16, 16, 8), (24, 24, 8)),
            "S = R = D": ((8, 8, 8), (12, 12, 12), (16, 16, 16)),
            "S = R^2, D = 8": ((16, 4, 8), (36, 6, 8), (64, 8, 8)),
        },
        "trials": 8,
    },
    full={
        "families": {
            "S = R, D = 8": ((8, 8, 8), (16, 16, 8), (24, 24, 8), (32, 32, 8), (48, 48, 8)),
            "S = R = D": ((8, 8, 8), (16, 16, 16), (24, 24, 24), (32, 32, 32)),
            "S = R^2, D = 8": ((16, 4, 8), (36, 6, 8), (64, 8, 8), (144, 12, 8)),
        },
    },
    figure=figure,
    alternative="Three logarithmic plots of facts against parameters of the smallest transformers, "
    "one for each family of tables; measured points with intervals rise about linearly, to the "
    "right of the theorem's sizes with constants 1.",
)
"""Transformers by construction, where NLB train them."""
