"""Brackets of a smallest size: measured not to be enough, and right above measured to be."""

from collections.abc import Callable

__all__ = ["bracket"]


def bracket(
    enough: Callable[[int], bool],
    *,
    start: int,
    limit: int,
    step: int = 1,
    resolution: float = 0.0,
) -> tuple[int, float]:
    """Find a size that is not enough and a larger one that is, both measured.

    The size is doubled or halved until the outcome changes, then the bracket is halved. Where the
    outcome is not monotone in the size, this finds one of its changes.

    Parameters
    ----------
    enough : measures one size, a multiple of ``step`` or the limit.
    start : where to begin.
    limit : largest size that is tried.
    step : sizes are multiples of it.
    resolution : width of the bracket, relative to its upper end; never below one step.

    Returns
    -------
    low, high
        ``low`` is 0 if even one step is enough; ``high`` is infinite if the limit is not.

    Examples
    --------
    >>> bracket(lambda size: size >= 11, start=3, limit=100)
    (10, 11)
    >>> bracket(lambda size: size >= 11, start=3, limit=8)
    (8, inf)
    """
    low, high = 0, min(max(1, round(start / step)) * step, limit)
    while not enough(high):
        low = high
        if high == limit:
            return low, float("inf")
        high = min(2 * high, limit)
    while low == 0 and high > step:
        half = max(1, high // (2 * step)) * step
        low, high = (0, half) if enough(half) else (half, high)
    while high - low > max(step, resolution * high):
        middle = (low + high) // (2 * step) * step
        low, high = (low, middle) if enough(middle) else (middle, high)
    return low, high
