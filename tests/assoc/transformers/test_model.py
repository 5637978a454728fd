"""Multi-head softmax attention and the layer around it, against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

from assoc.memories.networks import TwoLayer
from assoc.memories.sign_networks import PiecewiseLinear
from assoc.transformers.model import Attention, OneLayer, Transformer, is_plain

H, D_H, D, VOCABULARY = 3, 2, 5, 9


SIGMAS = {
    "polynomial": Polynomial([0.5, -1, 0.25]),
    "absolute value": abs,
    "wave": lambda z: math.asin(math.sin(z)),
}
"""Activations of networks, the last of slope sgn cos z."""


def layer(seed=0, mlp=None, dtype=np.float64):
    rng = np.random.default_rng(seed)
    attention = Attention(*rng.standard_normal((4, H, D_H, D)).astype(dtype))
    network = None
    if mlp:
        W, V = rng.standard_normal((2, 4, D)).astype(dtype)
        network = TwoLayer(W, V, SIGMAS["polynomial"])
        if mlp != "polynomial":
            phase = rng.uniform(0, 2 * np.pi, 4).astype(dtype) if mlp == "wave" else None
            network = PiecewiseLinear(5 * W, V, phase)
    return Transformer(rng.standard_normal((VOCABULARY, D)).astype(dtype), attention, network)


def by_hand(model, prompt, mlp=None):
    """The output for one prompt, one head and one token at a time."""
    A, x = model.attention, [model.embeddings[token] for token in prompt]
    total = np.zeros(D)
    for h in range(H):
        query = A.W_Q[h] @ x[-1]
        weights = [math.exp(float(query @ (A.W_K[h] @ row)) / math.sqrt(D_H)) for row in x]
        for weight, row in zip(weights, x, strict=True):
            total += weight / sum(weights) * (A.W_O[h].T @ (A.W_V[h] @ row))
    if model.mlp is not None:
        given = [float(w @ total) for w in model.mlp.W]
        if mlp == "wave":
            given = [z + b for z, b in zip(given, model.mlp.phase.tolist(), strict=True)]
        hidden = [SIGMAS[mlp](z) for z in given]
        total = total + sum(value * v for value, v in zip(hidden, model.mlp.V, strict=True))
    return total


@pytest.mark.parametrize("mlp", [None, *SIGMAS])
@pytest.mark.parametrize("seed", range(3))
def test_outputs_are_those_of_the_definition(seed, mlp):
    model = layer(seed, mlp)
    prompts = np.random.default_rng(seed).integers(0, VOCABULARY, (4, 6))
    expected = [by_hand(model, prompt, mlp) for prompt in prompts]
    np.testing.assert_allclose(model.outputs(prompts), expected, rtol=1e-9)
    assert isinstance(model, OneLayer)
    assert is_plain(model)


def test_large_logits_do_not_overflow():
    model = layer()
    hot = Attention(1e6 * model.attention.W_K, *(getattr(model.attention, n) for n in
                    ("W_Q", "W_V", "W_O")))  # fmt: skip
    prompt = np.array([[0, 3, 8]])
    out = Transformer(model.embeddings, hot).outputs(prompt)
    # Every head then looks at one token alone.
    looked = hot.logits(model.embeddings, model.embeddings[8])[:, prompt[0]].argmax(axis=1)
    expected = sum(
        hot.W_O[h].T @ hot.W_V[h] @ model.embeddings[prompt[0, t]] for h, t in enumerate(looked)
    )
    np.testing.assert_allclose(out[0], expected, rtol=1e-9)


def test_logits_and_values_are_tables_of_the_same_layer():
    model = layer(1)
    A, last = model.attention, model.embeddings[-1]
    logits, values = A.logits(model.embeddings, last), A.values(model.embeddings)
    for h in range(H):
        for z, row in enumerate(model.embeddings):
            direct = (A.W_K[h] @ row) @ (A.W_Q[h] @ last) / math.sqrt(D_H)
            assert logits[h, z] == pytest.approx(direct)
            np.testing.assert_allclose(values[z, h], A.W_V[h] @ row)
    np.testing.assert_array_equal(model.logits(), logits)


def test_attended_is_the_layer_where_each_head_has_one_token():
    model = layer(2)
    A = model.attention
    tokens = np.array([[0, 4, 8], [2, 2, 5]])
    expected = [
        sum(A.W_O[h].T @ A.W_V[h] @ model.embeddings[t] for h, t in enumerate(row))
        for row in tokens
    ]
    np.testing.assert_allclose(model.attended(tokens), expected)


def test_parameters_are_the_sizes_of_the_arrays():
    model = layer(mlp=True)
    arrays = [getattr(model.attention, name) for name in ("W_K", "W_Q", "W_V", "W_O")]
    assert model.attention.parameters == sum(a.size for a in arrays) == 4 * H * D * D_H
    assert model.mlp_parameters == model.mlp.W.size + model.mlp.V.size
    assert model.parameters == model.attention.parameters + model.mlp_parameters
    assert layer().mlp_parameters == 0


@given(st.permutations(range(5)))
def test_the_order_of_the_tokens_before_the_last_is_not_seen(order):
    model = layer(3, mlp=True)
    prompt = np.array([1, 7, 7, 0, 4, 8])
    shuffled = np.append(prompt[list(order)], 8)
    np.testing.assert_allclose(
        model.outputs(shuffled[None]), model.outputs(prompt[None]), rtol=1e-10
    )


def test_turning_all_embeddings_and_weights_turns_the_output():
    model = layer(4)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((D, D)))[0]
    A = model.attention
    turned = Transformer(
        model.embeddings @ Q, Attention(A.W_K @ Q, A.W_Q @ Q, A.W_V @ Q, A.W_O @ Q)
    )
    prompts = np.random.default_rng(1).integers(0, VOCABULARY, (5, 4))
    np.testing.assert_allclose(turned.outputs(prompts), model.outputs(prompts) @ Q, rtol=1e-9)


def test_keys_may_have_a_dimension_of_their_own():
    """The same heads as with rows of zeros below the keys, but for the scale of logits."""
    rng = np.random.default_rng(0)
    W_K, W_Q = rng.standard_normal((2, H, 1, D))
    W_V, W_O = rng.standard_normal((2, H, D_H, D))
    embeddings = rng.standard_normal((VOCABULARY, D))
    model = Transformer(embeddings, Attention(W_K, W_Q, W_V, W_O))
    assert (model.attention.key_dim, model.attention.head_dim) == (1, D_H)
    assert model.parameters == 2 * H * D * (1 + D_H)
    below = np.zeros((H, D_H - 1, D))
    padded = Attention(
        np.concatenate([math.sqrt(D_H) * W_K, below], axis=1),
        np.concatenate([W_Q, below], axis=1),
        W_V,
        W_O,
    )
    prompts = rng.integers(0, VOCABULARY, (6, 4))
    expected = Transformer(embeddings, padded).outputs(prompts)
    np.testing.assert_allclose(model.outputs(prompts), expected, rtol=1e-12)
    np.testing.assert_allclose(
        model.attention.logits(embeddings, embeddings[-1]),
        padded.logits(embeddings, embeddings[-1]),
        rtol=1e-12,
    )
