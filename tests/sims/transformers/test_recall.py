"""Recall of random tables, smallest sizes, and attention against MLP."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from assoc import InputError
from assoc.transformers.attention_only import attention_only
from sims.engine.randomness import MEMORY, PROMPTS
from sims.transformers.architecture import Architecture, Shape, table_source
from sims.transformers.recall import facts_known, measure_facts
from sims.transformers.smallest import SizePoint, SizeResult, smallest_size
from sims.transformers.tradeoff import TradeoffPoint, TradeoffResult, tradeoff
from tests.helpers.oracles import one_line

SMALL = Shape(6, 4, 3, noise=5)
ONLY = Architecture("attention-only", 12)


def test_a_shape_draws_its_own_table_each_trial():
    source = table_source(SMALL, 0, "test")
    (one, Phi), (again, same), (other, _) = (SMALL.draw(10, source, k) for k in (0, 0, 1))
    assert SMALL.facts == len(one) == 24
    assert (one.facts == again.facts).all()
    assert (Phi == same).all()
    assert (one.facts != other.facts).any()
    assert Phi.shape == (one.vocabulary, 10)
    np.testing.assert_allclose(np.linalg.norm(Phi, axis=1), 1, atol=1e-6)


def test_the_facts_known_are_those_answered_rightly():
    """Against the forward pass of the definition, fact by fact, on the same prompts."""
    source, length = table_source(SMALL, 3, "test"), 7
    known, parameters, bits = facts_known(replace(ONLY, d=6), SMALL, length, 1, source, 2)
    task, Phi = SMALL.draw(6, source, 2)
    model = attention_only(task, Phi, rng=source.generator(2, MEMORY))
    prompts = task.prompts(length, rng=source.generator(2, PROMPTS))
    right = 0
    for prompt, label in zip(prompts, task.labels, strict=True):
        scores = Phi.astype(float) @ model.outputs(prompt[None])[0]
        right += scores[label] > np.delete(scores, label).max()
    assert known == right < len(task)
    assert (parameters, bits) == (model.parameters, None)


def test_a_result_counts_facts_and_whole_tables():
    result = measure_facts(ONLY, [SMALL, replace(SMALL, subjects=2)], trials=6, seed=1, length=6)
    assert [p.shape.subjects for p in result.points] == [6, 2]
    for p in result.points:
        assert len(p.known) == 6
        assert p.recall == pytest.approx(np.mean(p.known) / p.shape.facts)
        assert p.interval[0] <= p.recall <= p.interval[1]
        assert p.whole == sum(k == p.shape.facts for k in p.known)
    first = result.rows()[0]
    assert first["model"] == "attention-only"
    assert (first["facts"], first["trials"]) == (24, 6)
    assert json.loads(json.dumps(result.to_dict()))["points"][0]["recall"] == first["recall"]
    assert len(result.to_frame()) == 2


def test_results_depend_on_the_seed_and_on_nothing_else():
    run = {"trials": 4, "seed": 5, "length": 6}
    one = measure_facts(ONLY, SMALL, threads=1, **run)
    with ThreadPoolExecutor(2) as pool:
        assert measure_facts(ONLY, SMALL, executor=pool, **run) == one
    assert measure_facts(ONLY, SMALL, threads=2, **run) == one
    assert measure_facts(ONLY, SMALL, threads=2, **run | {"seed": 6}) != one


def test_more_prompts_of_each_fact_know_no_more():
    run = {"trials": 5, "seed": 0}
    warm = Architecture("attention-only-sum", 16)
    once, often = (measure_facts(warm, SMALL, draws=k, **run).points[0].known for k in (1, 5))
    assert all(few <= many for few, many in zip(often, once, strict=True))
    assert often != once


def test_an_architecture_knows_its_sizes():
    base = Architecture("attention-mlp", 16, head_dim=2)
    assert base.lacks_width
    sized = base.resized("width", 9)
    assert (sized.width, sized.d, sized.head_dim, sized.lacks_width) == (9, 16, 2, False)
    assert base.resized("d", 4).d == 4
    assert sized.label() == "attention-mlp d_h=2 m=9"
    assert not ONLY.lacks_width


# --- smallest sizes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "vary"),
    [
        (Architecture("attention-only", 8), "d"),
        (Architecture("attention-mlp", 16), "width"),
        (Architecture("attention-only", 32, heads=2), "head_dim"),
    ],
)
def test_a_bracket_is_measured_at_both_ends(architecture, vary):
    result = smallest_size(architecture, SMALL, vary=vary, trials=2, seed=4, resolution=0)
    (point,) = result.points
    source = table_source(SMALL, 4, "smallest")
    for trial, (low, high) in enumerate(zip(point.low, point.high, strict=True)):
        assert high - low == 1
        for size, whole in ((low, False), (int(high), True)):
            if size:
                chosen = architecture.resized(vary, size)
                known, *_ = facts_known(chosen, SMALL, 32, 1, source, trial)
                assert (known == SMALL.facts) is whole
    assert point.censored == 0
    assert point.interval()[0] <= point.size <= point.interval()[1]
    assert vary in result.rows()[0]
    assert json.loads(json.dumps(result.to_dict()))["varied"] == vary


def test_a_search_that_ends_at_its_limit_is_censored():
    result = smallest_size(ONLY, SMALL, trials=2, limit=4)
    (point,) = result.points
    assert (point.low, point.censored, point.parameters) == ((4, 4), 2, None)
    assert point.size == float("inf")
    assert result.rows()[0]["d"] is None
    assert len(result.plot().lines[0].get_xdata()) == 0


def test_parameters_are_those_of_a_model_at_the_median():
    result = smallest_size(Architecture("attention-mlp", 16), SMALL, vary="width", trials=3, step=2)
    (point,) = result.points
    built = measure_facts(
        Architecture("attention-mlp", 16, width=round(point.size / 2) * 2), SMALL, trials=1
    )
    assert point.parameters == built.points[0].parameters


def test_smallest_sizes_are_drawn_as_facts_against_parameters():
    points = tuple(SizePoint(Shape(S, 4, 2), (3, 5), (4.0, 6.0), 100 * S) for S in (2, 4))
    result = SizeResult(ONLY, "d", 32, 0, points)
    ax = result.plot(Figure().subplots())
    assert ax.lines[0].get_xdata().tolist() == [200, 400]
    assert ax.lines[0].get_ydata().tolist() == [8, 16]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert "S=2 R=4 D=2: 5" in repr(result)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vary": "heads"}, "size 'heads' is not one of d, head_dim, width"),
        ({"resolution": 1.0}, "resolution 1.0 is not in [0, 1)"),
        ({"trials": 0}, "trials"),
        ({"step": 0}, "step"),
        ({"start": 0}, "start"),
        ({"limit": -1}, "limit"),
    ],
)
def test_bad_searches_are_named(change, said):
    with pytest.raises(InputError) as caught:
        smallest_size(ONLY, SMALL, **change)
    assert one_line(caught.value).startswith(said)


# --- trade-off ----------------------------------------------------------------------------------


def boundary(*ends):
    points = (TradeoffPoint(0.0, 4, 100, 64, 0.5), TradeoffPoint(0.0, 8, 100, 128, 1.0))
    return TradeoffResult(SMALL, ONLY, 0, points, ends)


def test_the_slope_and_the_bend_of_a_boundary():
    straight = boundary((100, 90.0, 300.0), (200, 0.0, 250.0), (300, 0.0, 200.0))
    assert straight.slope == pytest.approx(0.5)
    assert straight.bend == pytest.approx(0, abs=1e-12)
    bent = boundary((100, 0.0, 300.0), (200, 0.0, 300.0), (300, 0.0, 200.0))
    # Around the mean (33, 33, -67) the line through the ends' slope leaves a quarter.
    assert bent.bend == pytest.approx(0.25)
    flat = boundary((100, 0.0, 300.0), (100, 0.0, 250.0))
    assert (flat.slope, flat.bend) == (0.0, 1.0)


def test_an_end_that_was_not_found_is_left_out():
    result = boundary((100, 0.0, 300.0), (200, 0.0, 250.0), (300, 64.0, float("inf")))
    assert result.slope == pytest.approx(0.5)
    assert result.to_dict()["boundary"][2]["mlp_high"] is None


def test_the_map_has_a_boundary_and_axes_with_names():
    ax = boundary((100, 90.0, 300.0), (200, 0.0, 250.0)).plot(Figure().subplots())
    assert ax.get_xlabel() == "attention parameters, 4 H d d_h"
    assert ax.get_ylabel() == "MLP parameters, 2 m d"
    assert ax.collections


def test_a_trade_off_is_measured():
    result = tradeoff(Shape(8, 8, 4), d=48, head_dim=4, shares=(0.0, 0.5), widths=(2, 64), trials=2)
    assert [(p.share, p.width) for p in result.points] == [
        (0.0, 2), (0.0, 64), (0.5, 2), (0.5, 64),
    ]  # fmt: skip
    few, many = result.points[0], result.points[1]
    assert few.recall < many.recall == 1
    assert (few.mlp, many.mlp) == (2 * 48 * 2, 2 * 48 * 64)
    (x, _, high), (moved_x, _, moved_high) = result.boundary
    assert moved_x > x
    assert moved_high < high
    assert len(result.to_frame()) == 4
