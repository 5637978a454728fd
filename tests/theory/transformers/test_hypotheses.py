"""Conditions of the transformer theorems, and the checks that both share."""

from dataclasses import replace

import numpy as np
import pytest

from assoc.facts.recall_task import RecallTask, grid_task
from sims.engine.randomness import Source
from sims.transformers.architecture import Architecture, Shape
from theory.applicability import conditions
from theory.claims import Problem, Verdict
from theory.transformers.checks import LOADS, Cut, Overlapping, check_every_fact, check_growth
from theory.transformers.counts import counts_of
from theory.transformers.dual_guarantee import dual_dimension
from theory.transformers.guarantee import failure_bound, guaranteed_dimension
from theory.transformers.hypotheses import (
    DISJOINT,
    ENOUGH_DIMENSIONS,
    ENOUGH_HEADS,
    ENOUGH_NEURONS,
    GUARANTEED,
    TOTAL,
)

GRID = grid_task(6, 3, 2)


def only(hypothesis, problem):
    (condition,) = hypothesis.check(problem)
    return condition


def test_without_a_table_there_is_nothing_to_check():
    for hypothesis in (
        DISJOINT, TOTAL, ENOUGH_DIMENSIONS, ENOUGH_HEADS, ENOUGH_NEURONS, GUARANTEED,
    ):  # fmt: skip
        assert hypothesis.check(Problem(d=8, N=3)) == ()


def test_disjoint_answer_sets():
    assert only(DISJOINT, Problem(task=GRID)).holds
    facts = GRID.facts.copy()
    facts[:, 2] %= 2
    found = only(DISJOINT, Problem(task=replace(GRID, facts=facts)))
    assert not found.holds
    assert found.value == "shared by relations: 9 (6, 7, 8); 10 (6, 7, 8)"
    many = RecallTask(1, 2, 5, np.array([[0, 0, 0], [0, 1, 0]]), 0)
    assert only(DISJOINT, Problem(task=many)).value == "shared by relations: 3 (1, 2)"


def test_no_more_than_three_offenders_are_named():
    facts = np.array([[s, r, s] for s in range(5) for r in range(2)])
    found = only(DISJOINT, Problem(task=RecallTask(5, 2, 5, facts, 0)))
    assert found.value == "shared by relations: 7 (5, 6); 8 (5, 6); 9 (5, 6) and 2 more"


def test_a_fact_for_every_pair():
    assert only(TOTAL, Problem(task=GRID)).holds
    found = only(TOTAL, Problem(task=replace(GRID, facts=GRID.facts[:-1])))
    assert not found.holds
    assert found.value == "17 facts, 1 (subject, relation) without one"
    kept = (GRID.facts[:, 1] == 0) | (GRID.facts[:, 0] == 0)
    found = only(TOTAL, Problem(task=replace(GRID, facts=GRID.facts[kept])))
    assert found.value.endswith("; 2 relations of a single subject")


@pytest.mark.parametrize(
    ("hypothesis", "enough", "too_few", "said"),
    [
        (ENOUGH_DIMENSIONS, {"d": 3}, {"d": 2}, "d = 2, 0.667 times max(R, D) = 3"),
        (
            ENOUGH_HEADS,
            {"heads": 3, "head_dim": 3},
            {"heads": 2, "head_dim": 4},
            "H d_h = 8, 0.889 times S + R = 9",
        ),
        (
            ENOUGH_NEURONS,
            {"d": 3, "width": 6},
            {"d": 2, "width": 8},
            "m d = 16, 0.889 times S R (facts) = 18",
        ),
    ],
)
def test_sizes_are_held_against_the_bare_products(hypothesis, enough, too_few, said):
    assert only(hypothesis, Problem(task=GRID, **enough)).holds
    found = only(hypothesis, Problem(task=GRID, **too_few))
    assert not found.holds
    assert found.value == said
    assert found.remedy


def test_what_is_guaranteed_to_be_enough_is_said_without_sizes():
    task = grid_task(64, 16, 8)
    dimension, heads = GUARANTEED.check(Problem(task=task))
    assert dimension.holds is heads.holds is None
    assert dimension.remedy == "give --d; d = 273 is enough"
    counts = counts_of(task)
    plain, dual = guaranteed_dimension(counts, delta=0.01), dual_dimension(counts, delta=0.01)
    assert f"d >= {plain} with plain sums, d >= n = 273 with dual" in dimension.required
    assert f"d >= {dual} where embeddings are Gaussian" in dimension.required
    assert "H d_h = S + R = 80 is enough" in heads.remedy


def test_dimensions_are_held_against_the_guarantees():
    task = grid_task(16, 8, 8, noise=1000)  # so many tokens that plain sums need fewer dimensions
    counts = counts_of(task)
    plain = guaranteed_dimension(counts, delta=0.01)
    assert plain < counts.vocabulary
    for d, holds in ((plain, True), (plain - 1, False), (counts.vocabulary, True)):
        found = GUARANTEED.check(Problem(d=d, task=task))[0]
        assert found.holds is holds
        bound = failure_bound(counts, d)
        assert f"failure probability <= {bound:.2g} with plain sums" in found.value
        assert found.remedy == ("" if holds else f"raise d to {plain}; less may do")
    (found, _) = GUARANTEED.check(Problem(d=1, task=task))
    assert not found.holds


@pytest.mark.parametrize(
    ("heads", "head_dim", "holds"),
    [(9, 1, True), (8, 1, False), (2, 6, True), (3, 3, True), (2, 4, False)],
)
def test_heads_cover_subjects_and_relations(heads, head_dim, holds):
    found = GUARANTEED.check(Problem(task=GRID, heads=heads, head_dim=head_dim))[1]
    assert found.holds is holds
    assert bool(found.remedy) != holds


def test_nothing_is_guaranteed_where_relations_share_answers():
    facts = GRID.facts.copy()
    facts[:, 2] %= 2
    assert GUARANTEED.check(Problem(d=99, task=replace(GRID, facts=facts))) == ()


@pytest.mark.parametrize("theorem", ["attention-only", "attention-mlp"])
def test_the_theorems_conditions_are_executable(theorem):
    good = conditions(theorem, d=128, width=40, heads=4, head_dim=8, task=GRID)
    assert all(c.holds for case in good.cases for c in case.conditions)
    bad = conditions(theorem, d=2, width=1, heads=1, head_dim=1, task=GRID)
    failing = {c.name for case in bad.cases for c in case.conditions if not c.holds}
    expected = {
        "attention-only": {
            "d of the order of max(R, D)",
            "H d_h of the order of S + R",
            "d guaranteed to be enough",
            "H d_h guaranteed to be enough",
        },
        "attention-mlp": {"m d of the order of S R (facts)", "H d_h of the order of S + R"},
    }
    assert failing == expected[theorem]


# --- faults and checks --------------------------------------------------------------------------


def test_the_faults_do_what_they_say():
    source = Source(0, "test", ())
    whole, Phi = Shape(6, 3, 2).draw(8, source, 0)
    cut, same = Cut(6, 3, 2, kept=4).draw(8, source, 0)
    assert Cut(6, 3, 2, kept=4).facts == len(cut) == 4
    assert (cut.facts == whole.facts[:4]).all()
    assert (Phi == same).all()
    shared, _ = Overlapping(6, 3, 2).draw(8, source, 0)
    assert (shared.facts[:, 2] == whole.facts[:, 2] % 2).all()
    assert len(shared.shared_answers) == 2


def test_loads():
    shape = Shape(5, 3, 7)
    values = {name: load(shape) for name, load in LOADS.items()}
    assert values == {"S": 5, "R": 3, "max(R, D)": 7, "S + R": 8, "S R": 15}


def test_a_model_that_lacks_one_fact_is_caught():
    cases = ((Architecture("attention-only", 48), Shape(6, 3, 2)),)
    fine = check_every_fact(seed=0, cases=cases, trials=2)
    assert (fine.verdict, fine.measured, len(fine.table)) == (Verdict.HOLDS, 1.0, 2)
    damaged = check_every_fact(seed=0, cases=cases, trials=2, damaged=True)
    assert damaged.verdict is Verdict.VIOLATED
    assert damaged.measured == 1 - 1 / 18


def test_growth_is_a_slope_in_the_load_that_is_named():
    given = {
        "seed": 0, "architecture": Architecture("attention-only", 8), "vary": "d", "trials": 3,
        "shapes": (Shape(8, 3, 3), Shape(8, 6, 6), Shape(8, 12, 12)),
    }  # fmt: skip
    found = check_growth(**given, against="max(R, D)", tolerance=0.6)
    assert [row["load"] for row in found.table] == [3, 6, 12]
    assert found.verdict is Verdict.HOLDS
    wrong = check_growth(**given, against="max(R, D)", tolerance=0.05, predicted=3.0)
    assert wrong.verdict is Verdict.VIOLATED
