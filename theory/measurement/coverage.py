r"""How often intervals miss what they are of: computed exactly, and held against what they claim.

Every function asks for an interval of one kind and works out its chance to miss by another road
than the interval was made by: binomial sums in fractions, the laws of Student and of Gauss from
mpmath, and for betting every sequence of successes there is.

A control claims only a share of the misses that were asked for, as a one-sided quantile would, or
counts every independent value several times.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from sims.engine.betting import betting_interval
from sims.engine.crossing import crossing
from sims.engine.statistics import (
    LEVEL,
    Interval,
    log_slope,
    mean_interval,
    median_interval,
    proportion_interval,
    slope_interval,
)
from theory.claims import Finding
from theory.equivalence import CLAIM_LEVEL
from theory.judging import judge_arms, judge_bounds, judge_predictions, judge_symbols
from theory.measurement.errors import plain_standard_error

__all__ = ["KINDS", "binomial_below", "gambled_interval", "misses_at"]

EXACT = 1e-8
"""Relative difference of two chances that rounding may make."""

Rows = list[tuple[str, float, float]]


def binomial_below(k: int, n: int, chance: float | Fraction) -> float:
    """P(Bin(n, chance) < k), summed in fractions.

    Parameters
    ----------
    k : from 0 to n + 1.
    n : number of trials.
    chance : in [0, 1]; a float stands for the fraction that it is.

    Examples
    --------
    >>> binomial_below(2, 3, 0.5)
    0.5
    """
    p = Fraction(chance)
    return float(sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k)))


def _student(half: float, error: float, freedom: float) -> float:
    """Chance that Student's variable is farther from 0 than half / error."""
    import mpmath

    square = mpmath.mpf(half / error) ** 2
    x = freedom / (freedom + square)
    return float(mpmath.betainc(mpmath.mpf(freedom) / 2, 0.5, 0, x, regularized=True))


def _normal(half: float, error: float) -> float:
    """Chance that a normal variable is farther from 0 than half / error."""
    import mpmath

    return float(mpmath.erfc(mpmath.mpf(half / error) / mpmath.sqrt(2)))


def misses_at(misses: float, freedom: float | None) -> float:
    """How many standard errors from 0 a variable is with the given chance, by Brent's rule.

    Parameters
    ----------
    misses : the chance, in (1e-6, 1).
    freedom : of Student's law, at least 1; None stands for Gauss's.

    Examples
    --------
    >>> round(misses_at(0.05, None), 4)
    1.96
    """
    from scipy import optimize

    def excess(half: float) -> float:
        chance = _normal(half, 1.0) if freedom is None else _student(half, 1.0, freedom)
        return chance - misses

    return float(optimize.brentq(excess, 1e-9, 1e7, xtol=1e-12))


def _both_halves(ends: Interval, middle: float) -> tuple[float, float]:
    """Lengths below and above."""
    return middle - ends[0], ends[1] - middle


LEVELS = (0.9, LEVEL, CLAIM_LEVEL)
SAMPLE = (0.31, 0.47, 0.52, 0.44, 0.38, 0.61, 0.49)


def _mean(claimed: float, copies: int) -> Finding:
    """Student's intervals of a mean; at the ends of [0, 1] a binomial bound."""
    rows: Rows = []
    for level in LEVELS:
        for own in (SAMPLE, SAMPLE[:3]):
            sample = np.repeat(own, copies)
            ends = mean_interval(sample, level=level)
            for half in _both_halves(ends, math.fsum(own) / len(own)):
                # Of three values an interval may be all there is.
                if half < min(own):
                    error = plain_standard_error(sample[::copies].tolist())
                    chance = _student(half, error, len(own) - 1)
                    rows.append(("mean", chance, claimed * (1 - level)))
        for n in (2, 5):
            low, high = mean_interval([1.0] * n, level=level)
            least, most = mean_interval([0.0] * n, level=level)
            rows += [
                ("mean, all at an end", 2 * chance, claimed * (1 - level))
                for chance in (low**n, (1 - most) ** n)
            ]
            rows += [("ends of [0, 1]", high, 1.0), ("ends of [0, 1]", least, 0.0)]
    for alike in ([0.5, 0.5, 0.5], [0.4], [1.0]):
        low, high = mean_interval(alike)
        rows += [("ends of [0, 1]", low, 0.0), ("ends of [0, 1]", high, 1.0)]
    low, high = mean_interval([0.0, 0.01, 0.9])
    rows += [("ends of [0, 1]", low, 0.0), ("ends of [0, 1]", high, 1.0)]
    return judge_symbols(rows, tolerance=EXACT, note="by Student's law from mpmath")


def _proportion(claimed: float, copies: int) -> Finding:
    """Exact intervals of a proportion: at each end, the tail is half of the misses."""
    rows: Rows = []
    for level in LEVELS:
        for n in (1, 7, 24):
            for k in sorted({0, 1, n // 3, n - 1, n}):
                low, high = proportion_interval(k, n, level=level)
                own, n_own = k * copies, n * copies
                if k:
                    above = 1 - binomial_below(own, n_own, low)
                    rows.append(("proportion", 2 * above, claimed * (1 - level)))
                if k < n:
                    below = binomial_below(own + 1, n_own, high)
                    rows.append(("proportion", 2 * below, claimed * (1 - level)))
                rows.append(("ends of [0, 1]", low if k == 0 else 0.0, 0.0))
                rows.append(("ends of [0, 1]", high if k == n else 1.0, 1.0))
    return judge_symbols(rows, tolerance=EXACT, note="by binomial sums in fractions")


def _median(claimed: float, copies: int) -> Finding:
    """Order statistics for a median: the innermost ones that miss no more than is claimed."""
    rows: Rows = []
    bounds: list[dict[str, Any]] = []
    for level in (0.5, *LEVELS):
        for n in (3, 8, 11, 25, 40):
            # Brackets that overlap, in no order, whose two ends are never the same number.
            low = [float((7 * i) % n) for i in range(n)]
            high = [end + 3.5 for end in low]
            ends = median_interval(sorted(low * copies), sorted(high * copies), level=level)
            half = Fraction(1 - level) / 2
            counts = [i for i in range(1, n // 2 + 1) if _tail(i, n) <= half]
            if not counts:
                rows.append(("unbounded median", ends[0], 0.0))
                rows.append(("unbounded median", float(np.isinf(ends[1])), 1.0))
                continue
            k = max(counts)
            rows += [("median, lower end", ends[0], float(k - 1))]
            rows += [("median, upper end", ends[1], n - k + 3.5)]
            ranks = (round(ends[0]) + 1, n - round(ends[1] - 3.5))
            for rank in ranks:
                bounds.append(
                    {
                        "kind": "median",
                        "trials": n,
                        "exact": max(2 * float(_tail(max(rank, 0), n)), 1e-300),
                        "bound": claimed * (1 - level),
                    }
                )
    found = judge_symbols(rows, tolerance=EXACT, note="by binomial sums in fractions")
    covered = judge_bounds(
        "chance to miss", bounds, ratio=12.0, note="by binomial sums in fractions"
    )
    return judge_arms({"ends": found, "covered": covered})


def _tail(k: int, n: int) -> Fraction:
    """P(Bin(n, 1/2) < k)."""
    return Fraction(sum(math.comb(n, i) for i in range(k)), 2**n)


def _slope(claimed: float, copies: int) -> Finding:
    """Student's intervals of a slope: of the means of trials, and of logarithms."""
    rows: Rows = []
    x = (0.0, 1.0, 2.5, 4.0)
    trials = ((0.1, 0.4, 0.2), (1.3, 0.9), (2.2, 2.9, 2.4, 2.6), (4.1, 3.7, 4.4))
    share = _shares(x)
    for level in LEVELS:
        slope, ends = slope_interval(
            x, [np.repeat(sample, copies) for sample in trials], level=level
        )
        plain = sum(c * math.fsum(y) / len(y) for c, y in zip(share, trials, strict=True))
        freedom = sum(len(y) - 1 for y in trials)
        spread = sum(math.fsum((v - math.fsum(y) / len(y)) ** 2 for v in y) for y in trials)
        error = math.sqrt(
            spread / freedom * sum(c * c / len(y) for c, y in zip(share, trials, strict=True))
        )
        rows.append(("slope of means", slope, plain))
        rows += [
            ("slope", _student(half, error, freedom), claimed * (1 - level))
            for half in _both_halves(ends, slope)
        ]
        _, ends = slope_interval(x, [[1.0]] * 4, level=level)
        rows.append(("slope of single trials", float(np.isinf(ends).all()), 1.0))
    return judge_symbols(rows, tolerance=EXACT, note="by Student's law from mpmath")


def _shares(x: Sequence[float]) -> list[float]:
    """Weights with which values at x add up to the slope of the least-squares line."""
    mean = math.fsum(x) / len(x)
    square = math.fsum((value - mean) ** 2 for value in x)
    return [(value - mean) / square for value in x]


def _exponent(claimed: float, copies: int) -> Finding:
    """Student's interval of the slope of logarithms, from what all trials leave of a line."""
    rows: Rows = []
    x, trials = (1.0, 2.0, 5.0), ((2.0, 2.4, 2.1), (4.6, 3.9, 4.2), (9.0, 11.5, 10.4))
    places = [math.log(value) for value, y in zip(x, trials, strict=True) for _ in y]
    values = [math.log(value) for y in trials for value in y]
    share = _shares(places)
    plain = math.fsum(c * y for c, y in zip(share, values, strict=True))
    mean, place = math.fsum(values) / 9, math.fsum(places) / 9
    left = [y - mean - plain * (at - place) for at, y in zip(places, values, strict=True)]
    error = math.sqrt(math.fsum(r * r for r in left) / 7 * math.fsum(c * c for c in share))
    for level in LEVELS:
        slope, ends = log_slope(x, np.repeat(trials, copies, axis=1), level=level)
        rows.append(("slope of logarithms", slope, plain))
        rows += [
            ("exponent", _student(half, error, 7), claimed * (1 - level))
            for half in _both_halves(ends, slope)
        ]
    return judge_symbols(rows, tolerance=EXACT, note="by Student's law from mpmath")


def _crossing(claimed: float, copies: int) -> Finding:
    """Where known parabolas and lines cross a level, and the normal interval there."""
    rows: Rows = []
    # Slopes (curvature, slope) at the crossing, its place, and the grid point nearest to it.
    for curve, line, place in ((0.0, -0.3, 10.4), (0.02, -0.4, 9.7), (-0.05, 0.6, 11.2)):
        grid = np.array([8.0, 9.0, 10.0, 11.0, 12.0])
        away = grid - place
        means = 0.6 + line * away + curve * away**2
        noise = np.array([0.3, -0.1, -0.4, 0.2])
        # Other noise at every point: what counts is the one at the nearest.
        samples = np.repeat(
            [m + 0.1 * (i + 1) * noise for i, m in enumerate(means)], copies, axis=1
        )
        point, ends = crossing(grid, samples, 0.6, near=place)
        at = min(range(5), key=lambda i: abs(float(grid[i]) - place))
        error = plain_standard_error(samples[at][::copies].tolist()) / abs(line)
        rows.append(("place of a crossing", point, place))
        rows += [
            ("crossing", _normal(half, error), claimed * (1 - LEVEL))
            for half in _both_halves(ends, point)
        ]
    # A parabola with two crossings: the nearest is meant.
    samples = np.repeat((grid - 8.5)[:, None] * (grid - 11.5)[:, None], 2, axis=1)
    for near in (9.0, 11.0):
        point, _ = crossing(grid, samples, 0.0, near=near)
        rows.append(("the nearer crossing", point, 8.5 if near == 9.0 else 11.5))
    return judge_symbols(rows, tolerance=EXACT, note="by Gauss's law from mpmath")


def _prediction(claimed: float, copies: int) -> Finding:
    """Intervals that judge predictions with a standard error: normal ones, and Student's."""
    rows: Rows = []
    for comparisons in (1, 3):
        for trials in (None, 4, 20):
            own = trials and trials * copies
            given = {"measured": 2.0, "error": 0.01 / math.sqrt(copies), "predicted": 2.0}
            row = given if own is None else {**given, "trials": own}
            found = judge_predictions("", [row] * comparisons, tolerance=9.0)
            misses = claimed * (1 - CLAIM_LEVEL) / comparisons
            for half in _both_halves(found.table[0]["interval"], 2.0):
                chance = _student(half, 0.01, trials - 1) if trials else _normal(half, 0.01)
                rows.append(("prediction", chance, misses))
    return judge_symbols(rows, tolerance=EXACT, note="by the laws of Student and Gauss")


def gambled_interval(values: Sequence[float], *, level: float, budget: int) -> Interval:
    """Interval by betting, in a plain loop over values and stakes, its ends found by Brent's rule.

    Parameters
    ----------
    values : in [0, 1], at least one.
    level, budget : as for :func:`sims.engine.betting.betting_interval`.
    """
    from scipy import optimize

    goal = math.log(2 / (1 - level))
    # Half of the capital counts on the budget, a sixth each on a quarter, 1/16, 1/64 of it.
    gamblers = ((1, 1 / 2), (4, 1 / 6), (16, 1 / 6), (64, 1 / 6))
    spreads, spent, total = [], 0.0, 0.0
    for i, value in enumerate(values, 1):
        # One imagined value with variance 0.01 stands before the first.
        spreads.append((0.01 + spent) / i)
        total += value
        spent += (value - total / i) ** 2

    def lacking(m: float, seen: Sequence[float]) -> float:
        capitals, best = [share for _, share in gamblers], 0.0
        for spread, value in zip(spreads, seen, strict=True):
            for place, (part, _) in enumerate(gamblers):
                stake = math.sqrt(2 * goal * part / (budget * spread))
                # No value costs more than 95% of what there is.
                capitals[place] *= 1 + min(stake, 0.95 / m) * (value - m)
            best = max(best, sum(capitals))
        return goal - math.log(best)

    def lowest(seen: Sequence[float]) -> float:
        tiny = 1e-13
        if lacking(tiny, seen) > 0:
            return 0.0
        return float(optimize.brentq(lacking, tiny, 1.0, args=(seen,), xtol=1e-14))

    return lowest(values), 1 - lowest([1 - value for value in values])


LENGTH = 8
"""Values of a sequence of which all are tried."""


@cache
def _betting(claimed: float, copies: int) -> Finding:
    """Intervals by betting: by a plain loop, and over all sequences of successes."""
    rows: Rows = []
    for level, budget, values in (
        (0.9, 12, (0.2, 0.9, 0.4, 0.4, 0.7, 0.1, 0.8, 0.3, 0.6, 0.5, 0.0, 1.0)),
        (0.99, 40, (0.5,) * 20 + (0.52, 0.48) * 10),
        (0.99, 30, (1.0, 0.0, 1.0, 1.0, 1.0, 1.0) * 5),
        (CLAIM_LEVEL, 64, (0.02, 0.03, 0.0, 0.05) * 8),
        (0.9, 4, (1.0, 1.0, 0.9, 1.0)),
    ):
        ends = betting_interval(values, level=level, budget=budget)
        plain = gambled_interval(values, level=level, budget=budget)
        rows += [("gambler", 1 + a, 1 + b) for a, b in zip(ends, plain, strict=True)]
    rows += [
        ("no values", end, wide) for end, wide in zip(betting_interval([]), (0, 1), strict=True)
    ]
    level = 0.8
    sequences = list(itertools.product((0.0, 1.0), repeat=LENGTH // copies))
    intervals = [betting_interval(np.repeat(s, copies), level=level) for s in sequences]
    worst = max(
        math.fsum(
            p ** sum(s) * (1 - p) ** (len(s) - sum(s))
            for s, (low, high) in zip(sequences, intervals, strict=True)
            if not low <= p <= high
        )
        for p in np.linspace(0.02, 0.98, 49).tolist()
    )
    bounds = [{"kind": "betting", "trials": LENGTH, "exact": worst, "bound": claimed * (1 - level)}]
    return judge_arms(
        {
            "covered": judge_bounds(
                "chance to miss", bounds, ratio=1.5, note=f"over {len(sequences)} sequences"
            ),
            "ends": judge_symbols(rows, tolerance=EXACT, note="by a plain loop"),
        }
    )


KINDS: Mapping[str, Callable[[float, int], Finding]] = MappingProxyType(
    {
        "mean": _mean,
        "proportion": _proportion,
        "median": _median,
        "slope": _slope,
        "exponent": _exponent,
        "crossing": _crossing,
        "prediction": _prediction,
        "betting": _betting,
    }
)
"""Kinds of intervals, each with the function (share of the misses claimed, copies of every value)
that judges it."""
