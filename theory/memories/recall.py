r"""Parameter-free predictions: recall, capacity and width of every named memory, for any size.

A linear memory, or a network that is read out linearly, is a set of interference strengths
(:mod:`theory.memories.strengths`), and one law turns them into recall
(:mod:`theory.memories.interference`); a gated memory has a law of its own
(:mod:`theory.memories.gated`). Nothing is fitted and nothing is simulated, so d = 10^6 costs what d
= 64 does.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.memories.mlp import choose_degree
from assoc.memories.sign_gates import check_gates
from sims.memories.construction import Construction
from theory.memories import gated, sign_law
from theory.memories.classes import INJECTIVE, classes_of
from theory.memories.interference import Classes, failure_probability
from theory.memories.sizes import check_sizes
from theory.memories.strengths import STRENGTHS, check_rounded, interference_of

__all__ = ["GATED", "SIGNED", "all_recalled", "expected_failure", "expected_recall", "predictable"]

Floats = NDArray[np.float64]

GATED: Mapping[str, int] = MappingProxyType(
    {"gated-mlp": 1, "mlp": 2, "sign-gated": 1, "sign-mlp": 2}
)
"""Memories with the law of :mod:`theory.memories.gated`, and the hidden neurons of a gate."""

SIGNED = ("sign-gated", "sign-mlp")
"""Those among them whose gates are 1 and -1 (:mod:`theory.memories.sign_law`)."""

ANY_MAP = (
    *("linear", "low-rank", "low-rank-gaussian", "low-rank-svd", "sign", "dual-inputs"),
    *GATED,
)
"""Memories whose recall is predicted for every law of fact maps; others only for injective ones."""


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
    named = isinstance(construction.memory, str) and isinstance(facts, str)
    found = _remembered if named else _computed
    return found(construction, d, N, facts, M)


def _computed(
    construction: Construction, d: int, N: float, facts: str | Classes, M: int | None
) -> tuple[Floats, Floats]:
    check_sizes(d=d, N=N)
    classes = classes_of(facts, N=N, M=M) if isinstance(facts, str) else facts
    gate = GATED.get(str(construction.memory))
    if gate is not None:
        construction.build(d)
        check_rounded(construction)
        gates = (construction.width_at(d) or 1) / gate
        if construction.memory in SIGNED:
            kind, _ = check_gates(construction.gates, construction.omega)
            failure = sign_law.failure_probability(kind, construction.omega, gates, d, classes)
            return classes.share, failure
        k = construction.degree or choose_degree(N, d)
        return classes.share, gated.failure_probability(k, gates, d, classes)
    law = interference_of(construction, N=N, d=d)
    if not predictable(construction, facts):
        raise InputError(f"no prediction for {construction.label()!r} with non-injective facts")
    return classes.share, failure_probability(law, classes)


# Searches meet at the same sizes, and recall, failure and "all of them" are of one law.
_remembered = lru_cache(maxsize=4096)(_computed)


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
