r"""What a memory is: a callable from embeddings to outputs that counts its parameters.

A memory maps input embeddings E (N, d) to outputs (N, d). It recalls x when the output scores
highest against the embedding of the right answer (:mod:`assoc.memories.decoding`). Nothing here is
a base class that a user must inherit from: any object of that shape serves.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import UNDERFLOW, Brief, Floats, Integers, dot_error, row_norms
from assoc.user_code import checked_count

__all__ = ["Build", "Factors", "Memory", "memory_bits", "memory_parameters"]


@runtime_checkable
class Memory(Protocol):
    """A callable ``memory(E) -> (N, d)`` that says how many parameters it has.

    Outputs are finite and ``parameters`` a positive integer. The inputs that it is given cannot be
    written into. Two more attributes are used where they exist: ``bits`` (the stored size where
    weights are rounded) and ``rounding_error(E) -> (N,)``, a rigorous bound, finite and at least 0,
    on the Euclidean norm of the rounding error of ``memory(E)``, without which recall cannot be
    certified.
    """

    @property
    def parameters(self) -> int:
        """Number of stored real numbers."""

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d) for inputs (N, d)."""


class Build(Protocol):
    """A construction: facts in, memory out.

    E, U and f are what the memory is judged on: a build of the user's gets views of them that
    cannot be written into, and works on copies where it has to change them.

    Parameters
    ----------
    E : (N, d) input embeddings.
    U : (M, d) output embeddings.
    f : (N,) integers in [0, M), the fact map.
    rng : randomness for constructions that draw (projections); others ignore it.
    """

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        """Build the memory of the facts x -> f(x)."""


@dataclass(frozen=True, eq=False, repr=False)
class Factors(Brief):
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


def memory_parameters(memory: object) -> int:
    """Number of stored real numbers that a memory or model says it has.

    Raises
    ------
    InputError
        If it says none, or no positive integer.
    """
    return checked_count(getattr(memory, "parameters", None), "the memory's parameters")


def memory_bits(memory: object) -> int | None:
    """Stored bits of a memory or model with rounded weights, or None when it does not say.

    Raises
    ------
    InputError
        If what it says is no positive integer.
    """
    bits = getattr(memory, "bits", None)
    return None if bits is None else checked_count(bits, "the memory's bits")
