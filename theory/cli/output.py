"""What the commands print and write: one JSON document, or a table for people."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sims.engine.numbers import number_known
from theory.cli.terminal import json_text, say, visible, writing
from theory.outlook import NEVER
from theory.rendering.drawing import drawn, styled
from theory.rendering.files import as_json, provenance, tool_version, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from sims.sweeps.tasks import Progress
    from theory.facts.effort import Effort

__all__ = [
    "STYLES",
    "command_line",
    "emit",
    "print_table",
    "progress_bar",
    "save_figure",
    "watching",
    "working",
]


def command_line() -> str:
    """Return the command as typed."""
    return shlex.join(["recall", *sys.argv[1:]])


def emit(result: Mapping[str, Any], *, seed: int | None) -> None:
    """Print the JSON document of a result."""
    document = {
        "tool": "recall",
        "version": tool_version(),
        "command": command_line(),
        "seed": seed,
        **result,
    }
    with writing() as stream:
        stream.write(json_text(as_json(document), stream.encoding or "utf-8") + "\n")


HEADINGS = {"law": "load", "law_99": "load 99", "law_all": "load all", "said": "answered"}
"""Headings of columns that JSON has under an older name; the load is N log N / d^2."""


def print_table(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    styles: Mapping[str, str] | None = None,
    header: bool = True,
    chances: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Print records as a table; colour only on a terminal.

    Where the terminal is too narrow, ``optional`` columns are left out, the first of them first;
    text is folded, never cut. Into a pipe or a file the table keeps its natural width, and no line
    ends with blanks. In columns of ``chances`` it is said in their words that one is next to none.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def table_of(shown: Sequence[str]) -> Table:
        table = Table(
            title=Text(visible(title)),
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            show_header=header,
        )
        for column in shown:
            numeric = all(isinstance(row.get(column), int | float | None) for row in rows)
            table.add_column(
                HEADINGS.get(column, column.replace("_", " ")),
                justify="right" if numeric else "left",
                overflow="fold",
                no_wrap=numeric,
            )
        for row in rows:
            cells = [
                chances[column]
                if column in chances and isinstance(value, float) and 0 < value < NEVER
                else _cell(value)
                for column in shown
                for value in [row.get(column)]
            ]
            table.add_row(*(Text(cell, style=(styles or {}).get(cell, "")) for cell in cells))
        return table

    with writing() as stream:
        console = Console(file=stream)
        if not console.is_terminal:
            console = Console(file=stream, width=max(200, console.width))
        shown = list(columns)
        for column in filter(columns.__contains__, optional):
            # A console without bounds measures what the table would like to have.
            if Console(width=10_000).measure(table_of(shown)).maximum <= console.width:
                break
            shown.remove(column)
        with console.capture() as printed:
            console.print(table_of(shown))
        text = printed.get()
        stream.write(text if console.is_terminal else re.sub(r" +$", "", text, flags=re.MULTILINE))


def _cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        ends = (f"{item:.4g}" if isinstance(item, float) else _cell(item) for item in value)
        return f"[{', '.join(ends)}]"
    if isinstance(value, float):
        return number_known(value)
    return visible(value)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Show on a terminal's stderr that something is under way, and for how long."""
    with watching(text):
        yield


@contextmanager
def watching(text: str) -> "Iterator[Watching]":
    """Show on a terminal's stderr what is under way, in what state, and for how long.

    What work will take is said everywhere, if it is over two seconds.
    """
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Watching()
        return
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Bar(*columns, console=console, transient=True) as bar:
        bar.add_task(text, total=None)
        yield Watching(bar)


class Watching:
    """Shows what it is told of work (:class:`theory.facts.effort.Watcher`).

    Parameters
    ----------
    bar : shows a line for each piece of work; None where nobody looks.
    """

    def __init__(self, bar: "Bar | None" = None) -> None:
        self._bar = bar
        self._lines: dict[str, TaskID] = {}

    def expect(self, what: str, effort: "Effort") -> None:
        """Print what a piece of work takes, unless it is short."""
        if not effort.is_short:
            say(f"{what}: {effort}")

    def see(self, what: str, stage: str) -> None:
        """Show what is being done now."""
        if self._bar is None:
            return
        line = visible(f"{what}: {stage}")
        if what in self._lines:
            self._bar.update(self._lines[what], description=line)
        else:
            self._lines[what] = self._bar.add_task(line, total=None)


@contextmanager
def progress_bar(text: str) -> "Iterator[Callable[[Progress], None] | None]":
    """Show on a terminal's stderr how far a sweep is, and how much time is left.

    Elsewhere nothing is shown, but how many points were found in a store.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:

        def tell(now: "Progress") -> None:
            if not now.key and now.found:
                say(f"{now.found} of {now.total} points found in the store")

        yield tell
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(compact=True), TextColumn("left  [dim]{task.fields[point]}"),
    )  # fmt: skip
    # Points may be many minutes apart; the estimate is to look back at all of them.
    with Bar(*columns, console=console, transient=True, speed_estimate_period=1e6) as bar:
        task = bar.add_task(text, total=None, point="")

        def show(now: "Progress") -> None:
            if not now.key:
                # What was found took no time, and says nothing of what is left.
                bar.update(task, total=now.total - now.found, completed=0)
                if now.found:
                    say(f"{now.found} of {now.total} points found in the store")
            else:
                point = escape(visible(now.key)[:40])
                bar.update(task, completed=now.done - now.found, point=point)

        yield show


def save_figure(draw: "Callable[[], Axes | Figure]", path: Path, *, seed: int | None) -> None:
    """Write what is drawn in the project's style, with its provenance in the file's metadata."""
    from matplotlib.axes import Axes

    from theory.rendering.axes import figure_of

    with styled():
        figure = draw()
    whole = figure_of(figure) if isinstance(figure, Axes) else figure
    origin = provenance(command=command_line(), seed=seed)
    write_whole(path, drawn(whole, path.suffix.lower().removeprefix("."), origin))
    say(f"wrote {path}")


STYLES = {
    "holds": "green",
    "violated": "bold red",
    "inconclusive": "yellow",
    "not applicable": "cyan",
    "caught": "green",
    "MISSED": "bold red",
    "yes": "green",
    "no": "bold red",
}
"""Colours of verdicts in tables."""
