"""Recall of 1000 pairs of MiniLM token embeddings, by preprocessing and by choice of rows.

The rows of the file are ordered from frequent tokens to rare ones, and what is frequent is less
isotropic, so the choice of rows matters.
"""

from collections.abc import Callable

import numpy as np
from stored import store

from assoc import example_path, load_vectors, margins, preprocess
from assoc.arrays import Floats
from assoc.memories.linear import hebbian

SEED = 0
TRIALS = 20
N = 1000

Choice = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def recall(E: Floats, U: Floats, rng: np.random.Generator) -> float:
    """Fraction recalled of the pairs E[x] -> U[x]."""
    f = np.arange(len(E))
    return float((margins(hebbian(E, U, f, rng=rng), E, U, f) > 0).mean())


def rows_of(first: int, second: int) -> Choice:
    """Inputs from row ``first`` on, outputs from row ``second`` on, in the file's order."""
    return lambda rng: (np.arange(first, first + N), np.arange(second, second + N))


def disjoint(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and outputs at random, no row twice: what ``recall measure`` does."""
    order = rng.permutation(4096)
    return order[:N], order[N : 2 * N]


def itself(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Every random input is its own answer."""
    order = rng.permutation(4096)[:N]
    return order, order


CHOICES: dict[str, Choice] = {
    "random, inputs and outputs disjoint": disjoint,
    "random, each its own answer": itself,
    "rows 0-999 to rows 1000-1999": rows_of(0, 1000),
    "rows 0-999 to rows 2048-3047": rows_of(0, 2048),
    "rows 2048-3047 to rows 3048-4047": rows_of(2048, 3048),
}


def main() -> None:
    """Measure and store."""
    tokens = load_vectors(example_path("minilm_tokens.npz"))
    prepared = {
        how: preprocess(tokens.vectors, how) for how in ("none", "normalise", "centre", "whiten")
    }
    rows = []
    for name, choose in CHOICES.items():
        random = name.startswith("random")
        row: dict[str, object] = {"rows": name, "draws": TRIALS if random else 1}
        for how, vectors in prepared.items():
            found = []
            for trial in range(TRIALS if random else 1):
                rng = np.random.default_rng([SEED, trial])
                inputs, outputs = choose(rng)
                found.append(recall(vectors[inputs], vectors[outputs], rng))
            row[how] = float(np.mean(found))
        rows.append(row)
    columns = {
        "rows": "pairs",
        "draws": "draws",
        "none": "as they are",
        "normalise": "normalised",
        "centre": "centred",
        "whiten": "whitened",
    }
    store("real-embeddings", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
