"""Hypotheses of the theorems on gradient flow, as checks on sizes or a table of facts."""

import math

import numpy as np

from theory.claims import Condition, Hypothesis, Problem
from theory.gradient_flow.stages import order_ratio

__all__ = ["EVEN", "INITIAL", "MANY_SUBJECTS", "ORTHONORMAL", "ordered_condition"]


def orthonormal_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check that the user's vectors are orthonormal."""
    if problem.vectors is None:
        return ()
    E = np.asarray(problem.vectors, np.float64)
    n, d = E.shape
    if n > d:
        worst = f"{n} vectors in R^{d} cannot be"
        off = math.inf
    else:
        off = float(np.abs(E @ E.T - np.eye(n)).max())
        worst = f"largest difference of a product from 0 or 1: {off:.3g}"
    return (
        Condition(
            "embeddings orthonormal",
            off < 1e-6,
            worst,
            "orthonormal, up to 1e-6",
            "" if off < 1e-6 else "orthonormalise; or see Figure 5 (right) with random embeddings",
        ),
    )


def started_so(problem: Problem) -> tuple[Condition, ...]:
    """Take the initialisation for granted: it is the theorem's own, and no size of the facts'."""
    del problem
    return ()


def even_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check that in every relation all answers have as many subjects."""
    task = problem.task
    if task is None:
        return ()
    counts = np.zeros((task.relations, task.answers), np.intp)
    np.add.at(counts, (task.facts[:, 1], task.facts[:, 2]), 1)
    sizes = [row[row > 0] for row in counts]
    even = all(row.min() == row.max() for row in sizes)
    alike = len({len(row) for row in sizes}) == 1
    low, high = min(row.min() for row in sizes), max(row.max() for row in sizes)
    widths = sorted({len(row) for row in sizes})
    return (
        Condition(
            "answers spread evenly",
            even and alike,
            f"an answer has {low} to {high} subjects, a relation {widths[0]} to {widths[-1]} "
            "answers",
            "as many subjects for each answer, as many answers for each relation",
            "" if even and alike else "none: the full flow takes any facts, stages are then spread",
        ),
    )


def many_subjects_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check S against 8 R sqrt(2 D), and against the sharp boundary."""
    task = problem.task
    if task is None:
        return ()
    S, R, D = task.subjects, task.relations, task.largest_answer_set
    needed = 8 * R * math.sqrt(2 * D)
    return (
        Condition(
            "S >= 8 R sqrt(2 D)",
            needed <= S,
            f"S = {S}, {S / needed:.3g} times 8 R sqrt(2 D) = {needed:.4g}",
            "the paper's hypothesis, sufficient",
            "" if needed <= S else "not needed: see the sharp boundary",
        ),
        ordered_condition(S, R, D),
    )


def ordered_condition(subjects: int, relations: int, answers: int) -> Condition:
    """Compare with the sharp boundary between relation first and subject first."""
    ratio = order_ratio(subjects, relations, answers)
    return Condition(
        "relation learnt first (sharp)",
        ratio > 1,
        f"(S/R) sqrt((R-1)/(D-1)) = {ratio:.4g}",
        "above 1 for balanced facts and small alpha",
        "" if ratio > 1 else "none: subjects are learnt first, with a plateau at log R",
    )


ORTHONORMAL = Hypothesis("All token embeddings are orthonormal.", orthonormal_condition)
"""Of the reduced model."""

INITIAL = Hypothesis(
    "V = alpha and w = alpha sqrt(A + 1) at the start, with alpha small.", started_so
)
"""Of both theorems; global convergence asks only that alpha is positive."""

EVEN = Hypothesis(
    "p is uniform, and the answers of every relation are spread evenly over the subjects.",
    even_condition,
)
"""Of sequential learning."""

MANY_SUBJECTS = Hypothesis("S >= 8 R sqrt(2 D).", many_subjects_condition)
"""Of sequential learning in the paper; sharp is (S/R) sqrt((R - 1)/(D - 1)) > 1."""
