"""Numba kernels: the hot loops of recall, on plain arrays, without the interpreter's lock.

Scores are single-precision matrix products made by BLAS; the kernels read them once. Comparisons
with a bar are counted, which compilers turn into vector instructions where a running maximum
stays a chain of scalar ones. What the single-precision scores leave open is settled here as well,
as the margin of one competitor at a time in double precision.

Compiled code is cached beside the source, so only the first run on a machine pays for it. Import
this module where a kernel is called: it brings Numba in, which takes half a second.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.memory import Floats

__all__ = ["count_batch", "judge_tile", "pool_values"]

f4, f8, i8 = types.float32, types.float64, types.int64

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(*signatures: Any) -> Callable[[Function], Function]:
    """Compile for the given signatures; sums may be reordered, so that they are vectorised."""
    return cast(
        Callable[[Function], Function],
        numba.njit(list(signatures), cache=True, nogil=True, fastmath={"reassoc", "contract"}),
    )


def _read(scalar: Any, dimensions: int) -> Any:
    """Type of an array that is only read: a user's may be read-only."""
    return types.Array(scalar, dimensions, "C", readonly=True)


def _tile_signature(scalar: Any) -> Any:
    vectors = _read(scalar, 2)
    return types.void(
        _read(f4, 2), _read(f4, 1), f4, _read(i8, 1), _read(i8, 1), _read(f8, 2), vectors, vectors,
        types.boolean[::1],
    )  # fmt: skip


@_compiled(_tile_signature(f4), _tile_signature(f8))
def judge_tile(
    scores: NDArray[np.float32],
    own: NDArray[np.float32],
    doubt: float,
    answer: NDArray[np.int64],
    inputs: NDArray[np.int64],
    F: NDArray[np.float64],
    right: Floats,
    U: Floats,
    lost: NDArray[np.bool_],
) -> None:
    """Mark the inputs that lose to one of the outputs of a tile.

    Parameters
    ----------
    scores : (b, c) approximate scores of b inputs against c outputs.
    own : (b,) approximate score of the right answer.
    doubt : how far, at most, a score minus ``own`` is from its exact value.
    answer : (b,) column of the right answer, or -1.
    inputs : (b,) which of the n inputs each row is.
    F, right : (n, d) outputs of the memory, and embeddings of the right answers.
    U : (c, d) embeddings of the outputs.
    lost : (n,) set where a competitor scores at least as much as the right answer.
    """
    for i in range(scores.shape[0]):
        x = inputs[i]
        if lost[x]:
            continue
        row = scores[i]
        low, high = own[i] - doubt, own[i] + doubt
        near = above = 0
        for y in range(row.size):
            near += row[y] >= low
            above += row[y] > high
        if above > 0:
            lost[x] = True
        elif near > (answer[i] >= 0):
            for y in range(row.size):
                if row[y] >= low and y != answer[i]:
                    margin = 0.0
                    for k in range(F.shape[1]):
                        margin += F[x, k] * (np.float64(right[x, k]) - np.float64(U[y, k]))
                    if margin <= 0:
                        lost[x] = True
                        break


@_compiled(
    types.void(_read(f4, 3), _read(f4, 1), _read(f4, 3), _read(f4, 3), _read(f4, 3), i8[::1])
)
def count_batch(
    scores: NDArray[np.float32],
    doubt: NDArray[np.float32],
    W: NDArray[np.float32],
    E: NDArray[np.float32],
    U: NDArray[np.float32],
    recalled: NDArray[np.int64],
) -> None:
    """Count the inputs recalled in each of many small trials with a linear memory, f(x) = x.

    Parameters
    ----------
    scores : (T, N, N) approximate scores of N inputs against N outputs in each of T trials.
    doubt : (T,) bound on the error of a difference of two scores of a trial.
    W : (T, d, d) the memories.
    E, U : (T, N, d) the embeddings.
    recalled : (T,) filled with the number of inputs with a positive margin.
    """
    trials, N, _ = scores.shape
    d = W.shape[1]
    out = np.empty(d)
    for t in range(trials):
        count = 0
        for x in range(N):
            row = scores[t, x]
            low, high = row[x] - doubt[t], row[x] + doubt[t]
            near = above = 0
            for y in range(N):
                near += row[y] >= low
                above += row[y] > high
            won = above == 0
            if won and near > 1:
                for i in range(d):
                    total = 0.0
                    for k in range(d):
                        total += np.float64(W[t, i, k]) * np.float64(E[t, x, k])
                    out[i] = total
                for y in range(N):
                    if row[y] >= low and y != x:
                        margin = 0.0
                        for k in range(d):
                            margin += out[k] * (np.float64(U[t, x, k]) - np.float64(U[t, y, k]))
                        won = won and margin > 0
            count += won
        recalled[t] = count


@_compiled(types.void(_read(f8, 2), _read(f8, 3), _read(i8, 2), types.Array(f8, 3, "C")))
def pool_values(
    logits: NDArray[np.float64],
    values: NDArray[np.float64],
    tokens: NDArray[np.intp],
    pooled: NDArray[np.float64],
) -> None:
    """Average the values of each prompt's tokens by the softmax of their logits.

    Parameters
    ----------
    logits, values : (H, k) and (H, k, d_h), of k tokens.
    tokens : (B, T) tokens of the prompts.
    pooled : (B, H, d_h), filled with the averages.
    """
    prompts, length = tokens.shape
    weight = np.empty(length)
    # Heads are the outer loop, so that the values of one stay in the processor's cache.
    for h in range(len(logits)):
        for b in range(prompts):
            top = -np.inf
            for t in range(length):
                weight[t] = logits[h, tokens[b, t]]
                top = max(top, weight[t])
            total = 0.0
            for t in range(length):
                weight[t] = np.exp(weight[t] - top)
                total += weight[t]
            out = pooled[b, h]
            out[:] = 0.0
            for t in range(length):
                share = weight[t] / total
                if share != 0:
                    row = values[h, tokens[b, t]]
                    for k in range(row.size):
                        out[k] += share * row[k]
