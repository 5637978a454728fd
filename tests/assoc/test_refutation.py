"""Proofs that no read-out recalls everything, against linear programs and dense linear algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.refutation import refutation
from assoc.separation import separate


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
