"""Exact chances of pairs: against frequencies, and each sum below the next step of the proof."""

import numpy as np
import pytest

from sims.memories.pairs import wrong_pairs
from theory.memories.guarantee import failure_bound
from theory.memories.plain import pair_chances
from theory.memories.plain.pair_chances import chernoff_sum, pairs_lost, tangent_sum

SIZES = [(20, 32, None, None), (24, 40, 60, None), (24, 48, None, 32)]


@pytest.mark.parametrize("M", [30, 60])
def test_pairs_lost_are_as_frequent_as_that(M):
    lost = wrong_pairs(d=24, N=30, outputs=M, trials=2000, seed=1, experiment="pairs")
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    assert lost.mean() == pytest.approx(pairs_lost(30, 24, M=M), abs=4 * error)


@pytest.mark.parametrize(("N", "d", "M", "rank"), SIZES)
def test_every_step_of_the_proof_loses_something(N, d, M, rank):
    sums = [of(N, d, M=M, rank=rank) for of in (pairs_lost, chernoff_sum, tangent_sum)]
    sums.append(failure_bound(N, d, M=M, rank=rank))
    assert sums[0] > 0
    assert (np.diff(sums) > 0).all()


def test_a_projector_of_full_rank_changes_nothing():
    assert chernoff_sum(24, 32, rank=32) == chernoff_sum(24, 32)


@pytest.mark.parametrize("of", [pairs_lost, chernoff_sum, tangent_sum])
def test_twice_as_many_nodes_change_nothing(of, monkeypatch):
    value = of(24, 40, rank=30)
    monkeypatch.setattr(pair_chances, "COORDINATES", 36)
    monkeypatch.setattr(pair_chances, "FACTORS", 12)
    monkeypatch.setattr(pair_chances, "TANGENTS", 2000)
    pair_chances._grid.cache_clear()
    assert of(24, 40, rank=30) == pytest.approx(value, rel=1e-3)
