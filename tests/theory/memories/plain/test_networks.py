"""The second computations of networks, where their values are known."""

import numpy as np
import pytest

from theory.memories.plain import networks as independent
from theory.memories.plain.networks import (
    MISTAKES,
    PARTS,
    network_rows,
    plain_hermite,
    plain_sphere_mean,
)


def worst(rows):
    """Largest relative difference."""
    return max(abs(measured - exact) / (abs(exact) or 1.0) for _, measured, exact in rows)


@pytest.mark.parametrize("part", PARTS)
def test_the_package_agrees(part):
    assert worst(network_rows(parts=(part,))) < 1e-8


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_seen(mistake):
    assert worst(network_rows(mistake=mistake)) > 1e-3


def test_known_polynomials_and_moments():
    x = np.array([-1.0, 0.0, 3.0])
    np.testing.assert_allclose(plain_hermite(2, x) * np.sqrt(2), x**2 - 1)
    np.testing.assert_allclose(plain_hermite(3, x) * np.sqrt(6), x**3 - 3 * x, atol=1e-12)
    assert [independent._plain_fourth(k) for k in (1, 2, 3)] == pytest.approx([3, 15, 93])
    assert plain_sphere_mean(lambda t: t**4, 10) == pytest.approx(3 / 120)
    assert plain_sphere_mean(lambda t: t**3, 10) == pytest.approx(0, abs=1e-12)


def test_dense_steps_of_which_the_answer_is_known():
    """As in the examples of the steps: outputs 2, 2 for targets 6, 10; and one factor."""
    step = independent._dense_output(np.array([[2.0], [2.0]]), np.array([[6.0], [10.0]]), 0.0)
    assert step == pytest.approx(4.0)
    one = np.ones((1, 1))
    assert independent._dense_factor(one, 2 * one, one, 6 * one, 0.0) == pytest.approx(3.0)
    assert independent._dense_factor(one, 2 * one, one, 6 * one, 1.0) == pytest.approx(1.5)


def test_the_strongest_competitor():
    answers = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    rival, gap, half = independent._rival(np.array([1.0, 0.5]), answers, 1)
    assert (rival, gap, half) == (0, pytest.approx(-0.5), pytest.approx(1.0))
