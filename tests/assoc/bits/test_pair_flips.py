"""The loop over single weights that watches some competitors, held to the one that watches all."""

import numpy as np
import pytest

from assoc.bits.flips import sweep
from assoc.bits.pair_flips import sweep_pairs


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
