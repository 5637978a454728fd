r"""The smallest transformer that recalls every fact of a random table, as a bracket.

A trial's table is fixed and its model is built anew at every size; both ends are measured.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.checks import positive, trial_count
from assoc.errors import InputError
from sims.engine.bracketing import bracket
from sims.engine.parallel import available_threads, run
from sims.engine.randomness import Source
from sims.engine.results import Result, finite, new_axes
from sims.engine.searches import Brackets
from sims.engine.statistics import LEVEL
from sims.transformers.architecture import LENGTH, VARIED, Architecture, Shape, table_source
from sims.transformers.recall import facts_known

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SizePoint", "SizeResult", "smallest_size"]


@dataclass(frozen=True)
class SizePoint(Brackets):
    """Brackets of the smallest size at one shape.

    Parameters
    ----------
    shape : S, R, D, K.
    low, high : for each trial, a size measured not to be enough (0 where none was) and a larger
        one measured to be (infinite where the search was censored).
    parameters : stored numbers at the median size; None where that is censored.
    """

    shape: Shape
    low: tuple[int, ...]
    high: tuple[float, ...]
    parameters: int | None

    @property
    def size(self) -> float:
        """Median over trials of the smallest size seen to be enough."""
        return float(np.median(self.high))


@dataclass(frozen=True, repr=False)
class SizeResult(Result):
    """Smallest sizes, one point per shape."""

    architecture: Architecture
    vary: str
    length: int
    seed: int
    points: tuple[SizePoint, ...]

    def __repr__(self) -> str:
        listed = ", ".join(
            f"S={p.shape.subjects} R={p.shape.relations} D={p.shape.answers}: {p.size:g}"
            for p in self.points
        )
        return f"SizeResult({self.architecture.model}, {VARIED[self.vary]}, {listed})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per shape; an unbounded end is None."""
        return [
            {
                "S": p.shape.subjects,
                "R": p.shape.relations,
                "D": p.shape.answers,
                "facts": p.shape.facts,
                self.vary: finite(p.size),
                "interval": p.finite_interval(),
                "parameters": p.parameters,
                **p.tally(),
                **p.ends(),
            }
            for p in self.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "model": self.architecture.label(),
            "varied": self.vary,
            "length": self.length,
            "seed": self.seed,
            "level": LEVEL,
            "points": self.rows(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw facts against parameters on logarithmic axes."""
        ax = new_axes(ax)
        known = [(p.parameters, p.shape.facts) for p in self.points if p.parameters is not None]
        label = f"{self.architecture.label()}, smallest {VARIED[self.vary]}"
        ax.plot([x for x, _ in known], [y for _, y in known], "o", label=label)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("parameters")
        ax.set_ylabel("facts S R, all recalled")
        return ax


def smallest_size(
    architecture: Architecture,
    shapes: Shape | Sequence[Shape],
    *,
    vary: str = "d",
    start: int | None = None,
    limit: int | None = None,
    step: int = 1,
    resolution: float = 0.03,
    length: int = LENGTH,
    trials: int = 5,
    seed: int = 0,
    experiment: str = "smallest",
    threads: int | None = None,
    executor: Executor | None = None,
) -> SizeResult:
    """Search the smallest size at which every fact of a random table is recalled, trial by trial.

    Parameters
    ----------
    architecture : the model; the size that is searched is replaced.
    shapes : S, R, D of the tables; every one is searched.
    vary : ``d``, ``head_dim`` or ``width``.
    start : where to begin; None stands for max(R, D), d_h = 4 and m = S R / d.
    limit : largest size; trials in which it is not enough are reported as censored. None stands for
        64 (R + D) dimensions, d, and 64 + 64 S R / d neurons.
    step : sizes are multiples of it.
    resolution : width of the bracket, relative to its upper end; never below one step.
    length, trials, seed, experiment, threads, executor : as for :func:`measure_facts`.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> result = smallest_size(Architecture("attention-only", 8), Shape(8, 4, 3), trials=2)
    >>> result.points[0].censored
    0
    """
    if vary not in VARIED:
        raise InputError(f"size {vary!r} is not one of {', '.join(VARIED)}")
    if not 0 <= resolution < 1:
        raise InputError(f"resolution {resolution} is not in [0, 1)")
    trials, step = trial_count(trials), positive(step, "step")
    threads = available_threads() if threads is None else positive(threads, "threads")
    points = []
    for shape in [shapes] if isinstance(shapes, Shape) else shapes:
        S, R, D, d = shape.subjects, shape.relations, shape.answers, architecture.d
        first = {"d": max(R, D), "head_dim": 4, "width": S * R // d}[vary]
        last = {"d": 64 * (R + D), "head_dim": d, "width": 64 + 64 * S * R // d}[vary]
        source = table_source(shape, seed, experiment)
        sizes = {
            "start": max(first, 1) if start is None else positive(start, "start"),
            "limit": last if limit is None else positive(limit, "limit"),
            "step": step,
            "resolution": resolution,
        }
        work = partial(_search, architecture, shape, vary, sizes, length, source)
        low, high = zip(*run(work, range(trials), threads=threads, executor=executor), strict=True)
        median = float(np.median(high))
        parameters = None
        if np.isfinite(median):
            chosen = architecture.resized(vary, max(step, round(median / step) * step))
            task, embeddings = shape.draw(chosen.d, source, 0)
            parameters = chosen.build(task, embeddings, source, 0).parameters
        points.append(SizePoint(shape, low, high, parameters))
    return SizeResult(architecture, vary, length, seed, tuple(points))


def _search(
    architecture: Architecture,
    shape: Shape,
    vary: str,
    sizes: dict[str, Any],
    length: int,
    source: Source,
    trial: int,
) -> tuple[int, float]:
    """Bracket one trial's smallest size."""

    def enough(size: int) -> bool:
        chosen = architecture.resized(vary, size)
        return facts_known(chosen, shape, length, 1, source, trial)[0] == shape.facts

    return bracket(enough, **sizes)
