r"""Normalised Hermite polynomials h_k, the activations whose kernels are powers of the overlap.

.. math:: h_k = \mathrm{He}_k / \sqrt{k!}, \qquad
          E[h_j(g)\, h_k(g')] = \delta_{jk}\, \rho^k

for standard normal g, g' of correlation rho (Mehler), with He_k the probabilists' polynomials of
``numpy.polynomial.hermite_e``.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import HermiteE, Polynomial
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from assoc.errors import InputError

__all__ = ["DEGREES", "check_degree", "evaluate", "fourth_moment", "hermite", "sphere_moment"]

DEGREES = range(1, 7)
"""Degrees k of the memories that are built from h_k."""


def check_degree(k: Any) -> int:
    """Return a degree as a plain integer.

    Raises
    ------
    InputError
        If it is not an integer of :data:`DEGREES`.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k not in DEGREES:
        raise InputError(f"degree {k!r} is not an integer from {DEGREES[0]} to {DEGREES[-1]}")
    return int(k)


@cache
def hermite(k: int) -> Polynomial:
    """Return h_k as a polynomial in powers of x.

    Parameters
    ----------
    k : degree, at least 0.

    Examples
    --------
    >>> hermite(2).coef * np.sqrt(2)
    array([-1.,  0.,  1.])
    """
    power = HermiteE.basis(k).convert(kind=Polynomial)
    return power / math.sqrt(math.factorial(k))


@cache
def fourth_moment(k: int) -> float:
    """E h_k(g)^4 for g ~ N(0, 1): 3, 15, 93, 639, ... for k = 1, 2, 3, 4, ...

    Examples
    --------
    >>> round(fourth_moment(3), 9)
    93.0
    """
    nodes, weights = hermegauss(2 * k + 1)
    return float(weights @ hermite(k)(nodes) ** 4 / weights.sum())


def sphere_moment(d: int, p: int) -> float:
    r"""E t^{2p} = (2p - 1)!! / (d (d + 2) ... (d + 2p - 2)), t a coordinate on the sphere of R^d.

    Examples
    --------
    >>> sphere_moment(10, 2) == 3 / (10 * 12)
    True
    """
    return math.prod((2 * j + 1) / (d + 2 * j) for j in range(p))


def evaluate(polynomial: Polynomial, x: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Evaluate a polynomial by Horner's rule, in the precision of x and in few passes over it.

    Parameters
    ----------
    polynomial : in powers of x, of degree at least 1; even and odd ones take half of the steps.
    x : where to evaluate it.

    Examples
    --------
    >>> evaluate(hermite(2) * np.sqrt(2), np.array([0.0, 1.0, 3.0]))
    array([-1.,  0.,  8.])
    """
    coefficients = polynomial.coef.astype(x.dtype)
    odd = not coefficients[0::2].any()
    if odd or not coefficients[1::2].any():
        power, coefficients = x * x, coefficients[int(odd) :: 2]
    else:
        power = x
    leading, *others = coefficients[::-1]
    value = np.full_like(x, leading) if not others else power * leading
    for place, coefficient in enumerate(others):
        if place:
            value *= power
        value += coefficient
    if odd:
        value *= x
    return value
