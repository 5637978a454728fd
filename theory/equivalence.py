r"""The rule by which measurements are judged: the deviation must be smaller than what matters.

A claim states the smallest deviation from its prediction that matters, in the natural scale: for a
failure probability, a constant or a capacity the logarithm of measured over predicted; for an
exponent the difference. What is measured comes with an interval. The claim

- *holds* if the whole interval of the deviation is within the tolerance, on both sides,
- is *violated* if the whole interval is beyond it,
- and is *inconclusive* otherwise.

Both errors are then those of the interval. The intervals of all comparisons of a claim cover
together with probability at least :data:`CLAIM_LEVEL`, whatever the law of the trials and
whenever the measurement stops, so that

- a claim whose true deviations are all within the tolerance is called violated with probability at
  most 1 - CLAIM_LEVEL,
- one that is off by more than the tolerance, in any comparison, is called held with probability at
  most 1 - CLAIM_LEVEL.

A family of k claims makes either error with probability at most k (1 - CLAIM_LEVEL).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.checks import positive
from assoc.errors import InputError
from sims.engine.results import finite
from sims.engine.statistics import Interval
from theory.claims import Finding, Verdict

__all__ = ["CLAIM_LEVEL", "Equivalence"]

CLAIM_LEVEL = 0.999
"""Coverage of all intervals of one run of a claim together."""

SCALES = ("log", "difference")

INTERVALS = ("interval", "deviation")
"""Of a row; an end that is not finite is None in a table."""


@dataclass(frozen=True)
class Equivalence:
    """How far a claim's measurements may be from what it predicts.

    Parameters
    ----------
    tolerance : smallest deviation that matters, positive, in units of the scale.
    comparisons : how many are made, at least 1; each interval has its share of the level.
    scale : ``log`` compares logarithms, ``difference`` the values themselves.

    Raises
    ------
    InputError
        If the tolerance or the number is not positive, or the scale is unknown.

    Examples
    --------
    >>> rule = Equivalence(0.1)
    >>> [str(rule.verdict(ends, 0.02)) for ends in ((0.019, 0.021), (0.018, 0.021), (0.03, 0.04))]
    ['holds', 'inconclusive', 'violated']
    """

    tolerance: float
    comparisons: int = 1
    scale: str = "log"

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < np.inf:
            raise InputError(
                f"tolerance {self.tolerance}: no measurement shows that a deviation is that small"
            )
        positive(self.comparisons, "comparisons")
        if self.scale not in SCALES:
            raise InputError(f"scale {self.scale!r} is not one of {', '.join(SCALES)}")

    @property
    def level(self) -> float:
        """Coverage of each interval."""
        return 1 - (1 - CLAIM_LEVEL) / self.comparisons

    def deviation(self, interval: Interval, predicted: float) -> Interval:
        """Return the interval of the deviation from a prediction."""
        low, high = interval
        if self.scale == "difference":
            return low - predicted, high - predicted
        if predicted == 0:
            raise InputError("a prediction of 0 has no logarithm: judge the difference")
        # What has the other sign than the prediction is below every share of it.
        ratios = sorted((low / predicted, high / predicted))
        if np.isnan(ratios).any():
            return -np.inf, np.inf
        low, high = (float(np.log(ratio)) if ratio > 0 else -np.inf for ratio in ratios)
        return low, high

    def verdict(self, interval: Interval, predicted: float) -> Verdict:
        """Say what one comparison shows."""
        low, high = self.deviation(interval, predicted)
        if low > self.tolerance or high < -self.tolerance:
            return Verdict.VIOLATED
        if -self.tolerance <= low and high <= self.tolerance:
            return Verdict.HOLDS
        return Verdict.INCONCLUSIVE

    def judge(self, quantity: str, rows: Iterable[Mapping[str, Any]]) -> Finding:
        """Judge comparisons: all must hold.

        Parameters
        ----------
        quantity : what is compared.
        rows : records with ``measured``, its ``interval`` at :attr:`level`, and ``predicted``. Of
            an iterator nothing is asked for, and so nothing measured, after a violation.

        Returns
        -------
        Finding, headed by the comparison, of those with this verdict, whose interval reaches
        furthest; ``deviation`` of its table are the intervals that were judged by ``tolerance``.

        Raises
        ------
        InputError
            If they are not as many as were announced.
        """
        judged: list[dict[str, Any]] = []
        verdict = Verdict.HOLDS
        for row in rows:
            found = self.verdict(row["interval"], row["predicted"])
            ends = self.deviation(row["interval"], row["predicted"])
            judged.append(
                {
                    **row,
                    "deviation": list(ends),
                    "tolerance": self.tolerance,
                    "verdict": str(found),
                }
            )
            if found is Verdict.VIOLATED:
                verdict = found
                if not isinstance(rows, Sequence):
                    break
            elif found is Verdict.INCONCLUSIVE and verdict is Verdict.HOLDS:
                verdict = found
        complete = len(judged) == self.comparisons
        if not complete and (verdict is not Verdict.VIOLATED or len(judged) > self.comparisons):
            raise InputError(f"{len(judged)} comparisons, and {self.comparisons} were announced")
        heads = [row for row in judged if row["verdict"] == verdict]
        worst = max(heads, key=lambda row: max(abs(end) for end in row["deviation"]))
        low, high = worst["deviation"]
        least, most = worst["interval"]
        among = f", the largest of {len(judged)} comparisons" if len(judged) > 1 else ""
        compared = (
            "logarithm of measured over predicted"
            if self.scale == "log"
            else "measured minus predicted"
        )
        return Finding(
            verdict,
            quantity,
            measured=worst["measured"],
            interval=(least, most) if np.isfinite([least, most]).all() else None,
            predicted=worst["predicted"],
            tolerance=self._allowed(worst["predicted"]),
            note=f"{compared} from {low:.3g} to {high:.3g}{among}; up to "
            f"{self.tolerance:.3g} is allowed",
            would_notice=self._would_notice([row["deviation"] for row in judged])
            if verdict is Verdict.HOLDS
            else None,
            relative=self.scale == "log",
            table=tuple(
                {**row, **{name: [finite(end) for end in row[name]] for name in INTERVALS}}
                for row in judged
            ),
        )

    def _would_notice(self, deviations: Sequence[Sequence[float]]) -> float:
        """Return how far all intervals are to be moved until one is wholly beyond the tolerance.

        Either way, the longer one. That an interval leaves the tolerance would not do: trials end
        as soon as it is within, so that its end says when one looked, not what is true.
        """
        upwards = self.tolerance - max(low for low, _ in deviations)
        downwards = self.tolerance + min(high for _, high in deviations)
        return float(max(upwards, downwards))

    def _allowed(self, predicted: float) -> float:
        """Tolerance in units of what is measured, towards larger values."""
        if self.scale == "difference":
            return self.tolerance
        return float(abs(predicted) * np.expm1(self.tolerance))
