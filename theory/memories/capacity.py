"""Predicted capacity: the N up to which expected recall, or the chance of all, reaches a rate."""

from collections.abc import Callable

import numpy as np
import scipy

from assoc.errors import InputError
from sims.memories.construction import Construction
from theory.memories.classes import INJECTIVE
from theory.memories.recall import all_recalled, expected_recall
from theory.memories.sizes import check_sizes

__all__ = ["capacity_of", "limit_estimate"]


def capacity_of(
    construction: Construction,
    *,
    d: int,
    rate: float = 1.0,
    facts: str = "identity",
    M: int | None = None,
) -> float:
    r"""Predicted capacity: where the expected recall, or the chance of all, falls to its level.

    Parameters
    ----------
    construction, d, facts, M : as for :func:`expected_recall`.
    rate : below 1, the N at which the expected recall is this rate; 1 means every input, and the
        N at which all are recalled with probability 1/2 (the median capacity).

    Returns
    -------
    N, a real number: at most M for an injective map, and infinite where nothing is ever forgotten
    since there is a single output.

    Raises
    ------
    InputError
        If the rate is not in (0, 1], or another argument is out of range.

    Examples
    --------
    >>> round(capacity_of(Construction("linear"), d=64), 1)
    104.6
    """
    if not 0 < rate <= 1:
        raise InputError(f"rate {rate} is not in (0, 1]")
    check_sizes(d=d, M=1 if M is None else M)
    measure: Callable[..., float] = all_recalled if rate == 1 else expected_recall
    level = 0.5 if rate == 1 else rate

    largest = np.inf
    if facts in INJECTIVE and M is not None:
        largest = float(M)
    elif M == 1:
        return largest

    def excess(log_N: float) -> float:
        N = min(float(np.exp(log_N)), largest)
        return measure(construction, d=d, N=N, facts=facts, M=M) - level

    if largest < np.inf and excess(np.log(largest)) >= 0:
        return float(largest)
    low = min(np.log(2.0), np.log(largest))
    # Start where the leading-order law puts it and widen until the level is bracketed.
    high = min(max(np.log(d**2 / (4 * max(np.log(d), 1.0))), low + 0.1), np.log(largest))
    while excess(high) > 0:
        low, high = high, high + 0.7
    while excess(low) < 0 and low > 0:
        low, high = max(low - 0.7, 0.0), low
    return float(np.exp(scipy.optimize.brentq(excess, low, high, xtol=1e-4)))


def limit_estimate(d: float, N: float, level: float) -> float:
    r"""Remove the leading logarithmic correction from N log N / d^2.

    At the capacity, (number of chances) * P(one Gaussian difference goes wrong) is of order one.
    For whole recall the N^2 pairs have exponent s = d^2 / (4 N), and
    N^2 exp(-s) / sqrt(4 pi s) = log 2; for a typical input N exp(-s) / sqrt(4 pi s) = log 2 with
    s = d^2 / (2 N). Solving for s in terms of log N gives N log N / d^2 = level * (1 + c) with

    .. math:: c = \log N\,/\,(\log N - (\log\sqrt{4 \pi s} + \log\log 2)\, h) - 1,

    h = 1/2 for whole recall and 1 for a typical input.

    Parameters
    ----------
    d, N : dimension and capacity.
    level : 1/8 for whole recall, 1/2 for a typical input.

    Returns
    -------
    The corrected N log N / d^2, which tends to ``level`` as d grows.
    """
    whole = level == 0.125
    s = d**2 / ((4 if whole else 2) * N)
    correction = (0.5 * np.log(4 * np.pi * s) + np.log(np.log(2))) * (0.5 if whole else 1.0)
    return float(N * (np.log(N) - correction) / d**2)
