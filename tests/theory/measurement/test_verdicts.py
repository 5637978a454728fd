"""Plain verdicts, and what the rules say."""

import pytest

from theory.claims import Verdict
from theory.measurement.verdicts import RULES, plain_verdict, said


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((-1.0, 1.0), Verdict.HOLDS),
        ((-1.0, 1.5), Verdict.INCONCLUSIVE),
        ((1.0, 2.0), Verdict.INCONCLUSIVE),
        ((1.25, 2.0), Verdict.VIOLATED),
        ((-3.0, -1.25), Verdict.VIOLATED),
        ((-3.0, 3.0), Verdict.INCONCLUSIVE),
    ],
)
def test_an_interval_is_within_or_beyond_or_neither(ends, verdict):
    assert plain_verdict(ends, -1.0, 1.0) is verdict


def test_a_rule_that_is_wrong_once_is_wrong():
    right = ("case", Verdict.HOLDS, Verdict.HOLDS)
    assert said([right] * 3).verdict is Verdict.HOLDS
    for wrong in (Verdict.VIOLATED, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE):
        assert said([right, ("other", Verdict.HOLDS, wrong)]).verdict is Verdict.VIOLATED
    assert said([right], [("number", 1.0, 2.0)]).note == "wrong: number"


@pytest.mark.parametrize("rule", RULES)
def test_rules_say_what_is_plain_and_wrong_ones_do_not(rule):
    assert RULES[rule](False).verdict is Verdict.HOLDS
    assert RULES[rule](True).verdict is Verdict.VIOLATED
