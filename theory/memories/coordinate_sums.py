r"""Sums of sphere coordinates with fixed coefficients: a proved tail that is nearly the true one.

For independent points u_i uniform on the unit sphere of R^d, a unit vector v and numbers a_i with
:math:`\sum_i a_i^2 = Q`, the sum :math:`G = \sum_i a_i u_i` has a uniform direction that is
independent of its length, so that

.. math::
    P\Bigl(\sum_i a_i \langle u_i, v\rangle \ge x\Bigr) = E\,T(x / |G|), \qquad
    T(t) = P(\langle u, v\rangle \ge t) .

The logarithm of T(x / sqrt q) is concave in q, and its tangent at any q bounds it. With the slope
tau of the tangent and E exp(tau |G|^2) <= (1 - 2 tau Q / d)^(-d/2),

.. math::
    P \le T(x / \sqrt q)\; e^{-\tau q}\; (1 - 2 \tau Q / d)^{-d/2}, \qquad
    \tau = \frac{x}{2 q^{3/2}}\,\frac{T'(x / \sqrt q)}{-T(x / \sqrt q)} .

Chernoff's bound exp(-x^2 d / (2 Q)) is several times larger: it lacks the factor
sqrt(Q / d) / (x sqrt(2 pi)) of a normal tail, which T has. ``docs/attention-guarantees.md`` has the
proof.
"""

import math
from typing import TYPE_CHECKING

from assoc.errors import InputError
from theory.memories.balls import above, coordinate_tail, log_density
from theory.memories.sizes import check_sizes

if TYPE_CHECKING:
    from flint import arb

__all__ = ["sum_tail"]

PRECISION = 128
"""Bits of the balls."""


def sum_tail(x: float, energy: float, d: int) -> float:
    r"""Bound P(sum_i a_i t_i >= x), t_i independent sphere coordinates, from above.

    Parameters
    ----------
    x : the level; at 0 and below the bound is 1.
    energy : Q, the sum of the squared coefficients, or more.
    d : dimension, at least 3, so that the density of a coordinate is log-concave.

    Returns
    -------
    A number in [0, 1] that the probability does not exceed.

    Raises
    ------
    InputError
        If d is out of range, or x or the energy is not a number or the energy is negative.

    Examples
    --------
    >>> f"{sum_tail(5.0, 1400.0, 1400):.3g} for a sum that is nearly normal: 2.87e-07"
    '2.92e-07 for a sum that is nearly normal: 2.87e-07'
    """
    check_sizes(d=d)
    if d < 3:
        raise InputError(f"d = {d}: sums of coordinates need at least 3 dimensions")
    if math.isnan(x) or not energy >= 0:
        raise InputError(f"a sum of coordinates with energy {energy} has no tail at {x}")
    if x <= 0:
        return 1.0
    if energy == 0:
        return 0.0
    from flint import arb, ctx

    with ctx.workprec(PRECISION):
        level = arb(x) / arb(energy).sqrt()  # of a sum of energy 1
        q = arb(_tangent_point(x / math.sqrt(energy), d))
        t = above(level / q.sqrt())
        # Any point gives a bound: take that with level / sqrt(q) = t exactly.
        q = (level / t) ** 2
        tail = coordinate_tail(t, d)
        slope = t * _density(t, d) / (2 * q * tail)
        room = 1 - 2 * slope / d
        if not room > 0:
            return 1.0
        return min(1.0, above(tail * (-slope * q - arb(d) / 2 * room.log()).exp()))


def _tangent_point(level: float, d: int) -> float:
    """Estimate the best q, the solution of q (1 - 2 tau / d) = 1, for energy 1."""
    from scipy import special

    # About 1 + level^2 far out.
    z = math.sqrt(d) * level
    hazard = math.exp(-(z**2) / 2 - float(special.log_ndtr(-z))) / math.sqrt(2 * math.pi)
    return 1 + z * hazard / d


def _density(t: float, d: int) -> "arb":
    """Density of a sphere coordinate at t, a ball."""
    from flint import arb

    return (log_density(d) + arb(d - 3) / 2 * (1 - arb(t) ** 2).log()).exp()
