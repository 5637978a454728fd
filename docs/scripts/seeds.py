"""Verdicts of cheap claims under 200 other seeds: how often a claim that holds does not.

    python docs/scripts/seeds.py [TABLE]

judges the claims of a table that is listed here, the first if none is named.

Beside them the deviation that 95% of these runs would have noticed: planted in all predictions, it
would be violated with what they measured.
"""

import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from stored import store

from theory.claims import Finding, Verdict, deviation_text
from theory.registry import find

SEEDS = range(1, 201)

TABLES = {
    "seeds": (
        ("linear-capacity", "guarantee"),
        ("linear-capacity", "exponent"),
        ("linear-capacity", "zipf"),
        ("low-rank-capacity", "guarantee"),
        ("low-rank-capacity", "projector"),
        ("information-bound", "sign-constant"),
        ("optimal-linear-capacity", "decided"),
    ),
    "seeds-again": (("optimal-linear-capacity", "decided"), ("low-rank-capacity", "guarantee")),
    "seeds-winsorised": (
        ("linear-capacity", "exponent"),
        ("linear-capacity", "zipf"),
        ("low-rank-capacity", "projector"),
        ("sharp-linear-capacity", "n99"),
        ("sharp-linear-capacity", "recall"),
    ),
    "seeds-zipf": (("linear-capacity", "zipf"),),
}


def found(theorem: str, name: str, seed: int) -> Finding:
    """Judge a claim with a seed."""
    (claim,) = (claim for claim in find(theorem).claims if claim.name == name)
    return claim.check(seed=seed, **claim.regime("quick"))


def main() -> None:
    """Judge every claim with every seed, and count."""
    rows = []
    table = sys.argv[1] if len(sys.argv) > 1 else next(iter(TABLES))
    with ProcessPoolExecutor(2) as pool:
        for theorem, name in TABLES[table]:
            count = len(SEEDS)
            findings = list(pool.map(found, [theorem] * count, [name] * count, SEEDS))
            verdicts = [finding.verdict for finding in findings]
            counts = {str(verdict): verdicts.count(verdict) for verdict in Verdict}
            del counts["not_applicable"]
            noticed = [finding.would_notice for finding in findings]
            # What does not hold as it is has noticed already.
            known = [0.0 if value is None else value for value in noticed]
            largest = None if noticed == [None] * count else float(np.quantile(known, 0.95))
            text = deviation_text(largest, relative=findings[0].relative)
            rows.append({"theorem": theorem, "claim": name, **counts, "noticed": text or None})
            print(rows[-1], flush=True)
    columns = {"theorem": "theorem", "claim": "claim", "holds": "holds"}
    columns |= {"inconclusive": "inconclusive", "violated": "violated"}
    columns |= {"noticed": "would notice, 95%"}
    store(table, rows, columns, seed=SEEDS[0])


if __name__ == "__main__":
    main()
