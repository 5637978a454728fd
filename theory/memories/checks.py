"""Measured beside predicted: the rows that checks judge."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.memories.memory import Build
from sims.engine.betting import betting_interval
from sims.engine.statistics import Interval
from sims.memories.construction import Construction
from sims.memories.recall import measure
from sims.memories.width import PAIRED
from theory.claims import Verdict
from theory.equivalence import Equivalence

__all__ = [
    "capacity_row", "failure_row", "largest_counted", "measured_mean", "threshold_row",
    "whole_row", "width_row",
]  # fmt: skip

FIRST = 64
"""Trials before one looks for the first time, and at least these between two looks."""

GROWTH = 0.25
"""Trials between two looks, as a share of those before."""

FEW = 10
"""Facts beyond twice those that are expected, up to which a trial's failures are all counted."""


def measured_mean(
    sample: Callable[[int, int], Floats],
    *,
    budget: int,
    level: float,
    settled: Callable[[Interval], bool],
    most: float = 1.0,
) -> tuple[Floats, Interval]:
    """Run trials until their mean is known well enough, and return them with its interval.

    Parameters
    ----------
    sample : gives the values, in [0, 1], of a number of trials from a first one on.
    budget : trials at most, at least 1.
    level : coverage of the interval, whenever the trials end.
    settled : says of an interval whether it is enough.
    most : in (0, 1]; a larger value counts as this one. The mean is then a winsorised one, which is
        known after far fewer trials: their number grows with the range of the values, be they ever
        so close together, as a rare large one may not have been seen.
    """
    values = np.empty(0)
    interval = (0.0, 1.0)
    while len(values) < budget and not settled(interval):
        more = min(max(FIRST, int(GROWTH * len(values))), budget - len(values))
        values = np.concatenate([values, np.minimum(sample(more, len(values)), most)])
        low, high = betting_interval(values / most, level=level, budget=budget)
        interval = (most * low, most * high)
    return values, interval


def _failures(
    memory: str | Build, *, trials: int, first: int, whole: bool = False, **given: Any
) -> Floats:
    """Shares of the facts that trials fail to recall, or whether they fail any if ``whole``."""
    point = measure(memory, trials=trials, first=first, **given).points[0]
    counts = np.array(point.counts)
    return np.asarray(counts < point.judged if whole else 1 - counts / point.judged, np.float64)


def largest_counted(expected: float, N: int) -> float:
    """Return the largest share of N facts that one trial may count as failing.

    It is twice the share that is expected, and ten facts more. The lower end of an interval of the
    mean so winsorised bounds the mean itself. The upper end does so unless some trials fail at far
    more than the others: n trials without such a one show, at level 1 - alpha, that at most a share
    log(1 / alpha) / n of all are of that kind.

    Parameters
    ----------
    expected : share of the facts that fails on average, if the prediction is right.
    N : number of facts.
    """
    return min(1.0, 2 * expected + FEW / N)


def failure_row(
    memory: str | Build,
    predicted: float,
    /,
    *,
    rule: Equivalence,
    d: int,
    N: int,
    budget: int,
    seed: int,
    experiment: str,
    facts: str = "identity",
    outputs: int | None = None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    **labels: Any,
) -> dict[str, Any]:
    """Measure the share of facts that a memory fails to recall, beside its prediction.

    Trials run until the rule says holds or violated, and ``budget`` at most. The unit is the trial:
    the facts of one share its memory. One that fails at more than :func:`largest_counted` counts as
    if it failed at so many.

    Parameters
    ----------
    memory : what is measured.
    predicted : the share by prediction.
    rule : how the share will be judged.
    d, N, facts, outputs, embeddings, preprocess, seed, experiment : as for
        :func:`sims.memories.recall.measure`.
    budget : trials at most.
    labels : further entries of the row, in front.

    Returns
    -------
    A record with ``d``, ``N``, ``trials``, ``measured``, ``interval``, ``predicted``.
    """
    given = {
        "d": d, "N": N, "facts": facts, "outputs": outputs, "embeddings": embeddings,
        "preprocess": preprocess, "seed": seed, "experiment": experiment,
    }  # fmt: skip
    values, interval = measured_mean(
        lambda trials, first: _failures(memory, trials=trials, first=first, **given),
        budget=budget,
        level=rule.level,
        settled=lambda ends: rule.verdict(ends, predicted) is not Verdict.INCONCLUSIVE,
        most=largest_counted(predicted, N),
    )
    return {
        **labels, "d": d, "N": N, "trials": len(values), "measured": float(values.mean()),
        "interval": list(interval), "predicted": predicted,
    }  # fmt: skip


def whole_row(
    memory: str | Build,
    predicted: float,
    /,
    *,
    rule: Equivalence,
    d: int,
    N: int,
    budget: int,
    seed: int,
    experiment: str,
) -> dict[str, Any]:
    """Measure -log P(all is recalled), beside its prediction.

    Where misses are rare and independent this is the expected number of facts that are not
    recalled, so that its logarithm is the natural scale. Parameters are those of
    :func:`failure_row`, and ``predicted`` is -log P.

    Returns
    -------
    A record with ``d``, ``N``, ``trials``, ``measured``, ``interval``, ``predicted``.
    """
    given = {"d": d, "N": N, "seed": seed, "experiment": experiment}

    def turned(chance: float) -> float:
        return -float(np.log1p(-chance)) if chance < 1 else np.inf

    values, (low, high) = measured_mean(
        lambda trials, first: _failures(memory, trials=trials, first=first, whole=True, **given),
        budget=budget,
        level=rule.level,
        settled=lambda ends: (
            rule.verdict((turned(ends[0]), turned(ends[1])), predicted) is not Verdict.INCONCLUSIVE
        ),
    )
    return {
        "d": d, "N": N, "trials": len(values), "measured": turned(float(values.mean())),
        "interval": [turned(low), turned(high)], "predicted": predicted,
    }  # fmt: skip


def capacity_row(
    memory: str | Build,
    predicted: float,
    /,
    *,
    rule: Equivalence,
    d: int,
    rate: float,
    budget: int,
    seed: int,
    experiment: str,
    **labels: Any,
) -> dict[str, Any]:
    """Bracket the N at which recall falls to a rate; that it falls with N is taken for granted.

    Parameters
    ----------
    memory : what is measured.
    predicted : N by prediction.
    rule : how the N will be judged, by logarithms.
    d, seed, experiment : as for :func:`sims.memories.recall.measure`.
    rate : expected recall at the capacity, in (0, 1), where a trial fails at no more facts than
        :func:`largest_counted` says; 1 stands for the N at which all facts are recalled in half of
        the trials.
    budget : trials at each size, at most.
    labels : further entries of the row, in front.

    Returns
    -------
    The record of :func:`threshold_row`, with ``d``.
    """

    def failures(N: int, trials: int, first: int) -> Floats:
        return _failures(
            memory, d=d, N=N, trials=trials, first=first, seed=seed, experiment=experiment,
            whole=rate == 1,
        )  # fmt: skip

    failing, most = 0.5, 1.0
    if rate < 1:
        failing = 1 - rate
        most = largest_counted(failing, round(predicted))
    found = threshold_row(failures, predicted, rule=rule, failing=failing, budget=budget, most=most)
    return {**labels, "d": d, **found}


def width_row(
    network: Construction,
    predicted: float,
    /,
    *,
    rule: Equivalence,
    d: int,
    N: int,
    rate: float,
    budget: int,
    seed: int,
    experiment: str,
    **labels: Any,
) -> dict[str, Any]:
    """Bracket the width at which recall rises to a rate; that it rises is taken for granted.

    Parameters
    ----------
    network : what is measured; it has no width.
    predicted : m by prediction.
    rate : expected recall at the width, in (0, 1), as for :func:`capacity_row`.
    rule, d, N, budget, seed, experiment, labels : as for :func:`capacity_row`.

    Returns
    -------
    The record of :func:`threshold_row`, with ``d`` and ``N``.
    """
    step = 2 if network.memory in PAIRED else 1

    def failures(size: int, trials: int, first: int) -> Floats:
        return _failures(
            replace(network, width=step * size).build(d), d=d, N=N, trials=trials, first=first,
            seed=seed, experiment=experiment,
        )  # fmt: skip

    found = threshold_row(
        failures, predicted / step, rule=rule, failing=1 - rate, budget=budget, rising=False,
        most=largest_counted(1 - rate, N),
    )  # fmt: skip
    scaled = {
        "measured": step * found["measured"], "predicted": predicted,
        "interval": [step * end for end in found["interval"]],
    }  # fmt: skip
    return {**labels, "d": d, "N": N, **found, **scaled}


def threshold_row(
    failures: Callable[[int, int, int], Floats],
    predicted: float,
    *,
    rule: Equivalence,
    failing: float,
    budget: int,
    rising: bool = True,
    most: float = 1.0,
) -> dict[str, Any]:
    """Bracket the size at which a share of failures crosses a level, by sizes around it.

    They are the outermost ones within the tolerance of the prediction, and where the threshold is
    not between them the next one outside. At each, trials show on which side of the threshold it
    is.

    Parameters
    ----------
    failures : gives the shares that fail at a size, of a number of trials from a first one on.
    predicted : the size by prediction.
    rule : how the size will be judged, by logarithms.
    failing : the level, in (0, 1).
    budget : trials at each size, at most.
    rising : whether more fails at larger sizes.
    most : largest share that counts, as for :func:`measured_mean`.

    Returns
    -------
    A record with ``trials`` (at all sizes), ``measured`` (between the inner ones, by interpolation
    of the logarithm of the odds of failing), ``interval`` (0 or infinite where nothing was shown),
    ``predicted``.

    Raises
    ------
    InputError
        If no two sizes lie within the tolerance.
    """
    from scipy import special

    inner = (
        int(np.ceil(predicted * np.exp(-rule.tolerance))),
        int(np.floor(predicted * np.exp(rule.tolerance))),
    )
    if not 1 < inner[0] < inner[1]:
        raise InputError(f"tolerance {rule.tolerance} is too fine for a size of {predicted:.3g}")
    seen: dict[int, Floats] = {}

    def side(size: int) -> int:
        """Say whether the threshold is seen to be above a size (1) or below (-1), or neither."""
        # An end may be looked at from both sides of the tolerance.
        seen[size], ends = measured_mean(
            partial(failures, size),
            budget=budget,
            level=1 - (1 - rule.level) / 4,
            settled=lambda ends: not ends[0] <= failing <= ends[1],
            most=most,
        )
        above = int(ends[1] < failing) - int(ends[0] > failing)
        return above if rising else -above

    low, high = 0.0, np.inf
    # Right outside the tolerance one looks only if the threshold is not inside it.
    for start, outwards in ((inner[0], -1), (inner[1], 1)):
        for size in (start, start + outwards):
            found = side(size)
            low = max(low, size) if found > 0 else low
            high = min(high, size) if found < 0 else high
            if found != outwards:
                break
    tiny = np.finfo(float).eps
    shares = special.logit(np.clip([seen[size].mean() for size in inner], tiny, 1 - tiny))
    places = np.log(inner)
    if not rising:
        shares, places = shares[::-1], places[::-1]
    return {
        "trials": sum(map(len, seen.values())),
        "measured": float(np.exp(np.interp(special.logit(failing), shares, places))),
        "interval": [low, high], "predicted": predicted,
    }  # fmt: skip
