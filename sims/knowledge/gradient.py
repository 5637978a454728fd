r"""Loss of the knowledge model on contexts, and its gradient, in single precision.

A context holds two to four tokens, so that attention is a sparse matrix of masses and only the
network's layers are dense products. The gradient is written out; there is no other derivation of it
to trust than differences of the loss, which the tests take.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.facts.knowledge import Contexts
from sims.knowledge.model import Weights

__all__ = ["Batch", "entropies", "evaluate", "gradient"]

Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Batch:
    """Contexts as training reads them: C of them over n tokens, E pairs of a context and a token.

    Parameters
    ----------
    rows, tokens : (E,) context and token of each pair, by contexts.
    starts : (C,) first pair of each context.
    times : (E,) how often the token was seen.
    last : (C,) the last token.
    targets : (C, n) distribution of the next token.
    weights : (C,) weight of each context in the loss.
    """

    rows: NDArray[np.intp]
    tokens: NDArray[np.intp]
    starts: NDArray[np.intp]
    times: Singles
    last: NDArray[np.intp]
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
        starts = np.searchsorted(rows, np.arange(len(counts)))
        return cls(
            rows, tokens, starts, counts[rows, tokens].astype(np.float32), last,
            targets.astype(np.float32), weights.astype(np.float32),
        )  # fmt: skip

    def seen(self, mass: Singles) -> "scipy.sparse.csr_array":
        """Return masses (E,) as a matrix (C, n); the next call fills the same one anew."""
        self._by_context.data = mass
        return self._by_context

    def seen_from(self, mass: Singles) -> "scipy.sparse.csr_array":
        """Return masses (E,) as a matrix (n, C); the next call fills the same one anew."""
        matrix, order = self._by_token
        matrix.data = mass[order]
        return matrix

    # The places of the masses are the same at every step of a training, and finding them takes
    # longer than the product.
    @cached_property
    def _by_context(self) -> "scipy.sparse.csr_array":
        ends = np.append(self.starts, len(self.rows))
        return scipy.sparse.csr_array((self.times, self.tokens, ends), shape=self._shape)

    @cached_property
    def _by_token(self) -> "tuple[scipy.sparse.csr_array, NDArray[np.intp]]":
        order = np.argsort(self.tokens, kind="stable")
        ends = np.searchsorted(self.tokens[order], np.arange(self._shape[1] + 1))
        places = (self.times[order], self.rows[order], ends)
        return scipy.sparse.csr_array(places, shape=self._shape[::-1]), order

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.last), self.targets.shape[1]


def entropies(weights: Mapping[str, Singles], batch: Batch) -> Singles:
    """Cross-entropy (C,) of the next token in every context.

    Parameters
    ----------
    weights : of one of :data:`sims.knowledge.model.MODELS`.
    batch : contexts.
    """
    out = _forward(weights, batch)[2]
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
    mass, pre, out = _forward(weights, batch)
    n = out.shape[1]
    # Of the logits: the difference of both distributions.
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    out *= (batch.weights / out.sum(axis=1))[:, None]
    out -= batch.targets * batch.weights[:, None]
    seen = batch.seen_from(mass)
    found: dict[str, Singles] = {}
    sensed = np.zeros_like(mass)
    if "W" in weights:
        if "V" in names:
            found["V"] = np.maximum(pre, 0).T @ out
        inward = out @ weights["V"].T
        inward *= pre > 0
        if "W" in names:
            found["W"] = np.asarray(seen @ inward).T
        if "Q" in names:
            sensed += np.einsum("em,em->e", inward[batch.rows], weights["W"].T[batch.tokens])
    if "O" in weights:
        if "O" in names:
            found["O"] = np.asarray(seen @ out).T
        if "Q" in names:
            sensed += np.einsum("en,en->e", out[batch.rows], weights["O"].T[batch.tokens])
    if "Q" in names:
        scores = mass * sensed
        scores -= mass * np.add.reduceat(scores, batch.starts)[batch.rows]
        cells = batch.last[batch.rows] * n + batch.tokens
        found["Q"] = np.bincount(cells, scores, n * n).reshape(n, n).astype(np.float32)
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
    """Masses (E,), the hidden layer before its step (C, m), and logits (C, n)."""
    mass = batch.times
    if "Q" in weights:
        scores = weights["Q"][batch.last[batch.rows], batch.tokens]
        top = np.maximum.reduceat(scores, batch.starts)[batch.rows]
        mass = np.asarray(mass * np.exp(scores - top), np.float32)
    mass = np.asarray(mass / np.add.reduceat(mass, batch.starts)[batch.rows], np.float32)
    seen = batch.seen(mass)
    if "O" in weights:
        return mass, np.empty((0, 0), np.float32), np.asarray(seen @ weights["O"].T)
    pre = np.asarray(seen @ weights["W"].T)
    return mass, pre, np.maximum(pre, 0) @ weights["V"]
