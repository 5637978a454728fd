r"""Capacity: how many facts a construction recalls, as a bracket for every trial.

The capacity of a trial is the N up to which the nested prefixes of one draw are recalled. Recall
of a prefix is not monotone in N near the threshold (a new fact may cancel old interference), so a
search finds one crossing: a size measured to be recalled right below one measured not to be.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive, several, trial_count
from assoc.errors import InputError
from assoc.memories.memory import Build
from sims.engine.criterion import Criterion
from sims.engine.crossing import crossing
from sims.engine.parallel import Workers
from sims.engine.results import log_scales
from sims.engine.searches import Brackets, SearchResult, draw_trials
from sims.engine.statistics import Interval
from sims.memories.capacity_search import Search, stored_brackets
from sims.memories.construction import Construction, Size
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled
from sims.memories.settings import RandomVectors, Setting, settle
from sims.sweeps.tasks import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CapacityPoint", "CapacityResult", "capacity", "rate_crossing"]


@dataclass(frozen=True)
class CapacityPoint(Brackets):
    """Brackets of the capacity at one dimension.

    Parameters
    ----------
    d : dimension.
    low, high : for each trial, a size measured to be recalled and a larger one measured not to be
        (infinite where the search was censored).
    proved : for each trial, whether it is proved that no memory of the kind recalls ``high``; None
        for constructions that prove no such thing.
    """

    d: int
    low: tuple[int, ...]
    high: tuple[float, ...]
    proved: tuple[bool, ...] | None = None

    @property
    def N(self) -> float:  # noqa: N802
        """Median over trials of the largest size seen recalled."""
        return float(np.median(self.low))

    @property
    def law(self) -> float:
        """N log N / d^2, and 0 at N = 0."""
        from scipy import special

        return float(special.xlogy(self.N, self.N) / self.d**2)


@dataclass(frozen=True, repr=False)
class CapacityResult(SearchResult):
    """Measured capacities, one point per dimension."""

    points: tuple[CapacityPoint, ...]

    def __repr__(self) -> str:
        listed = ", ".join(f"d={p.d}: N={p.N:g}" for p in self.points)
        return f"CapacityResult({self.memory}, {self.criterion} recalled, {listed})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per dimension; an unbounded end is None."""
        return [
            {
                "d": p.d,
                "N": p.N,
                "interval": p.finite_interval(),
                "law": p.law,
                **p.tally(),
                **({} if p.proved is None else {"proved": sum(p.proved)}),
                **p.ends(),
            }
            for p in self.points
        ]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw capacity against d on logarithmic axes: every trial, and the medians."""
        d = [p.d for p in self.points]
        ax = draw_trials(ax, d, [p.low for p in self.points])
        label = f"{self.memory}, median of {len(self.points[0].low)} trials"
        ax.plot(d, [p.N for p in self.points], "ok", label=label)
        log_scales(ax, x_base=2)
        ax.set_xlabel("dimension $d$")
        ax.set_ylabel(f"facts recalled $N$ ({self.criterion})")
        return ax


def capacity(
    memory: str | Build,
    *,
    d: int | Sequence[int] | None = None,
    criterion: str | float | Criterion = "all",
    rank: Size | None = None,
    bits: int | None = None,
    width: Size | None = None,
    degree: int | None = None,
    rounding: str | None = None,
    gates: str | None = None,
    omega: float | None = None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 10,
    max_N: int | None = None,
    resolution: float = 0.0,
    seed: int = 0,
    experiment: str = "capacity",
    threads: int | None = None,
    executor: Executor | None = None,
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> CapacityResult:
    r"""Search the capacity of a construction, trial by trial.

    Each trial raises N until the criterion fails, then halves the bracket down to neighbouring
    integers. Both ends are measured. Builds that decide (:class:`assoc.memories.optimal.Decides`)
    count what is certified as recalled, and say of upper ends whether they are proved.

    Parameters
    ----------
    memory, rank, bits, width, degree, rounding, gates, omega : as for
        :func:`sims.memories.recall.measure`.
    embeddings, preprocess, facts, outputs, seed, experiment : the same.
    d : dimension, or several.
    criterion : ``all``, or the fraction of a trial's inputs that must be recalled.
    trials : independent trials per dimension.
    max_N : where to stop; trials that still recall there are reported as censored. None stands
        for 16 d^2 (at least 1024), or for as many as can be drawn if that is fewer.
    resolution : of a bracket, relative to its upper end; 0 asks for neighbouring integers.
    threads : trials searched at a time; None means all available.
    executor : run the trials on this instead.
    store : file that every finished trial is added to, and resumed from; for names only.
    progress : with a store, called at the start and after each trial.

    Returns
    -------
    CapacityResult, one point per dimension.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing.

    Examples
    --------
    >>> capacity("linear", d=16, trials=5).points[0].censored
    0
    """
    criterion = Criterion.parse(criterion)
    construction = Construction(memory, rank, bits, width, degree, rounding, gates, omega)
    trials = trial_count(trials)
    max_N = None if max_N is None else positive(max_N, "max_N")
    workers = Workers.of(threads, executor)
    searches = []
    for one in several(d, "d"):
        setting = settle(
            d=one, embeddings=embeddings, preprocess=preprocess, facts=facts, outputs=outputs
        )
        ensemble = Ensemble.of(construction, setting, seed, experiment)
        searches.append(Search(ensemble, criterion, _limit(setting, max_N), resolution))
    if store is None:
        found = [workers.run(search, range(trials)) for search in searches]
    else:
        found = stored_brackets(searches, trials, store, workers, progress)
    points = tuple(map(_point, searches, found))
    return CapacityResult(construction.label(), criterion, setting.origin, facts, seed, points)


def _limit(setting: Setting, max_N: int | None) -> int:
    """Largest N that a search tries."""
    return int(min(setting.max_N, max(1024, 16 * setting.d**2) if max_N is None else max_N))


def _point(search: Search, brackets: Iterable[tuple[int, float, bool]]) -> CapacityPoint:
    """Return what the trials of a search found."""
    low, high, proved = zip(*brackets, strict=True)
    return CapacityPoint(search.d, low, high, proved if search.decides else None)


def rate_crossing(
    memory: str | Build,
    *,
    d: int,
    rate: float,
    near: int,
    rank: Size | None = None,
    bits: int | None = None,
    width: Size | None = None,
    degree: int | None = None,
    rounding: str | None = None,
    gates: str | None = None,
    omega: float | None = None,
    trials: int = 100,
    seed: int = 0,
    experiment: str = "crossing",
    threads: int | None = None,
) -> tuple[float, Interval]:
    r"""Size at which the *expected* recall falls to a rate, with an interval.

    Mean recall over the same trials is measured on a grid of sizes around ``near``, which is moved
    until the crossing lies inside; :func:`sims.engine.crossing.crossing` finds it there.

    Parameters
    ----------
    memory, rank, bits, width, degree, rounding, gates, omega, seed, experiment, threads :
        as for :func:`sims.memories.recall.measure`.
    d : dimension.
    rate : recall at the crossing, in (0, 1).
    near : where the search starts.
    trials : trials, the same ones at every size.

    Returns
    -------
    N, (low, high)

    Raises
    ------
    InputError
        If an argument is out of range, or the recall crosses the rate nowhere up to 16 d^2.
    """
    if not 0 < rate < 1:
        raise InputError(f"rate = {rate} is not between 0 and 1")
    if near < 1:
        raise InputError(f"near = {near} is not a positive number of facts")
    if trials < 2:
        raise InputError(f"trials = {trials}: an interval needs at least 2")
    construction = Construction(memory, rank, bits, width, degree, rounding, gates, omega)
    ensemble = Ensemble.of(construction, RandomVectors(d), seed, experiment)
    workers = Workers.of(threads)

    def sample(N: int) -> NDArray[np.float64]:
        return np.array(count_recalled(ensemble, N, range(trials), workers)) / N

    limit = max(1024, 16 * d**2)
    while sample(near).mean() < rate:
        if near <= 2:
            raise InputError(f"the recall is below {rate} at N = {near} already")
        near = max(2, min(near - 1, round(near / 1.1)))
    while sample(near + max(1, near // 10)).mean() >= rate:
        near += max(1, near // 10)
        if near > limit:
            raise InputError(f"the recall is still {rate} at N = {near}")
    grid = np.unique(np.maximum(np.round(near * np.linspace(0.85, 1.25, 9)), 2).astype(int))
    samples = np.array([sample(int(N)) for N in grid])
    return crossing(grid.astype(np.float64), samples, rate, near=near)
