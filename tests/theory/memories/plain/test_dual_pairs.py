"""The law of pairs that least squares loses, beside its variables drawn one by one."""

import numpy as np
import pytest

from theory.memories.plain.dual_pairs import dual_pairs_lost


@pytest.mark.parametrize(("N", "d", "M"), [(30, 12, 30), (40, 16, 90)])
def test_the_law_is_that_of_projectors_that_are_drawn(N, d, M):
    """P onto the columns of a Gaussian matrix, and the first input against every output."""
    rng = np.random.default_rng(0)
    lost = []
    for _ in range(1500):
        Q, _ = np.linalg.qr(rng.standard_normal((N, d)))
        U = rng.standard_normal((M, d))
        U /= np.linalg.norm(U, axis=1)[:, None]
        scores = Q @ (Q.T @ U[:N]) @ U.T
        lost.append((scores >= np.diag(scores)[:, None]).sum() - N)
    mean, error = np.mean(lost), np.std(lost) / np.sqrt(len(lost))
    assert abs(mean - dual_pairs_lost(N, d, M=M)) < 4 * error
    assert error < 0.04 * mean


def test_as_many_dimensions_as_inputs_lose_nothing():
    assert dual_pairs_lost(16, 16) == dual_pairs_lost(16, 16, M=100) == 0.0
    assert dual_pairs_lost(40, 16) < dual_pairs_lost(40, 16, M=41) < dual_pairs_lost(41, 16)
