r"""Whether any read-out recalls everything: a yes with its margins, a no with its proof.

The least logistic loss (:mod:`assoc.memories.convex`) tends to zero where some Theta recalls every
input, and is attained at a finite Theta where none does. Descending it therefore ends in one of
three ways: every margin is at least 1, or the probabilities of the wrong answers prove that no
read-out can do it (:mod:`assoc.memories.refutation`), or neither within the budget.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief, Floats, Integers
from assoc.embeddings import check_vectors
from assoc.facts.maps import check_map
from assoc.memories.convex import WANTED, LogisticLoss, WhiteLoss, descend, stalled
from assoc.memories.refutation import DENSE, Refutation, moderate, refutation

__all__ = ["BUDGET", "Separation", "separate"]

BUDGET = 1500
"""Iterations in each precision after which nothing is said."""

FIRST, SPACING = 30, 1.25
"""Iteration at which a proof is first tried, and the factor between tries."""

POLISH = 3
"""Newton steps after which a proof is given up."""

CG_TOLERANCE, CG_STEPS = 1e-4, 300
"""Of a Newton step."""

BLIND = 3
"""Tries in which no curvature is found after which a descent ends."""

SOON = 40
"""Iteration from which a descent that looks for no proof may stall."""

FALL = 10.0
"""Factor by which the gradient has to fall before a next try where no curvature was found."""

SETTLED = 0.02
"""Share of the loss below which the white gradient has to be before a proof is tried: a screen that
saves tries, nothing that a proof rests on."""


@dataclass(frozen=True, eq=False, repr=False)
class Separation(Brief):
    """What was found about read-outs of given features.

    Parameters
    ----------
    Theta : (p, d) the read-out: with every margin at least 1, or near the least loss.
    separated : whether every margin is at least 1 as evaluated in the fit; recall is to be
        certified on the memory that is stored.
    refuted : the proof that no read-out recalls everything, or None.
    iterations : of the descent, in both precisions.
    """

    Theta: NDArray[np.float64]
    separated: bool
    refuted: Refutation | None
    iterations: int


def separate(
    features: Floats, U: Floats, f: Integers, *, steps: int = BUDGET, prove: bool = True
) -> Separation:
    """Find a read-out that recalls every input, or prove that there is none.

    Parameters
    ----------
    features : (N, p) matrix.
    U : (M, d) output embeddings.
    f : (N,) integers in [0, M).
    steps : iterations at most in single precision, and as many again in double.
    prove : whether to look for a proof where no read-out is found. Without, the descent is given
        up when it stalls, like that of :func:`assoc.memories.convex.logistic_readout`, in single
        precision.

    Raises
    ------
    InputError
        If the features or U are not a finite real matrix, or f is no map.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> rng = np.random.default_rng(0)
    >>> E, U = sphere(40, 8, rng=rng), sphere(40, 8, rng=rng)
    >>> separate(E[:14], U[:14], np.arange(14)).separated
    True
    >>> separate(E, U, np.arange(40)).refuted.proved
    True
    """
    P, answers = check_vectors(features, "features"), check_vectors(U, "U")
    f = check_map(f, len(P), len(answers))
    found = Separation(np.zeros((P.shape[1], answers.shape[1])), len(answers) == 1, None, 0)
    if found.separated:
        return found
    (P, P_exponent), (answers, U_exponent) = moderate(P), moderate(answers)
    if not prove:
        found = _quickly(P, answers, f, steps)
    for dtype in (np.float32, np.float64) if prove else ():
        found = _descended(P, answers, f, dtype, found, steps)
        if found.separated or found.refuted is not None:
            break
    return replace(found, Theta=np.ldexp(found.Theta, -P_exponent - U_exponent))


def _quickly(features: Floats, U: Floats, f: Integers, steps: int) -> Separation:
    """Descend until every margin is at least 1, or the loss stalls."""
    loss = _Watched(LogisticLoss(features, U, f, dtype=np.float32))
    falling: list[float] = []

    def done(value: float) -> bool:
        falling.append(value)
        return loss.least >= WANTED or stalled(falling, warm=SOON)

    with np.errstate(over="ignore", invalid="ignore"):
        descend(loss, np.zeros(loss.size), done, steps=steps)
    return Separation(loss.outward(loss.at), loss.least >= WANTED, None, len(falling))


def _descended(
    features: Floats, U: Floats, f: Integers, dtype: type[Any], before: Separation, steps: int
) -> Separation:
    """Descend from where another precision stopped."""
    loss = _Watched(LogisticLoss(features, U, f, dtype=dtype))
    proof: Refutation | None = None
    iteration, due, flat, blind = 0, FIRST, float("inf"), 0

    def done(value: float) -> bool:
        nonlocal proof, iteration, due, flat, blind
        iteration += 1
        if loss.least >= WANTED:
            return True
        if iteration < due or loss.steepness > min(flat, SETTLED * value):
            return False
        tried = refutation(features, U, f, loss.outward(loss.at), dense=False)
        if tried.proved:
            proof = tried
            return True
        # The curvature hardly changes, so the gradient has to fall by what is missing.
        due = int(SPACING * iteration) + 1
        missing = tried.residual * tried.reach / tried.curvature if tried.curvature > 0 else FALL
        flat = loss.steepness / max(missing, 1.0)
        blind += tried.hopeless
        return blind >= BLIND

    # Where the loss falls along a ray for ever, a line search may leave what can be written.
    with np.errstate(over="ignore", invalid="ignore"):
        z = descend(loss, loss.inward(before.Theta), done, steps=steps, tolerance=0.0)
    if not np.isfinite(z).all():
        z = loss.at
    for _ in range(1 + POLISH * (dtype is np.float64)):
        value = loss(z)[0]
        if proof is not None or loss.least >= WANTED or loss.steepness > SETTLED * value:
            break
        tried = refutation(features, U, f, loss.outward(z), dense=dtype is np.float64)
        proof = tried if tried.proved else None
        if tried.hopeless and features.shape[1] * U.shape[1] > DENSE:
            break
        if proof is None and dtype is np.float64:
            # Values of the loss no longer tell iterates apart, but its gradient does.
            step = _newton_step(loss, z)
            if not np.isfinite(step).all():
                break
            z = z - step
    return Separation(loss.outward(z), loss.least >= WANTED, proof, before.iterations + iteration)


def _newton_step(loss: WhiteLoss, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gradient over Hessian, by conjugate gradients."""
    from scipy.sparse.linalg import LinearOperator, cg

    def bend(way: NDArray[np.float64]) -> NDArray[np.float64]:
        return loss.bend(z, way)

    hessian = LinearOperator((len(z), len(z)), matvec=bend, dtype=np.float64)
    # Where the loss is flat there is no step, which the caller looks for.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(cg(hessian, loss(z)[1], rtol=CG_TOLERANCE, maxiter=CG_STEPS)[0])


class _Watched(WhiteLoss):
    """The loss, with the last point and the size of its gradient."""

    at: NDArray[np.float64]
    steepness = float("inf")

    def __call__(self, z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = super().__call__(z)
        steepness = math.sqrt(slope @ slope)
        if math.isfinite(value) and (math.isfinite(steepness) or np.isfinite(slope).all()):
            self.at, self.steepness = z.copy(), steepness
        else:
            self.loss.least = -np.inf
        return value, slope
