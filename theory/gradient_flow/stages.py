r"""When balanced facts are learnt, and how: exact times, plateaus and late rates, nothing fitted.

For balanced facts a gap between logits obeys an equation that separates (docs/gradient-flow.md,
H.6), so that the time at which it has a given size is an integral of known functions,

.. math:: t(\Delta) = \frac1{2 g n} \int_0^{\Delta} \frac{n - 1 + e^x}{\sqrt{x^2 + \kappa^2}}\,dx,

with n = R, g = g_R for the relations' gap and n = D, g = g_S for the subjects'. Its two ends are
the stage times for small alpha, of slope 1/g in log(1/alpha), and the late rate.
"""

import math
from dataclasses import dataclass

from assoc.gradient_flow.limits import check_alpha
from sims.gradient_flow.symmetric import (
    LARGEST,
    SMALLEST,
    balanced_rates,
    check_balanced,
    log_gap_scales,
)

__all__ = [
    "LARGEST_GAP",
    "Stages",
    "balanced_inverse_margin",
    "balanced_log_k",
    "balanced_losses",
    "gap_at",
    "gap_time",
    "half_gap",
    "order_ratio",
    "stages",
    "which_first",
]


LARGEST_GAP = 690.0
"""Largest gap; its exponential is within the range of numbers."""


def half_gap(n: int) -> float:
    """Gap at which log(1 + (n - 1) exp(-gap)) is half of log n: log(sqrt(n) + 1).

    Examples
    --------
    >>> round(math.log(1 + 3 * math.exp(-half_gap(4))) / math.log(4), 12)
    0.5
    """
    return math.log(math.sqrt(n) + 1)


def gap_time(gap: float, n: int, rate: float, log_kappa: float) -> float:
    """Time at which a gap has opened, by quadrature.

    Parameters
    ----------
    gap : between logits, from 0 to :data:`LARGEST_GAP`.
    n : R or D; 1 stands for nothing to learn, and time 0.
    rate : g_R or g_S.
    log_kappa : log of the gap's scale.

    Examples
    --------
    >>> round(gap_time(half_gap(4), 4, 1 / 13.064, -16.0), 3)
    112.091
    """
    from scipy.integrate import quad

    if n == 1 or gap == 0:
        return 0.0
    # Ends of u = asinh(x / kappa); below `low` the integrand exp(x) - 1 is beyond double precision.
    ratio = math.log(gap) - log_kappa
    high = math.asinh(math.exp(ratio)) if ratio < 30 else ratio + math.log(2)
    low = max(0.0, high - 45 - max(0.0, math.log(gap)))

    def excess(u: float) -> float:
        if u < 1:
            x = math.exp(log_kappa) * math.sinh(u)
        else:
            x = (math.exp(log_kappa + u) - math.exp(log_kappa - u)) / 2
        return math.exp(x - gap) * -math.expm1(-x)

    # Nearly all of a large integral is within a few 1/gap of its end.
    cut = max(low, high - 40 / max(gap, 1.0))
    parts = [
        quad(excess, a, b, epsabs=0, epsrel=1e-12, limit=200)[0] if b > a else 0.0
        for a, b in ((low, cut), (cut, high))
    ]
    return (n * high + math.exp(gap) * math.fsum(parts)) / (2 * rate * n)


def gap_at(time: float, n: int, rate: float, log_kappa: float) -> float:
    """Gap at a time, the inverse of :func:`gap_time`.

    Examples
    --------
    >>> round(gap_at(112.0908, 4, 1 / 13.064, -16.0), 4), round(half_gap(4), 4)
    (1.0986, 1.0986)
    """
    from scipy.optimize import brentq

    if n == 1 or time <= 0:
        return 0.0
    # While e^x counts for nothing, u = 2 g t; e^x only slows the gap down.
    log_high = min(math.log(LARGEST_GAP), log_kappa + 2 * rate * time - math.log(2) + 1e-9)
    if 2 * rate * time < 1:
        log_high = min(
            math.log(LARGEST_GAP), log_kappa + math.log(math.sinh(2 * rate * time)) + 1e-9
        )
    log_low = log_high
    while gap_time(math.exp(log_low), n, rate, log_kappa) > time:
        log_low -= 1.0

    def early(log_gap: float) -> float:
        return gap_time(math.exp(log_gap), n, rate, log_kappa) - time

    if early(log_high) <= 0:
        return math.exp(log_high)
    return math.exp(float(brentq(early, log_low, log_high, xtol=1e-13, rtol=1e-14)))


def balanced_losses(
    subjects: int, relations: int, answers: int, *, alpha: float, time: float
) -> tuple[float, float]:
    """Relation-only and subject-only loss at a time; the loss is their sum.

    Parameters
    ----------
    subjects, relations, answers : S, R and D.
    alpha : initial scale.
    time : at least 0.

    Examples
    --------
    >>> [round(loss, 4) for loss in balanced_losses(16, 4, 8, alpha=1e-4, time=200.0)]
    [0.0153, 2.0748]
    """
    rates = balanced_rates(subjects, relations, answers)
    scales = log_gap_scales(relations, answers, alpha)
    relation, subject = (
        math.log1p((n - 1) * math.exp(-gap_at(time, n, rate, scale)))
        for n, rate, scale in zip((relations, answers), rates, scales, strict=True)
    )
    return relation, subject


def order_ratio(subjects: int, relations: int, answers: int) -> float:
    """Ratio g_R / g_S = (S/R) sqrt((R - 1)/(D - 1)); relations are first if it is above 1.

    Examples
    --------
    >>> round(order_ratio(16, 4, 8), 3)
    2.619
    """
    relation, subject = balanced_rates(subjects, relations, answers)
    return relation / subject if subject else math.inf


def which_first(t_relation: float, t_subject: float) -> str:
    """Say which of two stage times comes first: ``relation``, ``subject``, or ``both``.

    Where one has nothing to learn, and so the time 0, the other is the only one, and first.

    Examples
    --------
    >>> which_first(1.0, 2.0), which_first(3.0, 2.0), which_first(2.0, 2.0 + 1e-12)
    ('relation', 'subject', 'both')
    >>> which_first(0.0, 2.0)
    'subject'
    """
    if math.isclose(t_relation, t_subject, rel_tol=1e-9):
        return "both"
    if 0 in (t_relation, t_subject):
        return "subject" if t_relation == 0 else "relation"
    return "relation" if t_relation < t_subject else "subject"


@dataclass(frozen=True)
class Stages:
    """What is learnt when, by balanced facts.

    Parameters
    ----------
    t_relation, t_subject : times at which the two losses are half of log R and log D.
    slope_relation, slope_subject : 1/g_R and 1/g_S, what these times gain for a unit of
        log(1/alpha); infinite where there is nothing to learn.
    first : ``relation``, ``subject``, or ``both`` where the times are equal.
    ratio : g_R / g_S, which is above 1 where relations are first for small alpha.
    plateau : height of the loss between the two, what the second has still to learn: log D or
        log R; 0 where both are learnt at once, or one has nothing to learn.
    length : time between the two.
    rate : limit of L t (log(k/L) - 1), that is 1/(4 gamma).
    log_k : log of k.
    """

    t_relation: float
    t_subject: float
    slope_relation: float
    slope_subject: float
    first: str
    ratio: float
    plateau: float
    length: float
    rate: float
    log_k: float


def stages(subjects: int, relations: int, answers: int, *, alpha: float) -> Stages:
    """Predict times, plateau and late rate of balanced facts.

    Parameters
    ----------
    subjects, relations, answers : S, R and D; D divides S.
    alpha : initial scale.

    Raises
    ------
    InputError
        If facts of these sizes cannot be balanced, or alpha is out of range.

    Examples
    --------
    >>> found = stages(16, 4, 8, alpha=1e-4)
    >>> round(found.t_relation, 1), round(found.t_subject, 1), found.first, round(found.rate, 2)
    (115.4, 298.9, 'relation', 19.87)
    """
    S, R, D = check_balanced(subjects, relations, answers)
    alpha = check_alpha(alpha, smallest=SMALLEST, largest=LARGEST)
    rates, scales = balanced_rates(S, R, D), log_gap_scales(R, D, alpha)
    times = [
        gap_time(half_gap(n), n, rate, scale)
        for n, rate, scale in zip((R, D), rates, scales, strict=True)
    ]
    first = which_first(*times)
    return Stages(
        t_relation=times[0],
        t_subject=times[1],
        slope_relation=1 / rates[0] if rates[0] else math.inf,
        slope_subject=1 / rates[1] if rates[1] else math.inf,
        first=first,
        ratio=order_ratio(S, R, D),
        plateau={"relation": math.log(D), "subject": math.log(R), "both": 0.0}[first],
        length=abs(times[1] - times[0]),
        rate=balanced_inverse_margin(S, R, D) / 4,
        log_k=balanced_log_k(S, R, D),
    )


def balanced_inverse_margin(subjects: int, relations: int, answers: int) -> float:
    r"""1/gamma of balanced facts, the cone program in closed form.

    .. math:: \frac1\gamma = 2\left(S \sqrt{R(1 - 1/D)} + R \sqrt{D(1 - 1/R)}\right)

    Examples
    --------
    >>> round(balanced_inverse_margin(16, 4, 8) / 4, 4)
    19.8656
    """
    S, R, D = subjects, relations, answers
    return 2 * (S * math.sqrt(R * (1 - 1 / D)) + R * math.sqrt(D * (1 - 1 / R)))


def balanced_log_k(subjects: int, relations: int, answers: int) -> float:
    """Log of the effective number k of active constraints per fact, for balanced facts.

    Shares tau and 1 - tau of the late loss are the relations' and the subjects', spread over R - 1
    and D - 1 wrong answers; k = R + D - 2 only where that is even.

    Examples
    --------
    >>> round(math.exp(balanced_log_k(16, 4, 8)), 3)
    9.93
    """
    S, R, D = subjects, relations, answers
    relation, subject = R * math.sqrt(D * (1 - 1 / R)), S * math.sqrt(R * (1 - 1 / D))
    total = relation + subject
    return sum(
        part / total * math.log((n - 1) * total / part)
        for part, n in ((relation, R), (subject, D))
        if part
    )
