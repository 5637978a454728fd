"""Vectors of a finite vocabulary: how much they overlap, and what that does to recall."""

import numpy as np
import pytest

from assoc.embeddings import preprocess
from sims.memories.construction import Construction
from sims.memories.recall import measure
from theory.memories.recall import expected_failure
from theory.memories.vocabulary import mean_square_overlap, projected_failure


def test_the_mean_is_that_over_all_pairs(rng):
    vectors = rng.standard_normal((7, 3))
    products = vectors @ vectors.T
    pairs = products[~np.eye(7, dtype=bool)]
    assert mean_square_overlap(vectors) == pytest.approx(np.mean(pairs**2))


def test_whitened_vectors_overlap_less_than_independent_ones(rng):
    n, d = 60, 12
    white = preprocess(rng.standard_normal((n, d)), "whiten")
    assert d * mean_square_overlap(white) == pytest.approx((1 - d / n) / (1 - 1 / n), abs=0.03)


def test_independent_vectors_have_the_law_of_independent_vectors(rng):
    vectors = rng.standard_normal((20_000, 32))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    predicted = expected_failure(Construction("low-rank", rank=8), d=32, N=20)
    assert projected_failure(vectors, N=20, rank=8) == pytest.approx(predicted, rel=0.01)


def test_a_small_white_vocabulary_fails_less_as_predicted():
    """The difference to independent vectors is several times what the law may be off by."""
    rng = np.random.default_rng(4)
    vectors = preprocess(rng.standard_normal((240, 48)), "whiten").astype(np.float32)
    counts = np.array(
        measure("low-rank", N=60, rank=16, embeddings=vectors, trials=600).points[0].counts
    )
    share = 1 - counts / 60
    predicted = projected_failure(vectors, N=60, rank=16)
    independent = expected_failure(Construction("low-rank", rank=16), d=48, N=60)
    assert share.mean() == pytest.approx(predicted, rel=0.06)
    assert predicted < 0.85 * independent
