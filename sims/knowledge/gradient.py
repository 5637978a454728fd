r"""Loss of the knowledge model on contexts, and its gradient, in single precision.

A context holds two to four tokens, so that attention is a sparse matrix of masses and only the
network's layers are dense products. The gradient is written out; there is no other derivation of it
to trust than differences of the loss, which the tests take.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from assoc.facts.knowledge import Contexts
from sims.knowledge.model import Weights

__all__ = ["Batch", "entropies", "evaluate", "gradient"]

Singles = NDArray[np.float32]

NONE: Singles = np.empty((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Batch:
    """Contexts as training reads them: C of them over n tokens, E pairs of a context and a token.

    Parameters
    ----------
    tokens : (E,) token of each pair, by contexts.
    ends : (C + 1,) first pair of each context, then E.
    times : (E,) how often the token was seen.
    last : (C,) the last token.
    targets : (C, n) distribution of the next token.
    weights : (C,) weight of each context in the loss.
    """

    tokens: NDArray[np.int64]
    ends: NDArray[np.int64]
    times: Singles
    last: NDArray[np.int64]
    targets: Singles
    weights: Singles

    @classmethod
    def of(cls, contexts: Contexts) -> Self:
        """Return all contexts with their weights."""
        return cls.made(contexts.counts, contexts.last, contexts.targets, contexts.weights)

    @classmethod
    def made(cls, counts: Any, last: Any, targets: Any, weights: Any) -> Self:
        """Return contexts from counts (C, n) of the tokens seen, and the other arrays."""
        rows, tokens = np.nonzero(counts)
        return cls(
            np.ascontiguousarray(tokens), np.searchsorted(rows, np.arange(len(counts) + 1)),
            counts[rows, tokens].astype(np.float32), np.ascontiguousarray(last, np.int64),
            np.ascontiguousarray(targets, np.float32), np.ascontiguousarray(weights, np.float32),
        )  # fmt: skip


def entropies(weights: Mapping[str, Singles], batch: Batch) -> Singles:
    """Cross-entropy (C,) of the next token in every context.

    Parameters
    ----------
    weights : of one of :data:`sims.knowledge.model.MODELS`.
    batch : contexts.
    """
    out = _forward(weights, batch)[-1]
    top = out.max(axis=1, keepdims=True)
    total = np.log(np.exp(out - top).sum(axis=1)) + top[:, 0]
    return np.asarray(total - (out * batch.targets).sum(axis=1))


def gradient(
    weights: Mapping[str, Singles], batch: Batch, names: Collection[str]
) -> dict[str, Singles]:
    """Gradient of the weighted cross-entropy.

    Parameters
    ----------
    weights : of one of :data:`sims.knowledge.model.MODELS`.
    batch : contexts.
    names : matrices whose gradient is wanted.
    """
    from sims.knowledge.kernels import blame, scatter

    mass, hidden, out = _forward(weights, batch)
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    blame(out, batch.targets, batch.weights)
    found: dict[str, Singles] = {}
    first, inward = "O", out
    if "W" in weights:
        first = "W"
        if "V" in names:
            found["V"] = hidden.T @ out
        inward = out @ weights["V"].T
        inward *= hidden > 0
    vectors = _by_token(weights[first])
    of_vectors = np.zeros_like(vectors) if first in names else NONE
    of_Q = np.zeros(weights["Q"].shape, np.float32) if "Q" in names else NONE
    if first in names or "Q" in names:
        scatter(inward, mass, batch.last, batch.tokens, batch.ends, vectors, of_vectors, of_Q)
    if first in names:
        found[first] = of_vectors.T
    if "Q" in names:
        found["Q"] = of_Q
    return found


def evaluate(weights: Weights, contexts: Contexts) -> tuple[float, Weights]:
    """Return the loss and its gradient, as training computes them.

    Parameters
    ----------
    weights : of a model.
    contexts : over its vocabulary.
    """
    batch = Batch.of(contexts)
    loss = float(entropies(weights, batch).astype(np.float64) @ contexts.weights)
    return loss, gradient(weights, batch, tuple(weights))


def _forward(weights: Mapping[str, Singles], batch: Batch) -> tuple[Singles, Singles, Singles]:
    """Masses (E,), the hidden layer (C, m), and logits (C, n)."""
    from sims.knowledge.kernels import attend, gather

    mass = np.empty_like(batch.times)
    Q = np.ascontiguousarray(weights["Q"], np.float32) if "Q" in weights else NONE
    attend(Q, batch.last, batch.tokens, batch.ends, batch.times, mass)
    vectors = _by_token(weights["O" if "O" in weights else "W"])
    summed = np.empty((len(batch.last), vectors.shape[1]), np.float32)
    gather(mass, batch.tokens, batch.ends, vectors, summed)
    if "O" in weights:
        return mass, NONE, summed
    np.maximum(summed, 0, out=summed)
    return mass, summed, summed @ weights["V"]


def _by_token(matrix: Singles) -> Singles:
    """Return a vector for each token: W or O transposed, in single precision.

    A view where they are held by column in that precision, as training holds them; else a copy.
    """
    return np.ascontiguousarray(matrix.T, np.float32)
