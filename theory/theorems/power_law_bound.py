r"""Corollary 1 and the power laws of memories under x ~ x^-a.

The bound falls like B^(1-a). Memories W = sum_x q(x) u_x e_x^T come near it with q constant on the
inputs that fit, and not with q = p, whose heaviest inputs drown the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.facts.input_laws import PowerLaw
from assoc.memories.memory import Build
from sims.engine.results import log_scales, new_axes
from sims.memories.power_laws import ErrorPoint, Weighted, measure_error
from theory.bounds.bits import corollary_form, least_cross_entropy, least_error_rate
from theory.claims import (
    Claim,
    Condition,
    Finding,
    Hypothesis,
    Kind,
    Problem,
    Side,
    Theorem,
    Verdict,
)
from theory.equivalence import CLAIM_LEVEL
from theory.judging import judge_arms, judge_predictions, judge_steps, judge_symbols
from theory.memories.faults import whispering
from theory.memories.hypotheses import INDEPENDENT, UNIFORM
from theory.memories.plain.power_laws import error_symbols, node_sum_symbols, sum_symbols
from theory.memories.power_laws import (
    best_first,
    dimension_exponent,
    limit_constant,
    predicted_error,
    sample_exponent,
)
from theory.outlook import Outlook
from theory.rendering.axes import MEASURED, PREDICTED, figure_of, legend_over

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

SIGMAS = float(NormalDist().inv_cdf(CLAIM_LEVEL))
"""Standard errors below a bound at which it counts as beaten."""

# --- Checks -------------------------------------------------------------------------------------


def log_slope(
    x: Sequence[float], errors: Sequence[float], spread: Sequence[float] | float = 0.0
) -> tuple[float, float]:
    """Slope of log error against log x by least squares, and its error from those of the errors."""
    log_x = np.log(np.asarray(x, np.float64))
    centred = log_x - log_x.mean()
    centred /= centred @ centred
    y = np.asarray(errors, np.float64)
    return float(centred @ np.log(y)), float(np.sqrt(np.sum((centred * spread / y) ** 2)))


def _fitted(x: Sequence[float], points: Sequence[ErrorPoint]) -> tuple[float, float]:
    """Slope of measured errors, and its standard error."""
    return log_slope(x, [p.error for p in points], [p.standard_error for p in points])


def check_probability(
    *,
    seed: int,
    cases: Sequence[tuple[float, Sequence[int], Sequence[int]]],
    exponents: Sequence[tuple[float, int, int]],
    tolerance: float,
    predicted_as: str = "probability",
    stored: int | None = None,
) -> Finding:
    """Compare errors with q = p to the law at the same d, and the law's exponent to the limit.

    Cases are (a, dimensions, trials at each), exponents (a, two dimensions that no simulation
    reaches).
    """
    rows: list[dict[str, Any]] = []
    for a, dimensions, trials in cases:
        for d, count in zip(dimensions, trials, strict=True):
            built = Weighted("probability", PowerLaw(a), d, stored=stored)
            point = measure_error(built, trials=count, seed=seed).points[0]
            rows.append(
                {
                    "of": "error",
                    "a": a,
                    "d": d,
                    "trials": count,
                    "measured": point.error,
                    "error": point.standard_error,
                    "predicted": predicted_error(Weighted("probability", PowerLaw(a), d)),
                    "constant": None,
                    "predicted_constant": None,
                }
            )
    for a, low, high in exponents:
        errors = [predicted_error(Weighted("probability", PowerLaw(a), d)) for d in (low, high)]
        rows.append(
            {
                "of": "exponent",
                "a": a,
                "d": [low, high],
                "trials": None,
                "measured": -log_slope([low, high], errors)[0],
                "error": 0.0,
                "predicted": dimension_exponent(predicted_as, a),
                "constant": errors[-1] * high ** dimension_exponent("probability", a),
                "predicted_constant": limit_constant(a),
            }
        )
    return judge_predictions(
        "error rate and its exponent", rows, tolerance=tolerance, relative=True
    )


def check_errors(
    *,
    seed: int,
    cases: Sequence[tuple[str, float, int, int | None, int]],
    tolerance: float,
    outputs: str = "identity",
    shrink: int = 1,
) -> Finding:
    """Compare errors with their predictions; cases are (weights, a, d, samples, trials)."""
    rows = []
    for weights, a, d, samples, trials in cases:
        assumed = Weighted(weights, PowerLaw(a), d, samples=samples)
        built = replace(assumed, d=d // shrink, facts=outputs)
        if outputs != "identity":
            built = replace(built, outputs=2)
        point = measure_error(built, trials=trials, seed=seed, experiment="errors").points[0]
        rows.append(
            {
                "weights": weights,
                "a": a,
                "d": d,
                "T": samples,
                "measured": point.error,
                "error": point.standard_error,
                "predicted": predicted_error(assumed),
            }
        )
    return judge_predictions("error rate", rows, tolerance=tolerance, relative=True)


def check_first(
    *,
    seed: int,
    exponents: Sequence[float],
    d: Sequence[int],
    trials: Sequence[int],
    tolerance: float,
    facts: str = "identity",
    outputs: int | None = None,
    limit_only: bool = False,
    assume_shared: bool = False,
    stored: int | None = None,
) -> Finding:
    """Fit the exponent in d of q = 1 on the best n, against the law's at the same d."""
    rows = []
    for a in exponents:
        law = PowerLaw(a)
        best = [best_first(law, d=k, facts=facts, outputs=outputs) for k in d]
        points = [
            measure_error(
                Weighted("first", law, k, stored=stored or n, facts=facts, outputs=outputs),
                trials=count,
                seed=seed,
                experiment="first",
            ).points[0]
            for k, (n, _), count in zip(d, best, trials, strict=True)
        ]
        slope, error = _fitted(d, points)
        shared = assume_shared or outputs is not None
        limit = -dimension_exponent("first", a, shared=shared)
        expected = log_slope(d, [value for _, value in best])[0]
        rows.append(
            {
                "a": a,
                "n": [n for n, _ in best],
                "errors": [point.error for point in points],
                "measured": slope,
                "error": error,
                "predicted": limit if limit_only or assume_shared else expected,
                "limit": limit,
            }
        )
    return judge_predictions(
        "exponent of the error in d, best n", rows, tolerance=tolerance, relative=True
    )


def check_samples(
    *,
    seed: int,
    exponents: Sequence[float],
    d: int,
    samples: Sequence[int],
    trials: int,
    tolerance: float,
    weights: str = "seen",
) -> Finding:
    """Fit the exponent in T of the error of a memory that stores what it has seen."""
    rows = []
    for a in exponents:
        memories = [Weighted(weights, PowerLaw(a), d, samples=T) for T in samples]
        points = measure_error(memories, trials=trials, seed=seed, experiment="samples").points
        slope, error = _fitted(samples, points)
        rows.append(
            {
                "a": a,
                "T": list(samples),
                "errors": [point.error for point in points],
                "measured": slope,
                "error": error,
                "predicted": -sample_exponent(a),
            }
        )
    return judge_predictions("exponent of the error in T", rows, tolerance=tolerance, relative=True)


def check_bound(
    *,
    seed: int,
    exponents: Sequence[float],
    d: Sequence[int],
    outputs: int,
    trials: int,
    counted: float = 1.0,
    memory: str | Build = "linear",
    stored: int = 1,
) -> Finding:
    """Hold the error of one-bit memories of the best n against the least that d^2 bits allow.

    ``counted`` is the share of the bits that is owned up to, ``stored`` a multiple of the best n.
    """
    rows: list[dict[str, Any]] = []
    for a in exponents:
        law = PowerLaw(a)
        for k in d:
            n, expected = best_first(law, d=k, facts="random", outputs=outputs, bits=1)
            bits = None if callable(memory) else 1
            weighted = Weighted(
                "first", law, k, stored=n * stored, facts="random", outputs=outputs, bits=bits,
                memory=memory,
            )  # fmt: skip
            point = measure_error(weighted, trials=trials, seed=seed, experiment="bound").points[0]
            least = least_error_rate(law, outputs, counted * k**2)
            # Of the inputs that are not stored chance gives one in M right.
            error = point.error - law.beyond(n * stored) / outputs
            rows.append(
                {
                    "a": a,
                    "d": k,
                    "n": n,
                    "bits": k**2,
                    "measured": error,
                    "error": point.standard_error,
                    "expected": expected,
                    "least": least,
                    "ratio": error / least,
                    "beaten": error + SIGMAS * point.standard_error < least,
                    "cross_entropy": least_cross_entropy(law, outputs, counted * k**2),
                }
            )
    worst = min(rows, key=lambda row: row["ratio"])
    half = SIGMAS * worst["error"]
    return Finding(
        Verdict.VIOLATED if any(row["beaten"] for row in rows) else Verdict.HOLDS,
        "error rate of the memory nearest to the bound",
        measured=worst["measured"],
        interval=(worst["measured"] - half, worst["measured"] + half),
        predicted=worst["least"],
        tolerance=0.0,
        side=Side.LEAST,
        note=f"least of {len(rows)} ratios to the bound: {worst['ratio']:.3g}",
        table=tuple(rows),
    )


def check_corollary(
    *,
    seed: int,
    exponents: Sequence[float],
    bits: Sequence[float],
    outputs: int,
    tolerance: float,
    uniform: int | None = None,
    shift: float = 0.0,
) -> Finding:
    """Compare the exact bound with its power law, constant and all."""
    rows = []
    for a in exponents:
        for B in bits:
            exact = least_cross_entropy(PowerLaw(a, uniform), outputs, B)
            rows.append(
                {
                    "a": a,
                    "bits": B,
                    "measured": exact,
                    "error": 0.0,
                    "predicted": corollary_form(a + shift, outputs, B),
                }
            )
    return judge_predictions("least cross-entropy", rows, tolerance=tolerance, relative=True)


def check_sums(
    *,
    seed: int,
    tolerance: float,
    of_nodes: float,
    shift: float = 0.0,
    smooth: bool = False,
    missed: int = 0,
) -> Finding:
    """Compare sums of powers and masses beyond an input with Hurwitz's zeta function.

    ``of_nodes`` is the tolerance where sums are over nodes. The independent sums may be wrong by a
    ``shift`` of the exponent, as ``smooth`` integrals, or by inputs that are ``missed``.
    """
    return judge_arms(
        {
            "sums": judge_symbols(
                sum_symbols(shift=shift, smooth=smooth), tolerance=tolerance, note="in 30 digits"
            ),
            "nodes": judge_symbols(
                node_sum_symbols(missed=missed), tolerance=of_nodes, note="in 30 digits"
            ),
        }
    )


def check_symbols(
    *,
    seed: int,
    tolerance: float,
    own: bool = False,
    steady: bool = False,
    rivals: bool = True,
) -> Finding:
    """Compare errors, predicted and of single trials, with sums over inputs and over counts.

    What the independent values get wrong: ``own`` weights are noise, counts are ``steady``, and
    without ``rivals`` the heaviest input's output does not compete.
    """
    return judge_symbols(
        error_symbols(own=own, steady=steady, rivals=rivals),
        tolerance=tolerance,
        note="input by input, on dense grids",
    )


def check_proof(*, seed: int, weight: int = 1, power: int = 1) -> Finding:
    """Check with sympy the algebra behind the exponents and the error-rate bound.

    ``weight`` is the power of p by which an input counts, 1/sqrt(d)^``power`` the size of overlaps.
    """
    import sympy as sp

    T, Z, u, n, y, d, x, M = sp.symbols("T Z u n y d x M", positive=True)
    b = sp.symbols("b", positive=True)  # a - 1
    a = 1 + b
    place = (T / (Z * u)) ** (1 / a)
    density = sp.simplify((u / T) ** weight * -sp.diff(place, u))
    kernel = u ** (-1 / a) * (T / Z) ** (1 / a) / (a * T)
    # The power of u as c - 1, c = 1 - 1/a > 0, which sympy can integrate.
    c = sp.Symbol("c", positive=True)
    unseen = sp.integrate(u ** (c - 1) * sp.exp(-u), (u, 0, sp.oo)).subs(c, b / a)
    tail = sp.integrate(y**-a, (y, n, sp.oo))
    edge = sp.solve(sp.Eq(n**-a, d ** sp.Rational(-power, 2)), n)[0]
    e = (M - 1) / (M - 1 + sp.exp(x))
    h = sp.Symbol("e", positive=True)
    rho = sp.log(M) + (1 - h) * sp.log(1 - h) + h * sp.log(h) - h * sp.log(M - 1)
    # For M > 1 all logarithms are real; M = 1 + m makes that known.
    m = sp.Symbol("m", positive=True)
    slope = sp.diff(rho, h).subs(h, e).subs(M, 1 + m)
    short = ((1 - e) * x - sp.log(1 + (sp.exp(x) - 1) / M)).subs(M, 1 + m)

    def zero(expression: sp.Expr) -> bool:
        return bool(sp.simplify(sp.expand_log(sp.simplify(expression), force=True)) == 0)

    return judge_steps(
        (
            ("inputs never seen: p dx becomes u^(-1/a) du", zero(density / kernel - 1)),
            ("their mass is Gamma(1 - 1/a) (T/Z)^(1/a) / (a T)", zero(unseen - sp.gamma(b / a))),
            ("mass beyond n is n^(1-a) / (a - 1)", zero(tail - n**-b / b)),
            ("with q = p recall ends at d^(1/(2a))", zero(sp.log(edge) - sp.log(d) / (2 * a))),
            ("the best error rates are (M - 1) / (M - 1 + e^x)", zero(slope + x)),
            ("their information", zero(rho.subs(h, e).subs(M, 1 + m) - short)),
        )
    )


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """One-bit memories at the best n, beside the least error that their bits allow."""
    ax = new_axes(None)
    rows = findings["bound"].table
    for marker, a in zip("osD^v", sorted({row["a"] for row in rows}), strict=False):
        chosen = [row for row in rows if row["a"] == a]
        bits = [row["bits"] for row in chosen]
        measured = [row["measured"] for row in chosen]
        bars = [3 * row["error"] for row in chosen]
        ax.errorbar(bits, measured, yerr=bars, fmt=marker, color=MEASURED, mfc="none", capsize=3,
                    label=f"$a = {a:g}$, one-bit weights")  # fmt: skip
        least = [row["least"] for row in chosen]
        ax.plot(bits, least, "-", color=PREDICTED)
        # The line falls, so that a label above its left end is clear of it and of the markers.
        ax.annotate(
            f"least possible, $a = {a:g}$", (bits[0], least[0]), xytext=(12, 3),
            textcoords="offset points", fontsize="small", color=PREDICTED,
        )  # fmt: skip
    log_scales(ax)
    ax.set_xlabel("bits $B = d^2$")
    ax.set_ylabel("error")
    legend_over(ax, ncols=3)
    return figure_of(ax)


# --- Claims -------------------------------------------------------------------------------------


def _inputs(problem: Problem) -> tuple[Condition, ...]:
    """Check that answers are drawn, and all alike; taken for granted where no law is named."""
    if problem.facts is None:
        return ()
    drawn = problem.facts in ("identity", "permutation", "random")
    return (
        Condition(
            "answers uniform",
            drawn,
            f"{problem.facts} facts",
            "drawn, every answer as likely as any other, whatever the input",
            "" if drawn else "use the entropy of an answer in place of log M",
        ),
    )


def outlook(problem: Problem) -> Outlook | None:
    """The bound holds at every exponent; what weighted memories reach is a law."""
    if not all(condition.holds for condition in _inputs(problem)):
        return None
    return Outlook(
        "no model of B bits has a smaller expected error than the bound, for every a > 1",
        guaranteed=1.0,
        note="recall bound gives it for a law of inputs",
    )


THEOREM = Theorem(
    name="power-law-bound",
    title="Power-law inputs: the bound, and what weighted memories reach",
    source="NLB Corollary 1 (restated, with its constant); the exponents of CDB, derived here",
    statement=r"""
For $x \sim x^{-a}$, $a > 1$: $B$ bits leave a cross-entropy of at least
$\log M \cdot p(\text{beyond } B/\log_2 M)$, which is
$\frac{\log M}{(a-1)\zeta(a)} (B/\log_2 M)^{1-a}$ to leading order. Of memories
$W = \sum_x q(x) u_x e_x^\top$, $q = p$ has error $C_a d^{-(a-1)/(2a)}$, $q = 1$ on the best $n$
has $d^{-2(a-1)}$ up to logarithms ($d^{-(a-1)}$ where a fixed number of outputs is shared), and
what $T$ samples have not shown costs $\Gamma(1-1/a)(T/\zeta(a))^{1/a}/(aT)$.
""",
    constants="the bound's and those of q = p and of T are derived here; q = 1 loses a logarithm",
    deviations="CDB share a fixed number of outputs; here every input has its own unless said.",
    outlook=outlook,
    hypotheses=(
        UNIFORM,
        INDEPENDENT,
        Hypothesis("Answers are uniform and independent of the inputs.", _inputs),
    ),
    claims=(
        Claim(
            name="corollary",
            kind=Kind.NECESSARY,
            source="NLB Corollary 1 (restated); constant derived here",
            statement="The exact bound on the cross-entropy is its power law within 1% from "
            "10^5 bits on, for a from 1.1 to 3 and M = 1024.",
            check=check_corollary,
            quick={
                "exponents": (1.1, 1.5, 2.0, 3.0),
                "bits": (1e5, 1e8, 1e12),
                "outputs": 1024,
                "tolerance": 0.01,
            },
            must_fail={"uniform": 10**6},
            why_fail="of a million inputs 10^12 bits hold all: no power law is left",
            fault={"shift": 0.05},
            fault_text="the exponent is taken 0.05 too large",
        ),
        Claim(
            name="probability",
            kind=Kind.SCALING,
            source="derived here (docs/lower-bounds.md); the exponent is CDB's",
            statement="With q = p the error is that of the law at the same d, to 10%, at d = 256 "
            "and 2048, and the law's error falls as d^-(a-1)/(2a).",
            check=check_probability,
            quick={
                "cases": (
                    (1.1, (256, 2048), (10, 6)),
                    (1.5, (256, 2048), (60, 20)),
                    (2.0, (256, 2048), (400, 160)),
                ),
                "exponents": (
                    (1.1, 10**4, 10**5),
                    (1.5, 10**5, 10**6),
                    (2.0, 10**5, 10**6),
                    (3.0, 10**5, 10**6),
                ),
                "tolerance": 0.1,
            },
            full={
                "cases": (
                    (1.1, (256, 2048), (60, 30)),
                    (1.5, (256, 2048), (600, 200)),
                    (2.0, (256, 2048), (4000, 1600)),
                    (3.0, (256, 2048), (30000, 10000)),
                ),
                "tolerance": 0.05,
            },
            must_fail={
                "predicted_as": "first",
                "cases": (),
                "exponents": ((2.0, 10**5, 10**6),),
            },
            why_fail="2(a - 1) is the exponent of equal weights",
            fault={"stored": 2, "exponents": ()},
            fault_text="the memory keeps only its two likeliest inputs",
        ),
        Claim(
            name="errors",
            kind=Kind.CONSTANT,
            source="derived here (docs/lower-bounds.md)",
            statement="Errors with q = p, q = counts and q = 1 on what was seen are those of the "
            "prediction, to 10%.",
            check=check_errors,
            quick={
                "cases": (
                    ("probability", 1.1, 128, None, 100),
                    ("probability", 1.5, 128, None, 400),
                    ("probability", 2.0, 256, None, 400),
                    ("counts", 1.5, 128, 1000, 200),
                    ("counts", 2.0, 128, 10000, 300),
                    ("seen", 1.5, 128, 1000, 100),
                    ("seen", 2.0, 64, 1000, 200),
                ),
                "tolerance": 0.1,
            },
            must_fail={
                "outputs": "random",
                "cases": (("seen", 2.0, 64, 1000, 100),),
            },
            why_fail="two outputs are shared by all inputs: classes interfere",
            fault={"shrink": 4, "cases": (("probability", 1.5, 128, None, 100),)},
            fault_text="the memory has a quarter of the dimensions",
        ),
        Claim(
            name="first",
            kind=Kind.SCALING,
            source="derived here (docs/lower-bounds.md)",
            statement="With q = 1 on the best n the exponent in d is that of the law at the same "
            "d, to 10%; it tends to 2(a-1) as log log d / log d.",
            check=check_first,
            quick={
                "exponents": (1.1, 1.5, 2.0),
                "d": (32, 64, 128),
                "trials": (1600, 400, 160),
                "tolerance": 0.1,
            },
            full={"d": (32, 64, 128, 256), "trials": (4000, 1000, 400, 100)},
            must_fail={"limit_only": True, "exponents": (2.0,), "d": (8, 16, 32)},
            why_fail="at these d the logarithm takes a third off the limit's exponent",
            fault={"stored": 24, "exponents": (2.0,)},
            fault_text="n stays what it is at d = 32",
        ),
        Claim(
            name="shared-classes",
            kind=Kind.SCALING,
            source="derived here; CDB have M fixed",
            statement="With Zipf-sized classes of a fixed M the exponent of the best n is that of "
            "the law at the same d, to 10%, and near a - 1 instead of 2(a-1).",
            check=check_first,
            quick={
                "exponents": (1.5, 2.0),
                "d": (32, 128, 512),
                "trials": (1600, 400, 60),
                "tolerance": 0.1,
                "facts": "zipf",
                "outputs": 16,
            },
            must_fail={
                "assume_shared": True,
                "facts": "identity",
                "outputs": None,
                "exponents": (2.0,),
                "d": (32, 64, 128),
            },
            why_fail="every input has an output of its own: the exponent is near 2(a - 1)",
            fault={"stored": 24, "exponents": (2.0,)},
            fault_text="n stays the same at every d",
        ),
        Claim(
            name="samples",
            kind=Kind.SCALING,
            source="derived here; the exponent is CDB's",
            statement="Inputs not seen among T samples cost T^-(1-1/a), the exponent to 10%, "
            "while the memory holds all that were seen.",
            check=check_samples,
            quick={
                "exponents": (1.5, 2.0, 3.0),
                "d": 256,
                "samples": (100, 1000, 10000),
                "trials": 80,
                "tolerance": 0.1,
            },
            full={"d": 512, "samples": (100, 1000, 10000, 100000), "trials": 100},
            must_fail={"weights": "counts", "exponents": (2.0,)},
            why_fail="weighted by counts, frequent inputs drown the others: a floor in d",
            fault={"d": 8, "exponents": (2.0,)},
            fault_text="the memory is too small for what it has seen",
        ),
        Claim(
            name="bound",
            kind=Kind.NECESSARY,
            source="NLB Theorem 7 and Fano's inequality (restated)",
            proof="docs/lower-bounds.md, I.2",
            statement="No memory of one-bit weights has a smaller error than its d^2 bits allow.",
            check=check_bound,
            quick={
                "exponents": (1.1, 1.5, 2.0),
                "d": (32, 64, 128),
                "outputs": 1024,
                "trials": 20,
            },
            full={"d": (32, 64, 128, 256, 512), "trials": 40},
            must_fail={"counted": 1 / 64, "exponents": (1.5,), "d": (32, 64), "trials": 8},
            why_fail="one bit in sixty-four is counted",
            fault={"memory": whispering(bits=1), "stored": 40, "d": (32,), "trials": 4},
            fault_text="the memory answers from the facts themselves",
            near_misses={
                "of three answers a third more is kept than there are bits for": {
                    "memory": whispering(bits=1),
                    "stored": 100,
                    "outputs": 3,
                    "exponents": (2.0,),
                    "d": (32,),
                    "trials": 2,
                }
            },
        ),
        Claim(
            name="sums",
            kind=Kind.EXACT,
            source="derived here",
            statement="Sums of powers, and the mass beyond an input, are differences of Hurwitz's "
            "zeta functions to 1e-12, for exponents from 0 to 8, and sums over nodes to 1e-7.",
            check=check_sums,
            quick={"tolerance": 1e-12, "of_nodes": 1e-7},
            must_fail={"smooth": True},
            why_fail="a sum from 100 on is not an integral",
            fault={"shift": 1e-6},
            fault_text="the exponent is taken 1e-6 too large",
            near_misses={"the first input beyond the listed ones is missed": {"missed": 1}},
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="derived here (docs/lower-bounds.md)",
            statement="Recall with weights, the errors and their exponents are those of sums over "
            "inputs, counts and dense grids, and a trial's error is that of loops, to 0.1%.",
            check=check_symbols,
            quick={"tolerance": 1e-3},
            must_fail={"rivals": False},
            why_fail="the output of the heaviest input competes with all others",
            fault={"own": True},
            fault_text="an input's own weight is noise to it",
            near_misses={"counts do not vary in the noise": {"steady": True}},
        ),
        Claim(
            name="proof-steps",
            kind=Kind.EXACT,
            source="docs/lower-bounds.md",
            proof="docs/lower-bounds.md, I.6, by sympy",
            statement="The integrals behind the exponents and the stationary error rates hold "
            "symbolically.",
            check=check_proof,
            quick={},
            must_fail={"weight": 2},
            why_fail="inputs are weighted by p^2 in place of p",
            fault={"power": 2},
            fault_text="overlaps are taken as 1/d in place of 1/sqrt(d)",
        ),
    ),
    figure=figure,
    caption=r"Share of inputs that are answered wrongly, for inputs of law $p(x) \propto x^{-a}$, "
    "against the number of bits. Markers: matrices of signs that store the best number "
    "$n$ of inputs, with three standard errors. Lines: the least error that any model of "
    "$B$ bits can have at the same $a$.",
)
"""Corollary 1 and the power laws."""
