"""Dimensions of attention alone: guaranteed, predicted and measured."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from assoc.facts.recall_task import NOISE
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.points import smallest_task
from theory.rendering.axes import guarantee_panels
from theory.transformers.counts import full_table
from theory.transformers.dual_guarantee import dual_dimension
from theory.transformers.dual_law import dual_law_dimension
from theory.transformers.guarantee import guaranteed_dimension
from theory.transformers.superposed import superposed_dimension

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

VALUES: Mapping[str, Mapping[str, Any]] = {
    "plain sums": {"model": "attention-only-sum", "head_dim": 1},
    "dual values": {"model": "attention-only-dual", "embeddings": "gaussian"},
}
"""Values by the names of their panels, with what is asked for."""


def points(
    *, seed: int, size: str, shapes: Sequence[tuple[int, int, int]], trials: int
) -> list[Task]:
    """Return the search of the least dimension for both kinds of values and every shape."""
    return [
        smallest_task(
            **asked, shape=[S, R, D], vary="d", trials=trials, seed=seed,
            start=(16 if name == "plain sums" else 4) * (R + D),
            experiment="guaranteed dimensions",
        )
        for name, asked in VALUES.items()
        for S, R, D in shapes
    ]  # fmt: skip


@cache
def _theory(name: str, S: int, R: int, D: int) -> tuple[int, int]:
    """Return the d that is guaranteed, and the one that is predicted."""
    counts = full_table(S, R, D, noise=NOISE)
    if name == "plain sums":
        law = superposed_dimension(S, R, D, noise=NOISE, group=1)
        return guaranteed_dimension(counts), law
    return dual_dimension(counts), dual_law_dimension(S, R, D, noise=NOISE)


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per search, with what is known without it."""
    names = {asked["model"]: name for name, asked in VALUES.items()}
    found = []
    for task, value in zip(tasks, values, strict=True):
        name = names[task.arguments["model"]]
        S, R, D = task.arguments["shape"]
        guaranteed, predicted = _theory(name, S, R, D)
        found.append(
            {
                "values": name,
                "S": S,
                "R": R,
                "D": D,
                "guaranteed": guaranteed,
                "predicted": predicted,
                "measured": value["size"],
                "interval": value["interval"],
                "share": guaranteed / predicted,
                "trials": value["trials"],
            }
        )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the least d / (R + D) against the number of subjects, one panel for each kind."""
    whole = guarantee_panels(
        found, "values", "S", ("guaranteed", "predicted"),
        scale=lambda row, d: d / (row["R"] + row["D"]), figsize=(6.4, 3.2),
    )  # fmt: skip
    for ax in whole.axes:
        ax.set_xlabel("subjects $S$, as many relations")
    whole.axes[0].set_ylabel("least dimension, $d / (R + D)$")
    return whole


EXHIBIT = Exhibit(
    name="guaranteed-attention",
    theorem="attention-only",
    title="Guaranteed, predicted and measured dimensions of attention alone",
    caption="Least $d$ at which attention alone recalls all $S R$ facts from every prompt, in half "
    "of the draws: with one head for each token and plain sums of uniform embeddings, and with "
    "dual values of Gaussian embeddings. Guaranteed for every table of these sizes; predicted for "
    "random tables without a fitted parameter, for dual values as the $d$ at which $\\log 2$ pairs "
    "are expected to fail; measured as the median over random tables, with its 99% interval. What "
    "is guaranteed of dual values is for heads that look where they should, and begins at "
    "$d = S + R + K$ with $K = 64$ noise tokens. No $d$ is known at which a fact is proved to be "
    "lost. In the figure $d$ is drawn as $d / (R + D)$.",
    points=points,
    rows=rows,
    columns={
        "values": Column("values"),
        "S": Column("$S$"),
        "R": Column("$R$"),
        "D": Column("$D$"),
        "guaranteed": Column("$d$ guaranteed"),
        "predicted": Column("predicted"),
        "measured": Column("measured"),
        "interval": Column("99% interval"),
        "share": Column("guaranteed / predicted", digits=3),
    },
    quick={"shapes": ((4, 4, 8), (8, 8, 8), (16, 16, 8)), "trials": 12},
    full={
        "shapes": ((4, 4, 8), (6, 6, 8), (8, 8, 8), (12, 12, 8), (16, 16, 8), (24, 24, 8),
                   (32, 32, 8)),
        "trials": 40,
    },
    figure=figure,
    alternative="Least d / (R + D) against the number of subjects, on logarithmic axes, for plain "
    "sums and for dual values: measured medians with intervals near the predicted curve, and the "
    "guaranteed one above it.",
)  # fmt: skip
"""What proofs cost in dimensions."""
