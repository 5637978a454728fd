"""How many of the likeliest inputs a memory of equal weights does best to store, predicted."""

import math

from stored import store

from assoc.facts.input_laws import PowerLaw
from theory.memories.power_laws import best_first

DIMENSIONS = (32, 128, 512, 10**4, 10**5, 10**6)


def leading(a: float, n: int, d: int) -> float:
    """Return d^2 / n to leading order: own noise alone up to a = 2, single competitors beyond."""
    if a <= 2:
        return (math.sqrt(2 * math.log(n)) + 2 * math.sqrt((a - 1) * math.log(d))) ** 2
    return 4 * math.log(n) + 8 * (a - 1) * math.log(d)


def main() -> None:
    """Compute and store."""
    rows = []
    for a in (1.1, 1.5, 2.0, 3.0):
        before = None
        for d in DIMENSIONS:
            n, error = best_first(PowerLaw(a), d=d)
            slope = None
            if before is not None:
                slope = math.log(error / before[1]) / math.log(d / before[0])
            rows.append(
                {
                    "a": a,
                    "d": d,
                    "n": n,
                    "error": error,
                    "load": d**2 / n,
                    "leading": leading(a, n, d),
                    "slope": "" if slope is None else f"{slope:.3f}",
                    "limit": -2 * (a - 1),
                }
            )
            before = d, error
    columns = {
        "a": "$a$", "d": "$d$", "n": "best $n$", "error": "error", "load": "$d^2/n$",
        "leading": "its leading order", "slope": "exponent since the row above",
        "limit": "limit",
    }  # fmt: skip
    store("best-numbers", rows, columns, seed=None)


if __name__ == "__main__":
    main()
