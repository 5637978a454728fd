"""The loop over single weights of a network, held to the loss computed anew."""

import numpy as np
import pytest

from assoc.bits.network_flips import sweep_network

SIGMA = np.array([-0.5, 0.25, 0.5])


def hidden(W, P, E):
    z = W @ E.T
    return z * (P @ E.T) if len(P) else np.polynomial.Polynomial(SIGMA)(z)


def shortfalls(W, P, V, E, U, f, kappa):
    scores = hidden(W, P, E).T @ V @ U.T
    rows = np.arange(len(E))
    short = kappa - (scores[rows, f][:, None] - scores)
    short[rows, f] = -1e6
    return short


def by_hand(arrays, E, U, f, kappa, places, steps, allowed, top):
    """Each step from scratch, in double precision."""
    arrays = [array.astype(np.float64) for array in arrays]
    taken = 0
    loss = (np.maximum(shortfalls(*arrays, E, U, f, kappa), 0) ** 2).sum()
    where = [(array, k, j) for array in arrays for k, j in np.ndindex(array.shape)]
    for place, step, most in zip(places, steps, allowed, strict=True):
        array, k, j = where[place]
        before = array[k, j]
        for offered in (step, -step):
            if abs(before + offered) <= top:
                array[k, j] = before + offered
                new = (np.maximum(shortfalls(*arrays, E, U, f, kappa), 0) ** 2).sum()
                if new - loss <= most:
                    loss, taken = new, taken + 1
                else:
                    array[k, j] = before
                break
    return arrays, taken


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("pairs", [False, True])
def test_gains_are_those_of_brute_force(bits, pairs):
    rng = np.random.default_rng(bits)
    top = 2**bits - 1
    kappa = 2.0 ** (3 * bits)
    E, U = rng.standard_normal((9, 5)), rng.standard_normal((7, 6))
    f = rng.integers(0, 7, 9)
    levels = np.arange(-top, top + 1, 2)
    shapes = (4, 5), (4 if pairs else 0, 5), (4, 6)
    arrays = [rng.choice(levels, shape).astype(np.float32) for shape in shapes]
    count = sum(array.size for array in arrays)
    places = rng.integers(0, count, 200)
    steps = (2 ** rng.integers(1, bits, 200, endpoint=True) * rng.choice([-1, 1], 200)).astype(
        np.float32
    )
    short = shortfalls(*arrays, E, U, f, kappa)
    allowed = (np.maximum(short, 0) ** 2).sum() / 20 * rng.exponential(size=200)
    expected, taken = by_hand(arrays, E, U, f, kappa, places, steps, allowed, top)

    W, P, V = (array.copy() for array in arrays)
    layers = (W @ E.T, P @ E.T, hidden(W, P, E), V @ U.T)
    now = [np.ascontiguousarray(layer, np.float32) for layer in layers]
    left = short.astype(np.float32)
    inputs, answers = (np.ascontiguousarray(X.T, np.float32) for X in (E, U))
    count = sweep_network(
        W, P, V, *now, left, inputs, answers, f, places, steps, allowed, top,
        SIGMA.astype(np.float32),
    )  # fmt: skip
    for found, array in zip((W, P, V), expected, strict=True):
        np.testing.assert_array_equal(found, array)
    assert count == taken
    assert 0 < taken < 200
    # What is left are the shortfalls and layers of the network that was reached.
    np.testing.assert_allclose(
        left, shortfalls(W, P, V, E, U, f, kappa), rtol=1e-3, atol=1e-3 * kappa
    )
    np.testing.assert_allclose(now[0], W @ E.T, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(now[1], P @ E.T, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(now[2], hidden(W, P, E), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(now[3], V @ U.T, rtol=1e-4, atol=1e-3)
