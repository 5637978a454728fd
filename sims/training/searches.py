"""Searches of all trials together, and what each learning rate did in them."""

from dataclasses import dataclass

__all__ = ["RateCount"]


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
