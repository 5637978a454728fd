"""Searches of all trials together, and what each learning rate did in them.

In each round every trial has a size of its own, and those that are not at an end yet are trained
side by side. A size is met if the last weights of one of the learning rates recall enough facts.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sims.engine.criterion import Criterion

__all__ = ["RateCount", "read_search", "search_together"]


@dataclass(frozen=True)
class RateCount:
    """What a learning rate did in a search.

    Parameters
    ----------
    learning_rate : of these runs.
    runs : trained, over all trials and sizes of a dimension.
    met : of these, recalled enough.
    diverged : of these, ended at weights or a loss that is not finite; they recall nothing.
    """

    learning_rate: float
    runs: int
    met: int
    diverged: int

    def add(self, met: bool, diverged: bool) -> "RateCount":
        """Return the count with a run more.

        Parameters
        ----------
        met, diverged : whether the run recalled enough, and whether it diverged.
        """
        return replace(
            self, runs=self.runs + 1, met=self.met + met, diverged=self.diverged + diverged
        )


def search_together(
    searches: Sequence[Generator[int, bool, tuple[int, int | None]]],
    recalled: Callable[[Sequence[tuple[int, int]]], Sequence[Sequence[int | None]]],
    *,
    criterion: Criterion,
    facts: Callable[[int], int],
    rates: Sequence[float],
) -> dict[str, Any]:
    """Search the sizes of all trials.

    Parameters
    ----------
    searches : of each trial, such as :func:`sims.engine.bracketing.largest`.
    recalled : trains pairs of a trial and a size, and counts for each of them the facts that each
        learning rate recalls; None where it diverged.
    criterion : how many facts are enough.
    facts : number of facts at a size.
    rates : learning rates.

    Returns
    -------
    ``brackets``: for each trial [low, high], high None where the search was censored. ``rates``:
    the fields of a :class:`RateCount` for each learning rate.

    Examples
    --------
    >>> from sims.engine.bracketing import largest
    >>> found = search_together(
    ...     [largest(2, 10, growth=2.0), largest(2, 10, growth=2.0)],
    ...     lambda sized: [[min(N, 5 + trial), None] for trial, N in sized],
    ...     criterion=Criterion(),
    ...     facts=lambda N: N,
    ...     rates=(0.1, 1000.0),
    ... )
    >>> found["brackets"]
    [[5, 6], [6, 7]]
    >>> found["rates"][1]
    {'learning_rate': 1000.0, 'runs': 10, 'met': 0, 'diverged': 10}
    """
    sizes = {trial: next(search) for trial, search in enumerate(searches)}
    ends: dict[int, tuple[int, int | None]] = {}
    tally = [RateCount(rate, 0, 0, 0) for rate in rates]
    while sizes:
        following: dict[int, int] = {}
        counted = recalled(list(sizes.items()))
        for (trial, size), counts in zip(sizes.items(), counted, strict=True):
            met = [count is not None and criterion.met(count, facts(size)) for count in counts]
            tally = [
                so_far.add(enough, count is None)
                for so_far, enough, count in zip(tally, met, counts, strict=True)
            ]
            try:
                following[trial] = searches[trial].send(any(met))
            except StopIteration as end:
                ends[trial] = end.value
        sizes = following
    return {
        "brackets": [list(ends[trial]) for trial in range(len(searches))],
        "rates": [asdict(count) for count in tally],
    }


def read_search(
    found: Mapping[str, Any],
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[RateCount, ...]]:
    """Return the ends of the brackets of a search, and what the learning rates did.

    Parameters
    ----------
    found : as :func:`search_together` returns it, or as JSON gives it back.

    Returns
    -------
    low, high, rates
        Ends for each trial, ``high`` infinite where the search was censored; a count for each
        learning rate.
    """
    low, high = zip(*found["brackets"], strict=True)
    ends = tuple(float("inf") if end is None else end for end in high)
    return low, ends, tuple(RateCount(**count) for count in found["rates"])
