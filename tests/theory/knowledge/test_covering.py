"""Covering: the exact laws against enumeration, the bounds against the laws."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from assoc.errors import InputError
from theory.knowledge.covering import (
    all_covered,
    covered_law,
    exponential_bound,
    published_bound,
    reached,
    uncovered,
)

SIZES = [(1, 1, 2), (3, 1, 3), (4, 2, 2), (4, 3, 2), (5, 2, 2), (5, 5, 1), (4, 2, 0)]


def enumerated(R, K, n):
    """Return the law of the number covered, and the chance to be missed, by all draws."""
    sets = [frozenset(one) for one in itertools.combinations(range(R), K)]
    law, missed, total = [Fraction(0)] * (R + 1), Fraction(0), len(sets) ** n
    for drawn in itertools.product(sets, repeat=n):
        covered = frozenset().union(*drawn)
        law[len(covered)] += Fraction(1, total)
        missed += Fraction(sum(not one & covered for one in sets), total * len(sets))
    return law, missed


@pytest.mark.parametrize(("R", "K", "n"), SIZES)
def test_laws_are_those_of_all_draws(R, K, n):
    law, missed = enumerated(R, K, n)
    np.testing.assert_allclose(covered_law(R, K, n), [float(p) for p in law], rtol=1e-14)
    assert uncovered(R, K, n) == pytest.approx(float(missed), rel=1e-14)
    assert all_covered(R, K, n) == pytest.approx(float(law[R]), rel=1e-14)


@pytest.mark.parametrize(("R", "K", "n"), [(64, 3, 40), (40, 20, 7), (100, 1, 200)])
def test_the_law_of_many_templates_is_a_law_and_agrees_with_the_held_out_fact(R, K, n):
    law = covered_law(R, K, n)
    assert law.sum() == pytest.approx(1, rel=1e-13)
    assert (law >= 0).all()
    # Given c covered templates a fact misses them with probability C(R - c, K) / C(R, K).
    rest = np.array([np.prod([max(0, R - c - i) / (R - i) for i in range(K)])
                     for c in range(R + 1)])  # fmt: skip
    assert float(law @ rest) == pytest.approx(uncovered(R, K, n), rel=1e-12)


def test_bounds_are_in_their_order_and_the_published_exponent_is_smaller_by_its_factor():
    for R in range(2, 40):
        for K in range(1, R + 1):
            for n in (1, 3, 17):
                exact, ours, published = (
                    bound(R, K, n) for bound in (uncovered, exponential_bound, published_bound)
                )
                assert exact <= ours * (1 + 1e-12) <= published * (1 + 2e-12)
        factor = np.log(exponential_bound(R, 1, 1)) / np.log(published_bound(R, 1, 1))
        assert factor == pytest.approx(2 * R / np.log(R))
        assert factor >= 5.4


@pytest.mark.parametrize("sizes", [(3, 0, 1), (3, 4, 1), (0, 0, 1), (3, 1, -1)])
def test_sizes_out_of_range_are_named(sizes):
    with pytest.raises(InputError):
        uncovered(*sizes)


def test_chains_of_facts_reach_what_is_joined_to_them():
    rng = np.random.default_rng(0)
    for K in (1, 2, 3):
        told = np.argsort(rng.random((12, 9)), axis=1)[:, :K]
        tuned = np.array([0, 5])
        joined = reached(told, tuned, joined=True)
        plain = reached(told, tuned, joined=False)
        # By hand: grow the covered templates until nothing changes.
        covered = set(told[tuned].ravel().tolist())
        assert plain.tolist() == [bool(covered & set(row)) for row in told.tolist()]
        while grown := {t for row in told.tolist() if covered & set(row) for t in row} - covered:
            covered |= grown
        assert joined.tolist() == [bool(covered & set(row)) for row in told.tolist()]
        assert K > 1 or (joined == plain).all()


@pytest.mark.parametrize(
    ("told", "tuned"), [([0, 1], [0]), ([[0], [1]], [2]), ([[0], [-1]], [0]), ([[0]], [-1])]
)
def test_facts_that_are_not_there_are_named(told, tuned):
    with pytest.raises(InputError):
        reached(np.array(told), np.array(tuned), joined=True)
