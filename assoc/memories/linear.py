r"""Linear memories F(e) = W e in closed form: the Hebbian sum and its least-squares relatives.

.. math:: W = \sum_x u_{f(x)} e_x^\top

is the construction of NLB Theorem 1. Solving least squares on the input side, on the output side
or on both replaces the embeddings by their dual vectors, which removes part of the interference:

=====================  ==================================================
``linear``             U_f^T E
``dual-inputs``        U_f^T E (E^T E)^+
``dual-outputs``       (U^T U)^+ U_f^T E
``dual-both``          (U^T U)^+ U_f^T E (E^T E)^+
=====================  ==================================================

with U_f the (N, d) matrix of rows u_f(x). Each is a function ``build(E, U, f, *, rng) -> memory``.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.facts.maps import check_map
from assoc.memories.memory import Factors

__all__ = [
    "HebbianBuild",
    "Store",
    "dual_both",
    "dual_inputs",
    "dual_outputs",
    "hebbian",
    "hebbian_matrix",
    "inverse_gram",
]

BLOCK = 4096


def hebbian_matrix(E: Floats, U: Floats, f: Integers, *, dtype: type[Any] | None = None) -> Floats:
    r"""W = sum_x u_f(x) e_x^T, summed by blocks so that U[f] is never held whole.

    Parameters
    ----------
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M).
    dtype : precision of W; None means the embeddings'.

    Returns
    -------
    W (d_out, d_in).

    Raises
    ------
    InputError
        If f is not a map from [N] to [M].

    References
    ----------
    NLB, Theorem 1.

    Examples
    --------
    >>> import numpy as np
    >>> hebbian_matrix(np.eye(2), np.eye(2), np.array([1, 0]))
    array([[0., 1.],
           [1., 0.]])
    """
    f = check_map(f, len(E), len(U))
    W: Floats = np.zeros((U.shape[1], E.shape[1]), dtype=dtype or np.result_type(E, U))
    for start in range(0, len(E), BLOCK):
        rows = slice(start, start + BLOCK)
        W += U[f[rows]].T.astype(W.dtype, copy=False) @ E[rows].astype(W.dtype, copy=False)
    return W


class Store(Protocol):
    """How the Hebbian matrix W (d_out, d_in) is kept: exactly, projected, rounded."""

    def __call__(self, W: Floats, /, *, rng: np.random.Generator) -> Factors:
        """Return the memory that stores W."""


@dataclass(frozen=True)
class HebbianBuild:
    """A build whose memory depends on the facts through the Hebbian matrix alone.

    Such memories can be built from a stream of facts, since W is a sum over them.

    Examples
    --------
    >>> import numpy as np
    >>> memory = hebbian(np.eye(3), np.eye(3), np.array([2, 0, 1]), rng=np.random.default_rng(0))
    >>> memory.parameters
    9
    """

    store: Store

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factors:
        """Build the memory of the facts x -> f(x)."""
        return self.store(hebbian_matrix(E, U, f), rng=rng)


def _exactly(W: Floats, /, *, rng: np.random.Generator) -> Factors:
    return Factors((W,))


hebbian = HebbianBuild(_exactly)
"""The outer-product memory of NLB Theorem 1, with d^2 parameters."""


def dual_inputs(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factors:
    r"""Build the least-squares memory, argmin_W sum_x \|W e_x - u_f(x)\|^2 of least norm.

    While the e_x are independent (so N <= d) every W e_x = u_f(x) exactly.

    Examples
    --------
    >>> import numpy as np
    >>> E = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> memory = dual_inputs(E, np.eye(2), np.arange(2), rng=np.random.default_rng(0))
    >>> np.allclose(memory(E), np.eye(2))
    True
    """
    return _in_precision(E, U, _double(E, U, f) @ inverse_gram(E))


def dual_outputs(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factors:
    """Build the Hebbian memory whose outputs are whitened by the second moment of U (M, d)."""
    return _in_precision(E, U, inverse_gram(U) @ _double(E, U, f))


def dual_both(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factors:
    """Build the Hebbian memory of the dual vectors on both sides."""
    return _in_precision(E, U, inverse_gram(U) @ _double(E, U, f) @ inverse_gram(E))


# A Gram matrix squares the condition number, so duals are computed in double precision whatever
# the embeddings', and only the finished W is rounded.


def _double(E: Floats, U: Floats, f: Integers) -> Floats:
    return hebbian_matrix(E, U, f, dtype=np.float64)


def inverse_gram(E: Floats) -> Floats:
    """(E^T E)^+ (d, d) in float64; eigenvalues at the level of rounding count as zero."""
    gram = hebbian_matrix(E, E, np.arange(len(E)), dtype=np.float64)
    rounding = len(gram) * np.finfo(np.float64).eps
    return np.asarray(np.linalg.pinv(gram, rcond=rounding, hermitian=True))


def _in_precision(E: Floats, U: Floats, W: Floats) -> Factors:
    return Factors((W.astype(np.result_type(E, U)),))
