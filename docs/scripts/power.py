"""What the claims of the stored run would notice, for those that are judged by intervals."""

import json

from stored import DOCS, store

from theory.claims import deviation_text


def main() -> None:
    """Read the stored run, and store what it would notice."""
    document = json.loads((DOCS / "results" / "verify.json").read_text(encoding="utf-8"))
    rows = []
    for claim in document["claims"]:
        judged = [row for row in claim["table"] if "deviation" in row]
        # A slope's table is that of its points; what is computed has no interval.
        slope = claim["kind"] == "scaling" and claim["interval"] is not None
        if claim["would_notice"] is None or not (judged or slope):
            continue
        allowed = judged[0]["tolerance"] if judged else claim["tolerance"]
        relative = claim["relative"]
        rows.append(
            {
                "theorem": claim["theorem"],
                "claim": claim["claim"],
                "comparisons": max(1, len(judged)),
                "tolerance": deviation_text(allowed, relative=relative),
                "noticed": deviation_text(claim["would_notice"], relative=relative),
            }
        )
    columns = {
        "theorem": "theorem",
        "claim": "claim",
        "comparisons": "comparisons",
        "tolerance": "tolerance",
        "noticed": "violated from",
    }
    store("power", rows, columns, seed=document["seed"])


if __name__ == "__main__":
    main()
