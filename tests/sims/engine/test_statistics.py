"""Coverage of the intervals, computed exactly from the laws of what they are computed from."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sims.engine.statistics import (
    LEVEL,
    log_slope,
    mean_interval,
    median_interval,
    proportion_interval,
    slope_interval,
)

LEVELS = (0.5, 0.9, 0.95, 0.99, 0.999)


# --- proportions --------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("trials", [1, 2, 5, 20])
def test_a_proportion_is_covered_whatever_it_is(trials, level):
    """Exact coverage: sum of the binomial weights of the outcomes whose interval contains p."""
    ends = [proportion_interval(k, trials, level=level) for k in range(trials + 1)]
    for p in np.linspace(0, 1, 201):
        weights = stats.binom.pmf(range(trials + 1), trials, p)
        inside = [low - 1e-12 <= p <= high + 1e-12 for low, high in ends]
        assert weights[inside].sum() >= level - 1e-12


@given(st.integers(1, 50), st.data(), st.sampled_from(LEVELS))
def test_the_ends_are_those_of_clopper_and_pearson(trials, data, level):
    """At each end the outcome, or a more extreme one, has probability (1 - level)/2."""
    k = data.draw(st.integers(0, trials))
    low, high = proportion_interval(k, trials, level=level)
    tail = (1 - level) / 2
    assert low == 0 if k == 0 else stats.binom.sf(k - 1, trials, low) == pytest.approx(tail)
    assert high == 1 if k == trials else stats.binom.cdf(k, trials, high) == pytest.approx(tail)
    assert low <= k / trials <= high


# --- medians ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_a_median_is_covered_for_every_number_of_trials(level):
    """For a continuous law the interval misses iff fewer than k values fall on one side."""
    for trials in range(1, 120):
        low, high = median_interval(range(trials), range(trials), level=level)
        if high == np.inf:
            # Refused: even the widest interval, from smallest to largest, would not be enough.
            assert 1 - 2 * stats.binom.cdf(0, trials, 0.5) <= level
            assert low == 0
            continue
        k = int(low) + 1
        assert high == trials - k
        assert 1 - 2 * stats.binom.cdf(k - 1, trials, 0.5) >= level - 1e-12
        # It is the narrowest such interval.
        assert k > trials / 2 - 1 or 1 - 2 * stats.binom.cdf(k, trials, 0.5) <= level


def test_a_median_of_a_discrete_law_is_covered():
    """By enumeration: all 3^6 samples of 6 values with ties."""
    law = {0: 0.2, 1: 0.5, 2: 0.3}
    covered = 0.0
    for sample in itertools.product(law, repeat=6):
        low, high = median_interval(sample, sample, level=0.95)
        covered += np.prod([law[value] for value in sample]) * (low <= 1 <= high)
    assert covered >= 0.95


@given(st.lists(st.integers(0, 100), min_size=8, max_size=40), st.randoms())
def test_the_order_of_the_trials_does_not_matter(low, shuffler):
    high = [value + 1 for value in low]
    before = median_interval(low, high)
    order = list(range(len(low)))
    shuffler.shuffle(order)
    assert median_interval([low[i] for i in order], [high[i] for i in order]) == before
    assert before[0] <= np.median(low)
    assert before[1] >= np.median(high)


def test_brackets_widen_the_interval():
    low, high = [10, 20, 30, 40, 50, 60, 70, 80], [15, 25, 35, 45, 55, 65, 75, 85]
    assert median_interval(low, high, level=0.95) == (10, 85)
    assert median_interval(low, low, level=0.95) == (10, 80)
    assert median_interval(low, high, level=0.9) == (20, 75)


def test_censored_trials_leave_the_upper_end_open():
    low = [1, 2, 3, 4, 5, 6, 7, 8]
    one, all_ = [*range(2, 9), np.inf], [np.inf] * 8
    assert median_interval(low, one, level=0.9) == (2, 8)
    assert median_interval(low, one, level=0.99) == (1, np.inf)
    assert median_interval(low, all_, level=0.9) == (2, np.inf)


# --- means --------------------------------------------------------------------------------------


def test_one_trial_says_nothing():
    assert mean_interval([0.7]) == (0, 1)


def test_equal_trials_that_are_not_all_or_nothing_say_nothing():
    assert mean_interval([0.5, 0.5, 0.5]) == (0, 1)


@pytest.mark.parametrize("trials", [2, 5, 50])
def test_all_or_nothing_gives_the_binomial_bound(trials):
    ones, zeros = mean_interval(np.ones(trials)), mean_interval(np.zeros(trials))
    assert ones == proportion_interval(trials, trials)
    assert zeros == proportion_interval(0, trials)
    assert ones[1] == 1
    assert ones[0] < 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.sampled_from(LEVELS))
def test_the_interval_contains_the_mean_and_stays_within_0_and_1(values, level):
    low, high = mean_interval(values, level=level)
    assert 0 <= low <= np.mean(values) + 1e-12
    assert np.mean(values) - 1e-12 <= high <= 1


def test_it_is_the_interval_of_student(rng):
    values = rng.uniform(0.4, 0.6, 12)
    expected = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    np.testing.assert_allclose(mean_interval(values, level=0.95), expected)


def test_normal_trials_are_covered_at_the_level():
    # Student's interval is exact for normal values. 4000 intervals at 0.95: 5 standard errors of
    # the coverage are 0.017 (level 6e-7), fixed seed.
    rng = np.random.default_rng(0)
    samples = rng.normal(0.5, 0.02, (4000, 8))
    ends = np.array([mean_interval(sample, level=0.95) for sample in samples])
    covered = ((ends[:, 0] <= 0.5) & (ends[:, 1] >= 0.5)).mean()
    assert covered == pytest.approx(0.95, abs=0.018)


@pytest.mark.parametrize("trials", [5, 20])
@pytest.mark.parametrize("p", [0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
def test_all_or_nothing_trials_are_covered_almost_at_the_level(trials, p):
    """The worst law for a mean of trials: each is 1 with probability p, else 0.

    Exact coverage by summation. Student's interval is nominal here: at 99% it covers at least
    95% for each p tried, thanks to the binomial bound where all trials agree.
    """
    covered = 0.0
    for k in range(trials + 1):
        low, high = mean_interval(np.arange(trials) < k)
        covered += stats.binom.pmf(k, trials, p) * (low <= p <= high)
    assert covered >= 0.95


# --- slopes -------------------------------------------------------------------------------------


def test_a_power_law_has_its_exponent_and_no_width():
    slope, (low, high) = log_slope([1, 2, 5], [[3, 3], [12, 12], [75, 75]])
    assert low == pytest.approx(2) == high
    assert slope == pytest.approx(2)


def test_slopes_are_covered_at_the_level():
    # Student's interval is exact for normal errors of the logarithms. 4000 intervals at 0.95:
    # 5 standard errors of the coverage are 0.017 (level 6e-7), fixed seed.
    rng = np.random.default_rng(0)
    x = np.array([1.0, 2.0, 4.0])
    ends = np.array([
        log_slope(x, x[:, None] ** 0.7 * np.exp(rng.normal(0, 0.3, (3, 3))), level=0.95)[1]
        for _ in range(4000)
    ])  # fmt: skip
    covered = ((ends[:, 0] <= 0.7) & (ends[:, 1] >= 0.7)).mean()
    assert covered == pytest.approx(0.95, abs=0.018)


def test_the_level_is_stated_once():
    assert LEVEL == 0.99
    assert mean_interval([0.2, 0.4, 0.9]) == mean_interval([0.2, 0.4, 0.9], level=LEVEL)


# --- slopes through means -----------------------------------------------------------------------


@pytest.mark.parametrize("law", ["normal", "skewed", "bracketed"])
@pytest.mark.parametrize("trials", [2, 4, 20])
def test_the_interval_of_a_slope_covers_it_at_the_level(law, trials):
    """Of 2,000 intervals at 0.95, also of trials that are not normal, on a curve."""
    draw = {
        "normal": lambda rng: rng.normal(0, 1, (4, trials)),
        "skewed": lambda rng: rng.exponential(1, (4, trials)) - 1,
        "bracketed": lambda rng: np.round(2 * rng.normal(0, 1, (4, trials))) / 2,
    }[law]
    rng, x = np.random.default_rng(7), np.array([0.0, 1.0, 2.0, 4.0])
    true = np.polyfit(x, x**2, 1)[0]
    inside = 0
    for _ in range(2000):
        low, high = slope_interval(x, list((x**2)[:, None] + draw(rng)), level=0.95)[1]
        inside += low <= true <= high
    # 5 standard errors of a coverage of 0.95.
    assert inside / 2000 > 0.95 - 5 * np.sqrt(0.95 * 0.05 / 2000)


def test_single_trials_show_no_slope():
    slope, interval = slope_interval([0, 1], [[0], [2]])
    assert slope == 2
    assert interval == (-np.inf, np.inf)


def test_samples_of_different_sizes_count_as_much_as_they_hold():
    few = slope_interval([0, 1], [[0, 1, 2], [3, 4, 5]])[1]
    many = slope_interval([0, 1], [[0, 1, 2], [3, 4, 5] * 100])[1]
    assert many[1] - many[0] < few[1] - few[0]
