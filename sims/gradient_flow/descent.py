r"""Plain gradient descent on the reduced model, for comparison with the flow.

A step is the flow's Euler step, V += lr w G and w += lr <V, G>; after k steps the time is k lr.
"""

import numpy as np

from assoc.arrays import Floats
from assoc.checks import positive
from assoc.errors import InputError
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.parallel import available_threads, blas_threads
from sims.gradient_flow.integration import Trace, sample_times
from sims.gradient_flow.reduced import FlowResult, drift_of, start_state
from sims.gradient_flow.velocity import Velocity

__all__ = ["descend"]

MAX_STEPS = 10**7
"""Most steps that are taken."""


def descend(
    model: LinearAttention,
    *,
    lr: float,
    steps: int,
    alpha: float = 1e-4,
    start: Floats | None = None,
    samples: int = 200,
    loss_below: float | None = None,
) -> FlowResult:
    """Take steps of gradient descent on the whole loss, without noise.

    Parameters
    ----------
    model : the facts, and what prompts hold.
    lr : step size.
    steps : how many.
    alpha, start, loss_below : as for :func:`sims.gradient_flow.reduced.flow`.
    samples : number of sampled times, about evenly in log t; each is the nearest step's.

    Returns
    -------
    FlowResult, whose times are steps times ``lr``; stages are the first steps at which a loss is
    below its level. What the flow conserves drifts here, by as much as ``drift`` says.

    Raises
    ------
    InputError
        If an argument is out of range, or the step is so large that logits leave their range.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> descend(LinearAttention(grid_task(16, 4, 8)), lr=1.0, steps=1000)
    FlowResult(gradient descent, S=16 R=4 D=8, t_relation=120, t_subject=304, loss 0.004... at ...)
    """
    if not (lr > 0 and np.isfinite(lr)):
        raise InputError(f"lr = {lr:g} is not a positive step size")
    steps = positive(steps, "steps")
    if steps > MAX_STEPS:
        raise InputError(f"{steps} steps of lr = {lr:g} are more than {MAX_STEPS}")
    state = start_state(model, alpha, start)
    first = model.invariants(state)
    chosen = set(np.round(sample_times(lr * steps, samples, None) / lr).astype(int).tolist())
    trace = Trace(model.losses, lambda y: float(model.unpack(y)[1].min()), loss_below, False)
    trace.begin(state)
    if 0 in chosen:
        trace.sample(0.0, state)
    with blas_threads(1), Velocity(model, threads=available_threads()) as velocity:
        for step in range(1, steps + 1):
            # Beyond the range of numbers, the next velocity says so.
            with np.errstate(over="ignore", invalid="ignore"):
                state = state + lr * velocity(state)
            if trace.waiting:
                losses = model.losses(state)
                for name in trace.waiting:
                    which, level = trace.levels[name]
                    if losses[which] <= level:
                        trace.found[name] = step * lr
            if step in chosen:
                trace.sample(step * lr, state)
    trace.drift = drift_of(model, state, first)
    trace.evaluations, trace.state = steps, state
    return FlowResult.of(
        trace, "gradient descent", model.task, alpha=alpha if start is None else None,
        solver=f"steps of {lr:g}", rtol=None,
    )  # fmt: skip
