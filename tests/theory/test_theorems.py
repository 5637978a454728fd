"""What the theorem modules compute besides their claims, at sizes that take no time."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sims.construction import Construction
from theory.claims import Problem, Verdict
from theory.comparison import recall_row
from theory.prediction import capacity_of, expected_recall
from theory.registry import find
from theory.theorems import linear_capacity, low_rank_capacity, sharp_linear_capacity
from theory.theorems.sharp_linear_capacity import limit_estimate

LINEAR = Construction("linear")

SMALL = {
    "linear-capacity": {"exponent": {"d": (8, 16, 32), "trials": 8}},
    "low-rank-capacity": {
        "projector": {"sizes": ((16, 8),), "trials": 10},
        "sketch": {"sizes": ((16, 8),), "trials": 10},
    },
    "sharp-linear-capacity": {
        "recall": {"d": (16, 24), "rates": (0.97,), "trials": (20, 10)},
        "bits": {"d": 16, "bits": (1, 2), "trials": 10},
    },
}


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
    (ax,) = figure.axes
    assert ax.get_xlabel()
    assert ax.get_legend() is not None


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


@pytest.mark.parametrize("name", SMALL)
def test_hypotheses_are_executable_on_sizes(name):
    theorem = find(name)
    good = theorem.conditions(Problem(d=64, N=10, rank=48 if "rank" in name else None))
    assert all(condition.holds for condition in good)
    assert len(good) >= len(theorem.hypotheses)
    bad = theorem.conditions(Problem(d=8, N=1000, facts="random"))
    assert [c.name for c in bad if not c.holds] == ["f injective", "d^2 large enough for N"]


def test_a_row_says_what_was_measured_and_what_was_predicted():
    row = recall_row(
        "linear", LINEAR, d=16, N=10, trials=50, seed=3, experiment="test", colour="red"
    )
    assert next(iter(row)) == "colour"
    assert row["predicted"] == expected_recall(LINEAR, d=16, N=10)
    assert abs(row["measured"] - row["predicted"]) < 5 * row["error"] + 0.01
    other = recall_row("linear", LINEAR, d=16, N=20, trials=50, seed=4, experiment="test")
    assert (other["measured"], other["error"]) != (row["measured"], row["error"])


# --- linear-capacity ----------------------------------------------------------------------------


def test_a_fact_that_is_recalled_but_not_certified_proves_nothing(monkeypatch):
    judged = linear_capacity.certified_margins

    def unsure(*arguments):
        found = judged(*arguments)
        return type(found)(found.margin, np.full(len(found.margin), np.inf))

    assert linear_capacity.check_orthonormal(seed=0, d=(8,)).verdict is Verdict.HOLDS
    monkeypatch.setattr(linear_capacity, "certified_margins", unsure)
    finding = linear_capacity.check_orthonormal(seed=0, d=(8,))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.measured == 0


def test_real_vectors_are_judged_only_where_their_hypotheses_hold():
    regime = {"seed": 0, "N": 50, "trials": 2, "tolerance": 0.003}
    raw = linear_capacity.check_real(preprocessing="none", **regime)
    assert raw.verdict is Verdict.NOT_APPLICABLE
    assert raw.note == "hypothesis fails: unit norm, centred, isotropic"
    white = linear_capacity.check_real(preprocessing="whiten", **regime)
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


def test_a_memory_that_ignores_the_rank_has_no_slope():
    regime = {"seed": 0, "d": 24, "ranks": (6, 12, 24), "trials": 8, "tolerance": 0.08}
    flat = low_rank_capacity.check_rank_slope(**regime, memory="linear")
    assert abs(flat.measured) < 0.3 < flat.predicted
    right = low_rank_capacity.check_rank_slope(**regime)
    assert right.measured > 0.7
