"""Hebbian and least-squares memories against their definitions and against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from assoc import InputError, margins
from assoc.memories.linear import (
    BLOCK,
    HebbianBuild,
    dual_both,
    dual_inputs,
    dual_outputs,
    hebbian,
    hebbian_matrix,
)
from assoc.memories.memory import Factors
from tests.helpers.oracles import one_line

DUALS = (dual_inputs, dual_outputs, dual_both)


def draw(rng, N, M, d, dtype=np.float64):
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d))
    return (E / np.sqrt(d)).astype(dtype), (U / np.sqrt(d)).astype(dtype), rng.integers(0, M, N)


def test_the_hebbian_matrix_by_hand():
    E = np.array([[1.0, 2.0], [3.0, 4.0]])
    U = np.array([[1.0, 0.0, -1.0], [0.0, 5.0, 0.0]])
    assert hebbian_matrix(E, U, np.array([1, 0])).tolist() == [[3, 4], [5, 10], [-3, -4]]


@pytest.mark.parametrize("N", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_blocks_add_up(rng, N):
    E, U, f = draw(rng, N, 7, 3)
    by_hand = sum(np.outer(U[y], e) for e, y in zip(E, f, strict=True))
    np.testing.assert_allclose(hebbian_matrix(E, U, f), by_hand, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_that_of_the_embeddings_unless_asked(rng, dtype):
    E, U, f = draw(rng, 50, 5, 3, dtype)
    assert hebbian_matrix(E, U, f).dtype == dtype
    double = hebbian_matrix(E, U, f, dtype=np.float64)
    assert double.dtype == np.float64
    exactly = U.astype(np.float64)[f].T @ E.astype(np.float64)
    np.testing.assert_allclose(double, exactly, rtol=1e-13, atol=1e-14)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_facts_add(seed, cut):
    """W of all facts is W of some plus W of the others."""
    E, U, f = draw(np.random.default_rng(seed), 10, 4, 3)
    parts = hebbian_matrix(E[:cut], U, f[:cut]) + hebbian_matrix(E[cut:], U, f[cut:])
    np.testing.assert_allclose(hebbian_matrix(E, U, f), parts, atol=1e-12)


def test_a_memory_of_orthonormal_embeddings_is_perfect(rng):
    Q = linalg.qr(rng.standard_normal((6, 6)))[0]
    memory = hebbian(Q, Q[::-1], np.arange(6), rng=rng)
    np.testing.assert_allclose(memory(Q), Q[::-1], atol=1e-14)
    np.testing.assert_allclose(margins(memory, Q, Q[::-1], np.arange(6)), 1)
    assert memory.parameters == 36


def test_a_store_sees_the_hebbian_matrix_and_the_generator(rng):
    seen = []

    def store(W, *, rng):
        seen.append((W, rng))
        return Factors((W,))

    E, U, f = draw(rng, 5, 5, 3)
    HebbianBuild(store)(E, U, f, rng=rng)
    ((W, passed),) = seen
    np.testing.assert_allclose(W, U[f].T @ E)
    assert passed is rng


# --- least squares ------------------------------------------------------------------------------


@pytest.mark.parametrize("N", [1, 3, 10, 16, 40])
def test_dual_inputs_is_least_squares_of_least_norm(rng, N):
    """SciPy's own solver (gelsd, minimum norm) is the oracle."""
    E, U, f = draw(rng, N, 12, 16)
    expected = linalg.lstsq(E, U[f])[0].T
    np.testing.assert_allclose(dual_inputs(E, U, f, rng=rng).W, expected, atol=1e-9)


@pytest.mark.parametrize(("N", "M"), [(5, 5), (30, 8), (30, 50)])
def test_duals_are_what_the_table_says(rng, N, M):
    E, U, f = draw(rng, N, M, 16)
    inputs, outputs = linalg.pinv(E.T @ E), linalg.pinv(U.T @ U)
    W = U[f].T @ E
    for build, expected in (
        (dual_inputs, W @ inputs),
        (dual_outputs, outputs @ W),
        (dual_both, outputs @ W @ inputs),
    ):
        memory = build(E, U, f, rng=rng)
        np.testing.assert_allclose(memory.W, expected, rtol=1e-7, atol=1e-9)
        assert memory.parameters == 16**2


@pytest.mark.parametrize("d", [4, 16, 64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dual_inputs_recalls_everything_up_to_d_facts(d, dtype):
    """Up to the last one, N = d, where the Gram matrix is at its worst."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        for N in (1, d // 2, d - 1, d):
            E, U = (
                vectors / np.linalg.norm(vectors, axis=1)[:, None]
                for vectors in rng.standard_normal((2, N, d))
            )
            E, U = E.astype(dtype), U.astype(dtype)
            memory = dual_inputs(E, U, np.arange(N), rng=rng)
            assert (margins(memory, E, U, np.arange(N)) > 0).all()


def test_dual_both_gives_every_other_output_a_score_of_zero(rng):
    """While N <= d: <u_y, W e_x> is 1 for y = f(x) and 0 for all others."""
    E, U, _ = draw(rng, 10, 10, 16)
    memory = dual_both(E, U, np.arange(10), rng=rng)
    np.testing.assert_allclose(memory(E) @ U.T, np.eye(10), atol=1e-10)


@pytest.mark.parametrize("build", DUALS)
def test_duals_keep_the_precision_of_the_embeddings(rng, build):
    """But lose none of it on the way: only the finished memory is rounded."""
    E, U, f = draw(rng, 48, 48, 48, np.float32)
    memory = build(E, U, f, rng=rng)
    assert memory.W.dtype == np.float32
    double = build(E.astype(np.float64), U.astype(np.float64), f, rng=rng).W
    np.testing.assert_array_equal(memory.W, double.astype(np.float32))


@pytest.mark.parametrize("build", DUALS)
def test_duals_of_orthonormal_embeddings_are_the_hebbian_memory(rng, build):
    Q = linalg.qr(rng.standard_normal((6, 6)))[0]
    f = rng.permutation(6)
    np.testing.assert_allclose(build(Q, Q, f, rng=rng).W, hebbian(Q, Q, f, rng=rng).W, atol=1e-13)


@pytest.mark.parametrize("build", [hebbian, *DUALS])
@pytest.mark.parametrize(
    ("f", "said"),
    [([0, 1, -1], r"f\[2\] = -1"), ([0, 1, 3], r"f\[2\] = 3"), ([0, 1], "f must be 3 integers")],
)
def test_a_map_out_of_range_builds_nothing(rng, build, f, said):
    """In particular -1 does not quietly mean the last output."""
    with pytest.raises(InputError, match=said) as caught:
        build(np.eye(3), np.eye(3), np.array(f), rng=rng)
    one_line(caught.value)
