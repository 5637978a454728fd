"""Recall of gated memories: measured, by the law, and by two coarser mixtures that it corrects.

The coarse mixtures keep the weights (g, a) of the neurons random and replace the noise xi of each
by its mean square. They are averaged over draws of the weights.
"""

import math

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import betainc
from stored import store

from assoc.memories.hermite import hermite, sphere_moment
from sims import measure
from sims.engine.randomness import MEMORY, Source
from sims.memories.construction import Construction
from theory.memories.gated import noise_gain
from theory.memories.quadrature import chi_square_nodes, sphere_nodes
from theory.memories.recall import expected_recall

SEED = 0
POINTS = (
    (32, 128, 2, 552, 600),
    (32, 1024, 2, 6207, 40),
    (32, 1024, 3, 7969, 40),
    (64, 1024, 2, 1207, 80),
    (64, 4096, 2, 4942, 10),
    (128, 512, 2, 456, 80),
)
DRAWS = 1000


def mixture(d: int, N: int, k: int, m: int, *, gain: bool) -> float:
    """Recall with the noise of every neuron at its mean square, v(g) = 1 unless ``gain``."""
    n, kernel = (N - 1) / d, (N - 1) * sphere_moment(d, k + 1) / d
    root, eta_weight = sphere_nodes(d, 16)
    eta = (root / math.sqrt(d)) ** (k + 1)
    x, x_weight = hermegauss(12)
    grid = np.linspace(0, 9, 400)
    v = noise_gain(k, d, grid) if gain else np.ones_like(grid)
    total = 0.0
    for draw in range(DRAWS):
        rng = Source(SEED, "mixtures", (d, N, k, m)).generator(draw, MEMORY)
        g, a2 = rng.standard_normal(m), d * rng.beta(0.5, (d - 1) / 2, m)
        q, across = hermite(k)(g) ** 2, (d - a2) / (d - 1)
        gains = np.interp(np.abs(g), grid, v)
        s, t = np.mean(q * a2), np.mean(q**2 * a2 * across)
        S = s + np.sqrt(n * np.mean(q * a2 * gains) / m + kernel) * x
        B = (t + n * np.mean(q * gains * across)) / m + kernel
        for factor, weight in zip(*chi_square_nodes(d - 1, 6), strict=True):
            gap = S[:, None] - eta
            half = betainc((d - 1) / 2, 0.5, 1 / (1 + gap**2 / ((d - 1) * factor * B))) / 2
            win = np.where(gap >= 0, half, 1 - half) @ eta_weight
            total += weight * float(x_weight @ (1 - win) ** (N - 1)) / x_weight.sum()
    return total / DRAWS


def main() -> None:
    """Measure, compute and store the table."""
    rows = []
    for d, N, k, m, trials in POINTS:
        found = measure("gated-mlp", d=d, N=N, width=m, degree=k, trials=trials, seed=SEED)
        rows.append(
            {
                "d": d,
                "N": N,
                "k": k,
                "m": m,
                "measured": round(found.points[0].recall, 4),
                "error": round(found.points[0].standard_error, 4),
                "law": round(
                    expected_recall(Construction("gated-mlp", width=m, degree=k), d=d, N=N), 4
                ),
                "gain": round(mixture(d, N, k, m, gain=True), 4),
                "plain": round(mixture(d, N, k, m, gain=False), 4),
            }
        )
        print(rows[-1], flush=True)
    columns = {
        "d": "$d$",
        "N": "$N$",
        "k": "$k$",
        "m": "$m$",
        "measured": "measured",
        "error": "s.e.",
        "law": "law",
        "gain": "mean noise, $v(g)$",
        "plain": "mean noise, $v = 1$",
    }
    store("mixtures", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
