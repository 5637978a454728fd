r"""Embeddings: random laws, the user's own vectors, and how to preprocess them.

Every law draws n vectors in R^d row by row, so that the first rows of a longer draw from the same
generator are the rows of a shorter one. Vectors have mean squared norm 1.

===============  ========================================================
``sphere``       uniform on the unit sphere (the papers' hypothesis)
``gaussian``     N(0, I/d): the norm fluctuates by about 1/sqrt(2d)
``rademacher``   entries +-1/sqrt(d)
``orthonormal``  rows of a uniformly random orthogonal matrix, n <= d
===============  ========================================================
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from assoc.arrays import Floats
from assoc.errors import InputError

__all__ = [
    "LAWS",
    "PREPROCESSING",
    "Law",
    "centre",
    "check_scale",
    "check_vectors",
    "gaussian",
    "normalise",
    "orthonormal",
    "preprocess",
    "rademacher",
    "sphere",
    "whiten",
]


class Law(Protocol):
    """A distribution of embeddings: ``law(n, d, rng=rng, dtype=float64) -> (n, d)``."""

    def __call__(
        self, n: int, d: int, /, *, rng: np.random.Generator, dtype: type[Any] = np.float64
    ) -> Floats:
        """Draw n vectors in R^d."""


def gaussian(
    n: int, d: int, /, *, rng: np.random.Generator, dtype: type[Any] = np.float64
) -> Floats:
    """Draw n vectors from N(0, I/d), shape (n, d).

    Examples
    --------
    >>> gaussian(2, 3, rng=np.random.default_rng(0)).shape
    (2, 3)
    """
    E: Floats = rng.standard_normal((n, d), dtype=dtype)
    E *= dtype(1 / np.sqrt(d))
    return E


def sphere(n: int, d: int, /, *, rng: np.random.Generator, dtype: type[Any] = np.float64) -> Floats:
    """Draw n vectors uniformly from the unit sphere of R^d, shape (n, d).

    Examples
    --------
    >>> E = sphere(5, 3, rng=np.random.default_rng(0))
    >>> np.allclose(np.linalg.norm(E, axis=1), 1)
    True
    """
    E: Floats = rng.standard_normal((n, d), dtype=dtype)
    E /= np.sqrt(np.einsum("ij,ij->i", E, E))[:, None]
    return E


def rademacher(
    n: int, d: int, /, *, rng: np.random.Generator, dtype: type[Any] = np.float64
) -> Floats:
    """Draw n vectors with independent entries +-1/sqrt(d), shape (n, d), of unit norm.

    Examples
    --------
    >>> np.unique(rademacher(5, 4, rng=np.random.default_rng(0))).tolist()
    [-0.5, 0.5]
    """
    signs = rng.integers(0, 2, size=(n, d), dtype=np.int8)
    return np.asarray((2 * signs - 1) / np.sqrt(d), dtype=dtype)


def orthonormal(
    n: int, d: int, /, *, rng: np.random.Generator, dtype: type[Any] = np.float64
) -> Floats:
    """Draw the first n rows of a uniformly random orthogonal matrix, shape (n, d).

    Raises
    ------
    InputError
        If n > d.

    Examples
    --------
    >>> E = orthonormal(2, 3, rng=np.random.default_rng(0))
    >>> np.allclose(E @ E.T, np.eye(2))
    True
    """
    if n > d:
        raise InputError(f"at most d = {d} vectors of R^{d} are orthonormal, not {n}")
    Q, R = np.linalg.qr(rng.standard_normal((n, d)).T)
    return np.ascontiguousarray((Q * np.sign(np.diag(R))).T, dtype=dtype)


LAWS: Mapping[str, Law] = MappingProxyType(
    {
        "sphere": sphere,
        "gaussian": gaussian,
        "rademacher": rademacher,
        "orthonormal": orthonormal,
    }
)
"""The laws by name."""


def check_vectors(E: Any, name: str, *, first: int = 0) -> Floats:
    """Return E if it is a finite real matrix with at least one row and column.

    Parameters
    ----------
    E : what is to be (n, d) embeddings.
    name : what to call it in the message.
    first : number of its first row, for the message.

    Raises
    ------
    InputError
        If E is not two-dimensional, not of real numbers, empty, or not finite (the first offending
        row is named).

    Examples
    --------
    >>> check_vectors([[1.0, float("nan")]], "E")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: E: row 0 has a value that is not finite
    """
    try:
        E = np.asarray(E)
    except ValueError:
        raise InputError(f"{name}: rows of different lengths are not a matrix") from None
    if E.dtype.kind not in "fiu":
        raise InputError(f"{name}: an array of real numbers is needed, not of {E.dtype}")
    if E.ndim != 2:
        raise InputError(f"{name}: a matrix (n, d) is needed, not an array of shape {E.shape}")
    if 0 in E.shape:
        raise InputError(f"{name}: shape {E.shape} holds no vectors")
    if E.dtype not in (np.float32, np.float64):
        E = E.astype(np.float64)
    finite = np.isfinite(E).all(axis=1)
    if not finite.all():
        row = first + int(np.argmin(finite))
        raise InputError(f"{name}: row {row} has a value that is not finite")
    checked: Floats = E
    return checked


def _smallest(E: Floats) -> float:
    """Largest entry that vectors need, so that products of four of them mean something."""
    return 1e-30 if E.dtype.itemsize >= 8 else 1e-8


def check_scale(E: Floats, name: str) -> None:
    """Refuse vectors so small or large that products of their entries leave their precision.

    Parameters
    ----------
    E : (n, d) in single or double precision.
    name : what to call them in the message.

    Raises
    ------
    InputError
        If the largest entry of E, unless it is zero, is not of moderate size.

    Examples
    --------
    >>> check_scale(np.array([[1e-25, 0.0]], np.float32), "E")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: E: entries of size 1e-25 are too extreme; rescale them
    """
    largest = _largest(E)
    smallest = _smallest(E)
    if largest and not smallest < largest < 1 / smallest:
        raise InputError(f"{name}: entries of size {largest:.2g} are too extreme; rescale them")


def _largest(E: Floats) -> float:
    return float(max(E.max(), -E.min()))


def _moderate(E: Floats) -> Floats:
    """E, divided by a power of two where its entries are too extreme for products of them."""
    largest, smallest = _largest(E), _smallest(E)
    if not largest or smallest < largest < 1 / smallest:
        return E
    return np.asarray(np.ldexp(E, -int(np.frexp(largest)[1])))


def normalise(E: Floats, name: str = "embeddings") -> Floats:
    """Scale every row of E (n, d) to unit norm, however long or short it is.

    Raises
    ------
    InputError
        If a row is zero.

    Examples
    --------
    >>> normalise(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    largest = np.maximum(E.max(axis=1), -E.min(axis=1))
    if not largest.all():
        raise InputError(f"{name}: row {int(np.argmin(largest))} is zero and has no direction")
    smallest = _smallest(E)
    extreme = np.flatnonzero((largest < smallest) | (largest > 1 / smallest))
    if extreme.size:
        # Squares of their entries would leave the precision; powers of two change no direction.
        E = E.copy()
        E[extreme] = np.ldexp(E[extreme], -np.frexp(largest[extreme])[1][:, None])
    return np.asarray(E / np.linalg.norm(E, axis=1)[:, None])


def centre(E: Floats, name: str = "embeddings") -> Floats:
    """Subtract the mean vector of E (n, d), then normalise.

    Raises
    ------
    InputError
        If a row is the mean, up to rounding.

    Examples
    --------
    >>> centre(np.array([[1.0, 5.0], [3.0, 5.0]]))
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    return normalise(_centred(_moderate(E)), f"{name}, centred")


def whiten(E: Floats, name: str = "embeddings", eps: float | None = None) -> Floats:
    """Centre E (n, d), make its covariance a multiple of the identity, then normalise.

    Directions without any variance (all of them beyond n - 1), or with no more than the rounding of
    entries to a relative precision ``eps`` may give, are dropped, not amplified.

    Raises
    ------
    InputError
        If a row is zero after whitening.

    Examples
    --------
    >>> E = np.random.default_rng(0).standard_normal((500, 3)) * [1, 5, 25] + 7
    >>> np.allclose(3 * np.cov(whiten(E).T), np.eye(3), atol=0.1)
    True
    """
    E = _moderate(E)
    left, values, right = np.linalg.svd(_centred(E), full_matrices=False)
    n, d = E.shape
    # The largest direction of n d independent roundings has about half of this at most.
    rounding = (eps or 0.0) * np.sqrt(np.mean(np.square(E))) * (np.sqrt(n) + np.sqrt(d))
    kept = values > max(values[0] * max(E.shape) * np.finfo(E.dtype).eps, rounding)
    return normalise(left[:, kept] @ right[kept], f"{name}, whitened")


def _centred(E: Floats) -> Floats:
    """E minus its mean, with rows that differ from it by no more than rounding set to zero."""
    # The second pass removes the rounding error of a long sum.
    mean = E.mean(axis=0, dtype=np.float64)
    mean += (E - mean).mean(axis=0)
    centred = E - mean.astype(E.dtype)
    rounding = 8 * np.finfo(E.dtype).eps * np.abs(E).max()
    centred[np.abs(centred).max(axis=1) <= rounding] = 0
    return np.asarray(centred)


PREPROCESSING: Mapping[str, Callable[[Floats, str, float | None], Floats]] = MappingProxyType(
    {
        "none": lambda E, name, eps: E,
        "normalise": lambda E, name, eps: normalise(E, name),
        "centre": lambda E, name, eps: centre(E, name),
        "whiten": whiten,
    }
)
"""What may be done to given vectors before they are used, by name."""


def preprocess(
    E: Floats, how: str, name: str = "embeddings", *, eps: float | None = None
) -> Floats:
    """Apply one of ``none``, ``normalise``, ``centre``, ``whiten`` to E (n, d).

    Parameters
    ----------
    E : rows.
    how : what to do; all but ``none`` also mend a scale that is too extreme to be computed with.
    name : of the vectors, for messages.
    eps : relative precision in which they were stored, if that is less than they have.

    Raises
    ------
    InputError
        If ``how`` is not one of these, or a row has no direction.
    """
    if how not in PREPROCESSING:
        raise InputError(f"preprocessing {how!r} is not one of {', '.join(PREPROCESSING)}")
    return PREPROCESSING[how](E, name, eps)
