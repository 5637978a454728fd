"""Numbers for people, with the digits that are known and no others."""

import math
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["decimals_known", "number_known"]

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
