"""How often a true claim would be called violated under another seed, from the stored run's errors.

For a prediction that is exact, a comparison with normal error fails with probability
2 Phi(-allowed / error); for a guarantee that holds with equality, an exact interval misses at its
stated rate.
"""

import json

from scipy import stats
from stored import DOCS, store

from theory.judging import GUARANTEE_LEVEL


def main() -> None:
    """Compute and store."""
    document = json.loads((DOCS / "results" / "verify.json").read_text(encoding="utf-8"))
    rows = []
    for claim in document["claims"]:
        table = claim["table"]
        errors = [row for row in table if row.get("error") and "allowed" in row]
        if claim["verdict"] == "not_applicable":
            continue
        if errors:
            rates = [2 * stats.norm.sf(row["allowed"] / row["error"]) for row in errors]
            width = min(row["allowed"] / row["error"] for row in errors)
        elif table and "successes" in table[0]:
            rates = [(1 - GUARANTEE_LEVEL) / 2 for _ in table]
            width = None
        elif claim["kind"] == "scaling":
            low, high = claim["interval"]
            width = claim["tolerance"] / ((high - low) / 6)
            rates = [2 * stats.norm.sf(width)]
        else:
            continue
        rows.append(
            {
                "theorem": claim["theorem"],
                "claim": claim["claim"],
                "comparisons": len(rates),
                "narrowest": None if width is None else round(width, 1),
                "rate": float(sum(rates)),
            }
        )
    total = {"theorem": "all", "claim": "", "comparisons": sum(row["comparisons"] for row in rows)}
    rows.append({**total, "narrowest": None, "rate": sum(row["rate"] for row in rows)})
    columns = {
        "theorem": "theorem",
        "claim": "claim",
        "comparisons": "comparisons",
        "narrowest": "narrowest allowance, in s.e.",
        "rate": "false alarms per run, at most",
    }
    store("alarms", rows, columns, seed=document["seed"])


if __name__ == "__main__":
    main()
