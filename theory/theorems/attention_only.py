r"""Attention alone holds every fact in its value matrices (NLB, Theorem 3).

Statement (restated). On the factual recall task with S subjects, R relations and disjoint answer
sets of at most D answers, random embeddings and H heads of dimension d_h: if d >= max(R, D) and
H d_h >= S + R, up to logarithms, then some weights of a single attention layer recall every fact.

Judged are the construction of the proof (values that are plain sums of answers), the same with
values made of dual vectors, and values by convex fit (:mod:`assoc.transformers.attention_only`).
For plain sums there is a law without fitted parameters (:mod:`theory.transformers.superposed`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assoc.arrays import Floats
from assoc.facts.recall_task import NOISE, RecallTask
from assoc.transformers.attention_only import attention_only
from assoc.transformers.model import Transformer
from sims.engine.results import log_scales
from sims.transformers.architecture import Architecture, GaussianShape, Shape
from sims.transformers.recall import measure_facts
from sims.transformers.smallest import smallest_size
from theory.claims import Claim, Finding, Kind, Theorem
from theory.judging import judge_arms, judge_bounds, judge_predictions, judge_symbols
from theory.rendering.axes import PREDICTED, growth_axes, legend_over
from theory.transformers.checks import Cut, Overlapping, check_every_fact, check_growth
from theory.transformers.dual_law_checks import check_dual_law
from theory.transformers.guarantee_checks import (
    Even,
    EvenGaussian,
    check_dual_guarantee,
    check_guarantee,
)
from theory.transformers.hypotheses import (
    DISJOINT,
    ENOUGH_DIMENSIONS,
    ENOUGH_HEADS,
    GUARANTEED,
    INDEPENDENT_TOKENS,
    TOTAL,
    UNIFORM_TOKENS,
)
from theory.transformers.outlook import attention_outlook
from theory.transformers.superposed import superposed_dimension, superposed_recall

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

# --- Checks -------------------------------------------------------------------------------------

KEY_ROOM = 128
"""Dimensions for each token of a head, so that summed keys point where they should.

In units of the noise of their logits, the tokens that a head is not to look at stay
sqrt(KEY_ROOM / 8) = 4 standard deviations below the end of sequence.
"""


def forgetful_sum(task: RecallTask, embeddings: Floats, *, rng: np.random.Generator) -> Transformer:
    """Plain sums without the answers of the last relation: a planted fault."""
    known = task.facts[task.facts[:, 1] < task.relations - 1]
    return attention_only(
        replace(task, facts=known),
        embeddings,
        rng=rng,
        values="sum",
        head_dim=sum_head_dim(embeddings.shape[1]),
    )


def sum_head_dim(d: int) -> int:
    """Head dimension of plain sums for which attention goes where it should."""
    return max(1, d // KEY_ROOM)


def check_plain_sums(
    *,
    seed: int,
    cases: Sequence[tuple[Shape, int]],
    trials: int,
    tolerance: float,
    damaged: bool = False,
) -> Finding:
    """Compare the recall of plain sums with the law.

    Parameters
    ----------
    seed : determines every random number.
    cases : shapes of the tables, and d.
    trials : tables for each.
    tolerance : smallest difference of logarithms that matters.
    damaged : the answers of the last relation are left out of the values.
    """
    rows = []
    for shape, d in cases:
        head_dim = sum_head_dim(d)
        point = measure_facts(
            Architecture(forgetful_sum, d)
            if damaged
            else Architecture("attention-only-sum", d, head_dim=head_dim),
            shape,
            trials=trials,
            seed=seed,
            experiment="plain sums",
        ).points[0]
        rows.append(
            {
                **sizes_of(shape),
                "d": d,
                "d_h": head_dim,
                "trials": trials,
                "measured": 1 - point.recall,
                "error": point.standard_error,
                "predicted": 1
                - superposed_recall(*table_sizes(shape), d, noise=shape.noise, group=head_dim),
            }
        )
    return judge_predictions(
        "share of facts that plain sums miss", rows, tolerance=tolerance, relative=True
    )


def check_sum_dimension(
    *,
    seed: int,
    shapes: Sequence[Shape],
    trials: int,
    tolerance: float,
    model: str = "attention-only-sum",
) -> Finding:
    """Compare the smallest d of plain sums, one head for each token, with the law.

    Parameters
    ----------
    seed : determines every random number.
    shapes : S, R, D of the tables.
    trials : tables for each.
    tolerance : smallest difference of logarithms that matters.
    model : what is measured.
    """
    result = smallest_size(
        Architecture(model, 8, head_dim=1),
        shapes,
        vary="d",
        resolution=0.05,
        trials=trials,
        seed=seed,
        experiment="smallest d of plain sums",
    )
    rows = []
    for point in result.points:
        middle = np.log(np.add(point.low, point.high) / 2)
        measured = float(np.exp(middle.mean()))
        rows.append(
            {
                **sizes_of(point.shape),
                "measured": measured,
                "error": measured * float(middle.std(ddof=1) / np.sqrt(trials)),
                "predicted": superposed_dimension(
                    *table_sizes(point.shape), noise=point.shape.noise, group=1
                ),
            }
        )
    return judge_predictions("smallest d of plain sums", rows, tolerance=tolerance, relative=True)


def check_symbols(
    *,
    seed: int,
    tolerance: float,
    near: float,
    parts: Sequence[str] | None = None,
    asked: Sequence[str] | None = None,
    mistake: str | None = None,
) -> Finding:
    """Compare heads, outputs and what is reported of prompts with other computations.

    Parameters
    ----------
    seed : not used.
    tolerance, near : largest relative difference, of heads and of reports, whose margins come from
        single precision.
    parts, asked : as for :func:`theory.transformers.plain.heads.head_rows` and for
        :func:`theory.transformers.plain.recall.recall_rows`.
    mistake : what is planted in the independent side.
    """
    from theory.transformers.plain import heads
    from theory.transformers.plain import recall as reports

    return judge_arms({
        "heads": judge_symbols(
            list(heads.head_rows(parts=parts or heads.PARTS, mistake=mistake)),
            tolerance=tolerance, note="by loops, small enumerations and other solvers",
        ),
        "reports": judge_symbols(
            list(reports.recall_rows(parts=asked or reports.PARTS, mistake=mistake)),
            tolerance=near, note="by lists of what was asked",
        ),
    })  # fmt: skip


def check_law(
    *, seed: int, tolerance: float, small: bool = False, mistake: str | None = None
) -> Finding:
    """Compare the law of plain sums with counts over all tables, and means on fine grids.

    Parameters
    ----------
    seed : not used.
    tolerance : largest relative difference; quadrature by few nodes is that good.
    small : only the tables of three relations.
    mistake : of :data:`theory.transformers.plain.superposed.MISTAKES`.
    """
    from theory.transformers.plain.superposed import CASES, law_rows

    cases = [case for case in CASES if case[1] == 3] if small else CASES
    return judge_symbols(
        list(law_rows(cases=cases, mistake=mistake)), tolerance=tolerance,
        note="by writing out all tables, and by grids",
    )  # fmt: skip


def check_certificates(
    *,
    seed: int,
    ratio: float,
    rounding: float,
    mistake: str | None = None,
    certified: int | None = None,
) -> Finding:
    """Hold the bounds of certificates against the worst of all prompts of a small vocabulary.

    Parameters
    ----------
    seed : not used.
    ratio, rounding : bound over exact at most, where heads leak and where only rounding is left.
    mistake, certified : as for :func:`theory.transformers.plain.certificates.leak_rows`.
    """
    from theory.transformers.plain.certificates import leak_rows, margin_rows, rounding_rows

    note = "the worst of all prompts"
    return judge_arms({
        "leaks": judge_bounds(
            "attention to other tokens", leak_rows(mistake=mistake, certified=certified),
            ratio=ratio, note=note,
        ),
        "margins": judge_bounds(
            "change of a margin", margin_rows(mistake=mistake, certified=certified), ratio=ratio,
            note=note,
        ),
        "rounding": judge_bounds(
            "rounding error", rounding_rows(mistake=mistake), ratio=rounding,
            note="every rounding off by a unit, in one direction",
        ),
    })  # fmt: skip


def table_sizes(shape: Shape) -> tuple[int, int, int]:
    """S, R and D."""
    return shape.subjects, shape.relations, shape.answers


def sizes_of(shape: Shape) -> dict[str, int]:
    """S, R and D by name."""
    return dict(zip("SRD", table_sizes(shape), strict=True))


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Smallest d against max(R, D), H d_h against S + R, and what plain sums miss."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(7.4, 3.2), layout="constrained")
    left, middle, right = whole.subplots(1, 3)
    groups: dict[str, list[tuple[float, float]]] = {}
    for row in findings["dimension"].table if "dimension" in findings else ():
        groups.setdefault(f"$S = {row['S']}$, measured", []).append((row["load"], row["measured"]))
    growth_axes(left, groups, r"$\max(R, D)$", "$d$, all recalled", slope=1.0)
    groups = {}
    for row in findings["heads"].table if "heads" in findings else ():
        groups.setdefault(f"$H = {HEADS}$, measured", []).append(
            (row["load"], HEADS * row["measured"])
        )
    growth_axes(middle, groups, "$S + R$", "$H d_h$, all recalled", slope=1.0)
    plain = findings["plain-sums"].table if "plain-sums" in findings else ()
    shapes = dict.fromkeys((row["S"], row["R"], row["D"]) for row in plain)
    for marker, (S, R, D) in zip("osD^v<>", shapes, strict=False):
        own = [row for row in plain if (row["S"], row["R"], row["D"]) == (S, R, D)]
        d = [row["d"] for row in own]
        right.errorbar(
            d,
            [row["measured"] for row in own],
            yerr=[3 * row["error"] for row in own],
            fmt=marker,
            color="k",
            mfc="none",
            capsize=3,
            label=f"{S}, {R}, {D}",
        )
        grid = np.geomspace(min(d) / 1.5, max(d) * 1.5, 30).round().astype(int)
        law = [
            1 - superposed_recall(S, R, D, int(k), noise=NOISE, group=sum_head_dim(int(k)))
            for k in grid
        ]
        right.plot(grid, law, "-", color=PREDICTED, lw=1)
    right.plot([], [], "-", color=PREDICTED, lw=1, label="predicted")
    log_scales(right, x_base=2)
    right.set_yscale("linear")
    right.set_ylim(bottom=0)
    right.set_xlabel("dimension $d$")
    right.set_ylabel("facts that plain sums miss")
    legend_over(right, ncols=2, title="$S, R, D$")
    return whole


# --- Claims -------------------------------------------------------------------------------------

HEADS = 4

DUAL = Architecture("attention-only-dual", 400)

FEW = ((replace(DUAL, d=150), Shape(8, 8, 4)),)
"""For controls of single parts of a verdict, which need no more."""

THEOREM = Theorem(
    name="attention-only",
    title="An attention layer alone holds S R facts in its value matrices",
    source="NLB, Theorem 3, restated; dual and convex values and constants derived here",
    statement=r"""
On the factual recall task with $S$ subjects, $R$ relations and disjoint answer sets of at most $D$
answers: if $d \gtrsim \max(R, D)$ and $H d_h \gtrsim S + R$ up to logarithms, then some attention
layer of $H$ heads of dimension $d_h$ answers every fact.
""",
    constants=r"""
Unspecified by the paper. With values by convex fit $d$ is 2.3 to 2.5 times $\max(R, D)$ for
$R = D$ and $S = 16$ (claim `dimension`), and 1.75 times $R$ at $S = R = 64$, $D = 8$. Plain sums
need about $4 (R + D) \log(S R (R + D))$ to leading order; the law of
`theory/transformers/superposed.py` has the rest without fitted parameters (claims `plain-sums`,
`sum-dimension`): see docs/transformers.md. Proved to be enough, with probability 1/2, are 1.05 to
1.07 times the $d$ of that law at $S = R = 32$ and 64, $D = 8$, with $S + R$ heads of any $d_h$; and
with dual values as many dimensions as tokens, or on Gaussian embeddings 0.8 times as many
(claims `guarantee`, `dual-guarantee`): see docs/attention-guarantees.md.
""",
    deviations=r"""
A subject's head attends to the end of sequence where the prompt holds none of its subjects; that
is exact here only in the limit, and what leaks is bounded in the certificate. $d$ grows slowly with
$S$ too, as a logarithm does: 26 in place of 19.5 where $S = 64$ in place of 16 (claim `dimension`).
""",
    outlook=attention_outlook,
    hypotheses=(
        UNIFORM_TOKENS,
        INDEPENDENT_TOKENS,
        DISJOINT,
        TOTAL,
        ENOUGH_DIMENSIONS,
        ENOUGH_HEADS,
        GUARANTEED,
    ),
    claims=(
        Claim(
            name="every-fact",
            kind=Kind.EXACT,
            source="NLB Theorem 3; certified in floating point",
            statement="All 4,096 facts of S = R = 64, D = 8 are held at d = 128 with values by "
            "convex fit, and all 1,024 of S = R = 32 at d = 400 with dual values; each certified "
            "for every prompt of at most 32 tokens.",
            check=check_every_fact,
            quick={
                "cases": (
                    (Architecture("attention-only", 128), Shape(64, 64, 8)),
                    (DUAL, Shape(32, 32, 8)),
                ),
                "trials": 1,
            },
            full={"trials": 10},
            must_fail={"cases": ((DUAL, Overlapping(32, 32, 8)),)},
            why_fail="all relations share their answers: the subject's other facts vote for them "
            "as well",
            fault={"damaged": True, "cases": ((DUAL, Shape(32, 32, 8)),)},
            fault_text="the model is built without the table's last fact",
            near_misses={
                "certificates of what was learnt alone": {
                    "damaged": True,
                    "learnt_only": True,
                    "cases": FEW,
                },
                "keys a quarter as large": {"keys": 0.25, "cases": FEW},
            },
        ),
        Claim(
            name="plain-sums",
            kind=Kind.CONSTANT,
            source="derived here (docs/transformers.md)",
            statement="The share of facts that plain sums miss is that of the law, to 10%, where "
            "it is between a fifth and one half, for S, R, D from 4 to 128 and heads small enough "
            "to look where they should (d_h = d / 128).",
            check=check_plain_sums,
            quick={
                "cases": (
                    (Shape(32, 32, 8), 256),
                    (Shape(64, 8, 32), 256),
                    (Shape(16, 64, 8), 512),
                    (Shape(128, 16, 16), 256),
                ),
                "trials": 80,
                "tolerance": 0.1,
            },
            full={"trials": 200},
            must_fail={"cases": ((Overlapping(64, 8, 32), 512),)},
            why_fail="all relations share their answers, so that what the law takes for noise "
            "adds up",
            fault={"damaged": True, "cases": ((Shape(64, 8, 32), 512),)},
            fault_text="the values are made without the answers of the last relation",
        ),
        Claim(
            name="sum-dimension",
            kind=Kind.CONSTANT,
            source="derived here (docs/transformers.md)",
            statement="The smallest d at which plain sums hold every fact is, to 25% (at "
            "full size to 12%), that at which the law gives it an even chance.",
            check=check_sum_dimension,
            quick={
                "shapes": (
                    Shape(16, 8, 8),
                    Shape(16, 16, 16),
                    Shape(16, 8, 32),
                    Shape(64, 8, 8),
                ),
                "trials": 16,
                "tolerance": 0.25,
            },
            full={"trials": 100, "tolerance": 0.12},
            must_fail={"model": "attention-only-dual", "shapes": (Shape(16, 8, 8),)},
            why_fail="dual values keep other answers out, and need fewer dimensions",
            fault={"shapes": (Cut(16, 16, 16, kept=64),)},
            fault_text="the facts beyond the first 64 are silently left out",
        ),
        Claim(
            name="guarantee",
            kind=Kind.SUFFICIENT,
            source="derived here (docs/attention-guarantees.md)",
            statement="What the guarantee of plain sums adds up are an expected number of pairs of "
            "a fact and a competitor that reaches its answer, and one of gaps of heads that are "
            "too small. Where these are about 51 and 28, at S = R = 16, D = 8, they are those "
            "that are counted, to 20% (at full size to 12%). The bounds on a pair, at the "
            "guaranteed d of three shapes, and on a gap are at most 10% above their exact laws.",
            check=check_guarantee,
            quick={
                "shape": Even(16, 16, 8, noise=16),
                "d": 240,
                "d_heads": 48,
                "laws": ((13, 317), (37, 1322), (61, 2985)),
                "gap_laws": (48, 80, 120),
                "trials": 160,
                "tolerance": 0.2,
                "ratio": 1.1,
            },
            full={"trials": 1500, "tolerance": 0.12},
            must_fail={
                "shape": Overlapping(16, 16, 8, noise=16),
                "trials": 10,
                "parts": ("pairs",),
            },
            why_fail="all relations share their answers, so that other facts vote for competitors",
            fault={"mistake": "one term less", "parts": ("law",)},
            fault_text="one token of what attention says besides is not counted",
            near_misses={
                "competitors that are said take nothing from the signal": {
                    "mistake": "the whole signal",
                    "parts": ("law",),
                },
                "Chernoff's bound": {"mistake": "Chernoff", "parts": ("law",)},
                "heads that need no gap": {"mistake": "no gap", "parts": ("law",)},
                "heads of subjects alone": {
                    "mistake": "heads of subjects alone",
                    "parts": ("heads",),
                },
            },
        ),
        Claim(
            name="dual-guarantee",
            kind=Kind.CONSTANT,
            source="derived here (docs/attention-guarantees.md)",
            statement="With dual values on Gaussian embeddings and d < n, competitors reach the "
            "answer as often as the law of a pair says, to 20% (at full size to 10%), "
            "and the proved ends of its probability are within 10% of it at the guaranteed d.",
            check=check_dual_guarantee,
            quick={
                "shape": EvenGaussian(16, 8, 8, noise=8),
                "d": 46,
                "laws": ((13, 97, 60), (37, 385, 312), (61, 705, 586)),
                "trials": 150,
                "tolerance": 0.2,
                "ratio": 1.1,
            },
            full={"trials": 600, "tolerance": 0.1},
            must_fail={
                "shape": Overlapping(16, 8, 8, noise=8),
                "trials": 40,
                "parts": ("pairs",),
            },
            why_fail="all relations share their answers, so that other facts vote for competitors",
            fault={"mistake": "one term less", "parts": ("law",)},
            fault_text="one token of what attention says besides is not counted",
            near_misses={
                "competitors that are said take nothing from the signal": {
                    "mistake": "the whole signal",
                    "parts": ("law",),
                },
                "a projector on the rows of answers alone": {
                    "mistake": "answers alone",
                    "parts": ("pairs",),
                },
            },
        ),
        Claim(
            name="dual-law",
            kind=Kind.CONSTANT,
            source="derived here (docs/attention-guarantees.md)",
            statement="Of random tables with dual values on Gaussian embeddings, whose heads "
            "attend to the right tokens, the law of a pair with the mean number of answers that "
            "occur predicts how many pairs fail, to 20% (at full size to 15%), and the d from "
            "which on nothing does, to 10% (at full size to 6%).",
            check=check_dual_law,
            quick={
                "counted": (
                    (GaussianShape(12, 12, 4, noise=8), 46),
                    (GaussianShape(8, 8, 16, noise=8), 56),
                ),
                "counts": 240,
                "shapes": (
                    GaussianShape(12, 12, 4, noise=8),
                    GaussianShape(16, 8, 8, noise=8),
                ),
                "tables": 40,
                "tolerance": 0.2,
                "near": 0.1,
            },
            full={
                "counts": 1500,
                "shapes": (
                    GaussianShape(12, 12, 4, noise=8),
                    GaussianShape(16, 8, 8, noise=8),
                    GaussianShape(8, 8, 16, noise=8),
                ),
                "tables": 300,
                "tolerance": 0.15,
                "near": 0.06,
            },
            must_fail={
                "counted": ((Overlapping(12, 12, 4, noise=8), 46),),
                "counts": 20,
                "parts": ("pairs",),
            },
            why_fail="all relations share their answers, so that other facts vote for competitors",
            fault={
                "mistake": "answers and cues alone",
                "shapes": (GaussianShape(8, 8, 4, noise=64),),
                "parts": ("dimension",),
            },
            fault_text="noise tokens are not counted among the vocabulary",
            near_misses={
                "every answer occurs": {"mistake": "every answer occurs", "parts": ("pairs",)},
            },
        ),
        Claim(
            name="dimension",
            kind=Kind.SCALING,
            source="NLB Theorem 3, by construction",
            statement="The d that holds every fact grows like max(R, D) where R = D and S is fixed:"
            " the exponent is 1, to 0.15.",
            check=check_growth,
            quick={
                "architecture": Architecture("attention-only", 8),
                "shapes": (Shape(16, 8, 8), Shape(16, 16, 16), Shape(16, 24, 24)),
                "vary": "d",
                "against": "max(R, D)",
                "trials": 8,
                "tolerance": 0.15,
            },
            full={"trials": 20},
            must_fail={
                "trials": 4,
                "against": "S",
                "shapes": (Shape(16, 8, 8), Shape(32, 8, 8)),
            },
            why_fail="against S the exponent is about 0.2: a logarithm",
            fault={"trials": 4, "shapes": tuple(Cut(16, R, R, kept=64) for R in (8, 16, 24))},
            fault_text="the facts beyond the first 64 are silently left out",
        ),
        Claim(
            name="heads",
            kind=Kind.SCALING,
            source="NLB Theorem 3, by construction",
            statement="The d_h with which 4 heads hold every fact grows like S + R: the exponent "
            "is 1, to 0.15.",
            check=check_growth,
            quick={
                "architecture": Architecture("attention-only", 128, heads=HEADS),
                # Sizes are whole numbers: below d_h = 8 one step is more than an eighth.
                "shapes": tuple(Shape(S, S, 8) for S in (16, 24, 32, 48)),
                "vary": "head_dim",
                "against": "S + R",
                "trials": 6,
                "tolerance": 0.15,
            },
            full={"trials": 20},
            must_fail={
                "trials": 3,
                "against": "S R",
                "shapes": tuple(Shape(S, S, 8) for S in (16, 24, 32)),
            },
            why_fail="against S R the exponent is 1/2",
            fault={"trials": 3, "shapes": tuple(Cut(S, S, 8, kept=1) for S in (16, 32))},
            fault_text="all facts but the first are silently left out",
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="assoc/transformers/heads.py, assoc/transformers/model.py",
            statement="Sizes of heads, keys, value maps, values and the inverse temperature, "
            "outputs of transformers and their parameters are those of independent computations, "
            "to 1e-9; so are, to 1e-6, margins, recall with its error, smallest sizes, exponents "
            "and conditions, counted from what models were asked.",
            check=check_symbols,
            quick={"tolerance": 1e-9, "near": 1e-6},
            must_fail={
                "mistake": "one other token",
                "parts": ("temperature",),
                "asked": ("hypotheses",),
            },
            why_fail="a prompt of T tokens has T - 1 others, and the leak is that of all",
            fault={
                "mistake": "no root of d_h",
                "parts": ("temperature",),
                "asked": ("hypotheses",),
            },
            fault_text="logits are not divided by the root of d_h",
            near_misses={
                name: {"mistake": name, "parts": (part,), "asked": (asked,)}
                for name, part, asked in (
                    ("an end of norm 1", "value maps", "hypotheses"),
                    ("answers once for every fact", "values", "hypotheses"),
                    ("values over T tokens", "outputs", "hypotheses"),
                    ("errors over facts", "parameters", "facts"),
                    ("wrong answers over facts", "parameters", "prompts"),
                    ("a tie is right", "parameters", "prompts"),
                )
            },
        ),
        Claim(
            name="law",
            kind=Kind.EXACT,
            source="theory/transformers/superposed.py",
            statement="What the law of plain sums predicts for tables of up to nine facts, with "
            "heads of up to three tokens, is what counts over all tables and means on fine grids "
            "give, to 2e-5: facts missed, whole recall, the least d and where heads look.",
            check=check_law,
            quick={"tolerance": 2e-5},
            must_fail={"mistake": "normal scores", "small": True},
            why_fail="sums of few coordinates have lighter tails than a normal variable",
            fault={"mistake": "the right answer competes", "small": True},
            fault_text="the right answer is one of its own competitors",
            near_misses={
                name: {"mistake": name, "small": True}
                for name in ("every answer occurs", "no crossed values", "once for every rival")
            },
        ),
        Claim(
            name="certificates",
            kind=Kind.EXACT,
            source="assoc/transformers/certificates.py",
            statement="Where they are nearly attained, the bounds on what heads leak and on how "
            "far a prompt moves a margin are sound for every prompt, and tight to 2%; those on "
            "rounding are sound, and within a factor of 2.1 of what the roundings can do.",
            check=check_certificates,
            quick={"ratio": 1.02, "rounding": 2.1},
            must_fail={"certified": 3},
            why_fail="a certificate for prompts of 3 tokens says nothing of longer ones",
            fault={"mistake": "length of an output"},
            fault_text="what leaks is taken to move an output by its length, not by a distance",
            near_misses={
                name: {"mistake": name} for name in ("one other token", "roots of lengths")
            },
        ),
    ),
    figure=figure,
    caption="Left: smallest $d$ at which attention alone recalls all facts of random tables "
    r"(medians), against $\max(R, D)$ at fixed $S$. Middle: smallest $H d_h$, against $S + "
    "R$. Both lines have slope 1 and a fitted height. Right: share of facts that plain "
    "sums of embeddings miss at one $d$ for each table of $S$ subjects, $R$ relations and "
    "$D$ answers, with three standard errors, and the predicted shares, nothing fitted.",
)
"""What the value matrices of attention hold."""
