"""Constants and matrices agree with those computed a second time, and damage is seen."""

import numpy as np
import pytest

from theory.rounding.stored_exactly import constant_symbols, memory_symbols


def wrong(rows):
    return {
        symbol
        for symbol, found, exact in rows
        if not abs(found - exact) <= 1e-9 * (abs(exact) or 1)
    }


def test_constants_are_exact():
    rows = constant_symbols()
    assert not wrong(rows)
    assert {symbol for symbol, *_ in rows} == {
        "gamma_n", "doubt of a score", "what underflows", "bytes of a stored number", "norm",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "symbol"),
    [
        ({"unit": -52}, "gamma_n"),
        ({"roundings": 4}, "doubt of a score"),
        ({"plain_norms": True}, "norm"),
    ],
)
def test_a_wrong_constant_is_seen_and_nothing_else(changes, symbol):
    assert wrong(constant_symbols(**changes)) == {symbol}


@pytest.mark.parametrize("seed", range(5))
def test_memories_of_integers_are_rational(seed):
    rows = memory_symbols(np.random.default_rng(seed))
    off = [abs(found - exact) / max(abs(exact), 1) for _, found, exact in rows]
    assert max(off) < 1e-11


def test_a_fact_left_out_is_seen_in_every_form(rng):
    names = {"W of linear", "W of dual-inputs", "W of dual-outputs", "W of dual-both"}
    rows = memory_symbols(rng, forgotten=1)
    assert wrong(rows) == names
