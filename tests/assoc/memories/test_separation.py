"""Separating read-outs near the capacity."""

import numpy as np
import pytest

from assoc.embeddings import sphere
from assoc.memories.convex import LogisticLoss, WhiteLoss
from assoc.memories.separation import separate


def draw(N, d=32, seed=1):
    rng = np.random.default_rng(seed)
    E, U = (sphere(3000, d, rng=rng, dtype=np.float32)[:N] for _ in range(2))
    return E, U, np.arange(N)


def lost(E, U, f, Theta):
    scores = E @ Theta @ U.T
    own = scores[np.arange(len(f)), f].copy()
    scores[np.arange(len(f)), f] = -np.inf
    return int((own <= scores.max(axis=1)).sum())


def test_just_above_the_capacity_a_large_share_is_lost_at_once():
    """Each fact ties with several competitors there, so the least loss jumps."""
    below = separate(*draw(188))
    assert below.separated
    assert lost(*draw(188), below.Theta) == 0
    above = separate(*draw(193))
    assert above.refuted is not None
    value = LogisticLoss(*draw(193))(above.Theta)[0]
    assert value == pytest.approx(1.492, abs=0.001)
    assert lost(*draw(193), above.Theta) == 54


def test_white_coordinates_go_out_and_in():
    E, U, f = draw(30, d=6)
    loss = WhiteLoss(LogisticLoss(E, U, f))
    z = np.random.default_rng(0).standard_normal(loss.size)
    np.testing.assert_allclose(loss.inward(loss.outward(z)), z, atol=1e-9)


def test_the_hessian_is_the_slope_of_the_gradient():
    E, U, f = draw(30, d=6)
    loss = WhiteLoss(LogisticLoss(E, U, f))
    rng = np.random.default_rng(0)
    z, way = rng.standard_normal((2, loss.size))
    step = 1e-5
    slope = (loss(z + step * way)[1] - loss(z - step * way)[1]) / (2 * step)
    np.testing.assert_allclose(loss.bend(z, way), slope, rtol=1e-5, atol=1e-9)


def test_a_budget_that_is_too_small_says_nothing():
    found = separate(*draw(193), steps=3)
    assert not found.separated
    assert found.refuted is None
