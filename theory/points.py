"""Points of the appendix's sweeps: measurements asked for by what JSON can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sims.engine.randomness import MEMORY, Source
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.training import PRE_TRAINING
from sims.knowledge.trials import Told
from sims.memories.settings import RandomVectors
from sims.sweeps.tasks import Task
from sims.transformers.architecture import Architecture, GaussianShape, Shape, table_source
from sims.transformers.gates import fewest_gates
from sims.transformers.recall import measure_facts
from sims.transformers.smallest import smallest_size
from theory.memories.drawn_gates import guaranteed_width
from theory.transformers.mlp_guarantee import mlp_width

__all__ = [
    "capacity_task",
    "copied_gates",
    "copied_gates_task",
    "copied_proof",
    "copied_proof_task",
    "extraction",
    "extraction_task",
    "flow_task",
    "gates_proof",
    "gates_proof_task",
    "learning_task",
    "parameters_at",
    "recalled",
    "recalled_task",
    "smallest",
    "smallest_task",
    "trained_capacity_task",
    "trained_map_task",
    "trained_smallest_task",
    "width_task",
]


def capacity_task(**arguments: Any) -> Task:
    """Return the point that searches a capacity, by the arguments of :func:`sims.capacity`."""
    return _task("capacity", "sims.memories.capacity:capacity", arguments)


def width_task(**arguments: Any) -> Task:
    """Return the point that searches a width, by the arguments of :func:`sims.smallest_width`."""
    return _task("width", "sims.memories.width:smallest_width", arguments)


def flow_task(**arguments: Any) -> Task:
    """Return the point that integrates a flow, by the arguments of :func:`theory.trajectory`."""
    return _task("flow", "theory.gradient_flow.trajectory:trajectory", arguments)


def smallest_task(**arguments: Any) -> Task:
    """Return the point that searches a transformer, by the arguments of :func:`smallest`."""
    return _task("smallest", f"{__name__}:smallest", arguments)


def gates_proof_task(**arguments: Any) -> Task:
    """Return the point that proves numbers of gates, by the arguments of :func:`gates_proof`."""
    return _task("gates-proof", f"{__name__}:gates_proof", arguments)


def copied_gates_task(**arguments: Any) -> Task:
    """Return the point that searches gates behind attention, as :func:`copied_gates` is asked."""
    return _task("copied-gates", f"{__name__}:copied_gates", arguments)


def copied_proof_task(**arguments: Any) -> Task:
    """Return the point that proves gates behind attention, as :func:`copied_proof` is asked."""
    return _task("copied-proof", f"{__name__}:copied_proof", arguments)


def trained_capacity_task(**arguments: Any) -> Task:
    """Return the point that trains memories, by the arguments of ``trained_capacity``."""
    return _task("trained-capacity", "sims.training.capacity:trained_capacity", arguments)


def trained_smallest_task(**arguments: Any) -> Task:
    """Return the point that trains transformers, by the arguments of ``trained_smallest``."""
    return _task("trained-smallest", "sims.training.smallest:trained_smallest", arguments)


def trained_map_task(**arguments: Any) -> Task:
    """Return the point that trains over two sizes, by the arguments of ``trained_tradeoff``."""
    return _task("trained-map", "sims.training.tradeoff:trained_tradeoff", arguments)


def extraction_task(**arguments: Any) -> Task:
    """Return the point that tells, fine-tunes and asks, by the arguments of ``extraction``."""
    return _task("extraction", f"{__name__}:extraction", arguments)


def learning_task(**arguments: Any) -> Task:
    """Return the point that follows a training, by the arguments of ``follow_knowledge``."""
    return _task("learning", "sims.knowledge.traces:follow_knowledge", arguments)


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
    embeddings: str = "sphere",
) -> dict[str, Any]:
    """Search the smallest transformer that holds a random table.

    Parameters
    ----------
    model, d, head_dim, share : of :class:`sims.transformers.architecture.Architecture`; what is
        varied is replaced.
    shape : S, R, D.
    vary, trials, seed, experiment, start, step : as for
        :func:`sims.transformers.smallest.smallest_size`.
    embeddings : their law, ``sphere`` or ``gaussian``.

    Returns
    -------
    The record of the shape, with ``size``, and ``least`` and ``most``: parameters at the ends of
    the size's interval, None where that is unbounded.
    """
    built = Architecture(
        model, d, head_dim=head_dim, share=share, width=step if vary == "width" else None
    )
    sizes = GaussianShape if embeddings == GaussianShape.law else Shape
    found = smallest_size(
        built, sizes(*shape), vary=vary, start=start, step=step, trials=trials, seed=seed,
        experiment=experiment,
    )  # fmt: skip
    (row,) = found.rows()
    least, most = parameters_at(row, row["interval"], vary=vary, d=d, step=step)
    return {**row, "size": row[vary], "least": least, "most": most}


def parameters_at(
    row: Mapping[str, Any], ends: Sequence[float | None], *, vary: str, d: int, step: int = 1
) -> list[float | None]:
    """Return the numbers of parameters at other sizes than that of a record.

    Parameters
    ----------
    row : of a :class:`sims.transformers.smallest.SizeResult`.
    ends : sizes; None, or any where the record has no size, gives None.
    vary, d, step : of the search.

    Examples
    --------
    >>> parameters_at({"width": 3.5, "parameters": 1048}, [3, None], vary="width", d=8)
    [1032, None]
    """
    if row["parameters"] is None:
        return [None] * len(ends)
    counted = max(step, round(row[vary] / step) * step)
    # d multiplies every parameter of attention; a neuron has 2 d of its own.
    each = 2 * d if vary == "width" else row["parameters"] / counted
    return [None if end is None else row["parameters"] + each * (end - counted) for end in ends]


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
    model, d, head_dim, width, share : of :class:`sims.transformers.architecture.Architecture`.
    shape : S, R, D.
    trials, seed, experiment : as for :func:`sims.transformers.recall.measure_facts`.
    """
    built = Architecture(model, d, head_dim=head_dim, width=width, share=share)
    found = measure_facts(built, Shape(*shape), trials=trials, seed=seed, experiment=experiment)
    (row,) = found.rows()
    return row


def gates_proof(
    *, N: int, d: int, omega: float, draws: int, seed: int, experiment: str
) -> dict[str, Any]:
    """Find how many square-wave gates are proved to be enough for embeddings that are drawn.

    Parameters
    ----------
    N, d : number of facts and dimension; embeddings are uniform on the sphere, the map injective.
    omega : frequency of the gates.
    draws : of embeddings and gates.
    seed, experiment : determine every random number.

    Returns
    -------
    ``gates``: the median over draws of :func:`theory.memories.drawn_gates.guaranteed_width`.
    """
    source, setting = Source(seed, experiment, (d, N)), RandomVectors(d)
    found = [
        guaranteed_width(
            *setting.draw(N, source, draw),
            gates="square", omega=omega, rng=source.generator(draw, MEMORY),
        )
        for draw in range(draws)
    ]  # fmt: skip
    return {"N": N, "d": d, "gates": float(np.median(found)), "draws": found}


def copied_gates(
    shape: Sequence[int], *, d: int, omega: float, trials: int, seed: int, experiment: str
) -> dict[str, Any]:
    """Search the fewest square-wave gates behind attention that answer a random table.

    Parameters
    ----------
    shape : S, R, D.
    d, omega, trials, seed, experiment : as for :func:`sims.transformers.gates.fewest_gates`.
    """
    return fewest_gates(
        Shape(*shape), d=d, omega=omega, trials=trials, seed=seed, experiment=experiment
    ).row()


def copied_proof(
    shape: Sequence[int], *, d: int, omega: float, draws: int, seed: int, experiment: str
) -> dict[str, Any]:
    """Find how many square-wave gates behind attention are proved enough for drawn tables.

    Parameters
    ----------
    shape : S, R, D.
    d, omega, seed, experiment : as for :func:`copied_gates`.
    draws : of tables, embeddings and gates.

    Returns
    -------
    ``gates``: the median over draws of :func:`theory.transformers.mlp_guarantee.mlp_width`.
    """
    table = Shape(*shape)
    source = table_source(table, seed, experiment)
    found = [
        mlp_width(*table.draw(d, source, draw), omega=omega, rng=source.generator(draw, MEMORY))
        for draw in range(draws)
    ]
    return {"gates": float(np.median(found)), "draws": found}


def extraction(
    told: Mapping[str, Any],
    *,
    fine_tuned: Sequence[int],
    width: int,
    training: Mapping[str, Any],
    trials: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Tell facts, fine-tune on some subjects and ask about the others.

    Parameters
    ----------
    told : fields of :class:`sims.knowledge.trials.Told`.
    training : what differs from the usual pre-training.
    fine_tuned, width, trials, seed : as for
        :func:`sims.knowledge.extraction.knowledge_extraction`.

    Returns
    -------
    One record for each N_f.
    """
    return knowledge_extraction(
        Told(**told), fine_tuned=fine_tuned, width=width, trials=trials, seed=seed,
        pre_training=replace(PRE_TRAINING, **training),
    ).rows()  # fmt: skip


def _task(kind: str, work: str, arguments: dict[str, Any]) -> Task:
    listed = " ".join(
        f"{name}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in arguments.items()
    )
    return Task(f"{kind} {listed}", work, arguments)
