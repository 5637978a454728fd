"""Gauss rules integrate polynomials exactly, whatever the parameters of the law."""

import numpy as np
import pytest
from scipy import stats

from theory.memories.quadrature import (
    beta_nodes,
    chi_square_nodes,
    even_sphere_nodes,
    mean_nodes,
    sphere_nodes,
)

COUNTS = (1, 2, 3, 8, 48)


def check_rule(nodes, weights, n):
    assert len(nodes) == len(weights) == n
    assert (np.diff(nodes) > 0).all()
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1, rel=1e-13)


# --- chi^2 / k ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("k", [0.3, 1, 2.5, 63, 1e4, 1e8, 1e12])
def test_chi_square_moments(k, n):
    """E (chi^2_k / k)^j = prod_{i < j} (1 + 2i/k), exact for j < 2n."""
    q, w = chi_square_nodes(k, n)
    check_rule(q, w, n)
    assert (q > 0).all()
    moment = 1.0
    for j in range(min(2 * n, 12)):
        assert w @ q**j == pytest.approx(moment, rel=1e-11)
        moment *= 1 + 2 * j / k


@pytest.mark.parametrize("k", [5, 100, 1e6])
def test_chi_square_central_moments_keep_their_digits(k):
    q, w = chi_square_nodes(k, 6)
    assert w @ (q - 1) ** 2 == pytest.approx(2 / k, rel=1e-9)
    assert w @ (q - 1) ** 3 == pytest.approx(8 / k**2, rel=1e-5)


def test_infinitely_many_degrees_are_a_constant():
    q, w = chi_square_nodes(np.inf, 5)
    assert (q.tolist(), w.tolist()) == ([1.0], [1.0])


# --- Beta ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (0.5, 0.5),
        (1, 1),
        (2, 3),
        (0.5, 7.5),
        (8, 0.5),
        (16, 48),
        (1e4, 3e5),
        (5e11, 0.5),
        (2, 1e12),
    ],
)
def test_beta_moments(a, b, n):
    """E s^j = prod_{i < j} (a + i)/(a + b + i), exact for j < 2n."""
    s, w = beta_nodes(a, b, n)
    check_rule(s, w, n)
    assert (s >= 0).all()
    assert (s <= 1).all()
    # Nodes near 0 come from a difference of numbers near 1: absolute digits there, not relative.
    assert w @ s == pytest.approx(a / (a + b), rel=1e-9, abs=1e-13)
    moment = 1.0
    for j in range(min(2 * n, 10)):
        assert w @ s**j == pytest.approx(moment, rel=1e-9, abs=1e-13)
        moment *= (a + j) / (a + b + j)


@pytest.mark.parametrize(("a", "b"), [(16, 16), (32, 32.5), (64, 192), (20, 236)])
def test_inverse_moments_of_beta_are_nearly_exact(a, b):
    """E 1/s = (a + b - 1)/(a - 1): the mean interference factor of a projector."""
    s, w = beta_nodes(a, b, 8)
    assert w @ (1 / s) == pytest.approx((a + b - 1) / (a - 1), rel=1e-5)


def test_b_of_zero_is_a_constant():
    s, w = beta_nodes(3.0, 0, 5)
    assert (s.tolist(), w.tolist()) == ([1.0], [1.0])


# --- coordinates on a sphere --------------------------------------------------------------------


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("d", [1.2, 2, 2.5, 3, 16, 511.5, 1e4, 1e8, 1e12])
def test_sphere_moments(d, n):
    """E (sqrt(d) t)^(2j) = prod_{i < j} (2i + 1) d/(d + 2i), exact for 2j < 2n; odd ones vanish."""
    z, w = sphere_nodes(d, n)
    check_rule(z, w, n)
    assert (np.abs(z) <= np.sqrt(d) * (1 + 1e-12)).all()
    np.testing.assert_allclose(z, -z[::-1], atol=1e-9)
    moment = 1.0
    for j in range(min(n, 6)):
        assert w @ z ** (2 * j) == pytest.approx(moment, rel=1e-10)
        assert w @ z ** (2 * j + 1) == pytest.approx(0, abs=1e-9 * max(1, moment) ** 2)
        moment *= (2 * j + 1) * d / (d + 2 * j)


@pytest.mark.parametrize("d", [6, 7.5, 20, 1e4, 1e8, 1e12, 1e16, 1e20, 1e26])
def test_equidistant_nodes_keep_their_moments_in_any_dimension(d):
    """The angles are as small as 1 / sqrt(d), where their cosines are 1 up to rounding."""
    z, w = even_sphere_nodes(d, 96)
    assert w.sum() == pytest.approx(1, rel=1e-12)
    assert w @ z**2 == pytest.approx(1, rel=1e-9)
    assert w @ z**4 == pytest.approx(3 * d / (d + 2), rel=1e-9)


# --- against SciPy ------------------------------------------------------------------------------


def test_expectations_are_those_of_scipy():
    def f(x):
        return np.exp(-0.7 * x) * np.cos(x)

    for k in (1, 7, 40.5):
        law = stats.chi2(k, scale=1 / k)
        q, w = chi_square_nodes(k, 40)
        assert w @ f(q) == pytest.approx(law.expect(f), rel=1e-6)
    for a, b in ((0.5, 2), (3, 4.5)):
        s, w = beta_nodes(a, b, 24)
        assert w @ f(s) == pytest.approx(stats.beta(a, b).expect(f), rel=1e-6)
    for d in (2, 5, 30):
        # (t + 1)/2 of a sphere coordinate t is Beta((d - 1)/2, (d - 1)/2).
        law = stats.beta((d - 1) / 2, (d - 1) / 2, loc=-1, scale=2)
        z, w = sphere_nodes(d, 24)
        assert w @ f(z / np.sqrt(d)) == pytest.approx(law.expect(f), rel=1e-6)


def test_a_sphere_of_many_dimensions_is_a_normal():
    z, w = sphere_nodes(1e12, 16)
    hermite, weights = np.polynomial.hermite_e.hermegauss(16)
    np.testing.assert_allclose(z, hermite, rtol=1e-9)
    np.testing.assert_allclose(w, weights / weights.sum(), rtol=1e-9)


# --- the mean of many ---------------------------------------------------------------------------

GRID = np.linspace(0, 8, 400)
NORMAL = np.exp(-(GRID**2) / 2) * np.where(GRID > 0, 1, 0.5)
NORMAL = NORMAL / NORMAL.sum()


@pytest.mark.parametrize("m", [10, 50, 1000, 10**6])
def test_the_mean_of_squared_normals_is_a_chi_square(m):
    """Nodes are quantiles of chi^2_m / m at the middle of equal shares of Gauss-Legendre."""
    nodes, weights = mean_nodes(GRID**2, NORMAL, m, 12)
    place, share = np.polynomial.legendre.leggauss(12)
    np.testing.assert_allclose(weights, share / 2)
    expected = stats.chi2(m, scale=1 / m).ppf((1 + place) / 2)
    # A grid of points: absolute digits, in standard deviations.
    np.testing.assert_allclose(nodes, expected, rtol=0, atol=0.05 * np.sqrt(2 / m))
    assert (np.diff(nodes) > 0).all()


@pytest.mark.parametrize("m", [20, 300, 5000])
@pytest.mark.parametrize("power", [2, 4, 6])
def test_moments_of_the_mean(m, power):
    """Mean and standard deviation of a heavier tail: 24 nodes leave out a little of it."""
    value = GRID**power
    m = m if power < 6 else 10 * m
    nodes, weights = mean_nodes(value, NORMAL, m)
    assert (nodes >= 0).all()
    mean = NORMAL @ value
    deviation = np.sqrt((NORMAL @ value**2 - mean**2) / m)
    assert weights @ nodes == pytest.approx(mean, abs=0.05 * deviation)
    assert np.sqrt(weights @ (nodes - mean) ** 2) == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize("m", [10, 40])
def test_the_mean_by_drawing(m):
    """Products of two squared normals: P(mean <= node), 20000 draws, 5 s.e. and 1%."""
    value = np.outer(GRID[::4] ** 2, GRID[::4] ** 2).ravel()
    weight = np.outer(NORMAL[::4], NORMAL[::4]).ravel()
    nodes, _ = mean_nodes(value, weight / weight.sum(), m, 8)
    g = np.random.default_rng(0).standard_normal((2, 20_000, m))
    drawn = ((g[0] * g[1]) ** 2).mean(axis=1)
    below = (drawn[:, None] <= nodes).mean(axis=0)
    place = (1 + np.polynomial.legendre.leggauss(8)[0]) / 2
    error = np.sqrt(place * (1 - place) / len(drawn))
    assert (np.abs(below - place) < 5 * error + 0.01).all()


def test_units_pass_through_a_mean():
    nodes, _ = mean_nodes(GRID**2, NORMAL, 30)
    larger, _ = mean_nodes(7 * GRID**2, NORMAL, 30)
    np.testing.assert_allclose(larger, 7 * nodes, rtol=1e-6)
