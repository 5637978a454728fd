"""Single weights tried one after another, each with its exact gain: the hot loop of a fit in bits.

Import this module where the kernel is called: it brings Numba in, which takes half a second.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.compiled import compiled

__all__ = ["Singles", "apply", "loss_after", "squares", "sweep"]

Singles = NDArray[np.float32]
"""Arrays in single precision, as the kernels take them."""

_matrix = types.float32[:, ::1]
_vector = types.float32[::1]
_places = types.int64[::1]


@compiled(types.float64(_matrix), fastmath={"reassoc", "contract", "nnan"})
def squares(short: Singles) -> float:
    """Sum over shortfalls (N, M) of the squares of those above 0.

    Examples
    --------
    >>> squares(np.array([[-9, 2, 3]], np.float32))
    13.0
    """
    nothing: Any = np.float32(0)
    loss = 0.0
    for x in range(len(short)):
        part = nothing
        for y in range(short.shape[1]):
            lacking = max(short[x, y], nothing)
            part += lacking * lacking
        loss += part
    return loss


@compiled(
    types.float64(_matrix, _vector, _vector, _places, types.float64),
    fastmath={"reassoc", "contract", "nnan"},
)
def loss_after(
    short: Singles, change: Singles, u: Singles, f: NDArray[np.int64], limit: float
) -> float:
    r"""Loss after the scores change by the outer product of two vectors.

    Parameters
    ----------
    short : (N, M) shortfalls.
    change, u : (N,) and (M,), so that the score of y at x grows by change_x u_y.
    f : (N,) the right answers.
    limit : what is above it is not summed to the end.

    Returns
    -------
    The loss, or a part of it that is above the limit.

    Examples
    --------
    >>> short, one = np.array([[-9, 2]], np.float32), np.ones(1, np.float32)
    >>> loss_after(short, one, np.array([1, 0], np.float32), np.zeros(1, np.int64), 9.0)
    1.0
    """
    nothing: Any = np.float32(0)
    new = 0.0
    for x in range(len(short)):
        row, shift, part = short[x], change[x], nothing
        own = shift * u[f[x]]
        for y in range(short.shape[1]):
            lacking = max(row[y] + (shift * u[y] - own), nothing)
            part += lacking * lacking
        new += part
        if new > limit:
            break
    return new


@compiled(types.void(_matrix, _vector, _vector, _places), fastmath={"reassoc", "contract", "nnan"})
def apply(short: Singles, change: Singles, u: Singles, f: NDArray[np.int64]) -> None:
    """Change the shortfalls as :func:`loss_after` says.

    Examples
    --------
    >>> short, one = np.array([[-9, 2]], np.float32), np.ones(1, np.float32)
    >>> apply(short, one, np.array([1, 0], np.float32), np.zeros(1, np.int64))
    >>> short
    array([[-9.,  1.]], dtype=float32)
    """
    for x in range(len(short)):
        row, shift = short[x], change[x]
        own = shift * u[f[x]]
        for y in range(short.shape[1]):
            row[y] += shift * u[y] - own


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
    loss = squares(short)
    taken = 0
    for n in range(len(places)):
        i, j = divmod(places[n], W.shape[1])
        step = steps[n]
        if abs(W[i, j] + step) > top:
            step = -step
        if abs(W[i, j] + step) > top:
            continue
        change = step * inputs[j]
        new = loss_after(short, change, answers[i], f, loss + allowed[n])
        if new > loss + allowed[n]:
            continue
        W[i, j] += step
        loss = new
        taken += 1
        apply(short, change, answers[i], f)
    return taken
