"""The laws that guarantees are held to, against simulation of what they are about."""

import numpy as np
import pytest

from assoc.embeddings import sphere
from theory.memories.balls import coordinate_tail
from theory.transformers.plain.guarantees import dual_pair_law, gap_law, pair_law, sum_law


def within(share, law, trials):
    return abs(share - law) < 4.5 * np.sqrt(law / trials)


@pytest.mark.parametrize("c", [0, 1])
def test_pairs_of_plain_sums(c):
    terms, d, trials = 8, 16, 40_000
    rng = np.random.default_rng(c)
    a, y = sphere(trials, d, rng=rng), sphere(trials, d, rng=rng)
    F = 2 * a + c * y + sum(sphere(trials, d, rng=rng) for _ in range(terms))
    share = np.mean(np.einsum("ij,ij->i", F, y) >= np.einsum("ij,ij->i", F, a))
    assert within(share, pair_law(terms, d, c=c), trials)


def test_gaps_of_heads():
    d, trials = 24, 100_000
    rng = np.random.default_rng(0)
    own, end, other = (sphere(trials, d, rng=rng) for _ in range(3))
    key = own + end / 2
    found = np.einsum("ij,ij->i", key, end - other)
    assert within(np.mean(found < 1 / 16), gap_law(d, gap=1 / 16), trials)
    assert within(np.mean(found < 0), gap_law(d, gap=0.0), trials)


@pytest.mark.parametrize("c", [0, 1])
def test_pairs_of_dual_values(c):
    terms, n, d, trials = 5, 12, 5, 4000
    rng = np.random.default_rng(c)
    coefficients = np.zeros(n)
    coefficients[: terms + 2] = 2, c, *([1] * terms)
    reached = 0
    for _ in range(trials):
        Q = np.linalg.qr(rng.standard_normal((n, d)))[0]
        scores = Q @ (Q.T @ coefficients)
        reached += scores[1] >= scores[0]
    assert within(reached / trials, dual_pair_law(terms, n, d, c=c), trials)


def test_sums_of_coordinates_in_three_dimensions():
    """A coordinate in R^3 is uniform on [-1, 1]: a sum of eight has Irwin and Hall's law."""
    x = np.array([0.0, 1.0, 2.5])
    share = np.mean(
        np.random.default_rng(0).uniform(-1, 1, (200_000, 8)).sum(axis=1)[:, None] >= x, axis=0
    )
    assert np.allclose(sum_law(x, 8, 3), share, atol=5e-3)


def test_the_tail_of_many_terms_is_nearly_normal():
    x = 3 * np.sqrt(400 / 50)
    assert sum_law(np.array([x]), 400, 50)[0] == pytest.approx(
        float(coordinate_tail(3e-3, 10**6).mid()), rel=0.05
    )
