"""A search for bits: the first number that recalls everything, intervals, and the curve."""

import json

import numpy as np
import pytest

from sims.engine.bit_search import FewestBitsResult
from sims.memories.fewest_bits import fewest_bits


def record(counts, *, bits=(1, 2, 4), facts=10):
    stored = tuple(100 * b for b in bits)
    exact = (facts,) * len(counts)
    return FewestBitsResult(
        "toy", 8, facts, bits, "nearest", 0, 100, stored, exact, tuple(map(tuple, counts))
    )


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
    assert axes.get_xlabel() == "bits per weight $b$"
