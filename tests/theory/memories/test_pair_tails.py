"""Bounds on the chance of a pair: above its exact law, and not far; tables of tails enclose."""

import numpy as np
import pytest
from scipy import special, stats

from theory.memories.pair_tails import (
    cells_of_share,
    log_length_transform,
    log_tangent,
    product_tail,
    tails_of,
)
from theory.memories.plain.pair_chances import pair_chance


@pytest.mark.parametrize("d", [2, 3, 16, 200, 10**6])
def test_cells_cover_everything_and_tails_enclose(d):
    tails = tails_of(d, 12.0)
    exact = 0.5 * special.betaincc(0.5, (d - 1) / 2, tails.t**2)
    assert tails.low == pytest.approx(exact, rel=1e-7)
    assert (tails.low <= tails.high).all()
    assert (tails.slope_low <= tails.slope_high).all()
    assert 1 <= tails.cells.sum() < 1 + 1e-12
    assert tails.ends[-1] == 1
    assert (np.diff(tails.ends) > 0).all()


@pytest.mark.parametrize("d", [5, 64, 3000])
def test_slopes_are_those_of_the_logarithm_in_the_squared_length(d):
    """sigma = d log T(x/sqrt(w)) / d log w, by differences of the exact tail."""
    tails = tails_of(d, 12.0)
    t = tails.t[20:200:20]
    step = 1e-5
    logs = [
        np.log(0.5 * special.betaincc(0.5, (d - 1) / 2, (t / np.sqrt(w)) ** 2))
        for w in (1 - step, 1 + step)
    ]
    assert tails.slope_low[20:200:20] == pytest.approx((logs[1] - logs[0]) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("d", [3, 8, 300])
def test_between_levels_the_tail_is_enclosed(d):
    tails = tails_of(d, 12.0)
    t = np.linspace(0, min(1.0, 1.05 * tails.t[-1]), 997)
    exact = 0.5 * special.betaincc(0.5, (d - 1) / 2, t**2)
    assert (tails.lower(t) <= exact * (1 + 1e-9)).all()
    assert (exact <= tails.upper(t) * (1 + 1e-9)).all()
    inside = t <= 0.9 * tails.t[-1]
    assert tails.upper(t[inside]) == pytest.approx(tails.lower(t[inside]), rel=0.1)


@pytest.mark.parametrize(("d", "n"), [(48, 38), (64, 74), (128, 321)])
def test_it_is_above_the_exact_chance_but_not_far(d, n):
    x = np.linspace(0.25, 0.7, 10)
    exact = pair_chance(x, n, d)
    known = exact > 1e-9  # what the transform resolves
    ratio = product_tail(x, n, tails_of(d, 14.0))[known] / exact[known]
    assert (ratio > 1).all()
    assert (ratio < 25).all()
    assert ratio[0] < 3


def test_at_large_sizes_it_is_close():
    x = np.array([0.3, 0.5, 0.6])
    ratio = product_tail(x, 500, tails_of(160, 14.0)) / pair_chance(x, 500, 160)
    assert (ratio > 1).all()
    assert (ratio < 1.3).all()


@pytest.mark.parametrize(("d", "n", "psi"), [(16, 12, 0.5), (40, 60, 2.0), (100, 300, 3.0)])
def test_the_transform_of_the_squared_length_is_above_simulation(d, n, psi):
    rng = np.random.default_rng(3)
    draws = 4000
    Q = rng.beta(0.5, (d - 1) / 2, (draws, n)).sum(axis=1)
    c = np.sqrt(rng.beta(0.5, (d - 1) / 2, (draws, n)))
    R2 = []
    for row in c:
        u = rng.standard_normal((n, d))
        u /= np.linalg.norm(u, axis=1)[:, None]
        R2.append(float(np.sum((row @ u) ** 2)))
    values = np.exp(psi * np.array(R2))
    groups = ((float(n), 1.0),)
    (log_bound,) = log_length_transform(
        np.array([psi]), groups, d, extra=0.0, proxy=float(d), depth=10.0
    )
    bound = np.exp(log_bound)
    assert values.mean() - 5 * values.std() / np.sqrt(draws) < bound < 3 * values.mean()
    assert Q.mean() == pytest.approx(n / d, rel=0.05)


def test_more_noise_more_terms_and_smaller_levels_lose_more():
    tails = tails_of(100, 14.0)
    x = np.linspace(0.2, 0.8, 40)
    assert (np.diff(product_tail(x, 200, tails)) < 0).all()
    assert (product_tail(x, 200, tails) <= product_tail(x, 260, tails)).all()
    more = product_tail(x, 200, tails, extra=0.5)
    assert (more >= product_tail(x, 200, tails, extra=0.1)).all()
    assert product_tail(np.array([-1.0, 0.0]), 5, tails).tolist() == [1, 1]
    assert product_tail(np.array([0.1]), 0, tails).tolist() == [0]
    assert (product_tail(x, 200, tails) <= np.exp(log_tangent(x**2 * 50, 200, 100))).all()


@pytest.mark.parametrize(("rank", "d"), [(1, 4), (16, 64), (500, 1000)])
def test_cells_of_the_share_cover_it(rank, d):
    ends, chances = cells_of_share(rank, d, 24)
    assert ends[0] == 0
    assert (np.diff(ends) > 0).all()
    assert 1 <= chances.sum() < 1 + 1e-12
    upper = np.append(ends[1:], 1.0)
    law = stats.beta(rank / 2, (d - rank) / 2)
    assert chances == pytest.approx(law.cdf(upper) - law.cdf(ends), abs=1e-9)


@pytest.mark.parametrize(
    ("rank", "d"),
    [(1, 4), (10**6, 10**7), (10**4, 10**8), (2 * 10**7, 10**8), (2 * 10**11, 10**12)],
)
def test_chances_of_the_share_are_finite_down_to_the_depth(rank, d):
    _, chances = cells_of_share(rank, d, 24, depth=60.0)
    assert ((chances >= 0) & (chances <= 1)).all()
    assert 1 <= chances.sum() < 1 + 1e-9
    if d < 10**12:
        assert 0 < chances[0] < np.exp(-79)


def test_groups_of_one_size_are_terms_with_longer_coefficients():
    x, tails = np.linspace(0.2, 0.7, 11), tails_of(80, 14.0)
    one = product_tail(x, ((150.0, 1.0),), tails)
    assert one == pytest.approx(product_tail(x, 150, tails), rel=0.1)
    three = product_tail(np.sqrt(3) * x, ((150.0, 3.0),), tails)
    assert three == pytest.approx(one, rel=1e-9)
    split = product_tail(x, ((100.0, 1.0), (50.0, 1.0)), tails)
    assert split == pytest.approx(one, rel=1e-9)
