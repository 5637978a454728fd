"""Fewest bits per weight: the record, and the same verdicts as a measurement with these bits."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from sims import measure
from sims.memories.fewest_bits import BITS, FewestBitsResult, fewest_bits
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.fewest_bits import fewest_bits_facts
from sims.transformers.recall import measure_facts
from tests.helpers.oracles import one_line, table

SMALL = Shape(6, 4, 3, noise=5)
MODEL = Architecture("attention-mlp", 16, width=24)


def record(counts, *, bits=(1, 2, 4), facts=10):
    stored = tuple(100 * b for b in bits)
    exact = (facts,) * len(counts)
    return FewestBitsResult(
        "toy", 8, facts, bits, "nearest", 0, 100, stored, exact, tuple(map(tuple, counts))
    )


# --- the record ---------------------------------------------------------------------------------


def test_the_first_width_that_recalls_everything_counts():
    result = record([(8, 10, 10), (10, 9, 10), (9, 9, 10), (9, 9, 9), (10, 10, 10)])
    assert result.fewest == (2, 1, 4, float("inf"), 1)
    assert (result.b, result.spent) == (2, 200)
    assert result.censored == 1
    # Everything with one bit, not with two.
    assert result.relapsed == 1
    assert result.recall == pytest.approx((0.92, 0.94, 0.98))


def test_what_is_censored_is_not_a_number_in_the_record():
    result = record([(8, 9, 9), (8, 8, 9), (8, 9, 10)])
    assert result.b == result.spent == float("inf")
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (plain["b"], plain["spent"], plain["censored"]) == (None, None, 2)
    assert plain["fewest"] == [None, None, 4]


def test_rows_have_every_width_and_exact_weights():
    result = record([(8, 10, 10), (10, 9, 10)])
    rows = result.rows()
    assert [row["b"] for row in rows] == [1, 2, 4, None]
    assert [row["bits"] for row in rows] == [100, 200, 400, None]
    assert [row["recall"] for row in rows] == pytest.approx([0.9, 0.95, 1, 1])
    assert [row["all_recalled"] for row in rows] == [0.5, 0.5, 1, 1]
    assert len(result.to_frame()) == 4


def test_the_interval_of_the_median_lies_between_widths():
    result = record([(8, 10, 10)] * 12)
    assert result.interval == (1, 2)
    assert record([(10, 10, 10)] * 12).interval == (0, 1)
    assert record([(8, 9, 9)] * 12).interval == (4, float("inf"))


def test_the_curve_is_recall_against_bits():
    result = fewest_bits("linear", d=16, N=20, trials=4, bits=(1, 2, 8))
    axes = result.plot()
    (points, _, _), *_ = axes.containers
    np.testing.assert_array_equal(points.get_xdata(), (1, 2, 8))
    np.testing.assert_allclose(points.get_ydata(), result.recall)
    assert axes.lines[-1].get_ydata()[0] == result.rows()[-1]["recall"]
    assert axes.get_xlabel() == "bits per weight b"


# --- memories -----------------------------------------------------------------------------------

SEARCHES = [
    ("linear", {}),
    ("low-rank", {"rank": "d/2", "rounding": "stochastic"}),
    ("low-rank-svd", {"rank": "d/2"}),
    ("gated-mlp", {"width": "2d", "degree": 2}),
    ("bilinear-ridge", {"width": 24, "rounding": "stochastic"}),
    ("assoc.memories.linear:dual_both", {"rounding": "stochastic"}),
]


@pytest.mark.parametrize(("memory", "options"), SEARCHES)
def test_recall_is_what_measuring_with_these_bits_says(memory, options):
    given = {"d": 12, "N": 20, "trials": 5, "seed": 3, **options}
    result = fewest_bits(memory, **given, bits=(8, 1, 2, 1))
    assert result.bits == (1, 2, 8)
    for at, b in enumerate(result.bits):
        (point,) = measure(memory, **given, bits=b).points
        assert point.counts == tuple(counts[at] for counts in result.counts)
    given.pop("rounding", None)
    assert measure(memory, **given).points[0].counts == result.exact


@pytest.mark.parametrize(
    ("memory", "N", "options"),
    [
        ("linear", 26, {}),
        ("low-rank", 8, {"rank": "d/2", "rounding": "stochastic"}),
        ("gated-mlp", 24, {"width": "8d", "degree": 1}),
    ],
)
def test_all_smaller_widths_fail(memory, N, options):
    result = fewest_bits(memory, d=24, N=N, trials=10, **options)
    assert result.bits == BITS
    assert len(set(result.fewest)) > 1
    assert result.fewest != (float("inf"),) * 10
    for b, counts in zip(result.fewest, result.counts, strict=True):
        for width, known in zip(result.bits, counts, strict=True):
            assert known < N or width >= b
            assert known == N or width != b


def test_sixteen_bits_recall_what_exact_weights_do():
    for memory, options in (("linear", {}), ("low-rank", {"rank": "d/2"}),
                            ("mlp", {"width": "8d", "degree": 1}),
                            ("gated-mlp", {"width": "8d", "degree": 1})):  # fmt: skip
        result = fewest_bits(memory, d=16, N=24, trials=10, bits=(16,), **options)
        assert [counts[0] for counts in result.counts] == list(result.exact)


def test_threads_and_executors_change_nothing(processes):
    given = {"d": 12, "N": 14, "width": "2d", "trials": 5, "rounding": "stochastic"}
    expected = fewest_bits("gated-mlp", **given, threads=1)
    assert fewest_bits("gated-mlp", **given, threads=3) == expected
    with ThreadPoolExecutor(2) as pool:
        assert fewest_bits("gated-mlp", **given, executor=pool) == expected
    assert fewest_bits("gated-mlp", **given, executor=processes) == expected
    assert fewest_bits_facts(MODEL, SMALL, length=6, trials=2, executor=processes) == (
        fewest_bits_facts(MODEL, SMALL, length=6, trials=2, threads=1)
    )


# --- transformers -------------------------------------------------------------------------------


@pytest.mark.parametrize("rounding", [None, "stochastic"])
@pytest.mark.parametrize("model", [MODEL, Architecture("attention-only", 12)])
def test_facts_are_what_measuring_with_these_bits_says(model, rounding):
    given = {"length": 6, "trials": 4, "seed": 2}
    result = fewest_bits_facts(model, SMALL, bits=(2, 6, 12), rounding=rounding, **given)
    for at, b in enumerate(result.bits):
        architecture = replace(model, bits=b, rounding=rounding)
        (point,) = measure_facts(architecture, SMALL, **given).points
        assert point.known == tuple(counts[at] for counts in result.counts)
        assert (point.parameters, point.bits) == (result.parameters, result.stored[at])
    assert measure_facts(model, SMALL, **given).points[0].known == result.exact
    assert result.facts == SMALL.facts


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "options", "said"),
    [
        ("sign", {}, "memory 'sign' takes no bits"),
        ("linear", {"bits": ()}, "bits is an empty list"),
        ("linear", {"bits": (0, 1)}, "bits = 0 is not between 1 and 16"),
        ("linear", {"bits": (1.5,)}, "bits = 1.5 is not an integer"),
        ("linear", {"rounding": "up"}, "rounding 'up' is not one of nearest, stochastic"),
        ("linear", {"N": 0}, "N = 0 is not positive"),
        ("linear", {"trials": 0}, "trials = 0"),
        ("gated-mlp", {}, "memory 'gated-mlp' needs its width given"),
        (table, {}, "Table cannot be stored in bits per weight"),
    ],
)
def test_what_is_wrong_is_named(memory, options, said):
    with pytest.raises(InputError) as caught:
        fewest_bits(memory, **{"d": 8, "N": 5, "trials": 2, **options})
    assert said in one_line(caught.value)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (replace(MODEL, bits=2), {}, "the search chooses the bits; give none"),
        (replace(MODEL, width=None), {}, "transformer 'attention-mlp' needs its width given"),
        (MODEL, {"bits": (17,)}, "bits = 17 is not between 1 and 16"),
        (MODEL, {"rounding": "up"}, "rounding 'up' is not one of nearest, stochastic"),
    ],
)
def test_what_is_wrong_with_a_model_is_named(model, options, said):
    with pytest.raises(InputError) as caught:
        fewest_bits_facts(model, SMALL, trials=2, length=6, **options)
    assert said in one_line(caught.value)
