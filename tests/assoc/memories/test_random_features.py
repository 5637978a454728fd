"""Read-outs by least squares against NumPy's solver, and the bilinear memory against its sum."""

import numpy as np
import pytest

from assoc import InputError, margins
from assoc.memories import random_features as readout
from assoc.memories.mlp import hidden_activation, two_layer
from assoc.memories.networks import Gated, TwoLayer
from assoc.memories.random_features import bilinear, least_squares, whitened
from tests.helpers.oracles import one_line

RIDGE = bilinear(8, ridge=True)


class Untouched:
    """A generator, or a hidden layer, that must not be used."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was used")

    def __call__(self, inputs):
        raise AssertionError("features were computed")


def seeded(seed=7):
    return np.random.default_rng(seed)


def draw(rng, N, M, d, d_out=None, dtype=np.float64):
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d_out or d))
    return E.astype(dtype), U.astype(dtype), rng.integers(0, M, N)


def unit(A):
    return A / np.linalg.norm(A, axis=1)[:, None]


def hidden(network, E):
    """Features of either network: what its V reads."""
    if isinstance(network, TwoLayer):
        return network.activation(E @ network.W.T)
    return (E @ network.W.T) * (E @ network.P.T)


# --- least squares ------------------------------------------------------------------------------


@pytest.mark.parametrize("N", [1, 2, 11, 12, 13, 40, 300])
def test_least_squares_is_numpys(rng, N):
    """Fewer facts than features, as many, and more; the map is not injective."""
    E, U, f = draw(rng, N, 5, 12, 3)
    V = least_squares(lambda e: e, 12, E, U, f)
    assert V.dtype == np.float64
    expected, *_ = np.linalg.lstsq(E, U[f], rcond=None)
    np.testing.assert_allclose(V, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("N", [10, 30])
def test_features_that_depend_on_each_other_share_the_weight(rng, N):
    """Of the read-outs that are as close the shortest, up to what the normal equations can tell."""
    E, U, f = draw(rng, N, 5, 6)

    def twice(inputs):
        return np.concatenate([inputs, inputs, 0 * inputs], axis=1)

    V = least_squares(twice, 18, E, U, f)
    expected, *_ = np.linalg.lstsq(twice(E), U[f], rcond=1e-10)
    assert np.linalg.norm(V) < 1.1 * np.linalg.norm(expected)
    assert np.linalg.norm(V - expected) < 0.2 * np.linalg.norm(expected)
    left, least = (np.linalg.norm(twice(E) @ A - U[f]) for A in (V, expected))
    assert least <= left * (1 + 1e-12)
    assert left <= least * (1 + (1e-10 if N > 18 else 0.02))


@pytest.mark.parametrize(("N", "width"), [(30, 4), (4, 30)])
def test_the_damping_is_that_of_rounding(rng, N, width):
    """(Phi^T Phi + 4 eps trace) V = Phi^T U_f: read off where one direction is 2^-25 of the others.

    Its square is the rounding of the trace, so the damping changes that part of V by a factor.
    """
    small = 2.0**-25
    left, _ = np.linalg.qr(rng.standard_normal((N, min(N, width))))
    right, _ = np.linalg.qr(rng.standard_normal((width, min(N, width))))
    values = np.ones(min(N, width))
    values[-1] = small
    phi, f = (left * values) @ right.T, np.arange(N)
    V = least_squares(lambda e: e, width, phi, np.eye(N), f)
    trace = (values**2).sum()
    filtered = (right[:, -1] @ V @ left[:, -1]) * small
    expected = small**2 / (small**2 + 4 * np.finfo(float).eps * trace)
    # The normal equations themselves are rounded to a few eps.
    assert filtered == pytest.approx(expected, rel=0.5)
    assert expected < 0.6


@pytest.mark.parametrize(("N", "width"), [(5, 3), (3, 5), (4, 4)])
def test_features_that_are_all_zero_are_read_as_zero(N, width):
    V = least_squares(
        lambda e: np.zeros((len(e), width)), width, np.eye(N), np.eye(N), np.arange(N)
    )
    np.testing.assert_array_equal(V, np.zeros((width, N)))


def test_embeddings_that_are_zero_store_nothing(rng):
    E, U, f = np.zeros((6, 4)), np.eye(6, 4), np.arange(6)
    for build in (bilinear(3), bilinear(3, ridge=True), bilinear(8, ridge=True)):
        np.testing.assert_array_equal(build(E, U, f, rng=rng).V, 0)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
@pytest.mark.parametrize("N", [5, 20])
@pytest.mark.parametrize("build", [whitened(8), RIDGE])
def test_features_that_overflow_are_refused(rng, build, N):
    E, U, f = draw(rng, N, 4, 5)
    with pytest.raises(InputError) as caught:
        build(1e150 * E, U, f, rng=rng)
    assert one_line(caught.value) == "the features overflow: rescale the embeddings"


@pytest.mark.parametrize("kind", [whitened, bilinear])
def test_what_is_left_is_orthogonal_to_the_features(rng, kind):
    """The normal equations Phi^T (Phi V - U_f) = 0, with three times as many facts as neurons."""
    E, U, f = draw(rng, 60, 40, 6, 4)
    options = {} if kind is whitened else {"ridge": True}
    network = kind(20, **options)(E, U, f, rng=rng)
    phi = hidden(network, E)
    left = phi @ network.V - U[f]
    assert np.linalg.norm(left) > 0.1 * np.linalg.norm(U[f])
    assert np.abs(phi.T @ left).max() < 1e-9 * np.linalg.norm(phi) * np.linalg.norm(left)


@pytest.mark.parametrize("build", [whitened(24), whitened(24, 2), bilinear(24, ridge=True)])
@pytest.mark.parametrize("N", [1, 12, 24])
def test_up_to_one_fact_a_neuron_is_stored_exactly(build, N):
    E, U, f = draw(seeded(), N, 9, 8)
    network = build(unit(E), U, f, rng=seeded(1))
    np.testing.assert_allclose(network(unit(E)), U[f], atol=1e-5)
    # And no more than that: twice as many are not.
    E, U, f = draw(seeded(), 48, 9, 8)
    network = build(unit(E), U, f, rng=seeded(1))
    assert np.abs(network(unit(E)) - U[f]).max() > 0.1


@pytest.mark.parametrize("N", [7, 30])
@pytest.mark.parametrize("block", [1, 4, 1000])
def test_blocks_change_nothing(rng, monkeypatch, N, block):
    E, U, f = draw(rng, N, 5, 6, 4)
    builds = (whitened(10), bilinear(10), bilinear(10, ridge=True))
    whole = [build(E, U, f, rng=seeded()).V for build in builds]
    monkeypatch.setattr(readout, "BLOCK", block)
    for build, before in zip(builds, whole, strict=True):
        after = build(E, U, f, rng=seeded()).V
        np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-8 * np.abs(before).max())


# --- the memories -------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [None, 1, 2, 4])
@pytest.mark.parametrize("N", [6, 40])
def test_the_hidden_layer_of_a_whitened_network_is_random(rng, degree, N):
    """Its W is the same whatever the facts; its V is what least squares makes of it."""
    E, U, f = draw(rng, N, 5, 4, 3)
    network = whitened(10, degree)(E, U, f, rng=seeded())
    np.testing.assert_array_equal(network.W, seeded().standard_normal((10, 4)))
    assert network.activation == hidden_activation(degree or 1)
    assert network.parameters == 10 * (4 + 3)
    expected, *_ = np.linalg.lstsq(hidden(network, E), U[f], rcond=None)
    np.testing.assert_allclose(network.V, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("ridge", [False, True])
def test_a_bilinear_memory_is_a_gated_network_of_degree_1(rng, ridge):
    E, U, f = draw(rng, 9, 5, 4, 3)
    network = bilinear(7, ridge=ridge)(E, U, f, rng=rng)
    assert isinstance(network, Gated)
    assert network.degree == 1
    assert network.parameters == 7 * (4 + 4 + 3)
    other = rng.standard_normal((6, 4))
    by_hand = [
        sum((a @ e) * (b @ e) * v for a, b, v in zip(network.W, network.P, network.V, strict=True))
        for e in other
    ]
    np.testing.assert_allclose(network(other), by_hand, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("N", [1, 20, 3000])
def test_the_hebbian_read_out_by_hand(rng, N):
    """V = (1/m) sum_x phi(e_x) u_f(x)^T, one fact at a time, over more than a block of them."""
    E, U, f = draw(rng, N, 5, 4, 3)
    network = bilinear(7)(E, U, f, rng=rng)
    by_hand = np.zeros((7, 3))
    for e, y in zip(E, f, strict=True):
        by_hand += np.outer((network.W @ e) * (network.P @ e), U[y]) / 7
    np.testing.assert_allclose(network.V, by_hand, rtol=1e-9, atol=1e-10)


def test_the_two_factors_are_drawn_apart(rng):
    E, U, f = draw(rng, 5, 5, 20)
    network = bilinear(200)(E, U, f, rng=seeded())
    for A in (network.W, network.P):
        # 4000 normal entries: 5 standard errors.
        assert abs(A.mean()) < 5 / np.sqrt(4000)
        assert abs((A**2).mean() - 1) < 5 * np.sqrt(2 / 4000)
    assert abs((network.W * network.P).mean()) < 5 / np.sqrt(4000)


def test_a_bilinear_memory_has_the_kernel_of_its_limit():
    """F(e) tends to sum_x u_f(x) <e_x, e>^2 as m grows: E over A_0 and A_1, each a kernel."""
    E, U, f = draw(seeded(), 5, 4, 4)
    E = unit(E)
    out = bilinear(40_000)(E, U, f, rng=seeded())(E)
    limit = (E @ E.T) ** 2 @ U[f]
    assert np.linalg.norm(out - limit) < 0.1 * np.linalg.norm(limit)


def test_a_wider_bilinear_memory_begins_with_the_narrower_one(rng):
    E, U, f = draw(rng, 10, 5, 4)
    narrow, wide = (bilinear(m)(E, U, f, rng=seeded()) for m in (6, 15))
    np.testing.assert_array_equal(wide.W[:6], narrow.W)
    np.testing.assert_array_equal(wide.P[:6], narrow.P)
    np.testing.assert_allclose(wide.V[:6] * 15, narrow.V * 6, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("build", [whitened(8), whitened(8, 3), bilinear(8), RIDGE])
@pytest.mark.parametrize("N", [5, 20])
def test_precision_is_that_of_the_embeddings(rng, build, N):
    E, U, f = draw(rng, N, 4, 5, 3)
    for inputs, outputs, expected in (
        (np.float32, np.float32, np.float32),
        (np.float32, np.float64, np.float64),
        (np.float64, np.float32, np.float64),
        (np.float64, np.float64, np.float64),
    ):
        network = build(E.astype(inputs), U.astype(outputs), f, rng=rng)
        assert network.W.dtype == network.V.dtype == expected
        assert getattr(network, "P", network.W).dtype == expected


@pytest.mark.parametrize("N", [20, 30, 100])
def test_single_precision_is_fitted_in_double(N):
    """Only the finished read-out is rounded: the normal equations of float32 would lose it all."""
    E, U, f = draw(seeded(), N, 20, 8, dtype=np.float32)
    network = whitened(30)(E, U, f, rng=seeded())
    phi = hidden(network, E.astype(np.float64))
    # The activation in float64 of weights in float32, as least squares saw it.
    expected, *_ = np.linalg.lstsq(phi, U[f].astype(np.float64), rcond=None)
    assert np.linalg.norm(network.V - expected) < 3e-6 * np.linalg.norm(expected)


@pytest.mark.parametrize("N", [100, 200])
@pytest.mark.parametrize(
    ("fitted", "summed"),
    [(whitened(128), two_layer(128)), (bilinear(128, ridge=True), bilinear(128))],
    ids=["two-layer", "bilinear"],
)
def test_least_squares_recalls_more_than_the_hebbian_sum(fitted, summed, N):
    """At the same width, so the same number of parameters."""
    E, U, _ = draw(seeded(), N, N, 16)
    E, U, f = unit(E), unit(U), np.arange(N)
    networks = [build(E, U, f, rng=seeded()) for build in (fitted, summed)]
    more, fewer = ((margins(network, E, U, f) > 0).mean() for network in networks)
    assert networks[0].parameters == networks[1].parameters
    assert more > 0.8
    assert fewer < 0.6


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, -1, 2.5, 4.0, True, "4", None, np.nan])
@pytest.mark.parametrize("kind", [whitened, bilinear])
def test_a_bad_width_is_refused(kind, width):
    with pytest.raises(InputError) as caught:
        kind(width)
    assert one_line(caught.value) == f"width {width!r} is not a positive integer"


@pytest.mark.parametrize("degree", [0, 7, True, 2.0, "2"])
def test_a_bad_degree_is_refused(degree):
    with pytest.raises(InputError) as caught:
        whitened(4, degree)
    assert one_line(caught.value) == f"degree {degree!r} is not an integer from 1 to 6"


@pytest.mark.parametrize("build", [whitened(10**12), bilinear(10**12), whitened(10**30)])
def test_what_cannot_fit_is_not_begun(rng, build):
    E, U, f = draw(rng, 5, 5, 3)
    with pytest.raises(InputError, match=r"^width m = 10+.*: the weights take .* GB; ") as caught:
        build(E, U, f, rng=Untouched())
    one_line(caught.value)


@pytest.mark.parametrize(
    ("N", "width", "entries", "said"),
    [
        (60, 20, 2 * 20**2, "width m = 20, N = 60: the normal equations take"),
        (20, 20, 2 * 20**2, "width m = 20, N = 20: the normal equations take"),
        (20, 60, 2 * 20 * 60, "width m = 60, N = 20: the features take"),
    ],
)
def test_the_limit_counts_the_equations(rng, leave_free, N, width, entries, said):
    E, U, f = draw(rng, N, 5, width)
    leave_free(8 * entries)
    assert least_squares(lambda e: e, width, E, U, f).shape == (width, width)
    leave_free(8 * entries - 1)
    with pytest.raises(InputError, match=said) as caught:
        least_squares(Untouched(), width, E, U, f)
    one_line(caught.value)


@pytest.mark.parametrize("build", [whitened(4), bilinear(4), RIDGE])
@pytest.mark.parametrize(
    ("f", "said"),
    [([0, 1, -1], r"f\[2\] = -1"), ([0, 1, 3], r"f\[2\] = 3"), ([0, 1], "f must be 3 integers")],
)
def test_a_map_out_of_range_builds_nothing(rng, build, f, said):
    with pytest.raises(InputError, match=said) as caught:
        build(np.eye(3), np.eye(3), np.array(f), rng=rng)
    one_line(caught.value)
