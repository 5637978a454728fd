"""Arrays of numbers: their types, and bounds on the rounding errors of products."""

from dataclasses import fields
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

__all__ = ["UNDERFLOW", "Brief", "Floats", "Integers", "dot_error", "precision", "row_norms"]

Floats: TypeAlias = NDArray[np.floating[Any]]
"""Embeddings and weights, in single or double precision."""


Integers: TypeAlias = NDArray[np.integer[Any]]
"""Fact maps and counts."""


UNDERFLOW = 4 * float(np.finfo(np.float64).smallest_subnormal)
"""Absolute error that underflow may add to one product and to a bound on it, with room to spare."""


FEW = 4
"""Values that are shown one by one."""


class Brief:
    """A dataclass of arrays that is shown in one line: of each array its shape.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, repr=False)
    ... class Layer(Brief):
    ...     W: Floats
    ...     bits: int | None = None
    >>> Layer(np.zeros((4, 3)))
    Layer(W=(4, 3))
    """

    def __repr__(self) -> str:
        names = [field.name for field in fields(cast(Any, self))]
        values = {name: getattr(self, name) for name in names}
        said = (f"{name}={_shape(value)}" for name, value in values.items() if value is not None)
        return f"{type(self).__name__}({', '.join(said)})"


def _shape(value: object) -> str:
    """Say what a value is: the shape of an array, the shapes of several, or what it says itself."""
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, tuple) and any(isinstance(each, np.ndarray) for each in value):
        return f"[{', '.join(map(_shape, value))}]"
    if isinstance(value, tuple) and len(value) > FEW:
        return f"[{len(value)} of {type(value[0]).__name__}]"
    return f"degree {value.degree()}" if isinstance(value, Polynomial) else repr(value)


def precision(*arrays: Floats) -> "np.dtype[np.floating[Any]]":
    """Return the precision in which a memory of these embeddings is stored: single or double.

    Examples
    --------
    >>> precision(np.eye(2, dtype=np.float32)), precision(np.eye(2), np.eye(2, dtype=np.float32))
    (dtype('float32'), dtype('float64'))
    """
    single = all(A.dtype in (np.float16, np.float32) for A in arrays)
    return np.dtype(np.float32 if single else np.float64)


def dot_error(n: int) -> float:
    r"""Relative rounding error of a dot product of length n in float64, any summation order.

    .. math:: |\mathrm{fl}(\langle a, b\rangle) - \langle a, b\rangle|
              \le \gamma_n \langle |a|, |b| \rangle, \qquad \gamma_n = n u / (1 - n u)

    with u = 2^-53; fused multiply-add only helps. Where a product may underflow, n times
    :data:`UNDERFLOW` comes on top.

    Parameters
    ----------
    n : length, at least 1.

    Returns
    -------
    gamma_n, dimensionless.

    References
    ----------
    Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.

    Examples
    --------
    >>> dot_error(1) == 2**-53 / (1 - 2**-53)
    True
    """
    u = np.finfo(np.float64).eps / 2
    return float(n * u / (1 - n * u))


def row_norms(E: Floats) -> NDArray[np.float64]:
    """Euclidean norm of each row of E (n, d), (n,), whatever its magnitude.

    Examples
    --------
    >>> row_norms(np.array([[3e-200, 4e-200], [0.0, 0.0]])).tolist()
    [5e-200, 0.0]
    """
    E = np.asarray(E, np.float64)
    size = np.abs(E).max(axis=1)
    unit = E / np.where(size > 0, size, 1.0)[:, None]
    return np.asarray(size * np.sqrt(np.einsum("ij,ij->i", unit, unit)))
