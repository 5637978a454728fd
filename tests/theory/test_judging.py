"""Every rule has three outcomes, and raises false alarms as seldom as it says."""

import numpy as np
import pytest
from scipy import stats

from theory.claims import Condition, Finding, Verdict
from theory.equivalence import CLAIM_LEVEL
from theory.judging import (
    applicable,
    judge_arms,
    judge_bounds,
    judge_guarantee,
    judge_largest,
    judge_predictions,
    judge_slope,
    judge_symbols,
)

HOLDS, VIOLATED, INCONCLUSIVE = Verdict.HOLDS, Verdict.VIOLATED, Verdict.INCONCLUSIVE


def row(measured, error=0.01, predicted=0.5, **labels):
    return {"measured": measured, "error": error, "predicted": predicted, **labels}


# --- predictions --------------------------------------------------------------------------------


QUANTILE = stats.norm.ppf(0.5 + CLAIM_LEVEL / 2)
"""Standard errors on each side of a single comparison: 3.29."""


@pytest.mark.parametrize(
    ("difference", "error", "tolerance", "verdict"),
    [
        (0.0, 0.01, 0.04, HOLDS),
        (0.0, 0.01, 0.03, INCONCLUSIVE),
        (0.0319, 0.01, 0.065, HOLDS),
        (-0.0319, 0.01, 0.065, HOLDS),
        (0.0319, 0.01, 0.03, INCONCLUSIVE),
        (0.05, 0.01, 0.015, VIOLATED),
        (-0.05, 0.01, 0.015, VIOLATED),
        (0.0, 0.0, 0.002, HOLDS),
        (0.0021, 0.0, 0.002, VIOLATED),
    ],
)
def test_one_prediction(difference, error, tolerance, verdict):
    finding = judge_predictions("recall", [row(0.5 + difference, error)], tolerance=tolerance)
    assert finding.verdict is verdict
    assert finding.quantity == "recall"
    assert finding.predicted == 0.5
    assert finding.tolerance == tolerance
    low, high = finding.interval
    assert high - low == pytest.approx(2 * QUANTILE * error)
    assert low <= finding.measured <= high


@pytest.mark.parametrize(
    ("measured", "verdict"), [(102.0, HOLDS), (98.1, HOLDS), (103.1, VIOLATED), (96.9, VIOLATED)]
)
def test_a_relative_tolerance_is_that_of_logarithms(measured, verdict):
    rows = [row(measured, 1e-3, 100.0)]
    assert judge_predictions("N", rows, tolerance=0.02, relative=True).verdict is verdict


def test_all_must_agree_and_the_worst_is_shown():
    rows = [row(0.5, 0.001, d=1), row(0.54, 0.001, d=2), row(0.51, 0.001, d=3)]
    finding = judge_predictions("recall", rows, tolerance=0.015)
    assert finding.verdict is VIOLATED
    assert finding.measured == 0.54
    assert "of 3" in finding.note
    assert [r["d"] for r in finding.table] == [1, 2, 3]
    assert [r["verdict"] for r in finding.table] == ["holds", "violated", "holds"]
    assert judge_predictions("recall", [rows[0], rows[2]], tolerance=0.015).verdict is HOLDS


def test_one_blunt_measurement_makes_the_whole_inconclusive():
    rows = [row(0.5), row(0.5, 0.03)]
    assert judge_predictions("recall", rows, tolerance=0.05).verdict is INCONCLUSIVE
    assert judge_predictions("recall", rows, tolerance=0.2).verdict is HOLDS


@pytest.mark.parametrize("rows", [[row(0.5, np.nan)], [row(0.5), row(np.nan)]])
def test_an_unknown_error_or_value_never_holds(rows):
    """The standard error of a single trial is NaN."""
    assert judge_predictions("recall", rows, tolerance=0.1).verdict is INCONCLUSIVE
    assert judge_predictions("recall", [*rows, row(0.9)], tolerance=0.1).verdict is VIOLATED


def test_few_trials_have_the_quantile_of_student():
    low, high = judge_predictions("x", [row(0.5, trials=6)], tolerance=0.1).interval
    assert high - low == pytest.approx(0.02 * stats.t.ppf(0.5 + CLAIM_LEVEL / 2, 5))


def test_an_interval_that_is_given_is_the_one_that_is_judged():
    given = {"measured": 0.5, "interval": [0.49, 0.7], "predicted": 0.5}
    finding = judge_predictions("x", [given], tolerance=0.1)
    assert (finding.verdict, finding.interval) == (INCONCLUSIVE, (0.49, 0.7))


@pytest.mark.parametrize(("off", "wrong"), [(0.02, VIOLATED), (0.0201, HOLDS)])
def test_both_errors_at_the_edge_of_the_tolerance(off, wrong):
    """Half of 1 - CLAIM_LEVEL each, for normal values; 20,000 of them, fixed seed."""
    rng = np.random.default_rng(0)
    errors = sum(
        judge_predictions("x", [row(value, 0.001, 0.0)], tolerance=0.02).verdict is wrong
        for value in rng.normal(off, 0.001, 20_000)
    )
    assert errors <= stats.binom.ppf(0.9999, 20_000, (1 - CLAIM_LEVEL) / 2)


# --- guarantees ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "trials", "verdict"),
    [
        (200, 200, HOLDS),
        (1000, 1000, HOLDS),
        (960, 1000, HOLDS),
        (190, 200, INCONCLUSIVE),
        (50, 50, INCONCLUSIVE),
        (180, 200, INCONCLUSIVE),
        (150, 200, VIOLATED),
        (0, 10, VIOLATED),
        (1, 1, INCONCLUSIVE),
        (0, 1, INCONCLUSIVE),
    ],
)
def test_one_guarantee(successes, trials, verdict):
    finding = judge_guarantee("all", [{"successes": successes, "trials": trials}], delta=0.1)
    assert finding.verdict is verdict
    assert finding.predicted == 0.9
    assert finding.measured == successes / trials
    low, high = finding.interval
    assert low <= finding.measured <= high
    assert finding.table[0]["low"] == low


@pytest.mark.parametrize("delta", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("trials", [10, 50, 200])
def test_false_alarms_of_true_guarantees(trials, delta):
    """Summed exactly over the binomial law, at the worst success probability that is allowed."""
    outcomes = np.arange(trials + 1)
    verdicts = np.array(
        [
            judge_guarantee("all", [{"successes": k, "trials": trials}], delta=delta).verdict
            for k in outcomes
        ]
    )
    alarm = stats.binom.pmf(outcomes, trials, 1 - delta)[verdicts == VIOLATED].sum()
    # One side of a 99.9% interval.
    assert alarm <= 0.0005
    # And a guarantee that is broken, if only just, holds as seldom.
    missed = stats.binom.pmf(outcomes, trials, 1 - delta - 1e-12)[verdicts == HOLDS].sum()
    assert missed <= 0.0005


def test_one_broken_guarantee_is_enough_and_one_unsure_one_too():
    good = {"d": 1, "successes": 1000, "trials": 1000}
    unsure = {"d": 2, "successes": 20, "trials": 20}
    bad = {"d": 3, "successes": 10, "trials": 100}
    for rows, verdict, shown in (
        ([good], HOLDS, 1.0),
        ([good, unsure], INCONCLUSIVE, 1.0),
        ([bad, good, unsure], VIOLATED, 0.1),
    ):
        finding = judge_guarantee("all", rows, delta=0.1)
        assert finding.verdict is verdict
        assert finding.measured == shown
        assert f"{len(rows)} sizes" in finding.note
        assert [r["d"] for r in finding.table] == [r["d"] for r in rows]


# --- slopes -------------------------------------------------------------------------------------


def samples(slope, *, spread, trials=20, x=(0.0, 1.0, 2.0, 4.0)):
    rng = np.random.default_rng(5)
    return x, [(slope * value + rng.normal(0, spread, trials)).tolist() for value in x]


@pytest.mark.parametrize(
    ("slope", "spread", "verdict"),
    [(2.0, 0.01, HOLDS), (2.04, 0.001, HOLDS), (2.2, 0.01, VIOLATED), (2.0, 20.0, INCONCLUSIVE)],
)
def test_a_slope(slope, spread, verdict):
    x, y = samples(slope, spread=spread)
    rows = ({"d": 1},)
    finding = judge_slope("slope", x, y, 2.0, tolerance=0.05, rows=rows)
    assert finding.verdict is verdict
    assert finding.measured == pytest.approx(np.polyfit(x, np.mean(y, axis=1), 1)[0])
    assert finding.table == rows


# --- hypotheses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("trials", "delta"), [(200, 0.1), (400, 0.05), (100, 0.1)])
def test_a_guarantee_that_fails_as_often_as_would_be_noticed_seldom_holds(trials, delta):
    made = [{"successes": trials, "trials": trials}]
    found = judge_guarantee("all", made, delta=delta)
    assert found.verdict is HOLDS
    failing = found.would_notice
    assert failing > 1 - found.interval[0] - 0.05
    chances = stats.binom.pmf(np.arange(trials + 1), trials, 1 - failing)
    holding = sum(
        chance
        for successes, chance in enumerate(chances)
        if chance > 1e-12
        and judge_guarantee(
            "all", [{"successes": successes, "trials": trials}], delta=delta
        ).verdict
        is HOLDS
    )
    assert holding == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("exact", "ratio", "arms"),
    [
        ((1.0, 2.0), 1.5, {"sound": "holds", "tight": "holds"}),
        ((1.0, 2.5), 1.5, {"sound": "violated", "tight": "holds"}),
        ((1.0, 2.0), 1.2, {"sound": "holds", "tight": "violated"}),
        ((0.5, 2.5), 1.2, {"sound": "violated", "tight": "violated"}),
    ],
)
def test_bounds_are_never_below_and_not_far_above(exact, ratio, arms):
    rows = [
        {"exact": value, "bound": bound} for value, bound in zip(exact, (1.3, 2.2), strict=True)
    ]
    found = judge_bounds("errors", rows, ratio=ratio, note="by hand")
    assert found.arms == arms
    assert found.verdict is (Verdict.VIOLATED if "violated" in arms.values() else Verdict.HOLDS)
    assert found.measured in exact
    assert all(row["ratio"] == row["bound"] / row["exact"] for row in found.table)


@pytest.mark.parametrize("values", [(0.1, np.nan), (np.nan, 0.1), (0.1, np.nan, 0.2)])
def test_a_value_that_is_none_is_larger_than_all_that_is_allowed(values):
    found = judge_largest("off", [{"off": v} for v in values], "off", tolerance=1.0, note="")
    assert found.verdict is Verdict.VIOLATED
    assert np.isnan(found.measured)


def test_a_bound_that_is_none_is_not_sound():
    rows = [{"exact": 1.0, "bound": bound} for bound in (1.5, np.nan, 1.5)]
    assert judge_bounds("errors", rows, ratio=2.0, note="").verdict is Verdict.VIOLATED


def test_symbols_agree_or_are_named():
    rows = [("kappa", 0.5, 0.5), ("zeta", 2.0, 2.0 + 1e-9), ("rest", 1e-12, 0.0)]
    assert judge_symbols(rows, tolerance=1e-8, note="by hand").verdict is Verdict.HOLDS
    for wrong in (0.6, np.nan):
        found = judge_symbols([*rows, ("kappa", wrong, 0.5)], tolerance=1e-8, note="by hand")
        assert found.verdict is Verdict.VIOLATED
        assert found.note == "wrong: kappa"


def test_a_verdict_of_parts_is_that_of_the_worst():
    def part(verdict):
        return Finding(verdict, str(verdict), measured=1.0, note="seen", table=({"of": verdict},))

    parts = {"law": part(Verdict.HOLDS), "bound": part(Verdict.INCONCLUSIVE)}
    found = judge_arms(parts)
    assert (found.verdict, found.quantity) == (Verdict.INCONCLUSIVE, "inconclusive")
    assert found.note == "bound: seen"
    assert found.arms == {"law": Verdict.HOLDS, "bound": Verdict.INCONCLUSIVE}
    assert len(found.table) == 2
    parts["rate"] = part(Verdict.VIOLATED)
    assert judge_arms(parts).verdict is Verdict.VIOLATED
    assert judge_arms({"law": parts["law"]}).note == "seen"


def test_a_failing_hypothesis_is_named_and_nothing_is_concluded():
    conditions = [
        Condition("centred", False, "0.1", "0"),
        Condition("unit norm", True, "1", "1"),
        Condition("isotropic", False, "2", "1"),
    ]
    found = Finding(VIOLATED, "recall", measured=0.3, note="far off")
    judged = applicable(conditions, found)
    assert judged.verdict is Verdict.NOT_APPLICABLE
    assert judged.note == "hypothesis fails: centred, isotropic"
    assert judged.conditions == tuple(conditions)
    assert judged.measured == 0.3


@pytest.mark.parametrize("verdict", Verdict)
def test_hypotheses_that_hold_change_no_verdict(verdict):
    conditions = [Condition("unit norm", True, "1", "1")]
    judged = applicable(conditions, Finding(verdict, "recall", note="as it was"))
    assert judged.verdict is verdict
    assert judged.note == "as it was"
    assert judged.conditions == tuple(conditions)
