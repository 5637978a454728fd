r"""Numbers in whose products and sums every rounding is lost in one direction, by almost u.

To nearest, a rounding is at most u = 2^-p of its result, p the digits of the significand, and it is
nearly that where the result is a little more than a power of two and what is cut off a little less
than half of a unit in the last place. Bounds on rounding errors are reached, to first order, where
all roundings are of this kind.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial

from assoc.arrays import Floats

__all__ = ["LossyActivation", "lossy_activation", "lossy_chain", "lossy_pair"]

DIGITS = 53
"""Of a significand in double precision."""

ULP = 2.0 ** (1 - DIGITS)
"""A unit in the last place of numbers from 1 to 2."""

HALF = 0.48
"""Share of a unit in the last place that a planned rounding cuts off at least; at most 1/2."""

TRIED = 5000
"""Numbers that are tried for one planned rounding; one of some 50 will do."""


def lossy_pair(n: int, digits: int = DIGITS) -> tuple[Floats, Floats]:
    r"""Two nearly parallel vectors (n,) whose product, summed in order, is too small by n u.

    The first product is 1 + 2^{-p/2 + ...} + u, of which u is cut off, and all others are u, half
    of a unit in the last place of the sum so far, so that none of them is ever added.

    Parameters
    ----------
    n : length, at least 1.
    digits : p, 53 or 24: double precision or single.

    Examples
    --------
    >>> a, b = lossy_pair(1000)
    >>> bool(np.cumsum(a * b)[-1] == a[0] * b[0])
    True
    """
    dtype = np.float64 if digits == DIGITS else np.float32
    half = digits // 2
    a, b = np.full(n, 2.0**-half), np.full(n, 2.0 ** (half - digits))
    a[0] += 1
    b[0] += 1
    return a.astype(dtype), b.astype(dtype)


def lossy_chain(k: int, rng: np.random.Generator) -> list[float]:
    """Numbers x_0, ..., x_k a little above 1, each product x_0 x_1 ... x_j too small by almost u.

    Parameters
    ----------
    k : number of products, at least 1.
    rng : draws the numbers that are tried.
    """
    chain = [1.0 + float(rng.random()) * 2.0**-10]
    product = chain[0]
    for _ in range(k):
        chain.append(_first(partial(_cut_off, product), partial(_above_one, rng)))
        product *= chain[-1]
    return chain


class LossyActivation(NamedTuple):
    """A weight, an input and an activation whose evaluation loses all that it can.

    Parameters
    ----------
    weight, entry : two numbers; their product is z, too small by almost u.
    activation : a polynomial with positive coefficients, of which Horner's rule at z loses almost
        u in every product and every sum.
    """

    weight: float
    entry: float
    activation: Polynomial


def lossy_activation(n: int, rng: np.random.Generator) -> LossyActivation:
    """Plan a polynomial of degree n whose evaluation loses u in each of 2 n roundings.

    Parameters
    ----------
    n : degree, at least 1.
    rng : draws the numbers that are tried.
    """
    entry, weight = lossy_chain(1, rng)
    z = entry * weight
    value = _first(partial(_cut_off, z), partial(_above_one, rng))
    coefficients = [value]
    for step in range(1, n + 1):
        value *= z
        # A sum loses what is less than half a unit in the last place; the units before it are free.
        units = 0.0
        if step < n:
            units = _first(partial(_cut_off_after, value, z), partial(_units, rng))
        coefficients.append((units + 255 / 512) * ULP)
        value += coefficients[-1]
    return LossyActivation(weight, entry, Polynomial(coefficients[::-1]))


def _above_one(rng: np.random.Generator) -> float:
    """A number a little above 1."""
    return 1.0 + float(rng.random()) * 2.0**-10


def _units(rng: np.random.Generator) -> float:
    """A number of units in the last place."""
    return float(rng.integers(TRIED))


def _cut_off_after(value: float, z: float, units: float) -> float:
    """Share that is cut off of the product of z and the value, so many units larger."""
    return _cut_off(value + units * ULP, z)


def _cut_off(x: float, y: float) -> float:
    """Share of a unit in the last place of x y, x y in [1, 2), that rounding down cuts off."""
    exact = int(x * 2.0 ** (DIGITS - 1)) * int(y * 2.0 ** (DIGITS - 1))
    share = exact % 2 ** (DIGITS - 1) / 2.0 ** (DIGITS - 1)
    return share if share < 0.5 else 0.0


def _first(cut_off: Callable[[float], float], draw: Callable[[], float]) -> float:
    """First number drawn of which enough is cut off."""
    return next(x for x in (draw() for _ in range(TRIED)) if cut_off(x) >= HALF)
