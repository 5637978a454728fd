"""Bits of tables of uneven relations: bounds against counts, and where counting ends."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.oracles import complaint
from theory.bounds import uneven_bits as module
from theory.bounds.table_bits import bracket
from theory.bounds.table_counts import uneven_bits
from theory.bounds.uneven_bits import bracket_uneven, uneven_range

RELATIONS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 12)), min_size=1, max_size=5)


@given(RELATIONS, st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_the_count_is_between_the_bounds(relations, more):
    vocabulary = sum(D for _, D in relations) + more
    low, high = bracket_uneven(relations, vocabulary)
    counted = uneven_bits(relations, vocabulary)
    assert low <= counted * (1 + 1e-12)
    assert counted <= high * (1 + 1e-12)


@pytest.mark.parametrize(
    ("relations", "vocabulary", "share"),
    [
        ([(1000, 30), (300, 200)], 260, 0.005),
        ([(200, 40), (90, 3), (50, 50), (10, 1)], 120, 0.03),
        ([(400, 300)], 3000, 0.003),
    ],
)
def test_the_bounds_are_close(relations, vocabulary, share):
    low, high = bracket_uneven(relations, vocabulary)
    assert high - low < share * uneven_bits(relations, vocabulary)


def test_equal_relations_have_the_bounds_of_a_table_of_them():
    low, high = bracket_uneven([(50, 8)] * 6, 60)
    plain = bracket(50, 6, 8, 60)
    assert high == pytest.approx(plain[1], rel=1e-6)
    assert low == pytest.approx(plain[0], rel=0.01)


def test_what_is_cheap_is_counted_and_the_rest_is_not(monkeypatch):
    relations = [(40, 5), (7, 7)]
    assert uneven_range(relations, 20) == (uneven_bits(relations, 20),) * 2
    monkeypatch.setattr(module, "uneven_bits", None)
    low, high = uneven_range([(90_000, 3_000), (10_000, 7)], 5_000)
    assert 0 < low <= high < low * 1.001
    many = uneven_range([(2_000 + 10 * k, 100 + k) for k in range(41)], 10_000)
    assert math.isfinite(many[1])


@pytest.mark.parametrize("count", [uneven_range, bracket_uneven])
def test_too_small_a_vocabulary_is_refused(count):
    assert complaint(count, [(4, 3), (4, 3)], 5) == (
        "vocabulary = 5 is less than 6, the answers of a table"
    )
