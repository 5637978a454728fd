"""Memories as bits: decoded from the data that are counted, and from nothing else."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

from assoc import Attention, Factors, InputError, Transformer, margins, resolve
from assoc.bits.codes import Code, Layout, arrays_of, coded, encode
from assoc.bits.levels import gaussian_quantiser, quantise, weights_of
from assoc.memories.linear import HebbianBuild, dual_both, hebbian
from assoc.memories.low_rank import projected
from assoc.memories.networks import Gated, TwoLayer
from assoc.memories.sign_networks import PiecewiseLinear
from tests.helpers.oracles import one_line, table

WIDTHS = [1, 2, 3, 4, 7, 8, 9, 13, 16]


def memories(rng, dtype=np.float64):
    """One of each kind, none of its sizes a multiple of eight."""

    def draw(*shape):
        return rng.standard_normal(shape).astype(dtype)

    sigma = Polynomial([0.5, 0.0, -1.0, 2.0])
    heads = Attention(*(draw(3, 2, 5) for _ in range(4)))
    return [
        Factors((draw(3, 5),)),
        Factors((draw(3, 2), draw(2, 5))),
        Gated(draw(7, 5), draw(7, 5), draw(7, 3), 2),
        TwoLayer(draw(7, 5), draw(7, 3), sigma),
        Transformer(draw(9, 5), heads),
        Transformer(draw(9, 5), heads, TwoLayer(draw(7, 5), draw(7, 5), sigma)),
        Transformer(draw(9, 5), heads, PiecewiseLinear(draw(7, 5), draw(7, 5))),
        Transformer(draw(9, 5), heads, PiecewiseLinear(draw(7, 5), draw(7, 5), draw(7))),
    ]


def matrices(memory):
    """All matrices of a memory, one head at a time."""
    for array in arrays_of(memory):
        yield from array.reshape(-1, *array.shape[-2:])


def public(memory):
    return memory.embeddings if isinstance(memory, Transformer) else None


def by_hand(code):
    """Weights of all matrices read off the data bit by bit."""
    layout = code.layout
    stream = "".join(f"{byte:08b}" for byte in code.data)
    b, place = layout.bits, 0
    numbers = [int(stream[i * b : (i + 1) * b], 2) for i in range(layout.entries)]
    scales = list(np.frombuffer(code.data[-(-b * layout.entries // 8) :], "<f4").astype(np.float64))
    for shape in layout.shapes:
        for _ in range(math.prod(shape[:-2])):
            size = shape[-2] * shape[-1]
            scale = scales.pop(0) if layout.scales else 2.0 ** (2 - b)
            levels = [(n - 2 ** (b - 1) + 0.5) * scale for n in numbers[place : place + size]]
            yield np.array(levels).reshape(shape[-2:])
            place += size


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("kind", range(6))
def test_the_decoded_memory_is_what_the_data_say(rng, kind, bits):
    memory = memories(rng)[kind]
    code = encode(memory, bits)
    decoded = code.decode(public(memory))
    assert type(decoded) is type(memory)
    for found, read in zip(matrices(decoded), by_hand(code), strict=True):
        np.testing.assert_array_equal(found, read)
    # Nothing but data, layout and public embeddings is used.
    again = Code(bytes(code.data), replace(code.layout)).decode(public(memory))
    for one, other in zip(arrays_of(decoded), arrays_of(again), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("kind", range(6))
def test_bits_are_counted(rng, kind, bits):
    memory = memories(rng)[kind]
    code = encode(memory, bits)
    scales = 0 if isinstance(memory, Factors) else len(list(matrices(memory)))
    entries = memory.parameters
    assert code.bits == code.decode(public(memory)).bits == bits * entries + 32 * scales
    assert len(code.data) == -(-bits * entries // 8) + 4 * scales
    assert 0 <= 8 * len(code.data) - code.bits < 8
    assert code.decode(public(memory)).parameters == entries
    assert memory.bits is None


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("kind", range(6))
def test_weights_are_the_levels_of_each_matrix(rng, kind, bits):
    """Of a linear memory up to a scale, of others up to the rounding of the scale."""
    memory = memories(rng)[kind]
    decoded = encode(memory, bits).decode(public(memory))
    for exact, found in zip(matrices(memory), matrices(decoded), strict=True):
        levels, step = quantise(exact, bits)
        if isinstance(memory, Factors):
            step = np.array(2.0 ** (2 - bits))
        np.testing.assert_allclose(found, weights_of(levels, step, bits), rtol=1e-6)
        assert np.unique(found).size <= 2**bits


@pytest.mark.parametrize("kind", range(6))
def test_another_byte_is_another_memory(rng, kind):
    memory = memories(rng)[kind]
    code = encode(memory, 8)
    for place in {0, len(code.data) // 2, len(code.data) - 2}:
        data = bytearray(code.data)
        data[place] ^= 0x40
        other = replace(code, data=bytes(data)).decode(public(memory))
        pairs = zip(arrays_of(code.decode(public(memory))), arrays_of(other), strict=True)
        assert any((one != two).any() for one, two in pairs)


def test_what_is_public_is_kept(rng):
    _, _, gated, network, heads, both, bent, waved = memories(rng)
    assert encode(gated, 2).decode().degree == 2
    assert (encode(network, 2).decode().activation.coef == network.activation.coef).all()
    assert encode(heads, 2).decode(heads.embeddings).mlp is None
    decoded = encode(both, 2).decode(both.embeddings)
    assert decoded.embeddings is both.embeddings
    assert decoded.attention.W_K.shape == (3, 2, 5)
    assert decoded.mlp.bits is None
    for model in (bent, waved):
        decoded = encode(model, 2).decode(model.embeddings).mlp
        assert type(decoded) is PiecewiseLinear
        assert (decoded.phase is None) == (model.mlp.phase is None)


def test_the_layout_does_not_depend_on_the_facts():
    """Two draws of facts, one layout: all that tells them apart is in the data."""
    for name, options in (("linear", {}), ("low-rank", {"rank": 2}), ("mlp", {"width": 6}),
                          ("gated-mlp", {"width": 6}), ("whitened-mlp", {"width": 6})):  # fmt: skip
        codes = []
        for seed in (0, 1):
            rng = np.random.default_rng(seed)
            E, U = rng.standard_normal((2, 8, 5))
            memory = resolve(name, **options)[1](E, U, np.arange(8), rng=np.random.default_rng(2))
            codes.append(encode(memory, 3))
        assert codes[0].layout == codes[1].layout
        assert codes[0].data != codes[1].data


def test_one_bit_is_the_sign(rng):
    W = rng.standard_normal((20, 20))
    np.testing.assert_array_equal(encode(Factors((W,)), 1).decode().W, np.sign(W))
    E, U, f = *rng.standard_normal((2, 10, 6)), np.arange(10)
    memory = resolve("sign")[1](E, U, f, rng=rng)
    np.testing.assert_array_equal(memory.W, np.sign(hebbian(E, U, f, rng=rng).W))
    assert memory.bits == 36
    network = encode(Gated(W, W, W, 1), 1).decode()
    scale = np.float32(np.sqrt(8 / np.pi) * np.sqrt(np.mean(W**2)))
    np.testing.assert_array_equal(network.W, np.sign(W) * (scale / 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", range(6))
def test_precision_is_kept(rng, kind, dtype):
    memory = memories(rng, dtype)[kind]
    decoded = encode(memory, 5).decode(public(memory))
    assert {array.dtype for array in arrays_of(decoded)} == {np.dtype(dtype)}


@pytest.mark.parametrize("kind", range(6))
def test_sixteen_bits_are_nearly_exact(rng, kind):
    """Half a step, or the distance beyond the outermost level, which few entries have."""
    memory = memories(rng)[kind]
    decoded = encode(memory, 16).decode(public(memory))
    half = gaussian_quantiser(16)[0] / 2
    for exact, found in zip(matrices(memory), matrices(decoded), strict=True):
        rms = np.sqrt(np.mean(exact**2))
        unit = 2 * half * rms / 2.0 ** (2 - 16) if isinstance(memory, Factors) else 1.0
        np.testing.assert_allclose(unit * found, exact, atol=half * rms * 1.01)


def test_a_matrix_of_zeros_is_kept_where_scales_are(rng):
    memory = memories(rng)[5]
    W_O = memory.attention.W_O.copy()
    W_O[1] = 0
    idle = replace(memory, attention=replace(memory.attention, W_O=W_O))
    decoded = encode(idle, 1).decode(idle.embeddings)
    assert (decoded.attention.W_O[1] == 0).all()
    assert (decoded.attention.W_O[[0, 2]] != 0).all()
    with pytest.raises(InputError) as caught:
        encode(Factors((np.ones((2, 2)), np.zeros((2, 3)))), 2)
    assert one_line(caught.value) == "weights that are all zero cannot be quantised"


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3]), st.floats(1e-30, 1e30))
def test_verdicts_do_not_depend_on_the_scale_of_the_embeddings(seed, bits, scale):
    rng = np.random.default_rng(seed)
    E, U, f = rng.standard_normal((10, 6)), rng.standard_normal((10, 6)), np.arange(10)
    build = coded(hebbian, bits)
    verdicts = [margins(build(E * s, U, f, rng=rng), E, U, f) > 0 for s in (1.0, scale)]
    np.testing.assert_array_equal(*verdicts)


# --- builds -------------------------------------------------------------------------------------


def test_a_build_of_the_hebbian_matrix_remains_one(rng):
    E, U, f = *rng.standard_normal((2, 10, 6)), np.arange(10)
    build = coded(projected(3), 4)
    assert isinstance(build, HebbianBuild)
    built = build(E, U, f, rng=np.random.default_rng(1))
    exact = projected(3)(E, U, f, rng=np.random.default_rng(1))
    expected = encode(exact, 4).decode()
    for one, other in zip(built.factors, expected.factors, strict=True):
        np.testing.assert_array_equal(one, other)
    assert built.bits == 4 * 36
    assert not isinstance(coded(dual_both, 4), HebbianBuild)


def test_stochastic_rounding_goes_on_where_the_build_stopped(rng):
    E, U, f = *rng.standard_normal((2, 10, 6)), np.arange(10)
    for name, options in (("low-rank", {"rank": 3}), ("gated-mlp", {"width": 4, "degree": 1})):
        exact, build = (
            resolve(name, **options, **rounding)[1]
            for rounding in ({}, {"bits": 2, "rounding": "stochastic"})
        )
        own = np.random.default_rng(1)
        expected = encode(exact(E, U, f, rng=own), 2, rounding="stochastic", rng=own).decode()
        built = build(E, U, f, rng=np.random.default_rng(1))
        for one, other in zip(arrays_of(built), arrays_of(expected), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_transformer_is_decoded_with_the_embeddings_that_it_is_built_for(rng):
    """What a build hides in embeddings of its own is lost."""
    heads = memories(rng)[4]
    Phi = rng.standard_normal((9, 5))
    built = coded(lambda task, embeddings, *, rng: heads, 2)(None, Phi, rng=rng)
    assert built.embeddings is Phi


# --- bad input ----------------------------------------------------------------------------------


class Derived(Factors):
    """A user's own memory, which may answer otherwise than by its factors."""


def cases():
    eye = np.eye(2)
    heads = Transformer(eye, Attention(*np.ones((4, 1, 2, 2))))
    kinds = (
        "cannot be stored in bits per weight: it is not one of Factors, Gated, TwoLayer, "
        "SignGated, PiecewiseLinear, "
    )
    tabled = table(eye, eye, np.arange(2), rng=None)
    return [
        (lambda: encode(tabled, 2), f"Table {kinds}Transformer"),
        (lambda: encode(eye, 2), f"ndarray {kinds}Transformer"),
        (lambda: encode(Derived((eye,)), 2), f"Derived {kinds}Transformer"),
        (lambda: encode(Factors((eye,)), 0), "bits = 0 is not between 1 and 16"),
        (lambda: encode(Factors((eye,)), 2.0), "bits = 2.0 is not an integer"),
        (lambda: encode(Factors((eye * np.nan,)), 2), "weights that are not finite cannot be "),
        (lambda: encode(Gated(eye, eye, eye * 1e60, 1), 2), "is no single-precision number"),
        (lambda: encode(Gated(eye, eye, eye * 1e-60, 1), 2), "is no single-precision number"),
        (lambda: coded(hebbian, 17), "bits = 17 is not between 1 and 16"),
        (lambda: coded(hebbian, 2, "up"), "rounding 'up' is not one of nearest, stochastic"),
        (lambda: encode(heads, 2).decode(), "decoded with its tokens' embeddings: give them"),
        (lambda: encode(heads, 2).decode(np.eye(3)), "embeddings of shape (3, 3) for a"),
        (
            lambda: Code(b"12", Layout("Factors", ((2, 2),), 2, "float64")),
            "a code of 2 bytes for a layout of 1",
        ),
    ]


@pytest.mark.parametrize(("call", "said"), cases())
def test_what_has_no_code_is_named(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in one_line(caught.value)
