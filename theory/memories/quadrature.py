"""Gauss quadrature for the laws that interference follows, stable for any parameter.

Nodes and weights come from the eigenvalues of the Jacobi matrix of the orthogonal polynomials
(Golub and Welsch 1969). ``scipy.special.roots_*`` normalises by gamma functions and overflows for
the parameters of dimension 10^4 and more, where these do not.
"""

from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = [
    "Nodes",
    "beta_nodes",
    "chi_square_nodes",
    "even_sphere_nodes",
    "half_normal_nodes",
    "mean_nodes",
    "sphere_nodes",
]

Floats = NDArray[np.float64]

Nodes = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Nodes and their weights, which sum to 1."""


def _golub_welsch(diagonal: NDArray[np.float64], off: NDArray[np.float64]) -> Nodes:
    values, vectors = scipy.linalg.eigh_tridiagonal(diagonal, off)
    weights = vectors[0] ** 2
    return np.asarray(values, np.float64), np.asarray(weights / weights.sum(), np.float64)


@cache
def chi_square_nodes(degrees: float, n: int) -> Nodes:
    """Nodes and weights of chi^2_k / k, whose mean is 1 and variance 2 / k.

    Parameters
    ----------
    degrees : k > 0; infinite gives the constant 1.
    n : number of nodes.

    Examples
    --------
    >>> q, w = chi_square_nodes(10, 5)
    >>> float(w @ q), float(w @ (q - 1) ** 2)
    (1.0000000, 0.2000000)
    """
    if np.isinf(degrees):
        return np.ones(1), np.ones(1)
    shape = degrees / 2
    k = np.arange(n, dtype=np.float64)
    # Laguerre's Jacobi matrix, its diagonal taken relative to the mean, which may be huge.
    values, weights = _golub_welsch(2 * k, np.sqrt(k[1:] * (k[1:] + shape - 1)))
    return 1 + values / shape, weights


@cache
def beta_nodes(a: float, b: float, n: int) -> Nodes:
    """Nodes and weights of the Beta(a, b) law on (0, 1); b = 0 gives the constant 1.

    Examples
    --------
    >>> s, w = beta_nodes(2.0, 3.0, 6)
    >>> float(w @ s)
    0.4000000
    """
    if b == 0:
        return np.ones(1), np.ones(1)
    # Jacobi polynomials on (-1, 1) with weight (1 - x)^(b - 1) (1 + x)^(a - 1).
    p, q = b - 1, a - 1
    k = np.arange(n, dtype=np.float64)
    total = 2 * k + p + q
    diagonal = np.empty(n)
    diagonal[0] = (q - p) / (p + q + 2)
    diagonal[1:] = (q - p) * (q + p) / (total[1:] * (total[1:] + 2))
    off = np.empty(n - 1)
    if n > 1:
        off[0] = 4 * (1 + p) * (1 + q) / ((2 + p + q) ** 2 * (3 + p + q))
        k, total = k[2:], total[2:]
        off[1:] = 4 * k * (k + p) * (k + q) * (k + p + q) / (total**2 * (total + 1) * (total - 1))
    values, weights = _golub_welsch(diagonal, np.sqrt(off))
    return (1 + values) / 2, weights


@cache
def sphere_nodes(d: float, n: int) -> Nodes:
    r"""Nodes and weights of sqrt(d) t, t one coordinate of a uniform point on the sphere of R^d.

    Its density is proportional to (1 - t^2)^((d - 3) / 2); d > 1 need not be an integer.

    Examples
    --------
    >>> z, w = sphere_nodes(5, 8)
    >>> float(w @ z**2), float(w @ z**4)
    (1.0000000, 2.1428571)
    """
    k = np.arange(2, n, dtype=np.float64)
    order = (d - 2) / 2
    # Gegenbauer's recurrence; the first coefficient is written apart as it is 0 / 0 for d = 2.
    later = k * (k + d - 3) / (4 * (k + order) * (k + order - 1))
    off = np.sqrt(np.concatenate([[1 / d], later])[: n - 1] * d)
    return _golub_welsch(np.zeros(n), off)


@cache
def even_sphere_nodes(d: float, n: int) -> Nodes:
    """The same law on equidistant angles, for means of steps as narrow as the spacing.

    They end where the density is below 1e-30 of its largest. The trapezoidal rule converges
    geometrically in the step's width over the spacing; n Gauss nodes are about 1 / sqrt(n)
    apart. d is at least 6.

    Examples
    --------
    >>> z, w = even_sphere_nodes(500, 48)
    >>> float(w @ z**2), float(w @ z**4)
    (1.0000000, 2.9880478)
    """
    # Through half the angle, whose sine keeps the digits that the cosine of a small one lacks.
    end = 2 * np.arcsin(np.sqrt(-np.expm1(-30 * np.log(10) / (d - 2)) / 2))
    angle = np.linspace(-end, end, n)
    weight = np.exp((d - 2) * np.log1p(-2 * np.sin(angle / 2) ** 2))
    return np.sqrt(d) * np.sin(angle), weight / weight.sum()


@cache
def half_normal_nodes(n: int) -> Nodes:
    """Nodes and weights of |g|, g standard normal: equidistant up to 7.5, for smooth even means.

    The trapezoidal rule converges geometrically for such a weight.

    Examples
    --------
    >>> g, w = half_normal_nodes(64)
    >>> float(w @ g**2), float(w @ g**4)
    (1.0000000, 3.0000000)
    """
    g = np.linspace(0, 7.5, n)
    weight = np.exp(-(g**2) / 2)
    weight[0] /= 2
    return g, weight / weight.sum()


def mean_nodes(value: Floats, weight: Floats, m: int, n: int = 24) -> Nodes:
    r"""Nodes and weights of the mean of m independent copies of a variable that is at least 0.

    Its law is the inverse Fourier transform of a power, on a grid; the nodes are its quantiles at
    the Gauss-Legendre nodes of (0, 1).

    Parameters
    ----------
    value, weight : (k,) the variable, and its probabilities.
    m : number of copies, at least about 10 (the law of fewer is too rough for the grid).
    n : number of nodes.

    Examples
    --------
    >>> g = np.linspace(0, 8, 100)
    >>> x, w = mean_nodes(g**2, np.exp(-(g**2) / 2) / np.exp(-(g**2) / 2).sum(), 50)
    >>> round(float(w @ x), 2), round(float(w @ (x - w @ x) ** 2), 3)
    (0.97, 0.039)
    """
    # The few largest of m copies make the tail of the law, not its bulk.
    order = np.argsort(value)
    common = order[np.cumsum(weight[order]) <= max(1 - 8 / m, 0.5)]
    centre, mean = float(weight[common] @ value[common]), float(weight @ value)
    bulk = np.sqrt(max(float(weight[common] @ value[common] ** 2) - centre**2, 1e-12) / m)
    low = max(centre - 8 * bulk, 0.0)
    high = mean + 12 * np.sqrt((float(weight @ value**2) - mean**2) / m)
    count = scipy.fft.next_fast_len(max(64, min(round(3 * (high - low) / bulk), 4096)), real=True)
    span = high - low
    # Tilted, so that what lies above the grid does not fold back into it.
    s = (-8.0 + 2j * np.pi * np.arange(count // 2 + 1)) / span
    transform = [np.exp(m * np.log(np.exp(z / m * value) @ weight) - z * low) for z in s]
    grid = np.arange(count) * span / count
    law = scipy.fft.irfft(np.conj(transform), count) * np.exp(8.0 * grid / span)
    reached = np.maximum.accumulate((np.cumsum(law) - law / 2) / law.sum())
    place, share = np.polynomial.legendre.leggauss(n)
    return np.interp((1 + place) / 2, reached, low + grid), share / 2
