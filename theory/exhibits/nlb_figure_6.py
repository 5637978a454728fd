"""NLB Figure 6 by construction: networks with a fixed number of outputs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.width import predicted_width
from theory.points import width_task
from theory.rendering.axes import MEASURED, bars, legend_above, log_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

COLOURS = ("C0", "C1", "C2", "C3", "C4", "C5")


def points(
    *,
    seed: int,
    size: str,
    memory: str,
    degree: int,
    outputs: Sequence[int],
    sizes: Sequence[tuple[int, int]],
    trials: int,
) -> list[Task]:
    """Return the widths that recall 99% of N facts which share M outputs."""
    return [
        width_task(
            memory=memory, d=d, N=N, criterion="0.99", degree=degree, facts="balanced", outputs=M,
            trials=trials, seed=seed, experiment="nlb-figure-6",
        )
        for M in outputs
        for d, N in sizes
    ]  # fmt: skip


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per size, with the predicted width."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        asked = task.arguments
        d, N, M = point["d"], point["N"], asked["outputs"]
        network = asked["memory"], asked["degree"]
        predicted = predicted_width(*network, d=d, N=N, facts="balanced", M=M)
        found.append(
            {
                "M": M,
                "d": d,
                "N": N,
                "m": point["width"],
                "interval": point["interval"],
                "predicted": predicted,
                "trials": point["trials"],
            }
        )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw facts against m d, measured and predicted, one curve for each M and d."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(4.8, 3.6), layout="constrained")
    ax = whole.subplots()
    known = [row for row in found if row["m"] is not None]
    series = dict.fromkeys((row["M"], row["d"]) for row in known)
    for marker, colour, (M, d) in zip("osD^v<", COLOURS, series, strict=False):
        chosen = [row for row in known if (row["M"], row["d"]) == (M, d)]
        x = np.array([row["m"] * row["d"] for row in chosen])
        ends = [
            [None if end is None else end * row["d"] for end in row["interval"]] for row in chosen
        ]
        N = [row["N"] for row in chosen]
        ax.errorbar(x, N, xerr=bars(x, ends), fmt=marker, color=colour, mfc="none",
                    label=f"$M = {M}$, $d = {d}$, measured")  # fmt: skip
        if len(chosen) > 1:
            # Through what is predicted at these sizes: a curve of its own would take a minute.
            law = np.log([[row["N"], row["predicted"] * d] for row in chosen]).T
            grid = np.linspace(law[0].min(), law[0].max(), 30)
            between = PchipInterpolator(*law[:, np.argsort(law[0])])
            ax.plot(np.exp(between(grid)), np.exp(grid), color=colour, lw=1)
    ax.plot([], [], color=MEASURED, lw=1, label="lines: predicted, nothing fitted")
    log_axes(ax)
    ax.set_xlabel("$m d$")
    ax.set_ylabel("facts $N$, 99% recalled")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="nlb-figure-6",
    theorem="mlp-capacity",
    title="Networks with a fixed number of outputs (NLB Figure 6)",
    caption="Width $m$ of a gated network that recalls 99% of $N$ facts which share $M$ outputs, "
    "the counterpart of NLB Figure 6 by construction: medians over trials with 99% intervals, "
    "beside the law, in which nothing is fitted: there the expected recall is 99%, while the "
    "median trial forgets about $\\lfloor N/100 \\rfloor + 2/3$ facts.",
    points=points,
    rows=rows,
    columns={
        "M": Column("$M$"),
        "d": Column("$d$"),
        "N": Column("$N$"),
        "m": Column("$m$ measured"),
        "interval": Column("99% interval"),
        "predicted": Column("predicted"),
        "trials": Column("trials"),
    },
    quick={
        "memory": "gated-mlp",
        "degree": 2,
        "outputs": (32, 128),
        "sizes": ((32, 128), (32, 256), (32, 512)),
        "trials": 8,
    },
    full={
        "sizes": ((32, 128), (32, 256), (32, 512), (64, 256), (64, 512), (64, 1024)),
        "trials": 20,
    },
    figure=figure,
    alternative="A logarithmic plot of facts against m d for networks with 32 and with 128 "
    "outputs: measured points with intervals beside predicted curves, one for each dimension.",
)
"""With few outputs the logarithm is that of M."""
