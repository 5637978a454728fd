"""Chances of intervals to miss, worked out exactly."""

import itertools
import math

import pytest
from scipy import stats

from sims.engine.betting import betting_interval
from theory.claims import Verdict
from theory.measurement.coverage import KINDS, binomial_below, gambled_interval, misses_at


@pytest.mark.parametrize(
    ("k", "n", "chance"), [(0, 5, 0.3), (3, 5, 0.3), (6, 5, 0.3), (7, 30, 0.9)]
)
def test_binomial_sums_are_those_of_the_law(k, n, chance):
    assert binomial_below(k, n, chance) == pytest.approx(stats.binom.cdf(k - 1, n, chance))


@pytest.mark.parametrize("misses", [0.5, 0.01, 1e-5])
def test_quantiles_are_those_of_gauss_and_student(misses):
    assert misses_at(misses, None) == pytest.approx(stats.norm.isf(misses / 2))
    for freedom in (1, 7):
        assert misses_at(misses, freedom) == pytest.approx(stats.t.isf(misses / 2, freedom))


def test_a_gambler_who_sees_nothing_but_ones_wins_as_computed_by_hand():
    """The stake on one value 1 is cut to 0.95 / m, and wins 0.95 (1 - m) / m."""
    low, high = gambled_interval([1.0], level=0.2, budget=1)
    # Which makes 2 / 0.8 of 1 at m = 0.95 / 2.45.
    assert low == pytest.approx(0.95 / 2.45)
    assert high == 1.0


def test_the_plain_loop_and_the_fast_one_agree():
    values = [0.3, 0.9, 0.1, 0.4, 0.6, 0.2] * 6
    ends = betting_interval(values, level=0.95, budget=50)
    assert gambled_interval(values, level=0.95, budget=50) == pytest.approx(ends, abs=1e-10)
    later = betting_interval([*values, 1.0], level=0.95, budget=50)
    assert ends[0] <= later[0] + 1e-10


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_misses_as_often_as_it_claims_and_no_other_share(kind):
    assert KINDS[kind](1.0, 1).verdict is Verdict.HOLDS
    for claimed, copies in itertools.chain([(0.5, 1), (2.0, 1), (1.0, 2)]):
        assert KINDS[kind](claimed, copies).verdict is Verdict.VIOLATED, (claimed, copies)
    assert all(math.isfinite(row.get("off", 0.0)) for row in KINDS[kind](1.0, 1).table)
