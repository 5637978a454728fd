"""What the commands print and write: one JSON document, or a table for people."""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.rendering.drawing import FORMATS, drawn
from theory.rendering.files import as_json, provenance, tool_version, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sims.sweeps.tasks import Progress

__all__ = [
    "BITS",
    "DEGREE",
    "EXECUTOR",
    "HEADS",
    "HEAD_DIM",
    "JSON",
    "PLOT",
    "RANK",
    "ROUNDING",
    "SCHEDULER",
    "SEED",
    "WIDTH",
    "WORKERS",
    "check_plot",
    "command_line",
    "emit",
    "integers",
    "number",
    "print_table",
    "progress_bar",
    "save_figure",
    "say",
    "shipped",
    "working",
]

SEED = typer.Option(0, min=0, help="Determines every random number.")
"""Option for the seed."""
JSON = typer.Option(False, "--json", help="One JSON document on stdout, nothing else.")
"""Switch for the machine-readable output."""
PLOT = typer.Option(None, help="Draw the result to this file (.png, .svg or .pdf).")
"""Option for a figure."""
RANK = typer.Option(None, help="Rank m of a low-rank memory: an integer, or a fraction: d/2.")
"""Option for the rank of a memory."""
BITS = typer.Option(None, help="Bits per weight, 1 to 16, for every memory and model.")
"""Option for the width of stored weights."""
ROUNDING = typer.Option(None, help="How weights are rounded to --bits: nearest or stochastic.")
"""Option for how weights are rounded."""
WIDTH = typer.Option(None, help="Width m of a network: an integer, or a multiple: 16d.")
"""Option for the number of hidden neurons."""
DEGREE = typer.Option(None, help="Degree k of a network's Hermite polynomials, 1 to 6.")
"""Option for the degree of activations."""
HEADS = typer.Option(None, help="Number of heads H of a transformer.")
"""Option for the number of heads."""
HEAD_DIM = typer.Option(None, help="Dimension d_h of a head.")
"""Option for the dimension of heads."""

WORKERS = typer.Option(
    None, min=1, envvar="RECALL_WORKERS", help="Workers on this machine; default: one a core."
)
"""Option for the number of workers."""
EXECUTOR = typer.Option("processes", help="Workers on this machine: processes or threads.")
"""Option for the kind of workers."""
SCHEDULER = typer.Option(None, help="Use a Dask cluster instead: tcp://HOST:PORT of its scheduler.")
"""Option for a cluster."""


def command_line() -> str:
    """Return the command as typed."""
    return shlex.join(["recall", *sys.argv[1:]])


def integers(text: str | None, name: str) -> list[int] | None:
    """Read ``64`` or ``32,64,128``.

    Raises
    ------
    InputError
        If a part is not an integer.
    """
    if text is None:
        return None
    try:
        return [int(part) for part in text.replace("_", "").split(",")]
    except ValueError:
        raise InputError(f"{name} = {text!r} is not an integer or a list like 32,64,128") from None


def shipped(file: Path) -> Path:
    """Return a file, or the example shipped under its name where there is no such file here."""
    if file.exists() or file.name != str(file):
        return file
    from assoc.facts.tables import EXAMPLES, example_path

    return example_path(file.name) if file.name in EXAMPLES else file


def emit(result: Mapping[str, Any], *, seed: int | None) -> None:
    """Print the JSON document of a result."""
    document = {
        "tool": "recall",
        "version": tool_version(),
        "command": command_line(),
        "seed": seed,
        **result,
    }
    print(as_json(document))


def number(value: Any) -> str:
    """Format a value for a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        ends = (f"{item:.4g}" if isinstance(item, float) else number(item) for item in value)
        return f"[{', '.join(ends)}]"
    if isinstance(value, float):
        return f"{value:.5g}"
    return str(value)


def print_table(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    styles: Mapping[str, str] | None = None,
    header: bool = True,
) -> None:
    """Print records as a table; colour only on a terminal.

    Where the terminal is too narrow, ``optional`` columns are left out, the first of them first;
    text is folded, never cut. Into a pipe or a file the table keeps its natural width.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def table_of(shown: Sequence[str]) -> Table:
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            show_header=header,
        )
        for column in shown:
            numeric = all(isinstance(row.get(column), int | float | None) for row in rows)
            table.add_column(
                column.replace("_", " "),
                justify="right" if numeric else "left",
                overflow="fold",
                no_wrap=numeric,
            )
        for row in rows:
            cells = [number(row.get(column)) for column in shown]
            table.add_row(*(Text(cell, style=(styles or {}).get(cell, "")) for cell in cells))
        return table

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(200, console.width))
    shown = list(columns)
    for column in optional:
        # A console without bounds measures what the table would like to have.
        if Console(width=10_000).measure(table_of(shown)).maximum <= console.width:
            break
        shown.remove(column)
    console.print(table_of(shown))


def say(text: str) -> None:
    """Print a remark on stderr."""
    print(text, file=sys.stderr)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Show on a terminal's stderr that something is under way."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(text) if console.is_terminal else _quiet():
        yield


@contextmanager
def progress_bar(text: str) -> "Iterator[Callable[[Progress], None] | None]":
    """Show on a terminal's stderr how far a sweep is, and how much time is left.

    Elsewhere nothing is shown, but how many points were found in a store.
    """
    from rich.console import Console
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
                bar.update(task, completed=now.done - now.found, point=now.key[:40])

        yield show


@contextmanager
def _quiet() -> Iterator[None]:
    yield


def check_plot(path: Path | None) -> None:
    """Refuse a figure file whose format or folder is wrong, before any work is done.

    Raises
    ------
    InputError
        If the ending is not that of a known format, or the folder does not exist.
    """
    if path is None:
        return
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"--plot {path}: the ending must be one of {known}")
    if not path.parent.is_dir():
        raise InputError(f"--plot {path}: no such folder {path.parent}")


def save_figure(figure: "Axes | Figure", path: Path, *, seed: int | None) -> None:
    """Write a figure, with its provenance in the file's metadata."""
    from matplotlib.axes import Axes

    from theory.rendering.axes import figure_of

    whole = figure_of(figure) if isinstance(figure, Axes) else figure
    origin = provenance(command=command_line(), seed=seed)
    write_whole(path, drawn(whole, path.suffix.lower().removeprefix("."), origin))
    say(f"wrote {path}")
