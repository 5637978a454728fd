"""The second computation of the law of plain sums, its counts and its means."""

import numpy as np
import pytest
from scipy import stats

from theory.transformers.plain import superposed as independent
from theory.transformers.plain.superposed import CASES, MISTAKES, law_rows


def worst(rows):
    """Largest relative difference of all rows."""
    return max(abs(ours - theirs) / (abs(theirs) or 1.0) for _, ours, theirs in rows)


@pytest.mark.parametrize("case", CASES)
def test_the_law_agrees(case):
    assert worst(law_rows(cases=(case,))) < 2e-5


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_seen(mistake):
    assert worst(law_rows(cases=CASES[4:], mistake=mistake)) > 1e-4


def test_counts_of_two_subjects_and_two_answers():
    """The other subject has the answer with chance 1/2, and then no other answer occurs."""
    n = independent._count(2, 2, 2, 2)
    assert (n.rivals, n.same, n.both) == (0.5, 0.5, 0.25)
    assert n.others == (1, 1)
    assert n.alike == 2 / 1.5


def test_chances_on_the_sphere_are_those_of_the_beta_law():
    """T^2 of a coordinate in R^d is Beta(1/2, (d - 1)/2)."""
    found = independent._beyond(np.array([0.3, -0.3]), np.array([0.91, 0.91]), 7)
    half = stats.beta.sf(0.09, 0.5, 3) / 2
    assert found == pytest.approx([half, 1 - half])


@pytest.mark.parametrize("terms", [2.5, 40.0])
def test_grids_have_the_moments_that_they_are_for(terms):
    z, weight = independent._score_grid(terms, 12, None)
    assert weight.sum() == pytest.approx(1)
    assert weight @ z**2 == pytest.approx(1, rel=1e-6)
    assert weight @ z**4 == pytest.approx(3 - 6 / 14 / terms, rel=1e-6)
    q, weight = independent._length_grid(terms, 12)
    assert weight @ q == pytest.approx(1, rel=1e-6)
    assert weight @ (q - 1) ** 2 == pytest.approx(2 * (1 - 1 / terms) / 11, rel=1e-4)


def test_independent_events_make_no_clumps():
    assert independent._clumps(3.0, (1.0, 1.0, 1.0, 1.0), (0.2, 0.0, 0.1, 0.0)) <= 1
    assert independent._clumps(0.0, (1.0, 0.0, 0.0, 1.0), (0.2, 0.1, 0.1, 0.1)) == 1


def test_a_head_of_one_token_hardly_looks_away_in_many_dimensions():
    assert independent._looking(4, 10**4, 1, 8) == pytest.approx(1, abs=1e-12)
    assert 0 < independent._looking(4, 10, 4, 8) < independent._looking(4, 40, 4, 8) < 1
