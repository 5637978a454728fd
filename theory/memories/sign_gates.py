r"""The explicit guarantee for sign-gated memories of random facts.

For independent embeddings uniform on the sphere, an injective map onto the N outputs, and the m
square-wave gates of :mod:`assoc.memories.sign_gates`, for any level c0,

.. math::
    P(\text{some fact fails}) \le N(N-1)\Bigl( P(c > c_0) +
    E \min\bigl(1, \inf_{s, \zeta} e^{\Lambda(\rho, |c|, G, Q)}\bigr) \Bigr)

.. math::
    \Lambda = -s\sqrt{1-\rho} + \zeta - \tfrac{d-1}2 \log(1 - \xi)
    + \frac{s^2 (1 + |c|)^2 (1 + \rho)}{2 G (1 - \xi)} + \log J(B), \qquad
    \xi = \frac{2 s^2 Q}{G d}, \quad B = \frac{s^2 Q}d + \frac{s^2 (1-\rho)\, c^2}{4 \zeta},

.. math::
    J(B) = \frac{2 \Phi(a)\, e^{a^2/2}}{\sqrt{1 - 6 B/m}}, \qquad
    a^2 = \frac{2 B \kappa_0^2}{1 - 6 B/m}, \qquad \kappa_0 = e^{-\omega^2 (1 - c_0)},

with rho and c coordinates on the sphere, G chi-square of m degrees of freedom, Q the sum of N - 2
squared coordinates, all independent. ``docs/sign-gates.md`` has the proof. To leading order
Lambda is -m d (1 - rho) / (4 N), so that N log N / (m d) < 1/8 is enough.

Every expectation is a sum over cells in which Lambda, monotone in each variable at fixed s and
zeta, takes its worst corner: coordinates have tails by ball arithmetic
(:mod:`theory.memories.balls`), G and Q tails that are bounded in closed form.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.checks import check_width
from assoc.errors import InputError
from assoc.memories.sign_gates import check_gates
from sims.engine.bracketing import size_of_load
from theory.memories.aimed import aimed_bracket
from theory.memories.balls import above, coordinate_tail
from theory.memories.sizes import LARGEST_N, check_delta, check_sizes

__all__ = [
    "exponent", "failure_bound", "guaranteed_facts", "guaranteed_width", "kernel", "least_width",
]  # fmt: skip

Floats = NDArray[np.float64]

CELLS = (40, 12, 40, 32)
"""Cells of rho, |c|, G and Q."""

COARSE = 4
"""s and zeta are searched once for so many cells of each variable."""

FAR = (5e-3, 1e-6, 1e-10)
"""Chances, of which the best is taken, that two inputs are closer than the level c0."""

SLACK = 1 + 1e-6
"""Covers rounding in exponents of up to a few hundred, which is smaller by many orders."""

WIDEST = 10**15


def kernel(gates: str, rho: float | Floats, *, omega: float | None = None) -> Floats:
    r"""Kernel E s(e) s(e') of gates of 1 and -1, for unit vectors with <e, e'> = rho.

    .. math:: \tfrac2\pi \arcsin\rho, \qquad \bigl(\tfrac2\pi \arcsin\rho\bigr)^2, \qquad
              \tfrac8{\pi^2} \sum_{n\ \mathrm{odd}} n^{-2} e^{-n^2 \omega^2 (1 - \rho)}

    Parameters
    ----------
    gates : one of :data:`assoc.memories.sign_gates.GATES`.
    rho : cosines in [-1, 1], any shape.
    omega : frequency of square waves, as for :func:`assoc.memories.sign_gates.check_gates`.

    Returns
    -------
    Values of the shape of rho. The series is cut where what is left is below 1e-16 or, near
    rho = 1, evaluated as 1 - 4 sqrt(x / pi^3) with x = omega^2 (1 - rho), which is as close.

    Raises
    ------
    InputError
        If the gates are unknown, or a cosine is not in [-1, 1].

    Examples
    --------
    >>> float(kernel("sign", 0.5)), float(kernel("square", 1.0))
    (0.3333..., 1.0)
    """
    kind, frequency = check_gates(gates, omega)
    rho = np.asarray(rho, np.float64)
    if not (np.abs(rho) <= 1).all():
        raise InputError("a cosine is not between -1 and 1")
    if kind != "square":
        arc = 2 / np.pi * np.arcsin(rho)
        return np.asarray(arc if kind == "sign" else arc**2)
    x = frequency**2 * (1 - rho)[..., None]
    n = np.arange(1, 64, 2)
    series = 8 / np.pi**2 * (np.exp(-(n**2) * x) / n**2).sum(axis=-1)
    # Poisson summation: the correction to the line is exp(-pi^2 / (4 x)), below 1e-20 here.
    return np.asarray(np.where(x[..., 0] < 0.05, 1 - 4 * np.sqrt(x[..., 0] / np.pi**3), series))


@dataclass(frozen=True, eq=False)
class _Ladder:
    """Cells of one variable, in the order in which the bound grows.

    Parameters
    ----------
    worst : (k,) worst corner of each cell.
    best : (k,) its best corner.
    beyond : (k - 1,) bounds on the chance to be past each cell.
    """

    worst: Floats
    best: Floats
    beyond: Floats

    def mean(self, values: Floats) -> Floats:
        """Bound on the mean of values (..., k) that hold in the cells."""
        values = np.maximum.accumulate(values, axis=-1)
        return np.asarray(values[..., 0] + np.diff(values, axis=-1) @ self.beyond)


def failure_bound(N: int, d: int, m: int, *, omega: float | None = None) -> float:
    """Bound the probability that a sign-gated memory of square waves fails on some fact.

    Parameters
    ----------
    N : number of facts, at least 1; the map is a bijection.
    d : dimension, at least 2.
    m : number of gates; a true two-layer network has 2 m hidden neurons.
    omega : frequency; None means :data:`assoc.memories.sign_gates.OMEGA`.

    Returns
    -------
    A number in [0, 1] that the probability does not exceed.

    Raises
    ------
    InputError
        If an argument is out of range.

    References
    ----------
    A variant of NLB, Theorem 2, whose activations are polynomials; derived here.

    Examples
    --------
    >>> failure_bound(1024, 64, 2000) < 0.2 < failure_bound(1024, 64, 1500)
    True
    """
    return min(1.0, _bound(N, d, m, omega, enough=0.0))


def _bound(N: int, d: int, m: int, omega: float | None, *, enough: float) -> float:
    """Bound of :func:`failure_bound`, or the first that is ``enough``; it may be larger than 1."""
    check_sizes(d=d, N=N, M=N)
    m = check_width(m)
    if m > WIDEST:
        raise InputError(f"m = {m:.3g}: the formulas are checked up to m = {WIDEST:.0e}")
    frequency = check_gates("square", omega)[1]
    if N == 1:
        return 0.0
    best = math.inf
    for far in FAR:
        level, distant = _level(N, d, far)
        found = distant + N * (N - 1) * _pair(N, d, m, level, frequency)
        if found >= best:
            break
        best = min(best, found)
        # A search needs no more than enough, nor what going farther hardly changes.
        if best * SLACK <= enough or (enough and distant < found / 100):
            break
    return best * SLACK


def guaranteed_width(N: int, d: int, *, delta: float = 0.5, omega: float | None = None) -> int:
    """Fewest gates (within 1%) with which all N facts are proved recalled, but for a chance delta.

    Parameters
    ----------
    N, d, omega : as for :func:`failure_bound`.
    delta : allowed failure probability, in (0, 1).

    Raises
    ------
    InputError
        If an argument is out of range, or no width up to 8000 N log N / d is proved to be enough.

    Examples
    --------
    >>> 1500 < guaranteed_width(1024, 64) < 2000
    True
    """
    found = least_width(N, d, delta=delta, omega=omega)
    if found is None:
        raise InputError(f"d = {d}, N = {N}: no width is proved to be enough")
    return found


def least_width(N: int, d: int, *, delta: float = 0.5, omega: float | None = None) -> int | None:
    """Width of :func:`guaranteed_width`; None where none is proved to be enough."""
    check_delta(delta)
    check_sizes(d=d, N=N, M=N)
    limit = min(1000 * max(1, round(8 * N * math.log(N) / d)), WIDEST)
    # The leading order of the exponent, and a share for what is left out of it.
    start = round(5.6 * (1 + N / d) * (2 * math.log(N) - math.log(max(delta, 1e-300))))
    _, found = aimed_bracket(
        lambda m: _bound(N, d, m, omega, enough=delta), delta,
        start=start, limit=limit, resolution=0.01,
    )  # fmt: skip
    return int(found) if found <= limit else None


def guaranteed_facts(d: int, m: int, *, delta: float = 0.5, omega: float | None = None) -> int:
    """Most facts that m gates are proved to recall whole, but for a chance delta.

    Parameters are those of :func:`guaranteed_width`.

    Examples
    --------
    >>> 500 < guaranteed_facts(64, 804) < 530
    True
    """
    check_delta(delta)
    m = check_width(m)
    check_sizes(d=d)
    low, _ = aimed_bracket(
        lambda N: _bound(N, d, m, omega, enough=delta), delta,
        start=max(2, size_of_load(m * d / 8)), limit=LARGEST_N, rising=True, resolution=1e-3,
    )  # fmt: skip
    return low


@lru_cache(maxsize=256)
def _level(N: int, d: int, far: float) -> tuple[float, float]:
    """Return a level c0, and a bound on the chance that some two inputs are closer."""

    def chance(c: float) -> float:
        return N * (N - 1) * above(coordinate_tail(c, d))

    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) > far else (low, middle)
    return high, chance(high)


@lru_cache(maxsize=256)
def _coordinates(N: int, d: int, level: float) -> tuple[_Ladder, _Ladder]:
    """Cells of rho, up to 1, and of |c|, up to the level."""
    width = min(1.0, math.sqrt((4 * math.log(N) + 40) / d))
    ends = np.append(np.linspace(-width, width, CELLS[0] - 1), 1.0)
    beyond = np.array([above(coordinate_tail(float(r), d)) for r in ends[:-1]])
    rho = _Ladder(ends, np.append(-1.0, ends[:-1]), beyond)
    sizes = level * np.arange(1, CELLS[1] + 1) / CELLS[1]
    beyond = np.array([2 * above(coordinate_tail(float(c), d)) for c in sizes[:-1]])
    return rho, _Ladder(sizes, np.append(0.0, sizes[:-1]), np.minimum(beyond, 1.0))


def _lengths(N: int, m: int) -> _Ladder:
    r"""Cells of G / m, downwards, the last one down to 0.

    With y = g/m and h = y - 1 - log y, P(G < g) <= exp(-m h / 2), and as the density is
    log-concave and Gamma(a) >= sqrt(2 pi) a^(a - 1/2) e^-a, also at most exp(-m h / 2)
    sqrt(a) / (sqrt(2 pi) (a (1 - y) - 1)) with a = m/2.
    """
    down = np.linspace(0, min(0.95, math.sqrt((16 * math.log(N) + 100) / m)), CELLS[2] - 1)
    a = m / 2
    # What rounding does to h is below 4e-16 of its argument.
    exponent = -a * np.maximum(-down - np.log1p(-down) - 4e-16 * down, 0.0)
    sharper = a * down > 2
    factor = np.ones_like(down)
    factor[sharper] = math.sqrt(a / (2 * math.pi)) / (a * down[sharper] - 1)
    ends = np.append(1 - down, 0.0)
    return _Ladder(ends, np.append(np.inf, ends[:-1]), np.exp(exponent) * np.minimum(factor, 1.0))


def _energies(N: int, d: int) -> _Ladder:
    """Cells of Q, the last one up to infinity: P(Q > q n/d) <= exp(-n (q - 1 - log q) / 2)."""
    n = max(N - 2, 1)
    tail = (16 * math.log(N) + 100) / n
    up = np.linspace(0, math.sqrt(tail) + tail / 2, CELLS[3] - 1)
    exponent = -n / 2 * np.maximum(up - np.log1p(up) - 4e-16 * up, 0.0)
    ends = np.append((1 + up) * n / d, np.inf)
    return _Ladder(ends, np.append(0.0, ends[:-1]), np.exp(exponent))


def _pair(N: int, d: int, m: int, level: float, omega: float) -> float:
    """Bound on the chance that one wrong answer beats the right one, no two inputs being close."""
    rho, c = _coordinates(N, d, level)
    length, energy = _lengths(N, m), _energies(N, d)
    grid = (rho.worst, rho.best, c.worst, m * length.worst, energy.worst)
    kappa = math.exp(-(omega**2) * (1 - level)) * (1 + 1e-9)
    shapes = [(-1, 1, 1, 1), (-1, 1, 1, 1), (1, -1, 1, 1), (1, 1, -1, 1), (1, 1, 1, -1)]
    fine = [_split(axis, shape) for axis, shape in zip(grid, shapes, strict=True)]
    blocks = [axis[_worst(axis)].reshape(s) for axis, s in zip(grid, shapes, strict=True)]
    blocks[1] = rho.best[::COARSE].reshape(shapes[1])
    blocks[2] = c.worst[COARSE - 1 :: COARSE].reshape(shapes[2])
    s, zeta = (np.expand_dims(values, (1, 3, 5, 7)) for values in _best(d, m, kappa, *blocks))
    values = np.exp(exponent(d, m, kappa, *fine, s=s, zeta=zeta)).reshape(CELLS)
    for ladder in (energy, length, c, rho):
        values = ladder.mean(values)
    return float(values)


def _worst(axis: Floats) -> NDArray[np.intp]:
    """Last index of every few cells, but for the very last cell, which may be without end."""
    return np.minimum(np.arange(COARSE - 1, len(axis), COARSE), len(axis) - 2)


def _split(axis: Floats, shape: tuple[int, ...]) -> Floats:
    """Put an axis in the two places of blocks and of cells in a block.

    Each term of the exponent is then worked out once for all cells on which it does not depend.
    """
    places = [place for size in shape for place in ((-1, COARSE) if size == -1 else (1, 1))]
    return axis.reshape(places)


def _best(
    d: int, m: int, kappa: float, high: Floats, low: Floats, c: Floats, G: Floats, Q: Floats
) -> tuple[Floats, Floats]:
    """Parameters s and zeta of nearly the least exponent, by search; any give a bound."""
    gap = np.sqrt(np.maximum(1 - high, 1e-3))
    least = gap / (2 * ((Q + 0.5) / G + (3 / m + kappa**2) * Q / d))
    # Up to here 6 B / m and xi stay below 1.
    most = np.minimum(np.sqrt(m * d / (6 * Q)), np.sqrt(G * d / (2 * Q)))
    start = np.minimum(least, most)
    shape = np.broadcast_shapes(start.shape, c.shape)
    s, zeta, found = np.ones(shape), np.ones(shape), np.full(shape, np.inf)
    for share in np.linspace(0.3, 1, 10):
        tried = np.broadcast_to(share * start, shape)
        reach = tried * gap * c
        usual = reach * math.sqrt(3 / (2 * m) + kappa**2 / 2)
        # The last leaves 6 B / m room below 1 where s is of the order of m, with d above N.
        for slack in (usual, 2 * usual, 4 * usual, 6 * reach**2 / m):
            value = exponent(d, m, kappa, high, low, c, G, Q, s=tried, zeta=slack)
            better = value < found
            found, s, zeta = (
                np.where(better, new, old)
                for new, old in ((value, found), (tried, s), (slack, zeta))
            )
    return s, zeta


def exponent(
    d: int,
    m: int,
    kappa: float,
    high: Floats,
    low: Floats,
    c: Floats,
    G: Floats,
    Q: Floats,
    *,
    s: Floats,
    zeta: Floats,
) -> Floats:
    """Lambda at the worst corner of cells, at most 0; 0 where the bound says nothing.

    Parameters
    ----------
    d, m : as for :func:`failure_bound`.
    kappa : the largest kernel of two inputs, kappa_0.
    high, low : largest and smallest rho of a cell.
    c, G, Q : |c|, G and Q at its worst corner.
    s, zeta : positive parameters; all arrays broadcast.
    """
    with np.errstate(all="ignore"):
        xi = 2 * s**2 * Q / (G * d)
        B = s**2 * Q / d + s**2 * (1 - low) * c**2 / (4 * zeta)
        rest = 1 - 6 * B / m
        a = kappa * np.sqrt(2 * B / rest)
        value = (
            -s * np.sqrt(np.maximum(1 - high, 0.0))
            + zeta
            - (d - 1) / 2 * np.log1p(-xi)
            + s**2 * (1 + c) ** 2 * (1 + high) / (2 * G * (1 - xi))
            + a**2 / 2
            + np.log(2 * scipy.special.ndtr(a))
            - np.log(rest) / 2
        )
        allowed = (xi < 1) & (rest > 0) & np.isfinite(value)
    return np.where(allowed, np.minimum(value, 0.0), 0.0)
