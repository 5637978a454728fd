"""Draws beside their laws."""

import pytest

from theory.judging import judge_predictions
from theory.knowledge.plain.draws import drawn_rows, step_rows


def off(rows):
    """Symbols that are further from their laws than five standard errors."""
    return {row["symbol"] for row in rows
            if abs(row["measured"] - row["predicted"]) > 5 * row["error"]}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, set()),
        ({"replaced": True}, {"uncovered"}),
        ({"off": 1}, {"uncovered"}),
        ({"alike": True}, {"values 0 and 1 of a subject, shared"}),
    ],
)
def test_what_is_drawn_has_its_law(changes, wrong):
    assert off(drawn_rows(seed=3, draws=600, tuned=1, **changes)) == wrong


def test_a_step_on_drawn_contexts_is_that_of_all():
    rows = step_rows(seed=1, trials=60, batch=32)
    assert [row["symbol"] for row in rows] == ["step of Q", "step of W", "step of V"]
    assert not off(rows)
    assert off(step_rows(seed=1, trials=60, batch=32, once=True))


def test_rows_can_be_judged():
    found = judge_predictions(
        "mean", step_rows(seed=1, trials=60, batch=64), tolerance=0.2, relative=True
    )
    assert len(found.table) == 3
