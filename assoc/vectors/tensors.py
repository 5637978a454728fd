"""Matrices of safetensors files, such as the weights of a language model, read by slices.

A file is the length of its header in 8 bytes, the header in JSON (for each tensor its type, its
shape, and where it lies), and the tensors. That is all there is to read, and it is read here
without the package of that name: NumPy has no bfloat16, the type of most models, and a matrix of a
file of many gigabytes is to be had without any other package and without mapping the file.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.checks import check_fits
from assoc.errors import InputError, nearest
from assoc.files import content_of, opened, size_of
from assoc.vectors.stored import StoredVectors, listed

__all__ = ["begins_a_header", "read_shard", "read_tensor"]

LENGTH = 8
"""Bytes that say how long the header is."""

LONGEST = 100_000_000
"""Bytes of the longest header that the format allows."""

SLICE = 2**22
"""Numbers that are read at a time."""


@dataclass(frozen=True)
class _Type:
    """A type of numbers in a file, and how they become an array of NumPy's."""

    stored: Any
    widened: Any
    eps: float
    widen: Callable[[Any], Any] = lambda block: block


def _from_bfloat16(bits: Any) -> Any:
    """Bfloat16 is the upper half of single precision."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


TYPES: Mapping[str, _Type] = MappingProxyType(
    {
        "F64": _Type("<f8", np.float64, 2.0**-52),
        "F32": _Type("<f4", np.float32, 2.0**-23),
        "F16": _Type("<f2", np.float32, 2.0**-10),
        "BF16": _Type("<u2", np.float32, 2.0**-7, _from_bfloat16),
    }
)
"""Types that hold vectors; what is shorter than single precision is widened to it, exactly."""


def begins_a_header(start: bytes, size: int) -> bool:
    """Whether a file of so many bytes that starts like this is one of safetensors."""
    length = int.from_bytes(start[:LENGTH], "little")
    return start[LENGTH : LENGTH + 1] == b"{" and LENGTH + length <= size


def read_tensor(path: Path, name: str | None = None, limit: int | None = None) -> StoredVectors:
    """Read a matrix of a safetensors file, or its first rows.

    Parameters
    ----------
    path : the file.
    name : of the tensor; None stands for the one matrix that there is.
    limit : rows to be read.

    Raises
    ------
    InputError
        If the header is damaged or lies about the file, there is no such matrix or several, or its
        numbers are of another type than float16, bfloat16, float32 and float64.
    """
    size = size_of(path)
    tensors, begin = _header(path, size)
    name = _chosen(path, tensors, name)
    kind, shape, offset = _described(path, name, tensors[name], size - begin)
    rows, d = shape if limit is None else (min(limit, shape[0]), shape[1])
    check_fits(
        float(rows) * d, np.dtype(kind.widened).itemsize, f"{path}: tensor {name!r}: {rows} rows",
        instead="--limit reads the first so many",
    )  # fmt: skip
    array: Floats = np.empty((rows, d), kind.widened)
    step = max(1, SLICE // max(1, d))
    with opened(path) as file:
        file.seek(begin + offset)
        for top in range(0, rows, step):
            part = array[top : top + step]
            part[:] = kind.widen(np.fromfile(file, kind.stored, part.size)).reshape(part.shape)
    return StoredVectors(array, eps=kind.eps)


def read_shard(path: Path, name: str | None = None, limit: int | None = None) -> StoredVectors:
    """Read a matrix of a model in several files, given the index that lies beside them.

    Parameters
    ----------
    path : the index, ``model.safetensors.index.json``.
    name, limit : as for :func:`read_tensor`; the name is needed.

    Raises
    ------
    InputError
        If the index is damaged, does not know the tensor or names no file beside it.
    """
    try:
        index = json.loads(content_of(path))
        files = dict(index["weight_map"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: not an index of safetensors files") from None
    if name is None:
        raise InputError(f"{path}: which matrix? FILE:NAME names one of {listed(list(files))}")
    if name not in files:
        raise InputError(f"{path}: no tensor {name!r}; {nearest(name, list(files))}")
    file = path.parent / str(files[name])
    if file.parent != path.parent or not file.is_file():
        raise InputError(f"{path}: tensor {name!r} is in {files[name]!r}, which is not beside it")
    return read_tensor(file, name, limit)


def _header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    """Return the descriptions of the tensors, and where the tensors begin."""
    with opened(path) as file:
        length = int.from_bytes(file.read(LENGTH), "little")
        if not 2 <= length <= min(LONGEST, size - LENGTH):
            raise InputError(
                f"{path}: truncated, or not a safetensors file ({size} bytes, of which the first 8 "
                f"promise a header of {length})"
            )
        text = file.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise InputError(f"{path}: its safetensors header is damaged (no JSON object)")
    header.pop("__metadata__", None)
    return header, LENGTH + length


def _is_matrix(entry: Any) -> bool:
    """Whether an entry of a header describes a matrix of numbers that are read."""
    shape = entry.get("shape") if isinstance(entry, dict) else None
    return isinstance(shape, list) and len(shape) == 2 and entry.get("dtype") in TYPES


def _chosen(path: Path, tensors: Mapping[str, Any], name: str | None) -> str:
    """Return the name of the matrix that is meant."""
    if name is not None:
        if name not in tensors:
            # What a path in a model begins with is often left out.
            ends = [each for each in tensors if each.endswith(f".{name}")]
            meant = f"did you mean {ends[0]!r}?" if len(ends) == 1 else None
            meant = meant or nearest(name, sorted(tensors)[:100])
            raise InputError(f"{path}: no tensor {name!r}; {meant}")
        return name
    matrices = {each: entry["shape"] for each, entry in tensors.items() if _is_matrix(entry)}
    if len(matrices) != 1:
        # Embeddings have the most rows, and are what is looked for.
        largest = sorted(matrices, key=lambda each: str(matrices[each][0]).zfill(20), reverse=True)
        shown = [f"{each} {tuple(matrices[each])}" for each in largest]
        what = "which matrix? FILE:NAME names one of" if matrices else "no matrix of floats; found"
        raise InputError(f"{path}: {what} {listed(shown or sorted(tensors))}")
    return next(iter(matrices))


def _described(path: Path, name: str, entry: Any, size: int) -> tuple[_Type, tuple[int, int], int]:
    """Return type, shape and offset of a tensor, if they fit each other and the file."""
    where = f"{path}: tensor {name!r}"
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{where}: its description in the header is damaged") from None
    if not isinstance(shape, list) or not all(map(_is_size, (*shape, begin, end))):
        raise InputError(f"{where}: its description in the header is damaged")
    kind = TYPES.get(dtype) if isinstance(dtype, str) else None
    if kind is None:
        raise InputError(
            f"{where}: numbers of type {dtype} are not read; cast them to bfloat16 or wider"
        )
    if len(shape) != 2:
        raise InputError(f"{where}: a matrix (n, d) is needed, not one of shape {tuple(shape)}")
    width = np.dtype(kind.stored).itemsize
    if end - begin != math.prod(shape) * width:
        raise InputError(
            f"{where}: {end - begin} bytes cannot hold {tuple(shape)} numbers of {width} bytes"
        )
    if end > size:
        raise InputError(
            f"{where}: truncated: it ends at byte {end} of the tensors, of which there are {size}"
        )
    return kind, (shape[0], shape[1]), begin


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
