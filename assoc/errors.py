"""The one exception that bad input raises."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Bad input, described in one line that names the input and what is wrong with it.

    The command line prints the line on stderr and exits with status 2.
    """
