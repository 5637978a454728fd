"""Single weights tried one after another, where only some competitors of each fact are watched.

As :mod:`assoc.bits.flips`, for tables of which most competitors are far behind: the loss is summed
over the pairs of a fact and a competitor that are given. Import this module where the kernel is
called: it brings Numba in.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.compiled import compiled

__all__ = ["sweep_pairs"]

Singles = NDArray[np.float32]

_matrix = types.float32[:, ::1]
_vector = types.float32[::1]
_places = types.int64[::1]


@compiled(
    types.int64(
        _matrix, _vector, _places, types.int32[::1], _matrix, _matrix, _places, _places, _vector,
        types.float64[::1], types.float32,
    ),
    fastmath={"reassoc", "contract", "nnan"},
)  # fmt: skip
def sweep_pairs(
    W: Singles,
    short: Singles,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    inputs: Singles,
    answers: Singles,
    f: NDArray[np.int64],
    places: NDArray[np.int64],
    steps: Singles,
    allowed: NDArray[np.float64],
    top: float,
) -> int:
    r"""Offer a step to one weight after another, and take those that raise the loss little enough.

    The loss is :math:`\sum \max(0, s_{xy})^2` over the pairs, with the shortfalls
    :math:`s_{xy} = \kappa - \langle u_{f(x)} - u_y, W e_x\rangle`.

    Parameters
    ----------
    W : (d_out, d_in) odd numbers from -top to top; changed.
    short : (P,) shortfalls of the pairs, fact by fact; changed.
    starts : (N + 1,) where the pairs of each fact begin, and where the last end.
    columns : (P,) the competitor y of each pair.
    inputs : (d_in, N) embeddings, transposed.
    answers : (d_out, M) embeddings, transposed.
    f : (N,) the right answers.
    places, steps, allowed, top : as for :func:`assoc.bits.flips.sweep`.

    Returns
    -------
    Number of steps taken.

    Examples
    --------
    >>> W = np.full((1, 1), -1, np.float32)
    >>> short, starts, columns = np.full(1, 2, np.float32), np.array([0, 1]), np.ones(1, np.int32)
    >>> one, answers = np.ones((1, 1), np.float32), np.array([[1, 0]], np.float32)
    >>> zero, step = np.zeros(1, np.int64), np.full(1, 2, np.float32)
    >>> sweep_pairs(W, short, starts, columns, one, answers, zero, zero, step, np.zeros(1), 1.0)
    1
    >>> W.item(), short.item()
    (1.0, 0.0)
    """
    N = len(starts) - 1
    nothing: Any = np.float32(0)
    loss = 0.0
    for pair in range(len(short)):
        lacking = max(short[pair], nothing)
        loss += lacking * lacking
    taken = 0
    for n in range(len(places)):
        i, j = divmod(places[n], W.shape[1])
        step = steps[n]
        if abs(W[i, j] + step) > top:
            step = -step
        if abs(W[i, j] + step) > top:
            continue
        u, limit, new = answers[i], loss + allowed[n], 0.0
        for x in range(N):
            change, part = step * inputs[j, x], nothing
            own = change * u[f[x]]
            for pair in range(starts[x], starts[x + 1]):
                lacking = max(short[pair] + (change * u[columns[pair]] - own), nothing)
                part += lacking * lacking
            new += part
            if new > limit:
                break
        if new > limit:
            continue
        W[i, j] += step
        loss = new
        taken += 1
        for x in range(N):
            change = step * inputs[j, x]
            own = change * u[f[x]]
            for pair in range(starts[x], starts[x + 1]):
                short[pair] += change * u[columns[pair]] - own
    return taken
