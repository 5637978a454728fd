r"""What the guarantee bounds, exactly: the expected number of pairs in which an answer loses.

For the answer of x and another output y, the difference of their scores is, up to a positive factor
(:mod:`theory.memories.guarantee` has the symbols, ``docs/derivations.md`` the derivation),

.. math:: \sqrt{(1 - \rho)/2}\,(\sqrt s - \epsilon) + \sum_{z=1}^{n} \sigma_z \tau_z,

sigma_z and tau_z coordinates of independent points on the sphere of R^d: n = N - 2, or n = N - 1
and epsilon = 0 where y is no input's answer. Given rho, epsilon and s,

.. math:: P(\textstyle\sum \sigma \tau > x) = \frac12 - \frac1\pi \int_0^\infty
          \varphi(w)^n \sin(w x) \frac{dw}{w}

with phi the characteristic function of a product: no inequality of the guarantee's proof is used,
and none of its code. Means over rho, epsilon and s are by Gauss's rules for them.
"""

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["noise_chance", "pair_chance", "pairs_lost"]

Floats = NDArray[np.float64]

COORDINATES = 24
FACTORS = 8
ORDER = 16
NEGLIGIBLE = 1e-15
TURN = 8.0
"""Largest phase that one panel of the rule for the transforms' integrals has to follow."""


@lru_cache(maxsize=64)
def pairs_lost(N: int, d: int, *, M: int | None = None, rank: int | None = None) -> float:
    """Expected number of pairs of an input and an output that beats its answer.

    Parameters
    ----------
    N : number of facts, at least about 12 (the transforms of fewer fall off too slowly).
    d : dimension, at least 4.
    M : number of outputs, at least N; None means N.
    rank : m, if the memory is read through a random rank-m projector.

    Examples
    --------
    >>> round(pairs_lost(40, 32), 3)
    2.36
    """
    t, t_weight = scipy.special.roots_gegenbauer(COORDINATES, (d - 2) / 2)
    t_weight /= t_weight.sum()
    s, s_weight = np.ones(1), np.ones(1)
    if rank is not None and rank < d:
        s, s_weight = scipy.special.roots_jacobi(FACTORS, (d - rank) / 2 - 1, rank / 2 - 1)
        s, s_weight = (1 + s) / 2, s_weight / s_weight.sum()
    total = 0.0
    for rho, weight in zip(t, t_weight, strict=True):
        for share, share_weight in zip(s, s_weight, strict=True):
            scale = np.sqrt((1 - rho) / 2)
            used = t_weight @ pair_chance(scale * (np.sqrt(share) - t), N - 2, d)
            unused = pair_chance(scale * np.sqrt(np.array([share])), N - 1, d)[0]
            pairs = N * (N - 1) * used + N * ((N if M is None else M) - N) * unused
            total += weight * share_weight * pairs
    return float(total)


def pair_chance(x: Floats, n: int, d: int) -> Floats:
    """P(sum of n products > x), elementwise, for n at least about 10.

    Examples
    --------
    >>> round(float(pair_chance(np.array([0.3]), 30, 32)[0]), 4)
    0.04
    """
    w, weight, power = _grid(n, d)
    return np.asarray(0.5 - np.sin(np.multiply.outer(x, w)) @ (weight * power / w) / np.pi)


@lru_cache(maxsize=64)
def noise_chance(r: float, n: int, d: int) -> float:
    """P(sqrt(2 (1 + t)) (S + sqrt((1 + t)/2) c) > r), S a sum of n products, c a coordinate.

    t = max(-omega, 0), omega a coordinate in d - 1 dimensions.

    Examples
    --------
    >>> round(noise_chance(0.2, 60, 48), 3)
    0.236
    """
    omega, weight = scipy.special.roots_gegenbauer(4 * COORDINATES, (d - 3) / 2)
    w, each, power = _grid(n, d)
    chance = 0.0
    for t, mass in zip(np.maximum(-omega, 0.0), weight / weight.sum(), strict=True):
        own = scipy.special.hyp0f1(d / 2, -(w**2) * (1 + t) / 8)
        sine = np.sin(w * r / np.sqrt(2 * (1 + t)))
        chance += mass * (0.5 - float(sine @ (each * power * own / w)) / np.pi)
    return float(chance)


def _of_product(w: Floats, d: int) -> Floats:
    """E cos(w sigma tau): the mean over tau of 0F1(; d/2; -(w tau)^2 / 4)."""
    t, weight = scipy.special.roots_gegenbauer(2 * COORDINATES, (d - 2) / 2)
    return np.asarray(
        scipy.special.hyp0f1(d / 2, -(np.multiply.outer(w, t) ** 2) / 4) @ (weight / weight.sum())
    )


@lru_cache(maxsize=16)
def _grid(n: int, d: int) -> tuple[Floats, ...]:
    """Nodes, weights, and the transform's n-th power, up to where that is negligible."""
    end = np.sqrt(d / n)
    while abs(_of_product(np.array([end]), d)[0]) ** n > NEGLIGIBLE:
        end *= 1.25
    place, share = np.polynomial.legendre.leggauss(ORDER)
    # The sine has the phase x w, x at most 2.
    panels = max(12, int(np.ceil(end * np.sqrt(8 * d) / TURN)))
    w = (end * (np.arange(panels)[:, None] + (1 + place) / 2) / panels).ravel()
    weight = np.tile(end * share / (2 * panels), panels)
    return w, weight, _of_product(w, d) ** n
