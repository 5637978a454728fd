r"""Transformers on random fact tables: which facts they recall.

A trial draws a table of S subjects, R relations and D answers for each relation, and embeddings on
the sphere for its vocabulary; the model is built for them and asked for **every** fact, by prompts
whose noise and places are drawn anew.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from assoc.checks import trial_count
from assoc.memories.memory import memory_bits, memory_parameters
from sims.engine.parallel import Workers
from sims.engine.randomness import Source
from sims.engine.results import Result
from sims.engine.statistics import LEVEL, Interval, mean_interval, proportion_interval
from sims.transformers.architecture import LENGTH, Architecture, Shape, table_source
from sims.transformers.prompts import count_known

__all__ = ["FactsPoint", "FactsRecall", "facts_known", "measure_facts"]


@dataclass(frozen=True)
class FactsPoint:
    """Recall of one architecture at one shape.

    Parameters
    ----------
    shape : S, R, D, K.
    architecture : the model and its sizes.
    known : for each trial, the number of facts answered rightly in every prompt.
    parameters, bits : stored numbers of the model, and bits where they are rounded.
    """

    shape: Shape
    architecture: Architecture
    known: tuple[int, ...]
    parameters: int
    bits: int | None = None

    @property
    def recall(self) -> float:
        """Mean share of the facts known."""
        return float(np.mean(self.known)) / self.shape.facts

    @property
    def standard_error(self) -> float:
        """Of the recall, over trials; infinite for a single one."""
        if len(self.known) < 2:
            return float("inf")
        return float(np.std(self.known, ddof=1) / np.sqrt(len(self.known))) / self.shape.facts

    @property
    def interval(self) -> Interval:
        """Interval of the recall at :data:`sims.engine.statistics.LEVEL`."""
        return mean_interval(np.array(self.known) / self.shape.facts)

    @property
    def whole(self) -> int:
        """Trials in which every fact was known."""
        return sum(count == self.shape.facts for count in self.known)


@dataclass(frozen=True, repr=False)
class FactsRecall(Result):
    """What transformers recalled of random fact tables."""

    length: int
    draws: int
    seed: int
    points: tuple[FactsPoint, ...]

    def __repr__(self) -> str:
        listed = ", ".join(f"{p.architecture.label()}: {p.recall:.4g}" for p in self.points)
        return f"FactsRecall({listed})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per shape."""
        return [
            {
                **_sizes(p.shape, p.architecture),
                "recall": p.recall,
                "interval": list(p.interval),
                "trials": len(p.known),
                "all_recalled": p.whole / len(p.known),
                "all_interval": list(proportion_interval(p.whole, len(p.known))),
                "parameters": p.parameters,
                "bits": p.bits,
            }
            for p in self.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {"length": self.length, "draws": self.draws, "seed": self.seed, "level": LEVEL,
                "points": self.rows()}  # fmt: skip


def measure_facts(
    architecture: Architecture,
    shapes: Shape | Sequence[Shape],
    *,
    length: int = LENGTH,
    draws: int = 1,
    trials: int = 10,
    seed: int = 0,
    experiment: str = "facts",
    threads: int | None = None,
    executor: Executor | None = None,
) -> FactsRecall:
    """Measure which facts of random tables a transformer recalls.

    Parameters
    ----------
    architecture : the model, at one size.
    shapes : S, R, D of the tables; every one is measured.
    length : T of the prompts.
    draws : prompts for each fact; a fact counts if all are answered rightly.
    trials : independent tables, embeddings and models per shape.
    seed, experiment : determine every random number, with the shape and the trial.
    threads : trials at a time; None means all available.
    executor : run the trials on this instead.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> measure_facts(Architecture("attention-only", 32), Shape(8, 4, 3), trials=2)
    FactsRecall(attention-only: 1)
    """
    trials = trial_count(trials)
    workers = Workers.of(threads, executor)
    points = []
    for shape in [shapes] if isinstance(shapes, Shape) else shapes:
        source = table_source(shape, seed, experiment)
        work = partial(facts_known, architecture, shape, length, draws, source)
        counts, parameters, bits = zip(*workers.run(work, range(trials)), strict=True)
        points.append(FactsPoint(shape, architecture, counts, parameters[0], bits[0]))
    return FactsRecall(length, draws, seed, tuple(points))


def facts_known(
    architecture: Architecture, shape: Shape, length: int, draws: int, source: Source, trial: int
) -> tuple[int, int, int | None]:
    """Count the facts that a trial's model knows, its parameters, and its bits where rounded.

    Parameters
    ----------
    architecture, shape, length, draws : as for :func:`measure_facts`.
    source, trial : determine table, embeddings, model and prompts.
    """
    task, embeddings = shape.draw(architecture.d, source, trial)
    model = architecture.build(task, embeddings, source, trial)
    with architecture.blamed():
        found = count_known(
            model, task, length=length, source=source, trial=trial, draws=draws,
            embeddings=embeddings,
        )  # fmt: skip
        return found.known, memory_parameters(model), memory_bits(model)


def _sizes(shape: Shape, architecture: Architecture) -> dict[str, Any]:
    return {
        "model": architecture.label(),
        "S": shape.subjects,
        "R": shape.relations,
        "D": shape.answers,
        "facts": shape.facts,
        "d": architecture.d,
    }
