"""Hypotheses of intervals and searches on sizes."""

import numpy as np
import pytest

from sims.engine.randomness import Source
from theory.claims import Problem
from theory.measurement.hypotheses import BOUNDED, INDEPENDENT_TRIALS, MONOTONE


@pytest.mark.parametrize(("d", "N"), [(4, 3), (64, 10), (64, 10_000), (10_000, 5)])
def test_trials_of_a_problem_are_independent(d, N):
    (condition,) = INDEPENDENT_TRIALS.check(Problem(d=d, N=N))
    assert condition.holds


def test_trials_that_draw_the_same_are_seen(monkeypatch):
    draw = Source.spheres
    monkeypatch.setattr(
        Source,
        "spheres",
        lambda self, n, d, *, trials, stream: draw(self, n, d, trials=(0, 0), stream=0),
    )
    (condition,) = INDEPENDENT_TRIALS.check(Problem(d=16, N=50))
    assert not condition.holds
    assert condition.remedy


def test_what_is_not_given_is_not_checked():
    assert INDEPENDENT_TRIALS.check(Problem(d=4, N=2, vectors=np.eye(4))) == ()
    for hypothesis in (INDEPENDENT_TRIALS, BOUNDED, MONOTONE):
        assert hypothesis.check(Problem()) == ()


def test_one_answer_has_no_threshold_and_no_facts_no_share():
    assert [c.holds for c in MONOTONE.check(Problem(N=9, outputs=1))] == [False]
    assert [c.holds for c in MONOTONE.check(Problem(N=9, outputs=9))] == [True]
    assert [c.holds for c in BOUNDED.check(Problem(N=0))] == [False]
