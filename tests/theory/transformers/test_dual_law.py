"""The law of dual values: pairs that fail in random tables, and the median dimension."""

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.recall_task import balanced_task
from sims.engine.parallel import blas_threads
from theory.transformers.counts import full_table
from theory.transformers.dual_guarantee import dual_dimension, dual_failure_bound
from theory.transformers.dual_law import dual_law_dimension, expected_pairs


def failing_pairs(task, d, rng):
    """Pairs that fail of heads that look where they should, by the projector itself."""
    columns = np.linalg.qr(rng.standard_normal((task.vocabulary, d)))[0]
    answers = np.zeros((task.subjects + task.relations, task.vocabulary))
    for (s, r), token in zip(task.cues, task.labels, strict=True):
        answers[s, token] = answers[r, token] = 1
    scores = (answers[task.cues].sum(axis=1) @ columns) @ columns.T
    return int((scores >= scores[np.arange(len(task)), task.labels][:, None]).sum()) - len(task)


@pytest.mark.parametrize(("S", "R", "d"), [(12, 12, 60), (16, 6, 36)])
def test_pairs_fail_in_random_tables_as_often_as_is_expected(S, R, d):
    found = []
    with blas_threads(1):
        for seed in range(120):
            rng = np.random.default_rng(seed)
            found.append(failing_pairs(balanced_task(S, R, 4, noise=8, rng=rng), d, rng))
    error = np.std(found) / np.sqrt(len(found))
    expected = expected_pairs(S, R, 4, d, noise=8)
    # Upper ends of the laws of pairs, and the mean number of other answers, rounded.
    assert 0.85 * (np.mean(found) - 3 * error) < expected < 1.3 * (np.mean(found) + 3 * error)
    assert np.mean(found) > 5


def test_half_of_the_random_tables_are_recalled_at_the_dimension_of_the_law():
    def share(d):
        whole = 0
        for seed in range(40):
            rng = np.random.default_rng(seed)
            whole += failing_pairs(balanced_task(8, 8, 8, rng=rng), d, rng) == 0
        return whole / 40

    d = dual_law_dimension(8, 8, 8, noise=64)
    with blas_threads(1):
        assert share(round(0.85 * d)) < 0.25
        assert 0.3 < share(d) < 0.9
        assert share(round(1.1 * d)) > 0.75


def test_a_random_table_needs_no_more_than_every_table_of_its_sizes():
    for S in (4, 8, 16):
        assert dual_law_dimension(S, S, 8, noise=64) < dual_dimension(full_table(S, S, 8, noise=64))
    # Where all answers occur both are sums over the same pairs.
    counts = full_table(256, 4, 2, noise=8)
    d = counts.dimensions_for_keys
    assert expected_pairs(256, 4, 2, d, noise=8) == pytest.approx(
        dual_failure_bound(counts, d), rel=0.05
    )


def test_nothing_fails_from_the_size_of_the_vocabulary_on():
    n = full_table(4, 3, 2, noise=5).vocabulary
    assert expected_pairs(4, 3, 2, n, noise=5) == 0
    assert expected_pairs(4, 3, 2, n - 1, noise=5) > 0
    assert dual_law_dimension(4, 3, 2, noise=5) <= n


def test_a_single_fact_is_refused():
    with pytest.raises(InputError, match="single fact"):
        dual_law_dimension(1, 1, 2, noise=5)
