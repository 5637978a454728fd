"""Numbers with a proved error, by ball arithmetic: the exact tails that guarantees rest on.

A double says nothing about its own error. A guarantee is a statement about every digit it prints,
so the probabilities that it sums are enclosed here by Arb's balls (a midpoint and a radius,
through python-flint), and rounded outward when they become doubles.

References
----------
Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic (2017).
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from assoc.errors import InputError
from theory.memories.sizes import check_sizes

if TYPE_CHECKING:
    from flint import acb, arb

__all__ = ["above", "below", "coordinate_tail", "log_density"]

PRECISION = 128
"""Bits of the balls: log Gamma at d = 1e12 leaves 80 of them."""

SMALL_D = 128
"""Up to this dimension the incomplete beta function is summed."""

FALLEN = 256
"""Bits up to which the density has fallen where the tail is 1/2 less a series of positive terms."""

STEP = 64
"""Bits that are lost are counted in steps, so that constants are remembered."""

DEEP = 60
"""The integral is cut where its integrand has fallen by exp(-DEEP); the rest is bounded."""


def above(ball: "arb") -> float:
    """Smallest double that is certainly not below the ball.

    Examples
    --------
    >>> from flint import arb
    >>> below(arb(1) / 3) < above(arb(1) / 3)
    True
    """
    end = ball.upper()
    value = float(end)
    return value if end <= value else math.nextafter(value, math.inf)


def below(ball: "arb") -> float:
    """Largest double that is certainly not above the ball."""
    return -above(-ball)


def coordinate_tail(t: float, d: int) -> "arb":
    r"""P(<u, v> >= t) for u uniform on the unit sphere of R^d and v any unit vector.

    .. math::
        P(\rho \ge t) = \frac{\Gamma(d/2)}{\sqrt\pi\,\Gamma((d-1)/2)}
        \int_t^1 (1 - x^2)^{(d-3)/2}\,dx

    Parameters
    ----------
    t : the level; the probability is 1 below -1 and 0 above 1.
    d : dimension, at least 2.

    Returns
    -------
    A ball that contains the probability, however small it is.

    Raises
    ------
    InputError
        If d is out of range or t is not a number.

    Examples
    --------
    >>> from flint import arb
    >>> coordinate_tail(0.5, 3).overlaps(arb(1) / 4)  # uniform on [-1, 1]
    True
    """
    from flint import arb, ctx

    check_sizes(d=d)
    if math.isnan(t):
        raise InputError("level nan of a coordinate is not a number")
    if t >= 1:
        return arb(0)
    if t <= -1:
        return arb(1)
    with ctx.workprec(PRECISION):
        if t < 0:
            return 1 - coordinate_tail(-t, d)
        if d <= SMALL_D:  # the density need not be smooth at 1, and the series is short
            return (1 - arb(t) ** 2).beta_lower(arb(d - 1) / 2, arb(1) / 2, regularized=True) / 2
        fallen = -0.5 * d * math.log2(1 - t * t)
        if fallen <= FALLEN:
            return _up_to_half(t, d, bits=PRECISION + STEP * math.ceil(fallen / STEP))
        at_t = log_density(d) + _exponent(d) * (1 - arb(t) ** 2).log()
        return at_t.exp() * _beyond(t, d)


@lru_cache(maxsize=256)
def log_density(d: int, bits: int = PRECISION) -> "arb":
    """Logarithm of the density of a coordinate at 0, Gamma(d/2) / (sqrt(pi) Gamma((d-1)/2))."""
    from flint import arb, ctx

    with ctx.workprec(bits):
        return (arb(d) / 2).lgamma() - (arb(d - 1) / 2).lgamma() - arb.pi().log() / 2


def _up_to_half(t: float, d: int, *, bits: int) -> "arb":
    r"""The tail as 1/2 less the chance to be between 0 and t, for 0 <= t < 1.

    .. math:: \int_0^t (1 - x^2)^{(d-3)/2} dx = t\,(1 - t^2)^{(d-1)/2}\;
              {}_2F_1\bigl(1, \tfrac d2; \tfrac32; t^2\bigr)

    The difference loses as many bits as the tail is small, which is why more are asked for.
    """
    from flint import arb, ctx

    with ctx.workprec(bits):
        square = arb(t) ** 2
        series = square.hypgeom_2f1(arb(1), arb(d) / 2, arb(3) / 2)
        fall = arb(d - 1) / 2 * (1 - square).log()
        return arb(1) / 2 - (log_density(d, bits) + fall).exp() * t * series


def _exponent(d: int) -> "arb":
    from flint import arb

    return arb(d - 3) / 2


def _beyond(t: float, d: int) -> "arb":
    """Integral of ((1 - x^2) / (1 - t^2))^((d - 3)/2) from t to 1, for d > 3 and 0 <= t < 1."""
    from flint import acb, arb

    level, k = arb(t), _exponent(d)
    room = 1 - level * level
    fallen = room * (1 - (-DEEP / k).exp())
    cut = arb(min(above((level * level + fallen).sqrt() - level), below(1 - level)))

    def integrand(s: "acb", _: bool) -> "acb":
        return (k * (1 - (2 * level * s + s * s) / room).log()).exp()

    # What lies beyond the cut is between 0 and the integrand's value there times the length.
    rest = (k * (1 - (2 * level * cut + cut * cut) / room).log()).exp() * (1 - level - cut)
    return acb.integral(integrand, 0, acb(cut)).real + rest.union(arb(0))
