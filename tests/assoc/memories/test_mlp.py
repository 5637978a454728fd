"""Gated and two-layer networks against loops over neurons, and the limit between the two."""

import math

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from assoc import InputError, margins
from assoc.checks import check_width
from assoc.memories import networks
from assoc.memories.hermite import DEGREES, fourth_moment, hermite, sphere_moment
from assoc.memories.mlp import choose_degree, choose_step, gated, hidden_activation, two_layer
from assoc.memories.networks import Gated, TwoLayer
from tests.helpers.oracles import one_line


class Untouched:
    """A generator that must not be drawn from."""

    def __getattr__(self, name):
        raise AssertionError(f"rng.{name} was used")


def seeded(seed=7):
    return np.random.default_rng(seed)


def draw(rng, N, M, d, d_out=None, dtype=np.float64):
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d_out or d))
    f = rng.integers(0, M, N)
    return (E / np.sqrt(d)).astype(dtype), (U / np.sqrt(d_out or d)).astype(dtype), f


def gated_by_hand(network, E):
    """sum_i v_i h_k(<w_i, e>) <p_i, e>, a neuron at a time, in float64."""
    W, P, V, E = (np.asarray(A, np.float64) for A in (network.W, network.P, network.V, E))
    h = hermite(network.degree)
    out = np.zeros((len(E), V.shape[1]))
    for x, e in enumerate(E):
        for w, p, v in zip(W, P, V, strict=True):
            out[x] += v * h(np.dot(w, e)) * np.dot(p, e)
    return out


def two_layer_by_hand(network, E):
    """sum_i v_i sigma(<w_i, e>), a neuron at a time, in float64."""
    W, V, E = (np.asarray(A, np.float64) for A in (network.W, network.V, E))
    out = np.zeros((len(E), V.shape[1]))
    for x, e in enumerate(E):
        for w, v in zip(W, V, strict=True):
            out[x] += v * network.activation(np.dot(w, e))
    return out


def distance(A, B):
    """Root mean square of the difference, relative to B."""
    return np.linalg.norm(A - B) / np.linalg.norm(B)


# --- the networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("k", DEGREES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_gated_is_its_sum_over_neurons(rng, k, dtype, tolerance):
    shapes = ((9, 4), (9, 4), (9, 3), (6, 4))
    W, P, V, E = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    network = Gated(W, P, V, k)
    assert network(E).dtype == dtype
    assert distance(network(E), gated_by_hand(network, E)) < tolerance
    assert network.parameters == 9 * (4 + 4 + 3)


@pytest.mark.parametrize(
    "activation", [hidden_activation(2), Polynomial([1, -2, 0, 3]), Polynomial([0, 1])]
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_two_layer_is_its_sum_over_neurons(rng, activation, dtype, tolerance):
    W, V, E = (rng.standard_normal(shape).astype(dtype) for shape in ((8, 4), (8, 3), (6, 4)))
    network = TwoLayer(W, V, activation)
    assert network(E).dtype == dtype
    assert distance(network(E), two_layer_by_hand(network, E)) < tolerance
    np.testing.assert_allclose(network.hidden(E) @ V, network(E), rtol=1e-4, atol=1e-4)
    assert network.parameters == 8 * (4 + 3)


@pytest.mark.parametrize("k", DEGREES)
def test_the_activation_is_the_integral_of_the_gate(k):
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(hidden_activation(k).deriv()(x), hermite(k)(x), atol=1e-12)
    # The constant of integration is the one of mean zero: sigma is h_{k+1} / sqrt(k+1).
    np.testing.assert_allclose(hidden_activation(k)(x), hermite(k + 1)(x) / math.sqrt(k + 1))


# --- the gated memory ---------------------------------------------------------------------------


@pytest.mark.parametrize("k", DEGREES)
def test_what_is_let_through_is_the_sum_over_facts(rng, k):
    """p_i = (1/m) sum_x h_k(<w_i, e_x>) <v_i, u_f(x)> e_x; the map is not injective."""
    E, U, f = draw(rng, N=20, M=5, d=4, d_out=3)
    network = gated(7, degree=k)(E, U, f, rng=rng)
    assert (network.W.shape, network.P.shape, network.V.shape) == ((7, 4), (7, 4), (7, 3))
    assert network.degree == k
    assert network.parameters == 7 * (4 + 4 + 3)
    for w, p, v in zip(network.W, network.P, network.V, strict=True):
        by_hand = sum(hermite(k)(w @ e) * (v @ U[y]) * e for e, y in zip(E, f, strict=True)) / 7
        np.testing.assert_allclose(p, by_hand, rtol=1e-10, atol=1e-12)


def test_outputs_are_on_a_sphere_and_gates_are_normal():
    """4000 entries of W: mean within 5 / sqrt(4000), square within 5 sqrt(2 / 4000)."""
    E, U, f = draw(seeded(), N=5, M=5, d=4, d_out=9)
    network = gated(1000, degree=1)(E, U, f, rng=seeded())
    np.testing.assert_allclose(np.linalg.norm(network.V, axis=1), 3, rtol=1e-12)
    assert abs(network.V.mean()) < 5 / math.sqrt(9000)
    assert abs(network.W.mean()) < 5 / math.sqrt(4000)
    assert abs((network.W**2).mean() - 1) < 5 * math.sqrt(2 / 4000)


@pytest.mark.parametrize(("k", "tolerance"), [(1, 0.04), (2, 0.08), (3, 0.16)])
def test_a_wide_network_has_the_kernel_of_the_limit(k, tolerance):
    """F(e) tends to sum_x u_f(x) <e_x, e>^{k+1} when |e| = 1: E vv^T = I and Mehler's formula.

    40000 neurons: the error is 1 / sqrt(m) times a constant of the order of sqrt(E h_k^4 d).
    """
    E, U, f = draw(seeded(), N=5, M=4, d=4)
    E /= np.linalg.norm(E, axis=1)[:, None]
    network = gated(40_000, degree=k)(E, U, f, rng=seeded())
    limit = (E @ E.T) ** (k + 1) @ U[f]
    assert distance(network(E), limit) < tolerance


def test_facts_are_recalled():
    """Twelve facts in eight dimensions, of which two pairs share an output."""
    E, U, _ = draw(seeded(), N=12, M=12, d=8)
    E /= np.linalg.norm(E, axis=1)[:, None]
    U /= np.linalg.norm(U, axis=1)[:, None]
    f = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 9])
    for build in (gated(4096, degree=2), two_layer(8192, degree=2)):
        assert (margins(build(E, U, f, rng=seeded()), E, U, f) > 0).all()
        # A few neurons are not enough, so the width is what does it.
    assert (margins(gated(4, degree=2)(E, U, f, rng=seeded()), E, U, f) <= 0).any()


def test_a_wider_network_begins_with_the_narrower_one(rng):
    E, U, f = draw(rng, N=10, M=10, d=4, d_out=3)
    narrow, wide = (gated(m, degree=2)(E, U, f, rng=seeded()) for m in (6, 20))
    np.testing.assert_array_equal(wide.W[:6], narrow.W)
    np.testing.assert_array_equal(wide.V[:6], narrow.V)
    np.testing.assert_allclose(wide.P[:6] * 20, narrow.P * 6, rtol=1e-12, atol=1e-15)
    other = gated(6, degree=2)(E, U, f, rng=seeded(8))
    assert not np.isclose(other.W, narrow.W).any()


@pytest.mark.parametrize("kind", [gated, two_layer])
def test_precision_is_that_of_the_embeddings(rng, kind):
    E, U, f = draw(rng, N=10, M=6, d=4)
    for inputs, outputs, expected in (
        (np.float32, np.float32, np.float32),
        (np.float32, np.float64, np.float64),
        (np.float64, np.float32, np.float64),
        (np.float64, np.float64, np.float64),
    ):
        network = kind(8, degree=2)(E.astype(inputs), U.astype(outputs), f, rng=seeded())
        assert network.W.dtype == network.V.dtype == expected
        assert getattr(network, "P", network.W).dtype == expected


def test_a_step_in_double_leaves_single_precision_alone(rng):
    E, U, f = draw(rng, N=10, M=6, d=4, dtype=np.float32)
    network = two_layer(8, degree=2, step=np.float64(0.1))(E, U, f, rng=rng)
    assert network.W.dtype == network.V.dtype == np.float32


@pytest.mark.parametrize("tile", [(1, 1), (3, 5), (7, 2), (100, 4), (4, 100)])
def test_tiles_change_nothing(rng, monkeypatch, tile):
    E, U, f = draw(rng, N=23, M=9, d=4, d_out=3)

    def everything():
        single = gated(10, degree=3)(E, U, f, rng=seeded())
        paired = two_layer(20, degree=3, step=0.01)(E, U, f, rng=seeded())
        steps = np.array([choose_step(single, E)])
        bounds = single.rounding_error(E), paired.rounding_error(E)
        return single.P, single(E), paired(E), steps, *bounds

    whole = everything()
    monkeypatch.setattr(networks, "ROWS", tile[0])
    monkeypatch.setattr(networks, "NEURONS", tile[1])
    for tiled, before in zip(everything(), whole, strict=True):
        np.testing.assert_allclose(tiled, before, rtol=1e-9, atol=1e-11 * np.abs(before).max())


# --- the two-layer memory -----------------------------------------------------------------------


def test_neurons_come_in_pairs(rng):
    """w +- eta p with outputs +- v / (2 eta): the gated network of half the width, split."""
    E, U, f = draw(rng, N=10, M=6, d=4, d_out=3)
    half = gated(5, degree=3)(E, U, f, rng=seeded())
    network = two_layer(10, degree=3, step=0.25)(E, U, f, rng=seeded())
    assert network.parameters == 10 * (4 + 3)
    np.testing.assert_allclose(network.W[:5] + network.W[5:], 2 * half.W, rtol=1e-12)
    np.testing.assert_allclose(network.W[:5] - network.W[5:], half.P / 2, atol=1e-12)
    np.testing.assert_allclose(network.V[:5], 2 * half.V)
    np.testing.assert_array_equal(network.V[5:], -network.V[:5])
    assert network.activation == hidden_activation(3)


@pytest.mark.parametrize("step", [1e-3, 0.1, 1.0, 30.0, 1e3])
def test_squares_differ_exactly(rng, step):
    """With k = 1 the two-layer network is the gated one, whatever the step."""
    E, U, f = draw(rng, N=12, M=8, d=4)
    network = two_layer(20, degree=1, step=step)(E, U, f, rng=seeded())
    limit = gated(10, degree=1)(E, U, f, rng=seeded())
    # Cancellation costs a factor 1 / step below 1, and step above.
    assert distance(network(E), limit(E)) < 1e-13 * max(step, 1 / step)


@pytest.mark.parametrize("k", range(2, 7))
def test_the_limit_is_approached_to_second_order(rng, k):
    E, U, f = draw(rng, N=10, M=10, d=6)
    limit = gated(16, degree=k)(E, U, f, rng=seeded())(E)
    steps = 2.0 ** -np.arange(4, 10)
    errors = [
        distance(two_layer(32, degree=k, step=step)(E, U, f, rng=seeded())(E), limit)
        for step in steps
    ]
    slope, _ = np.polyfit(np.log(steps), np.log(errors), 1)
    assert slope == pytest.approx(2, abs=0.05)


# --- the degree ---------------------------------------------------------------------------------


def test_the_degree_needs_the_fewest_neurons():
    """The stated condition, solved for m, over a grid; the largest degree where none will do."""
    seen = set()
    for d in (2, 8, 24, 64, 256):
        for N in (1, 2, 10, 10**2, 10**3, 10**4, 10**5, 10**6, 10**9, 1e30):
            needed = {}
            for k in DEGREES:
                budget = 1 / (2 * math.log(max(N, 2))) - N / d * sphere_moment(d, k + 1)
                if budget > 0:
                    needed[k] = (N / d + fourth_moment(k)) / budget
            expected = min(needed, key=needed.get) if needed else 6
            assert choose_degree(N, d) == expected
            seen.add((expected, bool(needed)))
    assert {k for k, _ in seen} == set(DEGREES)
    assert (6, False) in seen


def test_the_default_degree_is_the_chosen_one():
    E, U, f = draw(seeded(), N=40, M=40, d=8)
    k = choose_degree(40, 8)
    assert k > 1
    assert gated(4)(E, U, f, rng=seeded()).degree == k
    assert two_layer(4)(E, U, f, rng=seeded()).activation == hidden_activation(k)


# --- bad input ----------------------------------------------------------------------------------

BAD_WIDTHS = [0, -1, 2.5, 4.0, True, "4", None, math.nan]


@pytest.mark.parametrize("kind", [gated, two_layer, check_width])
@pytest.mark.parametrize("width", BAD_WIDTHS)
def test_a_bad_width_is_refused(kind, width):
    with pytest.raises(InputError) as caught:
        kind(width)
    assert one_line(caught.value) == f"width {width!r} is not a positive integer"


def test_widths_are_plain_integers(rng):
    for kind in (np.int64, np.int32, np.uint8):
        assert type(check_width(kind(4))) is int
        assert check_width(kind(4)) == 4
    # 2^30 neurons of 6 numbers, twice: more than an int32 counts to.
    E, U, f = draw(rng, N=5, M=5, d=3)
    for kind in (gated, two_layer):
        with pytest.raises(InputError, match="the weights take"):
            kind(np.int32(2**30))(E, U, f, rng=Untouched())


@pytest.mark.parametrize("width", [1, 3, 101])
def test_an_odd_width_is_refused(width):
    with pytest.raises(InputError) as caught:
        two_layer(width)
    assert one_line(caught.value) == (
        f"width {width} is odd: neurons of the two-layer memory come in pairs"
    )


@pytest.mark.parametrize("step", [0, 0.0, -1, -1e-9, math.nan, math.inf, -math.inf])
def test_a_bad_step_is_refused(step):
    with pytest.raises(InputError) as caught:
        two_layer(4, step=step)
    assert one_line(caught.value) == f"step {step} is not a positive number"


@pytest.mark.parametrize("kind", [gated, two_layer])
@pytest.mark.parametrize("degree", [0, 7, True, 2.0])
def test_a_bad_degree_is_refused_at_once(kind, degree):
    with pytest.raises(InputError, match=f"^degree {degree} is not an integer from 1 to 6$"):
        kind(4, degree=degree)


@pytest.mark.parametrize("kind", [gated, two_layer])
@pytest.mark.parametrize("width", [10**12, 10**30])
def test_what_cannot_fit_is_not_begun(rng, kind, width):
    E, U, f = draw(rng, N=5, M=5, d=3)
    with pytest.raises(
        InputError, match=r"^width m = [15]0+ of gates, d = 3: the weights take .* GB; "
    ) as c:
        kind(width)(E, U, f, rng=Untouched())
    one_line(c.value)


def test_the_limit_counts_the_weights(rng, leave_free):
    """Twice 8 x (4 + 3) numbers: just enough, and then one byte short."""
    for dtype in (np.float32, np.float64):
        E, U, f = draw(rng, N=5, M=5, d=4, d_out=3, dtype=dtype)
        size = 2 * 8 * (4 + 3) * np.dtype(dtype).itemsize
        leave_free(size)
        assert gated(8, degree=1)(E, U, f, rng=rng).parameters == 8 * 11
        leave_free(size - 1)
        with pytest.raises(InputError, match="the weights take"):
            gated(8, degree=1)(E, U, f, rng=Untouched())


@pytest.mark.parametrize("kind", [gated, two_layer])
@pytest.mark.parametrize(
    ("f", "said"),
    [([0, 1, -1], r"f\[2\] = -1"), ([0, 1, 3], r"f\[2\] = 3"), ([0, 1], "f must be 3 integers")],
)
def test_a_map_out_of_range_builds_nothing(kind, f, said):
    with pytest.raises(InputError, match=said) as caught:
        kind(4)(np.eye(3), np.eye(3), np.array(f), rng=Untouched())
    one_line(caught.value)
