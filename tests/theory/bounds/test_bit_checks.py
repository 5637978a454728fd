"""Checks of bits: that a small mistake on the package's side is named."""

import numpy as np
import pytest

from theory.bounds import bit_checks
from theory.bounds.bit_checks import check_bit_symbols, check_least_errors, check_weights
from theory.claims import Verdict

WEIGHTS = {"seed": 0, "bits": (1, 2, 4), "tolerance": 1e-10}


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("log_rising", "rising factorials"),
        ("map_bits", "random maps"),
        ("corollary_form", "corollary"),
    ],
)
def test_a_wrong_symbol_is_named(monkeypatch, name, symbol):
    right = getattr(bit_checks, name)
    monkeypatch.setattr(bit_checks, name, lambda *sizes: right(*sizes) * (1 + 1e-12))
    found = check_bit_symbols(seed=0, tolerance=1e-13)
    assert found.verdict is Verdict.VIOLATED
    assert symbol in found.note


@pytest.mark.parametrize(
    "name", ["least_error_rate", "least_cross_entropy", "information_of_error"]
)
def test_a_wrong_loss_is_noticed(monkeypatch, name):
    right = getattr(bit_checks, name)
    monkeypatch.setattr(bit_checks, name, lambda *sizes: right(*sizes) * (1 + 1e-6))
    assert check_least_errors(seed=0, tolerance=1e-7).verdict is Verdict.VIOLATED


def test_a_wrong_level_and_a_wrong_step_are_noticed_apart(monkeypatch):
    quantise, best = bit_checks.quantise, bit_checks.gaussian_quantiser
    assert check_weights(**WEIGHTS).verdict is Verdict.HOLDS
    with monkeypatch.context() as patched:
        patched.setattr(bit_checks, "gaussian_quantiser", lambda b: (best(b)[0], best(b)[1] * 0.99))
        assert check_weights(**WEIGHTS).note.startswith("codes: wrong: kappa")
    monkeypatch.setattr(
        bit_checks,
        "quantise",
        lambda W, bits, **options: (quantise(W, bits, **options)[0] ^ np.uint16(1), 1.0),
    )
    found = check_weights(**WEIGHTS)
    assert set(found.arms.values()) == {Verdict.VIOLATED}
