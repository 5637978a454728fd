"""What the bounds on bits say at given sizes."""

import math

from theory.bounds.bits import map_bits
from theory.bounds.table_bits import table_bits
from theory.claims import Problem
from theory.outlook import Outlook

__all__ = ["map_outlook", "table_outlook"]

UNIFORM = (None, "random", "permutation", "identity")
"""Laws of which every table is as likely; of the identity where embeddings are drawn."""


def map_outlook(problem: Problem) -> Outlook | None:
    """Bits with which some of N uniform facts is still wrong, but for a chance of delta."""
    if problem.N is None:
        return None
    M = problem.outputs or problem.N
    event = f"a model of few bits is wrong on one of N = {problem.N} facts"
    if problem.facts not in UNIFORM:
        return Outlook(event, note=f"the count is for uniform tables, not {problem.facts} facts")
    bits = map_bits(problem.N, M, problem.facts or "random")
    short = bits + math.log2(problem.delta)
    each = "" if problem.d is None else f": {bits / problem.d**2:.3g} for each entry of a d x d W"
    return Outlook(
        f"a model of at most {short:.6g} bits is wrong on one of N = {problem.N} facts",
        guaranteed=1 - problem.delta,
        note=f"the facts are one of 2^{bits:.6g} tables{each}",
    )


def table_outlook(problem: Problem) -> Outlook | None:
    """Bits with which some fact of a uniform table is still wrong, but for a chance of delta."""
    task = problem.task
    if task is None:
        return None
    S, R, D = task.subjects, task.relations, task.largest_answer_set
    if task.vocabulary < R * D:
        return None
    bits = table_bits(S, R, D, task.vocabulary).bits
    return Outlook(
        f"a model of at most {bits + math.log2(problem.delta):.6g} bits is wrong on some fact",
        guaranteed=1 - problem.delta,
        note=f"S = {S}, R = {R}, D = {D} and {task.vocabulary} tokens leave 2^{bits:.6g} tables",
    )
