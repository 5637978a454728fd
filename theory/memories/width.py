"""Predicted widths of networks, and the degree that needs the fewest neurons."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import scipy

from assoc.errors import InputError
from assoc.memories.hermite import DEGREES
from assoc.memories.mlp import choose_degree, leading_width
from sims.memories.construction import Construction
from theory.memories.recall import GATED, SIGNED, all_recalled, expected_recall, predictable
from theory.memories.strengths import check_rounded

__all__ = ["best_degree", "predicted_width", "width_of"]

WIDEST = 10**9

TINY = 1e-15
"""Recall nearer to 0 or 1 counts as this far from it: its odds are finite."""


def width_of(
    construction: Construction,
    *,
    d: int,
    N: float,
    rate: float = 1.0,
    facts: str = "identity",
    M: int | None = None,
) -> float:
    r"""Predicted width: where the expected recall, or the chance of all, rises to its level.

    Parameters
    ----------
    construction : a named network; a width that it has is ignored.
    d, N, facts, M : as for :func:`expected_recall`.
    rate : below 1, the m at which the expected recall is this rate; 1 means every input, and the
        m at which all are recalled with probability 1/2.

    Returns
    -------
    m, a real number; infinite where no width is enough, since the degree is too small for N.

    Raises
    ------
    InputError
        If the rate is not in (0, 1], there is no prediction, or an argument is out of range.

    Examples
    --------
    >>> round(width_of(Construction("gated-mlp", degree=2), d=64, N=512, rate=0.99))
    754
    """
    if not 0 < rate <= 1:
        raise InputError(f"rate {rate} is not in (0, 1]")
    check_rounded(construction)
    if not predictable(construction, facts):
        raise InputError(f"no prediction for {construction.label()!r} with {facts} facts")
    measure: Callable[..., float] = all_recalled if rate == 1 else expected_recall
    level = 0.5 if rate == 1 else rate
    step = GATED.get(str(construction.memory), 1)

    @cache
    def excess(log_m: float) -> float:
        width = max(1, round(float(np.exp(log_m)) / step)) * step
        network = replace(construction, width=width)
        recall = measure(network, d=d, N=N, facts=facts, M=M)
        # The odds are nearly a power of m.
        return float(
            scipy.special.logit(np.clip(recall, TINY, 1 - TINY)) - scipy.special.logit(level)
        )

    # Start where the leading order puts it, and widen until the level is bracketed.
    guess = 2 * N * np.log(max(N, 2)) / d
    if construction.memory in SIGNED:
        guess *= step
    elif construction.memory in GATED:
        k = construction.degree or choose_degree(N, d)
        guess = 2 * step * min(leading_width(N, d, k), WIDEST / 10)
    low = high = float(np.log(max(guess, 8)))
    least, most = float(np.log(step)), float(np.log(WIDEST))
    stride = 0.5
    while excess(high) < 0:
        if high >= most:
            return np.inf
        low, high, stride = high, min(high + stride, most), 2 * stride
    while low == high or excess(low) >= 0:
        if low <= least:
            return float(step)
        low, high, stride = max(low - stride, least), low, 2 * stride
    return float(np.exp(scipy.optimize.brentq(excess, low, high, xtol=1e-3)))


def best_degree(
    construction: Construction,
    *,
    d: int,
    N: float,
    rate: float = 1.0,
    facts: str = "identity",
    M: int | None = None,
) -> int:
    """Degree that needs the fewest neurons, by the law.

    The search starts from :func:`assoc.memories.mlp.choose_degree`, which knows only the leading
    order, and goes to neighbouring degrees while these need fewer.

    Parameters are those of :func:`width_of`.

    Examples
    --------
    >>> best_degree(Construction("gated-mlp"), d=64, N=1024, rate=0.99)
    2
    """

    def width(k: int) -> float:
        return width_of(replace(construction, degree=k), d=d, N=N, rate=rate, facts=facts, M=M)

    best = choose_degree(N, d)
    least = width(best)
    for direction in (-1, 1):
        while best + direction in DEGREES and (other := width(best + direction)) < least:
            best, least = best + direction, other
    return best


@cache
def predicted_width(
    memory: str, degree: int, *, d: int, N: int, facts: str = "identity", M: int | None = None
) -> float:
    """Return the width that is predicted to recall 99%, worked out once for all exhibits.

    Parameters
    ----------
    memory, degree : the network.
    d, N, facts, M : as for :func:`theory.memories.width.width_of`.
    """
    return width_of(Construction(memory, degree=degree), d=d, N=N, rate=0.99, facts=facts, M=M)
