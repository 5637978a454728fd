r"""Memories of rank m recall N facts once m d is about N log N (NLB, Theorem 1, second part).

Statement (restated). As in ``linear-capacity``, with W restricted to rank m: if
m d >~ N polylog N, then with high probability some W of rank m recalls every input.

Three closed forms are judged: W read through a random projector, through a Gaussian sketch, and
cut off at its m largest singular values.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.memories.low_rank import projected
from assoc.memories.memory import Build
from sims.memories.construction import Construction
from sims.memories.recall import measure
from theory.claims import Claim, Finding, Hypothesis, Kind, Theorem
from theory.equivalence import Equivalence
from theory.judging import judge_bounds, judge_guarantee
from theory.memories.capacity import capacity_of
from theory.memories.checks import capacity_row, failure_row
from theory.memories.faults import confined, forgetful
from theory.memories.guarantee import failure_bound, guaranteed_capacity, pairs_bound
from theory.memories.hypotheses import INDEPENDENT, INJECTIVE, UNIFORM, enough_rank
from theory.memories.outlook import rank_outlook
from theory.memories.plain.pair_chances import pairs_lost
from theory.memories.recall import expected_failure
from theory.rendering.axes import comparison_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

ENOUGH = Hypothesis("m d is at least of the order of N polylog N, m <= d.", enough_rank)

# --- Checks -------------------------------------------------------------------------------------


def check_guarantee(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int]],
    delta: float,
    trials: int,
    beyond: float = 1.0,
    damaged: bool = False,
) -> Finding:
    """Draw trials at the largest N that is guaranteed for (d, m), times ``beyond``."""
    rows = []
    for d, m in sizes:
        N = round(beyond * guaranteed_capacity(d, delta=delta, rank=m))
        build = forgetful(projected(m)) if damaged else projected(m)
        result = measure(build, d=d, N=N, trials=trials, seed=seed, experiment="rank-guarantee")
        rows.append(
            {
                "d": d,
                "m": m,
                "N": N,
                "law": N * np.log(N) / (m * d),
                "bound": failure_bound(N, d, rank=m),
                "successes": result.points[0].whole,
                "trials": trials,
            }
        )
    return judge_guarantee("probability that all facts are recalled", rows, delta=delta)


def check_bounds(
    *, seed: int, sizes: Sequence[tuple[int, int, int]], ratio: float, weakened: float = 1.0
) -> Finding:
    """Compare the proved bound with the expected number of pairs that go wrong, for (d, m, N).

    ``weakened`` multiplies it.
    """
    return judge_bounds(
        "expected pairs (input, answer) that go wrong",
        [
            {
                "d": d,
                "m": m,
                "N": N,
                "exact": pairs_lost(N, d, rank=m),
                "bound": weakened * pairs_bound(N, d, rank=m),
            }
            for d, m, N in sizes
        ],
        ratio=ratio,
        note="by Gauss's rules and Fourier's transform",
    )


def check_failure(
    *,
    seed: int,
    memory: str,
    sizes: Sequence[tuple[int, int]],
    rate: float,
    budget: int,
    tolerance: float,
    predicted_as: str | None = None,
    damaged: bool = False,
) -> Finding:
    """Compare the share that fails with its prediction where that is 1 - rate, for each (d, m)."""
    rule = Equivalence(tolerance, len(sizes))

    def row(size: tuple[int, int]) -> dict[str, Any]:
        d, m = size
        construction = Construction(memory, rank=m)
        law = Construction(predicted_as or memory, rank=None if predicted_as == "linear" else m)
        build = construction.build(d)
        N = max(2, round(capacity_of(construction, d=d, rate=rate)))
        return failure_row(
            forgetful(build, fraction=0.1) if damaged else build,
            expected_failure(law, d=d, N=N),
            rule=rule,
            d=d,
            N=N,
            budget=budget,
            seed=seed,
            experiment=memory,
            construction=memory,
            m=m,
        )

    return rule.judge("share of facts not recalled", map(row, sizes))


def check_levels(
    *,
    seed: int,
    d: int,
    ranks: Sequence[int],
    budget: int,
    tolerance: float,
    memory: str | Build | None = None,
) -> Finding:
    """Compare the N recalled whole in half of the draws with its prediction, at growing ranks."""
    rule = Equivalence(tolerance, len(ranks))

    def row(m: int) -> dict[str, Any]:
        found = capacity_row(
            memory or projected(m),
            capacity_of(Construction("low-rank", rank=m), d=d),
            rule=rule,
            d=d,
            rate=1,
            budget=budget,
            seed=seed,
            experiment="rank",
            m=m,
        )
        return {**found, "law": found["measured"] * np.log(found["measured"]) / (m * d)}

    return rule.judge("largest N with all facts recalled", map(row, ranks))


def check_truncation(
    *,
    seed: int,
    d: Sequence[int],
    budget: int,
    tolerance: float,
    memory: str = "low-rank-svd",
) -> Finding:
    """Compare the 99% capacity at m = d/2 with the limit law of truncation."""
    rule = Equivalence(tolerance, len(d))
    rows = (
        capacity_row(
            Construction(memory, rank="d/2").build(dimension),
            capacity_of(Construction("low-rank-svd", rank="d/2"), d=dimension, rate=0.99),
            rule=rule,
            d=dimension,
            rate=0.99,
            budget=budget,
            seed=seed,
            experiment="truncation",
            m=dimension // 2,
        )
        for dimension in d
    )
    return rule.judge("N at 99% recall", rows)


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Shares that fail in two closed forms: measured against predicted."""
    names = ("projector", "sketch")
    rows = [row for name in names if name in findings for row in findings[name].table]
    labels = [
        f"{row['construction']}, $d={row['d']}$, $m={row['m']}$, $N={row['N']}$" for row in rows
    ]
    return comparison_figure(rows, labels, "share of facts not recalled")


# --- Claims -------------------------------------------------------------------------------------

SIZES = ((32, 16), (64, 16), (64, 32))

THEOREM = Theorem(
    name="low-rank-capacity",
    title="Memories of rank m store about m d / log d facts",
    source="NLB, Theorem 1 (second part), restated; constants derived here",
    statement=r"""
Under the hypotheses of `linear-capacity`, if $m d \gtrsim N \operatorname{polylog} N$ with
$m \le d$, then with high probability some $W$ of rank $m$ recalls every input.
""",
    constants=r"""
Unspecified by the paper. Derived here: an orthonormal projector replaces $d^2$ by $m d$ with the
same constant $1/8$; a Gaussian sketch $A^\top A$ by $m d / (1 + m/d)$; truncation of $W$ at its
$m$ largest singular values keeps a share of $d^2$ that the quarter-circle law gives (0.894 at
$m = d/2$), in the limit $N \gg d$.
""",
    deviations="The paper's statement is existential; the three closed forms are ours to judge.",
    outlook=rank_outlook,
    hypotheses=(UNIFORM, INDEPENDENT, INJECTIVE, ENOUGH),
    claims=(
        Claim(
            name="guarantee",
            kind=Kind.SUFFICIENT,
            source="NLB Theorem 1 made explicit; derived here, proof in docs/derivations.md",
            proof="docs/derivations.md, A.9",
            statement="At the largest N with proved failure probability <= 0.1, a rank-m "
            "projector recalls all N facts with probability at least 0.9.",
            check=check_guarantee,
            quick={"sizes": ((64, 32), (128, 64)), "delta": 0.1, "trials": 1000},
            full={"sizes": ((64, 32), (128, 32), (128, 64), (256, 128)), "trials": 2000},
            must_fail={"beyond": 6.0, "sizes": ((64, 32),)},
            why_fail="six times the guaranteed N lies beyond the capacity",
            fault={"damaged": True},
            fault_text="the memory is built without its last fact",
        ),
        Claim(
            name="bounds",
            kind=Kind.EXACT,
            source="derived here; proof in docs/derivations.md",
            statement="The proved bound is at least the expected number of pairs that go wrong, "
            "and at most twice that where one memory in five fails or more.",
            check=check_bounds,
            quick={"sizes": ((96, 48, 90), (128, 64, 150), (128, 32, 80)), "ratio": 2.0},
            must_fail={"sizes": ((32, 24, 16),)},
            why_fail="in few dimensions the moments of normal variables are too large",
            fault={"weakened": 0.5},
            fault_text="pairs are counted in one order",
            near_misses={"pairs are counted twice": {"weakened": 2.0}},
        ),
        Claim(
            name="projector",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="A random rank-m projector has the recall of W with d^2 replaced by m d.",
            check=check_failure,
            quick={
                "memory": "low-rank",
                "sizes": SIZES,
                "rate": 0.8,
                "budget": 3000,
                "tolerance": 0.1,
            },
            full={"sizes": (*SIZES, (128, 64)), "budget": 20000, "tolerance": 0.05},
            must_fail={"predicted_as": "linear"},
            why_fail="without the rank, the prediction is that of all d^2 parameters",
            fault={"damaged": True},
            fault_text="the memory is built without one fact in ten",
        ),
        Claim(
            name="sketch",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="A Gaussian sketch has the recall of W with d^2 replaced by m d / (1 + m/d).",
            check=check_failure,
            quick={
                "memory": "low-rank-gaussian",
                "sizes": SIZES,
                "rate": 0.8,
                "budget": 8000,
                "tolerance": 0.1,
            },
            full={"sizes": (*SIZES, (128, 64)), "budget": 20000, "tolerance": 0.05},
            must_fail={"predicted_as": "low-rank"},
            why_fail="the projector's constant is better than the sketch's",
            fault={"damaged": True},
            fault_text="the memory is built without one fact in ten",
        ),
        Claim(
            name="exponent",
            kind=Kind.SCALING,
            source="NLB Theorem 1; finite sizes predicted here",
            statement="At fixed d the number of facts recalled whole in half of the draws is, to "
            "10%, what the law predicts, for ranks from 16 to 128: it grows linearly in m up to "
            "logarithms.",
            check=check_levels,
            quick={"d": 128, "ranks": (16, 32, 64, 128), "budget": 10000, "tolerance": 0.1},
            full={"d": 256, "ranks": (16, 32, 64, 128, 256), "budget": 20000, "tolerance": 0.05},
            must_fail={"memory": "linear"},
            why_fail="a memory that ignores the rank does not grow with it",
            fault={"memory": confined(projected, rank=32)},
            fault_text="the memory silently keeps 32 directions of the inputs",
        ),
        Claim(
            name="truncation",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md), in the limit N >> d",
            statement="Cutting W off at its d/2 largest singular values keeps 0.894 of its "
            "capacity; at finite d the 99% capacity is within 15% of that.",
            check=check_truncation,
            quick={"d": (64,), "budget": 8000, "tolerance": 0.15},
            full={"d": (64, 128, 256), "budget": 20000},
            must_fail={"memory": "low-rank"},
            why_fail="a random projector of the same rank keeps one half only",
            fault={"memory": "low-rank-gaussian"},
            fault_text="a Gaussian sketch stands in for the singular vectors",
        ),
    ),
    figure=figure,
    caption="Share of facts that are not recalled behind a random projector (`low-rank`) and a "
    "Gaussian sketch (`low-rank-gaussian`) of rank $m$, for $N$ facts in dimension $d$. "
    "Dots: measured, with the intervals by which claims are judged (99.9% for all of a "
    "claim together). Blue bars: predicted, nothing fitted. The claims `projector` and "
    "`sketch` say how far apart the two may be.",
)
"""What m d parameters store."""
