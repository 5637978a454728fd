"""NLB Figure 1 by construction: facts against parameters of a matrix and of a network."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.capacity import capacity_of
from theory.memories.guarantee import guaranteed_capacity
from theory.memories.width import predicted_width
from theory.points import capacity_task, width_task
from theory.rendering.axes import GUARANTEED, MEASURED, PREDICTED, bars, legend_over, log_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

EXPERIMENT = "capacities"
"""That of the table of capacities, whose points these are as well."""


def points(
    *,
    seed: int,
    size: str,
    d: Sequence[int],
    criteria: Sequence[str],
    networks: Mapping[str, int],
    sizes: Sequence[tuple[int, int]],
    trials: int,
    width_trials: int,
) -> list[Task]:
    """Return capacities of W, and widths of networks that recall 99% of N facts."""
    return [
        capacity_task(
            memory="linear", d=k, criterion=rate, trials=trials, seed=seed, experiment=EXPERIMENT
        )
        for rate in criteria
        for k in d
        # Of fewer than 100 facts 99% are all.
        if rate == "all" or capacity_of(Construction("linear"), d=k, rate=0.99) >= 100
    ] + [
        width_task(
            memory=memory, d=k, N=N, criterion="0.99", degree=degree, trials=width_trials,
            seed=seed, experiment="widths",
        )
        for memory, degree in networks.items()
        for k, N in sizes
    ]  # fmt: skip


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per point, with what is predicted for it."""
    found = []
    for task, value in zip(tasks, values, strict=True):
        (point,) = value["points"]
        d, asked = point["d"], task.arguments
        record = {"memory": asked["memory"], "criterion": asked["criterion"], "d": d}
        if "width" in point:
            k = asked["degree"]
            m = predicted_width(asked["memory"], k, d=d, N=point["N"])
            # A width that was not found has neither parameters nor bounds.
            each = None if point["width"] is None else point["parameters"] / point["width"]
            record |= {
                "N": point["N"],
                "parameters": point["parameters"],
                "interval": [each and end and each * end for end in point["interval"]],
                "predicted": each and each * m,
            }
        else:
            rate = 1.0 if asked["criterion"] == "all" else float(asked["criterion"])
            record |= {
                "N": point["N"],
                "interval": point["interval"],
                "parameters": d * d,
                "predicted": capacity_of(Construction("linear"), d=d, rate=rate),
            }
        found.append(record)
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw facts against parameters: one matrix on the left, networks on the right."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(6.8, 3.8), layout="constrained")
    left, right = whole.subplots(1, 2)
    matrix = [row for row in found if row["memory"] == "linear"]
    dimensions = np.array([row["d"] for row in matrix])
    grid = np.unique(np.round(np.geomspace(dimensions.min(), dimensions.max(), 12)).astype(int))
    for marker, rate in zip("os", dict.fromkeys(row["criterion"] for row in matrix), strict=False):
        chosen = [row for row in matrix if row["criterion"] == rate]
        N = [row["N"] for row in chosen]
        name = "all" if rate == "all" else f"{float(rate):.0%}"
        left.errorbar(
            [row["parameters"] for row in chosen], N, yerr=bars(N, [r["interval"] for r in chosen]),
            fmt=marker, color=MEASURED, mfc="none", label=f"{name} recalled, measured",
        )  # fmt: skip
        share = 1.0 if rate == "all" else float(rate)
        law = [capacity_of(Construction("linear"), d=int(k), rate=share) for k in grid]
        left.plot(grid**2, law, color=PREDICTED, ls="-" if rate == "all" else "--")
    left.plot([], [], color=PREDICTED, label="predicted, nothing fitted")
    sure = [guaranteed_capacity(int(k)) for k in grid]
    left.plot(grid**2, sure, ":", color=GUARANTEED, label="proved for half the draws")
    left.set_xlabel("parameters $d^2$")
    networks = [row for row in found if row["memory"] != "linear"]
    series = dict.fromkeys((row["memory"], row["d"]) for row in networks)
    for marker, (memory, d) in zip("osD^v<", series, strict=False):
        chosen = [
            row
            for row in networks
            if (row["memory"], row["d"]) == (memory, d) and row["parameters"] is not None
        ]
        x = [row["parameters"] for row in chosen]
        right.errorbar(
            x, [row["N"] for row in chosen], xerr=bars(x, [row["interval"] for row in chosen]),
            fmt=marker, color=MEASURED, mfc="none", label=f"{memory}, $d = {d}$",
        )  # fmt: skip
        law_x = [row["predicted"] for row in chosen]
        right.plot(law_x, [row["N"] for row in chosen], color=PREDICTED, lw=1)
    right.set_xlabel("parameters")
    for ax in (left, right):
        log_axes(ax)
        ax.set_ylabel("facts $N$")
    right.plot([], [], color=PREDICTED, lw=1, label="predicted, nothing fitted")
    legend_over(left, title="one matrix $W$")
    legend_over(right, title="networks, 99% recalled")
    return whole


EXHIBIT = Exhibit(
    name="nlb-figure-1",
    theorem="mlp-capacity",
    title="Facts against parameters, by construction (NLB Figure 1)",
    caption="Facts against parameters, the counterpart of NLB Figure 1 by construction. For "
    "`linear`, $W = \\sum_x u_x e_x^\\top$, the capacity $N$ is measured, with the median's 99% "
    "interval, and predicted; for networks it is the number of parameters that recalls 99% of "
    "$N$ facts. Nothing is fitted. For 99% the prediction is where the expected recall is that; "
    "the median trial forgets about $\\lfloor N/100 \\rfloor + 2/3$ facts.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "criterion": Column("recalled"),
        "d": Column("$d$"),
        "N": Column("$N$", digits=5),
        "parameters": Column("parameters", digits=6),
        "interval": Column("99% interval", digits=6),
        "predicted": Column("predicted", digits=6),
    },
    quick={
        "d": (16, 32, 64, 128, 192),
        "criteria": ("all", "0.99"),
        "networks": {"gated-mlp": 2, "whitened-mlp": 1},
        "sizes": ((32, 128), (32, 256), (32, 512), (64, 256)),
        "trials": 20,
        "width_trials": 8,
    },
    full={
        "d": (16, 32, 64, 128, 256, 384),
        "sizes": ((32, 128), (32, 256), (32, 512), (64, 256), (64, 512), (64, 1024), (64, 2048)),
        "trials": 40,
        "width_trials": 20,
    },
    figure=figure,
    alternative="Two logarithmic plots of facts against parameters. Measured points of the outer-"
    "product matrix and of two kinds of networks, with intervals, beside predicted curves and the "
    "proved guarantee.",
)
"""Linear in the number of parameters, up to the logarithm."""
