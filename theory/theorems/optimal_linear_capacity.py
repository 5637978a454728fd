r"""The best linear memory: what any W can hold, certified, against one that is written down.

Whether some W recalls everything is a convex question, answered with certified margins or with a
proof (:mod:`assoc.memories.separation`, :mod:`assoc.memories.refutation`). Its capacity N is
predicted by N delta(N, d) = d^2, with delta the degrees of freedom that a fact takes
(:mod:`theory.memories.optimal`), and tends to GGM's N log N / d^2 = 1/2, four times that of the
outer-product memory.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy

from assoc.catalogue import resolve
from assoc.errors import UnfitError
from assoc.memories.low_rank import projected
from assoc.memories.memory import Build
from assoc.memories.optimal import Decides
from sims.engine.parallel import Workers
from sims.memories.capacity import capacity
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import decide
from sims.memories.settings import RandomVectors
from sims.memories.width import smallest_width
from theory.claims import Claim, Finding, Hypothesis, Kind, Theorem
from theory.judging import (
    judge_arms,
    judge_bounds,
    judge_guarantee,
    judge_largest,
    judge_predictions,
    judge_symbols,
)
from theory.memories.capacity import capacity_of
from theory.memories.faults import boastful, mute, twinned
from theory.memories.hypotheses import INDEPENDENT, INJECTIVE, UNIFORM, enough_for_the_best
from theory.memories.optimal import optimal_capacity, optimal_limit, optimal_width
from theory.memories.outlook import best_outlook
from theory.memories.plain.refutations import decisions, refutation_rows
from theory.rendering.axes import comparison_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

RESOLUTION = 0.01
"""Width of a bracket relative to its upper end; its middle is off by half of that at most."""

# --- Checks -------------------------------------------------------------------------------------


def check_decided(
    *,
    seed: int,
    d: Sequence[int],
    below: float,
    above: float,
    delta: float,
    undecided: float,
    trials: int,
    memory: str | Build = "optimal-linear",
) -> Finding:
    """Decide draws below, at and above the predicted capacity, and count both kinds of answers."""
    if not isinstance(resolve(memory)[1], Decides):
        raise UnfitError(f"memory {memory!r} decides nothing")
    rows = []
    for dimension in d:
        ensemble = Ensemble.of(Construction(memory), RandomVectors(dimension), seed, "decided")
        for factor in (below, 1.0, above):
            N = round(factor * optimal_capacity(dimension)[0])
            found = Workers.of(None).run(partial(decide, ensemble, N), range(trials))
            certified = sum(count == N for count, _ in found)
            refuted = sum(proved for _, proved in found)
            both = sum(count == N and proved for count, proved in found)
            row = {"d": dimension, "N": N, "load": factor, "trials": trials}
            rows.append({**row, "certified": certified, "refuted": refuted, "both": both})
    answered = sum(row["certified"] + row["refuted"] - row["both"] for row in rows)
    shares = {
        name: [{**row, "successes": row[name]} for row in rows if row["load"] == factor]
        for name, factor in (("certified", below), ("refuted", above))
    }
    every = {"successes": answered, "trials": trials * len(rows)}
    return judge_arms({
        "sound": judge_largest("draws both certified and refuted", rows, "both", tolerance=0.0,
                               note=f"{trials} draws each of {len(rows)} sizes"),
        "decided": judge_guarantee("share of draws with an answer", [every], delta=undecided),
        **{name: judge_guarantee(f"share of draws {name}", each, delta=delta)
           for name, each in shares.items()},
    })  # fmt: skip


def check_capacity(
    *,
    seed: int,
    d: Sequence[int],
    trials: Sequence[int],
    tolerance: float,
    memory: str = "optimal-linear",
    limiting: bool = False,
) -> Finding:
    """Compare mean capacities with N delta(N, d) = d^2, or with N log N = d^2 / 2."""
    rows = []
    for dimension, count in zip(d, trials, strict=True):
        predicted, doubt = optimal_capacity(dimension)
        if limiting:
            predicted = _limiting(dimension)
        measured, error = _mean(memory, dimension, count, seed)
        rows.append(
            {
                "d": dimension,
                "measured": measured,
                "error": float(np.hypot(error, doubt)),
                "predicted": predicted,
                "law": float(scipy.special.xlogy(measured, measured)) / dimension**2,
            }
        )
    return judge_predictions("capacity of the best W", rows, tolerance=tolerance, relative=True)


def check_advantage(
    *, seed: int, d: Sequence[int], trials: int, tolerance: float, memory: str | Build = "linear"
) -> Finding:
    """Compare the ratio of both capacities with the ratio of both predictions."""
    rows = []
    for dimension in d:
        best, error = _mean("optimal-linear", dimension, trials, seed)
        plain, plain_error = _mean(memory, dimension, 8 * trials, seed)
        best_predicted, doubt = optimal_capacity(dimension)
        ratio = best / plain
        rows.append(
            {
                "d": dimension,
                "best": best,
                "outer products": plain,
                "measured": ratio,
                "error": ratio * float(np.hypot(np.hypot(error / best, plain_error / plain),
                                                doubt / best_predicted)),
                "predicted": best_predicted / capacity_of(Construction("linear"), d=dimension),
            }
        )  # fmt: skip
    quantity = "capacity relative to that of outer products"
    return judge_predictions(quantity, rows, tolerance=tolerance, relative=True)


def check_widths(
    *,
    seed: int,
    cases: Sequence[tuple[int, int]],
    trials: int,
    tolerance: float,
    memories: Sequence[str] = ("optimal-mlp", "optimal-bilinear"),
) -> Finding:
    """Compare mean smallest widths of networks with the m at which N delta(N, d) = m d."""
    rows = []
    for d, N in cases:
        predicted, doubt = optimal_width(N, d)
        for memory in memories:
            (point,) = smallest_width(
                memory, d=d, N=N, trials=trials, seed=seed, resolution=RESOLUTION
            ).points
            middle = (np.array(point.low) + np.array(point.high)) / 2
            rows.append(
                {
                    "memory": memory,
                    "d": d,
                    "N": N,
                    "measured": float(middle.mean()),
                    "error": float(np.hypot(middle.std(ddof=1) / np.sqrt(trials), doubt)),
                    "predicted": predicted,
                }
            )
    return judge_predictions("width of the best read-out", rows, tolerance=tolerance, relative=True)


def check_limit(*, seed: int, d: Sequence[float], tolerance: float, level: float = 0.5) -> Finding:
    """Follow N log N / d^2 of the prediction to dimensions no simulation reaches."""
    rows = []
    for dimension in d:
        log_N = optimal_limit(dimension)
        rows.append(
            {
                "d": dimension,
                "log N": log_N,
                "measured": float(np.exp(log_N - 2 * np.log(dimension)) * log_N),
                "error": 0.0,
                "predicted": level,
            }
        )
    return judge_predictions("N log N / d^2", rows, tolerance=tolerance, relative=True)


def check_symbols(
    *,
    seed: int,
    tolerance: float,
    near: float,
    parts: Sequence[str] | None = None,
    mistake: str | None = None,
    over: float = 1.0,
) -> Finding:
    """Compare the loss, the cost of a fact and what is predicted from it with other computations.

    ``near`` is for the capacity, which is found by a line through the costs at three sizes.
    """
    from theory.memories.plain.read_outs import PARTS, capacity_rows, read_out_rows

    return judge_arms({
        "loss and cost": judge_symbols(
            list(read_out_rows(parts=parts or PARTS, mistake=mistake)), tolerance=tolerance,
            note="by differences of 50 digits, minimisation and ranks",
        ),
        "capacity": judge_symbols(
            list(capacity_rows(over=over)), tolerance=near, note="by the cost at the capacity",
        ),
    })  # fmt: skip


def check_bounds(*, seed: int, ratio: float, mistake: str | None = None) -> Finding:
    """Hold the bounds of refutations against residuals, lengths and curvatures without a bound."""
    return judge_bounds(
        "rounding of residual, length, curvature, margin", list(refutation_rows(mistake=mistake)),
        ratio=ratio, note="constraint by constraint, in extended precision",
    )  # fmt: skip


def check_programs(
    *, seed: int, count: int, steps: int | None = None, unfound_is_refuted: bool = False
) -> Finding:
    """Compare decisions of small instances with those of linear programs."""
    given = {} if steps is None else {"steps": steps}
    rows = decisions(seed=seed, count=count, unfound_is_refuted=unfound_is_refuted, **given)
    note = f"{len(rows)} instances, {sum(row['found'] for row in rows)} with a read-out"
    return judge_arms({
        "as the program": judge_largest("decisions that a linear program contradicts", rows,
                                        "contradicted", tolerance=0.0, note=note),
        "decided": judge_largest("instances left undecided", rows, "undecided", tolerance=0.0,
                                 note=note),
    })  # fmt: skip


def _mean(memory: str | Build, d: int, trials: int, seed: int) -> tuple[float, float]:
    """Mean capacity and its standard error, from the middles of the brackets."""
    (point,) = capacity(
        memory, d=d, trials=trials, seed=seed, resolution=RESOLUTION, experiment="best-capacity"
    ).points
    middle = (np.array(point.low) + np.array(point.high)) / 2
    return float(middle.mean()), float(middle.std(ddof=1) / np.sqrt(trials))


def _limiting(d: int) -> float:
    """The N with N log N = d^2 / 2."""
    return float(np.exp(scipy.special.lambertw(d**2 / 2).real))


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Capacities: measured against predicted."""
    rows = findings["capacity"].table
    return comparison_figure(rows, [f"$d={row['d']}$" for row in rows], "capacity $N$")


# --- Claims -------------------------------------------------------------------------------------

THEOREM = Theorem(
    name="optimal-linear-capacity",
    title="The best linear memory",
    source="GGM (the limit, restated); derived here (finite sizes, docs/optimal-memories.md)",
    statement=r"""
Some $W$ with $\langle u_{f(x)}, W e_x \rangle > \langle u_y, W e_x \rangle$ for all $x$ and
$y \ne f(x)$ exists up to $N\,\delta(N, d) = d^2$, where $\delta$ is the mean squared distance of
a normal vector from the cone of outputs that recall a fact. As $d$ grows $N \log N / d^2$ tends to
$1/2$, four times what $\sum_x u_x e_x^\top$ holds.
""",
    constants="1/2: GGM. delta: kinematic formula, exact for cones turned independently at random; "
    "here a heuristic, checked by measurement.",
    deviations="GGM have the limit; the prediction at finite d is ours.",
    outlook=best_outlook,
    hypotheses=(
        UNIFORM,
        INDEPENDENT,
        INJECTIVE,
        Hypothesis("N delta is below d^2.", enough_for_the_best),
    ),
    claims=(
        Claim(
            name="capacity",
            kind=Kind.CONSTANT,
            source="derived here (docs/optimal-memories.md)",
            statement="The mean capacity is, to 10%, the N with N delta(N, d) = d^2.",
            check=check_capacity,
            quick={"d": (8, 16, 24), "trials": (40, 20, 12), "tolerance": 0.1},
            full={"d": (8, 16, 32, 64), "trials": (200, 100, 40, 12)},
            must_fail={"limiting": True, "d": (16,), "trials": (8,)},
            why_fail="the limit N log N = d^2 / 2 is far from reached",
            fault={"memory": "dual-both", "d": (16,), "trials": (8,)},
            fault_text="the memory is that of least squares in both embeddings, in closed form",
        ),
        Claim(
            name="decided",
            kind=Kind.EXACT,
            source="docs/optimal-memories.md",
            statement="Of draws below, at and above the predicted capacity 19 of 20 or more are "
            "decided: a W that recalls everything is found and certified, or it is proved that "
            "there is none, and never both. The first is so in three of four or more at 0.85 of "
            "the predicted capacity, the second at 1.15.",
            check=check_decided,
            quick={
                "d": (12, 16),
                "below": 0.85,
                "above": 1.15,
                "delta": 0.25,
                "undecided": 0.05,
                "trials": 60,
            },
            full={"d": (12, 24, 48), "trials": 100},
            must_fail={"below": 1.15, "above": 0.85, "d": (12,), "trials": 12},
            why_fail="what cannot be recalled is not certified, and what can be is not refuted",
            fault={"memory": twinned(resolve("optimal-linear")[1]), "d": (12,), "trials": 8},
            fault_text="two inputs are given the same embedding before the memory is fitted",
            near_misses={
                "nothing is proved": {
                    "memory": mute(resolve("optimal-linear")[1], proves=False),
                    "d": (12,),
                    "trials": 12,
                },
                "what is found is not given back": {
                    "memory": mute(resolve("optimal-linear")[1], recalls=False),
                    "d": (12,),
                    "trials": 12,
                },
                "one proof in four is lost": {
                    "memory": mute(resolve("optimal-linear")[1], proves=False, every=4),
                },
                "what is found is called impossible too": {
                    "memory": boastful(resolve("optimal-linear")[1]),
                    "d": (12,),
                    "trials": 40,
                },
                "W is looked for beyond the capacity": {"below": 1.15, "d": (12,), "trials": 12},
                "refuted below the capacity": {"above": 0.85, "d": (12,), "trials": 12},
            },
        ),
        Claim(
            name="advantage",
            kind=Kind.CONSTANT,
            source="derived here (docs/optimal-memories.md)",
            statement="Capacity over that of the outer-product memory is the ratio of both "
            "predictions, to 15%.",
            check=check_advantage,
            quick={"d": (12, 20), "trials": 20, "tolerance": 0.15},
            full={"d": (16, 32, 64), "trials": 20},
            must_fail={"memory": "dual-outputs", "d": (16,), "trials": 8},
            why_fail="whitened outputs hold more than plain ones",
            fault={"memory": projected(8), "d": (16,), "trials": 8},
            fault_text="the memory below keeps half of the directions of the inputs",
        ),
        Claim(
            name="read-outs",
            kind=Kind.CONSTANT,
            source="derived here (docs/optimal-memories.md)",
            statement="The smallest width at which the best read-out of random features recalls N "
            "facts is, to 10%, the m with N delta(N, d) = m d.",
            check=check_widths,
            quick={"cases": ((16, 96), (16, 160)), "trials": 10, "tolerance": 0.1},
            full={"cases": ((16, 96), (16, 160), (32, 256), (32, 512)), "trials": 20},
            must_fail={"memories": ("whitened-mlp",), "cases": ((16, 96),)},
            why_fail="least squares is not the best read-out",
            fault={"memories": ("bilinear-ridge",), "cases": ((16, 96),)},
            fault_text="the read-out is fitted by least squares",
        ),
        Claim(
            name="limit",
            kind=Kind.CONSTANT,
            source="GGM",
            statement="N log N / d^2 of the prediction tends to 1/2, followed to d = 10^150.",
            check=check_limit,
            quick={"d": (1e120, 1e150), "tolerance": 0.02},
            must_fail={"d": (64.0, 128.0)},
            why_fail="at small d the limit is not reached: corrections are of order 1 / log d",
            fault={"level": 0.125},
            fault_text="the limit is taken to be that of outer products, 1/8",
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="docs/optimal-memories.md",
            statement="The logistic loss with its gradient and Hessian, the cost of a fact among "
            "orthogonal answers, the directions that few answers span and the line to 1/d = 0 are "
            "those of independent computations, to 1e-7; at the predicted capacity the facts cost "
            "as many equations as there are entries, to 2%.",
            check=check_symbols,
            quick={"tolerance": 1e-7, "near": 0.02},
            must_fail={"mistake": "2 log M", "parts": ("cost",)},
            why_fail="a fact does not cost 2 log M, which is where its cost tends",
            fault={"mistake": "gradient over N - 1", "parts": ("loss",)},
            fault_text="the gradient of a mean over N is divided by N - 1",
            near_misses={
                name: {"mistake": name, "parts": (part,)}
                for name, part in (
                    ("second moments for covariances", "loss"),
                    ("no level of its own", "cost"),
                    ("M for M - 1", "cost"),
                    ("d for the span of the answers", "width"),
                )
            }
            | {"5% above the capacity": {"over": 1.05, "parts": ("line",)}},
        ),
        Claim(
            name="certificates",
            kind=Kind.EXACT,
            source="docs/optimal-memories.md",
            statement="Where they are nearly attained, the bounds of a refutation on its residual, "
            "its longest constraint, its curvature, its weights and the least margin are sound, "
            "and tight to 3%.",
            check=check_bounds,
            quick={"ratio": 1.03},
            must_fail={"mistake": "squared weights"},
            why_fail="probabilities are larger than their squares, and so is the curvature",
            fault={"mistake": "no opposite answers"},
            fault_text="the length of a constraint is that of one answer and not of a difference",
        ),
        Claim(
            name="programs",
            kind=Kind.EXACT,
            source="docs/optimal-memories.md",
            statement="On small random instances a read-out is found where a linear program has "
            "one, and refuted where it has none; every instance is decided.",
            check=check_programs,
            quick={"count": 5},
            must_fail={"steps": 1},
            why_fail="one step of a descent decides little",
            fault={"steps": 1, "unfound_is_refuted": True},
            fault_text="what was not found counts as refuted",
        ),
    ),
    figure=figure,
    caption="Largest $N$ for which some matrix recalls all facts, at each dimension $d$. Dots: "
    "mean over the draws, with the intervals by which the claim `capacity` is judged "
    r"(99.9% for all together). Blue bars: the $N$ with $N \delta(N, d) = d^2$, nothing "
    "fitted.",
)
"""What any W can do."""
