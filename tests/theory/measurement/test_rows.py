"""Rows of memories and shares whose law is known."""

import math

import pytest

from theory.claims import Verdict
from theory.measurement.rows import ROWS, plain_threshold


def test_a_threshold_is_seen_from_the_sizes_around_it():
    """Sizes from 42 to 59 are within 0.18 of 50 in logarithm."""
    given = {"predicted": 50.0, "tolerance": 0.18, "failing": 0.5}
    for place, ends in (
        (50.5, (42, 59)),
        (41.5, (41, 42)),
        (59.5, (59, 60)),
        (90.0, (60, math.inf)),
    ):
        low, high, between = plain_threshold(
            lambda n, place=place: 1 / (1 + (place / n) ** 4), **given
        )
        assert (low, high) == ends
        assert between == pytest.approx(min(59, max(42, place)))


@pytest.mark.parametrize("row", ROWS)
def test_rows_are_as_their_law_says_and_not_of_another(row):
    assert ROWS[row](seed=0, off=0).verdict is Verdict.HOLDS
    assert ROWS[row](seed=0, off=1).verdict is Verdict.VIOLATED
