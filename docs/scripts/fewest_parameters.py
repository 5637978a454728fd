"""Fewest parameters with which a network recalls every fact of a random permutation, at d = 64."""

import numpy as np
from stored import store

from sims.memories.width import smallest_width

SEED = 0
D = 64
TRIALS = 5
COARSE, FINE = 0.05, 0.001
MEMORIES = {
    "bilinear": COARSE,
    "bilinear-ridge": COARSE,
    "whitened-mlp": COARSE,
    "bilinear-als": FINE,
    "bilinear-margin": FINE,
}
"""Resolution of each search; the fine one ends at neighbouring widths."""

PUBLISHED = {512: 80, 1024: 184}
"""Smallest widths of a bilinear network in Dugan et al. (arXiv 2607.10034), 3 m d parameters."""


def main() -> None:
    """Search and store."""
    rows = []
    for memory, resolution in MEMORIES.items():
        result = smallest_width(
            memory,
            d=D,
            N=list(PUBLISHED),
            facts="permutation",
            criterion="all",
            trials=TRIALS,
            resolution=resolution,
            seed=SEED,
        )
        for point in result.points:
            ends = [
                f"{low}-{int(high) if np.isfinite(high) else 'more'}"
                for low, high in zip(point.low, point.high, strict=True)
            ]
            rows.append(
                {
                    "memory": f"`{memory}`",
                    "N": point.N,
                    "width": point.width,
                    "parameters": round(point.width * point.parameters),
                    "brackets": ", ".join(ends),
                    "published": PUBLISHED[point.N],
                    "published_parameters": 3 * PUBLISHED[point.N] * D,
                }
            )
            print(rows[-1], flush=True)
    columns = {
        "memory": "memory",
        "N": "$N$",
        "width": "width $m$, median",
        "parameters": "parameters",
        "brackets": "not enough and enough, each trial",
        "published": "published $m$",
        "published_parameters": "its parameters",
    }
    store("fewest-parameters", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
