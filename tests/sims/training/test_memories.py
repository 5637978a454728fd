"""Trained memories: loss and gradient, padding, what a run returns, and searches of capacities."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.memories.convex import LogisticLoss
from assoc.memories.decoding import margins
from sims.engine.randomness import MEMORY, Source
from sims.memories.capacity import CapacityPoint, capacity
from sims.memories.settings import RandomVectors
from sims.training.capacity import compare_rates, trained_capacity
from sims.training.memories import MemoryObjective, padded, train
from sims.training.memory_models import ReluNetwork, check_model, untrained_memory
from sims.training.recipe import Training, libraries
from tests.helpers.oracles import one_line

SHORT = Training(steps=512, learning_rates=(1.0, 10.0))


def needs_jax():
    pytest.importorskip("jax", reason="the extra 'train' is not installed: no jax")
    pytest.importorskip("optax", reason="the extra 'train' is not installed: no optax")


def drawn(model="linear", *, N=20, d=6, trial=0, M=None, width=None, facts="identity"):
    """The untrained memory of one trial, as a search draws it."""
    source = Source(0, "capacity", (d,))
    E, U, f = RandomVectors(d, "sphere", facts, M).draw(N, source, trial)
    return untrained_memory(model, E, U, f, rng=source.generator(trial, MEMORY), width=width)


def counts(untrained, training):
    """Facts recalled by each run of each memory."""
    return [
        [int((margins(run.trained, p.E, p.U, p.f) > 0).sum()) for run in runs]
        for p, runs in zip(untrained, train(untrained, training), strict=True)
    ]


def loss_and_gradient(given, *, rows=None, answers=None):
    """At the initial weights, as training computes them; padded to so many facts and answers."""
    jax, _ = libraries()
    data = padded(given, rows or len(given.E), answers or len(given.U))
    value, slopes = jax.value_and_grad(MemoryObjective(given.model).loss)(given.weights, data)
    return float(value), [np.asarray(part) for part in slopes]


# --- without the extra --------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_without_the_extra_one_line_says_what_to_install(monkeypatch, missing):
    if missing == "optax":
        needs_jax()
    monkeypatch.setitem(sys.modules, missing, None)
    for work in (
        lambda: train([drawn()], SHORT),
        lambda: trained_capacity("linear", d=4, trials=1),
        lambda: compare_rates("linear", d=4, N=4, trials=1),
    ):
        with pytest.raises(InputError, match=r"needs jax and optax: pip install .*\[train\]") as no:
            work()
        one_line(no.value)


def test_the_network_is_what_its_formula_says(rng):
    W, V = rng.standard_normal((700, 5)), rng.standard_normal((700, 3))
    E = rng.standard_normal((300, 5))
    network = ReluNetwork(W, V)
    assert network.parameters == 700 * 8
    np.testing.assert_allclose(network(E), np.maximum(E @ W.T, 0) @ V, rtol=1e-12, atol=1e-10)


def test_initial_weights_depend_on_neither_facts_nor_answers():
    for width in (None, 9):
        model = "linear" if width is None else "mlp"
        few = drawn(model, N=5, width=width)
        many = drawn(model, N=40, M=50, width=width, facts="random")
        other = drawn(model, N=5, trial=1, width=width)
        for a, b, c in zip(few.weights, many.weights, other.weights, strict=True):
            assert (a == b).all()
            assert (a != c).any()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"steps": 0}, "steps = 0"),
        ({"steps": 1.5}, "steps = 1.5"),
        ({"learning_rates": ()}, "learning_rates"),
        ({"learning_rates": 1.0}, "learning_rates"),
        ({"learning_rates": (1.0, -1.0)}, "learning rate -1"),
        ({"learning_rates": (float("nan"),)}, "learning rate nan"),
        ({"learning_rates": ("fast",)}, "learning rate 'fast'"),
        ({"optimiser": "sgd"}, "optimiser 'sgd'"),
        ({"schedule": "linear"}, "schedule 'linear'"),
        ({"weight_decay": -0.1}, "weight_decay -0.1"),
        ({"wanted": 0.0}, "wanted margin 0"),
    ],
)
def test_bad_training_is_named(arguments, said):
    with pytest.raises(InputError, match=said) as caught:
        Training(**arguments)
    one_line(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "cnn"}, "model 'cnn'"),
        ({"width": 4}, "width 4"),
        ({"model": "mlp"}, "needs a width"),
        ({"model": "mlp", "width": "wide"}, "width 'wide'"),
        ({"model": "mlp", "width": 0}, "width 0"),
        ({"d": 0}, "d = 0"),
        ({"d": []}, "d is an empty list"),
        ({"d": 2.5}, "d = 2.5"),
        ({"criterion": 2}, "criterion 2"),
        ({"facts": "none"}, "facts 'none'"),
        ({"outputs": 0}, "M = 0"),
        ({"trials": 0}, "trials = 0"),
        ({"training": 5}, "training 5"),
        ({"resolution": 1}, "resolution = 1"),
        ({"max_N": 0}, "max_N = 0"),
        ({"seed": -1}, "seed -1"),
        ({"threads": 0}, "threads = 0"),
    ],
)
def test_bad_searches_are_named(arguments, said):
    with pytest.raises(InputError, match=said) as caught:
        trained_capacity(**{"model": "linear", "d": 4, "trials": 1, **arguments})
    one_line(caught.value)


def test_a_width_belongs_to_networks_alone():
    assert check_model("linear", None) is None
    assert check_model("mlp", 7) == 7


# --- loss and gradient --------------------------------------------------------------------------


@pytest.mark.parametrize(("M", "facts"), [(None, "identity"), (7, "random"), (1, "random")])
def test_loss_and_gradient_are_those_of_the_convex_fit(M, facts):
    needs_jax()
    given = drawn(M=M, facts=facts)
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
    given = drawn("mlp", width=9)
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
        given = drawn(model, width=width, M=M, facts=facts)
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
    untrained = [drawn(N=N, trial=trial) for trial, N in enumerate((9, 30, 14))]
    for given, together in zip(untrained, train(untrained, brief), strict=True):
        (alone,) = train([given], brief)
        for a, b in zip(together, alone, strict=True):
            assert (a.learning_rate, a.steps) == (b.learning_rate, b.steps)
            np.testing.assert_allclose(a.trained.W, b.trained.W, rtol=1e-3, atol=1e-3)
            assert a.loss == pytest.approx(b.loss, rel=1e-3)


def test_threads_change_nothing():
    needs_jax()
    untrained = [drawn("mlp", N=N, trial=N, width=8) for N in range(10, 30)]
    one, two = (train(untrained, replace(SHORT, steps=64), threads=n) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert [run.loss for run in a] == [run.loss for run in b]


def test_a_trial_ends_once_every_fact_has_its_margin():
    needs_jax()
    easy, hard = drawn(N=8), drawn(N=40, trial=1)
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
    (runs,) = train([drawn()], rule)
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
        train([drawn(d=6), drawn(d=5)], SHORT)


# --- searches -----------------------------------------------------------------------------------


def brackets(**arguments):
    """Ends of the brackets at a single dimension."""
    run = {"model": "linear", "d": 6, "trials": 4, "training": SHORT, "threads": 1}
    (point,) = trained_capacity(**{**run, **arguments}).points
    return list(zip(point.low, point.high, strict=True))


@pytest.mark.parametrize("criterion", ["all", 0.9])
def test_both_ends_are_what_each_trial_by_itself_finds(criterion):
    """One fact more or less at an end is what rounding in another batch was given."""
    needs_jax()
    rate = 1.0 if criterion == "all" else criterion
    for trial, (low, high) in enumerate(brackets(criterion=criterion)):
        (below,), (above,) = (counts([drawn(N=int(N), trial=trial)], SHORT) for N in (low, high))
        assert max(below) >= rate * low - 1
        assert max(above) < rate * high + 1


def test_a_coarse_bracket_is_as_wide_as_asked_and_a_fine_one_ends_at_neighbours():
    needs_jax()
    assert all(high == low + 1 for low, high in brackets(resolution=0))
    for low, high in brackets(resolution=0.2):
        assert 0 < low < high
        assert high - low <= max(1, 0.2 * high)


def test_a_search_that_ends_without_a_failure_is_censored():
    needs_jax()
    found = trained_capacity("linear", d=8, trials=2, max_N=5, training=SHORT)
    assert found.points[0].low == (5, 5)
    assert found.points[0].censored == 2
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_start_that_is_too_large_goes_down():
    """A single step stores little, far below where a search begins."""
    needs_jax()
    single = Training(steps=1, learning_rates=(0.01,))
    assert all(high <= 10 for _, high in brackets(d=8, training=single, resolution=0))


def test_a_stored_search_goes_on_where_it_was(tmp_path):
    needs_jax()
    store = tmp_path / "trained.sqlite"
    run = {"model": "mlp", "width": "2d", "trials": 2, "training": replace(SHORT, steps=64),
           "seed": 3, "store": store}  # fmt: skip
    seen = []
    one = trained_capacity(d=4, progress=seen.append, **run)
    assert seen[-1].done == 1
    seen.clear()
    both = trained_capacity(d=[4, 5], progress=seen.append, **run)
    assert seen[0].found == 1
    assert both.points[0] == one.points[0]
    assert both.rates[0] == one.rates[0]
    assert both.memory == "trained-mlp m=2d"
    assert both.to_dict()["training"]["steps"] == 64
    assert trained_capacity(d=4, **{**run, "store": None}).points == one.points
    with pytest.raises(InputError, match=str(store)):
        trained_capacity(d=4, **{**run, "training": SHORT})


def test_training_finds_nearly_what_the_best_matrix_holds():
    """Of the same draws. Above the best matrix's capacity nothing can be recalled by any."""
    needs_jax()
    best = capacity("optimal-linear", d=8, trials=6, threads=1).points[0]
    found = trained_capacity("linear", d=8, trials=6, resolution=0).points[0]
    for trained, low in zip(found.low, best.low, strict=True):
        assert trained >= 0.95 * low - 1
    for trained, high, proved in zip(found.low, best.high, best.proved, strict=True):
        assert trained < high or not proved
    assert found.N >= 0.95 * best.N


def test_a_network_of_twice_the_parameters_holds_more():
    needs_jax()
    rule = Training(steps=512)
    linear = trained_capacity("linear", d=6, trials=2, training=rule).points[0]
    network = trained_capacity("mlp", d=6, width="2d", trials=2, training=rule).points[0]
    assert min(network.low) > max(linear.low)


def test_other_fact_maps_and_fewer_answers_are_searched_too():
    needs_jax()
    ends = brackets(d=4, facts="random", outputs=3, trials=2)
    assert all(0 < low < high for low, high in ends)
