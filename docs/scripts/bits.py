"""The quantiser's constant kappa_b, and what a bit stores at each width."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored import draw, store

from assoc.bits.levels import gaussian_quantiser
from sims.engine.results import new_axes
from theory.rendering.axes import figure_of, legend_over
from theory.rendering.drawing import styled


def main() -> None:
    """Compute, store and draw."""
    rows = []
    for bits in range(1, 9):
        step, kappa = gaussian_quantiser(bits)
        # N log2 M bits are needed; at the whole-recall limit N log N = kappa d^2 / 8, M = N.
        used = kappa / 8 / np.log(2) / bits
        rows.append({"bits": bits, "step": step, "kappa": kappa, "lost": 1 - kappa, "used": used})
    columns = {
        "bits": "$b$",
        "step": r"best step $\Delta$",
        "kappa": r"$\kappa_b$",
        "lost": r"$1 - \kappa_b$",
        "used": "bits recalled per bit stored, limit",
    }
    store("bits", rows, columns, seed=None)
    with styled():
        draw("bits", figure(rows), seed=None)


def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw what a width loses, beside the rate-distortion bound."""
    ax = new_axes(None)
    b = [row["bits"] for row in rows]
    ax.semilogy(b, [row["lost"] for row in rows], "o-", label=r"$1 - \kappa_b$, uniform levels")
    rate = [2.0 ** (-2 * bits) for bits in b]
    ax.semilogy(b, rate, "--", color="0.5", label=r"$2^{-2b}$, rate-distortion bound")
    ax.set_xlabel("bits per weight $b$")
    ax.set_ylabel("share of the capacity lost")
    legend_over(ax, ncols=2)
    return figure_of(ax)


if __name__ == "__main__":
    main()
