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


def test_one_fact_above_the_capacity_a_third_is_lost_at_once():
    """Each fact ties with several competitors there, so the least loss jumps."""
    found = {N: separate(*draw(N, d=16)) for N in range(60, 70)}
    held = [N for N, each in found.items() if each.separated]
    N = max(held)
    assert held == list(range(60, N + 1))
    assert all(found[n].refuted is not None for n in found if n > N)
    values = {n: LogisticLoss(*draw(n, d=16))(each.Theta)[0] for n, each in found.items()}
    assert lost(*draw(N, d=16), found[N].Theta) == 0
    assert values[N] < np.log(2)
    assert values[N + 1] == pytest.approx(1.361, abs=0.001)
    assert lost(*draw(N + 1, d=16), found[N + 1].Theta) > N / 3


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


def test_above_the_capacity_the_least_loss_has_the_size_of_its_logarithm():
    """At d = 32; the numbers are those of the page on optimal memories."""
    assert separate(*draw(190)).separated
    found = separate(*draw(193))
    assert found.refuted is not None
    loss = LogisticLoss(*draw(193))(found.Theta)[0]
    assert loss == pytest.approx(1.492, abs=0.001)
    assert np.log(2) < loss < np.log(1 + 32**2 / 193)
    assert lost(*draw(193), found.Theta) == 54
