"""The search of one trial's capacity, also as a point of a stored sweep."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assoc.errors import InputError
from assoc.memories.optimal import Decides
from sims.engine.bracketing import largest, size_of_load
from sims.engine.criterion import Criterion
from sims.engine.parallel import Workers
from sims.engine.randomness import Source
from sims.engine.results import finite
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled, decide
from sims.memories.settings import RandomVectors
from sims.sweeps.tasks import Progress, Task, sweep

__all__ = ["Search", "bracket_trial", "stored_brackets"]


@dataclass(frozen=True)
class Search:
    """The search of one trial's capacity, in a form that can be sent to another process.

    Parameters
    ----------
    ensemble : the trials.
    criterion : when N facts count as recalled.
    limit : largest N that is tried.
    resolution : width at which a bracket is narrow enough, relative to its upper end.

    Raises
    ------
    InputError
        If the resolution is not in [0, 1).
    """

    ensemble: Ensemble
    criterion: Criterion
    limit: int
    resolution: float

    def __post_init__(self) -> None:
        number = isinstance(self.resolution, int | float | np.number)
        if not (number and 0 <= self.resolution < 1):
            raise InputError(f"resolution = {self.resolution!r} is not a number in [0, 1)")

    @property
    def d(self) -> int:
        """Dimension of the embeddings."""
        return self.ensemble.setting.d

    @property
    def decides(self) -> bool:
        """Whether the build proves what cannot be done."""
        return isinstance(self.ensemble.build, Decides)

    def __call__(self, trial: int) -> tuple[int, float, bool]:
        """Bracket one trial's capacity, and say whether its upper end is proved."""
        start, growth = self._start()
        search = largest(start, self.limit, growth=growth, resolution=self.resolution)
        N, proved = next(search), False
        while True:
            met, refuted = self._measured(N, trial)
            if not met:
                # The last size that is not recalled is the upper end.
                proved = refuted
            try:
                N = search.send(met)
            except StopIteration as end:
                low, high = end.value
                break
        if high is None:
            return low, float("inf"), False
        return low, high, proved and self.criterion.rate == 1

    def _start(self) -> tuple[int, float]:
        """Where to begin, and the factor by which to go on: near, where building is costly."""
        if not self.decides:
            return min(max(2, self.d // 2), self.limit), 2.0
        width = self.ensemble.construction.width_at(self.d) or self.d
        return min(size_of_load(self.d * width), self.limit), 1.1

    def _measured(self, N: int, trial: int) -> tuple[bool, bool]:
        if self.decides:
            count, refuted = decide(self.ensemble, N, trial, prove=self.criterion.rate == 1)
        else:
            (count,), refuted = count_recalled(self.ensemble, N, [trial]), False
        return self.criterion.met(count, N), refuted


def bracket_trial(
    *,
    construction: Mapping[str, Any],
    setting: Mapping[str, Any],
    rate: float,
    limit: int,
    resolution: float,
    source: tuple[int, str, tuple[int, ...]],
    trial: int,
) -> tuple[int, float | None, bool]:
    """Bracket one trial's capacity: the point of a stored search.

    Parameters
    ----------
    construction, setting : fields of :class:`sims.memories.construction.Construction` and of
        :class:`sims.memories.settings.RandomVectors`.
    rate : of the criterion.
    limit, resolution : where the search ends.
    source : fields of :class:`sims.engine.randomness.Source`.
    trial : its number.

    Returns
    -------
    low, high, proved
        As in :class:`CapacityPoint`; high is None where the search was censored.
    """
    seed, experiment, point = source
    ensemble = Ensemble(
        Construction(**construction),
        RandomVectors(**setting),
        Source(seed, experiment, tuple(point)),
    )
    search = Search(ensemble, Criterion(rate), limit, resolution)
    low, high, proved = search(trial)
    return low, finite(high), proved


def stored_brackets(
    searches: Sequence[Search],
    trials: int,
    store: str | Path,
    workers: Workers,
    progress: Callable[[Progress], None] | None,
) -> list[list[tuple[int, float, bool]]]:
    """Search every trial as a point of a stored sweep.

    Parameters
    ----------
    searches : one for each dimension.
    trials : of each.
    store, progress : as for :func:`sims.memories.capacity.capacity`.
    workers : their threads become processes.

    Returns
    -------
    For each search, what :class:`Search` returns for each trial.

    Raises
    ------
    InputError
        If a memory or embeddings have no name, a dimension is given twice, the store cannot be
        used, or a trial fails.
    """
    first = searches[0]
    ensemble, dimensions = first.ensemble, [search.d for search in searches]
    memory, setting = ensemble.construction.memory, ensemble.setting
    if not isinstance(memory, str):
        raise InputError(f"{store}: only searches of memories given by name are stored")
    if not isinstance(setting, RandomVectors):
        raise InputError(f"{store}: only searches on random embeddings are stored")
    for d in dimensions:
        if dimensions.count(d) > 1:
            raise InputError(f"d = {d} is given twice")
    tasks = [task for search in searches for task in _tasks(search, trials)]
    swept = sweep(
        tasks, store=store, executor=workers.executor or "processes", workers=workers.threads,
        progress=progress,
        # The code of a memory of the user's own counts as well.
        packages=[memory.partition(":")[0].partition(".")[0]] if ":" in memory else [],
        request={
            "sweep": "capacity", "memory": ensemble.construction.label(None),
            "criterion": first.criterion, "seed": ensemble.source.seed,
            "experiment": ensemble.source.experiment, "embeddings": setting.law,
            "facts": setting.facts, "outputs": setting.outputs, "resolution": first.resolution,
        },
    )  # fmt: skip
    ends = [
        (low, float("inf") if high is None else high, proved)
        for low, high, proved in swept.complete()
    ]
    return [ends[start : start + trials] for start in range(0, len(ends), trials)]


def _tasks(search: Search, trials: int) -> list[Task]:
    """Return the points of a stored search, one for each trial."""
    source = search.ensemble.source
    shared = {
        "construction": asdict(search.ensemble.construction),
        "setting": asdict(search.ensemble.setting),
        "rate": search.criterion.rate,
        "limit": search.limit,
        "resolution": search.resolution,
        "source": [source.seed, source.experiment, list(source.point)],
    }
    # NumPy's integers are not JSON's.
    plain = json.loads(json.dumps(shared, default=lambda value: value.item()))
    work = f"{__name__}:{bracket_trial.__name__}"
    return [
        Task(f"d={search.d} trial={trial}", work, {**plain, "trial": trial})
        for trial in range(trials)
    ]
