"""Fine-tuning to first order: its derivatives, its limit, and what it predicts."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.telling import draw_knowledge
from sims.knowledge.gradient import evaluate
from sims.knowledge.linearised import Linearised, linearised_logits
from sims.knowledge.model import initial_weights, logits
from sims.knowledge.training import FINE_TUNING, suited, train_contexts
from sims.knowledge.trials import Told, draw_trials, extract, pretrain

BRIEF = replace(FINE_TUNING, steps=50)
MODELS = ("attention-mlp", "mlp")


def drawn(model="attention-mlp", seed=0, **told):
    rng = np.random.default_rng(seed)
    sizes = {"subjects": 6, "attributes": 2, "templates": 3, "multiplicity": 2, "values": 4}
    given = draw_knowledge(**{**sizes, **told}, rng=rng)
    weights = initial_weights(model, given.vocabulary, width=16, rng=rng)
    if "Q" in weights:
        weights["Q"] = 0.3 * rng.standard_normal(weights["Q"].shape).astype(np.float32)
    return given, weights


def nothing(weights):
    return {name: np.zeros(part.shape) for name, part in weights.items()}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fillers", [0, 2])
def test_at_no_change_logits_and_gradient_are_those_of_training(model, fillers):
    given, weights = drawn(model, fillers=fillers)
    shown = given.asked(np.arange(4))
    here = Linearised.at(weights, shown)
    now = here.logits(nothing(weights))
    np.testing.assert_allclose(now, logits(weights, shown), atol=1e-6)
    _, slopes = evaluate(weights, shown)
    for name, slope in here.slopes(now, shown).items():
        np.testing.assert_allclose(slope, slopes[name], atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_change_of_logits_is_a_difference_quotient(model):
    given, weights = drawn(model)
    asked, rng = given.asked(np.arange(12)), np.random.default_rng(1)
    way = {name: rng.standard_normal(part.shape) for name, part in weights.items()}
    step = 1e-6
    sides = [
        logits({name: part + side * step * way[name] for name, part in weights.items()}, asked)
        for side in (1, -1)
    ]
    here = Linearised.at(weights, asked)
    change = here.logits(way) - here.logits(nothing(weights))
    np.testing.assert_allclose(change, (sides[0] - sides[1]) / (2 * step), atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_slow_training_is_of_first_order(model):
    """Halving the rate halves the change and quarters what is left out."""
    given, weights = drawn(model)
    weights["W"] = np.abs(weights["W"]) + np.float32(0.5)
    shown, asked = given.asked(np.arange(4)), given.asked(np.arange(4, 12))
    changes, left = [], []
    for rate in (4e-4, 2e-4):
        slow = replace(BRIEF, learning_rate=rate)
        trained = logits(train_contexts([weights], [shown], slow).weights[0], asked)
        found = linearised_logits(weights, shown, asked, slow)
        changes.append(np.abs(trained - logits(weights, asked)).max())
        left.append(np.abs(found - trained).max())
    assert changes[0] / changes[1] == pytest.approx(2, rel=0.1)
    assert left[0] < 0.05 * changes[0]
    assert left[0] / left[1] == pytest.approx(4, rel=0.2)


@pytest.mark.parametrize("model", MODELS)
def test_it_is_descent_on_all_weights(model):
    """Rows of Q from which no context attends are left out, and do not move."""
    given, weights = drawn(model)
    shown, asked = given.asked(np.arange(4)), given.asked(np.arange(4, 12))
    here, moved = Linearised.at(weights, shown), nothing(weights)
    speed = nothing(weights)
    for _ in range(BRIEF.steps):
        for name, slope in here.slopes(here.logits(moved), shown).items():
            speed[name] = BRIEF.momentum * speed[name] - BRIEF.learning_rate * slope
            moved[name] += speed[name]
    found = linearised_logits(weights, shown, asked, BRIEF)
    np.testing.assert_allclose(found, Linearised.at(weights, asked).logits(moved), atol=1e-9)


def test_changes_pass_the_gates_that_are_said():
    given, weights = drawn()
    turned = {**weights, "W": -weights["W"]}
    shown, asked = given.asked(np.arange(4)), given.asked(np.arange(4, 12))
    own, other = Linearised.at(weights, asked), Linearised.at(weights, asked, gated=turned)
    assert not (own.gates & other.gates).any()
    np.testing.assert_array_equal(
        own.logits(nothing(weights)), other.logits(nothing(weights))
    )  # what is there before any change
    plain = linearised_logits(weights, shown, asked, BRIEF)
    np.testing.assert_array_equal(
        plain, linearised_logits(weights, shown, asked, BRIEF, gated=weights)
    )
    assert (
        np.abs(plain - linearised_logits(weights, shown, asked, BRIEF, gated=turned)).max() > 0.01
    )


def test_it_knows_of_answers_from_memory():
    """After two subjects superposed templates answer nearly everything, the model little.

    The prediction to first order is nearer to the model.
    """
    told = Told(subjects=32, templates=8, multiplicity=4)
    source, given = draw_trials(told, trials=6, seed=0, experiment="first order")
    trained = pretrain(given, source, width=64, pre_training=suited(32, steps=800))
    (found,) = extract(given, source, fine_tuned=(2,), trained=trained, predicted=True)["tuned"]
    right, linearised, superposed = (
        np.mean(np.concatenate(found[key])) for key in ("right", "linearised", "superposed")
    )
    assert superposed - right > 0.4
    assert abs(linearised - right) < 0.25 * (superposed - right)


@pytest.mark.parametrize(
    ("change", "rule", "said"),
    [
        ({"O": np.zeros((3, 3)), "W": None}, BRIEF, "model with a network"),
        ({}, replace(BRIEF, batch=4), "all contexts in each step"),
        ({}, replace(BRIEF, decay=0.1), "without decay"),
    ],
)
def test_what_it_is_not_a_prediction_of_is_named(change, rule, said):
    given, weights = drawn()
    kept = {name: part for name, part in {**weights, **change}.items() if part is not None}
    with pytest.raises(InputError, match=said):
        linearised_logits(kept, given.asked(), given.asked(), rule)


@pytest.mark.parametrize("how", [{"rank": 1}, {"parts": ("W",)}])
def test_it_is_of_fine_tuning_everything(how):
    told = Told(subjects=6, templates=3, multiplicity=2, values=4)
    source, given = draw_trials(told, trials=1, seed=0, experiment="first order")
    with pytest.raises(InputError, match="everything in full"):
        extract(given, source, fine_tuned=(2,), predicted=True, **how)
