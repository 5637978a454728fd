"""Exact numbers of tables against every table made, and digits against known values."""

import math
from fractions import Fraction

import mpmath
import pytest

from sims.enumeration import enumerated_tables
from theory.bounds.plain.tables import (
    bits_of,
    exact_choices,
    exact_entropy_bits,
    exact_single_bits,
    exact_stirling,
    exact_tables,
    exact_truncated,
    plain_rising,
    proved_stirling,
)


def test_stirling_numbers_obey_their_recurrence_and_add_up_to_bells():
    for S in range(1, 12):
        for k in range(1, S + 1):
            rest = k * exact_stirling(S - 1, k) + exact_stirling(S - 1, k - 1)
            assert exact_stirling(S, k) == rest
    assert sum(exact_stirling(10, k) for k in range(11)) == 115975


@pytest.mark.parametrize(("S", "R"), [(2, 1), (3, 2), (1, 4), (4, 2)])
def test_tables_are_those_made_one_by_one(S, R):
    found = enumerated_tables(S, R, 5000)
    for V in range(1, len(found)):
        for D in range(1, S + 1):
            assert exact_tables([(S, D)] * R, V) == found[V, D]


def test_choices_are_multinomials():
    S, R, D, V = 5, 3, 4, 17
    sets = math.factorial(V) // math.factorial(D) ** R // math.factorial(V - R * D)
    assert exact_choices(S, R, D, V) == sets * D ** (S * R)


def test_bounds_are_below_what_they_bound():
    for S, R, D, V in ((6, 2, 3, 9), (9, 1, 4, 20), (4, 3, 4, 12)):
        exact = bits_of(exact_tables([(S, D)] * R, V))
        assert exact_entropy_bits(S, R, D, V) < exact < bits_of(exact_choices(S, R, D, V))
        assert exact_single_bits(S, R, D, V) < exact
    for S, k in ((9, 4), (30, 29), (300, 3)):
        assert 1 < exact_stirling(S, k) / proved_stirling(S, k) < 1000


def test_numbers_of_more_digits_than_a_double_has():
    assert float(bits_of(Fraction(3**400, 2**100)) - 400 * mpmath.log(3, 2)) == pytest.approx(-100)
    with mpmath.workdps(30):
        assert abs(plain_rising(5, 3) - mpmath.log(6 * 7 * 8)) < 1e-28
    assert exact_truncated(Fraction(1, 2), 3) == Fraction(79, 48)
