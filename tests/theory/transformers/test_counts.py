"""Counts of tables that the guarantees rest on."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.recall_task import RecallTask, grid_task
from theory.transformers.counts import counts_of, full_table


@pytest.mark.parametrize(("S", "R", "D"), [(8, 3, 4), (4, 5, 8), (5, 1, 2)])
def test_a_full_table_is_counted_alike(S, R, D):
    task, counts = grid_task(S, R, D), full_table(S, R, D, noise=64)
    found = counts_of(task)
    assert (found.others, found.valued, found.cues) == (counts.others, counts.valued, counts.cues)
    assert found.facts == len(task) == S * R
    assert found.vocabulary == task.vocabulary


def test_others_are_what_plain_sums_say_beside_the_answer():
    facts = np.array([[0, 0, 0], [0, 1, 2], [1, 0, 1], [2, 0, 1]])
    counts = counts_of(RecallTask(3, 2, 4, facts, noise=5))
    # Subject 0 has two answers, relation 0 has two and relation 1 has one.
    assert counts.others == ((2, 1), (1, 3))
    assert counts.valued == 4 + 3
    assert counts.dimensions_for_keys == 3 + 2 + 5


def test_bad_input_is_named():
    shared = grid_task(4, 2, 2)
    facts = shared.facts.copy()
    facts[:, 2] %= 2
    with pytest.raises(InputError, match="relations share answers"):
        counts_of(replace(shared, facts=facts))
    with pytest.raises(InputError, match="K = -1"):
        full_table(2, 2, 2, noise=-1)
    with pytest.raises(InputError, match="D"):
        full_table(2, 2, 0, noise=1)
