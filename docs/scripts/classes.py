"""Balanced maps: predicted capacities against the leading-order laws."""

import numpy as np
from stored import store

from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of

LINEAR = Construction("linear")


def main() -> None:
    """Compute and store."""
    rows = []
    for d in (64, 10**4, 10**6, 10**9):
        for M in sorted({8, 64, d}):
            whole = capacity_of(LINEAR, d=d, facts="balanced", M=M)
            typical = capacity_of(LINEAR, d=d, facts="balanced", M=M, rate=0.5)
            energy = 1 / d**2 + 1 / (M * d)
            rows.append(
                {
                    "d": d,
                    "M": M,
                    "whole": whole,
                    "whole_law": whole * energy * 4 * np.log(whole * M),
                    "typical": typical,
                    "typical_law": typical * energy * 2 * np.log(M),
                }
            )
    columns = {
        "d": "$d$",
        "M": "$M$",
        "whole": "all recalled in half of the draws: $N$",
        "whole_law": "over the law for all",
        "typical": "half of the inputs recalled: $N$",
        "typical_law": "over the law for a typical input",
    }
    store("classes", rows, columns, seed=None)


if __name__ == "__main__":
    main()
