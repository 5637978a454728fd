"""Bits of tables with sets of right answers, against all tables and all maps of tiny sizes."""

import itertools
import math

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.oracles import complaint
from theory.bounds.answer_sets import answer_sets_range
from theory.bounds.uneven_bits import uneven_range


def held(relations, vocabulary):
    """Which maps (columns) hold which tables (rows), each made one by one."""
    facts = [(r, k) for r, (right, _) in enumerate(relations) for k in right]
    choices = [list(itertools.combinations(range(vocabulary), k)) for _, k in facts]
    tables = []
    for told in itertools.product(*choices):
        used = [set() for _ in relations]
        for (r, _), right in zip(facts, told, strict=True):
            used[r] |= set(right)
        disjoint = sum(map(len, used)) == len(set().union(*used))
        if disjoint and all(len(u) <= D for u, (_, D) in zip(used, relations, strict=True)):
            tables.append(told)
    maps = itertools.product(range(vocabulary), repeat=len(facts))
    return np.array(
        [[all(g in right for g, right in zip(said, told, strict=True)) for told in tables]
         for said in maps], float,
    ).T  # fmt: skip


TINY = [
    ([((1, 2), 3)], 3),
    ([((1, 2), 2)], 4),
    ([((2, 2), 3)], 4),
    ([((2, 3), 4)], 5),
    ([((1, 1, 2), 3)], 3),
    ([((1, 2, 2), 3)], 4),
    ([((2,), 2), ((1,), 1)], 4),
    ([((1, 2), 2), ((1,), 2)], 4),
    ([((2, 2), 2), ((2,), 2)], 4),
    ([((1, 1), 2), ((2,), 3)], 5),
]


@pytest.mark.parametrize(("relations", "vocabulary"), TINY)
def test_the_fewest_maps_that_hold_every_table_are_within_the_bounds(relations, vocabulary):
    low, high = answer_sets_range(relations, vocabulary)
    right = held(relations, vocabulary)
    one = np.ones(len(right))
    least = scipy.optimize.linprog(np.ones(right.shape[1]), -right, -one, method="highs")
    # Even shares of maps, which may be fewer in sum than whole ones, reach the lower bound.
    assert 2**low <= least.fun * (1 + 1e-9)
    whole = scipy.optimize.milp(
        np.ones(right.shape[1]),
        constraints=scipy.optimize.LinearConstraint(right, lb=1),
        integrality=np.ones(right.shape[1]),
        bounds=scipy.optimize.Bounds(0, 1),
    )
    assert whole.status == 0
    assert round(whole.fun) <= 2**high * (1 + 1e-9)


def test_sets_of_one_relation_that_are_all_its_answers_need_nothing():
    assert answer_sets_range([((3, 3), 3)], 3) == (0.0, 0.0)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 12)), min_size=1, max_size=5),
       st.integers(0, 20))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_with_one_answer_each_they_are_tables_as_before(relations, more):
    vocabulary = sum(D for _, D in relations) + more
    told = [((1,) * facts, D) for facts, D in relations]
    assert answer_sets_range(told, vocabulary) == uneven_range(relations, vocabulary)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_more_right_answers_need_fewer_bits(data):
    sizes = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    relations = [
        (tuple(data.draw(st.lists(st.integers(1, D), min_size=1, max_size=20))), D) for D in sizes
    ]
    vocabulary = sum(sizes) + data.draw(st.integers(0, 9))
    low, high = answer_sets_range(relations, vocabulary)
    naming = sum(math.log2(D / k) for right, D in relations for k in right)
    assert naming - 1e-9 <= low <= high + 1e-9
    plain = uneven_range([(len(right), D) for right, D in relations], vocabulary)
    assert low <= plain[0] + 1e-9
    assert high <= plain[1]


def test_a_set_larger_than_its_relations_answers_is_refused():
    assert complaint(answer_sets_range, [((1, 4), 3)], 9) == (
        "4 right answers of a fact whose relation has 3"
    )
    assert complaint(answer_sets_range, [((1, 0), 3)], 9) == (
        "0 right answers of a fact whose relation has 3"
    )
