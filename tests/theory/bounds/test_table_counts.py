"""Fact tables: the count against every table made, and the bounds against the count."""

import itertools
import math

import numpy as np
import pytest

from assoc.errors import InputError
from sims.enumeration import enumerated_tables
from theory.bounds.table_bits import (
    _saddle_bits,
    _single_bits,
    agreement_size,
    bracket,
    choices_bits,
    entropy_bits,
    paper_bits,
    table_bits,
)
from theory.bounds.table_counts import count_tables, countable
from theory.bounds.table_logs import log_rising

PAIRS = [(S, R) for S in range(1, 21) for R in range(1, 21) if S * R <= 20]


@pytest.mark.parametrize(("S", "R"), PAIRS)
def test_the_count_is_that_of_all_tables(S, R):
    found = enumerated_tables(S, R, 10**6)
    largest = len(found) - 1
    assert largest ** (S * R) <= 10**6 < (largest + 1) ** (S * R)
    # A single fact has a million vocabularies, and V tables with each.
    vocabularies = range(1, largest + 1) if S * R > 1 else [*range(1, 200), 10**4, 10**6]
    for V in vocabularies:
        for D in range(1, min(V // R, S + 1) + 1):
            assert count_tables(S, R, D, V) == found[V, min(D, S)]


def test_the_enumeration_is_that_of_plain_python():
    S, R = 2, 2
    found = enumerated_tables(S, R, 4**4)
    for V, D in itertools.product(range(1, 5), (1, 2)):
        number = 0
        for flat in itertools.product(range(V), repeat=S * R):
            sets = [set(flat[r * S : (r + 1) * S]) for r in range(R)]
            number += not (sets[0] & sets[1]) and max(map(len, sets)) <= D
        assert found[V, D] == number


def test_counts_by_hand():
    assert count_tables(3, 1, 1, 7) == 7
    assert count_tables(2, 1, 2, 7) == 49
    assert count_tables(1, 3, 1, 4) == 4 * 3 * 2
    # Two relations, two subjects, two answers each: 12 + 48 + 24 tables use 2, 3, 4 tokens of 4.
    assert count_tables(2, 2, 2, 4) == 4 * 3 + 2 * 4 * 3 * 2 + 4 * 3 * 2


def test_the_bounds_hold_the_count():
    rng = np.random.default_rng(3)
    for _ in range(150):
        S, R, D = (int(rng.integers(1, top)) for top in (60, 9, 25))
        V = R * D + int(rng.integers(0, 4 * R * D))
        if not countable(S, R, D, V):
            continue
        bits, most = math.log2(count_tables(S, R, D, V)), min(S, D)
        for low in (entropy_bits(S, R, most, V), _single_bits(S, R, most, V)):
            assert low <= bits + 1e-9
        for high in (choices_bits(S, R, most, V), _saddle_bits(S, R, most, V)):
            assert high >= bits - 1e-9
        low, high = bracket(S, R, D, V)
        assert low <= bits * (1 + 1e-14) <= high * (1 + 1e-13)


@pytest.mark.parametrize(
    ("S", "R", "D"),
    [(10**9,) * 3, (10**9, 10**9, 10), (10**3,) * 3, (50, 10**9, 10**9), (10**9, 1, 10**9)],
)
def test_bounds_of_large_sizes_are_close(S, R, D):
    bits = table_bits(S, R, D, 2 * R * D)
    assert not bits.exact
    assert 0 < bits.low < bits.high
    assert bits.error < 1e-3 * bits.bits


@pytest.mark.parametrize("V", [7, 199, 200, 1_000, 533_012, 836_370, 10**6 + 1, 10**9, 10**18])
@pytest.mark.parametrize("S", [10**8, 10**9])
def test_bounds_hold_what_is_known_to_the_last_digits(S, V):
    # One answer for each relation: V tables with one of them, V (V - 1) with two.
    for R, number in ((1, V), (2, V * (V - 1))):
        bits = table_bits(S, R, 1, V)
        assert bits.low <= math.log2(number) <= bits.high


@pytest.mark.parametrize("W", [0, 3, 150, 199, 200, 5_000, 10**6])
@pytest.mark.parametrize("J", [0, 1, 2, 60, 3_000])
def test_rising_factorials_to_rounding(W, J):
    exact = math.log(math.prod(range(W + 1, W + J + 1)))
    assert log_rising(float(W), float(J)) == pytest.approx(exact, rel=2e-14, abs=1e-13)


@pytest.mark.parametrize("V", range(2, 8))
def test_the_saddle_bound_holds_for_single_answers(V):
    for S in (2, 5, 40):
        assert _saddle_bits(S, 1, 1, V) >= math.log2(V) - 1e-12


def test_the_form_of_the_paper_agrees_from_a_size_on():
    sizes = [100, 400, 900, 2500]

    def family(n):
        root = math.isqrt(n)
        return n, root, root, 2 * root**2

    off = [abs(paper_bits(*family(n)) / table_bits(*family(n)).bits - 1) for n in sizes]
    assert off[0] > off[1] > off[2] > off[3]
    found = agreement_size(family, sizes)
    assert found == next(n for n, value in zip(sizes, off, strict=True) if value <= 0.01)
    assert found == 400
    assert agreement_size(lambda n: (n, n, n, 2 * n * n), sizes) is None


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 1, 1, 1), "S = 0 is not positive"),
        ((1, 2.5, 1, 9), "R = 2.5 is not an integer"),
        ((1, 1, 10**10, 10**11), "sizes are checked up to 1e.09"),
        ((3, 2, 4, 7), "vocabulary = 7 is less than R D = 8"),
        ((3, 2, 4, 8.5), "vocabulary = 8.5 is not an integer"),
        ((3, 2, 4, 10**28), "checked up to 1e.27"),
    ],
)
def test_bad_sizes_are_named(sizes, message):
    with pytest.raises(InputError, match=message):
        table_bits(*sizes)


def test_what_would_take_too_long_is_not_counted():
    with pytest.raises(InputError, match="too many tables to count"):
        count_tables(10**5, 10**5, 10, 10**7)
    with pytest.raises(InputError, match="at most 64 cells"):
        enumerated_tables(13, 5, 10)
