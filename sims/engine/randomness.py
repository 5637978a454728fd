r"""Where every random number of a simulation comes from.

A trial's randomness depends on (seed, experiment, point, trial) alone, whatever the order, the
number of threads or the executor. ``numpy.random.SeedSequence`` hashes (seed, experiment, point)
into a Philox key; the counter of that generator then holds (trial, stream, block), so that any
block of any stream of any trial can be drawn, or drawn again, without drawing what precedes it.

Streams are drawn in blocks of :data:`BLOCK_ROWS` rows, so that the first N rows do not depend on
how many are drawn in all: the prefixes of a trial are nested.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.embeddings import Law, orthonormal, sphere
from assoc.errors import InputError

__all__ = ["BLOCK_ROWS", "FACTS", "INPUTS", "MEMORY", "OUTPUTS", "PROMPTS", "SAMPLE", "Source"]

BLOCK_ROWS = 4096
"""Rows of a stream that one generator draws."""

INPUTS, OUTPUTS, FACTS, MEMORY, SAMPLE, PROMPTS = range(6)
"""The streams of a trial: what its numbers are for."""


@dataclass(frozen=True)
class Source:
    """The randomness of one point of one experiment.

    Parameters
    ----------
    seed : non-negative integer.
    experiment : its name; different names give independent randomness.
    point : integers that tell the points of the experiment apart.

    Raises
    ------
    InputError
        If the seed is negative.

    Examples
    --------
    >>> source = Source(0, "example", (32,))
    >>> first = source.generator(7, INPUTS).standard_normal()
    >>> first == source.generator(7, INPUTS).standard_normal()
    True
    """

    seed: int
    experiment: str
    point: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError(f"seed {self.seed} is negative")

    @cached_property
    def _key(self) -> NDArray[np.uint64]:
        name = zlib.crc32(self.experiment.encode())
        sequence = np.random.SeedSequence(self.seed, spawn_key=(name, *self.point))
        return sequence.generate_state(2, np.uint64).astype(np.uint64, copy=False)

    def generator(self, trial: int, stream: int, block: int = 0) -> np.random.Generator:
        """Return the generator of one block of one stream of one trial."""
        counter = np.array([0, block, stream, trial], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=self._key, counter=counter))

    def spheres(
        self, n: int, d: int, *, trials: Sequence[int], stream: int, block: int = 0
    ) -> NDArray[np.float32]:
        """Return the first n unit vectors of a block of many trials, (T, n, d), n <= 4096.

        They are those of :meth:`vectors`, drawn for all trials in one go.
        """
        from sims.engine.normals import fill_normals, same_as_numpy

        out = np.empty((len(trials), n * d), np.float32)
        if same_as_numpy():
            counters = np.array([[0, block, stream, trial] for trial in trials], np.uint64)
            fill_normals(self._key, counters, out)
        else:
            for row, trial in zip(out, trials, strict=True):
                rng = self.generator(trial, stream, block)
                rng.standard_normal(out=row, dtype=np.float32)
        rows = out.reshape(-1, d)
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        return out.reshape(-1, n, d)

    def block(
        self,
        law: Law,
        n: int,
        d: int,
        *,
        trial: int,
        stream: int,
        block: int = 0,
        dtype: type[Any] = np.float32,
    ) -> Floats:
        """Return the first n vectors of a block, (n, d)."""
        if law is sphere and dtype is np.float32:
            return self.spheres(n, d, trials=[trial], stream=stream, block=block).reshape(n, d)
        return law(n, d, rng=self.generator(trial, stream, block), dtype=dtype)

    def vectors(
        self, law: Law, n: int, d: int, *, trial: int, stream: int, dtype: type[Any] = np.float32
    ) -> Floats:
        """Return the first n vectors of a stream, (n, d)."""
        # Orthonormal rows know of each other, so they come in one piece.
        if law is orthonormal or n <= BLOCK_ROWS:
            return self.block(law, n, d, trial=trial, stream=stream, dtype=dtype)
        out = np.empty((n, d), dtype=dtype)
        for block, start in enumerate(range(0, n, BLOCK_ROWS)):
            rows = out[start : start + BLOCK_ROWS]
            rows[:] = self.block(
                law, len(rows), d, trial=trial, stream=stream, block=block, dtype=dtype
            )
        return out
