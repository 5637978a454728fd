r"""Tests of hypotheses a second time: cosines pair by pair, and degrees of freedom by counting.

A threshold is found by inputs that lie just on either side of it, which the independent p-value, or
the independent bound, tells.
"""

from collections.abc import Callable, Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from theory.claims import Condition, Problem
from theory.memories.guarantee import guaranteed_capacity
from theory.memories.hypotheses import (
    INDEPENDENT,
    INJECTIVE,
    LEVEL,
    UNIFORM,
    enough_dimensions,
    enough_for_the_best,
    isotropy,
)
from theory.memories.optimal import orthogonal_cost

__all__ = ["hypothesis_symbols"]

Floats = NDArray[np.float64]
Row = tuple[str, float, float]

APART = 1e-3
"""How far from a threshold the inputs on either side of it are, relative to it."""


def hypothesis_symbols(*, freedom: int = 0) -> list[Row]:
    """Statistics, p-values and thresholds of the hypotheses' tests.

    Parameters
    ----------
    freedom : degrees of freedom too many in the independent tests.
    """
    rows: list[Row] = []
    for n, d in ((12, 3), (40, 6), (25, 8)):
        E = np.random.default_rng(n).standard_normal((n, d)) * np.linspace(0.8, 1.2, d) + 0.1
        found = isotropy(E)
        unit = E / np.linalg.norm(E, axis=1)[:, None]
        squares = [float(unit[i] @ unit[j]) ** 2 for i in range(n) for j in range(n) if i != j]
        rows += [
            ("mean squared cosine", found.interference, d * float(np.mean(squares))),
            ("length of the mean", found.mean_length, float(np.linalg.norm(unit.sum(axis=0))) / n),
            ("Rayleigh's p", found.mean_p, _rayleigh(unit, freedom)),
            ("Bingham's p", found.spread_p, _bingham(unit, freedom)),
            ("smallest norm", found.norms[0], min(float(np.sqrt(x @ x)) for x in E)),
        ]
    return [*rows, *_isotropy_thresholds(freedom), *_duplicate_thresholds(), *_size_thresholds()]


def _rayleigh(unit: Floats, freedom: int) -> float:
    """P(chi^2 > n d |mean|^2), with a degree for each coordinate of the mean."""
    n, d = unit.shape
    total = float(np.sum(unit @ unit.T))
    return float(scipy.special.gammaincc((d + freedom) / 2, d * total / n / 2))


def _bingham(unit: Floats, freedom: int) -> float:
    """P(chi^2 > statistic), with a degree for each entry of a symmetric matrix of trace 0."""
    n, d = unit.shape
    entries = sum(1 for i in range(d) for j in range(d) if i <= j) - 1
    total = float(np.sum((unit @ unit.T) ** 2))
    statistic = n * d * (d + 2) / 2 * (total / n**2 - 1 / d)
    return float(scipy.special.gammaincc((entries + freedom) / 2, statistic / 2))


def _isotropy_thresholds(freedom: int) -> list[Row]:
    """Vectors that are shifted, or stretched, until their p-value is the level."""
    rows: list[Row] = []
    base = np.random.default_rng(4).standard_normal((60, 5))

    def shifted(by: float) -> Floats:
        return _normalised(base + by * np.eye(5)[0])

    def stretched(by: float) -> Floats:
        E = base * np.array([1 + by, 1, 1, 1, 1])
        return _normalised(np.concatenate([E, -E]))

    for place, changed, p in ((1, shifted, _rayleigh), (2, stretched, _bingham)):
        edge = _edge(changed, p, freedom)
        for by, holds in ((edge * (1 - APART), 1.0), (edge * (1 + APART), 0.0)):
            condition = UNIFORM.check(Problem(vectors=changed(by)))[place]
            rows.append((f"condition: {condition.name}", float(bool(condition.holds)), holds))
    for scale, holds in ((1.0009, 1.0), (1.0011, 0.0), (0.9991, 1.0), (0.9989, 0.0)):
        E = _normalised(base)
        E[7] *= scale
        condition = UNIFORM.check(Problem(vectors=E))[0]
        rows.append(("condition: unit norm", float(bool(condition.holds)), holds))
    return rows


def _edge(
    changed: Callable[[float], Floats], p: Callable[[Floats, int], float], freedom: int
) -> float:
    return float(
        scipy.optimize.brentq(lambda by: p(changed(by), freedom) - LEVEL, 0.2, 3.0, xtol=1e-9)
    )


def _normalised(E: Floats) -> Floats:
    return np.asarray(E / np.linalg.norm(E, axis=1)[:, None], np.float64)


def _duplicate_thresholds() -> list[Row]:
    """Two of n vectors with a cosine t, where pairs times P(T > t) is the level."""
    rows: list[Row] = []
    for n, d in ((4, 6), (9, 12)):
        pairs = sum(1 for i in range(n) for j in range(i))

        def excess(t: float, d: int = d, pairs: int = pairs) -> float:
            return pairs * _mass(t, d) / _mass(-1.0, d) / LEVEL - 1

        edge = scipy.optimize.brentq(excess, 0.1, 0.9999, xtol=1e-12)
        for t, holds in ((edge * (1 - APART), 1.0), (edge * (1 + APART), 0.0)):
            E = np.eye(d)[:n]
            E[-1] = t * E[0] + np.sqrt(1 - t * t) * E[-1]
            found = INDEPENDENT.check(Problem(vectors=E))
            rows.append(("condition: no near duplicates", float(bool(found[0].holds)), holds))
    return rows


def _mass(t: float, d: int) -> float:
    """Integral of a coordinate's density from t on, but for its constant."""
    return float(scipy.integrate.quad(lambda v: (1 - v * v) ** ((d - 3) / 2), t, 1, epsabs=0)[0])


def _size_thresholds() -> list[Row]:
    """Numbers of facts just within, and just beyond, what each condition allows."""
    cases: list[tuple[Sequence[Condition], float]] = []
    for rank in (None, 12):
        sure = guaranteed_capacity(16, rank=rank)
        for N, holds in ((sure, 1.0), (sure + 1, 0.0)):
            cases.append((enough_dimensions(Problem(d=16, N=N, rank=rank, delta=0.5)), holds))
    cost = float(orthogonal_cost(np.log(40.0)))
    for N, holds in ((int(400 / cost), 1.0), (int(400 / cost) + 1, 0.0)):
        cases.append((enough_for_the_best(Problem(d=20, N=N, outputs=40)), holds))
    for facts, outputs, holds in (
        ("identity", 5, 1.0),
        ("permutation", 4, 0.0),
        ("random", 5, 0.0),
        ("identity", None, 1.0),
    ):
        cases.append((INJECTIVE.check(Problem(N=5, facts=facts, outputs=outputs)), holds))
    return [
        (f"condition: {found[0].name}", float(bool(found[0].holds)), holds)
        for found, holds in cases
    ]
