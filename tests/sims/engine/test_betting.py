"""Betting intervals: proved coverage, at every time, of whatever law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc.errors import InputError
from sims.engine.betting import betting_interval
from sims.engine.statistics import proportion_interval
from tests.helpers.oracles import one_line

LAWS = {
    "bernoulli 0.5": (0.5, lambda rng, n: rng.random(n) < 0.5),
    "bernoulli 0.01": (0.01, lambda rng, n: rng.random(n) < 0.01),
    "bernoulli 0.99": (0.99, lambda rng, n: rng.random(n) < 0.99),
    "uniform": (0.5, lambda rng, n: rng.random(n)),
    "narrow": (0.02, lambda rng, n: np.clip(rng.normal(0.02, 0.002, n), 0, 1)),
    "skewed": (0.01, lambda rng, n: rng.beta(0.1, 9.9, n)),
    "counts of 12": (0.03, lambda rng, n: rng.binomial(12, 0.03, n) / 12),
    "rare and large": (0.005, lambda rng, n: 0.5 * (rng.random(n) < 0.01)),
}


@pytest.mark.parametrize("n", [5, 40, 300])
@pytest.mark.parametrize("name", LAWS)
def test_the_mean_is_covered_at_the_level(name, n):
    """400 intervals at 0.9: 61 miss with probability 0.0006 if each does with 0.1."""
    mean, draw = LAWS[name]
    rng = np.random.default_rng([n, list(LAWS).index(name)])
    missed = 0
    for _ in range(400):
        low, high = betting_interval(draw(rng, n).astype(float), level=0.9)
        missed += not low <= mean <= high
    assert missed <= 60


@pytest.mark.parametrize("name", ["bernoulli 0.5", "skewed", "counts of 12"])
def test_looking_after_every_value_misses_no_more_often(name):
    """An interval of all values lies within that of any beginning of them, with one budget."""
    draw = LAWS[name][1]
    values = draw(np.random.default_rng(3), 200).astype(float)
    ends = [betting_interval(values[:n], budget=200) for n in range(0, 201, 10)]
    lows, highs = zip(*ends, strict=True)
    # An end is known to 1e-12.
    assert np.all(np.diff(lows) >= -1e-12)
    assert np.all(np.diff(highs) <= 1e-12)


@pytest.mark.parametrize("budget", [100, 1000, 6400])
def test_a_large_budget_does_not_make_one_wait(budget):
    """A gambler who counts on 6,400 coins alone tells 0.7 from 0.5 after 449 of them."""
    values = (np.random.default_rng(4).random(120) < 0.7).astype(float)
    assert betting_interval(values, budget=budget)[0] > 0.5


def test_values_that_hardly_vary_are_known_ten_times_as_well_as_by_hoeffding():
    rng = np.random.default_rng(1)
    values = rng.binomial(64, 0.03, 2000) / 64
    low, high = betting_interval(values)
    hoeffding = 2 * np.sqrt(np.log(2 / 0.01) / (2 * 2000))
    assert low < 0.03 < high
    assert high - low < hoeffding / 10


def test_all_right_in_all_trials_shows_little_more_than_the_binomial_bound():
    low, high = betting_interval(np.ones(64))
    assert high == 1
    exact = proportion_interval(64, 64)[0]
    assert exact - 0.03 < low < exact


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from([0.5, 0.9, 0.999]))
def test_it_lies_in_0_to_1_mirrors_and_widens_with_the_level(values, level):
    low, high = betting_interval(values, level=level)
    assert 0 <= low <= 1
    assert 0 <= high <= 1
    mirrored = betting_interval([1 - x for x in values], level=level)
    np.testing.assert_allclose([1 - mirrored[1], 1 - mirrored[0]], [low, high], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"values": [0.5, 1.1]}, "values"),
        ({"values": [float("nan")]}, "values"),
        ({"values": [[0.5]]}, "values"),
        ({"values": [0.5], "level": 1}, "level 1"),
        ({"values": [0.5], "level": 0}, "level 0"),
        ({"values": [0.5], "budget": 0}, "budget = 0"),
    ],
)
def test_bad_input_is_named(arguments, said):
    with pytest.raises(InputError, match=said) as caught:
        betting_interval(**arguments)
    one_line(caught.value)
