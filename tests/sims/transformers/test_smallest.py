"""The smallest transformer: brackets with both ends measured, and censoring."""

import json

import pytest
from matplotlib.figure import Figure

from assoc import InputError
from sims.transformers.architecture import Architecture, Shape, table_source
from sims.transformers.recall import facts_known, measure_facts
from sims.transformers.smallest import SizePoint, SizeResult, smallest_size
from tests.helpers.oracles import one_line

SMALL = Shape(6, 4, 3, noise=5)
ONLY = Architecture("attention-only", 12)


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
