"""Facts against parameters of the smallest transformers, D fixed, D = S and S = R^2 (NLB Figure 4).

All by construction. Attention alone is searched for its dimension, attention with an MLP for its
width at d = 32; medians over tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from stored import draw, store

from sims.smallest import smallest_size
from sims.transformers import Architecture, Shape

SEED, TRIALS, D_MLP = 0, 3, 32
FAMILIES = {
    "$D = 8$": [Shape(S, S, 8) for S in (8, 16, 24, 32, 48, 64)],
    "$D = S$": [Shape(S, S, S) for S in (8, 16, 24, 32, 48)],
    "$S = R^2$, $D = 8$": [Shape(R * R, R, 8) for R in (4, 6, 8, 12, 16)],
}
MODELS = {
    "attention-only": (Architecture("attention-only", 8), "d"),
    "attention-mlp": (Architecture("attention-mlp", D_MLP), "width"),
}


def main() -> None:
    """Search, store the table, draw the figure."""
    rows = []
    for model, (architecture, vary) in MODELS.items():
        for family, shapes in FAMILIES.items():
            for shape in shapes:
                found = smallest_size(
                    architecture, shape, vary=vary, trials=TRIALS, seed=SEED,
                    start=shape.relations + shape.answers if vary == "d" else None,
                    step=2 if vary == "width" else 1, experiment="facts and parameters",
                ).points[0]  # fmt: skip
                rows.append(
                    {
                        "family": family,
                        "model": f"`{model}`",
                        "S": shape.subjects,
                        "R": shape.relations,
                        "D": shape.answers,
                        "facts": shape.facts,
                        "varied": vary,
                        "size": found.size if found.parameters is not None else "none",
                        "parameters": found.parameters,
                    }
                )
                print(rows[-1], flush=True)
    draw("facts-parameters", figure(rows), seed=SEED)
    columns = {
        "family": "shapes",
        "model": "construction",
        "S": "$S$",
        "R": "$R$",
        "D": "$D$",
        "facts": "$S R$",
        "size": "smallest $d$, or $m$ at $d = 32$",
        "parameters": "parameters",
    }
    store("facts-parameters", rows, columns, seed=SEED)


def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw one panel for each model."""
    whole = Figure(figsize=(11, 4.2), layout="constrained")
    for ax, model in zip(whole.subplots(1, 2, sharey=True), MODELS, strict=True):
        everything = []
        for family, marker in zip(FAMILIES, "osD", strict=True):
            points = [
                (row["parameters"], row["facts"])
                for row in rows
                if (row["model"], row["family"]) == (f"`{model}`", family) and row["parameters"]
            ]
            everything += points
            x, y = np.array(points, float).T
            slope = np.polyfit(np.log(x), np.log(y), 1)[0]
            ax.loglog(x, y, f"{marker}-", label=f"{family}: slope {slope:.2f}")
        x, y = np.array(everything, float).T
        ends = np.array([x.min(), x.max()])
        through = np.exp(np.mean(np.log(y / x)))
        ax.plot(ends, through * ends, "--", color="0.5", label="slope 1")
        ax.set_title(model)
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel("parameters, smallest that hold all")
        ax.legend(frameon=False, fontsize=8)
        ax.set_ylabel("facts $S R$")
    return whole


if __name__ == "__main__":
    main()
