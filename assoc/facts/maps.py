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
    "all_told",
    "balanced",
    "check_also",
    "check_map",
    "class_sizes",
    "evened",
    "identity",
    "permutation",
    "random",
    "right_counts",
    "rows_of",
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


def check_also(also: Any, f: Integers, M: int) -> NDArray[np.intp]:
    """Return what other answers are right, if these are such.

    Parameters
    ----------
    also : (n, 2) integers, rows (x, y): input x may be answered with y as well as with f(x); in
        order of x. None stands for no rows.
    f : (N,) the fact map.
    M : number of outputs.

    Raises
    ------
    InputError
        If they are not rows of integers, or one is out of range, out of order or given twice.

    Examples
    --------
    >>> check_also([[1, 0]], np.array([0, 2]), 3)
    array([[1, 0]])
    >>> check_also([[1, 2]], np.array([0, 2]), 3)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: also: answer 2 of input 1 is given twice
    """
    found = np.zeros((0, 2), np.intp) if also is None else np.asarray(also)
    if found.ndim != 2 or found.shape[1] != 2 or found.dtype.kind not in "iu":
        raise InputError(
            f"also: rows (input, answer) of integers are needed, not {found.dtype} of shape "
            f"{found.shape}"
        )
    rows = found.astype(np.intp)
    bad = np.flatnonzero(((rows < 0) | (rows >= (len(f), M))).any(axis=1))
    if bad.size:
        raise InputError(
            f"also[{bad[0]}] = {rows[bad[0]].tolist()} is no input and output: "
            f"N = {len(f)}, M = {M}"
        )
    if (np.diff(rows[:, 0]) < 0).any():
        raise InputError("also: rows are not in the order of their inputs")
    inputs = np.unique(rows[:, 0])
    told = np.concatenate([rows, np.column_stack([inputs, np.asarray(f)[inputs]])])
    pairs, times = np.unique(told, axis=0, return_counts=True)
    if (times > 1).any():
        x, y = pairs[times > 1][0].tolist()
        raise InputError(f"also: answer {y} of input {x} is given twice")
    return rows


def rows_of(also: NDArray[np.intp], inputs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the rows of some inputs, which are numbered anew.

    Parameters
    ----------
    also : of :func:`check_also`.
    inputs : positions of the inputs, increasing.

    Examples
    --------
    >>> rows_of(np.array([[0, 5], [3, 6], [3, 7]]), np.array([1, 3]))
    array([[1, 6],
           [1, 7]])
    """
    kept = np.isin(also[:, 0], inputs)
    places = np.searchsorted(inputs, also[kept, 0])
    return np.column_stack([places, also[kept, 1]])


def all_told(facts: NDArray[np.intp], also: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return all that is right, rows (s, r, a): the facts (N, 3), then their other answers.

    Examples
    --------
    >>> all_told(np.array([[0, 0, 5], [1, 0, 6]]), np.array([[1, 7]])).tolist()
    [[0, 0, 5], [1, 0, 6], [1, 0, 7]]
    """
    return np.concatenate([facts, np.column_stack([facts[also[:, 0], :2], also[:, 1]])])


def right_counts(also: NDArray[np.intp], N: int) -> NDArray[np.intp]:
    """Return how many right answers each of N inputs has, (N,).

    Examples
    --------
    >>> right_counts(np.array([[1, 7], [1, 8]]), 3)
    array([1, 3, 1])
    """
    return np.asarray(1 + np.bincount(also[:, 0], minlength=N))


def evened(
    f: Integers, M: int, also: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose among right answers so that classes are as even as single changes make them.

    An input that has several right answers leaves the class of one for that of another while this
    is smaller by two or more, so that the sum of the squares of class sizes falls.

    Parameters
    ----------
    f : (N,) the fact map.
    M : number of outputs.
    also : of :func:`check_also`.

    Returns
    -------
    The fact map chosen, and what other answers are right then.

    Examples
    --------
    >>> evened(np.array([0, 0, 0]), 2, np.array([[1, 1]]))
    (array([0, 1, 0]), array([[1, 0]]))
    """
    chosen, others = np.array(f, np.intp), also.copy()
    sizes = class_sizes(chosen, M)
    inputs, first = np.unique(also[:, 0], return_index=True)
    last = np.append(first, len(also))[1:]
    moved = True
    while moved:
        moved = False
        for x, start, end in zip(inputs.tolist(), first.tolist(), last.tolist(), strict=True):
            place = start + int(sizes[others[start:end, 1]].argmin())
            own, other = chosen[x], others[place, 1]
            if sizes[other] + 1 < sizes[own]:
                chosen[x], others[place, 1] = other, own
                sizes[own] -= 1
                sizes[other] += 1
                moved = True
    return chosen, others


def _injective(N: int, M: int) -> None:
    if N > M:
        raise InputError(f"no injective map from N = {N} inputs to M = {M} outputs")
