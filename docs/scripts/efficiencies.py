"""Bits stored per bit spent, for every construction and width of its weights, measured."""

from stored import store

from sims.transformers.architecture import Architecture, Shape
from sims.transformers.fewest_bits import fewest_bits_facts
from theory.bounds.accounting import account
from theory.bounds.table_bits import table_bits

SEED = 0
CONSTRUCTIONS = (
    {"memory": "linear"},
    {"memory": "low-rank", "rank": "d/2"},
    {"memory": "low-rank-svd", "rank": "d/2"},
    {"memory": "dual-both"},
    {"memory": "gated-mlp", "width": "8d"},
    {"memory": "mlp", "width": "16d"},
    {"memory": "whitened-mlp", "width": "8d"},
    {"memory": "bilinear-ridge", "width": "8d"},
)
MODELS = (
    (Architecture("attention-only", 64), Shape(16, 16, 8)),
    (Architecture("attention-mlp", 48, width=64), Shape(16, 16, 8)),
)
WIDTHS = (1, 2, 4, 8, 16)


def main() -> None:
    """Measure and store."""
    rows = []
    for options in CONSTRUCTIONS:
        for d in (16, 32) if "width" in options else (16, 32, 64):
            found = [account(**options, d=d, bits=b, trials=9, seed=SEED) for b in WIDTHS]
            efficiency = [each.efficiency for each in found]
            best = efficiency.index(max(efficiency))
            rows.append(
                {
                    "memory": found[0].memory.removesuffix(" b=1"),
                    "d": d,
                    **{f"b{b}": e for b, e in zip(WIDTHS, efficiency, strict=True)},
                    "best": WIDTHS[best],
                    "N": float(sorted(found[best].N)[len(found[best].N) // 2]),
                }
            )
    columns = {
        "memory": "memory", "d": "$d$", **{f"b{b}": f"$b = {b}$" for b in WIDTHS},
        "best": "best $b$", "N": "$N$ there",
    }  # fmt: skip
    store("efficiencies", rows, columns, seed=SEED)
    models = []
    for architecture, shape in MODELS:
        found = fewest_bits_facts(
            architecture, shape, bits=(2, 4, 6, 8, 10, 12, 16), trials=9, seed=SEED
        )
        stochastic = fewest_bits_facts(
            architecture, shape, bits=(2, 4, 6, 8, 10, 12, 16), trials=9, seed=SEED,
            rounding="stochastic",
        )  # fmt: skip
        S, R, D = shape.subjects, shape.relations, shape.answers
        bits = table_bits(S, R, D, R * D).low
        models.append(
            {
                "model": architecture.label(),
                "d": architecture.d,
                "facts": S * R,
                "b": found.b,
                "stochastic": stochastic.b,
                "spent": found.spent,
                "bound": bits,
                "efficiency": bits / found.spent,
            }
        )
    columns = {
        "model": "model", "d": "$d$", "facts": "facts", "b": "fewest $b$, nearest",
        "stochastic": "fewest $b$, stochastic", "spent": "bits spent", "bound": "bits needed",
        "efficiency": "efficiency",
    }  # fmt: skip
    store("transformer-bits", models, columns, seed=SEED)


if __name__ == "__main__":
    main()
