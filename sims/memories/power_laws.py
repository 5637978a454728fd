r"""Memories of inputs that are not equally likely: measured error under x ~ x^-a.

The memory is W = sum_x q(x) u_f(x) e_x^T over the inputs that it stores, with weights

===============  ======================================================================
``probability``  q(x) = p(x) on the n likeliest inputs
``first``        q = 1 on the n likeliest inputs
``counts``       q(x) = how often x is among T samples
``seen``         q = 1 on the inputs among T samples
``frequent``     q = 1 on the n inputs most often among T samples
===============  ======================================================================

Its error is the probability that an input drawn from p is not recalled; inputs that are not stored
count as errors (chance would give some of them right, at most 1/M of them).
"""

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assoc.catalogue import blamed, resolve
from assoc.checks import positive, trial_count
from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.facts.input_laws import PowerLaw
from assoc.facts.maps import MAPS
from assoc.memories.memory import Build, Factors
from sims.engine.parallel import Workers
from sims.engine.randomness import FACTS, INPUTS, MEMORY, OUTPUTS, SAMPLE, Source
from sims.engine.results import Result, log_scales, new_axes
from sims.engine.statistics import LEVEL, Interval, mean_interval
from sims.memories.scoring import recalled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WEIGHTS", "ErrorPoint", "ErrorResult", "Weighted", "measure_error"]

SAMPLED = ("counts", "seen", "frequent")
CUT = ("first", "frequent")

WEIGHTS = ("probability", *CUT, "counts", "seen")
"""Weightings by name."""

REACH = 32.0
"""With q = p, inputs are stored up to so many times d^(1/(2a)), where recall ends."""


@dataclass(frozen=True)
class Weighted:
    """A weighted memory of inputs x ~ x^-a.

    Parameters
    ----------
    weights : a name of :data:`WEIGHTS`.
    law : p.
    d : dimension of inputs and outputs.
    stored : n, for ``first`` and ``frequent``; for ``probability`` None leaves it to a rule.
    samples : T, for the count-based weightings.
    facts, outputs : law of the fact map of the stored inputs and M; None means one output each.
    bits : b, weights of W rounded to so many bits; None means exact ones.
    memory : what stores the facts, given inputs scaled by q: ``linear``, or a build of the user's.

    Raises
    ------
    InputError
        If a name is unknown, or a number missing, out of place or out of range.

    Examples
    --------
    >>> Weighted("first", PowerLaw(2.0), 16, stored=8).label()
    'first n=8'
    """

    weights: str
    law: PowerLaw
    d: int
    stored: int | None = None
    samples: int | None = None
    facts: str = "identity"
    outputs: int | None = None
    bits: int | None = None
    memory: str | Build = "linear"

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise InputError(f"weights {self.weights!r} are not one of {', '.join(WEIGHTS)}")
        positive(self.d, "d")
        if self.outputs is not None:
            positive(self.outputs, "M")
        if self.facts not in MAPS:
            raise InputError(f"facts {self.facts!r} is not one of {', '.join(MAPS)}")
        for name, value, wanted in (
            ("samples", self.samples, self.weights in SAMPLED),
            ("stored", self.stored, self.weights in (*CUT, "probability")),
        ):
            if value is not None and not wanted:
                raise InputError(f"weights {self.weights!r} take no number of {name} inputs")
            if value is None and wanted and not (name, self.weights) == ("stored", "probability"):
                raise InputError(f"weights {self.weights!r} need a number of {name} inputs")
            if value is not None:
                positive(value, name)

    @property
    def listed(self) -> int:
        """Number of inputs that ``probability`` and ``first`` store."""
        reach = math.ceil(REACH * self.d ** (1 / max(2 * self.law.exponent, 1.0)))
        return int(min(reach if self.stored is None else self.stored, self.law.inputs))

    def contents(
        self, source: Source, trial: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities p(x) and weights q(x) of the inputs that a trial's memory stores."""
        if self.weights not in SAMPLED:
            p = self.law.head(self.listed)
            return p, p / p[0] if self.weights == "probability" else np.ones(len(p))
        assert self.samples is not None
        drawn = self.law.draw(self.samples, rng=source.generator(trial, SAMPLE))
        x, count = np.unique(drawn, return_counts=True)
        p = np.asarray((x + 1.0) ** -self.law.exponent / self.law.normaliser, np.float64)
        if self.weights == "counts":
            return p, count / count.max()
        if self.weights == "frequent":
            # Ties go to the likelier input, as unique returns them.
            p = p[np.argsort(-count, kind="stable")[: self.stored]]
        return p, np.ones(len(p))

    def error(self, source: Source, trial: int) -> float:
        """Measure the error of one trial's memory."""
        p, q = self.contents(source, trial)
        K, M = len(p), len(p) if self.outputs is None else self.outputs
        E = source.vectors(sphere, K, self.d, trial=trial, stream=INPUTS)
        U = source.vectors(sphere, M, self.d, trial=trial, stream=OUTPUTS)
        f = MAPS[self.facts](K, M, rng=source.generator(trial, FACTS))
        scaled = E * q[:, None]
        if self.memory == "linear" and self.bits is None and self.d > K:
            # The same map as the (d, d) matrix, and cheaper.
            memory: Any = Factors((np.asarray(U[f], np.float64).T, scaled))
        else:
            build = resolve(self.memory, bits=self.bits)[1]
            memory = build(scaled, U, f, rng=source.generator(trial, MEMORY))
        with blamed(self.memory):
            right = recalled(memory, E, U, f)
        if self.weights in ("probability", "counts") or self.facts == "balanced":
            return float(1 - p[right].sum())
        # Inputs of equal weight are alike: their mean has the same expectation and less spread.
        return float(1 - p.sum() * right.mean())

    def label(self) -> str:
        """Name for tables, with the options that were given."""
        options = {"n": self.stored, "T": self.samples, "M": self.outputs, "b": self.bits}
        given = [f"{key}={value}" for key, value in options.items() if value is not None]
        facts = [] if self.facts == "identity" else [self.facts]
        return " ".join([self.weights, *facts, *given])


@dataclass(frozen=True)
class ErrorPoint:
    """Measured errors of one memory, one for each trial."""

    memory: Weighted
    errors: tuple[float, ...]

    @property
    def error(self) -> float:
        """Mean over trials."""
        return float(np.mean(self.errors))

    @property
    def standard_error(self) -> float:
        """Standard error of :attr:`error` (NaN for one trial)."""
        if len(self.errors) < 2:
            return float("nan")
        return float(np.std(self.errors, ddof=1) / np.sqrt(len(self.errors)))

    def interval(self, level: float = LEVEL) -> Interval:
        """Interval of the expected error; see :func:`sims.engine.statistics.mean_interval`."""
        return mean_interval(self.errors, level=level)


@dataclass(frozen=True, repr=False)
class ErrorResult(Result):
    """Measured errors, one point for each memory."""

    seed: int
    points: tuple[ErrorPoint, ...]

    def __repr__(self) -> str:
        listed = ", ".join(f"{p.memory.label()} d={p.memory.d}: {p.error:.4g}" for p in self.points)
        return f"ErrorResult({listed})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per memory."""
        return [
            {
                "weights": p.memory.label(),
                "law": str(p.memory.law),
                "d": p.memory.d,
                "T": p.memory.samples,
                "error": p.error,
                "interval": list(p.interval()),
                "trials": len(p.errors),
            }
            for p in self.points
        ]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw error against d (or T, where it varies) on logarithmic axes."""
        ax = new_axes(ax)
        samples = {p.memory.samples for p in self.points}
        x = [float(p.memory.d if len(samples) == 1 else p.memory.samples or 0) for p in self.points]
        errors = np.array([p.error for p in self.points])
        ends = np.array([p.interval() for p in self.points])
        ax.errorbar(x, errors, yerr=np.abs(ends.T - errors), fmt="ok", capsize=3, label="measured")
        log_scales(ax)
        ax.set_xlabel("dimension $d$" if len(samples) == 1 else "samples $T$")
        ax.set_ylabel("error")
        return ax


def measure_error(
    memories: Weighted | Sequence[Weighted],
    *,
    trials: int = 20,
    seed: int = 0,
    experiment: str = "power-law",
    threads: int | None = None,
    executor: Executor | None = None,
) -> ErrorResult:
    """Measure the error of weighted memories.

    Parameters
    ----------
    memories : the memories, each measured in trials of its own.
    trials : independent trials of each.
    seed, experiment : with d, T and the trial they determine every random number; memories that
        differ in nothing else see the same embeddings and samples.
    threads : trials at a time; None means all available. Results do not depend on it.
    executor : run the trials on this instead.

    Returns
    -------
    ErrorResult, one point per memory.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> measure_error(Weighted("first", PowerLaw(2.0), 64, stored=16), trials=5)
    ErrorResult(first n=16 d=64: 0.03683)
    """
    trials = trial_count(trials)
    workers = Workers.of(threads, executor)
    points = []
    for memory in [memories] if isinstance(memories, Weighted) else memories:
        source = Source(seed, experiment, (memory.d, memory.samples or 0))
        work = partial(memory.error, source)
        errors = workers.run(work, range(trials))
        points.append(ErrorPoint(memory, tuple(errors)))
    return ErrorResult(seed, tuple(points))
