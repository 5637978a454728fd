"""How often a bisected crossing is not the first prefix that fails, at d = 64."""

import numpy as np
from stored import store

from sims import capacity
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled
from sims.memories.settings import RandomVectors

SEED = 0
D = 64
TRIALS = 400
LARGEST = 256


def main() -> None:
    """Count and store."""
    low = np.array(capacity("linear", d=D, trials=TRIALS, seed=SEED).points[0].low)
    ensemble = Ensemble.of(Construction("linear"), RandomVectors(D), SEED, "capacity")
    whole = np.array(
        [np.array(count_recalled(ensemble, N, range(TRIALS))) == N for N in range(1, LARGEST + 1)]
    )
    assert (low < LARGEST).all(), "some crossing lies beyond the sizes tried"
    assert whole[low - 1, np.arange(TRIALS)].all()
    assert not whole[low, np.arange(TRIALS)].any()
    # Sizes are counted from 1: row k is N = k + 1.
    first = np.argmin(whole, axis=0)
    last = LARGEST - np.argmax(whole[::-1], axis=0)
    crossings = (whole[:-1] & ~whole[1:]).sum(axis=0)
    gap = low - first
    values = {
        "trials": TRIALS,
        "share with more than one crossing": float((crossings > 1).mean()),
        "share where bisection found another crossing than the first": float((gap > 0).mean()),
        "median largest prefix before the first failure": float(np.median(first)),
        "median of the bisected crossing": float(np.median(low)),
        "median largest prefix recalled whole": float(np.median(last)),
        "mean excess of the bisected crossing over the first": float(gap.mean()),
        "largest excess": int(gap.max()),
    }
    rows = [{"what": what, "value": value} for what, value in values.items()]
    store("crossings", rows, {"what": f"at $d = {D}$", "value": "value"}, seed=SEED)


if __name__ == "__main__":
    main()
