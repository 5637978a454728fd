"""Fitted bilinear memories: each step against an explicit solver, recall, and what cannot be."""

import numpy as np
import pytest

from assoc import InputError, certified_margins, margins
from assoc.memories import fitted_features as module
from assoc.memories.fitted_features import factor_step, fitted, output_step
from assoc.memories.networks import Gated
from assoc.memories.random_features import bilinear
from tests.helpers.oracles import one_line

TARGETS = ("answers", "margins")
every_target = pytest.mark.parametrize("targets", TARGETS)


class Untouched:
    """A generator that must not be used."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was used")


def seeded(seed=7):
    return np.random.default_rng(seed)


def unit(A):
    return A / np.linalg.norm(A, axis=1)[:, None]


def draw(N, M, d, d_out=None, seed=0):
    """Unit embeddings and the identity, or as much of it as there are outputs."""
    rng = seeded(seed)
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d_out or d))
    return unit(E), unit(U), np.arange(N) % M


def same(one, other):
    return all(np.array_equal(getattr(one, k), getattr(other, k)) for k in ("W", "P", "V"))


# --- steps --------------------------------------------------------------------------------------


def blocks(rng, N=12, m=4, d=3, d_out=5):
    """Weighted inputs X, activations B of the other factor, outputs V and what is left."""
    return (
        rng.standard_normal((N, d)),
        rng.standard_normal((N, m)),
        rng.standard_normal((m, d_out)),
        rng.standard_normal((N, d_out)),
    )


def design(X, B, V):
    """The explicit matrix that takes D (m d entries) to V^T (B_x * D e_x) for all x."""
    return np.einsum("io,xi,xj->xoij", V, B, X).reshape(len(X) * V.shape[1], -1)


def padded(matrix, target, damping):
    """Least squares with damping (one per unknown) as least squares without."""
    rows = np.concatenate([matrix, np.diag(np.sqrt(damping))])
    zeros = np.zeros((matrix.shape[1], *target.shape[1:]))
    return np.linalg.lstsq(rows, np.concatenate([target, zeros]), rcond=None)[0]


@pytest.mark.parametrize("damping", [0.0, 1e-3, 0.5])
def test_the_step_of_a_factor_solves_its_normal_equations(rng, damping):
    X, B, V, left = blocks(rng)
    step = factor_step(X, B, V, left, damping, steps=100)
    J = design(X, B, V)
    expected = padded(J, left.ravel(), damping * (J**2).sum(axis=0))
    np.testing.assert_allclose(step.ravel(), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("N", "damping"), [(20, 0.0), (20, 1e-6), (20, 0.5), (3, 1e-6), (3, 0.5)])
def test_the_step_of_the_outputs_solves_its_normal_equations(rng, N, damping):
    """Also with fewer facts than features, if it is damped."""
    phi, left = rng.standard_normal((N, 6)), rng.standard_normal((N, 4))
    each = damping * np.trace(phi.T @ phi) / 6
    expected = padded(phi, left, np.full(6, each))
    np.testing.assert_allclose(output_step(phi, left, damping), expected, rtol=1e-6, atol=1e-8)


def test_every_step_of_conjugate_gradients_is_downhill(rng):
    X, B, V, left = blocks(rng)
    J = design(X, B, V)
    h = 0.01 * (J**2).sum(axis=0)

    def objective(D):
        return np.sum((J @ D.ravel() - left.ravel()) ** 2) + h @ D.ravel() ** 2

    values = [objective(factor_step(X, B, V, left, 0.01, steps=n)) for n in range(13)]
    assert values[0] == pytest.approx(np.sum(left**2))
    assert (np.diff(values) < 0).all()


def test_the_curvature_is_that_of_each_entry(rng):
    """Inputs whose coordinates have very different sizes are solved in as few steps as others."""
    X, B, V, left = blocks(rng, d=1, m=3)
    sizes = np.array([1e-6, 1.0, 1e6])
    plain = factor_step(X, B, V, left, 1e-3, steps=3)
    uneven = factor_step(X, B * sizes, V, left, 1e-3, steps=3)
    np.testing.assert_allclose(uneven * sizes[:, None], plain, rtol=1e-9)


def test_nothing_to_fit_is_no_step():
    X, B, V, left = blocks(seeded())
    none = np.zeros_like
    assert not factor_step(X, B, V, none(left)).any()
    assert not factor_step(none(X), B, V, left).any()
    assert not factor_step(X, none(B), V, left).any()
    assert not factor_step(X, B, none(V), left).any()
    assert not output_step(none(B), left).any()


def test_sweeps_never_raise_the_weighted_sum_of_squares(rng):
    E, U, f = draw(60, 60, 8)
    weight = rng.uniform(0.1, 10, 60)
    root = np.sqrt(weight)[:, None]
    A, V = [rng.standard_normal((6, 8)) for _ in range(2)], np.zeros((6, 8))
    values = [weight @ (U[f] ** 2).sum(axis=1)]

    def left():
        rest = U[f] - ((E @ A[0].T) * (E @ A[1].T)) @ V
        values.append(weight @ (rest**2).sum(axis=1))
        return root * rest

    for _ in range(20):
        V = V + output_step(root * (E @ A[0].T) * (E @ A[1].T), left())
        for k in (0, 1):
            A[k] = A[k] + factor_step(root * E, E @ A[1 - k].T, V, left())
    left()
    assert (np.diff(values) <= 1e-12 * values[0]).all()
    # Random features leave 0.9 of it; fitted ones a good deal less.
    assert values[-1] < 0.7 * values[2]


# --- recall -------------------------------------------------------------------------------------


@every_target
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_is_recalled_at_a_width_at_which_random_features_fail(targets, dtype):
    E, U, f = draw(128, 128, 32)
    E, U = E.astype(dtype), U.astype(dtype)
    network = fitted(16, targets=targets)(E, U, f, rng=seeded())
    assert network.W.dtype == network.P.dtype == network.V.dtype == dtype
    assert network.parameters == 3 * 16 * 32
    assert network.degree == 1
    assert certified_margins(network, E, U, f).certified.all()
    ridge = bilinear(16, ridge=True)(E, U, f, rng=seeded())
    assert (margins(ridge, E, U, f) > 0).mean() < 0.5


def test_margins_need_a_narrower_network_than_answers():
    E, U, f = draw(128, 128, 32)
    answers, by_margin = (
        fitted(6, targets=targets, sweeps=200)(E, U, f, rng=seeded()) for targets in TARGETS
    )
    assert (margins(answers, E, U, f) > 0).sum() < 110
    assert (margins(by_margin, E, U, f) > 0).all()


@every_target
def test_weights_recall_what_equal_weights_do_not(monkeypatch, targets):
    E, U, f = draw(128, 128, 32)
    build = fitted({"answers": 8, "margins": 6}[targets], targets=targets, sweeps=200)
    weighted = build(E, U, f, rng=seeded())
    assert (margins(weighted, E, U, f) > 0).all()
    monkeypatch.setattr(module, "GROWTH", {targets: 1.0})
    equal = build(E, U, f, rng=seeded())
    assert not (margins(equal, E, U, f) > 0).all()


@every_target
@pytest.mark.parametrize(
    ("N", "M", "d", "d_out", "width"),
    [(90, 90, 16, 24, 16), (90, 90, 24, 16, 20), (60, 200, 16, 16, 16), (120, 12, 16, 16, 12)],
)
def test_any_map_and_any_shape(targets, N, M, d, d_out, width):
    """Inputs and outputs of other lengths; more outputs than facts; ten facts an output."""
    E, U, _ = draw(N, M, d, d_out)
    f = seeded().permutation(M)[np.arange(N) % M]
    network = fitted(width, targets=targets)(E, U, f, rng=seeded())
    assert network.parameters == width * (2 * d + d_out)
    assert certified_margins(network, E, U, f).certified.all()


@every_target
def test_lengths_of_the_embeddings_may_differ(targets):
    E, U, f = draw(100, 100, 24)
    E = E * seeded(1).uniform(0.2, 5, (100, 1))
    U = U * seeded(2).uniform(0.8, 1.25, (100, 1))
    network = fitted(24, targets=targets)(E, U, f, rng=seeded())
    assert (margins(network, E, U, f) > 0).all()


@every_target
@pytest.mark.parametrize("width", [6, 16])
def test_units_change_nothing(targets, width):
    """By powers of two nothing is rounded, and the very same network comes out, in new units."""
    E, U, f = draw(100, 100, 24)
    build = fitted(width, targets=targets, sweeps=30)
    network = build(E, U, f, rng=seeded())
    scaled = build(E * 2.0**-40, U * 2.0**30, f, rng=seeded())
    np.testing.assert_array_equal(scaled.W * 2.0**-40, network.W)
    np.testing.assert_array_equal(scaled.P * 2.0**-40, network.P)
    np.testing.assert_array_equal(scaled.V * 2.0**-30, network.V)


@every_target
@pytest.mark.parametrize("width", [4, 16])
def test_the_same_seed_gives_the_same_network(targets, width):
    E, U, f = draw(100, 100, 24)
    build = fitted(width, targets=targets, sweeps=40)
    assert same(build(E, U, f, rng=seeded()), build(E, U, f, rng=seeded()))
    assert not same(build(E, U, f, rng=seeded()), build(E, U, f, rng=seeded(8)))


@every_target
def test_blocks_of_scores_change_nothing(monkeypatch, targets):
    E, U, f = draw(100, 100, 24)
    build = fitted(10, targets=targets, sweeps=20)
    whole = build(E, U, f, rng=seeded())
    monkeypatch.setattr(module, "SCORES", 700)
    after = build(E, U, f, rng=seeded())
    np.testing.assert_allclose(after.V, whole.V, rtol=1e-6, atol=1e-8)


# --- when it stops ------------------------------------------------------------------------------


@every_target
def test_it_stops_when_all_is_recalled(targets):
    E, U, f = draw(128, 128, 32)
    networks = [fitted(16, targets=targets, sweeps=n)(E, U, f, rng=seeded()) for n in (100, 150)]
    assert same(*networks)


def test_what_random_features_hold_is_not_fitted():
    E, U, f = draw(20, 20, 8)
    network, random = (build(E, U, f, rng=seeded()) for build in (fitted(40), bilinear(40)))
    np.testing.assert_allclose(unit(network.W), unit(random.W), rtol=1e-12)
    np.testing.assert_allclose(unit(network.P), unit(random.P), rtol=1e-12)
    np.testing.assert_allclose(network(E), U[f], atol=1e-3)


@every_target
def test_otherwise_the_best_sweep_is_returned(targets):
    """More sweeps never recall less, though a later sweep may."""
    E, U, f = draw(128, 128, 32)
    counts = [
        int(
            (
                margins(fitted(3, targets=targets, sweeps=n)(E, U, f, rng=seeded()), E, U, f) > 0
            ).sum()
        )
        for n in (1, 2, 4, 8, 16, 32, 64)
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] < 128


@every_target
def test_recall_is_judged_on_what_is_stored(monkeypatch, targets):
    """With weights of four bits the first sweep that recalls all in full precision is too early."""

    def coarse(*weights_and_degree):
        *weights, degree = weights_and_degree
        return Gated(*(rounded(A) for A in weights), degree)

    def rounded(A):
        mantissa, exponent = np.frexp(A)
        return np.ldexp(np.round(mantissa * 8) / 8, exponent)

    E, U, f = draw(128, 128, 32)
    build = fitted(12, targets=targets)
    exact = build(E, U, f, rng=seeded())
    assert not (margins(coarse(exact.W, exact.P, exact.V, 1), E, U, f) > 0).all()
    monkeypatch.setattr(module, "Gated", coarse)
    stored = build(E, U, f, rng=seeded())
    np.testing.assert_array_equal(stored.V, rounded(stored.V))
    assert (margins(stored, E, U, f) > 0).all()


# --- what cannot be recalled --------------------------------------------------------------------


@every_target
@pytest.mark.parametrize(("N", "M"), [(1, 1), (1, 3), (4, 1)])
def test_one_fact_or_one_output(targets, N, M):
    E, U, f = draw(N, M, 3)
    network = fitted(2, targets=targets)(E, U, f, rng=seeded())
    assert (margins(network, E, U, f) > 0).all()


@every_target
def test_outputs_with_one_embedding_tie_and_the_others_are_recalled(targets):
    E, U, f = draw(60, 60, 16)
    U[1] = U[0]
    network = fitted(14, targets=targets, sweeps=100)(E, U, f, rng=seeded())
    margin = margins(network, E, U, f)
    assert (margin[:2] <= 0).all()
    assert (margin[2:] > 0).all()


@every_target
def test_of_two_answers_to_one_input_one_is_recalled_at_most(targets):
    E, U, f = draw(60, 60, 16)
    E[1] = E[0]
    network = fitted(14, targets=targets, sweeps=100)(E, U, f, rng=seeded())
    margin = margins(network, E, U, f)
    assert (margin[:2] > 0).sum() <= 1
    assert (margin[2:] > 0).all()


@every_target
def test_weights_are_bounded(monkeypatch, targets):
    """However long a fact stays hard: a million per sweep would overflow after fifty."""
    monkeypatch.setattr(module, "GROWTH", {targets: 1e6})
    E, U, f = draw(40, 40, 8)
    E[1] = E[0]
    network = fitted(6, targets=targets, sweeps=70)(E, U, f, rng=seeded())
    assert np.isfinite(network(E)).all()


@every_target
@pytest.mark.parametrize("zero", ["E", "U", "both"])
def test_embeddings_that_are_zero_are_not_recalled(targets, zero):
    E, U, f = draw(6, 6, 4)
    E, U = E * (zero == "U"), U * (zero == "E")
    network = fitted(3, targets=targets, sweeps=10)(E, U, f, rng=seeded())
    assert np.isfinite(network.V).all()
    assert not (margins(network, E, U, f) > 0).any()


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, -1, 2.5, 4.0, True, "4", None, np.nan])
def test_a_bad_width_is_refused(width):
    with pytest.raises(InputError) as caught:
        fitted(width)
    assert one_line(caught.value) == f"width {width!r} is not a positive integer"


@pytest.mark.parametrize("sweeps", [0, -1, 2.0, True, "4", None])
def test_a_bad_number_of_sweeps_is_refused(sweeps):
    with pytest.raises(InputError) as caught:
        fitted(4, sweeps=sweeps)
    assert one_line(caught.value) == f"sweeps {sweeps!r} is not a positive integer"


def test_unknown_targets_are_refused():
    with pytest.raises(InputError) as caught:
        fitted(4, targets="softmax")
    assert one_line(caught.value) == "targets 'softmax': one of answers, margins is needed"


def test_what_cannot_fit_is_not_begun(leave_free):
    E, U, f = draw(50, 50, 8)
    with pytest.raises(InputError, match=r"^width m = 10+, N = 50: the features and weights take"):
        fitted(10**12)(E, U, f, rng=Untouched())
    # Many facts count too, though their scores are never held all at a time.
    leave_free(8 * (module.SCORES + 6 * 50 * (4 + 8 + 8)))
    with pytest.raises(InputError, match=r"^width m = 4, N = 50: ") as caught:
        fitted(4)(E, U, f, rng=Untouched())
    one_line(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"E": np.full((3, 3), np.nan)}, "E: row 0 has a value that is not finite"),
        ({"U": np.eye(3)[0]}, "U: a matrix (n, d) is needed, not an array of shape (3,)"),
        ({"f": np.array([0, 1, 3])}, "f[2] = 3 is not an output: M = 3"),
        ({"f": np.array([0, 1])}, "f must be 3 integers, not int64 of shape (2,)"),
    ],
)
def test_bad_facts_build_nothing(change, said):
    given = {"E": np.eye(3), "U": np.eye(3), "f": np.arange(3), **change}
    with pytest.raises(InputError) as caught:
        fitted(4)(**given, rng=Untouched())
    assert one_line(caught.value) == said
