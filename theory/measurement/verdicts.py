r"""What every rule of judgement must say of cases whose verdict is plain.

The plain verdict comes from the definition: a comparison holds if every value of its interval is
within what is allowed, is violated if none is, and is inconclusive otherwise; a claim of several
parts is as good as its worst. A control judges by a rule that is wrong in one part.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sims.engine.statistics import Interval
from theory.claims import Condition, Finding, Verdict
from theory.equivalence import CLAIM_LEVEL, Equivalence
from theory.judging import (
    applicable,
    judge_arms,
    judge_bounds,
    judge_guarantee,
    judge_largest,
    judge_predictions,
    judge_slope,
    judge_steps,
    judge_symbols,
)
from theory.measurement.coverage import binomial_below, misses_at

__all__ = ["RULES", "plain_verdict", "said"]

HOLDS, VIOLATED, OPEN = Verdict.HOLDS, Verdict.VIOLATED, Verdict.INCONCLUSIVE

Cases = list[tuple[str, Verdict, Verdict]]


def said(
    cases: Sequence[tuple[str, Verdict, Verdict]], values: Sequence[tuple[str, float, float]] = ()
) -> Finding:
    """Judge what a rule said of cases: all must be right, and the numbers beside them.

    Parameters
    ----------
    cases : (case, verdict of the rule, plain verdict).
    values : (number, as the rule gives it, as it must be).
    """
    order = (HOLDS, OPEN, VIOLATED, Verdict.NOT_APPLICABLE)
    rows = [
        (name, order.index(found) + 1.0, order.index(right) + 1.0) for name, found, right in cases
    ]
    return judge_symbols([*rows, *values], tolerance=1e-9, note="cases whose verdict is plain")


def plain_verdict(interval: Interval, least: float, most: float) -> Verdict:
    """Verdict on a value in an interval, of which those from ``least`` to ``most`` are allowed.

    Examples
    --------
    >>> [str(plain_verdict((0.0, 1.0), *ends)) for ends in ((0, 2), (0.5, 2), (1.5, 2))]
    ['holds', 'inconclusive', 'violated']
    """
    low, high = interval
    if least <= low and high <= most:
        return HOLDS
    return OPEN if low <= most and high >= least else VIOLATED


def _together(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of several."""
    for worse in (VIOLATED, OPEN, Verdict.NOT_APPLICABLE):
        if worse in verdicts:
            return worse
    return HOLDS


ENDS = (-3.0, -1.25, -1.0, -0.75, -0.25, 0.0, 0.25, 0.75, 1.0, 1.25, 3.0)
"""Ends of intervals, in tolerances from the prediction; binary fractions, so that edges are met."""


def _comparison(wrong: bool) -> Finding:
    """One comparison on either scale, with intervals that end at, before and beyond the edges."""
    cases: Cases = []
    widened = 1.5 if wrong else 1.0
    for low, high in itertools.combinations_with_replacement(ENDS, 2):
        for tolerance, predicted in ((0.5, 4.0), (2.0, -1.0), (0.25, 0.0)):
            rule = Equivalence(widened * tolerance, scale="difference")
            ends = (predicted + tolerance * low, predicted + tolerance * high)
            right = plain_verdict(ends, predicted - tolerance, predicted + tolerance)
            cases.append(("difference", rule.verdict(ends, predicted), right))
        # Off the edges, which logarithms meet to rounding only.
        for predicted in (3.0, -3.0):
            rule = Equivalence(widened * 0.2)
            ratios = sorted(predicted * math.exp(0.2 * (end + 0.01)) for end in (low, high))
            band = sorted((predicted * math.exp(-0.2), predicted * math.exp(0.2)))
            ends = (ratios[0], ratios[1])
            cases.append(("logarithm", rule.verdict(ends, predicted), plain_verdict(ends, *band)))
    rule = Equivalence(0.2)
    cases += [
        ("other sign", rule.verdict((-2.0, -1.0), 1.0), VIOLATED),
        ("zero reached", rule.verdict((0.0, 1.0), 1.0), OPEN),
        ("unbounded", rule.verdict((0.9, math.inf), 1.0), OPEN),
        ("beyond, unbounded", rule.verdict((1.3, math.inf), 1.0), VIOLATED),
        ("not a number", rule.verdict((math.nan, 1.0), 1.0), OPEN),
    ]
    values = [
        ("level of an interval", 1 - Equivalence(1.0, n).level, (1 - CLAIM_LEVEL) / n)
        for n in (1, 7)
    ]
    return said(cases, [*values, ("level of a claim", CLAIM_LEVEL, 0.999)])


INTERVALS = {HOLDS: (-0.5, 0.5), OPEN: (0.5, 1.5), VIOLATED: (1.5, 2.5)}
"""Around the prediction, in tolerances."""


def _several(wrong: bool) -> Finding:
    """Several comparisons in all orders, as a list and one after the other."""
    cases: Cases = []
    values: list[tuple[str, float, float]] = []
    for wanted in itertools.product((HOLDS, OPEN, VIOLATED), repeat=3):
        rows = [
            {"measured": 5.0, "interval": [5 + end for end in INTERVALS[one]], "predicted": 5.0}
            for one in wanted
        ]
        judged = rows[:1] * 3 if wrong else rows
        rule = Equivalence(1.0, 3, "difference")
        right = _together(wanted)
        found = rule.judge("", judged)
        cases.append(("list", found.verdict, right))
        cases.append(("predictions", judge_predictions("", judged, tolerance=1.0).verdict, right))
        asked = _Asked(judged)
        cases.append(("one by one", rule.judge("", asked).verdict, right))
        first = wanted.index(VIOLATED) + 1 if VIOLATED in wanted else 3
        values.append(("comparisons asked for", asked.count, first))
        values += [
            ("head of the finding", end, 5 + INTERVALS[right][i])
            for i, end in enumerate(found.interval or ())
        ]
        values.append(("allowed", found.tolerance or 0.0, 1.0))
        values.append(("rows", len(found.table), 3))
    # Of those with the worst verdict the one that reaches furthest is named.
    rows = [
        {"measured": 5 + end, "interval": [5 + end, 5 + end], "predicted": 5.0}
        for end in (0.25, 2.0, 3.0, 2.5)
    ]
    furthest = Equivalence(1.0, 4, "difference").judge("", rows)
    values.append(("furthest comparison", furthest.measured or 0.0, 8.0))
    row = {"measured": 2.0, "interval": [2.0, 2.0], "predicted": 2.0}
    found = judge_predictions("", [row], tolerance=0.1, relative=True)
    values.append(("allowed by logarithms", found.tolerance or 0.0, 2 * (math.exp(0.1) - 1)))
    # A normal interval and Student's, right within and right beyond a tolerance.
    for trials in (None, 5):
        factor = misses_at(1 - CLAIM_LEVEL, None if trials is None else trials - 1)
        for share, right in ((0.999, HOLDS), (1.001, OPEN)):
            row = {"measured": 1.0, "error": share / factor, "predicted": 1.0}
            given = row if trials is None else {**row, "trials": trials}
            cases.append(("error", judge_predictions("", [given], tolerance=1.0).verdict, right))
    return said(cases, values)


class _Asked:
    """Rows that are asked for one by one, and counted."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _guarantee(wrong: bool) -> Finding:
    """Guarantees at every number of successes, by binomial tails in fractions."""
    cases: Cases = []
    delta, n = 0.25, 40
    single: dict[int, Verdict] = {}
    tail = 1 / 2000
    for successes in range(n + 1):
        # The level is below the interval if so many successes are rare at it, and above likewise.
        if 1 - binomial_below(successes, n, 1 - delta) <= tail:
            single[successes] = HOLDS
        elif binomial_below(successes + 1, n, 1 - delta) < tail:
            single[successes] = VIOLATED
        else:
            single[successes] = OPEN
    # Those next to which the verdict turns, and the ends.
    turns = [s for s in range(n) if single[s] is not single[s + 1]]
    single = {s: single[s] for s in sorted({0, n, *turns, *(s + 1 for s in turns)})}
    asked = 0.1 if wrong else delta
    for successes, right in single.items():
        row = {"successes": successes, "trials": n}
        cases.append(("one size", judge_guarantee("", [row], delta=asked).verdict, right))
    samples = {verdict: next(s for s, v in single.items() if v is verdict) for verdict in INTERVALS}
    for wanted in itertools.product(INTERVALS, repeat=2):
        rows = [{"successes": samples[one], "trials": n} for one in wanted]
        found = judge_guarantee("", rows, delta=asked)
        cases.append(("two sizes", found.verdict, _together(wanted)))
    values = [("level", float(judge_guarantee("", rows, delta=delta).predicted or 0), 0.75)]
    return said(cases, values)


def _slope(wrong: bool) -> Finding:
    """Slopes whose intervals end just within and just beyond the tolerance, and at neither."""
    x, noise = (0.0, 1.0, 2.0), (-0.1, 0.1)
    y = [[2.0 * at + e for e in noise] for at in x]
    # Three pooled variances of 0.02 each, of two trials; the squares of x add up to 2.
    half = misses_at(1 - CLAIM_LEVEL, 3) * math.sqrt(0.02 / 2 / 2)
    cases: Cases = []
    for predicted in (2.0, 2.5, 3.2, 1.3, 4.0, 0.0):
        for tolerance in (0.5, half * 0.999, half * 1.001, 1.5, 3.0):
            asked = 1.2 * tolerance if wrong else tolerance
            found = judge_slope("", x, y, predicted, tolerance=asked)
            right = plain_verdict(
                (2 - half, 2 + half), predicted - tolerance, predicted + tolerance
            )
            cases.append(("slope", found.verdict, right))
    return said(cases, [("slope", float(found.measured or 0), 2.0)])


def _largest(wrong: bool) -> Finding:
    """Largest values at, below and above what is allowed, in any row."""
    cases: Cases = []
    for values in itertools.permutations((0.5, -3.0, 1.0)):
        rows = [{"value": value} for value in values]
        for tolerance in (0.25, 0.4375, 0.5, 0.75, 1.0):
            for predicted in (0.0, 0.5):
                asked = 1.5 * tolerance if wrong else tolerance
                found = judge_largest(
                    "", rows, "value", tolerance=asked, predicted=predicted, note=""
                )
                right = HOLDS if all(v - predicted <= tolerance for v in values) else VIOLATED
                cases.append(("largest", found.verdict, right))
    return said(cases, [("largest", float(found.measured or 0), 1.0)])


def _bounds(wrong: bool) -> Finding:
    """Bounds below, at and above exact values, and at and beyond the ratio."""
    cases: Cases = []
    for ratios in itertools.product((0.75, 1.0, 1.25, 1.5, 1.75), repeat=2):
        rows = [{"exact": 4.0, "bound": 4.0 * ratio} for ratio in ratios]
        found = judge_bounds("", rows, ratio=1.75 if wrong else 1.5, note="")
        sound = HOLDS if min(ratios) >= 1 else VIOLATED
        tight = HOLDS if max(ratios) <= 1.5 else VIOLATED
        cases += [
            ("sound", found.arms["sound"], sound),
            ("tight", found.arms["tight"], tight),
            ("both", found.verdict, _together((sound, tight))),
        ]
    found = judge_bounds("", [{"exact": 1.0, "bound": math.nan}], ratio=2.0, note="")
    cases.append(("not a number", found.verdict, VIOLATED))
    return said(cases)


def _symbols(wrong: bool) -> Finding:
    """Symbols that are off by less and by more than the tolerance, on either side and at zero."""
    cases: Cases = []
    for off in (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75):
        for predicted in (8.0, -8.0, 0.0):
            measured = predicted + off * (abs(predicted) or 1.0)
            for rows in itertools.permutations((("a", measured, predicted), ("b", 1.0, 1.0))):
                found = judge_symbols(rows, tolerance=0.75 if wrong else 0.5, note="")
                cases.append(("symbol", found.verdict, HOLDS if abs(off) <= 0.5 else VIOLATED))
    found = judge_symbols([("a", math.nan, 1.0), ("b", 1.0, 1.0)], tolerance=1.0, note="")
    cases.append(("not a number", found.verdict, VIOLATED))
    return said(cases)


def _parts(wrong: bool) -> Finding:
    """Parts, steps and conditions in all orders: the worst of them decides."""
    cases: Cases = []
    for wanted in itertools.product((HOLDS, OPEN, VIOLATED, Verdict.NOT_APPLICABLE), repeat=3):
        findings = {str(i): Finding(one, "") for i, one in enumerate(wanted[: 2 if wrong else 3])}
        found = judge_arms(findings)
        cases.append(("parts", found.verdict, _together(wanted)))
        cases += [("part", v, w) for v, w in zip(found.arms.values(), wanted, strict=False)]
    for proved in itertools.product((True, False), repeat=3):
        steps = [(f"step {i}", one) for i, one in enumerate(proved)]
        right = HOLDS if all(proved) else VIOLATED
        cases.append(("steps", judge_steps(steps[:2] if wrong else steps).verdict, right))
        conditions = [Condition(name, one, "", "") for name, one in steps]
        for verdict in (HOLDS, VIOLATED):
            found = applicable(conditions, Finding(verdict, ""))
            right = verdict if all(proved) else Verdict.NOT_APPLICABLE
            cases.append(("conditions", found.verdict, right))
    return said(cases)


RULES: Mapping[str, Callable[[bool], Finding]] = MappingProxyType(
    {
        "comparison": _comparison,
        "several comparisons": _several,
        "guarantee": _guarantee,
        "slope": _slope,
        "largest": _largest,
        "bounds": _bounds,
        "symbols": _symbols,
        "parts": _parts,
    }
)
"""Rules, each with the function (whether by a wrong rule) that judges what it says."""
