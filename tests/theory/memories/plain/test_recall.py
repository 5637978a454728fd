"""The law of recall written a second time: sound by itself, and every mistake in it shows."""

import numpy as np
import pytest

from theory.memories.interference import Classes, Interference
from theory.memories.plain import recall as plain_recall
from theory.memories.plain.recall import Mistakes, node_symbols, plain_failure, recall_symbols

ONE = np.ones(1)
LAW = Interference(16, ONE, ONE / 256, ONE / 16, ONE)


def largest(rows):
    return max(abs(got - want) / (abs(want) or 1) for _, got, want in rows)


def test_two_equally_good_answers_are_a_coin_toss():
    """Without noise a class of the same size as the signal's pair spread decides by sign alone."""
    law = Interference(16, ONE, 0 * ONE, 1e12 * ONE, ONE)
    classes = Classes(ONE, ONE, ONE, ONE)
    assert plain_failure(law, classes)[0] == pytest.approx(0.5, abs=1e-3)


def test_nothing_is_lost_where_nothing_competes():
    assert plain_failure(LAW, Classes(ONE, ONE, np.array([5.0]), np.zeros(1)))[0] < 1e-9


def test_more_nodes_change_nothing(monkeypatch):
    value = plain_failure(LAW, Classes.injective(12))[0]
    monkeypatch.setattr(plain_recall, "NODES", (10, 16, 96, 20))
    assert plain_failure(LAW, Classes.injective(12))[0] == pytest.approx(value, rel=1e-4)


def test_the_package_agrees():
    assert largest(node_symbols()) < 1e-8
    assert largest(recall_symbols()) < 1e-3


@pytest.mark.parametrize(
    "mistakes",
    [Mistakes(directions=1), Mistakes(normal=True), Mistakes(alone=True), Mistakes(energy=1.1)],
)
def test_every_mistake_shows(mistakes):
    assert largest(recall_symbols(mistakes)) > 2e-3
