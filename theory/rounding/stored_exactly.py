r"""Constants of rounding, norms, and the matrices of linear memories, computed a second time.

Constants are rational numbers, and so are squares of norms of any magnitude. Small memories of
integers have entries that are rational: Gram matrices are inverted by sympy, without rounding.
What a random projector or sketch is held against is the numbers that were drawn; what is cut off
by a decomposition, the eigenvalues of W^T W.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from assoc.arrays import UNDERFLOW, Floats, Integers, dot_error, precision, row_norms
from assoc.memories.linear import (
    HebbianBuild,
    dual_both,
    dual_inputs,
    dual_outputs,
    hebbian,
    inverse_gram,
)
from assoc.memories.low_rank import gaussian_projected, projected, truncated
from assoc.memories.memory import Factors
from sims.memories.recall import RecallPoint
from sims.memories.scoring import score_doubt
from theory.rounding.exact_arithmetic import length, rationals

__all__ = ["constant_symbols", "memory_symbols"]

Symbols = list[tuple[str, float, float]]
"""Symbol, as the package has it, as computed here."""


def constant_symbols(*, unit: int = -53, roundings: int = 5, plain_norms: bool = False) -> Symbols:
    """Constants of rounding, precisions, and norms.

    Parameters
    ----------
    unit : binary logarithm of what a rounding in double precision is at most.
    roundings : of a comparison of single-precision scores, besides those of a product.
    plain_norms : whether norms are roots of sums of squares, in double precision, in the package.
    """
    u, v = Fraction(2) ** unit, Fraction(2) ** -24
    rows = [("gamma_n", dot_error(n), float(n * u / (1 - n * u))) for n in (1, 3, 1000, 2**40)]
    rows += [
        ("doubt of a score", score_doubt(d),
         float(Fraction(11, 10) * (d * v / (1 - d * v) + roundings * v)))
        for d in (1, 64, 4096, 2**18)
    ]  # fmt: skip
    rows.append(("what underflows", UNDERFLOW * 2.0**1000, 2.0**-72))
    half, single, double = (np.ones((1, 1), dtype) for dtype in (np.float16, np.float32, float))
    rows += [
        ("bytes of a stored number", precision(*arrays).itemsize, size)
        for arrays, size in (
            ((half, single), 4), ((single,), 4), ((single, double), 8), ((double, double), 8),
        )
    ]  # fmt: skip
    E = np.array([[3e-200, -4e-200, 1e-201], [0, 0, 0], [2e160, 5e160, -1e160], [1.0, -2.0, 3.0]])
    with np.errstate(over="ignore"):
        found = np.sqrt((E**2).sum(axis=1)) if plain_norms else row_norms(E)
    norms = [length(rationals(row)) for row in E]
    # Of the exact norms, so that differences are relative.
    return rows + [
        ("norm", float(a) / (b or 1.0), float(b > 0)) for a, b in zip(found, norms, strict=True)
    ]


def memory_symbols(rng: np.random.Generator, *, forgotten: int = 0) -> Symbols:
    """Entries of the matrices of linear memories of integers.

    Parameters
    ----------
    rng : draws integers, projectors and sketches.
    forgotten : facts that are left out of the rational matrices.
    """
    E, U = rng.integers(-5, 6, (7, 3)), rng.integers(-5, 6, (6, 3))
    f = np.array([0, 1, 2, 3, 0, 4, 2])
    kept = len(f) - forgotten
    exact = _matrices(E[:kept], E, U, f[:kept])
    rows: Symbols = []
    builds: dict[str, Callable[..., Factors]] = {
        "linear": hebbian,
        "dual-inputs": dual_inputs,
        "dual-outputs": dual_outputs,
        "dual-both": dual_both,
    }
    for name, build in builds.items():
        W = build(E.astype(float), U.astype(float), f, rng=rng).factors[0]
        rows += _entries(f"W of {name}", W, exact[name])
        W = build(E.astype(np.float32), U.astype(float), f, rng=rng).factors[0]
        rows.append(("bytes of an entry of W", W.dtype.itemsize, 8))
    v = np.array([1.0, -2.0, 2.0])
    flat = np.outer([1.0, 2.0, -1.0, 3.0], v)
    rows += _entries("inverse of a Gram matrix of rank 1", inverse_gram(flat),
                     np.outer(v, v) / (15 * 81))  # fmt: skip
    # Within double precision of singular, and not within single.
    rows += _entries("inverse of a Gram matrix near rank 1", inverse_gram(np.diag([1.0, 1e-5])),
                     np.diag([1.0, 1e10]))  # fmt: skip
    return rows + _low_rank_symbols(rng) + _recall_symbols()


def _matrices(E: Integers, seen: Integers, U: Integers, f: Integers) -> dict[str, Floats]:
    """The four closed forms of facts of integers; Gram matrices are of all inputs that are seen."""
    import sympy

    hebbian_sum = sympy.zeros(U.shape[1], E.shape[1])
    for x, answer in enumerate(f):
        hebbian_sum += sympy.Matrix(U[answer].tolist()) * sympy.Matrix(E[x].tolist()).T
    of_inputs, of_outputs = ((A.T * A).inv() for A in (sympy.Matrix(seen.tolist()),
                                                       sympy.Matrix(U.tolist())))  # fmt: skip
    found = {
        "linear": hebbian_sum,
        "dual-inputs": hebbian_sum * of_inputs,
        "dual-outputs": of_outputs * hebbian_sum,
        "dual-both": of_outputs * hebbian_sum * of_inputs,
    }
    return {name: np.array(W.tolist(), float) for name, W in found.items()}


def _low_rank_symbols(rng: np.random.Generator) -> Symbols:
    """Three memories of rank m, their factors and what they leave of W."""
    d, m, N = 6, 4, 9
    E, U = rng.standard_normal((2, N, d))
    f, identity = np.arange(N), np.eye(m)
    W = np.array([[sum(U[x, i] * E[x, j] for x in range(N)) for j in range(d)] for i in range(d)])
    seed = int(rng.integers(2**32))

    def built(build: Callable[[int], HebbianBuild]) -> Factors:
        return build(m)(E, U, f, rng=np.random.default_rng(seed))

    left, Q = built(projected).factors
    sketched, A = built(gaussian_projected).factors
    best = built(truncated)
    squares = np.sort(np.linalg.eigvalsh(W.T @ W))
    drawn = np.random.default_rng(seed).standard_normal((m, d)) / m**0.5
    return [
        *_entries("rows of a projector", Q @ Q.T, identity),
        *_entries("W behind a projector", left, W @ Q.T),
        *_entries("a sketch", A, drawn),
        *_entries("W behind a sketch", sketched, W @ drawn.T),
        ("squares that are cut off", float(((W - best.W) ** 2).sum()), squares[: d - m].sum()),
        ("rows that are kept", best.factors[1].shape[0], m),
        ("parameters of rank m", best.parameters, 2 * m * d),
    ]


def _recall_symbols() -> Symbols:
    """Summary of three trials, of which one recalls all."""
    point = RecallPoint(8, 10, 10, (7, 10, 4), 10)
    return [
        ("recall of three trials", point.recall, 0.7),
        # Of 0.7, 1 and 0.4 the variance is 0.09.
        ("standard error of three trials", point.standard_error, 0.03**0.5),
        ("trials that are recalled whole", point.whole, 1),
    ]


def _entries(symbol: str, found: Floats, exact: Floats) -> Symbols:
    return [(symbol, float(a), float(b)) for a, b in
            zip(np.ravel(found), np.ravel(exact), strict=True)]  # fmt: skip
