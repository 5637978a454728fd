"""The dual of the cone program, and the bound's constant and equation, by other means."""

import math

import pytest

from assoc.facts.recall_task import grid_task
from assoc.gradient_flow.linear_attention import LinearAttention
from theory.claims import Verdict
from theory.gradient_flow.plain.margin import (
    active_symbols,
    bound_symbols,
    dual_program,
    program_symbols,
)
from theory.judging import judge_symbols


@pytest.mark.parametrize(("S", "R", "D"), [(2, 2, 2), (4, 3, 2), (3, 2, 3)])
def test_the_dual_has_the_closed_form_of_balanced_facts(S, R, D):
    inverse, _ = dual_program(LinearAttention(grid_task(S, R, D)))
    closed = 2 * (S * math.sqrt(R * (1 - 1 / D)) + R * math.sqrt(D * (1 - 1 / R)))
    assert inverse == pytest.approx(closed, rel=1e-7)


def test_two_facts_of_one_relation_by_hand():
    """Each pulls at its subject, mu sqrt 2 = 2, and both together not at the relation."""
    inverse, log_k = dual_program(LinearAttention(grid_task(2, 1, 2)))
    assert inverse == pytest.approx(2 * math.sqrt(2), rel=1e-7)
    assert log_k == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "tolerance"),
    [(program_symbols, 1e-6), (active_symbols, 1e-4), (bound_symbols, 1e-9)],
)
def test_the_package_agrees(rows, tolerance):
    found = judge_symbols(rows(), tolerance=tolerance, note="")
    assert found.verdict is Verdict.HOLDS, found.note


@pytest.mark.parametrize(
    ("rows", "mistake", "named"),
    [
        (program_symbols, {"copies": False}, "three with two noise tokens"),
        (program_symbols, {"degree": 1}, "late rate"),
        (active_symbols, {"even": True}, "k, S, R, D"),
        (bound_symbols, {"relations": False}, "smallest margin of M*"),
        (bound_symbols, {"squared": False}, "c"),
        (bound_symbols, {"wrong": 1}, "bound"),
    ],
)
def test_mistakes_show(rows, mistake, named):
    found = judge_symbols(rows(**mistake), tolerance=1e-4, note="")
    assert found.verdict is Verdict.VIOLATED
    assert named in found.note
