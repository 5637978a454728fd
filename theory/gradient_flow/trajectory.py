"""What a gradient flow learns when: the trajectory of given facts, with predictions beside."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.checks import check_fits, positive
from assoc.embeddings import LAWS
from assoc.errors import InputError
from assoc.facts.recall_task import NOISE, RecallTask
from assoc.facts.tables import FactTable
from assoc.gradient_flow.embedded_attention import (
    ATTENTIONS,
    EmbeddedAttention,
    check_prompts,
    cue_prompts,
)
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.randomness import INPUTS, PROMPTS, Source
from sims.engine.results import Result
from sims.gradient_flow.descent import descend
from sims.gradient_flow.embedded import embedded_flow
from sims.gradient_flow.integration import DRIFT, check_times
from sims.gradient_flow.reduced import RTOL, FlowResult, flow
from sims.gradient_flow.symmetric import symmetric_flow
from theory.gradient_flow.facts import DrawnFacts, TableFacts, facts_to_learn
from theory.gradient_flow.figures import with_stages
from theory.gradient_flow.max_margin import LARGEST_PROGRAM, max_margin
from theory.gradient_flow.stages import Stages

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["METHODS", "TrajectoryResult", "trajectory"]

METHODS = ("auto", "full", "symmetric")
"""How the flow is integrated: all of V and w, the reduction, or the latter where it is exact."""

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
    how = _Learning(
        alpha, method, length, solver, rtol, lr, attention, d, draws, samples, loss_below, seed
    )
    how.check()
    sizes = {"subjects": subjects, "relations": relations, "answers": answers}
    learnt = facts_to_learn(facts, sizes, alpha=alpha, length=length, noise=noise)
    longest = check_times(LONG * learnt.learnt_by() if t_max is None else t_max)
    learn = _way(how, learnt)
    return learn(how, learnt, longest)


@dataclass(frozen=True)
class _Learning:
    """How facts are learnt: the arguments of :func:`trajectory` that do not say which facts."""

    alpha: float
    method: str
    length: int | None
    solver: str | None
    rtol: float | None
    lr: float | None
    attention: str | None
    d: int | None
    draws: int
    samples: int
    loss_below: float | None
    seed: int

    def check(self) -> None:
        """Refuse what is unknown, and options that contradict each other.

        Raises
        ------
        InputError
            If some do.
        """
        if self.method not in METHODS:
            raise InputError(f"method {self.method!r} is not one of {', '.join(METHODS)}")
        if self.attention is None and self.d is not None:
            raise InputError("d is for attention on random embeddings: give attention as well")
        if self.attention is not None:
            if self.attention not in ATTENTIONS:
                known = ", ".join(ATTENTIONS)
                raise InputError(f"attention {self.attention!r} is not one of {known}")
            if self.d is None:
                raise InputError(
                    f"{self.attention} attention on random embeddings needs a dimension d"
                )
        ways = {
            "method symmetric": self.method == "symmetric",
            "attention": self.attention is not None,
            "lr": self.lr is not None,
        }
        chosen = [name for name, wanted in ways.items() if wanted]
        if len(chosen) > 1:
            raise InputError(f"{chosen[0]} has no place with {chosen[1]}")
        if self.lr is not None:
            for option, given in (("solver", self.solver), ("rtol", self.rtol)):
                if given is not None:
                    raise InputError(f"{option} has no place with lr: plain steps have none")

    def seen(self) -> dict[str, Any]:
        """Return what every flow is asked: where it starts, and what of it is looked at."""
        return {"alpha": self.alpha, "samples": self.samples, "loss_below": self.loss_below}

    def integrated(self, *, rtol: float | None) -> dict[str, Any]:
        """Return what is asked of a flow that a solver integrates, ``rtol`` if none is given."""
        tolerance = rtol if self.rtol is None else self.rtol
        return {**self.seen(), "solver": self.solver or "DOP853", "rtol": tolerance}


_Way = Callable[[_Learning, DrawnFacts | TableFacts, float], TrajectoryResult]
"""Learns the facts until a time, and returns what happened."""


def _way(how: _Learning, facts: DrawnFacts | TableFacts) -> _Way:
    """Choose between random embeddings, plain steps, the reduction and all of V and w.

    Raises
    ------
    InputError
        If the reduction is asked for where it is not exact.
    """
    if how.attention is not None:
        return _on_embeddings
    if how.lr is not None:
        return _by_steps
    # The reduction has no end of sequence and no noise, which learn nothing from balanced facts.
    if facts.balanced and (
        how.method == "symmetric" or (how.method == "auto" and how.length is None)
    ):
        return _reduced
    if how.method == "symmetric":
        raise InputError(f"method symmetric is for balanced facts, not for {facts.name}")
    return _in_full


def _reduced(how: _Learning, facts: DrawnFacts | TableFacts, t_max: float) -> TrajectoryResult:
    """Integrate the two gaps of balanced facts."""
    assert isinstance(facts, DrawnFacts)
    S, R, D = facts.law.subjects, facts.law.relations, facts.law.answers
    found = symmetric_flow(S, R, D, t_max=t_max, **how.integrated(rtol=1e-12))
    rate, log_k = facts.predicted.rate, facts.predicted.log_k
    return TrajectoryResult(found, facts.name, facts.predicted, 4 * rate, log_k, how.seed)


def _in_full(how: _Learning, facts: DrawnFacts | TableFacts, t_max: float) -> TrajectoryResult:
    """Integrate all of V and w."""
    task, weights = facts.draw(how.seed)
    model = LinearAttention(task, weights, how.length)
    found = flow(model, t_max=t_max, **how.integrated(rtol=None))
    return _with_late_rate(found, model, facts, how.seed)


def _by_steps(how: _Learning, facts: DrawnFacts | TableFacts, t_max: float) -> TrajectoryResult:
    """Take plain steps on V and w in place of the flow."""
    task, weights = facts.draw(how.seed)
    model = LinearAttention(task, weights, how.length)
    assert how.lr is not None
    steps = max(1, round(t_max / how.lr)) if how.lr > 0 else 1
    found = descend(model, lr=how.lr, steps=steps, **how.seen())
    return _with_late_rate(found, model, facts, how.seed)


def _with_late_rate(
    found: FlowResult, model: LinearAttention, facts: DrawnFacts | TableFacts, seed: int
) -> TrajectoryResult:
    """Add the late rate from the cone program, where that is not too large."""
    inverse, log_k = None, None
    if 0 < len(model.task) * (model.task.answers - 1) <= LARGEST_PROGRAM // 10:
        margin = max_margin(model)
        inverse, log_k = margin.inverse, margin.log_k
    return TrajectoryResult(found, facts.name, facts.predicted, inverse, log_k, seed)


def _on_embeddings(
    how: _Learning, facts: DrawnFacts | TableFacts, t_max: float
) -> TrajectoryResult:
    """Integrate attention on random embeddings, of which nothing is predicted."""
    task, weights = facts.draw(how.seed)
    if weights is not None:
        raise InputError("attention on random embeddings takes facts of equal weight")
    model = _embedded(how, task)
    options = how.integrated(rtol=1e-6)
    found = embedded_flow(
        model, t_max=t_max, drift=DRIFT * max(1.0, options["rtol"] / RTOL), **options
    )
    return TrajectoryResult(found, facts.name, None, None, None, how.seed)


def _embedded(how: _Learning, task: RecallTask) -> EmbeddedAttention:
    """Draw embeddings, and prompts of each fact."""
    assert how.attention is not None
    d, draws = positive(how.d, "d"), positive(how.draws, "draws")
    # The solver keeps some twenty vectors of the size of W.
    check_fits(d * (20 * d + task.vocabulary), 8, f"d = {d}: the vectors of the flow")
    source = Source(how.seed, "trajectory", (task.subjects, task.relations, task.answers, d))
    embeddings: Floats = source.vectors(
        LAWS["sphere"], task.vocabulary, d, trial=0, stream=INPUTS, dtype=np.float64
    )
    if how.length is None:
        return EmbeddedAttention(task, embeddings, cue_prompts(task), how.attention)
    rng = source.generator(0, PROMPTS)
    # Prompts of length 3 have no noise to draw.
    drawn = draws if how.length > 3 else 1
    check_prompts(drawn * len(task), how.length, task)
    prompts = np.concatenate([task.prompts(how.length, rng=rng) for _ in range(drawn)])
    return EmbeddedAttention(task, embeddings, prompts, how.attention)
