"""The capacity of the best linear read-outs: trend and extrapolation, variants, and networks.

``python docs/scripts/optimal.py variants networks`` computes and stores these two parts alone.
"""

import sys
from pathlib import Path

import numpy as np
from scipy import special
from stored import store

from sims.engine.statistics import LEVEL
from sims.memories.capacity import CapacityPoint, capacity
from sims.memories.construction import Construction
from sims.memories.fact_cost import fact_cost
from sims.memories.width import smallest_width
from theory.memories.capacity import capacity_of
from theory.memories.optimal import extrapolated, optimal_capacity, optimal_limit

SEED = 0
TRIALS = {8: 200, 16: 100, 32: 40, 64: 10, 128: 10}
"""Trials at each dimension of the trend."""

PROJECTIONS = {8: 20000, 16: 20000, 32: 10000, 64: 10000, 128: 4000}
"""Projections that the cost of a fact is measured by."""

STORE = "build/optimal-{}.sqlite"
"""Where searches are stored, so that this script goes on after an interrupt."""

NETWORKS = ("optimal-mlp", "optimal-bilinear", "optimal-bilinear-fit")


def middles(point: CapacityPoint) -> tuple[float, float]:
    """Mean capacity and its standard error, from the middles of the brackets."""
    middle = (np.array(point.low) + np.array(point.high)) / 2
    return float(middle.mean()), float(middle.std(ddof=1) / np.sqrt(len(middle)))


def trend() -> None:
    """Measured against predicted for d = 8 to 128, and what follows for the limit."""
    rows, ratios = [], []
    for d, trials in TRIALS.items():
        (point,) = capacity(
            "optimal-linear", d=d, trials=trials, resolution=0.01, seed=SEED,
            store=STORE.format("trend"),
        ).points  # fmt: skip
        mean, error = middles(point)
        predicted, doubt = optimal_capacity(d, trials=PROJECTIONS[d], seed=SEED)
        ratio = mean / predicted
        spread = ratio * float(np.hypot(error / mean, doubt / predicted))
        ratios.append((d, ratio, spread))
        plain = capacity_of(Construction("linear"), d=d)
        rows.append(
            {
                "d": d,
                "N": point.N,
                "interval": list(point.interval()),
                "law": point.law,
                "decided": f"{sum(point.proved or ())} of {trials}",
                "predicted": predicted,
                "ratio": ratio,
                "error": spread,
                "closed": float(np.exp(optimal_limit(d))),
                "plain": plain,
                "advantage": mean / plain,
            }
        )
        print(rows[-1], flush=True)
    value, error = extrapolated(*zip(*ratios, strict=True))
    half = special.ndtri((1 + LEVEL) / 2) * error
    columns = {
        "d": "$d$", "N": "$N$", "interval": "99% interval", "law": r"$N \log N / d^2$",
        "decided": "upper ends proved", "predicted": r"$N \delta = d^2$",
        "ratio": "mean over predicted", "error": "standard error",
        "closed": "nearly orthogonal", "plain": "outer products, predicted",
        "advantage": "mean over that",
    }  # fmt: skip
    store("optimal-trend", rows, columns, seed=SEED)
    limit = [
        {
            "ratio": value,
            "interval": [value - half, value + half],
            "limit": value / 2,
            "limit_interval": [(value - half) / 2, (value + half) / 2],
        }
    ]
    columns = {
        "ratio": r"measured over predicted as $d \to \infty$", "interval": "99% interval",
        "limit": r"limit of $N \log N / d^2$", "limit_interval": "99% interval ",
    }  # fmt: skip
    store("optimal-limit", limit, columns, seed=SEED)


def variants() -> None:
    """Answers that facts share, and matrices of low rank."""
    rows = []
    for d, M in ((16, 8), (16, 32), (32, 16), (32, 64)):
        (point,) = capacity(
            "optimal-linear", d=d, facts="random", outputs=M, trials=20, resolution=0.01,
            seed=SEED, store=STORE.format(f"outputs-{M}"),
        ).points  # fmt: skip
        (cost,) = fact_cost(M, d, trials=20000, seed=SEED)
        predicted = d * min(d, M - 1) / cost.mean
        mean, error = middles(point)
        rows.append(
            {
                "memory": "`optimal-linear`", "d": d, "M": M, "N": point.N,
                "interval": list(point.interval()), "predicted": predicted,
                "ratio": mean / predicted, "error": error / predicted,
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    for memory in ("optimal-low-rank", "low-rank-svd"):
        for d, rank in ((32, "d/2"), (32, "d/4"), (64, "d/2")):
            (point,) = capacity(
                memory, rank=rank, d=d, trials=10, resolution=0.01, seed=SEED,
                store=STORE.format(f"{memory}-{rank.replace('/', '-')}"),
            ).points  # fmt: skip
            rows.append(
                {
                    "memory": f"`{memory}`", "d": d, "m": rank, "N": point.N,
                    "interval": list(point.interval()),
                }
            )  # fmt: skip
            print(rows[-1], flush=True)
    columns = {
        "memory": "memory", "d": "$d$", "M": "$M$", "m": "$m$", "N": "$N$",
        "interval": "99% interval", "predicted": r"$N \delta(M, d) = d \min(d, M - 1)$",
        "ratio": "mean over predicted", "error": "standard error",
    }  # fmt: skip
    store("optimal-variants", rows, columns, seed=SEED)


def networks() -> None:
    """Fewest parameters with which the best read-out recalls a random permutation at d = 64."""
    rows = []
    for memory in NETWORKS:
        for N in (512, 1024):
            (point,) = smallest_width(
                memory, d=64, N=N, facts="permutation", trials=5, resolution=0.01, seed=SEED
            ).points
            rows.append(
                {
                    "memory": f"`{memory}`", "N": N, "width": point.width,
                    "brackets": ", ".join(
                        f"{low}-{high:g}" for low, high in zip(point.low, point.high, strict=True)
                    ),
                    "parameters": round(point.width * point.parameters),
                    "each": point.width * point.parameters / N,
                }
            )  # fmt: skip
            print(rows[-1], flush=True)
    columns = {
        "memory": "memory", "N": "$N$", "width": "width $m$, median",
        "brackets": "not enough and enough, each trial", "parameters": "parameters",
        "each": "parameters per fact",
    }  # fmt: skip
    store("optimal-networks", rows, columns, seed=SEED)


if __name__ == "__main__":
    Path(STORE).parent.mkdir(exist_ok=True)
    for part in (trend, variants, networks):
        if len(sys.argv) == 1 or part.__name__ in sys.argv[1:]:
            part()
