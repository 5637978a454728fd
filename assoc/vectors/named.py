"""Vectors of the user's own, with the names that came along."""

from dataclasses import dataclass
from typing import Any

from assoc.arrays import Floats
from assoc.embeddings import check_vectors, preprocess
from assoc.errors import InputError

__all__ = ["NamedVectors", "VectorPair", "as_named"]


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

    def prepared(self, how: str) -> Floats:
        """Return the vectors after one of :data:`PREPROCESSING`.

        Raises
        ------
        InputError
            As :func:`preprocess`.
        """
        return preprocess(self.vectors, how, self.source, eps=self.eps)

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


def as_named(embeddings: Any) -> NamedVectors:
    """Return vectors with a source, also where a plain array is given.

    Parameters
    ----------
    embeddings : NamedVectors, or what :func:`assoc.embeddings.check_vectors` takes.

    Raises
    ------
    InputError
        If they are not vectors.

    Examples
    --------
    >>> as_named([[0.0, 1.0]])
    NamedVectors(1 vectors in R^2 from 'array')
    """
    if isinstance(embeddings, NamedVectors):
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
    def both(self) -> tuple[NamedVectors, NamedVectors]:
        """Inputs and outputs."""
        return self.inputs, self.outputs

    @property
    def source(self) -> str:
        """Names of both."""
        return f"{self.inputs.source}, outputs {self.outputs.source}"

    def __repr__(self) -> str:
        return f"VectorPair({self.inputs!r}, {self.outputs!r})"
