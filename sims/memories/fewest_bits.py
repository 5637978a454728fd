r"""The fewest bits per weight with which everything is still recalled.

A trial's memory is built once, with exact weights, and then encoded with each number b of bits per
weight (:func:`assoc.bits.codes.encode`); what is asked is decoded from the bits that are counted.
Recall is not monotone in b, so what is reported is the first b, in increasing order, with which
everything is recalled: it fails with every smaller b that was tried, and with a larger one it may
fail again.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.bits.codes import encode
from assoc.bits.levels import check_bits
from assoc.errors import InputError
from assoc.memories.memory import Build
from assoc.transformers.model import OneLayer
from sims.engine.parallel import available_threads, blas_threads, run
from sims.engine.randomness import MEMORY, Source
from sims.engine.results import Result, new_axes
from sims.engine.statistics import (
    LEVEL,
    Interval,
    mean_interval,
    median_interval,
    proportion_interval,
)
from sims.memories.construction import Construction, Size
from sims.memories.recall import source_of
from sims.memories.scoring import recalled
from sims.memories.settings import Setting, as_size, positive, settle, trial_count
from sims.transformers.prompts import count_known
from sims.transformers.recall import LENGTH, Architecture, Shape, table_source

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WIDTHS", "FewestBitsResult", "fewest_bits", "fewest_bits_facts"]

WIDTHS = (1, 2, 4, 8, 16)
"""Bits per weight that are tried unless others are asked for."""


@dataclass(frozen=True, repr=False)
class FewestBitsResult(Result):
    """What was recalled with each number of bits per weight.

    Parameters
    ----------
    memory : the memory or model, with its options.
    d, facts : dimension and number of facts.
    widths : bits per weight b that were tried, increasing.
    rounding : nearest or stochastic.
    seed : determines every random number.
    parameters : stored numbers.
    bits : stored bits with each b.
    exact : for each trial, the facts recalled with exact weights.
    counts : for each trial, the facts recalled with each b.
    """

    memory: str
    d: int
    facts: int
    widths: tuple[int, ...]
    rounding: str
    seed: int
    parameters: int
    bits: tuple[int, ...]
    exact: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]

    def __repr__(self) -> str:
        return f"FewestBitsResult({self.memory}, d={self.d}, {self.facts} facts: b={self.b:g})"

    @property
    def fewest(self) -> tuple[float, ...]:
        """First b of each trial with which everything is recalled; infinite if with none."""
        return tuple(self._first(self.widths, float("inf")))

    @property
    def b(self) -> float:
        """Median over trials of :attr:`fewest`."""
        return float(np.median(self.fewest))

    @property
    def spent(self) -> float:
        """Median over trials of the stored bits with the fewest b; infinite if censored."""
        return float(np.median(list(self._first(self.bits, float("inf")))))

    @property
    def interval(self) -> Interval:
        """Order-statistic interval of the median b: above its lower end, at most its upper."""
        below = (0, *self.widths[:-1])
        return median_interval(list(self._first(below, self.widths[-1])), self.fewest)

    @property
    def censored(self) -> int:
        """Trials in which no b was enough."""
        return int(np.isinf(self.fewest).sum())

    @property
    def relapsed(self) -> int:
        """Trials that recall everything with some b and not with a larger one."""
        whole = np.array(self.counts) == self.facts
        return int((whole[:, :-1] & ~whole[:, 1:]).any(axis=1).sum())

    @property
    def recall(self) -> tuple[float, ...]:
        """Mean share of the facts recalled with each b."""
        return tuple((np.array(self.counts).mean(axis=0) / self.facts).tolist())

    def _first(self, values: Sequence[float], otherwise: float) -> list[float]:
        """Entry of ``values`` at each trial's first width that is enough."""
        return [
            next((v for v, n in zip(values, counts, strict=True) if n == self.facts), otherwise)
            for counts in self.counts
        ]

    def rows(self) -> list[dict[str, Any]]:
        """Return one record for each b, and for exact weights, whose b and bits are None."""
        columns = [*np.array(self.counts).T, np.array(self.exact)]
        sizes = zip((*self.widths, None), (*self.bits, None), columns, strict=True)
        trials = len(self.counts)
        return [
            {
                "b": b,
                "bits": bits,
                "recall": float(known.mean() / self.facts),
                "interval": list(mean_interval(known / self.facts)),
                "all_recalled": float((known == self.facts).mean()),
                "all_interval": list(proportion_interval(int((known == self.facts).sum()), trials)),
                "trials": trials,
            }
            for b, bits, known in sizes
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values; an unbounded end is None."""

        def finite(value: float) -> float | None:
            return value if np.isfinite(value) else None

        return {
            "memory": self.memory,
            "d": self.d,
            "facts": self.facts,
            "rounding": self.rounding,
            "seed": self.seed,
            "level": LEVEL,
            "parameters": self.parameters,
            "b": finite(self.b),
            "interval": [finite(end) for end in self.interval],
            "spent": finite(self.spent),
            "fewest": [finite(b) for b in self.fewest],
            "censored": self.censored,
            "relapsed": self.relapsed,
            "points": self.rows(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw recall against b, with intervals, and the recall of exact weights as a line."""
        ax = new_axes(ax)
        *points, exact = self.rows()
        recall = np.array([p["recall"] for p in points])
        ends = np.array([p["interval"] for p in points])
        bars = np.maximum(np.abs(ends.T - recall), 0)
        label = f"{self.memory}, d = {self.d}, {self.facts} facts"
        ax.errorbar(self.widths, recall, yerr=bars, fmt="o-", capsize=3, label=label)
        ax.axhline(exact["recall"], linestyle=":", color="0.5", label="exact weights")
        ax.set_xscale("log", base=2)
        ax.set_xlabel("bits per weight b")
        ax.set_ylabel("recall")
        ax.legend(frameon=False)
        return ax


@dataclass(frozen=True)
class _Found:
    """What a trial recalled with exact weights and with each b, and the sizes of its memory."""

    exact: int
    counts: tuple[int, ...]
    parameters: int
    bits: tuple[int, ...]


def fewest_bits(
    memory: str | Build,
    *,
    N: int,
    d: int | None = None,
    rank: Size | None = None,
    width: Size | None = None,
    degree: int | None = None,
    widths: Sequence[int] = WIDTHS,
    rounding: str | None = None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 10,
    seed: int = 0,
    experiment: str = "recall",
    threads: int | None = None,
    executor: Executor | None = None,
) -> FewestBitsResult:
    """Search the fewest bits per weight with which a memory recalls all of N facts.

    A trial recalls with b bits what :func:`sims.memories.recall.measure` says with ``bits=b``.

    Parameters
    ----------
    memory, d, rank, width, degree, rounding, embeddings, preprocess, facts, outputs :
        as for :func:`sims.memories.recall.measure`.
    N : number of facts.
    widths : bits per weight b that are tried, each in every trial.
    trials, seed, experiment : independent trials, and what determines every random number.
    threads : trials at a time; None means all available.
    executor : run the trials on this instead.

    Returns
    -------
    FewestBitsResult

    Raises
    ------
    InputError
        If an argument is out of range or names nothing, or the memory has no code.

    Examples
    --------
    >>> fewest_bits("linear", d=32, N=24, trials=3)
    FewestBitsResult(linear, d=32, 24 facts: b=1)
    """
    widths = _increasing(widths)
    construction = Construction(memory, rank, None, width, degree)
    setting = settle(
        d=d, embeddings=embeddings, preprocessing=preprocess, facts=facts, outputs=outputs
    )
    Construction(memory, rank, widths[0], width, degree, rounding).build(setting.d)
    N = positive(as_size(N, "N"), "N")
    source = source_of(setting, seed, experiment)
    work = partial(_memory_trial, construction, setting, N, widths, rounding or "nearest", source)
    return _collected(
        work, construction.label(setting.d), setting.d, N, widths, rounding, seed, trials, threads,
        executor,
    )  # fmt: skip


def fewest_bits_facts(
    architecture: Architecture,
    shape: Shape,
    *,
    widths: Sequence[int] = WIDTHS,
    rounding: str | None = None,
    length: int = LENGTH,
    draws: int = 1,
    trials: int = 10,
    seed: int = 0,
    experiment: str = "facts",
    threads: int | None = None,
    executor: Executor | None = None,
) -> FewestBitsResult:
    """Search the fewest bits per weight with which a transformer knows every fact of a table.

    A trial knows with b bits what :func:`sims.transformers.recall.measure_facts` says of an
    architecture with ``bits=b``.

    Parameters
    ----------
    architecture : the model, at one size, without bits.
    shape : S, R, D of the tables.
    widths, rounding : as for :func:`fewest_bits`.
    length, draws, trials, seed, experiment, threads, executor : as for
        :func:`sims.transformers.recall.measure_facts`.

    Returns
    -------
    FewestBitsResult

    Raises
    ------
    InputError
        If an argument is out of range, or the model has no code.

    Examples
    --------
    >>> fewest_bits_facts(Architecture("attention-only", 32), Shape(8, 4, 3), trials=2).censored
    0
    """
    widths = _increasing(widths)
    if architecture.bits is not None or architecture.rounding is not None:
        raise InputError(f"{architecture.label()}: give widths, not bits, to search the fewest")
    replace(architecture, bits=widths[0], rounding=rounding).resolved()
    source = table_source(shape, seed, experiment)
    work = partial(
        _model_trial, architecture, shape, length, draws, widths, rounding or "nearest", source
    )
    return _collected(
        work, architecture.label(), architecture.d, shape.facts, widths, rounding, seed, trials,
        threads, executor,
    )  # fmt: skip


def _increasing(widths: Sequence[int]) -> tuple[int, ...]:
    """Widths as increasing integers."""
    found = tuple(sorted({check_bits(b) for b in widths}))
    if not found:
        raise InputError("widths is an empty list")
    return found


def _collected(
    work: Callable[[int], _Found],
    label: str,
    d: int,
    facts: int,
    widths: tuple[int, ...],
    rounding: str | None,
    seed: int,
    trials: int,
    threads: int | None,
    executor: Executor | None,
) -> FewestBitsResult:
    """Run the trials and make the record."""
    threads = available_threads() if threads is None else positive(threads, "threads")
    found = run(work, range(trial_count(trials)), threads=threads, executor=executor)
    return FewestBitsResult(
        label,
        d,
        facts,
        widths,
        rounding or "nearest",
        seed,
        found[0].parameters,
        found[0].bits,
        tuple(each.exact for each in found),
        tuple(each.counts for each in found),
    )


def _memory_trial(
    construction: Construction,
    setting: Setting,
    N: int,
    widths: tuple[int, ...],
    rounding: str,
    source: Source,
    trial: int,
) -> _Found:
    E, U, f = setting.draw(N, source, trial)
    rng = source.generator(trial, MEMORY)
    with blas_threads(1):
        memory = construction.build(setting.d)(E, U, f, rng=rng)
    # Stochastic rounding goes on where the build stopped, with every b.
    codes = [encode(memory, b, rounding=rounding, rng=copy.deepcopy(rng)) for b in widths]
    exact, *counts = (
        int(recalled(each, E, U, f, threads=1).sum())
        for each in (memory, *(code.decode() for code in codes))
    )
    return _Found(exact, tuple(counts), memory.parameters, tuple(code.bits for code in codes))


def _model_trial(
    architecture: Architecture,
    shape: Shape,
    length: int,
    draws: int,
    widths: tuple[int, ...],
    rounding: str,
    source: Source,
    trial: int,
) -> _Found:
    task, embeddings = shape.draw(architecture.d, source, trial)
    rng = source.generator(trial, MEMORY)
    model = architecture.resolved()[1](task, embeddings, rng=rng)
    codes = [encode(model, b, rounding=rounding, rng=copy.deepcopy(rng)) for b in widths]

    def known(asked: OneLayer) -> int:
        return count_known(
            asked, task, length=length, source=source, trial=trial, draws=draws,
            embeddings=embeddings,
        ).known  # fmt: skip

    counts = tuple(known(code.decode(embeddings)) for code in codes)
    return _Found(known(model), counts, model.parameters, tuple(code.bits for code in codes))
