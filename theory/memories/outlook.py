"""What is proved and predicted of memories at given sizes, and which sizes would do."""

from dataclasses import replace
from typing import Any

import numpy as np

from assoc.memories.mlp import choose_degree
from sims.memories.construction import Construction
from theory.claims import Problem
from theory.memories import sign_gates
from theory.memories.aimed import aimed_bracket
from theory.memories.class_guarantee import balanced_capacity
from theory.memories.converse import failure_floor
from theory.memories.dual_guarantee import MOST_DUAL, dual_inputs_capacity
from theory.memories.guarantee import guaranteed_capacity, least_dimension, least_rank
from theory.memories.hypotheses import proved_failure
from theory.memories.optimal import orthogonal_cost
from theory.memories.recall import all_recalled, expected_recall
from theory.memories.sizes import LARGEST_D, LARGEST_N
from theory.memories.width import width_of
from theory.outlook import EVEN, Outlook, chance_text, of_drawn

__all__ = [
    "best_outlook",
    "gates_outlook",
    "linear_outlook",
    "network_outlook",
    "rank_outlook",
    "sharp_outlook",
]

BIJECTIONS = "what is proved is for as many outputs as facts"

NO_GATES = "no number of gates, as the closest inputs are too close for them: raise d"


@of_drawn
def linear_outlook(problem: Problem) -> Outlook | None:
    """Outlook of Theorem 1: the memory of outer products, whole or behind a projector."""
    d, N, rank = problem.d, problem.N, problem.rank
    event = _event(N)
    if problem.map == "balanced" and rank is None:
        return _balanced_outlook(problem)
    if not problem.injective:
        return Outlook(event, note=f"what is proved is for injective maps, not {problem.map} facts")
    if N is None:
        assert d is not None
        most = guaranteed_capacity(d, delta=problem.delta, M=problem.outputs, rank=rank)
        return Outlook(event, sizes=(f"N <= {most}",), note=_by_least_squares(problem))
    if d is None:
        return Outlook(event, sizes=(_enough_dimensions(problem),))
    guaranteed = 1 - proved_failure(problem)
    memory = Construction("linear") if rank is None else Construction("low-rank", rank=rank)
    predicted = all_recalled(memory, d=d, N=N, facts=problem.map, M=problem.outputs)
    sizes: tuple[str, ...] = ()
    if guaranteed < 1 - problem.delta:
        most = guaranteed_capacity(d, delta=problem.delta, M=problem.outputs, rank=rank)
        ranks = () if rank is None else (_enough_rank(problem),)
        whole = _enough_dimensions(problem) + ("" if rank is None else " with m = d")
        sizes = (*ranks, whole, f"N <= {most}")
    # The converse is for as many outputs as inputs; more can only lose more.
    failing = failure_floor(N, d, rank=rank) if predicted < EVEN else None
    note = _by_least_squares(problem) if sizes else ""
    return Outlook(event, guaranteed, predicted, failing, sizes, note)


def _by_least_squares(problem: Problem) -> str:
    """Say what is guaranteed of another matrix, on other inputs, where that is known."""
    d = problem.d
    assert d is not None
    if problem.rank is not None or problem.crowded or not 3 <= d <= MOST_DUAL:
        return ""
    if problem.N is None and problem.outputs is not None:
        return ""
    most = dual_inputs_capacity(d, delta=problem.delta)
    return f"dual-inputs on Gaussian inputs: guaranteed for N <= {most}"


def _balanced_outlook(problem: Problem) -> Outlook | None:
    """Outlook of a balanced map, whose classes differ by one at most."""
    d, N, M = problem.d, problem.N, problem.outputs
    if d is None or M is None:
        return Outlook(_event(N), note="for balanced facts give d and the number of outputs M")
    most = (f"N <= {balanced_capacity(d, M, delta=problem.delta)}",)
    if N is None:
        return Outlook(_event(N), sizes=most)
    guaranteed = 1 - proved_failure(problem)
    predicted = all_recalled(Construction("linear"), d=d, N=N, facts="balanced", M=M)
    sizes = () if guaranteed >= 1 - problem.delta else most
    return Outlook(_event(N), guaranteed=guaranteed, predicted=predicted, sizes=sizes)


@of_drawn
def rank_outlook(problem: Problem) -> Outlook | None:
    """Outlook of Theorem 1 behind a projector; of a rank that is not given, the least."""
    if problem.rank is not None or problem.d is None or problem.N is None or not problem.injective:
        return linear_outlook(problem)
    return Outlook(_event(problem.N), sizes=(_enough_rank(problem),))


@of_drawn
def sharp_outlook(problem: Problem) -> Outlook | None:
    """Outlook of the law: predicted recall, and the N at which it is 99%."""
    from theory.memories.capacity import capacity_of

    d, N = problem.d, problem.N
    memory = Construction("linear")
    if d is None:
        assert N is not None
        _, least = aimed_bracket(
            lambda d: N / capacity_of(memory, d=d, rate=1.0), 1.0,
            start=round(np.sqrt(8 * N * np.log(N + 1))), limit=LARGEST_D, least=2, resolution=1e-3,
        )  # fmt: skip
        note = f"half of the draws recall all from d = {least:.0f} on (law)"
        return Outlook(_event(N), note=note)
    most = capacity_of(memory, d=d, rate=1.0)
    note = f"half of the draws recall all up to N = {most:.0f} (law)"
    if N is None:
        return Outlook(_event(N), note=note)
    predicted = all_recalled(memory, d=d, N=N, facts=problem.map, M=problem.outputs)
    share = expected_recall(memory, d=d, N=N, facts=problem.map, M=problem.outputs)
    return Outlook(
        _event(N), predicted=predicted, note=f"expected recall {chance_text(share)} (law); {note}"
    )


@of_drawn
def network_outlook(problem: Problem) -> Outlook | None:
    """Outlook of Theorem 2: predicted for Hermite polynomials, proved for gates of 1 and -1."""
    d, N = problem.d, problem.N
    if d is None or N is None:
        return _missing_of_gates(problem, " for gates of 1 and -1 (theorem sign-gates)")
    k = problem.degree or choose_degree(N, d)
    network = Construction("gated-mlp", degree=k)
    given: dict[str, Any] = {"d": d, "N": N, "facts": problem.map, "M": problem.outputs}
    enough = width_of(network, rate=1.0, **given)
    note = (
        f"half of the draws recall all from m = {np.ceil(enough):.0f} on (law, k = {k})"
        if np.isfinite(enough)
        else f"at degree k = {k} no width is enough (law)"
    )
    sizes: tuple[str, ...] = ()
    if problem.injective and not problem.crowded:
        sizes = (f"{_enough_gates(problem)} (1 and -1: theorem sign-gates)",)
    if problem.width is None:
        note = f"{note}: give a width m for its probability"
        return Outlook(_event(N), sizes=sizes, note=note)
    predicted = all_recalled(replace(network, width=problem.width), **given)
    return Outlook(_event(N), predicted=predicted, sizes=sizes, note=note)


@of_drawn
def gates_outlook(problem: Problem) -> Outlook | None:
    """Outlook of square waves as gates, of which the constants are known."""
    d, N, m = problem.d, problem.N, problem.width
    if d is None or N is None:
        return _missing_of_gates(problem, "")
    if not problem.injective:
        return Outlook(_event(N), note=f"what is proved is for bijections, not {problem.map} facts")
    if problem.crowded:
        return Outlook(_event(N), note=BIJECTIONS)
    guaranteed = None if m is None else 1 - sign_gates.failure_bound(N, d, m)
    enough = guaranteed is not None and guaranteed >= 1 - problem.delta
    sizes = () if enough else (_enough_gates(problem),)
    return Outlook(_event(N), guaranteed=guaranteed, sizes=sizes)


def _missing_of_gates(problem: Problem, which: str) -> Outlook:
    """Outlook of square waves without d or without N: what of these is enough."""
    d, N, m = problem.d, problem.N, problem.width
    event = _event(N)
    if not problem.injective or problem.crowded:
        return Outlook(event, note=BIJECTIONS)
    if m is None or (d is None and N is None):
        return Outlook(event, note="give two of --d, --N and --width: the third is solved for")
    if d is not None:
        most = sign_gates.guaranteed_facts(d, m, delta=problem.delta)
        return Outlook(event, sizes=(f"N <= {most}{which}",))
    assert N is not None
    _, least = aimed_bracket(
        lambda d: sign_gates.failure_bound(N, d, m), problem.delta,
        start=round(8 * N * np.log(N + 1) / m), limit=LARGEST_D, least=2, resolution=1e-3,
    )  # fmt: skip
    return Outlook(event, sizes=(f"d >= {least:.0f}{which}" if least <= LARGEST_D else "no d",))


@of_drawn
def best_outlook(problem: Problem) -> Outlook | None:
    """Outlook of the best W: the N at which N delta is d^2, on either side of which it is sharp."""
    d, N = problem.d, problem.N

    def needed(N: int) -> float:
        return float(N * orthogonal_cost(np.log(float(max(2, problem.outputs or N)))))

    if N is None:
        assert d is not None
        most, _ = aimed_bracket(
            needed, d * d, start=d * d // 4, limit=LARGEST_N, rising=True, resolution=1e-4
        )
        note = f"the law has its threshold at N = {most}"
        return Outlook("some W recalls all facts", note=note)
    if d is None:
        note = f"the law has its threshold at d = {np.ceil(np.sqrt(needed(N))):.0f}"
        return Outlook(f"some W recalls all N = {N} facts", note=note)
    side = "below" if needed(N) < d * d else "above"
    return Outlook(
        f"some W recalls all N = {N} facts",
        note=f"N delta / d^2 = {needed(N) / d**2:.3g} is {side} 1, where the law has its threshold",
    )


def _enough_gates(problem: Problem) -> str:
    """Say from how many square waves on all is recalled with the probability that is asked for."""
    assert problem.N is not None
    assert problem.d is not None
    m = sign_gates.least_width(problem.N, problem.d, delta=problem.delta)
    # However many there are, two inputs that are close make most of them agree.
    return NO_GATES if m is None else f"m >= {m} gates"


def _event(N: int | None) -> str:
    return "all facts are recalled" if N is None else f"all N = {N} facts are recalled"


def _enough_dimensions(problem: Problem) -> str:
    """Say from which d on all is recalled, without a projector, as probably as is asked for."""
    assert problem.N is not None
    outputs = max(problem.N, problem.outputs or 1)
    d = least_dimension(problem.N, delta=problem.delta, M=outputs)
    return "no d" if d is None else f"d >= {d}"


def _enough_rank(problem: Problem) -> str:
    """Say from which rank of a projector on all is recalled as probably as is asked for."""
    assert problem.N is not None
    assert problem.d is not None
    outputs = max(problem.N, problem.outputs or 1)
    m = least_rank(problem.N, problem.d, delta=problem.delta, M=outputs)
    return f"no m up to d = {problem.d}" if m is None else f"m >= {m}"
