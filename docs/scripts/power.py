"""What the claims of the stored run would notice: deviations planted in every prediction at once.

An interval of a deviation is moved by what is planted. The claim no longer holds as soon as one
interval leaves its tolerance, and is violated as soon as one lies wholly beyond it.
"""

import json
import math

from stored import DOCS, store


def main() -> None:
    """Compute from the intervals of the stored run, and store."""
    document = json.loads((DOCS / "results" / "verify.json").read_text(encoding="utf-8"))
    rows = []
    for claim in document["claims"]:
        judged = [row for row in claim["table"] if "deviation" in row]
        # A slope's table is that of its points; what is computed has no interval.
        slope = claim["kind"] == "scaling" and claim["interval"] is not None
        if claim["verdict"] != "holds" or not (judged or slope):
            continue
        if judged:
            intervals, allowed = [row["deviation"] for row in judged], judged[0]["tolerance"]
        else:
            intervals = [[end - claim["predicted"] for end in claim["interval"]]]
            allowed = claim["tolerance"]
        low = [-math.inf if end is None else end for end, _ in intervals]
        high = [math.inf if end is None else end for _, end in intervals]
        rows.append(
            {
                "theorem": claim["theorem"],
                "claim": claim["claim"],
                "comparisons": len(intervals),
                "tolerance": allowed,
                "unsettled": claim["would_notice"],
                "violated": max(allowed - max(low), allowed + min(high)),
            }
        )
    columns = {
        "theorem": "theorem",
        "claim": "claim",
        "comparisons": "comparisons",
        "tolerance": "tolerance",
        "unsettled": "no longer holds from",
        "violated": "violated from",
    }
    store("power", rows, columns, seed=document["seed"])


if __name__ == "__main__":
    main()
