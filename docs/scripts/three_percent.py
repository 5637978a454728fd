"""What claims find at full size when they are allowed 3%: which laws are that good there.

Each comparison goes on until its interval is within 3%, or beyond, or the trials of the full size
are used up. A claim that is violated is one whose law is off by more.
"""

from concurrent.futures import ProcessPoolExecutor
from typing import Any

from stored import store

from theory.registry import find

ALLOWED = 0.03

CLAIMS = (
    "linear-capacity/non-injective",
    "linear-capacity/zipf",
    "linear-capacity/skewed",
    "linear-capacity/several",
    "low-rank-capacity/projector",
    "low-rank-capacity/sketch",
    "mlp-capacity/recall",
    "sharp-linear-capacity/bits",
)


def row(name: str) -> dict[str, Any]:
    """Judge a claim at full size, with the smaller tolerance."""
    theorem, _, wanted = name.partition("/")
    (claim,) = (each for each in find(theorem).claims if each.name == wanted)
    regime = claim.regime("full")
    found = claim.check(seed=0, **{**regime, "tolerance": ALLOWED})
    ends = [judged["deviation"] for judged in found.table]
    low, high = max(ends, key=lambda end: max(min(end), -max(end), 0.0))
    return {
        "theorem": theorem, "claim": wanted, "allowed": regime["tolerance"],
        "verdict": str(found.verdict), "judged": len(ends), "low": low, "high": high,
    }  # fmt: skip


def main() -> None:
    """Judge them all, and store what was found."""
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(row, CLAIMS))
    columns = {
        "theorem": "theorem", "claim": "claim", "allowed": "tolerance at full size",
        "verdict": "with 0.03", "judged": "comparisons made", "low": "furthest deviation, from",
        "high": "to",
    }  # fmt: skip
    store("three-percent", rows, columns, seed=0)


if __name__ == "__main__":
    main()
