"""What happens along pre-training and fine-tuning on told knowledge."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import learning_task
from theory.rendering.axes import legend_over

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

PANELS: Mapping[str, Mapping[str, str]] = {
    "told: loss above its floor": {"subject": "before the template", "value": "before the value"},
    "told: attention, and features of templates": {
        "subject_seen": "attention to subject",
        "template_seen": "to template",
        "filler_seen": "to fillers",
        "within": "cosine within",
        "across": "cosine across",
        "untold": "untold, completed",
    },
    "asked: answers": {
        "learnt": "fine-tuned, right",
        "answered": "held out, right",
        "tuned": "a fine-tuned value",
        "own": "another own value",
    },
    "asked: gradient of $W$": {
        "share": r"largest singular value, $\sigma_1 / \Vert G \Vert$",
        "aligned": "cosine with question",
        "question_seen": "attention to question",
    },
}
"""What is drawn, by panel."""


def points(*, seed: int, size: str, **arguments: Any) -> list[Task]:
    """Return the one training."""
    return [learning_task(**arguments, seed=seed)]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per step looked at."""
    names = {name for panel in PANELS.values() for name in panel}
    return [
        {**dict.fromkeys(names), "N_f": value["fine_tuned"], **point}
        for value in values
        for point in value["points"]
    ]


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw four panels over steps, pre-training on the left and fine-tuning on the right."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(7.2, 6.0), layout="constrained")
    axes = whole.subplots(2, 2).T.ravel()
    for ax, (title, curves) in zip(axes, PANELS.items(), strict=True):
        chosen = [row for row in found if row["training"] == title.split(":")[0]]
        steps = [row["step"] for row in chosen]
        for (name, label), style in zip(curves.items(), ("-", "--", ":", "-.", "-", "--"),
                                        strict=False):  # fmt: skip
            ax.plot(steps, [row[name] for row in chosen], style, label=label)
        if title.endswith("floor"):
            ax.set_yscale("symlog", linthresh=0.01)
            ax.set_ylabel("nats")
        else:
            ax.set_ylim(-0.03, 1.03)
            ax.set_ylabel("share, or cosine")
        ax.set_xlabel("step of pre-training" if title.startswith("told") else "step of fine-tuning")
        legend_over(ax, ncols=2 - len(curves) % 2, title=title, fontsize="medium")
    return whole


EXHIBIT = Exhibit(
    name="knowledge-learning",
    theorem="knowledge-acquisition",
    title="Along the training",
    caption="Pre-training on told facts, then fine-tuning on the questions about one attribute of "
    "$N_f$ subjects: excess of the loss over the entropy floor before the template and before the "
    "value; mean attention on subject, template and fillers where a value is wanted; cosines of "
    "the columns of $W$ of two templates; templates that a fact was not told in and is completed "
    "in; then questions answered, wrong answers by kind, and the gradient of $W$. Means of the "
    "trials.",
    points=points,
    rows=rows,
    columns={
        "training": Column("training"),
        "step": Column("step"),
        "subject": Column("excess, template", digits=2),
        "value": Column("excess, value", digits=2),
        "subject_seen": Column("subject", digits=2),
        "template_seen": Column("template", digits=2),
        "filler_seen": Column("filler", digits=2),
        "within": Column("within", digits=2),
        "across": Column("across", digits=2),
        "untold": Column("untold", digits=2),
        "learnt": Column("fine-tuned", digits=3),
        "answered": Column("held out", digits=3),
        "tuned": Column("tuned", digits=2),
        "own": Column("own", digits=2),
        "share": Column("share", digits=3),
        "aligned": Column("cosine", digits=3),
        "question_seen": Column("question", digits=2),
    },
    quick={
        "told": {"subjects": 32, "templates": 8, "multiplicity": 4, "values": 16, "fillers": 2},
        "pre_training": {"steps": 1600, "learning_rate": 2.0},
        "fine_tuned": 16,
        "asked": 1,
        "width": 64,
        "looks": 12,
        "trials": 1,
    },
    full={"pre_training": {"steps": 2400, "learning_rate": 2.0}, "trials": 3},
    figure=figure,
    printed=False,
    alternative="Four panels over training steps: losses fall to the floor, attention leaves the "
    "fillers and templates of one attribute align; then held-out questions come to be answered, "
    "and the gradient stays close to rank one along the question.",
)
"""Acquisition, then extraction, step by step."""
