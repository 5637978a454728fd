"""The loop over single weights, held to the loss computed anew."""

import numpy as np
import pytest

from assoc.bits.flips import sweep


def shortfalls(W, E, U, f, kappa):
    scores = E @ W.T @ U.T
    rows = np.arange(len(E))
    short = kappa - (scores[rows, f][:, None] - scores)
    short[rows, f] = -1e6
    return short


def loss(W, E, U, f, kappa):
    return (np.maximum(shortfalls(W, E, U, f, kappa), 0) ** 2).sum()


def by_hand(W, E, U, f, kappa, places, steps, allowed, top):
    """Each step from scratch, in double precision."""
    W = W.astype(np.float64)
    taken = 0
    for place, step, most in zip(places, steps, allowed, strict=True):
        i, j = divmod(place, W.shape[1])
        for offered in (step, -step):
            if abs(W[i, j] + offered) <= top:
                other = W.copy()
                other[i, j] += offered
                if loss(other, E, U, f, kappa) - loss(W, E, U, f, kappa) <= most:
                    W, taken = other, taken + 1
                break
    return W, taken


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_gains_are_those_of_brute_force(bits, seed):
    rng = np.random.default_rng(seed)
    top, kappa = 2**bits - 1, 2.0**bits
    E, U = rng.standard_normal((9, 5)), rng.standard_normal((7, 6))
    f = rng.integers(0, 7, 9)
    W = rng.choice(np.arange(-top, top + 1, 2), (6, 5)).astype(np.float32)
    short = shortfalls(W.astype(np.float64), E, U, f, kappa).astype(np.float32)
    places = rng.integers(0, 30, 200)
    steps = (2 ** rng.integers(1, bits, 200, endpoint=True) * rng.choice([-1, 1], 200)).astype(
        np.float32
    )
    allowed = loss(W, E, U, f, kappa) / 20 * rng.exponential(size=200)
    found = W.copy()
    inputs, answers = (np.ascontiguousarray(X.T, np.float32) for X in (E, U))
    taken = sweep(found, short, inputs, answers, f, places, steps, allowed, top)
    expected, count = by_hand(W, E, U, f, kappa, places, steps, allowed, top)
    np.testing.assert_array_equal(found, expected)
    assert taken == count
    assert 0 < taken < 200
    # What is left in the shortfalls are those of the matrix that was reached.
    np.testing.assert_allclose(short, shortfalls(expected, E, U, f, kappa), atol=1e-3)


def test_without_an_allowance_the_loss_never_rises():
    rng = np.random.default_rng(5)
    E, U, f = rng.standard_normal((20, 8)), rng.standard_normal((20, 8)), np.arange(20)
    inputs, answers = (np.ascontiguousarray(X.T, np.float32) for X in (E, U))
    W = rng.choice([-1.0, 1.0], (8, 8)).astype(np.float32)
    seen = [loss(W.astype(np.float64), E, U, f, 1.0)]
    for _ in range(10):
        short = shortfalls(W.astype(np.float64), E, U, f, 1.0).astype(np.float32)
        places, steps = rng.permutation(64), np.full(64, 2, np.float32)
        sweep(W, short, inputs, answers, f, places, steps, np.zeros(64), 1.0)
        seen.append(loss(W.astype(np.float64), E, U, f, 1.0))
    assert (np.diff(seen) <= 1e-4).all()
    assert seen[-1] < seen[0]
