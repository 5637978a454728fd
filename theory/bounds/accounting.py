r"""Stored bits against spent bits: what part of its bits a construction turns into facts.

A memory that recalls all of N facts with distinct answers has stored log2 N! bits, whatever it is.
What it has spent is counted from its weights where they are of a known kind, and is otherwise what
it declares; the larger counts. More stored than spent is impossible, so it shows that the facts
reach the answers by another way than the bits.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.bits.codes import arrays_of
from assoc.errors import InputError
from assoc.memories.memory import Build, memory_bits
from sims.engine.randomness import MEMORY, Source
from sims.memories.capacity import capacity
from sims.memories.construction import Construction, Size
from sims.memories.settings import RandomVectors
from theory.bounds.table_logs import log_rising
from theory.memories.capacity import capacity_of
from theory.memories.recall import predictable

__all__ = ["Account", "account", "counted_bits", "facts_of", "stored_bits"]


@dataclass(frozen=True)
class Account:
    """What a construction stores and spends at its capacity.

    Parameters
    ----------
    memory : its label.
    d : dimension.
    N : for each trial, the largest number of facts seen recalled whole.
    declared : bits that it says it has, or None.
    counted : bits of its weights in a fixed-length code, or None where they are unknown.
    predicted : predicted median N, or None.
    """

    memory: str
    d: int
    N: tuple[int, ...]
    declared: int | None
    counted: int | None
    predicted: float | None

    @property
    def spent(self) -> int:
        """Bits spent, the larger of the declared and the counted ones."""
        return max(self.declared or 0, self.counted or 0)

    @property
    def stored(self) -> float:
        """Bits stored by the median trial, log2 N!."""
        return stored_bits(float(np.median(self.N)))

    @property
    def efficiency(self) -> float:
        """Bits stored per bit spent, of the median trial."""
        return _per_bit(self.stored, self.spent)

    @property
    def best(self) -> float:
        """Bits stored per bit spent, of the best trial."""
        return _per_bit(stored_bits(max(self.N)), self.spent)

    @property
    def predicted_efficiency(self) -> float | None:
        """The same of the predicted capacity."""
        predicted = self.predicted
        return None if predicted is None else _per_bit(stored_bits(predicted), self.spent)

    @property
    def understated(self) -> bool:
        """Whether it declares fewer bits than its weights take."""
        return None not in (self.declared, self.counted) and self.declared != self.spent

    def row(self) -> dict[str, Any]:
        """Return the record of a table."""
        return {
            "memory": self.memory,
            "d": self.d,
            "N": float(np.median(self.N)),
            "stored": self.stored,
            "spent": self.spent,
            "declared": self.declared,
            "efficiency": self.efficiency,
            "predicted_efficiency": self.predicted_efficiency,
        }


def _per_bit(stored: float, spent: int) -> float:
    """Bits stored per bit spent; whatever is stored in no bits at all is infinitely too much."""
    return stored / spent if spent else math.inf


def stored_bits(N: float) -> float:
    """Bits that N recalled facts with distinct answers are, log2 N!; N may be a real number.

    Examples
    --------
    >>> round(2 ** stored_bits(4), 9)
    24.0
    """
    return log_rising(0.0, N) / math.log(2)


def facts_of(bits: float) -> int:
    """Fewest facts with distinct answers that are so many bits: log2 N! is no less, of N - 1 it is.

    Examples
    --------
    >>> facts_of(0.33 * 32**2), facts_of(0.33 * 64**2)
    (71, 214)
    """
    # log2 N! is N - 1 or more.
    return 1 + bisect_left(range(1, math.ceil(bits) + 1), bits, key=stored_bits)


def counted_bits(memory: Any) -> int | None:
    """Bits of a memory's weights in a fixed-length code, or None if they are of no known kind.

    Every matrix takes ceil(log2 v) bits per entry, v the number of its distinct values.

    Examples
    --------
    >>> from assoc.memories.memory import Factors
    >>> counted_bits(Factors((np.array([[1.0, 2.0, 3.0]]),)))
    6
    """
    try:
        arrays = arrays_of(memory)
    except InputError:
        return None
    return sum(array.size * math.ceil(math.log2(max(len(np.unique(array)), 2))) for array in arrays)


def account(
    memory: str | Build,
    *,
    d: int,
    bits: int | None = None,
    rank: Size | None = None,
    width: Size | None = None,
    degree: int | None = None,
    trials: int = 10,
    max_N: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> Account:
    """Measure a construction's capacity, and count its bits.

    Parameters
    ----------
    memory, d, bits, rank, width, degree, trials, max_N, seed, threads :
        as for :func:`sims.memories.capacity.capacity`.

    Raises
    ------
    InputError
        If an argument is out of range, or the memory neither says its bits nor can be counted.

    Examples
    --------
    >>> result = account("linear", d=16, bits=1, trials=3)
    >>> result.spent, result.efficiency < 1
    (256, True)
    """
    found = capacity(
        memory, d=d, bits=bits, rank=rank, width=width, degree=degree, trials=trials, max_N=max_N,
        seed=seed, experiment="account", threads=threads,
    )  # fmt: skip
    construction = Construction(memory, rank, bits, width, degree)
    low = found.points[0].low
    N = max(1, int(np.median(low)))
    source = Source(seed, "account", (d,))
    E, U, f = RandomVectors(d).draw(N, source, 0)
    built = construction.build(d)(E, U, f, rng=source.generator(0, MEMORY))
    declared, counted = memory_bits(built), counted_bits(built)
    if declared is None and counted is None:
        raise InputError(f"memory {construction.label(d)!r} does not say how many bits it stores")
    known = predictable(construction)
    return Account(
        construction.label(d),
        d,
        low,
        declared,
        counted,
        capacity_of(construction, d=d) if known else None,
    )
