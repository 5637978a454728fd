r"""A measured law: recall of a memory that has no formula, from its interference on a few draws.

The strengths of interference (:mod:`sims.memories.strengths`) are measured and put into the law of
linear memories (:mod:`theory.memories.interference`), which turns them into recall, also where
recall is too near to 1 to be counted. Beyond :data:`LARGEST` dimensions they are measured at that
dimension and at half of it, with N in proportion to d, and carried on by the power of d that these
two give.

Nothing of this is proved. A memory whose noise is not spread evenly over the output's directions,
or follows no power of d, is predicted wrongly; so what the law says at the measured size is held
against the recall that is counted there.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.errors import InputError
from sims.engine.statistics import Interval
from sims.memories.construction import Construction
from sims.memories.recall import measure
from sims.memories.strengths import Strengths, measured_strengths
from theory.memories.classes import classes_of
from theory.memories.interference import Interference, failure_probability
from theory.memories.sizes import check_sizes

__all__ = ["LARGEST", "MeasuredLaw", "measured_law"]

LARGEST = 128
"""Dimension up to which strengths are measured where they are wanted."""

SMALLEST = 8
"""Least dimension at which interference says something of larger ones."""

MOST = 4096
"""Facts that are drawn at most."""


@dataclass(frozen=True)
class MeasuredLaw:
    """What the law says at a size, and how it did where it was held against simulation.

    Parameters
    ----------
    d, N : size.
    recall, all_recalled : expected share of facts recalled, and chance that all are, failures of
        different inputs taken independent.
    at : the strengths that were measured, at the largest dimension.
    exponent : power of d by which the noise falls from there, with N in proportion to d; None
        where nothing was carried on.
    held : recall that the law says at the measured size.
    counted, interval : recall counted there, and its interval at 99%.
    """

    d: int
    N: int
    recall: float
    all_recalled: float
    at: Strengths
    exponent: float | None
    held: float
    counted: float
    interval: Interval

    def row(self) -> dict[str, Any]:
        """Return the record."""
        return {
            "d": self.d,
            "N": self.N,
            "recall": self.recall,
            "all_recalled": self.all_recalled,
            "measured_d": self.at.d,
            "measured_N": self.at.N,
            "exponent": self.exponent,
            "law_there": self.held,
            "counted_there": self.counted,
            "interval": list(self.interval),
        }


def measured_law(
    construction: Construction, *, d: int, N: int, trials: int = 20, seed: int = 0
) -> MeasuredLaw:
    """Predict recall from interference that is measured on a few draws.

    Parameters
    ----------
    construction : any memory, with its options.
    d, N : size; every fact has an answer of its own.
    trials : draws at each measured size.
    seed : determines every random number.

    Raises
    ------
    InputError
        If an argument is out of range, or the memory has no signal.

    Examples
    --------
    >>> found = measured_law(Construction("linear"), d=1024, N=20000)
    >>> found.at.d, abs(found.exponent - 2) < 0.05
    (128, True)
    """
    check_sizes(d=d, N=N)
    if N < 2:
        raise InputError(f"N = {N}: interference takes two facts")
    near = min(d, LARGEST, math.floor(MOST * d / N))
    if near < min(d, SMALLEST):
        raise InputError(
            f"N = {N}, d = {d}: at most {MOST} facts are drawn, too few for a measured law at this "
            "many facts a dimension"
        )
    at = _strengths_at(construction, near, d, N, trials, seed)
    exponent = pair_exponent = 0.0
    if near < d:
        half = _strengths_at(construction, near // 2, d, N, trials, seed)
        exponent = _exponent(half.noise, at.noise, at.d / half.d)
        pair_exponent = _exponent(half.pair, at.pair, at.d / half.d)
    shrunk = (at.d / d) ** exponent, (at.d / d) ** pair_exponent
    recall, whole = _recall(d, N, at.noise * shrunk[0], at.pair * shrunk[1])
    held, _ = _recall(at.d, at.N, at.noise, at.pair)
    (counted,) = measure(
        **vars(construction), d=at.d, N=at.N, trials=trials, seed=seed, experiment="held"
    ).points
    carried = exponent if near < d else None
    return MeasuredLaw(d, N, recall, whole, at, carried, held, counted.recall, counted.interval())


def _exponent(before: float, after: float, growth: float) -> float:
    """Return the power of d by which a strength falls; 0 for one that is nothing."""
    if not (before > 0 and after > 0 and growth > 1):
        return 0.0
    return math.log(before / after) / math.log(growth)


def _strengths_at(
    construction: Construction, near: int, d: int, N: int, trials: int, seed: int
) -> Strengths:
    facts = max(2, round(N * near / d))
    return measured_strengths(construction, d=near, N=facts, trials=trials, seed=seed)


def _recall(d: int, N: int, noise: float, pair: float) -> tuple[float, float]:
    """Return the expected recall, and the chance that all is recalled."""
    one = np.ones(1)
    law = Interference(d, weight=one, noise=noise * one, pair=pair * one, overlap=one)
    (failure,) = failure_probability(law, classes_of("identity", N=N))
    with np.errstate(divide="ignore"):
        return 1 - float(failure), float(np.exp(N * np.log1p(-failure)))
