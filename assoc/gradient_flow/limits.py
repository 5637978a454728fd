"""What the arithmetic of the gradient flow can hold: initial scales, logits, matrices."""

import math

from assoc.checks import check_fits
from assoc.errors import InputError

__all__ = [
    "LARGEST_ALPHA",
    "RANGE",
    "SMALLEST_ALPHA",
    "OutOfRangeError",
    "check_alpha",
    "check_matrices",
    "check_spread",
]

SMALLEST_ALPHA = 1e-140
"""Smallest initial scale of matrices in double precision: its square times tolerances is normal."""

LARGEST_ALPHA = 10.0
"""Largest initial scale of matrices: learning changes V by about 1/alpha, which is to be seen."""

RANGE = 300.0
"""Largest spread of one token's logits; exponentials of sums of two then stay in range."""


class OutOfRangeError(InputError):
    """Logits so large that probabilities cannot be told from 0; the line says how large."""


def check_alpha(
    alpha: float, *, smallest: float = SMALLEST_ALPHA, largest: float = LARGEST_ALPHA
) -> float:
    """Return the initial scale.

    Parameters
    ----------
    alpha : the scale.
    smallest, largest : what the arithmetic holds; the defaults are those of matrices.

    Raises
    ------
    InputError
        If it is not a positive number, too large, or below what the arithmetic can hold.

    Examples
    --------
    >>> check_alpha(0.0)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: alpha = 0 is not a positive initial scale
    """
    if not (alpha > 0 and math.isfinite(alpha)):
        raise InputError(f"alpha = {alpha:g} is not a positive initial scale")
    if alpha < smallest:
        more = " (the symmetric reduction takes smaller ones)" if smallest == SMALLEST_ALPHA else ""
        raise InputError(
            f"alpha = {alpha:g} underflows; the smallest initial scale here is {smallest:g}{more}"
        )
    if alpha > largest:
        raise InputError(f"alpha = {alpha:g} is above {largest:g}, the largest initial scale here")
    return float(alpha)


def check_matrices(subjects: int, relations: int, answers: int) -> None:
    """Refuse sizes S, R, A whose matrices would not fit in memory.

    Raises
    ------
    InputError
        If they would not.
    """
    check_fits(
        4 * (2 * subjects + relations) * answers, 8,
        f"S = {subjects}, R = {relations}, A = {answers}: the matrices",
        instead="the symmetric reduction takes any size",
    )  # fmt: skip


def check_spread(spread: float) -> None:
    """Refuse logits of one token that are further apart than :data:`RANGE`.

    Raises
    ------
    OutOfRangeError
        If they are, or are not numbers.
    """
    # `not` also catches NaN.
    if not spread <= RANGE:
        raise OutOfRangeError(
            f"logits of one token spread over {spread:.3g}, more than {RANGE:g}: "
            "try a smaller step, tolerance or initial scale"
        )
