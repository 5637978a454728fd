"""Gradient flow of attention on given embeddings, in matrix coordinates (NLB Figure 5, right)."""

import math
from collections.abc import Sequence

from assoc.arrays import Floats
from assoc.gradient_flow.embedded_attention import EmbeddedAttention
from sims.engine.parallel import blas_threads
from sims.gradient_flow.integration import DRIFT, check_rtol, check_times, follow
from sims.gradient_flow.jacobian import check_dense
from sims.gradient_flow.reduced import FlowResult

__all__ = ["embedded_flow"]


def embedded_flow(
    model: EmbeddedAttention,
    *,
    t_max: float,
    alpha: float = 1e-4,
    solver: str = "DOP853",
    rtol: float = 1e-8,
    drift: float = DRIFT,
    samples: int = 200,
    at: Sequence[float] | None = None,
    loss_below: float | None = None,
) -> FlowResult:
    """Integrate the gradient flow of (W, q) from a small initial scale.

    Parameters
    ----------
    model : facts, embeddings, prompts and the kind of attention.
    t_max, alpha, solver, rtol, drift, samples, at, loss_below : as for
        :func:`sims.gradient_flow.reduced.flow`. Only linear attention has a conserved number; the
        explicit solvers are those that fit.

    Returns
    -------
    FlowResult, whose ``smallest_w`` is that of w(z) = <phi(z), q> over subjects and relations.

    Raises
    ------
    InputError
        If an argument is out of range.
    SolverError
        If the solver fails, or the conserved number drifts.

    Examples
    --------
    >>> import numpy as np
    >>> from assoc.gradient_flow.embedded_attention import cue_prompts
    >>> from assoc.facts.recall_task import grid_task
    >>> task = grid_task(16, 4, 8, noise=0)
    >>> model = EmbeddedAttention(task, np.eye(task.vocabulary), cue_prompts(task))
    >>> embedded_flow(model, t_max=1e3)
    FlowResult(linear attention, d = 53, S=16 R=4 D=8, t_relation=115.4, t_subject=298.9, loss ...)
    """
    t_max = check_times(t_max)
    state = model.initial(alpha)
    check_dense(solver, len(state))
    first = model.invariant(state)
    cues = model.task.subjects + model.task.relations

    def drifted(state: Floats) -> float:
        _, q = model.unpack(state)
        return abs(model.invariant(state) - first) / float(q @ q)

    with blas_threads(1):
        trace = follow(
            lambda _, y: model.velocity(y),
            state,
            t_max=t_max,
            losses=model.losses,
            weights=lambda y: float((model.embeddings[:cues] @ model.unpack(y)[1]).min()),
            solver=solver,
            rtol=check_rtol(rtol),
            atol=rtol * alpha / math.sqrt(model.d),
            drifted=drifted if model.attention == "linear" else None,
            drift=drift,
            samples=samples,
            at=at,
            loss_below=loss_below,
        )
    name = f"{model.attention} attention, d = {model.d}"
    return FlowResult.of(trace, name, model.task, alpha=alpha, solver=solver, rtol=rtol)
