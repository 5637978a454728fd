"""Where a mean crosses a level: known curves, and the interval that they cross it in."""

import numpy as np
import pytest

from assoc import InputError
from sims.engine.crossing import crossing
from sims.engine.statistics import LEVEL
from tests.helpers.oracles import one_line

GRID = np.array([8.0, 9.0, 10.0, 11.0, 12.0])


def samples(curve, noise, grid=GRID):
    """Trials that err together, by these amounts, along the whole grid."""
    return curve(grid)[:, None] + np.asarray(noise)


@pytest.mark.parametrize(
    ("curve", "rate", "expected"),
    [
        (lambda x: x / 10, 1.0, 10.0),
        (lambda x: 2 - x / 10, 0.93, 10.7),
        (lambda x: (x / 10) ** 2, 1.0, 10.0),
        (lambda x: 1 - (x - 8) ** 2 / 100, 0.91, 11.0),
    ],
)
def test_parabolas_are_crossed_exactly(curve, rate, expected):
    point, (low, high) = crossing(GRID, samples(curve, [-0.01, 0.0, 0.01]), rate, near=10)
    assert point == pytest.approx(expected, rel=1e-9)
    assert low < point < high
    assert high - point == pytest.approx(point - low)


def test_the_interval_is_that_of_the_mean_over_the_slope():
    """Standard error 0.01 / sqrt(3), slope 1/10, and the normal quantile of the level."""
    _, (low, high) = crossing(GRID, samples(lambda x: x / 10, [-0.01, 0, 0.01]), 1.0, near=10)
    assert LEVEL == 0.99
    assert (high - low) / 2 == pytest.approx(2.5758293 * 0.01 / np.sqrt(3) * 10, rel=1e-6)
    _, (low, high) = crossing(GRID, samples(lambda x: x / 5, [-0.01, 0, 0.01]), 2.0, near=10)
    assert (high - low) / 2 == pytest.approx(2.5758293 * 0.01 / np.sqrt(3) * 5, rel=1e-6)


def test_of_two_crossings_the_nearest_is_meant():
    def curve(x):
        return (x - 10) ** 2

    drawn = samples(curve, [-0.001, 0.001])
    assert crossing(GRID, drawn, 1.0, near=8.5)[0] == pytest.approx(9)
    assert crossing(GRID, drawn, 1.0, near=11.5)[0] == pytest.approx(11)


@pytest.mark.parametrize("shift", [0.0, 1e-16, -1e-16])
@pytest.mark.parametrize("rate", [0.81, 0.93, 1.07, 1.19])
def test_straight_means_have_the_root_of_a_line(rate, shift):
    """A leading coefficient that is rounding has a root of its own, anywhere."""
    bent = samples(lambda x: x / 10 + shift * (x - 10) ** 2, [-0.01, 0.01])
    point, _ = crossing(GRID, bent, rate, near=10 * rate)
    assert point == pytest.approx(10 * rate, rel=1e-9)


def test_two_points_make_a_line():
    grid = np.array([3.0, 5.0])
    point, (low, high) = crossing(grid, samples(lambda x: x, [-0.1, 0.1], grid), 4.0, near=3)
    assert point == pytest.approx(4)
    assert low < 4 < high


def test_an_interval_covers_the_crossing_as_often_as_it_says():
    """Noise common to a trial and of its own at each point: 400 experiments, 99% within 5 s.e."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        noise = 0.1 * rng.standard_normal(40) + 0.02 * rng.standard_normal((5, 40))
        _, (low, high) = crossing(GRID, (GRID / 10)[:, None] + noise, 1.03, near=10)
        hits += low <= 10.3 <= high
    assert hits / 400 == pytest.approx(0.99, abs=5 * np.sqrt(0.99 * 0.01 / 400))


@pytest.mark.parametrize("rate", [0.79, 1.21, 5.0])
def test_no_crossing_outside_of_the_grid_is_made_up(rate):
    with pytest.raises(InputError) as caught:
        crossing(GRID, samples(lambda x: x / 10, [-0.01, 0.01]), rate, near=10.123)
    assert one_line(caught.value) == "the mean is too rough around 10.123; use more trials"
