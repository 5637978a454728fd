r"""The largest normalised margin of the reduced model, a second-order cone program.

The model is homogeneous of degree 2 in theta = (V, w), so that its late gradient flow is governed
by gamma, the largest quotient of the smallest margin and the squared norm of theta (Lyu and Li). At
the optimum the norm of V_z is w_z, and with M_z = w_z V_z

.. math:: \frac1\gamma = \min_M\; 2 \sum_z \lVert M_z \rVert
    \quad\text{such that every margin of every fact is at least } 1.

The program is convex. It is solved by an interior-point method (Clarabel), whose answer is not
believed: scaled to be feasible, its M bounds 1/gamma from above, and its multipliers, scaled to be
dual feasible, from below.

References
----------
Lyu and Li, *Gradient descent maximizes the margin of homogeneous neural networks*, ICLR 2020;
Goulart and Chen, *Clarabel: an interior-point solver for conic programs with quadratic objectives*.
The program and the constant k are derived in docs/gradient-flow.md.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.gradient_flow.linear_attention import LinearAttention

__all__ = ["LARGEST_PROGRAM", "MaxMargin", "max_margin"]

LARGEST_PROGRAM = 200_000
"""Most constraints, facts times wrong answers, that are given to the solver."""


@dataclass(frozen=True, eq=False)
class MaxMargin:
    """The largest margin, between bounds, and what it says of the late loss.

    Parameters
    ----------
    inverse : 1/gamma, in the middle of its bounds.
    lower, upper : rigorous bounds on 1/gamma, up to rounding.
    log_k : log of the effective number of active constraints per fact.
    logits : (tokens, A) optimal M.
    """

    inverse: float
    lower: float
    upper: float
    log_k: float
    logits: Floats

    @property
    def rate(self) -> float:
        """Limit 1/(4 gamma) of L t (log(k/L) - 1)."""
        return self.inverse / 4


def max_margin(model: LinearAttention) -> MaxMargin:
    r"""Solve for gamma and k.

    With multipliers mu of the constraints, summing to 1, the loss in the end consists of the wrong
    answers in these proportions, and log k = sum of mu log(p / mu).

    Parameters
    ----------
    model : facts and their probabilities.

    Raises
    ------
    InputError
        If there are too many constraints, no logits separate the facts, or the solver fails.

    Examples
    --------
    >>> from math import sqrt
    >>> from assoc.facts.recall_task import grid_task
    >>> found = max_margin(LinearAttention(grid_task(8, 2, 4)))
    >>> closed = 2 * (8 * sqrt(2 * 3 / 4) + 2 * sqrt(4 / 2))
    >>> round(found.inverse, 6), round(closed, 6)
    (25.252772, 25.252772)
    """
    program = _program(model)
    solved = _solve(program)
    margins, copies, C = program.margins, program.copies, len(program.fact)
    Z, A = model.tokens, model.task.answers
    M = np.array(solved.x[: Z * A])
    smallest = float(-(margins @ M).max())
    mu = np.maximum(np.array(solved.z[:C]), 0.0)
    pull = np.linalg.norm((margins.T @ mu).reshape(Z, A), axis=1)
    scale = float((pull / (2 * copies)).max())
    if not (smallest > 0 and scale > 0 and np.isfinite(smallest + scale)):
        raise InputError(f"the cone program failed ({solved.status}); try fewer facts")
    logits = M.reshape(Z, A) / smallest
    upper = float(2 * copies @ np.linalg.norm(logits, axis=1))
    lower = float(mu.sum() / scale)
    mu /= mu.sum()
    s, r = program.facts[program.fact, 0], program.facts[program.fact, 1]
    active = mu > 0
    log_k = float(np.sum(mu[active] * np.log(model.probability[s, r][active] / mu[active])))
    return MaxMargin((lower + upper) / 2, lower, upper, log_k, logits)


@dataclass(frozen=True, eq=False)
class _Program:
    """Margins as a linear map of M, negated, and how often each row of M counts in its norm."""

    facts: NDArray[np.intp]  # (N, 3) those that are asked for
    fact: NDArray[np.intp]  # (C,) the fact of each constraint, a fact and a wrong answer
    margins: Any  # sparse (C, Z A)
    copies: Floats  # (Z,)


def _program(model: LinearAttention) -> _Program:
    """Write down a constraint for every fact and wrong answer.

    Raises
    ------
    InputError
        If there are none, or too many.
    """
    from scipy import sparse

    task = model.task
    # A fact that is never asked for has no margin to keep.
    facts = task.facts[model.probability[task.facts[:, 0], task.facts[:, 1]] > 0]
    N, A, Z = len(facts), task.answers, model.tokens
    S, R = task.subjects, task.relations
    if N * (A - 1) > LARGEST_PROGRAM:
        raise InputError(
            f"{N} facts and {A} answers make {N * (A - 1)} constraints, more than {LARGEST_PROGRAM}"
        )
    if A < 2:
        raise InputError("a single answer: every margin is empty")
    fact = np.repeat(np.arange(N), A - 1)
    wrong = np.array([a for f in facts[:, 2] for a in range(A) if a != f])
    right = facts[fact, 2]
    # Tokens of each fact, with how many of them a prompt holds; noise tokens are K alike.
    held = [(facts[fact, 0], 1.0), (S + facts[fact, 1], 1.0)]
    held += [(np.full(len(fact), S + R + k), c) for k, c in enumerate(model.counts)]
    copies = np.ones(Z)
    copies[S + R :] = model.counts / model.rates
    rows = np.arange(len(fact))
    entries = [
        (sign * count * np.ones(len(rows)), rows, token * A + answer)
        for token, count in held
        for answer, sign in ((right, -1.0), (wrong, 1.0))
    ]
    values, at, columns = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    margins = sparse.csc_matrix((values, (at, columns)), shape=(len(rows), Z * A))
    return _Program(facts, fact, margins, copies)


def _solve(program: _Program) -> Any:
    """Return what the interior-point method makes of it: x is M and the lengths of its rows.

    Raises
    ------
    InputError
        If no logits separate the facts.
    """
    import clarabel
    from scipy import sparse

    C, Z = len(program.fact), len(program.copies)
    A = program.margins.shape[1] // Z
    # Variables: M, then the lengths of its rows; constraints: margins, then a cone for each token.
    picks = np.concatenate([np.append(Z * A + z, z * A + np.arange(A)) for z in range(Z)])
    cones = sparse.csc_matrix(
        (-np.ones(len(picks)), (np.arange(len(picks)), picks)), shape=(len(picks), Z * A + Z)
    )
    matrix = sparse.vstack(
        [sparse.hstack([program.margins, sparse.csc_matrix((C, Z))]), cones], format="csc"
    )
    bound = np.concatenate([-np.ones(C), np.zeros(len(picks))])
    cost = np.concatenate([np.zeros(Z * A), 2 * program.copies])
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    shapes = [clarabel.NonnegativeConeT(C)]
    shapes += [clarabel.SecondOrderConeT(A + 1)] * Z
    nothing = sparse.csc_matrix((Z * A + Z,) * 2)
    solved = clarabel.DefaultSolver(nothing, cost, matrix, bound, shapes, settings).solve()
    if str(solved.status) == "PrimalInfeasible":
        raise InputError(
            "no logits separate these facts: the loss cannot tend to 0 (shared answers?)"
        )
    return solved
