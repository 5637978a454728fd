"""Plain computations of bits, against enumeration, closed forms, and each other."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy import special

from theory.bounds.plain.bits import (
    best_step,
    code_digits,
    error_of_information,
    kept_share,
    map_number,
    nearest_levels,
    power_law_losses,
    two_group_error,
)


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_the_kept_share_is_an_integral_and_largest_at_the_best_step(bits):
    step = best_step(bits)
    g = np.linspace(-9, 9, 2_000_001)
    q = np.clip(np.floor(g / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) + 0.5
    weight = np.exp(-(g**2) / 2)
    share = (weight @ (g * q)) ** 2 / (weight @ q**2) / weight.sum()
    assert kept_share(bits, step) == pytest.approx(share, rel=1e-5)
    for factor in (0.99, 1.01):
        assert kept_share(bits, factor * step) < kept_share(bits, step)


def test_a_bit_keeps_two_over_pi_with_the_step_of_its_mean_size():
    assert best_step(1) == pytest.approx(math.sqrt(8 / math.pi))
    assert kept_share(1, best_step(1)) == pytest.approx(2 / math.pi)


def test_levels_and_their_digits():
    W = np.array([[0.2, -0.2], [1.4, -9.0]])
    levels, step = nearest_levels(W, 2, 1 / math.sqrt(np.mean(W**2)))
    assert (levels, step) == ([2, 1, 3, 0], pytest.approx(1.0))
    assert code_digits(levels, 2) == "10011100"


@pytest.mark.parametrize(("N", "M"), [(2, 3), (3, 3), (5, 2), (4, 3)])
def test_maps_are_those_made_one_by_one(N, M):
    maps = list(itertools.product(range(M), repeat=N))
    assert map_number(N, M, "random") == len(maps)
    assert map_number(N, M, "permutation") == sum(len(set(f)) == N for f in maps)
    sizes = [len(range(y, N, M)) for y in range(M)]
    balanced = sum([Counter(f)[y] for y in range(M)] == sizes for f in maps)
    assert map_number(N, M, "balanced") == balanced


def test_errors_give_their_information_back():
    for nats in (1e-9, 0.3, 1.5):
        e = float(error_of_information(nats, 8))
        known = special.rel_entr(1 - e, 1 / 8) + special.rel_entr(e, 7 / 8)
        assert known == pytest.approx(nats, rel=1e-5)


def test_groups_of_one_probability_are_one_group():
    nats = 7 * 0.4
    even = two_group_error(((3, 1 / 7), (4, 1 / 7)), 5, nats)
    assert even == pytest.approx(float(error_of_information(0.4, 5)), rel=1e-9)


def test_sums_over_a_power_law_are_those_of_its_first_million_inputs():
    a, M, log_mu = 3.0, 5, -9.0
    p = np.arange(1.0, 10**6) ** -a / special.zeta(a)
    e = (M - 1) / (M - 1 + np.exp(np.minimum(p / math.exp(log_mu), 700)))
    known = math.log(M) - special.entr(e) - special.entr(1 - e) - e * math.log(M - 1)
    bits, error = power_law_losses(a, M, log_mu)
    assert error == pytest.approx(p @ e, rel=1e-6)
    assert bits == pytest.approx(known.sum() / math.log(2), rel=1e-6)
