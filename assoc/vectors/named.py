"""Vectors of the user's own, with the names that came along."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.embeddings import check_vectors, preprocess
from assoc.errors import InputError
from assoc.facts.tables import folded

__all__ = ["NamedVectors", "VectorPair", "as_named", "first_of_each", "indistinct"]

SHOWN = 3
"""Names that a message gives as examples."""

BLOCK = 2048
"""Rows that are compared at a time."""


@dataclass(frozen=True, eq=False)
class NamedVectors:
    """Vectors (n, d) read from a file, with the n names that came along, if any.

    Parameters
    ----------
    vectors : rows in single or double precision.
    names : of the rows.
    source : name of the file.
    eps : relative precision in which the file has them; None stands for that of ``vectors``.
    notes : oddities of the file, one line each.
    """

    vectors: Floats
    names: tuple[str, ...] | None
    source: str
    eps: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def matrices(self) -> tuple["NamedVectors", ...]:
        """The vectors themselves: one matrix, where a :class:`VectorPair` has two."""
        return (self,)

    def prepared(self, how: str) -> Floats:
        """Return the vectors after one of :data:`PREPROCESSING`.

        Raises
        ------
        InputError
            As :func:`preprocess`.
        """
        return preprocess(self.vectors, how, self.source, eps=self.eps)

    def find(self, names: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
        """Return the rows of these names, and a note if they match but for case.

        Parameters
        ----------
        names : as in a table; some may occur several times.

        Raises
        ------
        InputError
            If the vectors have no names, lack one of these, or have two vectors for one.

        Examples
        --------
        >>> NamedVectors(np.eye(2), ("oman", "peru"), "mine.npz").find(["Peru", "peru"])
        ([1, 1], ('1 names are matched without regard to case',))
        """
        if self.names is None:
            raise InputError(f"{self.source}: vectors without names cannot be matched to a table")
        wanted = dict.fromkeys(names)
        rows: dict[str, int] = {}
        for row, name in enumerate(self.names):
            if rows.setdefault(name, row) != row and name in wanted:
                raise InputError(f"{self.source}: two vectors are named {name!r}")
        lacking = [name for name in wanted if name not in rows]
        notes: tuple[str, ...] = ()
        if lacking:
            alike: dict[str, list[int]] = {}
            for name, row in rows.items():
                alike.setdefault(folded(name), []).append(row)
            matched = {name: alike.get(folded(name), []) for name in lacking}
            if all(len(found) == 1 for found in matched.values()):
                rows |= {name: found[0] for name, found in matched.items()}
                notes = (f"{len(lacking)} names are matched without regard to case",)
                lacking = []
        if lacking:
            shown = ", ".join(map(repr, lacking[:SHOWN]))
            raise InputError(
                f"{self.source}: no vector for {len(lacking)} of the {len(wanted)} names: {shown}"
                + (", ..." if len(lacking) > SHOWN else "")
            )
        return [rows[name] for name in names], notes

    def __len__(self) -> int:
        """Return n."""
        return len(self.vectors)

    def __repr__(self) -> str:
        n, d = self.vectors.shape
        return f"NamedVectors({n} vectors in R^{d} from {self.source!r})"

    def dimension(self, d: int | None) -> int:
        """Return the dimension of the vectors.

        Parameters
        ----------
        d : the dimension that was asked for; None if none was.

        Raises
        ------
        InputError
            If another one was.
        """
        own = self.vectors.shape[1]
        if d is not None and d != own:
            raise InputError(f"d = {d}, but the vectors of {self.source} have dimension {own}")
        return int(own)


def as_named(embeddings: Any) -> "NamedVectors | VectorPair":
    """Return vectors with a source, also where a plain array is given.

    Parameters
    ----------
    embeddings : NamedVectors or a VectorPair, which are returned as they are, or what
        :func:`assoc.embeddings.check_vectors` takes.

    Raises
    ------
    InputError
        If they are not vectors.

    Examples
    --------
    >>> as_named([[0.0, 1.0]])
    NamedVectors(1 vectors in R^2 from 'array')
    """
    if isinstance(embeddings, NamedVectors | VectorPair):
        return embeddings
    return NamedVectors(check_vectors(embeddings, "embeddings"), None, "array")


@dataclass(frozen=True, eq=False)
class VectorPair:
    """Inputs and outputs of a memory from two matrices, such as the two of a language model.

    Parameters
    ----------
    inputs, outputs : vectors of one dimension.

    Raises
    ------
    InputError
        If they have different dimensions.
    """

    inputs: NamedVectors
    outputs: NamedVectors

    def __post_init__(self) -> None:
        d, e = self.inputs.dimension(None), self.outputs.dimension(None)
        if d != e:
            raise InputError(
                f"inputs of dimension {d} ({self.inputs.source}) and outputs of {e} "
                f"({self.outputs.source}): one dimension is needed"
            )

    @property
    def matrices(self) -> tuple[NamedVectors, ...]:
        """Inputs and outputs."""
        return self.inputs, self.outputs

    def dimension(self, d: int | None) -> int:
        """Return the dimension of both, as :meth:`NamedVectors.dimension` does.

        Raises
        ------
        InputError
            If another one than d was asked for.
        """
        return self.inputs.dimension(d)

    @property
    def source(self) -> str:
        """Names of both."""
        return f"{self.inputs.source}, outputs {self.outputs.source}"

    def __repr__(self) -> str:
        return f"VectorPair({self.inputs!r}, {self.outputs!r})"


def first_of_each(vectors: Floats) -> Integers:
    """Return for each row of vectors (n, d) the first row that equals it, (n,).

    Rows are told apart by 64 bits, so that a matrix of millions of rows need not be sorted.

    Examples
    --------
    >>> first_of_each(np.array([[1.0], [2.0], [1.0], [-0.0], [0.0]]))
    array([0, 1, 0, 3, 3])
    """
    # Adding 0 makes one zero of the two.
    keys = np.fromiter((hash((row + 0.0).tobytes()) for row in vectors), np.int64, len(vectors))
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    same: Integers = first[which]
    differ = np.flatnonzero(same != np.arange(len(same)))
    for top in range(0, len(differ), BLOCK):
        rows = differ[top : top + BLOCK]
        unlike = rows[(vectors[rows] != vectors[same[rows]]).any(axis=1)]
        same[unlike] = unlike
    return same


def indistinct(vectors: Floats) -> list[int]:
    """Return the rows of vectors (n, d) that occur more than once.

    Examples
    --------
    >>> indistinct(np.array([[1.0], [2.0], [1.0]]))
    [0, 2]
    """
    same = first_of_each(vectors)
    return [int(row) for row in np.flatnonzero(np.bincount(same)[same] > 1)]
