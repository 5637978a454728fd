r"""Rational arithmetic on stored numbers: products, networks and margins without any rounding.

A floating-point number is a rational number, and sums and products of rational numbers are exact.
What is evaluated here is what a memory means; what a memory computes is off from it by rounding.
:func:`dot_in_order` and those after it round, one operation after the other as they are written
down: bounds on rounding errors are proved for every order, and this order can be planned for.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.memories.hermite import evaluate

__all__ = [
    "Rationals",
    "distance",
    "dot",
    "dot_in_order",
    "exact_margin",
    "factors_in_order",
    "length",
    "network_in_order",
    "network_outputs",
    "outputs",
    "rationals",
]

Rationals = list[Fraction]
"""Entries of a vector."""


def rationals(a: Any) -> Rationals:
    """Entries of a vector (n,) as the rational numbers that they are.

    Examples
    --------
    >>> rationals([0.5, -3.0])
    [Fraction(1, 2), Fraction(-3, 1)]
    """
    return [Fraction(float(entry)) for entry in a]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    """Inner product of two vectors of one length."""
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction())


def length(a: Sequence[Fraction]) -> float:
    """Euclidean norm of a vector, to double precision whatever its magnitude.

    Examples
    --------
    >>> length(rationals([3e-200, 4e-200]))
    5e-200
    """
    largest = max(abs(x) for x in a)
    if not largest:
        return 0.0
    return math.sqrt(sum((x / largest) ** 2 for x in a)) * float(largest)


def distance(a: Any, b: Sequence[Fraction]) -> float:
    """Norm of the difference between a computed vector (n,) and an exact one."""
    return length([x - y for x, y in zip(rationals(a), b, strict=True)])


def outputs(factors: Sequence[Floats], e: Any) -> Rationals:
    """Output L_1 ... L_k e of matrices, leftmost first, for one input e."""
    out = rationals(e)
    for factor in reversed(factors):
        out = [dot(rationals(row), out) for row in factor]
    return out


def network_outputs(
    W: Floats, V: Floats, activation: Polynomial, e: Any, P: Floats | None = None
) -> Rationals:
    """Output sum_i v_i sigma(<w_i, e>) of one input, each term times <p_i, e> if P is given.

    Parameters
    ----------
    W, P : (m, d_in) weights of the neurons and of what they let through.
    V : (m, d_out) outputs of the neurons.
    activation : sigma, a polynomial in powers of x, its coefficients as they are stored.
    e : (d_in,) input.
    """
    given = rationals(e)
    coefficients = rationals(activation.coef)
    hidden = []
    for i, w in enumerate(W):
        z = dot(rationals(w), given)
        value = sum((c * z**j for j, c in enumerate(coefficients)), Fraction())
        hidden.append(value if P is None else value * dot(rationals(P[i]), given))
    return [dot(rationals(column), hidden) for column in V.T]


def exact_margin(out: Sequence[Fraction], U: Floats, answer: int) -> Fraction:
    """Score of the answer minus the largest other score, of an output against U (M, d)."""
    scores = [dot(rationals(u), out) for u in U]
    return scores[answer] - max(score for y, score in enumerate(scores) if y != answer)


def dot_in_order(a: Floats, b: Floats) -> Any:
    """Inner product of two vectors (n,), summed from the first to the last, in their precision."""
    return np.cumsum(a * b)[-1]


def factors_in_order(factors: Sequence[Floats], e: Floats) -> NDArray[Any]:
    """Output of :func:`outputs`, every sum taken in order and rounded."""
    out = e
    for factor in reversed(factors):
        out = np.array([dot_in_order(row, out) for row in factor])
    return out


def network_in_order(
    W: Floats, V: Floats, activation: Polynomial, e: Floats, P: Floats | None = None
) -> NDArray[Any]:
    """Output of :func:`network_outputs`, every sum taken in order and rounded.

    The activation is evaluated by :func:`assoc.memories.hermite.evaluate`, as in the networks.
    """
    hidden = evaluate(activation, np.array([dot_in_order(w, e) for w in W]))
    if P is not None:
        hidden = hidden * np.array([dot_in_order(p, e) for p in P])
    return np.array([dot_in_order(hidden, column) for column in V.T])
