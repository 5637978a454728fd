"""Sign-gated networks against loops over neurons, and two-layer networks that equal them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError, certified_margins, resolve
from assoc.bits.codes import encode
from assoc.memories.sign_gates import (
    GATES,
    OMEGA,
    check_gates,
    drawn_gates,
    sign_gated,
    sign_two_layer,
)
from assoc.memories.sign_networks import PiecewiseLinear, SignGated
from tests.helpers.oracles import one_line

LAYERED = ("sign", "square")


def draw(seed, N=30, d=6, d_out=5):
    rng = np.random.default_rng(seed)
    E, U = rng.standard_normal((N, d)), rng.standard_normal((N, d_out))
    E, U = (A / np.linalg.norm(A, axis=1)[:, None] for A in (E, U))
    return E, U, rng.permutation(N)


def gate(network, i, e):
    """The gate of one neuron at one input, by its definition."""
    z = sum(a * b for a, b in zip(network.W[i], e, strict=True))
    if network.phase is not None:
        return 1.0 if np.cos(z + network.phase[i]) > 0 else -1.0
    sign = 1.0 if z > 0 else -1.0
    if network.second is not None:
        sign *= 1.0 if network.second[i] @ e > 0 else -1.0
    return sign


@pytest.mark.parametrize("gates", GATES)
def test_weights_and_outputs_are_those_of_the_formula(gates):
    E, U, f = draw(0)
    network = sign_gated(8, gates)(E, U, f, rng=np.random.default_rng(1))
    out = np.zeros((len(E), 5))
    for i in range(8):
        s = np.array([gate(network, i, e) for e in E])
        np.testing.assert_array_equal(network.gates(E)[:, i], s)
        p = sum(s[x] * (network.V[i] @ U[f[x]]) * E[x] for x in range(len(E))) / 8
        np.testing.assert_allclose(network.P[i], p, atol=1e-14)
        out += np.outer(s * (E @ p), network.V[i])
    np.testing.assert_allclose(network(E), out, atol=1e-12)


@pytest.mark.parametrize("gates", LAYERED)
def test_a_true_network_equals_the_gated_one_on_every_stored_input(gates):
    E, U, f = draw(2, N=300, d=12, d_out=12)
    gated = sign_gated(500, gates)(E, U, f, rng=np.random.default_rng(3))
    layered = sign_two_layer(1000, gates)(E, U, f, rng=np.random.default_rng(3))
    both = gated.rounding_error(E) + layered.rounding_error(E)
    assert both.max() < 1e-5
    assert (np.linalg.norm(gated(E) - layered(E), axis=1) <= both).all()
    # Elsewhere an input may meet a kink.
    other = draw(4, N=300, d=12)[0]
    assert np.abs(gated(other) - layered(other)).max() > 1e-3


@pytest.mark.parametrize("gates", LAYERED)
def test_a_longer_step_meets_a_kink(gates):
    E, U, f = draw(2, N=300, d=12, d_out=12)
    layered = sign_two_layer(200, gates)(E, U, f, rng=np.random.default_rng(3))
    gated = sign_gated(100, gates)(E, U, f, rng=np.random.default_rng(3))
    half = (layered.W[:100] - layered.W[100:]) / 2 * 1.25
    longer = PiecewiseLinear(
        np.concatenate([gated.W + half, gated.W - half]), layered.V / 1.25, layered.phase
    )
    assert np.abs(longer(E) - gated(E)).max() > 1e-4


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_activations_are_piecewise_linear_with_slopes_of_one(a, b):
    ends = np.array([[a], [b]])
    for phase in (None, np.zeros(1)):
        sigma = PiecewiseLinear(np.eye(1), np.eye(1), phase)(ends)[:, 0]
        assert abs(sigma[0] - sigma[1]) <= abs(a - b) * (1 + 1e-12) + 1e-13
    # The triangle wave of slope sgn cos.
    np.testing.assert_allclose(sigma, np.arcsin(np.sin([a, b])), atol=1e-7)


def exactly(network, e):
    """The output of a network with sigma = |.|, in fractions."""
    out = [Fraction(0)] * network.V.shape[1]
    for w, v in zip(network.W, network.V, strict=True):
        z = abs(sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(w, e, strict=True)))
        out = [o + z * Fraction(float(b)) for o, b in zip(out, v, strict=True)]
    return out


def test_the_rounding_error_of_a_true_network_is_bounded():
    E, U, f = draw(5, N=12)
    network = sign_two_layer(40, "sign")(E, U, f, rng=np.random.default_rng(6))
    for e, computed, bound in zip(E, network(E), network.rounding_error(E), strict=True):
        gaps = [Fraction(float(c)) - x for c, x in zip(computed, exactly(network, e), strict=True)]
        assert 0 < float(sum(g * g for g in gaps)) ** 0.5 <= bound < 1e-6


@pytest.mark.parametrize("gates", GATES)
def test_rounding_errors_of_gates_cover_single_precision_inputs(gates):
    E, U, f = draw(7)
    network = sign_gated(50, gates)(E, U, f, rng=np.random.default_rng(8))
    near = network(E * (1 + 2**-52))
    assert (np.linalg.norm(network(E) - near, axis=1) <= 60 * network.rounding_error(E)).all()
    on_kink = SignGated(np.array([[1.0, 0.0]]), np.ones((1, 2)), np.ones((1, 1)))
    # z = 0: the gate may be turned, and 2 |y| |v| is what that moves.
    assert on_kink.rounding_error(np.array([[0.0, 3.0]]))[0] >= 6


@pytest.mark.parametrize("gates", GATES)
def test_facts_are_certified(gates):
    E, U, f = draw(9, N=40, d=16, d_out=16)
    network = sign_gated(4000, gates)(E, U, f, rng=np.random.default_rng(10))
    assert certified_margins(network, E, U, f).certified.all()


@pytest.mark.parametrize("gates", GATES)
def test_a_wider_network_begins_with_a_narrower_one(gates):
    E, U, f = draw(11)
    narrow, wide = (sign_gated(m, gates)(E, U, f, rng=np.random.default_rng(12)) for m in (5, 20))
    np.testing.assert_allclose(wide.V[:5], narrow.V)
    np.testing.assert_allclose(4 * wide.P[:5], narrow.P)


def test_single_precision_is_kept_by_gates_and_refused_by_small_steps():
    E, U, f = draw(13)
    E, U = E.astype(np.float32), U.astype(np.float32)
    gated = sign_gated(6)(E, U, f, rng=np.random.default_rng(0))
    assert {A.dtype for A in (gated.W, gated.P, gated.V, gated.phase)} == {np.dtype(np.float32)}
    layered = sign_two_layer(6)(E, U, f, rng=np.random.default_rng(0))
    assert layered.W.dtype == layered.V.dtype == np.float64


def test_an_input_of_zeros_lets_nothing_through_and_is_on_no_kink_that_matters():
    E, U, f = draw(14)
    E[0] = 0
    network = sign_two_layer(20, "sign")(E, U, f, rng=np.random.default_rng(0))
    assert np.isfinite(network.W).all()
    assert (network(E)[0] == 0).all()


def test_parameters_and_phases():
    rng = np.random.default_rng(0)
    empty = {kind: drawn_gates(7, kind, 1.0, 4, 3, np.dtype(np.float64), rng=rng) for kind in GATES}
    counted = {kind: network.parameters for kind, network in empty.items()}
    assert counted == {"sign": 77, "two-signs": 105, "square": 84}
    phase = drawn_gates(4000, "square", 1.0, 1, 1, np.dtype(np.float64), rng=rng).phase
    assert 0 <= phase.min() < phase.max() < 2 * np.pi
    np.testing.assert_allclose(np.sort(phase), np.linspace(0, 2 * np.pi, 4000), atol=0.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gates": "cosine"}, "gates 'cosine' are not one of sign, two-signs, square"),
        ({"gates": "sign", "omega": 2.0}, "gates 'sign' have no frequency omega"),
        ({"omega": 0.0}, "omega 0.0 is not a positive number"),
        ({"omega": float("nan")}, "omega nan is not a positive number"),
        ({"omega": True}, "omega True is not a positive number"),
    ],
)
def test_bad_options_are_named(options, message):
    for name in ("sign-gated", "sign-mlp"):
        with pytest.raises(InputError, match=message):
            resolve(name, width=4, **options)


def test_what_is_no_two_layer_network_is_refused():
    with pytest.raises(InputError) as caught:
        sign_two_layer(4, "two-signs")
    assert "no two-layer network" in one_line(caught.value)
    with pytest.raises(InputError, match="width 3 is odd"):
        sign_two_layer(3)
    with pytest.raises(InputError, match="GB are free"):
        sign_gated(10**10)(*draw(0), rng=None)
    assert check_gates(None, None) == ("square", OMEGA)


@pytest.mark.parametrize("gates", GATES)
def test_gates_in_bits_are_decoded_with_their_phases_and_second_signs(gates):
    E, U, f = draw(15)
    network = sign_gated(9, gates)(E, U, f, rng=np.random.default_rng(0))
    code = encode(network, 16)
    decoded = code.decode()
    assert decoded.bits == code.bits == 16 * network.parameters + 32 * (3 + (gates != "sign"))
    for name in ("W", "P", "V", "second", "phase"):
        exact, found = getattr(network, name), getattr(decoded, name)
        assert (exact is None) is (found is None)
        if exact is not None:
            np.testing.assert_allclose(found, exact, atol=2e-4 * np.abs(exact).max())
