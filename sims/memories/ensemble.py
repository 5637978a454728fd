"""What independent trials measure: a construction, what they draw, and from which numbers."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from assoc.arrays import Floats, Integers
from assoc.catalogue import blamed
from assoc.memories.memory import Build, Memory
from sims.engine.randomness import MEMORY, Source
from sims.memories.construction import Construction
from sims.memories.settings import Setting, source_of

__all__ = ["Ensemble"]


@dataclass(frozen=True)
class Ensemble:
    """A construction at the dimension of a setting, whose trials draw from one source.

    Parameters
    ----------
    construction : by name or build function, with its options.
    setting : what a trial draws.
    source : of all randomness.
    build : the build function at the setting's dimension, found once.

    Raises
    ------
    InputError
        If the construction names nothing, or an option is missing, out of place or out of range.

    Examples
    --------
    >>> from sims.memories.settings import RandomVectors
    >>> ensemble = Ensemble.of(Construction("low-rank", rank="d/2"), RandomVectors(8), 0, "recall")
    >>> ensemble.label
    'low-rank m=4'
    >>> E, U, f = ensemble.draw(3, trial=0)
    >>> ensemble.memory(E, U, f, trial=0).parameters
    64
    """

    construction: Construction
    setting: Setting
    source: Source
    build: Build = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "build", self.construction.build(self.setting.d))

    def __reduce__(self) -> tuple[Any, ...]:
        # A build function need not survive the way to another process; its name does.
        return Ensemble, (self.construction, self.setting, self.source)

    @classmethod
    def of(
        cls, construction: Construction, setting: Setting, seed: int, experiment: str
    ) -> "Ensemble":
        """Return the ensemble whose trials, at every N, are nested prefixes of the same draws."""
        return cls(construction, setting, source_of(setting, seed, experiment))

    @property
    def label(self) -> str:
        """Name for tables, with the options at this dimension."""
        return self.construction.label(self.setting.d)

    def blamed(self) -> AbstractContextManager[None]:
        """Begin what is said of bad input with the name of a memory that is not ours."""
        return blamed(self.construction.memory)

    def draw(self, N: int, trial: int) -> tuple[Floats, Floats, Integers]:
        """Draw E (N, d), U (M, d) and f (N,) of one trial."""
        return self.setting.draw(N, self.source, trial)

    def memory(self, E: Floats, U: Floats, f: Integers, trial: int) -> Memory:
        """Build the memory of one trial's facts."""
        return self.build(E, U, f, rng=self.source.generator(trial, MEMORY))
