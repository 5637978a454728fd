r"""Proofs that no read-out recalls everything, beside instances that are decided exactly.

Every Theta has a margin <Theta, a_xy> on each constraint a_xy = phi_x (u_f(x) - u_y)^T. All can be
positive exactly if the origin is not in the convex hull of the a_xy. In the plane the origin is in
the hull if it is in a triangle of three of them, on a segment of two or at one (Carathéodory),
which signs of determinants of rational numbers decide. What the proof is made of, sums over all
constraints, is summed here by plain loops.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.memories.refutation import Refutation, moderate, refutation
from assoc.memories.separation import separate
from theory.rounding.exact_arithmetic import Rationals, rationals

__all__ = [
    "Instance",
    "Sums",
    "possible",
    "refutation_rows",
    "refutation_verdicts",
    "rounding_rows",
    "summed",
]


class Instance(NamedTuple):
    """Features phi (N, p), answers U (M, d), the map f (N,), and a read-out Theta (p, d)."""

    phi: Floats
    U: Floats
    f: Integers
    Theta: Floats


class Sums(NamedTuple):
    """Norm of R, least eigenvalue of H, largest norm of a constraint, and sum of the weights."""

    residual: float
    curvature: float
    reach: float
    weight: float


# --- What a proof is made of --------------------------------------------------------------------


def summed(instance: Instance, *, corners: bool = False) -> Sums:
    """Sum over all constraints, one at a time.

    Parameters
    ----------
    instance : as it is given, in its own coordinates.
    corners : whether constraints are of answers as corners of a simplex, the first the origin;
        the weights are those of the embeddings.
    """
    phi, U, f, Theta = instance
    places = np.eye(len(U))[:, 1:] if corners else U
    parts, weights = [], []
    for x, answer in enumerate(f):
        scores = [math.fsum((phi[x] @ Theta) * u) for u in U]
        odds = [math.exp(score - max(scores)) for score in scores]
        for y in range(len(U)):
            if y != answer:
                parts.append(np.outer(phi[x], places[answer] - places[y]).ravel())
                weights.append(odds[y] / math.fsum(odds))
    A, w = np.array(parts), np.array(weights)
    R = [math.fsum(w * column) for column in A.T]
    H = np.array([[math.fsum(w * a * b) for b in A.T] for a in A.T])
    return Sums(
        math.hypot(*R),
        float(np.linalg.eigvalsh(H)[0]),
        max(math.hypot(*a) for a in A),
        math.fsum(w),
    )


def refutation_rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Bounds of a refutation where they are nearly equal to what they bound.

    With two answers, or the four of a cross, whose constraints weigh alike, the cheaper bound on
    the curvature loses nothing but the share that is left for rounding. Lower bounds appear as
    upper bounds on inverses.
    """
    two, cross = np.array([[0.75], [-0.75]]), np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) / 2
    phi = np.concatenate([rng.uniform(-0.5, 0.5, (11, 2)), [[0.8, 0.6]]])
    wide = 0.9 * rng.standard_normal((2, 1))
    pairs = np.tile([0, 1], 6)
    cases = {
        "two answers": Instance(phi, two, pairs, wide),
        "four answers": Instance(phi, cross, pairs, np.zeros((2, 2))),
        "one input": Instance(np.array([[0.75]]), two, pairs[:1], np.array([[1.5]])),
    }
    rows = []
    for name, instance in cases.items():
        sums, found = summed(instance), refutation(*instance)
        bounded = {
            "residual": (sums.residual, found.residual),
            "inverse curvature": (1 / sums.curvature, 1 / found.curvature),
            "reach": (sums.reach, found.reach),
            "inverse weight": (1 / sums.weight, 1 / found.weight),
            "margin": (sums.residual / sums.weight, found.margin),
        }
        rows += [{"case": name, "bounded": what, "exact": exact, "bound": bound}
                 for what, (exact, bound) in bounded.items()]  # fmt: skip
    return [*rows, *_other_coordinates(rng, wide)]


def _other_coordinates(rng: np.random.Generator, wide: Floats) -> list[dict[str, Any]]:
    """Margins of instances whose own coordinates are not those in which a proof is made."""
    pairs = np.tile([0, 1], 3)
    scaled = Instance(
        np.array([[24.0]]), np.array([[2.0**-9], [-(2.0**-9)]]), pairs[:1], 9 * wide[:1]
    )
    few = Instance(rng.uniform(-0.9, 0.9, (6, 2)), np.array([[0.6, 0.8], [-0.6, 0.3]]),
                   pairs, np.zeros((2, 2)))  # fmt: skip
    rows = []
    for name, instance in {"other units": scaled, "corners of a simplex": few}.items():
        sums = summed(instance)
        rows.append({"case": name, "bounded": "margin", "exact": sums.residual / sums.weight,
                     "bound": refutation(*instance).margin})  # fmt: skip
    found, sums = refutation(*few), summed(few, corners=True)
    rows.append({"case": name, "bounded": "residual", "exact": sums.residual,
                 "bound": found.residual * 2 ** moderate(few.phi)[1]})  # fmt: skip
    return rows


def rounding_rows(N: int) -> list[dict[str, Any]]:
    r"""What a residual is allowed for its rounding, beside what a sum over inputs can lose.

    Without a read-out and with the answers 1 and -1, the residual is the sum of the features: 1,
    and N - 1 times u, none of which is ever added where the sum is taken in order.

    Parameters
    ----------
    N : number of inputs.
    """
    phi = np.full((N, 1), 2.0**-53)
    phi[0] = 1.0
    found = refutation(phi, np.array([[1.0], [-1.0]]), np.zeros(N, int), np.zeros((1, 1)))
    exact = sum(rationals(phi[:, 0]), Fraction())
    lost = exact - Fraction(float(np.cumsum(phi[:, 0])[-1]))
    # Features are halved, and answers are, to entries between 1/2 and 1.
    return [{"case": "a sum over inputs", "bounded": "rounding", "exact": float(lost) / 4,
             "bound": found.rounding}]  # fmt: skip


# --- What is proved -----------------------------------------------------------------------------


def possible(constraints: Sequence[Rationals]) -> bool:
    """Whether all of some constraints (n, 2) can have positive margins, decided exactly.

    Examples
    --------
    >>> one, two, three = ([Fraction(a), Fraction(b)] for a, b in ((1, 0), (0, 1), (-1, -1)))
    >>> possible([one, two]), possible([one, two, three])
    (True, False)
    """

    def cross(a: Rationals, b: Rationals) -> Fraction:
        return a[0] * b[1] - a[1] * b[0]

    if any(a == [0, 0] for a in constraints):
        return False
    for a, b in itertools.combinations(constraints, 2):
        if cross(a, b) == 0 and a[0] * b[0] + a[1] * b[1] < 0:
            return False
    return not any(
        min(turns) > 0 or max(turns) < 0
        for a, b, c in itertools.combinations(constraints, 3)
        for turns in [(cross(a, b), cross(b, c), cross(c, a))]
    )


def _signed(points: Sequence[Sequence[Fraction]]) -> tuple[Instance, bool]:
    """The instance of two answers whose constraints are these points (n, 2), and if it is possible.

    The second answer is that of the points in the lower half plane.
    """
    phi = np.array([[float(x) for x in point] for point in points])
    f = np.array([int(point[1] < 0) for point in points])
    signs = np.where(f == 1, -1.0, 1.0)[:, None]
    instance = Instance(signs * phi, np.array([[1.0], [-1.0]]), f, np.zeros((2, 1)))
    return instance, possible([list(point) for point in points])


def refutation_verdicts(
    rng: np.random.Generator, draws: int, *, without_reach: bool = False
) -> list[tuple[str, float, float]]:
    """Count what is refuted, beside what is impossible, near the edge between both.

    Parameters
    ----------
    rng : draws points of the plane.
    draws : sets of points on a small grid.
    without_reach : whether one input counts as refuted where R is less than the curvature.
    """
    rows: list[tuple[str, float, float]] = []
    for name, edge in {"possible": -1, "impossible": 1}.items():
        # Two inputs 1 and c whose answers differ: impossible for c > 0. Without a read-out the
        # weights prove it for c + c^2 > 0, but for a thousandth.
        for unit in (1.0, 2.0**-40, 2.0**30):
            phi = unit * np.array([[1.0], [edge / 100]])
            found = refutation(phi, np.array([[1.0], [-1.0]]), [0, 1], np.zeros((1, 1)))
            rows.append((f"refuted, {name} by a hundredth", found.proved, edge > 0))
        for tilt in (Fraction(1, 64), Fraction(1, 1024)):
            points = [
                [Fraction(1), edge * tilt],
                [Fraction(-1), edge * tilt],
                [Fraction(0), Fraction(-1)],
            ]
            instance, can = _signed(points)
            decided = separate(*instance[:3])
            rows.append(("refuted, near the edge", decided.refuted is not None, not can))
            rows.append(("separated, near the edge", decided.separated, can))
    # One input can always be recalled, and its proof fails by nothing but rounding.
    for theta in (-1.0, 0.0, 0.5, 2.0):
        alone = refutation(np.array([[0.7]]), np.array([[0.9], [-0.9]]), [0], np.array([[theta]]))
        alone = replace(alone, reach=1.0) if without_reach else alone
        rows.append(("refuted, of one input", alone.proved, 0))
    return [*rows, *_drawn(rng, draws), *_dense(), *_made()]


def _drawn(rng: np.random.Generator, draws: int) -> list[tuple[str, float, float]]:
    """Decide points of a grid in the plane, exactly and by descent."""
    wrongly_refuted = wrongly_separated = 0
    for _ in range(draws):
        points = [[Fraction(int(n)) for n in row] for row in rng.integers(-3, 4, (4, 2))]
        if all(point == [0, 0] for point in points):
            continue
        instance, can = _signed(points)
        found = separate(*instance[:3], steps=60)
        wrongly_refuted += can and found.refuted is not None
        wrongly_separated += not can and found.separated
        # Weights that are far from balanced prove nothing that is false either.
        for Theta in (np.zeros((2, 1)), rng.standard_normal((2, 1))):
            wrongly_refuted += can and refutation(*instance[:3], Theta).proved
    return [
        ("refuted, though possible", wrongly_refuted, 0),
        ("separated, though impossible", wrongly_separated, 0),
    ]


DENSE_CASES = ((199, 2, 6, 10), (271, 2, 6, 10), (338, 3, 4, 15))
"""Seeds, p, M and N of instances that are impossible, and proved so by H and by nothing less."""


def _dense() -> list[tuple[str, float, float]]:
    """Prove with H formed whole where the cheaper bound is too low: instances on a grid."""
    rows: list[tuple[str, float, float]] = []
    for seed, p, M, N in DENSE_CASES:
        rng = np.random.default_rng(seed)
        phi, U = (rng.integers(-3, 4, shape) / 4 for shape in ((N, p), (M, 3)))
        f = rng.integers(0, M, N)
        Theta = separate(phi, U, f, steps=5).Theta
        cheap, dense = (refutation(phi, U, f, Theta, dense=dense) for dense in (False, True))
        sums = summed(Instance(phi, U, f, Theta))
        rows += [
            ("proved, without H", cheap.proved, 0),
            ("proved, with H", dense.proved, 1),
            ("curvatures above the least eigenvalue", dense.curvature > sums.curvature, 0),
            ("curvatures above the least eigenvalue", cheap.curvature > sums.curvature, 0),
        ]
    return rows


def _made() -> list[tuple[str, float, float]]:
    """What refutations say whose numbers are made, and what proves nothing at any scale."""
    unit = Refutation(1.0, 1.0, 1.0, 1.0)
    long = Refutation(3.0, 4.0, 0.5, 2.0, unit=5.0, rounding=7.9)
    one = np.eye(3)
    many = np.concatenate([[0.4], np.full(3000, -0.4)])[:, None]
    rows = [
        ("proved, at the edge", unit.proved, 0),
        ("proved, below it", replace(unit, residual=0.99).proved, 1),
        ("proved, of a short residual", long.proved, 1),
        ("proved, of a long reach", replace(long, reach=4 / 3).proved, 0),
        ("proved, of a tiny curvature", Refutation(0.0, 1e-201, 1.0, 1.0).proved, 0),
        ("hopeless, of little rounding", long.hopeless, 0),
        ("hopeless, of rounding at the edge", replace(long, rounding=8.0).hopeless, 1),
        ("hopeless, of a tiny curvature", Refutation(0.0, 1e-201, 1.0, 1.0).hopeless, 1),
        ("margin of a refutation", long.margin, 7.5),
        ("refuted, of subnormal weights",
         refutation(np.ones((1, 1)), many, [0], [[744.4 / 0.8]]).proved, 0),
        ("refuted, of products that overflow",
         refutation(1e160 * one, 1e-100 * np.vstack([one, -one]), [0, 1, 2],
                    np.zeros((3, 3))).proved, 0),
    ]  # fmt: skip
    return rows + [
        ("refuted, of large margins", refutation(one, one, [0, 1, 2], scale * one).proved, 0)
        for scale in (375.0, 700.0, 1e9)
    ]
