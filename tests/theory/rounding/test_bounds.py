"""Errors that are planned occur: of the size that the counts of roundings say, and no others."""

import numpy as np
import pytest

from theory.rounding.bounds import (
    Shifted,
    activation_rows,
    certificate_rows,
    dot_rows,
    factor_rows,
    network_rows,
    score_rows,
    underflowing_certificates,
    underflowing_factors,
    underflowing_networks,
)

U = 2.0**-53


def errors(rows):
    return {row["case"]: row["exact"] for row in rows}


def test_a_product_of_n_loses_n_units():
    assert [row["exact"] / U for row in dot_rows((1, 5, 64))] == [1, 5, 64]


def test_a_score_loses_its_own_units_and_those_of_the_bar():
    for row in score_rows((1, 8, 64)):
        # d of the product, 2 of the vectors, 2 of the bar.
        assert row["exact"] * 2**24 == pytest.approx(row["n"] + 4, rel=0.03)
        assert row["bound"] > row["exact"]


def test_one_factor_rounds_or_all_do(rng):
    n = 64
    found = errors(factor_rows(n, rng))
    assert found["one wide factor"] == 4 * n * U
    assert found["four equal rows"] == n / 8 * U * 2
    assert found["the first of two"] == pytest.approx(n * U * 16 * np.sqrt(3))
    assert found["the second of two"] == pytest.approx(n / 4 * U)
    assert found["a chain of numbers"] == pytest.approx(8 * U, rel=0.05)


def test_the_last_factor_alone_says_too_little_of_the_first(rng):
    rows = {row["case"]: row for row in factor_rows(64, rng, last_alone=True)}
    assert rows["the first of two"]["bound"] < rows["the first of two"]["exact"] / 10
    assert rows["the second of two"]["bound"] >= rows["the second of two"]["exact"]


def test_what_underflows_is_gone():
    for rows in (underflowing_factors(8), underflowing_certificates(8), underflowing_networks(64)):
        for row in rows:
            assert 0 < row["exact"] < row["bound"] < 160 * row["exact"]


def test_networks_lose_by_neurons_inputs_and_gates(rng):
    n = 64
    found = errors(network_rows(n))
    assert found["neurons"] == pytest.approx(8 * n * U * np.sqrt(2), rel=1e-3)
    assert found["inputs"] == pytest.approx(3 * n * U * 2 * np.sqrt(3), rel=0.05)
    assert found["gate and what it lets through"] == pytest.approx(2 * n * U * 2**0.5, rel=0.05)
    steps = errors(activation_rows(10, rng))["Horner's rule"]
    # Ten products, ten sums and ten times the rounding of z.
    assert steps == pytest.approx(30 * U * 4 * np.sqrt(2), rel=0.1)


def test_bounds_hold_whatever_is_drawn():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        for row in (*factor_rows(32, rng), *activation_rows(6, rng)):
            assert row["bound"] >= row["exact"]


def test_both_scores_of_a_margin_lose():
    found = errors(certificate_rows(64))
    assert found["equal answers"] == 2 * 64 * U
    assert found["a longer output"] == 64 * 2 * 64 * U
    assert found["an output that is off"] == 2 * 4 * 2.0**-20


def test_a_shifted_memory_says_how_far_it_is_off():
    memory, E = Shifted(-0.5), np.zeros((3, 4))
    off = np.linalg.norm(memory(E) - E, axis=1)
    assert off.tolist() == memory.rounding_error(E).tolist() == [1, 1, 1]
