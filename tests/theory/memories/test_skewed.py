"""Tables with skewed answers: the law without one's own class, and the plans that rest on it."""

from dataclasses import replace

import numpy as np
import pytest

from assoc.facts.maps import zipf_sizes
from sims.engine.randomness import Source
from sims.engine.statistics import proportion_interval
from sims.memories.construction import Construction
from sims.memories.given_maps import shares_lost
from theory.memories.classes import classes_of, classes_of_facts, classes_of_sizes
from theory.memories.interference import failure_probability
from theory.memories.recall import all_recalled, expected_recall
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


# --- several right answers ----------------------------------------------------------------------


def drawn_sets(N, M, *, share, rng):
    """Zipf's answers, and for a share of the inputs one or two others, also Zipf's."""
    p = zipf_sizes(1.0, M)
    f = rng.choice(M, N, p=p)
    also = []
    for x in np.flatnonzero(rng.random(N) < share):
        more = {int(y) for y in rng.choice(M, rng.integers(1, 3), p=p)} - {int(f[x])}
        also += [(x, y) for y in sorted(more)]
    return f, np.array(also)


def test_other_right_answers_interfere_and_do_not_compete():
    """Classes of 3, 1, 1 and 1 inputs; the first of the large one may be answered with 1 or 2."""
    f, also = np.array([0, 0, 0, 1, 2, 3]), np.array([[0, 1], [0, 2]])
    found = classes_of_facts(f, 4, also)
    assert found.share * 6 == pytest.approx([3, 2, 1])
    met = [(own, met.count.tolist(), met.wrong.tolist()) for own, met in found.kinds()]
    assert met == [(1, [2, 1], [2, 1]), (3, [3, 0], [3, 0]), (3, [3, 0], [1, 0])]


def test_without_other_right_answers_the_classes_are_those_of_their_sizes():
    f = np.array([0, 0, 1, 3])
    found, plain = classes_of_facts(f, 5, np.zeros((0, 2), int)), classes_of_sizes([2, 1, 0, 1, 0])
    for name in ("share", "own", "count", "size", "rivals"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
    # And where there is a single one, all but that one input are as before.
    one = classes_of_facts(f, 5, np.array([[3, 4]]))
    assert one.share @ one.own == pytest.approx(plain.share @ plain.own)


@pytest.mark.parametrize("memory", ["linear", "gated-mlp", "sign-gated"])
def test_where_all_else_is_right_nothing_is_lost(memory):
    width = None if memory == "linear" else 64
    kind = Construction(memory, width=width)
    every = classes_of_facts(np.array([0, 1, 1]), 2, np.array([[0, 1], [1, 0], [2, 0]]))
    assert all_recalled(kind, d=8, N=3, facts=every) == 1
    some = classes_of_facts(np.array([0, 1, 1]), 2, np.array([[0, 1]]))
    assert all_recalled(kind, d=8, N=3, facts=some) < 1


@pytest.mark.parametrize(("memory", "width", "d"), [("linear", None, 160), ("gated-mlp", 256, 64)])
def test_the_law_of_right_sets_is_what_is_measured(memory, width, d):
    """Also where the stored answer loses to another right one, which may be the best of all."""
    rng = np.random.default_rng(3)
    f, also = drawn_sets(400, 60, share=0.6, rng=rng)
    source = Source(0, "sets", (d,))
    kind = Construction(memory, width=width)
    lost = shares_lost(kind.build(d), f, d=d, first=0, trials=60, source=source, also=also)
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    said = expected_recall(kind, d=d, N=400, facts=classes_of_facts(f, 60, also))
    assert abs(said - (1 - lost.mean())) < 0.006 + 3 * error


def test_a_large_class_that_is_right_too_keeps_its_noise():
    """A third of the facts has the answer 0, which is right for all others as well."""
    f = np.concatenate([np.zeros(100, int), 1 + np.arange(200) % 59])
    also = np.column_stack([np.arange(100, 300), np.zeros(200, int)])
    source = Source(0, "large", ())
    lost = shares_lost("linear", f, d=100, first=0, trials=30, source=source, also=also)
    found = classes_of_facts(f, 60, also)

    def said(facts):
        return expected_recall(LINEAR, d=100, N=300, facts=facts)

    # It wins often, and is right then.
    assert abs(1 - lost.mean() - said(found)) < 0.015
    assert said(classes_of_facts(f, 60, also[:0])) < said(found) - 0.05
    quiet = replace(found, rivals=found.rivals - found.right, right=None)
    assert said(quiet) > said(found) + 0.015
