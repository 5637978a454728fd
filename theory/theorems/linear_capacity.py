r"""Linear memories recall N facts once d^2 is about N log N (NLB, Theorem 1, first part).

Statement (restated). Let e_x and u_y be independent and uniform on the unit sphere of R^d, and
f: [N] -> [M] injective. If d^2 >~ N polylog N, then with high probability F(e) = W e with
W = sum_x u_f(x) e_x^T recalls every x: argmax_y <u_y, W e_x> = f(x).

The paper leaves the constant and the power of the logarithm open. Here they are explicit: the
bound of :mod:`theory.memories.guarantee` is proved and holds for every N and d.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assoc.catalogue import resolve
from assoc.embeddings import preprocess as transform
from assoc.examples import example_path
from assoc.memories.decoding import certified_margins
from assoc.memories.low_rank import projected
from assoc.memories.memory import Build
from assoc.vectors.files import load_vectors
from sims.engine.randomness import MEMORY
from sims.enumeration import lost_on_signs
from sims.memories.construction import Construction
from sims.memories.pairs import wrong_pairs
from sims.memories.recall import measure
from sims.memories.settings import RandomVectors, source_of
from theory.claims import Claim, Finding, Hypothesis, Kind, Problem, Theorem, Verdict
from theory.equivalence import Equivalence
from theory.judging import (
    applicable,
    judge_arms,
    judge_bounds,
    judge_guarantee,
    judge_largest,
    judge_predictions,
    judge_symbols,
)
from theory.memories.capacity import capacity_of
from theory.memories.checks import capacity_row, failure_row
from theory.memories.class_guarantee import balanced_sizes, class_failure_bound
from theory.memories.faults import confined, forgetful
from theory.memories.figures import capacity_figure
from theory.memories.guarantee import failure_bound, guaranteed_capacity, pairs_bound
from theory.memories.guarantee_checks import check_dual_inputs
from theory.memories.hypotheses import (
    INDEPENDENT,
    INJECTIVE,
    UNIFORM,
    enough_dimensions,
    isotropy_conditions,
)
from theory.memories.outlook import linear_outlook
from theory.memories.pair_tails import product_tail, tails_of
from theory.memories.plain.classes import class_symbols, prediction_symbols
from theory.memories.plain.hypotheses import hypothesis_symbols
from theory.memories.plain.memories import memory_symbols
from theory.memories.plain.pair_chances import pair_chance, pairs_lost
from theory.memories.plain.strengths import feature_symbols, strength_symbols
from theory.memories.recall import expected_failure
from theory.memories.skewed import check_skewed
from theory.memories.vocabulary import projected_failure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

# --- Hypotheses ---------------------------------------------------------------------------------


ENOUGH = Hypothesis("d^2 is at least of the order of N polylog N.", enough_dimensions)


ENDS = (np.min, np.max)

# --- Checks -------------------------------------------------------------------------------------


def check_guarantee(
    *,
    seed: int,
    d: Sequence[int],
    delta: float,
    trials: int,
    beyond: float = 1.0,
    memory: str | Build = "linear",
) -> Finding:
    """Draw trials at the largest N that is guaranteed, times ``beyond``."""
    rows = []
    for dimension in d:
        N = round(beyond * guaranteed_capacity(dimension, delta=delta))
        result = measure(memory, d=dimension, N=N, trials=trials, seed=seed, experiment="guarantee")
        rows.append(
            {
                "d": dimension,
                "N": N,
                "law": N * np.log(N) / dimension**2,
                "bound": failure_bound(N, dimension),
                "successes": result.points[0].whole,
                "trials": trials,
            }
        )
    return judge_guarantee("probability that all facts are recalled", rows, delta=delta)


def check_tightness(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int]],
    trials: int,
    ratio: float,
    tolerance: float,
    constant: float = 8.0,
) -> Finding:
    """Compare the number of pairs that go wrong with the bound over ``ratio``, for (d, N, M).

    The bound is a sum over pairs (x, y) of bounds on P(y beats x), so that it bounds this expected
    number also where it is above 1. ``constant`` in place of 8 is how it would be if N log N / d^2
    below 1 / constant were enough: the chances of a pair are those at constant / 8 times the N.
    """
    rows = []
    for d, N, M in sizes:
        pairs = _counted(trials, seed, "tightness", d=d, N=N, outputs=M)
        fewer = round(N * constant / 8)
        bound = pairs_bound(fewer, d, M=round(M * constant / 8)) * (N / fewer) ** 2
        rows.append(_pairs_row(pairs, bound, ratio, d=d, N=N, M=M))
    return judge_predictions(
        "pairs (input, answer) that go wrong", rows, tolerance=tolerance, relative=True
    )


@lru_cache(maxsize=16)
def _counted(trials: int, seed: int, experiment: str, **sizes: Any) -> NDArray[np.int64]:
    """Pairs that go wrong: counted once for a claim, and for controls that predict others."""
    pairs = wrong_pairs(trials=trials, seed=seed, experiment=experiment, **sizes)
    pairs.setflags(write=False)
    return pairs


def _pairs_row(pairs: NDArray[Any], bound: float, ratio: float, **sizes: int) -> dict[str, Any]:
    """Row of the mean number of pairs that go wrong in some trials, beside a bound over a ratio."""
    return {
        **sizes,
        "trials": len(pairs),
        "measured": float(pairs.mean()),
        "error": float(pairs.std(ddof=1) / np.sqrt(len(pairs))),
        "bound": bound,
        "predicted": bound / ratio,
    }


def check_bounds(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int | None]],
    ratio: float,
    weakened: float = 1.0,
) -> Finding:
    """Compare the proved bound with what it bounds, for (d, N, M); multiplied by ``weakened``."""
    return judge_bounds(
        "expected pairs (input, answer) that go wrong",
        [
            {
                "d": d,
                "N": N,
                "M": M or N,
                "exact": pairs_lost(N, d, M=M),
                "bound": weakened * pairs_bound(N, d, M=M),
            }
            for d, N, M in sizes
        ],
        ratio=ratio,
        note="by Gauss's rules and Fourier's transform",
    )


def check_pair_law(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int]],
    levels: Sequence[float],
    ratio: float,
    missing: int = 0,
    weakened: float = 1.0,
) -> Finding:
    """Compare bounds on the chance of one pair, for (d, terms), with its law by quadrature.

    ``levels`` are those of the signal; ``missing`` terms are left out of the bound, and it is
    multiplied by ``weakened``.
    """
    rows = []
    for d, n in sizes:
        x = np.array(levels)
        bounds = weakened * product_tail(x, n - missing, tails_of(d, 14.0))
        for level, exact, bound in zip(x, pair_chance(x, n, d), bounds, strict=True):
            rows.append(
                {"d": d, "n": n, "x": float(level), "exact": float(exact), "bound": float(bound)}
            )
    return judge_bounds(
        "chance of a sum of products", rows, ratio=ratio, note="by Fourier's transform"
    )


def check_class_guarantee(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int]],
    trials: int,
    ratio: float,
    tolerance: float,
    injective: bool = False,
    weakened: float = 1.0,
) -> Finding:
    """Compare the number of pairs that go wrong with the bound over ``ratio``, for (d, N, M).

    Maps are balanced. ``injective`` takes the bound of injective maps into N outputs instead, and
    ``weakened`` multiplies it.
    """
    rows = []
    for d, N, M in sizes:
        counts = balanced_sizes(N, M)
        f = tuple(np.repeat(np.arange(M), counts).tolist())
        pairs = _counted(trials, seed, "class-guarantee", d=d, N=N, outputs=M, f=f)
        bound = weakened * (pairs_bound(N, d) if injective else class_failure_bound(counts, d))
        rows.append(_pairs_row(pairs, bound, ratio, d=d, N=N, M=M))
    return judge_predictions(
        "pairs (input, answer) that go wrong", rows, tolerance=tolerance, relative=True
    )


def check_symbols(
    *,
    seed: int,
    tolerance: float,
    condition: float = 1e-5,
    forgotten: int = 0,
    competitors: int = 0,
    exponent: float = 1.0,
    freedom: int = 0,
) -> Finding:
    """Compare matrices, class sizes and tests of hypotheses with loops, counts and quadrature.

    ``condition`` is how nearly dependent inputs are; the others are what the independent values
    get wrong: facts left out, competitors too many, Zipf's exponent, degrees of freedom too many.
    """
    return judge_symbols(
        [
            *memory_symbols(forgotten=forgotten, condition=condition),
            *class_symbols(competitors=competitors, exponent=exponent),
            *hypothesis_symbols(freedom=freedom),
        ],
        tolerance=tolerance,
        note="fact by fact, map by map, pair by pair",
    )


def check_strengths(
    *,
    seed: int,
    tolerance: float,
    of_features: float,
    lost: int = 0,
    sketched: bool = False,
    extra: int = 0,
) -> Finding:
    """Compare strengths of interference with moments in closed form and Laplace transforms.

    ``of_features`` is the tolerance where means of squared features enter, whose law is on a grid.
    ``lost`` facts less share what least squares leaves, ``sketched`` takes projectors for
    sketches, and ``extra`` features are too many, in the independent values.
    """
    return judge_arms(
        {
            "moments": judge_symbols(
                strength_symbols(lost=lost, sketched=sketched),
                tolerance=tolerance,
                note="by moments of beta laws",
            ),
            "features": judge_symbols(
                feature_symbols(extra=extra),
                tolerance=of_features,
                note="by Laplace transforms",
            ),
        }
    )


def check_predictions(
    *, seed: int, tolerance: float, share: float = 1.0, independent: bool = False
) -> Finding:
    """Compare predictions with their definitions.

    ``share`` multiplies a vocabulary's overlap; ``independent`` takes that of independent vectors.
    """
    return judge_symbols(
        prediction_symbols(share=share, independent=independent),
        tolerance=tolerance,
        note="entry by entry",
    )


def check_ties(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int]],
    budget: int,
    tolerance: float,
    lenient: bool = False,
    law: str = "rademacher",
) -> Finding:
    """Compare the share that fails on signs with that over all signs, by enumeration in integers.

    ``lenient`` counts a tie as recalled in the enumeration.
    """
    rule = Equivalence(tolerance, len(sizes))
    rows = (
        failure_row(
            "linear",
            lost_on_signs(d, N, ties_lost=not lenient),
            rule=rule,
            d=d,
            N=N,
            budget=budget,
            seed=seed,
            experiment="ties",
            embeddings=law,
        )
        for d, N in sizes
    )
    return rule.judge("share of facts not recalled", rows)


def check_levels(
    *,
    seed: int,
    d: Sequence[int],
    budget: int,
    tolerance: float,
    memory: str | Build = "linear",
) -> Finding:
    """Compare the N up to which all is recalled in half of the draws with its prediction."""
    rule = Equivalence(tolerance, len(d))

    def row(dimension: int) -> dict[str, Any]:
        predicted = capacity_of(Construction("linear"), d=dimension)
        found = capacity_row(
            memory,
            predicted,
            rule=rule,
            d=dimension,
            rate=1,
            budget=budget,
            seed=seed,
            experiment="levels",
        )
        return {**found, "law": found["measured"] * np.log(found["measured"]) / dimension**2}

    return rule.judge("largest N with all facts recalled", map(row, d))


def check_orthonormal(
    *,
    seed: int,
    d: Sequence[int],
    law: str = "orthonormal",
    memory: str | Build = "linear",
    rounding: float = 1.0,
    signal: float = 1.0,
) -> Finding:
    """Certify that N = d facts are all recalled with margin 1, on orthonormal embeddings.

    ``law`` names others, ``rounding`` multiplies the proved bounds on it, ``signal`` the margins.
    """
    parts = _certified(memory, d, lambda dimension: dimension, law, seed, rounding)
    rows = [
        {**row, "off": max(abs(signal * margin - 1) for margin in row["recalled_margins"])}
        for row in parts["recalled"].table
    ]
    margin = judge_largest(
        "distance of the margins of what is recalled from 1",
        rows,
        "off",
        tolerance=1e-5,
        note="vectors in single precision",
    )
    return judge_arms({**parts, "margin 1": margin})


def check_dual(
    *,
    seed: int,
    d: Sequence[int],
    load: float,
    memory: str | Build = "dual-inputs",
    rounding: float = 1.0,
) -> Finding:
    """Certify that the least-squares memory recalls N = load * d facts.

    ``rounding`` multiplies the proved bounds on it.
    """
    return judge_arms(
        _certified(memory, d, lambda dimension: round(load * dimension), "sphere", seed, rounding)
    )


def _certified(
    memory: str | Build,
    d: Sequence[int],
    N_of: Callable[[int], int],
    law: str,
    seed: int,
    rounding: float,
) -> dict[str, Finding]:
    """Judge whether all is recalled, and whether what is recalled is proved to be."""
    build = resolve(memory)[1]
    rows: list[dict[str, Any]] = []
    for dimension in d:
        N = N_of(dimension)
        setting = RandomVectors(dimension, law)
        source = source_of(setting, seed, "certified")
        E, U, f = setting.draw(N, source, 0)
        E, U = E.astype(np.float64), U.astype(np.float64)
        judged = certified_margins(build(E, U, f, rng=source.generator(0, MEMORY)), E, U, f)
        proved = replace(judged, bound=rounding * judged.bound)
        rows.append(
            {
                "d": dimension,
                "N": N,
                "recalled": float(judged.recalled.mean()),
                "certified": float(proved.certified.mean()),
                "forgotten": float(1 - judged.recalled.mean()),
                "unproved": float((proved.recalled & ~proved.certified).mean()),
                "smallest_margin": float(judged.margin.min()),
                "recalled_margins": [float(end(judged.margin[judged.recalled])) for end in ENDS],
                "largest_bound": float(judged.bound.max()),
            }
        )
    note = (
        f"smallest margin {min(row['smallest_margin'] for row in rows):.3g}, "
        f"rounding at most {max(row['largest_bound'] for row in rows):.2g}"
    )
    quantities = {
        "recalled": ("share of facts forgotten", "forgotten"),
        "certified": ("fraction of facts recalled, and not certified", "unproved"),
    }
    return {
        name: judge_largest(quantity, rows, column, tolerance=0.0, note=note)
        for name, (quantity, column) in quantities.items()
    }


def check_non_injective(
    *,
    seed: int,
    d: int,
    outputs: Sequence[int],
    facts: Sequence[str],
    rate: float,
    budget: int,
    tolerance: float,
    predicted_as: str | None = None,
    memory: str | Build = "linear",
) -> Finding:
    """Compare recall of non-injective maps with the prediction from their class sizes."""
    linear = Construction("linear")
    rule = Equivalence(tolerance, len(outputs) * len(facts))

    def row(M: int, law: str) -> dict[str, Any]:
        N = round(capacity_of(linear, d=d, rate=rate, facts=law, M=M))
        assumed = {"facts": law, "M": M} if predicted_as is None else {"facts": predicted_as}
        return failure_row(
            memory,
            expected_failure(linear, d=d, N=N, **assumed),
            rule=rule,
            d=d,
            N=N,
            facts=law,
            outputs=M,
            budget=budget,
            seed=seed,
            experiment="classes",
            map=law,
            M=M,
        )

    return rule.judge(
        "share of facts not recalled", (row(M, law) for M in outputs for law in facts)
    )


def check_real(
    *,
    seed: int,
    preprocess: str,
    N: int,
    rank: int,
    budget: int,
    tolerance: float,
    insist: bool = False,
    fraction: float = 0.0,
) -> Finding:
    """Compare recall on MiniLM token embeddings with its prediction from their overlaps.

    They are read through a random projector, since they have too many dimensions for their number
    to be forgotten otherwise. The unit is a split of the vectors into inputs and outputs. The
    prediction uses the embeddings' mean and second moment only, so these are what is conditioned
    on; ``insist`` judges even where they fail.
    """
    tokens = load_vectors(example_path("minilm_tokens.npz"))
    vectors = transform(tokens.vectors, preprocess)
    d = vectors.shape[1]
    build = projected(rank)
    rule = Equivalence(tolerance)
    row = failure_row(
        forgetful(build, fraction=fraction) if fraction else build,
        projected_failure(vectors, N=N, rank=rank),
        rule=rule,
        d=d,
        N=N,
        budget=budget,
        seed=seed,
        experiment="real",
        embeddings=tokens,
        preprocess=preprocess,
        preprocessing=preprocess,
        m=rank,
    )
    finding = rule.judge("share of facts not recalled", [row])
    if insist:
        return finding
    conditions = isotropy_conditions(Problem(vectors=vectors, names=tokens.names))
    return applicable(conditions, finding)


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Capacity against d: measured medians, prediction, guarantee."""
    rows = findings["exponent"].table
    return capacity_figure(rows, Construction("linear"))


# --- Claims -------------------------------------------------------------------------------------

THEOREM = Theorem(
    name="linear-capacity",
    title="Linear memories store about d^2 / log d facts",
    source="NLB, Theorem 1 (first part), restated; explicit bound derived here",
    statement=r"""
Let $e_x, u_y$ be independent and uniform on the unit sphere of $\mathbb R^d$ and
$f : [N] \to [M]$ injective. If $d^2 \gtrsim N \operatorname{polylog} N$, then with high
probability $W = \sum_x u_{f(x)} e_x^\top$ recalls every input:
$\arg\max_y \langle u_y, W e_x\rangle = f(x)$ for all $x \in [N]$.
""",
    constants=r"""
Unspecified by the paper. Derived here: the failure probability is at most
$N(N-1)\,P(R\,\tau \ge \sqrt{(1-\rho)/2}\,(1-\epsilon))$ for every $N$ and $d$, which is bounded
from above rigorously, so that $N \log N / d^2 < 1/8$ suffices as $d \to \infty$; and that is
necessary (sharp-linear-capacity).
""",
    deviations=r"""
The paper's statement is for some $W$; all claims here are about the outer-product $W$ that proves
it. Non-injective maps are outside the theorem; their law is derived here.
""",
    outlook=linear_outlook,
    hypotheses=(UNIFORM, INDEPENDENT, INJECTIVE, ENOUGH),
    claims=(
        Claim(
            name="guarantee",
            kind=Kind.SUFFICIENT,
            source="NLB Theorem 1 made explicit; derived here, proof in docs/derivations.md",
            proof="docs/derivations.md, A",
            statement="At the largest N with proved failure probability <= 0.1, all N facts are "
            "recalled with probability at least 0.9.",
            check=check_guarantee,
            quick={"d": (32, 64, 128), "delta": 0.1, "trials": 4000},
            full={"d": (32, 64, 128, 256, 512), "trials": 8000},
            must_fail={"beyond": 4.0, "d": (32, 64), "trials": 200},
            why_fail="four times the guaranteed N lies beyond the capacity",
            fault={"memory": forgetful(resolve("linear")[1]), "d": (32, 64), "trials": 200},
            fault_text="the memory is built without its last fact",
        ),
        Claim(
            name="tightness",
            kind=Kind.CONSTANT,
            source="derived here; proof in docs/derivations.md, the factor computed",
            statement="The proved bound is 1.35 times the expected number of pairs that go wrong, "
            "which it bounds, to 15%: where that is about 40, also with twice as many outputs as "
            "inputs.",
            check=check_tightness,
            quick={
                "sizes": ((64, 183, 183), (64, 171, 342)),
                "trials": 800,
                "ratio": 1.35,
                "tolerance": 0.15,
            },
            full={"sizes": ((64, 183, 183), (96, 343, 343), (64, 171, 342)), "trials": 4000},
            must_fail={"sizes": ((32, 20, 20),)},
            why_fail="in few dimensions the moments of normal variables are too large",
            fault={"constant": 6.2},
            fault_text="1/6.2 in place of 1/8",
            near_misses={"1/7.6 in place of 1/8": {"constant": 7.6}},
        ),
        Claim(
            name="bounds",
            kind=Kind.EXACT,
            source="derived here; proof in docs/derivations.md, the factor computed",
            statement="The proved bound is at least the expected number of pairs that go wrong, "
            "and at most 1.9 times that at the guaranteed N for d from 64 on.",
            check=check_bounds,
            quick={
                "sizes": ((96, 150, None), (128, 320, None), (64, 100, 200), (64, 183, None)),
                "ratio": 1.9,
            },
            must_fail={"sizes": ((48, 40, None),)},
            why_fail="in few dimensions the moments of normal variables are too large",
            fault={"weakened": 0.5},
            fault_text="pairs are counted in one order",
            near_misses={
                "pairs are counted twice": {"weakened": 2.0},
                "three tenths are missing": {"weakened": 0.7},
            },
        ),
        Claim(
            name="pair-law",
            kind=Kind.EXACT,
            source="derived here; proof in docs/derivations.md",
            statement="The bound on the chance of one pair is at least the chance by its exact "
            "law, and at most 1.4 times that, down to chances of 1e-5.",
            check=check_pair_law,
            quick={
                "sizes": ((128, 320), (160, 480), (96, 400)),
                "levels": (0.3, 0.4, 0.5, 0.6),
                "ratio": 1.4,
            },
            must_fail={"sizes": ((48, 40),)},
            why_fail="in few dimensions the moments of normal variables are too large",
            fault={"missing": 40},
            fault_text="forty facts are taken to make no noise",
            near_misses={
                "a tenth is missing": {"weakened": 0.9},
                "half as much more": {"weakened": 1.5},
            },
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="derived here",
            statement="The memories' matrices, the class sizes of fact maps and the tests of the "
            "hypotheses are what loops over facts, maps and pairs give, to 1e-9.",
            check=check_symbols,
            quick={"tolerance": 1e-9},
            must_fail={"condition": 1e-8},
            why_fail="a direction whose share of the Gram matrix is below rounding is not inverted",
            fault={"competitors": 1},
            fault_text="the own output is counted among the competitors",
            near_misses={
                "the last fact is left out": {"forgotten": 1},
                "the classes of a squared Zipf law": {"exponent": 2.0},
                "a degree of freedom too many": {"freedom": 1},
            },
        ),
        Claim(
            name="strengths",
            kind=Kind.EXACT,
            source="derived here (docs/derivations.md)",
            statement="The strengths of interference have the moments of their beta laws to 1e-7, "
            "and those of means of squared features to 0.1%.",
            check=check_strengths,
            quick={"tolerance": 1e-7, "of_features": 1e-3},
            must_fail={"sketched": True},
            why_fail="a Gaussian sketch interferes more than a projector",
            fault={"lost": 1},
            fault_text="what least squares leaves is spread over N inputs, not N - 1",
            near_misses={"a feature too many": {"extra": 1}},
        ),
        Claim(
            name="predictions",
            kind=Kind.EXACT,
            source="derived here (docs/derivations.md)",
            statement="Predictions for a vocabulary are those from its overlaps, pair by pair, and "
            "predicted capacities have the recall that they are named after, to 0.1%.",
            check=check_predictions,
            quick={"tolerance": 1e-3},
            must_fail={"independent": True},
            why_fail="vectors with preferred directions overlap more than independent ones",
            fault={"share": 1.01},
            fault_text="the overlap is taken one percent too large",
        ),
        Claim(
            name="ties",
            kind=Kind.CONSTANT,
            source="by enumeration",
            statement="A tie is not recall: of three facts on vectors of four signs the share "
            "that fails is that over all vectors, counted in integers, to 10%.",
            check=check_ties,
            quick={"sizes": ((4, 3),), "budget": 12_000, "tolerance": 0.1},
            full={"budget": 80_000, "tolerance": 0.04},
            must_fail={"law": "sphere"},
            why_fail="vectors of other laws do not tie",
            fault={"lenient": True},
            fault_text="the enumeration counts a tie as recalled",
        ),
        Claim(
            name="exponent",
            kind=Kind.SCALING,
            source="NLB Theorem 1; finite sizes predicted here",
            statement="The number of facts recalled whole in half of the draws is, to 10%, what "
            "the parameter-free law predicts, from d = 32 to 128: it grows like d^2 up to "
            "logarithms.",
            check=check_levels,
            quick={"d": (32, 64, 128), "budget": 2000, "tolerance": 0.1},
            full={"d": (32, 64, 128, 256, 512), "budget": 20000, "tolerance": 0.05},
            must_fail={"memory": projected(16)},
            why_fail="at a fixed rank the capacity is only linear in d",
            fault={"memory": confined(projected, rank=24)},
            fault_text="the memory silently keeps 24 directions of the inputs",
        ),
        Claim(
            name="orthonormal",
            kind=Kind.EXACT,
            source="elementary; certified in floating point",
            statement="On orthonormal embeddings all N = d facts are recalled, with margin 1.",
            check=check_orthonormal,
            quick={"d": (16, 64, 256)},
            full={"d": (16, 64, 256, 1024)},
            must_fail={"law": "sphere", "d": (16,)},
            why_fail="N = d = 16 is beyond the capacity on random embeddings",
            fault={"memory": forgetful(resolve("linear")[1])},
            fault_text="the memory is built without its last fact",
            near_misses={
                "margins below what rounding may do": {"rounding": 1e16},
                "a thousandth of the signal is lost": {"signal": 0.999},
            },
        ),
        Claim(
            name="least-squares",
            kind=Kind.EXACT,
            source="elementary; certified in floating point",
            statement="The least-squares memory recalls all N = d facts on random embeddings.",
            check=check_dual,
            quick={"d": (16, 64, 128), "load": 1.0},
            full={"d": (16, 64, 128, 512)},
            must_fail={"load": 8.0},
            why_fail="eight times as many facts as dimensions exceed what least squares can hold",
            fault={"memory": forgetful(resolve("dual-inputs")[1])},
            fault_text="the memory is built without its last fact",
            near_misses={"margins below what rounding may do": {"rounding": 1e16}},
        ),
        Claim(
            name="dual-inputs",
            kind=Kind.CONSTANT,
            source="derived here; proof in docs/attention-guarantees.md, the factor computed",
            statement="Least squares on Gaussian inputs loses as many pairs as the law of its "
            "proof says, to 15% where that is about 50, and the proved bound is at least that law "
            "and at most 1.7 times it.",
            check=check_dual_inputs,
            quick={
                "sizes": ((32, 90, 90),),
                "laws": ((32, 90, 90), (64, 200, 200), (32, 70, 200)),
                "trials": 600,
                "tolerance": 0.15,
                "ratio": 1.7,
            },
            full={"sizes": ((32, 90, 90), (32, 80, 160), (64, 240, 240)), "trials": 4000},
            must_fail={"inputs": "sphere"},
            why_fail="inputs of equal lengths span no uniform range, and fewer pairs are lost",
            fault={"weakened": 0.5, "parts": ("law",)},
            fault_text="pairs are counted in one order",
            near_misses={
                "pairs are counted twice": {"weakened": 2.0, "parts": ("law",)},
                "two fifths are missing": {"weakened": 0.6, "parts": ("law",)},
                "the last fact is left out": {
                    "memory": forgetful(resolve("dual-inputs")[1]),
                    "parts": ("pairs",),
                },
            },
        ),
        Claim(
            name="non-injective",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="With K inputs per output, recall follows the law of K-fold interference "
            "from the right answer's and the competitors' own classes.",
            check=check_non_injective,
            quick={
                "d": 64,
                "outputs": (8, 64),
                "facts": ("balanced", "random"),
                "rate": 0.8,
                "budget": 3000,
                "tolerance": 0.1,
            },
            full={"outputs": (8, 32, 64, 128), "budget": 30000, "tolerance": 0.05},
            must_fail={"predicted_as": "identity"},
            why_fail="the injective law ignores that classes interfere with themselves",
            fault={"memory": forgetful(resolve("linear")[1], fraction=0.1)},
            fault_text="the memory is built without one fact in ten",
        ),
        Claim(
            name="class-guarantee",
            kind=Kind.CONSTANT,
            source="derived here; proof in docs/derivations.md, the factor measured",
            statement="For balanced classes the proved bound is 1.5 times the expected number of "
            "pairs that go wrong, which it bounds, to 25%, where that is about 20.",
            check=check_class_guarantee,
            quick={
                "sizes": ((64, 110, 32), (64, 150, 96)),
                "trials": 800,
                "ratio": 1.5,
                "tolerance": 0.25,
            },
            full={"sizes": ((64, 110, 32), (64, 150, 96), (96, 200, 64)), "trials": 4000},
            must_fail={"injective": True},
            why_fail="the injective bound ignores that classes interfere with themselves",
            fault={"weakened": 0.5},
            fault_text="pairs are counted in one order",
            near_misses={"pairs are counted twice": {"weakened": 2.0}},
        ),
        Claim(
            name="zipf",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="With classes whose sizes follow Zipf's law the same law holds to 10%.",
            check=check_non_injective,
            quick={
                "d": 64,
                "outputs": (32, 64),
                "facts": ("zipf",),
                "rate": 0.8,
                "budget": 4000,
                "tolerance": 0.1,
            },
            full={"outputs": (32, 64, 128), "budget": 30000, "tolerance": 0.03},
            must_fail={"predicted_as": "identity"},
            why_fail="the injective law ignores that classes interfere with themselves",
            fault={"memory": forgetful(resolve("linear")[1], fraction=0.15)},
            fault_text="the memory is built without three facts in twenty",
        ),
        Claim(
            name="skewed",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="Where one answer has half or a third of the facts, or the answers follow "
            "Zipf's law, the share of facts that are not recalled is predicted to 8%, an input's "
            "own class being none of its competitors.",
            check=check_skewed,
            quick={
                "tables": ((40, 40, 48), (40, 40, 64), (20, 40, 48), (20, 40, 64)),
                "zipf": ((80, 20, 48),),
                "law": "linear",
                "budget": 4000,
                "tolerance": 0.08,
            },
            full={"zipf": ((80, 20, 48), (160, 40, 64)), "budget": 20000, "tolerance": 0.05},
            must_fail={"own_competes": True},
            why_fail="a class does not compete with its own inputs",
            fault={"memory": forgetful(resolve("linear")[1], fraction=0.1)},
            fault_text="the memory is built without one fact in ten",
        ),
        Claim(
            name="several",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="Where each fact has two or three right answers, of which the memory stores "
            "one, the share of facts of which a wrong answer scores highest is predicted to 8%.",
            check=check_skewed,
            quick={
                "sets": ((80, 80, 2, 32), (80, 8, 2, 48), (80, 20, 3, 32), (60, 10, 3, 32)),
                "law": "linear",
                "budget": 4000,
                "tolerance": 0.08,
            },
            full={
                "sets": ((80, 80, 2, 32), (80, 8, 2, 48), (80, 20, 3, 32), (160, 16, 3, 64)),
                "budget": 20000,
                "tolerance": 0.05,
            },
            must_fail={"one_right": True},
            why_fail="where another right answer scores highest, nothing is lost",
            fault={"memory": forgetful(resolve("linear")[1], fraction=0.25)},
            fault_text="the memory is built without one fact in four",
        ),
        Claim(
            name="skewed-whitened",
            kind=Kind.CONSTANT,
            source="derived here (docs/derivations.md)",
            statement="The same of the memory that whitens its inputs, `dual-inputs`, to 10%: "
            "what an input's own class takes of the energy, all others lack.",
            check=check_skewed,
            quick={
                "tables": ((40, 40, 48), (30, 60, 32)),
                "zipf": ((80, 20, 48), (80, 80, 32)),
                "law": "dual-inputs",
                "memory": "dual-inputs",
                "budget": 12_000,
                "tolerance": 0.1,
            },
            full={"zipf": ((80, 20, 48), (160, 40, 64)), "budget": 20000},
            must_fail={"own_competes": True},
            why_fail="a class does not compete with its own inputs",
            near_misses={"the law of the memory that does not whiten": {"law": "linear"}},
            fault={"memory": forgetful(resolve("dual-inputs")[1], fraction=0.1)},
            fault_text="the memory is built without one fact in ten",
        ),
        Claim(
            name="real-whitened",
            kind=Kind.CONSTANT,
            source="derived here; measured on MiniLM token embeddings (Apache 2.0)",
            statement="Whitened token embeddings recall pairs through a projector of rank 24 as "
            "the law says of vectors that overlap as little as these.",
            check=check_real,
            quick={"preprocess": "whiten", "N": 300, "rank": 24, "budget": 2000, "tolerance": 0.1},
            full={"budget": 20000, "tolerance": 0.05},
            must_fail={"preprocess": "none", "insist": True},
            why_fail="raw embeddings share a mean and preferred directions",
            fault={"fraction": 0.1},
            fault_text="the memory is built without one fact in ten",
        ),
        Claim(
            name="real-raw",
            kind=Kind.CONSTANT,
            source="measured on MiniLM token embeddings (Apache 2.0)",
            statement="On raw token embeddings the theorem's hypotheses fail, and the check says "
            "which; what is measured there is reported, not judged.",
            check=check_real,
            quick={"preprocess": "none", "N": 300, "rank": 24, "budget": 256, "tolerance": 0.1},
            full={"budget": 20000},
            must_fail={"insist": True},
            why_fail="judged regardless, recall is far below that of uniform embeddings",
            fault={"preprocess": "whiten", "fraction": 0.1, "budget": 2000},
            fault_text="applicable vectors, but a memory without one fact in ten",
            expected=Verdict.NOT_APPLICABLE,
        ),
    ),
    figure=figure,
    caption="Number of facts $N$ that are all recalled in half of the draws, against the "
    "dimension $d$. Dots: measured medians with their intervals (99.9% for all together). "
    "Solid: predicted, nothing fitted. Dashed: up to this $N$ all facts are proved to be "
    "recalled in half of the draws. Crosses: least $N$ found at which it is proved that "
    "in half of the draws some fact is not. That proof says nothing at small $d$; where "
    "it begins, its bound hardly changes with $N$, so that the least $N$ first falls with "
    "$d$ and then grows.",
)
"""What d^2 parameters store."""
