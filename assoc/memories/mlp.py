r"""The memories of NLB Theorem 2: gated networks, and true two-layer networks.

NLB Theorem 2 linearises a two-layer network at random weights. With h_k the normalised Hermite
polynomial (:mod:`assoc.memories.hermite`), w_i ~ N(0, I) and v_i uniform on the sphere of radius
sqrt(d),

.. math:: F(e) = \sum_{i \le m} v_i\, h_k(\langle w_i, e\rangle)\, \langle p_i, e\rangle, \qquad
          p_i = \frac1m \sum_x h_k(\langle w_i, e_x\rangle)\,
                \langle v_i, u_{f(x)}\rangle\, e_x

is a network whose neurons are gated by h_k. Neurons w_i +- eta p_i with the activation
sigma = h_{k+1} / sqrt(k+1), whose derivative is h_k, and outputs +- v_i / (2 eta) are a true
two-layer network V^T sigma(W e) that tends to it as eta -> 0.

==============  ==================================  ===============
``gated-mlp``   the gated network of m neurons      3 m d
``mlp``         the two-layer network, m even       2 m d
==============  ==================================  ===============
"""

import math
from functools import partial

import numpy as np
from numpy.polynomial import Polynomial

from assoc.arrays import Floats, Integers, precision, row_norms
from assoc.checks import check_fits, check_width
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.hermite import (
    DEGREES,
    check_degree,
    evaluate,
    fourth_moment,
    hermite,
    sphere_moment,
)
from assoc.memories.memory import Build
from assoc.memories.networks import Gated, TwoLayer, tiles

__all__ = [
    "choose_degree",
    "choose_step",
    "gated",
    "hidden_activation",
    "leading_width",
    "two_layer",
]


def leading_width(N: float, d: int, k: int) -> float:
    r"""Gated neurons that N facts need at degree k, to leading order.

    A typical input is recalled while 2 log N times the variance of a competitor stays below 1,

    .. math:: 2 \log N \Bigl( \frac{N}{m d} + \frac{E h_k^4}{m} + \frac Nd E\,t^{2k+2} \Bigr) < 1,

    t a coordinate on the sphere. The last term is the interference of the kernel <e, e'>^{k+1}
    that is left with infinitely many neurons.

    Parameters
    ----------
    N : number of facts.
    d : dimension.
    k : degree.

    Returns
    -------
    m, infinite where the kernel alone is too much.

    Examples
    --------
    >>> round(leading_width(512, 64, 2)), leading_width(10**6, 32, 2)
    (288, inf)
    """
    twice_log = 2 * math.log(max(float(N), 2.0))
    left = 1 - twice_log * float(N) / d * sphere_moment(d, k + 1)
    return twice_log * (float(N) / d + fourth_moment(k)) / left if left > 0 else math.inf


def choose_degree(N: float, d: int) -> int:
    r"""Degree k with the least :func:`leading_width`; the largest where none is enough.

    A larger k lowers the interference of the kernel and raises E h_k^4.

    Parameters
    ----------
    N : number of facts.
    d : dimension.

    Returns
    -------
    k in 1, ..., 6.

    Examples
    --------
    >>> choose_degree(256, 64), choose_degree(4096, 64), choose_degree(10**5, 64)
    (1, 2, 3)
    """
    best = min(DEGREES, key=lambda k: leading_width(N, d, k))
    return best if math.isfinite(leading_width(N, d, best)) else DEGREES[-1]


def choose_step(network: Gated, E: Floats, *, step: float | None = None) -> float:
    r"""Step eta of the two-layer network that differs least from a gated one.

    .. math:: \min_\eta\; T \eta^2 + R / \eta, \qquad \eta \le 1 / \max_{x, i} |\langle p_i, e_x
              \rangle|

    T eta^2 is the leading truncation, the length of sum_i v_i <p_i, e>^3 h_k''(<w_i, e>) eta^2 / 6.
    R / eta is the typical length of the rounding errors, taken as independent: neuron by neuron
    v_i / (2 eta) times u (sigma(z) + |h_k(z)| \|w_i\| \|e\|), z = <w_i, e>, with u the unit
    roundoff of the weights. Both are root mean squares over the given inputs.

    Parameters
    ----------
    network : the gated network.
    E : (n, d_in) stored inputs on which the two errors are weighed.
    step : a step of the user's, which is only checked.

    Raises
    ------
    InputError
        If the step, or every step, would lose all digits of the outputs.
    """
    E = np.asarray(E, np.float64)
    k = network.degree
    gate, bend, activation = hermite(k), hermite(k).deriv(2), hidden_activation(k)
    unit = float(np.finfo(network.V.dtype).eps) / 2
    weight, length, size = row_norms(network.W), row_norms(network.V), row_norms(E)
    truncated = np.zeros((len(E), network.V.shape[1]))
    rounded, largest = 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for rows, neurons in tiles(len(E), len(network.W)):
            through = E[rows] @ network.P[neurons].T
            largest = max(largest, float(np.abs(through).max()))
            z = E[rows] @ network.W[neurons].T
            truncated[rows] += (bend(z) * through**3) @ network.V[neurons] / 6
            each = np.abs(activation(z)) + np.abs(gate(z)) * np.outer(size[rows], weight[neurons])
            # Two neurons of a pair, each with outputs of half the length.
            rounded += float(np.sum((unit * each * length[neurons]) ** 2)) / 2
        T = np.sqrt(np.mean(truncated**2) * truncated.shape[1])
        R = np.sqrt(rounded / len(E))
        output = np.sqrt(np.mean(row_norms(network(E)) ** 2))
        if largest == 0:
            return 1.0 if step is None else step
        best = min(np.cbrt(R / (2 * T)) if T > 0 else np.inf, 1 / np.float64(largest))
        chosen = np.float64(best if step is None else step)
        if not T * chosen**2 + R / chosen < output:
            which = "no step eta leaves" if step is None else f"step eta = {step:g} does not leave"
            raise InputError(
                f"width m = {2 * len(network.W)}, degree {k}: in {network.V.dtype} {which} a "
                "correct digit of the outputs"
            )
    return float(chosen)


def hidden_activation(k: int) -> Polynomial:
    """Return sigma = h_{k+1} / sqrt(k+1), whose derivative is h_k.

    Parameters
    ----------
    k : degree of the derivative.
    """
    return hermite(k + 1) / math.sqrt(k + 1)


def _paired(network: Gated, step: float) -> TwoLayer:
    """Return the two-layer network of neurons w +- eta p with outputs +- v / (2 eta)."""
    shift = network.P * step
    V = network.V / (2 * step)
    dtype = network.V.dtype
    return TwoLayer(
        np.concatenate([network.W + shift, network.W - shift]).astype(dtype),
        np.concatenate([V, -V]).astype(dtype),
        hidden_activation(network.degree),
    )


def gated(width: int, degree: int | None = None) -> Build:
    r"""Gated memory of m neurons, 3 m d parameters.

    Parameters
    ----------
    width : m.
    degree : k; None leaves it to :func:`choose_degree`.

    Raises
    ------
    InputError
        If the width or degree is out of range; when it is built, if the weights would not fit.

    References
    ----------
    NLB, Theorem 2 (linearised network; restated).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> network = gated(4, degree=1)(np.eye(3), np.eye(3), np.arange(3), rng=rng)
    >>> network.parameters
    36
    """
    return partial(_gated, check_width(width), None if degree is None else check_degree(degree))


def two_layer(width: int, degree: int | None = None, step: float | None = None) -> Build:
    r"""Two-layer memory V^T sigma(W e) of m hidden neurons, 2 m d parameters.

    Parameters
    ----------
    width : m, even: neurons come in pairs w_i +- eta p_i.
    degree : k, where sigma = h_{k+1} / sqrt(k+1); None leaves it to :func:`choose_degree`.
    step : eta > 0; None leaves it to :func:`choose_step`.

    Raises
    ------
    InputError
        If an argument is out of range; when it is built, if the weights would not fit or no step
        leaves a correct digit.

    References
    ----------
    NLB, Theorem 2 (restated).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> network = two_layer(8, degree=1)(np.eye(3), np.eye(3), np.arange(3), rng=rng)
    >>> network.parameters, network.W.shape
    (48, (8, 3))
    """
    if check_width(width) % 2:
        raise InputError(f"width {width} is odd: neurons of the two-layer memory come in pairs")
    k = None if degree is None else check_degree(degree)
    real = isinstance(step, int | float | np.floating) and not isinstance(step, bool)
    if step is not None and not (real and 0 < step < np.inf):
        raise InputError(f"step {step!r} is not a positive number")
    return partial(_two_layer, check_width(width), k, step)


SAMPLE = 256


def _two_layer(
    width: int,
    degree: int | None,
    step: float | None,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
) -> TwoLayer:
    network = _gated(width // 2, degree, E, U, f, rng=rng)
    return _paired(network, choose_step(network, E[:SAMPLE], step=step))


def _gated(
    width: int,
    degree: int | None,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
) -> Gated:
    N, d = E.shape
    f = check_map(f, N, len(U))
    k = choose_degree(N, d) if degree is None else degree
    dtype = precision(E, U)
    columns = d + U.shape[1]
    what = f"width m = {width} of gates, d = {d}: the weights"
    check_fits(2 * width * columns, dtype.itemsize, what)
    # A neuron's draws are adjacent, so that a wider network begins with a narrower one.
    drawn = rng.standard_normal((width, columns), dtype=dtype.type)
    W, V = drawn[:, :d], drawn[:, d:]
    V = V * (np.sqrt(U.shape[1]) / row_norms(V)[:, None]).astype(dtype)
    W = np.ascontiguousarray(W)
    P = np.zeros_like(W)
    h = hermite(k)
    for rows, neurons in tiles(N, width):
        inputs = E[rows].astype(dtype, copy=False)
        weight = evaluate(h, inputs @ W[neurons].T)
        weight *= U[f[rows]].astype(dtype, copy=False) @ V[neurons].T
        P[neurons] += weight.T @ inputs
    P /= width
    return Gated(W, P, V, k)
