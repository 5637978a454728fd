r"""MLP memories store a number of facts linear in m d, past d^2 (NLB, Theorem 2).

Statement (restated). Under the hypotheses of ``linear-capacity``, if m d >~ N polylog N, and N is
at most a power of d with the degree of sigma growing with that power, then with high probability
some V, W (m x d) make F(e) = V^T sigma(W e) recall every input.

Judged are the construction of the proof (:mod:`assoc.memories.mlp`) as a gated and as a true
two-layer network, the read-outs that compete with it (:mod:`assoc.memories.random_features`,
:mod:`assoc.memories.fitted_features`), and a law without fitted parameters
(:mod:`theory.memories.gated`) of which the paper has the leading order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.memories.decoding import certified_margins
from assoc.memories.memory import Build, Memory
from assoc.memories.mlp import choose_degree
from sims.engine.parallel import blas_threads
from sims.engine.randomness import MEMORY, Source
from sims.memories.construction import Construction
from sims.memories.settings import RandomVectors
from sims.memories.width import WidthPoint, smallest_width
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
from theory.equivalence import Equivalence
from theory.judging import (
    judge_arms,
    judge_largest,
    judge_predictions,
    judge_slope,
    judge_steps,
    judge_symbols,
)
from theory.memories.checks import failure_row, width_row
from theory.memories.faults import forgetful
from theory.memories.gated_proofs import gated_proof_steps
from theory.memories.hypotheses import INDEPENDENT, UNIFORM
from theory.memories.outlook import network_outlook
from theory.memories.plain.gated import CLOSE, NEAR, gated_rows
from theory.memories.plain.networks import PARTS, network_rows
from theory.memories.recall import all_recalled, expected_failure
from theory.memories.width import width_of
from theory.rendering.axes import compare, load_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM", "kernel_memory"]

Sizes = Sequence[tuple[int, int, int]]
"""(d, N, k) each: dimension, facts, degree."""

# --- Conditions ---------------------------------------------------------------------------------


def enough_degree(problem: Problem) -> tuple[Condition, ...]:
    """Check that N facts can be recalled at this degree by some number of neurons."""
    name = "degree large enough for N"
    if problem.N is None or problem.d is None:
        missing = "--N" if problem.N is None else "--d"
        return (Condition(name, None, "", "at least 1/2 (predicted)", f"give {missing}"),)
    network = Construction("gated-mlp")
    k = problem.degree or choose_degree(problem.N, problem.d)
    chance = _whole(replace(network, width=10**9, degree=k), problem)
    return (
        Condition(
            name,
            chance >= 0.5,
            f"k = {k}: {chance:.3g} that all is recalled with infinitely many neurons",
            "at least 1/2 (predicted)",
            "" if chance >= 0.5 else "raise the degree, or d",
        ),
    )


def enough_neurons(problem: Problem) -> tuple[Condition, ...]:
    """Check that all is recalled with predicted probability at least 1/2."""
    name = "m d large enough for N"
    if problem.N is None or problem.d is None or problem.width is None:
        missing = ", ".join(
            option
            for option, size in (("--N", problem.N), ("--d", problem.d), ("--width", problem.width))
            if size is None
        )
        required = "at least 1/2 (predicted)"
        return (Condition(name, None, "", required, f"give {missing}, or see the width below"),)
    N, d, m = problem.N, problem.d, problem.width
    chance = _whole(Construction("gated-mlp", width=m, degree=problem.degree), problem)
    return (
        Condition(
            name,
            chance >= 0.5,
            f"m d / (N log N) = {m * d / (N * np.log(max(N, 2))):.3g}; {chance:.3g} that all is "
            "recalled",
            "at least 1/2 (predicted)",
            "" if chance >= 0.5 else "raise the width, or d",
        ),
    )


def _whole(network: Construction, problem: Problem) -> float:
    assert problem.N is not None
    assert problem.d is not None
    return all_recalled(network, d=problem.d, N=problem.N, facts=problem.map, M=problem.outputs)


# --- Checks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KernelMemory:
    """Gated memory of infinitely many neurons, F(e) = sum_x u_f(x) <e_x, e>^{k+1}."""

    E: Floats
    targets: Floats
    power: int

    @property
    def parameters(self) -> int:
        """Number of stored entries: the facts themselves."""
        return self.E.size + self.targets.size

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        return np.asarray((E @ self.E.T) ** self.power @ self.targets)


def kernel_memory(k: int) -> Build:
    """Build the limit of gated memories of degree k for infinitely many neurons."""

    def build(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        return KernelMemory(E.astype(np.float64), U[f].astype(np.float64), k + 1)

    build.__name__ = f"kernel of degree {k}"
    return build


def check_failure(
    *,
    seed: int,
    cases: Sequence[tuple[str, int, int, int | None]],
    rate: float,
    budget: int,
    tolerance: float,
    predicted_as: str | None = None,
    wrong_degree: int = 0,
    damaged: bool = False,
) -> Finding:
    """Compare the share that fails with the law at the widths where that is 1 - rate.

    Each case is (memory, d, N, k).
    """
    rule = Equivalence(tolerance, len(cases))

    def row(case: tuple[str, int, int, int | None]) -> dict[str, Any]:
        memory, d, N, k = case
        network = Construction(memory, degree=k)
        m = 2 * round(width_of(network, d=d, N=N, rate=rate) / 2)
        assumed = None if k is None else k + wrong_degree
        law = Construction(predicted_as or memory, width=m, degree=assumed)
        build = replace(network, width=m).build(d)
        return failure_row(
            forgetful(build, fraction=0.1) if damaged else build,
            expected_failure(law, d=d, N=N),
            rule=rule,
            d=d,
            N=N,
            budget=budget,
            seed=seed,
            experiment=f"{memory}-recall",
            memory=memory,
            k=k,
            m=m,
        )

    return rule.judge("share of facts not recalled", map(row, cases))


def check_width(
    *,
    seed: int,
    sizes: Sizes,
    rate: float,
    budget: int,
    tolerance: float,
    memory: str = "gated-mlp",
    wrong_degree: int = 0,
) -> Finding:
    """Compare the m at which the expected recall reaches a rate with the prediction."""
    rule = Equivalence(tolerance, len(sizes))

    def row(size: tuple[int, int, int]) -> dict[str, Any]:
        d, N, k = size
        found = width_row(
            Construction(memory, degree=k + wrong_degree),
            width_of(Construction("gated-mlp", degree=k), d=d, N=N, rate=rate),
            rule=rule,
            d=d,
            N=N,
            rate=rate,
            budget=budget,
            seed=seed,
            experiment="crossing",
            k=k,
        )
        return {
            **found,
            "recall": rate,
            "m d / (N log N)": found["measured"] * d / (N * np.log(N)),
        }

    return rule.judge(f"m at {rate:.0%} recall", map(row, sizes))


def check_kernel(
    *,
    seed: int,
    sizes: Sizes,
    budget: int,
    tolerance: float,
    wrong_degree: int = 0,
    damaged: bool = False,
) -> Finding:
    """Compare the failures of infinitely many neurons, of the kernel itself, with the law."""
    rule = Equivalence(tolerance, len(sizes))

    def row(size: tuple[int, int, int]) -> dict[str, Any]:
        d, N, k = size
        build = kernel_memory(k)
        law = Construction("gated-mlp", width=10**9, degree=k + wrong_degree)
        return failure_row(
            forgetful(build, fraction=0.5) if damaged else build,
            expected_failure(law, d=d, N=N),
            rule=rule,
            d=d,
            N=N,
            budget=budget,
            seed=seed,
            experiment="kernel",
            k=k,
        )

    return rule.judge("share of facts not recalled, infinite width", map(row, sizes))


def check_certified(
    *,
    seed: int,
    cases: Sequence[tuple[str, int, int, int, int | None]],
    trials: int,
    damaged: bool = False,
) -> Finding:
    """Build networks (memory, d, N, m, k) and certify every margin, in exact terms."""
    rows, shares = [], []
    for memory, d, N, m, k in cases:
        setting = RandomVectors(d, facts="permutation")
        build = Construction(memory, width=m, degree=k).build(d)
        build = forgetful(build) if damaged else build
        source = Source(seed, "certified", (d, N, m))
        for trial in range(trials):
            E, U, f = setting.draw(N, source, trial)
            # Threads of BLAS wait for each other by spinning, which these small products feel.
            with blas_threads(1):
                network = build(E, U, f, rng=source.generator(trial, MEMORY))
                found = certified_margins(network, E, U, f)
            shares.append(float(found.certified.mean()))
            rows.append(
                {
                    "memory": memory,
                    "d": d,
                    "N": N,
                    "N / d^2": N / d**2,
                    "m": m,
                    "k": k,
                    "parameters": network.parameters,
                    "certified": shares[-1],
                    "smallest margin": float(found.margin.min()),
                    "largest rounding": float(found.bound.max()),
                }
            )
    least = min(shares)
    return Finding(
        Verdict.HOLDS if least == 1 else Verdict.VIOLATED,
        "share of facts certified",
        measured=least,
        predicted=1.0,
        tolerance=0.0,
        side=Side.LEAST,
        note=f"{len(rows)} networks, each margin against a bound on its rounding error",
        table=tuple(rows),
    )


def check_past(
    *,
    seed: int,
    cases: Sequence[tuple[str, int, int, int, int | None]],
    most: Sequence[float],
    trials: int,
    times: float = 1.0,
    damaged: bool = False,
) -> Finding:
    """Certify networks, and compare their m d with N log N.

    Each case (memory, d, N, m, k) has ``times`` m neurons, and ``most`` is what its
    m d / (N log N) may be.
    """
    built = [(memory, d, N, round(times * m), k) for memory, d, N, m, k in cases]
    rows = [
        {
            "memory": memory,
            "m d / (N log N)": m * d / (N * np.log(N)),
            "over the most": m * d / (N * np.log(N)) / allowed,
        }
        for (memory, d, N, m, _), allowed in zip(built, most, strict=True)
    ]
    return judge_arms(
        {
            "every fact": check_certified(seed=seed, cases=built, trials=trials, damaged=damaged),
            "few neurons": judge_largest(
                "m d / (N log N) over what is allowed",
                rows,
                "over the most",
                predicted=1.0,
                tolerance=0.0,
                note=" and ".join(f"{row['m d / (N log N)']:.3g}" for row in rows),
            ),
        }
    )


def check_beyond(
    *,
    seed: int,
    d: int,
    N: int,
    degree: int,
    rate: float,
    budget: int,
    tolerance: float,
    memory: str = "whitened-mlp",
    plain: str = "linear",
) -> Finding:
    """Compare W and a network at an N past d^2, each with its prediction.

    ``memory`` and ``plain`` are what is measured in place of the network and of W.
    """
    m = round(width_of(Construction("whitened-mlp", degree=degree), d=d, N=N, rate=rate))
    linear, network = Construction("linear"), Construction("whitened-mlp", width=m, degree=degree)
    rule = Equivalence(tolerance, 2)

    def judged(law: Construction, name: str) -> Finding:
        named = {each.memory: each for each in (linear, network)}
        measured = named.get(name, Construction(name))
        row = failure_row(
            measured.build(d),
            expected_failure(law, d=d, N=N),
            rule=rule,
            d=d,
            N=N,
            budget=budget,
            seed=seed,
            experiment="beyond",
            memory=measured.label(d),
        )
        return replace(rule, comparisons=1).judge("share of facts not recalled", [row])

    return judge_arms({"W": judged(linear, plain), "the network": judged(network, memory)})


@lru_cache(maxsize=64)
def _width(memory: str, *, outputs: int | None, **given: Any) -> WidthPoint:
    """Smallest width: measured once for a claim, and for controls that predict others."""
    facts = "permutation" if outputs is None else "balanced"
    (point,) = smallest_width(
        memory, criterion=0.99, facts=facts, outputs=outputs, experiment="scaling", **given
    ).points
    return point


def check_scaling(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int]],
    trials: int,
    tolerance: float,
    degree: int,
    outputs: int | None = None,
    memory: str = "whitened-mlp",
    drop_log: bool = False,
    confined_to: int | None = None,
) -> Finding:
    """Fit the exponent of m d, of the width that recalls 99%, in N log M.

    It is compared with the law's over the same sizes, or with 1 where there is no law.
    """
    x, samples, rows = [], [], []
    network = Construction(memory, degree=degree)
    for d, N in sizes:
        stored = N if confined_to is None else min(N, confined_to)
        point = _width(memory, d=d, N=stored, degree=degree, outputs=outputs, trials=trials,
                       seed=seed)  # fmt: skip
        load = N * (1.0 if drop_log else np.log(N if outputs is None else outputs))
        x.append(float(np.log(load)))
        samples.append(np.log(np.multiply(point.high, d)).tolist())
        rows.append(
            {
                "d": d,
                "N": N,
                "M": N if outputs is None else outputs,
                "m": point.width,
                "predicted m": None if outputs else width_of(network, d=d, N=N, rate=0.99),
                "m / d": point.width / d,
                "m d": point.width * d,
                "m d / (N log M)": point.width
                * d
                / (N * np.log(N if outputs is None else outputs)),
            }
        )
    predicted = 1.0
    if outputs is None:
        law = [np.log(row["predicted m"] * row["d"]) for row in rows]
        loads = [np.log(row["N"] * np.log(row["N"])) for row in rows]
        predicted = float(np.polyfit(loads, law, 1)[0])
    finding = judge_slope(
        "exponent of m d in N log M", x, samples, predicted, tolerance=tolerance, rows=rows
    )
    spread = [row["m d"] for row in rows]
    decades = np.log10(max(spread) / min(spread))
    return replace(finding, note=f"{finding.note}; m d over {decades:.1f} decades")


def check_limit(
    *,
    seed: int,
    cases: Sequence[tuple[str, int | None]],
    sizes: Sequence[tuple[int, int]],
    tolerance: float,
) -> Finding:
    """Follow the exponent of m d in N log N to sizes no simulation reaches."""
    rows = []
    for memory, k in cases:
        network = Construction(memory, degree=k)
        m = [width_of(network, d=d, N=N, rate=0.99) for d, N in sizes]
        size = np.log([width * d for width, (d, _) in zip(m, sizes, strict=True)])
        load = np.log([N * np.log(N) for _, N in sizes])
        rows.append(
            {
                "memory": memory,
                "k": k,
                "measured": float(np.polyfit(load, size, 1)[0]),
                "error": 0.0,
                "predicted": 1.0,
                "last m d / (N log N)": float(np.exp(size[-1] - load[-1])),
            }
        )
    return judge_predictions("exponent of m d in N log N, predicted", rows, tolerance=tolerance)


def check_proof(*, seed: int, normalised: bool = True, gain: bool = True) -> Finding:
    """Check with sympy the moments and integrals that the law rests on."""
    return judge_steps(gated_proof_steps(normalised=normalised, gain=gain))


def check_symbols(
    *, seed: int, tolerance: float, parts: Sequence[str] = PARTS, mistake: str | None = None
) -> Finding:
    """Compare networks, their read-outs and fits, and leading widths with other computations."""
    return judge_symbols(
        list(network_rows(parts=parts, mistake=mistake)),
        tolerance=tolerance,
        note="by SciPy's polynomials, adaptive quadrature, and sums and solutions without tiles",
    )


def check_law(
    *,
    seed: int,
    tolerance: float,
    near: float,
    parts: Sequence[str] = (*CLOSE, *NEAR),
    mistake: str | None = None,
) -> Finding:
    """Compare the law of networks with sums over grids and facts, ``near`` where it has a grid."""
    return judge_arms(
        {
            name: judge_symbols(
                list(gated_rows(parts=[part for part in parts if part in known], mistake=mistake)),
                tolerance=allowed,
                note="by sums over fine grids and facts",
            )
            for name, known, allowed in (
                ("a neuron and the kernel", CLOSE, tolerance),
                ("many neurons", NEAR, near),
            )
        }
    )


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Recall of the networks against their laws, and the m d that 99% recall takes."""
    from matplotlib.figure import Figure

    rows: list[dict[str, Any]] = []
    labels = []
    for name in ("recall", "read-outs"):
        for row in findings[name].table if name in findings else ():
            rows.append(dict(row))
            sizes = [f"${key}={row[key]}$" for key in "kdNm" if row[key] is not None]
            labels.append(", ".join([str(row["memory"]), *sizes]))
    whole = Figure(figsize=(8.0, 1 + 0.18 * max(len(rows), 16)), layout="constrained")
    left, right = whole.subplots(1, 2)
    compare(left, rows, labels, "share of facts not recalled")
    left.tick_params(axis="y", labelsize=8)
    groups: dict[str, list[tuple[float, float, float | None]]] = {}
    for row in findings["width"].table if "width" in findings else ():
        load = row["N"] * np.log(row["N"])
        point = load, row["measured"] * row["d"], row["predicted"] * row["d"]
        groups.setdefault(f"gated-mlp, $k = {row['k']}$, {row['recall']:.0%}", []).append(point)
    for row in findings["scaling"].table if "scaling" in findings else ():
        point = row["N"] * np.log(row["N"]), row["m d"], row["predicted m"] * row["d"]
        groups.setdefault("whitened-mlp, 99%", []).append(point)
    load_axes(right, groups, r"$N \log N$")
    return whole


# --- Claims -------------------------------------------------------------------------------------

FEWEST = (
    ("bilinear-als", 64, 512, 20, None),
    ("bilinear-als", 64, 1024, 40, None),
    ("bilinear-margin", 64, 512, 14, None),
    ("bilinear-margin", 64, 1024, 28, None),
)

THEOREM = Theorem(
    name="mlp-capacity",
    title="MLP memories store about m d / log N facts, past d^2",
    source="NLB, Theorem 2, restated; law and constants derived here",
    statement=r"""
Under the hypotheses of `linear-capacity`, injectivity of $f$ aside: if
$m d \gtrsim N \operatorname{polylog} N$, and $N$ is at most a power of $d$ with the degree of
$\sigma$ growing with that power, then with high probability some $V, W \in \mathbb R^{m \times d}$
make $F(e) = V^\top \sigma(W e)$ recall every input. Judged are
$F(e) = \sum_i v_i\, h_k(\langle w_i, e\rangle) \langle p_i, e\rangle$ with
$p_i = \frac1m \sum_x h_k(\langle w_i, e_x\rangle) \langle v_i, u_{f(x)}\rangle e_x$, its form as a
two-layer network, and networks read out by least squares.
""",
    constants=r"""
Unspecified by the paper. A typical input needs
$2 \log N \,\bigl(N/(m d) + E h_k^4/m + N E t^{2k+2}/d\bigr) < 1$ to leading order; the law
of `theory/memories/gated.py` gives the rest without fitted parameters. Infinitely many neurons are
not enough once $N$ nears $d^{k+2}/(2 (2k+1)!! \log N)$. With gates of 1 and -1 in
place of polynomials all constants are explicit: theorem `sign-gates`, a proved variant.
""",
    deviations=r"""
The paper's network is the linearised one, with unspecified degree and polylog. Its leading-order
variances take the noise of a neuron as independent of its gate; it is larger by
$24/(d+2) + 90/((d+2)(d+4))$ of itself at $k = 2$ (claim `moments`), which matters at every size
that can be simulated.
""",
    outlook=network_outlook,
    hypotheses=(
        UNIFORM,
        INDEPENDENT,
        Hypothesis("N is at most a power of d that grows with the degree of sigma.", enough_degree),
        Hypothesis("m d is at least of the order of N polylog N.", enough_neurons),
    ),
    claims=(
        Claim(
            name="past-d-squared",
            kind=Kind.EXACT,
            source="NLB Theorem 2; certified in floating point",
            statement="True two-layer networks V^T sigma(W e) recall more than d^2 facts, every "
            "margin beyond a bound on its rounding error: by the construction of the proof all "
            "N = 4200 at d = 64 with m d below 50 N log N (below 65 where of ten none may fail), "
            "and with random W read out by least squares all N = 2048, twice d^2, at d = 32 with "
            "m d below 4 N log N. With half of the neurons neither does.",
            check=check_past,
            quick={
                # Half again the widths at which the law gives all of them every other time.
                "cases": (("mlp", 64, 4200, 24576, 2), ("whitened-mlp", 32, 2048, 1792, 2)),
                "most": (50.0, 4.0),
                "trials": 1,
            },
            # Of ten networks none may fail.
            full={
                "cases": (("mlp", 64, 4200, 34880, 2), ("whitened-mlp", 32, 2048, 1792, 2)),
                "most": (65.0, 4.0),
                "trials": 10,
            },
            must_fail={"cases": (("mlp", 32, 2048, 32768, 1),), "most": (70.0,)},
            why_fail="at degree 1 the kernel's own interference is too much for N = 2 d^2",
            fault={
                "damaged": True,
                "cases": (("whitened-mlp", 32, 2048, 1792, 2),),
                "most": (4.0,),
            },
            fault_text="the network is built without its last fact",
            near_misses={
                "half of the neurons, by the construction": {
                    "times": 0.5,
                    "cases": (("mlp", 64, 4200, 24576, 2),),
                    "most": (50.0,),
                },
                "half of the neurons, by least squares": {
                    "times": 0.5,
                    "cases": (("whitened-mlp", 32, 2048, 1792, 2),),
                    "most": (4.0,),
                },
                "twice the neurons": {
                    "times": 2.0,
                    "cases": (("whitened-mlp", 32, 2048, 1792, 2),),
                    "most": (4.0,),
                },
            },
        ),
        Claim(
            name="recall",
            kind=Kind.CONSTANT,
            source="derived here (docs/gated-memories.md)",
            statement="The expected share that gated and two-layer memories fail to recall is that "
            "of the law, to 10%, where it is a fifth: at d = 64 for k = 1, and from d = 32 on for "
            "k = 2 and 3.",
            check=check_failure,
            quick={
                "cases": (
                    ("gated-mlp", 64, 512, 1),
                    ("gated-mlp", 64, 256, 2),
                    ("gated-mlp", 32, 256, 3),
                    ("mlp", 32, 128, 2),
                ),
                "rate": 0.8,
                "budget": 4000,
                "tolerance": 0.1,
            },
            full={"rate": 0.95, "budget": 40000},
            must_fail={"wrong_degree": 1},
            why_fail="the law is taken at a degree that the network does not have",
            fault={"damaged": True},
            fault_text="the network is built without one fact in ten",
        ),
        Claim(
            name="width",
            kind=Kind.CONSTANT,
            source="derived here (docs/gated-memories.md)",
            statement="The m at which the expected recall is 90% is that of the prediction, to "
            "10%, for d in {32, 64}, k in {2, 3} and N from 4 d to 16 d.",
            check=check_width,
            quick={
                "sizes": ((32, 128, 2), (64, 256, 2), (32, 256, 3)),
                "rate": 0.9,
                "budget": 4000,
                "tolerance": 0.1,
            },
            full={
                "sizes": tuple(
                    (d, N, k) for d in (32, 64) for k in (2, 3) for N in (4 * d, 16 * d)
                ),
                "rate": 0.99,
                "budget": 40000,
            },
            must_fail={"wrong_degree": 1},
            why_fail="a network of degree 3 needs more neurons than the law says for degree 2",
            fault={"memory": "mlp", "sizes": ((32, 128, 2),)},
            fault_text="hidden neurons are counted instead of gates, two for each",
        ),
        Claim(
            name="kernel",
            kind=Kind.CONSTANT,
            source="derived here (docs/gated-memories.md)",
            statement="Infinitely many neurons leave the interference N E t^(2k+2) / d of the "
            "kernel <e, e'>^(k+1), and with it the share of failures that the law predicts, to "
            "10%: a degree that is too small fails whatever the width.",
            check=check_kernel,
            quick={
                "sizes": ((16, 256, 1), (32, 512, 1), (32, 1024, 1), (16, 512, 2)),
                "budget": 2000,
                "tolerance": 0.1,
            },
            full={
                "sizes": ((16, 256, 1), (32, 1024, 1), (32, 2048, 1), (16, 512, 2), (16, 1024, 3)),
                "budget": 10000,
                "tolerance": 0.05,
            },
            must_fail={"wrong_degree": 1},
            why_fail="a larger degree has no such interference",
            fault={"damaged": True},
            fault_text="the kernel is summed without every second fact",
        ),
        Claim(
            name="beyond-linear",
            kind=Kind.CONSTANT,
            source="this law beside that of sharp-linear-capacity",
            statement="At N = 2 d^2 random features read out by least squares recall 80% where "
            "W recalls next to nothing, both as predicted, to 20%.",
            check=check_beyond,
            quick={
                "d": 16,
                "N": 512,
                "degree": 2,
                "rate": 0.8,
                "budget": 2000,
                "tolerance": 0.2,
            },
            full={"d": 32, "N": 2048, "tolerance": 0.1},
            must_fail={"memory": "linear"},
            why_fail="a linear memory stands in for the network",
            fault={"memory": "sign"},
            fault_text="the network is replaced by a matrix of signs",
            near_misses={"the network in place of W": {"plain": "whitened-mlp"}},
        ),
        Claim(
            name="read-outs",
            kind=Kind.CONSTANT,
            source="derived here (docs/gated-memories.md)",
            statement="Random features read out by least squares (two-layer and bilinear), and the "
            "bilinear Hebbian memory, fail to recall the share that their laws predict, to 10%.",
            check=check_failure,
            quick={
                "cases": (
                    ("whitened-mlp", 64, 256, 1),
                    ("whitened-mlp", 32, 256, 1),
                    ("bilinear-ridge", 32, 256, None),
                    ("bilinear", 32, 128, None),
                ),
                "rate": 0.8,
                "budget": 4000,
                "tolerance": 0.1,
            },
            full={"rate": 0.95, "budget": 40000},
            must_fail={
                "predicted_as": "bilinear",
                "cases": (("bilinear-ridge", 32, 256, None),),
            },
            why_fail="the Hebbian read-out of the same features recalls less",
            fault={"damaged": True},
            fault_text="the read-out is fitted without one fact in ten",
        ),
        Claim(
            name="scaling",
            kind=Kind.SCALING,
            source="NLB Theorem 2 and Figure 1 (right); finite-size exponent predicted here",
            statement="Over two decades of m d and ratios m/d from 2 to 9, N log N grows with "
            "m d of two-layer networks with the exponent that the law has there, which is close "
            "to 1, to 0.04.",
            check=check_scaling,
            quick={
                "sizes": (
                    (16, 96),
                    (32, 256),
                    (64, 512),
                    (32, 512),
                    (64, 1024),
                    (128, 1024),
                    (128, 2048),
                ),
                "degree": 1,
                "trials": 3,
                "tolerance": 0.04,
            },
            full={"trials": 10},
            must_fail={"drop_log": True, "sizes": ((16, 96), (32, 256), (64, 1024), (128, 2048))},
            why_fail="N itself does not scale like m d: the logarithm is seen",
            fault={"confined_to": 128, "sizes": ((32, 128), (32, 256), (32, 512))},
            fault_text="the facts beyond the first 128 are silently left out",
        ),
        Claim(
            name="linear-in-m-d",
            kind=Kind.SCALING,
            source="NLB Theorem 2; derived here (docs/gated-memories.md)",
            statement="N scales like m d / log N: by the law the exponent of m d in N log N tends "
            "to 1, for gated memories and for least-squares read-outs, followed to N = 10^9.",
            check=check_limit,
            quick={
                "cases": (("gated-mlp", 2), ("gated-mlp", 3), ("whitened-mlp", 1)),
                "sizes": ((10**4, 10**7), (10**5, 10**8), (10**5, 10**9)),
                "tolerance": 0.04,
            },
            must_fail={"cases": (("gated-mlp", 2),), "sizes": ((64, 512), (64, 1024))},
            why_fail="at small N/d the fourth moment of h_k decides, and not N/(m d)",
            fault={"cases": (("bilinear", None),), "sizes": ((32, 64), (32, 128), (32, 192))},
            fault_text="features of a kernel that is too coarse for N stand in for the network",
        ),
        Claim(
            name="scaling-fixed-outputs",
            kind=Kind.SCALING,
            source="NLB Figure 6, by construction",
            statement="With a fixed number of outputs, M = 32, and d = 64, N scales like m d: the "
            "exponent is 1, to 0.1.",
            check=check_scaling,
            quick={
                "sizes": ((64, 256), (64, 512), (64, 1024), (64, 2048)),
                "degree": 2,
                "outputs": 32,
                "trials": 4,
                "tolerance": 0.1,
            },
            full={"trials": 10},
            must_fail={"outputs": 8, "sizes": ((16, 128), (32, 256), (64, 512), (128, 1024))},
            why_fail="with fewer outputs than dimensions m counts, and not m d",
            fault={"confined_to": 256},
            fault_text="the facts beyond the first 256 are silently left out",
        ),
        Claim(
            name="fewest",
            kind=Kind.EXACT,
            source="Dugan et al. (arXiv 2607.10034) for the architecture; fits derived here",
            statement="At d = 64 bilinear memories fitted by alternating least squares recall all "
            "512 facts of a random permutation with 2,688 parameters and all 1,024 with 5,376, "
            "every one certified (published: 15,360 and 35,328).",
            check=check_certified,
            quick={"cases": FEWEST, "trials": 1},
            full={"trials": 10},
            must_fail={"cases": (("bilinear-ridge", 64, 512, 80, None),)},
            why_fail="random features of the published width do not recall every fact",
            fault={"damaged": True, "cases": (("bilinear-margin", 64, 512, 14, None),)},
            fault_text="the network is fitted without its last fact",
        ),
        Claim(
            name="moments",
            kind=Kind.EXACT,
            source="docs/gated-memories.md",
            proof="docs/gated-memories.md, F.11, by sympy",
            statement="The Hermite moments, the mean noise gain and the integrals of the law hold "
            "symbolically.",
            check=check_proof,
            quick={},
            must_fail={"gain": False},
            why_fail="noise that ignores the gate is what the leading order assumes, and wrong",
            fault={"normalised": False},
            fault_text="the Hermite polynomials are not divided by sqrt(k!)",
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="docs/gated-memories.md",
            statement="Hermite polynomials and their moments, leading widths and degrees, gates, "
            "the step of the two-layer network, least-squares read-outs and the sweeps of a fit "
            "are those of independent computations, to 1e-8.",
            check=check_symbols,
            quick={"tolerance": 1e-8},
            must_fail={"mistake": "kernel of the degree below", "parts": ("widths",)},
            why_fail="the kernel that is left is one degree above that of the gate",
            fault={"mistake": "sum and not mean over neurons", "parts": ("gates",)},
            fault_text="what a gate lets through is not divided by m",
            near_misses={
                name: {"mistake": name, "parts": (part,)}
                for name, part in (
                    ("fourth moment of the degree below", "moments"),
                    ("not the minimiser", "step"),
                    ("no damping", "fits"),
                    ("margin not halved", "fits"),
                )
            },
        ),
        Claim(
            name="law-symbols",
            kind=Kind.EXACT,
            source="docs/gated-memories.md",
            statement="Noise gain, moments and characteristic function of a neuron, the kernel "
            "and the strengths of read-outs are those of independent computations, to 2e-6; sums "
            "of neurons, the failures they lead to and predicted widths, to 1.5%.",
            check=check_law,
            quick={"tolerance": 2e-6, "near": 0.015},
            must_fail={"mistake": "noise that ignores the gate", "parts": ("neuron", "means")},
            why_fail="noise that ignores the gate is what the leading order assumes, and wrong",
            fault={"mistake": "twofold", "parts": ("gain", "recall")},
            fault_text="what a neuron adds for a fact counts twice along its answer, not three "
            "times",
            near_misses={
                name: {"mistake": name, "parts": (part, other)}
                for name, part, other in (
                    ("all of a neuron across", "neuron", "means"),
                    ("kernel of the degree below", "kernel", "means"),
                    ("d for d + 2", "strengths", "means"),
                    ("2% more neurons", "gain", "sums"),
                )
            },
        ),
    ),
    figure=figure,
    caption="Left: share of $N$ facts that networks of $m$ neurons with a gate or activation of "
    "degree $k$ do not recall in dimension $d$. Dots: measured, with the intervals by "
    "which claims are judged (99.9% for all of a claim together). Blue bars: predicted, "
    "nothing fitted. Right: width times dimension, $m d$, at which networks recall 90% or "
    r"99% of the facts, against $N \log N$ (markers), and predicted (blue bars, nothing "
    "fitted).",
)
"""What m neurons store."""
