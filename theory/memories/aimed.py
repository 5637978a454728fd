"""Where a bound crosses a level, found in few evaluations: the sizes are aimed at, not halved to.

A bound of a probability is close to a power of the size near its crossing, so that a chord of its
logarithm points at it. Both ends of the bracket are evaluated, as they are by
:func:`sims.engine.bracketing.bracket`, which needs no more than yes and no, but two to three times
as many answers. How the sizes are chosen has no part in what is proved at them.
"""

import math
from collections.abc import Callable

__all__ = ["aimed_bracket"]

TINY = 1e-300
"""Bounds below count as this, so that they have a logarithm."""

STRIDE, GROWTH, FARTHEST = 1 / 32, 3.0, 4.0
"""The first step away from the start, by what it grows, and the largest factor of a step."""

PATIENCE = 3
"""After so many evaluations that have not halved the bracket, it is halved."""


def aimed_bracket(
    bound: Callable[[int], float],
    level: float,
    *,
    start: int,
    limit: int,
    least: int = 1,
    rising: bool = False,
    resolution: float = 0.0,
) -> tuple[int, float]:
    """Find two sizes, right beside each other, between which a bound crosses a level.

    Parameters
    ----------
    bound : positive or 0; it falls with the size, or rises. Where it is not monotone, this finds
        one of its crossings.
    level : positive.
    start : the size that is asked about first; the better the guess, the fewer follow.
    limit, least : sizes between which it is looked for.
    rising : whether the bound rises with the size.
    resolution : width of the bracket, relative to its upper end; never below 1.

    Returns
    -------
    low, high
        The bound is at most the level at ``high`` and above it at ``low``, or the other way round
        if it rises. ``low`` is ``least - 1`` if the crossing is below, ``high`` infinite if it is
        beyond the limit.

    Examples
    --------
    >>> asked = []
    >>> aimed_bracket(lambda d: asked.append(d) or 100 * 0.98**d, 0.5, start=200, limit=10**6)
    (262, 263)
    >>> len(asked) < 8
    True
    """
    low, high = least - 1, limit + 1
    asked: dict[int, float] = {}
    patience, width = PATIENCE, math.inf
    size = min(max(start, least), limit)
    while True:
        value = math.log(max(bound(size), TINY) / level)
        asked[size] = value
        low, high = (low, size) if (value <= 0) != rising else (size, high)
        near = low in asked and high in asked and high - low <= resolution * high
        if near or high - low <= 1:
            return low, high if high in asked else math.inf
        patience -= 1
        if high - low <= width / 2:
            patience, width = PATIENCE, high - low
        if patience < 0 and low in asked and high in asked:
            size = (low + high) // 2
        else:
            size = _next(asked, low, high, rising=rising, resolution=resolution)


def _next(asked: dict[int, float], low: int, high: int, *, rising: bool, resolution: float) -> int:
    """Size to ask about next, strictly between the ends of the bracket."""
    closest = sorted(asked, key=lambda size: abs(asked[size]))[:2]
    aim = _aim(asked, closest, rising=rising)
    if low not in asked or high not in asked:
        # Not too far beyond what is known, and further each time where nothing is aimed at.
        edge = high if low not in asked else low
        sign = -1 if low not in asked else 1
        if aim is None:
            aim = edge * (1 + min(STRIDE * GROWTH ** (len(asked) - 1), FARTHEST - 1)) ** sign
        aim = min(max(aim, edge / FARTHEST), edge * FARTHEST)
    elif aim is None or not low < aim < high:
        aim = _aim(asked, [low, high], rising=rising) or (low + high) / 2
    half = max(0.5, 0.4 * resolution * aim)
    # The end that is farther away is brought close, to this side of the aim.
    below = low not in asked or (high in asked and aim - low > high - aim)
    size = math.floor(aim - half + 0.5) if below else math.ceil(aim + half - 0.5)
    return min(max(size, low + 1), high - 1)


def _aim(asked: dict[int, float], ends: list[int], *, rising: bool) -> float | None:
    """Where the chord of two sizes crosses the level, over log sizes, if it slopes as it should."""
    if len(ends) < 2:
        return None
    one, two = ends
    at_one = asked[one]
    slope = (asked[two] - at_one) / math.log(two / one)
    if not (slope > 0 if rising else slope < 0):
        return None
    return math.exp(min(math.log(one) - at_one / slope, 80.0))
