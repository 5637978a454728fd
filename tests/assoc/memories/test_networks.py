"""Rounding errors of networks: their bounds against rational arithmetic, where each term counts."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.polynomial import Polynomial

from assoc import certified_margins
from assoc.memories import networks
from assoc.memories.hermite import DEGREES, hermite
from assoc.memories.linear import hebbian
from assoc.memories.mlp import gated, hidden_activation, two_layer
from assoc.memories.networks import Gated, TwoLayer
from assoc.memories.random_features import bilinear, whitened
from tests.helpers.oracles import dot, exact, exact_network

LARGEST = 2.0**60


def exactly(network, E):
    """Outputs of either network in rational arithmetic."""
    if isinstance(network, Gated):
        return exact_network(network.W, network.V, hermite(network.degree), E, network.P)
    return exact_network(network.W, network.V, network.activation, E)


def assert_bounded(network, E):
    """|fl(F(e)) - F(e)| <= bound for every input; returns the largest share of the bound used."""
    share = 0.0
    bounds = network.rounding_error(E)
    assert np.isfinite(bounds).all()
    for out, computed, bound in zip(exactly(network, E), exact(network(E)), bounds, strict=True):
        error = [c - o for c, o in zip(computed, out, strict=True)]
        squared = dot(error, error)
        assert squared <= Fraction(float(bound)) ** 2
        if bound > 0:
            share = max(share, float(squared / Fraction(float(bound)) ** 2) ** 0.5)
    return share


def random_network(kind, rng, k, m=5, d=3, d_out=2, dtype=np.float64):
    W, P = rng.standard_normal((2, m, d)).astype(dtype)
    V = rng.standard_normal((m, d_out)).astype(dtype)
    return Gated(W, P, V, k) if kind is Gated else TwoLayer(W, V, hidden_activation(k))


kinds = pytest.mark.parametrize("kind", [Gated, TwoLayer])


@kinds
@pytest.mark.parametrize("k", DEGREES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bound_holds_and_is_not_vacuous(rng, kind, k, dtype):
    """Over 10 networks and 4 inputs the errors come within a factor 10^4 of the bound."""
    shares = []
    for _ in range(10):
        network = random_network(kind, rng, k, dtype=dtype)
        shares.append(assert_bounded(network, 2 * rng.standard_normal((4, 3))))
    assert max(shares) > 1e-4


@kinds
@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_the_bound_is_relative(rng, kind, k):
    """Small next to the outputs of an ordinary memory."""
    d, m = 16, 256
    W, P = rng.standard_normal((2, m, d))
    V = rng.standard_normal((m, d))
    network = Gated(W, P, V, k) if kind is Gated else TwoLayer(W, V, hidden_activation(k))
    E = rng.standard_normal((20, d)) / 4
    assert (network.rounding_error(E) < 1e-8 * np.linalg.norm(network(E), axis=1)).all()


def test_the_bound_follows_the_scale_of_the_outputs(rng):
    for kind in (Gated, TwoLayer):
        network = random_network(kind, rng, 3)
        E = rng.standard_normal((4, 3))
        before = network.rounding_error(E)
        weights = {"P": network.P} if kind is Gated else {}
        last = {"degree": 3} if kind is Gated else {"activation": network.activation}
        larger = kind(W=network.W, V=2.0**20 * network.V, **weights, **last)
        np.testing.assert_allclose(larger.rounding_error(E), 2.0**20 * before, rtol=1e-12)


# --- one cause at a time: what dominates may not be left out ------------------------------------


def test_cancellation_in_the_argument(rng):
    """<w, e> is nearly 0 between long vectors, so its error is all of it: sigma'(z) dz."""
    for _ in range(50):
        a, b = rng.uniform(1, 2, 2) * 1e6
        W, E = np.array([[a, -b, 0.1]]), np.array([[b, a, 0.3]])
        through, V = np.array([[0.0, 0.0, 1.0]]), np.ones((1, 1))
        for k in DEGREES:
            assert_bounded(Gated(W, through, V, k), E)
            assert_bounded(TwoLayer(W, V, hidden_activation(k)), E)
    # With nothing else in it: one neuron, sigma(z) = z. Thirds, since a b - b a is exact where the
    # processor does not fuse the product with the sum.
    share = max(
        assert_bounded(
            TwoLayer(np.array([[a, -b]]), np.ones((1, 1)), Polynomial([0, 1])),
            np.array([[b / 3, a / 3]]),
        )
        for a, b in rng.uniform(1, 2, (50, 2))
    )
    assert share > 0.01


def test_cancellation_in_what_is_let_through(rng):
    """The same for <p, e>: the gate multiplies an error that is all of it."""
    for _ in range(50):
        a, b = rng.uniform(1, 2, 2) * 1e6
        P, E = np.array([[a, -b, 0.1]]), np.array([[b, a, 0.3]])
        gate = np.array([[0.0, 0.0, 1.0]])
        for k in DEGREES:
            assert_bounded(Gated(gate, P, np.ones((1, 1)), k), E)


@pytest.mark.parametrize("k", range(2, 7))
def test_cancellation_in_the_polynomial(rng, k):
    """At a zero of the activation every digit of its value is rounding."""
    h = hermite(k)
    for root in h.roots().real:
        near = root + rng.uniform(-1e-15, 1e-15, (20, 1))
        one = np.ones((1, 1))
        assert_bounded(Gated(one, one, one, k), near)
        assert_bounded(TwoLayer(one, one, h), near)


@kinds
def test_cancellation_between_neurons(rng, kind):
    """Pairs of neurons of opposite outputs: the sum is zero and its rounding is not."""
    W, P, V = rng.standard_normal((3, 12, 2))
    W, P, V = (np.concatenate([A, B]) for A, B in ((W, W), (P, P), (V, -V)))
    order = rng.permutation(24)
    E = rng.standard_normal((6, 2))
    for k in DEGREES:
        if kind is Gated:
            assert_bounded(Gated(W[order], P[order], V[order], k), E)
        else:
            assert_bounded(TwoLayer(W[order], V[order], hidden_activation(k)), E)


@kinds
@pytest.mark.parametrize("m", [2, 30, 500])
def test_rounding_of_a_long_sum(kind, m, monkeypatch):
    """One neuron at a time: 1 and then m - 1 half units, each of them rounded away."""
    monkeypatch.setattr(networks, "NEURONS", 1)
    V, one, E = np.full((m, 1), 2.0**-53), np.ones((m, 1)), np.ones((1, 1))
    V[0] = 1.0
    network = Gated(one, one, V, 1) if kind is Gated else TwoLayer(one, V, Polynomial([0, 1]))
    assert network(E) == 1
    share = assert_bounded(network, E)
    assert share == pytest.approx(1, abs=0.1) if m == 500 else share < 1


def test_underflow_of_what_is_let_through(rng):
    """<p, e> underflows, and a gate far from 0 and long outputs make it count."""
    one = np.ones((1, 1))
    for E in 1e-160 * rng.uniform(1, 9, (50, 1, 1)):
        assert_bounded(Gated(1e170 * one, 1e-165 * one, 1e200 * one, 1), E)


def test_underflow_of_the_argument(rng):
    """<w, e> underflows under an activation that is steep."""
    one = np.ones((1, 1))
    for E in 1e-160 * rng.uniform(1, 9, (50, 1, 1)):
        assert_bounded(TwoLayer(1e-164 * one, 1e200 * one, Polynomial([0, 1e6])), E)


@pytest.mark.parametrize("coefficient", [30, 1e6, -1e12])
def test_underflow_of_a_power(rng, coefficient):
    """The square of the argument underflows, and a coefficient enlarges what is lost."""
    one = np.ones((1, 1))
    for E in 1e-162 * rng.uniform(0.5, 3, (50, 1, 1)):
        assert_bounded(TwoLayer(one, 1e200 * one, Polynomial([0, 0, coefficient])), E)


entries = st.floats(-LARGEST, LARGEST) | st.floats(-1e-60, 1e-60) | st.integers(-3, 3).map(float)


@kinds
@given(
    st.sampled_from(DEGREES),
    hnp.arrays(np.float64, (2, 2), elements=entries),
    hnp.arrays(np.float64, (2, 2), elements=entries),
    hnp.arrays(np.float64, (2, 2), elements=entries),
    hnp.arrays(np.float64, (1, 2), elements=st.integers(-3, 3).map(float) | st.floats(-9, 9)),
)
def test_the_bound_holds_whatever_the_magnitudes(kind, k, W, P, V, E):
    """Entries a hundred orders of magnitude apart, zeros and cancellations among them."""
    k = min(k, 2) if np.abs(W).max() > 1e9 else k
    network = Gated(W, P, V, k) if kind is Gated else TwoLayer(W, V, hidden_activation(k))
    assert_bounded(network, E)


@kinds
@pytest.mark.parametrize("k", DEGREES)
@pytest.mark.parametrize("scale", [1e-80, 1e-108, 1e-162, 1e-200, 1e-310, 5e-324])
def test_the_bound_survives_underflow(rng, kind, k, scale):
    """Products of such numbers are subnormal or zero, in the weights, the inputs or both."""
    for _ in range(2):
        network = random_network(kind, rng, k)
        E = rng.standard_normal((2, 3))
        weights = (network.W, network.P) if kind is Gated else (network.W,)
        last = k if kind is Gated else network.activation
        for small in (1.0, scale):
            for outputs in (1e200, scale):
                tiny = kind(*(small * A for A in weights), outputs * network.V, last)
                assert_bounded(tiny, E)
                assert_bounded(tiny, scale * E)


# --- what the bounds are for --------------------------------------------------------------------


def test_a_share_that_is_too_large_is_noticed(rng):
    """The comparison can fail: a network whose bound is that of a millionth of its outputs."""
    network = random_network(Gated, rng, 3)
    E = rng.standard_normal((4, 3))

    class Boastful(Gated):
        def rounding_error(self, E):
            return 1e-6 * super().rounding_error(E)

    with pytest.raises(AssertionError):
        assert_bounded(Boastful(network.W, network.P, network.V, 3), E)


@pytest.mark.parametrize(
    "build",
    [
        gated(512, degree=2),
        two_layer(1024, degree=2),
        whitened(40),
        bilinear(512),
        bilinear(40, ridge=True),
    ],
)
def test_recall_is_certified(build):
    rng = np.random.default_rng(3)
    E, U = rng.standard_normal((2, 12, 8))
    E /= np.linalg.norm(E, axis=1)[:, None]
    U /= np.linalg.norm(U, axis=1)[:, None]
    result = certified_margins(build(E, U, np.arange(12), rng=rng), E, U, np.arange(12))
    assert result.recalled.sum() >= 8
    np.testing.assert_array_equal(result.certified, result.recalled)
    assert (result.bound < 1e-5).all()


def test_certified_margins_are_exact_ones_up_to_their_bound(rng):
    E, U = rng.standard_normal((2, 4, 3))
    f = np.array([0, 1, 1, 3])
    for build in (gated(6, degree=3), two_layer(6, degree=3), two_layer(6, degree=3, step=1e-9)):
        network = build(E, U, f, rng=rng)
        result = certified_margins(network, E, U, f)
        for out, answer, margin, bound in zip(
            exactly(network, E), f, result.margin, result.bound, strict=True
        ):
            scores = [dot(u, out) for u in exact(U)]
            truth = scores[answer] - max(s for y, s in enumerate(scores) if y != answer)
            assert abs(Fraction(float(margin)) - truth) <= Fraction(float(bound))


def test_a_step_too_small_certifies_nothing(rng):
    """Outputs v / (2 eta) that cancel to 16 digits: recall, if any, is an accident of rounding."""
    E, U = rng.standard_normal((2, 6, 4))
    network = two_layer(64, degree=2, step=1e-15)(E, U, np.arange(6), rng=rng)
    assert not certified_margins(network, E, U, np.arange(6)).certified.any()
    # The linear memory of the same facts is certified where it recalls.
    linear = certified_margins(hebbian(E, U, np.arange(6), rng=rng), E, U, np.arange(6))
    assert linear.certified.any()
