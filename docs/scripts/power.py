"""What the claims of the stored run would notice, for those that are judged by intervals."""

import json

from stored import DOCS, store

from theory.claims import deviation_text
from theory.registry import find


def main() -> None:
    """Read the stored run, and store what it would notice."""
    document = json.loads((DOCS / "results" / "verify.json").read_text(encoding="utf-8"))
    rows = []
    within: dict[str, list[float]] = {"at quick size": [], "at full size": []}
    for claim in document["claims"]:
        judged = [row for row in claim["table"] if "deviation" in row]
        # A slope's table is that of its points; what is computed has no interval.
        slope = claim["kind"] == "scaling" and claim["interval"] is not None
        if claim["would_notice"] is None or not (judged or slope):
            continue
        allowed = judged[0]["tolerance"] if judged else claim["tolerance"]
        relative = claim["relative"]
        own = next(one for one in find(claim["theorem"]).claims if one.name == claim["claim"])
        # Scaled with the quick one where a check derives what it allows from its tolerance.
        quick, full = (own.regime(size).get("tolerance", allowed) for size in ("quick", "full"))
        within["at quick size"].append(allowed)
        within["at full size"].append(allowed * full / quick)
        rows.append(
            {
                "theorem": claim["theorem"],
                "claim": claim["claim"],
                "comparisons": max(1, len(judged)),
                "tolerance": deviation_text(allowed, relative=relative),
                "full": deviation_text(allowed * full / quick, relative=relative),
                "noticed": deviation_text(claim["would_notice"], relative=relative),
            }
        )
    columns = {
        "theorem": "theorem",
        "claim": "claim",
        "comparisons": "comparisons",
        "tolerance": "tolerance",
        "full": "at full size",
        "noticed": "violated from",
    }
    for size, tolerances in within.items():
        near = [sum(each <= most + 1e-9 for each in tolerances) for most in (0.03, 0.1)]
        print(f"{size}: {near[0]} of {len(rows)} at most 0.03, {near[1]} at most 0.1")
    store("power", rows, columns, seed=document["seed"])


if __name__ == "__main__":
    main()
