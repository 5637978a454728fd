"""The rule of verdicts: holds within the tolerance, violated beyond it, and both errors bounded."""

import numpy as np
import pytest

from assoc.errors import InputError
from sims.engine.betting import betting_interval
from tests.helpers.oracles import one_line
from theory.claims import Verdict
from theory.equivalence import CLAIM_LEVEL, Equivalence


def row(low, high, predicted=1.0):
    return {"measured": (low + high) / 2, "interval": [low, high], "predicted": predicted}


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.95, 1.05), Verdict.HOLDS),
        ((1.0, 1.0), Verdict.HOLDS),
        ((0.85, 1.05), Verdict.INCONCLUSIVE),
        ((0.95, 1.2), Verdict.INCONCLUSIVE),
        ((0.5, 2.0), Verdict.INCONCLUSIVE),
        ((0.0, 1.0), Verdict.INCONCLUSIVE),
        ((1.0, np.inf), Verdict.INCONCLUSIVE),
        ((1.15, 1.2), Verdict.VIOLATED),
        ((0.8, 0.85), Verdict.VIOLATED),
        ((0.0, 0.85), Verdict.VIOLATED),
        ((1.15, np.inf), Verdict.VIOLATED),
        ((np.nan, np.nan), Verdict.INCONCLUSIVE),
    ],
)
@pytest.mark.parametrize("predicted", [1.0, 1e-6])
def test_where_the_interval_lies_decides(interval, verdict, predicted):
    ends = tuple(predicted * end for end in interval)
    assert Equivalence(0.1).verdict(ends, predicted) is verdict


def test_signs_count():
    rule = Equivalence(0.1)
    assert rule.verdict((-1.05, -0.95), -1.0) is Verdict.HOLDS
    assert rule.verdict((-1.2, -0.95), -1.0) is Verdict.INCONCLUSIVE
    assert rule.verdict((-1.3, -1.2), -1.0) is Verdict.VIOLATED
    assert rule.verdict((0.95, 1.05), -1.0) is Verdict.VIOLATED
    assert rule.verdict((-1.05, 0.3), -1.0) is Verdict.INCONCLUSIVE
    low, high = rule.deviation((-1.2, -0.9), -1.0)
    assert low < 0 < high
    with pytest.raises(InputError, match="prediction of 0"):
        rule.verdict((0.1, 0.2), 0.0)


def test_differences_are_judged_as_they_are():
    rule = Equivalence(0.1, scale="difference")
    assert rule.verdict((-0.05, 0.05), 0.0) is Verdict.HOLDS
    assert rule.verdict((1.95, 2.05), 2.0) is Verdict.HOLDS
    assert rule.verdict((2.11, 2.2), 2.0) is Verdict.VIOLATED
    assert rule.deviation((1.5, 2.5), 2.0) == (-0.5, 0.5)


def test_every_comparison_must_hold():
    rule = Equivalence(0.1, 3)
    good, vague, bad = row(0.95, 1.05), row(0.9, 1.3), row(1.2, 1.3)
    assert rule.judge("it", [good, good, good]).verdict is Verdict.HOLDS
    found = rule.judge("it", [good, vague, good])
    assert (found.verdict, found.interval) == (Verdict.INCONCLUSIVE, (0.9, 1.3))
    assert rule.judge("it", [good, bad, vague]).verdict is Verdict.VIOLATED
    found = rule.judge("it", iter([vague, bad]))
    assert (found.verdict, found.interval) == (Verdict.VIOLATED, (1.2, 1.3))
    assert [one["verdict"] for one in found.table] == ["inconclusive", "violated"]


def test_what_comes_after_a_violation_is_not_measured():
    def rows():
        yield row(1.2, 1.3)
        pytest.fail("measured all the same")

    assert Equivalence(0.1, 2).judge("it", rows()).verdict is Verdict.VIOLATED


def test_an_unbounded_interval_can_be_written_as_json():
    found = Equivalence(0.1).judge("it", [row(1.2, np.inf)])
    assert found.interval is None
    assert found.table[0]["interval"] == [1.2, None]
    assert found.table[0]["deviation"] == [np.log(1.2), None]


def test_the_level_is_shared_by_the_comparisons():
    assert Equivalence(0.1).level == CLAIM_LEVEL
    assert 1 - Equivalence(0.1, 10).level == pytest.approx((1 - CLAIM_LEVEL) / 10)


@pytest.mark.parametrize(("true", "wrong"), [(0.11, Verdict.VIOLATED), (0.111, Verdict.HOLDS)])
def test_both_errors_are_rare(monkeypatch, true, wrong):
    """At a level of 0.9 instead of 0.999: 300 runs err at most 48 times (level 0.0007 at 0.1)."""
    monkeypatch.setattr("theory.equivalence.CLAIM_LEVEL", 0.9)
    rule, rng, errors = Equivalence(0.1), np.random.default_rng(5), 0
    for _ in range(300):
        values = rng.binomial(30, true, 600) / 30
        errors += rule.verdict(betting_interval(values, level=rule.level), 0.1) is wrong
    assert errors <= 48


@pytest.mark.parametrize("tolerance", [0, -1, np.inf, np.nan])
def test_a_tolerance_that_nothing_can_meet_is_refused(tolerance):
    with pytest.raises(InputError, match="tolerance") as caught:
        Equivalence(tolerance)
    one_line(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"), [({"comparisons": 0}, "comparisons"), ({"scale": "cubic"}, "'cubic'")]
)
def test_bad_input_is_named(arguments, said):
    with pytest.raises(InputError, match=said):
        Equivalence(0.1, **arguments)


@pytest.mark.parametrize("rows", [[], [row(1, 1)], [row(1, 1)] * 3, [row(2, 2)] * 3])
def test_comparisons_must_be_as_many_as_share_the_level(rows):
    with pytest.raises(InputError, match="announced"):
        Equivalence(0.1, 2).judge("it", rows)


@pytest.mark.parametrize("scale", ["log", "difference"])
@pytest.mark.parametrize("intervals", [((0.97, 1.03),), ((0.95, 0.99), (0.98, 1.06))])
def test_what_would_be_noticed_is_noticed_in_either_direction(intervals, scale):
    rule = Equivalence(0.1, len(intervals), scale)
    found = rule.judge("level", [row(*ends) for ends in intervals])
    assert found.verdict is Verdict.HOLDS
    assert found.relative == (scale == "log")

    def verdicts(off):
        moved = [np.exp(off), np.exp(-off)] if scale == "log" else [1 + off, 1 - off]
        return {
            rule.judge("level", [row(*ends, predicted) for ends in intervals]).verdict
            for predicted in moved
        }

    assert verdicts(found.would_notice + 1e-9) == {Verdict.VIOLATED}
    assert verdicts(found.would_notice - 1e-9) != {Verdict.VIOLATED}


def test_what_does_not_hold_has_nothing_more_to_notice():
    assert Equivalence(0.1).judge("level", [row(0.5, 0.6)]).would_notice is None
