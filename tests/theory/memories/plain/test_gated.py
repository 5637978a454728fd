"""The second computation of the law of networks, where its values are known."""

import numpy as np
import pytest

from theory.memories.plain import gated as independent
from theory.memories.plain.gated import CLOSE, MISTAKES, NEAR, gated_rows


def worst(rows):
    """Largest relative difference."""
    return max(abs(measured - exact) / (abs(exact) or 1.0) for _, measured, exact in rows)


@pytest.mark.parametrize("part", CLOSE)
def test_the_package_agrees_closely(part):
    assert worst(gated_rows(parts=(part,))) < 2e-6


@pytest.mark.parametrize("part", NEAR)
def test_the_package_agrees_nearly(part):
    assert worst(gated_rows(parts=(part,))) < 0.015


@pytest.mark.parametrize(
    ("mistake", "part"),
    zip(MISTAKES, ("neuron", "neuron", "kernel", "recall", "strengths", "sums"), strict=True),
)
def test_every_mistake_is_seen(mistake, part):
    assert worst(gated_rows(parts=(part,), mistake=mistake)) > 0.015


def test_the_gain_at_degree_1_is_known():
    """d E t^2 (t^2 g^2 + 1 - t^2) = 1 + (g^2 - 1) 3 / (d + 2)."""
    g = np.array([0.0, 0.5, 2.0])
    gain = independent._plain_gain(1, 10, g)
    np.testing.assert_allclose(gain, 1 + (g**2 - 1) * 3 / 12, rtol=1e-10)


def test_blocks_keep_the_mass_and_the_means(rng):
    law = rng.random((90, 70))
    law /= law.sum()
    S, B = np.linspace(-1, 3, 90), np.linspace(0.5, 2, 70)
    s, b, mass = independent._blocks(S, B, law, 20)
    assert mass.sum() == pytest.approx(1)
    assert np.sum(mass * s) == pytest.approx(float(np.sum(law.T @ S)))
    assert np.sum(mass * b) == pytest.approx(float(np.sum(law @ B)))
