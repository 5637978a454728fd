"""Optimal memories: what they store, count and prove."""

import numpy as np
import pytest

from assoc import margins
from assoc.catalogue import resolve
from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.memories.decoding import certified_margins
from assoc.memories.memory import Factors
from assoc.memories.optimal import (
    Decides,
    optimal_bilinear,
    optimal_linear,
    optimal_low_rank,
    optimal_mlp,
)


def facts(N, d, M=None, seed=0):
    rng = np.random.default_rng(seed)
    E = sphere(N, d, rng=rng, dtype=np.float32)
    U = sphere(M or N, d, rng=rng, dtype=np.float32)
    return E, U, rng.integers(0, M, N) if M else rng.permutation(N)


def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize("seed", range(4))
def test_twice_what_outer_products_hold_is_certified(seed):
    E, U, f = facts(48, 16, seed=seed)
    plain = resolve("linear")[1](E, U, f, rng=rng())
    memory = optimal_linear(E, U, f, rng=rng())
    assert isinstance(memory, Factors)
    assert memory.parameters == 256
    assert memory.W.dtype == np.float32
    assert (margins(plain, E, U, f) <= 0).any()
    assert certified_margins(memory, E, U, f).certified.all()


def test_decisions_come_with_the_memory_that_is_built():
    E, U, f = facts(100, 16)
    found = optimal_linear.decide(E, U, f, rng=rng())
    assert found.refuted is not None
    assert found.refuted.proved
    np.testing.assert_array_equal(found.memory(E), optimal_linear(E, U, f, rng=rng())(E))


def test_maps_need_not_be_injective():
    """Fewer answers cost less: more facts than any matrix holds of a permutation."""
    assert optimal_linear.decide(*facts(80, 16), rng=rng()).refuted is not None
    E, U, f = facts(80, 16, M=20)
    assert certified_margins(optimal_linear(E, U, f, rng=rng()), E, U, f).certified.all()


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (optimal_mlp(20), 2 * 20 * 12),
        (optimal_mlp(20, 2), 2 * 20 * 12),
        (optimal_bilinear(20), 3 * 20 * 12),
        (optimal_bilinear(20, fit=True), 3 * 20 * 12),
    ],
)
def test_networks_hold_more_than_any_matrix(build, parameters):
    E, U, f = facts(50, 12)
    assert optimal_linear.decide(E, U, f, rng=rng()).refuted is not None
    assert isinstance(build, Decides)
    memory = build(E, U, f, rng=rng())
    assert memory.parameters == parameters
    assert certified_margins(memory, E, U, f).certified.all()


def test_a_read_out_of_too_few_random_features_is_refuted():
    E, U, f = facts(50, 12)
    assert optimal_mlp(6).decide(E, U, f, rng=rng()).refuted is not None


def test_two_factors_hold_more_than_truncation():
    E, U, f = facts(40, 16)
    memory = optimal_low_rank(8)(E, U, f, rng=rng())
    assert memory.parameters == 2 * 8 * 16
    assert np.linalg.matrix_rank(memory.W) == 8
    assert certified_margins(memory, E, U, f).certified.all()
    truncated = resolve("low-rank-svd", rank=8)[1](E, U, f, rng=rng())
    assert (margins(truncated, E, U, f) <= 0).any()


@pytest.mark.parametrize("rank", [0, 17])
def test_a_rank_out_of_range_is_named(rank):
    E, U, f = facts(10, 16)
    with pytest.raises(InputError, match=f"rank {rank}"):
        optimal_low_rank(rank)(E, U, f, rng=rng())


@pytest.mark.parametrize("name", ["optimal-mlp", "optimal-bilinear", "optimal-bilinear-fit"])
def test_networks_need_a_width(name):
    with pytest.raises(InputError, match="width"):
        resolve(name)
