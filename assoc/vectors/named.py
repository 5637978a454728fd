"""Vectors of the user's own, with the names that came along."""

from dataclasses import dataclass

from assoc.arrays import Floats
from assoc.embeddings import preprocess
from assoc.errors import InputError

__all__ = ["NamedVectors"]


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
