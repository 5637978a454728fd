"""The predicted capacity of the best read-out."""

import numpy as np
import pytest
from scipy import integrate, stats

from assoc.errors import InputError
from sims.memories.fact_cost import fact_cost
from theory.memories.optimal import (
    extrapolated,
    optimal_capacity,
    optimal_limit,
    optimal_width,
    orthogonal_cost,
)


def water_filling(M, samples, seed):
    """Costs of draws: the level is the largest mean of the own score and the highest rivals."""
    rng = np.random.default_rng(seed)
    own, rivals = rng.standard_normal(samples), rng.standard_normal((samples, M - 1))
    rivals = -np.sort(-rivals, axis=1)
    means = np.cumsum(np.column_stack([own, rivals]), axis=1) / np.arange(1, M + 1)
    level = means.max(axis=1)
    return (level - own) ** 2 + (np.maximum(rivals - level[:, None], 0) ** 2).sum(axis=1)


@pytest.mark.parametrize(("M", "slack"), [(5, 0.06), (10, 0.05), (100, 0.02), (2000, 0.01)])
def test_the_closed_form_is_near_the_mean_over_draws(M, slack):
    costs = water_filling(M, 4000, seed=M)
    error = costs.std() / np.sqrt(len(costs)) / costs.mean()
    assert abs(orthogonal_cost(np.log(M)) / costs.mean() - 1) < slack + 3 * error


@pytest.mark.parametrize("M", [3, 50, 10**4])
def test_its_level_and_moments_are_those_of_quadrature(M):
    """The definition again, with integrals in place of Mills' ratio."""

    def moment(t, k):
        return integrate.quad(lambda g: (g - t) ** k * stats.norm.pdf(g), t, 40)[0]

    low, high = 0.0, 10.0
    for _ in range(80):
        t = (low + high) / 2
        low, high = (t, high) if t < (M - 1) * moment(t, 1) else (low, t)
    energy = 1 + (M - 1) * moment(t, 2)
    n = (M - 1) * stats.norm.sf(t)
    assert orthogonal_cost(np.log(M)) == pytest.approx(t**2 + energy * (1 - 1 / (1 + n)), rel=1e-6)


def test_the_cost_grows_like_twice_the_logarithm():
    ratios = [orthogonal_cost(10.0**k) / 10.0**k for k in range(1, 6)]
    assert (np.diff(ratios) > 0).all()
    assert 1.999 < ratios[-1] < 2


def test_one_answer_costs_nothing_to_ask_for_and_is_refused():
    with pytest.raises(InputError, match="not between log 2"):
        orthogonal_cost(0.0)


@pytest.mark.parametrize("d", [4, 64, 1e6, 1e100, 1e150])
def test_the_limit_solves_its_equation(d):
    log_N = optimal_limit(d)
    assert log_N + np.log(orthogonal_cost(log_N)) == pytest.approx(2 * np.log(d), abs=1e-8)


def test_the_prediction_solves_its_equation_for_the_measured_cost():
    N, error = optimal_capacity(16, trials=2000)
    (cost,) = fact_cost(round(N), 16, trials=4000, seed=5)
    assert abs(N * cost.mean / 256 - 1) < 0.03 + 3 * cost.standard_error / cost.mean
    assert 0 < error < 0.05 * N


def test_more_features_hold_more():
    """Four times the entries, of which each fact takes a little more."""
    assert 2.7 < optimal_capacity(8, features=32)[0] / optimal_capacity(8)[0] < 4


def test_a_line_in_one_over_d_is_extrapolated_with_its_error():
    d = np.array([8.0, 16.0, 32.0, 64.0])
    rng = np.random.default_rng(0)
    found = [extrapolated(d, 0.5 + 2 / d + 0.01 * rng.standard_normal(4), [0.01] * 4)
             for _ in range(400)]  # fmt: skip
    values, errors = np.array(found).T
    assert abs(values.mean() - 0.5) < 4 * values.std() / 20
    assert errors[0] == pytest.approx(values.std(), rel=0.15)


def test_widths_are_predicted_by_the_same_cost():
    m, error = optimal_width(96, 16)
    (cost,) = fact_cost(96, 16, trials=4000)
    assert m == pytest.approx(96 * cost.mean / 16)
    assert error == pytest.approx(96 * cost.standard_error / 16)
    # Four answers span three dimensions: their read-out has as many entries a feature.
    assert optimal_width(96, 16, M=4)[0] == pytest.approx(
        32 * fact_cost(4, 16, trials=4000)[0].mean
    )
