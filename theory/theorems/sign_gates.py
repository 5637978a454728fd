r"""Sign-gated networks recall N facts once m d is 8 N log N: a guarantee with every constant.

Statement. Let e_x and u_y be independent and uniform on the unit sphere of R^d and f a bijection of
[N]. Let s_i(e) = sgn cos(omega <w_i, e> + phi_i), w_i, v_i ~ N(0, I), phi_i uniform. Then
F(e) = (1/m) sum_i v_i s_i(e) <p_i, e> with p_i = sum_x s_i(e_x) <v_i, u_f(x)> e_x recalls every
fact but for a probability that :func:`theory.memories.sign_gates.failure_bound` bounds, for every
N, d, m and omega. For given embeddings, map and gates the probability over the outputs v_i is
bounded by :func:`theory.memories.drawn_gates.failure_bounds`. On all stored inputs a two-layer
network of 2 m hidden neurons and a piecewise linear activation computes the same F.

This is no proof of NLB's Theorem 2, whose activations are polynomials, but a variant of it in which
no constant and no logarithm is left open.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.memories.decoding import certified_margins
from assoc.memories.sign_gates import drawn_gates, sign_gated, sign_two_layer
from assoc.memories.sign_networks import PiecewiseLinear, SignGated
from sims.engine.parallel import blas_threads
from sims.memories.construction import Construction
from sims.memories.recall import measure
from theory.claims import Claim, Finding, Hypothesis, Kind, Theorem
from theory.equivalence import Equivalence
from theory.judging import (
    judge_bounds,
    judge_guarantee,
    judge_largest,
    judge_predictions,
    judge_symbols,
)
from theory.memories.checks import failure_row
from theory.memories.drawn_gates import failure_bounds
from theory.memories.faults import forgetful
from theory.memories.hypotheses import INDEPENDENT, INJECTIVE, UNIFORM, enough_gates
from theory.memories.outlook import gates_outlook
from theory.memories.plain.sign_gates import (
    determinant_sum,
    exponent_symbols,
    kernel_symbols,
    wrong_pairs_of_outputs,
)
from theory.memories.recall import expected_failure
from theory.memories.sign_gates import guaranteed_width
from theory.rendering.axes import comparison_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

# --- Checks -------------------------------------------------------------------------------------


def _sphere(n: int, d: int, rng: np.random.Generator) -> Floats:
    E = rng.standard_normal((n, d))
    return np.asarray(E / np.linalg.norm(E, axis=1)[:, None])


def check_kernels(
    *, seed: int, tolerance: float, frequency: float = 1.0, squared: bool = True
) -> Finding:
    """Compare kernels with means over one normal variable, of a wrong frequency or not squared."""
    return judge_symbols(
        kernel_symbols(frequency=frequency, squared=squared),
        tolerance=tolerance,
        note="by quadrature",
    )


def check_exponent(
    *, seed: int, tolerance: float, variance: float = 3.0, own: bool = True, extra: int = 0
) -> Finding:
    """Compare exponents of the unconditional bound with averages over normal variables.

    These have another ``variance`` of weighted signs, no ``own`` part, or ``extra`` dimensions.
    """
    return judge_symbols(
        exponent_symbols(variance=variance, own=own, extra=extra),
        tolerance=tolerance,
        note="by quadrature",
    )


def check_network(
    *,
    seed: int,
    cases: Sequence[tuple[str, int, int, int]],
    tolerance: float,
    stretch: float = 1.0,
    shared: bool = False,
    stored: bool = True,
) -> Finding:
    """Compare the two-layer network with its gates, for (gates, d, N, number of gates).

    ``stretch`` multiplies the steps; ``shared`` takes the median step for all; on inputs that are
    not ``stored`` nothing is claimed.
    """
    rows = []
    for gates, d, N, m in cases:
        rng = np.random.default_rng(seed)
        E, U, f = _sphere(N, d, rng), _sphere(N, d, rng), np.arange(N)
        gated = sign_gated(m, gates)(E, U, f, rng=np.random.default_rng(seed + 1))
        layered = sign_two_layer(2 * m, gates)(E, U, f, rng=np.random.default_rng(seed + 1))
        assert isinstance(gated, SignGated)
        assert isinstance(layered, PiecewiseLinear)
        step = np.linalg.norm(gated.V, axis=1) / np.linalg.norm(2 * layered.V[:m], axis=1)
        step = (np.full(m, np.median(step)) if shared else step)[:, None] * stretch
        if shared or stretch != 1:
            V = gated.V / (2 * step)
            W = np.concatenate([gated.W + step * gated.P, gated.W - step * gated.P])
            layered = PiecewiseLinear(W, np.concatenate([V, -V]), layered.phase)
        inputs = E if stored else _sphere(N, d, rng)
        off = np.linalg.norm(gated(inputs) - layered(inputs), axis=1)
        size = np.linalg.norm(gated(inputs), axis=1)
        rows.append({"gates": gates, "d": d, "N": N, "m": m, "off": float((off / size).max())})
    return judge_largest(
        "difference of the two networks, relative to their output",
        rows,
        "off",
        tolerance=tolerance,
        note=f"{len(rows)} networks, at every input",
    )


def check_drawn(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int]],
    draws: int,
    ratio: float,
    tolerance: float,
    spread: float = 0.0,
    other: bool = False,
    narrower: float = 1.0,
) -> Finding:
    """Compare pairs that go wrong over drawn outputs with their bound over ``ratio``: (d, N, m).

    ``spread`` is of the outputs' lengths; ``other`` bounds the pairs of other embeddings of the
    inputs, twice as close to one of them; ``narrower`` multiplies the width that is simulated.
    """
    rows = []
    for d, N, m in sizes:
        rng = np.random.default_rng(seed)
        E, U, f = _sphere(N, d, rng), _sphere(N, d, rng), np.arange(N)
        network = drawn_gates(m, "square", 4.0, d, d, np.dtype(np.float64), rng=rng)
        (bound,) = failure_bounds(network, E, U, f)
        few = round(narrower * m)
        assert network.phase is not None  # square waves have phases
        simulated = type(network)(
            network.W[:few], network.P[:few], network.V[:few], None, network.phase[:few]
        )
        asked = E + 0.5 * E[:1] if other else E
        with blas_threads(1):
            counts = wrong_pairs_of_outputs(
                simulated, asked, U, f, draws=draws, rng=rng, spread=spread
            )
        rows.append(
            {
                "d": d,
                "N": N,
                "m": m,
                "trials": draws,
                "measured": float(counts.mean()),
                "error": float(counts.std(ddof=1) / np.sqrt(draws)),
                "bound": float(bound),
                "predicted": float(bound) / ratio,
            }
        )
    return judge_predictions(
        "pairs (input, answer) that go wrong", rows, tolerance=tolerance, relative=True
    )


@cache
def _determinants(seed: int, d: int, N: int, m: int, gates: str) -> tuple[float, float]:
    """Sum of determinants, and its bound."""
    rng = np.random.default_rng(seed)
    E, U, f = _sphere(N, d, rng), _sphere(N, d, rng), np.arange(N)
    network = drawn_gates(m, gates, 4.0, d, d, np.dtype(np.float64), rng=rng)
    return determinant_sum(network, E, U, f), float(failure_bounds(network, E, U, f)[0])


def check_determinants(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int, str]],
    ratio: float,
    weakened: float = 1.0,
) -> Finding:
    """Compare bounds with the determinants that they bound, for (d, N, m, gates)."""
    rows = []
    for d, N, m, gates in sizes:
        exact, bound = _determinants(seed, d, N, m, gates)
        rows.append({"d": d, "N": N, "m": m, "exact": exact, "bound": weakened * bound})
    return judge_bounds(
        "sum over pairs of Gaussian determinants", rows, ratio=ratio, note="pair by pair"
    )


def check_certified(
    *,
    seed: int,
    cases: Sequence[tuple[int, int, int, float]],
    damaged: bool = False,
) -> Finding:
    """Count facts without a certificate, of true networks of (d, N, width, omega)."""
    rows: list[dict[str, Any]] = []
    for d, N, width, omega in cases:
        rng = np.random.default_rng(seed)
        E, U, f = _sphere(N, d, rng), _sphere(N, d, rng), np.arange(N)
        build = sign_two_layer(width, "square", omega)
        build = forgetful(build, fraction=1 / N) if damaged else build
        found = certified_margins(build(E, U, f, rng=rng), E, U, f)
        lost = int((~found.certified).sum())
        rows.append(
            {
                "d": d,
                "N": N,
                "width": width,
                "lost": lost,
                "margin": float(found.margin.min()),
                "rounding": float(found.bound.max()),
            }
        )
    return judge_largest(
        "facts without a certificate",
        rows,
        "lost",
        tolerance=0,
        note="smallest margin and largest rounding error",
    )


def check_law(
    *,
    seed: int,
    cases: Sequence[tuple[str, int, int, int]],
    budget: int,
    tolerance: float,
    frequency: float | None = None,
    share: float = 1.0,
    damaged: bool = False,
) -> Finding:
    """Compare the share that fails with the law, for (gates, d, N, m).

    The law is of another ``frequency``, or of ``share`` of the gates; ``damaged`` leaves out facts.
    """
    rule = Equivalence(tolerance, len(cases))
    rows = (
        failure_row(
            forgetful(sign_gated(m, gates), fraction=0.05) if damaged else sign_gated(m, gates),
            expected_failure(
                Construction("sign-gated", width=round(share * m), gates=gates, omega=frequency),
                d=d,
                N=N,
            ),
            rule=rule,
            d=d,
            N=N,
            budget=budget,
            seed=seed,
            experiment="sign-law",
            gates=gates,
            m=m,
        )
        for gates, d, N, m in cases
    )
    return rule.judge("share of facts not recalled", rows)


@cache
def _width(N: int, d: int, delta: float) -> int:
    """Width that is guaranteed, worked out once for a claim and its controls."""
    return guaranteed_width(N, d, delta=delta)


def check_guarantee(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int]],
    delta: float,
    trials: int,
    share: float = 1.0,
    frequency: float | None = None,
) -> Finding:
    """Draw trials at the width that is guaranteed, times ``share``, for (d, N)."""
    rows = []
    for d, N in sizes:
        width = max(1, round(share * _width(N, d, delta)))
        result = measure(
            "sign-gated", d=d, N=N, width=width, omega=frequency, trials=trials, seed=seed,
            experiment="sign-gates",
        )  # fmt: skip
        rows.append(
            {"d": d, "N": N, "m": width, "successes": result.points[0].whole, "trials": trials}
        )
    return judge_guarantee("probability that all facts are recalled", rows, delta=delta)


def check_limit(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int]],
    tolerance: float,
    constant: float = 8.0,
) -> Finding:
    """Compare m d / (N log N) at the guaranteed width with the limit 8, for (d, N)."""
    rows = []
    for d, N in sizes:
        width = _width(N, d, 0.5)
        found = width * d / (N * float(np.log(N)))
        rows.append(
            {"d": d, "N": N, "m": width, "measured": found, "error": 0.0, "predicted": constant}
        )
    return judge_predictions("guaranteed m d / (N log N)", rows, tolerance=tolerance, relative=True)


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Draw the pairs that go wrong beside their bound."""
    rows = findings["drawn"].table
    labels = [f"$d={row['d']}$, $N={row['N']}$, $m={row['m']}$" for row in rows]
    return comparison_figure(
        rows, labels, "pairs (input, wrong answer) in which the wrong one wins"
    )


# --- The theorem --------------------------------------------------------------------------------

THEOREM = Theorem(
    name="sign-gates",
    title="Sign-gated networks recall N facts once m d is 8 N log N, with every constant",
    source="derived in docs/sign-gates.md; a variant of NLB, Theorem 2, with other activations",
    statement=r"""
Let $e_x$ and $u_y$ be independent and uniform on the unit sphere of $\mathbb R^d$, $f$ a bijection
of $[N]$, and $s_i(e) = \operatorname{sgn}\cos(\omega \langle w_i, e\rangle + \phi_i)$ with
$w_i, v_i \sim N(0, I)$ and uniform phases $\phi_i$. Then
$F(e) = \frac1m \sum_{i \le m} v_i\, s_i(e)\, \langle p_i, e\rangle$ with
$p_i = \sum_x s_i(e_x)\, \langle v_i, u_{f(x)}\rangle\, e_x$ recalls every fact, but for an explicit
probability that falls below any $\delta$ once $m d > 8 N \log N\,(1 + o(1))$. On the stored inputs
$F$ is a true two-layer network of $2m$ hidden neurons with a triangle wave as activation.
""",
    constants="all explicit: `failure_bound` and `failure_bounds`, proved in docs/sign-gates.md",
    deviations="NLB's activations are polynomials; here they are piecewise linear, which is what "
    "makes the linearisation exact and its terms bounded. Theorem 2 itself is not proved.",
    outlook=gates_outlook,
    hypotheses=(
        UNIFORM,
        INDEPENDENT,
        INJECTIVE,
        Hypothesis("m d is at least of the order of N log N.", enough_gates),
    ),
    claims=(
        Claim(
            name="kernels",
            kind=Kind.EXACT,
            source="docs/sign-gates.md",
            statement="The kernels of one sign, of two signs and of square waves are those of the "
            "closed forms, to 1e-6 of quadrature.",
            check=check_kernels,
            quick={"tolerance": 1e-6},
            must_fail={"frequency": 1.2},
            why_fail="square waves of another frequency have another kernel",
            fault={"squared": False},
            fault_text="the kernel of two signs is not squared",
            near_misses={"a frequency 1% too high": {"frequency": 1.01}},
        ),
        Claim(
            name="exponent",
            kind=Kind.EXACT,
            source="docs/sign-gates.md",
            statement="The exponent of the unconditional bound is that of its averages over normal "
            "variables, to 1e-6.",
            check=check_exponent,
            quick={"tolerance": 1e-6},
            must_fail={"variance": 1.0},
            why_fail="signs weighted by chi-squares vary three times as much as equal ones",
            fault={"own": False},
            fault_text="what the right answer itself adds at right angles is left out",
            near_misses={
                "d for d - 1": {"extra": 1},
                "signs that vary a tenth less": {"variance": 2.7},
            },
        ),
        Claim(
            name="true-network",
            kind=Kind.EXACT,
            source="docs/sign-gates.md",
            statement="On every stored input the two-layer network equals its gates, to 1e-7 of "
            "the output, which is rounding.",
            check=check_network,
            quick={
                "cases": (("sign", 24, 300, 400), ("square", 24, 300, 400)),
                "tolerance": 1e-7,
            },
            full={"cases": (("sign", 64, 1024, 1200), ("square", 64, 1024, 1200))},
            must_fail={"stored": False},
            why_fail="an input that is not stored may lie between a kink and its neighbour",
            fault={"shared": True},
            fault_text="all neurons share the median step",
            near_misses={"steps longer by a fifth": {"stretch": 1.2}},
        ),
        Claim(
            name="drawn",
            kind=Kind.SUFFICIENT,
            source="derived in docs/sign-gates.md",
            statement="Given embeddings and gates, the bound on the pairs that go wrong over the "
            "outputs v_i is 12 times what is measured where it is about 50, to 30%: what any "
            "exponential inequality loses of a normal tail.",
            check=check_drawn,
            quick={
                "sizes": ((32, 128, 140), (48, 256, 205)),
                "draws": 300,
                "ratio": 12.0,
                "tolerance": 0.3,
            },
            full={"draws": 4000},
            must_fail={"spread": 0.6},
            why_fail="outputs of unequal lengths are not normal, and a few neurons decide",
            fault={"other": True},
            fault_text="what is asked is half the first input besides the one that is meant",
            near_misses={"a fifth of the gates is missing": {"narrower": 0.8}},
        ),
        Claim(
            name="determinants",
            kind=Kind.EXACT,
            source="derived in docs/sign-gates.md",
            statement="The bound by moments is never below the Gaussian determinants, and at most "
            "twice them.",
            check=check_determinants,
            quick={
                "sizes": ((16, 40, 150, "square"), (24, 64, 160, "sign"), (24, 64, 160, "square")),
                "ratio": 2.0,
            },
            must_fail={"weakened": 0.6},
            why_fail="three fifths of the bound are no bound",
            fault={"weakened": 1.5},
            fault_text="the bound is half as large again",
            near_misses={"a bound smaller by a quarter": {"weakened": 0.75}},
        ),
        Claim(
            name="certified",
            kind=Kind.EXACT,
            source="docs/sign-gates.md",
            statement="In one pass over the facts and without a solve, a true two-layer network "
            "of 12,000 hidden neurons recalls all 2,048 facts at d = 32, every one certified "
            "(quick: 512 facts with 2,600).",
            check=check_certified,
            quick={"cases": ((32, 512, 2600, 3.0),)},
            full={"cases": ((32, 2048, 12_000, 3.0),)},
            must_fail={"cases": ((32, 512, 900, 3.0),)},
            why_fail="a third of the neurons is fewer than the facts need",
            fault={"damaged": True},
            fault_text="the network is built without its last fact",
            near_misses={"kernel with a floor": {"cases": ((32, 512, 2600, 0.7),)}},
        ),
        Claim(
            name="guarantee",
            kind=Kind.SUFFICIENT,
            source="derived in docs/sign-gates.md",
            proof="docs/sign-gates.md, S.5",
            statement="At the width that is guaranteed for random facts all are recalled, with "
            "probability at least 1 - delta.",
            check=check_guarantee,
            quick={"sizes": ((32, 64), (48, 192)), "delta": 0.5, "trials": 40},
            full={"sizes": ((32, 64), (64, 512)), "trials": 200},
            must_fail={"share": 0.25},
            why_fail="with a quarter of the width some fact is forgotten",
            fault={"frequency": 0.3},
            fault_text="the frequency is so low that all gates are alike",
            near_misses={"a third of the width": {"share": 0.33}},
        ),
        Claim(
            name="limit",
            kind=Kind.CONSTANT,
            source="derived in docs/sign-gates.md",
            statement="m d / (N log N) of the guaranteed width is within 6% of its limit 8 at "
            "N = 10^8 and 10^9, d = 4096.",
            check=check_limit,
            quick={"sizes": ((4096, 10**8), (4096, 10**9)), "tolerance": 0.06},
            must_fail={"sizes": ((64, 512), (64, 1024))},
            why_fail="at small d what is of the order of log N / d beside 1 is not small",
            fault={"constant": 7.0},
            fault_text="the limit is claimed to be 7",
            near_misses={"a limit 15% higher": {"constant": 8 * 1.15}},
        ),
        Claim(
            name="law",
            kind=Kind.CONSTANT,
            source="derived in docs/sign-gates.md",
            statement="The share of facts that square waves fail to recall is the predicted one, "
            "to 25%.",
            check=check_law,
            quick={
                "cases": (("square", 32, 128, 70), ("square", 48, 256, 130)),
                "budget": 400,
                "tolerance": 0.25,
            },
            full={"budget": 4000},
            must_fail={"frequency": 0.5},
            why_fail="a lower frequency has a kernel with a floor, and forgets more",
            fault={"damaged": True},
            fault_text="every twentieth fact is left out of the memory",
            near_misses={"a law of a fifth more gates": {"share": 1.2}},
        ),
    ),
    figure=figure,
    caption="Expected number of pairs of an input and a wrong answer in which the wrong one wins, "
    "for $N$ facts, $m$ gates and dimension $d$. Dots: mean over drawn output vectors "
    "$v_i$ with embeddings and gates fixed, and the intervals by which the claim `drawn` "
    "is judged (99.9% for all together). Blue bars: the proved bound over the ratio that "
    "the claim states, since the bound is that much larger.",
)
"""The theorem, as the registry finds it."""
