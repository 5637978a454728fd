"""Files that a user names: only regular files are read or replaced, and links are followed.

A device or a FIFO has no end that one could wait for, and a file put in the place of a device would
break the machine. So what is no regular file is refused before it is opened.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from assoc.errors import InputError

__all__ = ["content_of", "opened", "place_of", "size_of", "there"]

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
"""What a path may be that is no regular file, with the test for it."""


def there(path: str | Path) -> bool:
    """Whether anything is at a path, also if it cannot be looked at, as a link to itself.

    Examples
    --------
    >>> there("nowhere"), there("."), there("x" * 300)
    (False, True, True)
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        # It is told what is wrong with it by whoever opens it.
        return True
    return True


def size_of(path: str | Path) -> int:
    """Return the bytes of a regular file.

    Raises
    ------
    InputError
        If it is not there, is something else, or cannot be looked at.

    Examples
    --------
    >>> size_of("/dev/null")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: /dev/null: a device, not a regular file
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {_said(error)}") from None
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: {_kind(found.st_mode)}, not a regular file")
    return found.st_size


def opened(path: str | Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises
    ------
    InputError
        As :func:`size_of`, or if it cannot be opened.
    """
    size_of(path)
    try:
        return open(path, "rb")
    except OSError as error:
        raise InputError(f"{path}: {_said(error)}") from None


def content_of(path: str | Path) -> bytes:
    """Return the bytes of a regular file.

    Raises
    ------
    InputError
        As :func:`opened`, or if it cannot be read.
    """
    with opened(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise InputError(f"{path}: {_said(error)}") from None


def place_of(path: str | Path) -> Path:
    """Return the place of a file that is to be written: itself, or what its links lead to.

    Parameters
    ----------
    path : of a file to be made or replaced.

    Raises
    ------
    InputError
        If something else is there, its folder is missing or cannot be written, or no file can have
        that name.

    Examples
    --------
    >>> place_of("/dev/null")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: /dev/null: a device, not a regular file
    """
    try:
        # Links of /proc lead to what has no path, so what is there is looked at first.
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {_said(error)}") from None
    place = Path(os.path.realpath(path))
    if not stat.S_ISREG(mode):
        said = f"{_kind(mode)}, not a regular file"
    elif not place.parent.is_dir():
        said = f"no such folder {(place if Path(path).is_symlink() else Path(path)).parent}"
    elif not os.access(place.parent, os.W_OK | os.X_OK):
        said = f"the folder {place.parent} cannot be written"
    else:
        return place
    raise InputError(f"{path}: {said}")


def _kind(mode: int) -> str:
    return next((what for test, what in KINDS if test(mode)), "something else")


def _said(error: OSError | ValueError) -> str:
    """Return what an error of the file system says."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return (isinstance(error, OSError) and error.strerror) or str(error)
