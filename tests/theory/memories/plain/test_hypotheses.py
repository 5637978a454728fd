"""The tests of the hypotheses agree with degrees of freedom that are counted."""

import numpy as np

from theory.memories.plain import hypotheses as plain_hypotheses
from theory.memories.plain.hypotheses import hypothesis_symbols


def wrong(rows):
    return {n for n, got, want in rows if abs(got - want) > 1e-9 * (abs(want) or 1)}


def test_the_package_agrees():
    assert not wrong(hypothesis_symbols())


def test_another_degree_of_freedom_shows():
    assert {"Rayleigh's p", "Bingham's p"} <= wrong(hypothesis_symbols(freedom=1))


def test_p_values_of_uniform_vectors_are_uniform():
    """Their means over 200 draws, 4 standard errors of a uniform number's."""
    rng = np.random.default_rng(0)
    draws = [plain_hypotheses._normalised(rng.standard_normal((80, 4))) for _ in range(200)]
    for p in (plain_hypotheses._rayleigh, plain_hypotheses._bingham):
        assert abs(np.mean([p(E, 0) for E in draws]) - 0.5) < 4 / np.sqrt(12 * 200)
