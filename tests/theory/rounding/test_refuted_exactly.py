"""Exact decisions against linear programs, and sums against matrices."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from theory.rounding.refuted_exactly import (
    Instance,
    possible,
    refutation_rows,
    refutation_verdicts,
    rounding_rows,
    summed,
)

points = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=6)


@given(points)
def test_what_is_possible_is_what_a_linear_program_finds(drawn):
    A = np.array(drawn, float)
    found = optimize.linprog(
        np.zeros(2), A_ub=-A, b_ub=-np.ones(len(A)), bounds=(None, None), method="highs"
    )
    assert possible([[Fraction(x) for x in point] for point in drawn]) is (found.status == 0)


@pytest.mark.parametrize("corners", [False, True])
def test_sums_are_those_of_matrices(rng, corners):
    phi, U = rng.standard_normal((5, 2)), rng.standard_normal((3, 4))
    f, Theta = np.array([0, 1, 2, 1, 1]), rng.standard_normal((2, 4))
    scores = phi @ Theta @ U.T
    odds = np.exp(scores)
    odds /= odds.sum(axis=1)[:, None]
    places = np.eye(3)[:, 1:] if corners else U
    A = np.array([np.kron(phi[x], places[f[x]] - places[y])
                  for x in range(5) for y in range(3) if y != f[x]])  # fmt: skip
    w = np.array([odds[x, y] for x in range(5) for y in range(3) if y != f[x]])
    found = summed(Instance(phi, U, f, Theta), corners=corners)
    assert found.residual == pytest.approx(np.linalg.norm(w @ A))
    assert found.curvature == pytest.approx(np.linalg.eigvalsh(A.T * w @ A)[0], abs=1e-12)
    assert found.reach == pytest.approx(np.linalg.norm(A, axis=1).max())
    assert found.weight == pytest.approx(w.sum())


@pytest.mark.parametrize("seed", range(4))
def test_refutations_are_bounded_and_decided(seed):
    rng = np.random.default_rng(seed)
    for row in refutation_rows(rng):
        assert 1 <= row["bound"] / row["exact"] < 1.0025, row
    for symbol, found, exact in refutation_verdicts(rng, 5):
        assert found == pytest.approx(exact), symbol


def test_a_proof_that_forgets_how_long_constraints_are_is_none(rng):
    rows = refutation_verdicts(rng, 0, without_reach=True)
    assert {symbol for symbol, found, exact in rows if found != exact} == {"refuted, of one input"}


def test_a_sum_over_inputs_loses_all_but_the_first():
    (row,) = rounding_rows(101)
    assert row["exact"] == 100 * 2.0**-53 / 4
    assert row["bound"] > row["exact"]
