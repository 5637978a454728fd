"""The guarantee of dual inputs is an upper bound on counts, and not far above."""

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import gaussian, sphere
from assoc.memories.linear import dual_inputs
from sims.engine.statistics import proportion_interval
from theory.memories.dual_guarantee import (
    dual_inputs_bound,
    dual_inputs_capacity,
    dual_inputs_pairs,
)
from theory.memories.guarantee import guaranteed_capacity


def lost_pairs(N, d, M, seed):
    rng = np.random.default_rng(seed)
    E, U = gaussian(N, d, rng=rng), sphere(M, d, rng=rng)
    scores = dual_inputs(E, U, np.arange(N), rng=rng)(E) @ U.T
    return int((scores >= np.diag(scores)[:, None]).sum()) - N


@pytest.mark.parametrize(("N", "d", "M"), [(12, 8, 12), (40, 16, 40), (137, 64, 137), (30, 16, 80)])
def test_failures_are_no_more_frequent_than_the_bound(N, d, M):
    trials = 400 if N < 100 else 60
    failed = sum(lost_pairs(N, d, M, seed) > 0 for seed in range(trials))
    low, _ = proportion_interval(failed, trials, level=1 - 1e-6)
    assert low <= dual_inputs_bound(N, d, M=M)


@pytest.mark.parametrize(("N", "d", "M"), [(200, 64, 200), (400, 64, 400), (120, 32, 400)])
def test_where_many_pairs_are_lost_they_are_nearly_as_many(N, d, M):
    found = [lost_pairs(N, d, M, seed) for seed in range(40)]
    mean, error = np.mean(found), np.std(found) / np.sqrt(40)
    bound = dual_inputs_pairs(N, d, M=M)
    assert mean - 4 * error < bound < 1.8 * (mean + 4 * error)


@pytest.mark.parametrize(("d", "median"), [(64, 152), (128, 450), (256, 1420)])
def test_the_capacity_is_close_to_the_median_and_beats_the_hebbian_memory(d, median):
    """The medians are those of simulations."""
    found = dual_inputs_capacity(d)
    assert 0.88 * median < found < median
    assert found - d < guaranteed_capacity(d) * 1.2
    assert found > guaranteed_capacity(d) + 0.5 * d
    assert dual_inputs_bound(found, d) <= 0.5 < dual_inputs_bound(found + 1, d)


def test_as_many_dimensions_as_inputs_leave_nothing_to_fail():
    assert dual_inputs_bound(64, 64) == dual_inputs_bound(1, 3) == 0.0
    assert dual_inputs_bound(64, 64, M=10**6) == 0.0
    assert dual_inputs_bound(65, 64) < 1e-9
    assert dual_inputs_capacity(64, delta=1e-3) < dual_inputs_capacity(64, delta=0.9)


def test_it_grows_with_facts_and_outputs():
    values = [dual_inputs_bound(N, 32) for N in (40, 50, 60, 70, 90, 200)]
    assert values == sorted(values)
    assert dual_inputs_bound(50, 32, M=50) < dual_inputs_bound(50, 32, M=5000) <= 1.0


def test_bad_input_is_named():
    with pytest.raises(InputError, match="at least 3 dimensions"):
        dual_inputs_bound(9, 2)
    with pytest.raises(InputError, match="no injective map"):
        dual_inputs_bound(9, 8, M=8)
    with pytest.raises(InputError, match="delta"):
        dual_inputs_capacity(8, delta=1.0)
    with pytest.raises(InputError, match="N = 0"):
        dual_inputs_bound(0, 8)
