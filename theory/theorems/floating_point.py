r"""What is certified in floating point (derived here; the first bound is Higham's, section 3.1).

Statement. With rounding to nearest, u = 2^-53 and gamma_n = n u / (1 - n u), every bound on a
rounding error that this package reports is one: of products, of memories that are products of
matrices, of networks, of margins, and of single-precision scores. A margin above its bound is
positive in exact arithmetic, a tie is a failure, and a proof that no read-out recalls everything
stands in exact arithmetic.

Bounds are held against the errors of evaluations in which every rounding is lost in one direction,
by rational arithmetic, and exceed them by the few roundings that they allow for and that were not
made. Verdicts are held against integers.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from assoc.arrays import dot_error
from theory.claims import Claim, Condition, Finding, Hypothesis, Kind, Problem, Theorem
from theory.judging import judge_arms, judge_bounds, judge_symbols
from theory.outlook import Outlook
from theory.rendering.axes import MEASURED, PREDICTED, legend_over
from theory.rounding.attention import attention_rows
from theory.rounding.bounds import (
    Rows,
    activation_rows,
    certificate_rows,
    dot_rows,
    factor_rows,
    network_rows,
    score_rows,
    underflowing_certificates,
    underflowing_factors,
    underflowing_networks,
)
from theory.rounding.decided_exactly import certificate_verdicts, score_verdicts
from theory.rounding.plain_loops import kernel_symbols
from theory.rounding.refuted_exactly import refutation_rows, refutation_verdicts, rounding_rows
from theory.rounding.stored_exactly import constant_symbols, memory_symbols

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

EXACT = "errors in rational arithmetic, of sums arranged to lose as much as they can"

LONGEST = 2**20
"""Of a sum, so that what is of second order in single precision is below a tenth."""

SMALLEST, LARGEST = 1e-9, 1e9
"""Sizes between which the largest entry of embeddings is, for scores in single precision."""

# --- Hypotheses ---------------------------------------------------------------------------------


def _arithmetic(problem: Problem) -> tuple[Condition, ...]:
    """Try the arithmetic at hand: halves go to the even neighbour, and underflow is gradual."""
    u, least = np.float64(2.0**-53), np.float64(2.0**-1074)
    tried = {
        "1 + u": (1 + u, 1.0),
        "1 + 3 u": (1 + 3 * u, 1 + 4 * u),
        "single precision": (np.float32(1) + np.float32(2.0**-24), 1.0),
        "the smallest number": (least * 2 / 2, least),
    }
    wrong = [name for name, (found, due) in tried.items() if found != due]
    return (
        Condition(
            "arithmetic rounds to nearest",
            not wrong,
            f"differs: {', '.join(wrong)}" if wrong else "as IEEE 754 has it",
            "ties to even, gradual underflow",
            "switch off flushing to zero and other modes of rounding",
        ),
    )


def _short_sums(problem: Problem) -> tuple[Condition, ...]:
    """The dimension is the length of the sums."""
    if problem.d is None:
        return ()
    holds = problem.d <= LONGEST
    return (Condition("sums are short", holds, f"d = {problem.d}", f"d <= {LONGEST}", "lower d"),)


def _moderate_entries(problem: Problem) -> tuple[Condition, ...]:
    """The largest entry of the user's vectors is neither huge nor tiny."""
    if problem.vectors is None:
        return ()
    largest = float(np.abs(problem.vectors).max())
    return (
        Condition(
            "entries of moderate size",
            SMALLEST <= largest <= LARGEST,
            f"largest {largest:.3g}",
            f"between {SMALLEST:g} and {LARGEST:g}",
            "scale the vectors",
        ),
    )


HYPOTHESES = (
    Hypothesis("Arithmetic is that of IEEE 754, rounded to nearest.", _arithmetic),
    Hypothesis("Sums are short: d u is small also in single precision.", _short_sums),
    Hypothesis("Nothing overflows: the largest entry is of moderate size.", _moderate_entries),
)

# --- Checks -------------------------------------------------------------------------------------


def _changed(rows: Rows, times: float = 1.0, *, independent: bool = False) -> Rows:
    """Multiply bounds, or divide them by sqrt(n): errors that are independent add up to that."""
    return [
        {**row, "bound": row["bound"] * times / (np.sqrt(row["n"]) if independent else 1.0)}
        for row in rows
    ]


def check_symbols(
    *,
    seed: int,
    tolerance: float,
    unit: int = -53,
    roundings: int = 5,
    plain_norms: bool = False,
    forgotten: int = 0,
) -> Finding:
    """Compare constants of rounding, norms, and matrices of small memories with exact ones."""
    constants = constant_symbols(unit=unit, roundings=roundings, plain_norms=plain_norms)
    matrices = memory_symbols(np.random.default_rng(seed), forgotten=forgotten)
    return judge_symbols(
        [*constants, *matrices],
        tolerance=tolerance,
        note="rational arithmetic, numbers drawn, or eigenvalues",
    )


def check_dot_products(
    *,
    seed: int,
    lengths: Sequence[int],
    ratio: float,
    independent: bool = False,
    times: float = 1.0,
    fewer: int = 0,
) -> Finding:
    """Compare gamma_n with the error of sums of n products; ``fewer`` terms may be counted."""
    rows = _changed(dot_rows(lengths), times, independent=independent)
    for row in rows:
        row["bound"] *= dot_error(row["n"] - fewer) / dot_error(row["n"])
    return judge_bounds("rounding error of a product of two vectors", rows, ratio=ratio, note=EXACT)


def check_factors(
    *,
    seed: int,
    n: int,
    ratio: float,
    independent: bool = False,
    times: float = 1.0,
    last_alone: bool = False,
    underflow: float = 1.0,
) -> Finding:
    """Compare the bound of a product of matrices with its error, where one rounds or all do."""
    rows = factor_rows(n, np.random.default_rng(seed), last_alone=last_alone)
    quantity = "rounding error of a product of matrices"
    return judge_arms(
        {
            "sums": judge_bounds(
                quantity, _changed(rows, times, independent=independent), ratio=ratio, note=EXACT
            ),
            "underflow": judge_bounds(
                quantity, _changed(underflowing_factors(16), underflow), ratio=8.1, note=EXACT
            ),
        }
    )


def check_networks(
    *,
    seed: int,
    n: int,
    degree: int,
    ratio: float,
    independent: bool = False,
    times: float = 1.0,
    activations: float = 1.0,
    underflow: float = 1.0,
) -> Finding:
    """Compare the bounds of networks with their errors, where one of their operations rounds."""
    sums = _changed(network_rows(n), times, independent=independent)
    horner = _changed(activation_rows(degree, np.random.default_rng(seed)), activations)
    lost = _changed(underflowing_networks(2 * n), underflow)
    quantity = "rounding error of a network"
    return judge_arms(
        {
            "sums": judge_bounds(quantity, sums, ratio=ratio, note=EXACT),
            "activations": judge_bounds(quantity, horner, ratio=2.1, note=EXACT),
            "underflow": judge_bounds(quantity, lost, ratio=160, note=EXACT),
        }
    )


def check_certificates(
    *,
    seed: int,
    n: int,
    ratio: float,
    draws: int,
    times: float = 1.0,
    attention: float = 1.0,
    underflow: float = 1.0,
    sign_alone: bool = False,
) -> Finding:
    """Compare bounds of margins with their errors, and what is certified with exact margins."""
    verdicts = certificate_verdicts(np.random.default_rng(seed), draws, sign_alone=sign_alone)
    quantity = "rounding error of a margin"
    return judge_arms(
        {
            "rounding": judge_bounds(
                quantity, _changed(certificate_rows(n), times), ratio=ratio, note=EXACT
            ),
            # Heads are allowed twice the rounding of their products.
            "attention": judge_bounds(
                quantity, _changed(attention_rows(n), attention), ratio=2.3, note=EXACT
            ),
            "underflow": judge_bounds(
                quantity, _changed(underflowing_certificates(16), underflow), ratio=4.1, note=EXACT
            ),
            "verdicts": judge_symbols(
                verdicts, tolerance=1e-12, note="margins in integers, most of them zero or nearly"
            ),
        }
    )


def check_doubt(
    *,
    seed: int,
    lengths: Sequence[int],
    ratio: float,
    draws: int,
    independent: bool = False,
    times: float = 1.0,
    ties_lost: bool = True,
) -> Finding:
    """Compare the doubt of single-precision scores with errors, and verdicts with integers."""
    verdicts = score_verdicts(np.random.default_rng(seed), draws, ties_lost=ties_lost)
    rows = _changed(score_rows(lengths), times, independent=independent)
    return judge_arms(
        {
            "bound": judge_bounds(
                "rounding error of a single-precision score", rows, ratio=ratio, note=EXACT
            ),
            "verdicts": judge_symbols(
                verdicts, tolerance=0.0, note="inputs recalled, by margins in integers"
            ),
        }
    )


def check_refutations(
    *,
    seed: int,
    ratio: float,
    draws: int,
    inputs: int,
    times: float = 1.0,
    rounding: float = 1.0,
    without_reach: bool = False,
) -> Finding:
    """Compare what refutations are made of with plain sums, and verdicts with exact decisions."""
    rng = np.random.default_rng(seed)
    rows = _changed(refutation_rows(rng), times)
    sums = _changed(rounding_rows(inputs), rounding)
    verdicts = refutation_verdicts(rng, draws, without_reach=without_reach)
    return judge_arms(
        {
            "bounds": judge_bounds(
                "norms, weights and curvatures of a refutation", rows, ratio=ratio,
                note="sums over all constraints, one at a time",
            ),
            "rounding": judge_bounds(
                "rounding error of a residual", sums, ratio=2.1, note=EXACT
            ),
            "verdicts": judge_symbols(
                verdicts, tolerance=1e-12, note="by signs of determinants in rational numbers"
            ),
        }
    )  # fmt: skip


def check_kernels(
    *,
    seed: int,
    tolerance: float,
    length: int | None = None,
    right_among_wrong: bool = False,
) -> Finding:
    """Compare the flow's velocity, averages over prompts and counted tables with plain loops."""
    rows = kernel_symbols(
        np.random.default_rng(seed), length=length, right_among_wrong=right_among_wrong
    )
    return judge_symbols(rows, tolerance=tolerance, note="plain loops, from the definitions")


# --- Figure -------------------------------------------------------------------------------------

DRAWN = ("dot-products", "factors", "networks", "certificates", "doubt")


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Bound over error of every case, one line a claim."""
    from matplotlib.figure import Figure

    ratios = {
        name: [row["ratio"] for row in findings[name].table if "ratio" in row]
        for name in reversed(DRAWN)
        if name in findings
    }
    drawn = Figure(figsize=(6, 0.9 + 0.3 * len(ratios)), layout="constrained")
    ax = drawn.subplots()
    for place, values in enumerate(ratios.values()):
        label = "a case" if place == 0 else None
        ax.plot(values, [place] * len(values), "o", color=MEASURED, mfc="none", label=label)
    ax.axvline(1.0, color=PREDICTED, label="a bound that is reached")
    ax.set_yticks(range(len(ratios)), list(ratios))
    ax.set_xscale("log")
    ax.set_xlabel("bound over the error that occurs")
    legend_over(ax, ncols=2)
    return drawn


# --- Claims -------------------------------------------------------------------------------------

ADD_UP = "errors that all have one sign add up like n, and not like its root"


def outlook(problem: Problem) -> Outlook | None:
    """Certificates are proofs wherever the hypotheses hold."""
    if any(c.holds is False for h in HYPOTHESES for c in h.check(problem)):
        return None
    return Outlook("what is certified is so in exact arithmetic", guaranteed=1.0)


THEOREM = Theorem(
    name="floating-point",
    title="What is certified in floating point",
    source="derived here; gamma_n from Higham (2002), section 3.1, Cholesky from Rump (2006)",
    statement=r"""
With rounding to nearest, $u = 2^{-53}$ and $\gamma_n = n u / (1 - n u)$: the computed
$\langle a, b\rangle$ is within $\gamma_n \langle |a|, |b|\rangle$ whatever the order of summation;
the bounds that are carried from there through products of matrices, Horner's rule and networks to
margins are bounds; a margin above its bound is positive, and one of zero is never recalled; inputs
that single-precision scores leave open are decided in double precision; and a refutation is a
proof, in exact arithmetic, that no read-out recalls every input.
""",
    constants=r"""
Known: $\gamma_n$ is reached to 8 digits by sums in order; $\gamma_d + 5 \cdot 2^{-24}$ and a tenth
for a single-precision score. What may underflow is bounded with room to spare.
""",
    deviations="Higham's $\\gamma_n$ is used as it stands; the bounds built on it are ours.",
    outlook=outlook,
    hypotheses=HYPOTHESES,
    claims=(
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="derived here",
            statement="Constants of rounding, norms at any magnitude, and the matrices of linear "
            "memories of integers are the exact ones, to 1e-9.",
            check=check_symbols,
            quick={"tolerance": 1e-9},
            must_fail={"plain_norms": True},
            why_fail="squares of what is below 1e-162 underflow, so that a norm is not their root",
            fault={"unit": -52},
            fault_text="a rounding is held to be up to a whole unit in the last place",
            near_misses={
                "4 for 5 single roundings of a comparison": {"roundings": 4},
                "a fact left out of W": {"forgotten": 1},
            },
        ),
        Claim(
            name="dot-products",
            kind=Kind.EXACT,
            source="Higham (2002), section 3.1; cases derived here",
            statement="The error of a sum of n products is at most gamma_n, which sums in order "
            "reach to 0.01%.",
            check=check_dot_products,
            quick={"lengths": (1, 2, 16, 1024), "ratio": 1.0001},
            full={"lengths": (1, 2, 16, 1024, 2**15)},
            must_fail={"independent": True},
            why_fail=ADD_UP,
            fault={"times": 2.0},
            fault_text="u is taken for a whole unit in the last place",
            near_misses={"n - 1 for n": {"fewer": 1}, "n + 1 for n": {"fewer": -1}},
        ),
        Claim(
            name="factors",
            kind=Kind.EXACT,
            source="derived here",
            statement="The bound of a product of matrices is never below its error, and at most "
            "3% above it where the first rounds, the last, or all; where all underflows, 8 times.",
            check=check_factors,
            quick={"n": 256, "ratio": 1.03},
            full={"n": 1024},
            must_fail={"independent": True},
            why_fail=ADD_UP,
            fault={"last_alone": True},
            fault_text="the bound keeps the last factor's error alone",
            near_misses={
                "a bound twice as large": {"times": 2.0},
                "a bound that is 5% lower": {"times": 0.95},
                "what underflows is left out": {"underflow": 0.0},
            },
        ),
        Claim(
            name="networks",
            kind=Kind.EXACT,
            source="derived here",
            statement="The bounds of gated and two-layer networks are never below their errors: "
            "at most 3% above where neurons or inputs round, 2.1 times where the activation does.",
            check=check_networks,
            quick={"n": 512, "degree": 24, "ratio": 1.03},
            must_fail={"independent": True},
            why_fail=ADD_UP,
            fault={"times": 0.5},
            fault_text="the bound is halved: of gate and what it lets through one is forgotten",
            near_misses={
                "a bound twice as large": {"times": 2.0},
                "a fifth less for the activation": {"activations": 0.8},
                "what underflows is left out": {"underflow": 0.0},
            },
        ),
        Claim(
            name="certificates",
            kind=Kind.EXACT,
            source="derived here",
            statement="The bound of a margin is never below its error, and at most 3% above it "
            "where both scores err, 2.3 times behind attention; margins of zero or less are not "
            "certified, whatever is computed, and ties are not recalled.",
            check=check_certificates,
            quick={"n": 128, "ratio": 1.03, "draws": 40},
            full={"n": 512, "draws": 400},
            must_fail={"sign_alone": True},
            why_fail="margins of exactly zero are computed with either sign",
            fault={"times": 0.5},
            fault_text="the bound allows for the rounding of one score of the two",
            near_misses={
                "a bound twice as large": {"times": 2.0},
                "a bound of less than half for attention": {"attention": 0.45},
                "what underflows is left out": {"underflow": 0.0},
            },
        ),
        Claim(
            name="doubt",
            kind=Kind.EXACT,
            source="derived here",
            statement="The doubt of a single-precision score is never below its error, and at "
            "most 42% above it (11% at d = 512); verdicts on near ties, ties, and answers in "
            "several tiles are those of integers.",
            check=check_doubt,
            quick={"lengths": (1, 16, 512), "ratio": 1.42, "draws": 10},
            full={"lengths": (1, 16, 512, 4096), "draws": 100},
            must_fail={"independent": True},
            why_fail=ADD_UP,
            fault={"ties_lost": False},
            fault_text="a tie counts as recalled",
            near_misses={
                "a doubt twice as large": {"times": 2.0},
                "a doubt that is a third lower": {"times": 0.66},
            },
        ),
        Claim(
            name="refutations",
            kind=Kind.EXACT,
            source="derived here",
            statement="Norms, weights and curvatures of a refutation are bounded on the right side "
            "and to 0.25% where nothing is left out; nothing is refuted that is possible, down "
            "to the edge, and what is impossible by a hundredth is.",
            check=check_refutations,
            quick={"ratio": 1.0025, "draws": 15, "inputs": 256},
            full={"draws": 200},
            must_fail={"without_reach": True, "draws": 0},
            why_fail="weights that nearly balance prove nothing where a constraint is long",
            fault={"times": 0.995, "draws": 0},
            fault_text="bounds are 0.5% lower",
            near_misses={
                "bounds that are 0.5% higher": {"times": 1.005, "draws": 0},
                "rounding of the sums over answers alone": {"rounding": 10 / 522, "draws": 0},
            },
        ),
        Claim(
            name="kernels",
            kind=Kind.EXACT,
            source="derived here",
            statement="The flow's velocity, averages over prompts and counted fact tables are "
            "those of plain loops, to 1e-9.",
            check=check_kernels,
            quick={"tolerance": 1e-9},
            must_fail={"length": 5},
            why_fail="longer prompts hold tokens that plain loops do not know of",
            fault={"right_among_wrong": True},
            fault_text="a right answer is summed with the wrong ones",
        ),
    ),
    figure=figure,
    caption="Proved bound on a rounding error over the error that occurs, in exact rational "
    "arithmetic, where sums are arranged to lose as much as they can. A circle is a case "
    "(a size, or a part of the computation), a row is a claim: products of vectors, "
    "products of matrices, networks, margins, and single-precision scores. A bound never "
    "lies left of 1, where it is reached; the cases furthest to the right are numbers "
    "that underflow, for which the bounds leave room. Nothing is sampled.",
)
"""What is certified in floating point."""
