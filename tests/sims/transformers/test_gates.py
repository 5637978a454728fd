"""The fewest gates behind attention: both ends of a bracket are measured."""

import json

import numpy as np
import pytest

from assoc import InputError
from assoc.memories.decoding import margins
from assoc.memories.sign_gates import sign_gated
from assoc.transformers.attention_mlp import copied_sums
from sims.engine.randomness import MEMORY
from sims.transformers.architecture import Shape, table_source
from sims.transformers.gates import fewest_gates

SMALL = Shape(6, 4, 3, noise=5)
ASKED = {"d": 24, "omega": 3.0, "seed": 4, "resolution": 0.0}


def test_a_bracket_is_measured_at_both_ends():
    point = fewest_gates(SMALL, trials=4, **ASKED)
    source = table_source(SMALL, 4, "gates")
    for trial, (low, high) in enumerate(zip(point.low, point.high, strict=True)):
        assert high - low == 1
        task, Phi = SMALL.draw(24, source, trial)
        X = copied_sums(task, Phi)
        for gates, whole in ((low, False), (int(high), True)):
            rng = source.generator(trial, MEMORY)
            memory = sign_gated(gates, "square", 3.0)(X, Phi, task.labels, rng=rng)
            assert (margins(memory, X, Phi, task.labels) > 0).all() == whole
    assert point.interval()[0] <= point.gates <= point.interval()[1]
    row = json.loads(json.dumps(point.row()))
    assert (row["facts"], row["trials"], row["censored"]) == (24, 4, 0)
    assert row["gates"] == np.median(point.high)


def test_a_search_that_ends_at_its_limit_is_censored():
    row = fewest_gates(SMALL, trials=2, limit=2, **ASKED).row()
    assert (row["censored"], row["gates"], row["high"]) == (2, None, [None, None])


def test_a_search_does_not_depend_on_the_threads():
    one, two = (fewest_gates(SMALL, trials=3, threads=k, **ASKED) for k in (1, 2))
    assert one == two


@pytest.mark.parametrize(
    "wrong", [{"resolution": 1}, {"trials": 0}, {"d": 0}, {"limit": 0}, {"omega": -1.0}]
)
def test_wrong_input_is_refused(wrong):
    with pytest.raises(InputError):
        fewest_gates(SMALL, **{**ASKED, **wrong})
