"""The converse is a lower bound: on frequencies, above the prediction, and near it at large d."""

import numpy as np
import pytest
from scipy import special, stats

from assoc import InputError
from sims.engine.statistics import proportion_interval
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line
from theory.memories import converse
from theory.memories.capacity import capacity_of
from theory.memories.converse import Split, failing_from, failure_floor, floor_of
from theory.memories.guarantee import failure_bound
from theory.memories.pair_tails import tails_of


@pytest.mark.parametrize(
    ("d", "most"), [(128, 3.0), (256, 2.2), (1024, 1.7), (4096, 1.5), (10**6, 1.25)]
)
def test_it_fails_not_far_beyond_the_predicted_median(d, most):
    N = failing_from(d)
    assert N is not None
    assert failure_floor(N, d) >= 0.5
    assert 1 < N / capacity_of(Construction("linear"), d=d) < most


@pytest.mark.parametrize(("d", "m", "most"), [(256, 128, 2.8), (4096, 1024, 1.7)])
def test_behind_a_projector_it_fails_not_far_beyond_either(d, m, most):
    N = failing_from(d, rank=m)
    assert N is not None
    assert failure_floor(N, d, rank=m) >= 0.5
    assert 1 < N / capacity_of(Construction("low-rank", rank=m), d=d) < most


def test_sizes_at_which_no_length_is_left_say_nothing():
    assert failure_floor(81, 119, rank=84) == 0
    assert floor_of(3598, 2364, Split(0.2153, 2292.04)) == 0


@pytest.mark.parametrize("N", [3000, 10_000, 40_000])
def test_far_beyond_it_still_fails(N):
    assert failure_floor(N, 256) > 0.5


def test_a_projector_of_full_rank_is_none():
    assert failure_floor(2800, 256, rank=256) == failure_floor(2800, 256)


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


@pytest.mark.parametrize("expected", [0.01, 0.1, 1.0])
def test_no_floor_is_above_the_number_of_weak_inputs_to_expect(expected):
    """A probability is at most the mean of a count; the table's levels are 3% apart at most."""
    for N in (1800, 2700):
        assert floor_of(N, 256, Split(0.1, expected)) <= 1.1 * expected


@pytest.mark.parametrize(
    ("h", "signal", "most", "loss"),
    [
        (0.5, 1.0, 1.0, 0.3),
        (0.7, 1.0, 1.0, 0.1),
        (1.0, 1.0, 1.0, 0.02),
        (1.4, 1.0, 1.0, 0.02),
        (0.5, 0.7, 0.8, 0.5),
        (0.75, 0.7, 0.8, 0.3),
        (0.9, 0.7, 0.8, 0.3),
    ],
)
def test_weak_inputs_are_beaten_as_often_as_proved(h, signal, most, loss):
    """By outputs set apart, with the noise of their facts; also where h exceeds the signal."""
    d, n, n_y, draws = 128, 1000, 80, 1500
    beaten = converse._beaten(n, n_y, 0.4, tails_of(d, 14.0), most)
    assert beaten is not None
    w = n / d
    place = int(np.searchsorted(beaten.ends, w)) - 1
    bound = beaten.steps[place][beaten.h <= h].sum()
    rng = np.random.default_rng(6)
    lost = 0
    for _ in range(draws):
        U, E = rng.standard_normal((2, n_y, d))
        U /= np.linalg.norm(U, axis=1)[:, None]
        c = E[:, 0] / np.linalg.norm(E, axis=1)
        # The answer is the first axis; <u_x, v'> = signal - h, and v' - signal u_x has length w.
        v = np.zeros(d)
        v[0], v[1] = signal - h, np.sqrt(w - h**2)
        total = v + c @ U
        lost += bool((U @ total).max() > total[0])
    low, high = proportion_interval(lost, draws, level=1 - 1e-6)
    assert low - loss < bound <= high


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


def test_a_rank_out_of_range_is_named():
    with pytest.raises(InputError, match="rank 65 is not between 1 and d = 64"):
        failure_floor(100, 64, rank=65)


def test_sizes_out_of_range_are_named():
    with pytest.raises(InputError, match="N = 0 is not a positive number of facts"):
        failure_floor(0, 64)
