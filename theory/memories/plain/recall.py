r"""The law of recall a second time: moments written out, and the Gauss rules of scipy.

:mod:`theory.memories.interference` states the law. A class of K inputs adds c along its output, a
sum of K coordinates of points on the sphere of R^d,

.. math:: E c^2 = K/d, \qquad E c^4 = 3 K (K - 1)/d^2 + 3 K/(d (d + 2)),

from which all that is random has its law: the energy Q = sum c^2, and F = E[sum c^4]/E[Q]^2, by
which sums of few terms differ from normal ones. Here the tail of a coordinate is Student's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of, limit_estimate
from theory.memories.interference import Classes, Interference, failure_probability, half_tail
from theory.memories.quadrature import (
    beta_nodes,
    chi_square_nodes,
    half_normal_nodes,
    sphere_nodes,
)
from theory.memories.recall import all_recalled, expected_failure, expected_recall
from theory.memories.strengths import interference_of

__all__ = ["Mistakes", "node_symbols", "plain_failure", "recall_symbols"]

Floats = NDArray[np.float64]
Row = tuple[str, float, float]

NODES = (6, 9, 64, 36)


@dataclass(frozen=True)
class Mistakes:
    """What may be got wrong in the law on purpose.

    Parameters
    ----------
    directions : directions too many across the right answer.
    normal : whether sums of few terms count as normal.
    alone : whether the own class of an input does not disturb it.
    energy : factor of the variance of the noise's energy.
    """

    directions: int = 0
    normal: bool = False
    alone: bool = False
    energy: float = 1.0


def plain_failure(
    law: Interference, classes: Classes, mistakes: Mistakes | None = None
) -> list[float]:
    """Probability that an input is not recalled, for each kind of class of it.

    Parameters
    ----------
    law, classes : as for :func:`theory.memories.interference.failure_probability`, of at most some
        hundred facts (scipy's rules overflow beyond).
    mistakes : what to get wrong; None means nothing.
    """
    wrong = mistakes or Mistakes()
    return [
        sum(
            weight * _given_factor(law, classes, own, (noise, pair, phi), wrong)
            for weight, noise, pair, phi in zip(
                law.weight, law.noise, law.pair, law.overlap, strict=True
            )
        )
        for own in classes.own
    ]


def _given_factor(
    law: Interference,
    classes: Classes,
    own: float,
    strengths: tuple[float, float, float],
    wrong: Mistakes,
) -> float:
    d, (noise, pair, phi) = law.d, strengths
    competitors = list(zip(classes.count, classes.size, strict=True))
    outputs = sum(count for count, _ in competitors)
    facts = sum(count * size for count, size in competitors)
    typical = sum(count * (facts - size) for count, size in competitors) / outputs
    variance, fourth = _energy(competitors, outputs, d)
    if law.steady:
        variance = _uneven(competitors, outputs)
    variance *= wrong.energy
    others = facts + own - 1 if law.steady else np.inf
    if wrong.normal:
        fourth = 1e-4
    q, q_weight = _chi_square(2 / variance, NODES[0]) if variance else (np.ones(1), np.ones(1))
    length, length_weight = _chi_square((d - 1) / (1 - fourth), NODES[1])
    # The kurtosis of a sum of terms c t, and the sphere whose coordinate has it.
    kurtosis = 3 * (1 - 2 * fourth / (d + 2))
    z, z_weight = _coordinate(2 * kurtosis / (3 - kurtosis), NODES[2])
    total = 0.0
    for energy, chance in zip(q, q_weight, strict=True):
        spread = noise * typical * energy + (0 if wrong.alone else own - 1) * pair
        signal = 1 + np.sqrt(spread) * z
        of_class = (own - 1) * pair / spread if own > 1 else 0.0
        taken = 1 + of_class * (z**2 - 1)
        left = _remains(taken, others) if own > 1 else np.ones(len(z))
        for relative, length_chance in zip(length, length_weight, strict=True):
            recalled = np.ones(len(z))
            for count, size in competitors:
                across = (d - 1 + wrong.directions) * noise * max(facts - size, 0.0)
                r2 = across * energy * relative * left
                lost = _beaten(d, signal, r2, size * pair, size, phi, others)
                recalled *= (1 - lost) ** count
            total += chance * length_chance * float(z_weight @ (1 - recalled))
    return total


def _energy(competitors: list[tuple[float, float]], outputs: float, d: int) -> tuple[float, float]:
    """Relative variance of Q, and F; one output of all is the competitor in question."""
    mean = square = second = 0.0
    for count, size in competitors:
        others = count * (1 - 1 / outputs)
        c4 = 3 * size * (size - 1) / d**2 + 3 * size / (d * (d + 2))
        mean += others * size / d
        square += others * c4
        second += others * (c4 - (size / d) ** 2)
    if mean < 1e-90:
        return 0.0, 0.5
    return second / mean**2, min(square / mean**2, 0.5)


def _uneven(competitors: list[tuple[float, float]], outputs: float) -> float:
    """Relative variance of a quadratic form on a sphere: its eigenvalues are sizes of classes."""
    counts = [(count * (1 - 1 / outputs), size) for count, size in competitors]
    n = sum(count * size for count, size in counts)
    if n < 1e-9:
        return 0.0
    # E[z_1^4] = 3/(n(n+2)) and E[z_1^2 z_2^2] = 1/(n(n+2)) on the unit sphere of R^n.
    square = 2 * sum(count * size**2 for count, size in counts) + n**2
    return max(float(square / (n * (n + 2)) - 1), 0.0)


def _remains(taken: Floats, others: float) -> Floats:
    """What is left to each of so many coefficients on a sphere, when one takes this."""
    if np.isinf(others):
        return np.ones(len(taken))
    return np.asarray(np.clip(others - taken, 0, None) / max(others - 1, 1))


def _beaten(
    d: int, A: Floats, r2: Floats, variance: float, size: float, phi: float, others: float
) -> Floats:
    """Chance that one competitor wins, by Student's law for odds of a coordinate."""
    eta, weight, left = np.zeros(1), np.ones(1), _remains(np.zeros(1), others)
    if size > 0:
        kurtosis = 3 - 6 / (size * (d + 2))
        t, weight = _coordinate(2 * kurtosis / (3 - kurtosis), NODES[3])
        eta = t * np.sqrt(variance)
        left = _remains(t**2, others)
    signal = A[:, None] - eta
    rest = (phi - 1) * signal**2 + r2[:, None] * left
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(rest > 0, signal / np.sqrt(np.maximum(rest, 0)), np.sign(signal) * np.inf)
    return np.asarray(scipy.special.stdtr(d - 1, -t * np.sqrt(d - 1)) @ weight)


@lru_cache(maxsize=64)
def _chi_square(degrees: float, n: int) -> tuple[Floats, Floats]:
    x, weight = scipy.special.roots_genlaguerre(n, degrees / 2 - 1)
    return 2 * x / degrees, weight / weight.sum()


@lru_cache(maxsize=64)
def _coordinate(d: float, n: int) -> tuple[Floats, Floats]:
    """Nodes of sqrt(d) t for a coordinate t on the sphere of R^d."""
    t, weight = scipy.special.roots_gegenbauer(n, (d - 2) / 2)
    return np.sqrt(d) * t, weight / weight.sum()


# --- What is compared ---------------------------------------------------------------------------


def node_symbols(*, extra: float = 0.0, normal: bool = False) -> list[Row]:
    """Tails and moments of the rules' laws, against integrals of densities and products.

    Parameters
    ----------
    extra : added to the dimension of every independent value.
    normal : whether a normal law stands for that of a coordinate in every independent value.
    """
    rows: list[Row] = []
    for n in (3, 4, 17, 130):
        for t in (0.0, 0.02, 0.2, 0.5, 0.8):
            found = float(half_tail(np.array(t**2 / (1 - t**2)), n))
            tail = _normal_tail if normal else _tail
            rows.append(("P(T > t)", found, tail(t, n + extra)))
    for k in (1.0, 2.5, 63.0, 5e5):
        q, weight = chi_square_nodes(k, 6)
        factors = [1 + 2 * j / (k + extra) for j in range(9)]
        rows += _moments("E q^j", q, weight, factors)
    for a, b in ((8.0, 24.0), (0.5, 3.0), (3.0, 0.75), (2.0, 2.0)):
        s, weight = beta_nodes(a, b, 6)
        factors = [(a + j) / (a + b + extra + j) for j in range(9)]
        rows += _moments("E s^j", s, weight, factors)
    for d in (2.0, 3.0, 6.5, 200.0):
        z, weight = sphere_nodes(d, 8)
        factors = [(2 * j + 1) / (1 + 2 * j / (d + extra)) for j in range(5)]
        rows += _moments("E z^2j", z**2, weight, factors)
    for n in (48, 96):
        g, weight = half_normal_nodes(n)
        rows += _moments("E g^2j", g**2, weight, [2 * j + 1.0 for j in range(4)])
        rows.append(("E exp(-g^2)", float(weight @ np.exp(-(g**2))), 3**-0.5))
    return rows


def _moments(name: str, x: Floats, weight: Floats, factors: Sequence[float]) -> list[Row]:
    """Moments, each of which is a factor times the one before."""
    exact = np.cumprod(factors)
    return [(name, float(weight @ x ** (j + 1)), float(each)) for j, each in enumerate(exact)]


def _tail(t: float, d: float) -> float:
    """P(T > t): cos^(d - 2) of the latitude, integrated."""
    ends = (np.arcsin(t), np.pi / 2)
    top, whole = (
        scipy.integrate.quad(lambda v: np.cos(v) ** (d - 2), low, ends[1], epsrel=1e-12, epsabs=0)[
            0
        ]
        for low in (ends[0], 0.0)
    )
    return float(top / (2 * whole))


def _normal_tail(t: float, d: float) -> float:
    return float(scipy.special.ndtr(-t * np.sqrt(d)))


def _cases() -> list[tuple[str, Interference, Classes]]:
    one, two = np.ones(1), np.ones(2)
    plain = Interference(16, one, one / 16**2, one / 16, one)
    return [
        ("recall", plain, Classes.injective(16)),
        ("recall, few facts", Interference(8, one, one / 64, one / 8, one), Classes.injective(7)),
        ("recall, many facts", plain, Classes.injective(64)),
        (
            "recall, classes",
            plain,
            Classes(
                np.array([0.4, 0.6]), np.array([2.0, 3.0]), np.array([2.5, 3.0]), np.array([2.0, 3])
            ),
        ),
        (
            "recall, classes in few dimensions",
            Interference(4, one, one / 16, one / 4, one),
            Classes(one, 2 * one, np.array([4.0]), np.array([2.0])),
        ),
        (
            "recall, outputs without input",
            plain,
            Classes(one, one, np.array([11.0, 20.0]), np.array([1.0, 0.0])),
        ),
        (
            "recall, random factor",
            Interference(
                24, np.array([0.3, 0.7]), np.array([2.0, 1.0]) / 24**2, np.array([1.5, 1]) / 24, two
            ),
            Classes.injective(20),
        ),
        (
            "recall, whitened outputs",
            Interference(16, one, one / 300, one / 20, 0.6 * one),
            Classes.injective(20),
        ),
        (
            "recall, steady noise",
            Interference(16, one, one / 256, one / 16, one, steady=True),
            Classes.injective(12),
        ),
        (
            "recall, steady noise of classes",
            Interference(16, one, one / 300, one / 20, one, steady=True),
            Classes(
                np.array([0.75, 0.25]),
                np.array([6.0, 1.0]),
                np.array([2.0, 5.0]),
                np.array([6.0, 1.0]),
            ),
        ),
    ]


def recall_symbols(mistakes: Mistakes | None = None) -> list[Row]:
    """Recall and capacities, against the law written a second time."""
    rows: list[Row] = []
    for name, law, classes in _cases():
        exact = plain_failure(law, classes, mistakes)
        rows += [
            (name, float(got), want)
            for got, want in zip(failure_probability(law, classes), exact, strict=True)
        ]
    linear = Construction("linear")
    for d, N, M in ((16, 12, None), (24, 20, 60)):
        classes = Classes(
            np.ones(1), np.ones(1), np.array([N - 1.0, (M or N) - N]), np.array([1.0, 0.0])
        )
        lost = plain_failure(interference_of(linear, N=N, d=d), classes, mistakes)[0]
        rows += [
            ("expected failure", expected_failure(linear, d=d, N=N, M=M), lost),
            ("expected recall", expected_recall(linear, d=d, N=N, M=M), 1 - lost),
            ("-log P(all)", -np.log(all_recalled(linear, d=d, N=N, M=M)), -N * np.log(1 - lost)),
        ]
    for d, rate in ((16, 0.9), (16, 0.6), (24, 0.95)):
        capacity = capacity_of(linear, d=d, rate=rate)
        law = interference_of(linear, N=capacity, d=d)
        lost = plain_failure(law, Classes.injective(capacity), mistakes)[0]
        rows.append(("recall at the capacity of a rate", 1 - lost, rate))
    capacity = capacity_of(linear, d=24)
    law = interference_of(linear, N=capacity, d=24)
    lost = plain_failure(law, Classes.injective(capacity), mistakes)[0]
    rows += [
        ("-log P(all) at the median", -capacity * np.log(1 - lost), np.log(2)),
        ("capacity, all outputs used", capacity_of(linear, d=64, M=30), 30.0),
        (
            "capacity, one output",
            float(np.isinf(capacity_of(linear, d=8, facts="random", M=1))),
            1.0,
        ),
    ]
    return rows + _limits()


def _limits() -> list[Row]:
    """Where chances times a Gaussian tail is log 2, the corrected law is at its limit."""
    rows = []
    for log_d in (10.0, 40.0):
        for level, chances, share in ((0.125, 2, 4), (0.5, 1, 2)):

            def excess(
                log_N: float, log_d: float = log_d, k: int = chances, c: int = share
            ) -> float:
                s = np.exp(2 * log_d - log_N) / c
                return float(k * log_N - s - 0.5 * np.log(4 * np.pi * s) - np.log(np.log(2)))

            N = np.exp(scipy.optimize.brentq(excess, log_d, 2 * log_d, xtol=1e-14))
            rows.append(("corrected limit", limit_estimate(np.exp(log_d), N, level), level))
    return rows
