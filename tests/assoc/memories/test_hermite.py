"""Hermite polynomials by quadrature, exact integration of moments, evaluation against NumPy."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from numpy.polynomial.hermite_e import hermegauss
from scipy import integrate

from assoc import InputError
from assoc.memories.hermite import (
    DEGREES,
    check_degree,
    evaluate,
    fourth_moment,
    hermite,
    sphere_moment,
)
from tests.helpers.oracles import one_line

ALL = range(8)
"""Degrees in use: h_k, its derivatives, and h_{k+1} for the true two-layer network."""

# Exact for polynomials of degree up to 59.
NODES, WEIGHTS = hermegauss(30)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def he(k):
    """Coefficients of He_k as integers: He_{k+1} = x He_k - k He_{k-1}."""
    before, now = [0], [1]
    for j in range(k):
        after = [0, *now]
        for place, c in enumerate(before):
            after[place] -= j * c
        before, now = now, after
    return now


def gaussian_moment(power):
    """E g^power for g ~ N(0, 1), an integer."""
    return 0 if power % 2 else math.prod(range(1, power, 2))


@pytest.mark.parametrize("k", ALL)
def test_the_recurrence_gives_the_same_polynomial(k):
    np.testing.assert_allclose(hermite(k).coef, np.array(he(k)) / math.sqrt(math.factorial(k)))


def test_orthonormal():
    values = np.array([hermite(k)(NODES) for k in ALL])
    np.testing.assert_allclose(values * WEIGHTS @ values.T, np.eye(len(ALL)), atol=1e-12)


@pytest.mark.parametrize("rho", [-1.0, -0.6, 0.0, 0.3, 1.0])
def test_mehler(rho):
    """E h_j(g) h_k(g') = delta_jk rho^k, g' = rho g + sqrt(1 - rho^2) g'' on a square grid."""
    other = rho * NODES[:, None] + math.sqrt(1 - rho**2) * NODES
    for j in ALL:
        for k in ALL:
            inner = hermite(k)(other) @ WEIGHTS
            mean = WEIGHTS @ (hermite(j)(NODES) * inner)
            assert mean == pytest.approx(rho**k if j == k else 0.0, abs=1e-11)


@pytest.mark.parametrize("k", range(1, 8))
def test_the_derivative_is_the_previous_degree(k):
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(hermite(k).deriv()(x), math.sqrt(k) * hermite(k - 1)(x), atol=1e-12)


@pytest.mark.parametrize("k", ALL)
def test_fourth_moments_exactly(k):
    """Multiply out He_k^4 in integers and integrate term by term."""
    power = [1]
    for _ in range(4):
        product = [0] * (len(power) + k)
        for i, a in enumerate(power):
            for j, b in enumerate(he(k)):
                product[i + j] += a * b
        power = product
    moment = sum(c * gaussian_moment(j) for j, c in enumerate(power))
    exactly = Fraction(moment, math.factorial(k) ** 2)
    assert fourth_moment(k) == pytest.approx(float(exactly), rel=1e-12)


def test_the_first_fourth_moments_are_known():
    assert [round(fourth_moment(k), 9) for k in (1, 2, 3, 4)] == [3, 15, 93, 639]


@pytest.mark.parametrize("d", [2, 3, 10, 64])
@pytest.mark.parametrize("p", [0, 1, 2, 5, 7])
def test_sphere_moments_are_integrals(d, p):
    """A coordinate t = cos(theta) on the sphere has density proportional to sin(theta)^(d-2)."""

    def integral(power):
        value, _ = integrate.quad(
            lambda theta: math.cos(theta) ** power * math.sin(theta) ** (d - 2), 0, math.pi
        )
        return value

    assert sphere_moment(d, p) == pytest.approx(integral(2 * p) / integral(0), rel=1e-8)


def test_sphere_moments_on_a_line():
    """In one dimension t is -1 or 1."""
    assert [sphere_moment(1, p) for p in range(4)] == [1, 1, 1, 1]


# --- evaluation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 5e-15), (np.float32, 3e-6)])
def test_evaluate_is_numpys(rng, k, dtype, rtol):
    x = (3 * rng.standard_normal((5, 7))).astype(dtype)
    before = x.copy()
    value = evaluate(hermite(k), x)
    assert value.dtype == dtype
    assert value.shape == x.shape
    size = Polynomial(np.abs(hermite(k).coef))(np.abs(x.astype(np.float64)))
    error = np.abs(value - hermite(k)(x.astype(np.float64)))
    assert (error <= rtol * size).all()
    np.testing.assert_array_equal(x, before)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9), st.lists(st.integers(-5, 5)))
def test_evaluate_is_exact_on_integers(coefficients, points):
    """Even, odd and mixed, with zeros anywhere: small integers are not rounded at all."""
    polynomial = Polynomial(coefficients)
    x = np.array(points, dtype=np.float64)
    by_hand = [sum(c * p**j for j, c in enumerate(coefficients)) for p in points]
    assert evaluate(polynomial, x).tolist() == by_hand


@pytest.mark.parametrize(
    "coefficients", [[1, 2], [1, 2, 3], [0, 0, 1, 1], [0, 1], [0, 0, 0, 2], [5, 0, 0, 0, 1]]
)
def test_evaluate_of_any_parity(coefficients):
    x = np.array([-2.0, -1.0, 0.0, 0.5, 3.0])
    by_hand = sum(c * x**j for j, c in enumerate(coefficients))
    np.testing.assert_array_equal(evaluate(Polynomial(coefficients), x), by_hand)


# --- degrees ------------------------------------------------------------------------------------


def test_degrees_are_plain_integers():
    for k in DEGREES:
        for given_as in (k, np.int64(k), np.uint8(k)):
            assert type(check_degree(given_as)) is int
            assert check_degree(given_as) == k


@pytest.mark.parametrize(
    "k", [True, np.True_, 0, -1, 7, 2.0, np.float64(2), "2", math.nan, None, [2], 10**30]
)
def test_a_bad_degree_is_refused(k):
    with pytest.raises(InputError) as caught:
        check_degree(k)
    assert one_line(caught.value) == f"degree {k!r} is not an integer from 1 to 6"
