"""Pairs that go wrong, against whole recall and against a count by hand."""

import numpy as np
import pytest

from assoc.errors import InputError
from sims.engine.randomness import INPUTS, OUTPUTS
from sims.memories.pairs import BATCH, wrong_pairs
from sims.memories.recall import measure
from sims.memories.settings import RandomVectors, source_of


def test_a_trial_without_a_wrong_pair_is_one_that_is_recalled_whole():
    given = {"d": 12, "N": 9, "trials": 2 * BATCH + 7, "seed": 4, "experiment": "test"}
    pairs = wrong_pairs(**given)
    counts = np.array(measure("linear", **given).points[0].counts)
    np.testing.assert_array_equal(pairs == 0, counts == 9)
    assert np.all(pairs >= 9 - counts)
    assert 0 < np.mean(pairs == 0) < 1


@pytest.mark.parametrize("M", [6, 9])
def test_the_count_is_that_of_a_loop(M):
    found = wrong_pairs(d=5, N=6, outputs=M, trials=4, seed=2, experiment="test")
    source = source_of(RandomVectors(5), 2, "test")
    for trial, count in enumerate(found):
        E = source.spheres(6, 5, trials=[trial], stream=INPUTS)[0].astype(float)
        U = source.spheres(M, 5, trials=[trial], stream=OUTPUTS)[0].astype(float)
        W = sum(np.outer(U[x], E[x]) for x in range(6))
        wrong = sum(
            U[y] @ W @ E[x] >= U[x] @ W @ E[x] for x in range(6) for y in range(M) if y != x
        )
        assert count == wrong
    assert found.sum() > 0


def test_fewer_outputs_than_facts_are_refused():
    with pytest.raises(InputError, match="M = 3 outputs for N = 4 facts"):
        wrong_pairs(d=5, N=4, outputs=3, trials=1)
