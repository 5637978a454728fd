r"""What a memory is: a callable from embeddings to outputs that counts its parameters.

A memory maps input embeddings E (N, d) to outputs (N, d). It recalls x when the output scores
highest against the embedding of the right answer (:mod:`assoc.memories.decoding`). Nothing here is
a base class that a user must inherit from: any object of that shape serves.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError

__all__ = [
    "MAX_BYTES",
    "UNDERFLOW",
    "Build",
    "Factors",
    "Floats",
    "Integers",
    "Memory",
    "check_fits",
    "dot_error",
    "memory_bits",
    "precision",
    "row_norms",
]

Floats: TypeAlias = NDArray[np.floating[Any]]
"""Embeddings and weights, in single or double precision."""

Integers: TypeAlias = NDArray[np.integer[Any]]
"""Fact maps and counts."""

MAX_BYTES = 16 * 2**30
"""Memory that one piece of work may take before it is refused."""

UNDERFLOW = 4 * float(np.finfo(np.float64).smallest_subnormal)
"""Absolute error that underflow may add to one product and to a bound on it, with room to spare."""


@runtime_checkable
class Memory(Protocol):
    """A callable ``memory(E) -> (N, d)`` that says how many parameters it has.

    Two more attributes are used where they exist: ``bits`` (the stored size where weights are
    rounded) and ``rounding_error(E) -> (N,)``, a rigorous bound on the Euclidean norm of the
    rounding error of ``memory(E)``, without which recall cannot be certified.
    """

    @property
    def parameters(self) -> int:
        """Number of stored real numbers."""

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d) for inputs (N, d)."""


class Build(Protocol):
    """A construction: facts in, memory out.

    Parameters
    ----------
    E : (N, d) input embeddings.
    U : (M, d) output embeddings.
    f : (N,) integers in [0, M), the fact map.
    rng : randomness for constructions that draw (projections); others ignore it.
    """

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        """Build the memory of the facts x -> f(x)."""


def check_fits(entries: float, itemsize: int, what: str) -> None:
    """Refuse arrays that are too large, before they are made.

    Parameters
    ----------
    entries : number of entries of all of them together.
    itemsize : bytes of an entry.
    what : what they are, for the message.

    Raises
    ------
    InputError
        If they take more than :data:`MAX_BYTES`.

    Examples
    --------
    >>> check_fits(1e12, 4, "width m = 10^10, d = 100: the weights")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: width m = 10^10, d = 100: the weights take 4e+03 GB; 17.2 GB at most
    """
    if entries * itemsize > MAX_BYTES:
        gigabytes = float(min(entries, 1e300)) * itemsize / 1e9
        raise InputError(f"{what} take {gigabytes:.3g} GB; {MAX_BYTES / 1e9:.3g} GB at most")


def precision(*arrays: Floats) -> "np.dtype[np.floating[Any]]":
    """Return the precision in which a memory of these embeddings is stored: single or double.

    Examples
    --------
    >>> precision(np.eye(2, dtype=np.float32)), precision(np.eye(2), np.eye(2, dtype=np.float32))
    (dtype('float32'), dtype('float64'))
    """
    single = all(A.dtype in (np.float16, np.float32) for A in arrays)
    return np.dtype(np.float32 if single else np.float64)


def dot_error(n: int) -> float:
    r"""Relative rounding error of a dot product of length n in float64, any summation order.

    .. math:: |\mathrm{fl}(\langle a, b\rangle) - \langle a, b\rangle|
              \le \gamma_n \langle |a|, |b| \rangle, \qquad \gamma_n = n u / (1 - n u)

    with u = 2^-53; fused multiply-add only helps. Where a product may underflow, n times
    :data:`UNDERFLOW` comes on top.

    Parameters
    ----------
    n : length, at least 1.

    Returns
    -------
    gamma_n, dimensionless.

    References
    ----------
    Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.

    Examples
    --------
    >>> dot_error(1) == 2**-53 / (1 - 2**-53)
    True
    """
    u = np.finfo(np.float64).eps / 2
    return float(n * u / (1 - n * u))


def row_norms(E: Floats) -> NDArray[np.float64]:
    """Euclidean norm of each row of E (n, d), (n,), whatever its magnitude.

    Examples
    --------
    >>> row_norms(np.array([[3e-200, 4e-200], [0.0, 0.0]])).tolist()
    [5e-200, 0.0]
    """
    E = np.asarray(E, np.float64)
    size = np.abs(E).max(axis=1)
    unit = E / np.where(size > 0, size, 1.0)[:, None]
    return np.asarray(size * np.sqrt(np.einsum("ij,ij->i", unit, unit)))


@dataclass(frozen=True, eq=False)
class Factors:
    r"""A linear memory stored as a product of matrices, F(e) = L_1 L_2 ... L_k e.

    One factor is the plain matrix W; two are a memory of bounded rank.

    Parameters
    ----------
    factors : matrices, leftmost first; the product is (d_out, d_in).
    bits : stored size in bits when the entries are rounded, else None.

    Examples
    --------
    >>> import numpy as np
    >>> memory = Factors((np.eye(3)[:, :2], np.eye(3)[:2]))
    >>> memory(np.ones((1, 3)))
    array([[1., 1., 0.]])
    >>> memory.parameters
    12
    """

    factors: tuple[Floats, ...]
    bits: int | None = None

    @property
    def parameters(self) -> int:
        """Number of stored entries, summed over the factors."""
        return sum(factor.size for factor in self.factors)

    @property
    def W(self) -> Floats:  # noqa: N802
        """The product of the factors, (d_out, d_in)."""
        product = self.factors[-1]
        for factor in self.factors[-2::-1]:
            product = factor @ product
        return product

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        out = E
        for factor in reversed(self.factors):
            out = out @ factor.T
        return out

    def rounding_error(self, E: Floats, /) -> NDArray[np.float64]:
        r"""Bound on \|fl(F(e)) - F(e)\|_2 for each row of E, evaluated in float64.

        One factor adds gamma_n \|L\|_F \|input\| (and what may underflow) and passes earlier
        errors on, enlarged by at most \|L\|_F (1 + gamma_n).
        """
        size = row_norms(E)
        error = np.zeros(len(E))
        for factor in reversed(self.factors):
            gamma = dot_error(factor.shape[1])
            norm = float(row_norms(row_norms(factor)[None])[0])
            error = norm * (gamma * size + (1 + gamma) * error) + factor.size * UNDERFLOW
            size = norm * size
        # The bound itself is computed in floating point: its own few roundings are covered here.
        return np.asarray(error * (1 + 1e-9))


def memory_bits(memory: object) -> int | None:
    """Stored bits of a memory or model with rounded weights, or None when it does not say."""
    bits = getattr(memory, "bits", None)
    return None if bits is None else int(bits)
