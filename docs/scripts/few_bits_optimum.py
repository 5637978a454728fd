"""How many facts matrices of few bits can hold at best: predicted, tried and found."""

import json
from typing import Any

import numpy as np
from scipy import optimize
from stored import DOCS, store

from assoc.bits.levels import gaussian_quantiser
from theory.bounds.accounting import stored_bits
from theory.bounds.bit_checks import check_sign_optimum
from theory.memories.few_bits import few_bits_capacity, first_moment_capacity

SEED = 0
SIZES = ((16, 1), (32, 1), (64, 1), (256, 1), (16384, 1), (16, 2), (32, 2), (64, 2))
SIZES += ((32, 3), (64, 3), (32, 4), (64, 4))
TRIED = ((3, 3), (4, 4), (5, 4), (4, 5))
DRAWS = 200


def found(d: int, bits: int) -> dict[str, Any]:
    """Largest N that annealing held in nine of ten draws or more, and in any (few-bits)."""
    rows = json.loads((DOCS / "results" / "few-bits.json").read_text())["rows"]
    here = [
        (int(row["held"].split()[0]), row["N"])
        for row in rows
        if (row["d"], row["bits"]) == (d, bits)
    ]
    return {
        "most": max((N for held, N in here if held >= 9), default=None),
        "any": max((N for held, N in here if held), default=None),
    }


def row(d: int, bits: int) -> dict[str, Any]:
    """Return the record of a dimension and a number of bits."""
    N, error = few_bits_capacity(d, bits)
    spent = bits * d**2
    first_moment = first_moment_capacity(d) if bits == 1 else None
    count: Any = optimize.brentq(lambda N: N * np.log2(N) - spent, 2, 1e12)
    record = {
        "d": d, "bits": bits, **found(d, bits), "N": N, "error": error,
        "efficiency": stored_bits(N) / spent, "first_moment": first_moment, "count": float(count),
        "limit": gaussian_quantiser(bits)[1] / (2 * bits * float(np.log(2))),
    }  # fmt: skip
    print(record, flush=True)
    return record


def main() -> None:
    """Compute and store."""
    columns = {
        "d": "$d$", "bits": "$b$", "most": "found, 9 of 10 draws", "any": "found, any draw",
        "N": "predicted optimum", "error": "standard error",
        "efficiency": "bits stored per bit spent, there", "first_moment": "first moment",
        "count": "$N \\log_2 N = b d^2$", "limit": "$\\kappa_b / (2 b \\log 2)$",
    }  # fmt: skip
    store("few-bits-optimum", [row(*size) for size in SIZES], columns, seed=SEED)
    judged = check_sign_optimum(seed=SEED, shapes=TRIED, draws=DRAWS, tolerance=0.1)
    columns = {
        "d_in": "coordinates of inputs", "d": "of answers", "trials": "draws",
        "measured": "most facts, all matrices tried", "error": "standard error",
        "predicted": "predicted",
    }  # fmt: skip
    store("sign-optimum", [dict(row) for row in judged.table], columns, seed=SEED)


if __name__ == "__main__":
    main()
