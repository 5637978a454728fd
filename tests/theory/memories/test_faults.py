"""Planted faults do what they say."""

import numpy as np
import pytest

from assoc import margins
from assoc.memories.linear import hebbian
from assoc.memories.low_rank import projected, truncated
from assoc.memories.optimal import optimal_linear
from theory.memories.faults import boastful, confined, forgetful, mute

RNG = np.random.default_rng(0)
E = np.eye(40)
F = np.arange(40)


@pytest.mark.parametrize(
    ("fraction", "lost"), [(0.0, 1), (0.001, 1), (0.05, 2), (0.5, 20), (0.98, 39)]
)
def test_the_last_facts_are_left_out(fraction, lost):
    build = forgetful(hebbian, fraction=fraction)
    margin = margins(build(E, E, F, rng=RNG), E, E, F)
    assert (margin <= 0).nonzero()[0].tolist() == list(range(40 - lost, 40))


def test_the_rank_no_longer_grows():
    build = confined(projected, rank=8)
    for d, m in ((4, 4), (8, 8), (40, 8)):
        memory = build(np.eye(d), np.eye(d), np.arange(d), rng=RNG)
        assert np.linalg.matrix_rank(memory.W) == m


def test_their_names_say_what_was_done():
    assert forgetful(hebbian).__name__ == "forgetful memory"
    assert forgetful(truncated(3)).__name__ == "forgetful memory"

    def mine(E, U, f, *, rng):
        return hebbian(E, U, f, rng=rng)

    assert forgetful(mine).__name__ == "forgetful mine"
    assert confined(projected, rank=8).__name__ == "rank confined to 8"


def test_a_part_of_a_decision_is_lost():
    E = U = np.eye(4)
    f = np.arange(4)
    whole = optimal_linear.decide(E, U, f, rng=RNG)
    silent = mute(optimal_linear, recalls=False).decide(E, U, f, rng=RNG)
    assert (margins(whole.memory, E, U, f) > 0).all()
    assert not silent.memory(E).any()
    twins = np.ones((2, 1))
    for proves in (True, False):
        found = mute(optimal_linear, proves=proves).decide(twins, np.eye(2), F[:2], rng=RNG)
        assert (found.refuted is not None) is proves


def test_a_boast_is_made_of_what_is_recalled_too():
    E, f = np.eye(3), np.arange(3)
    found = boastful(optimal_linear).decide(E, E, f, rng=RNG)
    assert found.refuted.proved
    assert (margins(found.memory, E, E, f) > 0).all()
