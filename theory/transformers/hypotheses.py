"""Hypotheses of the transformer theorems, as executable checks on a table of facts and on sizes.

The theorems ask for sizes up to constants and logarithms that they leave open. Some conditions
compare with the bare products, so that they say by which factor a size exceeds them; others with
what is proved to suffice for attention alone (:mod:`theory.transformers.guarantee`,
:mod:`theory.transformers.dual_guarantee`). What really suffices is less, and is searched
(:mod:`sims.transformers.smallest`).
"""

from math import ceil

import numpy as np

from theory.claims import Condition, Hypothesis, Problem
from theory.memories.hypotheses import duplicate_condition, isotropy_conditions
from theory.transformers.counts import Counts, counts_of
from theory.transformers.dual_guarantee import dual_dimension, dual_failure_bound
from theory.transformers.guarantee import failure_bound, guaranteed_dimension

__all__ = [
    "DISJOINT",
    "DISJOINT_CONDITION",
    "ENOUGH_DIMENSIONS",
    "ENOUGH_HEADS",
    "ENOUGH_NEURONS",
    "GUARANTEED",
    "INDEPENDENT_TOKENS",
    "TOTAL",
    "UNIFORM_TOKENS",
]

DISJOINT_CONDITION = "answer sets disjoint"
"""Name of the condition that no answer belongs to two relations."""

ORDER = "up to constants and logarithms"

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
    alone = int((np.bincount(task.facts[:, 1], minlength=task.relations) == 1).sum())
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
    if task is None:
        return ()
    if d is None:
        return (Condition("d of the order of max(R, D)", None, "", ORDER, "give --d"),)
    return (
        _at_least("d", d, "max(R, D)", max(task.relations, task.largest_answer_set), "raise d"),
    )


def enough_heads(problem: Problem) -> tuple[Condition, ...]:
    """Check H d_h against S + R."""
    task, H, d_h = problem.task, problem.heads, problem.head_dim
    if task is None:
        return ()
    if H is None or d_h is None:
        mend = "give --heads and --head-dim"
        return (Condition("H d_h of the order of S + R", None, "", ORDER, mend),)
    needed = task.subjects + task.relations
    return (_at_least("H d_h", H * d_h, "S + R", needed, "more heads, or larger ones"),)


def guaranteed_sizes(problem: Problem) -> tuple[Condition, ...]:
    """Check d and H d_h against the explicit guarantees."""
    if problem.task is None or problem.task.shared_answers:
        return ()
    return (
        _guaranteed_dimension(counts_of(problem.task), problem.d, problem.delta),
        _guaranteed_heads(problem),
    )


def _guaranteed_dimension(counts: Counts, d: int | None, delta: float) -> Condition:
    name, n = "d guaranteed to be enough", counts.vocabulary
    summed, dual = (
        guaranteed_dimension(counts, delta=delta),
        dual_dimension(counts, delta=delta),
    )
    least = min(summed, n)
    required = (
        f"proved failure probability <= {delta:g}: d >= {summed} with plain sums, d >= n = {n} "
        f"with dual values, d >= {dual} where embeddings are Gaussian"
    )
    if d is None:
        return Condition(name, None, "", required, f"give --d; d = {least} is enough")
    plain = failure_bound(counts, d) if d > 1 else 1.0
    gaussian = dual_failure_bound(counts, d) if d > 1 else 1.0
    holds = plain <= delta or d >= n
    return Condition(
        name,
        holds,
        f"d = {d}, failure probability <= {plain:.2g} with plain sums, <= {gaussian:.2g} with dual "
        "values where embeddings are Gaussian",
        required,
        "" if holds else f"raise d to {least}; less may do",
    )


def _guaranteed_heads(problem: Problem) -> Condition:
    """Check that heads of d_h tokens each cover subjects and relations."""
    assert problem.task is not None
    name, S, R = "H d_h guaranteed to be enough", problem.task.subjects, problem.task.relations
    H, d_h = problem.heads, problem.head_dim
    plain = f"H >= S + R = {S + R} of any d_h with plain sums"
    if H is None or d_h is None:
        required = f"{plain}, H >= S/d_h + R/d_h, each rounded up, with dual values"
        mend = f"give --heads and --head-dim; H d_h = S + R = {S + R} is enough"
        return Condition(name, None, "", required, mend)
    needed = ceil(S / d_h) + ceil(R / d_h)
    return Condition(
        name,
        needed <= H,
        f"H = {H}, d_h = {d_h}, H d_h = {H * d_h}",
        f"{plain}, H >= {needed} with dual values",
        "" if needed <= H else f"H = {needed}, or a larger d_h; less may do",
    )


def enough_neurons(problem: Problem) -> tuple[Condition, ...]:
    """Check m d against the number of facts, S R where the table is full."""
    task, m, d = problem.task, problem.width, problem.d
    if task is None:
        return ()
    if m is None or d is None:
        mend = "give --width and --d"
        return (Condition("m d of the order of S R (facts)", None, "", ORDER, mend),)
    return (_at_least("m d", m * d, "S R (facts)", len(task), "raise the width, or d"),)


def _at_least(name: str, value: int, what: str, least: int, remedy: str) -> Condition:
    holds = value >= least
    return Condition(
        f"{name} of the order of {what}",
        holds,
        f"{name} = {value}, {value / least:.3g} times {what} = {least}",
        f"at least {what}, {ORDER}",
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

GUARANTEED = Hypothesis(
    "Sizes are those of an explicit guarantee: enough, and more than is needed.", guaranteed_sizes
)
"""Of attention alone, by plain sums or by dual values."""

ENOUGH_NEURONS = Hypothesis(
    "m d is at least of the order of S R, up to logarithms, and the degree of sigma large enough.",
    enough_neurons,
)
"""Of the theorem with an MLP."""
