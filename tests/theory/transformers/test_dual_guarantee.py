"""The guarantee of dual values: an exact law of a pair, and its sum."""

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.recall_task import even_task
from assoc.transformers.attention_only import attention_only
from theory.transformers.counts import counts_of, full_table
from theory.transformers.dual_guarantee import dual_dimension, dual_failure_bound, dual_pair
from theory.transformers.plain.guarantees import dual_pair_law


@pytest.mark.parametrize("c", [0, 1])
@pytest.mark.parametrize(("terms", "n", "d"), [(6, 60, 30), (12, 100, 40), (37, 385, 312)])
def test_the_law_of_a_pair_is_enclosed(terms, n, d, c):
    low, high = dual_pair(terms, n, d, c=c)
    assert low < dual_pair_law(terms, n, d, c=c) < high
    assert high / low < (1.15 if c else 20)


def scores_of_a_projector(n, d, rng):
    columns = np.linalg.qr(rng.standard_normal((n, d)))[0]
    return columns @ columns.T


@pytest.mark.parametrize(("terms", "n", "d"), [(6, 40, 15), (12, 60, 30)])
def test_the_law_of_a_pair_is_that_of_projectors(terms, n, d):
    """From a thousand of them, each with its disjoint choices of tokens."""
    rng, reached, asked = np.random.default_rng(0), 0, 0
    for _ in range(1000):
        P = scores_of_a_projector(n, d, rng)
        for part in rng.permutation(n)[: n - n % (terms + 2)].reshape(-1, terms + 2):
            F = 2 * P[part[0]] + P[part[1:]].sum(axis=0)
            reached += F[part[1]] >= F[part[0]]
            asked += 1
    low, high = dual_pair(terms, n, d, c=1)
    share = reached / asked
    assert low - 5 * np.sqrt(low / asked) < share < high + 5 * np.sqrt(high / asked)


def failing_pairs(task, d, rng):
    Phi = rng.standard_normal((task.vocabulary, d))
    model = attention_only(task, Phi, rng=rng, values="dual", head_dim=task.subjects)
    subjects, relations = task.cues.T
    F = model.attended(np.stack([subjects, relations], axis=1))
    scores = F @ Phi.T
    return int((scores >= scores[np.arange(len(task)), task.labels][:, None]).sum()) - len(task)


def test_failing_pairs_of_models_are_as_many_as_it_says():
    counts = counts_of(even_task(16, 8, 8, rng=np.random.default_rng(0)))
    d, n, (others, facts) = 92, counts.vocabulary, counts.others[0]
    found = [
        failing_pairs(even_task(16, 8, 8, rng=rng), d, rng)
        for rng in map(np.random.default_rng, range(40))
    ]
    expected = facts * (
        others * dual_pair(others - 1, n, d, c=1)[1]
        + (n - 1 - others) * dual_pair(others, n, d, c=0)[1]
    )
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 3.5 * error + 0.05 * expected


@pytest.mark.parametrize(("S", "R", "D", "d"), [(32, 32, 8, 312), (64, 64, 8, 586)])
def test_guaranteed_dimensions(S, R, D, d):
    counts = full_table(S, R, D, noise=64)
    assert dual_dimension(counts) == d
    assert dual_failure_bound(counts, d) <= 0.5 < dual_failure_bound(counts, d - 1)


def test_with_a_dimension_for_each_token_nothing_fails():
    counts = full_table(8, 4, 2, noise=16)
    n = counts.vocabulary
    assert dual_failure_bound(counts, n) == dual_failure_bound(counts, 10 * n) == 0.0
    assert 0 < dual_failure_bound(counts, n - 1) < 0.1


def test_without_dimensions_for_keys_nothing_is_said():
    counts = full_table(8, 4, 2, noise=200)
    assert counts.dimensions_for_keys == 212
    assert dual_failure_bound(counts, 211) == 1.0
    assert dual_failure_bound(counts, 212) < 1.0
    assert dual_dimension(counts) == 212


def test_a_single_fact_needs_no_other_answers():
    counts = full_table(1, 1, 1, noise=3)
    assert counts.others == ((0, 1),)
    assert 0 < dual_failure_bound(counts, 5) < 1


def test_bad_input_is_named():
    with pytest.raises(InputError, match="d = 10 is not below n = 10"):
        dual_pair(3, 10, 10, c=1)
    with pytest.raises(InputError, match="d = 1"):
        dual_failure_bound(full_table(2, 2, 2, noise=0), 1)
    with pytest.raises(InputError, match="delta"):
        dual_dimension(full_table(2, 2, 2, noise=0), delta=2.0)
