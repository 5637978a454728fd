"""Matrices of ``.npy`` files and ``.npz`` archives; nothing is unpickled."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assoc.errors import InputError, nearest
from assoc.files import opened
from assoc.vectors.stored import StoredVectors, refuse_name

__all__ = ["read_arrays"]

PLAIN = b"\x93NUMPY"
"""How a ``.npy`` file begins."""

UNREADABLE = (
    OSError, ValueError, EOFError, KeyError, SyntaxError, OverflowError,
    NotImplementedError, RuntimeError, tokenize.TokenError, struct.error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy.load, zipfile and zlib raise on a damaged file."""


def read_arrays(path: Path, name: str | None = None, limit: int | None = None) -> StoredVectors:
    """Read a ``.npy`` matrix, or one of a ``.npz`` archive with the names beside it.

    Without a name an archive must hold one numeric array, or one called ``vectors``. A
    one-dimensional array of strings gives the names: the one called ``names`` if there are several.
    With a name, arrays of objects are left alone that are neither it nor ``names``.

    Parameters
    ----------
    path : the file.
    name : of the member that is the matrix.
    limit : rows to be read; of an archive the member is read whole first.

    Raises
    ------
    InputError
        If the file is damaged, needs pickle, or does not say which array is the matrix.
    """
    try:
        with opened(path) as file:
            plain = file.read(len(PLAIN)) == PLAIN
            file.seek(0)
            if plain and limit is not None:
                # Nothing but the rows that are wanted is read.
                loaded: Any = np.lib.format.open_memmap(path, mode="r")
            else:
                loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                arrays = {"vectors": loaded}
            else:
                with loaded:
                    found = {key: _member(path, loaded, key, name) for key in loaded.files}
                    arrays = {key: array for key, array in found.items() if array is not None}
    except MemoryError:
        raise InputError(f"{path}: claims to hold more than fits in memory") from None
    except InputError:
        raise
    except UNREADABLE as error:
        raise InputError(f"{path}: {_reason(error)}") from None
    if plain:
        refuse_name(path, name)
    matrix = arrays[_chosen(path, arrays, name)]
    names, notes = _names(path, arrays, matrix, name)
    if matrix.dtype == np.uint16:
        notes += (
            f"{path.name}: unsigned integers of 16 bits are read as numbers; "
            "if they are the bits of bfloat16, cast them to float32 first",
        )
    eps = float(np.finfo(matrix.dtype).eps) if matrix.dtype.kind == "f" else None
    if limit is not None and matrix.ndim:
        matrix, names = np.array(matrix[:limit]), None if names is None else names[:limit]
    return StoredVectors(matrix, names, eps, notes)


def _reason(error: Exception) -> str:
    """Return what a damaged file is."""
    if "Object arrays" in str(error):
        return "holds pickled objects, which are never read; save plain numbers"
    reason = str(error).partition("\n")[0] or type(error).__name__
    return f"not a readable .npy or .npz file ({reason})"


def _chosen(path: Path, arrays: Mapping[str, Any], name: str | None) -> str:
    """Return the name of the array that is the matrix."""
    foreign = sorted(key for key, array in arrays.items() if not isinstance(array, np.ndarray))
    if any(key.endswith("data.pkl") for key in foreign):
        raise InputError(
            f"{path}: a PyTorch file, whose pickles are never read; save it as safetensors"
        )
    if foreign:
        raise InputError(f"{path}: member {foreign[0]!r} is not an array")
    if name is not None:
        if name not in arrays:
            raise InputError(f"{path}: no member {name!r}; {nearest(name, sorted(arrays))}")
        return name
    matrices = [key for key, array in arrays.items() if array.dtype.kind not in "US"]
    if "vectors" in matrices:
        return "vectors"
    if len(matrices) != 1:
        raise InputError(
            f"{path}: one numeric array, or one called 'vectors', is needed; "
            f"found {sorted(arrays) or 'none'}" + (" (FILE:NAME names one)" if matrices else "")
        )
    return matrices[0]


def _names(
    path: Path, arrays: Mapping[str, Any], matrix: Any, name: str | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the names of the rows, if an archive has them, and a note where that is not clear.

    Raises
    ------
    InputError
        If there are more or fewer than rows of the one matrix that can be meant.
    """
    labels = {k: each for k, each in arrays.items() if each.dtype.kind in "US" and each.ndim == 1}
    chosen = "names" if "names" in labels or len(labels) != 1 else next(iter(labels))
    if chosen not in labels:
        found = " and ".join(map(repr, sorted(labels)))
        note = f"{path.name}: {found} could be the names, so there are none; call one 'names'"
        return None, (note,) if labels else ()
    names = tuple(str(label) for label in labels[chosen])
    if matrix.ndim and len(names) != len(matrix):
        said = f"{len(names)} names for {len(matrix)} vectors"
        if name is None:
            raise InputError(f"{path}: {said}")
        return None, (f"{path.name}: {said} of {name!r}, which go without names",)
    return names, ()


def _member(path: Path, archive: Any, key: str, name: str | None) -> Any:
    """Read one array of an archive; None stands for objects in one that is not asked for.

    Raises
    ------
    InputError
        If it holds objects, which are never read, and may be meant.
    """
    try:
        return archive[key]
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        if name is not None and key not in (name, "names"):
            return None
        plain = "float" if key in ("vectors", name) else "str"
        raise InputError(
            f"{path}: member {key!r} holds pickled objects, which are never read; "
            f"save {key}.astype({plain})"
        ) from None
