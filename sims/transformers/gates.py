r"""The fewest gates behind attention that answer every fact of a random table, as a bracket.

Heads that look where they should give phi_s + phi_r of a fact (s, r), and a sign-gated memory of
these sums tells the answer among all n tokens. A trial's table and embeddings are fixed; its gates
and outputs are drawn anew at every size.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.checks import positive, trial_count
from assoc.errors import InputError
from assoc.memories.decoding import margins
from assoc.memories.sign_gates import sign_gated
from assoc.transformers.attention_mlp import copied_sums
from sims.engine.bracketing import bracket
from sims.engine.parallel import Workers
from sims.engine.randomness import MEMORY, Source
from sims.engine.results import finite
from sims.engine.searches import Brackets
from sims.transformers.architecture import Shape, table_source

__all__ = ["GatesPoint", "fewest_gates"]


@dataclass(frozen=True)
class GatesPoint(Brackets):
    """Brackets of the fewest gates at one shape.

    Parameters
    ----------
    shape : S, R, D, K.
    d : dimension of the embeddings.
    low, high : for each trial, a number of gates measured not to be enough (0 where none was) and a
        larger one measured to be (infinite where the search was censored).
    """

    shape: Shape
    d: int
    low: tuple[int, ...]
    high: tuple[float, ...]

    @property
    def gates(self) -> float:
        """Median over trials of the fewest gates seen to be enough."""
        return float(np.median(self.high))

    def row(self) -> dict[str, Any]:
        """Return the record of a table; an unbounded end is None."""
        return {
            "S": self.shape.subjects,
            "R": self.shape.relations,
            "D": self.shape.answers,
            "facts": self.shape.facts,
            "d": self.d,
            "gates": finite(self.gates),
            "interval": self.finite_interval(),
            **self.tally(),
            **self.ends(),
        }


def fewest_gates(
    shape: Shape,
    *,
    d: int,
    omega: float,
    limit: int | None = None,
    resolution: float = 0.01,
    trials: int = 5,
    seed: int = 0,
    experiment: str = "gates",
    threads: int | None = None,
    executor: Executor | None = None,
) -> GatesPoint:
    """Search the fewest square-wave gates that answer every fact of a table, trial by trial.

    Parameters
    ----------
    shape : S, R, D and K of the tables.
    d : dimension of the embeddings.
    omega : frequency of the square waves.
    limit : most gates that are tried; trials in which these are not enough are reported as
        censored. None stands for 64 for each fact, or at least 1024.
    resolution : width of the bracket, relative to its upper end; never below neighbouring numbers.
    trials, seed, experiment, threads, executor : as for
        :func:`sims.transformers.recall.measure_facts`.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> point = fewest_gates(Shape(4, 4, 2, noise=4), d=16, omega=3.0, trials=3)
    >>> point.censored, 5 < point.gates < 100
    (0, True)
    """
    if not 0 <= resolution < 1:
        raise InputError(f"resolution {resolution} is not in [0, 1)")
    most = max(1024, 64 * shape.facts) if limit is None else positive(limit, "limit")
    source = table_source(shape, seed, experiment)
    search = _Search(shape, positive(d, "d"), omega, most, resolution, source)
    brackets = Workers.of(threads, executor).run(search, range(trial_count(trials)))
    low, high = zip(*brackets, strict=True)
    return GatesPoint(shape, d, low, high)


@dataclass(frozen=True)
class _Search:
    """The search of one trial, in a form that can be sent to another process."""

    shape: Shape
    d: int
    omega: float
    limit: int
    resolution: float
    source: Source

    def __call__(self, trial: int) -> tuple[int, float]:
        """Bracket one trial's number of gates."""
        task, Phi = self.shape.draw(self.d, self.source, trial)
        X, labels = copied_sums(task, Phi), task.labels

        def enough(gates: int) -> bool:
            rng = self.source.generator(trial, MEMORY)
            memory = sign_gated(gates, "square", self.omega)(X, Phi, labels, rng=rng)
            return bool((margins(memory, X, Phi, labels) > 0).all())

        start = max(1, round(2 * self.shape.facts / self.d))
        return bracket(enough, start=start, limit=self.limit, resolution=self.resolution)
