"""Checks of sizes that callers give, each with a message that names the argument."""

import operator
from typing import Any

import numpy as np

from assoc.errors import InputError
from assoc.free_memory import free_memory

__all__ = [
    "as_size",
    "check_fits",
    "check_width",
    "positive",
    "several",
    "trial_count",
]

ALWAYS = 2**27
"""Bytes that are taken without a look at what is free."""


def check_fits(entries: float, itemsize: int, what: str, *, instead: str = "") -> None:
    """Refuse arrays that are too large, before they are made.

    Parameters
    ----------
    entries : number of entries of all of them together.
    itemsize : bytes of an entry.
    what : what they are, for the message.
    instead : what there is that takes less, added to the message.

    Raises
    ------
    InputError
        If they take more memory than is free.

    Examples
    --------
    >>> check_fits(1e14, 4, "width m = 10^12, d = 100: the weights")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: width m = 10^12, d = 100: the weights take 4e+05 GB; ... GB are free
    """
    if entries * itemsize <= ALWAYS:
        return
    free = free_memory()
    if entries * itemsize > free:
        gigabytes = float(min(entries, 1e300)) * itemsize / 1e9
        more = f" ({instead})" if instead else ""
        raise InputError(f"{what} take {gigabytes:.3g} GB; {free / 1e9:.3g} GB are free{more}")


def check_width(width: Any) -> int:
    """Return a width as a plain integer.

    Raises
    ------
    InputError
        If it is not a positive integer.
    """
    if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1:
        raise InputError(f"width {width!r} is not a positive integer")
    return int(width)


def as_size(value: Any, name: str) -> int:
    """Return value as a plain integer.

    Raises
    ------
    InputError
        If it is not an integer.

    Examples
    --------
    >>> as_size(np.int64(3), "d")
    3
    """
    try:
        return operator.index(value)
    except TypeError:
        raise InputError(f"{name} = {value!r} is not an integer") from None


MAX_COUNT = 10**7
"""Most trials that are run in one go."""


def trial_count(value: Any) -> int:
    """Return a number of trials as a plain integer.

    Raises
    ------
    InputError
        If it is not an integer, not positive, or more than any computer here will run.
    """
    trials = positive(value, "trials")
    if trials > MAX_COUNT:
        raise InputError(f"trials = {trials} is more than {MAX_COUNT}")
    return trials


def positive(value: Any, name: str) -> int:
    """Return value as a plain integer that is at least 1.

    Raises
    ------
    InputError
        If it is not an integer or not positive.

    Examples
    --------
    >>> positive(np.int64(3), "trials")
    3
    """
    size = as_size(value, name)
    if size < 1:
        raise InputError(f"{name} = {size} is not positive")
    return size


def several(value: Any, name: str) -> list[Any]:
    """Return the list of what may be one value or several.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> several(64, "d"), several((32, 64), "d")
    ([64], [32, 64])
    """
    values = [value] if np.ndim(value) == 0 else list(value)
    if not values:
        raise InputError(f"{name} is an empty list")
    return values
