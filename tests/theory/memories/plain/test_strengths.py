"""Strengths written a second time agree with the package, and the closed forms with simulation."""

import numpy as np
import pytest

from theory.memories.plain import strengths as plain_strengths
from theory.memories.plain.strengths import feature_symbols, strength_symbols


def off(rows):
    return {name: abs(got - want) / (abs(want) or 1) for name, got, want in rows}


def test_the_package_agrees():
    assert max(off(strength_symbols()).values()) < 1e-7
    assert max(off(feature_symbols()).values()) < 1e-3


@pytest.mark.parametrize(
    "rows", [strength_symbols(lost=1), strength_symbols(sketched=True), feature_symbols(extra=1)]
)
def test_every_mistake_shows(rows):
    assert max(off(rows).values()) > 2e-3


def test_mean_inverses_are_those_of_drawn_features():
    """Mean of m squared products of normals, 4 standard errors."""
    g = np.random.default_rng(0).standard_normal((2, 4000, 50))
    inverse = 1 / np.mean((g[0] * g[1]) ** 2, axis=1)
    first, second = plain_strengths._inverses(plain_strengths._product, 50)
    for values, exact in ((inverse, first), (inverse**2, second)):
        assert values.mean() == pytest.approx(exact, abs=4 * values.std() / np.sqrt(4000))


def test_the_share_of_a_truncation_is_that_of_a_large_matrix():
    """By Stein's identity, the energy of the larger half of the singular values."""
    W = np.random.default_rng(0).standard_normal((400, 400)) / 20
    values = np.linalg.svd(W, compute_uv=False)
    assert np.sum(values[:200] ** 2) / 400 == pytest.approx(plain_strengths._truncated(0.5), 0.01)
