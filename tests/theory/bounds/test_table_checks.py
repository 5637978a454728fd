"""Checks of counts and bounds: what they compare, and small mistakes in what they are given."""

import pytest

from theory.bounds import table_checks
from theory.bounds.table_checks import check_each_bound, check_table_symbols
from theory.claims import Verdict


@pytest.mark.parametrize("arm", ["choices", "entropy", "saddle", "single", "series", "bracket"])
@pytest.mark.parametrize("by", [0.999999, 3.0])
def test_a_bound_that_is_too_small_or_too_large_fails_alone(arm, by):
    # Below by a millionth is unsound, if the exact number is among the cases; thrice is not tight.
    found = check_each_bound(seed=0, scaled=arm, by=by)
    violated = {name for name, verdict in found.arms.items() if verdict is Verdict.VIOLATED}
    assert violated == {arm}


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("count_tables", "tables counted"),
        ("uneven_bits", "uneven relations"),
        ("paper_bits", "paper's form"),
    ],
)
def test_a_symbol_that_is_off_by_a_billionth_is_named(monkeypatch, name, symbol):
    right = getattr(table_checks, name)
    monkeypatch.setattr(table_checks, name, lambda *sizes: right(*sizes) * (1 + 1e-9))
    if name == "count_tables":
        monkeypatch.setattr(table_checks, name, lambda *sizes: right(*sizes) + 10**6)
    found = check_table_symbols(seed=0, tolerance=1e-11)
    assert (found.verdict, found.note) == (Verdict.VIOLATED, f"wrong: {symbol}")


def test_bits_of_the_bracket_are_among_the_symbols():
    found = check_table_symbols(seed=0, tolerance=1e-11)
    assert found.verdict is Verdict.HOLDS
    assert {"lower end", "upper end", "saddle", "size of agreement"} <= {
        row["symbol"] for row in found.table
    }
