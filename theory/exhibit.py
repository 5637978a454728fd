"""Exhibits: tables and figures of the appendix beside the theorems' own, found by their modules.

A file in ``theory/exhibits`` that defines ``EXHIBIT`` is an exhibit; there is no other list. It
names the points it needs, which the sweep computes once however many exhibits ask for them, and
makes its records, its table and its figure from what came out.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from assoc.imports import called
from sims.engine.tables import Column, Table
from sims.sweeps.tasks import Task
from theory.extras import lacking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Exhibit"]

Rows = list[dict[str, Any]]
"""Records of a table."""


@dataclass(frozen=True)
class Exhibit:
    """A table, and often a figure, from points of a sweep.

    Parameters
    ----------
    name : of its files.
    theorem : whose section it stands in.
    title : one line.
    caption : what is shown and how it was measured; Markdown, with TeX between dollars.
    points : ``points(seed=..., size=..., **regime)`` gives the points that are needed.
    rows : makes the records from the points' values, in the order of the points.
    columns : of the table.
    quick, full : regimes; the full one changes the quick one.
    figure : draws the records; None if there is nothing to draw.
    alternative : what the figure shows, for those who cannot see it.
    extra : one of :data:`theory.extras.EXTRAS`, without which the exhibit is left out; None for
        the core.
    printed : whether papers have the table; of long traces CSV and the page have it.
    """

    name: str
    theorem: str
    title: str
    caption: str
    points: Callable[..., Sequence[Task]]
    rows: Callable[[Sequence[Task], Sequence[Any]], Rows]
    columns: Mapping[str, Column]
    quick: Mapping[str, Any]
    full: Mapping[str, Any]
    figure: "Callable[[Rows], Figure] | None" = None
    alternative: str = ""
    extra: str | None = None
    printed: bool = True

    @property
    def available(self) -> bool:
        """Whether what its points need is installed."""
        return not lacking(self.extra)

    def regime(self, size: str) -> dict[str, Any]:
        """Return what a size asks the points for."""
        return {**self.quick, **(self.full if size == "full" else {})}

    def tasks(
        self, *, size: str, seed: int, own: Mapping[str, Any] = MappingProxyType({})
    ) -> Sequence[Task]:
        """Return the points that are needed at a size.

        Parameters
        ----------
        size, seed : as everywhere.
        own : what the user has in place of what stands in the regime, and possibly of the seed.
        """
        return called(self.points, **{"seed": seed, "size": size, **self.regime(size), **own})

    def records(self, tasks: Sequence[Task], values: Mapping[str, Any]) -> Rows | None:
        """Return the records, or None while a point is missing."""
        if any(task.key not in values for task in tasks):
            return None
        # Other exhibits and claims use the same values.
        own = [deepcopy(values[task.key]) for task in tasks]
        return called(self.rows, tasks, own)

    def table(self, rows: Rows) -> Table:
        """Return the table of records."""
        return Table(self.name, self.caption, self.columns, rows, self.printed)
