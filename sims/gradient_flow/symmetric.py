r"""The gradient flow of balanced facts, reduced to two numbers: S, R, D may be 10^9.

Balanced facts: every relation has D answers of its own, each the answer of S/D subjects, and all
S R facts are equally likely. Then the flow stays in a family with one number for all relations and
one for all subjects, and these two do not even meet: the softmax factorises, and the loss is the
sum of the relation-only and the subject-only loss. With n = R, g = g_R or n = D, g = g_S,

    du/dt = 2 g n / (n - 1 + exp(kappa sinh u)),   loss = log(1 + (n - 1) exp(-kappa sinh u)),

where kappa sinh u is the gap between logits. It is derived in docs/gradient-flow.md. kappa is of
order alpha^2 and kept as a logarithm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assoc.arrays import Floats
from assoc.checks import positive
from assoc.errors import InputError
from assoc.gradient_flow.limits import check_alpha
from assoc.gradient_flow.linear_attention import Losses
from sims.gradient_flow.integration import check_rtol, check_times, follow
from sims.gradient_flow.reduced import FlowResult

__all__ = [
    "LARGEST",
    "SMALLEST",
    "balanced_rates",
    "check_balanced",
    "log_gap_scales",
    "symmetric_flow",
]

SMALLEST, LARGEST = 1e-300, 1e6
"""Smallest and largest initial scale of the reduction."""

LARGEST_GAP = 700.0
"""Where exp(gap) is cut off, at trial steps that overshoot."""


def check_balanced(subjects: int, relations: int, answers: int) -> tuple[int, int, int]:
    """Return S, R and D of balanced facts.

    Raises
    ------
    InputError
        If one is not positive, D > S, or D does not divide S.

    Examples
    --------
    >>> check_balanced(4, 2, 8)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: D = 8 > S = 4: some answers would be nobody's
    """
    S, R, D = (
        positive(n, name) for n, name in zip((subjects, relations, answers), "SRD", strict=True)
    )
    if D > S:
        raise InputError(f"D = {D} > S = {S}: some answers would be nobody's")
    if S % D:
        raise InputError(
            f"D = {D} does not divide S = {S}: facts cannot be balanced; take random ones"
        )
    return S, R, D


def balanced_rates(subjects: int, relations: int, answers: int) -> tuple[float, float]:
    r"""Rates g_R and g_S at which the relations' and the subjects' weights grow at first.

    .. math:: g_R = \frac1R \sqrt{\frac{R-1}{RD}}, \qquad g_S = \frac1S \sqrt{\frac{D-1}{RD}}

    Parameters
    ----------
    subjects, relations, answers : S, R and D of balanced facts.

    Examples
    --------
    >>> [round(1 / g, 2) for g in balanced_rates(16, 4, 8)]
    [13.06, 34.21]
    """
    S, R, D = subjects, relations, answers
    return math.sqrt((R - 1) / R / D) / R, math.sqrt((D - 1) / D / R) / S


def log_gap_scales(relations: int, answers: int, alpha: float) -> tuple[float, float]:
    r"""Logarithms of the scales kappa of the two gaps; infinite where there is nothing to learn.

    .. math:: \kappa_R = \frac{\alpha^2 (RD + 1)}2 \sqrt{\frac R{D (R-1)}}

    and kappa_S with R and D exchanged.
    """
    R, D = relations, answers
    energy = 2 * math.log(alpha) + math.log(R * D + 1) - math.log(2)

    def scale(n: int, m: int) -> float:
        return energy + 0.5 * math.log(n / (m * (n - 1))) if n > 1 else math.inf

    return scale(R, D), scale(D, R)


def symmetric_flow(
    subjects: int,
    relations: int,
    answers: int,
    *,
    t_max: float,
    alpha: float = 1e-4,
    rtol: float = 1e-12,
    solver: str = "DOP853",
    samples: int = 200,
    at: Sequence[float] | None = None,
    loss_below: float | None = None,
) -> FlowResult:
    """Integrate the flow of balanced facts.

    Parameters
    ----------
    subjects, relations, answers : S, R and D; D divides S.
    t_max : time to integrate to.
    alpha : initial scale, 1e-300 to 1e6.
    rtol, solver, samples, at, loss_below : as for :func:`sims.gradient_flow.reduced.flow`.

    Raises
    ------
    InputError
        If an argument is out of range.
    SolverError
        If the solver fails.

    Examples
    --------
    >>> symmetric_flow(16, 4, 8, t_max=1e4)
    FlowResult(symmetric flow, S=16 R=4 D=8, t_relation=115.4, t_subject=298.9, loss 0.00021...)
    >>> f"{symmetric_flow(10**9, 10**5, 10**3, t_max=1e16).t_subject:.6g}"
    '1.32925e+12'
    """
    S, R, D = check_balanced(subjects, relations, answers)
    t_max, alpha = check_times(t_max), check_alpha(alpha, smallest=SMALLEST, largest=LARGEST)
    model = _Reduction.of(S, R, D, alpha)
    trace = follow(
        model.velocity,
        np.zeros(2),
        t_max=t_max,
        losses=model.losses,
        weights=model.smallest_w,
        solver=solver,
        rtol=check_rtol(rtol),
        # Where kappa is large, the gap opens while u is of the order of 1/kappa.
        atol=rtol * np.exp(-np.maximum(model.log_kappa, 0.0)),
        samples=samples,
        at=at,
        loss_below=loss_below,
    )
    return FlowResult(
        model="symmetric flow",
        subjects=S,
        relations=R,
        answers=D,
        alpha=alpha,
        solver=solver,
        rtol=rtol,
        **trace.fields(),
    )


@dataclass(frozen=True, eq=False)
class _Reduction:
    """The reduced flow of u = (u_R, u_S).

    Parameters
    ----------
    n : (2,) R and D.
    g : (2,) rates g_R and g_S.
    log_kappa : (2,) logarithms of the gaps' scales, 0 where there is nothing to learn.
    log_omega : logarithm of the scale of w, omega^2 = alpha^2 (A + 1).
    """

    n: Floats
    g: Floats
    log_kappa: Floats
    log_omega: float

    @classmethod
    def of(cls, S: int, R: int, D: int, alpha: float) -> "_Reduction":
        """Return the flow of balanced facts at an initial scale."""
        n = np.array([R, D], np.float64)
        log_kappa = np.array(log_gap_scales(R, D, alpha))
        log_kappa[n <= 1] = 0.0
        log_omega = math.log(alpha) + 0.5 * math.log(R * D + 1)
        return cls(n, np.array(balanced_rates(S, R, D)), log_kappa, log_omega)

    def gaps(self, u: Floats) -> Floats:
        """Gaps kappa sinh u, without overflow of one factor or underflow of the other."""
        size = np.maximum(np.abs(u), np.finfo(float).tiny)
        near, far = np.minimum(size, 1.0), np.maximum(size, 1.0)
        log_sinh = np.where(
            size < 1,
            np.log(np.sinh(near)),
            far + np.log1p(-np.exp(-2 * far)) - math.log(2),
        )
        gap = np.exp(np.minimum(self.log_kappa + log_sinh, math.log(LARGEST_GAP)))
        return np.where(self.n > 1, np.sign(u) * gap, 0.0)

    def velocity(self, _: float, u: Floats) -> Floats:
        """Velocity du/dt."""
        return 2 * self.g * self.n / (self.n - 1 + np.exp(self.gaps(u)))

    def losses(self, u: Floats) -> Losses:
        """Losses at u."""
        relation, subject = np.log1p((self.n - 1) * np.exp(-self.gaps(u))).tolist()
        return Losses(relation + subject, relation, subject)

    def smallest_w(self, u: Floats) -> float:
        """Smallest w = omega cosh(u / 2)."""
        return float(np.exp(self.log_omega + np.logaddexp(u / 2, -u / 2) - math.log(2)).min())
