r"""Weights of b bits: the levels that a matrix is rounded to, and how much of a signal they keep.

Each entry of a matrix W is rounded to one of 2^b equally spaced levels

.. math:: \{(k + 1/2)\,\Delta_b\,\mathrm{rms}(W) : k = -2^{b-1}, \dots, 2^{b-1} - 1\}

so that b = 1 is sign(W). :mod:`assoc.bits.codes` makes memories of them.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.errors import InputError

__all__ = [
    "MAX_BITS",
    "ROUNDINGS",
    "Levels",
    "check_bits",
    "check_rounding",
    "gaussian_quantiser",
    "levels_of",
    "quantise",
    "weights_of",
]

MAX_BITS = 16
"""Widest weights that the search for the best step covers."""

ROUNDINGS = ("nearest", "stochastic")
"""To the nearest level, or to one of the two neighbours so that the expectation is exact."""

Levels = NDArray[np.uint16]
"""Numbers k + 2^(b-1) of levels, from 0 to 2^b - 1."""


def check_bits(bits: Any) -> int:
    """Return a number of bits as a plain integer.

    Raises
    ------
    InputError
        If it is not an integer between 1 and :data:`MAX_BITS`.
    """
    if isinstance(bits, bool) or not isinstance(bits, int | np.integer):
        raise InputError(f"bits = {bits!r} is not an integer")
    if not 1 <= bits <= MAX_BITS:
        raise InputError(f"bits = {bits} is not between 1 and {MAX_BITS}")
    return int(bits)


def check_rounding(rounding: str) -> str:
    """Return the name of a rounding.

    Raises
    ------
    InputError
        If it is not one of :data:`ROUNDINGS`.
    """
    if rounding not in ROUNDINGS:
        raise InputError(f"rounding {rounding!r} is not one of {', '.join(ROUNDINGS)}")
    return rounding


@cache
def gaussian_quantiser(bits: int) -> tuple[float, float]:
    r"""Step that suits standard normal entries best, and how much of the signal it keeps.

    For q the quantiser of step Delta and g ~ N(0, 1),

    .. math:: \kappa_b = \max_\Delta \frac{E[g\,q(g)]^2}{E[q(g)^2]},

    the squared correlation of stored and exact weights: a memory of b-bit weights has the
    capacity of exact weights with d^2 replaced by kappa_b d^2. kappa_1 = 2/pi.

    Parameters
    ----------
    bits : b, between 1 and 16.

    Returns
    -------
    step, kappa
        The step Delta in units of the weights' root mean square, and kappa_b in (0, 1).

    Raises
    ------
    InputError
        If bits is out of range.

    Examples
    --------
    >>> step, kappa = gaussian_quantiser(1)
    >>> abs(kappa - 2 / np.pi) < 1e-12
    True
    >>> round(gaussian_quantiser(2)[1], 4)
    0.8812
    """
    from scipy import optimize, special

    bits = check_bits(bits)
    levels = np.arange(2 ** (bits - 1)) + 0.5

    def correlation(step: float) -> float:
        edges = np.append((levels - 0.5) * step, np.inf)
        value = levels * step
        signal = 2 * value @ -np.diff(np.exp(-(edges**2) / 2)) / np.sqrt(2 * np.pi)
        power = 2 * value**2 @ -np.diff(special.ndtr(-edges))
        return float(signal**2 / power)

    if bits == 1:
        return float(np.sqrt(8 / np.pi)), correlation(1.0)
    # The outermost level sits between 1 and 9 standard deviations for every width in range.
    bounds = (1.0 / levels[-1], 9.0 / levels[-1])
    best = optimize.minimize_scalar(
        lambda step: -correlation(step), bounds=bounds, method="bounded", options={"xatol": 1e-12}
    )
    return float(best.x), correlation(float(best.x))


def quantise(
    W: Floats,
    bits: int,
    *,
    rounding: str = "nearest",
    rng: np.random.Generator | None = None,
) -> tuple[Levels, NDArray[np.float64]]:
    r"""Round each matrix to b bits, with the step of :func:`gaussian_quantiser`.

    Parameters
    ----------
    W : (..., r, c) one matrix or a stack of them; each has a step of its own.
    bits : b, between 1 and 16.
    rounding : one of :data:`ROUNDINGS`. Stochastic rounding is exact on average between the
        outermost levels and clips to them outside.
    rng : randomness of stochastic rounding, one number per entry.

    Returns
    -------
    levels, step
        Numbers (..., r, c) of the levels, and Delta_b rms(W) for each matrix (...,): an entry is
        (level - 2^(b-1) + 1/2) step. The step of a matrix of zeros is 0.

    Raises
    ------
    InputError
        If an option is out of range, rng is missing, or W is not finite.

    Examples
    --------
    >>> levels, step = quantise(np.array([[-3.0, 0.1], [2.0, 0.3]]), 1)
    >>> levels.tolist()
    [[0, 1], [1, 1]]
    """
    delta, top = gaussian_quantiser(bits)[0], 2 ** (bits - 1)
    if check_rounding(rounding) == "stochastic" and rng is None:
        raise InputError("stochastic rounding needs rng given")
    last = (-2, -1)
    largest = np.abs(W).max(axis=last, initial=0, keepdims=True).astype(np.float64)
    if not np.isfinite(largest).all():
        raise InputError("weights that are not finite cannot be rounded")
    unit = W / np.where(largest > 0, largest, 1.0)
    power = np.einsum("...ij,...ij->...", unit, unit) / max(W.shape[-2] * W.shape[-1], 1)
    step = delta * np.sqrt(power)[..., None, None]
    unit /= np.where(step > 0, step, 1.0)
    if rng is not None and rounding == "stochastic":
        unit += rng.random(unit.shape)
        unit -= 0.5
    np.floor(unit, out=unit)
    unit += top
    np.clip(unit, 0, 2 * top - 1, out=unit)
    return unit.astype(np.uint16), np.asarray((step * largest)[..., 0, 0])


def levels_of(odd: NDArray[Any], bits: int) -> Levels:
    """Numbers of the levels of odd numbers from -(2^b - 1) to 2^b - 1, as fits in bits have them.

    Examples
    --------
    >>> levels_of(np.array([-3.0, -1.0, 3.0]), 2)
    array([0, 1, 3], dtype=uint16)
    """
    return np.asarray((odd + 2**bits - 1) / 2).astype(np.uint16)


def weights_of(levels: Levels, step: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Weights (..., r, c) at these levels, for the steps (...,) of their matrices.

    Examples
    --------
    >>> weights_of(np.array([[0, 1, 2, 3]], np.uint16), np.array(2.0), 2)
    array([[-3., -1.,  1.,  3.]])
    """
    return np.asarray((levels - (2 ** (bits - 1) - 0.5)) * step[..., None, None])
