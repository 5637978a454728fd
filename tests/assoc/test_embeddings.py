"""Laws of embeddings, what mends embeddings, and what is refused as embeddings."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from assoc import InputError, preprocess
from assoc.embeddings import (
    LAWS,
    PREPROCESSING,
    centre,
    check_scale,
    check_vectors,
    gaussian,
    normalise,
    orthonormal,
    rademacher,
    sphere,
    whiten,
)
from tests.helpers.oracles import one_line

UNIT = ("sphere", "rademacher", "orthonormal")


# --- laws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 5), (5, 5), (3, 8)])
def test_shape_precision_and_norm(rng, law, dtype, n, d):
    E = LAWS[law](n, d, rng=rng, dtype=dtype)
    assert E.shape == (n, d)
    assert E.dtype == dtype
    assert E.flags.c_contiguous
    if law in UNIT:
        np.testing.assert_allclose(np.linalg.norm(E, axis=1), 1, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("law", LAWS)
def test_the_generator_alone_decides(law):
    first, again = (LAWS[law](3, 4, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, LAWS[law](3, 4, rng=np.random.default_rng(6)))


@pytest.mark.parametrize("law", [gaussian, sphere, rademacher])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 3, 7, 64])
def test_a_shorter_draw_is_a_prefix_bit_for_bit(law, dtype, d):
    long = law(100, d, rng=np.random.default_rng(1), dtype=dtype)
    for n in (1, 2, 17, 99):
        short = law(n, d, rng=np.random.default_rng(1), dtype=dtype)
        np.testing.assert_array_equal(short, long[:n])


def test_a_shorter_orthonormal_draw_is_a_prefix_up_to_rounding():
    long = orthonormal(8, 8, rng=np.random.default_rng(1))
    for n in range(1, 8):
        short = orthonormal(n, 8, rng=np.random.default_rng(1))
        np.testing.assert_allclose(short, long[:n], atol=1e-14)


def test_gaussian_entries_are_normal():
    # One Kolmogorov-Smirnov test at level 1e-3, fixed seed.
    E = gaussian(500, 16, rng=np.random.default_rng(0))
    assert stats.kstest(4 * E.ravel(), "norm").pvalue > 1e-3


@pytest.mark.parametrize("d", [2, 3, 10])
def test_sphere_marginals_have_the_density_of_the_theory(d):
    """Inner product with a fixed direction: density ~ (1 - t^2)^((d-3)/2)."""
    # Three Kolmogorov-Smirnov tests at level 1e-3 each, fixed seed.
    t = sphere(4000, d, rng=np.random.default_rng(0)) @ (np.ones(d) / np.sqrt(d))
    law = stats.beta((d - 1) / 2, (d - 1) / 2)
    assert stats.kstest((t + 1) / 2, law.cdf).pvalue > 1e-3


def test_rademacher_signs_are_independent_and_fair():
    # Chi-square of the 8 sign patterns of 3 entries, level 1e-3, fixed seed.
    E = rademacher(8000, 3, rng=np.random.default_rng(0))
    assert np.unique(np.abs(E)).size == 1
    patterns = np.bincount((E > 0) @ [1, 2, 4], minlength=8)
    assert stats.chisquare(patterns).pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 4, 6])
def test_orthonormal_rows_are_orthonormal(rng, n):
    E = orthonormal(n, 6, rng=rng)
    np.testing.assert_allclose(E @ E.T, np.eye(n), atol=1e-14)


def test_orthonormal_rows_are_uniform():
    """Without the sign correction of QR the first entry would be biased."""
    # Entries of a uniform rotation: mean 0, mean square 1/d. Four z-tests at 4 standard errors
    # (level 6e-5 each), fixed seed.
    rng = np.random.default_rng(0)
    Q = np.array([orthonormal(2, 3, rng=rng) for _ in range(2000)])
    for entry in (Q[:, 0, 0], Q[:, 1, 1]):
        assert abs(entry.mean()) < 4 * entry.std() / np.sqrt(2000)
        square = entry**2 - 1 / 3
        assert abs(square.mean()) < 4 * square.std() / np.sqrt(2000)


def test_more_than_d_vectors_are_not_orthonormal(rng):
    with pytest.raises(InputError, match=r"at most d = 3 vectors.*not 4"):
        orthonormal(4, 3, rng=rng)


def test_laws_cannot_be_added_behind_the_back():
    with pytest.raises(TypeError):
        LAWS["mine"] = gaussian  # type: ignore[index]


# --- what counts as embeddings ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8", "i1", "u2", "i8"])
def test_real_numbers_of_any_kind_are_accepted(dtype):
    E = check_vectors(np.array([[1, 2], [3, 4]], dtype), "E")
    assert E.dtype in (np.float32, np.float64)
    assert E.tolist() == [[1, 2], [3, 4]]


def test_lists_are_accepted():
    assert check_vectors([[1, 2], [3, 4]], "E").shape == (2, 2)


@pytest.mark.parametrize(
    ("E", "said"),
    [
        (5.0, r"a matrix \(n, d\) is needed, not an array of shape \(\)"),
        (np.ones(3), r"not an array of shape \(3,\)"),
        (np.ones((2, 3, 4)), r"not an array of shape \(2, 3, 4\)"),
        (np.ones((0, 3)), r"shape \(0, 3\) holds no vectors"),
        (np.ones((3, 0)), r"shape \(3, 0\) holds no vectors"),
        ([[1.0, 2.0], [3.0]], "rows of different lengths"),
        (np.array([[1.0, None]]), "an array of real numbers is needed, not of object"),
        (None, "not of object"),
        ("sphere", "not of <U6"),
        (np.ones((2, 2), complex), "not of complex128"),
        (np.ones((2, 2), bool), "not of bool"),
        (np.zeros((2, 2), "M8[s]"), "not of datetime64"),
        ([[1.0, 1.0], [np.nan, 1.0]], "row 1 has a value that is not finite"),
        ([[1.0, 1.0], [1.0, np.inf], [np.inf, 1.0]], "row 1 has a value that is not finite"),
        ([[-np.inf, 1.0]], "row 0 has a value that is not finite"),
    ],
)
def test_anything_else_is_named(E, said):
    with pytest.raises(InputError, match=f"^E: .*{said}") as caught:
        check_vectors(E, "E")
    one_line(caught.value)


# --- what mends embeddings ----------------------------------------------------------------------

matrices = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 8), st.integers(1, 6)),
    elements=st.floats(-100, 100, allow_subnormal=False),
)


@given(matrices)
def test_mended_rows_have_norm_one_or_a_named_row_has_no_direction(E):
    for how in ("normalise", "centre", "whiten"):
        try:
            mended = preprocess(E, how, "E")
        except InputError as error:
            said = one_line(error)
            assert "is zero and has no direction" in said
        else:
            np.testing.assert_allclose(np.linalg.norm(mended, axis=1), 1, rtol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_centring_forgets_the_mean_and_whitening_any_linear_map(seed):
    rng = np.random.default_rng(seed)
    E, c = rng.standard_normal((20, 3)), rng.standard_normal(3)
    A = rng.standard_normal((3, 3)) + 3 * np.eye(3)
    np.testing.assert_allclose(centre(E + c), centre(E), atol=1e-12)
    white, mapped = whiten(E), whiten(E @ A + c)
    np.testing.assert_allclose(mapped @ mapped.T, white @ white.T, atol=1e-8)


def test_normalise_keeps_directions():
    E = np.array([[3.0, 4.0], [0.0, -2.0]])
    np.testing.assert_allclose(normalise(E), [[0.6, 0.8], [0, -1]])


def test_whitened_vectors_are_uncorrelated(rng):
    """Before the rows are normalised the covariance is exactly a multiple of the identity."""
    E = rng.standard_normal((60, 4)) @ rng.standard_normal((4, 4)) + 5
    white = whiten(E)
    # Undo the normalisation: the whitened rows are multiples of these.
    centred = E - E.mean(axis=0)
    inverse_root = np.linalg.inv(np.linalg.cholesky(np.cov(centred.T)))
    expected = centred @ inverse_root.T
    expected /= np.linalg.norm(expected, axis=1)[:, None]
    np.testing.assert_allclose(white @ white.T, expected @ expected.T, atol=1e-10)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_fewer_vectors_than_dimensions_whiten_to_a_simplex(rng, n):
    white = whiten(rng.standard_normal((n, 9)))
    np.testing.assert_allclose(white @ white.T, (n * np.eye(n) - 1) / (n - 1), atol=1e-12)


@pytest.mark.parametrize("how", ["centre", "whiten"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-5, 12345.678])
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_equal_vectors_have_no_direction_left(how, dtype, value, n):
    """The rounding error of their mean must not pass for a direction."""
    with pytest.raises(InputError, match="row 0 is zero and has no direction"):
        preprocess(np.full((n, 3), value, dtype), how)


def test_a_zero_vector_is_named():
    with pytest.raises(InputError, match=r"^mine: row 2 is zero and has no direction$"):
        preprocess(np.array([[1.0, 0], [0, 1], [0, 0]]), "normalise", "mine")


def test_none_does_nothing(rng):
    E = rng.standard_normal((3, 2))
    assert preprocess(E, "none") is E


@pytest.mark.parametrize("how", ["normalise", "centre", "whiten"])
@pytest.mark.parametrize(
    ("scale", "dtype"),
    [(1e-30, np.float32), (1e25, np.float32), (1e-200, np.float64), (1e300, np.float64)],
)
def test_preprocessing_mends_any_scale(rng, how, scale, dtype):
    E = rng.standard_normal((50, 4))
    far = preprocess((E * scale).astype(dtype), how)
    # Singular vectors have no sign of their own.
    np.testing.assert_allclose(abs(far), abs(preprocess(E, how)), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_very_different_lengths_have_directions(dtype):
    low, high = (1e-30, 1e30) if dtype is np.float32 else (1e-250, 1e250)
    E = np.array([[3, 4], [3 * low, 4 * low], [-3 * high, 4 * high], [0, 1]], dtype)
    expected = [[0.6, 0.8], [0.6, 0.8], [-0.6, 0.8], [0, 1]]
    np.testing.assert_allclose(normalise(E), expected, rtol=1e-6)
    assert E[1, 0] == dtype(3 * low)


@pytest.mark.parametrize(
    ("scale", "dtype", "refused"),
    [(1e-25, np.float32, True), (1e25, np.float32, True), (1e-6, np.float32, False),
     (1e-25, np.float64, False), (1e-33, np.float64, True), (0, np.float32, False)],
)  # fmt: skip
def test_a_scale_too_extreme_for_products_is_refused(scale, dtype, refused):
    E = np.full((2, 3), -scale, dtype)
    if refused:
        with pytest.raises(InputError, match=r"^mine: entries of size 1e.* are too extreme; resc"):
            check_scale(E, "mine")
    else:
        check_scale(E, "mine")


def test_unknown_preprocessing_is_named_with_the_known():
    with pytest.raises(InputError, match=r"'zca' is not one of none, normalise, centre, whiten"):
        preprocess(np.eye(2), "zca")


@pytest.mark.parametrize("how", PREPROCESSING)
def test_precision_is_kept(rng, how):
    E = rng.standard_normal((6, 3)).astype(np.float32)
    kept = E.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert preprocess(E, how).dtype == np.float32
    np.testing.assert_array_equal(E, kept)
