"""Memories side by side on the same draws: what each recalls, and how far they are apart.

Every memory is measured on the same embeddings and facts, trial by trial, so that a difference is
of paired values: what the draws have in common does not widen its interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.catalogue import options_of
from assoc.checks import several
from assoc.errors import InputError
from assoc.memories.memory import Build, memory_bits, memory_parameters
from sims.engine.randomness import MEMORY
from sims.engine.results import Result, finite, log_scales, new_axes
from sims.engine.statistics import Interval, median_interval
from sims.memories.capacity import CapacityPoint, capacity
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import RecallPoint, measure
from sims.memories.settings import settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Compared", "ComparisonResult", "compare"]

MARKERS = "osD^v<>P*X"


@dataclass(frozen=True)
class Compared:
    """One memory at one size, beside the first.

    Parameters
    ----------
    memory : its name, with the options.
    d, N : dimension, and number of facts: given, or the median capacity.
    value, interval : recall, or capacity, and its interval at 99%.
    parameters, bits : stored numbers, and stored bits where weights are rounded.
    difference, difference_interval : value minus that of the first memory, on the same draw: the
        median over the draws, with an interval of order statistics, whose coverage is proved
        whatever the law. None for the first itself.
    """

    memory: str
    d: int
    N: float
    value: float
    interval: Interval
    parameters: int
    bits: int | None
    difference: float | None = None
    difference_interval: Interval | None = None

    def row(self, name: str) -> dict[str, Any]:
        """Return the record; ``name`` is what the value is."""
        held = self.N * self.value if name == "recall" else self.value
        ends = self.difference_interval
        return {
            "memory": self.memory,
            "d": self.d,
            **({"N": int(self.N)} if name == "recall" else {}),
            name: self.value,
            "interval": [finite(end) for end in self.interval],
            "difference": self.difference,
            "difference_interval": None if ends is None else [finite(end) for end in ends],
            "parameters": self.parameters,
            "facts_per_parameter": held / self.parameters if self.parameters else None,
            **({} if self.bits is None else {"bits": self.bits}),
        }


@dataclass(frozen=True, repr=False)
class ComparisonResult(Result):
    """Memories beside each other, the first being what the others are compared with.

    Parameters
    ----------
    quantity : ``recall`` or ``capacity``.
    seed, trials : of every measurement.
    points : one for each size and memory.
    """

    quantity: str
    seed: int
    trials: int
    points: tuple[Compared, ...]

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(point.memory for point in self.points))
        return f"ComparisonResult({self.quantity}, {names})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record for each size and memory; an unbounded end is None."""
        return [point.row(self.quantity) for point in self.points]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        head = {"quantity": self.quantity, "seed": self.seed, "trials": self.trials}
        return {**head, "points": self.rows()}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the value of every memory, with intervals: recall against N, capacity against d.

        Where every fact of every trial was recalled there is no bar: see
        :meth:`sims.memories.recall.RecallResult.plot`.
        """
        ax = new_axes(ax)
        recall = self.quantity == "recall"
        names = dict.fromkeys((point.memory, point.d if recall else 0) for point in self.points)
        several_d = len({d for _, d in names}) > 1
        for marker, (name, d) in zip(MARKERS * len(names), names, strict=False):
            those = [p for p in self.points if (p.memory, p.d if recall else 0) == (name, d)]
            values = np.array([p.value for p in those])
            ends = np.nan_to_num(np.array([p.interval for p in those]), posinf=np.nan)
            bars = np.maximum(np.abs(ends.T - values), 0)
            if recall:
                bars[:, values == 1] = 0
            ax.errorbar(
                [p.N if recall else p.d for p in those], values, yerr=bars, fmt=f"{marker}-",
                mfc="none", capsize=3, label=f"{name}, d = {d}" if several_d else name,
            )  # fmt: skip
        ax.set_xlabel("facts $N$" if recall else "dimension $d$")
        ax.set_ylabel("recall" if recall else "capacity $N$")
        if not recall:
            log_scales(ax, x_base=2)
        ax.legend(frameon=False)
        return ax


def compare(
    memories: Sequence[str | Build],
    *,
    d: int | Sequence[int],
    N: int | Sequence[int] | None = None,
    criterion: str | float = "all",
    embeddings: str = "sphere",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 20,
    seed: int = 0,
    threads: int | None = None,
    **options: Any,
) -> ComparisonResult:
    """Measure memories on the same draws, and the differences from the first of them.

    Parameters
    ----------
    memories : as for :func:`sims.memories.recall.measure`; at least two, of different names.
    d : dimension, or several.
    N : number of facts, or several; None compares capacities.
    criterion : of a capacity, as for :func:`sims.memories.capacity.capacity`.
    embeddings : a law of :data:`assoc.embeddings.LAWS`.
    facts, outputs, trials, seed, threads : as for :func:`sims.memories.recall.measure`.
    options : ``rank``, ``width``, ``bits`` and the like: given to those memories that know them.

    Returns
    -------
    ComparisonResult, one point for each size and memory.

    Raises
    ------
    InputError
        If there are fewer than two memories, two are the same, an option is known to none of them,
        or an argument is out of range.

    Examples
    --------
    >>> found = compare(["linear", "dual-inputs"], d=32, N=60, trials=20)
    >>> found.points[1].difference_interval[0] > 0
    True
    """
    constructions = _constructions(memories, options)
    laws = {"embeddings": embeddings, "facts": facts, "outputs": outputs}
    rest: dict[str, Any] = {**laws, "trials": trials, "seed": seed, "threads": threads}
    points = []
    for k in several(d, "d"):
        results = [
            capacity(**vars(each), d=k, criterion=criterion, **rest)
            if N is None
            else measure(**vars(each), d=k, N=N, **rest)
            for each in constructions
        ]
        for beside in zip(*(result.points for result in results), strict=True):
            for construction, point in zip(constructions, beside, strict=True):
                sizes = _stored(construction, k, max(1, round(point.N)), laws, seed)
                name, first = construction.label(k), beside[0]
                points.append(_compared(name, point, None if point is first else first, sizes))
    return ComparisonResult("capacity" if N is None else "recall", seed, trials, tuple(points))


def _constructions(
    memories: Sequence[str | Build], options: Mapping[str, Any]
) -> list[Construction]:
    given = {name: value for name, value in options.items() if value is not None}
    known = [options_of(memory) for memory in memories]
    for name in given:
        if not any(name in each for each in known):
            raise InputError(f"none of the memories takes a {name}")
    found = [
        Construction(memory, **{name: value for name, value in given.items() if name in each})
        for memory, each in zip(memories, known, strict=True)
    ]
    labels = [each.label() for each in found]
    if len(found) < 2:
        raise InputError("compare needs two memories or more")
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise InputError(f"memory {twice!r} is given twice")
    return found


def _compared(
    memory: str,
    point: RecallPoint | CapacityPoint,
    first: RecallPoint | CapacityPoint | None,
    sizes: tuple[int, int | None],
) -> Compared:
    """Put a memory's values beside those of the first memory on the same draws."""
    low, high = _ends(point)
    value = point.recall if isinstance(point, RecallPoint) else point.N
    found = Compared(memory, point.d, point.N, value, point.interval(), *sizes)
    if first is None:
        return found
    first_low, first_high = _ends(first)
    unit = point.judged if isinstance(point, RecallPoint) else 1
    ends = median_interval(
        ((low - first_high) / unit).tolist(), ((high - first_low) / unit).tolist()
    )
    apart = float(np.median(low - first_low)) / unit
    return replace(found, difference=apart, difference_interval=ends)


def _ends(point: RecallPoint | CapacityPoint) -> tuple[Floats, Floats]:
    """Return between what the number of facts recalled in each draw is known to lie."""
    if isinstance(point, RecallPoint):
        counts = np.array(point.counts, np.float64)
        return counts, counts
    return np.array(point.low, np.float64), np.array(point.high, np.float64)


def _stored(
    construction: Construction, d: int, N: int, laws: Mapping[str, Any], seed: int
) -> tuple[int, int | None]:
    """Count the parameters and the bits of a memory of N facts."""
    ensemble = Ensemble.of(construction, settle(d=d, **laws), seed, "recall")
    built = ensemble.build(*ensemble.draw(N, 0), rng=ensemble.source.generator(0, MEMORY))
    with ensemble.blamed():
        return memory_parameters(built), memory_bits(built)
