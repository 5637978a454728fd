r"""Parameter-free predictions: recall, capacity and width of every named memory, for any size.

A linear memory, or a network that is read out linearly, is a set of interference strengths
(:mod:`theory.memories.strengths`), and one law turns them into recall
(:mod:`theory.memories.interference`); a gated memory has a law of its own
(:mod:`theory.memories.gated`). Nothing is fitted and nothing is simulated, so d = 10^6 costs what d
= 64 does.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from assoc.errors import InputError
from assoc.memories.hermite import DEGREES
from assoc.memories.mlp import choose_degree, leading_width
from sims.memories.construction import Construction
from theory.memories import gated
from theory.memories.classes import INJECTIVE, classes_of
from theory.memories.interference import Classes, failure_probability
from theory.memories.sizes import check_sizes
from theory.memories.strengths import STRENGTHS, check_rounded, interference_of

__all__ = [
    "GATED",
    "all_recalled",
    "best_degree",
    "capacity_of",
    "expected_failure",
    "expected_recall",
    "predictable",
    "width_of",
]

Floats = NDArray[np.float64]

GATED: Mapping[str, int] = MappingProxyType({"gated-mlp": 1, "mlp": 2})
"""Memories with the law of :mod:`theory.memories.gated`, and the hidden neurons of a gate."""

ANY_MAP = (
    *("linear", "low-rank", "low-rank-gaussian", "low-rank-svd", "sign"),
    *GATED,
)
"""Memories whose recall is predicted for every law of fact maps; others only for injective ones."""

WIDEST = 10**9


def predictable(construction: Construction, facts: str | Classes = "identity") -> bool:
    """Whether there is a prediction for a construction and a law of fact maps (or its classes).

    Examples
    --------
    >>> predictable(Construction("linear"), "zipf"), predictable(Construction("dual-both"), "zipf")
    (True, False)
    >>> predictable(Construction("linear", bits=2)), predictable(Construction("dual-both", bits=2))
    (True, False)
    """
    name = construction.memory
    if not isinstance(name, str):
        return False
    try:
        check_rounded(construction)
    except InputError:
        return False
    return name in ANY_MAP or (name in STRENGTHS and facts in INJECTIVE)


def _failures(
    construction: Construction, d: int, N: float, facts: str | Classes, M: int | None
) -> tuple[Floats, Floats]:
    """Share of each kind of class, and the probability that an input of it is not recalled."""
    check_sizes(d=d, N=N)
    classes = classes_of(facts, N=N, M=M) if isinstance(facts, str) else facts
    gate = GATED.get(str(construction.memory))
    if gate is not None:
        construction.build(d)
        check_rounded(construction)
        gates = (construction.width_at(d) or 1) / gate
        k = construction.degree or choose_degree(N, d)
        return classes.share, gated.failure_probability(k, gates, d, classes)
    law = interference_of(construction, N=N, d=d)
    if not predictable(construction, facts):
        raise InputError(f"no prediction for {construction.label()!r} with non-injective facts")
    return classes.share, failure_probability(law, classes)


def expected_recall(
    construction: Construction,
    *,
    d: int,
    N: float,
    facts: str | Classes = "identity",
    M: int | None = None,
) -> float:
    """Expected fraction of the inputs that are recalled.

    Parameters
    ----------
    construction : one of the named memories.
    d : dimension, at least 2.
    N : number of facts, at least 1 (real numbers are allowed, for root finding).
    facts, M : law of the fact map and number of outputs, or the classes themselves.

    Examples
    --------
    >>> expected_recall(Construction("linear"), d=64, N=256)
    0.7574
    """
    return 1 - expected_failure(construction, d=d, N=N, facts=facts, M=M)


def expected_failure(
    construction: Construction,
    *,
    d: int,
    N: float,
    facts: str | Classes = "identity",
    M: int | None = None,
) -> float:
    """Expected fraction of the inputs that are not recalled, however small.

    Parameters are those of :func:`expected_recall`.

    Examples
    --------
    >>> 0 < expected_failure(Construction("linear"), d=512, N=100) < 1e-20
    True
    """
    share, failure = _failures(construction, d, N, facts, M)
    return float(share @ failure)


def all_recalled(
    construction: Construction,
    *,
    d: int,
    N: float,
    facts: str | Classes = "identity",
    M: int | None = None,
) -> float:
    """Probability that every input is recalled, failures of different inputs taken independent.

    Parameters are those of :func:`expected_recall`.

    Examples
    --------
    >>> all_recalled(Construction("linear"), d=64, N=100)
    0.6028
    """
    share, failure = _failures(construction, d, N, facts, M)
    with np.errstate(divide="ignore"):
        return float(np.exp(N * share @ np.log1p(-failure)))


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
    return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-4)))


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

    def excess(log_m: float) -> float:
        width = max(1, round(float(np.exp(log_m)) / step)) * step
        network = replace(construction, width=width)
        return measure(network, d=d, N=N, facts=facts, M=M) - level

    if excess(np.log(WIDEST)) < 0:
        return np.inf
    # Start where the leading order puts it, and widen until the level is bracketed.
    guess = 2 * N * np.log(max(N, 2)) / d
    if construction.memory in GATED:
        k = construction.degree or choose_degree(N, d)
        guess = 2 * step * min(leading_width(N, d, k), WIDEST / 10)
    low = high = float(np.log(max(guess, 8)))
    while excess(high) < 0:
        low, high = high, high + 0.5
    while low == high or excess(low) >= 0:
        if low <= np.log(step):
            return float(step)
        low, high = max(low - 0.5, float(np.log(step))), low
    return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-3)))


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
