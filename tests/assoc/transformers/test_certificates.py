"""What a certificate promises for every prompt holds for those that are tried, also the worst."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task
from assoc.transformers.attention_mlp import attention_mlp
from assoc.transformers.attention_only import attention_only
from assoc.transformers.certificates import attention_leaks, certify
from assoc.transformers.model import Attention, Transformer
from tests.helpers.oracles import one_line, right_sets

LENGTH = 12


def built(kind, dtype=np.float64, *, d=24, seed=0, cooled=1.0):
    """A small task and its transformer, with keys that are ``cooled`` times too small."""
    rng = np.random.default_rng(seed)
    task = balanced_task(8, 4, 3, noise=6, rng=rng)
    Phi = sphere(task.vocabulary, d, rng=rng).astype(dtype)
    if kind == "attention":
        model = attention_only(task, Phi, rng=rng, length=LENGTH)
    else:
        model = attention_mlp(task, Phi, rng=rng, width=40, length=LENGTH)
    A = model.attention
    colder = Attention((A.W_K * cooled).astype(dtype), A.W_Q, A.W_V, A.W_O)
    return task, Transformer(model.embeddings, colder, model.mlp)


def margins(model, task, prompts):
    """Margins of every fact in float64, by the forward pass of the definition."""
    wide = Transformer(
        model.embeddings.astype(np.float64),
        Attention(*(getattr(model.attention, n).astype(np.float64)
                    for n in ("W_K", "W_Q", "W_V", "W_O"))),
        None if model.mlp is None
        else replace(model.mlp, W=model.mlp.W.astype(float), V=model.mlp.V.astype(float)),
    )  # fmt: skip
    scores = wide.outputs(prompts) @ wide.embeddings.T
    margins = []
    for row, right in zip(scores, right_sets(task.labels, task.also_labels), strict=True):
        margins.append(row[list(right)].max() - np.delete(row, list(right)).max())
    return np.array(margins)


def hard_prompts(model, task, rng):
    """Prompts full of one noise token, for each, and random ones of every length."""
    for token in task.noise_tokens:
        prompts = np.full((len(task), LENGTH), token)
        prompts[:, 0], prompts[:, 1], prompts[:, -1] = *task.cues.T, task.end
        yield prompts
    for length in range(3, LENGTH + 1):
        yield task.prompts(length, rng=rng)


@pytest.mark.parametrize("kind", ["attention", "mlp"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cooled", [1.0, 0.5, 0.25])
def test_no_prompt_changes_a_margin_by_more_than_the_bound(kind, dtype, cooled):
    task, model = built(kind, dtype, cooled=cooled)
    found = certify(model, task, length=LENGTH)
    seen = np.zeros(len(task))
    for prompts in hard_prompts(model, task, np.random.default_rng(3)):
        apart = np.abs(margins(model, task, prompts) - found.margin)
        assert (apart <= found.bound).all()
        seen = np.maximum(seen, apart)
    if cooled < 1:
        # The bound is loose, by the slopes of the network most of all, but no idle one.
        assert (seen > found.bound / {"attention": 1e3, "mlp": 1e5}[kind]).any()


def test_what_is_certified_is_recalled_and_most_is_certified():
    task, model = built("attention")
    found = certify(model, task, length=LENGTH)
    assert found.certified.all()
    assert found.bound.max() < 1e-6
    for prompts in hard_prompts(model, task, np.random.default_rng(4)):
        assert (margins(model, task, prompts) > 0).all()


def test_attention_that_leaks_is_not_certified():
    task, model = built("attention", cooled=0.02)
    found = certify(model, task, length=LENGTH)
    assert found.recalled.all()
    assert not found.certified.any()
    _, leak = attention_leaks(model, task, length=LENGTH)
    assert leak.max() <= 1


def test_a_leak_is_at_least_what_prompts_show():
    task, model = built("attention", cooled=0.3)
    looked, leak = attention_leaks(model, task, length=LENGTH)
    logits = model.logits()
    for prompts in hard_prompts(model, task, np.random.default_rng(5)):
        for n, prompt in enumerate(prompts):
            weight = np.exp(logits[:, prompt])
            weight /= weight.sum(axis=1, keepdims=True)
            elsewhere = 1 - (weight * (prompt == looked[n][:, None])).sum(axis=1)
            assert (elsewhere <= leak[n] + 1e-12).all()


def test_a_head_looks_at_its_own_token_and_else_at_the_end():
    task, model = built("attention")
    looked, _ = attention_leaks(model, task, length=LENGTH)
    for n, cues in enumerate(task.cues):
        assert set(looked[n]) <= {*cues, task.end}
        assert set(cues) <= set(looked[n])


def test_a_longer_prompt_leaks_more():
    task, model = built("attention", cooled=0.5)
    short, long = (certify(model, task, length=T) for T in (3, 12))
    assert (short.bound < long.bound).all()
    np.testing.assert_array_equal(short.margin, long.margin)


def test_a_table_with_another_answer_is_not_certified():
    task, model = built("attention")
    facts = task.facts.copy()
    facts[0, 2] = (facts[0, 2] + 1) % 3 + 3 * facts[0, 1]
    if facts[0, 2] == task.facts[0, 2]:
        facts[0, 2] = (facts[0, 2] + 1) % 3 + 3 * facts[0, 1]
    found = certify(model, replace(task, facts=facts), length=LENGTH)
    assert not found.certified[0]
    assert found.certified[1:].all()


@pytest.mark.parametrize("kind", ["attention", "mlp"])
@pytest.mark.parametrize("cooled", [1.0, 0.2])
def test_with_several_right_answers_no_prompt_is_worse_than_is_said(kind, cooled):
    """Facts whose stored answer is not the first that is right, and some of three right answers."""
    rng = np.random.default_rng(1)
    task, model = built(kind, cooled=cooled)
    facts, also = task.facts.copy(), []
    for n in range(0, len(task), 2):
        own = facts[n, 2]
        others = [a for a in range(3 * facts[n, 1], 3 * facts[n, 1] + 3) if a != own]
        facts[n, 2] = others[0]
        also += [[n, own]] if n % 4 else [[n, others[1]], [n, own]]
    several = replace(task, facts=facts, also=np.array(also))
    found = certify(model, several, length=LENGTH)
    # The model was made for the answers before: these are right still.
    assert not certify(model, replace(task, facts=facts), length=LENGTH).certified[::2].any()
    if cooled == 1:
        assert found.certified.all()
    for prompts in hard_prompts(model, several, rng):
        assert (margins(model, several, prompts) >= found.margin - found.bound).all()


@pytest.mark.parametrize(
    ("change", "length", "said"),
    [
        ({}, 2, "prompt length T = 2: a subject, a relation and the end of sequence need 3"),
        ({"noise": 7}, 5, "a model of 31 tokens for a task of 32"),
    ],
)
def test_bad_input_is_named(change, length, said):
    task, model = built("attention")
    with pytest.raises(InputError) as caught:
        certify(model, replace(task, **change), length=length)
    assert one_line(caught.value) == said
