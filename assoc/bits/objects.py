"""Weights of few bits for any memory: a user's, whose arrays are found among its attributes.

What :mod:`assoc.bits.codes` writes down as bits is of the classes that it knows. Of any other
memory every array of floating-point numbers among its attributes is rounded to the same levels, in
a copy, and counted as b bits an entry and 32 bits a matrix.
"""

import copy
import math
from dataclasses import dataclass

import numpy as np

from assoc.arrays import Floats
from assoc.bits.levels import check_bits, quantise, weights_of
from assoc.errors import InputError
from assoc.memories.memory import Memory

__all__ = ["SCALE_BITS", "Rounded", "rounded"]

SCALE_BITS = 32
"""Bits of a stored scale, a single-precision number."""


@dataclass(frozen=True)
class Rounded:
    """A memory with rounded weights, and the bits that they take.

    Parameters
    ----------
    memory : a copy of the user's, with rounded arrays.
    bits : stored size.
    """

    memory: Memory
    bits: int

    @property
    def parameters(self) -> int:
        """Number of stored numbers, as the memory says."""
        return self.memory.parameters

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d) for inputs (N, d)."""
        return self.memory(E)


def rounded(
    memory: Memory,
    bits: int,
    *,
    rounding: str = "nearest",
    rng: np.random.Generator | None = None,
) -> Rounded:
    """Round every array of a memory to b bits per entry, in a copy of it.

    Parameters
    ----------
    memory : an object whose attributes hold its weights as arrays of floating-point numbers; a
        vector is one matrix, the last two axes of a larger array are.
    bits, rounding, rng : as for :func:`assoc.bits.codes.encode`.

    Raises
    ------
    InputError
        If the arrays do not hold as many numbers as the memory has parameters, are not finite, or
        an option is out of range.

    Examples
    --------
    >>> class Two:
    ...     def __init__(self, W):
    ...         self.W, self.parameters = W, W.size
    ...
    ...     def __call__(self, E):
    ...         return E @ self.W.T
    >>> found = rounded(Two(np.array([[0.5, -2.0], [1.0, 3.0]])), 1)
    >>> found.bits, found.memory.W.round(2).tolist()
    (36, [[1.51, -1.51], [1.51, 1.51]])
    """
    check_bits(bits)
    own = {
        name: value
        for name, value in getattr(memory, "__dict__", {}).items()
        if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    }
    held = sum(array.size for array in own.values())
    if not own or held != memory.parameters:
        raise InputError(
            f"{type(memory).__name__} cannot be stored in bits per weight: its attributes hold "
            f"{held} numbers in arrays, and it has {memory.parameters} parameters"
        )
    changed = copy.copy(memory)
    scales = 0
    for name, array in own.items():
        matrices = array if array.ndim > 1 else np.atleast_1d(array)[:, None]
        levels, step = quantise(matrices, bits, rounding=rounding, rng=rng)
        values = weights_of(levels, step.astype(np.float32).astype(np.float64), bits)
        # Past what a frozen dataclass allows: this is a copy.
        changed.__dict__[name] = values.astype(array.dtype).reshape(array.shape)
        scales += math.prod(matrices.shape[:-2])
    return Rounded(changed, bits * held + SCALE_BITS * scales)
