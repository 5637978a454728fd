"""The loop over single weights that watches some competitors, held to the one that watches all."""

import numpy as np
import pytest

from assoc.bits.flips import sweep
from assoc.bits.network_flips import sweep_network
from assoc.bits.pair_flips import sweep_pairs, sweep_pairs_of_network


def drawn(bits, seed):
    rng = np.random.default_rng(seed)
    top = 2**bits - 1
    E, U = (np.ascontiguousarray(rng.standard_normal(s), np.float32) for s in ((5, 9), (6, 7)))
    f = rng.integers(0, 7, 9)
    W = rng.choice(np.arange(-top, top + 1, 2), (6, 5)).astype(np.float32)
    scores = E.T @ W.T @ U
    short = np.float32(2.0**bits) - (scores[np.arange(9), f][:, None] - scores)
    short[np.arange(9), f] = -1e6
    sizes = 2 ** rng.integers(1, bits, 200, endpoint=True) * rng.choice([-1, 1], 200)
    loss = float((np.maximum(short, 0) ** 2).sum())
    offered = rng.integers(0, 30, 200), sizes.astype(np.float32), loss / 20 * rng.random(200)
    return W, short.astype(np.float32), (E, U, f, *offered, float(top))


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_where_all_pairs_are_watched_it_is_the_other_loop(bits, seed):
    W, short, rest = drawn(bits, seed)
    found, pairs = W.copy(), short.ravel().copy()
    starts, columns = np.arange(10) * 7, np.tile(np.arange(7, dtype=np.int32), 9)
    taken = sweep_pairs(found, pairs, starts, columns, *rest)
    assert taken == sweep(W, short, *rest)
    assert 0 < taken < 200
    np.testing.assert_array_equal(found, W)
    np.testing.assert_allclose(pairs, short.ravel(), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_that_are_left_out_do_not_count(seed):
    """As if their competitors were infinitely far behind."""
    W, short, rest = drawn(2, seed)
    kept = np.random.default_rng(seed).random(short.shape) < 0.5
    found, pairs = W.copy(), short[kept]
    starts = np.append(0, np.cumsum(kept.sum(axis=1)))
    taken = sweep_pairs(found, pairs, starts, np.nonzero(kept)[1].astype(np.int32), *rest)
    assert taken == sweep(W, np.where(kept, short, np.float32(-1e6)), *rest)
    np.testing.assert_array_equal(found, W)


@pytest.mark.parametrize("bits", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_a_network_whose_pairs_are_all_watched_is_that_of_the_other_loop(bits, seed):
    rng = np.random.default_rng(seed)
    top, N, M, m = 2**bits - 1, 9, 7, 4
    E, U = (np.ascontiguousarray(rng.standard_normal(s), np.float32) for s in ((5, N), (6, M)))
    f = rng.integers(0, M, N)
    W, V = (rng.choice(np.arange(-top, top + 1, 2), (m, d)).astype(np.float32) for d in (5, 6))
    quadratic = np.array([-0.5, 0, 0.2], np.float32)
    z = W @ E
    h, each = quadratic[0] + quadratic[2] * z**2, V @ U
    scores = h.T @ each
    short = (scores - scores[np.arange(N), f][:, None] + 1).astype(np.float32)
    short[np.arange(N), f] = -1e6
    sizes = 2 ** rng.integers(1, bits, 300, endpoint=True) * rng.choice([-1, 1], 300)
    allowed = float((np.maximum(short, 0) ** 2).sum()) / 20 * rng.random(300)
    places = rng.integers(0, m * 11, 300)
    rest = E, U, f, places, sizes.astype(np.float32), allowed, float(top), quadratic
    none = np.zeros((0, 5), np.float32)
    first = [array.copy() for array in (W, V, z, h, each)]
    taken = sweep_network(
        first[0], none, first[1], first[2], np.zeros((0, N), np.float32), first[3], first[4],
        short.copy(), *rest,
    )  # fmt: skip
    starts, columns = np.arange(N + 1) * M, np.tile(np.arange(M, dtype=np.int32), N)
    pairs = short.ravel().copy()
    assert sweep_pairs_of_network(W, V, z, h, each, pairs, starts, columns, *rest) == taken
    assert 0 < taken < 300
    np.testing.assert_array_equal(W, first[0])
    np.testing.assert_array_equal(V, first[1])
    # What the loop keeps up to date is what the weights that it leaves say.
    np.testing.assert_allclose(h, quadratic[0] + quadratic[2] * (W @ E) ** 2, rtol=1e-3, atol=1e-3)
    moved = h.T @ (V @ U)
    left = moved - moved[np.arange(N), f][:, None] + 1
    left[np.arange(N), f] = pairs.reshape(N, M)[np.arange(N), f]
    np.testing.assert_allclose(pairs.reshape(N, M), left, rtol=1e-3, atol=1e-3)
