r"""Gradient flow of the reduced linear-attention model.

Two numbers are conserved for every token, w^2 - sum V^2 and the sum of V; how far they drift,
relative to the sizes in them, measures the error of a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.parallel import available_threads, blas_threads
from sims.engine.results import Result, new_axes
from sims.gradient_flow.integration import DRIFT, IMPLICIT, Trace, check_rtol, check_times, follow
from sims.gradient_flow.jacobian import check_dense, jacobian
from sims.gradient_flow.velocity import LARGE, Velocity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LARGE_RTOL", "RTOL", "FlowResult", "drift_of", "flow", "start_state"]

RTOL, LARGE_RTOL = 2e-10, 1e-9
"""Relative tolerance of a step, and that of states with
:data:`sims.gradient_flow.velocity.LARGE` numbers.

With it conserved numbers of the facts of all sizes tried drift by less than 1e-9; by less in large
states, whose steps are many.
"""

FINEST = 3e-14
"""Tolerance of an entry below which solvers would be asked for more than rounding allows."""


@dataclass(frozen=True, repr=False, eq=False)
class FlowResult(Result):
    """Losses along a trajectory, and when each thing is learnt.

    Parameters
    ----------
    model : what was integrated, and how.
    subjects, relations, answers : S, R and D, the size of the largest answer set.
    alpha : initial scale; None where the start was given.
    solver, rtol : method, and its relative tolerance (None where it has none).
    time : (n,) sampled times.
    loss, relation_loss, subject_loss : (n,) mean losses in nats (:class:`Losses`).
    smallest_w : (n,) smallest w(z).
    t_relation, t_subject : first times at which the relation-only and the subject-only loss are at
        most half of their initial values; None where the run ended before.
    t_loss : first time at which the loss is at most ``loss_below``, alike.
    loss_below : that level, or None.
    drift : largest relative drift of a conserved number; None where none is conserved.
    evaluations : of the right-hand side.
    state : where the trajectory ended.
    states : (n, ...) states at the sampled times, where they were asked for.
    """

    model: str
    subjects: int
    relations: int
    answers: int
    alpha: float | None
    solver: str
    rtol: float | None
    time: Floats
    loss: Floats
    relation_loss: Floats
    subject_loss: Floats
    smallest_w: Floats
    t_relation: float | None
    t_subject: float | None
    t_loss: float | None
    loss_below: float | None
    drift: float | None
    evaluations: int
    state: Floats = field(repr=False)
    states: Floats | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        trace: Trace,
        model: str,
        task: RecallTask,
        *,
        alpha: float | None,
        solver: str,
        rtol: float | None,
    ) -> "FlowResult":
        """Return the record of a trajectory.

        Parameters
        ----------
        trace : what was written down along it.
        model, alpha, solver, rtol : as in the record.
        task : the facts.
        """
        return cls(
            model, task.subjects, task.relations, task.largest_answer_set, alpha, solver, rtol,
            **trace.fields(),
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"FlowResult({self.model}, S={self.subjects} R={self.relations} D={self.answers}, "
            f"t_relation={_short(self.t_relation)}, t_subject={_short(self.t_subject)}, "
            f"loss {self.loss[-1]:.4g} at t={self.time[-1]:g})"
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per sampled time."""
        columns = ("time", "loss", "relation_loss", "subject_loss", "smallest_w")
        values = zip(*(getattr(self, name).tolist() for name in columns), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in values]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, with one list for each curve."""
        curves = {
            name: getattr(self, name).tolist()
            for name in ("time", "loss", "relation_loss", "subject_loss", "smallest_w")
        }
        scalars = {
            name: getattr(self, name)
            for name in (
                "model", "subjects", "relations", "answers", "alpha", "solver", "rtol",
                "t_relation", "t_subject", "t_loss", "loss_below", "drift", "evaluations",
            )
        }  # fmt: skip
        return {**scalars, **curves}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the three losses against time, on a logarithmic time axis."""
        ax = new_axes(ax)
        shown = self.time > 0
        for name, label, style in (
            ("loss", "loss", "-"),
            ("relation_loss", "relation-only loss", "--"),
            ("subject_loss", "subject-only loss", ":"),
        ):
            ax.plot(self.time[shown], getattr(self, name)[shown], style, label=label)
        ax.set_xscale("log")
        ax.set_xlabel("time $t$")
        ax.set_ylabel("loss (nats)")
        return ax


def flow(
    model: LinearAttention,
    *,
    t_max: float,
    alpha: float = 1e-4,
    start: Floats | None = None,
    solver: str = "DOP853",
    rtol: float | None = None,
    drift: float | None = None,
    samples: int = 200,
    at: Sequence[float] | None = None,
    loss_below: float | None = None,
    keep_states: bool = False,
) -> FlowResult:
    r"""Integrate the gradient flow of the model from a small initial scale.

    .. math:: \dot V_z = w_z G_z, \qquad \dot w_z = \langle V_z, G_z \rangle

    Parameters
    ----------
    model : the facts, and what prompts hold
        (:class:`assoc.gradient_flow.linear_attention.LinearAttention`).
    t_max : time to integrate to.
    alpha : initial scale, V = alpha and w = alpha sqrt(A + 1).
    start : an initial state in place of that.
    solver : a name of :data:`SOLVERS`.
    rtol : relative tolerance of a step, 1e-13 to 0.1; None stands for 2e-10, and 1e-9 for states of
        10^5 numbers and more.
    drift : largest relative drift of a conserved number; None stands for 1e-9 at the default
        tolerance, and more in proportion at coarser ones.
    samples : number of sampled times, evenly in log t, besides t = 0.
    at : these times in place of that, increasing.
    loss_below : a level of the loss whose time is to be located.
    keep_states : keep the state at every sampled time.

    Returns
    -------
    FlowResult

    Raises
    ------
    InputError
        If an argument is out of range.
    SolverError
        If the solver fails or a conserved number drifts; the message says what to try.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> flow(LinearAttention(grid_task(16, 4, 8)), t_max=1e4)
    FlowResult(full flow, S=16 R=4 D=8, t_relation=115.4, t_subject=298.9, loss 0.000213 at t=10000)
    """
    t_max = check_times(t_max)
    state = start_state(model, alpha, start)
    rtol, drift = _accuracy(rtol, drift, len(state))
    check_dense(solver, len(state))
    jac = {"jac": lambda _, y: jacobian(model, y)} if solver in IMPLICIT else {}
    first = model.invariants(state)
    relative, absolute = _tolerances(model, state, rtol, solver)
    with blas_threads(1), Velocity(model, threads=available_threads()) as velocity:
        trace = follow(
            lambda _, y: velocity(y), state, t_max=t_max, losses=model.losses,
            weights=lambda y: float(model.unpack(y)[1].min()),
            solver=solver, rtol=relative, atol=absolute, **jac,
            drifted=lambda y: drift_of(model, y, first), drift=drift,
            samples=samples, at=at, loss_below=loss_below, keep_states=keep_states,
        )  # fmt: skip
    name = "full flow" + ("" if model.length is None else f", prompts of {model.length} tokens")
    scale = alpha if start is None else None
    return FlowResult.of(trace, name, model.task, alpha=scale, solver=solver, rtol=rtol)


def _accuracy(rtol: float | None, drift: float | None, size: int) -> tuple[float, float]:
    """Return the tolerance of a step and the largest drift: those given, or the usual ones."""
    if drift is None:
        drift = DRIFT if rtol is None else DRIFT * max(1.0, rtol / RTOL)
    if rtol is None:
        rtol = LARGE_RTOL if size >= LARGE else RTOL
    return check_rtol(rtol), drift


def _tolerances(
    model: LinearAttention, state: Floats, rtol: float, solver: str
) -> tuple[float | Floats, float]:
    """Return the solver's relative and absolute tolerances, at a relative one of the whole."""
    # What is learnt changes a large V by about 1/alpha, and is to keep its digits.
    fine = rtol / max(1.0, float(np.abs(state).max()) ** 2)
    # The scale that the smallest entries start on.
    absolute = rtol * float(np.abs(state).min() or np.abs(state).max() or 1.0)
    # Implicit solvers take one tolerance for all.
    if solver in IMPLICIT:
        return max(fine, FINEST), absolute
    return np.maximum(fine * _shares(model), FINEST), absolute


def start_state(model: LinearAttention, alpha: float, start: Floats | None) -> Floats:
    """Return the initial state: the theorems' at scale alpha, or a copy of the given one.

    Raises
    ------
    InputError
        If alpha is out of range, or the given state does not fit the model.
    """
    if start is None:
        return model.initial(alpha)
    state = np.array(start, np.float64)
    if state.shape != (model.tokens * (model.task.answers + 1),):
        raise InputError(
            f"start has shape {state.shape}; V and w of {model.tokens} tokens and "
            f"{model.task.answers} answers are {model.tokens * (model.task.answers + 1)} numbers"
        )
    return state


def drift_of(model: LinearAttention, state: Floats, first: Floats) -> float:
    """Largest drift of a conserved number from its first value, relative to its terms.

    Parameters
    ----------
    model, state : V and w of all tokens.
    first : :meth:`assoc.gradient_flow.linear_attention.LinearAttention.invariants` of the start.
    """
    V, w = model.unpack(state)
    scale = np.stack([w * w, np.abs(V).sum(axis=1)])
    return float(np.max(np.abs(model.invariants(state) - first) / np.maximum(scale, 1e-300)))


def _shares(model: LinearAttention) -> Floats:
    """Tolerances of the state's entries, in units of rtol.

    Solvers take a root mean square over all entries, in which a few relations would drown among
    many subjects, and w among the many columns of V. With these, V and w of subjects, relations and
    other tokens all count the same.
    """
    task = model.task
    tokens = [n for n in (task.subjects, task.relations, model.contexts) if n]
    sizes = np.array([n * task.answers for n in tokens] + tokens)
    return np.repeat(np.sqrt(sizes * len(sizes) / sizes.sum()), sizes)


def _short(time: float | None) -> str:
    return "not reached" if time is None else f"{time:.4g}"
