"""Bits that any model needs, as the command says them."""

import math

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.examples import example_path
from theory.bounds.bound import bound
from theory.bounds.table_counts import count_tables, uneven_bits


def test_maps_take_n_log_m_bits_and_injective_ones_fewer():
    assert bound(N=1000, M=1024).low == 10_000
    assert bound(N=5, facts="permutation").low == pytest.approx(math.log2(120))


def test_parameters_are_bits_divided_and_rounded_up():
    rows = bound(N=100, M=8, bits=(1, 7)).rows()
    assert [row["parameters"] for row in rows] == [300, 43]


def test_a_grid_is_counted_and_its_vocabulary_is_r_d_unless_given():
    found = bound(subjects=5, relations=2, answers=3)
    assert found.low == found.high == math.log2(count_tables(5, 2, 3, 6))
    assert bound(subjects=5, relations=2, answers=3, vocabulary=9).low > found.low


def test_large_grids_are_bounded_from_both_sides():
    found = bound(subjects=10**9, relations=10**6, answers=10**3)
    assert found.low < found.high < found.low * (1 + 1e-9)


def test_a_table_takes_at_least_the_bits_that_name_its_answers():
    found = bound(example_path("countries.csv"))
    assert found.facts == 1747
    assert found.naming is not None
    assert found.naming < found.low
    assert found.low == pytest.approx(14654.8, abs=0.05)


def test_uneven_relations_are_counted_together():
    assert uneven_bits([(5, 3)] * 2, 6) == math.log2(count_tables(5, 2, 3, 6))
    # One relation has two facts and the answers {a, b}, the other one fact and one answer.
    assert uneven_bits([(2, 2), (1, 1)], 3) == math.log2(3 * 2 * 1 + 3 * 2)
    with pytest.raises(InputError, match="vocabulary = 2 is less than 3"):
        uneven_bits([(2, 2), (1, 1)], 2)


def test_least_losses_fall_with_bits_to_nothing():
    found = bound(N=300, exponent=1.5, given=500)
    bits, cross_entropy, error = np.array(found.curve).T
    assert (np.diff(bits) > 0).all()
    assert (np.diff(cross_entropy) < 0).all()
    assert (np.diff(error) < 0).all()
    assert cross_entropy[-1] == pytest.approx(0, abs=1e-9)
    assert found.error is not None
    assert error[-1] < found.error < error[0]
    assert found.plot().get_legend() is not None


def test_the_record_is_plain_and_says_both_bounds():
    found = bound(subjects=3, relations=2, answers=2).to_dict()
    assert found["bits_interval"] == [found["bits"]] * 2
    assert found["parameters"][0]["parameters"] == math.ceil(found["bits"])
    assert bound(N=10).plot().get_xlabel() == "bits per parameter b"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give a table, or N"),
        ({"N": 5, "subjects": 3}, "one of them"),
        ({"N": 0}, "N = 0 is not positive"),
        ({"N": 5, "M": -1}, "M = -1 is not positive"),
        ({"N": 5, "bits": (0,)}, "b = 0: a parameter has at least one bit"),
        ({"N": 5, "bits": (1.5,)}, "b = 1.5 is not an integer"),
        ({"N": 5, "vocabulary": 9}, "a vocabulary goes with S, R and D"),
        ({"subjects": 5, "M": 3}, "go with N facts only"),
        ({"subjects": 5, "relations": 2}, "D is missing"),
        ({"subjects": 5, "relations": 3, "answers": 4, "vocabulary": 11}, "less than R D = 12"),
        ({"N": 5, "facts": "other"}, "is not one of"),
        ({"N": 5, "facts": "permutation", "given": 3}, "those of random facts"),
        ({"N": 5, "M": 3, "facts": "permutation"}, "no injective map"),
        ({"N": 5, "exponent": -1.0}, "a = -1 is not an exponent"),
        ({"N": 5, "given": -4}, "B = -4 is not a number of bits"),
        ({"N": 5, "given": float("nan")}, "B = nan is not a number of bits"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        bound(**arguments)
