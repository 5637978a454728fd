r"""The fewest bits per weight with which everything is still recalled, whatever is encoded.

A trial's memory or model is built once, with exact weights, and then encoded with each number b of
bits per weight (:func:`assoc.bits.codes.in_bits`), or it is fitted anew with each b where it can
be; what is asked is decoded from the bits that are counted. Recall is not monotone in b, so what is
reported is the first b, in increasing order, with which everything is recalled: it fails with every
smaller b that was tried, and with a larger one it may fail again.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.bits.codes import in_bits
from assoc.bits.levels import check_bits
from assoc.checks import trial_count
from assoc.errors import InputError
from assoc.memories.memory import memory_parameters
from sims.engine.parallel import Workers
from sims.engine.results import Result, finite, new_axes
from sims.engine.statistics import (
    LEVEL,
    Interval,
    mean_interval,
    median_interval,
    proportion_interval,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BITS", "Coding", "FewestBitsResult", "Found", "search_bits"]

BITS = (1, 2, 4, 8, 16)
"""Bits per weight that are tried unless others are asked for."""


@dataclass(frozen=True, repr=False)
class FewestBitsResult(Result):
    """What was recalled with each number of bits per weight.

    Parameters
    ----------
    memory : the memory or model, with its options.
    d, facts : dimension and number of facts.
    bits : bits per weight b that were tried, increasing.
    rounding : nearest or stochastic; none where weights are fitted in their bits.
    seed : determines every random number.
    parameters : stored numbers.
    stored : stored bits with each b.
    exact : for each trial, the facts recalled with exact weights.
    counts : for each trial, the facts recalled with each b.
    """

    memory: str
    d: int
    facts: int
    bits: tuple[int, ...]
    rounding: str
    seed: int
    parameters: int
    stored: tuple[int, ...]
    exact: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]

    def __repr__(self) -> str:
        return f"FewestBitsResult({self.memory}, d={self.d}, {self.facts} facts: b={self.b:g})"

    @property
    def fewest(self) -> tuple[float, ...]:
        """First b of each trial with which everything is recalled; infinite if with none."""
        return tuple(self._first(self.bits, float("inf")))

    @property
    def b(self) -> float:
        """Median over trials of :attr:`fewest`."""
        return float(np.median(self.fewest))

    @property
    def spent(self) -> float:
        """Median over trials of the stored bits with the fewest b; infinite if censored."""
        return float(np.median(list(self._first(self.stored, float("inf")))))

    @property
    def interval(self) -> Interval:
        """Order-statistic interval of the median b: above its lower end, at most its upper."""
        below = (0, *self.bits[:-1])
        return median_interval(list(self._first(below, self.bits[-1])), self.fewest)

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
        """Entry of ``values`` at each trial's first b that is enough."""
        return [
            next((v for v, n in zip(values, counts, strict=True) if n == self.facts), otherwise)
            for counts in self.counts
        ]

    def rows(self) -> list[dict[str, Any]]:
        """Return one record for each b, and for exact weights, whose b and bits are None."""
        columns = [*np.array(self.counts).T, np.array(self.exact)]
        sizes = zip((*self.bits, None), (*self.stored, None), columns, strict=True)
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
        ax.errorbar(self.bits, recall, yerr=bars, fmt="o-", capsize=3, label=label)
        ax.axhline(exact["recall"], linestyle=":", color="0.5", label="exact weights")
        ax.set_xscale("log", base=2)
        ax.set_xlabel("bits per weight $b$")
        ax.set_ylabel("recall")
        ax.legend(frameon=False)
        return ax


@dataclass(frozen=True)
class Found:
    """What a trial recalled with exact weights and with each b, and the sizes of its memory."""

    exact: int
    counts: tuple[int, ...]
    parameters: int
    stored: tuple[int, ...]


@dataclass(frozen=True)
class Coding:
    """Numbers of bits per weight that are tried, and how weights are rounded to them.

    Parameters
    ----------
    bits : b, increasing.
    rounding : one of :data:`assoc.bits.levels.ROUNDINGS`, or none.

    Examples
    --------
    >>> Coding.of([8, 1], None)
    Coding(bits=(1, 8), rounding='nearest')
    """

    bits: tuple[int, ...]
    rounding: str

    @classmethod
    def of(cls, bits: Sequence[int], rounding: str | None) -> "Coding":
        """Return the codings that a caller asks for; no rounding means the nearest level.

        Raises
        ------
        InputError
            If there are no bits, or one is out of range.
        """
        found = tuple(sorted({check_bits(b) for b in bits}))
        if not found:
            raise InputError("bits is an empty list")
        return cls(found, rounding or "nearest")

    def count(
        self,
        built: Any,
        recalled: Callable[[Any], int],
        *,
        rng: np.random.Generator,
        embeddings: Floats | None = None,
    ) -> Found:
        """Count what is recalled with exact weights and, decoded, with each b.

        Parameters
        ----------
        built : memory or model with exact weights.
        recalled : counts what one of them recalls.
        rng : as the build left it; stochastic rounding goes on from there, with every b.
        embeddings : (n, d) of all tokens, for a transformer.
        """
        stored = [
            in_bits(built, b, self.rounding, rng=copy.deepcopy(rng), embeddings=embeddings)
            for b in self.bits
        ]
        exact, *counts = (recalled(each) for each in (built, *stored))
        sizes = tuple(each.bits for each in stored)
        return Found(exact, tuple(counts), memory_parameters(built), sizes)


def search_bits(
    work: Callable[[int], Found],
    coding: Coding,
    *,
    label: str,
    d: int,
    facts: int,
    seed: int,
    trials: int,
    workers: Workers,
) -> FewestBitsResult:
    """Run the trials and make the record.

    Parameters
    ----------
    work : a trial: its number to what was found.
    coding : what it tried.
    label : the memory or model, for tables.
    d, facts, seed : as in :class:`FewestBitsResult`.
    trials, workers : how many, and who runs them.
    """
    found = workers.run(work, range(trial_count(trials)))
    return FewestBitsResult(
        label,
        d,
        facts,
        coding.bits,
        coding.rounding,
        seed,
        found[0].parameters,
        found[0].stored,
        tuple(each.exact for each in found),
        tuple(each.counts for each in found),
    )
