"""Bits that any model of given facts needs, and how many parameters of b bits that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.checks import as_size, positive
from assoc.errors import InputError
from assoc.facts.input_laws import PowerLaw
from assoc.facts.recall_task import table_task
from assoc.facts.tables import FactTable, read_facts
from sims.engine.results import Result, log_scales, new_axes
from theory.bounds.answer_sets import needed_bits
from theory.bounds.bits import least_cross_entropy, least_error_rate, map_bits
from theory.bounds.table_bits import table_bits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BITS", "BoundResult", "bound"]

BITS = (1, 2, 4, 8, 16, 32)
"""Bits per parameter that are listed unless others are asked for."""

POINTS = 40


@dataclass(frozen=True, repr=False)
class BoundResult(Result):
    """Bits that any model needs.

    Parameters
    ----------
    what : the facts, in words.
    facts : number of facts N.
    low, high : bounds on the bits that are needed, equal where they were counted.
    naming : bits that name every answer, or a right one, among those of its relation; None for
        plain maps.
    paper : NLB's leading terms, for S, R and D; else None.
    bits : bits per parameter b.
    law, given, cross_entropy, error : for inputs of a power law and a model of ``given`` bits, the
        least cross-entropy in nats and the least error rate; else None.
    curve : (bits, cross-entropy, error) from few bits to enough of them, for the same law.
    several : facts with several right answers; then ``low`` is needed and ``high`` is enough.
    """

    what: str
    facts: int
    low: float
    high: float
    naming: float | None
    paper: float | None
    bits: tuple[int, ...]
    law: str | None = None
    given: float | None = None
    cross_entropy: float | None = None
    error: float | None = None
    curve: tuple[tuple[float, float, float], ...] = ()
    several: int = 0

    def __repr__(self) -> str:
        return f"BoundResult({self.what}: {self.low:.6g} bits)"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record for each number of bits per parameter."""
        return [
            {
                "bits_per_parameter": b,
                "parameters": math.ceil(self.low / b),
                "per_fact": self.low / b / self.facts,
            }
            for b in self.bits
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "what": self.what,
            "facts": self.facts,
            "several": self.several,
            "bits": self.low,
            "bits_interval": [self.low, self.high],
            "bits_of_answers": self.naming,
            "paper": self.paper,
            "parameters": self.rows(),
            "law": self.law,
            "given_bits": self.given,
            "least_cross_entropy": self.cross_entropy,
            "least_error": self.error,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw parameters against bits per parameter, or the least losses against bits."""
        ax = new_axes(ax)
        if self.curve:
            bits, cross_entropy, error = np.array(self.curve).T
            ax.plot(bits, cross_entropy, "-", label="cross-entropy, nats")
            ax.plot(bits, error, "--", label="error rate")
            log_scales(ax, x_base=2)
            ax.set_xlabel("bits B")
            ax.set_ylabel(f"least possible, {self.law}")
            ax.legend(frameon=False)
            return ax
        rows = self.rows()
        ax.plot([r["bits_per_parameter"] for r in rows], [r["parameters"] for r in rows], "o-",
                label=f"{self.what}, at least")  # fmt: skip
        log_scales(ax, x_base=2)
        ax.set_xlabel("bits per parameter b")
        ax.set_ylabel("parameters")
        ax.legend(frameon=False)
        return ax


def bound(
    table: str | Path | FactTable | None = None,
    *,
    N: int | None = None,
    M: int | None = None,
    facts: str = "random",
    subjects: int | None = None,
    relations: int | None = None,
    answers: int | None = None,
    vocabulary: int | None = None,
    bits: Sequence[int] = BITS,
    exponent: float | None = None,
    given: float | None = None,
) -> BoundResult:
    r"""Bits that any model needs to hold facts, by counting what it may have to hold.

    Parameters
    ----------
    table : CSV with columns subject, relation, answer: tables with as many facts and answers under
        each relation, counted. Where several answers of a fact are right, tables with sets of as
        many (:mod:`theory.bounds.answer_sets`).
    N, M : instead, N facts among M outputs (M = N if not given).
    facts : a law of :data:`assoc.facts.maps.MAPS`, for N and M: which maps are counted.
    subjects, relations, answers : instead, S, R and D, for tables with disjoint answer sets.
    vocabulary : V, the tokens that answers are drawn from; R D if not given.
    bits : bits per parameter that are listed, each at least 1.
    exponent, given : a and B, for N and M: the least cross-entropy and error rate of a model of B
        bits, where input x is asked for with probability ~ x^-a, x <= N.

    Returns
    -------
    BoundResult

    Raises
    ------
    InputError
        If it is not clear which facts are meant, or a size is out of range.

    Examples
    --------
    >>> bound(N=1000, M=1024)
    BoundResult(1000 random facts among 1024 outputs: 10000 bits)
    >>> bound(subjects=16, relations=4, answers=8, vocabulary=64).rows()[0]["parameters"]
    303
    """
    for b in bits:
        if as_size(b, "b") < 1:
            raise InputError(f"b = {b}: a parameter has at least one bit")
    grid = {"S": subjects, "R": relations, "D": answers}
    kinds = [table is not None, N is not None, any(v is not None for v in grid.values())]
    if sum(kinds) != 1:
        raise InputError("give a table, or N (and M), or S, R and D: one of them")
    if not kinds[1] and (M is not None or exponent is not None or given is not None):
        raise InputError("M, an exponent and a number of bits go with N facts only")
    if not kinds[2] and vocabulary is not None:
        raise InputError("a vocabulary goes with S, R and D")
    if table is not None:
        return _of_table(read_facts(table), tuple(bits))
    if N is not None:
        plain = _of_maps(N, M, facts, tuple(bits))
        if exponent is None and given is None:
            return plain
        if facts != "random":
            raise InputError("least losses are those of random facts: independent answers")
        return _with_losses(plain, PowerLaw(exponent or 0.0, N), N if M is None else M, given)
    sizes = []
    for name, value in grid.items():
        if value is None:
            raise InputError(f"{name} is missing: give S, R and D")
        sizes.append(positive(value, name))
    S, R, D = sizes
    found = table_bits(S, R, D, R * D if vocabulary is None else vocabulary)
    what = f"S = {S}, R = {R}, D = {D}, vocabulary {R * D if vocabulary is None else vocabulary}"
    naming = S * R * math.log2(D)
    return BoundResult(what, S * R, found.low, found.high, naming, found.paper, tuple(bits))


def _of_maps(N: int, M: int | None, facts: str, bits: tuple[int, ...]) -> BoundResult:
    N = positive(N, "N")
    outputs = N if M is None else positive(M, "M")
    needed = map_bits(N, outputs, facts)
    what = f"{N} {facts} facts among {outputs} outputs"
    return BoundResult(what, N, needed, needed, None, None, bits)


def _with_losses(plain: BoundResult, law: PowerLaw, M: int, given: float | None) -> BoundResult:
    """Add the least losses of a model of so many bits, and of all numbers of bits."""

    def losses(B: float) -> tuple[float, float]:
        return least_cross_entropy(law, M, B), least_error_rate(law, M, B)

    grid = np.geomspace(max(1.0, plain.low * 1e-6), plain.low, POINTS)
    cross_entropy, error = (None, None) if given is None else losses(float(given))
    return replace(
        plain,
        law=str(law),
        given=None if given is None else float(given),
        cross_entropy=cross_entropy,
        error=error,
        curve=tuple((float(B), *losses(float(B))) for B in grid),
    )


def _of_table(table: FactTable, bits: tuple[int, ...]) -> BoundResult:
    task = table_task(table)
    low, high = needed_bits(task)
    what = f"{table.source}, {len(task)} facts"
    if table.several:
        what += f", {table.several} with several right answers"
    return BoundResult(what, len(task), low, high, task.bits, None, bits, several=table.several)
