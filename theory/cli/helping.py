"""Help: options in groups, and examples one a line, as they are pasted."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from typer.models import OptionInfo

__all__ = ["examples_of", "grouped", "without_examples"]

GROUPS = {
    "Sizes": (
        "d", "N", "rank", "width", "widths", "degree", "gates", "omega", "bits", "rounding",
        "heads", "head_dim", "subjects", "relations", "answers", "attributes", "templates",
        "multiplicity", "shared", "fine_tuned", "noise", "length", "neurons", "values",
    ),
    "Facts and vectors": (
        "facts", "outputs", "table", "columns", "header", "several", "embeddings", "limit",
        "preprocess", "theorems", "config", "only",
    ),
    "Running": (
        "seed", "trials", "threads", "workers", "executor", "scheduler", "store", "resume",
        "redraw", "size", "controls", "inputs", "resolution", "criterion", "delta",
    ),
    "Output": (
        "json", "plot", "report", "out", "export", "print_config", "verbose", "version",
    ),
}  # fmt: skip
"""Options by the group that help shows them in; what is in none is shown first."""

EXAMPLES = re.compile(r"\n *Examples?: (.*)", re.DOTALL)


def examples_of(command: Callable[..., Any]) -> list[str]:
    """Return the examples in a command's docstring, each on a line of its own.

    Parameters
    ----------
    command : whose docstring ends with ``Example: `...```, or several with semicolons.
    """
    found = EXAMPLES.search(inspect.getdoc(command) or "")
    lines = re.findall(r"`(recall[^`]*)`", found[1]) if found else []
    return [" ".join(line.split()) for line in lines]


def without_examples(command: Callable[..., Any]) -> str:
    """Return a command's docstring without its examples.

    Parameters
    ----------
    command : as for :func:`examples_of`.
    """
    return EXAMPLES.sub("", inspect.getdoc(command) or "")


def grouped(command: Callable[..., Any]) -> None:
    """Put a command's options in their groups.

    Parameters
    ----------
    command : whose defaults are Typer's options.
    """
    of = {name: group for group, names in GROUPS.items() for name in names}
    for name, parameter in inspect.signature(command).parameters.items():
        option = parameter.default
        if isinstance(option, OptionInfo) and name in of:
            option.rich_help_panel = of[name]
