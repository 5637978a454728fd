r"""Where a mean measured on a grid crosses a level, with an interval."""

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.errors import InputError
from sims.engine.statistics import LEVEL, Interval

__all__ = ["crossing"]


def crossing(
    grid: NDArray[np.float64], samples: NDArray[np.float64], rate: float, *, near: float
) -> tuple[float, Interval]:
    r"""Point at which the mean over trials crosses a rate.

    A parabola through the grid's means, which share their trials and so err together, gives the
    crossing and the slope there; the interval is the normal one of the mean, divided by that slope.

    Parameters
    ----------
    grid : (p,) increasing points.
    samples : (p, T) values of the same T >= 2 trials at each point.
    rate : level to be crossed.
    near : the crossing closest to it is meant.

    Returns
    -------
    point, (low, high)

    Raises
    ------
    InputError
        If the parabola crosses the rate nowhere on the grid.

    Examples
    --------
    >>> samples = np.outer([0.9, 1.0, 1.1], [1.0, 1.0]) + [0.01, -0.01]
    >>> point, (low, high) = crossing(np.array([9.0, 10.0, 11.0]), samples, 1.0, near=10.0)
    >>> round(point, 9), low < point < high
    (10.0, True)
    """
    from scipy import stats

    curve = Polynomial.fit(grid, samples.mean(axis=1), min(2, len(grid) - 1))
    # On straight means the leading coefficient is rounding, whose root would be anywhere.
    curve = curve.trim(1e-9 * float(np.abs(curve.coef).max()))
    roots = np.asarray((curve - rate).roots(), np.complex128)
    inside = (abs(roots.imag) < 1e-9) & (roots.real >= grid[0]) & (roots.real <= grid[-1])
    if not inside.any():
        raise InputError(f"the mean is too rough around {near:.6g}; use more trials")
    point = float(min(roots.real[inside], key=lambda root: abs(root - near)))
    at = int(np.argmin(np.abs(grid - point)))
    deviation = samples[at].std(ddof=1) / np.sqrt(samples.shape[1])
    half = float(stats.norm.ppf(0.5 + LEVEL / 2) * deviation / abs(float(curve.deriv()(point))))
    return point, (point - half, point + half)
