r"""The cone program and the proved bound a second time: by the dual, by loops, by an ODE solver.

:mod:`theory.gradient_flow.max_margin` gives the primal to an interior-point method. Its dual has a
linear objective and one quadratic constraint for each token,

.. math:: \frac1\gamma = \max_{\mu \ge 0} \sum \mu \quad\text{such that}\quad
    \Bigl\lVert \sum_{f, a} \mu_{f a}\, n_z(f)\,(e_{f^*} - e_a) \Bigr\rVert \le 2
    \text{ for every token } z,

n_z(f) being how many of z a prompt of f holds on average, each noise token for itself. It goes to
sequential quadratic programming here. The proved bound is made from its definition: logits M* with
1 at the answers of every subject and relation, whose margins are looked at one by one.
"""

import itertools
import math
from typing import Any

import numpy as np
import scipy

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask, grid_task
from assoc.gradient_flow.linear_attention import LinearAttention
from theory.gradient_flow.convergence import convergence_bound, convergence_constant
from theory.gradient_flow.max_margin import max_margin
from theory.gradient_flow.plain.flow import PlainFlow, Row
from theory.gradient_flow.stages import stages

__all__ = ["active_symbols", "bound_symbols", "dual_program", "program_symbols"]

SIZES = ((4, 2, 2), (3, 3, 3), (6, 2, 3))
"""S, R and D of balanced facts."""


def uneven_facts(noise: int) -> RecallTask:
    """Facts of three subjects and three relations, spread unevenly; answer 4 is never right.

    What all prompts hold lifts or lowers an answer for all facts: it is of use against answer 4.
    """
    facts = [[0, 0, 0], [1, 0, 0], [2, 0, 1], [0, 1, 2], [1, 2, 3]]
    return RecallTask(3, 3, 5, np.array(facts), noise)


def programs() -> list[tuple[str, LinearAttention]]:
    """Facts alone; prompts that hold few of many noise tokens, and many of few; unequal p."""
    p = np.array([6, 1, 2, 4, 3]) / 16
    return [
        ("balanced", LinearAttention(grid_task(4, 2, 2))),
        ("more relations", LinearAttention(grid_task(3, 3, 3))),
        ("uneven", LinearAttention(uneven_facts(0), p)),
        ("one of three noise tokens", LinearAttention(uneven_facts(3), p, 4)),
        ("three with two noise tokens", LinearAttention(uneven_facts(2), p, 6)),
    ]


def dual_program(model: LinearAttention, *, copies: bool = True) -> tuple[float, float]:
    """1/gamma and log k of few facts, from the multipliers.

    Parameters
    ----------
    model : facts, all of positive probability.
    copies : whether each noise token counts for itself; otherwise all count as one that a prompt
        holds as often as all of them.
    """
    task, A = model.task, model.task.answers
    plain = PlainFlow(model)
    held, chances, of = plain.prompts
    if not copies and model.contexts == 2:
        first = task.subjects + task.relations + 1
        held = np.column_stack([held[:, :first], held[:, first:].sum(axis=1)])
    pairs = [(f, a) for f in range(len(task)) for a in range(A) if a != task.facts[f, 2]]
    pull = np.zeros((len(pairs), held.shape[1], A))
    for k, (f, a) in enumerate(pairs):
        average = np.average(held[of == f], axis=0, weights=chances[of == f])
        pull[k, :, task.facts[f, 2]] += average
        pull[k, :, a] -= average

    def room(mu: Floats) -> Floats:
        return np.asarray(4 - (np.tensordot(mu, pull, 1) ** 2).sum(axis=1))

    def slope(mu: Floats) -> Floats:
        return np.asarray(-2 * np.einsum("za,kza->zk", np.tensordot(mu, pull, 1), pull))

    def least(mu: Floats) -> float:
        return -float(mu.sum())

    found: Any = scipy.optimize.minimize(  # type: ignore[call-overload]  # the stubs know no such method
        least,
        np.full(len(pairs), 0.1),
        jac=lambda mu: -np.ones(len(mu)),
        bounds=scipy.optimize.Bounds(0, np.inf),
        constraints={"type": "ineq", "fun": room, "jac": slope},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-15},
    )
    mu = found.x / found.x.sum()
    p = [chances[of == f].sum() for f, _ in pairs]
    log_k = sum(m * math.log(q / m) for m, q in zip(mu, p, strict=True) if m > 1e-12)
    return float(found.x.sum()), float(log_k)


def program_symbols(*, copies: bool = True, degree: int = 2) -> list[Row]:
    """Bounds and middle of the cone program against the dual, and the closed form of the late rate.

    Parameters
    ----------
    copies : as for :func:`dual_program`.
    degree : of the logits in V and w, whose square divides 1/gamma in the late rate.
    """
    rows: list[Row] = []
    for name, model in programs():
        inverse, _ = dual_program(model, copies=copies)
        found = max_margin(model)
        rows += [
            (f"lower bound, {name}", found.lower, inverse),
            (f"upper bound, {name}", found.upper, inverse),
            (f"1/gamma, {name}", found.inverse, inverse),
            (f"late rate, {name}", found.rate, inverse / degree**2),
            (f"smallest margin, {name}", _smallest_margin(model, found.logits), 1.0),
        ]
    for S, R, D in SIZES:
        inverse, _ = dual_program(LinearAttention(grid_task(S, R, D)))
        rate = stages(S, R, D, alpha=1e-3).rate
        rows.append((f"late rate, S, R, D = {S}, {R}, {D}", rate, inverse / degree**2))
    return rows


def active_symbols(*, even: bool = False) -> list[Row]:
    """The effective number k of active constraints, where multipliers are unique: without noise.

    Parameters
    ----------
    even : whether R + D - 2 stands here for k of balanced facts, as if all were equally active.
    """
    rows: list[Row] = []
    for name, model in programs():
        if model.length is None:
            _, log_k = dual_program(model)
            rows.append((f"k, {name}", math.exp(max_margin(model).log_k), math.exp(log_k)))
    for S, R, D in SIZES:
        _, log_k = dual_program(LinearAttention(grid_task(S, R, D)))
        k = R + D - 2 if even else math.exp(log_k)
        closed = math.exp(stages(S, R, D, alpha=1e-3).log_k)
        rows.append((f"k, S, R, D = {S}, {R}, {D}", closed, k))
    return rows


def _smallest_margin(model: LinearAttention, M: Floats) -> float:
    """Least difference between the logits of a right and a wrong answer over all prompts."""
    plain = PlainFlow(model)
    logits = plain.prompts[0] @ M[plain.places]
    right = model.task.facts[plain.prompts[2], 2]
    return min(
        float(row[a] - row[b]) for row, a in zip(logits, right, strict=True)
        for b in range(len(row)) if b != a
    )  # fmt: skip


# --- The proved bound ---------------------------------------------------------------------------


def bound_symbols(*, squared: bool = True, relations: bool = True, wrong: int = 2) -> list[Row]:
    """The constant c from logits that separate, and the bound from its differential equation.

    Parameters
    ----------
    squared : whether the least probability is squared here.
    relations : whether the relations' rows of M* count.
    wrong : power of y = 1 - exp(-L) in -dL/dt = c y^2.
    """
    rows: list[Row] = []
    p = np.array([6, 1, 2, 4, 3]) / 16
    cases = (
        (LinearAttention(grid_task(4, 2, 2)), 1.0),
        (LinearAttention(uneven_facts(0), p), 0.3),
        (LinearAttention(uneven_facts(2), p, 6), 2.0),
        (LinearAttention(grid_task(6, 3, 2)), 0.1),
    )
    for model, alpha in cases:
        task, A = model.task, model.task.answers
        M = np.zeros((model.tokens, A))
        for s, r, a in task.facts.tolist():
            M[s, a] = 1
            if relations:
                M[task.subjects + r, a] = 1
        least = 1 / len(task) if model.weights is None else float(min(model.weights))
        w = float(model.initial(alpha)[model.tokens * A])
        squares = sum(float(m) ** 2 for m in M.ravel())
        rows += [
            ("smallest margin of M*", _smallest_margin(model, M), 1.0),
            ("w at the start", w, alpha * math.sqrt(A + 1)),
            ("c", convergence_constant(model, alpha), w**2 * least ** (1 + squared) / squares),
        ]
    for first, c in itertools.product((0.02, 1.5, 8.0), (1e-3, 0.7)):
        times = [share / c for share in (0.0, 0.3, 4.0, 50.0, 400.0)]

        # L = exp(x): -dx/dt = c y^2 / L keeps relative precision.
        def fall(_: float, x: Floats, c: float = c) -> Floats:
            return np.asarray(-c * (-np.expm1(-np.exp(x))) ** wrong * np.exp(-x))

        solved = scipy.integrate.solve_ivp(
            fall, (0, times[-1]), [math.log(first)], "DOP853", times, rtol=1e-13, atol=1e-13
        )
        rows += [
            ("bound", convergence_bound(first, c, time), math.exp(x))
            for time, x in zip(times, solved.y[0].tolist(), strict=True)
        ]
    return rows
