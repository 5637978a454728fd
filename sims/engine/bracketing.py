"""Brackets of a smallest or a largest size: both ends measured, right beside each other."""

from collections.abc import Callable, Generator

import numpy as np

__all__ = ["bracket", "largest", "size_of_load", "smallest"]


def bracket(
    enough: Callable[[int], bool],
    *,
    start: int,
    limit: int,
    step: int = 1,
    resolution: float = 0.0,
) -> tuple[int, float]:
    """Find a size that is not enough and a larger one that is, both measured.

    The search is that of :func:`smallest`, which doubles or halves the size at first.

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
    search = smallest(start, limit, growth=2.0, step=step, resolution=resolution)
    size = next(search)
    while True:
        try:
            size = search.send(enough(size))
        except StopIteration as end:
            low, high = end.value
            return low, float("inf") if high is None else high


def smallest(
    start: int, limit: int, *, growth: float, step: int = 1, resolution: float = 0.0
) -> Generator[int, bool, tuple[int, int | None]]:
    """Yield the sizes of a search, told of each whether it is enough, and return the bracket.

    The size grows or falls by a factor until the outcome changes, then the bracket is halved. Where
    the outcome is not monotone in the size, this finds one of its changes.

    Parameters
    ----------
    start : where to begin.
    limit : largest size that is tried.
    growth : the factor, above 1.
    step : sizes are multiples of it, or the limit.
    resolution : width of the bracket, relative to its upper end; never below one step.

    Returns
    -------
    low, high
        ``low`` is 0 if even one step is enough; ``high`` is None if the limit is not.

    Examples
    --------
    >>> search = smallest(8, 100, growth=2.0)
    >>> sizes = [next(search)]
    >>> try:
    ...     while True:
    ...         sizes.append(search.send(sizes[-1] >= 11))
    ... except StopIteration as end:
    ...     print(sizes, end.value)
    [8, 16, 12, 10, 11] (10, 11)
    """
    low, high = 0, min(max(1, round(start / step)) * step, limit)
    while not (yield high):
        low = high
        if high == limit:
            return low, None
        high = min(max(high + step, round(growth * high / step) * step), limit)
    while low == 0 and high > step:
        lower = max(1, min(high - 1, int(high / growth)) // step) * step
        low, high = (low, lower) if (yield lower) else (lower, high)
    while high - low > max(step, resolution * high):
        # Not below the next multiple: the upper end may be a limit that is none itself.
        middle = max(low + step, (low + high) // (2 * step) * step)
        low, high = (low, middle) if (yield middle) else (middle, high)
    return low, high


def largest(
    start: int, limit: int, *, growth: float, resolution: float = 0.0
) -> Generator[int, bool, tuple[int, int | None]]:
    """Yield the sizes of a search, told of each whether it is met, and return the bracket.

    The size grows or falls by a factor until the outcome changes, then the bracket is halved. The
    last size that was not met is its upper end.

    Parameters
    ----------
    start : where to begin, at most the limit.
    limit : largest size that is tried.
    growth : the factor, above 1.
    resolution : width of the bracket, relative to its upper end; 0 asks for neighbours.

    Returns
    -------
    low, high
        ``low`` is 0 if even 1 is not met; ``high`` is None if the limit is met.

    Examples
    --------
    >>> search = largest(8, 100, growth=2.0)
    >>> sizes = [next(search)]
    >>> try:
    ...     while True:
    ...         sizes.append(search.send(sizes[-1] <= 11))
    ... except StopIteration as end:
    ...     print(sizes, end.value)
    [8, 16, 12, 10, 11] (11, 12)
    """
    low, high = 0, start
    while (yield high):
        low = high
        if high == limit:
            return low, None
        high = min(max(low + 1, int(growth * high)), limit)
    # A start that was too large: down as fast as up, so that costly sizes stay few.
    while low == 0 and high > 1:
        lower = min(high - 1, max(1, int(high / growth)))
        low, high = (lower, high) if (yield lower) else (0, lower)
    while high - low > max(1, resolution * high):
        middle = (low + high) // 2
        low, high = (middle, high) if (yield middle) else (low, middle)
    return low, high


def size_of_load(load: float) -> int:
    """Return an N at which N log N is about a load, to one percent.

    Examples
    --------
    >>> 330 < size_of_load(2025) < 350
    True
    """
    N = 2.0
    while N * np.log(N) < load:
        N *= 1.01
    return int(N)
