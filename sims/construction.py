"""Which construction a simulation builds, in a form that can be sent to another process."""

from dataclasses import dataclass

from assoc.catalogue import resolve
from assoc.errors import InputError
from assoc.memory import Build

__all__ = ["Construction", "Rank"]

Rank = int | str
"""An integer, or a fraction of the dimension such as ``d/2``."""


@dataclass(frozen=True)
class Construction:
    """A memory by name or build function, with the options its name needs.

    Parameters
    ----------
    memory : as for :func:`assoc.catalogue.resolve`.
    rank : m, or a fraction of the dimension written ``d/2``; for memories of bounded rank.
    bits : b, for quantised memories.

    Examples
    --------
    >>> Construction("low-rank", rank="d/4").rank_at(64)
    16
    """

    memory: str | Build
    rank: Rank | None = None
    bits: int | None = None

    def rank_at(self, d: int) -> int | None:
        """Return the rank m at dimension d.

        Raises
        ------
        InputError
            If the rank is neither an integer nor of the form d/k, or not between 1 and d.
        """
        if self.rank is None:
            return None
        text = str(self.rank).replace(" ", "")
        divisor = text.removeprefix("d/") if text.startswith("d/") else None
        try:
            m = int(text) if divisor is None else round(d / float(divisor))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise InputError(
                f"rank {self.rank!r} is neither an integer nor of the form d/2"
            ) from None
        if not 1 <= m <= d:
            raise InputError(f"rank {m} is not between 1 and d = {d}")
        return m

    def build(self, d: int) -> Build:
        """Return the build function at dimension d."""
        return resolve(self.memory, rank=self.rank_at(d), bits=self.bits)[1]

    def label(self, d: int | None = None) -> str:
        """Name for tables, with the rank and bits."""
        name = self.memory if isinstance(self.memory, str) else resolve(self.memory)[0]
        parts = [str(name)]
        if self.rank is not None:
            parts.append(f"m={self.rank if d is None else self.rank_at(d)}")
        if self.bits is not None:
            parts.append(f"b={self.bits}")
        return " ".join(parts)
