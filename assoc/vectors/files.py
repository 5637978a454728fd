"""Files of vectors in the forms in which people have them, told apart by what is in them.

====================  =====================================================================
``.npy``              a matrix (n, d)
``.npz``              matrices and names; see :mod:`assoc.vectors.arrays`
``.safetensors``      the tensors of a model; see :mod:`assoc.vectors.tensors`
``.index.json``       the index of a model in several files of that kind
anything else         word vectors, text or binary; see :mod:`assoc.vectors.words`
====================  =====================================================================
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from assoc.arrays import Floats
from assoc.checks import positive
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.files import opened, size_of
from assoc.vectors.arrays import read_arrays
from assoc.vectors.named import NamedVectors, first_of_each
from assoc.vectors.stored import StoredVectors, refuse_name
from assoc.vectors.tensors import begins_a_header, read_shard, read_tensor
from assoc.vectors.words import read_words

__all__ = ["load_vectors"]

ARRAYS = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")
"""How a .npy file and a zip archive begin."""

FOREIGN: Mapping[bytes, str] = MappingProxyType(
    {
        b"\x80\x02": "a pickle, which is never read; save plain numbers",
        b"\x80\x03": "a pickle, which is never read; save plain numbers",
        b"\x80\x04": "a pickle, which is never read; save plain numbers",
        b"\x80\x05": "a pickle, which is never read; save plain numbers",
        b"\x89HDF": "an HDF5 file; save the matrix as .npy or safetensors",
        b"\xba\x16\x4f\x2f": "a fastText model; its vectors are in the file that ends in .vec",
        b"GGUF": "a GGUF file, of quantised weights; take the model's safetensors",
        b"PAR1": "a Parquet file; save the vectors as .npy or .npz",
    }
)
"""How files begin that hold no vectors in a form that is read here."""


def load_vectors(
    path: str | Path, name: str | None = None, *, limit: int | None = None
) -> NamedVectors:
    """Read vectors from a file, and their names where it has them; nothing is unpickled.

    Numbers of less than single precision are widened exactly: to single precision from safetensors,
    to double from NumPy's files. The precision of the file is kept in ``eps``.

    Parameters
    ----------
    path : the file; its form is known by its content.
    name : of the tensor or member that is the matrix, for files that hold several.
    limit : read only the first so many vectors.

    Returns
    -------
    NamedVectors

    Raises
    ------
    InputError
        If the file cannot be read, needs pickle, or does not hold one finite real matrix.

    Examples
    --------
    >>> from assoc import example_path
    >>> load_vectors(example_path("countries_minilm.npz"), limit=100)
    NamedVectors(100 vectors in R^384 from 'countries_minilm.npz')
    """
    path = Path(path)
    if limit is not None:
        limit = positive(limit, "limit")
    try:
        stored = _stored(path, name, limit)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except MemoryError:
        raise InputError(f"{path}: holds more than fits in memory") from None
    called = "" if name is None else f": {name!r}"
    vectors = check_vectors(stored.array, f"{path}{called}")
    source = path.name if name is None else f"{path.name}:{name}"
    notes = stored.notes + _repeated(source, vectors, stored.names)
    return NamedVectors(vectors, stored.names, source, stored.eps, notes)


def _stored(path: Path, name: str | None, limit: int | None) -> StoredVectors:
    """Read a file by the form that its first bytes say it has.

    Raises
    ------
    InputError
        If it has none that is read.
    """
    size = size_of(path)
    if not size:
        raise InputError(f"{path}: an empty file")
    with opened(path) as file:
        start = file.read(16)
    ending = path.suffix.lower()
    if start.startswith(ARRAYS):
        return read_arrays(path, name, limit)
    for magic, what in FOREIGN.items():
        if start.startswith(magic):
            raise InputError(f"{path}: {what}")
    if begins_a_header(start, size) or ending == ".safetensors":
        return read_tensor(path, name, limit)
    if path.name.lower().endswith(".index.json"):
        return read_shard(path, name, limit)
    if ending in (".npy", ".npz"):
        raise InputError(f"{path}: neither a .npy nor a .npz file (pickles are never read)")
    refuse_name(path, name)
    return read_words(path, limit)


# --- what occurs twice --------------------------------------------------------------------------


def _repeated(source: str, vectors: Floats, names: Sequence[str] | None) -> tuple[str, ...]:
    """Return notes of vectors and of names that occur more than once."""
    notes = []
    same = first_of_each(vectors)
    again = np.flatnonzero(same != np.arange(len(same)))
    if again.size:
        row, first = int(again[0]), int(same[again[0]])
        called = f" ({names[row]!r} and {names[first]!r})" if names else ""
        notes.append(
            f"{source}: {again.size} vectors equal earlier ones, the first: row {row} that of row "
            f"{first}{called}; such vectors cannot be told apart"
        )
    if names is not None and len(set(names)) < len(names):
        seen: dict[str, int] = {}
        rows = [row for row, name in enumerate(names) if seen.setdefault(name, row) != row]
        name = names[rows[0]]
        notes.append(
            f"{source}: {len(rows)} names occur earlier, the first: row {rows[0]} is named "
            f"{name!r} like row {seen[name]}"
        )
    return tuple(notes)
