"""Checks of transformers whose network is gates of 1 and -1."""

import math

import pytest

from sims.transformers.architecture import Architecture, Shape, table_source
from theory.claims import Verdict
from theory.transformers.gated_network_checks import _close, _Tables


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [(600.0, Verdict.HOLDS), (400.0, Verdict.VIOLATED), (math.inf, Verdict.VIOLATED)],
)
def test_a_width_is_close_to_what_is_found_only_if_something_is_found(measured, verdict):
    assert _close(1000, measured, 2.0, 6).verdict is verdict


def test_a_rival_that_answers_everything_without_a_certificate_loses_nothing():
    """With keys a fifth as large, certificates fail before answers do."""
    shape = Shape(4, 4, 2)
    asked = _Tables(shape, 32, table_source(shape, 0, "gated network"))
    ours = Architecture("attention-mlp-sign", 32, width=600)
    answered = asked.whole(ours, 3, certified=False, keys=0.2)
    assert all(answered)
    assert not any(asked.whole(ours, 3, keys=0.2))
