"""What a file of vectors holds, before it is looked at: the same record for every form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assoc.errors import InputError

__all__ = ["StoredVectors", "listed", "refuse_name"]

SHOWN = 8
"""Names that a message lists."""


@dataclass(frozen=True, eq=False)
class StoredVectors:
    """An array as a file has it.

    Parameters
    ----------
    array : should be (n, d); whoever reads on checks that.
    names : of its rows, if the file has them.
    eps : relative precision of the file's numbers; None stands for that of the array.
    notes : of how the file was read, one line each.
    """

    array: Any
    names: tuple[str, ...] | None = None
    eps: float | None = None
    notes: tuple[str, ...] = ()


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first of them if they are many.

    Examples
    --------
    >>> listed(["a", "b"]), listed([])
    ('a, b', 'none')
    """
    left = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {left} more" if left > 0 else "") or "none"


def refuse_name(path: object, name: str | None) -> None:
    """Refuse the name of a matrix where a file has one matrix without a name.

    Raises
    ------
    InputError
        If there is a name.
    """
    if name is not None:
        raise InputError(f"{path}: holds one matrix without a name: leave out :{name}")
