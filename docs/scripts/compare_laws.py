"""Recall of W: this project's law, the law with independent competitors, and Monte Carlo.

The second law is simpler: given (Q, g0) every competitor has a normal noise
g1 of its own, with variance Q/d. Ours lets the competitors share the length of the noise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import special
from stored import draw, store

from sims import measure
from sims.engine.results import new_axes
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.memories.quadrature import chi_square_nodes, sphere_nodes
from theory.memories.recall import expected_recall
from theory.rendering.axes import GUARANTEED, PREDICTED, figure_of, legend_over
from theory.rendering.drawing import styled

SEED = 0
LINEAR = Construction("linear")
TRIALS = {16: 20000, 32: 10000, 64: 3000, 128: 400, 256: 60}
LEVELS = (0.97, 0.8, 0.5)


def independent_competitors(N: int, d: int) -> float:
    """Evaluate the recall with an independent normal g1 for each competitor given (Q, g0)."""
    n = N - 2
    mean, variance = n / d, 2 * n * (d - 1) / (d**2 * (d + 2))
    q, q_weight = chi_square_nodes(2 * mean**2 / variance, 8)
    g, g_weight = np.polynomial.hermite_e.hermegauss(80)
    g_weight = g_weight / g_weight.sum()
    t, t_weight = sphere_nodes(d, 40)
    rho = epsilon = t / np.sqrt(d)
    sigma = np.sqrt(mean * q / d)
    A = 1 + sigma[:, None] * g
    gap = A[:, :, None] - epsilon
    ratio = np.sqrt((1 - rho) / (1 + rho))
    win = special.ndtr(-gap[..., None] * ratio / sigma[:, None, None, None])
    p = np.einsum("qger,e,r->qg", win, t_weight, t_weight)
    return float(q_weight @ np.exp((N - 1) * np.log1p(-np.minimum(p, 1 - 1e-16))) @ g_weight)


def main() -> None:
    """Measure and store."""
    rows = []
    for d, trials in TRIALS.items():
        for rate in LEVELS:
            N = round(capacity_of(LINEAR, d=d, rate=rate))
            point = measure("linear", d=d, N=N, trials=trials, seed=SEED, experiment="laws")
            measured = point.points[0]
            ours, theirs = expected_recall(LINEAR, d=d, N=N), independent_competitors(N, d)
            rows.append(
                {
                    "d": d,
                    "N": N,
                    "trials": trials,
                    "measured": measured.recall,
                    "error": measured.standard_error,
                    "ours": ours,
                    "ours_off": ours - measured.recall,
                    "independent": theirs,
                    "independent_off": theirs - measured.recall,
                }
            )
    columns = {
        "d": "$d$",
        "N": "$N$",
        "measured": "measured",
        "error": "s.e.",
        "ours": "law of B.3",
        "ours_off": "off by",
        "independent": "simpler formula",
        "independent_off": "off by",
    }
    store("compare-laws", rows, columns, seed=SEED)
    with styled():
        draw("compare-laws", figure(rows), seed=SEED)


def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the error of both laws against the recall."""
    ax = new_axes(None)
    for marker, d in zip("osD^v", TRIALS, strict=True):
        own = [row for row in rows if row["d"] == d]
        x = [row["measured"] for row in own]
        for key, colour, law in (
            ("ours_off", PREDICTED, "law of B.3"),
            ("independent_off", GUARANTEED, "simpler formula"),
        ):
            ax.errorbar(
                x, [row[key] for row in own], yerr=[3 * row["error"] for row in own],
                fmt=f"{marker}-", color=colour, capsize=2, markersize=4,
                label=f"{law}, $d = {d}$",
            )  # fmt: skip
    ax.axhline(0, color="0.6", lw=0.8)
    ax.set_xlabel("measured recall")
    ax.set_ylabel("law minus measured (bars: 3 s.e.)")
    legend_over(ax, ncols=2)
    return figure_of(ax)


if __name__ == "__main__":
    main()
