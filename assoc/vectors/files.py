"""Files of vectors, read with the names that come along."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.vectors.named import NamedVectors

__all__ = ["load_vectors"]

UNREADABLE = (
    OSError, ValueError, EOFError, KeyError, SyntaxError, OverflowError,
    NotImplementedError, RuntimeError, tokenize.TokenError, struct.error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy.load, zipfile and zlib raise on a damaged file."""


def load_vectors(path: str | Path) -> NamedVectors:
    """Read embeddings from a ``.npy`` matrix or a ``.npz`` archive; nothing is unpickled.

    An archive holds one matrix, or one called ``vectors``; a one-dimensional array of strings gives
    the names: the one called ``names`` if there are several. Half precision is widened to float64.

    Parameters
    ----------
    path : the file.

    Raises
    ------
    InputError
        If the file cannot be read, needs pickle, or does not hold one finite real matrix.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                arrays: dict[str, Any] = {"vectors": loaded}
            else:
                with loaded:
                    arrays = {key: _member(path, loaded, key) for key in loaded.files}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except MemoryError:
        raise InputError(f"{path}: claims to hold more than fits in memory") from None
    except InputError:
        raise
    except UNREADABLE as error:
        if "Object arrays" in str(error):
            message = "holds pickled objects, which are never read; save plain numbers"
        elif "pickled" in str(error):
            message = "neither a .npy nor a .npz file (pickles are never read)"
        else:
            reason = str(error).partition("\n")[0] or type(error).__name__
            message = f"not a readable .npy or .npz file ({reason})"
        raise InputError(f"{path}: {message}") from None
    foreign = sorted(key for key, array in arrays.items() if not isinstance(array, np.ndarray))
    if foreign:
        raise InputError(f"{path}: member {foreign[0]!r} is not an array")
    matrices = {key: array for key, array in arrays.items() if array.dtype.kind not in "US"}
    if "vectors" in matrices:
        matrices = {"vectors": matrices["vectors"]}
    if len(matrices) != 1:
        raise InputError(
            f"{path}: one numeric array, or one called 'vectors', is needed; "
            f"found {sorted(arrays) or 'none'}"
        )
    vectors = check_vectors(next(iter(matrices.values())), str(path))
    names, notes = _names(path, arrays, len(vectors))
    (stored,) = (array.dtype for array in matrices.values())
    if stored == np.uint16:
        notes += (
            f"{path.name}: unsigned integers of 16 bits are read as numbers; "
            "if they are the bits of bfloat16, cast them to float32 first",
        )
    eps = float(np.finfo(stored).eps) if stored.kind == "f" else None
    return NamedVectors(vectors, names, path.name, eps, notes)


def _names(
    path: Path, arrays: Mapping[str, Any], n: int
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the names of n vectors, if an archive has them, and a note where that is not clear."""
    labels = {k: each for k, each in arrays.items() if each.dtype.kind in "US" and each.ndim == 1}
    chosen = "names" if "names" in labels or len(labels) != 1 else next(iter(labels))
    if chosen not in labels:
        found = " and ".join(map(repr, sorted(labels)))
        note = f"{path.name}: {found} could be the names, so there are none; call one 'names'"
        return None, (note,) if labels else ()
    names = tuple(str(label) for label in labels[chosen])
    if len(names) != n:
        raise InputError(f"{path}: {len(names)} names for {n} vectors")
    return names, ()


def _member(path: Path, archive: Any, key: str) -> Any:
    """Read one array of an archive.

    Raises
    ------
    InputError
        If it holds objects, which are never read.
    """
    try:
        return archive[key]
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        plain = "float" if key == "vectors" else "str"
        raise InputError(
            f"{path}: member {key!r} holds pickled objects, which are never read; "
            f"save {key}.astype({plain})"
        ) from None
