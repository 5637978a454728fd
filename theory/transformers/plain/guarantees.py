r"""Laws of a pair of tokens by quadrature: what the guarantees of attention alone bound.

For plain sums a competitor reaches the answer with the probability that E sphere coordinates sum to
at least (2 - c) sqrt((1 - rho)/2). Here it comes from the Fourier transform of a coordinate,
j(w) = 0F1(d/2; -w^2/4),

.. math:: P\Bigl(\sum t_z \ge x\Bigr) = \frac12 - \frac1\pi \int_0^\infty j(w)^E\,
          \frac{\sin w x}{w}\,dw,

and means over rho and over the share s come from sums over even grids.
"""

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["dual_pair_law", "gap_law", "pair_law", "sum_law"]

Floats = NDArray[np.float64]

GRID, WAVES, TERMS = 4001, 4000, 80
REACH = 9.0
"""Standard deviations after which a transform, or a density, is negligible."""


def pair_law(terms: int, d: int, *, c: int) -> float:
    """P(a competitor reaches the answer of plain sums), to about 1e-12.

    Parameters
    ----------
    terms : E_c, at least about 6, so that the transform falls off.
    d : dimension, at least about 16.
    c : coefficient of the competitor, 0 or 1.

    Examples
    --------
    >>> f"{pair_law(37, 1400, c=1):.2g}"
    '7.2e-06'
    """
    t, weight = _coordinates(d, 201)
    return float(weight @ sum_law((2 - c) * np.sqrt((1 - t) / 2), terms, d) / weight.sum())


def sum_law(x: Floats, terms: int, d: int) -> Floats:
    """P(a sum of sphere coordinates >= x), elementwise; parameters as for :func:`pair_law`."""
    top = REACH * np.sqrt(d / terms)
    # The transform is even and analytic, so that the midpoint rule has no error but rounding.
    w = (np.arange(WAVES) + 0.5) * top / WAVES
    power = _transform(w, d) ** terms / w * (top / WAVES)
    return np.asarray(0.5 - np.sin(np.multiply.outer(x, w)) @ power / np.pi)


def dual_pair_law(terms: int, n: int, d: int, *, c: int) -> float:
    """P(a competitor reaches the answer of dual values), for Gaussian embeddings.

    Parameters
    ----------
    terms, c : as for :func:`pair_law`.
    n, d : tokens of the vocabulary, and dimension below n.

    Examples
    --------
    >>> round(dual_pair_law(12, 100, 40, c=1), 4)
    0.0822
    """
    spread = REACH * np.sqrt(2 * d / n * (1 - d / n) / n)
    s = np.linspace(max(d / n - spread, 1e-9), min(d / n + spread, 1 - 1e-9), GRID)
    log_weight = (d / 2 - 1) * np.log(s) + ((n - d) / 2 - 1) * np.log1p(-s)
    weight = np.exp(log_weight - log_weight.max())
    others = 4 + c * c + terms
    # Of c's squared length, half the squared product with (1, -1) lies along it.
    across = others - (2 - c) ** 2 / 2
    level = (2 - c) ** 2 / (2 * across) * s / (1 - s)
    tail = 0.5 * scipy.special.betainc((n - 2) / 2, 0.5, np.clip(1 - level, 0.0, 1.0))
    return float(weight @ tail / weight.sum())


def gap_law(d: int, *, gap: float) -> float:
    """P(the end is less than a gap above another token, in a head with a key of plain sums).

    Parameters
    ----------
    d : dimension, at least about 16.
    gap : of the logits.

    Examples
    --------
    >>> round(gap_law(64, gap=0.0), 4)
    0.0023
    """
    t, weight = _coordinates(d, GRID)
    level = (0.5 - gap + t) / np.sqrt(1.25 + t)
    half = 0.5 * scipy.special.betainc((d - 1) / 2, 0.5, np.clip(1 - level**2, 0.0, 1.0))
    return float(weight @ np.where(level >= 0, half, 1 - half) / weight.sum())


def _transform(w: Floats, d: int) -> Floats:
    """Fourier transform of a sphere coordinate, by its power series."""
    term = np.ones_like(w)
    total = term.copy()
    for k in range(1, TERMS):
        term = -term * w**2 / (4 * k * (d / 2 + k - 1))
        total += term
    return total


def _coordinates(d: int, count: int) -> tuple[Floats, Floats]:
    """Even grid of a sphere coordinate, and the density on it."""
    t = np.linspace(-1, 1, count + 2)[1:-1] * min(1.0, REACH / np.sqrt(d))
    return t, (1 - t**2) ** ((d - 3) / 2)
