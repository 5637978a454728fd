"""Margins behind attention err as planned, and what certifies them allows for it."""

import numpy as np
import pytest

from theory.rounding.attention import attention_rows

U = 2.0**-53


@pytest.mark.parametrize("n", [32, 128])
def test_errors_are_those_of_the_sums_that_round(n):
    rows = {row["case"]: row for row in attention_rows(n)}
    found = {name: row["exact"] / U for name, row in rows.items()}
    # Two scores of opposite answers; a value and its score lose n units each.
    assert found["values"] == pytest.approx(4 * n, rel=0.05)
    assert found["heads"] == pytest.approx(2 * n, rel=0.05)
    for gain in (0.25, 4):
        name = f"heads before an MLP of gain {gain:g}"
        assert found[name] == pytest.approx((1 + gain) * 2 * n, rel=0.05)


def test_bounds_hold_and_are_about_twice_the_errors():
    for row in attention_rows(512):
        assert 1 <= row["bound"] / row["exact"] < 2.1
        assert np.isfinite(row["bound"])
