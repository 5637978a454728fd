r"""The guarantee for given embeddings, facts and gates: over the outputs v_i alone.

Embeddings, the fact map and the gates are anything; only the outputs v_i ~ N(0, I) are still to be
drawn. With delta = u_f(x) - u_y, b_i = s_i(e_x) sum_z s_i(e_z) <e_z, e_x> u_f(z) and
p_i = <delta, b_i>, the difference of two scores is a sum of independent products,

.. math:: m\,\Delta_{xy} = \sum_i \langle v_i, \delta\rangle \langle v_i, b_i\rangle, \qquad
    P(\Delta_{xy} \le 0) \le \inf_\theta \prod_i (1 - w_i)^{-1/2}, \qquad
    w_i = \theta^2 (|\delta|^2 |b_i|^2 - p_i^2) - 2 \theta p_i .

The product is bounded by moments over neurons, which are matrix products: with
r = theta^2 |delta|^2 max |b_i|^2 + 2 theta max (-p_i)_+ < 1, which no w_i exceeds,

.. math:: -\tfrac12 \sum_i \log(1 - w_i) \le \tfrac12 \sum_i w_i
    + \Bigl(\tfrac14 + \frac{r}{6(1 - r)}\Bigr) \sum_i \bigl((\theta^2 |\delta|^2 |b_i|^2
    - 2 \theta p_i)^2 + 4 \theta^3 \max(p)_+\, p_i^2\bigr).

``docs/sign-gates.md`` has the proof. The sum over x and y bounds the probability that some fact is
not recalled, and the expected number of pairs that go wrong also where it exceeds 1.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import precision
from assoc.checks import check_width, several
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.sign_gates import check_gates, drawn_gates
from assoc.memories.sign_networks import SignGated
from sims.engine.parallel import blas_threads
from theory.memories.sizes import check_delta

__all__ = ["failure_bounds", "guaranteed_width"]

Floats = NDArray[np.float64]

BLOCK = 2**23
"""Numbers in the array of all b_i of a few inputs."""

SHARES = (0.6, 0.7, 0.8, 0.9, 1.0)
"""theta, as shares of what is best to second order."""

RATIO = 1.04
"""Of neighbouring widths in a search."""


def failure_bounds(
    network: SignGated,
    E: Any,
    U: Any,
    f: Any,
    *,
    widths: int | Sequence[int] | None = None,
    inputs: Iterable[int] | None = None,
) -> Floats:
    """Bound the expected number of pairs (x, y) in which y beats the right answer of x.

    Parameters
    ----------
    network : its gates; what it has stored and the outputs that it has drawn do not matter.
    E, U, f : embeddings (N, d_in) and (M, d_out), and the fact map.
    widths : numbers of gates, of which the first ones are taken; None means all.
    inputs : x of the pairs; None means all.

    Returns
    -------
    (k,) bounds, aligned with the widths. Where it is below 1 it bounds the probability that some
    of the inputs is not recalled.

    Raises
    ------
    InputError
        If embeddings, map, widths or inputs are out of range.

    Examples
    --------
    >>> from assoc.memories.sign_gates import sign_gated
    >>> rng = np.random.default_rng(0)
    >>> E = U = np.eye(8)
    >>> network = sign_gated(256)(E, U, np.arange(8), rng=rng)
    >>> failure_bounds(network, E, U, np.arange(8)).round(6)
    array([0.])
    """
    E, U = (np.asarray(check_vectors(A, name), np.float64) for A, name in ((E, "E"), (U, "U")))
    f = check_map(f, len(E), len(U))
    most = len(network.W)
    sizes = sorted({check_width(m) for m in several(most if widths is None else widths, "widths")})
    if sizes[-1] > most:
        raise InputError(f"width {sizes[-1]} of a network of {most} gates")
    chosen = np.arange(len(E)) if inputs is None else np.array(list(inputs), np.int64)
    if not ((chosen >= 0) & (chosen < len(E))).all():
        raise InputError(f"an input is not one of the {len(E)} that are stored")
    gates = network.gates(E, slice(sizes[-1]))
    S, answers = np.ascontiguousarray(gates.T, np.float64), U[f]
    step = max(1, BLOCK // (sizes[-1] * U.shape[1]))
    total = np.zeros(len(sizes))
    with blas_threads(1):  # BLAS's threads wait for each other by spinning
        for start in range(0, len(chosen), step):
            block = chosen[start : start + step]
            c = E @ E[block].T
            stacked = (c[:, :, None] * answers[:, None, :]).reshape(len(E), -1)
            b = (S @ stacked).reshape(sizes[-1], len(block), U.shape[1])
            for place, x in enumerate(block):
                total += _sums(S[:, x, None] * b[:, place], sizes, U, int(f[x]))
    found = dict(zip(sizes, total * (1 + 1e-6), strict=True))
    return np.array([found[m] for m in several(most if widths is None else widths, "widths")])


def _sums(b: Floats, sizes: Sequence[int], U: Floats, answer: int) -> Floats:
    """Sums over wrong answers of the bounds for one input, for each width."""
    energy = np.einsum("ij,ij->i", b, b)
    delta = U[answer] - U
    D = np.einsum("ij,ij->i", delta, delta)
    first, square, cross = np.zeros(U.shape[1]), np.zeros((U.shape[1],) * 2), np.zeros(U.shape[1])
    scores = b @ U.T
    scores -= scores[:, answer].copy()[:, None]  # -p
    T1 = T2 = largest = 0.0
    wrong, right = np.zeros(len(U)), np.zeros(len(U))
    sums, start = np.zeros(len(sizes)), 0
    for place, m in enumerate(sizes):
        part, weight = b[start:m], energy[start:m]
        first, square, cross = first + part.sum(0), square + part.T @ part, cross + weight @ part
        T1, T2 = T1 + float(weight.sum()), T2 + float(weight @ weight)
        largest = max(largest, float(weight.max()))
        wrong = np.maximum(wrong, scores[start:m].max(axis=0))
        right = np.maximum(right, -scores[start:m].min(axis=0))
        start = m
        P1, P2, PB = delta @ first, np.einsum("ij,ij->i", delta @ square, delta), delta @ cross
        bounds = np.ones(len(U))
        with np.errstate(all="ignore"):
            theta = np.maximum(P1, 0) / (D * T1 + P2)
            for share in SHARES:
                t = share * theta
                r = t**2 * D * largest + 2 * t * wrong
                second = t**4 * D**2 * T2 - 4 * t**3 * D * PB + 4 * t**2 * (1 + t * right) * P2
                exponent = (t**2 * (D * T1 - P2) - 2 * t * P1) / 2
                exponent += (0.25 + r / (6 * (1 - r))) * second
                proved = (r < 1) & np.isfinite(exponent)
                bounds = np.where(proved, np.minimum(bounds, np.exp(exponent)), bounds)
        bounds[answer] = 0
        sums[place] = bounds.sum()
    return sums


def guaranteed_width(
    E: Any,
    U: Any,
    f: Any,
    *,
    delta: float = 0.5,
    gates: str | None = None,
    omega: float | None = None,
    rng: np.random.Generator,
) -> int:
    """Fewest gates (within 4%) with which all facts are proved recalled, but for a chance delta.

    Parameters
    ----------
    E, U, f : as for :func:`failure_bounds`.
    delta : allowed failure probability over the outputs v_i, in (0, 1).
    gates, omega : as for :func:`assoc.memories.sign_gates.sign_gated`.
    rng : gates are drawn from it. A network of E and U built from a generator in the same state has
        them.

    Raises
    ------
    InputError
        If an argument is out of range, or 1000 N log N / d gates are not proved to be enough.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> guaranteed_width(np.eye(16), np.eye(16), np.arange(16), rng=rng) < 100
    True
    """
    check_delta(delta)
    kind, frequency = check_gates(gates, omega)
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    N, d = E.shape
    state = rng.bit_generator.state
    low = max(4.0, N * math.log(max(N, 2)) / d)
    for _ in range(5):
        rng.bit_generator.state = state
        widths = [math.ceil(low * RATIO**step) for step in range(36)]
        drawn = drawn_gates(widths[-1], kind, frequency, d, U.shape[1], precision(E, U), rng=rng)
        enough = failure_bounds(drawn, E, U, f, widths=widths) <= delta
        if enough.any():
            return int(widths[int(enough.argmax())])
        low = float(widths[-1])
    raise InputError(f"{widths[-1]} gates are not proved to be enough")
