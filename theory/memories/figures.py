"""Figures of memories: capacity, width and recall, measured beside predicted."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import log_scales, new_axes
from sims.memories.capacity import CapacityResult
from sims.memories.construction import Construction
from sims.memories.recall import RecallResult
from sims.memories.width import WidthResult
from theory.memories.capacity import capacity_of
from theory.memories.classes import INJECTIVE
from theory.memories.converse import failing_from
from theory.memories.optimal import optimal_capacity
from theory.memories.proved import GAUSSIAN, proved_capacity, proved_width
from theory.memories.recall import expected_recall, predictable
from theory.memories.width import width_of
from theory.rendering.axes import GUARANTEED, MEASURED, PREDICTED, figure_of, legend_over

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["capacity_figure", "with_capacity_theory", "with_recall_theory", "with_width_theory"]


def capacity_figure(rows: Sequence[Mapping[str, Any]], construction: Construction) -> "Figure":
    """Draw capacity against d from a check's table (d, measured, interval), with theory."""
    ax = new_axes(None)
    d = np.array([row["d"] for row in rows])
    N = np.array([row["measured"] for row in rows])
    ends = np.array([row["interval"] for row in rows], np.float64).T
    bars = np.abs(ends - N)
    ax.errorbar(d, N, yerr=bars, fmt="o", color=MEASURED, capsize=3, label="measured median")
    _capacity_curves(ax, construction, d, rate=1.0)
    log_scales(ax, x_base=2)
    ax.set_xlabel("dimension $d$")
    ax.set_ylabel("facts $N$, all recalled")
    legend_over(ax, ncols=2)
    return figure_of(ax)


def with_capacity_theory(
    result: CapacityResult,
    construction: Construction,
    *,
    outputs: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw measured capacities with the prediction and the guarantee, where there are any."""
    ax = result.plot(ax)
    d = np.array([p.d for p in result.points])
    known = predictable(construction, result.facts) and result.embeddings == "sphere"
    if (
        construction == Construction("optimal-linear")
        and outputs is None
        and (result.embeddings == "sphere" and result.facts in INJECTIVE and d.min() >= 2)
    ):
        predicted = [optimal_capacity(int(k))[0] for k in d]
        ax.plot(d, predicted, color=PREDICTED, label=r"$N \delta = d^2$, nothing fitted")
    if known and outputs is None and result.facts in INJECTIVE and d.min() >= 2:
        _capacity_curves(ax, construction, d, rate=result.criterion.rate)
    legend_over(ax, ncols=2)
    return ax


def with_width_theory(
    result: WidthResult,
    construction: Construction,
    *,
    outputs: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw measured widths with the prediction and the guarantee, where there are any."""
    ax = result.plot(ax)
    if predictable(construction, result.facts) and result.embeddings == "sphere":
        for d in sorted({p.d for p in result.points}):
            sizes = [p.N for p in result.points if p.d == d]
            grid = np.unique(np.round(np.geomspace(min(sizes), max(sizes), 7)).astype(int))
            rate, facts = result.criterion.rate, result.facts
            predicted = [
                width_of(construction, d=d, N=int(N), rate=rate, facts=facts, M=outputs)
                for N in grid
            ]
            ax.plot(grid, predicted, "-", label=f"$d = {d}$, predicted")
            if rate < 1:
                continue
            sure = [proved_width(construction, d=d, N=int(N), facts=facts, M=outputs) for N in grid]
            _dashed(ax, grid, sure, label=f"$d = {d}$, proved in half of the draws")
    legend_over(ax, ncols=2)
    return ax


def _capacity_curves(ax: "Axes", construction: Construction, d: np.ndarray, *, rate: float) -> None:
    """Add the predicted and, for whole recall, the proved capacities."""
    grid = np.unique(np.round(np.geomspace(d.min(), d.max(), 12)).astype(int))
    predicted = [capacity_of(construction, d=int(k), rate=rate) for k in grid]
    ax.plot(grid, predicted, "-", color=PREDICTED, label="predicted, nothing fitted")
    if rate == 1 and construction.memory != GAUSSIAN:
        sure = [proved_capacity(construction, d=int(k)) for k in grid]
        _dashed(ax, grid, sure, label="proved to hold in half of the draws")
    hebbian = (Construction("linear"), Construction("low-rank", rank=construction.rank))
    if construction in hebbian and rate == 1:
        # Seconds each, and none that is small has one: some of the upper half are enough. They are
        # marked, since the least N that is proved to fail does not grow steadily (failing_from).
        failing = [
            (int(k), failing_from(int(k), rank=construction.rank_at(int(k))))
            for k in (*grid[len(grid) // 2 : -1 : 2], grid[-1])
        ]
        known = [(k, N) for k, N in failing if N is not None]
        if known:
            label = "proved to fail in half of the draws"
            ax.plot(*zip(*known, strict=True), ":x", color=GUARANTEED, label=label)


def _dashed(ax: "Axes", grid: np.ndarray, sure: Sequence[int | None], *, label: str) -> None:
    """Add what is proved, at the sizes at which something is."""
    known = [(x, y) for x, y in zip(grid, sure, strict=True) if y is not None]
    if known:
        ax.plot(*zip(*known, strict=True), "--", color=GUARANTEED, label=label)


def with_recall_theory(
    result: RecallResult,
    construction: Construction,
    *,
    facts: str,
    outputs: int | None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw measured recall against N with the prediction."""
    ax = result.plot(ax)
    d = result.points[0].d
    sizes = [p.N for p in result.points]
    known = predictable(construction, facts) and result.embeddings == "sphere"
    if known and len(sizes) > 1 and d >= 2:
        grid = np.unique(np.round(np.geomspace(min(sizes), max(sizes), 25)).astype(int))
        curve = [expected_recall(construction, d=d, N=int(N), facts=facts, M=outputs) for N in grid]
        ax.plot(grid, curve, "-", color=PREDICTED, label="predicted, nothing fitted")
    legend_over(ax, ncols=2)
    return ax
