"""What every measurement returns: a frozen record that becomes a table or a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from assoc.errors import InputError, nearest
from sims.engine.tables import Column, Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = ["Result", "finite", "log_scales", "new_axes"]

SHORT = (1e-3, 0.5, 1.5e5)
"""Least values of logarithmic axes of base 10 and 2 that are written out, and the largest."""

NARROW = 4.0
"""Largest over smallest value of an axis that may have no two powers to label."""


@dataclass(frozen=True, repr=False)
class Result:
    """Base of the result records: rows of a table, with views made from them."""

    printed: ClassVar[tuple[str, ...]] = ()
    """Keys of the rows that a paper has room for; none stands for all that fit a cell."""

    def rows(self) -> list[dict[str, Any]]:
        """Return the table as a list of plain records."""
        raise TypeError(f"{type(self).__name__} has no rows")

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain Python values that JSON can hold."""
        return {"points": self.rows()}

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame; integers stay integers beside what is missing."""
        import pandas as pd

        rows = self.rows()
        frame = pd.DataFrame(rows)
        for key in frame:
            values = [row.get(str(key)) for row in rows]
            if {type(value) for value in values} == {int, type(None)}:
                frame[key] = pd.array(values, dtype="Int64")
        return frame

    def to_latex(
        self,
        caption: str = "",
        *,
        columns: Sequence[str] | None = None,
        digits: int = 4,
        name: str = "results",
    ) -> str:
        """Return the table as LaTeX, for a paper with adjustbox, array, booktabs and siunitx.

        Parameters
        ----------
        caption : Markdown, with TeX between dollars.
        columns : keys of the rows, in order; None stands for those that a paper has room for, all
            that hold numbers, intervals or words unless the result says otherwise.
        digits : significant digits of numbers that are no integers.
        name : the label is ``tab:recall-NAME``.

        Raises
        ------
        InputError
            If a column is unknown; the nearest is suggested.
        """
        rows = self.rows()
        there = list(dict.fromkeys(key for row in rows for key in row))
        plain = [key for key in there if all(_fits_a_cell(row.get(key)) for row in rows)]
        for key in columns or ():
            if key not in there:
                raise InputError(f"column {key!r}: {nearest(key, there)}")
        chosen = columns or self.printed or plain
        shown = {key: Column(_heading(key), digits=digits) for key in chosen}
        return Table(name, caption, shown, rows).latex()

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def _heading(key: str) -> str:
    """Return the heading of a column: a quantity in mathematics, or words."""
    if key == "law":
        return r"load $N \log N / d^2$"
    quantity = len(key) == 1 or (key[1] in "_^" and len(key) == 3)
    return f"${key}$" if quantity else key.replace("_", " ")


def _fits_a_cell(value: Any) -> bool:
    """Whether a value is a number, a word, or an interval of numbers."""
    if isinstance(value, list | tuple):
        return len(value) == 2 and all(end is None or isinstance(end, int | float) for end in value)
    return value is None or isinstance(value, bool | int | float | str)


def new_axes(ax: "Axes | None") -> "Axes":
    """Return ``ax``, or the axes of a new figure that no window manager holds on to."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(6, 4), layout="constrained").subplots()


def log_scales(ax: "Axes", *, x_base: int = 10, y_base: int = 10) -> None:
    """Make both axes logarithmic, and say on them where nothing finite and positive is drawn.

    Parameters
    ----------
    ax : axes; a search that was censored in every trial leaves nothing on them.
    x_base, y_base : base of the ticks.
    """
    if not np.isfinite(ax.dataLim.minpos).all():
        # Matplotlib refuses a logarithmic axis whose data it cannot show.
        ax.set_xlim(1, 10)
        ax.set_ylim(1, 10)
        ax.text(0.5, 0.5, "no finite value to draw", ha="center", transform=ax.transAxes)
    ax.set_xscale("log", base=x_base)
    ax.set_yscale("log", base=y_base)
    for axis, base in ((ax.xaxis, x_base), (ax.yaxis, y_base)):
        _label(axis, base)


def _label(axis: "Axis", base: int) -> None:
    """Label a logarithmic axis: plain numbers where they are short, and more than one of them."""
    from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator, NullFormatter

    def text(value: float, place: int | None = None) -> str:
        low, high = axis.get_view_interval()
        short = low >= SHORT[base == 2] and high <= SHORT[2]
        return f"{value:.10g}" if short else power(value, place)

    low, high = axis.get_view_interval()
    power = LogFormatterMathtext(base=base)
    power.set_axis(axis)
    first, last = np.log([low, high]) / np.log(base)
    powers = np.floor(last) - np.ceil(first) + 1
    if powers < 2 and high / low < NARROW:
        axis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 6, 8)))
    elif powers < 3 and base == 10 and low >= SHORT[0] and high <= SHORT[2]:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it: None stands for one that is not finite.

    Examples
    --------
    >>> finite(2.0), finite(float("inf"))
    (2.0, None)
    """
    return value if np.isfinite(value) else None
