"""Memories that are to be trained: their facts, the weights they start from, their networks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief, Floats, Integers
from assoc.checks import check_fits, check_width
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.networks import tiles
from sims.training.loop import Weights

__all__ = ["MODELS", "ReluNetwork", "UntrainedMemory", "check_model", "untrained_memory"]

MODELS = ("linear", "mlp")
"""What can be trained."""

TOGETHER = 16
"""Arrays of the size of a trial's scores, or of its weights, that a training may hold at a time."""


@dataclass(frozen=True, eq=False, repr=False)
class ReluNetwork(Brief):
    r"""The network F(e) = V^T relu(W e).

    Parameters
    ----------
    W : (m, d_in) weights of the hidden neurons.
    V : (m, d_out) their outputs.

    Examples
    --------
    >>> ReluNetwork(np.eye(2), np.eye(2))(np.array([[2.0, -3.0]]))
    array([[2., 0.]])
    """

    W: Floats
    V: Floats

    @property
    def parameters(self) -> int:
        """Number of stored entries, m (d_in + d_out)."""
        return self.W.size + self.V.size

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        out = np.zeros((len(E), self.V.shape[1]), np.result_type(E, self.V))
        for rows, neurons in tiles(len(E), len(self.W)):
            out[rows] += np.maximum(E[rows] @ self.W[neurons].T, 0) @ self.V[neurons]
        return out


@dataclass(frozen=True, eq=False)
class UntrainedMemory:
    """A memory before it is trained: facts and initial weights; see :func:`untrained_memory`.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M).
    weights : (W,) of shape (d_out, d_in), or (W, V) of shapes (m, d_in) and (m, d_out).
    """

    model: str
    E: NDArray[np.float32]
    U: NDArray[np.float32]
    f: Integers
    weights: Weights


def check_model(model: Any, width: Any) -> int | None:
    """Return the width m that a model has, None where it has none.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    width : m for the ``mlp``, None for the others.

    Raises
    ------
    InputError
        If the model has another name, lacks its width, or is given one that it does not have.
    """
    if model not in MODELS:
        raise InputError(f"model {model!r} is not one of {', '.join(MODELS)}")
    if model == "linear":
        if width is not None:
            raise InputError(f"width {width!r}: a linear memory has none")
        return None
    if width is None:
        raise InputError("model 'mlp' needs a width")
    return check_width(width)


def untrained_memory(
    model: str,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
    width: int | None = None,
) -> UntrainedMemory:
    """Draw initial weights for facts: normal ones.

    The variance of W is 1 / d_in in a linear memory. In a network it is 1 for W and 1 / m for V.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M), the fact map.
    rng : draws the weights; how many does not depend on N or M.
    width : m, for the ``mlp`` only.

    Raises
    ------
    InputError
        If the model has another name or lacks its width, the embeddings are not finite real
        matrices, f is no map, or nothing would fit.
    """
    m = check_model(model, width)
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    f = check_map(f, len(E), len(U))
    d_in, d_out = E.shape[1], U.shape[1]
    check_fits(
        TOGETHER * (len(E) * (len(U) + (m or d_in)) + (m or d_in) * (d_in + d_out)), 4,
        f"N = {len(E)}, M = {len(U)}: the scores and weights",
    )  # fmt: skip
    if m is None:
        drawn = [(d_out, d_in, d_in**-0.5)]
    else:
        drawn = [(m, d_in, 1.0), (m, d_out, m**-0.5)]
    weights = tuple(
        rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(scale)
        for rows, columns, scale in drawn
    )
    return UntrainedMemory(model, E.astype(np.float32), U.astype(np.float32), f, weights)
