"""The model token by token: by hand, and against the package."""

import numpy as np
import pytest

from theory.claims import Verdict
from theory.judging import judge_symbols
from theory.knowledge.plain.model import (
    drawn_weights,
    losses,
    model_symbols,
    output,
    question_symbols,
    weights_seen,
)


def failed(rows):
    return {name for name, found, mine in rows if abs(found - mine) > 1e-5 * max(1, abs(mine))}


def test_attention_is_a_softmax_over_what_was_seen():
    weights = {"Q": np.log(np.array([[1.0, 2, 3], [1, 1, 1], [4, 1, 1]]))}
    assert weights_seen(weights, [1, 0]) == pytest.approx([2 / 3, 1 / 3])
    # The token that is seen twice counts twice.
    assert weights_seen(weights, [0, 1, 0]) == pytest.approx([1 / 4, 2 / 4, 1 / 4])
    assert weights_seen(weights, [0, 1, 0], once=True) == pytest.approx([1 / 6, 4 / 6, 1 / 6])
    assert weights_seen({}, [2, 1, 1]) == pytest.approx([1 / 3] * 3)


def test_logits_and_losses_are_those_by_hand():
    weights = {"W": np.array([[2.0, -2, 0], [1, 1, -4]]), "V": np.array([[1.0, 0, 0], [0, 3, 1]])}
    # Even attention: the hidden layer of (0, 1) is (0, 1), that of (0, 2) is (1, 0).
    assert output(weights, [0, 1]).tolist() == [0, 3, 1]
    assert output(weights, [0, 2]).tolist() == [1, 0, 0]
    one = losses(weights, [[0, 1, 1], [0, 2, 0]])
    total = np.log(np.exp([0.0, 3, 1]).sum()) - 3, np.log(np.exp([1.0, 0, 0]).sum()) - 1
    assert one[1] == pytest.approx(sum(total) / 2, rel=1e-14)


def test_drawn_weights_are_those_of_the_model():
    assert set(drawn_weights("attention", 4, seed=0)) == {"Q", "O"}
    assert drawn_weights("mlp", 4, seed=0)["W"].shape[1] == 4


def test_the_package_agrees():
    for rows in (model_symbols(seed=2), question_symbols(seed=2)):
        assert judge_symbols(rows, tolerance=1e-5, note="").verdict is Verdict.HOLDS


def test_mistakes_are_named():
    assert {"slope of Q in attention"} < failed(model_symbols(seed=2, fixed=True))
    assert "loss of mlp" in failed(model_symbols(seed=2, once=True))
    assert failed(question_symbols(seed=2, alike=True)) == {
        "superposed Q", "superposed W", "superposed O",
    }  # fmt: skip
    assert failed(question_symbols(seed=2, across=True)) <= {
        "cosines of an attribute", "cosines of two attributes",
    }  # fmt: skip
