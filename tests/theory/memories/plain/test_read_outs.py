"""The second computations of the loss and of the cost of a fact, where these are known."""

import mpmath as mp
import numpy as np
import pytest

from theory.memories.optimal import optimal_capacity
from theory.memories.plain import read_outs as independent
from theory.memories.plain.read_outs import MISTAKES, PARTS, capacity_rows, read_out_rows


def off(rows):
    """Largest relative difference of each symbol."""
    worst = {}
    for symbol, measured, expected in rows:
        difference = abs(measured - expected) / (abs(expected) or 1.0)
        worst[symbol] = max(worst.get(symbol, 0.0), difference)
    return worst


@pytest.mark.parametrize("part", PARTS)
def test_the_package_agrees(part):
    worst = off(read_out_rows(parts=(part,)))
    assert worst
    assert max(worst.values()) < 1e-7


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_seen(mistake):
    parts = [part for part in PARTS if part != "blocks"]
    assert max(off(read_out_rows(parts=parts, mistake=mistake)).values()) > 1e-3


def test_the_plain_loss_of_two_answers_is_a_softplus():
    """One input, answers 1 and -1, scores t and -t: log(1 + exp(-2 t))."""
    one = np.ones((1, 1))
    loss = independent._plain_loss(
        one, np.array([[1.0], [-1.0]]), np.array([0]), None, [[mp.mpf(3)]]
    )
    assert float(loss) == pytest.approx(np.log1p(np.exp(-6)), rel=1e-14)


def test_the_plain_cost_tends_to_twice_the_logarithm():
    ratios = [independent._plain_cost(log_M) / (2 * log_M) for log_M in (5.0, 50.0, 500.0)]
    assert ratios[0] < ratios[1] < ratios[2] < 1
    assert ratios[2] > 0.98


def test_the_capacity_costs_its_entries_and_not_more():
    assert max(off(capacity_rows()).values()) < 0.02
    assert off(capacity_rows(over=1.05))["N delta(N, d) at capacity"] > 0.05
    N, _ = optimal_capacity(6, trials=independent.TRIALS)
    assert 10 < N < 36
