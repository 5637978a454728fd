"""Memories of bounded rank: rank, optimality of the SVD, projectors, accounting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError
from assoc.memories.linear import hebbian_matrix
from assoc.memories.low_rank import gaussian_projected, projected, truncated

KINDS = (projected, gaussian_projected, truncated)


def draw(rng, N=30, d=8, d_out=8):
    return rng.standard_normal((N, d)), rng.standard_normal((N, d_out)), np.arange(N)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank", [1, 3, 8])
def test_rank_shape_and_count(rng, kind, rank):
    E, U, f = draw(rng)
    memory = kind(rank)(E, U, f, rng=rng)
    assert np.linalg.matrix_rank(memory.W) == rank
    assert [factor.shape for factor in memory.factors] == [(8, rank), (rank, 8)]
    assert memory.parameters == 2 * rank * 8
    assert memory.bits is None


@pytest.mark.parametrize("kind", KINDS)
def test_precision_is_kept(rng, kind):
    E, U, f = draw(rng)
    memory = kind(3)(E.astype(np.float32), U.astype(np.float32), f, rng=rng)
    assert {factor.dtype for factor in memory.factors} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", [projected, truncated])
def test_full_rank_loses_nothing(rng, kind):
    E, U, f = draw(rng)
    memory = kind(8)(E, U, f, rng=rng)
    np.testing.assert_allclose(memory.W, hebbian_matrix(E, U, f), atol=1e-12)


def test_projected_is_the_hebbian_matrix_behind_an_orthogonal_projector(rng):
    E, U, f = draw(rng)
    memory = projected(3)(E, U, f, rng=rng)
    Q = memory.factors[1]
    P = Q.T @ Q
    np.testing.assert_allclose(P @ P, P, atol=1e-14)
    np.testing.assert_allclose(Q @ Q.T, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(memory.W, hebbian_matrix(E, U, f) @ P, atol=1e-12)


def test_the_sketch_is_unbiased():
    # A^T A has mean I. 64 entries, each within 5 standard errors of it (level 4e-5 in all), fixed
    # seed; entries have variance (1 + [i = j]) / m.
    rng, m, trials = np.random.default_rng(0), 4, 4000
    E = np.eye(8)
    mean = np.mean([gaussian_projected(m)(E, E, np.arange(8), rng=rng).W for _ in range(trials)], 0)
    error = np.abs(mean - E) / np.sqrt((1 + E) / m / trials)
    assert error.max() < 5


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(3, 8))
def test_no_memory_of_that_rank_is_closer_than_the_svd(seed, rank, d_out):
    """Eckart-Young: the distance is the norm of the dropped singular values."""
    rng = np.random.default_rng(seed)
    E, U, f = draw(rng, d=6, d_out=d_out)
    W = hebbian_matrix(E, U, f)
    best = np.linalg.norm(W - truncated(rank)(E, U, f, rng=rng).W)
    dropped = np.linalg.svd(W, compute_uv=False)[rank:]
    np.testing.assert_allclose(best, np.linalg.norm(dropped), atol=1e-9)
    for kind in (projected, gaussian_projected):
        assert np.linalg.norm(W - kind(rank)(E, U, f, rng=rng).W) >= best - 1e-9


def test_the_svd_draws_nothing(rng):
    E, U, f = draw(rng)
    first = truncated(3)(E, U, f, rng=np.random.default_rng(0)).W
    np.testing.assert_array_equal(first, truncated(3)(E, U, f, rng=np.random.default_rng(1)).W)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank", [-1, 0, 9, 10**12])
def test_a_rank_out_of_range(rng, kind, rank):
    with pytest.raises(InputError, match=f"^rank {rank} is not between 1 and d = 8$"):
        kind(rank)(*draw(rng), rng=rng)
