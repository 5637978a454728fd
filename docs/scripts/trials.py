"""How many trials it takes to know a share to 10%: of all values up to 1, and winsorised."""

import math

import numpy as np
from stored import store

from sims.engine.betting import betting_interval
from theory.claims import Verdict
from theory.equivalence import Equivalence
from theory.memories.checks import largest_counted

SEED = 0
FACTS = 512
SPREAD = 0.02
RULE = Equivalence(0.1, comparisons=4)
BUDGET = 4000


def least(share: float, most: float) -> int:
    """Trials from which their interval is within the tolerance, up to a twentieth."""
    values = np.random.default_rng(SEED).normal(share, SPREAD, BUDGET).clip(0, most)
    n = 16
    while n < BUDGET:
        low, high = betting_interval(values[:n] / most, level=RULE.level, budget=BUDGET)
        if RULE.verdict((most * low, most * high), share) is Verdict.HOLDS:
            return n
        n += max(1, n // 20)
    return BUDGET


def bound(share: float, most: float) -> int:
    """Trials below which a share that is off by the tolerance may look as if all were equal."""
    beyond = share * math.expm1(RULE.tolerance)
    return math.ceil(math.log(2 / (1 - RULE.level)) / -math.log1p(-beyond / (most - share)))


def main() -> None:
    """Count the trials of shares as they are and winsorised, and store the table."""
    rows = []
    for share in (0.05, 0.2, 0.4):
        most = largest_counted(share, FACTS)
        rows.append(
            {
                "share": share,
                "bound": bound(share, 1.0),
                "found": least(share, 1.0),
                "winsorised bound": bound(share, most),
                "winsorised": least(share, most),
            }
        )
    columns = {"share": "share", "bound": "up to 1, at least", "found": "up to 1, found"}
    columns |= {"winsorised bound": "winsorised, at least", "winsorised": "winsorised, found"}
    store("trials", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
