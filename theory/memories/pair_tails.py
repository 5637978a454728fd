r"""The chance that a wrong answer wins, bounded by its exact law given the length of the noise.

For an input x, its answer and another output y, the difference of the two scores is, up to a
positive factor, :math:`x + S`, where S is a sum of n products of sphere coordinates,

.. math:: S = \sum_{z=1}^n c_z \tau_z = R\,\tau, \qquad R = \lvert \textstyle\sum_z c_z u_z \rvert ,

and tau is one more coordinate, independent of R: the direction of a sum of vectors that are uniform
on the sphere is uniform. With T the tail of a coordinate, P(S >= x) = E T(x/R) exactly. As a
function of w = R^2, log T(x/sqrt(w)) is concave, so that it lies below its tangent at any w_0,

.. math:: T(x/\sqrt w) \le T(t)\, e^{\psi (w - w_0)}, \qquad t = x/\sqrt{w_0}, \quad
          \psi w_0 = \sigma(t) = -t\,T'(t) / (2\,T(t)) ,

and E exp(psi R^2) is bounded through the moments of normal variables; ``docs/derivations.md`` has
the proof. T and sigma are enclosed by balls on a grid of t, of which any point will do.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from theory.memories.balls import above, below, coordinate_tail, log_density
from theory.memories.cells import beta_masses

__all__ = ["Tails", "cells_of_share", "product_tail", "tails_of"]

Floats = NDArray[np.float64]
Groups = tuple[tuple[float, float], ...]
Terms = float | Groups

GRID = 320
"""Levels of a table of tails."""

NEGLIGIBLE = 20.0
"""What is cut off has a probability of exp(-NEGLIGIBLE) over the number of pairs."""

STEPS = 8
"""Of the iterations that look for good places, where any place is right."""

FACTORS = (1.2, 1.5, 1.9, 2.5, 3.2)
"""Of the mean of R^2: points that are tried beside the one that is looked for."""

WIDTH = 5.0
"""Half the length of the middle cell of the auxiliary chi-square, in standard deviations."""


@dataclass(frozen=True)
class Tails:
    """Tail T of a sphere coordinate at increasing levels t, enclosed.

    Parameters
    ----------
    d : dimension.
    depth : log of the number of pairs that the table is for.
    t : (GRID,) levels, from above 0 to where T is at most exp(-depth - NEGLIGIBLE).
    low, high : (GRID,) bounds on T.
    slope_low, slope_high : (GRID,) bounds on sigma(t) = -t T'(t) / (2 T(t)).
    ends : (2 GRID + 2,) upper ends of cells that cover [-1, 1]; the first reaches down to -1.
    cells : (2 GRID + 2,) upper bounds on the probabilities of these cells.
    """

    d: int
    depth: float
    t: Floats
    low: Floats
    high: Floats
    slope_low: Floats
    slope_high: Floats
    ends: Floats
    cells: Floats

    def lower(self, t: Floats) -> Floats:
        """Lower bounds on T(t) for t >= 0: log T is concave, hence above its chords (d >= 3)."""
        logs = np.log(np.concatenate([[0.5], self.low]))
        found = np.interp(t, np.concatenate([[0.0], self.t]), logs)
        return np.asarray(np.where(t <= self.t[-1], np.exp(found), 0.0))

    def upper(self, t: Floats) -> Floats:
        """Upper bounds on T(t) for t >= 0: log T is below its tangents (d >= 3)."""
        place = np.clip(np.searchsorted(self.t, t), 0, GRID - 1)
        back = np.maximum(self.t[place] - t, 0.0)
        return np.minimum(
            self.high[place] * np.exp(2 * self.slope_high[place] / self.t[place] * back), 0.5
        )


def tails_of(d: int, log_pairs: float) -> Tails:
    """Table of tails in dimension d, for a number of pairs with this logarithm or a smaller one.

    Examples
    --------
    >>> table = tails_of(3, 10.0)  # uniform on [-1, 1]
    >>> bool((table.low <= (1 - table.t) / 2).all() and ((1 - table.t) / 2 <= table.high).all())
    True
    """
    return _tails(int(d), 8 * int(np.ceil(max(log_pairs, 1.0) / 8)))


@lru_cache(maxsize=32)
def _tails(d: int, depth: int) -> Tails:
    from flint import arb, ctx

    width = min(np.sqrt(2 * (depth + NEGLIGIBLE) / d), 1 - 1 / (8 * GRID))
    t = width * np.arange(1, GRID + 1) / GRID
    tails = [coordinate_tail(float(level), d) for level in t]
    with ctx.workprec(128):
        density = log_density(d)
        slopes = [
            arb(level) / 2 * (density + arb(d - 3) / 2 * (1 - arb(level) ** 2).log()).exp() / tail
            for level, tail in zip(map(float, t), tails, strict=True)
        ]
        # Up to the mirrored grid, from one level to the next, and beyond the last.
        upper = [above(p - q) for p, q in zip([arb(1) / 2, *tails], [*tails, arb(0)], strict=True)]
    return Tails(
        d,
        float(depth),
        t,
        np.array([below(ball) for ball in tails]),
        np.array([above(ball) for ball in tails]),
        np.array([below(ball) for ball in slopes]),
        np.array([above(ball) for ball in slopes]),
        np.concatenate([-t[::-1], [0.0], t, [1.0]]),
        np.array([*upper[::-1], *upper]),
    )


def product_tail(
    x: Floats, n: Terms, tails: Tails, *, extra: float | Floats = 0.0, proxy: float | None = None
) -> Floats:
    r"""Upper bound on P(S >= x) for a sum S of n products of sphere coordinates, elementwise.

    Parameters
    ----------
    x : levels; where they are not positive the bound is 1.
    n : number of terms, at least 0; or (number, size) of groups of terms, of which the coefficients
        are sums of so many coordinates.
    tails : table of the dimension d.
    extra : what is added to the squared coefficients, whose sum is Q: a constant, or positive
        numbers of a shape that goes with that of x.
    proxy : the squares of coefficients have the moments of chi-square over this at most; None: d.

    Returns
    -------
    Bounds in [0, 1], of the shape of x.

    Examples
    --------
    >>> table = tails_of(64, 10.0)
    >>> bound = product_tail(np.array([0.6, 0.7]), 100, table)
    >>> bool(bound[1] < 1e-4 < bound[0] < 4e-4)
    True
    """
    x = np.asarray(x, np.float64)
    bound = np.ones(x.shape)
    positive = x > 0
    if not positive.any():
        return bound
    groups = n if isinstance(n, tuple) else ((float(n), 1.0),)
    more = np.broadcast_to(np.asarray(extra, np.float64), x.shape)[positive]
    if sum(count for count, _ in groups) == 0 and not more.any():
        bound[positive] = 0.0
        return bound
    level = _by_lengths(x[positive], groups, tails, more, float(proxy or tails.d))
    if proxy is None and not more.any():
        c = x[positive] ** 2 * tails.d / 2
        known = _grouped(c, n, tails.d) if isinstance(n, tuple) else log_tangent(c, n, tails.d)
        level = np.minimum(level, known)
    bound[positive] = np.exp(np.minimum(level, 0.0))
    return bound


def log_tangent(c: Floats, n: float, d: int) -> Floats:
    r"""Upper bound on log E exp(-c/Q), Q a sum of n squared coordinates, elementwise.

    By the tangent of -c/Q at q and the moments of N(0, 1/d), for any q > 0 with q^2 > 2c/d,

    .. math:: E\,e^{-c/Q} \le e^{-2c/q}\,\Bigl(1 - \frac{2c}{d q^2}\Bigr)^{-n/2},

    least at q = (n + sqrt(n^2 + 8 c d)) / (2d). With c = x^2 d/2 it bounds P(S >= x) by Chernoff's
    inequality, and is the better bound where there are few terms.

    Examples
    --------
    >>> log_tangent(np.array([0.0, 1e-9]), 0, 8).tolist()
    [0.0, -inf]
    """
    if n == 0:
        return np.where(c > 0, -np.inf, 0.0)
    terms = float(n)
    q = (terms + np.sqrt(terms**2 + 8 * c * d)) / (2 * d)
    share = 2 * c / (d * q**2)
    # At the best q, 1 - share is n/(d q), which keeps its digits where share is close to 1.
    log_rest = np.where(share < 0.5, np.log1p(-np.minimum(share, 0.5)), np.log(terms / (d * q)))
    bound = -2 * c / q - terms / 2 * log_rest
    return np.asarray(np.minimum(bound, 0.0))


def _grouped(c: Floats, n: Groups, d: int) -> Floats:
    """The bound of :func:`log_tangent` for groups of terms, at the best of some tangents."""
    mean = sum(count * size for count, size in n) / d
    bound = np.zeros(c.shape)
    for factor in np.geomspace(1.02, 12.0, 40):
        q = factor * mean
        share = 2 * c / (d * q**2)
        value = -2 * c / q
        for count, size in n:
            value = value - count / 2 * np.log1p(-np.minimum(size * share, 0.999))
        known = max(size for _, size in n) * share < 0.999
        bound = np.minimum(bound, np.where(known, value, 0.0))
    return np.asarray(bound)


def _by_lengths(x: Floats, n: Groups, tails: Tails, extra: Floats, proxy: float) -> Floats:
    """Log of the bound by the tangent in the squared length, at the best level of the table."""
    d = float(tails.d)
    mean = sum(count * size for count, size in n) / proxy + extra
    # The best w0 is the mean of R^2 under the weight exp(psi R^2): found as a fixed point, roughly,
    # since any will do.
    w = mean
    for _ in range(STEPS):
        t = np.minimum(x / np.sqrt(w), 0.999)
        psi = np.interp(t, tails.t, tails.slope_high) / w
        w = np.sqrt(w * _tilted_mean(psi, n, d, extra, proxy))
    bound = np.full(x.shape, np.inf)
    for w0 in (w, *(factor * mean for factor in FACTORS)):
        place = np.clip(np.searchsorted(tails.t, x / np.sqrt(w0)), 0, GRID - 1)
        # The slope is known between two bounds: the larger one to the right of w0, the smaller to
        # its left cost a factor exp(high - low), which is 1 up to rounding.
        psi = tails.slope_high[place] * (tails.t[place] / x) ** 2
        rest = log_length_transform(psi, n, tails.d, extra=extra, proxy=proxy, depth=tails.depth)
        bound = np.minimum(bound, np.log(tails.high[place]) - tails.slope_low[place] + rest)
    return np.asarray(np.logaddexp(bound, -tails.depth - NEGLIGIBLE))


def log_length_transform(
    psi: Floats, n: Groups, d: int, *, extra: float | Floats, proxy: float, depth: float
) -> Floats:
    r"""Upper bound on log E[exp(psi R^2); Q <= Q_0], R^2 of n products, elementwise.

    Q_0 is so large that P(Q > Q_0) <= exp(-depth - NEGLIGIBLE). With G chi-square of d degrees,

    .. math:: E\bigl[e^{\psi R^2}; Q \le Q_0\bigr] \le E\bigl[e^{\kappa(G)}; G \le G_0\bigr]
              + E\bigl[e^{\psi (Q_0 + q) G/d}; G > G_0\bigr], \qquad
              \kappa(G) = \frac{\psi q G}{d} - \frac n2 \log\Bigl(1 - \frac{2\psi G}{d\,p}\Bigr),

    q the extra and p the proxy. kappa is convex, hence below its chords on three cells.
    """
    dimension = float(d)
    unit, shift = 2 * psi / (dimension * proxy), psi * extra / dimension

    def kappa(G: Floats) -> Floats:
        logs = sum(count / 2 * np.log1p(-unit * size * G) for count, size in n)
        return np.asarray(shift * G - logs)

    G = _centre(psi, n, dimension, extra, proxy)
    cut = 0.9 / (unit * max(size for _, size in n))
    spread = np.sqrt(2 / dimension)
    points = [
        np.zeros(psi.shape),
        G * max(0.0, 1 - WIDTH * spread),
        np.minimum(G * (1 + WIDTH * spread), cut / 2),
        np.minimum(G * (1 + max(1.0, 4 * WIDTH * spread)), cut),
    ]
    total = np.full(psi.shape, -np.inf)
    for k in range(3):
        left, right = points[k], points[k + 1]
        slope = (kappa(right) - kappa(left)) / np.maximum(right - left, 1e-300)
        start = kappa(left) - slope * left
        term = start + _tilted(slope, dimension, right if k == 0 else left, under=k == 0)
        total = np.logaddexp(total, np.where(right > left, term, -np.inf))
    most = _largest(n, depth) / proxy + extra
    last = _tilted(psi * most / dimension, dimension, points[3])
    return np.asarray(np.logaddexp(total, last))


def _centre(psi: Floats, n: Groups, d: float, extra: float | Floats, proxy: float) -> Floats:
    """Centre of chi-square of d degrees under the weight exp(kappa): roughly, as any will do."""
    unit = 2 * psi / (d * proxy)
    most = 0.45 / (unit * max(size for _, size in n))
    G = np.full(psi.shape, d)
    for _ in range(STEPS):
        G = np.minimum(G, most)
        slope = psi * extra / d
        for count, size in n:
            slope = slope + count * size * unit / 2 / (1 - size * unit * G)
        G = np.sqrt(G * d / (1 - 2 * np.minimum(slope, 0.45)))
    return np.asarray(np.minimum(G, most))


def _tilted_mean(psi: Floats, n: Groups, d: float, extra: Floats, proxy: float) -> Floats:
    G = _centre(psi, n, d, extra, proxy)
    energy = extra
    for count, size in n:
        energy = energy + count * size / proxy / (1 - 2 * size * psi * G / (d * proxy))
    return np.asarray(G / d * energy)


def _largest(n: Groups, depth: float) -> float:
    """Number that a sum of chi-squares exceeds with chance exp(-depth - NEGLIGIBLE) at most.

    Of each group so many of one degree, times its size (Laurent and Massart 2000).
    """
    rate = depth + NEGLIGIBLE
    mean = sum(count * size for count, size in n)
    if mean == 0:
        return 0.0
    squares = sum(count * size**2 for count, size in n)
    return float(mean + 2 * np.sqrt(squares * rate) + 2 * max(size for _, size in n) * rate)


def _tilted(slope: Floats, d: float, level: Floats, *, under: bool = False) -> Floats:
    """Log of a bound on E[exp(slope G); G over a level, or under it], G chi-square of d degrees."""
    with np.errstate(divide="ignore"):
        best = (1 - d / level) / 2
    tilt = np.minimum(best, slope) if under else np.maximum(best, slope)
    tilt = np.where(np.isfinite(tilt), tilt, slope)
    known = tilt < 0.5
    safe = np.where(known, tilt, 0.0)
    value = (slope - safe) * level - d / 2 * np.log1p(-2 * safe)
    return np.asarray(np.where(known, value, np.inf))


def cells_of_share(rank: int, d: int, cells: int, *, depth: float = 0.0) -> tuple[Floats, Floats]:
    """Lower ends of cells that cover (0, 1), and bounds on their chances, under Beta(m/2, (d-m)/2).

    The law of the share of a uniform unit vector that a projector of rank m keeps. The first cell,
    which reaches down to 0, has a chance of about exp(-depth - NEGLIGIBLE), or 1e-12 if that is
    less.
    """
    a, b = rank / 2, (d - rank) / 2
    ends = scipy.special.betaincinv(a, b, np.linspace(0, 1, cells + 1)[1:-1])
    # Finer cells in the lower tail, where the bound is largest.
    deep = scipy.special.betaincinv(a, b, np.geomspace(1e-12, 1 / cells, 16)[:-1])
    deepest = scipy.special.betaincinv(
        a, b, np.geomspace(np.exp(-depth - NEGLIGIBLE), 1e-12, 24)[:-1]
    )
    ends = np.unique(np.concatenate([[0.0], ends, deep, deepest[np.isfinite(deepest)]]))
    masses = np.array([above(mass) for mass in beta_masses(rank, d, ends[1:])])
    # A ball without an end says nothing, and a chance is at most 1.
    return ends, np.where(masses <= 1, masses, 1.0)
