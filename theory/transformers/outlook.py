"""What is proved and predicted of transformers on a table of facts, and which sizes would do."""

from math import ceil

from theory.claims import Problem
from theory.outlook import Outlook, of_drawn
from theory.transformers.counts import counts_of
from theory.transformers.dual_guarantee import dual_dimension
from theory.transformers.guarantee import failure_bound, guaranteed_dimension
from theory.transformers.superposed import superposed_all

__all__ = ["attention_outlook", "network_outlook"]


@of_drawn
def attention_outlook(problem: Problem) -> Outlook | None:
    """Outlook of Theorem 3: plain sums by their guarantee, dual values by independence."""
    task, d = problem.task, problem.d
    if task is None:
        return None
    event = f"all {len(task)} facts are recalled from every prompt"
    if task.shared_answers:
        return Outlook(event, note="what is proved is for answer sets that are disjoint")
    counts = counts_of(task)
    n, S, R = counts.vocabulary, task.subjects, task.relations
    summed, dual = guaranteed_dimension(counts, delta=problem.delta), n
    gaussian = dual_dimension(counts, delta=problem.delta)
    sizes = (
        f"d >= {summed} with plain sums and H >= {S + R}",
        f"d >= {dual} with dual values and H d_h >= {S + R}",
        f"d >= {gaussian} with dual values of Gaussian embeddings",
    )
    if d is None:
        return Outlook(event, sizes=sizes)
    if problem.heads is None:
        event += f" by H = {S + R} heads"
    heads_sum, heads_dual = _enough_heads(problem)
    plain = 1 - failure_bound(counts, d) if heads_sum else 0.0
    # With dual values at d >= n all embeddings are almost surely independent.
    guaranteed = max(plain, 1.0 if d >= n and heads_dual else 0.0)
    predicted = superposed_all(S, R, task.largest_answer_set, d, noise=task.noise)
    enough = guaranteed >= 1 - problem.delta
    return Outlook(
        event, guaranteed=guaranteed, predicted=predicted, sizes=() if enough else sizes,
        note="" if enough else "the law is that of plain sums",
    )  # fmt: skip


def network_outlook(problem: Problem) -> Outlook | None:
    """Outlook of Theorem 4, whose constants are not known for polynomial activations."""
    if problem.task is None:
        return None
    return Outlook(
        f"all {len(problem.task)} facts are recalled from every prompt",
        note="for polynomials no constants are known; for gates of 1 and -1 (attention-mlp-sign) "
        "on given embeddings theory.transformers.mlp_guarantee.mlp_width proves how many are "
        "enough",
    )


def _enough_heads(problem: Problem) -> tuple[bool, bool]:
    """Whether the heads that are given suffice for plain sums and for dual values."""
    assert problem.task is not None
    S, R, H, d_h = problem.task.subjects, problem.task.relations, problem.heads, problem.head_dim
    plain = H is None or S + R <= H
    dual = H is None or d_h is None or ceil(S / d_h) + ceil(R / d_h) <= H
    return plain, dual
