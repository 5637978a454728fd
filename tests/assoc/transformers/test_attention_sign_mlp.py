"""Attention that copies, with a network that equals gates of 1 and -1 on the sums."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.catalogue import resolve_transformer
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task
from assoc.memories.sign_gates import sign_gated
from assoc.transformers.attention_mlp import attended_tokens
from assoc.transformers.attention_only import cue_groups
from assoc.transformers.attention_sign_mlp import attention_sign_mlp
from assoc.transformers.certificates import certify

LENGTH = 16


def drawn(d=32, shape=(8, 8, 3), seed=0):
    rng = np.random.default_rng(seed)
    task = balanced_task(*shape, noise=9, rng=rng)
    return task, sphere(task.vocabulary, d, rng=rng)


def sums(model, task):
    """What attention gives for every fact."""
    return model.attended(attended_tokens(task, cue_groups(task, model.attention.head_dim, None)))


@pytest.mark.parametrize("gates", ["square", "sign"])
def test_on_the_sums_that_it_stores_the_network_is_the_gates(gates):
    task, Phi = drawn()
    model = attention_sign_mlp(task, Phi, rng=np.random.default_rng(1), width=300, gates=gates)
    X = sums(model, task)
    scaled = X / np.sqrt(2)
    memory = sign_gated(150, gates)(scaled, Phi, task.labels, rng=np.random.default_rng(1))
    ratio = model.mlp(X) / memory(scaled)
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-5)
    np.testing.assert_allclose(X, Phi[task.cues].sum(axis=1), atol=1e-9)


@pytest.mark.parametrize("width", [100, 240, 1000])
def test_every_fact_that_the_gates_answer_is_answered(width):
    """The residual stream changes no sign, also where some facts are lost."""
    task, Phi = drawn()
    model = attention_sign_mlp(task, Phi, rng=np.random.default_rng(1), width=width)
    scores = model.mlp(sums(model, task)) @ Phi.T
    by_gates = scores.argmax(axis=1) == task.labels
    assert (by_gates <= (certify(model, task, length=LENGTH).margin > 0)).all()
    assert by_gates.all() == (width == 1000)


def test_certificates_hold_for_prompts_of_heads_that_leak():
    task, Phi = drawn()
    model = attention_sign_mlp(task, Phi, rng=np.random.default_rng(1), width=1000)
    shares = []
    # Keys so weak that what leaks matters.
    for keys in np.linspace(0.4, 0.64, 13):
        weak = replace(model, attention=replace(model.attention, W_K=keys * model.attention.W_K))
        found = certify(weak, task, length=LENGTH)
        shares.append(found.certified.mean())
        prompts = task.prompts(LENGTH, rng=np.random.default_rng(2))
        scores = weak.outputs(prompts) @ Phi.T
        assert (scores.argmax(axis=1) == task.labels)[found.certified].all()
    assert shares[0] < shares[-1] == 1


def test_embeddings_in_single_precision_have_a_network_in_double():
    task, Phi = drawn()
    model = attention_sign_mlp(
        task, Phi.astype(np.float32), rng=np.random.default_rng(1), width=1000
    )
    assert model.attention.W_V.dtype == np.float32
    assert model.mlp.W.dtype == model.mlp.V.dtype == model.mlp.phase.dtype == np.float64
    assert certify(model, task, length=LENGTH).certified.all()


def test_a_wider_network_begins_with_a_narrower_one():
    task, Phi = drawn()
    few, many = (
        attention_sign_mlp(task, Phi, rng=np.random.default_rng(1), width=m).mlp.phase
        for m in (100, 200)
    )
    np.testing.assert_array_equal(many[:50], few[:50])


def test_uneven_answers_want_fast_waves():
    """Where most facts of a relation have one answer, neighbours must not be alike."""
    task, Phi = drawn(shape=(60, 2, 4))
    facts = task.facts.copy()
    for r in range(task.relations):
        own = np.flatnonzero(facts[:, 1] == r)
        facts[own[10:], 2] = facts[own[0], 2]
    uneven = replace(task, facts=facts)
    known = [
        certify(
            attention_sign_mlp(uneven, Phi, rng=np.random.default_rng(1), width=4000, omega=omega),
            uneven, length=LENGTH,
        ).certified.mean()
        for omega in (1.0, 4.0)
    ]  # fmt: skip
    assert known[0] < known[1] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 7}, "width 7 is odd"),
        ({"width": 0}, "width 0 is not a positive integer"),
        ({"width": 8, "gates": "two-signs"}, "a product of two signs is no two-layer network"),
        ({"width": 8, "gates": "odd"}, "gates 'odd' are not one of sign"),
        ({"width": 8, "gates": "sign", "omega": 2.0}, "gates 'sign' have no frequency"),
        ({"width": 8, "omega": 0.0}, "omega 0.0 is not a positive number"),
        ({"width": 8, "degree": 2}, "transformer 'attention-mlp-sign' takes no degree"),
        ({}, "transformer 'attention-mlp-sign' needs its width given"),
    ],
)
def test_bad_input_is_named(options, said):
    task, Phi = drawn()
    with pytest.raises(InputError, match=said):
        resolve_transformer("attention-mlp-sign", **options)[1](
            task, Phi, rng=np.random.default_rng(0)
        )
