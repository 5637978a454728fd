r"""Networks whose gates are 1 or -1, and two-layer networks that equal them on what they store.

Every neuron of a *sign-gated* memory lets a linear function through with one sign or the other,

.. math:: F(e) = \frac1m \sum_{i \le m} v_i\, s_i(e)\, \langle p_i, e\rangle, \qquad
          p_i = \sum_x s_i(e_x)\, \langle v_i, u_{f(x)}\rangle\, e_x,

with v_i ~ N(0, I) and random functions s_i of one of these kinds, w, w' ~ N(0, I):

=============  ==============================================  =================================
``sign``       s(e) = sgn <w, e>                               kappa = (2/pi) arcsin rho
``two-signs``  s(e) = sgn <w, e> sgn <w', e>                   kappa = ((2/pi) arcsin rho)^2
``square``     s(e) = sgn cos(omega <w, e> + phi), phi         kappa = (8/pi^2) sum over odd n of
               uniform in [0, 2 pi)                            n^-2 exp(-n^2 omega^2 (1 - rho))
=============  ==============================================  =================================

The kernel kappa(e, e') = E s(e) s(e') makes F the kernel memory sum_x u_f(x) kappa <e_x, e> as m
grows, for unit vectors with the cosine rho between e and e'.

Gates of one projection are the slopes of a piecewise linear activation sigma, |z| or the triangle
wave, so that

.. math:: \frac{\sigma(z + \eta y) - \sigma(z - \eta y)}{2 \eta} = \sigma'(z)\, y
          \qquad\text{exactly while}\quad |\eta y| \le \text{distance of } z \text{ from a kink}.

With a step eta_i of its own for every neuron, as large as the stored inputs allow, a true
two-layer network equals the gated one on all of them. A product of two signs has no such network:
across the hyperplane <w, e> = 0 it jumps by an amount that changes its sign with <w', e>, and the
jump of a sum of ridge functions is the same all along a hyperplane.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.arrays import UNDERFLOW, Brief, Floats, Integers, dot_error, precision, row_norms
from assoc.checks import check_fits, check_width
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.memory import Build
from assoc.memories.networks import tiles

__all__ = [
    "GATES", "OMEGA", "PiecewiseLinear", "SignGated", "check_gates", "drawn_gates", "sign_gated",
    "sign_two_layer",
]  # fmt: skip

GATES = ("sign", "two-signs", "square")
"""Kinds of gates."""

OMEGA = 4.0
"""Frequency of square waves where none is given: their kernel has the floor exp(-16)."""

ROOM = 0.9
"""Share of the largest step that a neuron takes, which leaves room for rounding."""

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

    def rounding_error(self, E: Floats, /) -> NDArray[np.float64]:
        r"""Bound on \|fl(F(e)) - F(e)\|_2 for each row of E, evaluated in float64.

        sigma moves by no more than its argument does; the period of the triangle wave is twice the
        double that is closest to pi.
        """
        E, V = np.asarray(E, np.float64), np.asarray(self.V, np.float64)
        W, length, total = np.asarray(self.W, np.float64), row_norms(V), dot_error(len(V) + 2)
        error = np.zeros(len(E))
        for rows, neurons in tiles(len(E), len(W)):
            z = _projected(E[rows], W, self.phase, neurons)
            dz = _projection_error(E[rows], W[neurons], z)
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


def check_gates(gates: str | None, omega: float | None) -> tuple[str, float]:
    """Return the kind of gates and the frequency, or their defaults.

    Raises
    ------
    InputError
        If the kind is unknown, the frequency is not positive, or it has no meaning for the kind.

    Examples
    --------
    >>> check_gates(None, None), check_gates("sign", None)
    (('square', 4.0), ('sign', 0.0))
    """
    kind = "square" if gates is None else gates
    if kind not in GATES:
        raise InputError(f"gates {gates!r} are not one of {', '.join(GATES)}")
    if kind != "square":
        if omega is not None:
            raise InputError(f"gates {kind!r} have no frequency omega; those of 'square' do")
        return kind, 0.0
    real = isinstance(omega, int | float | np.floating) and not isinstance(omega, bool)
    if omega is not None and not (real and 0 < omega < np.inf):
        raise InputError(f"omega {omega!r} is not a positive number")
    return kind, OMEGA if omega is None else float(omega)


def sign_gated(width: int, gates: str | None = None, omega: float | None = None) -> Build:
    r"""Sign-gated memory of m neurons, 3 m d parameters and those of a second sign or phases.

    Parameters
    ----------
    width : m.
    gates : one of :data:`GATES`; None means ``square``.
    omega : frequency of square waves; None means :data:`OMEGA`.

    Raises
    ------
    InputError
        If an option is out of range; when it is built, if the weights would not fit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sign_gated(4, "sign")(np.eye(3), np.eye(3), np.arange(3), rng=rng).parameters
    36
    """
    return partial(_gated, check_width(width), *check_gates(gates, omega))


def sign_two_layer(width: int, gates: str | None = None, omega: float | None = None) -> Build:
    r"""True two-layer memory of m hidden neurons that equals m/2 gates on the stored inputs.

    Its weights are double precision whatever the embeddings are, since steps are small.

    Parameters
    ----------
    width : m, even: neurons come in pairs w_i +- eta_i p_i.
    gates : ``sign`` or ``square``, as for :func:`sign_gated`.
    omega : as for :func:`sign_gated`.

    Raises
    ------
    InputError
        If an option is out of range; when it is built, if the weights would not fit or an input is
        on a kink.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> network = sign_two_layer(8, "sign")(np.eye(3), np.eye(3), np.arange(3), rng=rng)
    >>> network.parameters, network.W.shape
    (48, (8, 3))
    """
    kind, frequency = check_gates(gates, omega)
    if kind == "two-signs":
        raise InputError("a product of two signs is no two-layer network: take sign or square")
    if check_width(width) % 2:
        raise InputError(f"width {width} is odd: neurons of the two-layer memory come in pairs")
    return partial(_two_layer, check_width(width), kind, frequency)


def _two_layer(
    width: int,
    gates: str,
    omega: float,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
) -> PiecewiseLinear:
    E, U = np.asarray(E, np.float64), np.asarray(U, np.float64)
    network = _gated(width // 2, gates, omega, E, U, f, rng=rng)
    step = _steps(network, E)[:, None]
    V, phase = network.V / (2 * step), network.phase
    return PiecewiseLinear(
        np.concatenate([network.W + step * network.P, network.W - step * network.P]),
        np.concatenate([V, -V]),
        None if phase is None else np.concatenate([phase, phase]),
    )


def _steps(network: SignGated, E: Floats) -> NDArray[np.float64]:
    """Step eta of each neuron: just short of where a stored input would meet a kink."""
    square = network.phase is not None
    largest = np.full(len(network.W), np.inf)
    for rows, neurons in tiles(len(E), len(network.W)):
        y = np.abs(E[rows] @ network.P[neurons].T)
        room = _distance(_projected(E[rows], network.W, network.phase, neurons), square)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(y > 0, room / y, np.inf)
        largest[neurons] = np.minimum(largest[neurons], each.min(axis=0))
    if not (largest > 0).all():
        raise InputError("an input is on a kink of a neuron: no step is small enough")
    return np.where(np.isfinite(largest), ROOM * largest, 1.0)


def _gated(
    width: int,
    gates: str,
    omega: float,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
) -> SignGated:
    f = check_map(f, len(E), len(U))
    network = drawn_gates(width, gates, omega, E.shape[1], U.shape[1], precision(E, U), rng=rng)
    for rows, neurons in tiles(len(E), width):
        inputs = E[rows].astype(network.W.dtype, copy=False)
        weight = network.gates(inputs, neurons)
        weight *= U[f[rows]].astype(network.W.dtype, copy=False) @ network.V[neurons].T
        network.P[neurons] += weight.T @ inputs
    network.P[:] /= width
    return network


def drawn_gates(
    width: int,
    gates: str,
    omega: float,
    d: int,
    d_out: int,
    dtype: "np.dtype[np.floating]",
    *,
    rng: np.random.Generator,
) -> SignGated:
    """Draw the gates and outputs of a network in which nothing is stored yet.

    A neuron's draws are adjacent, so that a wider network begins with a narrower one.

    Parameters
    ----------
    width : m.
    gates, omega : as for :func:`sign_gated`, both given.
    d, d_out : dimensions of inputs and outputs.
    dtype : precision of the weights.
    rng : what they are drawn from.
    """
    extra = {"sign": 0, "two-signs": d, "square": 1}[gates]
    columns = d + d_out + extra
    what = f"width m = {width} of gates, d = {d}: the weights"
    check_fits(2 * width * (columns + d), dtype.itemsize, what)
    drawn = rng.standard_normal((width, columns), dtype=dtype.type)
    W, V, rest = drawn[:, :d].copy(), drawn[:, d : d + d_out].copy(), drawn[:, d + d_out :]
    phase = None
    if gates == "square":
        W *= omega
        phase = (2 * np.pi * scipy.special.ndtr(rest[:, 0].astype(np.float64))).astype(dtype)
    return SignGated(W, np.zeros_like(W), V, rest.copy() if gates == "two-signs" else None, phase)
