"""Rows that claims are judged by: what is measured, until enough is known, and its interval."""

import numpy as np
import pytest

from assoc.errors import InputError
from sims.memories.construction import Construction
from sims.memories.recall import measure
from theory.claims import Verdict
from theory.equivalence import Equivalence
from theory.memories.checks import (
    FIRST,
    GROWTH,
    capacity_row,
    failure_row,
    largest_counted,
    measured_mean,
    threshold_row,
    whole_row,
    width_row,
)
from theory.memories.recall import expected_failure

LINEAR = Construction("linear")
RULE = Equivalence(0.2)


def coin(chance, seed=3):
    """Shares of a coin, the same ones for the same trials."""
    values = (np.random.default_rng(seed).random(20_000) < chance).astype(float)

    def sample(trials, first):
        return values[first : first + trials]

    return sample


def test_trials_go_on_until_the_interval_is_enough_and_none_is_drawn_twice():
    asked = []

    def sample(trials, first):
        asked.append((first, trials))
        return coin(0.5)(trials, first)

    values, (low, high) = measured_mean(
        sample, budget=5000, level=0.99, settled=lambda ends: ends[1] - ends[0] < 0.2
    )
    seen = 0
    for first, trials in asked:
        assert first == seen
        assert trials == max(FIRST, int(GROWTH * seen))
        seen += trials
    assert len(values) == sum(trials for _, trials in asked) < 5000
    assert low < 0.5 < high


def test_a_trial_counts_up_to_twice_what_is_expected_and_ten_facts():
    assert largest_counted(0.05, 1000) == pytest.approx(0.11)
    assert largest_counted(0.05, 20) == pytest.approx(0.6)
    assert largest_counted(0.6, 1000) == 1


def test_what_is_larger_counts_as_the_largest_and_less_is_needed():
    """Of values up to 1 near 0.1, 252 are too few to exclude a mean of 0.12, however they lie."""
    rng = np.random.default_rng(8)
    shares = rng.normal(0.1, 0.01, 4000)
    shares[50::100] = 1.0

    def sample(trials, first):
        return shares[first : first + trials]

    def known(most):
        return measured_mean(
            sample, budget=4000, level=0.99, most=most,
            settled=lambda ends: ends[0] > 0.09 and ends[1] < 0.12,
        )  # fmt: skip

    plain, _ = known(1.0)
    cut, (low, high) = known(0.2)
    assert np.log(2 / 0.01) / -np.log1p(-0.02 / 0.9) < 252
    assert len(cut) < 252 <= len(plain)
    assert cut.max() == 0.2
    np.testing.assert_array_equal(cut, np.minimum(shares[: len(cut)], 0.2))
    assert low < 0.99 * 0.1 + 0.01 * 0.2 < high


def test_a_budget_is_not_exceeded():
    values, _ = measured_mean(coin(0.5), budget=100, level=0.99, settled=lambda _: False)
    assert len(values) == 100


def test_failures_are_those_of_measurement_and_law():
    given = {"d": 16, "N": 20, "seed": 5, "experiment": "test"}
    row = failure_row("linear", 0.18, rule=RULE, budget=600, kind="plain", **given)
    trials = row["trials"]
    point = measure("linear", trials=trials, **given).points[0]
    assert row["measured"] == pytest.approx(1 - point.recall)
    assert (row["kind"], row["d"], row["N"], row["predicted"]) == ("plain", 16, 20, 0.18)
    assert row["interval"][0] < row["measured"] < row["interval"][1]


def test_a_prediction_that_is_far_off_is_settled_long_before_the_budget():
    predicted = expected_failure(LINEAR, d=32, N=40)
    row = failure_row(
        "sign", predicted, rule=RULE, d=32, N=40, budget=10_000, seed=5, experiment="test"
    )
    assert row["trials"] <= 4 * FIRST
    assert RULE.verdict(row["interval"], row["predicted"]) is Verdict.VIOLATED


def test_whole_recall_is_judged_by_minus_its_logarithm():
    row = whole_row("linear", 0.6, rule=RULE, d=16, N=12, budget=300, seed=5, experiment="test")
    point = measure("linear", d=16, N=12, trials=row["trials"], seed=5, experiment="test")
    chance = point.points[0].whole / row["trials"]
    assert row["measured"] == pytest.approx(-np.log(chance))
    assert row["predicted"] == 0.6
    assert row["interval"][0] < row["measured"] < row["interval"][1]


def failing_from(threshold, *, rising=True):
    """One half fails at a size; far less below it and far more above, or the reverse."""

    def failures(size, trials, first):
        chance = np.clip(0.5 + (size - threshold) / 50 * (1 if rising else -1), 0.02, 0.98)
        return coin(chance, seed=size)(trials, first)

    return failures


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize(
    ("threshold", "verdict"),
    [(100, Verdict.HOLDS), (60, Verdict.VIOLATED), (150, Verdict.VIOLATED)],
)
def test_a_threshold_is_bracketed_by_sizes_around_the_prediction(threshold, verdict, rising):
    failures = failing_from(threshold, rising=rising)
    row = threshold_row(failures, 100.0, rule=RULE, failing=0.5, budget=2000, rising=rising)
    assert row["interval"][0] <= threshold <= row["interval"][1]
    assert RULE.verdict(row["interval"], 100.0) is verdict
    if verdict is Verdict.HOLDS:
        assert row["interval"] == [82, 122]
        assert row["measured"] == pytest.approx(100, rel=0.1)


def test_a_threshold_at_an_end_is_left_open():
    """With few trials nothing is shown of an end that is where the threshold is."""
    row = threshold_row(failing_from(82), 100.0, rule=RULE, failing=0.5, budget=64)
    assert row["interval"][0] == 0
    assert RULE.verdict(row["interval"], 100.0) is Verdict.INCONCLUSIVE


def test_a_tolerance_without_two_sizes_in_it_is_refused():
    with pytest.raises(InputError, match="too fine for a size of 7"):
        threshold_row(coin, 7.0, rule=Equivalence(0.05), failing=0.5, budget=10)


def test_a_capacity_and_a_width_lie_in_their_brackets():
    row = capacity_row(
        "linear", 33.3, rule=RULE, d=32, rate=1, budget=1500, seed=5, experiment="test", b=1
    )
    assert row["interval"] == [28, 40]
    assert (row["b"], row["d"], row["predicted"]) == (1, 32, 33.3)
    network = Construction("whitened-mlp", degree=1)
    row = width_row(
        network, 60.0, rule=RULE, d=16, N=64, rate=0.5, budget=300, seed=5, experiment="test"
    )
    assert row["interval"][0] < row["interval"][1]
    assert (row["d"], row["N"], row["predicted"]) == (16, 64, 60.0)


def test_neurons_in_pairs_are_counted_one_by_one():
    row = width_row(
        Construction("mlp", degree=1), 60.0, rule=RULE, d=16, N=24, rate=0.9, budget=64, seed=5,
        experiment="test",
    )  # fmt: skip
    assert all(end % 2 == 0 for end in row["interval"] if np.isfinite(end))
