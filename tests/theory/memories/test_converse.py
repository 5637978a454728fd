"""The converse is a lower bound: on frequencies, above the prediction, and near it at large d."""

import numpy as np
import pytest
from scipy import special, stats

from assoc import InputError
from sims.engine.statistics import proportion_interval
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line
from tests.helpers.simulate import recalled
from theory.memories import converse
from theory.memories.capacity import capacity_of
from theory.memories.converse import Split, failing_from, failure_floor, floor_of
from theory.memories.guarantee import failure_bound
from theory.memories.pair_tails import tails_of


@pytest.mark.parametrize(("d", "most"), [(256, 2.52), (1024, 1.96), (4096, 1.7), (10**6, 1.37)])
def test_it_fails_not_far_beyond_the_predicted_median(d, most):
    N = failing_from(d)
    assert N is not None
    assert failure_floor(N, d) >= 0.5
    assert 1 < N / capacity_of(Construction("linear"), d=d) < most


def test_it_tends_to_an_eighth():
    laws = []
    for d in (10**3, 10**6, 10**9, 10**12):
        N = float(failing_from(d) or 0)
        laws.append(N * np.log(N) / d**2)
    assert (np.diff(laws) < 0).all()
    assert 0.125 < laws[-1] < 0.16


@pytest.mark.parametrize("d", [96, 256, 4096, 10**6])
def test_no_floor_is_above_the_bound(d):
    median = capacity_of(Construction("linear"), d=d)
    for factor in (0.7, 1.0, 1.5, 2.5):
        N = int(factor * median)
        assert failure_floor(N, d) <= failure_bound(N, d)


def test_any_split_is_below_frequencies_of_failure():
    d, N, trials = 96, 260, 100
    whole = recalled(d, N, trials=trials, seed=5).all(axis=1)
    most = proportion_interval(int((~whole).sum()), trials, level=1 - 1e-6)[1]
    assert most < 1
    for split in (Split(0.1, 0.1, 1.7), Split(0.3, 0.3, 3.0), Split(0.02, 0.2, 1.0)):
        assert floor_of(N, d, split) <= most


def test_inputs_before_are_weak_as_often_as_proved():
    """The chance that none of n_x inputs is weak, each with the memory of those before it."""
    d, b, n_x, trials = 64, 300, 60, 150
    tails = tails_of(d, 14.0)
    place = int(np.searchsorted(-tails.low, -1.5 / n_x))
    a = tails.t[place] * np.sqrt(b / d)
    bound = converse._no_weak_input(n_x, b, d, tails, place)
    rng = np.random.default_rng(1)
    none = 0
    for _ in range(trials):
        E, U = rng.standard_normal((2, b + n_x, d))
        E /= np.linalg.norm(E, axis=1)[:, None]
        U /= np.linalg.norm(U, axis=1)[:, None]
        h = -np.einsum("xz,xz->x", U @ U.T, np.tril(E @ E.T, -1))[b:]
        none += bool((h < a).all())
    assert bound < 1
    assert proportion_interval(none, trials, level=1 - 1e-6)[0] <= bound


@pytest.mark.parametrize("n", [40, 400])
def test_noise_exceeds_its_margins_no_more_often_than_proved(n):
    """Sums of c_z <u_x - u_y, u_z> over n facts and y itself."""
    d, draws = 64, 4000
    margins, bounds = converse.noise_bounds(n, d, tails_of(d, 14.0))
    rng = np.random.default_rng(2)
    rho = stats.beta((d - 1) / 2, (d - 1) / 2).rvs(draws, random_state=rng) * 2 - 1
    c, tau = np.sqrt(rng.beta(0.5, (d - 1) / 2, (2, draws, n)))
    own = np.sqrt(rng.beta(0.5, (d - 1) / 2, draws)) * rng.choice([-1, 1], draws)
    signs = rng.choice([-1, 1], (draws, n))
    noise = np.sqrt(2 * (1 - rho)) * (c * tau * signs).sum(axis=1) + (1 - rho) * own
    for margin, bound in zip(margins[::8], bounds[::8], strict=True):
        low, _ = proportion_interval(int((noise > margin).sum()), draws, level=1 - 1e-6)
        assert low <= bound
    assert bounds[20] < 2.5 * special.ndtr(-converse.NOISES[20])


def test_the_squared_length_has_the_mean_and_variance_that_are_used():
    rng = np.random.default_rng(4)
    d, n, draws = 20, 50, 20_000
    c = np.sqrt(rng.beta(0.5, (d - 1) / 2, (draws, n)))
    lengths = []
    for row in c:
        u = rng.standard_normal((n, d))
        u /= np.linalg.norm(u, axis=1)[:, None]
        lengths.append(float(np.sum((row @ u) ** 2)))
    variance = (n / d) ** 2 * (2 * (d - 1) / ((d + 2) * n) + 2 * (n - 1) / (n * d))
    assert np.mean(lengths) == pytest.approx(n / d, abs=5 * np.sqrt(variance / draws))
    assert np.var(lengths) == pytest.approx(variance, rel=0.08)


def test_the_mean_of_a_decreasing_function_is_bounded():
    ends = np.linspace(-4, 4, 200)
    values = np.exp(-1.8 * np.exp(0.4 * ends))
    bound = converse._mean_of_decreasing(values, ends, 9.0, some=1.0, fluctuation=0.0)
    nodes, weights = special.roots_hermitenorm(40)
    normal = weights @ np.exp(-1.8 * np.exp(0.4 * nodes)) / weights.sum()
    assert normal < bound < normal + 0.02
    # A law of two points with the same moments, on which quadratics are exact.
    for low in (0.3, 1.0, 3.0):
        points = np.array([-low, 1 / low])
        chances = np.array([1, low**2]) / (1 + low**2)
        assert chances @ np.exp(-1.8 * np.exp(0.4 * points)) <= bound
    half = converse._mean_of_decreasing(values, ends, 9.0, some=0.5, fluctuation=0.1)
    assert bound / 2 < half < bound


def test_a_fluctuating_exponent_costs_what_is_said():
    """1 <= (1 + k) exp(x) + (1 + k)^2 x^2 / (4 k) for every x and every k > 0."""
    x = np.linspace(-30, 30, 60_001)
    for k in (1e-3, 0.05, 0.5, 3.0):
        assert ((1 + k) * np.exp(x) + (1 + k) ** 2 * x**2 / (4 * k)).min() >= 1


def test_small_dimensions_say_nothing():
    assert failure_floor(10**6, 4) == 0
    assert failing_from(4) is None
    assert failing_from(32) is None
    assert failure_floor(1, 256) == 0


@pytest.mark.parametrize("delta", [0, 1, -0.1, np.nan])
def test_the_probability_must_lie_between_0_and_1(delta):
    with pytest.raises(InputError) as caught:
        failing_from(256, delta=delta)
    assert one_line(caught.value) == f"delta = {delta} is not between 0 and 1"


def test_sizes_out_of_range_are_named():
    with pytest.raises(InputError, match="N = 0 is not a positive number of facts"):
        failure_floor(0, 64)
