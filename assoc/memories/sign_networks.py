r"""Networks with gates of 1 and -1, two-layer networks with |z| or a triangle wave, and rounding.

=========================  ============================================  =======================
:class:`SignGated`         F(e) = sum_i v_i s_i(e) <p_i, e>, s_i = +-1   3 m d, and more (below)
:class:`PiecewiseLinear`   F(e) = sum_i v_i sigma(<w_i, e> + b_i)        2 m d, and biases b_i
=========================  ============================================  =======================

sigma is |z| or the triangle wave, whose slopes are the gates of one projection. How they are made
to store something is told in :mod:`assoc.memories.sign_gates`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import UNDERFLOW, Brief, Floats, dot_error, row_norms
from assoc.memories.networks import tiles

__all__ = ["PiecewiseLinear", "SignGated"]

UNIT = float(np.finfo(np.float64).eps) / 2


def _slope(z: Floats, square: bool) -> Floats:
    """Slope of the activation, 1 or -1: sgn z, or sgn cos z."""
    up = np.round(z / np.pi) % 2 == 0 if square else z >= 0
    return np.where(up, 1, -1).astype(z.dtype)


def _activation(z: Floats, square: bool) -> Floats:
    """|z|, or the triangle wave of slope sgn cos z that is 0 at 0."""
    if not square:
        return np.abs(z)
    turns = np.round(z / np.pi)
    return np.asarray((z - turns * np.pi) * np.where(turns % 2 == 0, 1, -1), z.dtype)


def _distance(z: Floats, square: bool) -> Floats:
    """Distance from the nearest kink."""
    return np.pi / 2 - np.abs(z - np.round(z / np.pi) * np.pi) if square else np.abs(z)


@dataclass(frozen=True, eq=False, repr=False)
class SignGated(Brief):
    r"""The network F(e) = sum_i v_i s_i(e) <p_i, e> with gates of 1 and -1.

    Parameters
    ----------
    W, P : (m, d_in) weights of the gates and of what they let through.
    V : (m, d_out) outputs of the neurons.
    second : (m, d_in) weights w' of the second signs, of ``two-signs``.
    phase : (m,) phases of square waves, whose W is omega w.
    bits : stored size in bits when the weights are rounded, else None.

    Examples
    --------
    >>> W = np.array([[1.0, 0.0]])
    >>> SignGated(W, W, np.ones((1, 1)))(np.array([[2.0, 3.0], [-2.0, 3.0]]))
    array([[2.],
           [2.]])
    """

    W: Floats
    P: Floats
    V: Floats
    second: Floats | None = None
    phase: Floats | None = None
    bits: int | None = None

    @property
    def parameters(self) -> int:
        """Number of stored entries: 3 m d, m d more for a second sign, m more for phases."""
        arrays = (self.W, self.P, self.V, self.second, self.phase)
        return sum(0 if array is None else array.size for array in arrays)

    def gates(self, E: Floats, neurons: slice = slice(None)) -> Floats:
        """Gates s_i(e), 1 or -1, (n, m)."""
        square = self.phase is not None
        found = _slope(_projected(E, self.W, self.phase, neurons), square)
        if self.second is not None:
            found = found * _slope(E @ self.second[neurons].T, False)
        return found

    def room(self, E: Floats, neurons: slice = slice(None)) -> Floats:
        """Distances of the projections <w_i, e> + phase from the nearest kink of sigma, (n, m)."""
        return _distance(_projected(E, self.W, self.phase, neurons), self.phase is not None)

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        out = np.zeros((len(E), self.V.shape[1]), np.result_type(E, self.V))
        for rows, neurons in tiles(len(E), len(self.W)):
            hidden = self.gates(E[rows], neurons) * (E[rows] @ self.P[neurons].T)
            out[rows] += hidden @ self.V[neurons]
        return out

    def rounding_error(self, E: Floats, /) -> NDArray[np.float64]:
        r"""Bound on \|fl(F(e)) - F(e)\|_2 for each row of E, evaluated in float64.

        A gate whose projection is within its rounding error of a kink may be wrong.
        """
        E = np.asarray(E, np.float64)
        P, V = np.asarray(self.P, np.float64), np.asarray(self.V, np.float64)
        size, through, length = row_norms(E), row_norms(P), row_norms(V)
        gamma, total = dot_error(E.shape[1]), dot_error(len(P) + 2)
        error = np.zeros(len(E))
        for rows, neurons in tiles(len(E), len(P)):
            y = np.abs(E[rows] @ P[neurons].T)
            dy = gamma * np.outer(size[rows], through[neurons]) + E.size * UNDERFLOW
            doubtful = self._doubtful(np.asarray(E[rows]), neurons)
            each = dy + total * y + 2 * doubtful * (y + dy) + UNDERFLOW
            error[rows] += each @ length[neurons]
        return np.asarray(error * (1 + 1e-9) + V.size * UNDERFLOW)

    def _doubtful(self, E: Floats, neurons: slice) -> NDArray[np.bool_]:
        """Say which gates rounding may have turned."""
        square = self.phase is not None
        doubtful = np.zeros((len(E), len(self.W[neurons])), np.bool_)
        for weights, phase in ((self.W, self.phase), (self.second, None)):
            if weights is not None:
                z = _projected(E, np.asarray(weights, np.float64), phase, neurons)
                dz = _projection_error(E, weights[neurons], z)
                doubtful |= _distance(z, square and weights is self.W) <= dz
        return doubtful


@dataclass(frozen=True, eq=False, repr=False)
class PiecewiseLinear(Brief):
    r"""The two-layer network F(e) = sum_i v_i sigma(<w_i, e> + b_i), sigma piecewise linear.

    Parameters
    ----------
    W : (m, d_in) weights of the hidden neurons.
    V : (m, d_out) their outputs.
    phase : (m,) their biases b where sigma is the triangle wave; None stands for sigma = |.|.
    bits : stored size in bits when the weights are rounded, else None.

    Examples
    --------
    >>> PiecewiseLinear(np.eye(2), np.eye(2))(np.array([[2.0, -3.0]]))
    array([[2., 3.]])
    """

    W: Floats
    V: Floats
    phase: Floats | None = None
    bits: int | None = None

    @property
    def parameters(self) -> int:
        """Number of stored entries: 2 m d, and m biases where there are any."""
        return self.W.size + self.V.size + (0 if self.phase is None else self.phase.size)

    def hidden(self, E: Floats, neurons: slice = slice(None)) -> Floats:
        """Hidden layer, (n, m)."""
        z = _projected(E, self.W, self.phase, neurons)
        return _activation(z, self.phase is not None)

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        out = np.zeros((len(E), self.V.shape[1]), np.result_type(E, self.V))
        for rows, neurons in tiles(len(E), len(self.W)):
            out[rows] += self.hidden(E[rows], neurons) @ self.V[neurons]
        return out

    def rounding_error(
        self, E: Floats, /, within: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        r"""Bound on \|fl(F(e)) - F(e')\|_2 for each row of E, evaluated in float64.

        sigma moves by no more than its argument does; the period of the triangle wave is twice the
        double that is closest to pi.

        Parameters
        ----------
        E : (N, d_in) inputs e.
        within : (N,) distances within which the inputs e' that are meant lie; 0 means e' = e.
        """
        E, V = np.asarray(E, np.float64), np.asarray(self.V, np.float64)
        W, length, total = np.asarray(self.W, np.float64), row_norms(V), dot_error(len(V) + 2)
        error, gate, spread = np.zeros(len(E)), row_norms(W), np.zeros(len(E)) + within
        for rows, neurons in tiles(len(E), len(W)):
            z = _projected(E[rows], W, self.phase, neurons)
            dz = _projection_error(E[rows], W[neurons], z) + np.outer(spread[rows], gate[neurons])
            value = np.abs(_activation(z, self.phase is not None)) + dz
            error[rows] += (dz + total * value + UNDERFLOW) @ length[neurons]
        return np.asarray(error * (1 + 1e-9) + V.size * UNDERFLOW)


def _projected(E: Floats, W: Floats, phase: Floats | None, neurons: slice) -> Floats:
    z = E @ W[neurons].T
    return z if phase is None else z + phase[neurons]


def _projection_error(E: Floats, W: Floats, z: Floats) -> NDArray[np.float64]:
    """Bound on the rounding errors of z, of its distance from a kink, and of sigma(z)."""
    reach = np.outer(row_norms(E), row_norms(W))
    return np.asarray(
        dot_error(E.shape[1] + 1) * reach + 8 * UNIT * (np.abs(z) + np.pi) + E.size * UNDERFLOW
    )
