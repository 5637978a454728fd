"""Which construction a simulation builds, in a form that can be sent to another process."""

from dataclasses import dataclass

from assoc.catalogue import resolve
from assoc.checks import check_width
from assoc.errors import InputError
from assoc.memories.memory import Build
from assoc.memories.mlp import choose_degree

__all__ = ["Construction", "Size"]

Size = int | str
"""An integer, or a multiple of the dimension such as ``d/2`` or ``16d``."""


@dataclass(frozen=True)
class Construction:
    """A memory by name or build function, with the options its name needs.

    Parameters
    ----------
    memory : as for :func:`assoc.catalogue.resolve`.
    rank : m, or a fraction of the dimension written ``d/2``; for memories of bounded rank.
    bits : b, to which weights are rounded; None keeps them as they are.
    width : m, or a multiple of the dimension written ``16d``; for networks.
    degree : k, for networks of Hermite polynomials.
    rounding : one of :data:`assoc.bits.levels.ROUNDINGS`; None means the nearest level.
    gates, omega : kind and frequency of gates of 1 and -1.

    Examples
    --------
    >>> Construction("low-rank", rank="d/4").rank_at(64)
    16
    >>> Construction("mlp", width="16d").width_at(64)
    1024
    """

    memory: str | Build
    rank: Size | None = None
    bits: int | None = None
    width: Size | None = None
    degree: int | None = None
    rounding: str | None = None
    gates: str | None = None
    omega: float | None = None

    def rank_at(self, d: int) -> int | None:
        """Return the rank m at dimension d.

        Raises
        ------
        InputError
            If the rank is neither an integer nor of the form d/k, or not between 1 and d.
        """
        m = _at(self.rank, d, "rank")
        if m is not None and not 1 <= m <= d:
            raise InputError(f"rank {m} is not between 1 and d = {d}")
        return m

    def width_at(self, d: int) -> int | None:
        """Return the width m at dimension d.

        Raises
        ------
        InputError
            If the width is neither an integer nor of the form 16d or d/2, or not positive.
        """
        m = _at(self.width, d, "width")
        return None if m is None else check_width(m)

    def degree_at(self, N: float, d: int) -> int | None:
        """Return the degree k for N facts, where the memory has one."""
        if self.degree is None and self.memory in ("mlp", "gated-mlp"):
            return choose_degree(N, d)
        return self.degree

    def build(self, d: int) -> Build:
        """Return the build function at dimension d."""
        return resolve(
            self.memory,
            rank=self.rank_at(d),
            bits=self.bits,
            rounding=self.rounding,
            width=self.width_at(d),
            degree=self.degree,
            gates=self.gates,
            omega=self.omega,
        )[1]

    def label(self, d: int | None = None) -> str:
        """Name for tables, with the options."""
        name = self.memory if isinstance(self.memory, str) else resolve(self.memory)[0]
        rank = self.rank if d is None else self.rank_at(d)
        width = self.width if d is None else self.width_at(d)
        options = {
            "m": rank if width is None else width, "b": self.bits, "k": self.degree,
            "gates": self.gates, "omega": self.omega,
        }  # fmt: skip
        given = [f"{symbol}={value}" for symbol, value in options.items() if value is not None]
        stochastic = [str(self.rounding)] if self.rounding not in (None, "nearest") else []
        return " ".join([str(name), *given, *stochastic])


def _at(size: Size | None, d: int, name: str) -> int | None:
    """Return a size at dimension d."""
    if size is None:
        return None
    try:
        text = str(size).replace(" ", "")
        if text.startswith("d/"):
            return round(d / float(text.removeprefix("d/")))
        if text.endswith("d"):
            return round(d * float(text.removesuffix("d") or 1))
        return int(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(
            f"{name} {_shown(size)} is neither an integer nor of the form d/2 or 16d"
        ) from None


def _shown(size: Size) -> str:
    """Return the size for a message; Python refuses to print the longest integers."""
    huge = isinstance(size, int) and size.bit_length() > 4000
    return "of thousands of digits" if huge else repr(size)
