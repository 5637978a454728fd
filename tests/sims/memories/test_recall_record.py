"""The record that a measurement returns: its numbers, its table, its JSON and its figure."""

import json

import numpy as np
import pytest

from assoc.memories.linear import hebbian
from sims import measure
from sims.engine.statistics import mean_interval, proportion_interval
from sims.memories.recall import RecallPoint


def test_a_point_is_what_its_counts_say():
    point = RecallPoint(d=8, N=10, M=10, counts=(10, 8, 10, 9), judged=10)
    assert point.recall == pytest.approx(0.925)
    assert point.whole == 2
    fractions = np.array([1, 0.8, 1, 0.9])
    assert point.standard_error == pytest.approx(fractions.std(ddof=1) / 2)
    assert point.interval() == mean_interval(fractions)
    assert np.isnan(RecallPoint(8, 10, 10, (9,), 10).standard_error)


def test_tables_and_json():
    result = measure(
        "linear", d=np.int64(8), N=np.array([6, 12]), trials=4, outputs=20, facts="random", seed=7
    )
    frame = result.to_frame()
    assert frame["N"].tolist() == [6, 12]
    assert frame["M"].tolist() == [20, 20]
    assert frame["trials"].tolist() == [4, 4]
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert record["memory"] == "linear"
    assert record["facts"] == "random"
    assert [point["N"] for point in record["points"]] == [6, 12]
    for point, row in zip(result.points, record["points"], strict=True):
        assert row["recall"] == point.recall
        assert row["interval"] == list(point.interval())
        assert row["all_recalled"] == point.whole / 4
        assert row["all_recalled_interval"] == list(proportion_interval(point.whole, 4))
    assert "<table" in result._repr_html_()


def test_a_single_point_stands_at_the_top_level():
    record = measure("linear", d=8, N=6, trials=4).to_dict()
    assert record["recall"] == record["points"][0]["recall"]
    assert "recall" not in measure("linear", d=8, N=[6, 7], trials=4).to_dict()


def test_repr_is_short_and_the_same_every_time():
    result = measure(hebbian, d=8, N=[2, 3, 4, 5, 6], trials=2)
    assert repr(result).endswith(", ...)")
    assert " at 0x" not in repr(result)
    assert "N=2: 1.0000" in repr(result)


def test_a_record_is_frozen():
    result = measure("linear", d=8, N=6, trials=2)
    with pytest.raises(AttributeError):
        result.seed = 5


def test_plot_returns_its_axes():
    result = measure("linear", d=8, N=[4, 8], trials=4)
    ax = result.plot()
    assert result.plot(ax) is ax
    assert ax.get_xlabel() == "facts $N$"
    np.testing.assert_array_equal(ax.containers[0].lines[0].get_xdata(), [4, 8])
