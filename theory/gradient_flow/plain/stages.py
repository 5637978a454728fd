r"""Rates, stage times and plateaus of balanced facts a second time: from counts and small panels.

:mod:`theory.gradient_flow.stages` and :mod:`sims.gradient_flow.symmetric` have closed forms. Here a
token's growth rate is the length of G at the start, fact by fact, the scale of a gap comes from G's
direction, and stage times are integrals over log x by Gauss's rule on small panels,

.. math:: t(\Delta) = \frac1{2 g n} \int_{-\infty}^{\log \Delta}
    \frac{(n - 1 + e^{e^v})\,e^v}{\sqrt{e^{2v} + \kappa^2}}\,dv.
"""

import math

import numpy as np
import scipy

from assoc.facts.recall_task import RecallTask, grid_task
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import flow
from sims.gradient_flow.symmetric import balanced_rates, log_gap_scales, symmetric_flow
from theory.claims import Problem
from theory.gradient_flow.hypotheses import EVEN, MANY_SUBJECTS
from theory.gradient_flow.plain.flow import Row, summary
from theory.gradient_flow.stages import (
    balanced_losses,
    gap_time,
    half_gap,
    order_ratio,
    stages,
)

__all__ = ["condition_symbols", "growth", "opening_time", "stage_symbols"]

SIZES = ((6, 3, 2), (3, 6, 3), (4, 4, 4), (4, 1, 2))
"""S, R and D: relations first, and subjects; both at once; relations with nothing to learn."""

PANEL, NODES = 0.25, 20
"""Width of the panels of log x, and Gauss's nodes in each."""


def growth(S: int, R: int, D: int, *, centred: bool = True) -> list[tuple[float, float]]:
    """Growth rate g, and the gap's scale over w^2, of relations and of subjects.

    Parameters
    ----------
    S, R, D : sizes of balanced facts, D dividing S.
    centred : whether a softmax pushes down as much as it lifts up.

    Returns
    -------
    Two pairs: the length of G of the first relation and of the first subject at equal logits, and
    half of the difference of its direction between right and wrong answers.
    """
    task = grid_task(S, R, D)
    facts, A = task.facts.tolist(), task.answers
    found = []
    for column in (1, 0):
        G = [0.0] * A
        for fact in facts:
            if fact[column] == 0:
                G[fact[2]] += 1 / len(facts)
                if centred:
                    G = [g - 1 / len(facts) / A for g in G]
        length = math.sqrt(sum(g * g for g in G))
        found.append((length, (max(G) - min(G)) / length / 2 if length > 1e-15 else 0.0))
    return found


def opening_time(gap: float, n: int, rate: float, kappa: float, *, free: bool = False) -> float:
    """Time at which a gap has opened.

    Parameters
    ----------
    gap : between logits.
    n : R or D, above 1.
    rate, kappa : g, and the gap's scale.
    free : whether the gap grows as if probabilities stayed what they are at the start.
    """
    if free:
        return math.asinh(gap / kappa) / (2 * rate)
    end = math.log(gap)
    # Below, the integrand is (n + x) x / kappa.
    low = min(math.log(kappa), end) - 40
    count = math.ceil((end - low) / PANEL)
    place, weight = np.polynomial.legendre.leggauss(NODES)
    v = low + (end - low) * (np.arange(count)[:, None] + (1 + place) / 2) / count
    x = np.exp(v)
    density = (n - 1 + np.exp(x)) * x / np.sqrt(x**2 + kappa**2)
    return float((density @ weight).sum() * (end - low) / count / 2 / (2 * rate * n))


def half(n: int, share: float = 0.5) -> float:
    """Gap at which log(1 + (n - 1) exp(-gap)) is a share of log n."""

    def excess(gap: float) -> float:
        return math.log1p((n - 1) * math.exp(-gap)) - share * math.log(n)

    return float(scipy.optimize.brentq(excess, 0.0, 50.0, xtol=1e-14))


def stage_symbols(
    *, alpha: float, centred: bool = True, share: float = 0.5, free: bool = False
) -> list[Row]:
    """Rates, scales, times, slopes, order and plateaus of balanced facts of several sizes.

    Parameters
    ----------
    alpha : initial scale.
    centred : as for :func:`growth`.
    share : of the initial losses at which stages are timed here.
    free : as for :func:`opening_time`.
    """
    rows: list[Row] = []
    for S, R, D in SIZES:
        label = f"S, R, D = {S}, {R}, {D}"
        pairs = growth(S, R, D, centred=centred)
        rates, scales = balanced_rates(S, R, D), log_gap_scales(R, D, alpha)
        found = stages(S, R, D, alpha=alpha)
        times = []
        for k, (name, n) in enumerate((("relation", R), ("subject", D))):
            g, lever = pairs[k]
            time = getattr(found, f"t_{name}")
            if n == 1:
                times.append(0.0)
                rows += [(f"g of a {name}", rates[k], 0.0), (f"t_{name}", time, 0.0)]
                continue
            kappa = alpha**2 * (R * D + 1) * lever
            times.append(opening_time(half(n, share), n, g, kappa, free=free))
            # The loss in the middle gives the gap, and the gap its time.
            at = 0.9 * times[-1]
            loss = balanced_losses(S, R, D, alpha=alpha, time=at)[k]
            gap = math.log((n - 1) / math.expm1(loss))
            rows += [
                (f"g of a {name}", rates[k], g),
                (f"kappa of a {name}", scales[k], math.log(kappa)),
                (f"half gap of {n}", half_gap(n), half(n, share)),
                (f"t_{name}", time, times[-1]),
                (f"slope of t_{name}", getattr(found, f"slope_{name}"), 1 / g),
                (f"loss of a {name} at a time", at, opening_time(gap, n, g, kappa)),
            ]
        if pairs[1][0] > 0 and pairs[0][0] > 0:
            ratio = pairs[0][0] / pairs[1][0]
            rows += [
                (f"g_R / g_S, {label}", order_ratio(S, R, D), ratio),
                (f"g_R / g_S of stages, {label}", found.ratio, ratio),
            ]
        first, left = _order(grid_task(S, R, D), times)
        rows += [
            (f"{first} first, {label}", float(found.first == first), 1.0),
            (f"plateau, {label}", found.plateau, left),
            (f"length, {label}", found.length, abs(times[0] - times[1])),
        ]
    return rows + _late_gap_symbols() + _reduced_symbols()


def _order(task: RecallTask, times: list[float]) -> tuple[str, float]:
    """Say what is first, and what a model has left to learn that knows it and nothing else."""
    if abs(times[0] - times[1]) < 1e-9 * max(times):
        return "both", 0.0
    learns = [time > 0 for time in times]
    first = 0 if learns[0] and (times[0] < times[1] or not learns[1]) else 1
    column = 1 - first
    facts = task.facts.tolist()
    left = [len({g[2] for g in facts if g[column] == f[column]}) for f in facts]
    return ("relation", "subject")[first], sum(math.log(n) for n in left) / len(facts)


def _late_gap_symbols() -> list[Row]:
    """Times of gaps from far below the scale to late ones."""
    return [
        (f"time of the gap {gap:g}", gap_time(gap, n, 0.1, math.log(kappa)),
         opening_time(gap, n, 0.1, kappa))
        for n, kappa, gap in ((4, 1e-20, 1e-3), (4, 1e-20, 60.0), (3, 5.0, 0.5), (3, 5.0, 12.0))
    ]  # fmt: skip


def _reduced_symbols() -> list[Row]:
    """Smallest w of the two reduced equations, beside that of all tokens."""
    alpha, t_max = 0.05, 60.0
    full = flow(
        LinearAttention(grid_task(4, 2, 2)), t_max=t_max, alpha=alpha, rtol=1e-12, samples=3
    )
    reduced = symmetric_flow(4, 2, 2, t_max=t_max, alpha=alpha, samples=3)
    return summary("smallest w of the reduction", reduced.smallest_w, full.smallest_w)


def condition_symbols(*, factor: int = 128) -> list[Row]:
    """Sizes and facts that fit the hypotheses, by integers alone.

    Parameters
    ----------
    factor : of R^2 D, from which on S^2 is large enough: (8 sqrt 2)^2.
    """
    counts = np.zeros((2, 2), int)
    for R in (2, 3, 5):
        for D in (2, 3, 8):
            for S in (D, 4 * D, 16 * R, 32 * R, 48 * R):
                if S % D:
                    continue
                many, sharp = MANY_SUBJECTS.check(Problem(task=grid_task(S, R, D)))
                counts[0] += many.holds, sharp.holds
                counts[1] += factor * R**2 * D <= S**2, S**2 * (R - 1) > R**2 * (D - 1)
    even = [
        EVEN.check(Problem(task=FlowFacts(6, 3, 3, kind, without=without).task(0)))[0].holds
        for kind, without in (("balanced", 0), ("random", 0), ("balanced", 1))
    ]
    task = FlowFacts(12, 3, 4, "partial").task(0)
    return [
        ("sizes with S >= 8 R sqrt(2 D)", float(counts[0, 0]), float(counts[1, 0])),
        ("sizes beyond the sharp boundary", float(counts[0, 1]), float(counts[1, 1])),
        ("balanced facts are even, random and incomplete ones not", float(even == [1, 0, 0]), 1.0),
        ("partial facts", float(len(task)), 36 - 36 / 4),
    ]
