r"""The law of interference: what one input meets when N facts share a linear memory.

Divide everything by the signal's mean. For an input x with right answer a and any other output y,
the memory's output splits into

.. math:: F(e_x) = A\,u_a + \eta_y\,u_y + n_\perp,

where A = 1 + (interference of a's own class) + (projection of the noise on u_a), eta_y is what
y's class adds along u_y, and n_perp is the rest of the noise, at right angles to u_a. The noise
is isotropic in the d output directions, so each is reached through a few scalars:

- q: the relative size of the noise's energy given the inputs (chi-square of about as many
  degrees as there are classes), times a factor of the construction (projection, sketch);
- r: the length of n_perp, chi with d - 1 degrees, **shared by all competitors**;
- A: normal given q; eta_y: a scaled coordinate on a sphere.

The right answer and y both score on F(e_x), and the difference of their scores is

.. math:: (A - \eta_y) - \langle u_y, (A - \eta_y)\,u_a + n_\perp \rangle .

Given the scalars, u_y enters only through its coordinate T along the vector on the right, which
is a coordinate of a uniform point on the sphere: y wins when

.. math:: T > \frac{A - \eta_y}{\sqrt{\phi\,(A - \eta_y)^2 + r^2}}

with phi = 1 (dual outputs shrink the overlap of different answers: phi < 1). Competitors are
independent given (q, r, A). Averaging over the three gives the recall with no fitted parameters.
``docs/derivations.md`` has the derivation and its approximations.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from theory.memories.quadrature import Nodes, chi_square_nodes, even_sphere_nodes, sphere_nodes

__all__ = ["Classes", "Interference", "failure_probability", "half_tail", "lost"]

Floats = NDArray[np.float64]

# Quadrature nodes for the noise energy, the length of n_perp, A and eta; tests double them.
NODES = (4, 8, 48, 10)
# Steps that the usual nodes resolve; beyond, one has as many times as many as there are steps.
STEEP, FINEST = 2.0, 32
# Relative variance of the noise's energy beyond which twice as many nodes average over it.
BROAD = 0.1
# What a competitor's class adds at most, in units of the signal, where it may win by itself.
ALONE = 2.0
TINY = 1e-300
EMPTY = 1e-12


@dataclass(frozen=True, eq=False)
class Classes:
    """How the facts fall into classes of inputs with the same answer.

    Parameters
    ----------
    share : (a,) fraction of the inputs in each kind of class; sums to 1.
    own : (a,) size K of the input's class, for each kind.
    count : (c,) number of competing outputs of each kind; sums to M - 1.
    size : (c,) class size of these competitors.
    rivals : (a, c) the same for each kind of the input's own class, where it makes a difference
        that this is not among the competitors; None stands for ``count`` in every row.
    right : (a, c) how many of these are right answers of such an input as well: where one of them
        beats all others, nothing is lost; None stands for none.
    """

    share: Floats
    own: Floats
    count: Floats
    size: Floats
    rivals: Floats | None = None
    right: Floats | None = None

    @property
    def wrong(self) -> Floats:
        """Number (c,) of the wrong outputs, for classes as inputs of one kind meet them."""
        return self.count if self.right is None else self.count - self.right[0]

    def kinds(self) -> Iterator[tuple[float, "Classes"]]:
        """Yield for each kind the size of the input's class, and the classes as it meets them."""
        for k, own in enumerate(self.own.tolist()):
            count = self.count if self.rivals is None else self.rivals[k]
            right = None if self.right is None else self.right[k : k + 1]
            yield own, Classes(np.ones(1), self.own[k : k + 1], count, self.size, None, right)

    @classmethod
    def injective(cls, N: float) -> "Classes":
        """Every output belongs to one input."""
        one = np.ones(1)
        return cls(one, one, np.array([N - 1.0]), one)


@dataclass(frozen=True, eq=False)
class Interference:
    """Strengths of interference of one construction, in units of its signal.

    Parameters
    ----------
    d : dimension of the outputs.
    weight : (k,) probabilities of the construction's own random factor.
    noise : (k,) variance per output coordinate that one other fact adds.
    pair : (k,) variance of the overlap of two inputs, as read through the memory.
    overlap : (k,) phi, all 1 unless the outputs are whitened.
    steady : the coefficients of the other facts lie on a sphere (of least squares they do), so that
        their energy does not fluctuate, and what one of them takes the others lack.
    """

    d: int
    weight: Floats
    noise: Floats
    pair: Floats
    overlap: Floats
    steady: bool = False


def failure_probability(law: Interference, classes: Classes) -> Floats:
    """Probability that an input is not recalled, for each kind of class.

    Accurate relative to itself however small it is, so that it can be multiplied by N.

    Parameters
    ----------
    law : strengths of interference.
    classes : how the facts fall into classes.

    Returns
    -------
    (a,) probabilities in [0, 1], aligned with ``classes.own``.

    Examples
    --------
    >>> d = 64
    >>> one = np.ones(1)
    >>> law = Interference(d, weight=one, noise=one / d**2, pair=one / d, overlap=one)
    >>> 1 - failure_probability(law, Classes.injective(120))
    array([0.98583])
    """
    return np.array([_failure(law, met, own, NODES) for own, met in classes.kinds()])


def _failure(
    law: Interference, classes: Classes, own: float, numbers: tuple[int, int, int, int]
) -> float:
    rest = np.maximum(classes.count @ classes.size - classes.size, 0.0)
    typical = float(np.average(rest, weights=classes.count)) if classes.count.sum() > 0 else 0.0
    if classes.wrong.sum() <= EMPTY * classes.count.sum():
        return 0.0
    energy, fourth = _energy_moments(law, classes)
    energies = numbers[0] * (2 if energy > BROAD else 1)
    q, q_weight = chi_square_nodes(2 / energy if energy > 0 else np.inf, energies)
    # A sum of few terms has lighter tails than a normal: match its fourth moment.
    dimension = (law.d + 2) / fourth - 2
    # The chance to win goes from 0 to 1 within about the noise of a coordinate.
    step = np.sqrt(law.noise * typical)
    spread = np.sqrt(step**2 + (own - 1) * law.pair)
    times = _times(spread, step, float(classes.count.sum()))
    z, z_weight = _nodes(dimension, numbers[2], times)
    length, length_weight = chi_square_nodes((law.d - 1) / max(1 - fourth, 1e-9), numbers[1])
    mass = float(classes.count @ classes.size) + own - 1 if law.steady else math.inf
    total = 0.0
    factors = zip(law.weight, law.noise, law.pair, law.overlap, strict=True)
    for weight, noise, pair, phi in factors:
        variance = (noise * typical * q + (own - 1) * pair)[:, None, None]
        A = 1 + np.sqrt(variance) * z
        # The mean square of what the input's own class adds, given A.
        part = (own - 1) * pair / np.maximum(variance, TINY)
        left = _left(part * z**2 + 1 - part, mass) if own > 1 else 1.0
        hazard = np.zeros((len(q), len(length), len(z)))
        wrong_hazard = np.zeros_like(hazard)
        groups = zip(classes.count, classes.wrong, classes.size, rest, strict=True)
        for count, wrong, size, others in groups:
            if count == 0:
                continue
            r2 = (law.d - 1) * noise * others * q[:, None, None] * length[:, None] * left
            win = _win((law.d, phi), A, r2, size, pair, numbers[3], mass)
            one = -np.log1p(-np.minimum(win, 1 - 1e-16))
            hazard += count * one
            wrong_hazard += wrong * one
        failure = lost(hazard, wrong_hazard)
        mean = np.einsum("q,r,z,qrz->", q_weight, length_weight, z_weight, failure)
        total += weight * float(mean)
    return min(total, 1.0)


def lost(hazard: Floats, wrong: Floats) -> Floats:
    """Probability that some competitor wins, and of these one that is wrong most of all.

    Parameters
    ----------
    hazard : minus the logarithm of the probability that none of the competitors wins.
    wrong : the share of it that the wrong ones have.

    Examples
    --------
    >>> lost(np.array([0.0, 0.5, 50.0]), np.array([0.0, 0.4, 40.0])).round(3)
    array([0.   , 0.315, 0.8  ])
    """
    return np.asarray(-np.expm1(-hazard) * (wrong / np.maximum(hazard, TINY)))


def _times(spread: Floats, step: Floats, rivals: float) -> int:
    """How many times the usual nodes an average over so many steps takes, of the widest.

    The best of many rivals spreads less than one of them, and so narrows the step.
    """
    if (spread <= STEEP * step).all():
        return 1
    narrow = step / math.sqrt(max(math.log(rivals), 1.0))
    return math.ceil(float(np.min([np.max(spread / np.maximum(narrow, TINY)), FINEST])))


def _nodes(dimension: float, usual: int, times: int) -> Nodes:
    """Nodes of a sphere's coordinate, so many times the usual number: equidistant where many."""
    if times == 1:
        return sphere_nodes(dimension, usual)
    return even_sphere_nodes(dimension, usual * times // 2)


def _energy_moments(law: Interference, classes: Classes) -> tuple[float, float]:
    r"""Relative variance of the noise's energy Q = sum c^2, and E[sum c^4] / E[Q]^2.

    The c are the coefficients of the other classes' outputs. Where the noise is ``steady``, the
    coefficients of facts lie on a sphere, and only their sums in larger classes fluctuate.
    """
    # A squared coordinate on a sphere of R^k has relative variance 2 (k - 1) / (k + 2).
    size = classes.size
    dimension = _coordinate_dimension(size, law.d)
    spread = 2 * (dimension - 1) / (dimension + 2)
    # The competitor in question is not part of the noise.
    others = classes.count * max(1 - 1 / classes.count.sum(), 0.0)
    mass = float(others @ size)
    # Of two outputs none is left, but for rounding.
    if mass <= EMPTY * float(classes.count @ size):
        return 0.0, 0.5
    fourth = min(float(others @ (size**2 * (1 + spread))) / mass**2, 0.5)
    if law.steady:
        uneven = float(others @ size**2) / mass - 1
        return max(2 * uneven / (mass + 2), 0.0), fourth
    return float(others @ (size**2 * spread)) / mass**2, fourth


def _coordinate_dimension(size: Floats, d: int) -> Floats:
    """Dimension k whose sphere coordinate has the kurtosis of a sum of K coordinates in R^d."""
    return np.maximum(size * (d + 2) - 2, 1.0 + 1e-9)


def _left(squares: Floats, mass: float) -> Floats:
    """Energy that a coordinate of these squares leaves to the others, relative to the mean.

    So many coefficients lie on a sphere, where each has the mean square 1; of infinitely many none
    takes anything away.
    """
    if math.isinf(mass):
        return np.ones(())
    return np.maximum(mass - squares, 0.0) / max(mass - 1, 1.0)


def _win(
    law: tuple[int, float], A: Floats, r2: Floats, size: float, pair: float, n: int, mass: float
) -> Floats:
    """Probability that one competitor beats the right answer, given A and r^2.

    The nodes are those of the narrower of eta and the noise: given it, the chance to win is no
    steep step. But where eta can hardly make up for all of A, the rare chance is the noise's.
    ``law`` is d and phi.
    """
    d, _ = law
    A, r2 = np.broadcast_arrays(A, r2)
    win = np.empty(A.shape)
    wide, k = np.sqrt(size * pair), float(_coordinate_dimension(np.array(size), d))
    loud = (wide**2 <= r2 / d) | (wide * np.sqrt(k) < ALONE)
    if loud.any():
        win[loud] = _over_classes(
            law, A[loud], r2[loud], wide, sphere_nodes(k, n if size > 0 else 1), mass
        )
    if not loud.all():
        win[~loud] = _over_noise(law, A[~loud], r2[~loud], wide, k, n, mass)
    return win


def _over_classes(
    law: tuple[int, float], A: Floats, r2: Floats, wide: float, nodes: Nodes, mass: float
) -> Floats:
    """Average over nodes of eta / wide of the chance that the noise makes up for the rest."""
    d, phi = law
    win = np.zeros(A.shape)
    for t, weight in zip(*nodes, strict=True):
        signal = A - wide * t
        # t^2 / (1 - t^2) for the threshold t, which keeps its digits where t is close to 1.
        odds = signal**2 / np.maximum((phi - 1) * signal**2 + _left(t**2, mass) * r2, TINY)
        half = half_tail(odds, d)
        win += weight * np.where(signal >= 0, half, 1 - half)
    return win


def _over_noise(
    law: tuple[int, float], A: Floats, r2: Floats, wide: float, k: float, n: int, mass: float
) -> Floats:
    """Average over nodes of the noise of the chance that eta, in k dimensions, makes up for it."""
    d, phi = law
    win = np.zeros(A.shape)
    for t, weight in zip(*sphere_nodes(d, n), strict=True):
        noise = t * np.sqrt(r2 / max(d - phi * t**2, TINY))
        needed = _needed(A, noise, wide, mass)
        odds = needed**2 / np.maximum(k - needed**2, TINY * (1 + needed**2))
        half = half_tail(odds, k)
        win += weight * np.where(needed >= 0, half, 1 - half)
    return win


def _needed(A: Floats, noise: Floats, wide: float, mass: float) -> Floats:
    """The t from which on a competitor wins: A - wide t is the noise, and what t leaves of it."""
    if math.isinf(mass):
        return np.asarray((A - noise) / wide)
    c = noise / np.sqrt(max(mass - 1, 1.0))
    both = wide**2 + c**2
    return np.asarray((A * wide - c * np.sqrt(np.maximum(mass * both - A**2, 0.0))) / both)


def half_tail(odds: Floats, d: float) -> Floats:
    r"""P(T > t), t >= 0, for a coordinate T on the sphere of R^d, by odds = t^2 / (1 - t^2)."""
    (third, second, first, constant), end = _log_tail(d)
    pieces = len(constant)
    place = np.minimum(np.sqrt(np.log1p(odds)) * (pieces / end), pieces)
    # Knots are equally spaced, so that none is looked for.
    piece = np.minimum(np.asarray(place, np.intp), pieces - 1)
    place = place - piece
    tail = ((third[piece] * place + second[piece]) * place + first[piece]) * place
    return np.asarray(np.exp(tail + constant[piece]))


@lru_cache(maxsize=256)
def _log_tail(d: float) -> tuple[Floats, float]:
    r"""Cubic pieces of log P(T > t) in x = sqrt(-log(1 - t^2)), where it is nearly a parabola.

    They end where the probability is below exp(-300), which stands for 0 beyond.

    Returns
    -------
    (4, pieces) coefficients, the highest power first, of the place in a piece from 0 to 1; and the
    last x.
    """
    end = float(np.sqrt(min(1200 / (d - 1), 600)))
    x = np.linspace(0, end, 1201)
    # Written with t^2 where that is small, and with 1 - t^2 where that is.
    half = 0.5, (d - 1) / 2
    tail = 0.5 * np.where(
        x < 0.8,
        scipy.special.betaincc(*half, -np.expm1(-(x**2))),
        scipy.special.betainc(*half[::-1], np.exp(-(x**2))),
    )
    spline = scipy.interpolate.CubicSpline(x, np.log(tail))
    return np.ascontiguousarray(spline.c * (x[1] - x[0]) ** np.arange(3, -1, -1)[:, None]), end
