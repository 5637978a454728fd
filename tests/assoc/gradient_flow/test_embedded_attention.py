"""Attention on given embeddings: against loops over positions, and finite differences."""

import math

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task, grid_task
from assoc.gradient_flow.embedded_attention import ATTENTIONS, EmbeddedAttention, cue_prompts
from assoc.gradient_flow.linear_attention import LinearAttention
from tests.helpers.oracles import one_line

D = 9
TASK = balanced_task(4, 3, 2, noise=2, rng=np.random.default_rng(0))
SHARED = RecallTask(3, 2, 3, np.array([[0, 0, 0], [0, 1, 0], [1, 0, 1], [2, 1, 1]]), 2)


def model_of(attention, task=TASK, *, draws=2, length=6, d=D):
    """Random embeddings, and prompts in which noise tokens occur twice."""
    rng = np.random.default_rng(3)
    prompts = np.concatenate([task.prompts(length, rng=rng) for _ in range(draws)])
    return EmbeddedAttention(task, sphere(task.vocabulary, d, rng=rng), prompts, attention)


def state_of(model, seed=0, scale=0.5):
    return scale * np.random.default_rng(seed).standard_normal(model.initial(1.0).shape)


def by_definition(model, state):
    """Probabilities of the answers to each prompt, position by position."""
    W, q = state[: model.d**2].reshape(model.d, model.d), state[model.d**2 :]
    E, task = model.embeddings, model.task
    first = task.subjects + task.relations
    rows = []
    for prompt in model.prompts:
        keys = np.array([E[z] @ q for z in prompt])
        if model.attention == "softmax":
            keys = np.exp(keys) / np.exp(keys).sum()
        x = sum(k * E[z] for k, z in zip(keys, prompt, strict=True))
        logits = np.array([E[first + a] @ W @ x for a in range(task.answers)])
        rows.append(np.exp(logits) / np.exp(logits).sum())
    return np.array(rows)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("task", [TASK, SHARED], ids=["disjoint", "shared"])
def test_probabilities_and_losses_are_those_of_the_definition(attention, task):
    model = model_of(attention, task)
    given = model.prompts.copy()
    held = [np.bincount(prompt).max() for prompt in model.prompts]
    assert max(held) > 1
    state = state_of(model)
    phat = by_definition(model, state)
    np.testing.assert_allclose(model.probabilities(state), phat, rtol=1e-12)
    expected = np.zeros(3)
    for row, (s, r, a) in zip(phat, [*task.facts, *task.facts], strict=True):
        inside = {x for _, other, x in task.facts.tolist() if other == r}
        own = {x for other, _, x in task.facts.tolist() if other == s}
        missed = row[a], row[list(inside)].sum(), row[list(own)].sum()
        expected -= np.log(missed) / len(phat)
    np.testing.assert_allclose(model.losses(state), expected, rtol=1e-12)
    assert (model.prompts == given).all()


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("task", [TASK, SHARED], ids=["disjoint", "shared"])
def test_the_velocity_is_minus_the_derivative_of_the_loss(attention, task):
    model, h = model_of(attention, task), 1e-5
    state = state_of(model, 1)
    slopes = []
    for k in range(len(state)):
        step = np.zeros(len(state))
        step[k] = h
        up, down = (model.losses(state + sign * step).total for sign in (1, -1))
        slopes.append((up - down) / (2 * h))
    velocity = model.velocity(state)
    assert np.abs(velocity).max() > 0.01
    np.testing.assert_allclose(velocity, -np.array(slopes), atol=1e-9)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_prompts_told_twice_change_nothing(attention):
    once = model_of(attention)
    twice = EmbeddedAttention(TASK, once.embeddings, np.tile(once.prompts, (2, 1)), attention)
    state = state_of(once)
    np.testing.assert_allclose(twice.losses(state), once.losses(state), rtol=1e-13)
    np.testing.assert_allclose(twice.velocity(state), once.velocity(state), atol=1e-15)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_order_of_a_prompt_does_not_matter(attention):
    model = model_of(attention)
    turned = EmbeddedAttention(TASK, model.embeddings, model.prompts[:, ::-1], attention)
    state = state_of(model)
    np.testing.assert_array_equal(turned.velocity(state), model.velocity(state))


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_turning_the_embeddings_turns_the_flow(attention):
    model = model_of(attention)
    Q = np.linalg.qr(np.random.default_rng(2).standard_normal((D, D)))[0]
    turned = EmbeddedAttention(TASK, model.embeddings @ Q, model.prompts, attention)

    def turn(state):
        W, q = model.unpack(state)
        return np.concatenate([(Q.T @ W @ Q).ravel(), Q.T @ q])

    state = state_of(model)
    np.testing.assert_allclose(turned.losses(turn(state)), model.losses(state), rtol=1e-12)
    expected = turn(model.velocity(state))
    np.testing.assert_allclose(turned.velocity(turn(state)), expected, atol=1e-14)


def test_linear_attention_conserves_a_norm_and_softmax_does_not():
    for attention, still in (("linear", True), ("softmax", False)):
        model = model_of(attention)
        state = state_of(model)
        (W, q), (dW, dq) = model.unpack(state), model.unpack(model.velocity(state))
        assert model.invariant(state) == pytest.approx(np.sum(W**2) - np.sum(q**2), rel=1e-12)
        assert bool(abs(np.sum(W * dW) - q @ dq) < 1e-15) is still


@pytest.mark.parametrize("length", [None, 3])
def test_orthonormal_embeddings_give_the_reduced_model(length):
    task = grid_task(4, 3, 2, noise=0)
    prompts = cue_prompts(task)
    if length:
        prompts = task.prompts(length, rng=np.random.default_rng(0))
    model = EmbeddedAttention(task, np.eye(task.vocabulary), prompts)
    reduced = LinearAttention(task, length=length)
    rows = [*range(7), *([task.end] if length else [])]

    def coordinates(state):
        W, q = model.unpack(state)
        return np.concatenate([W[7:13, rows].T.ravel(), q[rows]])

    start = model.initial(0.3)
    np.testing.assert_allclose(coordinates(start), reduced.initial(0.3), rtol=1e-15)
    state = state_of(model)
    there = coordinates(state)
    np.testing.assert_allclose(model.losses(state), reduced.losses(there), rtol=1e-13)
    moved = coordinates(model.velocity(state))
    np.testing.assert_allclose(moved, reduced.velocity(there), atol=1e-15)


def test_softmax_weights_do_not_overflow():
    """At a large q all weight is on the token of largest key, and others' keys do not matter."""
    model = model_of("softmax")
    W, q = model.unpack(state_of(model))
    state = np.concatenate([W.ravel(), 1e5 * q])
    keys = model.embeddings @ q
    looked = model.prompts[np.arange(len(model.prompts)), keys[model.prompts].argmax(axis=1)]
    scores = model.embeddings[looked] @ W.T @ model.embeddings[7:13].T
    odds = np.exp(scores)
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(state), expected, rtol=1e-9)
    assert np.isfinite(model.velocity(state)).all()


def test_prompts_of_cues_are_a_subject_and_a_relation():
    prompts = cue_prompts(TASK)
    assert prompts.shape == (12, 2)
    assert (prompts == TASK.facts[:, :2] + [0, 4]).all()


def test_the_start_sums_over_all_embeddings():
    model = model_of("softmax")
    W, q = model.unpack(model.initial(0.2))
    E = model.embeddings
    np.testing.assert_allclose(q, 0.2 * math.sqrt(7) * E.sum(axis=0), rtol=1e-14)
    expected = 0.2 * np.outer(E[7:13].sum(axis=0), E.sum(axis=0))
    np.testing.assert_allclose(W, expected, rtol=1e-13, atol=1e-16)


# --- refusals -----------------------------------------------------------------------------------

EYE = np.eye(TASK.vocabulary)
CUES = cue_prompts(TASK)
WRONG = [
    (lambda: EmbeddedAttention(TASK, EYE, CUES, "odd"), "attention 'odd' is not one of linear, so"),
    (lambda: EmbeddedAttention(TASK, EYE[1:], CUES), "embeddings of shape (15, 16) for 16 tokens"),
    (lambda: EmbeddedAttention(TASK, EYE[0], CUES), "embeddings of shape (16,) for 16 tokens"),
    (lambda: EmbeddedAttention(TASK, EYE, CUES[1:]), "11 prompts for 12 facts: not the same for"),
    (lambda: EmbeddedAttention(TASK, EYE, CUES[:0]), "prompts of shape (0, 2) for 12 facts"),
    (lambda: EmbeddedAttention(TASK, EYE, CUES[:, 0]), "prompts of shape (12,) for 12 facts"),
    (lambda: EmbeddedAttention(TASK, EYE, CUES[:, :0]), "prompts of shape (12, 0) for 12 facts"),
    (lambda: EmbeddedAttention(TASK, EYE, CUES).initial(0), "alpha = 0 is not a positive initial"),
    (
        lambda: EmbeddedAttention(TASK, EYE, CUES).initial(1e-200),
        "alpha = 1e-200 underflows; the s",
    ),
]


@pytest.mark.parametrize(("make", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_input_is_named(make, said):
    with pytest.raises(InputError) as caught:
        make()
    assert one_line(caught.value).startswith(said)


def test_too_many_prompts_are_refused(leave_free):
    leave_free(1000)
    with pytest.raises(InputError) as caught:
        EmbeddedAttention(TASK, EYE, CUES)
    assert one_line(caught.value).startswith("12 prompts take ")
