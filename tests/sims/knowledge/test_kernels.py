"""Kernels of training against plain matrices in double precision."""

import numpy as np
import pytest

from assoc.facts.telling import draw_knowledge
from sims.knowledge.gradient import Batch, entropies, gradient
from sims.knowledge.kernels import move
from sims.knowledge.model import MODELS, initial_weights, logits
from sims.knowledge.training import Descent, rates, train_contexts


def drawn(model, seed):
    """Contexts with fillers, some of them seen twice, and weights nowhere near 0."""
    rng = np.random.default_rng(seed)
    given = draw_knowledge(6, 2, 3, 2, 4, shared=True, fillers=2, rng=rng)
    weights = initial_weights(model, given.vocabulary, width=19, rng=rng)
    return given.contexts(), {
        name: rng.standard_normal(part.shape).astype(np.float32) for name, part in weights.items()
    }


def plain_gradient(weights, contexts):
    """Gradient of the weighted cross-entropy, on dense matrices (C, n) of attention."""
    weights = {name: part.astype(np.float64) for name, part in weights.items()}
    counts = contexts.counts.astype(np.float64)
    scores = weights["Q"][contexts.last] if "Q" in weights else np.zeros(counts.shape)
    mass = counts * np.exp(scores)
    mass /= mass.sum(axis=1, keepdims=True)
    out = np.exp(logits(weights, contexts))
    out = out / out.sum(axis=1, keepdims=True) - contexts.targets
    out *= contexts.weights[:, None]
    found = {}
    if "O" in weights:
        found["O"], of_mass = out.T @ mass, out @ weights["O"]
    else:
        pre = mass @ weights["W"].T
        inward = (out @ weights["V"].T) * (pre > 0)
        found["V"], found["W"] = np.maximum(pre, 0).T @ out, inward.T @ mass
        of_mass = inward @ weights["W"]
    if "Q" in weights:
        centred = mass * (of_mass - (mass * of_mass).sum(axis=1, keepdims=True))
        found["Q"] = np.eye(counts.shape[1])[contexts.last].T @ centred
    return found


def plain_training(weights, contexts, rule):
    """Heavy-ball descent, as it is defined."""
    now = {name: part.astype(np.float64) for name, part in weights.items()}
    motion = {name: np.zeros_like(part) for name, part in now.items()}
    for step, size in enumerate(rates(rule)):
        decay = rule.decay if step < round((1 - rule.settle) * rule.steps) else 0.0
        for name, slope in plain_gradient(now, contexts).items():
            motion[name] = rule.momentum * motion[name] + slope + decay * now[name]
            now[name] = now[name] - size * motion[name]
    return now


@pytest.mark.parametrize("model", MODELS)
def test_gradient_is_that_of_dense_matrices(model):
    contexts, weights = drawn(model, 3)
    assert contexts.counts.max() > 1
    mine = plain_gradient(weights, contexts)
    found = gradient(weights, Batch.of(contexts), MODELS[model])
    assert set(found) == set(mine)
    for name, slope in mine.items():
        np.testing.assert_allclose(found[name], slope, rtol=2e-5, atol=2e-6)
        alone = gradient(weights, Batch.of(contexts), [name])
        assert set(alone) == {name}
        np.testing.assert_array_equal(alone[name], found[name])


@pytest.mark.parametrize("model", MODELS)
def test_training_is_the_plain_descent(model):
    contexts, weights = drawn(model, 4)
    rule = Descent(steps=12, learning_rate=0.3, decay=0.05, settle=0.5)
    found = train_contexts([weights], [contexts], rule, threads=1).weights[0]
    for name, part in plain_training(weights, contexts, rule).items():
        np.testing.assert_allclose(found[name], part, rtol=1e-4, atol=1e-5)
        assert found[name].flags.c_contiguous


def test_steps_are_those_of_the_formula():
    part, motion, slope = np.random.default_rng(0).standard_normal((3, 37)).astype(np.float32)
    moved = 0.9 * motion + slope + 0.25 * part
    after = part - 0.5 * moved
    move(part, motion, slope, np.float32(0.9), np.float32(0.25), np.float32(0.5))
    np.testing.assert_allclose(motion, moved, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(part, after, rtol=1e-5, atol=1e-6)


def test_what_diverged_is_no_number():
    contexts, weights = drawn("attention-mlp", 5)
    weights["Q"][:] = np.nan
    batch = Batch.of(contexts)
    assert np.isnan(entropies(weights, batch)).all()
    assert all(np.isnan(part).any() for part in gradient(weights, batch, ["Q", "V"]).values())
