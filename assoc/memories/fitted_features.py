r"""Bilinear memories whose features are fitted to the facts too, by alternating least squares.

The network F(e) = V^T ((A_0 e) * (A_1 e)) is linear in each of A_0, A_1 and V. A sweep improves
them in this order, each by weighted least squares while the other two stand,

.. math:: \min \sum_x w_x \|F(e_x) - t_x\|^2,

and the memories differ in their targets:

===================  ==============================================================
``bilinear-als``     t_x = u_f(x): all d numbers of the answer
``bilinear-margin``  t_x = F(e_x), moved along u_f(x) - u_y, y the strongest
                     competitor, if that is not beaten by enough
===================  ==============================================================

The weight of a fact that is not recalled with something to spare grows from sweep to sweep. Both
store 3 m d numbers. Each step is damped towards where it starts, so that it never raises the sum
of squares that it is a step for.

Nothing depends on the units of E and U: both are divided by the root mean square norm of their
rows, and the network is given back in the units of the embeddings.
"""

from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, row_norms
from assoc.checks import check_fits, check_width
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.decoding import certified_margins
from assoc.memories.memory import Build
from assoc.memories.networks import Gated

__all__ = ["SWEEPS", "factor_step", "fitted", "output_step"]

Doubles: TypeAlias = NDArray[np.float64]

SWEEPS = 400
"""Sweeps after which a network that does not recall everything is given up; few need so many."""

WARM = 5
"""Sweeps of plain least squares first: random features recall too little to tell hard from easy."""

RIDGE = 1e-6
"""Damping of V relative to the mean squared feature: solvable, far below what is left to fit."""

DAMPING = 1e-3
"""Damping of A relative to each entry's own curvature; ten times more needs more sweeps."""

CG_STEPS = 8
"""Conjugate-gradient steps for A: a sweep moves on before a block is exact, and that is enough."""

HARD = 0.02
"""Facts are hard below this share of the margin |u_f - u_y|^2 / 2 that the answer itself has."""

GROWTH = MappingProxyType({"answers": 1.1, "margins": 1.03})
"""Factor on the weight of a hard fact per sweep; larger is quicker and stalls at narrow widths.
Margins ask more where a fact is hard as it is, so less is needed."""

HEAVIEST = 1e6
"""Largest weight: a fact that cannot be recalled must not outweigh all others."""

WANTED = 0.1
"""Share of that same margin that is asked for where margins are the targets; with 0.03, and with
0.2, fits take longer."""

RELAXATION = 4.0
"""Multiple of the move that would reach the wanted margin, since a step makes only a small part of
it. With 5, fits of N = 16 d near the smallest width go back and forth; 2 needs twice the sweeps."""

DIVERGED = 1e100
"""Size of a weight at which a fit that blows up is given up, before it overflows."""

SCORES = 2**20
"""Scores held at a time."""


def fitted(width: int, *, targets: str = "answers", sweeps: int = SWEEPS) -> Build:
    r"""Bilinear memory with A_0, A_1 and V fitted to the facts; 3 m d parameters.

    A_0 and A_1 start as those of :func:`assoc.memories.random_features.bilinear`. The build stops
    at the first sweep after which every fact is recalled by a margin that is certified, which is to
    say beyond the rounding of its own evaluation. Recall is judged on the network as it is stored,
    in the precision of the embeddings, though it is fitted in double precision. If that sweep does
    not come, the network of the sweep that recalled most is returned.

    Parameters
    ----------
    width : m.
    targets : ``answers``, to fit the embeddings u_f(x) themselves, or ``margins``, to ask only
        that the strongest competitor is beaten.
    sweeps : at most so many.

    Raises
    ------
    InputError
        If the width, the targets or the number of sweeps is out of range; when it is built, if
        the embeddings are not finite real matrices or the arrays would not fit.

    References
    ----------
    Dugan et al., "MLPs are Hebbians" (arXiv 2607.10034): the architecture and alternating least
    squares. Weights, margins and the stopping rule are ours.

    Examples
    --------
    Forty facts in sixteen dimensions, which random features of this width do not hold:

    >>> from assoc import margins
    >>> from assoc.memories.random_features import bilinear
    >>> def recalled(build):
    ...     rng = np.random.default_rng(0)
    ...     E, U = rng.standard_normal((2, 40, 16))
    ...     E, U = (A / np.linalg.norm(A, axis=1)[:, None] for A in (E, U))
    ...     memory = build(E, U, np.arange(40), rng=rng)
    ...     return int((margins(memory, E, U, np.arange(40)) > 0).sum())
    >>> recalled(bilinear(8, ridge=True)), recalled(fitted(8))
    (14, 40)
    >>> recalled(fitted(4)) < recalled(fitted(4, targets="margins"))
    True
    """
    if targets not in GROWTH:
        raise InputError(f"targets {targets!r}: one of {', '.join(GROWTH)} is needed")
    return partial(_fitted, check_width(width), targets, _check_sweeps(sweeps))


def _check_sweeps(sweeps: Any) -> int:
    if isinstance(sweeps, bool) or not isinstance(sweeps, int | np.integer) or sweeps < 1:
        raise InputError(f"sweeps {sweeps!r} is not a positive integer")
    return int(sweeps)


def output_step(phi: Doubles, left: Doubles, damping: float = RIDGE) -> Doubles:
    r"""Step D of the outputs V that takes what is left of the targets closest to zero.

    .. math:: \min_D \|\Phi D - R\|^2 + \lambda \|D\|^2

    with lambda the damping times the mean over features of their sum of squares.

    Parameters
    ----------
    phi : (N, m) features Phi; rows multiplied by sqrt(w_x) where facts are weighted.
    left : (N, d_out) targets minus present outputs R, rows likewise.
    damping : relative, at least 0.

    Returns
    -------
    D (m, d_out).

    Examples
    --------
    >>> output_step(np.array([[2.0], [2.0]]), np.array([[6.0], [10.0]]), 0.0)
    array([[4.]])
    """
    from scipy import linalg

    gram = phi.T @ phi
    floor = float(np.finfo(np.float64).tiny)
    gram[np.diag_indices_from(gram)] += max(damping * float(np.trace(gram)) / len(gram), floor)
    return np.asarray(linalg.cho_solve(linalg.cho_factor(gram, overwrite_a=True), phi.T @ left))


def factor_step(
    X: Doubles,
    B: Doubles,
    V: Doubles,
    left: Doubles,
    damping: float = DAMPING,
    steps: int = CG_STEPS,
) -> Doubles:
    r"""Step D of one factor A that takes what is left of the targets closer to zero.

    .. math:: \min_D \sum_x \|V^\top (B_x * D e_x) - R_x\|^2 + \lambda \sum_{ij} h_{ij} D_{ij}^2

    by conjugate gradients from D = 0, preconditioned with the diagonal h of the md x md normal
    matrix, which is never formed. Every step lowers the objective; md of them would solve it.

    Parameters
    ----------
    X : (N, d_in) inputs e_x; rows multiplied by sqrt(w_x) where facts are weighted.
    B : (N, m) what the other factor makes of the inputs, not weighted.
    V : (m, d_out) outputs.
    left : (N, d_out) targets minus present outputs R, rows multiplied by sqrt(w_x).
    damping : lambda, at least 0.
    steps : of conjugate gradients.

    Returns
    -------
    D (m, d_in).

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> factor_step(one, 2 * one, one, 6 * one, 0.0)
    array([[3.]])
    """
    gram = V @ V.T
    curvature = np.diag(gram)[:, None] * ((B * B).T @ (X * X))
    # Where there is no curvature there is nothing to fit either: 0 / tiny.
    curvature = np.maximum(curvature, np.finfo(np.float64).tiny)
    rest = ((left @ V.T) * B).T @ X
    D = np.zeros_like(rest)
    scaled = rest / curvature
    way, size = scaled.copy(), float(np.sum(rest * scaled))
    for _ in range(steps):
        bent = (((X @ way.T) * B) @ gram * B).T @ X + damping * curvature * way
        curve = float(np.sum(way * bent))
        if not (size > 0 and curve > 0):
            break
        D += size / curve * way
        rest -= size / curve * bent
        scaled = rest / curvature
        before, size = size, float(np.sum(rest * scaled))
        way = scaled + size / before * way
    return D


def _fitted(
    width: int,
    targets: str,
    sweeps: int,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
) -> Gated:
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    f = check_map(f, len(E), len(U))
    (N, d), d_out, dtype = E.shape, U.shape[1], np.result_type(E, U)
    # Features, activations and their products; inputs, targets, outputs and residuals.
    entries = 6 * N * (width + d + d_out) + 4 * width * (width + 2 * d + d_out) + SCORES
    check_fits(entries, 8, f"width m = {width}, N = {N}: the features and weights")
    size_in, size_out = _size(E), _size(U)
    inputs, answers = E.astype(np.float64), U.astype(np.float64) / size_out
    X = inputs / size_in
    drawn = rng.standard_normal((width, 2 * d), dtype=dtype.type).astype(np.float64)
    A, V = [drawn[:, :d], drawn[:, d:]], np.zeros((width, d_out))
    weight, most = np.ones(N), -1
    for sweep in range(sweeps + 1):
        if not max(np.abs(V).max(), np.abs(A).max()) < DIVERGED:
            break
        warm = sweep <= WARM
        push = targets == "margins" and not warm
        root = np.sqrt(weight)[:, None]
        for k in (0, 1) if sweep else ():
            B = X @ A[1 - k].T
            left = _left(((X @ A[k].T) * B) @ V, answers, f, push)
            A[k] = A[k] + factor_step(root * X, B, V, root * left)
        phi = (X @ A[0].T) * (X @ A[1].T)
        V = V + output_step(root * phi, root * _left(phi @ V, answers, f, push))
        A, V = _balanced(A, V)
        W, P = ((factor / size_in).astype(dtype) for factor in A)
        network = Gated(W, P, (V * size_out).astype(dtype), 1)
        gap, away = _against(np.asarray(network(inputs) / size_out, np.float64), answers, f)
        recalled = int((gap > 0).sum())
        if recalled == N and certified_margins(network, E, U, f).certified.all():
            return network
        if recalled > most:
            best, most = network, recalled
        if not warm:
            hard = gap < HARD * _half_square(away)
            weight = np.minimum(np.where(hard, GROWTH[targets] * weight, weight), HEAVIEST)
    return best


def _size(E: Floats) -> float:
    """Root mean square norm of the rows of E, whatever its magnitude; 1 if all are zero."""
    return float(row_norms(row_norms(E)[None])[0] / np.sqrt(len(E))) or 1.0


def _against(F: Doubles, answers: Doubles, f: Integers) -> tuple[Doubles, Doubles]:
    """Margin of each output F (N, d) and u_f - u_y (N, d), y the strongest competitor.

    The margin is <u_f - u_y, F>, so that outputs with equal embeddings tie exactly. Where M = 1
    nothing competes and margins are infinite.
    """
    away = np.zeros_like(F)
    if len(answers) == 1:
        return np.full(len(F), np.inf), away
    block = max(1, SCORES // len(answers))
    for start in range(0, len(F), block):
        own = f[start : start + block]
        scores = F[start : start + block] @ answers.T
        scores[np.arange(len(own)), own] = -np.inf
        away[start : start + block] = answers[own] - answers[scores.argmax(axis=1)]
    return np.einsum("ij,ij->i", away, F), away


def _half_square(away: Doubles) -> Doubles:
    """Return |u_f - u_y|^2 / 2, the margin that u_f itself has over a y of the same norm, (N,)."""
    return np.asarray(np.einsum("ij,ij->i", away, away) / 2)


def _left(F: Doubles, answers: Doubles, f: Integers, push: bool) -> Doubles:
    r"""Targets minus present outputs F, (N, d_out).

    If ``push``, the target is F itself where the margin g is large enough, and else F moved along
    delta = u_f - u_y towards the half-space in which it is,

    .. math:: \omega \frac{\max(0, \gamma \|\delta\|^2 / 2 - g)}{\|\delta\|^2} \delta ,

    whose length is at most omega (gamma |delta| / 2 + |F|) however close the two outputs are.
    """
    if not push:
        return np.asarray(answers[f] - F)
    gap, away = _against(F, answers, f)
    half = _half_square(away)
    # An output with the embedding of the answer cannot be beaten: there delta = 0, no move.
    move = RELAXATION * np.maximum(WANTED * half - gap, 0) / np.where(half > 0, 2 * half, 1)
    return move[:, None] * away


def _balanced(A: list[Doubles], V: Doubles) -> tuple[list[Doubles], Doubles]:
    """Return the same function with rows of the factors of norm sqrt(d), as they were drawn."""
    sizes = [row_norms(factor)[:, None] / np.sqrt(factor.shape[1]) for factor in A]
    sizes = [np.where(size > 0, size, 1.0) for size in sizes]
    return [factor / size for factor, size in zip(A, sizes, strict=True)], V * sizes[0] * sizes[1]
