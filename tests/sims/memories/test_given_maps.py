"""Recall of given facts: trials are nested, and agree with the recall of drawn ones."""

import numpy as np
import pytest

from sims.engine.randomness import Source
from sims.memories.given_maps import shares_lost
from sims.memories.recall import measure
from tests.helpers.oracles import margins_by_hand


def test_trials_are_the_same_however_they_are_asked_for():
    f, source = np.array([0, 0, 1, 2, 2, 2]), Source(1, "given", ())
    whole = shares_lost("linear", f, d=6, first=0, trials=8, source=source)
    parts = [shares_lost("linear", f, d=6, first=k, trials=4, source=source) for k in (0, 4)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert 0 < whole.mean() < 1


def test_a_share_is_that_of_margins_by_hand():
    f, source, seen = np.array([0, 0, 1, 2, 2, 2]), Source(2, "given", ()), []

    def build(E, U, f, *, rng):
        seen.append((E, U))
        W = U[f].T @ E

        def memory(inputs):
            return inputs @ W.T

        memory.parameters = W.size
        return memory

    (lost,) = shares_lost(build, f, d=6, first=0, trials=1, source=source)
    ((E, U),) = seen
    assert lost == np.mean(margins_by_hand(U[f].T @ E, E, U, f) <= 0)


def test_the_identity_is_recalled_as_often_as_is_measured():
    lost = shares_lost("linear", np.arange(80), d=24, first=0, trials=60, source=Source(3, "x", ()))
    (point,) = measure("linear", d=24, N=80, trials=60).points
    error = point.standard_error * np.sqrt(2)
    assert 1 - lost.mean() == pytest.approx(point.recall, abs=4 * error)
