"""Training on told knowledge: forward pass, gradient, floor, ranks, schedules, bad input."""

from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.telling import draw_knowledge
from sims.knowledge import gradient as gradients
from sims.knowledge.gradient import evaluate
from sims.knowledge.model import (
    MODELS,
    attention_mass,
    initial_weights,
    logits,
    superposed,
    template_cosines,
)
from sims.knowledge.training import Descent, rates, train_contexts
from tests.helpers.oracles import one_line

every_model = pytest.mark.parametrize("model", MODELS)
SHORT = Descent(steps=1600, learning_rate=0.5)


def knowledge(seed=0, *, fillers=0, K=2):
    rng = np.random.default_rng(seed)
    return draw_knowledge(6, 2, 3, K, 4, shared=True, fillers=fillers, rng=rng)


def rough(model, n, seed=1):
    """Weights that are nowhere near 0, so that every term counts."""
    rng = np.random.default_rng(seed)
    weights = initial_weights(model, n, width=7, rng=rng)
    return {name: rng.standard_normal(part.shape).astype(np.float32)
            for name, part in weights.items()}  # fmt: skip


def plain_logits(weights, tokens):
    """The model's definition, token by token."""
    scores = [weights["Q"][tokens[-1], t] if "Q" in weights else 0.0 for t in tokens]
    mass = np.exp(np.array(scores, float))
    x = np.zeros(next(iter(weights.values())).shape[1])
    for token, share in zip(tokens, mass / mass.sum(), strict=True):
        x[token] += share
    if "O" in weights:
        return weights["O"].astype(float) @ x
    return weights["V"].T.astype(float) @ np.maximum(weights["W"].astype(float) @ x, 0)


@every_model
def test_logits_are_those_of_the_definition(model):
    given = knowledge(fillers=2)
    weights, written = rough(model, given.vocabulary), given.questions()
    found = logits(weights, given.asked())
    for row, question in zip(found, written, strict=True):
        np.testing.assert_allclose(row, plain_logits(weights, question[:-1]), rtol=1e-6, atol=1e-6)


@every_model
def test_loss_is_that_of_all_sentences_one_by_one(model):
    given = knowledge(fillers=2)
    weights, total = rough(model, given.vocabulary), 0.0
    for sentence in given.sentences:
        for place in range(1, len(sentence)):
            out = plain_logits(weights, sentence[:place])
            total += np.log(np.exp(out).sum()) - out[sentence[place]]
    value, _ = evaluate(weights, given.contexts())
    assert value == pytest.approx(total / len(given.sentences), rel=1e-5)


@every_model
def test_gradient_is_that_of_finite_differences(model):
    given = knowledge()
    contexts, weights = given.contexts(), rough(model, given.vocabulary)

    def loss(at):
        out = logits(at, contexts)
        lost = np.log(np.exp(out).sum(axis=1)) - (out * contexts.targets).sum(axis=1)
        return float(contexts.weights @ lost)

    _, slopes = evaluate(weights, contexts)
    rng, step = np.random.default_rng(2), 1e-3
    for name, slope in slopes.items():
        aside = rng.standard_normal(slope.shape)
        ends = [loss({**weights, name: weights[name] + sign * step * aside}) for sign in (1, -1)]
        assert (slope * aside).sum() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-3)


def test_one_step_is_that_of_the_gradient():
    given = knowledge()
    weights, contexts = rough("attention-mlp", given.vocabulary), given.contexts()
    rule = Descent(steps=1, learning_rate=0.5, schedule="constant", decay=0.1)
    _, slopes = evaluate(weights, contexts)
    found = train_contexts([weights], [contexts], rule)
    for name, slope in slopes.items():
        expected = weights[name] - 0.5 * (slope + 0.1 * weights[name])
        np.testing.assert_allclose(found.weights[0][name], expected, atol=1e-5)
    settled = train_contexts([weights], [contexts], replace(rule, settle=1.0))
    expected = weights["W"] - 0.5 * slopes["W"]
    np.testing.assert_allclose(settled.weights[0]["W"], expected, atol=1e-5)


@pytest.mark.parametrize("held", [np.ascontiguousarray, np.asfortranarray])
def test_steps_do_not_depend_on_how_a_gradient_is_held(held, monkeypatch):
    given = knowledge()
    weights, contexts = rough("attention-mlp", given.vocabulary), given.contexts()
    rule = Descent(steps=3, learning_rate=0.5)
    found = train_contexts([weights], [contexts], rule).weights[0]

    def gradient(*asked):
        return {name: held(slope) for name, slope in gradients.gradient(*asked).items()}

    monkeypatch.setattr("sims.knowledge.training.gradient", gradient)
    again = train_contexts([weights], [contexts], rule).weights[0]
    for name, part in found.items():
        np.testing.assert_array_equal(part, again[name])


@pytest.mark.parametrize("fillers", [0, 2])
def test_training_comes_to_the_floor_and_never_below_it(fillers):
    given = knowledge(fillers=fillers)
    start = initial_weights("attention-mlp", given.vocabulary, width=32,
                            rng=np.random.default_rng(3))  # fmt: skip
    found = train_contexts([start], [given.contexts()], SHORT)
    assert found.losses.shape == (9, 1, len(given.positions))
    over = found.losses[:, 0] - given.floor
    assert (over > -1e-5).all()
    assert over[-1].sum() < 0.02 * given.floor.sum() < over[0].sum()
    # Values shuffled among the sentences: the floor of the facts is out of reach.
    wrong = replace(given.contexts(), targets=np.full_like(given.contexts().targets, 0.05))
    assert train_contexts([start], [wrong], SHORT).losses[-1].sum() > given.floor.sum() + 0.5


def test_trials_side_by_side_are_trials_alone():
    pair = [knowledge(4), knowledge(5)]
    starts = [initial_weights("attention-mlp", one.vocabulary, width=8,
                              rng=np.random.default_rng(6 + i))
              for i, one in enumerate(pair)]  # fmt: skip
    contexts = [pair[0].contexts(), pair[1].asked(slice(0, 3))]  # of different numbers
    rule = replace(SHORT, steps=8)
    both = train_contexts(starts, contexts, rule)
    for trial in range(2):
        alone = train_contexts([starts[trial]], [contexts[trial]], rule)
        for name, part in alone.weights[0].items():
            np.testing.assert_allclose(both.weights[trial][name], part, atol=1e-5)


def test_parts_and_ranks_change_what_they_may():
    given = knowledge()
    start, asks = rough("attention-mlp", given.vocabulary), given.asked(slice(0, 4))
    rule = Descent(steps=16, learning_rate=0.05, schedule="constant")
    only = train_contexts([start], [asks], rule, parts=["W"]).weights[0]
    assert (only["Q"] == start["Q"]).all()
    assert (only["V"] == start["V"]).all()
    assert (only["W"] != start["W"]).any()
    unseen = np.setdiff1d(np.arange(given.vocabulary), np.flatnonzero(asks.counts.any(axis=0)))
    for rank in (1, 2):
        rng = np.random.default_rng(7)
        low = train_contexts([start], [asks], rule, rank=rank, rngs=[rng]).weights[0]
        for name in start:
            values = np.linalg.svd(low[name] - start[name], compute_uv=False)
            assert values[0] > 1e-3
            assert values[rank] < 1e-5
        # What low rank changes, it changes for the tokens that were seen.
        np.testing.assert_allclose(low["W"][:, unseen], start["W"][:, unseen], atol=1e-6)


def test_sampled_sentences_have_the_exact_gradient_on_average():
    given = knowledge()
    weights, contexts = rough("attention-mlp", given.vocabulary), given.contexts()
    rule = Descent(steps=1, learning_rate=1.0, schedule="constant", batch=20000)
    found = train_contexts([weights], [contexts], rule, rngs=[np.random.default_rng(8)])
    _, slopes = evaluate(weights, contexts)
    for name, slope in slopes.items():
        moved = weights[name] - found.weights[0][name]
        assert np.linalg.norm(moved - slope) < 0.05 * np.linalg.norm(slope)


def test_learning_rates_go_as_their_schedules_say():
    constant, step = (rates(Descent(steps=100, schedule=s)) for s in ("constant", "step"))
    assert (constant == 4.0).all()
    np.testing.assert_allclose(step[[0, 49, 50, 74, 75, 99]], [4, 4, 0.4, 0.4, 0.04, 0.04])
    warm = rates(Descent(steps=100, warm_up=0.1))
    np.testing.assert_allclose(warm[:10], 0.4 * np.arange(1, 11))
    assert warm.max() == 4.0
    assert (np.diff(warm[10:]) < 0).all()
    assert warm[-1] < 0.01
    assert rates(Descent(steps=3, warm_up=0.0))[0] == 4.0


@pytest.mark.parametrize("fillers", [0, 2])
def test_superposed_questions_are_weighted_means_of_templates(fillers):
    given = knowledge(K=1, fillers=fillers)
    weights = rough("attention-mlp", given.vocabulary)
    one = np.flatnonzero(given.facts[:, 1] == 0)[:1]
    made = superposed(weights, given, one)
    template = given.first_template + int(np.flatnonzero(given.told[one[0]])[0])
    question = given.first_question
    np.testing.assert_allclose(made["W"][:, question], weights["W"][:, template])
    # With one template, the question is answered as if it were the template.
    asked, templated = given.questions()[0, :-1], given.questions()[0, :-1].copy()
    templated[templated == question] = template
    np.testing.assert_allclose(plain_logits(made, asked), plain_logits(weights, templated),
                               rtol=1e-5, atol=1e-5)  # fmt: skip
    np.testing.assert_array_equal(made["W"][:, question + 1], weights["W"][:, question + 1])


def test_what_is_read_off_the_weights():
    given = knowledge(fillers=2)
    weights = rough("attention-mlp", given.vocabulary)
    mass = attention_mass(weights, given.asked(), given)
    assert sum(mass.values()) == pytest.approx(1)
    assert mass["template"] == mass["value"] == 0
    even = attention_mass(rough("mlp", given.vocabulary), given.asked(), given)
    assert even["filler"] == pytest.approx(0.5)
    assert even["question"] == pytest.approx(0.25)
    templates = slice(given.first_template, given.first_question)
    weights["W"][:, templates] = np.eye(7)[:, given.owner]
    assert template_cosines(weights, given) == pytest.approx((1, 0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 0}, "steps = 0"),
        ({"learning_rate": 0}, "learning rate 0"),
        ({"schedule": "linear"}, "schedule 'linear'"),
        ({"momentum": 1.0}, "momentum 1"),
        ({"warm_up": -0.1}, "warm_up -0.1"),
        ({"settle": 2}, "settle 2"),
        ({"decay": -1}, "decay -1"),
        ({"batch": 0}, "batch = 0"),
    ],
)
def test_bad_rules_are_named(change, said):
    with pytest.raises(InputError, match=said) as caught:
        Descent(**change)
    one_line(caught.value)


def test_bad_training_is_named():
    given = knowledge()
    start = rough("mlp", given.vocabulary)
    for arguments, said in (
        (([], [], SHORT), "0 weights for 0"),
        (([start, rough("attention", given.vocabulary)], [given.contexts()] * 2, SHORT), "sizes"),
        (([start], [given.contexts()], replace(SHORT, batch=2)), "random generator"),
    ):
        with pytest.raises(InputError, match=said):
            train_contexts(*arguments)
    with pytest.raises(InputError, match="parts"):
        train_contexts([start], [given.contexts()], SHORT, parts=["Q"])
    for model, width in (("linear", 3), ("mlp", 0)):
        with pytest.raises(InputError):
            initial_weights(model, 5, width=width, rng=np.random.default_rng(0))
