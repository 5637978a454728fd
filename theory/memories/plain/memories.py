r"""Linear memories and their builds a second time: one fact at a time, and by least squares.

Sums are loops over the facts, duals come from :func:`numpy.linalg.lstsq` and :func:`numpy.linalg.
solve`, and the error of a truncation is that of the singular values that are left out.
"""

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.memories.linear import (
    dual_both,
    dual_inputs,
    dual_outputs,
    hebbian,
    hebbian_matrix,
    inverse_gram,
)
from assoc.memories.low_rank import gaussian_projected, projected, truncated

__all__ = ["memory_symbols"]

Row = tuple[str, float, float]


def memory_symbols(*, forgotten: int = 0, condition: float = 1e-5) -> list[Row]:
    """Matrices of the linear memories, against their definitions.

    Parameters
    ----------
    forgotten : facts that the independent sums leave out, the last ones.
    condition : smallest over largest singular value of inputs that are nearly dependent.
    """
    rows: list[Row] = []
    rng = np.random.default_rng(8)
    for N, M, d in ((9, 4, 5), (4, 4, 6)):
        E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d))
        f = rng.integers(0, M, N)
        W = np.zeros((d, d))
        for x in range(N - forgotten):
            W += np.outer(U[f[x]], E[x])
        left = _least(U, W)
        pairs = {
            "linear": (hebbian(E, U, f, rng=rng).W, W),
            "dual-inputs": (dual_inputs(E, U, f, rng=rng).W, _least(E, W.T).T),
            "dual-outputs": (dual_outputs(E, U, f, rng=rng).W, left),
            "dual-both": (dual_both(E, U, f, rng=rng).W, _least(E, left.T).T),
        }
        rows += [row for name, pair in pairs.items() for row in _entries(name, *pair)]
        # Least squares: W e_x is the nearest to u_f(x).
        fit = np.linalg.lstsq(E, U[f], rcond=None)[0].T
        rows += _entries("least squares", pairs["dual-inputs"][0], fit)
        rows += _of_rank(E, U, f, rng)
    many = rng.standard_normal((4100, 2))
    W = np.zeros((2, 2))
    for e in many:
        W += np.outer(e, e)
    rows += _entries("a sum of two blocks", hebbian_matrix(many, many, np.arange(4100)), W)
    return rows + _nearly_dependent(condition)


def _least(E: Floats, V: Floats) -> Floats:
    """(E^T E)^+ V, through the singular values of E and not through a Gram matrix."""
    _, values, right = np.linalg.svd(E, full_matrices=False)
    kept = values > 1e-10 * values[0]
    return np.asarray((right[kept].T / values[kept] ** 2) @ (right[kept] @ V))


def _entries(name: str, found: Floats, wanted: Floats) -> list[Row]:
    return [(name, float(a), float(b)) for a, b in zip(found.ravel(), wanted.ravel(), strict=True)]


def _of_rank(E: Floats, U: Floats, f: NDArray[np.int64], rng: np.random.Generator) -> list[Row]:
    """Projector, sketch and truncation of one matrix."""
    W = hebbian(E, U, f, rng=rng).W
    rows: list[Row] = []
    for m in (1, 3):
        memory = projected(m)(E, U, f, rng=rng)
        Q = memory.factors[1]
        rows += _entries("projector", Q @ Q.T, np.eye(m))
        rows += _entries("projector", memory.W, W @ Q.T @ Q)
        rows.append(("projector: parameters", float(memory.parameters), 2.0 * m * len(W)))
        sketch = gaussian_projected(m)(E, U, f, rng=rng)
        rows += _entries("sketch", sketch.W, W @ sketch.factors[1].T @ sketch.factors[1])
        best = truncated(m)(E, U, f, rng=rng).W
        energies = np.linalg.eigvalsh(W.T @ W)
        rows += [
            ("truncation: what is left out", float(np.sum((W - best) ** 2)), energies[:-m].sum()),
            ("truncation: what is kept", float(np.sum(best**2)), energies[-m:].sum()),
        ]
    return rows


def _nearly_dependent(condition: float) -> list[Row]:
    """Inputs of which one direction is weak: inverted while it is above rounding, and not below."""
    rows: list[Row] = []
    for weak, inverse in ((condition, condition**-2), (1e-9, 0.0)):
        found = inverse_gram(np.diag([1.0, weak]))
        rows += [("weak direction", float(found[1, 1]), inverse), ("strong", found[0, 0], 1.0)]
    return rows
