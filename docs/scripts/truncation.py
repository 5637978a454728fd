"""Truncating W at its d/2 largest singular values: the limit share, and finite sizes."""

from statistics import NormalDist

import numpy as np
from stored import store

from assoc.embeddings import sphere
from sims.engine.statistics import LEVEL
from sims.memories.capacity import rate_crossing
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.memories.strengths import svd_efficiency

SEED = 0
QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)
D = 128
LOADS = (1, 2, 4, 8, 16, 32, 64)
TRIALS = 30
INPUTS = 1000
CAPACITY = {64: 400, 128: 80, 256: 12}


def share(N: int, d: int, rng: np.random.Generator) -> float:
    """Signal^2 / noise of the truncated W over that of W itself, in one draw."""
    E, U = sphere(N, d, rng=rng), sphere(N, d, rng=rng)
    W = U.T @ E
    left, values, right = np.linalg.svd(W)
    kept = (left[:, : d // 2] * values[: d // 2]) @ right[: d // 2]
    E, U = E[:INPUTS], U[:INPUTS]

    def strength(matrix: np.ndarray) -> float:
        F = E @ matrix.T
        signal = np.einsum("ij,ij->i", F, U)
        noise = (np.einsum("ij,ij->i", F, F) - signal**2).mean() / (d - 1)
        return float(signal.mean() ** 2 / noise)

    return strength(kept) / strength(W)


def main() -> None:
    """Measure and store both tables."""
    rows = []
    for load in LOADS:
        rng = np.random.default_rng([SEED, load])
        shares = [share(load * D, D, rng) for _ in range(TRIALS)]
        error = np.std(shares, ddof=1) / np.sqrt(TRIALS)
        rows.append({"load": load, "share": np.mean(shares), "error": error})
    rows.append({"load": "limit", "share": svd_efficiency(0.5), "error": None})
    columns = {"load": f"$N/d$, at $d = {D}$", "share": "share kept", "error": "s.e."}
    store("truncation-share", rows, columns, seed=SEED)

    rows = []
    for d, trials in CAPACITY.items():
        row = {"d": d}
        for name, rank in (("linear", None), ("low-rank-svd", "d/2")):
            near = round(capacity_of(Construction(name, rank), d=d, rate=0.99))
            N, (low, high) = rate_crossing(
                name, d=d, rank=rank, rate=0.99, near=near, trials=trials, seed=SEED
            )
            row[name], row[f"{name}_error"] = N, (high - low) / 2 / QUANTILE
        row["ratio"] = row["low-rank-svd"] / row["linear"]
        rows.append(row)
    assert LEVEL == 0.99
    columns = {
        "d": "$d$",
        "linear": "$N_{99}$ of $W$",
        "linear_error": "s.e.",
        "low-rank-svd": "$N_{99}$ truncated at $d/2$",
        "low-rank-svd_error": "s.e.",
        "ratio": "ratio",
    }
    store("truncation-capacity", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
