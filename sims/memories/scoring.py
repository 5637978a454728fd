r"""Which inputs are recalled: single-precision speed, double-precision verdict.

Scores against all M outputs are single-precision matrix products, made a tile at a time and
compared at once with the score of the right answer. A rounding bound says how far such a score can
be from the exact one; only competitors closer to the right answer than that are scored again, in
double precision. The verdict is therefore that of :func:`assoc.margins` at a fraction of its cost.

An input that has lost once has lost, so inputs leave as they lose, and what is not recalled costs
less than what is.
"""

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.memories.decoding import memory_outputs
from assoc.memories.memory import Memory
from sims.engine.parallel import run

__all__ = ["Judge", "recalled", "score_doubt"]

TILE = 1024
"""Rows and columns of a tile: near BLAS's full speed, and 4 MB of scores."""

DROPPED = 1 / 8
"""Share of the inputs in a tile that must have lost before the others are moved together."""


def score_doubt(d: int) -> float:
    r"""Bound on the rounding error of a single-precision score between vectors of norm 1.

    .. math:: |\mathrm{fl}(\langle u, F \rangle) - \langle u, F \rangle| \le
              (\gamma_d + 5\,\mathrm{u})\,\|u\| \|F\|, \qquad
              \gamma_d = d\,\mathrm{u} / (1 - d\,\mathrm{u}), \quad \mathrm{u} = 2^{-24}:

    the dot product, whatever its order of summation, and the rounding to single precision of both
    vectors, of what the score is compared with, and of the comparison's two ends. A tenth is added
    for terms of second order.

    Parameters
    ----------
    d : length of the vectors.
    """
    unit = float(np.finfo(np.float32).eps) / 2
    return 1.1 * (d * unit / (1 - d * unit) + 5 * unit)


class Judge:
    r"""Verdicts on a fixed set of inputs against outputs that arrive block by block.

    Parameters
    ----------
    F : (n, d) outputs of the memory on the inputs to be judged, float64.
    right : (n, d) embeddings of their right answers.
    answer : (n,) indices of the right answers.

    Notes
    -----
    F is scaled to norm 1 before it is rounded to single precision. Embeddings are not: the largest
    of their entries should be between 1e-9 and 1e9 in size, so that no product overflows and none
    that matters underflows.
    """

    def __init__(self, F: NDArray[np.float64], right: Floats, answer: Integers) -> None:
        norm = np.sqrt(np.einsum("ij,ij->i", F, F))
        norm[norm == 0] = 1
        self._F = F
        self._right = right
        self._reach = _reach(right)
        self._lost = np.zeros(len(F), np.bool_)
        # What follows has a row for each input still in the running.
        self._inputs = np.arange(len(F))
        self._answer = np.asarray(answer, np.int64)
        self._own = (np.einsum("ij,ij->i", F, right) / norm).astype(np.float32)
        self._unit = np.empty(F.shape, np.float32)
        np.multiply(F, 1 / norm[:, None], out=self._unit, casting="same_kind")

    def see(self, first: int, U: Floats, *, reach: float | None = None) -> None:
        """Let the outputs with indices first, first + 1, ... and embeddings U (c, d) compete.

        No row of U is longer than ``reach``, which is worked out when it is not given.
        """
        from sims.engine.kernels import judge_tile

        reach = max(self._reach, _reach(U) if reach is None else reach)
        doubt = score_doubt(U.shape[1]) * reach
        tile = np.empty(min(TILE, len(self._inputs)) * min(TILE, len(U)), np.float32)
        for left in range(0, len(U), TILE):
            if first or left:
                self._drop_the_lost()
            columns = U[left : left + TILE]
            single = columns.astype(np.float32, copy=False)
            answer = self._answer - (first + left)
            answer[(answer < 0) | (answer >= len(columns))] = -1
            for top in range(0, len(self._inputs), TILE):
                rows = slice(top, top + TILE)
                unit = self._unit[rows]
                scores = tile[: len(unit) * len(single)].reshape(len(unit), len(single))
                np.matmul(unit, single.T, out=scores)
                judge_tile(
                    scores,
                    self._own[rows],
                    doubt,
                    answer[rows],
                    self._inputs[rows],
                    self._F,
                    self._right,
                    columns,
                    self._lost,
                )

    def _drop_the_lost(self) -> None:
        stay = ~self._lost[self._inputs]
        if np.count_nonzero(stay) <= (1 - DROPPED) * len(stay):
            self._inputs = self._inputs[stay]
            self._answer = self._answer[stay]
            self._own = self._own[stay]
            self._unit = self._unit[stay]

    @property
    def recalled(self) -> NDArray[np.bool_]:
        """Whether each input's right answer beats every competitor seen so far, (n,)."""
        return ~self._lost


def recalled(
    memory: Memory, E: Floats, U: Floats, f: Integers, *, threads: int = 1
) -> NDArray[np.bool_]:
    """Whether each input is recalled, (N,): ``assoc.margins(memory, E, U, f) > 0``, but faster.

    Parameters
    ----------
    memory : any callable from (n, d_in) to (n, d_out).
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M).
    threads : blocks of inputs judged at a time.

    Notes
    -----
    Margins that double precision cannot tell from zero may fall either way, here as there; an
    output with the very embedding of the right answer always ties, and a tie is a failure.
    """
    U = _moderate(U)
    reach = _reach(U)
    verdict = np.empty(len(E), np.bool_)

    def judge_block(rows: slice) -> None:
        inputs = E[rows].astype(np.float64)
        F = memory_outputs(memory, inputs, U.shape[1], first=rows.start)
        judge = Judge(np.ascontiguousarray(F), U[f[rows]], f[rows])
        judge.see(0, U, reach=reach)
        verdict[rows] = judge.recalled

    # As many blocks as a multiple of the threads, so that these end together.
    together = max(1, threads)
    count = together * -(-len(E) // (together * TILE))
    size = -(-len(E) // count)
    run(judge_block, [slice(x, x + size) for x in range(0, len(E), size)], threads=threads)
    return verdict


def _reach(U: Floats) -> float:
    """Norm of the longest row of U."""
    return float(np.sqrt(np.einsum("ij,ij->i", U, U).max()))


def _moderate(U: Floats) -> Floats:
    """U in C order, scaled by a power of two if single precision could not hold its products."""
    U = np.ascontiguousarray(U, np.float32 if U.dtype == np.float32 else np.float64)
    exponent = int(np.frexp(max(U.max(), -U.min()))[1])
    return U if abs(exponent) < 30 else np.ldexp(U.astype(np.float64), -exponent)
