"""Smallest trained transformers: arguments, brackets, stores."""

from dataclasses import replace

import pytest

from assoc.errors import InputError
from sims.training.smallest import trained_smallest
from sims.training.transformer_models import choose_sizes
from sims.training.trials import Trials, facts_recalled
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.smallest import smallest_size
from tests.helpers.extras import needs
from tests.helpers.oracles import one_line
from tests.helpers.training import SHORT_TRANSFORMERS, TABLE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "linear"}, "model 'linear'"),
        ({"model": "attention-mlp"}, "needs a width"),
        ({"width": 4}, "width 4: attention alone"),
        ({"model": "attention-mlp", "width": "wide"}, "width"),
        ({"model": "attention-mlp", "vary": "width"}, "needs d"),
        ({"model": "attention-mlp", "vary": "width", "d": 0}, "d = 0"),
        ({"model": "attention-mlp", "vary": "width", "d": 8, "width": 4}, "width = 4 is given"),
        ({"vary": "width", "d": 8}, "attention alone"),
        ({"d": 8}, "d = 8 is given"),
        ({"vary": "heads"}, "size 'heads'"),
        ({"shapes": (4, 3)}, "shape"),
        ({"shapes": (4, 3, 0)}, "D = 0"),
        ({"shapes": []}, "shape"),
        ({"shapes": "4,3,2"}, "shape '4,3,2'"),
        ({"shapes": Shape(4, 3, 2, 0)}, "without noise tokens"),
        ({"head_dim": 0}, "head dimension"),
        ({"head_dim": 99}, "exceeds d"),
        ({"heads": 0}, "heads H"),
        ({"start": 0}, "start = 0"),
        ({"limit": 0}, "limit = 0"),
        ({"step": 0}, "step = 0"),
        ({"resolution": 1}, "resolution 1"),
        ({"criterion": 2}, "criterion 2"),
        ({"length": 2}, "prompt length T = 2"),
        ({"draws": 0}, "draws = 0"),
        ({"trials": 0}, "trials = 0"),
        ({"training": 5}, "training 5"),
        ({"seed": -1}, "seed -1"),
        ({"threads": 0}, "threads = 0"),
    ],
)
def test_bad_searches_are_named(arguments, said):
    call = {"model": "attention-only", "shapes": (4, 3, 2), "trials": 1, "limit": 40, **arguments}
    with pytest.raises(InputError, match=said) as caught:
        trained_smallest(**call)
    one_line(caught.value)


@pytest.mark.slow
def test_both_ends_of_a_bracket_are_what_a_trial_by_itself_finds():
    needs("train")
    found = trained_smallest(
        "attention-only", TABLE, start=12, limit=16, step=4, trials=1, length=9,
        training=SHORT_TRANSFORMERS, experiment="tests", threads=1,
    )  # fmt: skip
    (point,) = found.points
    ((low,), (high,)) = point.low, point.high
    assert high == low + 4
    ends = [(0, choose_sizes("attention-only", 5, 4, d=int(d))) for d in (low, high) if d]
    known = [
        max(facts_recalled(TABLE, [one], Trials(9, 4, 1, SHORT_TRANSFORMERS, 0, "tests"))[0])
        for one in ends
    ]
    assert known[-1] == TABLE.facts
    assert all(count < TABLE.facts for count in known[:-1])
    assert point.parameters == ends[-1][1].parameters
    built = smallest_size(Architecture("attention-only", 8), TABLE, length=9, trials=1)
    assert set(built.rows()[0]) == set(found.rows()[0])
    assert found.to_dict()["learning_rates"][0][0]["runs"] >= 1


def test_a_width_is_searched_at_the_d_that_is_given():
    needs("train")
    found = trained_smallest(
        "attention-mlp", [TABLE], vary="width", d=24, limit=12, step=12, trials=1, length=9,
        training=SHORT_TRANSFORMERS, experiment="tests",
    )  # fmt: skip
    (row,) = found.rows()
    assert (row["width"], row["interval"], row["trials"]) == (12, [0, None], 1)
    assert row["parameters"] == 4 * 24 * 9 + 2 * 12 * 24
    assert found.to_dict()["criterion"] == "all"


@pytest.mark.slow
def test_a_stored_search_goes_on_where_it_was(tmp_path):
    needs("train")
    store, seen = tmp_path / "trained.sqlite", []
    run = {"model": "attention-only", "trials": 1, "length": 9, "seed": 3, "start": 8, "step": 8,
           "criterion": 0.01, "store": store,
           "training": replace(SHORT_TRANSFORMERS, steps=64)}  # fmt: skip
    one = trained_smallest(shapes=TABLE, progress=seen.append, **run)
    assert seen[-1].done == 1
    seen.clear()
    both = trained_smallest(shapes=[TABLE, Shape(3, 3, 3, 7)], progress=seen.append, **run)
    assert seen[0].found == 1
    assert both.points[0] == one.points[0]
    assert both.rates[0] == one.rates[0]
    assert trained_smallest(shapes=TABLE, **{**run, "store": None}).points == one.points
    with pytest.raises(InputError, match=str(store)):
        trained_smallest(shapes=TABLE, **{**run, "training": SHORT_TRANSFORMERS})
