"""Files are written whole or not at all, and say where they come from."""

import errno
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

from assoc.errors import InputError
from assoc.files import place_of

__all__ = [
    "as_json",
    "library_versions",
    "make_folder",
    "provenance",
    "tool_version",
    "write_whole",
]

LIBRARIES = ("numpy", "scipy", "numba", "sympy", "clarabel", "pandas", "matplotlib")

DESCRIPTORS = Path("/proc/self/fd")
"""Where Linux has the open files of a process by their numbers."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in, unless it is there.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from None


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file whole or not at all; of a link, the file that it leads to.

    Until it is whole the file has no name, where the system offers that: then nothing is left of it
    however the process ends. Elsewhere it has a name of its own, which an exception takes away.

    Raises
    ------
    InputError
        If something other than a regular file is there, or the file cannot be written; what was
        there before is still there.
    """
    place = place_of(path)
    data = content.encode() if isinstance(content, str) else content
    # Short, as the name of the file itself may be as long as a name can be.
    beside = place.with_name(f".{uuid4().hex}.part")
    try:
        descriptor = _nameless(place.parent)
        if descriptor is None:
            with beside.open("xb") as file:
                file.write(data)
        else:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if _named(descriptor, place):
                    return
                # Only a name can replace a name.
                _named(descriptor, beside)
        beside.replace(place)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _nameless(folder: Path) -> int | None:
    """Open a file without a name in a folder, or return None where there are no such files."""
    if not (hasattr(os, "O_TMPFILE") and DESCRIPTORS.is_dir()):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            return None
        raise


def _named(descriptor: int, place: Path) -> bool:
    """Give a file a name, unless that is taken; return whether it has it."""
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        # With a folder given the link of /proc is followed to the file.
        os.link(DESCRIPTORS / str(descriptor), place.name, dst_dir_fd=folder)
    except FileExistsError:
        return False
    finally:
        os.close(folder)
    return True


def as_json(document: Mapping[str, Any]) -> str:
    """Write a document as JSON: NumPy scalars as numbers, what is not finite as null.

    Examples
    --------
    >>> print(as_json({"N": [1, float("inf")]}).replace(chr(10), ""))
    {  "N": [    1,    null  ]}
    """
    return json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@cache
def tool_version() -> str:
    """Return the installed version of the distribution."""
    try:
        return version("factual-recall")
    except PackageNotFoundError:
        return "unknown"


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that compute and draw."""
    return {name: version(name) for name in LIBRARIES}


# What programs store in a checkout is no reason to call the code changed that stores the next.
STORED = ("docs/results", "docs/figures")


@cache
def _commit(folder: Path = Path(__file__).parent) -> str | None:
    """Return the commit of the checkout a folder is in, if it is in one, and -dirty if changed."""
    commit = _git(folder, "describe", "--always", "--abbrev=12")
    but = [f":(top,exclude){name}" for name in STORED]
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":/", *but)
    # Where Git does not say whether anything was changed, it may have been.
    return commit if changed == "" or not commit else f"{commit}-dirty"


def _git(folder: Path, *command: str) -> str | None:
    """Return what Git prints, or None if there is no Git or it fails."""
    try:
        found = subprocess.run(
            ["git", "--no-optional-locks", *command],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return None if found.returncode else found.stdout.strip()


def provenance(*, command: str, seed: int | None) -> dict[str, Any]:
    """Say how a result came about: command, seed, version, commit, machine."""
    return {
        "command": command,
        "seed": seed,
        "version": tool_version(),
        "commit": _commit(),
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": ".".join(map(str, sys.version_info[:3])),
        },
    }
