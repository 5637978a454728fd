"""Constructions damaged on purpose, which the checks must catch."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.errors import InputError
from assoc.memories.memory import Build, Factors, Memory
from assoc.memories.optimal import Decides, Decision
from assoc.memories.refutation import Refutation

__all__ = ["boastful", "confined", "forgetful", "mute", "twinned", "understating", "whispering"]


def forgetful(build: Build, *, fraction: float = 0.0) -> Build:
    """Drop some facts before building: the last one, or the last ``fraction`` of them.

    Examples
    --------
    >>> from assoc import margins
    >>> from assoc.memories.linear import hebbian
    >>> E, f = np.eye(3), np.arange(3)
    >>> margins(forgetful(hebbian)(E, E, f, rng=np.random.default_rng(0)), E, E, f)
    array([1., 1., 0.])
    """

    def damaged(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        kept = len(E) - max(1, round(fraction * len(E)))
        return build(E[:kept], U, f[:kept], rng=rng)

    damaged.__name__ = f"forgetful {getattr(build, '__name__', 'memory')}"
    return damaged


def confined(build: Callable[[int], Build], *, rank: int) -> Build:
    """Keep a rank that should grow with d at a constant."""

    def damaged(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        return build(min(rank, E.shape[1]))(E, U, f, rng=rng)

    damaged.__name__ = f"rank confined to {rank}"
    return damaged


def whispering(*, bits: int) -> Build:
    """Make a memory that answers from the facts themselves, and says that it stores ``bits`` bits.

    Examples
    --------
    >>> E, f = np.eye(3), np.array([2, 0, 1])
    >>> memory = whispering(bits=1)(E, E, f, rng=np.random.default_rng(0))
    >>> memory(E).argmax(axis=1)
    array([2, 0, 1])
    """

    def build(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        return _Whisper(E, U[f], bits)

    build.__name__ = "whispering"
    return build


@dataclass(frozen=True, eq=False)
class _Whisper:
    """Outputs of the nearest stored input; what it holds is not in its bits."""

    E: Floats
    answers: Floats
    bits: int

    @property
    def parameters(self) -> int:
        return self.bits

    def __call__(self, E: Floats, /) -> Floats:
        return np.asarray(self.answers[(E @ self.E.T).argmax(axis=1)])


def understating(build: Build, *, share: int) -> Build:
    """Let a memory say that it stores one bit in ``share`` of those that it does."""

    def damaged(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        built = build(E, U, f, rng=rng)
        if not isinstance(built, Factors) or built.bits is None:
            raise InputError("only a linear memory of b-bit weights can understate its bits")
        return replace(built, bits=built.bits // share)

    damaged.__name__ = f"understating by {share}"
    return damaged


def twinned(build: Build) -> Build:
    """Let a build that decides see the same embedding for its first two inputs."""
    return _Twinned(build)


@dataclass(frozen=True)
class _Twinned:
    """What is built for other inputs than it is asked about."""

    build: Build

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        if not isinstance(self.build, Decides):
            raise InputError("only a build that decides can be shown twins")
        twins = E.copy()
        twins[1] = twins[0]
        return self.build.decide(twins, U, f, rng=rng, prove=prove)

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        return self.decide(E, U, f, rng=rng).memory


def mute(build: Build, *, proves: bool = True, recalls: bool = True, every: int = 1) -> Build:
    """Let a build that decides keep its proofs, or the memory it has found, to itself.

    It does so in one draw of ``every`` on average.
    """
    return _Mute(build, proves, recalls, every)


def boastful(build: Build) -> Build:
    """Let a build that decides say of everything that it is proved impossible."""
    return _Boastful(build)


@dataclass(frozen=True)
class _Boastful:
    """A build that decides, whose proofs prove nothing."""

    build: Build

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        if not isinstance(self.build, Decides):
            raise InputError("only a build that decides can boast of it")
        found = self.build.decide(E, U, f, rng=rng, prove=prove)
        return Decision(
            found.memory,
            found.refuted or Refutation(residual=0.0, curvature=1.0, reach=1.0, weight=1.0),
        )

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        return self.decide(E, U, f, rng=rng).memory


@dataclass(frozen=True)
class _Mute:
    """A build that decides, of whose decisions a part is lost; the memory lost is all zeros."""

    build: Build
    proves: bool
    recalls: bool
    every: int

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        if not isinstance(self.build, Decides):
            raise InputError("only a build that decides can be kept from saying so")
        found = self.build.decide(E, U, f, rng=rng, prove=prove)
        if rng.integers(self.every):
            return found
        nothing = Factors((np.zeros((U.shape[1], E.shape[1]), E.dtype),))
        return Decision(
            found.memory if self.recalls else nothing, found.refuted if self.proves else None
        )

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        return self.decide(E, U, f, rng=rng).memory
