"""Cells cover the whole range, with the probabilities of the law."""

import numpy as np
import pytest
from scipy import stats

from theory.memories.balls import above, below
from theory.memories.cells import beta_cells, coordinate_cells


@pytest.mark.parametrize("d", [2, 3, 20, 90, 1000, 10**6])
def test_cells_of_a_coordinate(d):
    ends, masses = coordinate_cells(d)
    assert ends[-1] == 1.0
    assert (np.diff(ends) > 0).all()
    assert 0 <= masses.sum() - 1 < 1e-12
    law = stats.beta((d - 1) / 2, (d - 1) / 2)  # of (1 + t)/2
    expected = np.diff(law.cdf((1 + np.append(-1.0, ends)) / 2))
    assert np.allclose(masses, expected, atol=1e-9)


@pytest.mark.parametrize(("d", "n"), [(1, 2), (5, 400), (50, 51), (300, 385), (64, 20000)])
def test_cells_of_a_share(d, n):
    ends, balls = beta_cells(d, n, 60)
    assert ends[0] == 0.0
    assert (np.diff(ends) > 0).all()
    expected = np.diff(stats.beta(d / 2, (n - d) / 2).cdf(np.append(ends, 1.0)))
    assert np.allclose([above(ball) for ball in balls], expected, rtol=1e-6, atol=1e-12)
    assert below(sum(balls)) <= 1 <= above(sum(balls))
