r"""Linear memories with b-bit weights.

Each entry of the Hebbian W is rounded to one of 2^b equally spaced levels

.. math:: \{(k + 1/2)\,\Delta\,\mathrm{rms}(W) : k = -2^{b-1}, \dots, 2^{b-1} - 1\}

so that b = 1 is sign(W). The scale never changes an argmax and is not counted in the bits.
"""

from functools import cache, partial

import numpy as np

from assoc.errors import InputError
from assoc.linear import HebbianBuild
from assoc.memory import Factors, Floats

__all__ = ["MAX_BITS", "gaussian_quantiser", "quantise", "quantised"]

MAX_BITS = 16
"""Widest weights that the search for the best step covers."""


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

    if not 1 <= bits <= MAX_BITS:
        raise InputError(f"bits = {bits} is not between 1 and {MAX_BITS}")
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


def quantise(W: Floats, bits: int) -> Floats:
    """Round each entry of W to b bits, with the step of :func:`gaussian_quantiser`.

    Parameters
    ----------
    W : any shape, not all zero.
    bits : b, between 1 and 16.

    Returns
    -------
    An array of W's shape and precision with at most 2^b distinct values, none of them zero.

    Raises
    ------
    InputError
        If W is all zeros or bits is out of range.

    Examples
    --------
    >>> quantise(np.array([-3.0, 0.1, 2.0]), 1) > 0
    array([False,  True,  True])
    """
    step, _ = gaussian_quantiser(bits)
    largest = float(np.abs(W).max())
    if largest == 0:
        raise InputError("weights that are all zero cannot be quantised")
    unit = W.astype(np.float64) / largest
    step *= float(np.sqrt(np.mean(np.square(unit))))
    top = 2 ** (bits - 1)
    levels = np.clip(np.floor(unit / step), -top, top - 1)
    return np.asarray((levels + 0.5) * step * largest, dtype=W.dtype)


def quantised(bits: int) -> HebbianBuild:
    """Hebbian memory with b-bit weights; its ``bits`` is b d^2.

    Examples
    --------
    >>> build = quantised(2)
    >>> build(np.eye(4), np.eye(4), np.arange(4), rng=np.random.default_rng(0)).bits
    32
    """
    return HebbianBuild(partial(_quantised_factors, bits))


def _quantised_factors(bits: int, W: Floats, /, *, rng: np.random.Generator) -> Factors:
    return Factors((quantise(W, bits),), bits=bits * W.size)
