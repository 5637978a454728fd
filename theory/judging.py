r"""How measurements become verdicts: one rule (:mod:`theory.equivalence`) for every kind of claim.

A check that cannot tell says "inconclusive", never "holds". The seeds are fixed, so a verdict is
reproducible; both error rates are those of the intervals.

- Shares of failures, capacities at two sizes, and chances: intervals of proved coverage
  (:mod:`sims.engine.betting`); see :mod:`theory.memories.checks`.
- *prediction* with a standard error: the normal interval, or Student's where the number of trials
  is known. Its coverage is not proved; docs/limits.md says for which claims.
- *slope*: Student's interval from the spread of the trials about their means, all sizes pooled.
- *guarantee*: an exact 99.9% binomial interval of the success probability against 1 - delta.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sims.engine.statistics import Interval, proportion_interval, slope_interval
from theory.claims import Condition, Finding, Side, Verdict
from theory.equivalence import Equivalence

__all__ = [
    "applicable",
    "judge_arms",
    "judge_bounds",
    "judge_guarantee",
    "judge_largest",
    "judge_predictions",
    "judge_slope",
    "judge_steps",
    "judge_symbols",
]

GUARANTEE_LEVEL = 0.999


def judge_predictions(
    quantity: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    tolerance: float,
    relative: bool = False,
) -> Finding:
    """Judge a set of predictions; all must agree.

    Parameters
    ----------
    quantity : what is compared.
    rows : records with ``measured``, ``predicted``, and ``interval`` at the level of
        :class:`theory.equivalence.Equivalence` or ``error``, a standard error (0 for what is
        computed), which ``trials`` say how many values it comes from.
    tolerance : smallest deviation that matters: of the values, or of their logarithms if
        ``relative``.
    relative : see tolerance.

    Returns
    -------
    Finding of :meth:`theory.equivalence.Equivalence.judge`.
    """
    rule = Equivalence(tolerance, len(rows), "log" if relative else "difference")
    judged = [
        row if "interval" in row else {**row, "interval": list(_interval(row, rule.level))}
        for row in rows
    ]
    return rule.judge(quantity, judged)


def _interval(row: Mapping[str, Any], level: float) -> Interval:
    from scipy import stats

    values = row.get("trials")
    quantile = (
        stats.norm.ppf(0.5 + level / 2)
        if values is None
        else stats.t.ppf(0.5 + level / 2, values - 1)
    )
    half = float(quantile) * row["error"]
    return row["measured"] - half, row["measured"] + half


def judge_guarantee(quantity: str, rows: Sequence[Mapping[str, Any]], *, delta: float) -> Finding:
    """Judge claims that an event has probability at least 1 - delta.

    Parameters
    ----------
    quantity : what succeeds.
    rows : records with ``successes`` and ``trials``.
    delta : allowed failure probability.

    Returns
    -------
    Finding: violated if some exact interval lies below 1 - delta, holds if all lie above it, else
    inconclusive. It would notice, with probability 0.95, a chance of failing that is as large as
    ``would_notice``.
    """
    judged = []
    for row in rows:
        low, high = proportion_interval(row["successes"], row["trials"], level=GUARANTEE_LEVEL)
        judged.append({**row, "low": low, "high": high})
    worst = min(judged, key=lambda row: (row["high"], row["low"]))
    if any(row["high"] < 1 - delta for row in judged):
        verdict = Verdict.VIOLATED
    elif all(row["low"] >= 1 - delta for row in judged):
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.INCONCLUSIVE
    return Finding(
        verdict,
        quantity,
        measured=worst["successes"] / worst["trials"],
        interval=(worst["low"], worst["high"]),
        predicted=1 - delta,
        tolerance=0.0,
        side=Side.LEAST,
        note=f"exact {GUARANTEE_LEVEL:.1%} binomial intervals, {len(judged)} sizes",
        table=tuple(judged),
        would_notice=max(_failing_noticed(row["trials"], delta) for row in judged)
        if verdict is Verdict.HOLDS
        else None,
    )


def _failing_noticed(trials: int, delta: float) -> float:
    """Return the chance of failing at which a guarantee holds with probability 0.05 only."""
    from scipy import stats

    # Failures among which the guarantee still holds: fewer leave a higher lower end.
    allowed = bisect_left(
        range(1, trials + 1), True, key=lambda failed: not _still_holds(trials, failed, delta)
    )
    return float(stats.beta.ppf(0.95, allowed + 1, trials - allowed))


def _still_holds(trials: int, failed: int, delta: float) -> bool:
    return proportion_interval(trials - failed, trials, level=GUARANTEE_LEVEL)[0] >= 1 - delta


def judge_slope(
    quantity: str,
    x: Sequence[float],
    y: Sequence[Sequence[float]],
    predicted: float,
    *,
    tolerance: float,
    rows: Sequence[Mapping[str, Any]] = (),
) -> Finding:
    """Judge the slope of mean(y) against x.

    Parameters
    ----------
    quantity : what the slope is.
    x : (p,) abscissas.
    y : p samples of trials.
    predicted : predicted slope.
    tolerance : smallest difference that matters.
    rows : the table to carry along.
    """
    rule = Equivalence(tolerance, scale="difference")
    slope, interval = slope_interval(x, y, level=rule.level)
    row = {"measured": slope, "interval": list(interval), "predicted": predicted}
    return replace(rule.judge(quantity, [row]), table=tuple(rows))


def judge_largest(
    quantity: str,
    rows: Sequence[Mapping[str, Any]],
    column: str,
    *,
    tolerance: float,
    predicted: float = 0.0,
    note: str,
) -> Finding:
    """Judge by the largest value of a column, which may not exceed predicted + tolerance.

    Parameters
    ----------
    quantity : what the column holds.
    rows : records with ``column``; without an error, for what is computed and not sampled.
    column : a key of the rows.
    tolerance, predicted : see above.
    note : how the rows came about.
    """
    worst = max((row[column] for row in rows), key=lambda value: (math.isnan(value), value))
    return Finding(
        Verdict.HOLDS if worst <= predicted + tolerance else Verdict.VIOLATED,
        quantity,
        measured=worst,
        predicted=predicted,
        tolerance=tolerance,
        side=Side.MOST,
        note=note,
        table=tuple(rows),
    )


def judge_bounds(
    quantity: str, rows: Sequence[Mapping[str, Any]], *, ratio: float, note: str
) -> Finding:
    """Judge bounds against the exact values of what they bound: never below, and not far above.

    Parameters
    ----------
    quantity : what is bounded.
    rows : records with ``exact`` and ``bound``, both positive.
    ratio : bound over exact at most, above 1.
    note : how the exact values came about.

    Returns
    -------
    Finding with the arms "sound" (bound / exact >= 1) and "tight" (<= ratio), headed by the row
    that strains the arm that fails, or by the loosest.
    """
    judged = [{**row, "ratio": row["bound"] / row["exact"]} for row in rows]
    loosest, lowest = (pick(judged, key=lambda row: row["ratio"]) for pick in (max, min))
    # Of all, so that a ratio that is not a number is neither.
    sound, tight = (
        all(row["ratio"] >= 1 for row in judged),
        all(row["ratio"] <= ratio for row in judged),
    )
    head = loosest if sound else lowest
    arms = {
        "sound": Verdict.HOLDS if sound else Verdict.VIOLATED,
        "tight": Verdict.HOLDS if tight else Verdict.VIOLATED,
    }
    return Finding(
        worst_of(arms.values()),
        quantity,
        measured=head["exact"],
        predicted=head["bound"],
        side=Side.MOST,
        note=f"{note}; bound over exact value from {lowest['ratio']:.6g} to "
        f"{loosest['ratio']:.6g}, where up to {ratio:g} is allowed",
        table=tuple(judged),
        arms=arms,
        would_notice=math.log(max(lowest["ratio"], ratio / loosest["ratio"]))
        if sound and tight
        else None,
        relative=True,
    )


def judge_symbols(
    rows: Sequence[tuple[str, float, float]], *, tolerance: float, note: str
) -> Finding:
    """Judge quantities that the measured and the predicted side share by independent computation.

    Both sides of a comparison move together if what they share is wrong.

    Parameters
    ----------
    rows : (symbol, as the package has it, as computed independently); a symbol may have many rows.
    tolerance : largest relative difference; where the independent value is 0, largest difference.
    note : how the independent values came about.
    """
    table: list[dict[str, Any]] = []
    for symbol, measured, predicted in rows:
        off = abs(measured - predicted) / (abs(predicted) or 1.0)
        off = float("inf") if math.isnan(off) else float(off)
        table.append({"symbol": symbol, "measured": measured, "predicted": predicted, "off": off})
    worst = max(table, key=lambda row: float(row["off"]))
    failed = dict.fromkeys(row["symbol"] for row in table if row["off"] > tolerance)
    return Finding(
        Verdict.VIOLATED if failed else Verdict.HOLDS,
        "largest relative error, against a second computation",
        measured=worst["off"],
        predicted=0.0,
        tolerance=tolerance,
        side=Side.MOST,
        note=f"wrong: {', '.join(failed)}"
        if failed
        else f"{len(table)} values of {len({row['symbol'] for row in table})} quantities, computed "
        f"a second time: {note}; relative errors of at most {worst['off']:.2g}",
        table=tuple(table),
        would_notice=None if failed else tolerance + worst["off"],
        relative=True,
    )


def judge_arms(findings: Mapping[str, Finding]) -> Finding:
    """Judge a claim of several parts, all of which must hold.

    Parameters
    ----------
    findings : what was found of each part, by a name in words; at least one.

    Returns
    -------
    Finding of the first part with the worst verdict, which its note names if it does not hold; the
    rows of all parts, and the verdict of each in ``arms``.
    """
    arms = {name: finding.verdict for name, finding in findings.items()}
    verdict = worst_of(arms.values())
    head = next(name for name, found in arms.items() if found is verdict)
    finding = findings[head]
    return replace(
        finding,
        note=finding.note if verdict is Verdict.HOLDS else f"{head}: {finding.note}",
        table=tuple(row for each in findings.values() for row in each.table),
        arms=arms,
    )


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on what has several parts: it holds if all do."""
    found = set(verdicts)
    order = (Verdict.VIOLATED, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.HOLDS)
    return next(verdict for verdict in order if verdict in found)


def judge_steps(steps: Sequence[tuple[str, bool]]) -> Finding:
    """Judge a proof by its steps: it holds if every one is proved, and names the others.

    Parameters
    ----------
    steps : (step, proved) for each.
    """
    failed = [name for name, proved in steps if not proved]
    return Finding(
        Verdict.VIOLATED if failed else Verdict.HOLDS,
        "steps proved",
        measured=float(len(steps) - len(failed)),
        predicted=float(len(steps)),
        tolerance=0.0,
        note=f"not proved: {', '.join(failed)}"
        if failed
        else f"{len(steps)} steps proved by SymPy",
        table=tuple({"step": name, "proved": proved} for name, proved in steps),
    )


def applicable(conditions: Sequence[Condition], finding: Finding) -> Finding:
    """Turn a finding into "not applicable" if a condition fails, naming the failing ones."""
    failing = [condition.name for condition in conditions if condition.holds is False]
    finding = replace(finding, conditions=tuple(conditions))
    if not failing:
        return finding
    return replace(
        finding,
        verdict=Verdict.NOT_APPLICABLE,
        note=f"hypothesis fails: {', '.join(failing)}",
    )
