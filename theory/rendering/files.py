"""Files are written whole or not at all, and say where they come from."""

import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assoc.errors import InputError

__all__ = [
    "as_json",
    "library_versions",
    "make_folder",
    "provenance",
    "tool_version",
    "write_whole",
]

LIBRARIES = ("numpy", "scipy", "numba", "sympy", "clarabel", "pandas", "matplotlib")


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
    """Write a file under a temporary name, then rename it into place.

    Raises
    ------
    InputError
        If the file cannot be written; what was there before is still there.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as handle:
            temporary = handle.name
            handle.write(data)
        # A temporary file is private; give this one the permissions of any new file.
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None


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


@cache
def _commit() -> str | None:
    """Return the commit of the checkout this file is in, if it is in one."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return found.stdout.strip() or None


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
