"""Figures: what is measured, with the theory's curves beside it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sims.engine.results import new_axes
from sims.memories.capacity import CapacityResult
from sims.memories.construction import Construction
from sims.memories.recall import RecallResult
from sims.memories.width import WidthResult
from theory.memories.classes import INJECTIVE
from theory.memories.guarantee import guaranteed_capacity
from theory.memories.optimal import optimal_capacity
from theory.memories.recall import capacity_of, expected_recall, predictable, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GUARANTEED",
    "MEASURED",
    "PREDICTED",
    "bars",
    "capacity_figure",
    "compare",
    "comparison_figure",
    "figure_of",
    "growth_axes",
    "load_axes",
    "log_axes",
    "with_capacity_theory",
    "with_recall_theory",
    "with_width_theory",
]

MEASURED, PREDICTED, GUARANTEED = "#000000", "#0072B2", "#D55E00"
"""Colours of Okabe and Ito's palette, which colour-blind people can tell apart."""


FEW = 30.0
"""Largest over smallest value of an axis that has too few powers of ten to label it by."""


def bars(
    values: ArrayLike, intervals: Sequence[Sequence[float | None] | None]
) -> NDArray[np.float64]:
    """Return the lengths (2, n) of error bars that reach from values to the ends of intervals.

    An end that is unbounded, None, has no bar.

    Examples
    --------
    >>> bars([3.0, 4.0], [[2.0, 5.0], [1.0, None]])
    array([[1., 3.],
           [2., 0.]])
    """
    middle = np.asarray(values, np.float64)
    ends = [
        [value if end is None else end for end in interval or (None, None)]
        for value, interval in zip(middle.tolist(), intervals, strict=True)
    ]
    return np.abs(np.array(ends, np.float64).T - middle)


def log_axes(ax: "Axes") -> None:
    """Make both axes logarithmic, with labels at powers of ten, or of two where these are few."""
    from matplotlib.ticker import NullFormatter

    if not np.isfinite(ax.dataLim.minpos).all():
        # Nothing is drawn that a logarithm could show.
        ax.set_xlim(1, 10)
        ax.set_ylim(1, 10)
        spans = np.ones(2)
    else:
        spans = ax.dataLim.get_points()[1] / ax.dataLim.minpos
    ax.set_xscale("log", base=2 if spans[0] < FEW else 10)
    ax.set_yscale("log", base=2 if spans[1] < FEW else 10)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(NullFormatter())


def capacity_figure(rows: Sequence[Mapping[str, Any]], construction: Construction) -> "Figure":
    """Draw capacity against d from a check's table (d, measured, interval), with theory."""
    ax = new_axes(None)
    d = np.array([row["d"] for row in rows])
    N = np.array([row["measured"] for row in rows])
    ends = np.array([row["interval"] for row in rows], np.float64).T
    bars = np.abs(ends - N)
    ax.errorbar(d, N, yerr=bars, fmt="o", color=MEASURED, capsize=3, label="measured median")
    _capacity_curves(ax, construction, d, rate=1.0)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xlabel("dimension d")
    ax.set_ylabel("facts recalled, every one: N")
    ax.legend(frameon=False)
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
        ax.plot(d, predicted, color=PREDICTED, label="N delta = d^2, nothing fitted")
    if known and outputs is None and result.facts in INJECTIVE and d.min() >= 2:
        _capacity_curves(ax, construction, d, rate=result.criterion.rate)
    ax.legend(frameon=False)
    return ax


def with_width_theory(
    result: WidthResult,
    construction: Construction,
    *,
    outputs: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw measured widths with the prediction, where there is one."""
    ax = result.plot(ax)
    if predictable(construction, result.facts) and result.embeddings == "sphere":
        for d in sorted({p.d for p in result.points}):
            sizes = [p.N for p in result.points if p.d == d]
            grid = np.unique(np.round(np.geomspace(min(sizes), max(sizes), 5)).astype(int))
            rate, facts = result.criterion.rate, result.facts
            predicted = [
                width_of(construction, d=d, N=int(N), rate=rate, facts=facts, M=outputs)
                for N in grid
            ]
            ax.plot(grid, predicted, "-", label=f"d = {d}, prediction, nothing fitted")
    ax.legend(frameon=False)
    return ax


def _capacity_curves(ax: "Axes", construction: Construction, d: np.ndarray, *, rate: float) -> None:
    """Add the predicted and, for whole recall by W itself, the guaranteed capacity."""
    grid = np.unique(np.round(np.geomspace(d.min(), d.max(), 9)).astype(int))
    predicted = [capacity_of(construction, d=int(k), rate=rate) for k in grid]
    ax.plot(grid, predicted, "-", color=PREDICTED, label="prediction, nothing fitted")
    guaranteed = construction.memory in ("linear", "low-rank") and construction.bits is None
    if guaranteed and rate == 1:
        sure = [guaranteed_capacity(int(k), rank=construction.rank_at(int(k))) for k in grid]
        ax.plot(grid, sure, "--", color=GUARANTEED, label="guarantee: proved for half the draws")


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
        ax.plot(grid, curve, "-", color=PREDICTED, label="prediction, nothing fitted")
    ax.legend(frameon=False)
    return ax


def comparison_figure(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], quantity: str
) -> "Figure":
    """Draw measured against predicted values, one line each, with 3-standard-error bars."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 0.6 + 0.28 * len(rows)), layout="constrained")
    compare(figure.subplots(), rows, labels, quantity)
    return figure


def compare(
    ax: "Axes", rows: Sequence[Mapping[str, Any]], labels: Sequence[str], quantity: str
) -> None:
    """Draw :func:`comparison_figure` on given axes."""
    places = np.arange(len(rows))[::-1]
    measured = [row["measured"] for row in rows]
    error = [3 * row["error"] for row in rows]
    ax.errorbar(
        measured, places, xerr=error, fmt="o", color=MEASURED, capsize=3, label="measured, 3 s.e."
    )
    predicted = [row["predicted"] for row in rows]
    ax.plot(predicted, places, "|", color=PREDICTED, markersize=14, mew=2, label="predicted")
    ax.set_yticks(places, labels)
    ax.set_xlabel(quantity)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def load_axes(
    ax: "Axes", groups: Mapping[str, Sequence[tuple[float, float, float | None]]], xlabel: str
) -> None:
    """Draw m d against a load on logarithmic axes, measured and predicted.

    Parameters
    ----------
    ax : where to draw.
    groups : by name, points (load, measured m d, predicted m d or None).
    xlabel : what the load is.
    """
    for marker, (name, points) in zip("osD^v", groups.items(), strict=False):
        x, measured, predicted = zip(*sorted(points), strict=True)
        ax.plot(x, measured, marker, color=MEASURED, mfc="none", label=f"{name}, measured")
        known = [(a, b) for a, b in zip(x, predicted, strict=True) if b is not None]
        if known:
            ax.plot(*zip(*known, strict=True), "_", color=PREDICTED, markersize=14, mew=2)
    ax.plot([], [], "_", color=PREDICTED, markersize=14, mew=2, label="predicted, nothing fitted")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel("m d")
    ax.legend(frameon=False, fontsize="small")


def growth_axes(
    ax: "Axes",
    groups: Mapping[str, Sequence[tuple[float, float]]],
    xlabel: str,
    ylabel: str,
    *,
    slope: float,
) -> None:
    """Draw sizes against what they grow with, on logarithmic axes, with a line of the given slope.

    Parameters
    ----------
    ax : where to draw.
    groups : by name, points (load, size).
    xlabel, ylabel : what these are.
    slope : exponent claimed; the line goes through the points' mean.
    """
    everything = [point for points in groups.values() for point in points]
    for marker, (name, points) in zip("osD^v<>", groups.items(), strict=False):
        x, y = zip(*sorted(points), strict=True)
        ax.plot(x, y, marker, color=MEASURED, mfc="none", label=name)
    if everything:
        log_x, log_y = np.log(everything).T
        ends = np.array([log_x.min(), log_x.max()])
        line = log_y.mean() + slope * (ends - log_x.mean())
        label = f"exponent {slope:.3g}, height fitted"
        ax.plot(np.exp(ends), np.exp(line), "-", color=PREDICTED, label=label)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(frameon=False, fontsize="small")


def figure_of(ax: "Axes") -> "Figure":
    """Return the figure that axes belong to."""
    from matplotlib.figure import Figure

    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    return figure
