"""What bad input raises."""

import difflib
from collections.abc import Collection

__all__ = ["InputError", "UnfitError", "nearest"]


class InputError(ValueError):
    """Bad input, described in one line that names the input and what is wrong with it.

    The command line prints the line on stderr and exits with status 2.
    """


class UnfitError(InputError):
    """A construction is not of the kind that is asked for: it lacks an option, or cannot decide."""


def nearest(name: str, known: Collection[str]) -> str:
    """Say which known name is meant by an unknown one, or which there are."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
