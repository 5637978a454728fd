"""What bad input raises."""

__all__ = ["InputError", "UnfitError"]


class InputError(ValueError):
    """Bad input, described in one line that names the input and what is wrong with it.

    The command line prints the line on stderr and exits with status 2.
    """


class UnfitError(InputError):
    """A construction is not of the kind that is asked for: it lacks an option, or cannot decide."""
