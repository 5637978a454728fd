"""Searches whose answer is known."""

import numpy as np
import pytest

from assoc import margins
from theory.claims import Verdict
from theory.measurement.searches import CAPACITIES, SEARCHES, Deciding, Known

PARTS = {**SEARCHES, **CAPACITIES}


@pytest.mark.parametrize("recalls", [1, 3, 9])
def test_a_known_memory_recalls_the_first_facts(recalls):
    rng = np.random.default_rng(0)
    E, U = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    U /= np.linalg.norm(U, axis=1)[:, None]
    E /= np.linalg.norm(E, axis=1)[:, None]
    memory = Known(recalls)(E, U, np.arange(6), rng=rng)
    right = margins(memory, E, U, np.arange(6)) > 0
    assert right.tolist() == [x < recalls for x in range(6)]


def test_numbers_that_differ_from_trial_to_trial_stay_within_their_spread():
    found = {Known(10, spread=2).of(np.random.default_rng(seed)) for seed in range(100)}
    assert found == {8, 9, 10, 11, 12}


def test_a_build_that_decides_refutes_from_its_number_on():
    E = np.eye(5)
    for refutes, proved in ((5, True), (6, False)):
        found = Deciding(3, refutes).decide(E, E, np.arange(5), rng=np.random.default_rng(0))
        assert (found.refuted is not None) is proved
        assert not found.memory(E).any()


@pytest.mark.parametrize("part", PARTS)
def test_searches_find_what_is_known_and_nothing_beside_it(part):
    given = {"seed": 0, "censored": True, "dip": False}
    assert PARTS[part](off=0, **given).verdict is Verdict.HOLDS
    assert PARTS[part](off=1, **given).verdict is Verdict.VIOLATED
