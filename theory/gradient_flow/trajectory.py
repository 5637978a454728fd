"""What a gradient flow learns when: the trajectory of given facts, with predictions beside."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.checks import MAX_BYTES, positive
from assoc.embeddings import LAWS
from assoc.errors import InputError
from assoc.facts.recall_task import NOISE, RecallTask, check_length, table_task
from assoc.facts.tables import FactTable, read_facts
from assoc.gradient_flow.embedded_attention import ATTENTIONS, EmbeddedAttention, cue_prompts
from assoc.gradient_flow.limits import check_alpha
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.randomness import INPUTS, PROMPTS, Source
from sims.engine.results import Result
from sims.gradient_flow.descent import descend
from sims.gradient_flow.embedded import embedded_flow
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.integration import DRIFT, check_times
from sims.gradient_flow.reduced import RTOL, FlowResult, flow
from sims.gradient_flow.symmetric import LARGEST, SMALLEST, check_balanced, symmetric_flow
from theory.gradient_flow.figures import with_stages
from theory.gradient_flow.max_margin import LARGEST_PROGRAM, max_margin
from theory.gradient_flow.stages import Stages, stages

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FACTS", "METHODS", "TrajectoryResult", "trajectory"]

METHODS = ("auto", "full", "symmetric")
"""How the flow is integrated: all of V and w, the reduction, or the latter where it is exact."""

FACTS = ("balanced", "random", "weighted", "partial")
"""Kinds of facts that are drawn (:class:`sims.gradient_flow.facts.FlowFacts`)."""

LONG = 30.0
"""Multiple of the later predicted stage time that is integrated unless a time is given."""


@dataclass(frozen=True, repr=False, eq=False)
class TrajectoryResult(Result):
    """A trajectory with predictions beside.

    Parameters
    ----------
    flow : what was integrated.
    facts : which facts, in words.
    predicted : for balanced facts; of random ones it is what balanced ones of their sizes would do;
        None for a table.
    inverse_margin, log_k : 1/gamma and log k of the late rate, from the closed form or the cone
        program; None where that is too large.
    seed : of the facts, embeddings and prompts.
    """

    flow: FlowResult
    facts: str
    predicted: Stages | None
    inverse_margin: float | None
    log_k: float | None
    seed: int

    def __repr__(self) -> str:
        return f"TrajectoryResult({self.facts}: {self.flow!r})"

    @property
    def late_constant(self) -> float | None:
        """L t (log(k/L) - 1) at the end, which tends to 1/(4 gamma); None without k."""
        if self.log_k is None:
            return None
        loss, time = float(self.flow.loss[-1]), float(self.flow.time[-1])
        return loss * time * (self.log_k - math.log(loss) - 1) if loss else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per sampled time."""
        return self.flow.rows()

    def predictions(self) -> dict[str, Any]:
        """Return what is predicted, by name; None where nothing is."""
        p = self.predicted
        rate = None if self.inverse_margin is None else self.inverse_margin / 4
        found: dict[str, Any] = {
            "t_relation": p and p.t_relation,
            "t_subject": p and p.t_subject,
            "first": p and p.first,
            "order_ratio": p and p.ratio,
            "plateau": p and p.plateau,
            "plateau_length": p and p.length,
            "slope_relation": p and p.slope_relation,
            "slope_subject": p and p.slope_subject,
            "late_constant": rate,
        }
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the record of the command line's JSON."""
        return {
            "facts": self.facts,
            **self.flow.to_dict(),
            "late_constant": self.late_constant,
            "predicted": self.predictions(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the losses against time, with the predicted plateau and stage times."""
        return with_stages(self.flow, self.predicted, ax)


def trajectory(
    *,
    subjects: int | None = None,
    relations: int | None = None,
    answers: int | None = None,
    facts: str | Path | FactTable = "balanced",
    alpha: float = 1e-4,
    t_max: float | None = None,
    method: str = "auto",
    length: int | None = None,
    noise: int = NOISE,
    solver: str | None = None,
    rtol: float | None = None,
    lr: float | None = None,
    attention: str | None = None,
    d: int | None = None,
    draws: int = 8,
    samples: int = 200,
    loss_below: float | None = None,
    seed: int = 0,
) -> TrajectoryResult:
    """Learn facts by gradient flow, and say when.

    Parameters
    ----------
    subjects, relations, answers : S, R and D; not for a table.
    facts : ``balanced``, ``random``, ``weighted`` or ``partial``, which are explained at
        :class:`sims.gradient_flow.facts.FlowFacts`, or a table of facts or its file.
    alpha : initial scale.
    t_max : time to integrate to; None takes 30 times the later predicted stage, for a table 30
        times the time in which its slowest token grows from alpha to 1.
    method : a name of :data:`METHODS`.
    length, noise : T and K of prompts with the end of sequence and noise; None for T leaves the
        subject and the relation alone.
    solver, rtol, samples, loss_below : as for :func:`sims.gradient_flow.reduced.flow`; None for a
        solver is DOP853, None for a tolerance that of the flow.
    lr : take steps of plain gradient descent of this size in place of the flow.
    attention : ``linear`` or ``softmax``, on random embeddings of dimension ``d``, in matrix
        coordinates; ``draws`` prompts of each fact stand for the expectation over noise.
    seed : draws the facts, embeddings and prompts.

    Returns
    -------
    TrajectoryResult

    Raises
    ------
    InputError
        If an argument is out of range, or arguments exclude each other.
    SolverError
        If the integration fails.

    Examples
    --------
    >>> trajectory(subjects=16, relations=4, answers=8, alpha=1e-6)
    TrajectoryResult(balanced facts: FlowResult(symmetric flow, S=16 R=4 D=8, t_relation=175.6, ...
    """
    if method not in METHODS:
        raise InputError(f"method {method!r} is not one of {', '.join(METHODS)}")
    _exclude(method, attention, lr, d)
    if lr is not None:
        for option, chosen in (("solver", solver), ("rtol", rtol)):
            if chosen is not None:
                raise InputError(f"{option} has no place with lr: plain steps have none")
    solver = solver or "DOP853"
    sizes = {"subjects": subjects, "relations": relations, "answers": answers}
    kind = facts if isinstance(facts, str) and facts in FACTS else None
    if kind is None and isinstance(facts, str) and not Path(facts).exists():
        raise InputError(f"facts {facts!r}: no such file, nor one of {', '.join(FACTS)}")
    if length is not None:
        check_length(length, noise)
    check_alpha(alpha, smallest=SMALLEST, largest=LARGEST)
    task: RecallTask | None = None
    predicted: Stages | None = None
    if kind is None:
        given = [name for name, size in sizes.items() if size is not None]
        if given:
            raise InputError(f"{given[0]} has no place with a table of facts")
        table = facts if isinstance(facts, FactTable) else read_facts(facts)
        task = table_task(table, noise=noise)
        name = "a table" if isinstance(facts, FactTable) else Path(facts).name
    else:
        S, R, D = _all(sizes)
        if kind == "balanced":
            check_balanced(S, R, D)
        if D > S:
            raise InputError(f"D = {D} > S = {S}: some answers would be nobody's")
        if R == D == 1:
            raise InputError("R = D = 1: there is a single answer, and nothing to learn")
        predicted = stages(*_nearest(S, R, D), alpha=alpha)
        name = f"{kind} facts"
    if t_max is None:
        later = (
            _later(task, alpha)
            if predicted is None
            else max(predicted.t_relation, predicted.t_subject)
        )
        t_max = LONG * later
    longest = check_times(t_max)
    # The reduction has no end of sequence and no noise, which learn nothing from balanced facts.
    chosen = method == "symmetric" or (method == "auto" and length is None)
    symmetric = kind == "balanced" and chosen and attention is None and lr is None
    if symmetric:
        found = symmetric_flow(
            S, R, D, t_max=longest, alpha=alpha, rtol=1e-12 if rtol is None else rtol,
            solver=solver, samples=samples, loss_below=loss_below,
        )  # fmt: skip
        assert predicted is not None
        return TrajectoryResult(found, name, predicted, 4 * predicted.rate, predicted.log_k, seed)
    if method == "symmetric":
        raise InputError(f"method symmetric is for balanced facts, not for {name}")
    weights = None
    if task is None:
        assert kind is not None
        drawn = FlowFacts(S, R, D, kind, length, noise).model(seed)
        task, weights = drawn.task, drawn.weights
    if attention is not None:
        if weights is not None:
            raise InputError("attention on random embeddings takes facts of equal weight")
        model = _embedded(task, attention, d, length, draws, seed)
        rtol = 1e-6 if rtol is None else rtol
        found = embedded_flow(
            model, t_max=longest, alpha=alpha, solver=solver, rtol=rtol,
            drift=DRIFT * max(1.0, rtol / RTOL), samples=samples, loss_below=loss_below,
        )  # fmt: skip
        return TrajectoryResult(found, name, None, None, None, seed)
    reduced = LinearAttention(task, weights, length)
    if lr is not None:
        steps = max(1, round(longest / lr)) if lr > 0 else 1
        found = descend(
            reduced, lr=lr, steps=steps, alpha=alpha, samples=samples, loss_below=loss_below
        )
    else:
        found = flow(
            reduced, t_max=longest, alpha=alpha, solver=solver,
            rtol=rtol, samples=samples, loss_below=loss_below,
        )  # fmt: skip
    inverse, log_k = None, None
    if 0 < len(task) * (task.answers - 1) <= LARGEST_PROGRAM // 10:
        margin = max_margin(reduced)
        inverse, log_k = margin.inverse, margin.log_k
    return TrajectoryResult(found, name, predicted, inverse, log_k, seed)


def _exclude(method: str, attention: str | None, lr: float | None, d: int | None) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    InputError
        If some do.
    """
    if attention is None and d is not None:
        raise InputError("d is for attention on random embeddings: give attention as well")
    if attention is not None:
        if attention not in ATTENTIONS:
            raise InputError(f"attention {attention!r} is not one of {', '.join(ATTENTIONS)}")
        if d is None:
            raise InputError(f"{attention} attention on random embeddings needs a dimension d")
    other = [
        text
        for text, chosen in (
            ("method symmetric", method == "symmetric"),
            ("attention", attention is not None),
            ("lr", lr is not None),
        )
        if chosen
    ]
    if len(other) > 1:
        raise InputError(f"{other[0]} has no place with {other[1]}")


def _all(sizes: dict[str, int | None]) -> tuple[int, ...]:
    """Return the sizes, all of which are needed.

    Raises
    ------
    InputError
        If one is missing or not positive.
    """
    for name, size in sizes.items():
        if size is None:
            raise InputError(f"{name} is needed, or a table of facts")
    return tuple(positive(size, symbol) for size, symbol in zip(sizes.values(), "SRD", strict=True))


def _nearest(subjects: int, relations: int, answers: int) -> tuple[int, int, int]:
    """Sizes of balanced facts that predictions are made for: S rounded to a multiple of D."""
    return max(1, round(subjects / answers)) * answers, relations, answers


def _later(task: RecallTask | None, alpha: float) -> float:
    """Time in which the slowest token of a table grows from alpha to 1."""
    assert task is not None
    model = LinearAttention(task)
    G = np.linalg.norm(model.gradient(model.initial(min(alpha, 1.0))), axis=1)
    # What is 0 comes out as rounding.
    learning = G[1e-12 * G.max() < G]
    if not len(learning):
        raise InputError("nothing to learn: every gradient is 0 at the start")
    slowest = float(learning.min())
    return max(1.0, math.log(1 / alpha)) / slowest


def _embedded(
    task: RecallTask, attention: str, d: int | None, length: int | None, draws: int, seed: int
) -> EmbeddedAttention:
    dimension, draws = positive(d, "d"), positive(draws, "draws")
    # The solver keeps some twenty vectors of the size of W.
    needed = 8 * dimension * (20 * dimension + task.vocabulary)
    if needed > MAX_BYTES:
        raise InputError(f"d = {dimension}: the flow takes {needed / 1e9:.3g} GB")
    source = Source(seed, "trajectory", (task.subjects, task.relations, task.answers, dimension))
    embeddings: Floats = source.vectors(
        LAWS["sphere"], task.vocabulary, dimension, trial=0, stream=INPUTS, dtype=np.float64
    )
    if length is None:
        return EmbeddedAttention(task, embeddings, cue_prompts(task), attention)
    rng = source.generator(0, PROMPTS)
    drawn = draws if length > 3 else 1
    prompts = np.concatenate([task.prompts(length, rng=rng) for _ in range(drawn)])
    return EmbeddedAttention(task, embeddings, prompts, attention)
