"""The smallest transformers of each construction that hold every fact, at three shapes."""

import math
from typing import Any

from stored import store

from sims.transformers.architecture import Architecture, Shape
from sims.transformers.smallest import SizePoint, smallest_size
from theory.transformers.superposed import superposed_dimension

SEED, TRIALS = 0, 3
SHAPES = (Shape(64, 64, 8), Shape(32, 32, 32), Shape(128, 16, 16))
BY_DIMENSION = ("attention-only-sum", "attention-only-dual", "attention-only")
BY_WIDTH = ("attention-mlp-whitened", "attention-mlp")
D_MLP = {"attention-mlp-whitened": 64, "attention-mlp": 32}


def main() -> None:
    """Search every size and store the table."""
    rows = []
    for shape in SHAPES:
        S, R, D = shape.subjects, shape.relations, shape.answers
        for model in BY_DIMENSION:
            # One head for each token: with plain sums larger heads lose their way.
            head_dim = 1 if model == "attention-only-sum" else None
            found = smallest_size(
                Architecture(model, 8, head_dim=head_dim), shape, vary="d", trials=TRIALS,
                seed=SEED, start=R + D if head_dim is None else 16 * (R + D), experiment="smallest",
            ).points[0]  # fmt: skip
            law = superposed_dimension(S, R, D, noise=shape.noise, group=1) if head_dim else None
            rows.append(row(shape, model, "d", found, law))
        for model in BY_WIDTH:
            found = smallest_size(
                Architecture(model, D_MLP[model]), shape, vary="width", trials=TRIALS, seed=SEED,
                start=4 * shape.facts // D_MLP[model], step=2, experiment="smallest",
            ).points[0]  # fmt: skip
            rows.append(row(shape, model, f"m at d = {D_MLP[model]}", found, None))
    columns = {
        "S": "$S$",
        "R": "$R$",
        "D": "$D$",
        "model": "construction",
        "varied": "searched",
        "size": "smallest, median",
        "low": "not enough",
        "law": "law",
        "parameters": "parameters",
        "bits": "bits at 32 each, over $S R \\log_2 D$",
    }
    store("smallest-transformers", rows, columns, seed=SEED)


def row(shape: Shape, model: str, varied: str, found: SizePoint, law: int | None) -> dict[str, Any]:
    """Return one line of the table."""
    needed = shape.facts * math.log2(shape.answers)
    whole = found.parameters is not None
    return {
        "S": shape.subjects,
        "R": shape.relations,
        "D": shape.answers,
        "model": f"`{model}`",
        "varied": varied,
        "size": int(found.size) if whole else "none",
        "low": sorted(found.low)[len(found.low) // 2],
        "law": law,
        "parameters": found.parameters,
        "bits": round(32 * found.parameters / needed) if whole else None,
    }


if __name__ == "__main__":
    main()
