"""N log N / d^2 on its way to 1/8 and 1/2: what is proved, what is predicted, corrected or not."""

import numpy as np
from stored import store

from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of, limit_estimate
from theory.memories.guarantee import guaranteed_capacity

LINEAR = Construction("linear")
# Beyond this dimension the guarantee is not computed.
PROVED = 10**9


def law(N: float, d: int) -> float:
    """N log N / d^2."""
    return float(N * np.log(N) / d**2)


def main() -> None:
    """Compute and store."""
    rows = []
    for d in (10**2, 10**3, 10**4, 10**6, 10**9, 10**12):
        whole, typical = (capacity_of(LINEAR, d=d, rate=rate) for rate in (1.0, 0.5))
        rows.append(
            {
                "d": d,
                "proved": law(guaranteed_capacity(d), d) if d <= PROVED else None,
                "whole": law(whole, d),
                "whole_corrected": limit_estimate(d, whole, 0.125) * 8,
                "typical": law(typical, d),
                "typical_corrected": limit_estimate(d, typical, 0.5) * 2,
            }
        )
    columns = {
        "d": "$d$",
        "proved": "all, proved",
        "whole": "all, predicted",
        "whole_corrected": "corrected, over $1/8$",
        "typical": "half of the inputs, predicted",
        "typical_corrected": "corrected, over $1/2$",
    }
    store("constants", rows, columns, seed=None)


if __name__ == "__main__":
    main()
