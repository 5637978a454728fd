"""``recall appendix | status``."""

from pathlib import Path

import typer

from assoc.errors import InputError
from assoc.files import there
from theory.cli.options import JSON, SEED, THEOREMS, WORKERS
from theory.cli.output import command_line, emit, print_table, progress_bar
from theory.cli.terminal import say, show
from theory.cli.theorems import print_verdicts

__all__ = ["INCOMPLETE", "register"]

INCOMPLETE = 3
"""Exit status where something was not written for want of data."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(appendix)
    app.command()(status)


def appendix(
    out: Path | None = typer.Option(None, help="Folder to write to; made if it does not exist."),
    size: str = typer.Option("quick", help="quick or full."),
    only: list[str] | None = typer.Option(
        None, help="A theorem or an exhibit, or several with commas; may be repeated."
    ),
    theorems: list[str] | None = THEOREMS,
    config: Path | None = typer.Option(
        None,
        help="File with sizes, seeds, columns and figure widths of your own; see --print-config.",
    ),
    print_config: bool = typer.Option(
        False, help="Print the current settings, to edit, and do nothing else."
    ),
    seed: int = SEED,
    store: Path | None = typer.Option(
        None, help="File of finished points; default: appendix-SIZE-seedSEED.sqlite in the folder."
    ),
    resume: bool = typer.Option(
        True, help="Go on from the points in the store. --no-resume refuses a store that exists."
    ),
    redraw: bool = typer.Option(False, help="Compute nothing: write what the store has."),
    executor: str = typer.Option(
        "processes", help="Workers on this machine: processes or threads."
    ),
    workers: int | None = WORKERS,
    scheduler: str | None = typer.Option(
        None, help="Use a Dask cluster instead: tcp://HOST:PORT of its scheduler."
    ),
    json: bool = JSON,
) -> None:
    """Write tables (LaTeX, CSV, Markdown), figures (PDF, SVG) and one page with all of it.

    Every finished point is stored at once: after an interrupt or a crash the same command goes on
    where it stopped. Without --config the table tool.recall.appendix of the project's
    pyproject.toml is read. Exit status 1 if a claim is violated, 3 if something is missing.

    Examples: `recall appendix --out build/appendix`;
    `recall appendix --out paper/recall --size full --only sharp-linear-capacity`;
    `recall appendix --out build/appendix --redraw`;
    `recall appendix --out build/appendix --theorems my_paper.theorems`;
    `recall appendix --print-config --only linear-capacity > sizes.toml`;
    `recall appendix --out build/appendix --only linear-capacity --config sizes.toml`;
    `recall appendix --out build/appendix --scheduler tcp://127.0.0.1:8786`
    """
    from theory.publishing.appendix import appendix as run
    from theory.publishing.appendix import default_store, printed_config

    names = [name.strip() for text in only or () for name in text.split(",")]
    if print_config:
        show(*printed_config(names, theorems or (), config=config, size=size).splitlines())
        return
    if out is None:
        raise InputError("--out: name a folder to write to")
    kept = default_store(out, size=size, seed=seed) if store is None else store
    if not resume and there(kept):
        raise InputError(f"--no-resume: {kept} exists; name another store, or remove it")
    if executor not in ("processes", "threads"):
        raise InputError(f"--executor {executor!r} is neither processes nor threads")
    if scheduler is not None and "://" not in scheduler:
        raise InputError(f"--scheduler {scheduler!r} is no address like tcp://127.0.0.1:8786")
    with progress_bar("appendix") as progress:
        result = run(
            out, size=size, only=names, theorems=theorems or (), config=config, seed=seed,
            store=kept, executor=scheduler or executor, workers=workers, redraw=redraw,
            progress=progress, command=command_line(),
        )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=seed)
    else:
        print_verdicts(result.verdicts)
    say(f"{result.computed} points computed, {result.points} in all; wrote {out / 'report.html'}")
    for name, why in result.missing.items():
        say(f"not written: {name}, {why}")
    if result.verdicts.summary()["violated"]:
        raise typer.Exit(1)
    if result.missing:
        raise typer.Exit(INCOMPLETE)


def status(
    store: Path = typer.Argument(help="File of finished points."),
    theorems: list[str] | None = THEOREMS,
    json: bool = JSON,
) -> None:
    """Show what the store of a sweep holds, even while it is being written.

    Example: `recall status build/appendix/appendix-quick-seed0.sqlite`
    """
    from theory.publishing.status import status as read

    result = read(store, theorems=theorems or ())
    if json:
        emit({"result": result.to_dict()}, seed=None)
        return
    asked = ", ".join(f"{name} {value}" for name, value in result.request.items())
    print_table(f"{store}: {asked}", result.rows(), ["part", "points", "of", "seconds"])
    whole = "" if result.total is None else f"; the whole appendix has {result.total}"
    show(f"{result.points} points{whole}")
