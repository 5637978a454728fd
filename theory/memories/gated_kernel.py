"""The hot loop of the law of gated networks: sums of terms that are multiplied step by step.

Import this module where the kernel is called: it brings Numba in, which takes half a second.
"""

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["progression_sums"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def progression_sums(term: Complex, ratio: Complex, bend: Complex, count: int) -> Complex:
    r"""Sums of terms whose logarithm is a quadratic in the place.

    Parameters
    ----------
    term, ratio, bend : (j, n), the terms at place 0, what they are multiplied by to get to place 1,
        and what that factor is multiplied by from place to place.
    count : number of places.

    Returns
    -------
    (count, j), the sums of ``term * ratio**i * bend**(i (i - 1) / 2)`` over n at place i.

    Examples
    --------
    >>> one = np.ones((1, 3), np.complex128)
    >>> progression_sums(one, 2 * one, one, 4)[:, 0].real
    array([ 3.,  6., 12., 24.])
    """
    values = np.empty((2, count, len(term)))
    parts = [part.copy() for x in (term, ratio, bend) for part in (x.real, x.imag)]
    _add_up(*parts, values[0], values[1])
    return np.asarray(values[0] + 1j * values[1], np.complex128)


_matrix = numba.types.float64[:, ::1]
_compiled = cast(
    Callable[[Callable[..., Any]], Callable[..., None]],
    numba.njit(
        numba.types.void(*[_matrix] * 8), cache=True, nogil=True, fastmath={"reassoc", "contract"}
    ),
)


@_compiled
def _add_up(
    x: Floats, y: Floats, u: Floats, v: Floats, p: Floats, q: Floats, real: Floats, imag: Floats
) -> None:
    """Add up x + i y, multiplied by u + i v at every place, and that by p + i q; all change."""
    for j in range(x.shape[0]):
        x_j, y_j, u_j, v_j, p_j, q_j = x[j], y[j], u[j], v[j], p[j], q[j]
        for place in range(real.shape[0]):
            real_sum, imag_sum = 0.0, 0.0
            for n in range(len(x_j)):
                a, b, c, d = x_j[n], y_j[n], u_j[n], v_j[n]
                real_sum += a
                imag_sum += b
                x_j[n], y_j[n] = a * c - b * d, a * d + b * c
                u_j[n], v_j[n] = c * p_j[n] - d * q_j[n], c * q_j[n] + d * p_j[n]
            real[place, j], imag[place, j] = real_sum, imag_sum
