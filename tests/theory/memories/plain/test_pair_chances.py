"""Exact chances of pairs: against frequencies, and below what is proved."""

import numpy as np
import pytest

from sims.memories.pairs import wrong_pairs
from theory.memories.guarantee import pairs_bound
from theory.memories.plain import pair_chances
from theory.memories.plain.pair_chances import pair_chance, pairs_lost

SIZES = [(20, 32, None, None), (24, 40, 60, None), (24, 48, None, 32)]


@pytest.mark.parametrize("M", [30, 60])
def test_pairs_lost_are_as_frequent_as_that(M):
    lost = wrong_pairs(d=24, N=30, outputs=M, trials=2000, seed=1, experiment="pairs")
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    assert lost.mean() == pytest.approx(pairs_lost(30, 24, M=M), abs=4 * error)


@pytest.mark.parametrize(("N", "d", "M", "rank"), SIZES)
def test_they_are_below_the_guarantee(N, d, M, rank):
    assert 0 < pairs_lost(N, d, M=M, rank=rank) < pairs_bound(N, d, M=M, rank=rank)


def test_a_chance_is_that_of_simulated_sums():
    rng = np.random.default_rng(0)
    d, n, draws = 12, 10, 100_000
    products = np.sqrt(rng.beta(0.5, (d - 1) / 2, (2, draws, n))).prod(axis=0)
    sums = (products * rng.choice([-1, 1], (draws, n))).sum(axis=1)
    for x in (0.1, 0.4):
        chance = float(pair_chance(np.array([x]), n, d)[0])
        error = np.sqrt(chance / draws)
        assert (sums > x).mean() == pytest.approx(chance, abs=5 * error)


def test_a_projector_of_full_rank_changes_nothing():
    assert pairs_lost(24, 32, rank=32) == pairs_lost(24, 32)


@pytest.fixture
def forget():
    """What is remembered is of other nodes before the test, or after it."""

    def forget_all():
        pairs_lost.cache_clear()
        pair_chances._grid.cache_clear()

    yield forget_all
    forget_all()


def test_twice_as_many_nodes_change_hardly_anything(monkeypatch, forget):
    value = pairs_lost(24, 40, rank=30)
    monkeypatch.setattr(pair_chances, "COORDINATES", 36)
    monkeypatch.setattr(pair_chances, "FACTORS", 12)
    forget()
    finer = pairs_lost(24, 40, rank=30)
    assert finer == pytest.approx(value, rel=1e-3)
    assert finer != value
