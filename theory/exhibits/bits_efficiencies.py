"""Bits of memories at their fewest, and how much of them is stored facts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.rendering.axes import MEASURED, PREDICTED, bars
from theory.running import claim_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

LIMIT = (1 / 8) * (2 / np.pi) / np.log(2)
"""Efficiency of one-bit Hebbian memories as d grows."""


def points(*, seed: int, size: str) -> list[Task]:
    """Return the claim that counts bits of memories at their capacity."""
    return [claim_task("information-bound", "gap", size, seed=seed)]


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per memory and dimension."""
    return [
        {
            "memory": row["memory"],
            "d": row["d"],
            "N": row["N"],
            "stored": row["stored"],
            "spent": row["spent"],
            "efficiency": row["efficiency"],
            "interval": row["efficiency interval"],
            "predicted": row["predicted efficiency"],
        }
        for row in values[0]["table"]
    ]


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the efficiency against d, measured and predicted."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(4.4, 3.0), layout="constrained")
    ax = whole.subplots()
    for marker, memory in zip("osD^v", dict.fromkeys(row["memory"] for row in found), strict=False):
        chosen = [row for row in found if row["memory"] == memory]
        d = [row["d"] for row in chosen]
        measured = np.array([row["efficiency"] for row in chosen])
        error = bars(measured, [row["interval"] for row in chosen])
        ax.errorbar(d, measured, yerr=error, fmt=marker, color=MEASURED, mfc="none",
                    label=f"{memory}, measured")  # fmt: skip
        ax.plot(d, [row["predicted"] for row in chosen], color=PREDICTED, lw=1)
    ax.plot([], [], color=PREDICTED, lw=1, label="predicted, nothing fitted")
    ax.axhline(LIMIT, color="0.4", lw=0.7, ls="--", label="one bit, limit")
    ax.set_xscale("log", base=2)
    # Room for the legend.
    ax.set_ylim(0, 1.55 * max(LIMIT, *(row["efficiency"] for row in found)))
    ax.set_xlabel("dimension $d$")
    ax.set_ylabel("bits stored / bits spent")
    ax.legend(loc="upper left", ncols=2, fontsize=7)
    return whole


EXHIBIT = Exhibit(
    name="bits-efficiencies",
    theorem="information-bound",
    title="Bits stored over bits spent",
    caption="Linear memories of $b$-bit weights at the most facts that they recall whole: bits of "
    "the facts, $\\log_2 N!$, over the bits of the memory, with the interval of $N$, beside the "
    "prediction. No memory may exceed 1; one-bit Hebbian memories tend to "
    "$(1/8)(2/\\pi)/\\log 2 = 0.115$.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "d": Column("$d$"),
        "N": Column("$N$", digits=5),
        "stored": Column("bits stored", digits=5),
        "spent": Column("bits spent"),
        "efficiency": Column("efficiency", digits=3),
        "interval": Column("interval", digits=3),
        "predicted": Column("predicted", digits=3),
    },
    quick={},
    full={},
    figure=figure,
    alternative="Efficiency against the dimension for memories of few bits; measured points with "
    "bars beside predicted curves, far below one.",
)
"""How far the constructions are from the information bound."""
