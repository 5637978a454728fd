"""How many trials it takes to know a share to 10%, by how far the trials are spread."""

import math

import numpy as np
from stored import store

from sims.engine.betting import betting_interval
from theory.claims import Verdict
from theory.equivalence import Equivalence

SEED = 0
RULE = Equivalence(0.1, comparisons=4)
BUDGET = 4000


def least(share: float, spread: float) -> int:
    """Trials from which their interval is within the tolerance, up to a twentieth."""
    values = np.random.default_rng(SEED).normal(share, spread, BUDGET).clip(0, 1)
    n = 16
    while n < BUDGET:
        ends = betting_interval(values[:n], level=RULE.level, budget=BUDGET)
        if RULE.verdict(ends, share) is Verdict.HOLDS:
            return n
        n += max(1, n // 20)
    return BUDGET


def bound(share: float) -> int:
    """Trials below which a share that is off by the tolerance may look as if all were equal."""
    beyond = share * math.expm1(RULE.tolerance)
    return math.ceil(math.log(2 / (1 - RULE.level)) / -math.log1p(-beyond / (1 - share)))


def main() -> None:
    """Count the trials of shares without and with a spread, and store the table."""
    rows = [
        {"share": share, "bound": bound(share), "equal": least(share, 0.0),
         "spread": least(share, 0.02)}
        for share in (0.05, 0.2, 0.5)
    ]  # fmt: skip
    columns = {"share": "share", "bound": "at least, by the formula", "equal": "all trials equal"}
    columns |= {"spread": "spread by 0.02"}
    store("trials", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
