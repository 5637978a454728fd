"""Shares of facts that memories fail to recall, beside their laws, with a seed of no claim."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from stored import store

from assoc.embeddings import preprocess
from assoc.examples import example_path
from assoc.vectors.files import load_vectors
from sims import measure
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of
from theory.memories.recall import expected_failure
from theory.memories.vocabulary import projected_failure
from theory.memories.width import width_of

SEED = 77


def row(memory: Construction, predicted: float, trials: int, **given: Any) -> dict[str, Any]:
    """Measure a memory, and compare its share of failures with a prediction."""
    size = {"rank": memory.rank, "width": memory.width, "degree": memory.degree}
    point = measure(memory.memory, trials=trials, seed=SEED, **size, **given).points[0]
    share = 1 - np.array(point.counts) / point.judged
    error = share.std(ddof=1) / np.sqrt(trials) / share.mean()
    return {
        "memory": memory.label(), "facts": given.get("facts", "identity"), "d": point.d,
        "N": point.N, "M": point.M, "trials": trials, "measured": float(share.mean()),
        "predicted": predicted, "log": float(np.log(share.mean() / predicted)),
        "error": float(error),
    }  # fmt: skip


def rows() -> Iterator[dict[str, Any]]:
    """Linear memories, classes, networks, and the vectors of a vocabulary."""
    linear = Construction("linear")
    for d, trials in ((16, 20_000), (32, 20_000), (64, 6000), (128, 1500)):
        for rate in (0.95, 0.8):
            N = int(capacity_of(linear, d=d, rate=rate))
            yield row(linear, expected_failure(linear, d=d, N=N), trials, d=d, N=N)
    for M in (8, 64):
        for facts in ("balanced", "random", "zipf"):
            N = round(capacity_of(linear, d=64, rate=0.8, facts=facts, M=M))
            law = expected_failure(linear, d=64, N=N, facts=facts, M=M)
            yield row(linear, law, 3000, d=64, N=N, facts=facts, outputs=M)
    networks = (
        ("gated-mlp", 32, 128, 1, 600), ("gated-mlp", 64, 512, 1, 200),
        ("whitened-mlp", 16, 512, 2, 200), ("whitened-mlp", 32, 2048, 2, 60),
    )  # fmt: skip
    for name, d, N, degree, trials in networks:
        network = Construction(name, degree=degree)
        width = 2 * round(width_of(network, d=d, N=N, rate=0.8) / 2)
        network = Construction(name, degree=degree, width=width)
        yield row(network, expected_failure(network, d=d, N=N), trials, d=d, N=N)
    tokens = load_vectors(example_path("minilm_tokens.npz"))
    white = preprocess(tokens.vectors, "whiten")
    for rank, N, trials in ((24, 300, 600), (64, 900, 200)):
        memory = Construction("low-rank", rank=rank)
        own = projected_failure(white, N=N, rank=rank)
        given = {"N": N, "embeddings": tokens, "preprocess": "whiten"}
        yield {**row(memory, own, trials, **given), "facts": "whitened tokens"}
        independent = expected_failure(memory, d=white.shape[1], N=N)
        found = row(memory, independent, trials, **given)
        yield {**found, "facts": "the same, law of independent vectors"}


def main() -> None:
    """Measure and store."""
    found = list(rows())
    columns = {
        "memory": "memory", "facts": "facts", "d": "$d$", "N": "$N$", "M": "$M$",
        "trials": "trials", "measured": "fails", "predicted": "predicted",
        "log": "log of measured over predicted", "error": "its standard error",
    }  # fmt: skip
    store("failures", found, columns, seed=SEED)


if __name__ == "__main__":
    main()
