"""Proofs that no read-out recalls everything, against linear programs and dense linear algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.memories.refutation import refutation
from assoc.memories.separation import separate


def constraints(P, U, f):
    """All a_xy as rows."""
    return np.array(
        [np.outer(P[x], U[f[x]] - U[y]).ravel()
         for x in range(len(P)) for y in range(len(U)) if y != f[x]]
    )  # fmt: skip


def possible(P, U, f):
    """Whether a linear program finds every margin at least 1."""
    A = constraints(P, U, f)
    found = optimize.linprog(
        np.zeros(A.shape[1]), A_ub=-A, b_ub=-np.ones(len(A)), bounds=(None, None), method="highs"
    )
    assert found.status in (0, 2)
    return found.status == 0


def weights(P, U, f, Theta):
    """Probabilities of the wrong answers, in the order of the constraints."""
    scores = P @ Theta @ U.T
    p = np.exp(scores - scores.max(axis=1)[:, None])
    p /= p.sum(axis=1)[:, None]
    return np.array([p[x, y] for x in range(len(P)) for y in range(len(U)) if y != f[x]])


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.integers(2, 5), st.integers(2, 8),
       st.integers(0, 10**6))  # fmt: skip
def test_decisions_are_those_of_a_linear_program(N, p, d, M, seed):
    rng = np.random.default_rng(seed)
    P, U, f = rng.standard_normal((N, p)), rng.standard_normal((M, d)), rng.integers(0, M, N)
    found = separate(P, U, f, steps=400)
    assert not (found.separated and found.refuted)
    if found.separated:
        assert possible(P, U, f)
    if found.refuted:
        assert found.refuted.proved
        assert not possible(P, U, f)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("d", "few", "many"), [(4, 5, 13), (8, 14, 34)])
def test_what_is_clear_is_decided(d, few, many, seed):
    rng = np.random.default_rng(seed)
    E, U = sphere(many, d, rng=rng), sphere(many, d, rng=rng)
    assert separate(E[:few], U[:few], np.arange(few)).separated
    assert separate(E, U, np.arange(many)).refuted is not None


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 6), st.integers(2, 6), st.integers(0, 10**6), st.floats(-3, 3))
def test_what_is_possible_is_never_refuted_whatever_the_read_out(N, d, seed, size):
    """As many features as inputs recall anything."""
    rng = np.random.default_rng(seed)
    P, U = rng.standard_normal((N, N)), rng.standard_normal((N + 1, d))
    assert not refutation(P, U, np.arange(N), 10**size * rng.standard_normal((N, d))).proved


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6), st.floats(0, 3),
       st.integers(-140, 140), st.integers(-140, 140))  # fmt: skip
def test_a_read_out_that_separates_is_never_refuted_at_any_scale(N, d, seed, size, a, b):
    """Weights that almost or quite underflow are the hardest to bound."""
    rng = np.random.default_rng(seed)
    P, U = np.eye(N) + 0.1 * rng.standard_normal((N, N)), rng.standard_normal((N + 1, d))
    V = U / np.linalg.norm(U, axis=1)[:, None]
    Theta = np.linalg.solve(P, V[:N])
    scores = P @ Theta @ V.T
    own = scores[np.arange(N), np.arange(N)].copy()
    scores[np.arange(N), np.arange(N)] = -np.inf
    least = (own - scores.max(axis=1)).min()
    if least < 1e-6:
        return
    scaled = 10**size / least * Theta * 10.0 ** -(a + b)
    found = refutation(P * 10.0**a, V * 10.0**b, np.arange(N), scaled)
    assert not found.proved


@pytest.mark.parametrize("scale", [1, 375, 380, 400, 500, 700])
def test_margins_of_any_size_are_not_refuted(scale):
    one = np.eye(3)
    assert not refutation(one, one, [0, 1, 2], scale * one).proved


def test_subnormal_weights_prove_nothing():
    U = np.concatenate([[0.4], np.full(3000, -0.4)])[:, None]
    assert not refutation(np.ones((1, 1)), U, [0], [[744.4 / 0.8]]).proved


@pytest.mark.parametrize(("a", "b"), [(160, -100), (160, -10), (200, -150), (170, -20)])
def test_products_that_overflow_prove_nothing(a, b):
    one = np.eye(3)
    U = 10.0**b * np.vstack([one, -one])
    assert not refutation(10.0**a * one, U, [0, 1, 2], np.zeros((3, 3))).proved


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e25, 1e150])
def test_decisions_do_not_depend_on_units(scale):
    rng = np.random.default_rng(0)
    E, U = sphere(40, 8, rng=rng), sphere(40, 8, rng=rng)
    assert separate(E * scale, U / scale, np.arange(40)).refuted is not None
    assert separate(E[:14] * scale, U[:14], np.arange(14)).separated


def test_margins_are_bounded_also_with_few_answers():
    one, Theta = np.eye(3), np.eye(3) / np.sqrt(3)
    true = 1000 / np.sqrt(3)
    for start in (np.zeros((3, 3)), 0.001 * Theta, 10 * Theta):
        assert refutation(one, 1000 * one, [0, 1, 2], start).margin >= true


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_on_the_right_side_of_dense_algebra(seed):
    rng = np.random.default_rng(seed)
    E, U, f = sphere(20, 4, rng=rng), sphere(20, 3, rng=rng), rng.permutation(20)
    Theta = rng.standard_normal((4, 3))
    found = refutation(E, U, f, Theta)
    A, lam = constraints(E, U, f), weights(E, U, f, Theta)
    H = A.T @ (lam[:, None] * A)
    assert found.residual >= np.linalg.norm(lam @ A)
    assert found.residual == pytest.approx(np.linalg.norm(lam @ A), rel=1e-8)
    assert 0 < found.curvature <= np.linalg.eigvalsh(H)[0]
    assert found.reach >= np.linalg.norm(A, axis=1).max()
    assert found.weight <= lam.sum()
    assert found.margin >= np.linalg.norm(lam @ A) / lam.sum()


def test_a_proof_comes_with_weights_that_balance():
    """The weights that the proof says exist, made as it says."""
    rng = np.random.default_rng(3)
    E, U, f = sphere(40, 4, rng=rng), sphere(40, 4, rng=rng), np.arange(40)
    found = separate(E, U, f)
    assert found.refuted is not None
    A, lam = constraints(E, U, f), weights(E, U, f, found.Theta)
    D = np.linalg.solve(A.T @ (lam[:, None] * A), lam @ A)
    balanced = lam * (1 - A @ D)
    assert balanced.min() >= 0
    assert np.abs(balanced @ A).max() < 1e-12 * balanced.sum()


def test_no_read_out_has_a_larger_margin_than_is_said():
    rng = np.random.default_rng(0)
    E, U, f = sphere(6, 4, rng=rng), sphere(6, 4, rng=rng), np.arange(6)
    A = constraints(E, U, f)
    best = optimize.minimize(
        lambda t: t @ t, np.ones(16), jac=lambda t: 2 * t, method="SLSQP",
        constraints={"type": "ineq", "fun": lambda t: A @ t - 1, "jac": lambda t: A},
    )  # fmt: skip
    widest = 1 / np.linalg.norm(best.x)
    for scale in (0.0, 1.0, 10.0):
        assert refutation(E, U, f, scale * best.x.reshape(4, 4)).margin >= widest * (1 - 1e-6)


@pytest.mark.parametrize("M", [2, 3, 5])
def test_fewer_answers_than_dimensions_are_balanced_as_corners_of_a_simplex(M):
    rng = np.random.default_rng(M)
    P, U, f = sphere(60, 3, rng=rng), sphere(M, 5, rng=rng), rng.integers(0, M, 60)
    found = separate(P, U, f)
    assert found.refuted is not None
    assert not possible(P, U, f)


def test_twins_with_different_answers_cannot_be_recalled():
    rng = np.random.default_rng(1)
    E, U = sphere(12, 8, rng=rng), sphere(12, 8, rng=rng)
    assert separate(E, U, np.arange(12)).separated
    E[1] = E[0]
    found = separate(E, U, np.arange(12))
    assert not found.separated


def test_scores_too_large_for_their_rounding_prove_nothing():
    rng = np.random.default_rng(0)
    E, U, f = sphere(40, 4, rng=rng), sphere(40, 4, rng=rng), np.arange(40)
    Theta = separate(E, U, f).Theta
    assert refutation(E, U, f, Theta).proved
    assert refutation(E, U, f, 1e10 * Theta).curvature == 0


def test_one_answer_has_no_competitor():
    found = refutation(np.ones((3, 2)), np.ones((1, 2)), [0, 0, 0], np.zeros((2, 2)))
    assert not found.proved
    assert found.margin == np.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 1)), np.eye(2), [0, 2], np.zeros((1, 2))), "f"),
        ((np.ones((2, 1)), np.eye(2), [0, 1], np.zeros((2, 2))), "Theta has shape"),
        ((np.full((2, 1), np.nan), np.eye(2), [0, 1], np.zeros((1, 2))), "features"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        refutation(*arguments)
