r"""Least-squares read-outs: hidden features at random, their outputs in closed form.

A hidden layer phi(e) in R^m is drawn without looking at the facts; only what it is read by is
fitted,

.. math:: V = \arg\min_V \sum_x \|V^\top \phi(e_x) - u_{f(x)}\|^2 + \lambda \|V\|^2,

so that F(e) = V^T phi(e). While the features of the N inputs are independent (so N <= m) every
fact is stored exactly as lambda -> 0.

====================  ===============================================  =====
``whitened-mlp``      phi = sigma(W e), sigma = h_{k+1} / sqrt(k+1)    2 m d
``bilinear``          phi = (A_0 e) * (A_1 e), V = sum phi u^T / m     3 m d
``bilinear-ridge``    the same phi, V by least squares                 3 m d
====================  ===============================================  =====

lambda is at the level of rounding: it keeps the normal equations solvable and nothing else, since
what is stored is what is asked for.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, precision
from assoc.checks import check_fits, check_width
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.hermite import check_degree
from assoc.memories.memory import Build
from assoc.memories.mlp import hidden_activation
from assoc.memories.networks import Gated, TwoLayer, tiles

__all__ = ["bilinear", "least_squares", "whitened"]

BLOCK = 2048

Features = Callable[[Floats], Floats]
"""Hidden layer: (n, d) inputs to (n, m) features."""


def least_squares(
    features: Features, width: int, E: Floats, U: Floats, f: Integers
) -> NDArray[np.float64]:
    """Read-out V (m, d_out) that takes the features of each e_x closest to u_f(x).

    Parameters
    ----------
    features : hidden layer phi of m = ``width`` neurons; called on blocks of inputs.
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M).

    Returns
    -------
    V; where several are as close, one of nearly the least norm.

    Raises
    ------
    InputError
        If the equations would not fit in memory, or the features overflow.

    Examples
    --------
    >>> E = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> V = least_squares(lambda e: e, 2, E, np.eye(2), np.arange(2))
    >>> np.allclose(E @ V, np.eye(2))
    True
    """
    f = check_map(f, len(E), len(U))
    N = len(E)
    check_fits(2 * min(N, width) ** 2, 8, f"width m = {width}, N = {N}: the normal equations")

    def block(start: int) -> NDArray[np.float64]:
        return np.asarray(features(E[start : start + BLOCK].astype(np.float64)), np.float64)

    if width <= N:
        gram, target = np.zeros((width, width)), np.zeros((width, U.shape[1]))
        for start in range(0, N, BLOCK):
            phi = block(start)
            gram += phi.T @ phi
            target += phi.T @ U[f[start : start + BLOCK]]
        return _solve(gram, target)
    # Fewer facts than neurons: V = Phi^T K^-1 U_f with K = Phi Phi^T (N, N).
    check_fits(2 * N * width, 8, f"width m = {width}, N = {N}: the features")
    phi = np.concatenate([block(start) for start in range(0, N, BLOCK)])
    return np.asarray(phi.T @ _solve(phi @ phi.T, U[f].astype(np.float64)))


def _solve(gram: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve (gram + lambda) V = target, lambda at the level of rounding of the Gram matrix."""
    from scipy import linalg

    trace = float(np.trace(gram))
    if not np.isfinite(trace):
        raise InputError("the features overflow: rescale the embeddings")
    if trace == 0:
        return np.zeros_like(target)
    gram[np.diag_indices_from(gram)] += 4 * np.finfo(np.float64).eps * trace
    return np.asarray(linalg.cho_solve(linalg.cho_factor(gram, overwrite_a=True), target))


def whitened(width: int, degree: int | None = None) -> Build:
    r"""Two-layer network V^T sigma(W e) with random W, read out by least squares; 2 m d parameters.

    Parameters
    ----------
    width : m.
    degree : k, where sigma = h_{k+1} / sqrt(k+1); None means 1. The features of m inputs in
        general position are independent for m up to about d^{k+1} / (k+1)!.

    Raises
    ------
    InputError
        If the width or degree is out of range; when it is built, if the weights would not fit.

    Examples
    --------
    >>> from assoc import margins
    >>> rng = np.random.default_rng(0)
    >>> E, f = rng.standard_normal((8, 4)), np.arange(8)
    >>> network = whitened(8)(E, E, f, rng=rng)
    >>> bool((margins(network, E, E / np.linalg.norm(E, axis=1)[:, None], f) > 0).all())
    True
    """
    return partial(_whitened, check_width(width), 1 if degree is None else check_degree(degree))


def _whitened(
    width: int, degree: int, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
) -> TwoLayer:
    dtype = precision(E, U)
    check_fits(width * (E.shape[1] + U.shape[1]), 8, f"width m = {width}: the weights")
    W = rng.standard_normal((width, E.shape[1]), dtype=dtype.type)
    network = TwoLayer(W, np.eye(0), hidden_activation(degree))
    V = least_squares(network.hidden, width, E, U, f)
    return TwoLayer(W, V.astype(dtype), network.activation)


def bilinear(width: int, *, ridge: bool = False) -> Build:
    r"""Bilinear memory V^T ((A_0 e) * (A_1 e)) with Gaussian A_0, A_1; 3 m d parameters.

    Parameters
    ----------
    width : m.
    ridge : read out by least squares instead of by the Hebbian sum V = (1/m) sum_x phi(e_x) u^T.

    Raises
    ------
    InputError
        If the width is out of range; when it is built, if the weights would not fit.

    References
    ----------
    Dugan et al., "MLPs are Hebbians" (arXiv 2607.10034): the architecture and both read-outs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bilinear(5)(np.eye(3), np.eye(3), np.arange(3), rng=rng).parameters
    45
    """
    return partial(_bilinear, check_width(width), ridge)


def _bilinear(
    width: int, ridge: bool, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
) -> Gated:
    d = E.shape[1]
    f = check_map(f, len(E), len(U))
    dtype = precision(E, U)
    check_fits(width * (2 * d + U.shape[1]), 8, f"width m = {width}, d = {d}: the weights")
    drawn = rng.standard_normal((width, 2 * d), dtype=dtype.type)
    A = np.ascontiguousarray(drawn[:, :d]), np.ascontiguousarray(drawn[:, d:])

    def features(inputs: Floats) -> Floats:
        return np.asarray((inputs @ A[0].T) * (inputs @ A[1].T))

    if ridge:
        return Gated(*A, least_squares(features, width, E, U, f).astype(dtype), 1)
    V = np.zeros((width, U.shape[1]), dtype)
    for rows, neurons in tiles(len(E), width):
        inputs = E[rows].astype(dtype, copy=False)
        hidden = (inputs @ A[0][neurons].T) * (inputs @ A[1][neurons].T)
        V[neurons] += hidden.T @ U[f[rows]].astype(dtype, copy=False)
    return Gated(*A, V / dtype.type(width), 1)
