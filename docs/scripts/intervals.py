"""How often the 99% interval of a mean recall covers the mean, when recall is near 1."""

import numpy as np
from stored import store

from sims import measure
from sims.engine.statistics import LEVEL, mean_interval
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of

SEED = 0
DRAWS = 40000


def main() -> None:
    """Measure once, cut the trials into groups, count how many groups' intervals cover the mean."""
    rows = []
    for d in (16, 32):
        for level in (0.998, 0.99, 0.97, 0.9):
            N = round(capacity_of(Construction("linear"), d=d, rate=level))
            point = measure("linear", d=d, N=N, trials=DRAWS, seed=SEED, experiment="coverage")
            share = np.array(point.points[0].counts) / N
            row = {"d": d, "N": N, "recall": float(share.mean())}
            for trials in (10, 20, 50, 200):
                ends = np.array([mean_interval(group) for group in share.reshape(-1, trials)])
                covers = (ends[:, 0] <= share.mean()) & (share.mean() <= ends[:, 1])
                row[f"of_{trials}"] = float(covers.mean())
            rows.append(row)
    columns = {"d": "$d$", "N": "$N$", "recall": "mean recall"}
    columns |= {f"of_{trials}": f"{trials} trials" for trials in (10, 20, 50, 200)}
    assert LEVEL == 0.99
    store("intervals", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
