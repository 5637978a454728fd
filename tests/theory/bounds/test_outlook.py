"""Verdicts of the bounds on bits: a model of fewer is wrong, but for the chance that is allowed."""

import math

import pytest

from assoc.facts.recall_task import grid_task
from theory.bounds.bits import map_bits
from theory.bounds.outlook import map_outlook, table_outlook
from theory.bounds.table_counts import count_tables
from theory.claims import Problem


@pytest.mark.parametrize("facts", [None, "permutation"])
def test_bits_of_maps(facts):
    outlook = map_outlook(Problem(N=20, outputs=30, d=8, facts=facts, delta=0.25))
    bits = map_bits(20, 30, facts or "random")
    assert outlook.event.startswith(f"a model of at most {bits - 2:.6g} bits")
    assert outlook.guaranteed == 0.75
    assert outlook.note.endswith(f": {bits / 64:.3g} for each entry of a d x d W")
    assert map_outlook(Problem(d=8)) is None


def test_bits_of_tables():
    task = grid_task(6, 2, 2)
    outlook = table_outlook(Problem(task=task, delta=0.5))
    bits = math.log2(count_tables(6, 2, 2, task.vocabulary))
    assert outlook.event.startswith(f"a model of at most {bits - 1:.6g} bits")
    assert table_outlook(Problem(N=3)) is None
