r"""Trials of trained transformers: what is drawn, trained, and asked for.

Tables and embeddings are those of :mod:`sims.transformers.recall` with the same seed, experiment,
shape and d, so that trained and constructed transformers know the same facts. Each is trained with
every learning rate (:mod:`sims.training.transformers`) and judged by its last weights, in double
precision, on every fact: one counts if all prompts drawn for it are answered rightly, over the
whole vocabulary. These prompts are the first of those that the constructions are asked by.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from assoc.checks import positive, trial_count
from assoc.errors import InputError
from assoc.facts.recall_task import check_length, grid_task
from sims.engine.parallel import available_threads
from sims.engine.randomness import MEMORY
from sims.sweeps.tasks import Progress
from sims.training.points import compute_points
from sims.training.recipe import Training
from sims.training.transformer_models import Sizes, untrained_transformer
from sims.training.transformers import TRAINING, train_transformers
from sims.transformers.architecture import Shape, table_source
from sims.transformers.prompts import count_known

__all__ = ["DRAWS", "Trials", "check_trials", "facts_recalled", "stored"]

DRAWS = 4
"""Prompts that each fact is asked for by, unless another number is asked for."""


@dataclass(frozen=True)
class Trials:
    """What all trials of a measurement share.

    Parameters
    ----------
    length : T of the prompts, in training and in the verdict.
    draws : prompts of each fact in the verdict.
    trials : how many.
    training : how each run is trained.
    seed, experiment : with shape, d and trial they determine every random number.
    """

    length: int
    draws: int
    trials: int
    training: Training
    seed: int
    experiment: str


def check_trials(
    shapes: Any, length: Any, draws: Any, trials: Any, training: Any, seed: Any, experiment: str
) -> tuple[list[Shape], Trials]:
    """Return the shapes that are asked for, and what their trials share.

    Parameters
    ----------
    shapes : S, R, D, or a :class:`sims.transformers.architecture.Shape`, or several of these
        records.
    length, draws, trials : positive integers, T at least 3.
    training : a :class:`sims.training.recipe.Training`; None stands for
        :data:`sims.training.transformers.TRAINING`.
    seed, experiment : of the randomness.

    Raises
    ------
    InputError
        If one of them is out of range.

    Examples
    --------
    >>> check_trials((4, 3, 2), 32, 1, 1, None, 0, "example")[0]
    [Shape(subjects=4, relations=3, answers=2, noise=64)]
    """
    if training is None:
        training = TRAINING
    if not isinstance(training, Training):
        raise InputError(f"training {training!r} is not a Training")
    length = positive(length, "prompt length T")
    listed = _shapes(shapes)
    for shape in listed:
        grid_task(shape.subjects, shape.relations, shape.answers, noise=shape.noise)
        check_length(length, shape.noise)
        table_source(shape, seed, experiment)
    draws, trials = positive(draws, "draws"), trial_count(trials)
    return listed, Trials(length, draws, trials, training, seed, experiment)


def _shapes(shapes: Any) -> list[Shape]:
    if isinstance(shapes, Shape):
        return [shapes]
    if isinstance(shapes, Sequence) and not isinstance(shapes, str) and shapes:
        if all(isinstance(shape, Shape) for shape in shapes):
            return list(shapes)
        if len(shapes) == 3 and not any(isinstance(size, Shape) for size in shapes):
            S, R, D = (positive(n, name) for n, name in zip(shapes, "SRD", strict=True))
            return [Shape(S, R, D)]
    raise InputError(f"shape {shapes!r}: S, R, D are needed, or a list of shapes")


def facts_recalled(
    shape: Shape, sized: Sequence[tuple[int, Sizes]], shared: Trials
) -> list[tuple[int | None, ...]]:
    """Train transformers and count the facts that each of them knows.

    Parameters
    ----------
    shape : S, R, D, K.
    sized : trials, and the sizes of the transformers that are trained in them.
    shared : what the trials share; how many they are is not looked at.

    Returns
    -------
    For each of them, the count of each learning rate; None where it diverged.

    Raises
    ------
    InputError
        If JAX or Optax is missing.
    """
    source = table_source(shape, shared.seed, shared.experiment)
    untrained = []
    for trial, sizes in sized:
        task, embeddings = shape.draw(sizes.d, source, trial)
        rng = source.generator(trial, MEMORY)
        untrained.append(untrained_transformer(task, embeddings, sizes, rng=rng))
    trained = train_transformers(
        untrained, shared.training, length=shared.length, threads=available_threads()
    )
    return [
        tuple(
            None if one.trained is None else count_known(
                one.trained, given.task, length=shared.length, source=source, trial=trial,
                draws=shared.draws, embeddings=given.embeddings,
            ).known
            for one in runs
        )
        for (trial, _), given, runs in zip(sized, untrained, trained, strict=True)
    ]  # fmt: skip


def stored(
    work: Callable[..., Any],
    asked: Sequence[Mapping[str, Any]],
    store: str | Path | None,
    progress: Callable[[Progress], None] | None,
) -> list[Any]:
    """Compute points one after the other, and store each where there is a store.

    Parameters
    ----------
    work, store, progress : as for :func:`sims.training.points.compute_points`.
    asked : arguments of every point. All points of a store share the fields of :class:`Trials`.

    Returns
    -------
    The values, in order.

    Raises
    ------
    InputError
        If the store cannot be used, or a point fails.
    """
    shared = [field.name for field in fields(Trials)]
    return compute_points(
        work, [(_key(one), one) for one in asked], store=store, progress=progress,
        request={"sweep": work.__name__, **{name: asked[0][name] for name in shared}},
    )  # fmt: skip


def _key(arguments: Mapping[str, Any]) -> str:
    """Name a point by its sizes."""
    S, R, D, K = arguments["shape"]
    sizes = {name: value for name, value in arguments.items()
             if name in {"model", "vary", "d", "width", "head_dim", "heads", "start", "limit"}
             and value is not None}  # fmt: skip
    listed = " ".join(f"{name}={value}" for name, value in sizes.items())
    return f"S={S} R={R} D={D} K={K} {listed}"
