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

from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, precision
from assoc.checks import check_fits, check_width
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.memory import Build
from assoc.memories.networks import tiles
from assoc.memories.sign_networks import PiecewiseLinear, SignGated

__all__ = ["GATES", "OMEGA", "check_gates", "drawn_gates", "sign_gated", "sign_two_layer"]

GATES = ("sign", "two-signs", "square")
"""Kinds of gates."""

OMEGA = 4.0
"""Frequency of square waves where none is given: their kernel has the floor exp(-16)."""

ROOM = 0.9
"""Share of the largest step that a neuron takes, which leaves room for rounding."""


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
    largest = np.full(len(network.W), np.inf)
    for rows, neurons in tiles(len(E), len(network.W)):
        y = np.abs(E[rows] @ network.P[neurons].T)
        room = network.room(E[rows], neurons)
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
