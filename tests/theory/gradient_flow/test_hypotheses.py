"""Hypotheses of the theorems on gradient flow: what holds, and what is named where it does not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from assoc.facts.recall_task import RecallTask, even_task, grid_task
from theory.applicability import conditions
from theory.claims import Problem
from theory.gradient_flow.hypotheses import (
    EVEN,
    INITIAL,
    MANY_SUBJECTS,
    ORTHONORMAL,
    ordered_condition,
)
from theory.registry import find

GRID = grid_task(6, 2, 3)


def only(hypothesis, problem):
    (condition,) = hypothesis.check(problem)
    return condition


def test_without_facts_there_is_nothing_to_check():
    assert EVEN.check(Problem()) == MANY_SUBJECTS.check(Problem()) == ()


def test_the_start_and_coordinates_are_taken_for_granted():
    assert INITIAL.check(Problem(task=GRID)) == ORTHONORMAL.check(Problem(task=GRID)) == ()
    assert "sqrt(A + 1)" in INITIAL.text


def test_orthonormal_vectors():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))[0]
    assert only(ORTHONORMAL, Problem(vectors=Q)).holds
    assert only(ORTHONORMAL, Problem(vectors=Q[:5].astype(np.float32))).holds


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.eye(4)[:, :3], "4 vectors in R^3 cannot be"),
        (2 * np.eye(3), "largest difference of a product from 0 or 1: 3"),
        (np.array([[1.0, 0], [0.5, np.sqrt(0.75)]]), "largest difference of a product from 0 or"),
        (np.eye(3) * (1 + 1e-6), "largest difference of a product from 0 or 1: 2e-06"),
    ],
)
def test_vectors_that_are_not_orthonormal_say_how_far(vectors, said):
    found = only(ORTHONORMAL, Problem(vectors=vectors))
    assert not found.holds
    assert found.value.startswith(said)
    assert found.remedy.startswith("orthonormalise")


def test_answers_spread_evenly():
    for task in (GRID, even_task(6, 2, 3, rng=np.random.default_rng(0))):
        found = only(EVEN, Problem(task=task))
        assert found.holds
        assert not found.remedy
        assert found.value == "an answer has 2 to 2 subjects, a relation 3 to 3 answers"


def test_answers_of_unequal_number_are_named():
    facts = GRID.facts.copy()
    facts[0, 2] = 1
    found = only(EVEN, Problem(task=replace(GRID, facts=facts)))
    assert not found.holds
    assert found.value == "an answer has 1 to 3 subjects, a relation 3 to 3 answers"
    assert found.remedy
    # Each answer has one subject, but one relation has fewer answers.
    facts = np.array([[0, 0, 0], [1, 0, 1], [2, 1, 2]])
    found = only(EVEN, Problem(task=RecallTask(3, 2, 3, facts, 0)))
    assert not found.holds
    assert found.value == "an answer has 1 to 1 subjects, a relation 1 to 2 answers"


def test_numbers_may_differ_between_relations_only_with_their_answers():
    """Two subjects for each answer of one relation, one for each of the other."""
    facts = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 1], [3, 0, 1], [0, 1, 2], [1, 1, 3]])
    found = only(EVEN, Problem(task=RecallTask(4, 2, 4, facts, 0)))
    assert found.value == "an answer has 1 to 2 subjects, a relation 2 to 2 answers"


@pytest.mark.parametrize(
    ("sizes", "paper", "sharp"),
    [((32, 2, 2), True, True), ((31, 2, 1), True, True), ((16, 4, 8), False, True),
     ((4, 8, 4), False, False), ((30, 2, 2), False, True), ((7, 7, 7), False, False)],
)  # fmt: skip
def test_many_subjects_by_the_paper_and_by_the_sharp_boundary(sizes, paper, sharp):
    task = grid_task(*sizes)
    S, R, D = sizes
    first, second = MANY_SUBJECTS.check(Problem(task=task))
    assert (first.holds, second.holds) == (paper, sharp)
    needed = 8 * R * math.sqrt(2 * D)
    assert first.value == f"S = {S}, {S / needed:.3g} times 8 R sqrt(2 D) = {needed:.4g}"
    assert bool(first.remedy) is not paper
    assert bool(second.remedy) is not sharp
    assert second == ordered_condition(*sizes)


def test_a_boundary_that_is_just_met_counts():
    # 8 R sqrt(2 D) = 32.
    assert MANY_SUBJECTS.check(Problem(task=grid_task(32, 2, 2)))[0].holds
    assert ordered_condition(16, 4, 8).value == "(S/R) sqrt((R-1)/(D-1)) = 2.619"
    assert ordered_condition(4, 2, 1).holds


def test_the_theorems_ask_for_what_is_checked_here():
    for name in ("global-convergence", "sequential-learning"):
        assert {ORTHONORMAL, INITIAL} <= set(find(name).hypotheses)
    assert {EVEN, MANY_SUBJECTS} <= set(find("sequential-learning").hypotheses)
    good = conditions("sequential-learning", d=64, task=grid_task(32, 2, 2))
    assert all(c.holds for case in good.cases for c in case.conditions)
    facts = grid_task(4, 8, 4).facts.copy()
    facts[:, 2] %= 4
    bad = conditions("sequential-learning", d=64, task=RecallTask(4, 8, 4, facts[1:]))
    failing = {c.name for case in bad.cases for c in case.conditions if not c.holds}
    assert failing == {
        "answer sets disjoint", "a fact for every subject and relation", "answers spread evenly",
        "S >= 8 R sqrt(2 D)", "relation learnt first (sharp)",
    }  # fmt: skip
