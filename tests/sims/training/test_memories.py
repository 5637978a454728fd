"""Training of memories: loss and gradient, padding, and what a run returns."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.memories.convex import LogisticLoss
from assoc.memories.decoding import margins
from sims.memories.capacity import CapacityPoint
from sims.training.capacity import compare_rates, trained_capacity
from sims.training.memories import MemoryObjective, padded, train
from sims.training.recipe import Training, libraries
from tests.helpers.oracles import one_line
from tests.helpers.training import (
    SHORT_MEMORIES,
    draw_memory,
    needs_jax,
)


def loss_and_gradient(given, *, rows=None, answers=None):
    """At the initial weights, as training computes them; padded to so many facts and answers."""
    jax, _ = libraries()
    data = padded(given, rows or len(given.E), answers or len(given.U))
    value, slopes = jax.value_and_grad(MemoryObjective(given.model).loss)(given.weights, data)
    return float(value), [np.asarray(part) for part in slopes]


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_without_the_extra_one_line_says_what_to_install(monkeypatch, missing):
    if missing == "optax":
        needs_jax()
    monkeypatch.setitem(sys.modules, missing, None)
    for work in (
        lambda: train([draw_memory()], SHORT_MEMORIES),
        lambda: trained_capacity("linear", d=4, trials=1),
        lambda: compare_rates("linear", d=4, N=4, trials=1),
    ):
        with pytest.raises(InputError, match=r"needs jax and optax: pip install .*\[train\]") as no:
            work()
        one_line(no.value)


# --- loss and gradient --------------------------------------------------------------------------


@pytest.mark.parametrize(("M", "facts"), [(None, "identity"), (7, "random"), (1, "random")])
def test_loss_and_gradient_are_those_of_the_convex_fit(M, facts):
    needs_jax()
    given = draw_memory(M=M, facts=facts)
    value, (slope,) = loss_and_gradient(given)
    if M == 1:
        assert value == pytest.approx(0, abs=1e-6)
        np.testing.assert_allclose(slope, 0, atol=1e-6)
        return
    expected, gradient = LogisticLoss(given.E, given.U, given.f)(given.weights[0].T)
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(slope.T, gradient, atol=1e-6)


def test_loss_and_gradient_of_the_network_are_those_of_its_read_out():
    needs_jax()
    given = draw_memory("mlp", width=9)
    W, V = (part.astype(np.float64) for part in given.weights)
    value, slopes = loss_and_gradient(given)
    hidden = np.maximum(given.E @ W.T, 0)
    expected, gradient = LogisticLoss(hidden, given.U, given.f)(V)
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(slopes[1], gradient, atol=1e-6)
    # The hidden layer by central differences of the same loss, in double precision.
    direction = np.random.default_rng(0).standard_normal(W.shape)

    def loss(t):
        features = np.maximum(given.E @ (W + t * direction).T, 0)
        return LogisticLoss(features, given.U, given.f)(V)[0]

    numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert float((slopes[0] * direction).sum()) == pytest.approx(numeric, abs=1e-5)


@pytest.mark.parametrize(("model", "width"), [("linear", None), ("mlp", 9)])
def test_padding_changes_nothing(model, width):
    needs_jax()
    for M, facts in ((None, "identity"), (7, "random")):
        given = draw_memory(model, width=width, M=M, facts=facts)
        value, slopes = loss_and_gradient(given)
        padded, others = loss_and_gradient(given, rows=53, answers=61)
        assert padded == pytest.approx(value, rel=1e-5)
        for a, b in zip(slopes, others, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5 * np.abs(a).max())


# --- runs ---------------------------------------------------------------------------------------


def test_trials_of_different_sizes_train_side_by_side_as_they_do_alone():
    """Few steps, so that rounding has no time to grow: then weights agree, not only counts."""
    needs_jax()
    brief = Training(steps=40, learning_rates=(0.1, 1.0), wanted=None)
    untrained = [draw_memory(N=N, trial=trial) for trial, N in enumerate((9, 30, 14))]
    for given, together in zip(untrained, train(untrained, brief), strict=True):
        (alone,) = train([given], brief)
        for a, b in zip(together, alone, strict=True):
            assert (a.learning_rate, a.steps) == (b.learning_rate, b.steps)
            np.testing.assert_allclose(a.trained.W, b.trained.W, rtol=1e-3, atol=1e-3)
            assert a.loss == pytest.approx(b.loss, rel=1e-3)


def test_threads_change_nothing():
    needs_jax()
    untrained = [draw_memory("mlp", N=N, trial=N, width=8) for N in range(10, 30)]
    one, two = (train(untrained, replace(SHORT_MEMORIES, steps=64), threads=n) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert [run.loss for run in a] == [run.loss for run in b]


def test_a_trial_ends_once_every_fact_has_its_margin():
    needs_jax()
    easy, hard = draw_memory(N=8), draw_memory(N=40, trial=1)
    stopped, whole = train([easy, hard], Training(steps=1024))
    assert {run.steps for run in whole} == {1024}
    assert stopped[0].steps < 1024
    best = max(margins(run.trained, easy.E, easy.U, easy.f).min() for run in stopped)
    assert best > 0.99
    (full,) = train([easy], Training(steps=1024, wanted=None))
    assert all((margins(run.trained, easy.E, easy.U, easy.f) > 0).all() for run in full)


def test_a_learning_rate_that_diverges_is_said_to_and_recalls_nothing():
    """Decay by 0.01 at a rate of 1,000 takes ten times every weight off it at each step."""
    needs_jax()
    rule = Training(steps=256, learning_rates=(1000.0, 1.0), optimiser="adamw", wanted=None)
    (runs,) = train([draw_memory()], rule)
    assert [run.diverged for run in runs] == [True, False]
    assert runs[0].trained is None
    table = compare_rates("linear", d=6, N=12, trials=3, training=rule)
    assert [row["diverged"] for row in table.rows()] == [3, 0]
    assert table.points[0].counts == (0, 0, 0)
    assert min(table.points[1].counts) > 0
    json.dumps(table.to_dict(), allow_nan=False)
    only = replace(rule, learning_rates=(1000.0,))
    found = trained_capacity("linear", d=4, trials=2, training=only)
    assert found.points[0] == CapacityPoint(4, (0, 0), (1.0, 1.0))
    assert all(count.diverged == count.runs for count in found.rates[0])


def test_problems_of_two_kinds_are_not_trained_together():
    needs_jax()
    with pytest.raises(InputError, match="cannot be trained together"):
        train([draw_memory(d=6), draw_memory(d=5)], SHORT_MEMORIES)
