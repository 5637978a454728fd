"""Verdicts of cheap claims under 200 other seeds: how often a claim that holds does not.

Without arguments for all that are listed here; with some, for these alone, stored beside.

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

CLAIMS = (
    ("linear-capacity", "guarantee"),
    ("linear-capacity", "exponent"),
    ("linear-capacity", "zipf"),
    ("low-rank-capacity", "guarantee"),
    ("low-rank-capacity", "projector"),
    ("information-bound", "sign-constant"),
    ("optimal-linear-capacity", "decided"),
)


def found(theorem: str, name: str, seed: int) -> Finding:
    """Judge a claim with a seed."""
    (claim,) = (claim for claim in find(theorem).claims if claim.name == name)
    return claim.check(seed=seed, **claim.regime("quick"))


def main() -> None:
    """Judge every claim with every seed, and count."""
    rows = []
    asked = [tuple(each.split("/")) for each in sys.argv[1:]]
    with ProcessPoolExecutor(2) as pool:
        for theorem, name in asked or CLAIMS:
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
    store("seeds-again" if asked else "seeds", rows, columns, seed=SEEDS[0])


if __name__ == "__main__":
    main()
