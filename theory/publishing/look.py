"""How the tables and figures of an appendix look, where a user says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sims.engine.tables import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLAIN", "FigureLook", "Look", "TableLook"]


@dataclass(frozen=True)
class TableLook:
    """Columns and digits of a table.

    Parameters
    ----------
    columns : keys of those that are shown, in order; None stands for the table's own.
    digits : significant digits, for every column or by its key.
    """

    columns: tuple[str, ...] | None = None
    digits: int | Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FigureLook:
    """Width and style of a figure.

    Parameters
    ----------
    width : inches; the height follows, letters keep their size. None stands for the figure's own.
    style : a style sheet, or a style that Matplotlib has, on top of the project's; empty for none.
    """

    width: float | None = None
    style: str = ""


@dataclass(frozen=True)
class Look:
    """What a user says of tables and figures: of each by its name, and of all under no name."""

    tables: Mapping[str, TableLook] = field(default_factory=dict)
    figures: Mapping[str, FigureLook] = field(default_factory=dict)

    def style(self, name: str) -> str:
        """Return the style of a figure."""
        own = self.figures.get(name, FigureLook()).style
        return own or self.figures.get("", FigureLook()).style

    def figure(self, name: str, figure: "Figure") -> "Figure":
        """Return a figure in the width that is asked for."""
        own = self.figures.get(name, FigureLook()).width
        width = own or self.figures.get("", FigureLook()).width
        if width:
            before, height = figure.get_size_inches()
            figure.set_size_inches(width, height * width / before)
        return figure

    def table(self, table: Table) -> Table:
        """Return a table with the columns and digits that are asked for."""
        every, own = (self.tables.get(name, TableLook()) for name in ("", table.name))
        shown = own.columns or tuple(table.columns)
        columns = {key: table.columns[key] for key in shown}
        for look in (every, own):
            columns = {key: _rounded(key, column, look) for key, column in columns.items()}
        return replace(table, columns=columns)


def _rounded(key: str, column: Column, look: TableLook) -> Column:
    digits = look.digits if isinstance(look.digits, int) else look.digits.get(key)
    return column if digits is None else replace(column, digits=digits)


PLAIN = Look()
"""Nothing is said."""
