r"""Proofs that no read-out recalls everything.

Outputs Theta^T phi_x recall every input if <Theta, a_xy> > 0 for all x and all y != f(x), with
a_xy = phi_x (u_f(x) - u_y)^T. By Gordan's theorem either some Theta does that, or there are
weights lambda_xy >= 0, not all zero, with sum lambda_xy a_xy = 0: then the margins of every Theta,
so weighted, add up to zero.

Such weights need not be found exactly. Let lambda_xy >= 0 be any numbers and

.. math:: R = \sum \lambda_{xy} a_{xy}, \qquad
          H = \sum \lambda_{xy}\, a_{xy} a_{xy}^\top \succeq s I, \qquad s > 0 .

With D = H^{-1} R the weights lambda_xy (1 - <a_xy, D>) balance: what they add up to is R - H D = 0.
They are not negative, and not all zero, as long as |a_xy| |D| < 1, for which

.. math:: \max |a_{xy}| \cdot \|R\| < s

is enough. The softmax probabilities of the wrong answers near the least logistic loss are such
weights, since its gradient is their R. Every quantity is bounded with its rounding errors, so
that what is proved is proved for the embeddings as stored.

The curvature s is bounded from below through

.. math:: H \succeq \sum_x c_x\, \phi_x \phi_x^\top \otimes I, \qquad
          c_x = \lambda_{\min}\Bigl( \sum_y \lambda_{xy} (u_{f(x)} - u_y)(u_{f(x)} - u_y)^\top
          \Bigr),

which needs no matrix larger than p x p, and leaving out inputs or answers only lowers it. Where
that is too low and H is small enough, H itself is formed and factorised.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers, dot_error, row_norms
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map

__all__ = ["DENSE", "Refutation", "moderate", "refutation"]

Doubles: TypeAlias = NDArray[np.float64]

SCORES = 2**20
"""Scores held at a time."""

INPUTS, ANSWERS = 8, 4
"""Inputs and rival answers that the curvature is bounded with, in multiples of p and of d."""

DENSE = 4096
"""Largest p d at which H itself is formed, where the bound that needs no such matrix fails."""

DRIFT = 1e-6
"""Share by which a weight may differ when it is computed again in a block of another size."""

TINY, UNDERFLOWN = 1e-200, 1e-300
"""Curvatures below the first prove nothing, so that what may underflow, at most the second for
each product, is nothing beside one that does."""

STACK = 2**21
"""Entries of the small matrices that are held at a time."""


@dataclass(frozen=True)
class Refutation:
    """What weights on the constraints say about every read-out.

    All but ``weight`` and ``unit`` are in coordinates in which the largest entries of features and
    answers are between 1/2 and 1, and with M <= d answers are the corners of a simplex.

    Parameters
    ----------
    residual : upper bound on the Frobenius norm of R.
    curvature : lower bound s on the least eigenvalue of H; 0 if none is known.
    reach : upper bound on the largest norm of an a_xy.
    weight : lower bound on the sum of all weights.
    unit : upper bound on how much longer R is in the embeddings' own coordinates.
    rounding : what of the residual is bounds on rounding errors.
    """

    residual: float
    curvature: float
    reach: float
    weight: float
    unit: float = 1.0
    rounding: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether it is proved that no read-out recalls every input."""
        return self.curvature > TINY and self.residual * self.reach < self.curvature

    @property
    def hopeless(self) -> bool:
        """Whether weights that balance exactly would not prove it either, but for dense H."""
        return self.curvature <= TINY or self.rounding * self.reach >= self.curvature

    @property
    def margin(self) -> float:
        """No Theta of Frobenius norm 1 has a least margin above this, proved or not otherwise."""
        return self.unit * self.residual / self.weight if self.weight > 0 else float("inf")


def refutation(features: Any, U: Any, f: Any, Theta: Any, *, dense: bool = True) -> Refutation:
    """Weigh the constraints by the softmax probabilities of the wrong answers under a read-out.

    Parameters
    ----------
    features : (N, p) matrix phi.
    U : (M, d) output embeddings.
    f : (N,) integers in [0, M).
    Theta : (p, d) read-out; near the least logistic loss the weights nearly balance.
    dense : whether to form H where p d is at most :data:`DENSE` and the cheaper bound fails.

    Returns
    -------
    Refutation, valid whatever Theta is, for features and answers as they are given; it proves
    something only where Theta is near enough.

    Raises
    ------
    InputError
        If an argument is not a finite real matrix, f no map, or the shapes do not fit.

    Examples
    --------
    Two inputs with the same feature cannot have different answers:

    >>> import numpy as np
    >>> phi, U = np.ones((2, 1)), np.array([[1.0], [-1.0]])
    >>> refutation(phi, U, [0, 1], np.zeros((1, 1))).proved
    True
    >>> refutation(np.array([[1.0], [-1.0]]), U, [0, 1], np.zeros((1, 1))).proved
    False
    """
    P, U = (np.asarray(check_vectors(A, name), np.float64) for A, name in
            ((features, "features"), (U, "U")))  # fmt: skip
    Theta = np.asarray(check_vectors(Theta, "Theta"), np.float64)
    f = check_map(f, len(P), len(U))
    if Theta.shape != (P.shape[1], U.shape[1]):
        raise InputError(f"Theta has shape {Theta.shape}; ({P.shape[1]}, {U.shape[1]}) is needed")
    N, M, p = len(P), len(U), P.shape[1]
    nothing = Refutation(np.inf, 0.0, np.inf, 0.0)
    if M == 1:
        return nothing
    # Powers of two change no sign of a margin, and are exact but for what underflows.
    (P, P_exponent), (U, U_exponent) = moderate(P), moderate(U)
    Theta = np.ldexp(Theta, P_exponent + U_exponent)
    unit = float(np.ldexp(1.0, min(P_exponent + U_exponent, 1023)))
    # With M <= d the differences of answers span less than R^d. Balancing the coordinates of
    # answers as corners of a simplex, one of them the origin, balances their embeddings too.
    corners = U
    if U.shape[1] >= M:
        corners = np.eye(M)[:, 1:]
        unit *= _length(U[1:] - U[0]) * (1 + 1e-9)
    sizes, lengths = row_norms(corners), row_norms(P)
    longest = float(sizes.max())
    drift = 4 * dot_error(p + U.shape[1] + 2) * float(lengths.max() * row_norms(U).max())
    if not drift * _length(Theta) <= DRIFT / 4:
        # Scores so large that weights computed twice would not be the same weights.
        return nothing
    block = max(1, SCORES // M)
    residual, slack = np.zeros((p, corners.shape[1])), 0.0
    masses = np.empty(N)
    for start in range(0, N, block):
        rows = slice(start, start + block)
        weights = _weights(P[rows] @ Theta @ U.T, f[rows])
        mass = weights.sum(axis=1)
        masses[rows] = mass
        pull = mass[:, None] * corners[f[rows]] - weights @ corners
        residual += P[rows].T @ pull
        slack += float((lengths[rows] * mass * (sizes[f[rows]] + longest)).sum())
    # Sums over answers, over inputs and over blocks, and a product each; and what underflows.
    slack = slack * dot_error(2 * N + M + 8) + UNDERFLOWN * N * M * residual.size
    reach = 2 * longest * float(lengths.max()) * (1 + 1e-9)
    size = (_length(residual) + slack) * (1 + 1e-9)
    curvature = _curvature(P, corners, f, Theta, U, masses)
    if dense and size * reach >= curvature and p * corners.shape[1] <= DENSE and p <= N:
        wanted = 2 * size * reach
        curvature = max(curvature, _dense_curvature(P, corners, f, Theta, U, wanted))
    # R and H are of the same weights up to this share, whatever blocks they were computed in.
    curvature *= 1 - DRIFT
    return Refutation(size, curvature, reach, float(masses.sum()) * (1 - 1e-9), unit, slack)


def moderate(A: Any) -> tuple[Doubles, int]:
    """Divide A by a power of two, to a largest entry between 1/2 and 1.

    Parameters
    ----------
    A : finite array.

    Returns
    -------
    quotient, exponent
        The quotient in double precision, and the exponent of the power.

    Examples
    --------
    >>> moderate(np.array([3.0, -12.0]))
    (array([ 0.1875, -0.75  ]), 4)
    """
    A = np.asarray(A, np.float64)
    exponent = int(np.frexp(np.abs(A).max())[1])
    return np.ldexp(A, -exponent), exponent


def _length(A: Doubles) -> float:
    """Frobenius norm of a matrix, whatever its magnitude."""
    return float(row_norms(row_norms(A)[None])[0])


def _weights(scores: Doubles, f: Integers) -> Doubles:
    """Softmax probabilities of the wrong answers, 0 for the right ones, from scores (n, M)."""
    at = (np.arange(len(scores)), f)
    scores -= scores.max(axis=1)[:, None]
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1)[:, None]
    scores[at] = 0.0
    return scores


def _curvature(
    P: Doubles, corners: Doubles, f: Integers, Theta: Doubles, U: Doubles, masses: Doubles
) -> float:
    """Lower bound on the least eigenvalue of H, 0 if there is none above."""
    p, d = P.shape[1], corners.shape[1]
    rivals = min(len(corners), ANSWERS * d)
    hardest = np.argsort(-masses, kind="stable")[: INPUTS * p]
    least = np.zeros(len(hardest))
    stack = max(1, STACK // (d * max(d, rivals)))
    for start in range(0, len(hardest), stack):
        chosen = hardest[start : start + stack]
        weights = _weights(P[chosen] @ Theta @ U.T, f[chosen])
        if rivals < len(corners):
            those = np.argpartition(-weights, rivals - 1, axis=1)[:, :rivals]
        else:
            those = np.broadcast_to(np.arange(len(corners)), weights.shape)
        rows = corners[f[chosen]][:, None] - corners[those]  # (n, rivals, d)
        rows *= np.sqrt(np.take_along_axis(weights, those, axis=1))[:, :, None]
        least[start : start + stack] = _least_eigenvalues(rows)
    used = np.flatnonzero(least > 0)
    if not len(used):
        return 0.0
    weighted = P[hardest[used]] * np.sqrt(least[used])[:, None]
    return max(0.0, float(_least_eigenvalues(weighted[None])[0]))


def _dense_curvature(
    P: Doubles, corners: Doubles, f: Integers, Theta: Doubles, U: Doubles, wanted: float
) -> float:
    """Lower bound on the least eigenvalue of H, formed whole: at least ``wanted``, or 0."""
    N, p, d = len(P), P.shape[1], corners.shape[1]
    total = np.zeros((p * p, d * d))
    block = max(1, STACK // max(d * len(corners), p * p))
    for start in range(0, N, block):
        rows = slice(start, start + block)
        roots = np.sqrt(_weights(P[rows] @ Theta @ U.T, f[rows]))[:, :, None]
        B = (corners[f[rows]][:, None] - corners) * roots
        moments = (B.transpose(0, 2, 1) @ B).reshape(len(B), -1)
        total += (P[rows, :, None] * P[rows, None]).reshape(len(B), -1).T @ moments
    H = total.reshape(p, p, d, d).transpose(0, 2, 1, 3).reshape(p * d, p * d)
    trace = float(np.trace(H))
    # Of the factorisation, as in _least_eigenvalues, and of forming H.
    doubt = (2 * dot_error(p * d + 2) + dot_error(2 * N + len(corners) + 16)) * trace * (1 + 1e-9)
    H[np.diag_indices_from(H)] -= wanted + doubt
    return wanted if _positive(H[None])[0] else 0.0


def _least_eigenvalues(rows: Doubles) -> Doubles:
    r"""Lower bounds (n,) on the least eigenvalues of B^T B for stacked B (n, k, d).

    A Cholesky factorisation of C - c I that runs to completion proves the eigenvalues of C to be
    at least c - gamma_{d+1} / (1 - gamma_{d+1}) tr C (Rump, BIT 46, 2006); forming B and C adds
    gamma_{k+8} tr C.
    """
    k, d = rows.shape[1:]
    C = rows.transpose(0, 2, 1) @ rows
    trace = np.einsum("nii->n", C)
    bound = np.linalg.eigvalsh(C)[:, 0] * (1 - 1e-3) - 4 * d * np.finfo(np.float64).eps * trace
    tried = np.flatnonzero(bound > 0)
    shifted = C[tried] - bound[tried, None, None] * np.eye(d)
    proved = np.zeros(len(C))
    proved[tried[_positive(shifted)]] = 1.0
    doubt = (2 * dot_error(d + 2) + dot_error(k + 8)) * trace * (1 + 1e-9)
    return np.asarray(np.maximum(proved * bound - doubt, 0.0))


def _positive(stack: Doubles) -> NDArray[np.bool_]:
    """Whether the Cholesky factorisation of each of stacked matrices (n, d, d) completes."""
    if not np.isfinite(stack).all():
        return np.zeros(len(stack), np.bool_)
    try:
        np.linalg.cholesky(stack)
    except np.linalg.LinAlgError:
        if len(stack) > 1:
            half = len(stack) // 2
            return np.concatenate([_positive(stack[:half]), _positive(stack[half:])])
        return np.zeros(len(stack), np.bool_)
    return np.ones(len(stack), np.bool_)
