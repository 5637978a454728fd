"""What the theorem modules compute besides their claims, at sizes that take no time."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from assoc.memories.mlp import gated
from sims.gradient_flow.facts import FlowFacts
from sims.memories.construction import Construction
from sims.transformers.architecture import Architecture, Shape
from tests.helpers.simulate import uniform
from tests.helpers.sizes import SIZES
from theory.claims import Verdict
from theory.memories.capacity import capacity_of, limit_estimate
from theory.registry import find, registered
from theory.theorems import (
    knowledge_acquisition,
    linear_capacity,
    low_rank_capacity,
    mlp_capacity,
    sharp_linear_capacity,
)

LINEAR = Construction("linear")

TINY = Architecture("attention-mlp", 24, width=60), Shape(6, 4, 3)

TOLD = {"subjects": 8, "templates": 3, "values": 6}
BRIEF = {"steps": 60, "learning_rate": 0.5}

SMALL = {
    "attention-mlp": {
        "every-fact": {"cases": (TINY,)},
        "neurons": {"shapes": (Shape(4, 4, 3), Shape(8, 8, 3)), "trials": 2},
        "trade-off": {"shape": Shape(8, 8, 4), "d": 48, "head_dim": 4, "shares": (0.0, 0.5)},
    },
    "factual-bound": {
        "bounds": {"cases": 20, "sizes": (1000,)},
        "fitted-attention": {"draws": 3, "steps": 60},
        "fitted-mlp": {"draws": 3, "steps": 60},
        "paper": {"sizes": (10, 100, 1000)},
        "square": {"sizes": (10, 100, 1000)},
        "transformers": {"cases": ((Architecture("attention-only", 32), Shape(6, 4, 3)),)},
    },
    "floating-point": {
        "factors": {"n": 16, "ratio": 2.0},
        "doubt": {"lengths": (1, 8), "draws": 1},
    },
    "global-convergence": {
        "late-rate": {"cases": (FlowFacts(8, 3, 4, "random"),), "t_max": 1e4},
    },
    "information-bound": {
        "gap": {"d": (32, 48), "bits": (1, 2), "budget": 64, "tolerance": 0.3},
        "sign-constant": {"d": (16,), "trials": 4},
    },
    "knowledge-acquisition": {
        "floor": {
            "multiplicities": (1, 2),
            "told": TOLD,
            "training": BRIEF,
            "width": 12,
            "trials": 2,
            "shown": (2,),
        },
        "schedules": {
            "told": {**TOLD, "multiplicity": 2},
            "training": BRIEF,
            "width": 12,
            "batch": 8,
        },
    },
    "knowledge-extraction": {
        "superposition": {
            "multiplicities": (1, 2),
            "told": TOLD,
            "training": BRIEF,
            "width": 12,
            "trials": 2,
            "shown": (4,),
            "number": 4,
        },
        "covering": {
            "told": TOLD,
            "training": BRIEF,
            "width": 12,
            "trials": 2,
            "numbers": (1, 2),
        },
    },
    "linear-capacity": {"exponent": {"d": (16, 24, 32), "budget": 64, "tolerance": 0.3}},
    "low-rank-capacity": {
        "projector": {"sizes": ((16, 8),), "budget": 10},
        "sketch": {"sizes": ((16, 8),), "budget": 10},
    },
    "mlp-capacity": {
        "recall": {"cases": (("mlp", 16, 24, 1),), "budget": 4},
        "width": {"sizes": ((16, 24, 1),), "budget": 12},
        "kernel": {"sizes": ((16, 128, 1),), "budget": 4},
        "beyond-linear": {"d": 16, "N": 64, "budget": 2},
        "read-outs": {"cases": (("whitened-mlp", 16, 48, 1),), "budget": 4},
        "scaling": {"sizes": ((8, 24), (16, 48), (16, 96)), "trials": 3},
        "scaling-fixed-outputs": {"sizes": ((16, 32), (16, 64)), "outputs": 8, "trials": 2},
        "fewest": {"cases": (("bilinear-margin", 16, 48, 10, None),)},
    },
    "optimal-linear-capacity": {
        "capacity": {"d": (6, 8), "trials": (3, 3)},
        "decided": {"d": (8,), "trials": 2},
        "advantage": {"d": (8,), "trials": 3},
    },
    "power-law-bound": {
        "bound": {"exponents": (1.5,), "d": (16, 32), "trials": 4, "outputs": 64},
    },
    "sequential-learning": {
        "softmax": {"case": FlowFacts(8, 3, 4, length=6), "d": 48, "draws": 2, "t_max": 300.0},
        "slopes": {"case": FlowFacts(8, 3, 4), "alphas": (1e-8, 1e-6)},
        "order": {"sizes": ((8, 3, 4), (3, 6, 3))},
    },
    "sharp-linear-capacity": {
        "recall": {"d": (16, 24), "rates": (0.97,), "budget": 20},
        "bits": {"d": 16, "bits": (1, 2), "budget": 10},
    },
}

PANELS = {"attention-mlp": 2, "mlp-capacity": 2, "sequential-learning": 3}


@pytest.mark.parametrize("name", SMALL)
def test_every_theorem_draws_its_figure(name):
    theorem = find(name)
    findings = {
        claim.name: claim.check(seed=1, **{**claim.quick, **SMALL[name][claim.name]})
        for claim in theorem.claims
        if claim.name in SMALL[name]
    }
    figure = theorem.figure(findings)
    assert isinstance(figure, Figure)
    assert len(figure.axes) == PANELS.get(name, 1)
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert ax.get_legend() is not None
    # The caption says what is in each panel.
    places = [place for place in ("Left: ", "Middle: ", "Right: ") if place in theorem.caption]
    assert len(places) == (len(figure.axes) if len(figure.axes) > 1 else 0)


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_the_caption_of_a_figure_is_whole_sentences(theorem):
    assert theorem.caption.count(". ") >= 1
    assert theorem.caption.endswith(".")
    assert theorem.caption.count("$") % 2 == 0


@pytest.mark.parametrize("name", SMALL)
def test_the_same_seed_gives_the_same_finding(name):
    (claim, changes) = next(
        (c, SMALL[name][c.name]) for c in find(name).claims if c.name in SMALL[name]
    )
    first, again, other = (
        claim.check(seed=seed, **{**claim.quick, **changes}) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.table != other.table


def test_a_training_that_diverges_is_no_evidence_for_a_schedule(monkeypatch):
    for excess in ([[np.nan]], [[np.inf]]):
        monkeypatch.setattr(
            knowledge_acquisition, "extracted",
            lambda *_, pre_training, excess=excess, **__: {
                "excess": excess if pre_training.schedule == "constant" else [[0.1]]
            },
        )  # fmt: skip
        claim = next(c for c in find("knowledge-acquisition").claims if c.name == "schedules")
        assert claim.check(seed=0, **claim.quick).verdict is Verdict.VIOLATED


SILENT = ("information-bound", "power-law-bound")
"""Theorems that take everything for granted where only sizes are given."""


@pytest.mark.parametrize("name", SMALL)
def test_hypotheses_are_executable_on_sizes(name):
    theorem = find(name)
    good, bad, failing = SIZES[name]
    conditions = theorem.conditions(good)
    assert all(condition.holds for condition in conditions)
    assert conditions or theorem.name in SILENT
    assert [c.name for c in theorem.conditions(bad) if not c.holds] == failing


# --- linear-capacity ----------------------------------------------------------------------------


def test_checks_of_hypotheses_say_what_they_look_at():
    """It stands on the theorem's page."""
    silent = [
        f"{theorem.name}: {hypothesis}"
        for theorem in registered()
        for hypothesis in theorem.hypotheses
        if not (hypothesis.check.__doc__ or "").strip()
    ]
    assert silent == []


def test_a_fact_that_is_recalled_but_not_certified_violates_that_part(monkeypatch):
    judged = linear_capacity.certified_margins

    def unsure(*arguments):
        found = judged(*arguments)
        return type(found)(found.margin, np.full(len(found.margin), np.inf))

    assert linear_capacity.check_orthonormal(seed=0, d=(8,)).verdict is Verdict.HOLDS
    monkeypatch.setattr(linear_capacity, "certified_margins", unsure)
    finding = linear_capacity.check_orthonormal(seed=0, d=(8,))
    assert finding.verdict is finding.arms["certified"] is Verdict.VIOLATED
    assert finding.arms["recalled"] is Verdict.HOLDS
    assert finding.measured == 1


def test_real_vectors_are_judged_only_where_their_hypotheses_hold():
    regime = {"seed": 0, "N": 60, "rank": 8, "budget": 200, "tolerance": 0.3}
    raw = linear_capacity.check_real(preprocess="none", **regime)
    assert raw.verdict is Verdict.NOT_APPLICABLE
    assert raw.note == "hypothesis fails: unit norm, centred, isotropic"
    white = linear_capacity.check_real(preprocess="whiten", **regime)
    assert white.verdict in (Verdict.HOLDS, Verdict.INCONCLUSIVE)
    assert all(condition.holds for condition in white.conditions)


# --- sharp-linear-capacity ----------------------------------------------------------------------


@pytest.mark.parametrize(("level", "pairs", "steps"), [(0.125, 2, 4), (0.5, 1, 2)])
@pytest.mark.parametrize("d", [1e6, 1e12, 1e30])
def test_the_limit_estimate_is_exact_where_one_gaussian_pair_decides(level, pairs, steps, d):
    """Solve N^pairs exp(-s) / sqrt(4 pi s) = log 2 with s = d^2/(steps N) by bisection."""

    def excess(log_N):
        s = d**2 / (steps * np.exp(log_N))
        return pairs * log_N - s - 0.5 * np.log(4 * np.pi * s) - np.log(np.log(2))

    low, high = np.log(d), 2 * np.log(d)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    assert limit_estimate(d, np.exp(low), level) == pytest.approx(level, rel=1e-9)


def test_the_corrected_law_is_nearer_to_its_limit_than_the_raw_one():
    for level, rate in ((0.125, 1.0), (0.5, 0.5)):
        raw, corrected = [], []
        for d in (10**6, 10**9, 10**12):
            N = capacity_of(LINEAR, d=d, rate=rate)
            raw.append(abs(N * np.log(N) / d**2 / level - 1))
            corrected.append(abs(limit_estimate(d, N, level) / level - 1))
        assert all(c < r / 2 for c, r in zip(corrected, raw, strict=True))
        assert raw == sorted(raw, reverse=True)


def test_a_guarantee_above_the_prediction_is_a_violation(monkeypatch):
    regime = {"seed": 0, "d": (1e9,), "tolerance": 0.02}
    assert sharp_linear_capacity.check_limits(**regime).verdict is Verdict.HOLDS
    monkeypatch.setattr(sharp_linear_capacity, "guaranteed_capacity", lambda d: d**2)
    finding = sharp_linear_capacity.check_limits(**regime)
    assert finding.verdict is Verdict.VIOLATED
    assert "exceeds the predicted" in finding.note


def test_steps_that_are_not_proved_are_named():
    finding = sharp_linear_capacity.check_proof(seed=0, exponent=4)
    assert finding.verdict is Verdict.VIOLATED
    assert "union bound" in finding.note
    assert finding.measured == finding.predicted - 1


# --- low-rank-capacity --------------------------------------------------------------------------


def test_a_memory_that_ignores_the_rank_does_not_hold_what_the_law_says_of_it():
    regime = {"seed": 0, "d": 24, "ranks": (12, 24), "budget": 500, "tolerance": 0.3}
    assert low_rank_capacity.check_levels(**regime, memory="linear").verdict is Verdict.VIOLATED
    right = low_rank_capacity.check_levels(**regime)
    assert right.verdict is Verdict.HOLDS
    assert [row["m"] for row in right.table] == [12, 24]


# --- mlp-capacity -------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2])
def test_gated_memories_of_many_neurons_tend_to_the_kernel(k):
    """What m random neurons leave, at 2^13 and 2^17 of them: four times less, and little."""
    rng = np.random.default_rng(0)
    E, U, f = uniform((12, 8), rng), uniform((10, 6), rng), rng.integers(0, 10, 12)
    limit = mlp_capacity.kernel_memory(k)(E, U, f, rng=rng)
    assert limit.parameters == 12 * (8 + 6)
    other = uniform((20, 8), rng)
    by_hand = [sum((x @ e) ** (k + 1) * U[y] for x, y in zip(E, f, strict=True)) for e in other]
    np.testing.assert_allclose(limit(other), by_hand, rtol=1e-12)
    left = []
    for m in (2**13, 2**17):
        network = gated(m, k)(E, U, f, rng=np.random.default_rng(1))
        left.append(np.linalg.norm(network(E) - limit(E)) / np.linalg.norm(limit(E)))
    assert left[1] < 0.05
    assert left[0] / left[1] == pytest.approx(4, rel=0.4)


def test_a_network_that_is_not_certified_proves_nothing(monkeypatch):
    judged = mlp_capacity.certified_margins

    def unsure(*arguments):
        found = judged(*arguments)
        return type(found)(found.margin, np.full(len(found.margin), np.inf))

    regime = {"seed": 0, "cases": (("whitened-mlp", 16, 40, 60, 1),), "trials": 1}
    assert mlp_capacity.check_certified(**regime).verdict is Verdict.HOLDS
    monkeypatch.setattr(mlp_capacity, "certified_margins", unsure)
    finding = mlp_capacity.check_certified(**regime)
    assert finding.verdict is not Verdict.HOLDS
    assert finding.measured == 0
    assert finding.table[0]["smallest margin"] > 0


def test_a_moment_that_is_not_proved_is_named(monkeypatch):
    """The algebra itself is judged with the claim, and its wrong variants as its controls."""
    monkeypatch.setattr(
        mlp_capacity, "gated_proof_steps", lambda **wrong: [("right", True), ("gain", not wrong)]
    )
    finding = mlp_capacity.check_proof(seed=0, gain=False)
    assert finding.verdict is Verdict.VIOLATED
    assert (finding.measured, finding.predicted) == (1, 2)
    assert finding.note == "not proved: gain"
