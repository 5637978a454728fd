"""Plain loops against what defines them: derivatives of the loss, softmax, numbers of tables."""

import math

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from assoc.facts.recall_task import RecallTask
from theory.rounding.plain_loops import averaged, kernel_symbols, moved, tables


def test_the_velocity_is_minus_the_derivative_of_the_loss(rng):
    facts = np.array([(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 3), (2, 1, 1)])
    task, p = RecallTask(3, 2, 4, facts, 0), rng.dirichlet(np.ones(5))
    V, w = rng.standard_normal((5, 4)), rng.standard_normal(5)

    def loss(V, w):
        M = w[:, None] * V
        logits = log_softmax(M[facts[:, 0]] + M[3 + facts[:, 1]], axis=1)
        return -(p * logits[np.arange(5), facts[:, 2]]).sum()

    found_V, found_w = moved(task, p, V, w)
    h = 1e-5
    for z in range(5):
        step = h * (np.arange(5) == z)
        slope = (loss(V, w + step) - loss(V, w - step)) / (2 * h)
        assert found_w[z] == pytest.approx(-slope, abs=1e-9)
        for a in range(4):
            change = np.zeros((5, 4))
            change[z, a] = h
            slope = (loss(V + change, w) - loss(V - change, w)) / (2 * h)
            assert found_V[z, a] == pytest.approx(-slope, abs=1e-9)


def test_averages_weigh_by_the_softmax(rng):
    logits, values = rng.standard_normal((2, 6)), rng.standard_normal((2, 6, 3))
    tokens = rng.integers(0, 6, (4, 5))
    weights = softmax(logits[:, tokens], axis=2)
    expected = np.einsum("hbt,hbtk->bhk", weights, values[:, tokens])
    np.testing.assert_allclose(averaged(logits, values, tokens), expected, rtol=1e-12)


def test_tables_of_one_relation_are_all_maps():
    found = tables(3, 1, 4)
    assert found[:, 3].tolist() == [v**3 for v in range(5)]
    assert found[:, 1].tolist() == list(range(5))
    # One subject: all answers differ.
    assert tables(1, 3, 4)[4, 1] == math.perm(4, 3)


def test_kernels_agree_and_damage_is_seen(rng):
    assert all(a == pytest.approx(b, rel=1e-9, abs=1e-9) for _, a, b in kernel_symbols(rng))
    for changes in ({"length": 5}, {"right_among_wrong": True}):
        rows = kernel_symbols(np.random.default_rng(0), **changes)
        seen = {symbol for symbol, a, b in rows if abs(a - b) > 1e-6}
        assert seen
        assert all(symbol.startswith("velocity") for symbol in seen)
