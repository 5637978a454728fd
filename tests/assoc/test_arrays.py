"""Arrays: the precision of a memory, and bounds on the rounding errors of products."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from assoc.arrays import dot_error, precision, row_norms
from tests.helpers.oracles import dot, exact

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
