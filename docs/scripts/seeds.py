"""Verdicts of cheap claims under 200 other seeds: how often a claim that holds does not."""

from stored import store

from theory.claims import Verdict
from theory.registry import find

SEEDS = range(1, 201)

CLAIMS = (
    ("linear-capacity", "guarantee"),
    ("linear-capacity", "exponent"),
    ("low-rank-capacity", "guarantee"),
)


def main() -> None:
    """Judge every claim with every seed, and count."""
    rows = []
    for theorem, name in CLAIMS:
        claim = next(claim for claim in find(theorem).claims if claim.name == name)
        found = [claim.check(seed=seed, **claim.regime("quick")).verdict for seed in SEEDS]
        counts = {str(verdict): found.count(verdict) for verdict in Verdict}
        del counts["not_applicable"]
        rows.append({"theorem": theorem, "claim": name, **counts})
        print(rows[-1], flush=True)
    columns = {"theorem": "theorem", "claim": "claim", "holds": "holds"}
    columns |= {"inconclusive": "inconclusive", "violated": "violated"}
    store("seeds", rows, columns, seed=SEEDS[0])


if __name__ == "__main__":
    main()
