r"""Bits of weights, of maps and of losses, computed a second time from their definitions.

Nothing here is quick. Levels are found by going through all of them, codes are written one digit at
a time, binomials are integers, and information is a difference of logarithms at sixty digits, where
:mod:`assoc.bits` and :mod:`theory.bounds.bits` have array operations, divergences and series.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats

__all__ = [
    "best_step",
    "code_digits",
    "error_of_information",
    "kept_share",
    "map_number",
    "nearest_levels",
    "power_law_losses",
    "two_group_error",
]

DIGITS = 60
FAR = 4000
"""Inputs of a power law that are added up one by one, before the sum becomes an integral."""


def kept_share(bits: int, step: float) -> float:
    r"""Squared correlation of a standard normal and its level, for a step that need not be best.

    A level is the sum of the jumps below it: at threshold t the level rises by 1, and its square by
    2 t (in steps), so that with phi and Q the density and the upper tail

    .. math:: E[g\,q] = \sum_{|k| < 2^{b-1}} \varphi(k \Delta), \qquad
              E[q^2] = \tfrac14 + 4 \sum_{k=1}^{2^{b-1} - 1} k\,Q(k \Delta).

    Parameters
    ----------
    bits : b, at least 1.
    step : Delta, positive.

    Examples
    --------
    >>> abs(kept_share(1, 0.3) - 2 / math.pi) < 1e-15
    True
    """
    signal, power = _moments(bits, step)
    return signal**2 / power


def _moments(bits: int, step: float) -> tuple[float, float]:
    """E[g q] and E[q^2], levels in units of the step."""
    top = 2 ** (bits - 1)
    signal = math.fsum(_density(k * step) for k in range(1 - top, top))
    power = 0.25 + 4 * math.fsum(k * math.erfc(k * step / 2**0.5) / 2 for k in range(1, top))
    return signal, power


def _density(t: float) -> float:
    return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)


def best_step(bits: int) -> float:
    """Step where :func:`kept_share` is largest: there E[g q] = E[q^2], Max's condition.

    Parameters
    ----------
    bits : b, at least 1.

    Examples
    --------
    >>> round(best_step(2), 3)
    0.996
    """
    from scipy import optimize

    top = 2 ** (bits - 1)

    def surplus(step: float) -> float:
        signal, power = _moments(bits, step)
        return signal - step * power

    return float(optimize.brentq(surplus, 0.5 / top, 20.0 / top, xtol=1e-15))


def nearest_levels(W: Floats, bits: int, delta: float) -> tuple[list[int], float]:
    """Numbers of the nearest of all levels for each entry of a matrix, and their distance.

    Parameters
    ----------
    W : (r, c) one matrix, not all zeros.
    bits, delta : b, and the step in units of the root of the mean square.

    Examples
    --------
    >>> nearest_levels(np.array([[3.0, -4.0]]), 1, 2.0)[0]
    [1, 0]
    """
    entries = [float(w) for w in np.asarray(W).ravel()]
    step = delta * math.sqrt(math.fsum(w * w for w in entries) / len(entries))
    values = [(k + 0.5) * step for k in range(-(2 ** (bits - 1)), 2 ** (bits - 1))]
    return [min(range(2**bits), key=lambda n: abs(values[n] - w)) for w in entries], step


def code_digits(levels: Sequence[int], bits: int) -> str:
    """Levels one after the other, each as b binary digits.

    Examples
    --------
    >>> code_digits([5, 0], 3)
    '101000'
    """
    return "".join(format(level, f"0{bits}b") for level in levels)


def map_number(N: int, M: int, facts: str) -> int:
    """Number of fact maps of a law: all, injective, or of balanced classes.

    Examples
    --------
    >>> [map_number(3, 2, facts) for facts in ("random", "balanced")]
    [8, 3]
    """
    if facts == "balanced":
        number, left = 1, N
        for y in range(M):
            size = len(range(y, N, M))
            number, left = number * math.comb(left, size), left - size
        return number
    return M**N if facts == "random" else math.perm(M, N)


def error_of_information(nats: Any, M: int) -> Any:
    """Error rate of an answer with so much information, by Fano's inequality at sixty digits.

    Parameters
    ----------
    nats : between 0 and log M.
    M : number of outputs, at least 2.

    Examples
    --------
    >>> round(float(error_of_information(0.5 * math.log(2), 2)), 4)
    0.11
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        target, log_M = mpmath.mpf(nats), mpmath.log(M)
        low, high = mpmath.mpf(0), 1 - mpmath.mpf(1) / M
        for _ in range(200):
            e = (low + high) / 2
            entropy = -e * mpmath.log(e) - (1 - e) * mpmath.log(1 - e)
            known = log_M - entropy - e * mpmath.log(M - 1)
            low, high = (e, high) if known > target else (low, e)
        return (low + high) / 2


def two_group_error(
    groups: tuple[tuple[int, float], tuple[int, float]], M: int, nats: float
) -> float:
    """Least error rate of inputs of two probabilities, over all divisions of the information.

    Parameters
    ----------
    groups : (number, probability) of each.
    M, nats : number of outputs, and information of all answers together.
    """
    from scipy import optimize

    (n, p), (m, q) = groups
    log_M = math.log(M)

    def known(e: float) -> float:
        parts = ((1 - e, 1 / M), (e, 1 - 1 / M))
        return math.fsum(a * math.log(a / b) for a, b in parts if a > 0)

    def error(each: float) -> float:
        if each <= 0:
            return 1 - 1 / M
        if each >= log_M:
            return 0.0
        return float(optimize.brentq(lambda e: known(e) - each, 0.0, 1 - 1 / M, xtol=1e-15))

    def total(first: float) -> float:
        return n * p * error(first) + m * q * error((nats - n * first) / m)

    ends = max(0.0, (nats - m * log_M) / n), min(log_M, nats / n)
    found = optimize.minimize_scalar(total, bounds=ends, method="bounded", options={"xatol": 1e-10})
    return float(min(found.fun, total(ends[0]), total(ends[1])))


def power_law_losses(a: float, M: int, log_mu: float) -> tuple[float, float]:
    r"""Bits and error rate of p(x) = x^-a / zeta(a), all x >= 1, at one point of the best curve.

    Where an input is wrong with chance e(x) = (M - 1) / (M - 1 + exp(p(x) / mu)), the gain over
    chance, 1 - 1/M - e(x), and its information fall off like p and p^2, so that both sums converge
    however heavy the tail of p: terms up to 4000, and beyond the integral, half of the first term
    and a twelfth of its slope.

    Parameters
    ----------
    a : exponent, above 1.
    M : number of outputs, at least 2.
    log_mu : logarithm of the price mu of information.
    """
    import mpmath
    from scipy import integrate

    Z = float(mpmath.zeta(a))
    with mpmath.workdps(DIGITS):
        # Of log(1 + (e^u - 1) / M), whose Legendre transform information is.
        series = mpmath.taylor(lambda u: mpmath.log1p(mpmath.expm1(u) / M), 0, 6)
    factors = [float((k - 1) * series[k]) for k in range(2, 7)]

    def terms(x: NDArray[np.float64]) -> NDArray[np.float64]:
        p = x**-a / Z
        u = np.minimum(p * math.exp(-log_mu), 600.0)
        above = np.expm1(u)
        known = (1 + above) / (M + above) * u - np.log1p(above / M)
        small = sum(factor * u**k for k, factor in enumerate(factors, start=2))
        gain = above * (M - 1) / M / (M + above)
        return np.array([np.where(u < 1e-3, small, known), p * gain])

    t = np.linspace(math.log(FAR), math.log(FAR) + 60, 12001)
    integral = integrate.simpson(terms(np.exp(t)) * np.exp(t), x=t)
    before, at, after = terms(FAR + np.array([-0.5, 0.0, 0.5])).T
    known, gain = terms(np.arange(1.0, FAR)).sum(axis=1) + integral + at / 2 - (after - before) / 12
    return float(known) / math.log(2), 1 - 1 / M - float(gain)
