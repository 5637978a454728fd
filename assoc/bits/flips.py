"""Single weights tried one after another, each with its exact gain: the hot loop of a fit in bits.

Import this module where the kernel is called: it brings Numba in, which takes half a second.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.compiled import compiled

__all__ = ["sweep"]

Singles = NDArray[np.float32]

_matrix = types.float32[:, ::1]
_vector = types.float32[::1]
_places = types.int64[::1]


@compiled(
    types.int64(
        _matrix, _matrix, _matrix, _matrix, _places, _places, _vector, types.float64[::1],
        types.float32,
    ),
    fastmath={"reassoc", "contract", "nnan"},
)  # fmt: skip
def sweep(
    W: Singles,
    short: Singles,
    inputs: Singles,
    answers: Singles,
    f: NDArray[np.int64],
    places: NDArray[np.int64],
    steps: Singles,
    allowed: NDArray[np.float64],
    top: float,
) -> int:
    r"""Offer a step to one weight after another, and take those that raise the loss little enough.

    The loss is :math:`\sum_{x,y} \max(0, s_{xy})^2` of the shortfalls
    :math:`s_{xy} = \kappa - \langle u_{f(x)} - u_y, W e_x\rangle`. Adding c to W_ij adds
    :math:`-c\,e_{xj}\,(u_{f(x) i} - u_{yi})` to s_xy, so that the loss after it is known exactly
    for the price of one pass over the shortfalls.

    Parameters
    ----------
    W : (d_out, d_in) odd numbers from -top to top; changed.
    short : (N, M) shortfalls, far below 0 at the right answers; changed.
    inputs : (d_in, N) embeddings, transposed.
    answers : (d_out, M) embeddings, transposed.
    f : (N,) the right answers.
    places : (n,) weights, as places in W read row by row.
    steps : (n,) even numbers; where one leads out of the levels its negative is offered, and where
        that does too, nothing is.
    allowed : (n,) by how much each step may raise the loss.
    top : the largest level.

    Returns
    -------
    Number of steps taken.

    Examples
    --------
    >>> W = np.full((1, 1), -1, np.float32)
    >>> short = np.array([[-9, 2]], np.float32)
    >>> one, answers = np.ones((1, 1), np.float32), np.array([[1, 0]], np.float32)
    >>> zero, step = np.zeros(1, np.int64), np.full(1, 2, np.float32)
    >>> sweep(W, short, one, answers, zero, zero, step, np.zeros(1), 1.0), W.item(), short[0, 1]
    (1, 1.0, np.float32(0.0))
    """
    N, M = short.shape
    nothing: Any = np.float32(0)
    loss = 0.0
    for x in range(N):
        part = nothing
        for y in range(M):
            lacking = max(short[x, y], nothing)
            part += lacking * lacking
        loss += part
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
            row, change, part = short[x], step * inputs[j, x], nothing
            own = change * u[f[x]]
            for y in range(M):
                lacking = max(row[y] + (change * u[y] - own), nothing)
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
            row, change = short[x], step * inputs[j, x]
            own = change * u[f[x]]
            for y in range(M):
                row[y] += change * u[y] - own
    return taken
