r"""Fact maps f: [N] -> [M], as integer arrays f (N,), and the sizes of their classes.

A law of fact maps is a function ``law(N, M, rng=rng) -> (N,)``. The class of an output y is the
set of inputs with f(x) = y; its size is K_y. Injective maps have K_y in {0, 1}.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers
from assoc.errors import InputError

__all__ = [
    "MAPS",
    "FactMap",
    "balanced",
    "check_map",
    "class_sizes",
    "identity",
    "permutation",
    "random",
    "zipf",
    "zipf_sizes",
]


class FactMap(Protocol):
    """A law of fact maps: ``fact_map(N, M, rng=rng) -> (N,)`` integers in [0, M)."""

    def __call__(self, N: int, M: int, /, *, rng: np.random.Generator) -> Integers:
        """Draw f."""


def identity(N: int, M: int, /, *, rng: np.random.Generator | None = None) -> Integers:
    """f(x) = x; needs M >= N.

    Examples
    --------
    >>> identity(3, 3)
    array([0, 1, 2])
    """
    _injective(N, M)
    return np.arange(N)


def permutation(N: int, M: int, /, *, rng: np.random.Generator) -> Integers:
    """Uniformly random injection of [N] into [M]; a permutation when M = N.

    Examples
    --------
    >>> np.sort(permutation(3, 3, rng=np.random.default_rng(0)))
    array([0, 1, 2])
    """
    _injective(N, M)
    return rng.permutation(M)[:N]


def random(N: int, M: int, /, *, rng: np.random.Generator) -> Integers:
    """Independent uniform outputs.

    Examples
    --------
    >>> bool(random(9, 3, rng=np.random.default_rng(0)).max() < 3)
    True
    """
    return rng.integers(0, M, size=N)


def balanced(N: int, M: int, /, *, rng: np.random.Generator | None = None) -> Integers:
    """f(x) = x mod M, so that class sizes differ by at most one, for every prefix too.

    Examples
    --------
    >>> balanced(5, 2)
    array([0, 1, 0, 1, 0])
    """
    return np.arange(N) % M


def zipf(N: int, M: int, /, *, rng: np.random.Generator, exponent: float = 1.0) -> Integers:
    """Independent outputs with P(y) proportional to (y + 1)^-exponent.

    Examples
    --------
    >>> np.bincount(zipf(1100, 3, rng=np.random.default_rng(0))).argsort()
    array([2, 1, 0])
    """
    return rng.choice(M, size=N, p=zipf_sizes(1.0, M, exponent=exponent))


def zipf_sizes(N: float, M: int, *, exponent: float = 1.0) -> NDArray[np.float64]:
    """Expected class sizes (M,) of :func:`zipf`; they sum to N.

    Examples
    --------
    >>> zipf_sizes(11, 3)
    array([6., 3., 2.])
    """
    weights = np.arange(1, M + 1, dtype=np.float64) ** -exponent
    sizes: NDArray[np.float64] = N * weights / weights.sum()
    return sizes


MAPS: Mapping[str, FactMap] = MappingProxyType(
    {
        "identity": identity,
        "permutation": permutation,
        "random": random,
        "balanced": balanced,
        "zipf": zipf,
    }
)
"""The laws by name."""


def class_sizes(f: Integers, M: int) -> Integers:
    """K_y for y in [M]: how many inputs each output has, shape (M,).

    Examples
    --------
    >>> class_sizes(np.array([0, 2, 0]), 3)
    array([2, 0, 1])
    """
    return np.bincount(f, minlength=M)


def check_map(f: Any, N: int, M: int) -> Integers:
    """Return f if it is a map from [N] to [M].

    Raises
    ------
    InputError
        If f is not N integers in [0, M); the first offending entry is named.

    Examples
    --------
    >>> check_map([0, 3], 2, 3)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: f[1] = 3 is not an output: M = 3
    """
    try:
        f = np.asarray(f)
    except ValueError:
        raise InputError(f"f must be {N} integers, not rows of different lengths") from None
    if f.shape != (N,) or f.dtype.kind not in "iu":
        raise InputError(f"f must be {N} integers, not {f.dtype} of shape {f.shape}")
    bad = np.flatnonzero((f < 0) | (f >= M))
    if bad.size:
        raise InputError(f"f[{bad[0]}] = {f[bad[0]]} is not an output: M = {M}")
    checked: Integers = f
    return checked


def _injective(N: int, M: int) -> None:
    if N > M:
        raise InputError(f"no injective map from N = {N} inputs to M = {M} outputs")
