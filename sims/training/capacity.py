r"""Capacity of trained memories: how many facts gradient descent stores, trial by trial.

All trials of a dimension are searched together. In each round every trial has a size of its own,
and those that are not at an end yet are trained side by side (:mod:`sims.training.memories`). A
size is met if the weights at the end of the training with any one of the learning rates recall
enough facts; weights on the way do not count, and every fact is tested, in double precision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assoc.checks import as_size, positive, trial_count
from assoc.errors import InputError
from assoc.memories.decoding import margins
from sims.engine.bracketing import largest, size_of_load
from sims.engine.criterion import Criterion
from sims.engine.parallel import available_threads, cores
from sims.engine.randomness import MEMORY, Source
from sims.engine.results import Result
from sims.memories.capacity import CapacityPoint, CapacityResult
from sims.memories.construction import Construction, Size
from sims.memories.settings import RandomVectors, source_of
from sims.sweeps.tasks import Progress, Task, sweep
from sims.training.memories import Problem, Run, Training, check_model, libraries, problem, train

__all__ = [
    "RateCount",
    "RateResult",
    "RateRow",
    "TrainedCapacityResult",
    "bracket_trained",
    "compare_rates",
    "trained_capacity",
]

START = {"linear": 0.9, "mlp": 1.3}
"""A search begins where N log N is this share of the parameters, below what was measured."""

STEP = 1.1
"""Factor by which a search goes on; sizes far above the capacity would take most of the time."""


@dataclass(frozen=True)
class RateCount:
    """What a learning rate did in a search.

    Parameters
    ----------
    learning_rate : of these runs.
    runs : trained, over all trials and sizes of a dimension.
    met : of these, recalled enough.
    diverged : of these, ended at weights or a loss that is not finite; they recall nothing.
    """

    learning_rate: float
    runs: int
    met: int
    diverged: int


@dataclass(frozen=True, repr=False)
class TrainedCapacityResult(CapacityResult):
    """Measured capacities of trained memories, with what they were trained by.

    Parameters
    ----------
    training : how each run was trained.
    rates : for each dimension, what each learning rate did in all runs of the search.
    """

    training: Training
    rates: tuple[tuple[RateCount, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        rates = [[asdict(count) for count in counts] for counts in self.rates]
        return {**super().to_dict(), "training": asdict(self.training), "learning_rates": rates}


def trained_capacity(
    model: str,
    *,
    d: int | Sequence[int],
    width: Size | None = None,
    criterion: str | float | Criterion = "all",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 10,
    training: Training | None = None,
    resolution: float = 0.01,
    max_N: int | None = None,
    seed: int = 0,
    experiment: str = "capacity",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    threads: int | None = None,
) -> TrainedCapacityResult:
    r"""Search the capacity of trained memories on random embeddings from the unit sphere.

    A trial draws what it draws in :func:`sims.memories.capacity.capacity` with the same seed,
    experiment and dimension. Both ends of its bracket are trained and measured.

    Parameters
    ----------
    model : ``linear`` or ``mlp``; see :mod:`sims.training.memories`.
    d : dimension, or several.
    width : m of the ``mlp``, an integer or a multiple of the dimension such as ``4d``.
    criterion : ``all``, or the fraction of a trial's facts that must be recalled.
    facts : a law of :data:`assoc.facts.maps.MAPS`.
    outputs : M; None means M = N.
    trials : independent trials per dimension.
    training : how each run is trained; None stands for ``Training()``.
    resolution : width at which a bracket is narrow enough, relative to its upper end; 0 asks for
        neighbouring integers.
    max_N : where to stop; trials that still recall there are reported as censored. None stands
        for 16 times the parameters (at least 1024), or for as many as can be drawn.
    seed, experiment : with d and the trial they determine every random number.
    store : file that every finished dimension is added to, and resumed from.
    progress : with a store, called at the start and after each dimension.
    threads : batches trained at a time; None means all available. JAX may use all cores for each.

    Returns
    -------
    TrainedCapacityResult, one point per dimension.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing, or JAX or Optax is missing.
    """
    criterion = Criterion.parse(criterion)
    training = _training(training)
    trials = trial_count(trials)
    threads = available_threads() if threads is None else positive(threads, "threads")
    max_N = None if max_N is None else positive(max_N, "max_N")
    asked: Any = [d] if np.ndim(d) == 0 else d
    dimensions = [as_size(one, "d") for one in asked]
    if not dimensions:
        raise InputError("d is an empty list")
    if not 0 <= resolution < 1:
        raise InputError(f"resolution = {resolution} is not in [0, 1)")
    Source(seed, experiment, ())
    searches: list[dict[str, Any]] = [
        {
            "model": model, "width": _width(model, width, one),
            "setting": asdict(_setting(one, facts, outputs)), "rate": criterion.rate,
            "trials": trials, "training": asdict(training), "max_N": max_N,
            "resolution": resolution, "seed": seed, "experiment": experiment,
        }
        for one in dimensions
    ]  # fmt: skip
    libraries()
    label = Construction(f"trained-{model}", width=width).label()
    with cores(threads):
        if store is None:
            found = [bracket_trained(**search) for search in searches]
        else:
            found = _stored(searches, dimensions, label, store, progress)
    points, rates = [], []
    for one, value in zip(dimensions, found, strict=True):
        low, high = zip(*value["brackets"], strict=True)
        ends = tuple(float("inf") if end is None else end for end in high)
        points.append(CapacityPoint(one, low, ends))
        rates.append(tuple(RateCount(**count) for count in value["rates"]))
    return TrainedCapacityResult(
        label, criterion, "sphere", facts, seed, tuple(points), training, tuple(rates)
    )


def bracket_trained(
    *,
    model: str,
    width: int | None,
    setting: Mapping[str, Any],
    rate: float,
    trials: int,
    training: Mapping[str, Any],
    max_N: int | None,
    resolution: float,
    seed: int,
    experiment: str,
) -> dict[str, Any]:
    """Bracket the capacity of all trials at one dimension: the point of a stored search.

    Parameters
    ----------
    model, trials, max_N, resolution, seed, experiment : as for :func:`trained_capacity`.
    width : m, or None.
    setting, training : fields of :class:`sims.memories.settings.RandomVectors` and of
        :class:`sims.training.memories.Training`.
    rate : of the criterion.

    Returns
    -------
    ``brackets``: for each trial, as in :class:`sims.memories.capacity.CapacityPoint`, [low, high],
    high None where the search was censored. ``rates``: the fields of a :class:`RateCount` for each
    learning rate.
    """
    drawn, rule, criterion = RandomVectors(**setting), Training(**training), Criterion(rate)
    source = source_of(drawn, seed, experiment)
    parameters = drawn.d**2 if width is None else 2 * width * drawn.d
    limit = int(min(drawn.max_N, max(1024, 16 * parameters) if max_N is None else max_N))
    start = min(size_of_load(START[model] * parameters), limit)
    searches = [largest(start, limit, growth=STEP, resolution=resolution) for _ in range(trials)]
    sizes = {trial: next(search) for trial, search in enumerate(searches)}
    ends: dict[int, tuple[int, int | None]] = {}
    tally = [RateCount(each, 0, 0, 0) for each in rule.rates(model)]
    while sizes:
        problems = [_problem(model, width, drawn, N, source, t) for t, N in sizes.items()]
        trained = train(problems, rule, threads=available_threads())
        following: dict[int, int] = {}
        for (trial, N), given, runs in zip(sizes.items(), problems, trained, strict=True):
            met = [criterion.met(_recalled(r, given), N) for r in runs]
            tally = [
                replace(count, runs=count.runs + 1, met=count.met + yes,
                        diverged=count.diverged + each.diverged)
                for count, yes, each in zip(tally, met, runs, strict=True)
            ]  # fmt: skip
            try:
                following[trial] = searches[trial].send(any(met))
            except StopIteration as end:
                ends[trial] = end.value
        sizes = following
    return {
        "brackets": [list(ends[trial]) for trial in range(trials)],
        "rates": [asdict(count) for count in tally],
    }


@dataclass(frozen=True)
class RateRow:
    """Recall with one learning rate at one size.

    Parameters
    ----------
    learning_rate : of these runs.
    counts : facts recalled in each trial, 0 where the run diverged.
    diverged : trials that ended at weights or a loss that is not finite.
    loss : median over trials of the loss at the end (NaN if it is not finite).
    """

    learning_rate: float
    counts: tuple[int, ...]
    diverged: int
    loss: float


@dataclass(frozen=True, repr=False)
class RateResult(Result):
    """Recall at one size by learning rate."""

    model: str
    d: int
    N: int
    training: Training
    points: tuple[RateRow, ...]

    def __repr__(self) -> str:
        rates = ", ".join(f"{p.learning_rate:g}" for p in self.points)
        return f"RateResult({self.model}, d={self.d}, N={self.N}, learning rates {rates})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per learning rate."""
        return [
            {
                "learning_rate": p.learning_rate,
                "recall": float(np.mean(p.counts) / self.N),
                "worst": min(p.counts) / self.N,
                "trials": len(p.counts),
                "diverged": p.diverged,
                "loss": p.loss if np.isfinite(p.loss) else None,
            }
            for p in self.points
        ]


def compare_rates(
    model: str,
    *,
    d: int,
    N: int,
    width: Size | None = None,
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 10,
    training: Training | None = None,
    seed: int = 0,
    experiment: str = "capacity",
    threads: int | None = None,
) -> RateResult:
    """Measure the recall of a trained memory with each learning rate.

    Every run takes all its steps, also where another learning rate is done before.

    Parameters
    ----------
    model, d, width, facts, outputs, trials, training, seed, experiment, threads :
        as for :func:`trained_capacity`, with a single d.
    N : number of facts.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing, or JAX or Optax is missing.
    """
    rule = replace(_training(training), wanted=None)
    d, N, trials = as_size(d, "d"), positive(N, "N"), trial_count(trials)
    drawn, m = _setting(d, facts, outputs), _width(model, width, d)
    source, rows = source_of(drawn, seed, experiment), []
    threads = available_threads() if threads is None else positive(threads, "threads")
    problems = [_problem(model, m, drawn, N, source, trial) for trial in range(trials)]
    trained = train(problems, rule, threads=threads)
    for rate, runs in zip(rule.rates(model), zip(*trained, strict=True), strict=True):
        counts = tuple(_recalled(r, given) for r, given in zip(runs, problems, strict=True))
        loss = float(np.median([r.loss for r in runs]))
        rows.append(RateRow(rate, counts, sum(r.diverged for r in runs), loss))
    return RateResult(model, d, N, rule, tuple(rows))


def _training(given: Any) -> Training:
    training = Training() if given is None else given
    if not isinstance(training, Training):
        raise InputError(f"training {training!r} is not a Training")
    return training


def _width(model: str, width: Size | None, d: int) -> int | None:
    """Return the width of a model at dimension d."""
    return check_model(model, Construction(model, width=width).width_at(d))


def _setting(d: int, facts: str, outputs: int | None) -> RandomVectors:
    return RandomVectors(d, "sphere", facts, None if outputs is None else as_size(outputs, "M"))


def _problem(
    model: str, width: int | None, setting: RandomVectors, N: int, source: Source, trial: int
) -> Problem:
    E, U, f = setting.draw(N, source, trial)
    return problem(model, E, U, f, rng=source.generator(trial, MEMORY), width=width)


def _recalled(trained: Run, given: Problem) -> int:
    """Count the facts that a run recalls."""
    if trained.memory is None:
        return 0
    return int((margins(trained.memory, given.E, given.U, given.f) > 0).sum())


def _stored(
    searches: Sequence[Mapping[str, Any]],
    dimensions: Sequence[int],
    label: str,
    store: str | Path,
    progress: Callable[[Progress], None] | None,
) -> list[dict[str, Any]]:
    """Search every dimension as a point of a stored sweep, one after the other."""
    work = f"{__name__}:{bracket_trained.__name__}"
    tasks = [Task(f"d={d}", work, s) for d, s in zip(dimensions, searches, strict=True)]
    first = searches[0]
    swept = sweep(
        tasks, store=store, workers=1, progress=progress,
        request={
            "sweep": "trained capacity", "memory": label, "criterion": Criterion(first["rate"]),
            "training": first["training"], "trials": first["trials"], "seed": first["seed"],
        },
    )  # fmt: skip
    for key, why in swept.failures.items():
        raise InputError(f"{key}: {why}")
    return [swept.values[task.key] for task in tasks]
