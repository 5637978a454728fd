"""Bounds on losses and on bits, against what can be enumerated."""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize

from assoc.errors import InputError
from assoc.facts.input_laws import GivenLaw, PowerLaw
from theory.bounds.bits import (
    corollary_form,
    information_of_error,
    least_cross_entropy,
    least_error_rate,
    map_bits,
)


def test_no_code_of_few_bits_beats_the_cross_entropy_and_some_attain_it():
    # All models of one bit for two inputs and two outputs: a bit is a map of the 4 tables.
    p = np.array([0.7, 0.3])
    tables = list(itertools.product(range(2), repeat=2))
    best = math.inf
    for code in itertools.product(range(2), repeat=4):
        loss = 0.0
        for value in set(code):
            held = [t for t, c in zip(tables, code, strict=True) if c == value]
            for x in range(2):
                ones = sum(t[x] for t in held) / len(held)
                entropy = -sum(q * math.log(q) for q in (ones, 1 - ones) if q > 0)
                loss += p[x] * entropy * len(held) / 4
        best = min(best, loss)
    assert best == pytest.approx(least_cross_entropy(GivenLaw(p), 2, 1), abs=1e-12)


@pytest.mark.parametrize("a", [1.1, 2.0])
def test_bounds_fall_with_bits_and_end_at_nothing(a):
    law = PowerLaw(a, 500)
    bits = np.linspace(0, 500 * math.log2(9), 30)
    for bound, start in ((least_cross_entropy, math.log(9)), (least_error_rate, 8 / 9)):
        values = np.array([bound(law, 9, float(B)) for B in bits])
        assert values[0] == pytest.approx(start)
        assert values[-1] == pytest.approx(0, abs=1e-12)
        assert (np.diff(values) < 0).all()
        assert (np.diff(values, 2) > -1e-9).all()


def test_uniform_inputs_have_the_rate_distortion_function():
    for bits_per_input in (0.3, 1.0, 2.5):
        error = least_error_rate(PowerLaw(0.0, 10**12), 8, bits_per_input * 1e12)
        assert information_of_error(error, 8) / math.log(2) == pytest.approx(bits_per_input)


def test_the_error_rate_is_a_minimum_over_allocations():
    p = np.array([0.5, 0.25, 0.15, 0.1])
    bound = least_error_rate(GivenLaw(p), 5, 4.0)
    rng = np.random.default_rng(1)
    budget = 4 * math.log(2)
    for _ in range(200):
        share = rng.dirichlet(np.ones(4)) * budget
        errors = [
            0.0
            if s >= math.log(5)
            else optimize.brentq(lambda e, s=s: information_of_error(e, 5) - s, 0, 0.8)
            for s in share
        ]
        assert p @ errors >= bound - 1e-9


def test_infinite_laws_with_many_bits():
    # The tail beyond B / log2 M, with a factor that tends to a constant.
    ratio = [
        least_error_rate(PowerLaw(2.0), 1024, B) / PowerLaw(2.0).beyond(B / 10)
        for B in (1e6, 1e9, 1e12)
    ]
    assert np.ptp(ratio) < 1e-5
    assert corollary_form(2.0, 1024, 1e12) == pytest.approx(
        least_cross_entropy(PowerLaw(2.0), 1024, 1e12), rel=1e-6
    )


@pytest.mark.parametrize("a", [1.001, 1.1, 2.0, 8.0])
@pytest.mark.parametrize("M", [2, 3, 49, 100, 999, 1000, 1024])
def test_infinite_laws_have_bounds_for_every_number_of_outputs(a, M):
    law = PowerLaw(a)
    values = [least_error_rate(law, M, B) for B in (0.0, 1.0, 20.0, 1e4)]
    assert (np.diff(values) < 0).all()
    # What is not stored is wrong by chance, and no allocation does better than whole answers.
    assert values[2] < 1 - 1 / M
    assert values[2] > 0.9 * (1 - 1 / M) * law.beyond(20 / math.log2(M) * 4)


def test_bits_of_maps_do_not_cancel():
    assert map_bits(1, 10**15, "identity") == pytest.approx(math.log2(10**15), rel=1e-12)
    assert map_bits(2, 10**18, "identity") == pytest.approx(2 * math.log2(10**18), rel=1e-12)


@pytest.mark.parametrize(("N", "M"), [(1, 2), (3, 3), (2, 4), (5, 3), (4, 5)])
def test_bits_of_maps_are_those_of_their_number(N, M):
    maps = list(itertools.product(range(M), repeat=N))
    assert map_bits(N, M) == pytest.approx(math.log2(len(maps)))
    injective = [f for f in maps if len(set(f)) == N]
    for law in ("identity", "permutation"):
        if M < N:
            with pytest.raises(InputError, match="no injective map"):
                map_bits(N, M, law)
        else:
            assert map_bits(N, M, law) == pytest.approx(math.log2(len(injective)), abs=1e-9)
    sizes = sorted(np.bincount(np.arange(N) % M, minlength=M))
    # Classes of these sizes, each output keeping its own.
    own = [f for f in maps if list(np.bincount(f, minlength=M)) == sizes[::-1]]
    assert map_bits(N, M, "balanced") == pytest.approx(math.log2(len(own)), abs=1e-9)


def test_zipf_facts_take_the_entropy_of_an_answer():
    p = np.array([6, 3, 2]) / 11
    assert map_bits(10, 3, "zipf") == pytest.approx(-10 * (p @ np.log2(p)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: least_cross_entropy(PowerLaw(2.0), 1, 5), "M = 1: an answer"),
        (lambda: least_cross_entropy(PowerLaw(2.0), 4, -1), "B = -1 is not a number of bits"),
        (lambda: least_error_rate(PowerLaw(2.0), 4, math.inf), "B = inf"),
        (lambda: corollary_form(1.0, 4, 5), "a = 1: Corollary 1 needs an exponent above 1"),
        (lambda: corollary_form(2.0, 4, 0), "B = 0 is not a positive number of bits"),
        (lambda: least_error_rate(PowerLaw(8.0), 5, 1e100), "more than the sums over inputs reach"),
        (lambda: map_bits(0, 4), "N = 0 is not positive"),
        (lambda: map_bits(4, 4, "odd"), "is not one of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
