"""The capacity of few bits per weight, held to its limits and to simpler computations."""

import itertools
import math

import numpy as np
import pytest
from scipy import special

from assoc import InputError
from assoc.bits.levels import gaussian_quantiser
from theory.memories.few_bits import few_bits_capacity, first_moment_capacity, log_win
from theory.memories.optimal import optimal_limit, orthogonal_cost

TRIALS = 200
"""Of a capacity: its standard error is one in a hundred, and a tenth of a second."""

SHAPES = ((16, 64), (32, 32))


def test_the_chance_to_win_is_that_of_draws():
    q, M, n = 0.6, 12, 300
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n):
        scores = math.sqrt(q) * rng.standard_normal(M) + math.sqrt(1 - q) * rng.standard_normal(
            (4000, M)
        )
        wins = (scores.argmax(axis=1) == 0).mean()
        found.append(math.log(max(wins, 1 / 8000)))
    law = log_win(q, M)
    error = math.hypot(np.std(found) / math.sqrt(n), law.std() / math.sqrt(len(law)))
    # What never won in 4,000 draws is cut off above its chance.
    assert -0.5 < law.mean() - np.mean(found) < 4 * error


def test_of_two_scores_it_is_a_normal_integral():
    """The difference of two scores has twice the variance, known and unknown part alike."""
    q = 0.7
    z = np.linspace(-9, 9, 4001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    exact = float(density @ special.log_ndtr(math.sqrt(q / (1 - q)) * z))
    law = log_win(q, 2, trials=4000)
    assert abs(law.mean() - exact) < 4 * law.std() / math.sqrt(4000) + 2e-3


def test_near_one_the_chance_is_the_cost_of_a_fact():
    """G_M is -delta / (2 (1 - q)) there, with the cost of nearly orthogonal answers."""
    M, q = 60, 0.98
    cost = -2 * (1 - q) * log_win(q, M).mean()
    assert cost == pytest.approx(orthogonal_cost(math.log(M)), rel=0.1)


def test_more_bits_hold_more_and_come_near_to_real_weights():
    N = [few_bits_capacity(32, bits, trials=TRIALS)[0] for bits in (1, 2, 4)]
    real = math.exp(optimal_limit(32))
    assert (np.diff([*N, real]) > 0).all()
    assert N[2] > 0.9 * real
    # One bit stores most per bit.
    assert N[0] > N[1] / 2 > N[2] / 4


@pytest.mark.parametrize("d", [16, 64])
def test_an_expected_number_is_no_less(d):
    """The logarithm of a mean is at least the mean of the logarithm; bits allow for more still."""
    N, error = few_bits_capacity(d, trials=TRIALS)
    first = first_moment_capacity(d)
    assert N + 3 * error < first
    assert first * math.log2(first) < d**2


def test_the_limit_is_that_of_weights_along_the_sum():
    """N log N / d^2 falls towards kappa_1 / 2, from far above."""
    limit = gaussian_quantiser(1)[1] / 2
    found = {d: few_bits_capacity(d, trials=TRIALS)[0] for d in (64, 1024, 16384)}
    loads = [N * math.log(N) / d**2 for d, N in found.items()]
    assert loads[0] > loads[1] > loads[2] > limit
    assert loads[2] < 1.25 * limit


def test_levels_are_those_of_bits_at_any_scale():
    assert few_bits_capacity(32, levels=(-2.0, 2.0), trials=TRIALS) == pytest.approx(
        few_bits_capacity(32, 1, trials=TRIALS)
    )


def test_a_level_of_0_holds_more_facts_and_less_per_bit():
    signs, four = (few_bits_capacity(32, bits, trials=TRIALS)[0] for bits in (1, 2))
    three = few_bits_capacity(32, levels=(-1, 0, 1), trials=TRIALS)[0]
    assert signs < three < four
    assert three * np.log2(three) / np.log2(3) < signs * np.log2(signs)


def test_three_levels_hold_what_all_matrices_of_them_hold_at_best():
    """All 3^9 matrices of R^3: the mean of the most facts recalled is half a fact below."""
    d, N, rng = 3, 6, np.random.default_rng(1)
    W = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=d * d))).reshape(-1, d, d)
    most = []
    for _ in range(60):
        E, U = (rng.standard_normal((N, d)) for _ in range(2))
        whole = 2
        for n in range(2, N + 1):
            scores = np.einsum("yi,wij,xj->wxy", U[:n], W, E[:n])
            right = (scores.argmax(axis=2) == np.arange(n)).all(axis=1)
            if not right.any():
                break
            whole = n
        most.append(whole)
    predicted = few_bits_capacity(d, levels=(-1, 0, 1), trials=TRIALS)[0]
    assert np.mean(most) + 0.5 == pytest.approx(predicted, rel=0.1)


def test_a_read_out_counts_its_weights():
    assert few_bits_capacity(16, features=64)[0] == pytest.approx(
        few_bits_capacity(32)[0], rel=0.02
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: few_bits_capacity(0), "d = 0"),
        (lambda: few_bits_capacity(16, 5), "bits = 5: this prediction is for at most 4"),
        (lambda: few_bits_capacity(16, 0), "bits = 0 is not between 1 and 16"),
        (lambda: few_bits_capacity(16, levels=(-1, 2)), "the same with the other sign"),
        (lambda: few_bits_capacity(16, levels=(1, 1, -1, -1)), "different numbers"),
        (lambda: few_bits_capacity(16, features=0), "features = 0 is not positive"),
        (lambda: first_moment_capacity(0), "d = 0"),
        (lambda: first_moment_capacity(2), "d = 2 is too small: fewer than three facts are held"),
    ],
)
def test_what_is_out_of_range_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()
