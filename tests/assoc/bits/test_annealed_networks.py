"""Memories of two layers of few bits that are fitted as such."""

import numpy as np
import pytest

from assoc import Factors, InputError, certified_margins, margins, resolve
from assoc.bits.annealed_networks import annealed_mlp, annealed_pairs, annealed_ranks
from assoc.bits.codes import arrays_of
from assoc.bits.levels import quantise
from assoc.embeddings import sphere
from assoc.errors import UnfitError
from assoc.memories.networks import Gated, TwoLayer
from tests.helpers.oracles import one_line

NAMES = {
    "optimal-low-rank": ("rank", annealed_ranks, Factors),
    "optimal-mlp": ("width", annealed_mlp, TwoLayer),
    "optimal-bilinear": ("width", annealed_pairs, Gated),
}


def draw(N, d, seed, M=None):
    rng = np.random.default_rng(seed)
    return sphere(N, d, rng=rng), sphere(M or N, d, rng=rng)


def fit(build, E, U, f, seed=0):
    return build(E, U, f, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("name", "bits", "m", "N"),
    [
        ("optimal-low-rank", 1, 12, 18),
        ("optimal-mlp", 1, 12, 32),
        ("optimal-mlp", 2, 12, 40),
        ("optimal-bilinear", 1, 8, 26),
        ("optimal-bilinear", 3, 8, 40),
    ],
)
def test_all_facts_are_recalled_where_rounding_loses_some(name, bits, m, N):
    option, _, kind = NAMES[name]
    E, U = draw(N, 12, 0)
    f = np.arange(N)
    memory = fit(resolve(name, **{option: m}, bits=bits)[1], E, U, f)
    assert type(memory) is kind
    assert certified_margins(memory, E, U, f).certified.all()
    assert memory.bits == bits * memory.parameters
    with pytest.raises(UnfitError) as caught:
        resolve(name, **{option: m}, bits=bits, rounding="nearest")
    assert "takes no rounding" in one_line(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bits", [1, 2, 3, 8, 16])
@pytest.mark.parametrize("name", list(NAMES))
def test_weights_are_decoded_from_the_bits_that_are_counted(name, bits, dtype):
    E, U = (X.astype(dtype) for X in draw(6, 5, 0))
    option = NAMES[name][0]
    memory = fit(resolve(name, **{option: 3}, bits=bits)[1], E, U[:, :4], np.arange(6))
    for array in arrays_of(memory):
        assert array.dtype == dtype
        odd = array * 2.0 ** (bits - 1)
        np.testing.assert_array_equal(odd % 2, 1)
        assert np.abs(odd).max() <= 2**bits - 1


@pytest.mark.parametrize("bits", [1, 2, 4, 16])
def test_what_is_not_counted_does_not_depend_on_the_draw(bits):
    """The activation is known from b, the width's unit and the inputs, and not from the weights."""
    E, U = draw(8, 5, 0)
    build = annealed_mlp(bits, 3, sweeps=1)
    one, other = (fit(build, E, U, np.arange(8), seed) for seed in (0, 1))
    assert (one.W != other.W).any()
    np.testing.assert_array_equal(one.activation.coef, other.activation.coef)
    # h_2 of a weight of unit root mean square: odd numbers of a normal number's levels.
    rng = np.random.default_rng(2)
    levels = 2.0 * quantise(rng.standard_normal((1000, 400)), bits)[0] - (2**bits - 1)
    size = np.sqrt(np.mean(levels**2)) / 2.0 ** (bits - 1)
    unit = size * np.sqrt(np.mean(np.sum(E**2, axis=1)))
    assert np.sqrt(-one.activation.coef[0] / one.activation.coef[2]) == pytest.approx(unit, 5e-3)


def test_the_same_randomness_gives_the_same_network():
    E, U = draw(27, 12, 0)
    build = annealed_mlp(1, 12)
    first, again, other = (fit(build, E, U, np.arange(27), seed).V for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize("build", [annealed_mlp(1, 12), annealed_pairs(1, 8)])
def test_no_scale_of_the_embeddings_changes_what_is_recalled(build, scale):
    E, U = draw(27, 12, 0)
    f = np.arange(27)
    one, other = fit(build, E, U, f), fit(build, scale * E, U, f)
    np.testing.assert_array_equal(one.W, other.W)
    recalled = [(margins(one, E, U, f) > 0), (margins(other, scale * E, U, f) > 0)]
    np.testing.assert_array_equal(*recalled)
    assert recalled[0].all()


def test_what_cannot_be_recalled_leaves_the_best_that_was_found():
    """Two inputs that are one have different answers: one of them is lost, and no other."""
    E, U = draw(12, 12, 2)
    E[1] = E[0]
    memory = fit(annealed_mlp(1, 12, sweeps=100), E, U, np.arange(12))
    assert (margins(memory, E, U, np.arange(12)) <= 0).sum() == 1


def test_the_degree_is_that_of_the_network():
    E, U = draw(20, 12, 1)
    memory = fit(annealed_mlp(1, 12, 2), E, U, np.arange(20))
    assert memory.activation.degree() == 3
    assert (margins(memory, E, U, np.arange(20)) > 0).all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: annealed_mlp(0, 4), "bits = 0 is not between 1 and 16"),
        (lambda: annealed_pairs(17, 4), "bits = 17 is not between 1 and 16"),
        (lambda: annealed_ranks(1, 0), "rank = 0 is not positive"),
        (lambda: annealed_mlp(1, 0), "0"),
        (lambda: annealed_mlp(1, 4, 9), "degree"),
        (lambda: annealed_mlp(1, 4, sweeps=0), "sweeps = 0 is not positive"),
        (
            lambda: fit(annealed_ranks(1, 3), np.eye(2), np.eye(2), np.arange(2)),
            "rank 3 is not between 1 and d = 2",
        ),
        (lambda: fit(annealed_mlp(1, 2), np.eye(2), np.eye(2), np.array([0, 2])), "f"),
        (lambda: resolve("optimal-mlp", width=4, bits=0), "bits = 0 is not between 1 and 16"),
        (lambda: resolve("optimal-mlp", bits=1), "needs its width given"),
    ],
)
def test_what_is_wrong_is_named(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in one_line(caught.value)
