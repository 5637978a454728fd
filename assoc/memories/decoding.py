r"""Decoding: which output a memory recalls, by what margin, and whether rounding could matter.

The margin of an input x under a memory F is

.. math:: \mathrm{margin}(x) = \langle u_{f(x)}, F(e_x) \rangle
          - \max_{y \ne f(x)} \langle u_y, F(e_x) \rangle.

Recalled means margin > 0; a tie is a failure. Where several answers are right, a set Y(x), it is

.. math:: \mathrm{margin}(x) = \max_{a \in Y(x)} \langle u_a, F(e_x) \rangle
          - \max_{y \notin Y(x)} \langle u_y, F(e_x) \rangle:

right answers do not compete with each other. Scores are formed for a block of inputs at a time.
Where two are too close to tell apart their difference is formed as <u_a - u_y, F(e_x)>, so that
outputs with equal embeddings tie exactly, which a matrix product does not promise.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import UNDERFLOW, Brief, Floats, dot_error, row_norms
from assoc.embeddings import check_scale, check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_also, check_map
from assoc.memories.memory import Memory
from assoc.user_code import checked_bounds, checked_rows, lend

__all__ = ["CertifiedMargins", "certified_margins", "margins", "memory_outputs"]

BLOCK_SCORES = 2**22


def margins(memory: Memory, E: Any, U: Any, f: Any, also: Any = None) -> NDArray[np.float64]:
    """Margin of each input, in float64.

    Parameters
    ----------
    memory : any callable from (n, d_in) to (n, d_out).
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings. Where nothing competes, as with M = 1, margins are infinite.
    f : (N,) integers in [0, M).
    also : (n, 2) integers, rows (x, y) in order of x: the answers y that are right beside f(x);
        None stands for no rows.

    Returns
    -------
    (N,) margins, in the units of the scores.

    Raises
    ------
    InputError
        If E or U is not a finite real matrix, or is one in single precision whose entries are too
        extreme for products of them; if f is not a map from [N] to [M], ``also`` is not what it
        should be, or the memory's outputs have the wrong shape or are not finite.

    Examples
    --------
    >>> from assoc.memories.memory import Factors
    >>> E = np.eye(2)
    >>> margins(Factors((E[::-1],)), E, E, [1, 0])
    array([1., 1.])
    >>> margins(Factors(()), E, E, [1, 0])
    array([-1., -1.])
    >>> margins(Factors(()), E, np.eye(3)[:, :2], [1, 0], also=[[0, 0]])
    array([ 1., -1.])
    """
    margin, _, _ = _evaluate(memory, E, U, f, also)
    return margin


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedMargins(Brief):
    """Margins (N,) with rigorous bounds (N,) on the rounding error of their evaluation."""

    margin: NDArray[np.float64]
    bound: NDArray[np.float64]

    @property
    def recalled(self) -> NDArray[np.bool_]:
        """Inputs whose computed margin is positive."""
        return self.margin > 0

    @property
    def certified(self) -> NDArray[np.bool_]:
        """Inputs whose exact margin is proved positive; they are recalled."""
        return self.recalled & (self.margin > self.bound)


def certified_margins(memory: Memory, E: Any, U: Any, f: Any, also: Any = None) -> CertifiedMargins:
    r"""Margins and a bound on their rounding error, for a memory that bounds its own.

    With F^ the computed output, delta the memory's bound on \|F^ - F\| and gamma the
    constant of :func:`assoc.arrays.dot_error`, for d products and a difference of
    embeddings,

    .. math:: |\widehat{\mathrm{margin}} - \mathrm{margin}| \le
        \Bigl(\max_{a \in Y(x)} \|u_a\| + \max_y \|u_y\|\Bigr)
        (\gamma_{d+1} \|\hat F\| + \delta) + u |\mathrm{margin}|.

    since no maximum moves by more than its terms do. What is certified is the memory as stored, on
    the embeddings as stored.

    Parameters
    ----------
    memory, E, U, f, also : as for :func:`margins`; the memory has ``rounding_error(E) -> (N,)``.

    Raises
    ------
    InputError
        As for :func:`margins`, or if the memory does not bound its rounding error by N finite
        numbers that are at least 0.

    References
    ----------
    Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.

    Examples
    --------
    >>> from assoc.memories.memory import Factors
    >>> E = np.eye(2)
    >>> certified_margins(Factors((E[::-1],)), E, E, [1, 0]).certified
    array([ True,  True])
    """
    bounds_of = getattr(memory, "rounding_error", None)
    if bounds_of is None:
        raise InputError(
            f"{type(memory).__name__} cannot be certified: it has no rounding_error(E) method"
        )
    margin, length, reach = _evaluate(memory, E, U, f, also)
    # Where nothing competes no rounding matters.
    rivalled = np.isfinite(margin)
    if not rivalled.any():
        return CertifiedMargins(margin, np.zeros(len(margin)))
    E, d = np.asarray(E, np.float64), np.asarray(U).shape[1]
    own = checked_bounds(lend(bounds_of, {"E": E}), len(E), "the memory's rounding_error")
    bound = reach * (dot_error(d + 1) * length + own) + d * UNDERFLOW
    # The last term covers the subtraction, the factor the roundings of this bound.
    bound = bound * (1 + 1e-9) + np.finfo(np.float64).eps * np.where(rivalled, np.abs(margin), 0)
    return CertifiedMargins(margin, np.where(rivalled, bound, 0.0))


def _evaluate(
    memory: Memory, E: Any, U: Any, f: Any, also: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Margins (N,), norms of the memory's outputs (N,), and of the embeddings that differ (N,).

    The last is the largest norm of a right answer's embedding, and the largest of all, in sum.
    """
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    for vectors, name in ((E, "E"), (U, "U")):
        # A memory that was built of them in single precision holds zeros or infinities.
        if vectors.dtype == np.float32:
            check_scale(vectors, name)
    N, M = len(E), len(U)
    f = check_map(f, N, M)
    also = check_also(also, f, M)
    answers = np.asarray(U, np.float64)
    sizes = row_norms(answers)
    reach = sizes[np.asarray(f)] + sizes.max()
    np.maximum.at(reach, also[:, 0], sizes[also[:, 1]] + sizes.max())
    block = max(1, BLOCK_SCORES // M)
    margin, length = np.empty(N), np.empty(N)
    for start in range(0, N, block):
        rows = slice(start, start + block)
        inputs = np.asarray(E[rows], np.float64)
        out = memory_outputs(memory, inputs, answers.shape[1], first=start)
        size = row_norms(out)
        scores = out @ answers.T
        first, last = np.searchsorted(also[:, 0], [start, start + len(scores)])
        others = also[first:last] - (start, 0)
        # The right answers of all inputs of the block, (input, answer), f(x) first.
        right = np.concatenate([np.column_stack([np.arange(len(scores)), f[rows]]), others])
        index = tuple(right.T)
        own = np.full(len(scores), -np.inf)
        np.maximum.at(own, index[0], scores[index])
        scores[index] = -np.inf
        gap = own - scores.max(axis=1)
        doubt = dot_error(answers.shape[1] + 1) * size * reach[rows]
        for x in np.flatnonzero(np.abs(gap) <= doubt):
            # Beyond 4 doubts an output cannot be the closest competitor: that one is within 2.
            rivals = np.flatnonzero(scores[x] >= own[x] - 4 * doubt[x])
            good = [int(f[start + x]), *others[others[:, 0] == x, 1].tolist()]
            gap[x] = max(((answers[a] - answers[rivals]) @ out[x]).min() for a in good)
        margin[rows], length[rows] = gap, size
    return margin, length, reach


def memory_outputs(memory: Memory, E: Floats, d_out: int, *, first: int = 0) -> NDArray[np.float64]:
    """Outputs (n, d_out) of any memory on E (n, d_in), checked and in float64.

    Parameters
    ----------
    memory : any callable.
    E : (n, d_in) inputs.
    d_out : length of the output embeddings.
    first : number of the first of these inputs, for messages.

    Raises
    ------
    InputError
        If the memory refuses the inputs, or its outputs have the wrong shape or are not finite.
    """
    try:
        out = lend(memory, {"E": E})
    except InputError as error:
        raise InputError(
            f"the memory does not accept inputs of shape {E.shape}: {error}"
        ) from error.__cause__
    return checked_rows(out, len(E), d_out, "the memory", inputs="inputs", first=first)
