"""Counted classes and predictions agree with the package; every planted mistake shows."""

import pytest

from theory.memories.plain.classes import class_symbols, prediction_symbols


def wrong(rows, tolerance):
    return {n for n, got, want in rows if abs(got - want) > tolerance * (abs(want) or 1)}


def test_the_package_agrees():
    assert not wrong(class_symbols(), 1e-9)
    assert not wrong(prediction_symbols(), 1e-3)


@pytest.mark.parametrize(
    ("symbols", "mistake", "symbol"),
    [
        (class_symbols, {"competitors": 1}, "balanced: competitors"),
        (class_symbols, {"exponent": 2.0}, "zipf sizes"),
        (prediction_symbols, {"share": 1.01}, "failure of a vocabulary"),
        (prediction_symbols, {"independent": True}, "overlap of a vocabulary"),
    ],
)
def test_every_mistake_shows(symbols, mistake, symbol):
    assert symbol in wrong(symbols(**mistake), 1e-3)
