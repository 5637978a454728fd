"""The command's entry: subcommands, and what errors look like."""

import gc
import os
import sys
from pathlib import Path

import typer

from assoc.errors import InputError
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

__all__ = ["main"]

INTERRUPTED = 130

SELDOM = 100_000
"""Objects made between two looks for those that nothing refers to any more."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="How many facts can a network's weights hold? Verify theorems, predict, measure.",
)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        from theory.rendering.files import tool_version

        print(tool_version())
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


def main() -> None:
    """Run the command; bad input is one line on stderr and exit status 2."""
    # What start-up makes stays, and need not be looked through again and again.
    gc.set_threshold(SELDOM)
    if any(":" in argument for argument in sys.argv):
        # A user's own construction is imported from where the command is run.
        importing_from(Path.cwd())
    try:
        status = app(standalone_mode=False)
    except InputError as error:
        sys.exit(_fail(str(error)))
    except typer.TyperException as error:
        sys.exit(_fail(error.format_message(), error.exit_code))
    except MemoryError as error:
        sys.exit(_fail(f"not enough memory: {error}"))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_fail("interrupted", INTERRUPTED))
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if status == INTERRUPTED:
        sys.exit(_fail("interrupted", INTERRUPTED))
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, status: int = 2) -> int:
    line = " ".join(message.split())
    # Without arguments the help was the message.
    if line:
        print(f"recall: {line}", file=sys.stderr)
    return status
