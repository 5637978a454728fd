"""Keys that look at a group, value maps that say what they should, and their sizes."""

import math

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.transformers.heads import (
    LEAK,
    assemble,
    check_head_dim,
    choose_head_dim,
    groups_of,
    separating_key,
    summed_key,
    value_factors,
)


@pytest.mark.parametrize(
    ("S", "R", "d"), [(64, 64, 128), (252, 7, 128), (1, 1, 2), (5, 1, 64), (30, 31, 40)]
)
def test_the_head_dimension_wastes_least(S, R, d):
    size = choose_head_dim(S, R, d)

    def stored(k):
        return k * (math.ceil(S / k) + math.ceil(R / k))

    allowed = range(1, max(1, min(d // 8, max(S, R))) + 1)
    assert size in allowed
    assert stored(size) == min(stored(k) for k in allowed)
    assert all(stored(k) > stored(size) for k in allowed if k > size)


@pytest.mark.parametrize(("tokens", "heads"), [(7, 3), (3, 7), (8, 1)])
def test_groups_split_the_tokens_evenly(tokens, heads):
    groups = groups_of(range(10, 10 + tokens), heads)
    assert np.concatenate(groups).tolist() == list(range(10, 10 + tokens))
    sizes = [len(group) for group in groups]
    assert len(groups) == min(heads, tokens)
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_a_separating_key_is_the_shortest_with_both_gaps(seed):
    """Its gaps are at least 1, and the conditions of optimality hold."""
    vectors = sphere(30, 24, rng=np.random.default_rng(seed))
    own, others, end = vectors[:3], vectors[3:-1], vectors[-1]
    key = separating_key(own, others, end)
    sides = np.concatenate([own - end, end - others])
    gaps = sides @ key
    assert gaps.min() > 1 - 1e-9
    # It is a non-negative combination of the sides whose gap is exactly 1.
    tight = sides[gaps < 1 + 1e-7]
    weights = np.linalg.lstsq(tight.T, key, rcond=None)[0]
    np.testing.assert_allclose(tight.T @ weights, key, atol=1e-7)
    assert weights.min() > -1e-7


def test_where_nothing_separates_the_key_is_that_of_least_squares():
    own, end = np.array([[1.0, 0.0]]), np.array([0.0, 1.0])
    others = np.array([[2.0, 0.0], [0.0, -1.0], [-3.0, 1.0]])  # one of them is ahead of own
    others = np.concatenate([others, -others])
    key = separating_key(own, others, end)
    sides = np.concatenate([own - end, end - others])
    np.testing.assert_allclose(key, np.linalg.pinv(sides) @ np.ones(len(sides)))
    assert (sides @ key).min() < 1


def test_a_summed_key_is_a_sum():
    own, end = np.arange(6.0).reshape(2, 3), np.array([1.0, 0.0, -1.0])
    np.testing.assert_array_equal(summed_key(own, end), own[0] + own[1] + end / 2)


def test_exact_value_maps_say_what_they_should():
    rng = np.random.default_rng(0)
    own, values = sphere(4, 16, rng=rng), rng.standard_normal((4, 16))
    end = sphere(1, 16, rng=rng)[0]
    W_V, W_O = value_factors(own, values, end, 6, exact=True)
    assert W_V.shape == W_O.shape == (6, 16)
    np.testing.assert_allclose(own @ W_V.T @ W_O, values, atol=1e-10)
    np.testing.assert_allclose(W_V @ end, 0, atol=1e-12)
    assert np.linalg.matrix_rank(W_V.T @ W_O) == 4


def test_plain_value_maps_cross_by_the_overlaps():
    rng = np.random.default_rng(1)
    own, values = sphere(3, 8, rng=rng), rng.standard_normal((3, 8))
    end = sphere(1, 8, rng=rng)[0]
    W_V, W_O = value_factors(own, values, end, 3, exact=False)
    without = own - np.outer(own @ end, end)
    overlaps = own @ without.T / np.einsum("ij,ij->i", without, own)
    np.testing.assert_allclose(own @ W_V.T @ W_O, overlaps @ values, atol=1e-12)
    np.testing.assert_allclose(np.diag(overlaps), 1)


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_with_too_many_tokens_the_map_is_the_best_of_its_rank(rank):
    rng = np.random.default_rng(2)
    own, values = sphere(6, 12, rng=rng), rng.standard_normal((6, 12))
    end = sphere(1, 12, rng=rng)[0]
    W_V, W_O = value_factors(own, values, end, rank, exact=True)
    without = own - np.outer(own @ end, end)
    whole = np.linalg.pinv(without) @ values
    size = np.linalg.svd(whole)[1]
    assert np.linalg.matrix_rank(W_V.T @ W_O) == rank
    error = np.linalg.norm(whole - W_V.T @ W_O)
    assert error == pytest.approx(np.linalg.norm(size[rank:]))


@pytest.mark.parametrize("length", [3, 32, 1000])
def test_the_temperature_keeps_the_leak_at_the_nominal_gap(length):
    Phi = np.eye(4)
    key = separating_key(Phi[:1], Phi[1:3], Phi[3])
    factors = value_factors(Phi[:1], Phi[1:2], Phi[3], 2, exact=True)
    attention = assemble(Phi, [key], [factors], length=length, separated=True)
    logits = attention.logits(Phi, Phi[3])[0]
    assert logits[0] - logits[3] == pytest.approx(math.log((length - 1) / LEAK))
    assert (length - 1) * math.exp(logits[3] - logits[0]) == pytest.approx(LEAK)
    assert attention.W_K.dtype == np.float64
    single = assemble(Phi.astype(np.float32), [key], [factors], length=length, separated=True)
    assert single.W_K.dtype == np.float32


def test_the_temperature_may_be_made_for_another_gap():
    """Logits are inversely proportional to the gap that they are made for."""
    rng = np.random.default_rng(0)
    Phi = sphere(6, 4, rng=rng)
    given = Phi, [Phi[0]], [np.ones((2, 1, 4))]
    nominal = assemble(*given, length=9, separated=False)
    sharper = assemble(*given, length=9, separated=False, gap=1 / 16)
    ratio = sharper.logits(Phi, Phi[-1]) / nominal.logits(Phi, Phi[-1])
    assert np.allclose(ratio, 8)
    with pytest.raises(InputError, match="gap 0"):
        assemble(*given, length=9, separated=False, gap=0.0)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "head dimension d_h = 0 is not positive"),
        (9, "head dimension d_h = 9 exceeds d = 8"),
    ],
)
def test_head_dimensions_out_of_range(size, said):
    with pytest.raises(InputError, match=said):
        check_head_dim(size, 8)
