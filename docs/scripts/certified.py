"""The guarantee beside Chernoff's bounds, the predicted median and the converse."""

import numpy as np
from stored import store

from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.memories.converse import failing_from
from theory.memories.guarantee import guaranteed_capacity
from theory.memories.quadrature import chi_square_nodes, sphere_nodes


def union_bound(N: int, d: int) -> float:
    """N (N - 1) E exp(-(1 - rho)(1 - eps)^2 d / (4 Q)) by quadrature: an estimate, not a bound."""
    n = N - 2
    mean, variance = n / d, 2 * n * (d - 1) / (d**2 * (d + 2))
    q, q_weight = chi_square_nodes(2 * mean**2 / variance, 24)
    t, weight = sphere_nodes(d, 48)
    t = t / np.sqrt(d)
    c = np.multiply.outer(1 - t, (1 - t) ** 2) * d / 4
    value = np.exp(-c[..., None] / (mean * q))
    return float(N * (N - 1) * np.einsum("req,r,e,q->", value, weight, weight, q_weight))


def largest(d: int) -> int:
    """Largest N whose union bound is at most 1/2."""
    low, high = 2, d**2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if union_bound(middle, d) <= 0.5 else (low, middle)
    return low


def main() -> None:
    """Compute and store."""
    rows = []
    for d in (128, 256, 512, 1024):
        certified, union = guaranteed_capacity(d), largest(d)
        median, failing = capacity_of(Construction("linear"), d=d), failing_from(d)
        assert failing is not None
        row: dict[str, float] = {"d": d, "N": certified}
        for name, N in (
            ("certified", certified),
            ("union", union),
            ("median", median),
            ("failing", failing),
        ):
            row[name] = float(N * np.log(N) / d**2)
        rows.append(row)
    columns = {
        "d": "$d$",
        "N": "certified $N$",
        "certified": r"its $N \log N / d^2$",
        "union": "Chernoff's bounds by quadrature",
        "median": "predicted median",
        "failing": "proved to fail from",
    }
    store("certified", rows, columns, seed=None)


if __name__ == "__main__":
    main()
