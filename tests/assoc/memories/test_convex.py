"""The convex read-out, against the definition of its loss."""

import numpy as np
import pytest
from scipy import optimize, sparse, special

from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.memories import convex
from assoc.memories.convex import WANTED, LogisticLoss, logistic_readout


def problem(N, p, d, M, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, p)), sphere(M, d, rng=rng), rng.integers(0, M, N)


def margins(features, U, f, Theta, offset=0.0):
    scores = (offset + features @ Theta) @ U.T
    own = scores[np.arange(len(f)), f]
    scores[np.arange(len(f)), f] = -np.inf
    return own - scores.max(axis=1)


def loss(features, U, f, Theta):
    scores = features @ Theta @ U.T
    return float(np.mean(special.logsumexp(scores, axis=1) - scores[np.arange(len(f)), f]))


@pytest.mark.parametrize("seed", range(3))
def test_what_can_be_recalled_is_with_the_margin_wanted(seed):
    features, U, f = problem(20, 12, 10, 15, seed)
    Theta = logistic_readout(features, U, f)
    assert Theta.shape == (12, 10)
    assert margins(features, U, f, Theta).min() >= WANTED * (1 - 1e-9)


def test_sparse_features_give_the_same_but_for_rounding():
    features, U, f = problem(20, 12, 10, 15)
    features[np.abs(features) < 0.8] = 0
    dense = logistic_readout(features, U, f)
    thin = logistic_readout(sparse.csr_array(features), U, f)
    # Products are of single precision: 6e-8, more after some iterations.
    np.testing.assert_allclose(thin, dense, rtol=0, atol=5e-6 * np.abs(dense).max())
    # In double precision loss and gradient are the same but for the order of summation.
    for one, other in zip(
        *(LogisticLoss(P, U, f)(dense) for P in (features, sparse.csr_array(features))),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("offset", [None, 0.3 * np.ones((20, 10))], ids=["none", "an offset"])
@pytest.mark.parametrize("rows", [1, 7, 13, 20])
def test_blocks_of_inputs_add_up(rows, offset, monkeypatch):
    """Of features that are held densely and sparsely, at a point of no special kind."""
    features, U, f = problem(20, 12, 10, 15)
    features[np.abs(features) < 0.8] = 0
    Theta = np.random.default_rng(1).standard_normal((12, 10))
    whole = LogisticLoss(features, U, f, offset=offset)
    expected = whole(Theta)
    monkeypatch.setattr(convex, "SCORES", rows * len(U))
    kinds = (sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.dia_array)
    for held in (features, *(kind(features) for kind in kinds)):
        parts = LogisticLoss(held, U, f, offset=offset)
        for one, other in zip(parts(Theta), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
        assert parts.least == pytest.approx(whole.least, rel=1e-12)


def test_an_offset_is_part_of_the_outputs():
    features, U, f = problem(20, 12, 10, 15)
    offset = 3 * U[(f + 1) % 15]
    Theta = logistic_readout(features, U, f, offset=offset)
    assert margins(features, U, f, Theta, offset).min() >= WANTED * (1 - 1e-9)


def test_where_not_all_can_be_recalled_the_loss_is_the_least_there_is():
    """Two inputs with equal features and different answers."""
    features, U, f = problem(6, 3, 3, 5)
    features[1], f[0], f[1] = features[0], 0, 1
    found = logistic_readout(features, U, f, steps=3000)
    assert margins(features, U, f, found).min() <= 0
    best = optimize.minimize(lambda t: loss(features, U, f, t.reshape(3, 3)), np.zeros(9), tol=1e-9)
    # The infimum need not be attained; both are near it, and no read-out is below log(2) / 3.
    assert loss(features, U, f, found) < best.fun + 0.05
    assert loss(features, U, f, found) > np.log(2) / 3 - 1e-9


def test_inputs_that_say_nothing_leave_nothing_to_recall():
    U = sphere(4, 3, rng=np.random.default_rng(0))
    features = np.ones((4, 1))
    Theta = logistic_readout(features, U, np.arange(4))
    assert (margins(features, U, np.arange(4), Theta) <= 0).sum() >= 3


def test_a_redundant_feature_changes_no_score():
    features, U, f = problem(20, 12, 10, 15)
    twice = np.column_stack([features, features[:, 0]])
    one, two = logistic_readout(features, U, f), logistic_readout(twice, U, f)
    assert np.isfinite(two).all()
    assert margins(twice, U, f, two).min() >= WANTED * (1 - 1e-9)
    assert one.shape != two.shape


@pytest.mark.parametrize("f", [[0, 1, 3], [0, -1, 2], [0, 1], [[0, 1, 2]]])
def test_answers_that_are_no_outputs_are_refused(f):
    with pytest.raises(InputError, match="answers f are not 3 integers from 0 to 2"):
        LogisticLoss(np.eye(3), np.eye(3), np.array(f))
