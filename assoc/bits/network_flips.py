"""Single weights of a network of one hidden layer tried one after another, with exact gains.

Import this module where the kernel is called: it brings Numba in, which takes half a second.
"""

import numpy as np
from numba import types
from numpy.typing import NDArray

from assoc.bits.flips import Singles, apply, loss_after, squares
from assoc.compiled import compiled

__all__ = ["hidden_change", "sweep_network"]

_matrix = types.float32[:, ::1]
_vector = types.float32[::1]
_places = types.int64[::1]


@compiled(
    types.void(_vector, _vector, _vector, types.float32, _vector, _vector),
    fastmath={"reassoc", "contract", "nnan"},
)
def hidden_change(
    z: Singles, h: Singles, inputs: Singles, step: float, coefficients: Singles, change: Singles
) -> None:
    """Write the change (N,) of the neuron sigma(z), now h, when z grows by ``step * inputs``.

    Parameters
    ----------
    z, h : (N,) what the neuron sees, and what it says.
    inputs : (N,) the input's coordinate.
    step : of its weight.
    coefficients : of sigma in powers of z, the constant first.
    change : (N,) what is written.

    Examples
    --------
    >>> one, change = np.ones(1, np.float32), np.empty(1, np.float32)
    >>> hidden_change(one, one, one, 2.0, np.array([0, 0, 1], np.float32), change)
    >>> change
    array([8.], dtype=float32)
    """
    last = len(coefficients) - 1
    for x in range(len(z)):
        moved = z[x] + step * inputs[x]
        value = coefficients[last]
        for k in range(last - 1, -1, -1):
            value = value * moved + coefficients[k]
        change[x] = value - h[x]


@compiled(
    types.int64(
        _matrix, _matrix, _matrix, _matrix, _matrix, _matrix, _matrix, _matrix, _matrix, _matrix,
        _places, _places, _vector, types.float64[::1], types.float32, _vector,
    ),
    fastmath={"reassoc", "contract", "nnan"},
)  # fmt: skip
def sweep_network(
    W: Singles,
    P: Singles,
    V: Singles,
    z: Singles,
    q: Singles,
    h: Singles,
    scores: Singles,
    short: Singles,
    inputs: Singles,
    answers: Singles,
    f: NDArray[np.int64],
    places: NDArray[np.int64],
    steps: Singles,
    allowed: NDArray[np.float64],
    top: float,
    coefficients: Singles,
) -> int:
    r"""Offer a step to one weight after another, as :func:`assoc.bits.flips.sweep` does.

    The network is V^T sigma(W e), or the bilinear V^T (W e * P e) where P has rows. A step of one
    weight changes all scores by an outer product: of the input's coordinate and what the neuron
    adds to the answers' scores for V, of the neuron's change and that for W and P. So its gain is
    exact and takes one pass over the shortfalls, as for a matrix.

    Parameters
    ----------
    W, P : (m, d_in) odd numbers from -top to top; P with no rows for sigma. Changed, as V is.
    V : (m, d_out) likewise.
    z, q, h : (m, N) W e, P e and the hidden layer; changed.
    scores : (m, M) scores <V_k, u_y> of what each neuron adds; changed.
    short : (N, M) shortfalls, far below 0 at the right answers; changed.
    inputs : (d_in, N) embeddings, transposed.
    answers : (d_out, M) embeddings, transposed.
    f : (N,) the right answers.
    places : (n,) weights, as places in W, P and V, in this order, each read row by row.
    steps, allowed, top : as for :func:`assoc.bits.flips.sweep`.
    coefficients : of sigma in powers of z, the constant first.

    Returns
    -------
    Number of steps taken.
    """
    loss = squares(short)
    change = np.empty(len(short), np.float32)
    taken = 0
    for n in range(len(places)):
        place, step = places[n], steps[n]
        if place < W.size:
            weights = W
        elif place < W.size + P.size:
            weights, place = P, place - W.size
        else:
            weights, place = V, place - W.size - P.size
        last_layer = places[n] >= W.size + P.size
        k, j = divmod(place, weights.shape[1])
        if abs(weights[k, j] + step) > top:
            step = -step
        if abs(weights[k, j] + step) > top:
            continue
        if last_layer:
            change[:] = step * h[k]
        elif len(P) > 0:
            change[:] = step * inputs[j] * (q[k] if places[n] < W.size else z[k])
        else:
            hidden_change(z[k], h[k], inputs[j], step, coefficients, change)
        u = answers[j] if last_layer else scores[k]
        new = loss_after(short, change, u, f, loss + allowed[n])
        if new > loss + allowed[n]:
            continue
        apply(short, change, u, f)
        loss = new
        taken += 1
        weights[k, j] += step
        if last_layer:
            scores[k] += step * answers[j]
        else:
            h[k] += change
            if places[n] < W.size:
                z[k] += step * inputs[j]
            else:
                q[k] += step * inputs[j]
    return taken
