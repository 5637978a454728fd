"""Rates and steps from their definitions: by hand, by differences, and against the package."""

import math

import numpy as np
import pytest

from sims.knowledge.training import Descent
from theory.claims import Verdict
from theory.judging import judge_symbols
from theory.knowledge.plain.model import drawn_weights, losses
from theory.knowledge.plain.sentences import uneven, written
from theory.knowledge.plain.training import (
    descended,
    rate_at,
    rate_symbols,
    slopes,
    step_symbols,
)


def test_rates_are_those_by_hand():
    rule = Descent(steps=10, learning_rate=2.0, warm_up=0.2)
    found = [rate_at(rule, step) for step in range(10)]
    assert found[:3] == pytest.approx([1.0, 2.0, 2.0])
    assert found[6] == pytest.approx(1.0)
    assert found[9] == pytest.approx(1 + math.cos(math.pi * 7 / 8))
    assert rate_at(rule, 6, mistake="whole period") == pytest.approx(0.0)


@pytest.mark.parametrize("model", ["attention-mlp", "mlp", "attention"])
def test_slopes_are_differences_of_the_loss(model):
    given = uneven(2, seed=1)
    told = [one for _, one in written(given)]
    single = drawn_weights(model, given.vocabulary, seed=4)
    weights = {name: part.astype(float) for name, part in single.items()}
    for name, slope in slopes(weights, told).items():
        way = np.random.default_rng(0).standard_normal(slope.shape)
        up, down = (
            losses({**weights, name: weights[name] + step * way}, told).sum()
            for step in (1e-5, -1e-5)
        )
        assert float((slope * way).sum()) == pytest.approx((up - down) / 2e-5, rel=1e-6)


def test_two_steps_are_those_by_hand():
    told = [[0, 1, 2], [0, 1, 1]]
    start = {"O": np.zeros((3, 3)), "Q": np.zeros((3, 3))}
    rule = Descent(steps=2, learning_rate=0.5, schedule="constant", momentum=0.5, decay=0.1)
    first = slopes(start, told)["O"]
    path = descended(start, told, rule, parts=("O",))
    assert path[1]["O"] == pytest.approx(-0.5 * first)
    second = 0.5 * first + slopes(path[1], told)["O"] + 0.1 * path[1]["O"]
    assert path[2]["O"] == pytest.approx(path[1]["O"] - 0.5 * second)
    assert not path[2]["Q"].any()


def test_the_package_agrees():
    assert judge_symbols(rate_symbols(), tolerance=1e-12, note="").verdict is Verdict.HOLDS
    assert judge_symbols(step_symbols(seed=1), tolerance=1e-5, note="").verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    "changes", [{"decays": 1.01}, {"mistake": "decay to the end"}, {"mistake": "slow"}]
)
def test_mistakes_are_found(changes):
    found = judge_symbols(step_symbols(seed=1, **changes), tolerance=1e-5, note="")
    assert found.verdict is Verdict.VIOLATED
    assert "loss along the way, full rank" in found.note
