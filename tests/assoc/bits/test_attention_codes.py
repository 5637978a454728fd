"""Heads as a row of bytes."""

import numpy as np
import pytest

from assoc import InputError
from assoc.bits.attention_codes import AttentionCode, AttentionLayout, encode_attention
from tests.helpers.oracles import one_line


def drawn(bits=1, key_bits=2, dims=(3, 2), d=5, seed=0):
    rng = np.random.default_rng(seed)
    H = len(dims)
    keys = rng.integers(0, 2**key_bits, (H, d)).astype(np.uint16)
    queries = rng.integers(0, 2, (H, d)).astype(np.uint16)
    values = [rng.integers(0, 2**bits, (2, size, d)).astype(np.uint16) for size in dims]
    return keys, queries, values, np.arange(1.0, H + 1)


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
@pytest.mark.parametrize("key_bits", [1, 4])
@pytest.mark.parametrize("dims", [(3, 2), (1,), (2, 4, 1)])
def test_what_is_decoded_is_what_was_written(bits, key_bits, dims):
    keys, queries, values, scales = drawn(bits, key_bits, dims)
    code = encode_attention(keys, queries, values, scales, bits=bits, key_bits=key_bits)
    H, d = keys.shape
    model = code.decode(np.zeros((4, d), np.float32))
    heads = model.attention

    def weights(levels, b):
        return (2.0 * levels + 1 - 2**b) * 2.0 ** (1 - b)

    np.testing.assert_array_equal(heads.W_K[:, 0], weights(keys, key_bits) * scales[:, None])
    np.testing.assert_array_equal(heads.W_Q[:, 0], weights(queries, 1))
    for head, each in enumerate(values):
        size = each.shape[1]
        for W, levels in zip((heads.W_V, heads.W_O), each, strict=True):
            np.testing.assert_array_equal(W[head, :size], weights(levels, bits))
            assert not W[head, size:].any()
    assert (heads.heads, heads.key_dim, heads.head_dim) == (H, 1, max(dims))
    # Counted by hand: keys, queries, values and outputs, scales.
    spent = H * d * key_bits + H * d + 2 * d * sum(dims) * bits + 32 * H
    assert code.bits == model.bits == spent
    assert code.layout.entries == 2 * H * d + 2 * d * sum(dims)
    # Each of three parts is filled up to a byte.
    assert 0 <= 8 * len(code.data) - spent < 24


def test_every_bit_is_read():
    keys, queries, values, scales = drawn()
    code = encode_attention(keys, queries, values, scales, bits=1, key_bits=2)
    first = code.decode(np.zeros((1, 5), np.float32)).attention
    seen = 0
    for place in range(8 * (len(code.data) - 8)):
        data = bytearray(code.data)
        data[place // 8] ^= 128 >> place % 8
        other = AttentionCode(bytes(data), code.layout).decode(np.zeros((1, 5), np.float32))
        seen += any(
            (getattr(first, name) != getattr(other.attention, name)).any()
            for name in ("W_K", "W_Q", "W_V", "W_O")
        )
    assert seen == code.bits - 64


@pytest.mark.parametrize("change", [-1, 1, -8])
def test_a_row_of_another_length_is_refused(change):
    code = encode_attention(*drawn(), bits=1, key_bits=2)
    data = (code.data + b"x")[: len(code.data) + change]
    with pytest.raises(InputError, match="bytes of weights for a layout of"):
        AttentionCode(data, code.layout)


@pytest.mark.parametrize("scale", [np.nan, np.inf, 0.0, -1.0, 1e300])
def test_a_scale_that_is_none_is_refused(scale):
    keys, queries, values, _ = drawn()
    with pytest.raises(InputError) as caught:
        encode_attention(keys, queries, values, np.array([1.0, scale]), bits=1, key_bits=2)
    assert one_line(caught.value) == "a scale of the packed weights is not a positive number"


def test_levels_out_of_range_are_refused():
    with pytest.raises(InputError, match="is not one of 2"):
        encode_attention(*drawn(bits=2), bits=1, key_bits=2)


@pytest.mark.parametrize(("key_bits", "most"), [(1, 1.0), (2, 1.5), (8, 2 - 2**-7)])
def test_a_scale_that_takes_keys_out_of_single_precision_is_refused(key_bits, most):
    keys, queries, values, _ = drawn(key_bits=key_bits)
    keys[:] = 2**key_bits - 1
    largest = float(np.finfo(np.float32).max)

    def code(scale):
        scales = np.array([1.0, scale])
        return encode_attention(keys, queries, values, scales, bits=1, key_bits=key_bits)

    fits = code(0.999 * largest / most).decode(np.zeros((1, 5), np.float32))
    assert np.isfinite(fits.attention.W_K).all()
    if key_bits > 1:
        with pytest.raises(InputError) as caught:
            code(0.999 * largest)
        assert "out of single precision" in one_line(caught.value)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((0, (1,), 1, 1), "d = 0"),
        ((4, (), 1, 1), "a layout without heads"),
        ((4, (2, 0), 1, 1), "value dimension d_h"),
        ((4, (2,), 17, 1), "bits = 17"),
        ((4, (2,), 1, 0), "bits = 0"),
    ],
)
def test_layouts_that_are_none_are_refused(sizes, said):
    with pytest.raises(InputError) as caught:
        AttentionLayout(*sizes)
    assert said in one_line(caught.value)


def test_embeddings_of_another_dimension_are_refused():
    code = encode_attention(*drawn(), bits=1, key_bits=2)
    with pytest.raises(InputError, match="for a transformer of d = 5"):
        code.decode(np.zeros((3, 4), np.float32))


def test_an_mlp_and_embeddings_are_decoded_as_they_were_written():
    keys, queries, values, scales = drawn()
    rng = np.random.default_rng(1)
    mlp = rng.integers(0, 4, (2, 6, 5)).astype(np.uint16)
    signs = rng.integers(0, 2, (9, 5)).astype(np.uint16)
    code = encode_attention(
        keys, queries, values, scales, bits=1, key_bits=2, mlp=mlp, mlp_bits=2, embeddings=signs
    )
    model = code.decode()
    np.testing.assert_array_equal(model.mlp.W, mlp[0] - 1.5)
    np.testing.assert_array_equal(model.mlp.V, mlp[1] - 1.5)
    np.testing.assert_allclose(model.embeddings, (2.0 * signs - 1) / np.sqrt(5), rtol=1e-7)
    # Counted by hand: keys, queries, values and outputs, MLP, embeddings, scales.
    assert code.bits == model.bits == 20 + 10 + 50 + 2 * 60 + 45 + 64
    assert code.layout.entries == 10 + 10 + 50 + 60
    assert model.mlp_parameters == code.layout.mlp_entries == 60
    z = np.linspace(-3, 3, 7)
    said = (z**2 / 25 - 1) / np.sqrt(32)
    np.testing.assert_allclose(model.mlp.activation(z), said, rtol=1e-6)


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_answers_do_not_depend_on_the_size_of_the_embeddings(factor):
    """Keys apart, whose logits do."""
    keys, queries, values, scales = drawn()
    mlp = np.random.default_rng(1).integers(0, 2, (2, 6, 5)).astype(np.uint16)
    code = encode_attention(keys, queries, values, scales, bits=1, key_bits=2, mlp=mlp)
    Phi = np.random.default_rng(2).standard_normal((9, 5))
    first, second = code.decode(Phi), code.decode(factor * Phi)
    looked = np.random.default_rng(3).integers(0, 9, (20, 2))
    out = [model.after(model.attended(looked)) for model in (first, second)]
    np.testing.assert_allclose(out[1], factor * out[0], rtol=1e-6)


def test_embeddings_are_stored_or_given():
    keys, queries, values, scales = drawn()
    signs = np.ones((4, 5), np.uint16)
    kept = encode_attention(keys, queries, values, scales, bits=1, key_bits=2, embeddings=signs)
    public = encode_attention(keys, queries, values, scales, bits=1, key_bits=2)
    for code, Phi in ((kept, np.ones((4, 5), np.float32)), (public, None)):
        with pytest.raises(InputError) as caught:
            code.decode(Phi)
        assert one_line(caught.value).startswith("embeddings are either stored among the bits or")
