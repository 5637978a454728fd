"""Shares below bounds: what is clear, and what is not."""

import pytest

from theory.claims import Verdict
from theory.knowledge.checks import judge_below

CLEAR = {"measured": 0.5, "low": 0.4, "high": 0.6, "bound": 0.61}


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        (0.6, Verdict.HOLDS),
        (0.599, Verdict.INCONCLUSIVE),
        (0.4, Verdict.INCONCLUSIVE),
        (0.399, Verdict.VIOLATED),
    ],
)
def test_the_whole_interval_decides(bound, verdict):
    found = judge_below("share", [CLEAR, {**CLEAR, "bound": bound}], note="by hand")
    assert found.verdict is verdict
    assert (found.predicted, found.interval) == (bound, (0.4, 0.6))
    assert len(found.table) == 2


def test_one_violation_outweighs_what_cannot_be_told():
    rows = [{**CLEAR, "bound": bound} for bound in (0.5, 0.3, 0.9)]
    assert judge_below("share", rows, note="by hand").verdict is Verdict.VIOLATED
