"""Single weights tried one after another, where only some competitors of each fact are watched.

As :mod:`assoc.bits.flips` and :mod:`assoc.bits.network_flips`, for tables of which most competitors
are far behind: the loss is summed over the pairs of a fact and a competitor that are given. Import
this module where a kernel is called: it brings Numba in.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.bits.network_flips import hidden_change
from assoc.compiled import compiled

__all__ = ["sweep_pairs", "sweep_pairs_of_network"]

Singles = NDArray[np.float32]

_matrix = types.float32[:, ::1]
_vector = types.float32[::1]
_places = types.int64[::1]
_columns = types.int32[::1]

FAST = {"reassoc", "contract", "nnan"}


@compiled(types.float64(_vector), fastmath=FAST)
def _squares(short: Singles) -> float:
    """Sum of the squares of the shortfalls (P,) above 0."""
    nothing: Any = np.float32(0)
    loss = 0.0
    for pair in range(len(short)):
        lacking = max(short[pair], nothing)
        loss += lacking * lacking
    return loss


@compiled(
    types.float64(_vector, _places, _columns, _vector, _vector, _places, types.float64),
    fastmath=FAST,
)
def _loss_after(
    short: Singles,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    change: Singles,
    u: Singles,
    f: NDArray[np.int64],
    limit: float,
) -> float:
    """Loss after the score of y at x grows by change_x u_y, or a part of it above the limit."""
    nothing: Any = np.float32(0)
    new = 0.0
    for x in range(len(change)):
        shift, part = change[x], nothing
        own = shift * u[f[x]]
        for pair in range(starts[x], starts[x + 1]):
            lacking = max(short[pair] + (shift * u[columns[pair]] - own), nothing)
            part += lacking * lacking
        new += part
        if new > limit:
            break
    return new


@compiled(types.void(_vector, _places, _columns, _vector, _vector, _places), fastmath=FAST)
def _apply(
    short: Singles,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    change: Singles,
    u: Singles,
    f: NDArray[np.int64],
) -> None:
    """Change the shortfalls as :func:`_loss_after` says."""
    for x in range(len(change)):
        shift = change[x]
        own = shift * u[f[x]]
        for pair in range(starts[x], starts[x + 1]):
            short[pair] += shift * u[columns[pair]] - own


@compiled(
    types.int64(
        _matrix, _vector, _places, _columns, _matrix, _matrix, _places, _places, _vector,
        types.float64[::1], types.float32,
    ),
    fastmath=FAST,
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
    loss = _squares(short)
    taken = 0
    for n in range(len(places)):
        i, j = divmod(places[n], W.shape[1])
        step = steps[n]
        if abs(W[i, j] + step) > top:
            step = -step
        if abs(W[i, j] + step) > top:
            continue
        change = step * inputs[j]
        new = _loss_after(short, starts, columns, change, answers[i], f, loss + allowed[n])
        if new > loss + allowed[n]:
            continue
        W[i, j] += step
        loss = new
        taken += 1
        _apply(short, starts, columns, change, answers[i], f)
    return taken


@compiled(
    types.int64(
        _matrix, _matrix, _matrix, _matrix, _matrix, _vector, _places, _columns, _matrix, _matrix,
        _places, _places, _vector, types.float64[::1], types.float32, _vector,
    ),
    fastmath=FAST,
)  # fmt: skip
def sweep_pairs_of_network(
    W: Singles,
    V: Singles,
    z: Singles,
    h: Singles,
    scores: Singles,
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
    coefficients: Singles,
) -> int:
    r"""Offer a step to one weight of V^T sigma(W x) after another, as :func:`sweep_pairs` does.

    Parameters
    ----------
    W, V, z, h, scores, places, coefficients : as for
        :func:`assoc.bits.network_flips.sweep_network`, without a matrix P.
    short, starts, columns, inputs, answers, f, steps, allowed, top : as for :func:`sweep_pairs`.

    Returns
    -------
    Number of steps taken.
    """
    loss = _squares(short)
    change = np.empty(h.shape[1], np.float32)
    taken = 0
    for n in range(len(places)):
        place, step = places[n], steps[n]
        hidden = place < W.size
        weights = W if hidden else V
        k, j = divmod(place if hidden else place - W.size, weights.shape[1])
        if abs(weights[k, j] + step) > top:
            step = -step
        if abs(weights[k, j] + step) > top:
            continue
        if hidden:
            hidden_change(z[k], h[k], inputs[j], step, coefficients, change)
        else:
            change[:] = step * h[k]
        u = scores[k] if hidden else answers[j]
        new = _loss_after(short, starts, columns, change, u, f, loss + allowed[n])
        if new > loss + allowed[n]:
            continue
        _apply(short, starts, columns, change, u, f)
        loss = new
        taken += 1
        weights[k, j] += step
        if hidden:
            z[k] += step * inputs[j]
            h[k] += change
        else:
            scores[k] += step * answers[j]
    return taken
