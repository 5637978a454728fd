"""The options of a command in one frozen object, for the functions that it is made of."""

from dataclasses import dataclass
from typing import Any

from assoc.errors import InputError

__all__ = ["Asked", "given"]


@dataclass(frozen=True)
class Asked:
    """Options as they were typed.

    A command with several modes builds one record of its options and hands it on. Its fields bear
    the names of the options, with underscores, and have the defaults of the command line.
    """

    def refuse(self, *names: str, why: str) -> None:
        """Refuse the first of these options that was given.

        Parameters
        ----------
        names : fields that have no place in a mode.
        why : the end of the message, after the option's name.

        Raises
        ------
        InputError
            If one is not at its default.

        Examples
        --------
        >>> @dataclass(frozen=True)
        ... class Search(Asked):
        ...     d: int
        ...     max_width: int | None = None
        >>> Search(d=8).refuse("max_width", why="has no place here")
        >>> Search(d=8, max_width=16).refuse("max_width", why="has no place here")
        Traceback (most recent call last):
        ...
        assoc.errors.InputError: --max-width has no place here
        """
        for name in names:
            # The default of a field is an attribute of the class.
            if getattr(self, name) != getattr(type(self), name):
                raise InputError(f"--{name.replace('_', '-')} {why}")


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given; of the others a function's own defaults are taken.

    Examples
    --------
    >>> given(width=16, degree=None)
    {'width': 16}
    """
    return {name: value for name, value in options.items() if value is not None}
