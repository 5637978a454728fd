"""The command and its subcommands."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from assoc.imports import importing_from
from theory.cli import (
    appendix,
    bound,
    capacity,
    compare,
    facts,
    flow,
    knowledge,
    memories,
    new,
    theorems,
)
from theory.cli.ending import TRACEBACK
from theory.cli.helping import examples_of, grouped, without_examples
from theory.cli.terminal import show, stdout_kept, writing

__all__ = ["run"]


class _Group(TyperGroup):
    """Prints its help while words are parsed, which is when stdout may take nothing."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with writing():
            return super().parse_args(ctx, args)


class _Command(TyperCommand):
    """The same of a subcommand, with examples at the end that no margin breaks."""

    examples: tuple[str, ...] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with writing():
            return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        if self.examples:
            show("Examples:", *(f"  {example}" for example in self.examples))


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="How many facts can a network's weights hold? Verify theorems, predict, measure.",
)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    traceback: bool = typer.Option(
        False, TRACEBACK, help="Show where an error comes from, before its line."
    ),
) -> None:
    if version:
        from theory.rendering.files import tool_version

        show(tool_version())
        raise typer.Exit


theorems.register(app)
memories.register(app)
capacity.register(app)
compare.register(app)
facts.register(app)
flow.register(app)
knowledge.register(app)
bound.register(app)
appendix.register(app)
new.register(app)


def _with_stdout_kept(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def kept(**options: Any) -> Any:
        with stdout_kept():
            return command(**options)

    return kept


for registered in app.registered_commands:
    assert registered.callback is not None
    grouped(registered.callback)
    registered.help = without_examples(registered.callback)
    registered.cls = type("_Shown", (_Command,), {"examples": (*examples_of(registered.callback),)})
    registered.callback = _with_stdout_kept(registered.callback)


def run() -> int:
    """Run the command that was typed and return its exit status; what goes wrong is raised."""
    if any(":" in argument for argument in sys.argv):
        # A user's own construction is imported from where the command is run.
        importing_from(Path.cwd())
    command = typer.main.get_command(app)
    try:
        with command.make_context("recall", sys.argv[1:]) as context:
            status = command.invoke(context)
    except typer.Exit as early:
        return early.exit_code
    return status if isinstance(status, int) else 0
