"""Constructions damaged on purpose, which the checks must catch."""

from collections.abc import Callable

import numpy as np

from assoc.memory import Build, Floats, Integers, Memory

__all__ = ["confined", "forgetful"]


def forgetful(build: Build, *, fraction: float = 0.0) -> Build:
    """Drop some facts before building: the last one, or the last ``fraction`` of them.

    Examples
    --------
    >>> from assoc import margins
    >>> from assoc.linear import hebbian
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
