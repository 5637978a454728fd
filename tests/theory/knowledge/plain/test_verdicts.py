"""Verdicts question by question: by hand, and against the package."""

import pytest

from theory.claims import Verdict
from theory.judging import judge_symbols
from theory.knowledge.plain.sentences import uneven
from theory.knowledge.plain.verdicts import (
    answered,
    integer_weights,
    kind_of,
    record_symbols,
    verdict_symbols,
)


def test_a_tie_is_no_answer():
    assert answered([0, 2, 2], 1) == (False, 1)
    assert answered([0, 2, 2], 1, ties=True) == (True, 1)
    assert answered([0, 2, 2], 2) == (False, 1)
    assert answered([0, 1, 2], 2) == (True, 2)


def test_kinds_are_those_by_hand():
    given = uneven(0, seed=0)
    # Asked is (3, 1, 2), whose subject has 0 too; fine-tuned are (0, 1, 1) and (1, 1, 3).
    assert [kind_of(given, 6, [1, 4], value) for value in (2, 0, 1, 3, -1)] == [
        "other", "own", "tuned", "tuned", "none",
    ]  # fmt: skip
    # Asked is (2, 0, 0); that attribute has 3 as well, and no fact of it has 2.
    assert [kind_of(given, 5, [0], value) for value in (3, 2)] == ["set", "other"]


def test_integers_are_small_and_right_values_are_lifted():
    given = uneven(0, seed=0)
    out = integer_weights(given, seed=0)["O"]
    assert set(out.ravel()) <= set(range(9))
    values = out[given.first_value : given.first_filler, 3]
    assert values[2] >= 2
    assert values[0] >= 2


def test_the_package_agrees():
    rows = verdict_symbols(seed=1)
    assert judge_symbols(rows, tolerance=1e-9, note="").verdict is Verdict.HOLDS
    assert {name for name, _, _ in rows} >= {
        f"answers of kind {kind}" for kind in ("right", "own", "tuned", "set", "other", "none")
    }
    rows = record_symbols(seed=1)
    assert judge_symbols(rows, tolerance=1e-4, note="").verdict is Verdict.HOLDS


@pytest.mark.parametrize("changes", [{"ties": True}, {"any_filler": True}])
def test_mistakes_are_found(changes):
    found = judge_symbols(verdict_symbols(seed=1, **changes), tolerance=1e-9, note="")
    assert "right answers" in found.note
    assert found.verdict is Verdict.VIOLATED


def test_one_subject_less_is_found():
    found = judge_symbols(record_symbols(seed=1, fewer=1), tolerance=1e-4, note="")
    assert "fine-tuned subjects" in found.note
