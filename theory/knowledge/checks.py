"""A verdict on shares that are measured and must be below a bound."""

from collections.abc import Mapping, Sequence
from typing import Any

from theory.claims import Finding, Side, Verdict

__all__ = ["judge_below"]


def judge_below(quantity: str, rows: Sequence[Mapping[str, Any]], *, note: str) -> Finding:
    """Judge whether all of each interval is at most a bound.

    Parameters
    ----------
    quantity : what is measured.
    rows : records with ``measured``, ``low`` and ``high`` of its interval, and ``bound``.
    note : how the intervals came about.

    Returns
    -------
    Finding: violated if an interval is all above its bound, holds if each is all below it, else
    inconclusive; headed by the row with the least room, whose interval it has.

    Examples
    --------
    >>> row = {"measured": 0.5, "low": 0.4, "high": 0.6}
    >>> [str(judge_below("share", [{**row, "bound": b}], note="").verdict) for b in (0.7, 0.5, 0.3)]
    ['holds', 'inconclusive', 'violated']
    """
    if any(row["low"] > row["bound"] for row in rows):
        verdict = Verdict.VIOLATED
    elif all(row["high"] <= row["bound"] for row in rows):
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.INCONCLUSIVE
    head = min(rows, key=lambda row: float(row["bound"] - row["high"]))
    return Finding(
        verdict,
        quantity,
        measured=head["measured"],
        interval=(head["low"], head["high"]),
        predicted=head["bound"],
        tolerance=0.0,
        side=Side.MOST,
        note=f"{note}; the smallest distance to the bound, of {len(rows)} sizes, is "
        f"{head['bound'] - head['high']:.3g}",
        table=tuple(rows),
    )
