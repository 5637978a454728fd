"""Stage times and rates of gradient flow: measured against predicted."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import log_scales
from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.rendering.axes import MEASURED, PREDICTED, legend_above
from theory.running import claim_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

TIMES = ("sequential-learning", "times")
SLOPES = ("sequential-learning", "slopes")
LATE = ("global-convergence", "late-rate")


def points(*, seed: int, size: str) -> list[Task]:
    """Return the claims whose tables are shown."""
    return [claim_task(theorem, claim, size, seed=seed) for theorem, claim in (TIMES, SLOPES, LATE)]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per time, slope and late rate."""
    times, slopes, late = (value["table"] for value in values)
    found = []
    for kind, table in (("time", times), ("slope", slopes), ("late rate", late)):
        for row in table:
            stage = row.get("time", "").removeprefix("t_")
            found.append(
                {
                    "kind": kind,
                    "what": {"time": f"time, {stage}", "slope": f"slope, {stage}"}.get(kind, kind),
                    "facts": row["facts"],
                    "S": row["S"],
                    "R": row["R"],
                    "D": row["D"],
                    "alpha": row.get("alpha"),
                    "measured": row["measured"],
                    "predicted": row["predicted"],
                    "off": 100 * (row["predicted"] / row["measured"] - 1),
                    "stage": stage,
                }
            )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw stage times against log(1/alpha), measured and predicted."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(5.6, 3.8), layout="constrained")
    ax = whole.subplots()
    times = [row for row in found if row["kind"] == "time"]
    cases = dict.fromkeys((row["S"], row["R"], row["D"]) for row in times)
    for marker, case in zip("osD^v<>", cases, strict=False):
        for stage, fill in (("relation", "none"), ("subject", MEASURED)):
            chosen = sorted(
                (np.log(1 / row["alpha"]), row["measured"], row["predicted"])
                for row in times
                if (row["S"], row["R"], row["D"]) == case and row["stage"] == stage
            )
            if not chosen:
                continue
            x, measured, predicted = zip(*chosen, strict=True)
            S, R, D = case
            ax.plot(x, predicted, "_", color=PREDICTED, ms=13, mew=1.5)
            ax.plot(x, measured, marker, color=MEASURED, mfc=fill,
                    label=f"{stage}s, $S, R, D = {S}, {R}, {D}$")  # fmt: skip
    ax.plot([], [], "_", color=PREDICTED, ms=13, mew=1.5, label="predicted, nothing fitted")
    log_scales(ax)
    ax.set_xscale("linear")
    ax.set_xlabel("$\\log(1/\\alpha)$")
    ax.set_ylabel("time $t$ when learnt")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="stage-times",
    theorem="sequential-learning",
    title="Stage times and rates of gradient flow",
    caption="When relations and subjects are learnt, how these times grow with $\\log(1/\\alpha)$ "
    "(slope), and $1/(4\\gamma)$ of the late rate, all by integration of the flow, beside what "
    "is predicted without fitted parameters. The flow is deterministic: there is no sampling "
    "error.",
    points=points,
    rows=rows,
    columns={
        "what": Column("what"),
        "facts": Column("facts"),
        "S": Column("$S$", digits=3),
        "R": Column("$R$"),
        "D": Column("$D$"),
        "alpha": Column("$\\alpha$", digits=2),
        "measured": Column("integrated", digits=6),
        "predicted": Column("predicted", digits=6),
        "off": Column("off by (%)", digits=1),
    },
    quick={},
    full={},
    figure=figure,
    alternative="Times at which relations and subjects are learnt against log(1/alpha): points "
    "from integration, and bars where they are predicted.",
)
"""Sharp times, slopes and late rates."""
