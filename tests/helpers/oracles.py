"""Slow and obvious versions of what the package computes, and memories made for tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc import InputError

Array = NDArray[Any]


def one_line(error: BaseException) -> str:
    """Message of an exception, which must be a single line without surrounding space."""
    text = str(error)
    assert text
    assert text == text.strip()
    assert "\n" not in text
    return text


def complaint(call: Callable[..., Any], *args: Any, **named: Any) -> str:
    """Message of the refusal that a call must end in."""
    with pytest.raises(InputError) as caught:
        call(*args, **named)
    return one_line(caught.value)


def right_sets(f: Sequence[int], also: Sequence[Sequence[int]]) -> list[set[int]]:
    """Return the right answers of every input: that of the map, and the others."""
    right = [{answer} for answer in f]
    for x, y in also:
        right[x].add(y)
    return right


def margins_by_hand(
    W: Array, E: Array, U: Array, f: Sequence[int], also: Sequence[Sequence[int]] = ()
) -> Array:
    """Margins of F(e) = W e, one score at a time, in float64."""
    margins = []
    for x, right in enumerate(right_sets(f, also)):
        out = W.astype(np.float64) @ E[x].astype(np.float64)
        scores = [float(np.dot(u.astype(np.float64), out)) for u in U]
        rivals = [score for y, score in enumerate(scores) if y not in right]
        margins.append(max(scores[y] for y in right) - max(rivals, default=-np.inf))
    return np.array(margins)


def exact(A: Array) -> list[list[Fraction]]:
    """Entries of a matrix as the rational numbers they are."""
    return [[Fraction(float(entry)) for entry in row] for row in A]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    """Inner product in rational arithmetic."""
    return sum((s * t for s, t in zip(a, b, strict=True)), Fraction())


def exact_outputs(factors: Sequence[Array], E: Array) -> list[list[Fraction]]:
    """Outputs of F(e) = L_1 ... L_k e in rational arithmetic: no rounding at all."""
    outputs = exact(E)
    for factor in reversed(factors):
        rows = exact(factor)
        outputs = [[dot(row, e) for row in rows] for e in outputs]
    return outputs


def exact_polynomial(activation: Polynomial, x: Fraction) -> Fraction:
    """Value of a polynomial, its stored coefficients taken as they are, in rational arithmetic."""
    return sum((Fraction(float(c)) * x**j for j, c in enumerate(activation.coef)), Fraction())


def exact_network(
    W: Array, V: Array, activation: Polynomial, E: Array, P: Array | None = None
) -> list[list[Fraction]]:
    """Outputs sum_i v_i sigma(<w_i, e>), or with <p_i, e> besides, in rational arithmetic."""
    outputs = []
    for e in exact(E):
        hidden = [exact_polynomial(activation, dot(w, e)) for w in exact(W)]
        if P is not None:
            hidden = [h * dot(p, e) for h, p in zip(hidden, exact(P), strict=True)]
        outputs.append([dot(column, hidden) for column in exact(V.T)])
    return outputs


def exact_margins(
    factors: Sequence[Array],
    E: Array,
    U: Array,
    f: Sequence[int],
    also: Sequence[Sequence[int]] = (),
) -> list[Fraction]:
    """Margins of F(e) = L_1 ... L_k e in rational arithmetic."""
    margins = []
    for out, right in zip(exact_outputs(factors, E), right_sets(f, also), strict=True):
        scores = [dot(u, out) for u in exact(U)]
        wrong = [s for y, s in enumerate(scores) if y not in right]
        margins.append(max(scores[y] for y in right) - max(wrong))
    return margins


@dataclass
class Table:
    """A memory of the user's own: a dictionary of the facts, with no base class of ours."""

    facts: dict[bytes, Array]
    d: int

    @property
    def parameters(self) -> int:
        return 2 * self.d * len(self.facts)

    def __call__(self, E: Array) -> Array:
        return np.stack([self.facts[e.astype(np.float32).tobytes()] for e in E])


def table(E: Array, U: Array, f: Array, *, rng: np.random.Generator) -> Table:
    """Build a memory that recalls everything, whatever N."""
    keys = [e.astype(np.float32).tobytes() for e in E]
    return Table(dict(zip(keys, U[f], strict=True)), U.shape[1])


def forgetful(E: Array, U: Array, f: Array, *, rng: np.random.Generator) -> Any:
    """Build a memory that answers 0 to everything, so that every score ties."""

    def memory(inputs: Array) -> Array:
        return np.zeros((len(inputs), U.shape[1]))

    return memory


def unbuildable(E: Any, U: Any, f: Any, *, rng: np.random.Generator) -> Any:
    """A construction that fails whenever it is used."""
    raise ZeroDivisionError("by nothing")
