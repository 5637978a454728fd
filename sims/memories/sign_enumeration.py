"""The most facts that any sign matrix recalls, by trying all of them."""

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.checks import check_fits
from assoc.compiled import compiled
from assoc.embeddings import check_vectors
from assoc.errors import InputError

__all__ = ["MOST_SIGNS", "most_recalled_by_signs"]

MOST_SIGNS = 25
"""Entries of a matrix up to which all are tried: 2^25 of them take seconds."""

_doubles = types.float64[:, ::1]


@compiled(types.int64(_doubles, _doubles))
def _most(rows: NDArray[np.float64], U: NDArray[np.float64]) -> int:
    """Longest prefix of facts x -> x recalled by some matrix, of all given rows (count, N)."""
    count, N = rows.shape
    d = U.shape[1]
    best = 0
    chosen = np.zeros(d, np.int64)
    outputs = np.empty(d)
    for matrix in range(count**d):
        rest = matrix
        for i in range(d):
            chosen[i] = rest % count
            rest //= count
        reached, x = N, 0
        # An answer that wins against x leaves only prefixes without it, or without x.
        while x < reached and reached > best:
            own = 0.0
            for i in range(d):
                outputs[i] = rows[chosen[i], x]
                own += outputs[i] * U[x, i]
            for y in range(reached):
                score = 0.0
                for i in range(d):
                    score += outputs[i] * U[y, i]
                if y != x and score >= own:
                    reached = max(x, y)
                    break
            x += 1
        best = max(best, reached)
    return best


def most_recalled_by_signs(E: Floats, U: Floats) -> int:
    r"""Largest N such that some matrix of signs recalls the facts 0 -> 0, ..., N-1 -> N-1.

    Competitors are the answers of these N facts alone. A fact more only adds inequalities, so that
    what holds at N holds below.

    Parameters
    ----------
    E : (n, d_in) input embeddings.
    U : (n, d) output embeddings, with d_in d at most :data:`MOST_SIGNS`.

    Returns
    -------
    N, at most n.

    Raises
    ------
    InputError
        If the embeddings are not finite real matrices of as many rows, or there are too many
        matrices.

    Examples
    --------
    Both signs of one entry recall one fact; two facts need one of each sign:

    >>> one = np.array([[1.0], [-1.0]])
    >>> most_recalled_by_signs(one, one), most_recalled_by_signs(np.abs(one), one)
    (2, 1)
    """
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    if len(E) != len(U):
        raise InputError(f"{len(E)} inputs and {len(U)} answers: as many are needed")
    d_in, d = E.shape[1], U.shape[1]
    if d_in * d > MOST_SIGNS:
        raise InputError(f"{d_in} by {d} signs: at most {MOST_SIGNS} are tried")
    check_fits(2**d_in * len(E), 8, f"{d_in} inputs: their rows")
    patterns = (np.arange(2**d_in)[:, None] >> np.arange(d_in)) & 1
    rows = (2.0 * patterns - 1) @ E.astype(np.float64).T
    return int(_most(np.ascontiguousarray(rows), np.ascontiguousarray(U, np.float64)))
