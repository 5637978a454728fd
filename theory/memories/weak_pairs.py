r"""How likely two inputs of the Hebbian memory are weak together, for the converse.

An input x is weak if the other facts take much of its score: h_x >= a, h_x = -<u_x, v_x>, where v_x
is the noise W e_x of the other facts. Given v_x this has the probability T(a/|v_x|), T the tail of
a sphere coordinate. For two inputs x and x' with the overlap gamma of e_x and e_x', the facts other
than x and x' make the noises V and V', and given these u_x and u_x' are still independent:

.. math:: h_x = -\langle u_x, V\rangle - \gamma\,\langle u_x, u_{x'}\rangle, \qquad
          h_{x'} = -\langle u_{x'}, V'\rangle - \gamma\,\langle u_x, u_{x'}\rangle .

Without the term that they share both would be weak with probability E[T(a/|V|) T(a/|V'|)].
:func:`joint_chance` bounds what the term changes, by cells of gamma and two more coordinates in
which it moves the squared lengths by a known factor at most, and the mean by quadratics in the
squared lengths (:mod:`theory.memories.squared_lengths`). ``docs/derivations.md``, D.1, has the
proof.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from theory.memories.balls import above, coordinate_tail
from theory.memories.pair_tails import Tails, tails_of
from theory.memories.squared_lengths import Growing, length_cut, length_moments, majorants

__all__ = ["Counted", "Reach", "Signal", "joint_chance", "product_moment", "reach_of", "skewness"]

Floats = NDArray[np.float64]

COORDINATES = np.concatenate([np.linspace(0.08, 3.2, 40), [3.6, 4.0, 5.0]])
"""Ends of cells of the size of a coordinate, in units of 1/sqrt(d)."""

CORNER = 5.5
"""Cosine of V and V', in the same units, up to which they count as nearly orthogonal."""

MUCH_WEAKER = 0.005
"""Share of the weak inputs that count as much weaker than usual."""

MOVES = 60
"""Factors of moves for which quadratics are found."""

SHORTER = np.geomspace(0.98, 1e-8, 160)
"""Relative distances of ends of cells below the length from which on an input counts."""

BEFORE = 40
"""Cells of lengths below those from which on an input counts."""


@dataclass(frozen=True)
class Counted:
    """How an input counts, by the squared length w of its noise and by h: never less for more.

    Parameters
    ----------
    ends : (n + 1,) increasing ends of cells of w, the last one infinite; below the first it does
        not count.
    h : (m,) increasing levels, the first one positive.
    steps : (n, m) by how much more it counts from each level on.
    """

    ends: Floats
    h: Floats
    steps: Floats

    @property
    def least(self) -> float:
        """Squared length from which on it counts."""
        return float(self.ends[0])

    def by_length(self, tails: Tails) -> Growing:
        """Mean given w, as h is -sqrt(w) times a coordinate."""
        low, high = self.h / np.sqrt(self.ends[:-1, None]), self.h / np.sqrt(self.ends[1:, None])
        lows = np.where(low < 1, tails.lower(np.minimum(low, 1.0)), 0.0)
        highs = np.where(high < 1, tails.upper(np.minimum(high, 1.0)), 0.0)
        before = np.linspace(0.0, self.least, BEFORE)
        nothing = np.zeros(BEFORE - 1)
        return Growing(
            np.concatenate([before, self.ends[1:]]),
            np.concatenate([nothing, (self.steps * lows).sum(axis=1)]),
            np.concatenate([nothing, (self.steps * highs).sum(axis=1)]),
        )


@dataclass(frozen=True)
class Signal:
    """What an input's own fact adds to the score of its answer: the length of P e_x.

    Parameters
    ----------
    size : only inputs with a signal of at most this count; 1 without a projector.
    low, high : bounds on the probability of that.
    rank : dimension in which the directions of two inputs overlap.
    """

    size: float
    low: float
    high: float
    rank: int


@dataclass(frozen=True)
class Reach:
    """How far coordinates and lengths are followed.

    Parameters
    ----------
    level, usual : of coordinates, and of those by which weak inputs usually are weak.
    overlap : of two inputs.
    cut : relative excess of squared lengths.
    beyond : bound on the chance that one of them is farther than ``level``, ``overlap`` or ``cut``.
    """

    level: float
    usual: float
    overlap: float
    cut: float
    beyond: float


def reach_of(
    chance: float, *, a: float, least: float, n: int, tails: Tails, signal: Signal
) -> Reach | None:
    """Levels that are passed with about this chance; None where they are too far to be of use.

    Parameters
    ----------
    chance : to pass one of them.
    a : level of h from which on an input is weak.
    least : squared length from which on an input counts.
    n : number of facts other than the two inputs.
    tails : table of the dimension.
    signal : of the inputs.
    """
    place = int(np.searchsorted(-tails.high, -chance))
    if place >= len(tails.t):
        return None
    level = float(tails.t[place])
    # The tail of the overlap in the projector's range, at a level that is as rare.
    overlap = min(level * float(np.sqrt(tails.d / signal.rank)), 1 - 1e-9)
    # T(a/sqrt(w)) is followed down to 0.02 w_0, and shorter noise of x' cannot count.
    end, shared = np.array(level), np.array(signal.size * overlap)
    moves = _moves(shared, 2 * end, end, a, least, level)
    if signal.size * overlap > 0.85 * np.sqrt(least) or not np.isfinite(moves[1]):
        return None
    logs = -np.log(tails.low)
    weak = np.interp(a / np.sqrt(n / tails.d), tails.t, logs)
    usual = float(np.interp(weak - np.log(MUCH_WEAKER), logs, tails.t))
    # Four coordinates of two signs, some in d - 1 dimensions, the overlap, and two lengths.
    last = float(tails_of(tails.d - 1, tails.depth).upper(np.array([level]))[0])
    far = above(coordinate_tail(overlap, signal.rank))
    return Reach(
        level,
        min(usual, level),
        overlap,
        length_cut(n, tails.d, chance),
        8 * last + 2 * far + 2 * chance,
    )


def joint_chance(
    first: Counted, a: float, *, n: int, reach: Reach, tails: Tails, signal: Signal
) -> float:
    """Bound the mean of how x counts on the event that x' is weak and its noise long enough.

    Parameters
    ----------
    first : how x counts.
    a : h_x' >= a on the event; and the noise is at least as long as it must be for x.
    n : number of facts other than x and x'.
    reach : levels of the coordinates, and of lengths.
    tails : table of the dimension.
    signal : of the inputs.

    Returns
    -------
    The bound, which counts in full what is beyond ``reach``.
    """
    d, last, inner = tails.d, reach.level, reach.usual
    gamma, gamma_mass = _cells(signal.rank, reach.overlap)
    tau, tau_mass = _cells(d - 1, last)
    overlap = gamma[:, None, None]
    g = signal.size * overlap
    along, across = tau[None, :, None], tau[None, None, :]
    v2, v4 = length_moments(n, d)
    mean, root = n / d, float(np.sqrt(first.least))
    ours, theirs = first.by_length(tails), _weak(first, a, tails)
    # Nearly always V and V' are nearly orthogonal.
    corner = CORNER / np.sqrt(d)
    cosine = np.minimum(corner + overlap * np.sqrt(mean * (1 + reach.cut)) / (root - g), 1.0)
    by, nearer = _moves(g, inner * cosine + along, across, a, first.least, inner)
    p0, p1, p2 = _moved(ours, by, mean, reach.cut, v2)
    q0, q1, q2 = _moved(theirs, nearer, mean, reach.cut, v2)
    square = overlap**2
    together = 2 * square * (n - 1) / (n * d) + d * (1 + 2 * square) / (n * (d + 2)) - 1 / n
    chance = p0 * q0 + (p0 * q2 + p2 * q0) * v2 + p1 * q1 * together
    chance = chance + (p1 * q2 + p2 * q1) * skewness(overlap, n, d) + p2 * q2 * v4
    # Else they may be parallel, or one of the two inputs is much weaker than usual.
    by, nearer = _moves(g, last + along, across, a, first.least, last)
    shortest = (root - signal.size * reach.overlap) ** 2 / mean - 1
    steepest = _steepest(ours, by, mean, reach.cut, shortest)
    steepest = steepest * _steepest(theirs, nearer, mean, reach.cut, shortest)
    chance = chance + steepest * product_moment(n, d) / corner**4
    p0, _, p2 = _moved(ours, by, mean, reach.cut, v2)
    q0, _, q2 = _moved(theirs, nearer, mean, reach.cut, v2)
    weaker = float(tails.upper(np.array([inner]))[0])
    chance = chance + weaker * (p0 + p2 * v2 + q0 + q2 * v2)
    masses = gamma_mass[:, None, None] * tau_mass[:, None] * tau_mass
    return float((chance * masses).sum()) + reach.beyond


def _weak(first: Counted, a: float, tails: Tails) -> Growing:
    """T(a/sqrt(w)), of any length."""
    ends = np.concatenate([first.least * (1 - SHORTER), first.ends])
    return Counted(ends, np.array([a]), np.ones((len(ends) - 1, 1))).by_length(tails)


def _moves(
    g: Floats, part: Floats, across: Floats, a: float, least: float, level: float
) -> tuple[Floats, Floats]:
    """Relative moves of |V|^2 to |v_x|^2, and of |V'|^2 where a becomes what x' still needs.

    Parameters
    ----------
    g : the coefficient |gamma| of the term that they share at most.
    part : the coordinate of u_x' along V at most.
    across : that of u_x along u_x', beside v_x, at most.
    a, least : level of weak inputs, and their least squared length.
    level : the coordinate of u_x along v_x at most.
    """
    root = np.sqrt(least)
    by = 2 * g * part / (root - g) + g**2 / (root - g) ** 2
    taken = g * (across + level * (part * (1 + g / root) + g / root))
    with np.errstate(divide="ignore"):
        nearer = np.where(taken < a, 1 / np.maximum(1 - taken / a, 0.0) ** 2 - 1, np.inf)
    return by, nearer


def _levels(by: Floats) -> Floats:
    """Moves for which something is computed; each ``by`` is between two of them."""
    return np.geomspace(float(by.min()), float(by.max()) * (1 + 1e-9), MOVES)


def _moved(
    function: Growing, by: Floats, mean: float, cut: float, spread: float
) -> tuple[Floats, Floats, Floats]:
    """Coefficients of quadratics above a function of a length that is moved by so much at most."""
    levels = _levels(by)
    level, slope, bend = majorants(function, levels, mean, cut, spread)
    place = np.searchsorted(levels, by)
    return level[place], slope[place], bend[place]


def _steepest(function: Growing, by: Floats, mean: float, cut: float, shortest: float) -> Floats:
    """Largest quotient of a function of a moved length by (1 + theta)^2, from an excess on."""
    levels = _levels(by)
    largest = []
    for level in levels:
        left, right = function.moved(float(level)).excess(mean, cut)
        high = function.high[: len(left)]
        quotients = high / (1 + np.maximum(left, shortest)) ** 2
        largest.append(float(quotients[right > shortest].max()))
    return np.array(largest)[np.searchsorted(levels, by)]


def skewness(gamma: Floats, n: int, d: int) -> Floats:
    """Bound on the size of E theta theta'^2, of the squared lengths of V and V'.

    Parameters
    ----------
    gamma : |<e_x, e_x'>|.
    n, d : number of facts, dimension.
    """
    v2, v4 = length_moments(n, d)
    apart = np.sqrt(2 / n * v4) / (d - 1)
    squares = gamma**2
    return np.asarray(
        squares**2 * np.sqrt(v2 * v4)
        + (1 + 2 * squares) * apart
        + 4 * squares * np.sqrt(v2 * product_moment(n, d))
    )


def product_moment(n: int, d: int) -> float:
    """Bound on E <V, V''>^4 over (n/d)^4, V'' the noise in a direction orthogonal to e_x.

    With Gram matrix G of the outputs, and normal variables for coordinates, it is
    3 E[(tr G^2)^2 + 2 tr G^4]/d^4.
    """
    m = float(n)
    squared = (m + m * (m - 1) / d) ** 2 + 4 * m * (m - 1) / d**2
    cycles = m * (m / d) ** 3 + 6 * m * (m / d) ** 2 + m * (m - 1) * (6 / d + 3 / (d * (d + 2))) + m
    return float(3 / d**4 * (squared + 2 * cycles) * (d / m) ** 4)


def _cells(d: int, last: float) -> tuple[Floats, Floats]:
    """Upper ends of cells of the size of a coordinate, up to ``last``, and bounds on chances."""
    from flint import arb

    ends = [end for end in COORDINATES / np.sqrt(d) if end < last]
    tails = [_tail(float(end), d) for end in ends] + [coordinate_tail(last, d)]
    masses = [above(2 * (p - q)) for p, q in itertools.pairwise([arb(1) / 2, *tails])]
    return np.array([*ends, last]), np.array(masses)


_tail = lru_cache(maxsize=1024)(coordinate_tail)
