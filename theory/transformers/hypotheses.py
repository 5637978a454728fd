"""Hypotheses of the transformer theorems, as executable checks on a table of facts and on sizes.

The theorems ask for sizes up to constants and logarithms that they leave open. The conditions here
compare with the bare products, so that they say by which factor a size exceeds them; what really
suffices is searched (:mod:`sims.transformers.smallest`).
"""

from theory.claims import Condition, Hypothesis, Problem
from theory.memories.hypotheses import duplicate_condition, isotropy_conditions

__all__ = [
    "DISJOINT",
    "DISJOINT_CONDITION",
    "ENOUGH_DIMENSIONS",
    "ENOUGH_HEADS",
    "ENOUGH_NEURONS",
    "INDEPENDENT_TOKENS",
    "TOTAL",
    "UNIFORM_TOKENS",
]

DISJOINT_CONDITION = "answer sets disjoint"
"""Name of the condition that no answer belongs to two relations."""

SHOWN = 3
"""Offenders that a condition names."""


def disjoint_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check that no answer belongs to two relations, and name those that do."""
    task = problem.task
    if task is None:
        return ()
    shared = task.shared_answers

    def called(token: int) -> str:
        return str(token) if task.names is None else task.names[token]

    offenders = [
        f"{called(task.subjects + task.relations + a)} "
        f"({', '.join(called(task.subjects + r) for r in relations)})"
        for a, relations in list(shared.items())[:SHOWN]
    ]
    rest = f" and {len(shared) - SHOWN} more" if len(shared) > SHOWN else ""
    return (
        Condition(
            DISJOINT_CONDITION,
            not shared,
            f"shared by relations: {'; '.join(offenders)}{rest}" if shared else "no answer shared",
            "every answer under one relation",
            "make answers specific to their relation, as table_task does" if shared else "",
        ),
    )


def total_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check that every subject has an answer under every relation."""
    task = problem.task
    if task is None:
        return ()
    missing = task.subjects * task.relations - len(task)
    per_relation = [0] * task.relations
    for r in task.facts[:, 1].tolist():
        per_relation[r] += 1
    alone = sum(count == 1 for count in per_relation)
    value = f"{len(task)} facts, {missing} (subject, relation) without one"
    if alone:
        value += f"; {alone} relation{'s' * (alone > 1)} of a single subject"
    return (
        Condition(
            "a fact for every subject and relation",
            not missing,
            value,
            f"S R = {task.subjects} x {task.relations} facts",
            "none needed: what is missing is never asked for" if missing else "",
        ),
    )


def enough_dimensions(problem: Problem) -> tuple[Condition, ...]:
    """Check d against max(R, D)."""
    task, d = problem.task, problem.d
    if task is None or d is None:
        return ()
    return (
        _at_least("d", d, "max(R, D)", max(task.relations, task.largest_answer_set), "raise d"),
    )


def enough_heads(problem: Problem) -> tuple[Condition, ...]:
    """Check H d_h against S + R."""
    task, H, d_h = problem.task, problem.heads, problem.head_dim
    if task is None or H is None or d_h is None:
        return ()
    needed = task.subjects + task.relations
    return (_at_least("H d_h", H * d_h, "S + R", needed, "more heads, or larger ones"),)


def enough_neurons(problem: Problem) -> tuple[Condition, ...]:
    """Check m d against the number of facts, S R where the table is full."""
    task, m, d = problem.task, problem.width, problem.d
    if task is None or m is None or d is None:
        return ()
    return (_at_least("m d", m * d, "S R (facts)", len(task), "raise the width, or d"),)


def _at_least(name: str, value: int, what: str, least: int, remedy: str) -> Condition:
    holds = value >= least
    return Condition(
        f"{name} of the order of {what}",
        holds,
        f"{name} = {value}, {value / least:.3g} times {what} = {least}",
        f"at least {what}, up to constants and logarithms",
        "" if holds else remedy,
    )


UNIFORM_TOKENS = Hypothesis(
    "The embeddings of all tokens are uniform on the unit sphere of R^d.", isotropy_conditions
)
"""Of unit norm, centred, isotropic."""

INDEPENDENT_TOKENS = Hypothesis("All embeddings are independent.", duplicate_condition)
"""No near duplicates."""

DISJOINT = Hypothesis(
    "The answer sets A_r of different relations are disjoint.", disjoint_condition
)
"""No answer under two relations."""

TOTAL = Hypothesis("f* is defined on all of S x R.", total_condition)
"""A fact for every subject and relation."""

ENOUGH_DIMENSIONS = Hypothesis(
    "d is at least of the order of max(R, D), up to logarithms.", enough_dimensions
)
"""Of the attention-only theorem."""

ENOUGH_HEADS = Hypothesis(
    "H d_h is at least of the order of S + R, up to logarithms.", enough_heads
)
"""Of both transformer theorems."""

ENOUGH_NEURONS = Hypothesis(
    "m d is at least of the order of S R, up to logarithms, and the degree of sigma large enough.",
    enough_neurons,
)
"""Of the theorem with an MLP."""
