"""Factored memories, their accounting, and their rounding."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from assoc import Factors, Memory
from assoc.bits.codes import coded
from assoc.memories.linear import hebbian
from assoc.memories.memory import memory_bits
from tests.helpers.oracles import dot, exact, exact_outputs, table

entries = st.floats(-1e6, 1e6, allow_subnormal=False)


def test_factors_are_their_product(rng):
    L = tuple(rng.standard_normal(shape) for shape in [(3, 2), (2, 5), (5, 4)])
    E = rng.standard_normal((7, 4))
    memory = Factors(L)
    np.testing.assert_allclose(memory.W, L[0] @ L[1] @ L[2])
    np.testing.assert_allclose(memory(E), E @ memory.W.T)
    assert memory.parameters == 3 * 2 + 2 * 5 + 5 * 4
    assert memory_bits(memory) is None


def test_a_single_factor_is_returned_untouched(rng):
    W = rng.standard_normal((3, 4))
    assert Factors((W,)).W is W


def test_what_counts_as_a_memory(rng):
    E = np.eye(3)
    assert isinstance(hebbian(E, E, np.arange(3), rng=rng), Memory)
    assert isinstance(table(E, E, np.arange(3), rng=rng), Memory)
    assert not isinstance(np.zeros((3, 3)), Memory)


def test_bits_are_those_of_the_stored_entries(rng):
    memory = coded(hebbian, 3)(np.eye(4), np.eye(4), np.arange(4), rng=rng)
    assert memory_bits(memory) == 3 * 16
    assert memory.parameters == 16


@given(
    hnp.arrays(np.float64, (3, 4), elements=entries),
    hnp.arrays(np.float64, (2, 3), elements=entries),
    hnp.arrays(np.float64, (2, 4), elements=entries),
)
def test_rounding_error_bounds_the_distance_to_the_exact_output(right, left, E):
    memory = Factors((left, right))
    exactly = exact_outputs((left, right), E)
    for computed, bound, out in zip(
        exact(memory(E)), memory.rounding_error(E), exactly, strict=True
    ):
        error = [c - o for c, o in zip(computed, out, strict=True)]
        assert dot(error, error) <= Fraction(float(bound)) ** 2


def test_rounding_errors_of_a_chain_add_up(rng):
    """Numbers instead of matrices: nothing in the bound is generous, so nothing may be left out."""
    largest = 0.0
    for _ in range(200):
        factors = tuple(rng.uniform(1, 2, (1, 1)) for _ in range(8))
        E = rng.uniform(1, 2, (1, 1))
        memory = Factors(factors)
        error = abs(Fraction(float(memory(E)[0, 0])) - exact_outputs(factors, E)[0][0])
        bound = Fraction(float(memory.rounding_error(E)[0]))
        assert error <= bound
        largest = max(largest, float(error / bound))
    # More than any one of the eight roundings explains.
    assert largest > 0.25


def test_rounding_error_is_not_vacuous(rng):
    W = rng.standard_normal((64, 64)) / 8
    E = rng.standard_normal((10, 64)) / 8
    memory = Factors((W,))
    assert (memory.rounding_error(E) < 1e-12 * np.linalg.norm(memory(E), axis=1)).all()
