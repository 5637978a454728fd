"""Kernels of the logistic loss against its formula."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from assoc.memories.logistic_kernel import NEGLIGIBLE, blame, face

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def worked(scores, answers):
    """Least margin, loss, and the derivative, as the kernels find them."""
    left = scores.copy()
    own, rival = np.empty((2, len(scores)), scores.dtype)
    least = face(left, answers, own, rival)
    np.exp(left, out=left)
    return least, blame(left, answers, own, rival), left


@both
@pytest.mark.parametrize("M", [2, 3, 4, 5, 9, 40])
@pytest.mark.parametrize("scale", [0.1, 3.0, 200.0])
def test_loss_and_derivative_are_those_of_the_formula(dtype, M, scale):
    rng = np.random.default_rng(M)
    scores = (scale * rng.standard_normal((7, M))).astype(dtype)
    answers = rng.integers(M, size=7)
    least, loss, slope = worked(scores, answers)
    exact, rows = scores.astype(np.float64), np.arange(7)
    rivals = exact.copy()
    rivals[rows, answers] = -np.inf
    assert least == np.float64((scores[rows, answers] - rivals.max(axis=1).astype(dtype)).min())
    behind = logsumexp(rivals, axis=1) - exact[rows, answers]
    digits = 1e-4 if dtype is np.float32 else 1e-11
    assert loss == pytest.approx(np.logaddexp(0, behind).sum(), rel=digits)
    wanted = softmax(exact, axis=1)
    wanted[rows, answers] = -np.exp(-np.logaddexp(0, -behind))
    np.testing.assert_allclose(slope, wanted, rtol=digits, atol=1e-30)


@both
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_makes_no_loss(dtype, bad):
    for place in (0, 1, 6):
        scores = np.random.default_rng(0).standard_normal((3, 7)).astype(dtype)
        scores[1, place] = bad
        if bad == np.inf:
            scores[1, 1] = bad
            scores[1, 5] = bad
        elif bad == -np.inf:
            scores[1] = bad
        with np.errstate(invalid="ignore"):
            assert np.isnan(worked(scores, np.array([2, 1, 0]))[1])


@both
def test_no_number_is_left_by_which_products_are_slow(dtype):
    """Below the smallest normal number, or so little above that a product with it is."""
    gaps = np.linspace(0.0, 150.0, 2000).astype(dtype)
    rows = np.stack([-gaps, -gaps, 40 - gaps, np.full_like(gaps, -1e4)])
    rows[1, 0], rows[3, :2] = 100.0, 0.0
    for answer in (0, 1, 1500):
        _, _, slope = worked(rows, np.full(len(rows), answer))
        assert np.count_nonzero(slope) > 100
        assert np.abs(slope[slope != 0]).min() >= NEGLIGIBLE
