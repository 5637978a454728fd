"""The law of sign-gated memories beside simulation, and where it is exact."""

import numpy as np
import pytest

from assoc.memories.sign_gates import GATES
from sims.memories.construction import Construction
from sims.memories.recall import measure
from sims.memories.width import smallest_width
from theory.memories.classes import classes_of
from theory.memories.predict import predict
from theory.memories.recall import expected_failure, expected_recall, predictable
from theory.memories.sign_law import failure_probability
from theory.memories.width import width_of


@pytest.mark.parametrize("gates", GATES)
def test_the_share_that_fails_is_the_predicted_one(gates):
    network = Construction("sign-gated", width=120, gates=gates)
    predicted = expected_failure(network, d=48, N=256)
    found = measure("sign-gated", d=48, N=256, width=120, gates=gates, trials=40).points[0]
    assert 0.01 < predicted < 0.2
    assert abs(1 - found.recall - predicted) < 0.12 * predicted + 4 * found.standard_error


def test_classes_share_their_gates():
    network = Construction("sign-gated", width=160, gates="square")
    options = {"facts": "balanced", "M": 64}
    predicted = expected_failure(network, d=32, N=256, **options)
    found = measure(
        "sign-gated", d=32, N=256, width=160, gates="square", facts="balanced", outputs=64,
        trials=40,
    ).points[0]  # fmt: skip
    assert abs(1 - found.recall - predicted) < 0.3 * predicted + 4 * found.standard_error


def test_two_hidden_neurons_are_one_gate():
    one, two = (
        expected_failure(Construction(name, width=width), d=32, N=200)
        for name, width in (("sign-gated", 100), ("sign-mlp", 200))
    )
    assert one == two
    widths = [width_of(Construction(n), d=32, N=200) for n in ("sign-gated", "sign-mlp")]
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.02)


def test_a_single_fact_is_recalled_and_the_edges():
    assert failure_probability("sign", None, 1, 8, classes_of("identity", N=1, M=None)) == 0
    few, many = (
        failure_probability("square", 4.0, m, 32, classes_of("identity", N=200, M=None))[0]
        for m in (40, 4000)
    )
    assert many < 1e-3 < few
    assert predictable(Construction("sign-mlp", width=8), "zipf")


@pytest.mark.parametrize("m", [1, 4, 8, 9])
def test_a_handful_of_gates_recalls_little(m):
    """So few that the largest of them are all there are."""
    recall = expected_recall(Construction("sign-gated", width=m), d=16, N=24)
    assert 1 / 24 < recall < 0.5


def test_predictions_carry_their_gates():
    found = predict("sign-mlp", d=32, N=200, gates="sign", width=400).points[0]
    assert found["parameters"] == 400 * 64
    assert predict("sign-mlp", d=32, N=200, width=400).points[0]["parameters"] == 400 * 65
    assert np.isfinite(predict("sign-gated", d=32, N=100).points[0]["width_all"])


def test_few_facts_need_few_gates():
    predicted = width_of(Construction("sign-gated", gates="square", omega=5.0), d=64, N=16)
    found = smallest_width("sign-gated", d=64, N=16, gates="square", omega=5.0, trials=40).points[0]
    low, high = found.interval()
    assert low / 1.1 < predicted < high * 1.1
