"""Tables with skewed answers: the law without one's own class, and the plans that rest on it."""

from dataclasses import replace

import numpy as np
import pytest

from sims.engine.randomness import Source
from sims.engine.statistics import proportion_interval
from sims.memories.construction import Construction
from sims.memories.given_maps import shares_lost
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


@pytest.mark.parametrize("d", [800, 1024])
def test_a_table_with_one_answer_for_two_thirds_is_recalled_whole_as_often_as_is_said(d):
    sizes = np.array([100] + [1] * 50)
    f, source = np.repeat(np.arange(51), sizes), Source(0, "whole", (d,))
    lost = shares_lost("linear", f, d=d, first=0, trials=300, source=source)
    low, high = proportion_interval(int((lost == 0).sum()), 300, level=0.999)
    said = all_recalled(LINEAR, d=d, N=150, facts=classes_of_sizes(sizes))
    assert low < said < high
    alone = replace(classes_of_sizes(sizes), rivals=None)
    assert all_recalled(LINEAR, d=d, N=150, facts=alone) < low


def test_a_large_class_that_met_itself_would_be_lost_more_often():
    law = interference_of(LINEAR, N=30, d=16)
    classes = classes_of_sizes(np.array([1] * 10 + [20]))
    right = failure_probability(law, classes)
    wrong = failure_probability(law, replace(classes, rivals=None))
    assert right[-1] < wrong[-1]
    assert right[0] > wrong[0]
