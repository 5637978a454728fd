"""Covering subject by subject: by hand, and against the package."""

from fractions import Fraction

import pytest

from theory.claims import Verdict
from theory.judging import judge_symbols
from theory.knowledge.plain.covering import covering_symbols, grown


def along(n):
    return (n / (n + 1)) ** 0.5


def test_the_law_is_that_by_hand():
    # Two of three templates, twice: the same two, or all three.
    assert grown(3, 2, 2) == [0, 0, Fraction(1, 3), Fraction(2, 3)]
    assert grown(4, 1, 0) == [1, 0, 0, 0, 0]
    assert sum(grown(9, 4, 3)) == 1


def test_the_package_agrees():
    rows = covering_symbols(along=along)
    assert judge_symbols(rows, tolerance=1e-12, note="").verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"along": along, "squared": True}, "chance to be uncovered"),
        ({"along": lambda n: along(n) ** 2}, "cosine with the question"),
    ],
)
def test_mistakes_are_named(changes, wrong):
    found = judge_symbols(covering_symbols(**changes), tolerance=1e-9, note="")
    assert found.note == f"wrong: {wrong}"
