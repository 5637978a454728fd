"""The least dimension at which a bound falls to a level, in few evaluations."""

import math
from collections.abc import Callable

from assoc.errors import InputError
from theory.memories.sizes import check_delta

__all__ = ["least_dimension"]

STRIDE = 32
"""The first step away from a guess is this part of it."""


def least_dimension(
    bound: Callable[[int], float], delta: float, *, low: int, guess: int, limit: int
) -> int:
    """Find d with bound(d) <= delta < bound(d - 1), aiming along the bound's logarithm.

    Parameters
    ----------
    bound : falls with d about exponentially; where it does not fall, some such d is found.
    delta : the level, in (0, 1).
    low : a d that is not enough; nothing is asked about it.
    guess : the first d that is asked about, above ``low``.
    limit : largest d that is asked about.

    Raises
    ------
    InputError
        If delta is out of range, or the limit is not enough.

    Examples
    --------
    >>> least_dimension(lambda d: 100 * math.exp(-d / 50), 0.5, low=1, guess=10, limit=10**6)
    265
    """
    check_delta(delta)

    def excess(d: int) -> float:
        return math.log(max(bound(d), 1e-300) / delta)

    at_low, at_high, high = math.inf, -math.inf, 0
    d = min(max(guess, low + 1), limit)
    step = max(1, d // STRIDE)
    # Away from the guess in growing steps, until the crossing is between two of them.
    while high - low != 1 and (math.isinf(at_low) or math.isinf(at_high)):
        value = excess(d)
        if value <= 0:
            high, at_high = d, value
            d = max(d - step, low + 1)
        elif d >= limit:
            raise InputError(f"no d up to {limit} is guaranteed to be enough")
        else:
            low, at_low = d, value
            d = min(d + step, limit)
        step *= 3
    halve = False
    while high - low > 1:
        width = high - low
        d = (low + high) // 2 if halve else low + round(width * at_low / (at_low - at_high))
        d = min(max(d, low + 1), high - 1)
        value = excess(d)
        if value <= 0:
            high, at_high = d, value
        else:
            low, at_low = d, value
        # Where aiming leaves most of the range, halve it next.
        halve = high - low > width // 2
    return high
