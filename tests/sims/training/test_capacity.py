"""Capacities of trained memories: arguments, brackets, stores."""

import json
from dataclasses import replace

import pytest

from assoc.errors import InputError
from assoc.memories.decoding import margins
from sims.memories.capacity import capacity
from sims.training.capacity import trained_capacity
from sims.training.memories import train
from sims.training.recipe import Training
from tests.helpers.extras import needs
from tests.helpers.oracles import one_line
from tests.helpers.training import (
    SHORT_MEMORIES,
    draw_memory,
)


def counts(untrained, training):
    """Facts recalled by each run of each memory."""
    return [
        [int((margins(run.trained, p.E, p.U, p.f) > 0).sum()) for run in runs]
        for p, runs in zip(untrained, train(untrained, training), strict=True)
    ]


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


def brackets(**arguments):
    """Ends of the brackets at a single dimension."""
    run = {"model": "linear", "d": 6, "trials": 4, "training": SHORT_MEMORIES, "threads": 1}
    (point,) = trained_capacity(**{**run, **arguments}).points
    return list(zip(point.low, point.high, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("criterion", ["all", 0.9])
def test_both_ends_are_what_each_trial_by_itself_finds(criterion):
    """One fact more or less at an end is what rounding in another batch was given."""
    needs("train")
    rate = 1.0 if criterion == "all" else criterion
    for trial, (low, high) in enumerate(brackets(criterion=criterion)):
        (below,), (above,) = (
            counts([draw_memory(N=int(N), trial=trial)], SHORT_MEMORIES) for N in (low, high)
        )
        assert max(below) >= rate * low - 1
        assert max(above) < rate * high + 1


def test_a_coarse_bracket_is_as_wide_as_asked_and_a_fine_one_ends_at_neighbours():
    needs("train")
    assert all(high == low + 1 for low, high in brackets(resolution=0))
    for low, high in brackets(resolution=0.2):
        assert 0 < low < high
        assert high - low <= max(1, 0.2 * high)


def test_a_search_that_ends_without_a_failure_is_censored():
    needs("train")
    found = trained_capacity("linear", d=8, trials=2, max_N=5, training=SHORT_MEMORIES)
    assert found.points[0].low == (5, 5)
    assert found.points[0].censored == 2
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_start_that_is_too_large_goes_down():
    """A single step stores little, far below where a search begins."""
    needs("train")
    single = Training(steps=1, learning_rates=(0.01,))
    assert all(high <= 10 for _, high in brackets(d=8, training=single, resolution=0))


@pytest.mark.slow
def test_a_stored_search_goes_on_where_it_was(tmp_path):
    needs("train")
    store = tmp_path / "trained.sqlite"
    run = {"model": "mlp", "width": "2d", "trials": 2, "seed": 3, "store": store,
           "training": replace(SHORT_MEMORIES, steps=64)}  # fmt: skip
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
        trained_capacity(d=4, **{**run, "training": SHORT_MEMORIES})


def test_training_finds_nearly_what_the_best_matrix_holds():
    """Of the same draws. Above the best matrix's capacity nothing can be recalled by any."""
    needs("train")
    best = capacity("optimal-linear", d=8, trials=6, threads=1).points[0]
    found = trained_capacity("linear", d=8, trials=6, resolution=0).points[0]
    for trained, low in zip(found.low, best.low, strict=True):
        assert trained >= 0.95 * low - 1
    for trained, high, proved in zip(found.low, best.high, best.proved, strict=True):
        assert trained < high or not proved
    assert found.N >= 0.95 * best.N


def test_a_network_of_twice_the_parameters_holds_more():
    needs("train")
    rule = Training(steps=512)
    linear = trained_capacity("linear", d=6, trials=2, training=rule).points[0]
    network = trained_capacity("mlp", d=6, width="2d", trials=2, training=rule).points[0]
    assert min(network.low) > max(linear.low)


def test_other_fact_maps_and_fewer_answers_are_searched_too():
    needs("train")
    ends = brackets(d=4, facts="random", outputs=3, trials=2)
    assert all(0 < low < high for low, high in ends)
