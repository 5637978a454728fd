"""``recall new-theorem | new-construction``."""

from pathlib import Path

import typer

from theory.cli.terminal import show

__all__ = ["register"]

FOLDER = typer.Option(Path(), help="Folder to write to; made if it does not exist.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("new-theorem")(new_theorem)
    app.command("new-construction")(new_construction)


def new_theorem(name: str = typer.Argument(help="Such as my-theorem."), out: Path = FOLDER) -> None:
    """Write an example of a theorem, which holds, to start from.

    Example: `recall new-theorem my-theorem`
    """
    from theory.scaffolding import new_theorem as write

    file = write(name, out)
    show(f"wrote {file}")
    show(f"judge it: recall verify --theorems {file}")
    show("or name it once, in pyproject.toml, for every command and for `pytest -m theory`:")
    show("[tool.recall]", f'theorems = ["{file}"]')


def new_construction(name: str = typer.Argument(help="Such as ridge."), out: Path = FOLDER) -> None:
    """Write an example of a construction, which can be measured, to start from.

    Example: `recall new-construction ridge`
    """
    from theory.scaffolding import new_construction as write

    file = write(name, out)
    module = ".".join(file.with_suffix("").parts)
    show(f"wrote {file}")
    show(f"measure it: recall measure {module}:build --d 64 --N 100")
