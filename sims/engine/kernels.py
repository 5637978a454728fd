"""Numba kernels: the hot loops of recall, on plain arrays, without the interpreter's lock.

Scores are single-precision matrix products made by BLAS; the kernels read them once. Comparisons
with a bar are counted, which compilers turn into vector instructions where a running maximum
stays a chain of scalar ones. What the single-precision scores leave open is settled here as well,
as the margin of one competitor at a time in double precision.

Compiled code is cached (:mod:`assoc.compiled`), so only the first run on a machine pays for
it. Import this module where a kernel is called: it brings Numba in, which takes half a second.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.compiled import compiled

__all__ = [
    "count_batch",
    "count_maps",
    "judge_tile",
    "move_subjects",
    "pool_values",
    "shift_logits",
]

f4, f8, i8 = types.float32, types.float64, types.int64

SMALLEST = 1e-200
"""Sum of weights from which on those that underflow make no difference."""

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(*signatures: Any) -> Callable[[Function], Function]:
    """Compile for the given signatures; sums may be reordered, so that they are vectorised."""
    return compiled(*signatures, fastmath={"reassoc", "contract"})


_inlined = cast(Callable[[Function], Function], numba.njit(inline="always"))
"""Write the function out in the kernel that calls it."""


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


@_compiled(types.void(_read(f8, 1), _read(f8, 2), _read(i8, 1), f8[::1]))
def _pool_alone(
    logits: NDArray[np.float64],
    values: NDArray[np.float64],
    tokens: NDArray[np.intp],
    pooled: NDArray[np.float64],
) -> None:
    """Average one prompt's values in one head, with weights relative to its own largest."""
    top = logits[tokens].max()
    total = 0.0
    pooled[:] = 0.0
    for t in range(tokens.size):
        weight = np.exp(logits[tokens[t]] - top)
        total += weight
        for j in range(pooled.size):
            pooled[j] += weight * values[tokens[t], j]
    pooled /= total


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
    # A table of weights pays for no fewer tokens than it has. Heads are the outer loop, so that the
    # values of one stay in the processor's cache.
    n, d = values.shape[1] if tokens.size >= values.shape[1] else 0, values.shape[2]
    weighted = np.empty((d + 1, n))
    for h in range(len(logits)):
        top = logits[h].max()
        for k in range(n):
            weight = np.exp(logits[h, k] - top)
            weighted[d, k] = weight
            for j in range(d):
                weighted[j, k] = weight * values[h, k, j]
        for b in range(prompts):
            total = 0.0
            for t in range(length if n else 0):
                total += weighted[d, tokens[b, t]]
            if total > SMALLEST:
                for j in range(d):
                    mean = 0.0
                    for t in range(length):
                        mean += weighted[j, tokens[b, t]]
                    pooled[b, h, j] = mean / total
            else:
                _pool_alone(logits[h], values[h], tokens[b], pooled[b, h])


@_compiled(f8(_read(f8, 2), _read(f8, 1), f8[:, ::1]))
def shift_logits(V: Floats, w: Floats, out: Floats) -> float:
    """Fill ``out`` with w V, each row's largest entry 0; return the spread, NaN if there is one.

    Parameters
    ----------
    V, w : (n, A) and (n,).
    out : (n, A), filled.
    """
    spread = 0.0
    for i in range(V.shape[0]):
        row, factor, shifted = V[i], w[i], out[i]
        top, low = -np.inf, np.inf
        for j in range(row.size):
            shifted[j] = factor * row[j]
            top = max(top, shifted[j])
            low = min(low, shifted[j])
        total = 0.0
        for j in range(row.size):
            shifted[j] -= top
            total += shifted[j]
        # Comparisons pass NaN by, and infinities make it; sums hand it on.
        if np.isnan(total):
            return np.nan
        spread = max(spread, top - low)
    return spread


@_inlined
def _set_aside(block: Floats, answer: NDArray[np.int64], mine: Floats) -> None:
    """Move what subjects do to their own answers out of the block, and leave zeros there.

    Parameters
    ----------
    block : (k, A) of these subjects.
    answer : (k, R) their right answers, -1 where there is no fact.
    mine : (k, R), filled where there is one.
    """
    for i in range(block.shape[0]):
        for r in range(answer.shape[1]):
            if answer[i, r] >= 0:
                mine[i, r] = block[i, answer[i, r]]
        for r in range(answer.shape[1]):
            if answer[i, r] >= 0:
                block[i, answer[i, r]] = 0.0


SUBJECTS = 32
"""Subjects that are worked out together, so that what is made for them stays in the cache."""


@_compiled(
    types.void(
        f8[:, ::1], _read(f8, 2), _read(f8, 2), _read(i8, 2), _read(types.boolean, 2),
        _read(f8, 2), _read(f8, 2), _read(f8, 1), f8[:, ::1], f8[::1], f8[:, ::1],
    )
)  # fmt: skip
def move_subjects(
    e_s: Floats,
    e_r: Floats,
    by_answer: Floats,
    answer: NDArray[np.int64],
    lead: NDArray[np.bool_],
    p: Floats,
    V: Floats,
    w: Floats,
    moved_V: Floats,
    moved_w: Floats,
    of_r: Floats,
) -> None:
    """Work out the gradient flow's velocity for some subjects, and their part in the relations'.

    Answers that are not a subject's own are wrong for all its facts: they are matrix products. Its
    own, each right once and wrong for the other relations, are settled one by one, so that sums
    over wrong answers never hold a right one.

    Parameters
    ----------
    e_s : (n, A) exponentials of the subjects' parts of the logits; spent.
    e_r, by_answer : (R, A) those of the relations, and the same transposed.
    answer : (n, R) right answers, -1 where there is no fact.
    lead : (n, R) whether this is the first fact of the subject with that answer.
    p : (n, R) probabilities of the facts.
    V, w : (n, A) and (n,) of the subjects.
    moved_V, moved_w : filled, of the same shapes.
    of_r : (R, A) these subjects' part in the gradient of relations, filled.
    """
    n, A = e_s.shape
    R = answer.shape[1]
    # Over subjects: what pulls right answers up, and but for the factor e_r how probable wrong ones
    # are, those of other subjects and a subject's own.
    pushed, foreign, own = np.zeros((A, R)), np.zeros((R, A)), np.zeros((A, R))
    for begin in range(0, n, SUBJECTS):
        end = min(begin + SUBJECTS, n)
        block = e_s[begin:end]
        mine = np.zeros((end - begin, R))
        _set_aside(block, answer[begin:end], mine)
        wrong = np.dot(block, by_answer)
        share = np.empty((end - begin, R))
        for i in range(end - begin):
            known, first, row = answer[begin + i], lead[begin + i], wrong[i]
            for q in range(R):
                a = known[q]
                if first[q]:
                    for r in range(R):
                        row[r] += mine[i, q] * by_answer[a, r] if known[r] != a else 0.0
            for r in range(R):
                right = mine[i, r] * by_answer[known[r], r] if known[r] >= 0 else 1.0
                share[i, r] = p[begin + i, r] / (row[r] + right)
        pull = np.dot(share, e_r)
        foreign += np.dot(share.T.copy(), block)
        for i in range(end - begin):
            s = begin + i
            known, first, to = answer[s], lead[s], pull[i]
            for j in range(A):
                to[j] *= -block[i, j]
            for q in range(R):
                a = known[q]
                if a >= 0:
                    gained = share[i, q] * wrong[i, q]
                    pushed[a, q] += gained
                    to[a] += gained
                if first[q]:
                    total = 0.0
                    for r in range(R):
                        part = share[i, r] if known[r] != a else 0.0
                        total += part * by_answer[a, r]
                        own[a, r] += part * mine[i, q]
                    to[a] -= mine[i, q] * total
            energy = 0.0
            for j in range(A):
                energy += V[s, j] * to[j]
                moved_V[s, j] = w[s] * to[j]
            moved_w[s] = energy
    for r in range(R):
        for a in range(A):
            of_r[r, a] = pushed[a, r] - e_r[r, a] * (foreign[r, a] + own[a, r])


@_compiled(types.void(i8, i8, i8, i8[:, ::1]))
def count_maps(S: int, R: int, V: int, found: NDArray[np.int64]) -> None:
    """Make every map [S] x [R] -> [V] and count those with disjoint answer sets.

    Parameters
    ----------
    S, R, V : sizes.
    found : (V + 1, S + 1) counts, by largest token plus 1 and size of the largest answer set;
        added to.
    """
    cells = S * R
    table = np.zeros(cells, np.int64)  # relation by relation
    owner = np.full(V, -1)
    while True:
        top, most, disjoint = 0, 0, True
        for r in range(R):
            size = 0
            for s in range(S):
                token = table[r * S + s]
                top = max(top, token)
                if owner[token] < 0:
                    owner[token] = r
                    size += 1
                elif owner[token] != r:
                    disjoint = False
                    break
            if not disjoint:
                break
            most = max(most, size)
        if disjoint:
            found[top + 1, most] += 1
        for cell in range(cells):
            owner[table[cell]] = -1
        place = 0
        while place < cells:
            table[place] += 1
            if table[place] < V:
                break
            table[place] = 0
            place += 1
        if place == cells:
            return
