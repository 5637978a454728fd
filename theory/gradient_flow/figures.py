"""Figures of gradient flows: trajectories with predicted plateaus and times, the phase diagram."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import log_scales
from theory.gradient_flow.stages import Stages
from theory.rendering.axes import GUARANTEED, MEASURED, PREDICTED, legend_over, level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sims.gradient_flow.reduced import FlowResult

__all__ = ["order_axes", "trajectory_axes", "with_stages"]


def with_stages(found: "FlowResult", predicted: Stages | None, ax: "Axes | None" = None) -> "Axes":
    """Draw a trajectory with the predicted height of its plateau and both stage times.

    Parameters
    ----------
    found : the trajectory.
    predicted : for balanced facts; None draws none.
    ax : where to draw.
    """
    ax = found.plot(ax)
    if predicted is not None and predicted.plateau > 0:
        name = r"$\log D$" if predicted.first == "relation" else r"$\log R$"
        level(ax, predicted.plateau, f"{name}, predicted", left=True, ls="--")
    if predicted is not None:
        for time in (predicted.t_relation, predicted.t_subject):
            if time > 0:
                ax.axvline(time, color=MEASURED, lw=0.6, ls=":")
        ax.plot([], [], color=MEASURED, lw=0.6, ls=":", label="stage times, predicted")
    S, R, D = found.subjects, found.relations, found.answers
    scale = "" if found.alpha is None else rf", $\alpha$ = {found.alpha:g}"
    legend_over(ax, ncols=2, title=f"{found.model}: $S, R, D = {S}, {R}, {D}${scale}")
    return ax


def trajectory_axes(ax: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw losses of softmax attention against time from a check's table."""
    if rows:
        shown = [row for row in rows if row["time"] > 0]
        times = [row["time"] for row in shown]
        for name, style in (
            ("loss", "-"),
            ("relation-only loss", "--"),
            ("subject-only loss", ":"),
        ):
            ax.plot(times, [row[name] for row in shown], style, label=name)
        legend_over(ax, title="softmax attention")
    ax.set_xscale("log")
    ax.set_xlabel("time $t$")
    ax.set_ylabel("loss (nats)")


def order_axes(ax: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw which is learnt first in the plane of S/R and (D - 1)/(R - 1), with the boundary.

    Parameters
    ----------
    ax : where to draw.
    rows : records with S, R and D, at least 2, and ``first``.
    """
    for first, marker, colour in (("relation", "o", PREDICTED), ("subject", "s", GUARANTEED)):
        points = [
            (row["S"] / row["R"], (row["D"] - 1) / (row["R"] - 1))
            for row in rows
            if row["first"] == first
        ]
        if points:
            x, y = zip(*points, strict=True)
            ax.plot(x, y, marker, color=colour, mfc="none", label=f"{first} first, measured")
    if rows:
        ratios = [row["S"] / row["R"] for row in rows]
        # g_R = g_S where (S/R)^2 = (D - 1)/(R - 1).
        grid = np.geomspace(min(ratios) / 1.5, max(ratios) * 1.5, 50)
        ax.plot(grid, grid**2, "-", color=MEASURED, lw=1, label="boundary, predicted")
        legend_over(ax)
    log_scales(ax, x_base=2, y_base=2)
    ax.set_xlabel("$S / R$")
    ax.set_ylabel("$(D - 1) / (R - 1)$")
