r"""What B bits can hold at best: cross-entropy, error rate, and the bits of a table.

A table f is drawn from [M]^N, each f(x) uniform and independent of the others; a model is any
random variable of at most 2^B values that depends on it, together with anything independent of f
(embeddings, seeds). With I_x = I(f(x); model),

.. math:: \sum_x I_x \le I(f; \mathrm{model}) \le B \log 2, \qquad
          E L_x \ge \log M - I_x, \qquad I_x \ge \rho_M(e_x),

L_x the cross-entropy, e_x the error rate, and rho_M(e) = log M - h(e) - e log(M - 1) (Fano). The
bounds below are the best allocations of the I_x, exact for every p; no asymptotics.

References
----------
NLB, Theorem 7 and Corollary 1 (restated, and made exact here; proofs in docs/lower-bounds.md).
"""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.checks import positive
from assoc.errors import InputError
from assoc.facts.input_laws import FARTHEST, InputLaw
from assoc.facts.maps import MAPS, zipf_sizes
from theory.bounds.table_logs import log_rising

__all__ = [
    "corollary_form",
    "information_of_error",
    "least_cross_entropy",
    "least_error_rate",
    "map_bits",
]

LOG2 = math.log(2)
SERIES, KNOWN = 1e-5, 500.0
LOG_KNOWN = math.log(KNOWN)


def least_cross_entropy(law: InputLaw, M: int, bits: float) -> float:
    r"""Least expected cross-entropy of a model of B bits, in nats.

    .. math:: E L \ge \log M \cdot p(\text{inputs beyond the } B / \log_2 M \text{ likeliest}),

    the last of them counted by the fraction that fits. Attained where M is a power of two and B an
    integer: the model lists the answers of the likeliest inputs, the last as far as it fits.

    Parameters
    ----------
    law : p, the law of the inputs.
    M : number of outputs, at least 2.
    bits : B, at least 0.

    Raises
    ------
    InputError
        If M or B is out of range.

    Examples
    --------
    >>> from assoc.facts.input_laws import PowerLaw
    >>> round(least_cross_entropy(PowerLaw(0.0, 100), 2, 75) / math.log(2), 12)
    0.25
    """
    return math.log(_outputs(M)) * law.beyond(_finite(bits) / math.log2(M))


def corollary_form(a: float, M: int, bits: float) -> float:
    r"""The power law that :func:`least_cross_entropy` tends to for p(x) ~ x^-a, in nats.

    .. math:: \frac{\log M}{(a - 1)\,\zeta(a)} \left(\frac{B}{\log_2 M}\right)^{1 - a}

    Parameters
    ----------
    a : exponent, above 1.
    M : number of outputs, at least 2.
    bits : B, above 0.

    Raises
    ------
    InputError
        If a is not above 1, or M or B is out of range.

    References
    ----------
    NLB, Corollary 1, with its constant (derived here).

    Examples
    --------
    >>> round(corollary_form(2.0, 2, 1.0) / math.log(2), 6)
    0.607927
    """
    if not a > 1:
        raise InputError(f"a = {a:g}: Corollary 1 needs an exponent above 1")
    if not bits > 0:
        raise InputError(f"B = {bits:g} is not a positive number of bits")
    stored = _finite(bits) / math.log2(_outputs(M))
    return float(math.log(M) / ((a - 1) * scipy.special.zeta(a)) * stored ** (1 - a))


def information_of_error(error: NDArray[np.float64] | float, M: int) -> NDArray[np.float64]:
    r"""Least information of an answer that is wrong with probability e, in nats.

    .. math:: \rho_M(e) = \log M - h(e) - e \log(M - 1), \qquad 0 \le e \le 1 - 1/M,

    and 0 for larger e.

    Parameters
    ----------
    error : e, any shape, in [0, 1].
    M : number of outputs, at least 2.

    Examples
    --------
    >>> information_of_error(np.array([0.0, 0.5]), 2) / np.log(2)
    array([1., 0.])
    """
    e = np.minimum(np.asarray(error, np.float64), 1 - 1 / _outputs(M))
    # As a divergence: near e = 1 - 1/M the difference of logarithms would cancel.
    right = scipy.special.rel_entr(1 - e, 1 / M)
    wrong = scipy.special.rel_entr(e, 1 - 1 / M)
    return np.asarray(np.maximum(right + wrong, 0.0))


def least_error_rate(law: InputLaw, M: int, bits: float) -> float:
    r"""Least expected error rate of a model of B bits.

    .. math:: \min \sum_x p(x) e_x : \quad \sum_x \rho_M(e_x) \le B \log 2

    rho_M is convex and decreasing, so e_x = (M - 1) / (M - 1 + exp(p(x) / mu)) with the one mu
    that spends all bits.

    Parameters
    ----------
    law, M, bits : as for :func:`least_cross_entropy`.

    Raises
    ------
    InputError
        If M or B is out of range.

    Examples
    --------
    >>> from assoc.facts.input_laws import PowerLaw
    >>> round(least_error_rate(PowerLaw(0.0, 100), 2, 50), 4)
    0.11
    """
    M, budget = _outputs(M), _finite(bits) * LOG2
    if budget >= law.inputs * math.log(M) * (1 - 1e-12):
        return 0.0
    if budget == 0:
        return 1 - 1 / M
    p, count = law.nodes()
    log_p = np.log(np.maximum(p, np.finfo(np.float64).tiny))

    def excess(log_mu: float) -> float:
        return float(count @ _information_at(np.exp(log_p - log_mu), M)) - budget

    # A large mu tells nothing apart; smaller ones spend more, until every node is known.
    low = high = log_p[0] + 60
    with np.errstate(over="ignore"):
        while excess(low) <= 0:
            if log_p[-1] - low > LOG_KNOWN:
                raise InputError(f"B = {bits:g} bits: more than the sums over inputs reach")
            low -= 5
        while excess(high) >= 0:
            high += 5
        log_mu = float(scipy.optimize.brentq(excess, low, high, xtol=1e-13))
        wrong = scipy.special.expit(math.log(M - 1) - np.exp(log_p - log_mu))
    # The nodes of an infinite law end where its inputs cannot be told from chance.
    lost = law.beyond(FARTHEST) * (1 - 1 / M) if np.isinf(law.inputs) else 0.0
    return float(count @ (p * wrong)) + lost


def _information_at(x: NDArray[np.float64], M: int) -> NDArray[np.float64]:
    r"""rho_M at the error rate (M - 1) / (M - 1 + e^x), in nats, to full precision at any x >= 0.

    It is (1 - e) x - log(1 + (e^x - 1) / M). Near 0, where that cancels, its series counts; for
    infinitely many inputs nothing else would do, since each of their roundings would be summed.
    """
    small, large = x < SERIES, x > KNOWN
    middle = np.where(small | large, 1.0, x)
    right = scipy.special.expit(middle - math.log(M - 1))
    value = right * middle - np.log1p(np.expm1(middle) / M)
    near = np.where(small, x, 0.0)
    series = (M - 1) / M**2 * near**2 * (0.5 + (M - 2) / M * near / 3)
    return np.asarray(np.where(small, series, np.where(large, math.log(M), value)))


def map_bits(N: int, M: int, facts: str = "random") -> float:
    r"""Bits that any model needs to hold every fact map of a law.

    =====================  =========================================================
    random                 N log2 M, all maps
    identity, permutation  log2 M!/(M - N)!, the injective maps
    balanced               log2 N!/prod_y K_y!, the maps with these class sizes
    zipf                   N times the entropy of the law of an answer (on average)
    =====================  =========================================================

    That of the identity is the count of injective maps: names do not help where embeddings are
    drawn independently of them.

    Parameters
    ----------
    N, M : numbers of inputs and outputs.
    facts : a name of :data:`assoc.facts.maps.MAPS`.

    Raises
    ------
    InputError
        If the law is unknown, a size is not positive, or there is no such map.

    Examples
    --------
    >>> map_bits(3, 4), round(2 ** map_bits(3, 3, "permutation"), 9)
    (6.0, 6.0)
    """
    N, M = positive(N, "N"), positive(M, "M")
    if facts == "random":
        return N * math.log2(M)
    if facts in ("identity", "permutation"):
        if M < N:
            raise InputError(f"no injective map from N = {N} inputs to M = {M} outputs")
        return log_rising(float(M - N), float(N)) / LOG2
    if facts == "balanced":
        floor, larger = divmod(N, M)
        classes = (M - larger) * _log2_factorial(floor) + larger * _log2_factorial(floor + 1)
        return _log2_factorial(N) - classes
    if facts == "zipf":
        return float(N * scipy.special.entr(zipf_sizes(1.0, M)).sum() / LOG2)
    raise InputError(f"facts {facts!r} is not one of {', '.join(MAPS)}")


def _log2_factorial(n: int) -> float:
    return float(math.lgamma(n + 1) / LOG2)


def _outputs(M: int) -> int:
    if not M >= 2:
        raise InputError(f"M = {M}: an answer among fewer than two outputs tells nothing")
    return M


def _finite(bits: float) -> float:
    if not 0 <= bits < np.inf:
        raise InputError(f"B = {bits:g} is not a number of bits")
    return float(bits)
