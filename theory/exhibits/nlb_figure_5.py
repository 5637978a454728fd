"""NLB Figure 5 by gradient flow: relations first, the plateau, then subjects."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.statistics import median_interval
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import flow_task
from theory.rendering.axes import GUARANTEED, MEASURED, PREDICTED, legend_above, level

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

CURVES = {
    "loss": ("loss", MEASURED, "-"),
    "relation_loss": ("relation only", PREDICTED, "--"),
    "subject_loss": ("subject only", GUARANTEED, ":"),
}
MODELS = {"linear attention": "left", "softmax attention": "right"}


def points(
    *,
    seed: int,
    size: str,
    shape: Sequence[int],
    alpha: float,
    t_max: float,
    softmax: Mapping[str, Any],
    draws: int,
) -> list[Task]:
    """Return the flow of the reduced model, and flows of softmax attention on random embeddings."""
    S, R, D = shape
    same = {"subjects": S, "relations": R, "answers": D}
    reduced = flow_task(**same, alpha=alpha, t_max=t_max, method="full", seed=seed)
    return [reduced] + [
        flow_task(**same, attention="softmax", **softmax, seed=1000 * seed + draw)
        for draw in range(draws)
    ]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per model and stage, which carries the curves."""
    reduced, *softmax = values
    found = []
    for name, runs in (("linear attention", [reduced]), ("softmax attention", softmax)):
        for stage in ("t_relation", "t_subject"):
            # A stage that was not reached came later than the end.
            low = [run["time"][-1] if run[stage] is None else run[stage] for run in runs]
            high = [np.inf if run[stage] is None else run[stage] for run in runs]
            middle = float(np.median(high))
            ends = median_interval(low, high) if len(runs) > 1 else None
            found.append(
                {
                    "model": name,
                    "S": runs[0]["subjects"],
                    "R": runs[0]["relations"],
                    "D": runs[0]["answers"],
                    "alpha": runs[0]["alpha"],
                    "stage": stage.removeprefix("t_"),
                    "measured": middle if np.isfinite(middle) else None,
                    "missed": int(np.isinf(high).sum()),
                    "interval": None if ends is None
                    else [end if np.isfinite(end) else None for end in ends],
                    "predicted": runs[0]["predicted"][stage],
                    "plateau": runs[0]["predicted"]["plateau"],
                    "runs": len(runs),
                    "curves": [[run["time"], *(run[key] for key in CURVES)] for run in runs],
                }
            )  # fmt: skip
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw losses against time: the reduced model on the left, softmax on the right."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(6.8, 3.2), layout="constrained")
    for ax, model in zip(whole.subplots(1, 2, sharey=True), MODELS, strict=True):
        _panel(ax, [row for row in found if row["model"] == model], model)
    whole.axes[0].set_ylabel("loss (nats)")
    legend_above(whole, ncols=4)
    return whole


def _panel(ax: "Axes", found: Sequence[Mapping[str, Any]], model: str) -> None:
    runs = found[0]["curves"]
    times = np.array(runs[0][0])
    shown = times > 0
    for i, (label, colour, style) in enumerate(CURVES.values(), start=1):
        losses = np.array([run[i] for run in runs])[:, shown]
        ax.plot(times[shown], np.median(losses, axis=0), style, color=colour, label=label)
        if len(runs) > 1:
            ax.fill_between(times[shown], losses.min(0), losses.max(0), color=colour, alpha=0.2)
    if found[0]["plateau"]:
        level(ax, found[0]["plateau"], "plateau, predicted", left=True, ls="-.")
        for row in found:
            ax.axvline(row["predicted"], color="0.4", lw=0.7)
        ax.plot([], [], color="0.4", lw=0.7, label="stage times, predicted")
    else:
        level(ax, np.log(found[0]["D"]), "$\\log D$", left=True, ls="-.")
    ax.set_xscale("log")
    ax.set_xlabel("time $t$")
    ax.set_title(f"{model}, {len(runs)} draw{'s' * (len(runs) > 1)}")


EXHIBIT = Exhibit(
    name="nlb-figure-5",
    theorem="sequential-learning",
    title="Relations first, then subjects (NLB Figure 5)",
    caption="Stage times of gradient flow, the counterpart of NLB Figure 5: the reduced linear "
    "attention of the theorem, whose times are predicted, and softmax attention with random "
    "embeddings and noise in the prompt, medians over draws with 99% intervals.",
    points=points,
    rows=rows,
    columns={
        "model": Column("model"),
        "S": Column("$S$"),
        "R": Column("$R$"),
        "D": Column("$D$"),
        "alpha": Column("$\\alpha$", digits=2),
        "stage": Column("learnt"),
        "measured": Column("time measured", digits=5),
        "interval": Column("99% interval"),
        "predicted": Column("predicted", digits=5),
        "runs": Column("draws"),
        "missed": Column("not reached"),
    },
    quick={
        "shape": (16, 4, 8),
        "alpha": 1e-12,
        "t_max": 1e4,
        "softmax": {"alpha": 1e-4, "d": 64, "length": 8, "draws": 4, "t_max": 2e4, "rtol": 1e-5},
        "draws": 8,
    },
    full={
        "softmax": {"alpha": 1e-4, "d": 128, "length": 16, "draws": 8, "t_max": 3e4, "rtol": 1e-5},
        "draws": 12,
    },
    figure=figure,
    alternative="Losses against time on a logarithmic axis. The loss falls to the predicted "
    "plateau when relations are learnt, stays there, and falls to zero when subjects are.",
)
"""The model answers from the relation alone before it knows the subject."""
