r"""Integration of gradient flows by the ODE solvers of scipy, watching every step.

A state starts small and grows exponentially for a time of order log(1/alpha), then changes ever
more slowly, like log t: an adaptive explicit method takes steps in proportion to t, and t = 1e8 is
a few hundred of them. Losses that fall below a level have their times located on the solver's dense
output, and samples are taken from it, evenly in log t, so that no trajectory of states is held. A
run in which something conserved drifts is not returned.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.checks import positive
from assoc.errors import InputError
from assoc.gradient_flow.limits import OutOfRangeError
from assoc.gradient_flow.linear_attention import Losses

__all__ = [
    "DRIFT",
    "IMPLICIT",
    "SOLVERS",
    "SolverError",
    "Trace",
    "check_rtol",
    "check_times",
    "follow",
    "sample_times",
]

IMPLICIT = ("Radau", "BDF")
"""Implicit methods of scipy, which need a Jacobian."""

SOLVERS = ("DOP853", "RK45", "LSODA", *IMPLICIT)
"""Methods of scipy."""

FINEST, COARSEST = 1e-13, 0.1

DRIFT = 1e-9
"""Largest relative drift of a conserved number."""

LARGEST_TIME = 1e100
"""Latest time that is integrated to."""

MAX_EVALUATIONS = 10**6
"""Evaluations of the right-hand side after which a run is given up."""


class SolverError(InputError):
    """An integration that failed; the line says how, and what to try."""


def check_times(t_max: float) -> float:
    """Return the time to integrate to.

    Raises
    ------
    InputError
        If it is not positive and finite.
    """
    if not (t_max > 0 and math.isfinite(t_max)):
        raise InputError(f"t_max = {t_max:g} is not a positive time")
    if t_max > LARGEST_TIME:
        raise InputError(f"t_max = {t_max:g} is beyond {LARGEST_TIME:g}")
    return float(t_max)


def check_rtol(rtol: float) -> float:
    """Return the relative tolerance of a step.

    Raises
    ------
    InputError
        If it is finer than double precision resolves, or so coarse that it means nothing.
    """
    if not FINEST <= rtol <= COARSEST:
        raise InputError(f"rtol = {rtol:g} is not in [{FINEST:g}, {COARSEST:g}]")
    return rtol


@dataclass
class Trace:
    """What is written down along a trajectory.

    Parameters
    ----------
    losses : of a state.
    weights : smallest w of a state.
    loss_below : level of the loss whose time is wanted, or None.
    keep_states : whether sampled states are kept.
    """

    losses: Callable[[Floats], Losses]
    weights: Callable[[Floats], float]
    loss_below: float | None
    keep_states: bool
    times: list[float] = field(default_factory=list)
    sampled: list[tuple[float, float, float, float]] = field(default_factory=list)
    states: list[Floats] = field(default_factory=list)
    found: dict[str, float] = field(default_factory=dict)
    levels: dict[str, tuple[int, float]] = field(default_factory=dict)
    drift: float | None = None
    evaluations: int = 0
    state: Floats = field(default_factory=lambda: np.empty(0))

    def begin(self, state: Floats) -> None:
        """Set the levels from the losses at the start; what is at its level there has time 0."""
        first = self.losses(state)
        self.levels = {"t_relation": (1, first.relation / 2), "t_subject": (2, first.subject / 2)}
        if self.loss_below is not None:
            self.levels["t_loss"] = (0, self.loss_below)
        for name, (which, level) in self.levels.items():
            if first[which] <= level:
                self.found[name] = 0.0

    @property
    def waiting(self) -> list[str]:
        """Levels not reached yet."""
        return [name for name in self.levels if name not in self.found]

    def passes(self, losses: Losses) -> bool:
        """Whether one of these is reached by these losses."""
        return any(losses[self.levels[name][0]] <= self.levels[name][1] for name in self.waiting)

    def locate(self, between: Callable[[float], Floats], before: float, after: float) -> None:
        """Find the times inside a step at which levels are reached.

        Parameters
        ----------
        between : states at times inside the step.
        before, after : where it begins and ends.
        """
        from scipy.optimize import brentq

        for name in self.waiting:
            which, level = self.levels[name]

            def excess(time: float, which: int = which, level: float = level) -> float:
                return self.losses(between(time))[which] - level

            # The interpolant meets the step's ends only to its own accuracy.
            if excess(after) > 0:
                continue
            if excess(before) <= 0:
                self.found[name] = before
            else:
                self.found[name] = float(brentq(excess, before, after, xtol=1e-14, rtol=1e-14))

    def sample(self, time: float, state: Floats) -> None:
        """Write down a sample."""
        self.times.append(time)
        self.sampled.append((*self.losses(state), self.weights(state)))
        if self.keep_states:
            self.states.append(state)

    def watch(self, time: float, drifted: float, largest: float) -> None:
        """Write down how far what is conserved has drifted.

        Raises
        ------
        SolverError
            If that is more than the largest allowed value.
        """
        self.drift = max(self.drift or 0.0, drifted)
        # `not` also catches NaN.
        if not self.drift <= largest:
            raise SolverError(
                f"conserved numbers drifted by {self.drift:.2g} at t = {time:.6g}, more than "
                f"{largest:g}. Try a smaller rtol, or another solver"
            )

    def record(self, run: Any, grid: Floats) -> Floats:
        """Write down what a solver's last step passed, and return the times still to be sampled.

        Parameters
        ----------
        run : the solver, of scipy.
        grid : increasing times not sampled yet.
        """
        inside = grid[grid <= run.t]
        ends = self.losses(run.y) if self.waiting else None
        passing = ends is not None and self.passes(ends)
        if passing or len(inside):
            between = run.dense_output()
            if passing:
                self.locate(between, run.t_old, run.t)
            for time in inside:
                self.sample(float(time), between(time) if time < run.t else run.y.copy())
        return grid[len(inside) :]

    def fields(self) -> Mapping[str, Any]:
        """Return the entries of a :class:`FlowResult` that come from the trajectory."""
        total, relation, subject, smallest = np.array(self.sampled).reshape(-1, 4).T
        return {
            "time": np.array(self.times),
            "loss": total,
            "relation_loss": relation,
            "subject_loss": subject,
            "smallest_w": smallest,
            **{name: self.found.get(name) for name in ("t_relation", "t_subject", "t_loss")},
            "loss_below": self.loss_below,
            "drift": self.drift,
            "evaluations": self.evaluations,
            "state": self.state,
            "states": np.array(self.states) if self.keep_states else None,
        }


def follow(
    velocity: Callable[[float, Floats], Floats],
    state: Floats,
    *,
    t_max: float,
    losses: Callable[[Floats], Losses],
    weights: Callable[[Floats], float],
    solver: str,
    rtol: float | Floats,
    atol: float | Floats,
    samples: int = 200,
    at: Sequence[float] | None = None,
    loss_below: float | None = None,
    keep_states: bool = False,
    drifted: Callable[[Floats], float] | None = None,
    drift: float = DRIFT,
    **options: Any,
) -> Trace:
    """Integrate any of the project's flows, watching every step.

    Parameters
    ----------
    velocity, state, t_max : the initial value problem, from t = 0.
    losses, weights : what is written down of a state.
    solver, rtol, atol, options : of scipy.
    samples, at, loss_below, keep_states : as for :func:`flow`.
    drifted : relative drift of what is conserved; None where nothing is.
    drift : its largest allowed value.

    Raises
    ------
    InputError
        If a name or number is out of range.
    SolverError
        If the solver fails, or something conserved drifts.
    """
    from scipy import integrate

    if solver not in SOLVERS:
        raise InputError(f"solver {solver!r} is not one of {', '.join(SOLVERS)}")
    grid = sample_times(t_max, samples, at)
    if loss_below is not None and not 0 < loss_below < math.inf:
        raise InputError(f"loss_below = {loss_below:g} is not a positive level of the loss")
    trace = Trace(losses, weights, loss_below, keep_states)
    trace.begin(state)
    for time in grid[grid == 0]:
        trace.sample(float(time), state)
    grid = grid[grid > 0]

    if not np.isfinite(velocity(0.0, state)).all():
        raise SolverError("the flow has no velocity at its start. Try another initial scale")
    solve = getattr(integrate, solver)
    run = solve(_forgiving(velocity), 0.0, state, t_max, rtol=rtol, atol=atol, **options)
    while run.status == "running":
        _step(run, solver, t_max)
        if drifted is not None:
            trace.watch(run.t, drifted(run.y), drift)
        grid = trace.record(run, grid)
    trace.evaluations, trace.state = int(run.nfev), run.y
    return trace


def _forgiving(velocity: Callable[[float, Floats], Floats]) -> Callable[[float, Floats], Floats]:
    """Return the velocity, NaN where a state is out of range.

    A step that overshoots is to be rejected, and without numbers it is; the state where a step ends
    is checked.
    """

    def tried(time: float, y: Floats) -> Floats:
        try:
            return velocity(time, y)
        except OutOfRangeError:
            return np.full_like(y, np.nan)

    return tried


def _step(run: Any, solver: str, t_max: float) -> None:
    """Let a solver of scipy take a step, and refuse one that failed or leads nowhere."""
    try:
        message = run.step()
    except ValueError as error:
        # Implicit solvers give their matrices to LAPACK, which refuses what is not finite.
        if solver not in IMPLICIT:
            raise
        message, run.status = str(error), "failed"
    if run.status != "failed" and not np.isfinite(run.y).all():
        message, run.status = "the state is not finite.", "failed"
    if run.status == "failed":
        raise SolverError(
            f"{solver} failed at t = {run.t:.6g}: {message} Try another solver, or another rtol"
        )
    if run.nfev > MAX_EVALUATIONS:
        raise SolverError(
            f"{solver} took {run.nfev} evaluations to come to t = {run.t:.6g} of {t_max:g}. "
            "Try a smaller t_max, or a larger rtol"
        )


def sample_times(t_max: float, samples: int, at: Sequence[float] | None) -> Floats:
    """Return the times to sample: those given, or 0 and a grid that is even in log t.

    Raises
    ------
    InputError
        If given ones do not increase from 0 to at most t_max.
    """
    if at is not None:
        times = np.asarray(at, np.float64)
        # `not` also catches NaN.
        if times.ndim != 1 or not len(times) or not (np.diff(times) > 0).all():
            raise InputError("at: sampled times must increase")
        if not (times[0] >= 0 and times[-1] <= t_max):
            raise InputError(f"at: sampled times must be in [0, t_max = {t_max:g}]")
        return times
    count = positive(samples, "samples")
    grid = np.geomspace(min(1.0, t_max / 1e3), t_max, count)
    grid[-1] = t_max
    return np.concatenate([[0.0], grid]) if count > 1 else grid[-1:]
