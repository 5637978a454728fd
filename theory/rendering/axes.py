"""What figures share: colours, error bars, logarithmic axes, and axes for loads and growth."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sims.engine.results import log_scales

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GUARANTEED",
    "MEASURED",
    "PREDICTED",
    "bars",
    "compare",
    "comparison_figure",
    "figure_of",
    "growth_axes",
    "guarantee_axes",
    "guarantee_panels",
    "legend_above",
    "legend_over",
    "level",
    "load_axes",
    "log_axes",
]

MEASURED, PREDICTED, GUARANTEED = "#000000", "#0072B2", "#D55E00"
"""Colours of Okabe and Ito's palette, which colour-blind people can tell apart."""


STYLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "predicted": ("predicted, nothing fitted", {"color": PREDICTED, "ls": "-"}),
    "guaranteed": ("guaranteed, in half of the draws", {"color": GUARANTEED, "ls": "--"}),
    "given": (
        "guaranteed for given embeddings", {"color": GUARANTEED, "ls": "-.", "marker": "^"}
    ),
    "fails": (
        "guaranteed to fail in half of the draws",
        {"color": GUARANTEED, "ls": ":", "lw": 1.8, "marker": "x"},
    ),
}  # fmt: skip
"""Labels and lines of what is predicted and proved; they differ without colour."""


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
    with np.errstate(invalid="ignore"):  # of nothing that is drawn
        spans = ax.dataLim.get_points()[1] / ax.dataLim.minpos
    x_base, y_base = (2 if span < FEW else 10 for span in spans)
    log_scales(ax, x_base=x_base, y_base=y_base)


def comparison_figure(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], quantity: str
) -> "Figure":
    """Draw measured against predicted values, one line each, with the intervals judged by."""
    from matplotlib.figure import Figure

    # Title, legend and axis take an inch, however few the rows.
    figure = Figure(figsize=(6, 1.1 + 0.28 * max(len(rows), 1)), layout="constrained")
    compare(figure.subplots(), rows, labels, quantity)
    return figure


def compare(
    ax: "Axes", rows: Sequence[Mapping[str, Any]], labels: Sequence[str], quantity: str
) -> None:
    """Draw :func:`comparison_figure` on given axes."""
    places = np.arange(len(rows))[::-1]
    measured = [row["measured"] for row in rows]
    error = bars(measured, [row["interval"] for row in rows])
    ax.errorbar(
        measured, places, xerr=error, fmt="o", color=MEASURED, capsize=3,
        label="measured, with its interval",
    )  # fmt: skip
    predicted = [row["predicted"] for row in rows]
    ax.plot(predicted, places, "|", color=PREDICTED, markersize=14, mew=2, label="predicted")
    ax.set_yticks(places, labels)
    ax.set_ylim(-0.6, max(len(rows), 1) - 0.4)
    ax.set_xlabel(quantity)
    legend_over(ax, ncols=2)


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
    log_scales(ax, x_base=2)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("$m d$")
    legend_over(ax)


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
    log_scales(ax, x_base=2, y_base=2)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    legend_over(ax)


def guarantee_axes(
    ax: "Axes",
    x: Sequence[float],
    measured: Sequence[float | None],
    intervals: Sequence[Sequence[float | None] | None],
    **curves: Sequence[float | None],
) -> None:
    """Draw what is measured among curves of what is predicted and proved, on logarithmic axes.

    Parameters
    ----------
    ax : where to draw.
    x : (n,) sizes.
    measured : (n,) medians; None where a search found nothing.
    intervals : (n,) of the medians; an end that is unbounded is None.
    curves : (n,) by their kind, one of :data:`STYLES`; None where there is nothing to say.
    """
    known = [(a, b, ends) for a, b, ends in zip(x, measured, intervals, strict=True) if b]
    for kind, values in curves.items():
        points = [(a, b) for a, b in zip(x, values, strict=True) if b is not None]
        if points:
            label, style = STYLES[kind]
            ax.plot(*zip(*points, strict=True), mfc="white", label=label, **style)
    if known:
        places, medians, ends = zip(*known, strict=True)
        ax.errorbar(places, medians, yerr=bars(medians, ends), fmt="o", color=MEASURED, mfc="white",
                    label="measured median, 99% interval")  # fmt: skip
    log_scales(ax, x_base=2)


def guarantee_panels(
    rows: Sequence[Mapping[str, Any]],
    by: str,
    x: str,
    curves: Sequence[str],
    *,
    scale: Callable[[Mapping[str, Any], float], float] = lambda row, value: value,
    figsize: tuple[float, float],
    sharey: bool = False,
) -> "Figure":
    """Draw :func:`guarantee_axes` side by side, one for each kind of rows, under one legend.

    Parameters
    ----------
    rows : with ``measured``, ``interval``, and the keys that follow.
    by : names the panels, which have it as their title.
    x : of the sizes.
    curves : of :data:`STYLES`, and keys of the rows.
    scale : makes of a row, and a value or end of an interval in it, what is drawn.
    figsize, sharey : of the figure.
    """
    from matplotlib.figure import Figure

    def drawn(row: Mapping[str, Any], value: float | None) -> float | None:
        return None if value is None else scale(row, value)

    kinds = list(dict.fromkeys(row[by] for row in rows))
    figure = Figure(figsize=figsize, layout="constrained")
    axes = figure.subplots(1, len(kinds), sharey=sharey, squeeze=False)[0]
    for ax, kind in zip(axes, kinds, strict=True):
        those = [row for row in rows if row[by] == kind]
        guarantee_axes(
            ax,
            [row[x] for row in those],
            [drawn(row, row["measured"]) for row in those],
            [[drawn(row, end) for end in row["interval"]] for row in those],
            **{curve: [drawn(row, row[curve]) for row in those] for curve in curves},
        )
        ax.set_title(kind)
    legend_above(figure)
    return figure


def legend_over(
    ax: "Axes", *, ncols: int = 1, title: str | None = None, fontsize: str = "small"
) -> None:
    """Put the legend of axes above them, where nothing is drawn; for axes without a title."""
    ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=ncols, title=title, fontsize=fontsize,
        title_fontsize=fontsize, frameon=False, columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip


def level(
    ax: "Axes", height: float, label: str, *, below: bool = False, left: bool = False, **line: Any
) -> None:
    """Draw a horizontal line of reference that bears its label, at its right end.

    Parameters
    ----------
    ax : where to draw.
    height : of the line.
    label : text.
    below, left : whether the label is below the line, and at its left end.
    line : of the line: colour, style.
    """
    style: dict[str, Any] = {"color": "0.4", "lw": 0.8, "ls": ":"} | line
    across, up = ("left" if left else "right"), ("top" if below else "bottom")
    ax.axhline(height, **style)
    ax.annotate(
        label, (0.01 if left else 1, height), xycoords=("axes fraction", "data"),
        xytext=(0, -2 if below else 2), textcoords="offset points", ha=across, va=up,
        fontsize="small", color=style["color"],
    )  # fmt: skip


def legend_above(figure: "Figure", *, ncols: int = 2) -> None:
    """Put one legend of all axes above them, each label once."""
    found: dict[str, Artist] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        figure.legend(list(found.values()), list(found), loc="outside upper center", ncols=ncols)


def figure_of(ax: "Axes") -> "Figure":
    """Return the figure that axes belong to."""
    from matplotlib.figure import Figure

    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    return figure
