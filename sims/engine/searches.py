"""What a search returns: at each point a bracket for every trial, and the record of all points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.criterion import Criterion
from sims.engine.results import Result, finite, new_axes
from sims.engine.statistics import LEVEL, Interval, median_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Brackets", "SearchResult", "draw_trials"]


class Brackets:
    """Base of the points: one bracket for each trial, both of whose ends were measured.

    Parameters
    ----------
    low : for each trial, the lower end.
    high : the upper end, infinite where the search was censored.
    """

    low: tuple[int, ...]
    high: tuple[float, ...]

    @property
    def censored(self) -> int:
        """Trials whose search ended at the largest allowed size before it changed its outcome."""
        return int(np.isinf(self.high).sum())

    def interval(self, level: float = LEVEL) -> Interval:
        """Order-statistic interval of the median over trials."""
        return median_interval(self.low, self.high, level=level)

    def finite_interval(self) -> list[float | None]:
        """Return the interval at :data:`sims.engine.statistics.LEVEL`, an unbounded end as None."""
        return [finite(end) for end in self.interval()]

    def tally(self) -> dict[str, int]:
        """Return the number of trials, and of those that were censored."""
        return {"trials": len(self.low), "censored": self.censored}

    def ends(self) -> dict[str, list[Any]]:
        """Return the ends of all trials, an infinite one as None."""
        return {"low": list(self.low), "high": [finite(end) for end in self.high]}


@dataclass(frozen=True, repr=False)
class SearchResult(Result):
    """What a search of a memory's sizes found, at one or more points.

    Parameters
    ----------
    memory : its name, with the options.
    criterion : when a trial's facts count as recalled.
    embeddings, facts : what the trials drew.
    seed : determines every random number.
    points : one for each size that was asked for.
    """

    memory: str
    criterion: Criterion
    embeddings: str
    facts: str
    seed: int
    points: tuple[Brackets, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "memory": self.memory,
            "criterion": str(self.criterion),
            "seed": self.seed,
            "embeddings": self.embeddings,
            "facts": self.facts,
            "level": LEVEL,
            "points": self.rows(),
        }


def draw_trials(ax: "Axes | None", x: Iterable[float], ends: Iterable[Sequence[float]]) -> "Axes":
    """Draw one end of every trial's bracket, and return the axes.

    Parameters
    ----------
    ax : axes, or None for new ones.
    x : (p,) where each point stands.
    ends : for each point, the ends of its trials.
    """
    ax = new_axes(ax)
    for place, trials in zip(x, ends, strict=True):
        ax.plot([place] * len(trials), trials, ".", color="0.6", markersize=4, zorder=1)
    return ax
