r"""The smallest transformer that recalls every fact of a random table, as a bracket.

A trial's table is fixed and its model is built anew at every size; both ends are measured.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.checks import positive, trial_count
from assoc.errors import InputError
from assoc.memories.memory import memory_parameters
from sims.engine.bracketing import bracket
from sims.engine.parallel import Workers
from sims.engine.randomness import Source
from sims.engine.results import Result, finite, log_scales, new_axes
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
        log_scales(ax)
        ax.set_xlabel("parameters")
        ax.set_ylabel("facts $S R$, all recalled")
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
    start = None if start is None else positive(start, "start")
    limit = None if limit is None else positive(limit, "limit")
    workers = Workers.of(threads, executor)
    points = []
    for shape in [shapes] if isinstance(shapes, Shape) else shapes:
        first, last = _usual_ends(shape, vary, architecture.d)
        search = _Search(
            architecture, shape, vary, start or first, limit or last, step, resolution, length,
            table_source(shape, seed, experiment),
        )  # fmt: skip
        points.append(_point(search, workers.run(search, range(trials))))
    return SizeResult(architecture, vary, length, seed, tuple(points))


def _usual_ends(shape: Shape, vary: str, d: int) -> tuple[int, int]:
    """Where a search begins, and the largest size that it tries, unless others are asked for."""
    S, R, D = shape.subjects, shape.relations, shape.answers
    first = {"d": max(R, D), "head_dim": 4, "width": S * R // d}[vary]
    last = {"d": 64 * (R + D), "head_dim": d, "width": 64 + 64 * S * R // d}[vary]
    return max(first, 1), last


@dataclass(frozen=True)
class _Search:
    """The search of one trial's smallest size, in a form that can be sent to another process.

    Parameters
    ----------
    architecture : the model, whose size ``vary`` is replaced.
    shape : of the table.
    start, limit, step, resolution : as for :func:`sims.engine.bracketing.bracket`.
    length : T of the prompts.
    source : of all randomness.
    """

    architecture: Architecture
    shape: Shape
    vary: str
    start: int
    limit: int
    step: int
    resolution: float
    length: int
    source: Source

    def __call__(self, trial: int) -> tuple[int, float]:
        """Bracket one trial's smallest size."""

        def enough(size: int) -> bool:
            chosen = self.architecture.resized(self.vary, size)
            found = facts_known(chosen, self.shape, self.length, 1, self.source, trial)
            return found[0] == self.shape.facts

        return bracket(
            enough, start=self.start, limit=self.limit, step=self.step, resolution=self.resolution
        )

    def parameters(self, size: float) -> int | None:
        """Count the stored numbers of a model near a size; None where that is infinite."""
        if not np.isfinite(size):
            return None
        near = max(self.step, round(size / self.step) * self.step)
        chosen = self.architecture.resized(self.vary, near)
        task, embeddings = self.shape.draw(chosen.d, self.source, 0)
        with chosen.blamed():
            return memory_parameters(chosen.build(task, embeddings, self.source, 0))


def _point(search: _Search, brackets: Iterable[tuple[int, float]]) -> SizePoint:
    """Return what the trials of a search found."""
    low, high = zip(*brackets, strict=True)
    return SizePoint(search.shape, low, high, search.parameters(float(np.median(high))))
