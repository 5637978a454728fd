r"""Interference strengths of each construction, from which its recall is predicted.

====================  ============================================================================
linear                noise 1/d^2 per fact, pair overlap 1/d
low-rank              both times kappa = 1/s, s ~ Beta(m/2, (d - m)/2): mean about d/m
low-rank-gaussian     both times kappa = 1/s, s ~ Beta(m/2, (d - 1)/2): mean about 1 + d/m
low-rank-svd          noise divided by :func:`svd_efficiency` (limit N >> d)
sign                  noise divided by kappa_1 = 2/pi
dual-inputs           (1/H - 1)/d in all, H ~ Beta(d/2, (N - d)/2) the leverage of an input
dual-outputs          noise (1 - d/N)/d^2, overlap of answers times 1 - d/N
dual-both             both effects: noise about (1 - d/N)^2/d^2
bilinear              signal s = mean of m squared features; noise (1/(s m) + E t^4/s^2)/d
bilinear-ridge        (1/H - 1)/d in all, H = tau s/(1 + tau s), of mean m/N
whitened-mlp          the same with its own features
====================  ============================================================================

Weights of b bits, rounded to the nearest level, keep the share kappa_b of their signal
(:func:`assoc.bits.levels.gaussian_quantiser`): the noise of ``linear`` is divided by kappa_b. Each
factor of ``low-rank`` and ``low-rank-gaussian`` is rounded on its own; what the projection or
sketch adds is divided by kappa_b^2 in the noise and by kappa_b in the overlap of two inputs. For
other memories there is no prediction with rounded weights.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.bits.levels import gaussian_quantiser
from assoc.errors import InputError
from assoc.memories.hermite import hermite, sphere_moment
from sims.memories.construction import Construction
from theory.memories.interference import Interference
from theory.memories.quadrature import Nodes, beta_nodes, half_normal_nodes, mean_nodes
from theory.memories.sizes import check_sizes

__all__ = ["ROUNDED", "STRENGTHS", "check_rounded", "interference_of", "svd_efficiency"]

Floats = NDArray[np.float64]

ROUNDED = ("linear", "low-rank", "low-rank-gaussian")
"""Memories with a prediction for weights of b bits, rounded to the nearest level."""

FACTOR_NODES = 8
G_NODES = 96


@cache
def svd_efficiency(fraction: float) -> float:
    r"""Share of d^2 that the best rank-m approximation of W keeps, for m/d = ``fraction``, N >> d.

    W is then a Gaussian matrix whose singular values follow the quarter-circle law p on [0, 2].
    With tau its upper ``fraction`` quantile, the signal kept is the divergence of the truncation,

    .. math:: s = \mu^2 + 2 \int_{a > \tau > b} \frac{a^2}{a^2 - b^2}\, p(a) p(b)\, da\, db,

    its noise energy E = int_tau^2 a^2 p(a) da, and the share s^2 / E.

    Parameters
    ----------
    fraction : m / d in (0, 1].

    References
    ----------
    Candes, Sing-Long and Trzasko (2013) for the divergence of a spectral function.

    Examples
    --------
    >>> svd_efficiency(0.5)
    0.893731
    """
    from scipy import integrate

    if fraction >= 1:
        return 1.0

    def p(a: float) -> float:
        return float(np.sqrt(max(4 - a * a, 0.0)) / np.pi)

    tau = float(
        scipy.optimize.brentq(lambda t: integrate.quad(p, t, 2)[0] - fraction, 0, 2, xtol=1e-12)
    )

    def below(a: float) -> float:
        return float(integrate.quad(lambda b: p(b) / (a * a - b * b), 0, tau, limit=200)[0])

    crossed = integrate.quad(lambda a: a * a * p(a) * below(a), tau, 2, limit=200)[0]
    energy = integrate.quad(lambda a: a * a * p(a), tau, 2)[0]
    return float((fraction**2 + 2 * crossed) ** 2 / energy)


def check_rounded(construction: Construction) -> None:
    """Refuse a construction whose weights are rounded in a way that nothing is predicted for.

    Raises
    ------
    InputError
        If they are rounded, and it is not one of :data:`ROUNDED` with the nearest levels.

    Examples
    --------
    >>> check_rounded(Construction("linear", bits=2))
    """
    if construction.bits is None:
        return
    if construction.memory not in ROUNDED or construction.rounding == "stochastic":
        raise InputError(
            f"no prediction for {construction.label()!r}: rounded weights are predicted for "
            f"{', '.join(ROUNDED)}, to the nearest level"
        )


def interference_of(construction: Construction, *, N: float, d: int) -> Interference:
    """Interference strengths of a named memory on uniform sphere embeddings.

    Parameters
    ----------
    construction : one of the memories in this module's table.
    N : number of facts (matters where least squares are solved).
    d : dimension.

    Raises
    ------
    InputError
        If there are no strengths for the construction, its weights are rounded and there are none
        for that, or an option is out of range.
    """
    name = construction.memory
    if not isinstance(name, str) or name not in STRENGTHS:
        raise InputError(
            f"no prediction for {construction.label()!r}: it is not one of {', '.join(STRENGTHS)}"
        )
    check_sizes(d=d, N=N)
    construction.build(d)
    check_rounded(construction)
    return STRENGTHS[name](construction, N, d)


def _of_matrix(d: int, kappa: float) -> Interference:
    one = np.ones(1)
    return Interference(d, one, one / (kappa * d**2), one / d, one)


def _kept(construction: Construction) -> float:
    """Share of the signal that rounded weights keep, kappa_b."""
    return 1.0 if construction.bits is None else gaussian_quantiser(construction.bits)[1]


def _linear(construction: Construction, N: float, d: int) -> Interference:
    return _of_matrix(d, _kept(construction))


def _sign(construction: Construction, N: float, d: int) -> Interference:
    return _of_matrix(d, gaussian_quantiser(1)[1])


def _truncated(construction: Construction, N: float, d: int) -> Interference:
    return _of_matrix(d, svd_efficiency((construction.rank_at(d) or d) / d))


def _projected(construction: Construction, N: float, d: int) -> Interference:
    rank = construction.rank_at(d) or d
    projected = construction.memory == "low-rank"
    s, weight = beta_nodes(rank / 2, (d - rank if projected else d - 1) / 2, FACTOR_NODES)
    # F(e) = L R e. Rounding R multiplies |R e|^2 by 1/kappa on average (and not its part along e
    # in a sketch); rounding L adds (1/kappa - 1) times what L makes of the noise in R e.
    more = 1 / _kept(construction)
    if projected:
        pair = (s + (more - 1) * rank / d) / s**2
        noise = more * pair
    else:
        pair, noise = 1 + (1 / s - 1) * more, 1 + (1 / s - 1) * more**2
    return Interference(d, weight, noise / d**2, pair / d, np.ones(len(weight)))


def _least_squares(
    d: int, weight: Floats, leverage: Floats, N: float, *, kept: float = 1.0
) -> Interference:
    """Strengths where an input of this leverage is stored by least squares over the inputs."""
    pair = (1 / leverage - 1) / max(N - 1, 1)
    return Interference(d, weight, pair * kept / d, pair, np.full(len(weight), kept), steady=True)


def _dual_inputs(construction: Construction, N: float, d: int) -> Interference:
    # The leverage of a unit vector fluctuates less than that of a normal one.
    share = min(d / N, 1.0)
    both = (d + 2) / (2 * share**2) - 1
    leverage, weight = beta_nodes(share * both, (1 - share) * both, FACTOR_NODES)
    return _least_squares(d, weight, leverage, N)


def _dual_both(construction: Construction, N: float, d: int) -> Interference:
    leverage, weight = beta_nodes(d / 2, max(N - d, 0) / 2, FACTOR_NODES)
    return _least_squares(d, weight, leverage, N, kept=max(1 - d / N, 0.0))


def _dual_outputs(construction: Construction, N: float, d: int) -> Interference:
    share = min(d / N, 1.0)
    k, weight = beta_nodes(d / 2, max(N - d, 0) / 2, FACTOR_NODES)
    noise = share * (1 - share) / (d * k**2 * max(N - 1, 1))
    return Interference(d, weight, noise, (share / k) ** 2 / d, (1 / k - 1) * share)


def _bilinear(construction: Construction, N: float, d: int) -> Interference:
    """Hebbian read-out: the coefficient of another fact has variance s/m, and the kernel t^2."""
    m = construction.width_at(d) or 1
    s, weight = mean_nodes(*_squared_products(), m)
    overlap = sphere_moment(d, 2)
    # E[(1 + 2 t^2)^2] - E t^4, for t the overlap of two inputs.
    pair = (1 + 4 / d + 3 * overlap) / (s * m) + overlap / s**2
    return Interference(d, weight, pair / d, pair, np.ones(len(weight)))


def _squared_products() -> Nodes:
    """Squares of (g g')^2, g and g' standard normal, and their probabilities."""
    g, weight = half_normal_nodes(G_NODES)
    return np.outer(g**2, g**2).ravel(), np.outer(weight, weight).ravel()


def _bilinear_ridge(construction: Construction, N: float, d: int) -> Interference:
    width = min(construction.width_at(d) or 1, math.comb(d + 1, 2))
    return _read_out(d, N, width, *_squared_products())


def _whitened(construction: Construction, N: float, d: int) -> Interference:
    k = 1 if construction.degree is None else construction.degree
    width = min(construction.width_at(d) or 1, math.comb(d + k, k + 1))
    g, weight = half_normal_nodes(G_NODES)
    return _read_out(d, N, width, hermite(k + 1)(g) ** 2, weight)


def _read_out(d: int, N: float, width: int, value: Floats, weight: Floats) -> Interference:
    """Least squares on features whose squares have this law, as many as are independent.

    An input's leverage is tau s / (1 + tau s), s the mean of its squared features; tau is what
    makes the mean leverage m / N, as it must be.
    """
    if width >= N:
        one = np.ones(1)
        return _least_squares(d, one, one, N)
    s, share = mean_nodes(value, weight, width)

    def excess(log_tau: float) -> float:
        return float(share @ scipy.special.expit(log_tau + np.log(s))) - width / N

    log_tau = scipy.optimize.brentq(excess, -60, 60)
    return _least_squares(d, share, scipy.special.expit(log_tau + np.log(s)), N)


STRENGTHS: Mapping[str, Callable[[Construction, float, int], Interference]] = MappingProxyType(
    {
        "linear": _linear,
        "low-rank": _projected,
        "low-rank-gaussian": _projected,
        "low-rank-svd": _truncated,
        "sign": _sign,
        "dual-inputs": _dual_inputs,
        "dual-outputs": _dual_outputs,
        "dual-both": _dual_both,
        "bilinear": _bilinear,
        "bilinear-ridge": _bilinear_ridge,
        "whitened-mlp": _whitened,
    }
)
"""Strengths by the memory's name, as functions of (construction, N, d)."""
