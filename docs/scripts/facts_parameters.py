"""Facts against parameters of the smallest transformers, D fixed, D = S and S = R^2 (NLB Figure 4).

All by construction. Attention alone is searched for its dimension, attention with an MLP for its
width at d = 32; medians over tables.
"""

import numpy as np
from matplotlib.figure import Figure
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
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for ax, (model, (architecture, vary)) in zip(
        figure.subplots(1, 2, sharey=True), MODELS.items(), strict=True
    ):
        spans = []
        for (family, shapes), marker in zip(FAMILIES.items(), "osD", strict=True):
            points = []
            for shape in shapes:
                found = smallest_size(
                    architecture, shape, vary=vary, trials=TRIALS, seed=SEED,
                    start=shape.relations + shape.answers if vary == "d" else None,
                    step=2 if vary == "width" else 1, experiment="facts and parameters",
                ).points[0]  # fmt: skip
                points.append((found.parameters, shape.facts))
                rows.append(
                    {
                        "family": family,
                        "model": f"`{model}`",
                        "S": shape.subjects,
                        "R": shape.relations,
                        "D": shape.answers,
                        "facts": shape.facts,
                        "varied": vary,
                        "size": found.size,
                        "parameters": found.parameters,
                    }
                )
                print(rows[-1], flush=True)
            x, y = np.array([point for point in points if point[0] is not None], float).T
            slope = np.polyfit(np.log(x), np.log(y), 1)[0]
            ax.loglog(x, y, f"{marker}-", label=f"{family}: slope {slope:.2f}")
            spans.append((x, y))
        x, y = np.concatenate([s[0] for s in spans]), np.concatenate([s[1] for s in spans])
        ends = np.array([x.min(), x.max()])
        through = np.exp(np.mean(np.log(y / x)))
        ax.plot(ends, through * ends, "--", color="0.5", label="slope 1")
        ax.set_title(model)
        ax.set_xlabel("parameters, smallest that hold all")
        ax.legend(frameon=False, fontsize=8)
        ax.set_ylabel("facts $S R$")
    draw("facts-parameters", figure, seed=SEED)
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


if __name__ == "__main__":
    main()
