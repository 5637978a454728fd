"""What it takes to store a table: time and memory, known before anything is stored.

Times are those of cores of 20 Gflop/s in double precision, counted from the sizes of products; they
are meant to tell seconds from minutes and hours.
"""

from dataclasses import dataclass
from typing import Protocol

from assoc.checks import check_fits
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from sims.engine.parallel import available_threads

__all__ = ["NEURONS", "UNSEEN", "Effort", "Watcher", "asking", "fitting", "fitting_in_bits"]

FLOPS = 2e10
"""Operations that a core does in a second."""

HOURS = 2.0
"""A table is refused whose first fit would take longer."""

PASSES = 400
"""Operations of a fit, for each fact, token and dimension: a hundred gradients of two products."""

SCORES = 16e-9
"""Seconds that a gradient step of a fit in bits takes for each score of a fact and a token."""

NEURONS = 4
"""Multiple of N/d at which the search for a width begins."""

SHORT = 2.0
"""Seconds of which nothing is said."""


@dataclass(frozen=True)
class Effort:
    """What a piece of work takes.

    Parameters
    ----------
    seconds : of this machine.
    size : bytes of its arrays.

    Examples
    --------
    >>> str(Effort(seconds=200, size=3e9)), str(Effort(seconds=9000, size=1e6))
    ('about 3.3 minutes and 3 GB of memory', 'about 2.5 hours and 1 MB of memory')
    """

    seconds: float
    size: float

    @property
    def is_short(self) -> bool:
        """Whether nobody needs to be told."""
        return self.seconds <= SHORT

    def __str__(self) -> str:
        units = (("hours", 3600), ("minutes", 60), ("seconds", 1))
        unit, long = next((each for each in units if self.seconds >= each[1]), units[-1])
        named, bytes_ = ("GB", 1e9) if self.size >= 1e9 else ("MB", 1e6)
        memory = f"{self.size / bytes_:.3g} {named}"
        return f"about {self.seconds / long:.2g} {unit} and {memory} of memory"


class Watcher(Protocol):
    """Is told what work will take before it starts, and how far it is."""

    def expect(self, what: str, effort: Effort) -> None:
        """Learn what a piece of work takes."""

    def see(self, what: str, stage: str) -> None:
        """Learn what is being done about it now."""


class _Unseen:
    def expect(self, what: str, effort: Effort) -> None:
        pass

    def see(self, what: str, stage: str) -> None:
        pass


UNSEEN: Watcher = _Unseen()
"""Nobody watches."""


def fitting(task: RecallTask, d: int, *, searched_width: bool = False) -> Effort:
    """Return what one fit of a transformer takes, at the smallest size that is tried.

    Parameters
    ----------
    task : the facts.
    d : dimension.
    searched_width : whether an MLP is fitted too, whose width is searched.

    Raises
    ------
    InputError
        If it would take hours, or more memory than is free.
    """
    N, n = len(task), task.vocabulary
    size = 2.0 * n * d
    check_fits(size, 8, f"d = {d}: embeddings of {n} tokens")
    width = NEURONS * max(1, N // d) if searched_width else 0
    operations = PASSES * N * d * (n + width)
    # Features of every fact, and the equations for what reads them.
    found = Effort(operations / FLOPS, 8 * (size + 2 * width * (N + width)))
    if found.seconds > HOURS * 3600:
        raise InputError(
            f"{N} facts and {n} tokens at d >= {d}: one fit would take about "
            f"{found.seconds / 3600:.3g} hours ({HOURS:g} at most); split the table, "
            "or try --memory linear"
        )
    return found


def fitting_in_bits(task: RecallTask, d: int, steps: int, *, width: int = 0) -> Effort:
    """Return what one fit of a transformer in few bits takes.

    Parameters
    ----------
    task : the facts.
    d : dimension.
    steps : gradient steps.
    width : m of the MLP, 0 where there is none.

    Raises
    ------
    InputError
        If it would take hours, or more memory than is free.
    """
    N, n = len(task), task.vocabulary
    # Scores, their shares and what is made of them; the differences that the keys of the subjects'
    # head and of the relations' are fitted to, one after the other.
    asked = n - task.answers
    differences = max(own * (asked - own) for own in (task.subjects, task.relations))
    size = 4.0 * 4 * N * n + 8.0 * 3 * differences * d
    check_fits(size / 8, 8, f"{N} facts and {n} tokens: the scores and keys of a fit in bits")
    # Six products with the hidden layer in every step, in single precision.
    neurons = 6.0 * steps * N * width * (n + d) / FLOPS
    found = Effort(steps * SCORES * N * n + neurons, size + 4.0 * 3 * N * width)
    if found.seconds > HOURS * 3600:
        raise InputError(
            f"{N} facts and {n} tokens: one fit in bits would take about "
            f"{found.seconds / 3600:.3g} hours ({HOURS:g} at most); split the table"
        )
    return found


def asking(N: int, M: int, d: int) -> Effort:
    """Return what it takes to store N facts of M answers in a d x d matrix and to certify them.

    Raises
    ------
    InputError
        If keys, outputs and matrix take more memory than is free.
    """
    size = (N + M + 2 * d) * d
    check_fits(size, 8, f"d = {d}: keys, outputs and matrix")
    # The matrix is summed, asked, and asked once more for how far rounding may move it.
    operations = 6.0 * N * d * d + 2.0 * N * M * d
    return Effort(operations / (FLOPS * available_threads()), 8 * size)
