"""Quantised weights: the levels, the step, and the constant against numerical integration."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import integrate, stats

from assoc import InputError
from assoc.bits.levels import MAX_BITS, gaussian_quantiser, quantise, weights_of
from tests.helpers.oracles import one_line


def quantiser(step, bits):
    """Mid-rise quantiser of 2^bits levels, one number at a time."""
    top = 2 ** (bits - 1)
    return lambda g: (min(max(np.floor(g / step), -top), top - 1) + 0.5) * step


def rounded(W, bits, **options):
    """Weights at the levels of W, an array of any shape taken as one matrix."""
    levels, step = quantise(W.reshape(1, -1), bits, **options)
    return weights_of(levels, step, bits).reshape(W.shape)


def correlation(step, bits):
    """E[g q(g)]^2 / E[q(g)^2] by adaptive quadrature between the jumps."""
    q, top = quantiser(step, bits), 2 ** (bits - 1)
    edges = [*(np.arange(top) * step), 40.0]

    def mean(h):
        pieces = pairwise(edges)
        return 2 * sum(integrate.quad(h, a, b, epsabs=1e-14)[0] for a, b in pieces if a < b)

    signal = mean(lambda g: g * q(g) * stats.norm.pdf(g))
    power = mean(lambda g: q(g) ** 2 * stats.norm.pdf(g))
    return signal**2 / power


# --- the constant -------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_kappa_against_numerical_integration(bits):
    step, kappa = gaussian_quantiser(bits)
    assert kappa == pytest.approx(correlation(step, bits), abs=1e-10)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_no_other_step_is_better(bits):
    step, kappa = gaussian_quantiser(bits)
    for factor in (0.3, 0.7, 0.9, 0.99, 1.01, 1.1, 1.5, 3.0):
        assert correlation(step * factor, bits) < kappa


def test_one_bit_keeps_two_over_pi():
    step, kappa = gaussian_quantiser(1)
    assert kappa == pytest.approx(2 / np.pi, abs=1e-14)
    assert correlation(step, 1) == pytest.approx(2 / np.pi, abs=1e-10)


@pytest.mark.parametrize(
    ("bits", "distortion"), [(2, 0.1188), (3, 0.03744), (4, 0.01154), (5, 0.003495)]
)
def test_kappa_against_the_uniform_quantisers_of_max(bits, distortion):
    """Max (1960), table II: least distortion of equally spaced levels for a normal variable.

    The best squared correlation is at least 1 - distortion, and hardly more, since a gain of the
    output would be the only gain.
    """
    kappa = gaussian_quantiser(bits)[1]
    assert 1 - distortion - 1e-4 < kappa < 1 - 0.98 * distortion


def test_more_bits_keep_more_up_to_all():
    kappas = [gaussian_quantiser(bits)[1] for bits in range(1, MAX_BITS + 1)]
    assert (np.diff(kappas) > 0).all()
    assert 1 - 1e-7 < kappas[-1] < 1


@pytest.mark.parametrize("bits", [-1, 0, 17, 10**9])
def test_bits_out_of_range(bits):
    said = f"^bits = {bits} is not between 1 and 16$"
    with pytest.raises(InputError, match=said):
        gaussian_quantiser(bits)
    with pytest.raises(InputError, match=said):
        quantise(np.ones((1, 3)), bits)


# --- the weights --------------------------------------------------------------------------------

sizes = st.floats(1e-6, 1e3)
weights = hnp.arrays(
    np.float64, st.integers(1, 30), elements=sizes | sizes.map(lambda w: -w) | st.just(0.0)
).filter(np.any)


@given(weights, st.integers(1, 5))
def test_levels_are_few_equally_spaced_symmetric_and_of_the_right_sign(W, bits):
    q = rounded(W, bits)
    step = gaussian_quantiser(bits)[0] * np.sqrt(np.mean(W**2))
    k = q / step - 0.5
    np.testing.assert_allclose(k, np.round(k), atol=1e-6)
    assert k.min() > -(2 ** (bits - 1)) - 0.5
    assert k.max() < 2 ** (bits - 1) - 0.5
    assert np.unique(q).size <= 2**bits
    large = np.abs(W) > 1e-9 * np.abs(W).max()
    np.testing.assert_array_equal(np.sign(q[large]), np.sign(W[large]))
    assert (q != 0).all()


@given(weights, st.integers(1, 5))
def test_no_entry_is_rounded_to_a_level_that_is_not_the_nearest(W, bits):
    q = rounded(W, bits)
    step = gaussian_quantiser(bits)[0] * np.sqrt(np.mean(W**2))
    levels = (np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1)) + 0.5) * step
    nearest = np.abs(W[:, None] - levels).min(axis=1)
    np.testing.assert_allclose(np.abs(W - q), nearest, atol=1e-9 * np.abs(W).max())


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_all_levels_are_used_by_normal_weights(rng, bits):
    assert np.unique(rounded(rng.standard_normal(2_000_000), bits)).size == 2**bits


def test_one_bit_is_the_sign(rng):
    W = rng.standard_normal((20, 20))
    q = rounded(W, 1)
    np.testing.assert_array_equal(np.sign(q), np.sign(W))
    assert np.unique(np.abs(q)).size == 1


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_measured_correlation_is_kappa(bits):
    # Sample correlation of 400,000 weights: standard error below 1e-3; 5 of them (level 6e-7).
    W = np.random.default_rng(0).standard_normal(400_000)
    kappa = gaussian_quantiser(bits)[1]
    assert np.corrcoef(W, rounded(W, bits))[0, 1] ** 2 == pytest.approx(kappa, abs=5e-3)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3]), st.integers(-600, 600))
def test_scaling_by_a_power_of_two_scales_the_result(seed, bits, exponent):
    W = np.random.default_rng(seed).standard_normal(50)
    np.testing.assert_array_equal(
        rounded(np.ldexp(W, exponent), bits), np.ldexp(rounded(W, bits), exponent)
    )


def test_each_matrix_of_a_stack_has_its_own_step(rng):
    stack = rng.standard_normal((3, 4, 5)) * np.array([1.0, 1e-6, 0.0])[:, None, None]
    levels, step = quantise(stack, 3)
    assert step[2] == 0
    for W, these, own in zip(stack, levels, step, strict=True):
        alone, same = quantise(W, 3)
        np.testing.assert_array_equal(these, alone)
        assert own == same
    assert (weights_of(levels, step, 3)[2] == 0).all()


# --- stochastic rounding ------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_stochastic_rounding_is_exact_on_average_inside_the_range(rng, bits):
    """Mean of 20,000 roundings within 5 standard errors, for weights between the outer levels."""
    W = rng.standard_normal(30)
    step = gaussian_quantiser(bits)[0] * np.sqrt(np.mean(W**2))
    top = (2 ** (bits - 1) - 0.5) * step
    q = np.array([rounded(W, bits, rounding="stochastic", rng=rng) for _ in range(20_000)])
    inside = np.abs(W) <= top
    assert 5 < inside.sum() <= 30
    error = q.mean(axis=0) - W
    assert (np.abs(error[inside]) <= 5 * q.std(axis=0)[inside] / np.sqrt(len(q)) + 1e-12).all()
    # Outside it is clipped, always.
    np.testing.assert_allclose(q[:, ~inside], np.broadcast_to(
        np.sign(W[~inside]) * top, q[:, ~inside].shape
    ))  # fmt: skip
    # One of the two neighbours, never another level.
    assert (np.abs(q - W)[:, inside] < step * (1 + 1e-9)).all()


def test_stochastic_rounding_is_as_random_as_it_is_told(rng):
    W = rng.standard_normal((4, 5))
    same = [
        quantise(W, 2, rounding="stochastic", rng=np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(same[0], same[1])
    assert (same[0] != same[2]).any()
    # Rounding to the nearest level draws nothing.
    state = rng.bit_generator.state
    quantise(W, 2, rng=rng)
    assert rng.bit_generator.state == state


@pytest.mark.parametrize(
    ("W", "options", "said"),
    [
        ([[1.0]], {"rounding": "up"}, "rounding 'up' is not one of nearest, stochastic"),
        ([[1.0]], {"rounding": "stochastic"}, "stochastic rounding needs rng given"),
        ([[1.0, np.inf]], {}, "weights that are not finite cannot be rounded"),
        ([[np.nan, 1.0]], {}, "weights that are not finite cannot be rounded"),
    ],
)
def test_what_cannot_be_rounded_is_named(W, options, said):
    with pytest.raises(InputError) as caught:
        quantise(np.array(W), 2, **options)
    assert one_line(caught.value) == said
