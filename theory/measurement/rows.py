r"""The rows that claims are judged by, of memories and shares of failures whose law is known.

What a row must say is worked out from the random numbers of its trials: their counts, the looks at
64, 128, 192, ... of them (later after a quarter more), the interval by a plain loop, and where the
known share crosses a level.

A control measures a memory that is off by a little, and expects what it expects of the right one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType

import numpy as np

from assoc.arrays import Floats
from assoc.embeddings import sphere
from assoc.memories.decoding import margins
from sims.engine.betting import betting_interval
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS
from sims.engine.statistics import Interval
from sims.memories.construction import Construction
from sims.memories.settings import RandomVectors, source_of
from theory.claims import Finding, Verdict
from theory.equivalence import Equivalence
from theory.measurement.coverage import gambled_interval
from theory.measurement.searches import Known
from theory.measurement.verdicts import plain_verdict, said
from theory.memories.checks import capacity_row, failure_row, threshold_row, whole_row, width_row

__all__ = ["ROWS", "plain_threshold"]

HOLDS, VIOLATED, OPEN = Verdict.HOLDS, Verdict.VIOLATED, Verdict.INCONCLUSIVE
D = 4
Cases = list[tuple[str, Verdict, Verdict]]
Values = list[tuple[str, float, float]]


def _counts(memory: Known, trials: int, seed: int, experiment: str) -> list[int]:
    """Facts that each trial of a known memory recalls, of any number of them."""
    source = source_of(RandomVectors(D), seed, experiment)
    return [memory.of(source.generator(trial, MEMORY)) for trial in range(trials)]


def _looked(
    values: list[float], level: float, settled: Callable[[Interval], bool], most: float = 1.0
) -> tuple[int, Interval]:
    """Trials, of values up to ``most`` or 1, after which one stops, and the interval then."""
    budget, most = len(values), min(1.0, most)
    scaled = [value / most for value in values]
    looks, n = [], 64
    while n < budget:
        looks.append(n)
        n += max(64, n // 4)
    for n in (*looks, budget):
        low, high = betting_interval(scaled[:n], level=level, budget=budget)
        if settled((most * low, most * high)):
            break
    low, high = gambled_interval(scaled[:n], level=level, budget=budget)
    return n, (most * low, most * high)


def _shown(least: float, most: float, ends: Interval) -> bool:
    """Whether an interval says something of what is allowed from ``least`` to ``most``."""
    return plain_verdict(ends, least, most) is not OPEN


@cache
def _failures(*, seed: int, off: int) -> Finding:
    """Shares that fail, of memories that recall 20 of 40 facts, give or take 10, or 140 of 200."""
    cases: Cases = []
    values: Values = []
    some, more = (Known(20, spread=10), 40), (Known(140, spread=60), 200)
    for (memory, N), predicted, tolerance, budget, right in (
        (some, 0.5, 0.3, 512, HOLDS), (some, 0.3, 0.1, 512, VIOLATED), (some, 0.5, 0.02, 70, OPEN),
        (more, 0.25, 0.3, 512, HOLDS), (more, 0.2, 0.2, 512, VIOLATED),
    ):  # fmt: skip
        rule = Equivalence(tolerance)
        row = failure_row(
            Known(memory.recalls + off, spread=memory.spread), predicted, rule=rule, d=D, N=N,
            budget=budget, seed=seed, experiment="rows",
        )  # fmt: skip
        # Of the larger memory some trials fail at more than twice what is predicted, and 10 facts.
        shares = [
            min(1 - count / N, 2 * predicted + 10 / N)
            for count in _counts(memory, budget, seed, "rows")
        ]
        least, most = (predicted * math.exp(side * tolerance) for side in (-1, 1))
        n, ends = _looked(shares, rule.level, partial(_shown, least, most), 2 * predicted + 10 / N)
        cases.append(("failures", rule.verdict(tuple(row["interval"]), predicted), right))
        values += [
            ("trials", row["trials"], n),
            ("failures", row["measured"], math.fsum(shares[:n]) / n),
        ]
        values += [("end", a, b) for a, b in zip(row["interval"], ends, strict=True)]
    return said(cases, values)


@cache
def _whole(*, seed: int, off: int) -> Finding:
    """Chances that all is recalled, of a memory that recalls all of 10 facts in 3 of 5 trials."""
    cases: Cases = []
    values: Values = []
    memory, N = Known(10, spread=2), 10
    for predicted, tolerance, budget, right in (
        (-math.log(0.6), 0.8, 512, HOLDS), (0.2, 0.2, 512, VIOLATED), (0.5, 0.05, 70, OPEN),
    ):  # fmt: skip
        rule = Equivalence(tolerance)
        row = whole_row(
            Known(memory.recalls + off, spread=2), predicted, rule=rule, d=D, N=N, budget=budget,
            seed=seed, experiment="rows",
        )  # fmt: skip
        lost = [float(count < N) for count in _counts(memory, budget, seed, "rows")]
        least, most = (1 - math.exp(-predicted * math.exp(side * tolerance)) for side in (-1, 1))
        n, ends = _looked(lost, rule.level, partial(_shown, least, most))
        cases.append(("whole", rule.verdict(tuple(row["interval"]), predicted), right))
        chance = 1 - sum(lost[:n]) / n
        values += [("trials", row["trials"], n), ("whole", row["measured"], -math.log(chance))]
        values += [("end", a, -math.log(1 - b)) for a, b in zip(row["interval"], ends, strict=True)]
    return said(cases, values)


def plain_threshold(
    share: Callable[[float], float], predicted: float, *, tolerance: float, failing: float
) -> tuple[float, float, float]:
    """Where a known share crosses a level, as seen from at most four sizes: (low, high, between).

    Parameters
    ----------
    share : failing at each size, monotone, and never the level itself at a size that is looked at.
    predicted, tolerance, failing : as for :func:`theory.memories.checks.threshold_row`.
    """
    within = [n for n in range(1, 10_000) if abs(math.log(n / predicted)) <= tolerance]
    first, last = within[0], within[-1]
    rising = share(last) > share(first)

    def above(n: int) -> bool:
        return (share(n) < failing) == rising

    sizes = [first, last]
    sizes += [] if above(first) else [first - 1]
    sizes += [last + 1] if above(last) else []
    low = max((n for n in sizes if above(n)), default=0)
    high = min((n for n in sizes if not above(n)), default=math.inf)
    odds = [math.log(share(n) / (1 - share(n))) for n in (first, last)]
    level = math.log(failing / (1 - failing))
    place = min(1.0, max(0.0, (level - odds[0]) / (odds[1] - odds[0])))
    return low, high, first * (last / first) ** place


def _share(place: float, power: int, failing: float, n: float) -> float:
    """Share of failures that crosses a level at a place, as a power of n in its odds."""
    return 1 / (1 + (1 - failing) / failing * (place / n) ** power)


def _steady(
    share: Callable[[float], float], beyond: int, n: int, trials: int, first: int
) -> Floats:
    """Trials that all fail at the share of a size, or of one beyond it."""
    return np.full(trials, share(n + beyond))


@cache
def _threshold(*, seed: int, off: int) -> Finding:
    """Thresholds of known shares: inside the tolerance, beside it, far off, and never decided."""
    cases: Cases = []
    values: Values = []
    for rising in (True, False):
        for failing in (0.5, 0.2):
            for place, right in (
                (50.0, HOLDS), (56.0, HOLDS), (43.0, HOLDS), (60.9, VIOLATED), (40.2, VIOLATED),
                (90.0, VIOLATED), (20.0, VIOLATED), (59.5, OPEN), (41.3, OPEN),
            ):  # fmt: skip
                share = partial(_share, place, 6 if rising else -6, failing)
                rule = Equivalence(0.18)
                row = threshold_row(
                    partial(_steady, share, 9 * off),
                    50.0, rule=rule, failing=failing, budget=4096, rising=rising,
                )  # fmt: skip
                low, high, between = plain_threshold(share, 50.0, tolerance=0.18, failing=failing)
                cases.append(("threshold", rule.verdict(tuple(row["interval"]), 50.0), right))
                values += [
                    ("lower end", row["interval"][0], low),
                    ("upper end", min(row["interval"][1], 1e9), min(high, 1e9)),
                    ("between", row["measured"], between),
                ]
    return said(cases, values)


@cache
def _undecided(*, seed: int, off: int) -> Finding:
    """A size whose interval reaches the level, be it with its end, shows nothing."""
    rule, level = Equivalence(0.18), 1 - (1 - Equivalence(0.18).level) / 4
    coins = np.random.default_rng(seed).random(100) < 0.3
    values: Values = []
    ends = betting_interval(coins.astype(float), level=level, budget=100)
    for failing in (*ends, 0.3):
        for rising in (True, False):
            row = threshold_row(
                lambda n, trials, first: np.asarray(coins[first : first + trials], np.float64),
                50.0, rule=rule, failing=min(0.99, failing + 0.2 * off), budget=100, rising=rising,
            )  # fmt: skip
            values += [
                ("nothing below", row["interval"][0], 0.0),
                ("nothing above", float(np.isinf(row["interval"][1])), 1.0),
                ("trials", row["trials"], 200),
            ]
    return said([], values)


@cache
def _capacity(*, seed: int, off: int) -> Finding:
    """Sizes at which known memories fall to a rate, and at which half of them recall all."""
    cases: Cases = []
    values: Values = []
    rule = Equivalence(0.25)
    for rate, place, spread, beside in ((0.75, 40.0, 3, 1.8), (1.0, 30.5, 12, 0.5)):
        for factor, right in ((1.0, HOLDS), (beside, VIOLATED)):
            row = capacity_row(
                Known(30 - 17 * off, spread=spread), factor * place, rule=rule, d=D, rate=rate,
                budget=512, seed=seed, experiment="rows",
            )  # fmt: skip
            low, high = row["interval"]
            cases.append(("capacity", rule.verdict((low, high), row["predicted"]), right))
            values.append(("around the capacity", float(low < place < high), 1.0))
    return said(cases, values)


def _recall(network: Construction, width: float, d: int, N: int, trials: int, seed: int) -> float:
    """Mean share of facts with a positive margin, of the trials at a width."""
    source = source_of(RandomVectors(d), seed, "rows")
    build = replace(network, width=int(width)).build(d)
    f, right = np.arange(N), 0
    for trial in range(trials):
        E = source.vectors(sphere, N, d, trial=trial, stream=INPUTS)
        U = source.vectors(sphere, N, d, trial=trial, stream=OUTPUTS)
        memory = build(E, U, f, rng=source.generator(trial, MEMORY))
        right += int((margins(memory, E, U, f) > 0).sum())
    return right / (N * trials)


@cache
def _width(*, seed: int, off: int) -> Finding:
    """Widths of paired neurons at which recall rises to a rate: less of all at the lower end."""
    d, N, rate, tolerance, budget = 6, 10, 0.3, 1.2, 128
    network, rule = Construction("mlp", degree=1), Equivalence(tolerance)
    cases: Cases = []
    values: Values = []
    for predicted, right in ((12.0, HOLDS), (100.0, VIOLATED)):
        row = width_row(
            network, predicted, rule=rule, d=d, N=N + 10 * off, rate=rate, budget=budget, seed=seed,
            experiment="rows",
        )  # fmt: skip
        low, high = row["interval"]
        cases.append(("width", rule.verdict((low, high), predicted), right))
        values.append(("predicted", row["predicted"], predicted))
        values += [("pairs of neurons", end % 2, 0.0) for end in (low, high) if np.isfinite(end)]
        if right is HOLDS and np.isfinite(high):
            ends = [_recall(network, end, d, N, 32, seed) for end in (low, high)]
            # Every pair of neurons that the tolerance allows is between the ends.
            pairs = (math.ceil(6 * math.exp(-tolerance)), math.floor(6 * math.exp(tolerance)))
            values += [("end", end, 2 * n) for end, n in zip((low, high), pairs, strict=True)]
            values.append(("recall rises", float(ends[0] < rate < ends[1]), 1.0))
            values.append(("between", float(8 <= row["measured"] <= 16), 1.0))
    return said(cases, values)


ROWS: Mapping[str, Callable[..., Finding]] = MappingProxyType(
    {
        "failures": _failures,
        "whole recall": _whole,
        "threshold": _threshold,
        "undecided": _undecided,
        "capacity": _capacity,
        "width": _width,
    }
)
"""Rows, each with the function (seed, off) that judges them."""
