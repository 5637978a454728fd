"""The guarantee of plain sums: above what it bounds, and not far."""

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import even_task
from assoc.transformers.attention_only import attention_only
from sims.transformers.prompts import prompt_outputs
from theory.transformers import guarantee
from theory.transformers.counts import Counts, counts_of, full_table
from theory.transformers.guarantee import (
    GAP,
    expected_failures,
    failure_bound,
    guaranteed_dimension,
    heads_bound,
    pair_bound,
)
from theory.transformers.plain.guarantees import gap_law, pair_law
from theory.transformers.superposed import superposed_dimension


@pytest.mark.parametrize(("terms", "d"), [(13, 140), (37, 700), (37, 1400), (29, 860)])
def test_a_pair_is_bounded_by_a_little_more_than_its_law(terms, d):
    assert 1 < pair_bound(terms, d, c=1) / pair_law(terms, d, c=1) < 1.08


def test_a_token_that_is_not_said_hardly_competes():
    assert 1 < pair_bound(13, 140, c=0) / pair_law(13, 140, c=0) < 1.5
    assert pair_bound(13, 140, c=0) < 1e-3 * pair_bound(13, 140, c=1)


def test_more_noise_and_what_leaks_raise_a_pair():
    assert pair_bound(20, 300, c=1) < pair_bound(21, 300, c=1)
    assert pair_bound(20, 300, c=1) < pair_bound(20, 300, c=1, leak=0.01)
    assert pair_bound(20, 300, c=1, leak=2.0) == 1.0
    assert pair_bound(0, 300, c=1) < 1e-15


@pytest.mark.parametrize("d", [64, 140, 250])
@pytest.mark.parametrize("gap", [1 / 16, 1e-9])
def test_heads_are_bounded_by_a_little_more_than_their_law(monkeypatch, d, gap):
    monkeypatch.setattr(guarantee, "NEGLIGIBLE", 0.0)
    one = Counts(1, 1, 3, ((0, 1),), 1)  # a single head, and another token
    ratio = heads_bound(one, d, gap=gap) / gap_law(d, gap=gap)
    assert 1 < ratio < (1.35 if gap > 1e-6 else 1.6)


def test_where_small_gaps_are_negligible_chernoff_s_bound_will_do(monkeypatch):
    counts = full_table(16, 8, 8, noise=64)
    close = heads_bound(counts, 300)
    monkeypatch.setattr(guarantee, "NEGLIGIBLE", 1e9)
    assert close < heads_bound(counts, 300) < 20 * close


@pytest.mark.parametrize(("d", "trials"), [(120, 60), (200, 60)])
def test_failing_pairs_of_real_prompts_are_as_many_as_it_says(d, trials):
    """Counted in models with softmax heads, and so with all that heads do wrong."""
    found = []
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        task = even_task(16, 8, 8, rng=rng)
        Phi = sphere(task.vocabulary, d, rng=rng)
        model = attention_only(task, Phi, rng=rng, values="sum", head_dim=1, length=8, gap=GAP)
        scores = prompt_outputs(model, task.prompts(8, rng=rng)) @ Phi.T
        own = scores[np.arange(len(task)), task.labels]
        found.append(int((scores >= own[:, None]).sum()) - len(task))
    mean, error = np.mean(found), np.std(found) / np.sqrt(trials)
    bound = expected_failures(counts_of(task), d)
    assert 0.6 * bound < mean + 3 * error
    assert mean - 3 * error < bound


@pytest.mark.parametrize(
    ("S", "R", "D", "chernoff"),
    [(32, 32, 8, 1673), (64, 64, 8, 3667), (16, 8, 8, 430), (64, 8, 32, 1570), (256, 16, 16, 1447)],
)
def test_the_guaranteed_dimension_lies_between_the_median_and_chernoff_s(S, R, D, chernoff):
    found = guaranteed_dimension(full_table(S, R, D, noise=64))
    median = superposed_dimension(S, R, D, noise=64)
    assert median < found < 0.9 * chernoff
    assert found < 1.3 * median
    if S == R:
        assert found < 1.1 * median


def test_it_is_the_least_that_is_proved():
    counts = full_table(16, 8, 8, noise=64)
    for delta in (0.5, 0.01):
        d = guaranteed_dimension(counts, delta=delta)
        assert failure_bound(counts, d) <= delta < failure_bound(counts, d - 1)


def test_it_falls_with_d_and_grows_with_the_table():
    counts = full_table(16, 8, 8, noise=64)
    values = [failure_bound(counts, d) for d in (2, 3, 200, 320, 400, 500)]
    assert values == sorted(values, reverse=True)
    assert values[0] == values[1] == 1.0
    for larger in ((20, 8, 8), (16, 10, 8), (16, 8, 10)):
        assert guaranteed_dimension(full_table(*larger, noise=64)) > 317
    assert guaranteed_dimension(full_table(16, 8, 8, noise=640)) >= 317


def test_numbers_of_other_answers_are_rounded_up():
    """As if every fact had the larger number next to its own."""
    uneven = Counts(24, 64, 153, ((14, 100), (10, 28)), 192)
    even = Counts(24, 64, 153, ((14, 128),), 192)
    assert expected_failures(uneven, 300) < expected_failures(even, 300)
    split = Counts(24, 64, 153, ((14, 100), (13, 28)), 192)
    assert expected_failures(split, 300) < expected_failures(even, 300)


def test_a_million_facts_take_no_longer():
    assert guaranteed_dimension(full_table(1000, 1000, 16, noise=64)) == 75720


def test_bad_input_is_named():
    counts = full_table(4, 4, 2, noise=4)
    for gap in (0.0, 0.5, -1.0, float("nan")):
        with pytest.raises(InputError, match="gap"):
            failure_bound(counts, 100, gap=gap)
    with pytest.raises(InputError, match="delta"):
        guaranteed_dimension(counts, delta=0.0)
    with pytest.raises(InputError, match="d = 1"):
        failure_bound(counts, 1)
