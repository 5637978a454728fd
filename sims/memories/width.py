r"""Width: how many hidden neurons a construction needs to recall given facts, as a bracket.

A trial's facts are fixed and its network is built anew at every width. Recall is not monotone in
the width near the threshold, so a search finds one crossing: a width measured not to be enough
right below one measured to be.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assoc.catalogue import MEMORIES, blamed, build_name, options_of
from assoc.checks import positive, several, trial_count
from assoc.errors import InputError
from assoc.memories.memory import Build, memory_parameters
from sims.engine.bracketing import bracket
from sims.engine.criterion import Criterion
from sims.engine.crossing import crossing
from sims.engine.parallel import Workers
from sims.engine.randomness import MEMORY, Source
from sims.engine.results import finite, log_scales
from sims.engine.searches import Brackets, SearchResult, draw_trials
from sims.engine.statistics import Interval
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled
from sims.memories.settings import RandomVectors, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "PAIRED",
    "WidthPoint",
    "WidthResult",
    "parameters_per_neuron",
    "smallest_width",
    "width_crossing",
]

PAIRED = ("mlp", "sign-mlp")
"""Memories whose neurons come in pairs, so that their width is even."""


@dataclass(frozen=True)
class WidthPoint(Brackets):
    """Brackets of the smallest width at one size.

    Parameters
    ----------
    d, N : dimension and number of facts.
    low, high : for each trial, a width measured not to be enough (0 where none was) and a larger
        one measured to be (infinite where the search was censored).
    parameters : stored numbers of a network per unit of width.
    degree : k of the network, where it has one.
    fixed : stored numbers besides, whatever the width.
    """

    d: int
    N: int
    low: tuple[int, ...]
    high: tuple[float, ...]
    parameters: int
    degree: int | None = None
    fixed: int = 0

    @property
    def width(self) -> float:
        """Median over trials of the smallest width seen to be enough."""
        return float(np.median(self.high))

    @property
    def load(self) -> float:
        """N log N / (m d), and 0 where no width was enough."""
        return float(self.N * np.log(self.N) / (self.width * self.d))


@dataclass(frozen=True, repr=False)
class WidthResult(SearchResult):
    """Measured widths, one point per size."""

    points: tuple[WidthPoint, ...]

    def __repr__(self) -> str:
        listed = ", ".join(f"d={p.d} N={p.N}: m={p.width:g}" for p in self.points)
        return f"WidthResult({self.memory}, {self.criterion} recalled, {listed})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per size; an unbounded end is None."""
        return [
            {
                "d": p.d,
                "N": p.N,
                **({} if p.degree is None else {"degree": p.degree}),
                "width": finite(p.width),
                "interval": p.finite_interval(),
                "parameters": finite(p.fixed + p.width * p.parameters),
                "load": p.load,
                **p.tally(),
                **p.ends(),
            }
            for p in self.points
        ]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw width against N on logarithmic axes: every trial, and the medians."""
        ax = draw_trials(ax, [p.N for p in self.points], [p.high for p in self.points])
        trials = len(self.points[0].low)
        for d in sorted({p.d for p in self.points}):
            chosen = [p for p in self.points if p.d == d]
            label = f"{self.memory}, d = {d}, median of {trials} trials"
            ax.plot([p.N for p in chosen], [p.width for p in chosen], "o", label=label)
        log_scales(ax, x_base=2)
        ax.set_xlabel("facts $N$")
        ax.set_ylabel(f"width $m$ ({self.criterion} recalled)")
        return ax


def smallest_width(
    memory: str | Build,
    *,
    N: int | Sequence[int],
    d: int | Sequence[int] | None = None,
    criterion: str | float | Criterion = "all",
    degree: int | None = None,
    gates: str | None = None,
    omega: float | None = None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 10,
    max_width: int | None = None,
    resolution: float = 0.01,
    seed: int = 0,
    experiment: str = "width",
    threads: int | None = None,
    executor: Executor | None = None,
) -> WidthResult:
    r"""Search the smallest width of a network that recalls N facts, trial by trial.

    Each trial doubles or halves the width until the criterion changes, then halves the bracket
    down to the resolution. Both ends are measured.

    Parameters
    ----------
    memory : a network of :data:`assoc.catalogue.MEMORIES`, a name that takes a width; or a build
        function of the user's with ``width`` among its keyword-only parameters.
    N, d : number of facts and dimension, or several; every pair is searched.
    criterion : ``all``, or the fraction of a trial's inputs that must be recalled.
    degree, gates, omega, embeddings, preprocess, facts, outputs, seed, experiment : as for
        :func:`sims.memories.recall.measure`.
    trials : independent trials per size.
    max_width : where to stop; trials in which it is not enough are reported as censored. None
        stands for 64 N, or at least 1024.
    resolution : width of the bracket, relative to its upper end; never below neighbouring widths.
    threads : trials searched at a time; None means all available.
    executor : run the trials on this instead.

    Returns
    -------
    WidthResult, one point per size.

    Raises
    ------
    InputError
        If an argument is out of range, or the memory has no width.

    Examples
    --------
    >>> smallest_width("bilinear-ridge", d=16, N=32, trials=3).points[0].censored
    0
    """
    criterion = Criterion.parse(criterion)
    _check_network(memory)
    if not 0 <= resolution < 1:
        raise InputError(f"resolution {resolution} is not in [0, 1)")
    trials = trial_count(trials)
    workers = Workers.of(threads, executor)
    max_width = None if max_width is None else positive(max_width, "max_width")
    step = _step(memory)
    narrowest = Construction(memory, width=step, degree=degree, gates=gates, omega=omega)
    points = []
    for one in several(d, "d"):
        setting = settle(
            d=one, embeddings=embeddings, preprocess=preprocess, facts=facts, outputs=outputs
        )
        for n in several(N, "N"):
            size = positive(n, "N")
            limit = max(1024, 64 * size) if max_width is None else max_width
            ensemble = Ensemble.of(narrowest, setting, seed, experiment)
            search = _Search(ensemble, size, criterion, limit, step, resolution)
            points.append(_point(search, workers.run(search, range(trials))))
    label = replace(narrowest, width=None).label()
    return WidthResult(label, criterion, setting.origin, facts, seed, tuple(points))


@dataclass(frozen=True)
class _Search:
    """The search of one trial's width, in a form that can be sent to another process.

    Parameters
    ----------
    ensemble : the trials, with the narrowest network.
    N : number of facts.
    criterion : when these count as recalled.
    limit, step, resolution : as for :func:`sims.engine.bracketing.bracket`.
    """

    ensemble: Ensemble
    N: int
    criterion: Criterion
    limit: int
    step: int
    resolution: float

    def __call__(self, trial: int) -> tuple[int, float]:
        """Bracket one trial's width: measured not to be enough and, right above, to be enough."""

        def enough(width: int) -> bool:
            (count,) = count_recalled(_widened(self.ensemble, width), self.N, [trial])
            return self.criterion.met(count, self.N)

        return bracket(
            enough,
            start=round(2 * self.N / self.ensemble.setting.d),
            limit=max(self.limit // self.step, 1) * self.step,
            step=self.step,
            resolution=self.resolution,
        )


def _point(search: _Search, brackets: Iterable[tuple[int, float]]) -> WidthPoint:
    """Return what the trials of a search found."""
    construction, d = search.ensemble.construction, search.ensemble.setting.d
    low, high = zip(*brackets, strict=True)
    one, two = (_count(replace(construction, width=k * search.step), d) for k in (1, 2))
    each = (two - one) // search.step
    degree = construction.degree_at(search.N, d)
    return WidthPoint(d, search.N, low, high, each, degree, one - each * search.step)


def _count(construction: Construction, d: int) -> int:
    """Count the parameters of a network, on two facts."""
    rng = Source(0, "parameters", (d,)).generator(0, MEMORY)
    with blamed(construction.memory):
        memory = construction.build(d)(np.eye(2, d), np.eye(2, d), np.arange(2), rng=rng)
        return memory_parameters(memory)


def _widened(ensemble: Ensemble, width: int) -> Ensemble:
    """Return the same trials with a network of another width."""
    return replace(ensemble, construction=replace(ensemble.construction, width=width))


def _step(memory: str | Build) -> int:
    """Width of the narrowest network; all widths are multiples of it."""
    return 2 if memory in PAIRED else 1


def _check_network(memory: str | Build) -> None:
    if "width" not in options_of(memory):
        known = ", ".join(name for name, recipe in MEMORIES.items() if "width" in recipe.options)
        name = memory if isinstance(memory, str) else build_name(memory)
        raise InputError(
            f"memory {name!r} has no width to search; one of {known}, or a function of your own "
            "with width among its keyword-only parameters"
        )


def parameters_per_neuron(
    memory: str, d: int, *, gates: str | None = None, omega: float | None = None
) -> int:
    """Count the parameters of a network per unit of width, on a small one.

    Examples
    --------
    >>> parameters_per_neuron("mlp", 64), parameters_per_neuron("gated-mlp", 64)
    (128, 192)
    """
    step = _step(memory)
    return _count(Construction(memory, width=step, gates=gates, omega=omega), d) // step


def width_crossing(
    memory: str,
    *,
    d: int,
    N: int,
    rate: float,
    near: float,
    degree: int | None = None,
    gates: str | None = None,
    omega: float | None = None,
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 20,
    seed: int = 0,
    experiment: str = "width-crossing",
    threads: int | None = None,
) -> tuple[float, Interval]:
    r"""Width at which the *expected* recall of N facts rises to a rate, with an interval.

    Mean recall over the same trials is measured at widths around ``near``, which is moved until
    the crossing lies inside; :func:`sims.engine.crossing.crossing` finds it on the scale of log m.

    Parameters
    ----------
    memory, d, N, degree, gates, omega, facts, outputs, trials, seed, experiment, threads : as for
        :func:`smallest_width`.
    rate : recall at the crossing, in (0, 1).
    near : where the search starts.

    Returns
    -------
    m, (low, high)

    Raises
    ------
    InputError
        If an argument is out of range, or no width up to 64 N reaches the rate.
    """
    _check_network(memory)
    if not 0 < rate < 1:
        raise InputError(f"rate = {rate} is not between 0 and 1")
    if not 0 < near < np.inf:
        raise InputError(f"near = {near} is not a positive width")
    if trials < 2:
        raise InputError(f"trials = {trials}: an interval needs at least 2")
    setting = RandomVectors(d, facts=facts, outputs=outputs)
    step = _step(memory)
    narrowest = Construction(memory, width=step, degree=degree, gates=gates, omega=omega)
    ensemble = Ensemble.of(narrowest, setting, seed, experiment)
    workers = Workers.of(threads)

    def sample(width: float) -> NDArray[np.float64]:
        network = _widened(ensemble, max(1, round(width / step)) * step)
        return np.array(count_recalled(network, N, range(trials), workers)) / N

    while sample(near).mean() >= rate:
        near /= 1.15
        if near < step:
            raise InputError(f"the recall is {rate} at width {step} already")
    while sample(near * 1.15).mean() < rate:
        near *= 1.15
        if near > max(1024, 64 * N):
            raise InputError(f"the recall is still below {rate} at width {near:.0f}")
    grid = np.round(near * np.geomspace(1 / 1.15, 1.15**2, 4) / step) * step
    samples = np.array([sample(width) for width in grid])
    log_m, ends = crossing(np.log(grid), samples, rate, near=float(np.log(near)))
    return float(np.exp(log_m)), (float(np.exp(ends[0])), float(np.exp(ends[1])))
