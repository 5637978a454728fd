"""In how few bits heads and an MLP that are fitted together hold tables, every fact certified."""

import sys
from typing import Any

from attention_bits import SEED, measured
from stored import store

SWEEPS = 40

Size = tuple[int | str, int, tuple[int, int], int, int, int, bool, int]

SIZES: tuple[Size, ...] = (
    (16, 48, (12, 12), 24, 1, 1, False, 3),
    (16, 48, (12, 12), 18, 1, 1, False, 3),
    (16, 48, (12, 12), 12, 1, 2, False, 3),
    (16, 48, (7, 7), 12, 2, 2, False, 3),
    (16, 96, (13, 10), 0, 1, 1, True, 3),
    (16, 48, (28, 24), 0, 1, 1, True, 3),
    (16, 48, (12, 12), 24, 1, 1, True, 3),
    (32, 96, (20, 20), 36, 1, 1, False, 1),
    (32, 96, (20, 20), 38, 1, 1, True, 1),
    ("countries.csv", 400, (22, 8), 32, 1, 1, False, 1),
    (64, 192, (42, 42), 56, 1, 1, False, 1),
)
"""S = R of a table with D = 8, or a file; d, d_h of both heads, m, b of heads and of the MLP,
whether embeddings are stored, and draws."""

COUNTRIES: tuple[Size, ...] = (
    ("countries.csv", 400, (20, 7), 27, 1, 1, False, 1),
    ("countries.csv", 400, (50, 12), 0, 1, 1, False, 1),
    ("countries.csv", 400, (18, 6), 24, 1, 1, False, 1),
)
"""The same of one table, with an MLP and without."""

TABLES = {"mlp-bits": SIZES, "mlp-bits-countries": COUNTRIES}


def row(
    table: int | str,
    d: int,
    dims: tuple[int, int],
    width: int,
    bits: int,
    mlp_bits: int,
    stored: bool,
    draws: int,
) -> dict[str, Any]:
    """Return the record of a size."""
    options = {"width": width, "mlp_bits": mlp_bits}
    found = measured(table, d, dims, bits, SWEEPS, draws, stored=stored, **options)
    heads = sum(dims) * bits
    return found | {
        "m": width,
        "b": f"{bits}, {mlp_bits}" if width else f"{bits}",
        "share": width * mlp_bits / (heads + width * mlp_bits),
        "embeddings": "stored" if stored else "drawn",
    }


def main() -> None:
    """Fit, and store what was found, of the tables that are named or of all."""
    columns = {
        "table": "table",
        "embeddings": "embeddings",
        "d": "$d$",
        "d_h": "$d_h$",
        "m": "$m$",
        "b": "$b$",
        "share": "values in the MLP",
        "needed": "bits needed",
        "spent": "bits spent",
        "efficiency": "efficiency",
        "held": "held whole",
        "lost": "facts lost, mean",
        "seconds": "s",
    }
    for name in sys.argv[1:] or TABLES:
        store(name, [row(*case) for case in TABLES[name]], columns, seed=SEED)


if __name__ == "__main__":
    main()
