"""Matrices of few bits that are fitted as such."""

import numpy as np
import pytest

from assoc import Factors, InputError, certified_margins, margins, resolve
from assoc.bits.annealing import annealed
from assoc.bits.codes import coded, encode
from assoc.embeddings import sphere
from assoc.memories.optimal import optimal_linear
from tests.helpers.oracles import one_line


def draw(N, d, seed, M=None):
    rng = np.random.default_rng(seed)
    return sphere(N, d, rng=rng), sphere(M or N, d, rng=rng)


def fit(bits, E, U, f, seed=0):
    return annealed(bits)(E, U, f, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("bits", "N"), [(1, 27), (2, 40), (3, 48), (4, 50)])
def test_all_facts_are_recalled_where_rounding_loses_some(bits, N, seed):
    """At d = 16; of one bit, 27 facts are 0.36 of the bits that are spent."""
    E, U = draw(N, 16, seed)
    f = np.arange(N)
    assert certified_margins(fit(bits, E, U, f), E, U, f).certified.all()
    rounded = coded(optimal_linear, bits)(E, U, f, rng=np.random.default_rng(0))
    assert (margins(rounded, E, U, f) <= 0).any()


@pytest.mark.parametrize("seed", range(3))
def test_of_many_bits_no_more_is_lost_than_by_rounding(seed):
    E, U = draw(58, 16, seed)
    f = np.arange(58)
    for bits in (6, 8):
        rounded = coded(optimal_linear, bits)(E, U, f, rng=np.random.default_rng(0))
        found = fit(bits, E, U, f)
        missed = [int((margins(memory, E, U, f) <= 0).sum()) for memory in (rounded, found)]
        assert missed[1] <= missed[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bits", [1, 2, 3, 8, 16])
def test_weights_are_decoded_from_the_bits_that_are_counted(bits, dtype):
    E, U = (X.astype(dtype) for X in draw(6, 5, 0))
    memory = fit(bits, E, U[:, :3], np.arange(6))
    assert type(memory) is Factors
    assert (memory.W.shape, memory.W.dtype, memory.bits) == ((3, 5), dtype, 15 * bits)
    odd = memory.W * 2.0 ** (bits - 1)
    np.testing.assert_array_equal(odd % 2, 1)
    assert np.abs(odd).max() <= 2**bits - 1


def test_one_bit_is_a_sign():
    E, U = draw(20, 12, 1)
    memory = fit(1, E, U, np.arange(20))
    assert set(np.unique(memory.W)) == {-1.0, 1.0}
    np.testing.assert_array_equal(encode(memory, 1).decode().W, memory.W)


def test_the_same_randomness_gives_the_same_matrix():
    E, U = draw(27, 16, 0)
    first, again, other = (fit(1, E, U, np.arange(27), seed).W for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_what_cannot_be_recalled_leaves_the_best_that_was_found():
    """Two inputs that are one have different answers: one of them is lost, and no other."""
    E, U = draw(12, 12, 2)
    E[1] = E[0]
    assert (margins(fit(1, E, U, np.arange(12)), E, U, np.arange(12)) <= 0).sum() == 1


def test_answers_may_be_shared_and_sizes_differ():
    E, U = draw(30, 16, 3, M=7)
    f = np.random.default_rng(0).integers(0, 7, 30)
    assert (margins(fit(1, E, U[:, :12], f), E, U[:, :12], f) > 0).all()
    # With one answer there is nothing to lose against.
    assert np.isinf(margins(fit(1, E, U[:1], 0 * f), E, U[:1], 0 * f)).all()


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_no_scale_of_the_embeddings_changes_the_weights(scale):
    E, U = draw(27, 16, 0)
    found = fit(1, E, U, np.arange(27)).W
    np.testing.assert_array_equal(fit(1, scale * E, U, np.arange(27)).W, found)


def test_a_name_with_bits_is_the_fit():
    E, U = draw(27, 16, 0)
    f = np.arange(27)
    build = resolve("optimal-linear", bits=1)[1]
    named = build(E, U, f, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(named.W, fit(1, E, U, f).W)
    assert named.bits == 256


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: annealed(0), "bits = 0 is not between 1 and 16"),
        (lambda: annealed(17), "bits = 17 is not between 1 and 16"),
        (lambda: annealed(1.5), "bits = 1.5 is not an integer"),
        (lambda: annealed(1, sweeps=0), "sweeps = 0 is not positive"),
        (lambda: resolve("optimal-linear", bits=0), "bits = 0 is not between 1 and 16"),
        (lambda: fit(1, np.eye(2), np.eye(2), np.array([0, 2])), "f"),
        (lambda: fit(1, np.array([[np.nan]]), np.eye(1), np.zeros(1, int)), "E: row 0"),
        (
            lambda: resolve("optimal-linear", bits=1, rounding="nearest"),
            "memory 'optimal-linear' takes no rounding",
        ),
    ],
)
def test_what_is_wrong_is_named(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in one_line(caught.value)
