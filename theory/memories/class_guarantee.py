r"""The explicit guarantee for maps that are not injective: what is proved of classes.

Let K_y inputs have the answer y. For an input x with answer a, and another output y,

.. math::
    P(y \text{ is not beaten}) = P\Bigl(S \ge \sqrt{\tfrac{1 - \rho}{2}}\,(1 + C_a - C_y)\Bigr),
    \qquad S = \sum_{w \ne a, y} C_w \tau_w,

C_w a sum of K_w sphere coordinates (K_a - 1 for the own class), all independent: the own class
changes the strength of the right answer, the competitor's class that of the wrong one, the others
are noise.
``docs/derivations.md``, C.5, has the proof; nothing is asymptotic.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from theory.memories.guarantee import LEVELS, SLACK
from theory.memories.pair_tails import Tails, product_tail, tails_of
from theory.memories.sizes import check_delta, check_sizes

__all__ = ["balanced_capacity", "balanced_sizes", "class_failure_bound"]

Floats = NDArray[np.float64]

STRENGTHS: Floats = np.linspace(-1.0, 0.0, 201)
"""Levels of C_a - C_y; below the first one failure is taken as certain."""


def class_failure_bound(sizes: Sequence[int], d: int) -> float:
    """Bound the expected number of pairs (x, y) in which the answer to x does not beat y.

    It bounds the probability that some input fails where it is below 1.

    Parameters
    ----------
    sizes : numbers of inputs of each output; outputs without an input count as 0.
    d : dimension, at least 3.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> class_failure_bound([2] * 60, 128) < 0.01 < class_failure_bound([2] * 30, 64) < 0.6
    True
    """
    N, M = sum(sizes), len(sizes)
    check_sizes(d=d, N=N, M=M)
    if d < 3 or min(sizes) < 0:
        raise InputError("classes need d of at least 3, and sizes that are not negative")
    return _bound(tuple(sorted(Counter(int(size) for size in sizes).items())), int(d))


@lru_cache(maxsize=256)
def _bound(groups: tuple[tuple[int, int], ...], d: int) -> float:
    """The bound for (size, number of classes of it)."""
    counts = Counter(dict(groups))
    N, M = sum(size * count for size, count in groups), sum(count for _, count in groups)
    tails = tails_of(d, float(np.log(float(N)) + np.log(float(M))))
    total = 0.0
    for own, classes in counts.items():
        for other, competitors in counts.items():
            pairs = classes * own * (competitors - (own == other))
            if pairs:
                total += pairs * _pair(counts, own, other, tails)
    return total * (1 + SLACK)


def balanced_sizes(N: int, M: int) -> list[int]:
    """Sizes of M classes of N inputs that differ by one at most.

    Examples
    --------
    >>> balanced_sizes(8, 3)
    [3, 3, 2]
    """
    return [N // M + (place < N % M) for place in range(M)]


def balanced_capacity(d: int, M: int, *, delta: float = 0.5) -> int:
    """Largest N found for which all N inputs in M balanced classes are proved to be recalled.

    Parameters
    ----------
    d : dimension, at least 3.
    M : number of outputs.
    delta : allowed failure probability, in (0, 1).

    Raises
    ------
    InputError
        If delta or a size is out of range.

    Examples
    --------
    >>> balanced_capacity(64, 32) > 50
    True
    """
    check_delta(delta)
    check_sizes(d=d, M=M)
    if M == 1:
        raise InputError("M = 1: a single output is never wrong")
    # Down from the leading order (C.2), since the bound may be worse for fewer facts.
    room = d * d * M / (4 * (d + M))
    high = max(2, int(2 * room / np.log(room * M + 2)))
    low = high
    while low > 1 and class_failure_bound(balanced_sizes(low, M), d) > delta:
        high, low = low, int(0.9 * low)
    while high == low or class_failure_bound(balanced_sizes(high, M), d) <= delta:
        low, high = high, int(1.1 * high) + 1
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        if class_failure_bound(balanced_sizes(middle, M), d) <= delta:
            low = middle
        else:
            high = middle
    return low


def _pair(counts: Counter[int], own: int, other: int, tails: Tails) -> float:
    """Bound on the chance that an answer with ``own`` inputs does not beat one with ``other``."""
    rest = counts.copy()
    rest.subtract([own, other])
    noise = tuple((float(count), float(size)) for size, count in rest.items() if count and size)
    chance = product_tail(LEVELS, noise, tails) if noise else (LEVELS <= 0).astype(np.float64)
    # Given C_a - C_y at a level: the mean over rho, each cell at its lower corner.
    signal = np.sqrt(np.maximum(1 - tails.ends, 0.0) / 2) * (1 - SLACK**2)
    place = np.searchsorted(LEVELS, np.multiply.outer(1 + STRENGTHS, signal), "right") - 1
    given = np.minimum(chance[place] @ tails.cells, 1.0)
    terms = own - 1 + other
    if terms == 0:
        return float(given[-1])
    # P(C_a - C_y <= -t) is the tail of the length of a sum of ``terms`` inputs times a coordinate.
    below = np.minimum(product_tail(-STRENGTHS[:-1], 0, tails, extra=float(terms)), 0.5)
    steps = np.maximum(given[:-1] - given[1:], 0.0)
    return min(1.0, float(given[-1] + below[0] + np.append(below[1:], 0.5) @ steps))
