"""Points of the appendix's sweeps: measurements asked for by what JSON can hold."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sims.construction import Construction
from sims.smallest import smallest_size
from sims.sweeps import Task
from sims.transformers import Architecture, Shape, measure_facts
from theory.prediction import width_of

__all__ = [
    "capacity_task",
    "flow_task",
    "predicted_width",
    "recalled",
    "recalled_task",
    "smallest",
    "smallest_task",
    "width_task",
]


def capacity_task(**arguments: Any) -> Task:
    """Return the point that searches a capacity, by the arguments of :func:`sims.capacity`."""
    return _task("capacity", "sims.capacity:capacity", arguments)


def width_task(**arguments: Any) -> Task:
    """Return the point that searches a width, by the arguments of :func:`sims.smallest_width`."""
    return _task("width", "sims.width:smallest_width", arguments)


def flow_task(**arguments: Any) -> Task:
    """Return the point that integrates a flow, by the arguments of :func:`theory.trajectory`."""
    return _task("flow", "theory.trajectories:trajectory", arguments)


def smallest_task(**arguments: Any) -> Task:
    """Return the point that searches a transformer, by the arguments of :func:`smallest`."""
    return _task("smallest", f"{__name__}:smallest", arguments)


def recalled_task(**arguments: Any) -> Task:
    """Return the point that measures recall, by the arguments of :func:`recalled`."""
    return _task("recalled", f"{__name__}:recalled", arguments)


def smallest(
    model: str,
    shape: Sequence[int],
    *,
    vary: str,
    trials: int,
    seed: int,
    experiment: str,
    d: int = 8,
    head_dim: int | None = None,
    share: float | None = None,
    start: int | None = None,
    step: int = 1,
) -> dict[str, Any]:
    """Search the smallest transformer that holds a random table.

    Parameters
    ----------
    model, d, head_dim, share : of :class:`sims.transformers.Architecture`; what is varied is
        replaced.
    shape : S, R, D.
    vary, trials, seed, experiment, start, step : as for :func:`sims.smallest.smallest_size`.

    Returns
    -------
    The record of the shape, with ``size``, and ``least`` and ``most``: parameters at the ends of
    the size's interval, None where that is unbounded.
    """
    built = Architecture(
        model, d, head_dim=head_dim, share=share, width=step if vary == "width" else None
    )
    found = smallest_size(
        built, Shape(*shape), vary=vary, start=start, step=step, trials=trials, seed=seed,
        experiment=experiment,
    )  # fmt: skip
    (row,) = found.rows()
    parameters, size = row["parameters"], row[vary]
    ends: list[float | None] = [None, None]
    if parameters is not None:
        counted = max(step, round(size / step) * step)
        # d multiplies every parameter of attention; a neuron has 2 d of its own.
        each = 2 * d if vary == "width" else parameters / counted
        ends = [
            None if end is None else parameters + each * (end - counted) for end in row["interval"]
        ]
    return {**row, "size": size, "least": ends[0], "most": ends[1]}


def recalled(
    model: str,
    shape: Sequence[int],
    *,
    d: int,
    width: int,
    share: float,
    head_dim: int,
    trials: int,
    seed: int,
    experiment: str,
) -> dict[str, Any]:
    """Measure the share of a random table that a transformer recalls.

    Parameters
    ----------
    model, d, head_dim, width, share : of :class:`sims.transformers.Architecture`.
    shape : S, R, D.
    trials, seed, experiment : as for :func:`sims.transformers.measure_facts`.
    """
    built = Architecture(model, d, head_dim=head_dim, width=width, share=share)
    found = measure_facts(built, Shape(*shape), trials=trials, seed=seed, experiment=experiment)
    (row,) = found.rows()
    return row


@cache
def predicted_width(
    memory: str, degree: int, *, d: int, N: int, facts: str = "identity", M: int | None = None
) -> float:
    """Return the width that is predicted to recall 99 %, worked out once for all exhibits.

    Parameters
    ----------
    memory, degree : the network.
    d, N, facts, M : as for :func:`theory.prediction.width_of`.
    """
    return width_of(Construction(memory, degree=degree), d=d, N=N, rate=0.99, facts=facts, M=M)


def _task(kind: str, work: str, arguments: dict[str, Any]) -> Task:
    listed = " ".join(
        f"{name}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in arguments.items()
    )
    return Task(f"{kind} {listed}", work, arguments)
