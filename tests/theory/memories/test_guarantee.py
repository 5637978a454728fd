"""The guarantee is an upper bound: on frequencies, and on the exact law of its pairs."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from assoc import InputError
from sims.engine.statistics import proportion_interval
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line
from tests.helpers.simulate import recalled
from theory.memories import guarantee
from theory.memories.capacity import capacity_of
from theory.memories.guarantee import failure_bound, guaranteed_capacity, pairs_bound
from theory.memories.pair_tails import log_tangent
from theory.memories.plain.pair_chances import pairs_lost

# --- against simulation -------------------------------------------------------------------------

SIZES = [
    (8, 2, None, None),
    (8, 3, None, None),
    (16, 4, None, None),
    (16, 6, None, None),
    (32, 12, None, None),
    (32, 20, None, None),
    (8, 2, None, 9),
    (16, 4, None, 20),
    (32, 16, None, 100),
    (16, 3, 12, None),
    (16, 4, 8, None),
    (32, 8, 16, None),
    (32, 8, 16, 40),
]


@pytest.mark.parametrize(("d", "N", "rank", "M"), SIZES)
def test_failures_are_no_more_frequent_than_the_bound(d, N, rank, M):
    """Exact binomial intervals at level 1 - 1e-6 from 4000 draws, fixed seed."""
    trials = 4000
    whole = recalled(d, N, trials=trials, seed=d + N, M=M, rank=rank).all(axis=1)
    bound = failure_bound(N, d, M=M, rank=rank)
    assert 0 < bound < 1
    low, high = proportion_interval(int((~whole).sum()), trials, level=1 - 1e-6)
    assert low <= bound
    # At most of these sizes the simulation even confirms it.
    assert high <= bound or bound < 0.05


# --- against the exact law of a pair ------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "N", "rank", "M", "ratio"),
    [
        (32, 20, None, None, 6),
        (64, 60, None, None, 4),
        (128, 320, None, None, 1.6),
        (160, 480, None, None, 1.5),
        (64, 40, 32, None, 4),
        (128, 200, 64, None, 2),
        (32, 16, None, 100, 25),
        (96, 150, None, 300, 2),
    ],
)
def test_it_lies_above_the_expected_number_of_pairs_but_not_far(d, N, rank, M, ratio):
    exact = pairs_lost(N, d, rank=rank, M=M)
    assert exact < pairs_bound(N, d, rank=rank, M=M) < ratio * exact


@pytest.mark.parametrize(("d", "N"), [(16, 24), (64, 140), (128, 500)])
def test_it_bounds_the_number_of_pairs_where_that_is_large(d, N):
    bound = pairs_bound(N, d)
    assert bound > 10
    assert failure_bound(N, d) == 1
    assert pairs_lost(N, d) < bound


@pytest.mark.parametrize("d", [4, 8, 32, 200])
@pytest.mark.parametrize("c", [1e-3, 0.05, 0.5, 4.0, 60.0])
def test_the_laplace_bound_with_one_term_by_quadrature(d, c):
    """n = 1: E exp(-c/Q), Q = t^2 for a sphere coordinate t, integrated in t."""

    def integrand(t):
        return np.exp(-c / t**2) * (1 - t * t) ** ((d - 3) / 2) if t > 0 else 0.0

    over = integrate.quad(integrand, 0, 1, epsabs=0, epsrel=1e-10, limit=200)[0]
    mass = integrate.quad(lambda t: (1 - t * t) ** ((d - 3) / 2), 0, 1)[0]
    bound = np.exp(log_tangent(np.array(c), 1, d))
    assert over / mass <= bound <= 1


@pytest.mark.parametrize(("d", "n"), [(8, 3), (16, 30), (64, 200), (1000, 5)])
def test_the_laplace_bound_is_that_of_the_best_tangent(d, n):
    """exp(-2c/q) (1 - 2c/(d q^2))^(-n/2) is no smaller at any other point q."""
    for c in np.geomspace(1e-3, 0.3 * d, 7):
        bound = float(log_tangent(np.array(c), n, d))
        q = np.geomspace(1.0001 * np.sqrt(2 * c / d), 100 * (np.sqrt(2 * c / d) + n / d), 4000)
        tangents = -2 * c / q - n / 2 * np.log1p(-2 * c / (d * q**2))
        assert bound <= tangents.min() + 1e-9
        assert bound == pytest.approx(min(tangents.min(), 0), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("n", [1, 3, 10**6, 10**15, 10**22])
@pytest.mark.parametrize("d", [2, 10**6, 10**12])
def test_the_laplace_bound_keeps_its_digits_at_any_size(d, n):
    """For n much larger than sqrt(c d) it is -c d/n, for n much smaller -sqrt(2 c d)."""
    c = np.array([d / 4, 1.0])
    bound = log_tangent(c, n, d)
    assert np.isfinite(bound).all()
    assert (bound <= 0).all()
    for value, exponent in zip(bound, c, strict=True):
        if n**2 > 1e8 * exponent * d:
            assert value == pytest.approx(-exponent * d / n, rel=1e-3)
        if 1e8 * n**2 < exponent * d:
            assert value == pytest.approx(-np.sqrt(2 * exponent * d), rel=1e-2)


def test_without_other_facts_there_is_no_noise():
    assert log_tangent(np.array([0.0, 1e-9]), 0, 8).tolist() == [0.0, -np.inf]


# --- its shape ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [None, 8])
def test_it_grows_with_the_facts(rank):
    bounds = [failure_bound(N, 16, rank=rank) for N in range(1, 12)]
    assert bounds[0] == 0
    assert all(a <= b for a, b in itertools.pairwise(bounds))
    assert bounds[1] < bounds[3]
    assert failure_bound(10**20, 16, rank=rank) == 1


def test_it_grows_with_the_outputs():
    bounds = [failure_bound(8, 32, M=M) for M in (8, 9, 16, 100, 10**4, 10**9)]
    assert all(a < b for a, b in itertools.pairwise(bounds))
    assert failure_bound(8, 32) == bounds[0]


def test_it_falls_with_the_dimension():
    bounds = [failure_bound(30, d) for d in (2, 8, 32, 36, 40, 48, 64, 96)]
    assert all(a >= b for a, b in itertools.pairwise(bounds))
    assert bounds[0] > 0.9
    assert bounds[-1] < 1e-3
    # Then what the outermost cell may add, of order exp(-20), is all that is left.
    assert max(failure_bound(30, d) for d in (200, 1000, 10**6, 10**12)) < 1e-7


def test_it_falls_with_the_rank():
    bounds = [failure_bound(8, 32, rank=m) for m in (1, 4, 12, 20, 28, 31)]
    assert all(a >= b for a, b in itertools.pairwise(bounds))
    assert bounds[-1] >= failure_bound(8, 32)


@pytest.mark.parametrize("d", [8, 32, 100])
@pytest.mark.parametrize("N", [2, 5, 20])
def test_full_rank_is_no_restriction(d, N):
    assert failure_bound(N, d, rank=d) == failure_bound(N, d)
    assert guaranteed_capacity(d, rank=d) == guaranteed_capacity(d)


@pytest.mark.parametrize(("d", "N"), [(64, 80), (128, 320)])
def test_finer_levels_only_lower_it(monkeypatch, d, N):
    bounds = []
    for levels in (600, 1199, 2397):
        monkeypatch.setattr(
            guarantee, "LEVELS", np.concatenate([[0.0], np.geomspace(1e-3, 2.0, levels)])
        )
        guarantee._chances_of_levels.cache_clear()
        bounds.append(pairs_bound(N, d))
    guarantee._chances_of_levels.cache_clear()
    assert bounds[0] > bounds[1] > bounds[2] > pairs_lost(N, d)


def test_every_cell_is_counted_once():
    for rank, used in ((64, True), (20, True), (64, False)):
        chances = guarantee._chances_of_levels(64, 16.0, rank, used)
        assert 1 <= chances.sum() < 1 + 1e-9


# --- capacity -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "rank", "share"),
    [(64, None, 0.84), (256, None, 0.93), (1024, None, 0.95), (10**6, None, 0.97), (256, 128, 0.9)],
)
def test_it_is_most_of_the_predicted_median(d, rank, share):
    law = Construction("linear") if rank is None else Construction("low-rank", rank)
    N = guaranteed_capacity(d, rank=rank)
    assert share < N / capacity_of(law, d=d) < 1


def test_it_tends_to_an_eighth_from_above_in_the_end():
    laws = []
    for d in (10**4, 10**6, 10**9, 10**12):
        N = float(guaranteed_capacity(d))
        laws.append(N * np.log(N) / d**2)
    assert all(a > b for a, b in itertools.pairwise(laws))
    assert 0.125 < laws[-1] < 0.13


@pytest.mark.parametrize("delta", [0.5, 0.1, 1e-6])
@pytest.mark.parametrize(("d", "rank", "M"), [(32, None, None), (64, 32, None), (64, None, 500)])
def test_it_is_the_largest_proved(d, rank, M, delta):
    N = guaranteed_capacity(d, delta=delta, rank=rank, M=M)
    assert failure_bound(N, d, rank=rank, M=M) <= delta < failure_bound(N + 1, d, rank=rank, M=M)


def test_it_is_no_more_than_there_are_outputs():
    assert [guaranteed_capacity(64, M=M) for M in (1, 2, 3, 20, 60)] == [1, 2, 3, 20, 60]
    assert guaranteed_capacity(64, M=90) < 90
    assert guaranteed_capacity(64, M=10**9) < guaranteed_capacity(64, M=90)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"N": 0, "d": 8}, "N = 0 is not a positive number of facts"),
        ({"N": 5, "d": 1}, "d = 1: the formulas need a dimension of at least 2"),
        ({"N": 5, "d": 10**20}, "d = 1e+20: the formulas are checked up to d = 1e+12"),
        ({"N": 5, "d": 8, "M": 4}, "no injective map from N = 5 inputs to M = 4 outputs"),
        ({"N": 5, "d": 8, "rank": 9}, "rank 9 is not between 1 and d = 8"),
        ({"N": 5, "d": 8, "rank": 0}, "rank 0 is not between 1 and d = 8"),
    ],
)
def test_sizes_out_of_range_are_named(arguments, said):
    with pytest.raises(InputError) as caught:
        failure_bound(**arguments)
    assert one_line(caught.value) == said


@pytest.mark.parametrize("delta", [0, 1, -0.1, 2, np.nan])
def test_the_failure_probability_must_lie_between_0_and_1(delta):
    with pytest.raises(InputError) as caught:
        guaranteed_capacity(16, delta=delta)
    assert one_line(caught.value) == f"delta = {delta} is not between 0 and 1"


def test_sums_of_squared_coordinates_are_what_the_proof_says():
    """Q of N - 2 facts is a sum of Beta(1/2, (d - 1)/2): simulated overlaps against that law."""
    rng = np.random.default_rng(0)
    d, draws = 6, 20_000
    E = rng.standard_normal((draws, 4, d))
    E /= np.linalg.norm(E, axis=2, keepdims=True)
    Q = np.einsum("tzd,td->tz", E[:, 1:], E[:, 0]) ** 2
    for z in range(3):
        assert stats.kstest(Q[:, z], stats.beta(0.5, (d - 1) / 2).cdf).pvalue > 1e-6
    correlations = np.corrcoef(Q.T)[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(draws)


@pytest.mark.parametrize(("d", "rank"), [(2**16, 2**15), (10**8, 10**4), (10**9, 10**3)])
def test_behind_a_projector_much_is_guaranteed_at_large_sizes_too(d, rank):
    """Not held back by what is cut off: the chance of a small share, or a small signal."""
    N = int(0.08 * rank * d / np.log(rank * d))
    assert failure_bound(N, d, rank=rank) < 0.5
