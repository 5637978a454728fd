r"""The smallest transformers that training makes recall every fact of random tables, as brackets.

A size is enough if the last weights of one of the learning rates recall enough facts
(:mod:`sims.training.trials`). Near the smallest size that may change more than once, and a
search brackets one of these changes; both ends are trained and measured. All trials of a shape are
searched together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assoc.checks import positive
from assoc.errors import InputError
from sims.engine.bracketing import smallest
from sims.engine.criterion import Criterion
from sims.engine.parallel import available_threads, cores
from sims.memories.construction import Construction, Size
from sims.sweeps.tasks import Progress
from sims.training.recipe import Training, libraries
from sims.training.searches import RateCount, read_search, search_together
from sims.training.transformer_models import Sizes, choose_sizes
from sims.training.trials import DRAWS, Trials, check_trials, facts_recalled, stored
from sims.transformers.architecture import LENGTH, Architecture, Shape
from sims.transformers.smallest import SizePoint, SizeResult

__all__ = ["TrainedSizeResult", "bracket_sizes", "trained_smallest"]

SEARCHED = ("d", "width")
"""Sizes that can be searched."""

STEP = 1.25
"""Factor by which a search goes on until its outcome changes: training costs more than building."""


@dataclass(frozen=True, repr=False)
class TrainedSizeResult(SizeResult):
    """Smallest sizes of trained transformers, one point per shape.

    Parameters
    ----------
    training : how each run was trained.
    criterion : how many facts had to be recalled, each in all its prompts.
    draws : prompts of each fact in the verdict.
    rates : for each shape, what each learning rate did in all runs of the search.
    """

    training: Training
    criterion: Criterion
    draws: int
    rates: tuple[tuple[RateCount, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            **super().to_dict(),
            "training": asdict(self.training),
            "criterion": str(self.criterion),
            "draws": self.draws,
            "learning_rates": [[asdict(count) for count in counts] for counts in self.rates],
        }


def trained_smallest(
    model: str,
    shapes: Shape | Sequence[int] | Sequence[Shape],
    *,
    vary: str = "d",
    d: int | None = None,
    width: Size | None = None,
    head_dim: int | None = None,
    heads: int | None = None,
    start: int | None = None,
    limit: int | None = None,
    step: int = 1,
    resolution: float = 0.03,
    criterion: str | float | Criterion = "all",
    length: int = LENGTH,
    draws: int = DRAWS,
    trials: int = 5,
    training: Training | None = None,
    seed: int = 0,
    experiment: str = "smallest",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    threads: int | None = None,
) -> TrainedSizeResult:
    """Search the smallest transformer that training makes recall every fact of a random table.

    Parameters
    ----------
    model : ``attention-only`` or ``attention-mlp``.
    shapes : a table's sizes, S, R, D, or several :class:`sims.transformers.architecture.Shape`.
    vary : ``d``, or ``width`` (of ``attention-mlp``).
    d : dimension, unless it is searched.
    width : m of ``attention-mlp`` where d is searched: an integer, or a multiple such as ``2d``.
    head_dim, heads : d_h and H; None leaves them to the rules of
        :func:`sims.training.transformer_models.choose_sizes`, at every d anew.
    start : where to begin; None stands for R + D dimensions and m = S R / d.
    limit : largest size; trials in which it is not enough are reported as censored. None stands for
        16 (R + D) dimensions and 16 + 16 S R / d neurons.
    step, resolution : as for :func:`sims.transformers.smallest.smallest_size`.
    criterion : ``all``, or the fraction of a trial's facts that must be recalled.
    length : T of the prompts, in training and in the verdict.
    draws : prompts of each fact in the verdict.
    trials : tables, embeddings and initial weights for each shape.
    training : how each run is trained; None stands for
        :data:`sims.training.transformers.TRAINING`.
    seed, experiment : with shape, d and trial they determine every random number.
    store : file that every finished shape is added to, and resumed from.
    progress : with a store, called at the start and after each shape.
    threads : batches trained at a time; None means all available.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing, or JAX or Optax is missing.
    """
    criterion = Criterion.parse(criterion)
    listed, shared = check_trials(shapes, length, draws, trials, training, seed, experiment)
    searched = _Searched(model, vary, d, width, head_dim, heads)
    if not 0 <= resolution < 1:
        raise InputError(f"resolution {resolution} is not in [0, 1)")
    threads = available_threads() if threads is None else positive(threads, "threads")
    step = positive(step, "step")
    common = {"step": step, "resolution": resolution, "rate": criterion.rate, **asdict(shared)}
    searches = [
        {"shape": list(astuple(shape)), **asdict(searched),
         **searched.ends(shape, start, limit), **common}
        for shape in listed
    ]  # fmt: skip
    libraries()
    with cores(threads):
        found = stored(bracket_sizes, searches, store, progress)
    low, high, rates = zip(*map(read_search, found), strict=True)
    points = tuple(searched.point(*one, step) for one in zip(listed, low, high, strict=True))
    # Where d is searched, that of the record is as good as any.
    built = Architecture(f"trained-{model}", d or searches[0]["start"], head_dim, heads)
    return TrainedSizeResult(
        built, vary, length, seed, points, shared.training, criterion, draws, rates,
    )  # fmt: skip


@dataclass(frozen=True)
class _Searched:
    """What is trained, but for the size that is searched."""

    model: str
    vary: str
    d: int | None
    width: Size | None
    head_dim: int | None
    heads: int | None

    def __post_init__(self) -> None:
        if self.vary not in SEARCHED:
            raise InputError(f"size {self.vary!r} is not one of {', '.join(SEARCHED)}")
        given = {"d": self.d, "width": self.width}[self.vary]
        if given is not None:
            raise InputError(f"{self.vary} = {given!r} is given, and is what is searched")
        if self.vary == "width" and self.d is None:
            raise InputError("the search of a width needs d")

    def ends(self, shape: Shape, start: Any, limit: Any) -> dict[str, int]:
        """Return where a search begins, and the largest size that it tries."""
        S, R, D = shape.subjects, shape.relations, shape.answers
        if self.d is None:
            first, last = R + D, 16 * (R + D)
        else:
            first = max(1, S * R // positive(self.d, "d"))
            last = 16 + 16 * first
        first = first if start is None else positive(start, "start")
        last = last if limit is None else positive(limit, "limit")
        # Whatever is wrong with a size is said before anything is trained.
        self.sizes(shape, last)
        return {"start": first, "limit": last}

    def sizes(self, shape: Shape, size: int) -> Sizes:
        """Return the sizes of the transformer whose searched one is given."""
        d = positive(size if self.vary == "d" else self.d, "d")
        m = size if self.vary == "width" else Construction(self.model, width=self.width).width_at(d)
        return choose_sizes(
            self.model, shape.subjects, shape.relations, d=d, head_dim=self.head_dim,
            heads=self.heads, width=m,
        )  # fmt: skip

    def point(
        self, shape: Shape, low: tuple[int, ...], high: tuple[float, ...], step: int
    ) -> SizePoint:
        """Return the brackets of a shape, with the parameters at the median of their upper ends."""
        median, parameters = float(np.median(high)), None
        if np.isfinite(median):
            parameters = self.sizes(shape, max(step, round(median / step) * step)).parameters
        return SizePoint(shape, low, high, parameters)


def bracket_sizes(
    *,
    shape: Sequence[int],
    model: str,
    vary: str,
    d: int | None,
    width: Size | None,
    head_dim: int | None,
    heads: int | None,
    start: int,
    limit: int,
    step: int,
    resolution: float,
    rate: float,
    length: int,
    draws: int,
    trials: int,
    training: Mapping[str, Any],
    seed: int,
    experiment: str,
) -> dict[str, Any]:
    """Bracket the smallest size of all trials at one shape: the point of a stored search.

    Parameters
    ----------
    shape : S, R, D and K.
    rate : of the criterion.
    training : fields of :class:`sims.training.recipe.Training`.
    model, vary, d, width, head_dim, heads, start, limit, step, resolution :
        as for :func:`trained_smallest`.
    length, draws, trials, seed, experiment : as for :func:`trained_smallest`.

    Returns
    -------
    ``brackets``: for each trial, as in :class:`sims.transformers.smallest.SizePoint`, [low, high],
    high None where the search was censored. ``rates``: the fields of a
    :class:`sims.training.searches.RateCount` for each learning rate.
    """
    table, rule = Shape(*shape), Training(**training)
    searched = _Searched(model, vary, d, width, head_dim, heads)
    shared = Trials(length, draws, trials, rule, seed, experiment)

    def recalled(asked: Sequence[tuple[int, int]]) -> list[tuple[int | None, ...]]:
        sized = [(trial, searched.sizes(table, size)) for trial, size in asked]
        return facts_recalled(table, sized, shared)

    return search_together(
        [smallest(start, limit, growth=STEP, step=step, resolution=resolution)
         for _ in range(trials)],
        recalled, criterion=Criterion(rate), facts=lambda size: table.facts,
        rates=rule.rates("transformer"),
    )  # fmt: skip
