"""Rational arithmetic against integers and hand, and rounding in order against plain loops."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from theory.rounding.exact_arithmetic import (
    distance,
    dot,
    dot_in_order,
    exact_margin,
    factors_in_order,
    length,
    network_in_order,
    network_outputs,
    outputs,
    rationals,
)

THIRD = rationals([1 / 3])[0]


def test_numbers_are_the_rational_numbers_that_they_are():
    assert 0 < abs(THIRD - Fraction(1, 3)) < Fraction(1, 2**54)
    assert rationals(np.float32([0.1]))[0] == Fraction(13421773, 2**27)


def test_products_lose_nothing():
    a, b = rationals([1e200, 1.0, -1e200]), rationals([1e200, 2.0**-60, 1e200])
    assert dot(a, b) == Fraction(1, 2**60)
    with pytest.raises(ValueError, match="zip"):
        dot(a, b[:2])


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_lengths_at_any_magnitude(scale):
    assert length(rationals([3 * scale, 4 * scale])) == pytest.approx(5 * scale, rel=1e-15)
    assert length(rationals([0.0, 0.0])) == 0
    assert distance([4 * scale], rationals([scale])) == pytest.approx(3 * scale, rel=1e-15)


def test_outputs_of_integers_are_matrix_products(rng):
    A, B = rng.integers(-9, 10, (2, 4)), rng.integers(-9, 10, (4, 3))
    e = rng.integers(-9, 10, 3)
    assert outputs((A, B), e) == (A @ B @ e).tolist()
    assert factors_in_order((A, B), e).tolist() == (A @ B @ e).tolist()
    assert outputs((), e) == e.tolist()


def test_networks_of_integers_are_their_definition(rng):
    W, P, V = (rng.integers(-3, 4, (5, 2)) for _ in range(3))
    e = rng.integers(-3, 4, 2).astype(float)
    activation = Polynomial([1.0, -2.0, 3.0])
    z = W @ e
    hidden = 1 - 2 * z + 3 * z**2
    for through, P_or_none in ((1, None), (P @ e, P)):
        expected = (V.T @ (hidden * through)).tolist()
        assert network_outputs(W, V, activation, e, P_or_none) == expected
        assert network_in_order(W, V, activation, e, P_or_none).tolist() == expected


def test_margins_are_over_the_best_other_answer():
    U = np.array([[1, 0], [0, 1], [2, 2], [0, 1]])
    out = rationals([5, 3])
    assert [exact_margin(out, U, y) for y in range(4)] == [-11, -13, 11, -13]


def test_sums_in_order_round_from_the_first_to_the_last():
    big, small = np.float64(1), np.float64(2.0**-53)
    assert dot_in_order(np.array([big, small, small]), np.ones(3)) == 1
    assert dot_in_order(np.array([small, small, big]), np.ones(3)) > 1
    single = dot_in_order(np.float32([1, 2.0**-24]), np.ones(2, np.float32))
    assert single.dtype == np.float32
    assert single == 1
