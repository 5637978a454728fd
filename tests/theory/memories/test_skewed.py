"""Tables with skewed answers: the law without one's own class, and the plans that rest on it."""

from dataclasses import replace

import numpy as np
import pytest

from sims.memories.construction import Construction
from theory.memories.classes import classes_of, classes_of_sizes
from theory.memories.interference import failure_probability
from theory.memories.recall import all_recalled
from theory.memories.strengths import interference_of

LINEAR = Construction("linear")


def test_an_input_meets_every_class_but_its_own():
    sizes = [1, 1, 4, 9]
    for own, met in classes_of_sizes(np.array(sizes)).kinds():
        others = list(sizes)
        others.remove(own)
        assert sorted(np.repeat(met.size, met.count.astype(int))) == others


def test_outputs_of_no_fact_are_met_by_all():
    for _, met in classes_of_sizes(np.array([0, 0, 0, 5, 5])).kinds():
        assert met.size.tolist() == [0, 5]
        assert met.count == pytest.approx([3, 1])


@pytest.mark.parametrize(("N", "M"), [(10, 3), (12, 4)])
def test_balanced_classes_meet_the_others(N, M):
    classes = classes_of("balanced", N=N, M=M)
    for own, met in classes.kinds():
        assert met.count.sum() == M - 1
        assert met.count @ met.size == N - own


def test_one_answer_of_two_thirds_is_recalled_as_often_as_it_was_counted():
    """87 of 100 draws recalled all 150 facts at d = 1024, and 98 at d = 1440."""
    classes = classes_of_sizes(np.array([100] + [1] * 50))
    for d, counted in ((1024, 0.87), (1440, 0.98)):
        assert all_recalled(LINEAR, d=d, N=150, facts=classes) == pytest.approx(counted, abs=0.03)


def test_a_large_class_that_met_itself_would_be_lost_more_often():
    law = interference_of(LINEAR, N=30, d=16)
    classes = classes_of_sizes(np.array([1] * 10 + [20]))
    right = failure_probability(law, classes)
    wrong = failure_probability(law, replace(classes, rivals=None))
    assert right[-1] < wrong[-1]
    assert right[0] > wrong[0]
