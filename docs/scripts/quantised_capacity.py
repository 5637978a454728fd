"""Capacity of linear memories against bits per weight, nearest and stochastic rounding."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored import draw, store

from sims.engine.results import log_scales, new_axes
from sims.memories.capacity import capacity
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.rendering.axes import MEASURED, figure_of, legend_over
from theory.rendering.drawing import styled

SEED = 0
DIMENSIONS = (32, 64, 128, 256, 512)
WIDTHS = (1, 2, 4, 8, 16)


def main() -> None:
    """Measure, store and draw."""
    rows = []
    for b in WIDTHS:
        found = capacity("linear", d=DIMENSIONS, bits=b, trials=10, seed=SEED)
        noisy = capacity(
            "linear", d=DIMENSIONS[:3], bits=b, rounding="stochastic", trials=10, seed=SEED
        )
        row = {"bits": b}
        for point in found.points:
            predicted = capacity_of(Construction("linear", bits=b), d=point.d)
            row[f"d{point.d}"] = f"{point.N:g} ({predicted:.0f})"
        row |= {f"noisy{point.d}": point.N for point in noisy.points}
        rows.append(row)
    columns = {
        "bits": "$b$", **{f"d{d}": f"$N$ ({'predicted'}), $d = {d}$" for d in DIMENSIONS},
        **{f"noisy{d}": f"stochastic, $d = {d}$" for d in DIMENSIONS[:3]},
    }  # fmt: skip
    store("quantised-capacity", rows, columns, seed=SEED)
    with styled():
        draw("quantised-capacity", figure(rows), seed=SEED)


def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw facts per weight against d: medians, and lines through what is predicted."""
    ax = new_axes(None)
    grid = np.unique(np.geomspace(DIMENSIONS[0], DIMENSIONS[-1], 17).round())
    for marker, row in zip("osD^v", rows, strict=True):
        measured = [float(row[f"d{d}"].partition(" ")[0]) / d**2 for d in DIMENSIONS]
        (line,) = ax.plot(DIMENSIONS, measured, marker, mfc="none", label=f"$b = {row['bits']}$")
        law = Construction("linear", bits=row["bits"])
        predicted = [capacity_of(law, d=int(d)) / d**2 for d in grid]
        ax.plot(grid, predicted, color=line.get_color(), lw=0.8)
    ax.plot([], [], color=MEASURED, lw=0.8, label="lines: predicted, nothing fitted")
    log_scales(ax, x_base=2)
    ax.set_yscale("linear")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("dimension $d$")
    ax.set_ylabel("facts per weight, $N / d^2$")
    legend_over(ax, ncols=3)
    return figure_of(ax)


if __name__ == "__main__":
    main()
