"""The cone program of the largest margin: bounds, closed forms, invariances."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.recall_task import RecallTask, balanced_task, grid_task
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.facts import FlowFacts
from tests.helpers.oracles import one_line
from theory.gradient_flow import max_margin as module
from theory.gradient_flow.max_margin import max_margin
from theory.gradient_flow.stages import balanced_inverse_margin

CASES = [
    FlowFacts(16, 4, 8),
    FlowFacts(12, 5, 3, "random"),
    FlowFacts(8, 3, 4, "weighted"),
    FlowFacts(9, 4, 3, "partial"),
    FlowFacts(8, 2, 4, "random", length=3),
    FlowFacts(8, 2, 4, "random", length=9, noise=2),
]


def cost(model, M):
    """Twice the sum of all tokens' norms: K noise tokens each have theirs."""
    copies = np.ones(model.tokens)
    if model.contexts == 2:
        copies[-1] = model.task.noise
    return 2 * copies @ np.linalg.norm(M, axis=1)


def margins(model, M):
    """Smallest margin of every fact, from the logits of the model: V = M at w = 1."""
    logits = model.logits(np.concatenate([M.ravel(), np.ones(model.tokens)]))
    rows, right = np.arange(len(logits)), model.task.facts[:, 2]
    own = logits[rows, right]
    logits[rows, right] = -np.inf
    return own - logits.max(axis=1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bounds_enclose_and_the_upper_one_is_reached(case):
    model = case.model(1)
    found = max_margin(model)
    assert found.lower <= found.inverse <= found.upper <= found.lower * (1 + 1e-6)
    assert found.rate == found.inverse / 4
    assert margins(model, found.logits).min() >= 1 - 1e-12
    assert cost(model, found.logits) == pytest.approx(found.upper, rel=1e-12)


@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_no_other_logits_are_cheaper(case, rng):
    """Anything with positive margins, scaled to margin 1, costs at least the lower bound."""
    model = case.model(1)
    found = max_margin(model)
    for scale in (0.001, 0.01, 0.1):
        for _ in range(20):
            M = found.logits + scale * rng.standard_normal(found.logits.shape)
            smallest = margins(model, M).min()
            if smallest > 0:
                assert cost(model, M) / smallest >= found.lower


@pytest.mark.parametrize("sizes", [(16, 4, 8), (4, 2, 1), (4, 1, 2), (12, 5, 3), (24, 3, 4)])
def test_balanced_facts_have_a_closed_form(sizes):
    found = max_margin(FlowFacts(*sizes).model(3))
    closed = balanced_inverse_margin(*sizes)
    assert found.lower * (1 - 1e-9) <= closed <= found.upper * (1 + 1e-9)


@pytest.mark.parametrize(
    ("length", "noise", "expected"),
    [(None, 0, 3.0), (3, 1, 3.0), (8, 1, 2.2), (8, 2, 2.4), (4, 2, 3.0)],
)
def test_what_all_prompts_hold_is_a_bias_at_its_own_price(length, noise, expected):
    """Three subjects of one answer and one of another: m_s + b >= 1 and m_4 - b >= 1, in sqrt 2.

    Best is b = 1, m_4 = 2. The bias costs 1 per unit on the relation or the end of sequence, and
    K / (T - 3) on the K noise tokens, of which a prompt holds T - 3.
    """
    facts = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 1]])
    model = LinearAttention(RecallTask(4, 1, 2, facts, noise), length=length)
    found = max_margin(model)
    assert found.inverse == pytest.approx(expected * np.sqrt(2), rel=1e-7)
    b = 1 / np.sqrt(2)
    np.testing.assert_allclose(
        np.linalg.norm(found.logits[:4], axis=1), [0, 0, 0, 2 * b], atol=1e-5
    )


def test_one_fact_with_two_answers_needs_one_token():
    """Margin 1 of M_s alone: (1, -1)/2, of norm 1/sqrt 2; with the relation alike."""
    facts = np.array([[0, 0, 0], [1, 0, 0]])
    found = max_margin(LinearAttention(RecallTask(2, 1, 2, facts, 0)))
    assert found.inverse == pytest.approx(np.sqrt(2), rel=1e-7)


def test_names_do_not_matter(rng):
    task = balanced_task(8, 3, 4, noise=0, rng=rng)
    one = max_margin(LinearAttention(task))
    s, r, a = (rng.permutation(n) for n in (8, 3, 12))
    renamed = np.column_stack([p[task.facts[:, k]] for k, p in enumerate((s, r, a))])
    two = max_margin(LinearAttention(replace(task, facts=rng.permutation(renamed))))
    assert two.inverse == pytest.approx(one.inverse, rel=1e-7)
    assert two.log_k == pytest.approx(one.log_k, abs=1e-5)
    moved = two.logits[np.concatenate([s, 8 + r])][:, a]
    np.testing.assert_allclose(moved, one.logits, atol=1e-4)


def test_weights_change_k_and_not_the_margin(rng):
    """Log k = sum of mu log(p / mu), with mu the same: for balanced facts 1/N for each fact."""
    task = grid_task(12, 3, 4)
    p = rng.dirichlet(np.ones(36))
    even, weighted = max_margin(LinearAttention(task)), max_margin(LinearAttention(task, p))
    assert weighted.inverse == pytest.approx(even.inverse, rel=1e-9)
    assert weighted.log_k == pytest.approx(even.log_k + np.log(36 * p).mean(), abs=1e-5)


def test_k_is_between_one_and_the_number_of_wrong_answers():
    for case in CASES:
        model = case.model(2)
        found = max_margin(model)
        largest = np.log(model.task.answers - 1)
        if model.weights is None:
            assert -1e-9 <= found.log_k <= largest + 1e-9


def test_leaving_out_a_fact_makes_it_easier():
    whole, cut = (max_margin(FlowFacts(12, 3, 4, without=n).model(0)).inverse for n in (0, 1))
    assert cut < whole - 0.1


def test_facts_of_weight_0_ask_for_no_margin():
    task = grid_task(8, 2, 4)
    p = np.append(np.full(15, 1 / 15), 0.0)
    cut = LinearAttention(replace(task, facts=task.facts[:-1]))
    found, expected = max_margin(LinearAttention(task, p)), max_margin(cut)
    assert found.inverse == pytest.approx(expected.inverse, rel=1e-6)
    assert found.log_k == pytest.approx(expected.log_k, abs=1e-5)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(2, 2, 2), (4, 2, 2), (6, 3, 3)])
def test_facts_that_no_logits_separate_are_refused(sizes):
    with pytest.raises(InputError) as caught:
        max_margin(FlowFacts(*sizes, "parity").model(0))
    assert one_line(caught.value) == (
        "no logits separate these facts: the loss cannot tend to 0 (shared answers?)"
    )


def test_too_many_constraints_are_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_PROGRAM", 16 * 7)
    model = FlowFacts(8, 2, 4).model(0)
    max_margin(model)
    monkeypatch.setattr(module, "LARGEST_PROGRAM", 16 * 7 - 1)
    with pytest.raises(InputError) as caught:
        max_margin(model)
    assert one_line(caught.value) == "16 facts and 8 answers make 112 constraints, more than 111"


def test_a_single_answer_has_no_margin():
    with pytest.raises(InputError) as caught:
        max_margin(LinearAttention(grid_task(3, 1, 1)))
    assert one_line(caught.value) == "a single answer: every margin is empty"
