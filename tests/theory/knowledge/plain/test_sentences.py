"""Sentences by loops, against sentences by hand, and against the package."""

import math

import numpy as np
import pytest

from assoc.facts.knowledge import Knowledge
from theory.claims import Verdict
from theory.judging import judge_symbols
from theory.knowledge.plain.sentences import (
    condition_symbols,
    entropies,
    floor_symbols,
    uneven,
    written,
)

FACTS = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])
TOLD = np.array([[1, 1, 0], [0, 0, 1], [0, 1, 0]], dtype=bool)
THREE = Knowledge(2, 2, 2, FACTS, np.array([0, 0, 1]), TOLD, 0)


def test_sentences_and_questions_are_those_by_hand():
    # Subjects 0 and 1, templates 2 to 4, questions 5 and 6, values 7 and 8.
    told = [(0, [0, 2, 8]), (0, [0, 3, 8]), (1, [0, 4, 7]), (2, [1, 3, 7])]
    assert written(THREE) == told
    assert written(THREE, "asked") == [(0, [0, 5, 8]), (1, [0, 6, 7]), (2, [1, 5, 7])]
    assert written(THREE, "untold") == [(2, [1, 2, 7])]
    assert entropies([one for _, one in told]) == pytest.approx([0.75 * math.log(3), 0.0])


def test_fillers_are_written_in_every_choice():
    given = uneven(2, seed=0)
    ones = [one for row, one in written(given, "asked") if row == 0]
    first = given.first_filler
    assert [(one[1] - first, one[3] - first) for one in ones] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_the_package_agrees():
    for rows in (floor_symbols(seed=3), condition_symbols()):
        assert judge_symbols(rows, tolerance=1e-6, note="").verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        (floor_symbols(seed=3, even=True), "entropy floor"),
        (floor_symbols(seed=3, unseen=True), "contexts asked, contexts untold"),
        (condition_symbols(least=9), "shown"),
        (condition_symbols(common=2.5), "tied"),
    ],
)
def test_mistakes_are_named(rows, wrong):
    assert judge_symbols(rows, tolerance=1e-6, note="").note == f"wrong: {wrong}"
