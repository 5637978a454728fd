"""Least-squares memories: the leading-order law against measured recall."""

import numpy as np
from stored import store

from assoc.embeddings import sphere
from sims import measure
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.memories.recall import expected_recall

SEED = 0
TRIALS = {32: 2000, 64: 500, 128: 100}
LEVELS = (0.99, 0.9, 0.5)
DRAWS = 40


def main() -> None:
    """Measure and store."""
    rows = []
    for memory in ("dual-inputs", "dual-outputs", "dual-both"):
        law = Construction(memory)
        for d, trials in TRIALS.items():
            for level in LEVELS:
                N = round(capacity_of(law, d=d, rate=level))
                point = measure(memory, d=d, N=N, trials=trials, seed=SEED).points[0]
                predicted = expected_recall(law, d=d, N=N)
                rows.append(
                    {
                        "memory": memory,
                        "d": d,
                        "N": N,
                        "trials": trials,
                        "measured": point.recall,
                        "error": point.standard_error,
                        "predicted": predicted,
                        "off": predicted - point.recall,
                        "linear": expected_recall(Construction("linear"), d=d, N=N),
                    }
                )
    columns = {
        "memory": "memory",
        "d": "$d$",
        "N": "$N$",
        "measured": "measured",
        "error": "s.e.",
        "predicted": "predicted",
        "off": "predicted minus measured",
        "linear": "`linear`, predicted",
    }
    store("duals", rows, columns, seed=SEED)
    leverages()


def leverages() -> None:
    """Store how much the leverage of a unit vector fluctuates."""
    rows = []
    for d, N in ((64, 128), (64, 256), (128, 758), (128, 1424)):
        found = []
        for trial in range(DRAWS):
            E = sphere(N, d, rng=np.random.default_rng([SEED, d, N, trial]))
            found.append(np.einsum("ij,jk,ik->i", E, np.linalg.inv(E.T @ E), E))
        share = d / N
        rows.append(
            {
                "d": d,
                "N": N,
                "measured": float(np.var(found) / share**2),
                "unit": 2 * share * (1 - share) / (d + 2),
                "beta": 2 * (1 - share) / d * N / (N + 2),
            }
        )
    columns = {
        "d": "$d$",
        "N": "$N$",
        "measured": "relative variance of $H$, measured",
        "unit": r"$2 \gamma (1 - \gamma) / (d + 2)$",
        "beta": "of the Beta law",
    }
    store("leverages", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
