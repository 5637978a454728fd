r"""Decoding: which output a memory recalls, by what margin, and whether rounding could matter.

The margin of an input x under a memory F is

.. math:: \mathrm{margin}(x) = \langle u_{f(x)}, F(e_x) \rangle
          - \max_{y \ne f(x)} \langle u_y, F(e_x) \rangle.

Recalled means margin > 0; a tie is a failure. Scores are formed for a block of inputs at a time.
Where two are too close to tell apart their difference is formed as <u_f(x) - u_y, F(e_x)>, so
that outputs with equal embeddings tie exactly, which a matrix product does not promise.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import UNDERFLOW, Brief, Floats, dot_error, row_norms
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.memory import Memory
from assoc.user_code import checked_bounds, checked_rows, lend

__all__ = ["CertifiedMargins", "certified_margins", "margins", "memory_outputs"]

BLOCK_SCORES = 2**22


def margins(memory: Memory, E: Any, U: Any, f: Any) -> NDArray[np.float64]:
    """Margin of each input, in float64.

    Parameters
    ----------
    memory : any callable from (n, d_in) to (n, d_out).
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings. With M = 1 nothing competes and margins are infinite.
    f : (N,) integers in [0, M).

    Returns
    -------
    (N,) margins, in the units of the scores.

    Raises
    ------
    InputError
        If E or U is not a finite real matrix, f is not a map from [N] to [M], or the memory's
        outputs have the wrong shape or are not finite.

    Examples
    --------
    >>> from assoc.memories.memory import Factors
    >>> E = np.eye(2)
    >>> margins(Factors((E[::-1],)), E, E, [1, 0])
    array([1., 1.])
    """
    margin, _ = _evaluate(memory, E, U, f)
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


def certified_margins(memory: Memory, E: Any, U: Any, f: Any) -> CertifiedMargins:
    r"""Margins and a bound on their rounding error, for a memory that bounds its own.

    With F^ the computed output, delta the memory's bound on \|F^ - F\| and gamma the
    constant of :func:`assoc.arrays.dot_error`, for d products and a difference of
    embeddings,

    .. math:: |\widehat{\mathrm{margin}} - \mathrm{margin}| \le
        (\|u_{f(x)}\| + \max_y \|u_y\|)\,(\gamma_{d+1} \|\hat F\| + \delta) + u |\mathrm{margin}|.

    What is certified is the memory as stored, on the embeddings as stored.

    Parameters
    ----------
    memory, E, U, f : as for :func:`margins`; the memory has ``rounding_error(E) -> (N,)``.

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
    margin, length = _evaluate(memory, E, U, f)
    if len(U) == 1:
        return CertifiedMargins(margin, np.zeros(len(margin)))
    E, U = np.asarray(E, np.float64), np.asarray(U, np.float64)
    sizes = row_norms(U)
    reach = sizes[np.asarray(f)] + sizes.max()
    d = U.shape[1]
    own = checked_bounds(lend(bounds_of, {"E": E}), len(E), "the memory's rounding_error")
    bound = reach * (dot_error(d + 1) * length + own) + d * UNDERFLOW
    # The last term covers the subtraction, the factor the roundings of this bound.
    bound = bound * (1 + 1e-9) + np.finfo(np.float64).eps * np.abs(margin)
    return CertifiedMargins(margin, bound)


def _evaluate(
    memory: Memory, E: Any, U: Any, f: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Margins (N,) and the norms of the memory's outputs (N,)."""
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    N, M = len(E), len(U)
    f = check_map(f, N, M)
    answers = np.asarray(U, np.float64)
    sizes = row_norms(answers)
    block = max(1, BLOCK_SCORES // M)
    margin, length = np.empty(N), np.empty(N)
    for start in range(0, N, block):
        rows = slice(start, start + block)
        inputs = np.asarray(E[rows], np.float64)
        out = memory_outputs(memory, inputs, answers.shape[1], first=start)
        size = row_norms(out)
        scores = out @ answers.T
        answer = f[rows]
        index = (np.arange(len(scores)), answer)
        own = scores[index]
        scores[index] = -np.inf
        gap = own - scores.max(axis=1)
        doubt = dot_error(answers.shape[1] + 1) * size * (sizes[answer] + sizes.max())
        for x in np.flatnonzero(np.abs(gap) <= doubt):
            # Beyond 4 doubts an output cannot be the closest competitor: that one is within 2.
            rivals = np.flatnonzero(scores[x] >= own[x] - 4 * doubt[x])
            gap[x] = ((answers[answer[x]] - answers[rivals]) @ out[x]).min()
        margin[rows], length[rows] = gap, size
    return margin, length


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
