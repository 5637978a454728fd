"""What every search's points and records share."""

import json
from dataclasses import dataclass

import numpy as np

from sims.engine.criterion import Criterion
from sims.engine.searches import Brackets, SearchResult, draw_trials
from sims.engine.statistics import median_interval


@dataclass(frozen=True)
class Point(Brackets):
    low: tuple
    high: tuple


@dataclass(frozen=True, repr=False)
class Found(SearchResult):
    def rows(self):
        return [{**p.tally(), "interval": p.finite_interval(), **p.ends()} for p in self.points]


POINT = Point((3, 5, 9) * 5, (4.0, 6.0, np.inf) * 5)


def test_a_point_counts_its_trials_and_the_censored_ones():
    assert POINT.tally() == {"trials": 15, "censored": 5}
    assert Point((1,), (2.0,)).censored == 0


def test_the_interval_is_that_of_the_median():
    for level in (0.5, 0.99):
        assert POINT.interval(level) == median_interval(POINT.low, POINT.high, level=level)
    assert POINT.finite_interval() == [3, None]


def test_a_record_is_json_and_an_infinite_end_is_none():
    found = Found("linear", Criterion(0.9), "sphere", "identity", 4, (POINT,))
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(record) == [
        "memory", "criterion", "seed", "embeddings", "facts", "level", "points",
    ]  # fmt: skip
    assert (record["criterion"], record["seed"]) == ("0.9", 4)
    assert record["points"][0]["high"] == [4.0, 6.0, None] * 5


def test_every_trial_is_drawn_where_its_point_stands():
    ax = draw_trials(None, [8, 16], [(1, 2, 3), (4.0, np.inf)])
    first, second = ax.get_lines()
    assert list(first.get_xdata()) == [8, 8, 8]
    assert list(second.get_ydata()) == [4.0, np.inf]
    assert draw_trials(ax, [], []) is ax
