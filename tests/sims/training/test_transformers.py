"""Training of transformers: forward pass, gradient, padding, and what is learnt."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.transformers.model import Transformer
from sims.training.recipe import Training, libraries
from sims.training.smallest import trained_smallest
from sims.training.tradeoff import trained_tradeoff
from sims.training.transformer_models import Sizes
from sims.training.transformers import REACH, TransformerObjective, padded, train_transformers
from sims.transformers.architecture import Shape, table_source
from sims.transformers.prompts import count_known
from tests.helpers.extras import needs
from tests.helpers.oracles import one_line
from tests.helpers.training import (
    SHORT_TRANSFORMERS,
    TABLE,
    draw_transformer,
    prompts_of,
)

BRIEF = Training(steps=20, learning_rates=(0.01, 0.03), wanted=None)


def sharpened(given, factor):
    """The same transformer with larger keys."""
    return replace(given, weights=(factor * given.weights[0], *given.weights[1:]))


def evaluate(given, prompts, sizes=None):
    """Outputs, loss and gradient at the initial weights, as training computes them."""
    jax, _ = libraries()
    tokens = given.task.prompted
    counts = (prompts[:, :, None] == tokens).sum(axis=1).astype(np.float32)
    weights, data = padded(given, sizes or given.sizes)
    trained = TransformerObjective(given.task.noise, prompts.shape[1])
    value, slopes = jax.jit(jax.value_and_grad(trained.loss))(weights, data, counts)
    out = jax.jit(trained.outputs)(weights, data, counts)
    return np.asarray(out), float(value), [np.asarray(part) for part in slopes]


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_without_the_extra_one_line_says_what_to_install(monkeypatch, missing):
    if missing == "optax":
        needs("train")
    monkeypatch.setitem(sys.modules, missing, None)
    for work in (
        lambda: train_transformers([draw_transformer()], SHORT_TRANSFORMERS),
        lambda: trained_smallest("attention-only", (4, 3, 2), trials=1),
        lambda: trained_tradeoff((4, 3, 2), d=8, head_dim=1, heads=[2], widths=[1], trials=1),
    ):
        with pytest.raises(InputError, match=r"needs jax and optax: pip install .*\[train\]") as no:
            work()
        one_line(no.value)


# --- forward pass and gradient ------------------------------------------------------------------


@pytest.mark.parametrize("model", ["attention-only", "attention-mlp"])
@pytest.mark.parametrize("factor", [1, 8])
def test_the_forward_pass_is_that_of_the_transformer(model, factor):
    needs("train")
    given = sharpened(draw_transformer(model, heads=3, head_dim=2), factor)
    for length in (3, 9, 33):
        prompts = prompts_of(given, length)
        out, *_ = evaluate(given, prompts)
        expected = given.model().outputs(prompts)
        np.testing.assert_allclose(out, expected, atol=1e-4)
    logits = given.model().attention.logits(given.embeddings, given.embeddings[-1])
    assert np.abs(logits - logits[:, -1:]).max() < REACH


@pytest.mark.parametrize("model", ["attention-only", "attention-mlp"])
def test_loss_and_gradient_are_those_of_the_transformer(model):
    """In double precision by central differences of cross-entropy over the whole vocabulary."""
    needs("train")
    given = draw_transformer(model, heads=3, head_dim=2)
    prompts, labels = prompts_of(given), given.task.labels
    Phi = given.embeddings.astype(np.float64)

    def loss(weights):
        scores = given.model(weights).outputs(prompts) @ Phi.T
        total = np.log(np.exp(scores).sum(axis=1))
        return float((total - scores[np.arange(len(labels)), labels]).mean())

    wide = [part.astype(np.float64) for part in given.weights]
    _, value, slopes = evaluate(given, prompts)
    assert value == pytest.approx(loss(wide), rel=1e-5)
    rng = np.random.default_rng(0)
    for i, slope in enumerate(slopes):
        if not slope.size:
            continue
        direction = rng.standard_normal(slope.shape)
        ends = []
        for t in (1e-5, -1e-5):
            moved = list(wide)
            moved[i] = wide[i] + t * direction
            ends.append(loss(moved))
        numeric = (ends[0] - ends[1]) / 2e-5
        assert float((slope * direction).sum()) == pytest.approx(numeric, rel=1e-3, abs=1e-5)


def test_logits_out_of_reach_stay_finite():
    needs("train")
    out, value, slopes = evaluate(given := sharpened(draw_transformer(), 1000), prompts_of(given))
    assert np.isfinite(value)
    assert np.isfinite(out).all()
    assert all(np.isfinite(part).all() for part in slopes)


@pytest.mark.parametrize("model", ["attention-only", "attention-mlp"])
def test_padding_changes_nothing_and_has_no_gradient(model):
    needs("train")
    given = draw_transformer(model, heads=3, head_dim=2)
    prompts = prompts_of(given)
    out, value, slopes = evaluate(given, prompts)
    larger, other, wide = evaluate(given, prompts, Sizes(16, 5, 3, 12))
    assert other == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(larger[:, :11], out, atol=1e-6)
    for a, b in zip(slopes, wide, strict=True):
        own = tuple(slice(n) for n in a.shape)
        np.testing.assert_allclose(b[own], a, atol=1e-6)
        rest = b.copy()
        rest[own] = 0
        assert not rest.any()


# --- runs ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_transformers_of_several_sizes_train_side_by_side_as_they_do_alone():
    """Few steps, so that rounding has no time to grow."""
    needs("train")
    untrained = [
        draw_transformer("attention-only", d=9),
        draw_transformer(d=13, trial=1, width=3, heads=3, head_dim=2),
    ]
    together, _ = train_transformers(untrained, BRIEF)
    (alone,) = train_transformers(untrained[:1], BRIEF)
    for a, b in zip(together, alone, strict=True):
        assert (a.learning_rate, a.steps) == (b.learning_rate, b.steps)
        assert a.loss == pytest.approx(b.loss, rel=1e-3)
        for name in ("W_K", "W_Q", "W_V", "W_O"):
            one, other = (getattr(r.trained.attention, name) for r in (a, b))
            np.testing.assert_allclose(one, other, atol=2e-3)


def test_a_table_is_learnt_and_every_fact_known_by_the_judge():
    needs("train")
    untrained = [draw_transformer("attention-only", d=24), draw_transformer(d=24, width=12)]
    source = table_source(TABLE, 0, "tests")
    for given, runs in zip(
        untrained, train_transformers(untrained, SHORT_TRANSFORMERS, length=9), strict=True
    ):
        counts = [
            count_known(one.trained, given.task, length=9, source=source, trial=0, draws=8,
                        embeddings=given.embeddings).known
            for one in runs
        ]  # fmt: skip
        assert max(counts) == TABLE.facts
        assert isinstance(runs[0].trained, Transformer) == (given.sizes.width == 0)
        assert {one.steps for one in runs} <= {128, 256, 384}


def test_untrained_transformers_know_little():
    """A control: the judge does not say yes to everything."""
    given, source = draw_transformer(d=24, width=12), table_source(TABLE, 0, "tests")
    found = count_known(
        given.model(), given.task, length=9, source=source, trial=0, embeddings=given.embeddings
    )
    assert found.known < TABLE.facts / 4


def test_a_learning_rate_that_diverges_is_said_to_and_recalls_nothing():
    """Decay by 0.01 at a rate of 100,000 takes a thousand times every weight off it at a step."""
    needs("train")
    rule = Training(steps=128, learning_rates=(1e5, 0.03), optimiser="adamw", wanted=None)
    untrained = [draw_transformer("attention-only", d=4, trial=trial) for trial in range(2)]
    for runs in train_transformers(untrained, rule, length=9):
        assert [one.diverged for one in runs] == [True, False]
        assert runs[0].trained is None
    found = trained_smallest(
        "attention-only", TABLE, limit=4, trials=2, length=9, experiment="tests", training=rule
    )
    assert found.points[0].censored == 2
    assert found.points[0].parameters is None
    assert [(count.runs, count.diverged) for count in found.rates[0]] == [(2, 2), (2, 0)]
    json.dumps(found.to_dict(), allow_nan=False)


def test_tables_of_different_sizes_are_not_trained_together():
    needs("train")
    assert train_transformers([], SHORT_TRANSFORMERS) == []
    with pytest.raises(InputError, match="cannot be trained together"):
        train_transformers(
            [draw_transformer(), draw_transformer(shape=Shape(4, 4, 3, 7))], SHORT_TRANSFORMERS
        )
