r"""Capacity of trained memories: how many facts gradient descent stores, trial by trial.

All trials of a dimension are searched together (:mod:`sims.training.searches`). A size is met if
the weights at the end of the training with any one of the learning rates recall enough facts;
weights on the way do not count, and every fact is tested, in double precision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assoc.checks import as_size, positive, trial_count
from assoc.errors import InputError
from assoc.memories.decoding import margins
from assoc.memories.memory import Memory
from sims.engine.bracketing import largest, size_of_load
from sims.engine.criterion import Criterion
from sims.engine.parallel import available_threads, cores
from sims.engine.randomness import MEMORY, Source
from sims.engine.results import Result
from sims.memories.capacity import CapacityPoint, CapacityResult
from sims.memories.construction import Construction, Size
from sims.memories.recall import source_of
from sims.memories.settings import RandomVectors
from sims.sweeps.tasks import Progress
from sims.training.loop import Run
from sims.training.memories import train
from sims.training.memory_models import UntrainedMemory, check_model, untrained_memory
from sims.training.points import compute_points
from sims.training.recipe import Training, libraries
from sims.training.searches import RateCount, read_search, search_together

__all__ = [
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
    rule = _training(training)
    trials = trial_count(trials)
    threads = available_threads() if threads is None else positive(threads, "threads")
    max_N = None if max_N is None else positive(max_N, "max_N")
    dimensions = _dimensions(d)
    if not 0 <= resolution < 1:
        raise InputError(f"resolution = {resolution} is not in [0, 1)")
    Source(seed, experiment, ())
    shared: dict[str, Any] = {
        "rate": criterion.rate, "trials": trials, "training": asdict(rule), "max_N": max_N,
        "resolution": resolution, "seed": seed, "experiment": experiment,
    }  # fmt: skip
    searches = [
        (f"d={one}", {**_memory(model, width, facts, outputs, one), **shared}) for one in dimensions
    ]
    libraries()
    label = Construction(f"trained-{model}", width=width).label()
    request = {"sweep": "trained capacity", "memory": label, "criterion": criterion,
               "training": shared["training"], "trials": trials, "seed": seed}  # fmt: skip
    with cores(threads):
        found = compute_points(
            bracket_trained, searches, request=request, store=store, progress=progress
        )
    low, high, rates = zip(*map(read_search, found), strict=True)
    points = tuple(CapacityPoint(*ends) for ends in zip(dimensions, low, high, strict=True))
    return TrainedCapacityResult(label, criterion, "sphere", facts, seed, points, rule, rates)


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
        :class:`sims.training.recipe.Training`.
    rate : of the criterion.

    Returns
    -------
    ``brackets``: for each trial, as in :class:`sims.memories.capacity.CapacityPoint`, [low, high],
    high None where the search was censored. ``rates``: the fields of a
    :class:`sims.training.searches.RateCount` for each learning rate.
    """
    drawn, rule, criterion = RandomVectors(**setting), Training(**training), Criterion(rate)
    source = source_of(drawn, seed, experiment)
    parameters = drawn.d**2 if width is None else 2 * width * drawn.d
    limit = int(min(drawn.max_N, max(1024, 16 * parameters) if max_N is None else max_N))
    start = min(size_of_load(START[model] * parameters), limit)
    asked = _Memories(model, width, drawn, source)
    return search_together(
        [largest(start, limit, growth=STEP, resolution=resolution) for _ in range(trials)],
        lambda sized: asked.recalled(sized, rule), criterion=criterion, facts=lambda N: N,
        rates=rule.rates(model),
    )  # fmt: skip


@dataclass(frozen=True)
class _Memories:
    """What is trained at one dimension."""

    model: str
    width: int | None
    setting: RandomVectors
    source: Source

    def untrained(self, trial: int, N: int) -> UntrainedMemory:
        """Draw the facts and initial weights of a trial."""
        E, U, f = self.setting.draw(N, self.source, trial)
        rng = self.source.generator(trial, MEMORY)
        return untrained_memory(self.model, E, U, f, rng=rng, width=self.width)

    def recalled(
        self, sized: Sequence[tuple[int, int]], training: Training
    ) -> list[list[int | None]]:
        """Train trials at sizes, and count what each learning rate recalls."""
        untrained = [self.untrained(trial, N) for trial, N in sized]
        trained = train(untrained, training, threads=available_threads())
        return [
            [_recalled(one, given) for one in runs]
            for given, runs in zip(untrained, trained, strict=True)
        ]


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
    asked, rows = _Memories(model, m, drawn, source_of(drawn, seed, experiment)), []
    threads = available_threads() if threads is None else positive(threads, "threads")
    untrained = [asked.untrained(trial, N) for trial in range(trials)]
    trained = train(untrained, rule, threads=threads)
    for rate, runs in zip(rule.rates(model), zip(*trained, strict=True), strict=True):
        counts = tuple(_recalled(r, given) or 0 for r, given in zip(runs, untrained, strict=True))
        loss = float(np.median([r.loss for r in runs]))
        rows.append(RateRow(rate, counts, sum(r.diverged for r in runs), loss))
    return RateResult(model, d, N, rule, tuple(rows))


def _training(given: Any) -> Training:
    training = Training() if given is None else given
    if not isinstance(training, Training):
        raise InputError(f"training {training!r} is not a Training")
    return training


def _dimensions(d: int | Sequence[int]) -> list[int]:
    """Return a list of what may be one or several."""
    asked: Any = [d] if np.ndim(d) == 0 else d
    dimensions = [as_size(one, "d") for one in asked]
    if not dimensions:
        raise InputError("d is an empty list")
    return dimensions


def _memory(
    model: str, width: Size | None, facts: str, outputs: int | None, d: int
) -> dict[str, Any]:
    """Return what is trained at dimension d, as JSON can hold it."""
    m, setting = _width(model, width, d), _setting(d, facts, outputs)
    return {"model": model, "width": m, "setting": asdict(setting)}


def _width(model: str, width: Size | None, d: int) -> int | None:
    """Return the width of a model at dimension d."""
    return check_model(model, Construction(model, width=width).width_at(d))


def _setting(d: int, facts: str, outputs: int | None) -> RandomVectors:
    return RandomVectors(d, "sphere", facts, None if outputs is None else as_size(outputs, "M"))


def _recalled(run: Run[Memory], given: UntrainedMemory) -> int | None:
    """Count the facts that a run recalls; None if it diverged."""
    if run.trained is None:
        return None
    return int((margins(run.trained, given.E, given.U, given.f) > 0).sum())
