"""Factored memories, their accounting, and the constants of rounding."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from assoc import Factors, InputError, Memory
from assoc.arrays import dot_error, precision, row_norms
from assoc.bits.codes import coded
from assoc.checks import MAX_BYTES, check_fits
from assoc.memories.linear import hebbian
from assoc.memories.memory import memory_bits
from tests.helpers.oracles import dot, exact, exact_outputs, one_line, table

entries = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize("n", [1, 2, 10, 10**6])
def test_dot_error_is_the_constant_of_higham(n):
    u = Fraction(1, 2**53)
    exactly = n * u / (1 - n * u)
    assert abs(Fraction(dot_error(n)) / exactly - 1) < Fraction(1, 10**15)


@given(hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 30)), elements=entries))
def test_dot_error_bounds_the_error_of_a_dot_product(vectors):
    a, b = exact(vectors)
    size = dot([abs(s) for s in a], [abs(t) for t in b])
    error = abs(Fraction(float(vectors[0] @ vectors[1])) - dot(a, b))
    assert error <= Fraction(dot_error(len(a))) * size + Fraction(len(a), 2**1074)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-160, 1.0, 1e160, 1e300])
def test_row_norms_neither_overflow_nor_underflow(scale):
    rows = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [1.0, 2.0, 2.0]])
    np.testing.assert_allclose(row_norms(rows * scale), np.array([5, 0, 3]) * scale, rtol=1e-14)


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


@pytest.mark.parametrize("itemsize", [1, 4, 8])
def test_what_fits_is_counted_in_bytes(itemsize):
    check_fits(MAX_BYTES // itemsize, itemsize, "the weights")
    with pytest.raises(InputError) as caught:
        check_fits(MAX_BYTES // itemsize + 1, itemsize, "the weights")
    assert one_line(caught.value) == "the weights take 17.2 GB; 17.2 GB at most"
    with pytest.raises(InputError, match=r"^N = 3: the rows take 8e\+03 GB; 17.2 GB at most$"):
        check_fits(8 * 10**12 // itemsize, itemsize, "N = 3: the rows")


def test_what_does_not_fit_may_come_with_advice():
    with pytest.raises(InputError, match=r"take 8e\+03 GB; 17.2 GB at most \(sample them\)$"):
        check_fits(10**12, 8, "N = 3: the rows", instead="sample them")


def test_sizes_beyond_any_float_are_refused_too():
    """10^400 is no floating-point number; what is said of it still fits on a line."""
    with pytest.raises(InputError) as caught:
        check_fits(10**400, 8, "the weights")
    assert one_line(caught.value) == "the weights take 8e+291 GB; 17.2 GB at most"


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (["f4"], "f4"),
        (["f2"], "f4"),
        (["f2", "f4"], "f4"),
        (["f4", "f8"], "f8"),
        (["f8", "f4"], "f8"),
        (["f2", "f8"], "f8"),
        (["i4"], "f8"),
        (["f4", "i8"], "f8"),
        (["?", "f4"], "f8"),
        (["g"], "f8"),
    ],
)
def test_single_precision_only_where_all_is_single(dtypes, expected):
    assert precision(*(np.ones(2, dtype) for dtype in dtypes)) == np.dtype(expected)
