r"""How measurements become verdicts: one rule for each kind of claim, with its error rate.

Every rule has three outcomes. A check that cannot tell says "inconclusive", never "holds".
The seeds are fixed, so a verdict is reproducible; the rates below say how often another seed
would raise a false alarm when the claim is true.

- *prediction*: measured - predicted within 3 standard errors plus a stated tolerance. Without any
  tolerance 0.27 % of true predictions would fall outside if the standard error were known, and
  1.2 % when it is estimated from 12 trials, the fewest that any claim uses; the tolerance makes
  both smaller.
- *guarantee*: an exact 99.9 % binomial interval of the success probability against 1 - delta.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np

from sims.engine.statistics import LEVEL, proportion_interval
from theory.claims import Condition, Finding, Verdict

__all__ = [
    "NORMAL_QUANTILE",
    "SIGMAS",
    "applicable",
    "judge_guarantee",
    "judge_largest",
    "judge_predictions",
    "judge_slope",
    "judge_steps",
]

SIGMAS = 3.0
"""Standard errors that measurement and prediction may differ by."""

NORMAL_QUANTILE = float(NormalDist().inv_cdf(0.5 + LEVEL / 2))
"""Turns the half-width of a 99 % normal interval back into a standard error."""

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
    rows : records with ``measured``, ``error`` (standard error) and ``predicted``.
    tolerance : allowed difference beyond 3 standard errors, absolute, or relative to the
        prediction if ``relative``.
    relative : see tolerance.

    Returns
    -------
    Finding, headed by the row whose difference is largest for its allowance. If the standard
    error alone exceeds the tolerance ten times over, agreement would mean nothing: inconclusive.
    """
    judged = []
    for row in rows:
        slack = tolerance * (abs(row["predicted"]) if relative else 1.0)
        allowed = SIGMAS * row["error"] + slack
        difference = row["measured"] - row["predicted"]
        judged.append(
            {
                **row,
                "difference": difference,
                "allowed": allowed,
                "strain": abs(difference) / allowed,
                "blunt": row["error"] > 10 * slack or np.isnan(difference + allowed),
            }
        )
    worst = max(judged, key=lambda row: np.nan_to_num(row["strain"], nan=-1.0))
    if worst["strain"] > 1:
        verdict = Verdict.VIOLATED
    elif any(row["blunt"] for row in judged):
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.HOLDS
    half = SIGMAS * worst["error"]
    return Finding(
        verdict,
        quantity,
        measured=worst["measured"],
        interval=(worst["measured"] - half, worst["measured"] + half),
        predicted=worst["predicted"],
        tolerance=worst["allowed"],
        note=f"worst of {len(judged)} comparisons, at {worst['strain']:.0%} of what is allowed",
        table=tuple({k: v for k, v in row.items() if k != "blunt"} for row in judged),
    )


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
    inconclusive.
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
        note=f"exact {GUARANTEE_LEVEL:.1%} binomial intervals of {len(judged)} sizes",
        table=tuple(judged),
    )


def judge_slope(
    quantity: str,
    x: Sequence[float],
    y: Sequence[Sequence[float]],
    predicted: float,
    *,
    tolerance: float,
    rows: Sequence[Mapping[str, Any]] = (),
) -> Finding:
    """Judge the slope of mean(y) against x, with the standard error from the trials' spread.

    Parameters
    ----------
    quantity : what the slope is.
    x : (p,) abscissas.
    y : p samples of trials.
    predicted : predicted slope.
    tolerance : allowed difference beyond 3 standard errors.
    rows : the table to carry along.
    """
    abscissa = np.asarray(x, np.float64)
    centred = (abscissa - abscissa.mean()) / np.sum((abscissa - abscissa.mean()) ** 2)
    means = np.array([np.mean(sample) for sample in y])
    variances = np.array([np.var(sample, ddof=1) / len(sample) for sample in y])
    row = {
        "measured": float(centred @ means),
        "error": float(np.sqrt(centred**2 @ variances)),
        "predicted": predicted,
    }
    return replace(judge_predictions(quantity, [row], tolerance=tolerance), table=tuple(rows))


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
    worst = max(row[column] for row in rows)
    return Finding(
        Verdict.HOLDS if worst <= predicted + tolerance else Verdict.VIOLATED,
        quantity,
        measured=worst,
        predicted=predicted,
        tolerance=tolerance,
        note=note,
        table=tuple(rows),
    )


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
        note=f"not proved: {', '.join(failed)}" if failed else f"{len(steps)} steps by sympy",
        table=tuple({"step": name, "proved": proved} for name, proved in steps),
    )


def applicable(conditions: Sequence[Condition], finding: Finding) -> Finding:
    """Turn a finding into "not applicable" if a condition fails, naming the failing ones."""
    failing = [condition.name for condition in conditions if not condition.holds]
    finding = replace(finding, conditions=tuple(conditions))
    if not failing:
        return finding
    return replace(
        finding,
        verdict=Verdict.NOT_APPLICABLE,
        note=f"hypothesis fails: {', '.join(failing)}",
    )
