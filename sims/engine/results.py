"""What every measurement returns: a frozen record that becomes a table or a figure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Result", "finite", "log_scales", "new_axes"]


@dataclass(frozen=True, repr=False)
class Result:
    """Base of the result records: rows of a table, with views made from them."""

    def rows(self) -> list[dict[str, Any]]:
        """Return the table as a list of plain records."""
        raise TypeError(f"{type(self).__name__} has no rows")

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain Python values that JSON can hold."""
        return {"points": self.rows()}

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the curve on ``ax``, or on new axes, and return the axes."""
        raise TypeError(f"{type(self).__name__} is not a curve")

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


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


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it: None stands for one that is not finite.

    Examples
    --------
    >>> finite(2.0), finite(float("inf"))
    (2.0, None)
    """
    return value if np.isfinite(value) else None
