r"""What the guarantee bounds, exactly: the expected number of pairs in which an answer loses.

For the answer of x and another output y, the difference of their scores is, up to a positive factor
(:mod:`theory.memories.guarantee` has the symbols, ``docs/derivations.md`` the derivation),

.. math:: \sqrt{(1 - \rho)/2}\,(\sqrt s - \epsilon) + \sum_{z=1}^{n} \sigma_z \tau_z,

sigma_z and tau_z coordinates of independent points on the sphere of R^d: n = N - 2, or n = N - 1
and epsilon = 0 where y is no input's answer. Given rho, epsilon and s,

.. math:: P(\textstyle\sum \sigma \tau > x) = \frac12 - \frac1\pi \int_0^\infty
          \varphi(w)^n \sin(w x) \frac{dw}{w}, \qquad
          E\,e^{-c/Q} = 1 - 2 \sqrt c \int_0^\infty J_1(2 \sqrt c\, w)\, L(w^2)^n\, dw

with phi the characteristic function of a product and L the Laplace transform of one squared
coordinate: no inequality of the guarantee's proof is used, and none of its code. Means over rho,
epsilon and s are by Gauss's rules for them.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["chernoff_sum", "pairs_lost", "tangent_sum"]

Floats = NDArray[np.float64]

COORDINATES = 24
FACTORS = 8
ORDER = 16
TANGENTS = 1000
NEGLIGIBLE = 1e-15
TURN = 8.0
"""Largest phase that one panel of the rule for the transforms' integrals has to follow."""


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
    return _sum_over_pairs(_chance, N, d, M, rank)


def chernoff_sum(N: int, d: int, *, M: int | None = None, rank: int | None = None) -> float:
    r"""Sum over the same pairs of E exp(-(1 - rho) (sqrt(s) - epsilon)_+^2 d / (4 Q)).

    Parameters are those of :func:`pairs_lost`; no chance is above its term of this sum.
    """
    return _sum_over_pairs(_exponential, N, d, M, rank)


def tangent_sum(N: int, d: int, *, M: int | None = None, rank: int | None = None) -> float:
    r"""Sum over the same pairs of the least of the tangents' bounds on these expectations.

    With v = 2c/(d q^2) in place of the point q of the tangent, the bound on E exp(-c/Q) is

    .. math:: \min_v \; e^{-\sqrt{2 c d v}}\,(1 - v)^{-n/2}, \qquad 0 \le v < 1,

    here the least on a grid. Parameters are those of :func:`pairs_lost`; N is at least 3.
    """
    return _sum_over_pairs(_tangent, N, d, M, rank)


def _sum_over_pairs(
    of: Callable[[Floats, int, int], Floats], N: int, d: int, M: int | None, rank: int | None
) -> float:
    t, t_weight = special.roots_gegenbauer(COORDINATES, (d - 2) / 2)
    t_weight /= t_weight.sum()
    s, s_weight = np.ones(1), np.ones(1)
    if rank is not None and rank < d:
        s, s_weight = special.roots_jacobi(FACTORS, (d - rank) / 2 - 1, rank / 2 - 1)
        s, s_weight = (1 + s) / 2, s_weight / s_weight.sum()
    total = 0.0
    for rho, weight in zip(t, t_weight, strict=True):
        for share, share_weight in zip(s, s_weight, strict=True):
            scale = np.sqrt((1 - rho) / 2)
            used = t_weight @ of(scale * (np.sqrt(share) - t), N - 2, d)
            unused = of(scale * np.sqrt(np.array([share])), N - 1, d)[0]
            pairs = N * (N - 1) * used + N * ((N if M is None else M) - N) * unused
            total += weight * share_weight * pairs
    return float(total)


def _chance(x: Floats, n: int, d: int) -> Floats:
    """P(sum of n products > x), elementwise."""
    w, weight, power = _grid(n, d, _of_product)
    return np.asarray(0.5 - np.sin(np.multiply.outer(x, w)) @ (weight * power / w) / np.pi)


def _exponential(x: Floats, n: int, d: int) -> Floats:
    """E exp(-x_+^2 d / (2 Q)), elementwise, Q a sum of n squared coordinates."""
    w, weight, power = _grid(n, d, _of_square)
    root = np.maximum(x, 0.0) * np.sqrt(d / 2)
    bessel = special.j1(2 * np.multiply.outer(root, w))
    return np.asarray(1 - 2 * root * (bessel @ (weight * power)))


def _tangent(x: Floats, n: int, d: int) -> Floats:
    """Least bound on E exp(-x_+^2 d / (2 Q)), elementwise."""
    v = (np.arange(TANGENTS) + 0.5) / TANGENTS
    # c = x^2 d / 2
    slopes = np.multiply.outer(np.maximum(x, 0.0) * d, np.sqrt(v))
    return np.asarray(np.exp(np.minimum(np.min(-slopes - n / 2 * np.log1p(-v), axis=1), 0.0)))


def _of_product(w: Floats, d: int) -> Floats:
    """E cos(w sigma tau): the mean over tau of 0F1(; d/2; -(w tau)^2 / 4)."""
    t, weight = special.roots_gegenbauer(2 * COORDINATES, (d - 2) / 2)
    return np.asarray(
        special.hyp0f1(d / 2, -(np.multiply.outer(w, t) ** 2) / 4) @ (weight / weight.sum())
    )


def _of_square(w: Floats, d: int) -> Floats:
    """E exp(-w^2 tau^2)."""
    return np.asarray(special.hyp1f1(0.5, d / 2, -(w**2)))


@lru_cache(maxsize=16)
def _grid(n: int, d: int, transform: Callable[[Floats, int], Floats]) -> tuple[Floats, ...]:
    """Nodes, weights, and the transform's n-th power, up to where that is negligible."""
    end = np.sqrt(d / n)
    while abs(transform(np.array([end]), d)[0]) ** n > NEGLIGIBLE:
        end *= 1.25
    place, share = np.polynomial.legendre.leggauss(ORDER)
    # Bessel's function has the phase 2 x sqrt(d/2) w, x at most 2.
    panels = max(12, int(np.ceil(end * np.sqrt(8 * d) / TURN)))
    w = (end * (np.arange(panels)[:, None] + (1 + place) / 2) / panels).ravel()
    weight = np.tile(end * share / (2 * panels), panels)
    return w, weight, transform(w, d) ** n
