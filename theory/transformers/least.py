"""The least dimension at which a bound falls to a level, in few evaluations."""

from collections.abc import Callable

from assoc.errors import InputError
from theory.memories.aimed import aimed_bracket
from theory.memories.sizes import check_delta

__all__ = ["least_dimension"]


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
    >>> least_dimension(lambda d: 100 * 0.98**d, 0.5, low=1, guess=10, limit=10**6)
    263
    """
    check_delta(delta)
    _, high = aimed_bracket(bound, delta, start=max(guess, low + 1), limit=limit, least=low + 1)
    if high > limit:
        raise InputError(f"no d up to {limit} is guaranteed to be enough")
    return int(high)
