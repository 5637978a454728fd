"""Squared lengths have the moments that are said, and means lie between their bounds."""

import numpy as np
import pytest

from theory.memories.squared_lengths import (
    Growing,
    _candidates,
    length_cut,
    length_moments,
    majorants,
    mean_at_least,
)


def drawn(n: int, d: int, draws: int, seed: int) -> np.ndarray:
    """Excess of the squared length of n products."""
    rng = np.random.default_rng(seed)
    c = np.sqrt(rng.beta(0.5, (d - 1) / 2, (draws, n)))
    found = np.empty(draws)
    for k, row in enumerate(c):
        u = rng.standard_normal((n, d))
        u /= np.linalg.norm(u, axis=1)[:, None]
        found[k] = np.sum((row @ u) ** 2)
    return found * d / n - 1


def value(quadratic: tuple[float, float, float], theta: np.ndarray) -> np.ndarray:
    level, slope, bend = quadratic
    return level + slope * theta + bend * theta**2


def majorant(
    function: Growing, mean: float, cut: float, spread: float, move: float = 0.0
) -> tuple[float, float, float]:
    """The quadratic of one move, found beside others."""
    moves = np.array([0.5, move, 0.01])
    level, slope, bend = majorants(function, moves, mean, cut, spread)
    return level[1], slope[1], bend[1]


def growing(mean: float) -> Growing:
    """exp(3 w / mean), cut off at exp(9), enclosed."""
    ends = np.concatenate([np.linspace(0, 4 * mean, 4000), [np.inf]])
    values = np.exp(np.minimum(3 * ends / mean, 9.0))
    return Growing(ends, values[:-1], values[1:])


def test_moments_are_those_of_draws():
    n, d, draws = 30, 12, 20_000
    theta = drawn(n, d, draws, 4)
    second, fourth = length_moments(n, d)
    assert second == pytest.approx(2 * (d - 1) / ((d + 2) * n) + 2 * (n - 1) / (n * d), rel=1e-12)
    for moment, power in ((second, 2), (fourth, 4)):
        error = np.std(theta**power) / np.sqrt(draws)
        assert np.mean(theta**power) == pytest.approx(moment, abs=5 * error)


def test_moments_of_two_facts_in_the_plane_are_integrals():
    """Trapezoids are exact for polynomials of cosines."""
    angles = 2 * np.pi * np.arange(32) / 32
    c, c2, rho = np.meshgrid(*[np.cos(angles)] * 3)
    theta = c**2 + c2**2 + 2 * c * c2 * rho - 1
    second, fourth = length_moments(2, 2)
    assert second == pytest.approx(np.mean(theta**2), rel=1e-12)
    assert fourth == pytest.approx(np.mean(theta**4), rel=1e-12)


def test_moments_are_exact_where_they_nearly_cancel():
    n, d = 10**20, 10**12
    second, fourth = length_moments(n, d)
    assert second == pytest.approx(2 / d, rel=1e-6)
    assert fourth == pytest.approx(3 * second**2, rel=1e-6)


@pytest.mark.parametrize("chance", [0.3, 0.02, 1e-3])
def test_lengths_pass_the_cut_no_more_often_than_said(chance):
    theta = drawn(40, 16, 4000, 7)
    assert np.mean(theta > length_cut(40, 16, chance)) <= chance


def test_a_quadratic_is_above_up_to_its_cut():
    mean, cut = 2.0, 0.8
    quadratic = majorant(growing(mean), mean, cut, 0.01)
    theta = np.linspace(-1, cut, 5000)
    exact = np.exp(3 * (1 + theta))
    assert (value(quadratic, theta) >= exact * (1 - 1e-12)).all()
    # Its mean under a normal law is near the exact one, exp(3 + 9 * 0.01 / 2).
    level, _, bend = quadratic
    found = level + bend * 0.01
    assert 1 < found / np.exp(3.045) < 1.1


@pytest.mark.parametrize(("mean", "cut", "spread"), [(2.0, 0.8, 0.01), (5.0, 0.3, 0.002)])
def test_no_other_quadratic_that_is_tried_has_a_smaller_mean(mean, cut, spread):
    """Also of those that are given up after a look at some of the cells."""
    function = growing(mean)
    level, _, bend = majorant(function, mean, cut, spread)
    left, right = function.excess(mean, cut)
    squares = np.where(left * right < 0, 0.0, np.minimum(left**2, right**2))
    high = function.high[: len(left)]
    means = [
        (high - slope * left - bend * squares).max() + bend * spread
        for slope, bend in zip(*_candidates(function, mean, spread), strict=True)
    ]
    assert level + bend * spread == pytest.approx(min(means), rel=1e-12)
    assert len(means) > 200


def test_above_what_is_not_a_number_nothing_is():
    whole = growing(2.0)
    high = whole.high.copy()
    high[700] = np.nan
    with np.errstate(invalid="ignore"):
        level, _, _ = majorant(Growing(whole.ends, whole.low, high), 2.0, 0.8, 0.01)
    assert not np.isfinite(level)


def test_a_moved_length_moves_the_function():
    mean = 2.0
    quadratic = majorant(growing(mean), mean, 0.5, 0.01, move=0.2)
    theta = np.linspace(-1, 0.5, 5000)
    assert (value(quadratic, theta) >= np.exp(3.6 * (1 + theta)) * (1 - 1e-12)).all()
    level, _, bend = majorant(growing(mean).moved(0.2), mean, 0.5, 0.01)
    assert quadratic[0] + quadratic[2] * 0.01 == pytest.approx(level + bend * 0.01, rel=1e-6)


def test_a_mean_is_bounded_below():
    n, d = 120, 100
    theta = drawn(n, d, 3000, 9)
    exact = np.mean(np.exp(np.minimum(3 * (1 + theta), 9.0)))
    bound = mean_at_least(
        growing(n / d), n / d, cut=length_cut(n, d, 1e-6), moments=length_moments(n, d), chance=1e-6
    )
    assert 0.85 * exact < bound < 1.02 * exact


def test_a_mean_is_bounded_below_where_the_function_begins_late():
    """A function that is 0 up to four fifths of the mean."""
    n, d = 120, 100
    whole = growing(n / d)
    late = whole.ends[:-1] >= 0.8 * n / d
    part = Growing(whole.ends, whole.low * late, whole.high * late)
    theta = drawn(n, d, 3000, 9)
    values = np.where(theta >= -0.2, np.exp(np.minimum(3 * (1 + theta), 9.0)), 0.0)
    bound = mean_at_least(
        part, n / d, cut=length_cut(n, d, 1e-6), moments=length_moments(n, d), chance=1e-6
    )
    assert 0.7 * values.mean() < bound < 1.02 * values.mean()
