"""Where held-out questions are answered, over multiplicity, templates and fine-tuned subjects."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sims.engine.tables import Column
from sims.knowledge.trials import Told
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.knowledge.covering import uncovered
from theory.knowledge.hypotheses import ties
from theory.points import extraction_task
from theory.rendering.axes import MEASURED, PREDICTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

ANSWERED = 0.9
"""Share that is drawn as the boundary of extraction."""

SQUARE = 250
"""Area of a square of the diagrams, in square points: a number is legible in it."""


def points(
    *,
    seed: int,
    size: str,
    told: Mapping[str, Any],
    templates: Sequence[int],
    multiplicities: Sequence[int],
    shared: Sequence[bool],
    **same: Any,
) -> list[Task]:
    """Return one point for each K and R, and for values shared or not; it has every N_f."""
    return [
        extraction_task(
            told={**told, "templates": R, "multiplicity": K, "shared": alike}, seed=seed, **same
        )
        for alike in shared
        for R in templates
        for K in multiplicities
        if K <= R
    ]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record for each K, R and N_f, with what is predicted."""
    found = []
    for task, records in zip(tasks, values, strict=True):
        told = Told(**task.arguments["told"])
        R, K = told.templates, told.multiplicity
        for record in records:
            n, share = record["fine_tuned"], record["excess_share"]
            found.append(
                {
                    "values": "shared" if told.shared else "own",
                    "R": R,
                    "K": K,
                    "ties": ties(told),
                    "N_f": n,
                    "answered": record["answered"],
                    "interval": list(record["interval"]),
                    "superposed": record["superposed"],
                    "difference": record["answered"] - record["superposed"],
                    "covering": 1 - uncovered(R, K, n) * (1 - 1 / told.attributes)
                    if told.shared
                    else None,
                    "learnt": record["learnt"],
                    "own": record["wrong_own"],
                    "tuned": record["wrong_tuned"],
                    "excess": None if share is None else 100 * share,
                }
            )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the diagram of each R, and below what the share answered does and does not follow."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(7.2, 6.4), layout="constrained")
    shared = [row for row in found if row["values"] == "shared"]
    templates = sorted({row["R"] for row in shared})
    parts: Any = whole.subfigures(2, 1, height_ratios=(1.1, 1))
    top, bottom = parts
    panels = top.subplots(1, len(templates), sharey=True, squeeze=False)[0]
    for ax, R in zip(panels, templates, strict=True):
        drawn = _diagram(ax, [row for row in shared if row["R"] == R])
        ax.set_title(f"$R = {R}$ templates")
    panels[0].set_ylabel("fine-tuned subjects $N_f$")
    top.colorbar(drawn, ax=list(panels), label="share answered")
    top.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    left, right = bottom.subplots(1, 2, sharey=True)
    for n, marker in zip(sorted({row["N_f"] for row in shared}), "ox^sD", strict=False):
        chosen = [row for row in shared if row["N_f"] == n]
        y = [row["answered"] for row in chosen]
        x = [n * row["K"] ** 2 / row["R"] for row in chosen]
        left.plot(x, y, marker, color=MEASURED, mfc="none", ms=4)
        right.plot([row["superposed"] for row in chosen], y, marker, color=MEASURED, mfc="none",
                   ms=4, label=f"$N_f = {n}$")  # fmt: skip
    left.set_xscale("log")
    left.set_ylim(-0.05, 1.05)
    left.set_xlabel("coverage $N_f K^2 / R$")
    left.set_ylabel("share of held-out questions answered")
    right.plot([0, 1], [0, 1], color=PREDICTED, label="as predicted")
    right.set_xlabel("predicted by superposed templates")
    bottom.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return whole


def _diagram(ax: "Axes", chosen: Sequence[Mapping[str, Any]]) -> Any:
    """Draw one panel: the share answered, where 0.9 is predicted, and where most are covered."""
    kinds = sorted({row["K"] for row in chosen})
    numbers = sorted({row["N_f"] for row in chosen})
    x = [kinds.index(row["K"]) for row in chosen]
    y = [numbers.index(row["N_f"]) for row in chosen]
    drawn = ax.scatter(x, y, c=[row["answered"] for row in chosen], marker="s", s=SQUARE,
                       cmap="cividis", vmin=0, vmax=1)  # fmt: skip
    for one, other, row in zip(x, y, chosen, strict=True):
        ax.text(one, other, f"{row['answered']:.2f}".lstrip("0"), ha="center", va="center",
                fontsize=8, color="white" if row["answered"] < 0.6 else "black")  # fmt: skip
    for key, marker, label in (
        ("superposed", "C3", f"at least {ANSWERED:g} by superposition"),
        ("covering", "C2", f"at least {ANSWERED:g} by covering"),
    ):
        inside = [(a, b) for a, b, row in zip(x, y, chosen, strict=True) if row[key] >= ANSWERED]
        if inside:
            size = 1.5 * SQUARE if key == "superposed" else 2.1 * SQUARE
            across, up = zip(*inside, strict=True)
            ax.scatter(across, up, marker="s", s=size, facecolor="none", edgecolor=marker, lw=1.5)
        ax.plot([], [], "s", color=marker, mfc="none", mew=1.5, ms=9, label=label)
    ax.set_xticks(range(len(kinds)), [str(K) for K in kinds])
    ax.set_yticks(range(len(numbers)), [str(n) for n in numbers])
    ax.set_xlim(min(x) - 0.7, max(x) + 0.7)
    ax.set_ylim(min(y) - 0.7, max(y) + 0.7)
    ax.set_xlabel("multiplicity $K$")
    return drawn


EXHIBIT = Exhibit(
    name="extraction-phases",
    theorem="knowledge-extraction",
    title="Extraction and hallucination",
    caption="Share of held-out questions that are answered after pre-training on facts told in $K$ "
    "of $R$ templates and fine-tuning on $N_f$ subjects, with 99% intervals (as if facts of a "
    "trial were independent). Superposed: answered if each question is the mean of the templates "
    "of its fine-tuned facts, nothing trained and nothing fitted. Covering: predicted by "
    "it, where values are shared: facts that share a template with a fine-tuned one, by the exact "
    "law, and the others guessed among a subject's values. "
    "Own, tuned: wrong answers that are the subject's value of another attribute, or the value of "
    "a fine-tuned fact, as shares of all wrong ones. Excess: worst trial's loss above the entropy "
    "floor, in per cent of it. Ties: facts that two templates have in common, "
    "$S K (K-1) / (R (R-1))$.",
    points=points,
    rows=rows,
    columns={
        "values": Column("values"),
        "R": Column("$R$"),
        "K": Column("$K$"),
        "ties": Column("ties", digits=3),
        "N_f": Column("$N_f$"),
        "answered": Column("answered", digits=3),
        "interval": Column("99% interval", digits=3),
        "superposed": Column("superposed", digits=3),
        "difference": Column("difference", digits=2),
        "covering": Column("covering", digits=3),
        "learnt": Column("fine-tuned", digits=3),
        "own": Column("own", digits=2),
        "tuned": Column("tuned", digits=2),
        "excess": Column("excess, %", digits=2),
    },
    quick={
        "told": {"subjects": 32, "values": 16},
        "templates": (8,),
        "multiplicities": (1, 4),
        "shared": (True, False),
        "fine_tuned": (2, 16),
        "width": 64,
        "training": {"steps": 800, "learning_rate": 2.5},
        "trials": 3,
    },
    full={
        "told": {},
        "templates": (8, 12, 16),
        "multiplicities": (1, 2, 4, 8),
        "fine_tuned": (2, 4, 8, 32),
        "width": 128,
        "training": {},
    },
    figure=figure,
    alternative="Diagrams of the share of held-out questions answered over multiplicity and number "
    "of fine-tuned subjects, one for each number of templates; below, that share against the "
    "coverage variable, where points scatter, and against the prediction, where those of many "
    "fine-tuned subjects lie on the diagonal.",
)
"""What covering explains, and what it does not."""
