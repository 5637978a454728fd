"""Numbers for people, with the digits that are known and no others."""

import math
import re
from collections.abc import Sequence
from typing import Any

__all__ = [
    "DIGITS",
    "decimals_known",
    "decimals_shared",
    "is_number",
    "number_known",
    "number_rounded",
]

DIGITS = 4
"""Significant digits of what has no sampling error."""

SMALL = 1e-4
"""Below this a number is an error or a chance, of which two digits say enough."""


def decimals_known(interval: Sequence[float | None] | None) -> int | None:
    """Return how many decimals an interval leaves: two digits of its width.

    Parameters
    ----------
    interval : its ends; None for what has none.

    Returns
    -------
    The number of decimals; None where there is no sampling error or no bound.

    Examples
    --------
    >>> decimals_known((0.1831, 0.2059)), decimals_known((1323.0, 1615.0)), decimals_known((8, 8))
    (3, 0, None)
    """
    if interval is None or len(interval) != 2:
        return None
    low, high = (end if isinstance(end, int | float) else math.nan for end in interval)
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return None if high <= low else max(0, 1 - math.floor(math.log10(high - low)))


def number_known(value: Any, interval: Sequence[float | None] | None = None) -> str:
    """Return a number as text, rounded to what its interval leaves known.

    Parameters
    ----------
    value : a number, or None for what is missing; an interval itself is rounded by its own width.
    interval : of the number, if it has sampling error.

    Examples
    --------
    >>> number_known(0.19285, (0.1831, 0.2059)), number_known((0.1831, 0.20591))
    ('0.193', '[0.183, 0.206]')
    >>> number_known(1.1368683e-13), number_known(0.98994), number_known(4096), number_known(None)
    ('1.1e-13', '0.9899', '4096', '')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(number_known(end, value) or "unbounded" for end in value) + "]"
    if isinstance(value, bool) or (hasattr(value, "item") and isinstance(value.item(), bool)):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    decimals = decimals_known(interval)
    if isinstance(value, int):
        return str(value)
    number = float(value)
    if decimals is not None and (number == 0 or abs(number) >= 10.0 ** -(decimals + 1)):
        return f"{number:.{min(decimals, 12)}f}" if abs(number) < 1e9 else f"{number:.{DIGITS}g}"
    if number.is_integer() and abs(number) < 1e6:
        return f"{number:.0f}"
    text = f"{number:.{2 if 0 < abs(number) < SMALL else DIGITS}g}"
    return re.sub(r"e([+-])0*", lambda found: "e" + found[1].strip("+"), text)


def is_number(value: Any) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_rounded(value: float, digits: int, decimals: int | None = None) -> str:
    """Return a number as text with so many decimals, or so many significant digits.

    Parameters
    ----------
    value : the number; without ``decimals`` integers of up to ten digits are shown in full.
    digits : significant digits.
    decimals : those of the column that the number is in, if all numbers there have as many.

    Examples
    --------
    >>> number_rounded(2 / 3, 4), number_rounded(2, 4, 2), number_rounded(1e-9 / 3, 2)
    ('0.6667', '2.00', '3.3e-10')
    """
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if isinstance(value, int) and abs(value) < 10**10:
        return str(value)
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.{digits}g}"
    if "e" in text and 1 <= abs(value) < 10**6:
        return f"{value:.0f}"
    mantissa, _, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if power else text


def decimals_shared(values: Sequence[float], digits: int) -> int | None:
    """Return the decimals that all numbers of a column are shown with, if there are such.

    The largest has all its digits or the smallest three, if there are so many to show.

    Parameters
    ----------
    values : the numbers.
    digits : significant digits of those that are no integers.

    Returns
    -------
    The number of decimals; None if one is infinite or needs a power of ten, or all are 0.

    Examples
    --------
    >>> decimals_shared([0.09, 1623.25], 4), decimals_shared([3, 0.5, 12.25], 4)
    (2, 2)
    >>> decimals_shared([64, 128], 4), decimals_shared([0.5, 1e-8], 4)
    (0, None)
    """
    shown = [number_rounded(value, digits) for value in values]
    sizes = [abs(value) for value in values if value]
    if not sizes or any("e" in text or not text[-1].isdigit() for text in shown):
        return None
    high, low = (math.floor(math.log10(size)) for size in (max(sizes), min(sizes)))
    needed = max(len(text.partition(".")[2]) for text in shown)
    return min(needed, max(0, digits - 1 - high, min(2 - low, 6)))
