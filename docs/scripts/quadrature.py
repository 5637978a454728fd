"""What the law's quadrature costs in accuracy: capacities with usual and with finer nodes."""

from stored import store

from sims.memories.construction import Construction
from theory.memories import interference
from theory.memories.capacity import capacity_of, limit_estimate

LINEAR = Construction("linear")
USUAL = interference.NODES
FINER = (8, 16, 600, 20)
LEVELS = {1.0: 1 / 8, 0.5: 1 / 2}


def main() -> None:
    """Compute and store."""
    rows = []
    for d in (64, 1024, 10**6, 10**12):
        for rate in (1.0, 0.99, 0.5):
            N = {}
            for nodes in (USUAL, FINER):
                interference.NODES = nodes
                N[nodes] = capacity_of(LINEAR, d=d, rate=rate)
            rows.append(
                {
                    "d": d,
                    "criterion": "all, half the draws" if rate == 1 else f"expected recall {rate}",
                    "usual": N[USUAL],
                    "finer": N[FINER],
                    "off": N[USUAL] / N[FINER] - 1,
                    "corrected": None
                    if rate == 0.99
                    else limit_estimate(d, N[FINER], LEVELS[rate]) / LEVELS[rate],
                }
            )
    columns = {
        "d": "$d$",
        "criterion": "criterion",
        "usual": f"$N$, nodes {USUAL}",
        "finer": f"$N$, nodes {FINER}",
        "off": "relative difference",
        "corrected": "finer, corrected, over its limit",
    }
    store("quadrature", rows, columns, seed=None)


if __name__ == "__main__":
    main()
