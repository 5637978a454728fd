"""The construction that a new one begins with."""

import numpy as np

from assoc import margins
from assoc.embeddings import sphere
from theory.starters.my_construction import build


def test_it_is_the_ridge_regression_of_its_facts():
    rng = np.random.default_rng(2)
    E, U, f = sphere(12, 16, rng=rng), sphere(12, 16, rng=rng), rng.permutation(12)
    memory = build(E, U, f, rng=rng)
    W = np.linalg.solve(E.T @ E + np.eye(16), E.T @ U[f]).T
    np.testing.assert_allclose(memory(np.eye(16)), W.T, atol=1e-12)
    assert memory.parameters == 256
    assert (margins(memory, E, U, f) > 0).all()
