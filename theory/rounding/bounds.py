r"""Bounds on rounding errors beside the errors, where every term of a bound is nearly reached.

The numbers are those of :mod:`theory.rounding.cases`; errors are against rational
arithmetic, of evaluations in order. Where the second of two operations is exact, or the first,
only the other one's term of a bound is reached, so that none of them can be left out or halved.
What underflows is a matter of its own: there a bound may be several times too large.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from assoc.arrays import Floats, dot_error
from assoc.memories.decoding import certified_margins
from assoc.memories.hermite import evaluate, hermite
from assoc.memories.memory import Factors
from assoc.memories.networks import Gated, TwoLayer
from sims.memories.scoring import score_doubt
from theory.rounding.cases import lossy_activation, lossy_chain, lossy_pair
from theory.rounding.exact_arithmetic import (
    Rationals,
    distance,
    dot,
    dot_in_order,
    exact_margin,
    factors_in_order,
    length,
    network_in_order,
    network_outputs,
    outputs,
    rationals,
)

__all__ = [
    "Rows",
    "Shifted",
    "activation_rows",
    "certificate_rows",
    "dot_rows",
    "factor_rows",
    "network_rows",
    "score_rows",
    "underflowing_certificates",
    "underflowing_factors",
    "underflowing_networks",
]

Rows = list[dict[str, Any]]
"""Records with the case, its size n, and the exact error and the bound on it."""

HALVES = 2.0**-538, 2.0**-537
"""Their product is half of the smallest double, and rounds to 0."""

LARGE = 2.0**1000
"""Brings what has underflowed back to where it matters."""


def dot_rows(lengths: Sequence[int]) -> Rows:
    """Products of two vectors of these lengths, summed in order."""
    return [_dot_row(n) for n in lengths]


def _dot_row(n: int) -> dict[str, Any]:
    a, b = lossy_pair(n)
    exact = dot(rationals(a), rationals(b))
    error = abs(Fraction(float(dot_in_order(a, b))) - exact)
    return {"case": "product", "n": n, "exact": float(error), "bound": dot_error(n) * float(exact)}


def score_rows(lengths: Sequence[int]) -> Rows:
    r"""Single-precision scores of vectors of these lengths, and their comparison with a bar.

    Both vectors lose half a unit when they are rounded to single precision, and their product in
    order n units; the bar gains half a unit when it is rounded, and another when the doubt is
    subtracted from it. That depends on the last digits of the doubt, which is proportional to the
    longest of the vectors: this is up to a fifth longer, as suits.
    """
    return [_score_row(n) for n in lengths]


def _score_row(n: int) -> dict[str, Any]:
    vectors = [A.astype(np.float64) * (1 + 2.0**-24 - 2.0**-35) for A in lossy_pair(n, 24)]
    score = dot_in_order(*(vector.astype(np.float32) for vector in vectors))
    lost = float(dot(*map(rationals, vectors)) - Fraction(float(score)))
    size = length(rationals(vectors[0])) * length(rationals(vectors[1]))
    bar = 1 + 2.0**-12 + 2.0**-24 * (1 + 2.0**-10)
    own = np.float32(bar)
    rows = []
    for longer in np.linspace(1, 1.2, 200):
        doubt = score_doubt(n) * size * float(longer)
        gained = float(own - np.float32(doubt)) - (bar - doubt)
        rows.append({"case": "score", "n": n, "exact": lost + gained, "bound": doubt})
    return max(rows, key=lambda row: row["exact"] / row["bound"])


# --- Products of factors ------------------------------------------------------------------------


def factor_rows(n: int, rng: np.random.Generator, *, last_alone: bool = False) -> Rows:
    """Products of matrices of which one rounds, or all do.

    Parameters
    ----------
    n : length of the sums that round.
    rng : plans the numbers of the chain.
    last_alone : whether the bound is that of the last factor alone, on the input that it gets.
    """
    a, b = lossy_pair(n)
    chain = lossy_chain(8, rng)
    cases: dict[str, tuple[tuple[Floats, ...], Floats]] = {
        "one wide factor": ((4 * a[None],), b),
        "four equal rows": ((np.tile(a / 8, (4, 1)),), b),
        "the first of two": ((np.full((3, 2), 8.0), np.stack([a, a])), b),
        "the second of two": ((a[None] / 16, b[:, None]), np.array([4.0])),
        "a chain of numbers": (tuple(np.array([[x]]) for x in chain[:0:-1]), np.array(chain[:1])),
    }
    return [_factor_row(name, n, *case, last_alone=last_alone) for name, case in cases.items()]


def _factor_row(
    name: str, n: int, factors: tuple[Floats, ...], e: Floats, *, last_alone: bool = False
) -> dict[str, Any]:
    computed = factors_in_order(factors, e)
    if last_alone:
        bound = Factors(factors[:1]).rounding_error(factors_in_order(factors[1:], e)[None])
    else:
        bound = Factors(factors).rounding_error(e[None])
    error = distance(computed, outputs(factors, e))
    return {"case": name, "n": n, "exact": error, "bound": float(bound[0])}


def underflowing_factors(n: int) -> Rows:
    """A product of which nothing is left, alone and before a factor that makes it matter."""
    row, e = np.full((1, n), HALVES[0]), np.full(n, HALVES[1])
    return [
        _factor_row("all underflows", n, (row,), e),
        _factor_row("all underflows, then grows", n, (np.array([[LARGE]]), row), e),
    ]


# --- Networks -----------------------------------------------------------------------------------

LINEAR = Polynomial([0.0, 1.0])
SQUARE = Polynomial([0.0, 0.0, 1.0])
CUBE = Polynomial([0.0, 0.0, 0.0, 1.0])


def network_rows(n: int) -> Rows:
    """Networks in which sums of length n round, over neurons or inputs; and inputs that are off."""
    a, b = lossy_pair(n)
    one, both, two = np.ones((n, 1)), np.stack([b, b], axis=1), np.ones((1, 2))
    steep, reach = np.array([[3.0, 4.0], [6.0, 8.0]]), 2.0**-20
    away = [Fraction(5) + Fraction(reach) * Fraction(side, 5) for side in (3, 4)]
    rows = [
        _two_layer("neurons", TwoLayer(8 * a[:, None], both, LINEAR), np.ones(1)),
        _two_layer("inputs", TwoLayer(np.stack([a, a]), np.ones((2, 3)), CUBE), b),
        _two_layer("inputs that are off", TwoLayer(steep, np.ones((2, 2)), SQUARE),
                   np.array([5.0, 5.0]), within=reach, meant=away),
        _gated("neurons of gates", Gated(a[:, None], one / 4, both, 1), np.ones(1)),
        _gated("gate and what it lets through", Gated(a[None], a[None], two, 1), b),
        # At 2^10 and more the third power is all of h_3.
        _gated("a gate of degree 3", Gated(a[None], a[None], two, 3), 2.0**12 * b),
    ]  # fmt: skip
    return [{"n": n, **row} for row in rows]


def activation_rows(degree: int, rng: np.random.Generator) -> Rows:
    """Horner's rule where it loses in every step, and an activation where it is flat.

    Parameters
    ----------
    degree : of the polynomial that Horner's rule evaluates.
    rng : plans its coefficients.
    """
    weight, entry, activation = lossy_activation(degree, rng)
    W, V = np.full((1, 1), weight), np.full((1, 2), 4.0)
    # The last coefficient takes off all that is there, but not what was lost.
    taken = evaluate(activation, np.array([weight * entry]))[0]
    cancelled = Polynomial([-taken, *activation.coef[1:]])
    steep, reach = np.array([[3.0, 4.0]]), 2.0**-20
    away = [Fraction(reach) * Fraction(side, 5) for side in (3, 4)]
    rows = [
        _two_layer("Horner's rule", TwoLayer(W, V, activation), np.array([entry])),
        _two_layer("Horner's rule, cancelled", TwoLayer(W, V, cancelled), np.array([entry])),
        # Where it is flat, what the input is off by is squared.
        _two_layer("a square at 0", TwoLayer(steep, np.ones((1, 1)), SQUARE), np.zeros(2),
                   within=reach, meant=away),
    ]  # fmt: skip
    return [{"n": degree, **row} for row in rows]


def underflowing_networks(n: int) -> Rows:
    """Networks whose inputs, activations or outputs underflow, and then grow."""
    small, tiny = HALVES
    point, large = np.full(n, tiny), np.full((1, 1), LARGE)
    weights, one = np.full((1, n), small), np.eye(1, n) / tiny
    root = np.full((1, 1), 1.4142 * small)
    half, least = np.full((4, 1), 0.5), np.full((4, 1), 2.0**-1074)
    unit = np.ones(1)
    rows = [
        _two_layer("inputs underflow", TwoLayer(weights, large, LINEAR), point),
        _two_layer("a square underflows", TwoLayer(root, large, 2.0**20 * SQUARE), unit),
        _two_layer("outputs underflow", TwoLayer(half, least, LINEAR), unit),
        _gated("a gate underflows", Gated(weights, one, large, 1), point),
        _gated("what is let through underflows", Gated(one, weights, large, 1), point),
        _gated("its product underflows", Gated(np.full((1, 1), small), np.full((1, 1), tiny),
                                               large, 1), unit),
        _gated("outputs of gates underflow", Gated(half, np.ones((4, 1)), least, 1), unit),
    ]  # fmt: skip
    return [{"n": n, **row} for row in rows]


def _two_layer(
    name: str,
    network: TwoLayer,
    e: Floats,
    *,
    within: float = 0.0,
    meant: Rationals | None = None,
) -> dict[str, Any]:
    computed = network_in_order(network.W, network.V, network.activation, e)
    exact = network_outputs(network.W, network.V, network.activation, meant or e)
    bound = network.rounding_error(e[None], within=np.array([within]))
    return {"case": name, "exact": distance(computed, exact), "bound": float(bound[0])}


def _gated(name: str, network: Gated, e: Floats) -> dict[str, Any]:
    h, parts = hermite(network.degree), (network.W, network.V)
    computed = network_in_order(*parts, h, e, network.P)
    error = distance(computed, network_outputs(*parts, h, e, network.P))
    return {"case": name, "exact": error, "bound": float(network.rounding_error(e[None])[0])}


# --- Certificates -------------------------------------------------------------------------------


class Shifted:
    """The memory F(e) = e, computed with every entry off by a step, of which it says so.

    Parameters
    ----------
    step : what is added to the entries.
    """

    parameters = 0

    def __init__(self, step: float) -> None:
        self.step = step

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d), off by the step."""
        return E + self.step

    def rounding_error(self, E: Floats, /) -> Floats:
        """Norm (N,) of how far the outputs are off."""
        return np.full(len(E), abs(self.step) * np.sqrt(E.shape[1]))


def certificate_rows(n: int) -> Rows:
    """Margins whose two scores err in opposite directions, and one of an output that is off.

    Parameters
    ----------
    n : dimension of the embeddings.
    """
    a, b = lossy_pair(n)
    exact = Factors(())
    return [
        {"n": n, **_certificate_row("equal answers", exact, b, np.stack([a, -a]))},
        {"n": n, **_certificate_row("a longer output", exact, 64 * b, np.stack([a, -a]))},
        {"n": n, **_certificate_row("a longer rival", exact, b, np.stack([a / 64, -4 * a]))},
        {"n": 1, **_certificate_row("an output that is off", Shifted(2.0**-20), np.array([3.0]),
                                    np.array([[4.0], [-4.0]]))},
    ]  # fmt: skip


def underflowing_certificates(n: int) -> Rows:
    """Scores of which nothing is left."""
    U = np.full((2, n), HALVES[0]) * [[1.0], [-1.0]]
    row = _certificate_row("scores underflow", Factors(()), np.full(n, HALVES[1]), U)
    return [{"n": n, **row}]


def _certificate_row(
    name: str, memory: Factors | Shifted, e: Floats, U: Floats
) -> Mapping[str, Any]:
    out = memory(e[None])[0]
    margin = dot_in_order(out, U[0]) - dot_in_order(out, U[1])
    error = abs(Fraction(float(margin)) - exact_margin(rationals(e), U, 0))
    bound = certified_margins(memory, e[None], U, [0]).bound[0]
    return {"case": name, "exact": float(error), "bound": float(bound)}
