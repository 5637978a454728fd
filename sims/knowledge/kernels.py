"""Numba kernels of training on contexts: what is done token by token, and the step itself.

A context holds two to four tokens. Its attention, the sum over what is attended to and the way back
through both are a few operations on rows of a matrix; between the kernels are dense products, made
by BLAS, and exponentials, which NumPy has as vector instructions. Compiled code is cached
(:mod:`assoc.compiled`).
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.compiled import compiled

__all__ = ["attend", "blame", "gather", "move", "scatter"]

Singles = NDArray[np.float32]
Places = NDArray[np.int64]

f4, i8 = types.float32, types.int64

FAST = {"reassoc", "contract"}
"""Sums may be reordered, so that they are vectorised."""


def _read(scalar: Any, dimensions: int) -> Any:
    """Type of an array that is only read: a user's may be read-only."""
    return types.Array(scalar, dimensions, "C", readonly=True)


@compiled(
    types.void(_read(f4, 2), _read(i8, 1), _read(i8, 1), _read(i8, 1), _read(f4, 1), f4[::1]),
    fastmath=FAST,
)
def attend(
    Q: Singles, last: Places, tokens: Places, ends: Places, times: Singles, mass: Singles
) -> None:
    """Fill in the attention of C contexts to E tokens seen.

    Parameters
    ----------
    Q : (n, n) scores by last token and token, or (0, 0) for uniform attention.
    last : (C,) the last token.
    tokens, times : (E,) tokens seen, by contexts, and how often each was.
    ends : (C + 1,) first pair of each context, then E.
    mass : (E,) filled.
    """
    for c in range(len(last)):
        begin, end = ends[c], ends[c + 1]
        if len(Q):
            row = Q[last[c]]
            top = row[tokens[begin]]
            for e in range(begin + 1, end):
                top = max(top, row[tokens[e]])
            for e in range(begin, end):
                mass[e] = times[e] * np.exp(row[tokens[e]] - top)
        else:
            for e in range(begin, end):
                mass[e] = times[e]
        total = np.float32(0)
        for e in range(begin, end):
            total += mass[e]
        for e in range(begin, end):
            mass[e] /= total


@compiled(
    types.void(_read(f4, 1), _read(i8, 1), _read(i8, 1), _read(f4, 2), f4[:, ::1]), fastmath=FAST
)
def gather(mass: Singles, tokens: Places, ends: Places, vectors: Singles, out: Singles) -> None:
    """Sum vectors of tokens over what each context attends to.

    Parameters
    ----------
    mass, tokens, ends : as for :func:`attend`.
    vectors : (n, m) of each token.
    out : (C, m), filled.
    """
    m = vectors.shape[1]
    for c in range(len(out)):
        to = out[c]
        share, vector = mass[ends[c]], vectors[tokens[ends[c]]]
        for j in range(m):
            to[j] = share * vector[j]
        for e in range(ends[c] + 1, ends[c + 1]):
            share, vector = mass[e], vectors[tokens[e]]
            for j in range(m):
                to[j] += share * vector[j]


@compiled(types.void(f4[:, ::1], _read(f4, 2), _read(f4, 1)), fastmath=FAST)
def blame(out: Singles, targets: Singles, weights: Singles) -> None:
    """Turn exponentials of logits into the derivative of the loss in the logits.

    Parameters
    ----------
    out : (C, n) exponentials; the derivative takes their place.
    targets : (C, n) distribution of the next token.
    weights : (C,) weight of each context.
    """
    for c in range(len(out)):
        row, wanted, weight = out[c], targets[c], weights[c]
        total = np.float32(0)
        for j in range(len(row)):
            total += row[j]
        share = weight / total
        for j in range(len(row)):
            row[j] = row[j] * share - wanted[j] * weight


@compiled(
    types.void(
        _read(f4, 2), _read(f4, 1), _read(i8, 1), _read(i8, 1), _read(i8, 1), _read(f4, 2),
        f4[:, ::1], f4[:, ::1],
    ),
    fastmath=FAST,
)  # fmt: skip
def scatter(
    inward: Singles,
    mass: Singles,
    last: Places,
    tokens: Places,
    ends: Places,
    vectors: Singles,
    of_vectors: Singles,
    of_Q: Singles,
) -> None:
    """Go back through :func:`gather` and :func:`attend`.

    Parameters
    ----------
    inward : (C, m) derivative in what was gathered.
    mass, last, tokens, ends, vectors : as there.
    of_vectors : (n, m), to which the derivative in the vectors is added; (0, 0) if not wanted.
    of_Q : (n, n), to which that in the scores is added; (0, 0) if not wanted.
    """
    m = vectors.shape[1]
    for c in range(len(last)):
        slope = inward[c]
        begin, end = ends[c], ends[c + 1]
        if len(of_vectors):
            for e in range(begin, end):
                share, to = mass[e], of_vectors[tokens[e]]
                for j in range(m):
                    to[j] += share * slope[j]
        if len(of_Q):
            to = of_Q[last[c]]
            mean = np.float32(0)
            for e in range(begin, end):
                vector, sensed = vectors[tokens[e]], np.float32(0)
                for j in range(m):
                    sensed += slope[j] * vector[j]
                mean += mass[e] * sensed
                to[tokens[e]] += mass[e] * sensed
            for e in range(begin, end):
                to[tokens[e]] -= mass[e] * mean


@compiled(types.void(f4[::1], f4[::1], _read(f4, 1), f4, f4, f4), fastmath=FAST)
def move(
    part: Singles,
    motion: Singles,
    slope: Singles,
    momentum: np.float32,
    decay: np.float32,
    size: np.float32,
) -> None:
    """Make a step with heavy-ball momentum.

    Parameters
    ----------
    part, motion : (k,) weights and what they move by; both are changed.
    slope : (k,) gradient.
    momentum, decay, size : of the step.
    """
    for i in range(len(part)):
        motion[i] = momentum * motion[i] + slope[i] + decay * part[i]
        part[i] -= size * motion[i]
