"""Zipf maps and skewed tables: measured recall, the law with the other classes as competitors.

An input's own class is no competitor. A law that averages over the sizes of all classes keeps it.
"""

import numpy as np
from stored import store

from assoc.facts.maps import zipf_sizes
from sims import measure
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.memories.interference import Classes, failure_probability
from theory.memories.recall import expected_recall
from theory.memories.strengths import interference_of
from theory.registry import find

SEED = 0
LINEAR = Construction("linear")
SIZES = ((64, 8, 22, 4000), (64, 64, 39, 4000), (64, 64, 80, 2000), (128, 8, 50, 1500),
         (128, 32, 90, 1500))  # fmt: skip


def failures(N: float, d: int, M: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of each class and failure probability of its inputs, competitors being the others."""
    sizes = zipf_sizes(N, M)
    law = interference_of(LINEAR, N=N, d=d)
    one = np.ones(1)
    failing = []
    for y, size in enumerate(sizes):
        # Given that the input is in the class, the other N - 1 are so by chance.
        own = np.array([1 + (N - 1) / N * size])
        classes = Classes(one, own, np.ones(M - 1), np.delete(sizes, y))
        failing.append(failure_probability(law, classes))
    return sizes / N, np.concatenate(failing)


def skewed() -> tuple[list[dict[str, object]], dict[str, str]]:
    """Rows of the claims on skewed tables, and the law with one's own class kept."""
    rows: list[dict[str, object]] = []
    for name in ("skewed", "skewed-whitened"):
        claim = next(each for each in find("linear-capacity").claims if each.name == name)
        regimes = {regime: claim.regime(regime) for regime in ("quick", "must_fail")}
        apart, kept = (claim.check(seed=SEED, **each).table for each in regimes.values())
        rows += [
            {"memory": regimes["quick"]["law"], **row, "kept": other["predicted"]}
            for row, other in zip(apart, kept, strict=True)
        ]
    columns = {
        "memory": "memory",
        "map": "facts of one answer",
        "d": "$d$",
        "N": "$N$",
        "trials": "trials",
        "measured": "not recalled",
        "interval": "its interval",
        "predicted": "law, own class excluded",
        "kept": "law, own class kept",
    }
    return rows, columns


def main() -> None:
    """Measure, compute and store the tables."""
    rows = []
    for d, M, N, trials in SIZES:
        point = measure(
            "linear", d=d, N=N, facts="zipf", outputs=M, trials=trials, seed=SEED
        ).points[0]
        share, failing = failures(N, d, M)
        rows.append(
            {
                "d": d,
                "M": M,
                "N": N,
                "measured": point.recall,
                "error": point.standard_error,
                "without": float(1 - share @ failing),
                "predict": expected_recall(LINEAR, d=d, N=N, facts="zipf", M=M),
            }
        )
    columns = {
        "d": "$d$",
        "M": "$M$",
        "N": "$N$",
        "measured": "measured",
        "error": "s.e.",
        "without": "law, own class excluded",
        "predict": "`recall predict`",
    }
    store("zipf", rows, columns, seed=SEED)

    store("skewed", *skewed(), seed=SEED)

    rows = []
    for d in (64, 10**4, 10**9):
        for M in (8, 32):
            N = capacity_of(LINEAR, d=d, facts="zipf", M=M)
            largest = N / float(np.sum(1 / np.arange(1, M + 1)))
            rows.append({"d": d, "M": M, "N": N, "law": 3 * largest * np.log(largest) / d})
    columns = {
        "d": "$d$",
        "M": "$M$",
        "N": "all recalled in half of the draws: $N$",
        "law": r"$3 K_1 \log K_1 / d$",
    }
    store("zipf-capacity", rows, columns, seed=None)


if __name__ == "__main__":
    main()
