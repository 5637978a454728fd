r"""How often each input is asked for: probabilities p(x), likeliest first.

====================  =====================================================
:class:`PowerLaw`     p(x) = x^-a / Z for x = 1, ..., N, or for all x >= 1
:class:`GivenLaw`     the user's own probabilities
====================  =====================================================

Both say how much mass lies beyond the k likeliest inputs, give the likeliest probabilities, draw
inputs, and turn a sum over all inputs into one over few nodes, so that N may be 10^12 or infinite.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief
from assoc.errors import InputError

__all__ = ["FARTHEST", "MAX_DRAWN", "GivenLaw", "InputLaw", "PowerLaw", "power_sum"]

MAX_DRAWN = 10**7
"""Inputs that a finite law may have where it is drawn from, or listed."""

EXACT = 4096
"""Inputs that are nodes of their own."""

DIRECT = 64
BLOCK = 2.0
ORDER = 16
FARTHEST = 1e300
"""Input at which the nodes of an infinite law end at the latest."""

NEGLIGIBLE = 1e-60
ROUNDING = 1e-9


class InputLaw(Protocol):
    """What a law of inputs offers."""

    @property
    def inputs(self) -> float:
        """Number of inputs N, perhaps infinite."""

    def head(self, n: int, /) -> NDArray[np.float64]:
        """Probabilities (n,) of the n likeliest inputs, in descending order."""

    def beyond(self, k: float, /) -> float:
        """Probability of the inputs beyond the k likeliest, linear between integers k."""

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities and numbers of inputs with them, such that sums over inputs are kept."""

    def draw(self, samples: int, /, *, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw inputs, 0 the likeliest."""


def power_sum(a: float, first: float, last: float) -> float:
    r"""Sum of x^-a over the integers x from ``first`` to ``last``.

    The first 64 terms are added up, the others by Euler and Maclaurin's formula to third order,
    which leaves a relative error below 1e-12 for a <= 8.

    Parameters
    ----------
    a : exponent, at least 0; above 1 where ``last`` is infinite.
    first : at least 1.
    last : an integer, or infinite.

    Examples
    --------
    >>> abs(power_sum(2.0, 1, np.inf) - np.pi**2 / 6) < 1e-12
    True
    >>> power_sum(1.0, 1, 3)
    1.833333333333333...
    """
    direct = np.arange(first, min(first + DIRECT, last + 1), dtype=np.float64)
    total = float(np.sum(direct**-a))
    start = first + DIRECT
    if start > last:
        return total
    ratio = np.log(last / start)
    if a == 1:
        integral = ratio
    elif np.isinf(last):
        integral = start ** (1 - a) / (a - 1)
    else:
        integral = start ** (1 - a) * np.expm1((1 - a) * ratio) / (1 - a)

    def ends(power: float) -> float:
        return float(start**-power - (0.0 if np.isinf(last) else last**-power))

    ends_mean = ends(a) / 2 + (0.0 if np.isinf(last) else last**-a)
    slope = a * ends(a + 1) / 12
    third = a * (a + 1) * (a + 2) * ends(a + 3) / 720
    return total + float(integral) + ends_mean + slope - third


@dataclass(frozen=True)
class PowerLaw:
    r"""Inputs with p(x) = x^-a / Z, Z = sum_x x^-a.

    Parameters
    ----------
    exponent : a, between 0 (all inputs alike) and 8; above 1 where N is infinite.
    N : number of inputs; None stands for infinitely many.

    Raises
    ------
    InputError
        If the exponent or N is out of range, or Z diverges.

    Examples
    --------
    >>> PowerLaw(2.0, 3).head(3) * 49
    array([36.,  9.,  4.])
    >>> PowerLaw(1.0)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: a = 1: infinitely many inputs need an exponent above 1
    """

    exponent: float
    N: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.exponent <= 8:
            raise InputError(f"a = {self.exponent:g} is not an exponent between 0 and 8")
        if self.N is None and self.exponent <= 1:
            raise InputError(
                f"a = {self.exponent:g}: infinitely many inputs need an exponent above 1"
            )
        if self.N is None:
            return
        if not (self.N >= 1 and self.N % 1 == 0):
            raise InputError(f"N = {self.N} is not a positive number of inputs")
        if self.N > FARTHEST:
            raise InputError(f"N: at most {FARTHEST:.0e} inputs")

    @property
    def inputs(self) -> float:
        """Number of inputs N, perhaps infinite."""
        return np.inf if self.N is None else float(self.N)

    @cached_property
    def normaliser(self) -> float:
        """Z = sum_x x^-a."""
        return power_sum(self.exponent, 1, self.inputs)

    def head(self, n: int, /) -> NDArray[np.float64]:
        """Probabilities (n,) of the n likeliest inputs, in descending order."""
        count = _listed(min(n, self.inputs))
        return np.asarray(np.arange(1.0, count + 1) ** -self.exponent / self.normaliser)

    def beyond(self, k: float, /) -> float:
        """Probability of the inputs beyond the k likeliest, linear between integers k."""
        if k >= self.inputs:
            return 0.0
        whole = np.floor(k)
        rest = power_sum(self.exponent, whole + 1, self.inputs)
        rest -= (k - whole) * (whole + 1) ** -self.exponent
        return float(min(1.0, rest / self.normaliser))

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        r"""Probabilities and numbers of inputs with them, such that sums over inputs are kept.

        The first 4096 inputs are nodes of their own. Beyond, sums are integrals from n + 1/2 to
        N + 1/2 (relative error of order n^-2), by Gauss and Legendre's rule in log x; where N is
        infinite they end where the mass left is below 1e-60, or at 1e300.
        """
        exact = self.head(EXACT)
        if self.inputs <= EXACT:
            return exact, np.ones(len(exact))
        if np.isinf(self.inputs):
            farthest = np.log(EXACT) - np.log(NEGLIGIBLE) / (self.exponent - 1)
            high = min(np.log(FARTHEST), farthest)
        else:
            high = np.log(self.inputs + 0.5)
        low = np.log(EXACT + 0.5)
        blocks = int(np.ceil((high - low) / np.log(BLOCK)))
        edges = np.linspace(low, high, blocks + 1)
        place, weight = np.polynomial.legendre.leggauss(ORDER)
        half = np.diff(edges)[:, None] / 2
        log_x = (edges[:-1, None] + half * (1 + place)).ravel()
        count = np.exp(log_x) * (half * weight).ravel()
        p = np.exp(-self.exponent * log_x) / self.normaliser
        return np.concatenate([exact, p]), np.concatenate([np.ones(len(exact)), count])

    def draw(self, samples: int, /, *, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw inputs (T,), 0 the likeliest."""
        if self.N is None:
            return np.asarray(rng.zipf(self.exponent, samples) - 1, np.int64)
        return _drawn(self.head(self.N), samples, rng)

    def __str__(self) -> str:
        what = "all x" if self.N is None else f"x <= {self.N}"
        return f"x^-{self.exponent:g}, {what}"


@dataclass(frozen=True, eq=False, repr=False)
class GivenLaw(Brief):
    """Inputs with given probabilities.

    Parameters
    ----------
    probabilities : (N,) in any order, non-negative, with sum 1 (to 1e-9).

    Raises
    ------
    InputError
        If they are not probabilities; the first that is negative is named.

    Examples
    --------
    >>> law = GivenLaw(np.array([0.25, 0.75]))
    >>> law.head(1), law.beyond(0.5)
    (array([0.75]), 0.625)
    >>> GivenLaw(np.array([0.5, 0.6]))
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: p: the probabilities sum to 1.1, not to 1
    """

    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        p: Any = np.asarray(self.probabilities)
        if p.ndim != 1 or not p.size or p.dtype.kind not in "fiu":
            raise InputError(f"p: one number for each input is needed, not shape {p.shape}")
        bad = np.flatnonzero(~(p >= 0) | ~np.isfinite(p))
        if bad.size:
            raise InputError(f"p[{bad[0]}] = {p[bad[0]]:g} is not a probability")
        total = float(p.sum())
        if abs(total - 1) > ROUNDING:
            raise InputError(f"p: the probabilities sum to {total:.10g}, not to 1")

    @property
    def inputs(self) -> float:
        """Number of inputs N."""
        return float(len(self.probabilities))

    @cached_property
    def _sorted(self) -> NDArray[np.float64]:
        return np.sort(np.asarray(self.probabilities, np.float64))[::-1]

    @cached_property
    def _rest(self) -> NDArray[np.float64]:
        """Mass beyond the k likeliest, k = 0, ..., N, the smallest added first."""
        return np.append(np.cumsum(self._sorted[::-1])[::-1], 0.0)

    def head(self, n: int, /) -> NDArray[np.float64]:
        """Probabilities (n,) of the n likeliest inputs, in descending order."""
        return self._sorted[:n]

    def beyond(self, k: float, /) -> float:
        """Probability of the inputs beyond the k likeliest, linear between integers k."""
        return float(np.interp(k, np.arange(len(self._rest)), self._rest))

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The probabilities, and ones."""
        return self._sorted, np.ones(len(self._sorted))

    def draw(self, samples: int, /, *, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw inputs (T,), 0 the likeliest."""
        return _drawn(self._sorted, samples, rng)

    def __str__(self) -> str:
        return f"given, {len(self.probabilities)} inputs"


def _listed(n: float) -> int:
    """Refuse to list more inputs than fit."""
    if n > MAX_DRAWN:
        raise InputError(f"N = {n:.4g}: at most {MAX_DRAWN:.0e} inputs can be listed")
    return int(n)


def _drawn(p: NDArray[np.float64], samples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    edges = np.cumsum(p)
    found = np.searchsorted(edges, rng.random(samples) * edges[-1], side="right")
    return np.asarray(found, np.int64)
