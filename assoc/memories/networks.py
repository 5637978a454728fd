r"""Networks of one hidden layer, evaluated a tile at a time, with bounds on their rounding errors.

=================  =========================================  ========
:class:`Gated`     F(e) = sum_i v_i h_k(<w_i, e>) <p_i, e>    3 m d
:class:`TwoLayer`  F(e) = V^T sigma(W e)                      2 m d
=================  =========================================  ========

A tile is a block of inputs against a block of neurons, so that no (N, m) matrix is ever held.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.arrays import UNDERFLOW, Brief, Floats, dot_error, row_norms
from assoc.memories.hermite import evaluate, hermite

__all__ = ["Gated", "TwoLayer", "tiles"]

ROWS, NEURONS = 256, 512
"""Inputs and neurons of a tile: its few intermediate arrays stay in the processor's cache."""


@dataclass(frozen=True, eq=False, repr=False)
class Gated(Brief):
    r"""The network F(e) = sum_i v_i h_k(<w_i, e>) <p_i, e>.

    Parameters
    ----------
    W, P : (m, d_in) weights of the gates and of what they let through.
    V : (m, d_out) outputs of the neurons.
    degree : k; with k = 1 the network is bilinear, V^T (W e * P e).
    bits : stored size in bits when the weights are rounded, else None.

    Examples
    --------
    >>> network = Gated(np.eye(2), np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), 1)
    >>> network(np.array([[2.0, 3.0]]))
    array([[9., 4.]])
    """

    W: Floats
    P: Floats
    V: Floats
    degree: int
    bits: int | None = None

    @property
    def parameters(self) -> int:
        """Number of stored entries, 3 m d."""
        return self.W.size + self.P.size + self.V.size

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        h = hermite(self.degree)
        out = np.zeros((len(E), self.V.shape[1]), np.result_type(E, self.V))
        for rows, neurons in tiles(len(E), len(self.W)):
            hidden = evaluate(h, E[rows] @ self.W[neurons].T)
            hidden *= E[rows] @ self.P[neurons].T
            out[rows] += hidden @ self.V[neurons]
        return out

    def rounding_error(self, E: Floats, /) -> NDArray[np.float64]:
        r"""Bound on \|fl(F(e)) - F(e)\|_2 for each row of E, evaluated in float64."""
        h = hermite(self.degree)
        W, P, V = (np.asarray(A, np.float64) for A in (self.W, self.P, self.V))
        size, gate, through, length = row_norms(E), row_norms(W), row_norms(P), row_norms(V)
        gamma, total = dot_error(E.shape[1]), dot_error(len(W) + 2)
        error = np.zeros(len(E))
        for rows, neurons in tiles(len(E), len(W)):
            z, y = E[rows] @ W[neurons].T, np.abs(E[rows] @ P[neurons].T)
            dz = gamma * np.outer(size[rows], gate[neurons]) + E.size * UNDERFLOW
            dy = gamma * np.outer(size[rows], through[neurons]) + E.size * UNDERFLOW
            value, dh = _activation_error(h, np.abs(z), dz)
            each = total * value * y + dh * (y + dy) + value * dy + UNDERFLOW
            error[rows] += each @ length[neurons]
        return np.asarray(error * (1 + 1e-9) + V.size * UNDERFLOW)


@dataclass(frozen=True, eq=False, repr=False)
class TwoLayer(Brief):
    r"""The two-layer network F(e) = V^T sigma(W e).

    Parameters
    ----------
    W : (m, d_in) weights of the hidden neurons.
    V : (m, d_out) their outputs.
    activation : sigma, a polynomial in powers of x (on its default domain).
    bits : stored size in bits when the weights are rounded, else None.

    Examples
    --------
    >>> square = Polynomial([0, 0, 1])
    >>> TwoLayer(np.eye(2), np.eye(2), square)(np.array([[2.0, 3.0]]))
    array([[4., 9.]])
    """

    W: Floats
    V: Floats
    activation: Polynomial
    bits: int | None = None

    @property
    def parameters(self) -> int:
        """Number of stored entries, 2 m d."""
        return self.W.size + self.V.size

    def hidden(self, E: Floats, /) -> Floats:
        """Hidden layer sigma(W e), (N, m), for inputs (N, d_in)."""
        return evaluate(self.activation, E @ self.W.T)

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        out = np.zeros((len(E), self.V.shape[1]), np.result_type(E, self.V))
        for rows, neurons in tiles(len(E), len(self.W)):
            out[rows] += evaluate(self.activation, E[rows] @ self.W[neurons].T) @ self.V[neurons]
        return out

    def rounding_error(
        self, E: Floats, /, within: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        r"""Bound on \|fl(F(e)) - F(e')\|_2 for each row of E, evaluated in float64.

        Parameters
        ----------
        E : (N, d_in) inputs e.
        within : (N,) distances within which the inputs e' that are meant lie; 0 means e' = e.
        """
        W, V = np.asarray(self.W, np.float64), np.asarray(self.V, np.float64)
        size, gate, length = row_norms(E), row_norms(W), row_norms(V)
        gamma, total = dot_error(E.shape[1]), dot_error(len(W) + 2)
        error = np.zeros(len(E))
        spread = gamma * size + within
        for rows, neurons in tiles(len(E), len(W)):
            z = np.abs(E[rows] @ W[neurons].T)
            dz = np.outer(spread[rows], gate[neurons]) + E.size * UNDERFLOW
            value, rounded = _activation_error(self.activation, z, dz)
            error[rows] += (total * value + rounded + UNDERFLOW) @ length[neurons]
        return np.asarray(error * (1 + 1e-9) + V.size * UNDERFLOW)


def _activation_error(
    activation: Polynomial, z: NDArray[np.float64], dz: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Bounds on |sigma| and on the error of its evaluation, where |z| is known up to dz.

    With sigma~ the polynomial of the absolute coefficients c_j, moving z by dz changes sigma by at
    most sigma~'(|z| + dz) dz, and Horner's rule is off by gamma_{2n+3} sigma~(|z|), n the degree.
    """
    size = Polynomial(np.abs(activation.coef))
    steps = 2 * len(activation.coef) + 3
    reach = z + dz
    value = evaluate(size, reach).astype(np.float64, copy=False)
    slope = evaluate(size.deriv(), reach)
    lost = steps * UNDERFLOW * (1 + float(size.coef.sum()))
    return value, slope * dz + dot_error(steps) * value + lost


def tiles(inputs: int, neurons: int) -> Iterator[tuple[slice, slice]]:
    """Pairs of slices, of inputs and of neurons, that cover all of both.

    Parameters
    ----------
    inputs, neurons : how many there are.
    """
    for top in range(0, inputs, ROWS):
        for left in range(0, neurons, NEURONS):
            yield slice(top, top + ROWS), slice(left, left + NEURONS)
