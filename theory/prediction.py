r"""Parameter-free predictions: recall and capacity of every linear memory, for any size.

Each construction is a set of interference strengths (:class:`theory.interference.Interference`);
one law turns them into recall. Nothing is fitted and nothing is simulated, so d = 10^6 costs what
d = 64 does.

====================  ============================================================================
linear                noise 1/d^2 per fact, pair overlap 1/d
low-rank              both times kappa = 1/s, s ~ Beta(m/2, (d - m)/2): mean about d/m
low-rank-gaussian     both times kappa = 1/s, s ~ Beta(m/2, (d - 1)/2): mean about 1 + d/m
low-rank-svd          noise divided by :func:`svd_efficiency` (limit N >> d)
sign, quantised       noise divided by kappa_b of :func:`assoc.quantised.gaussian_quantiser`
dual-inputs           (1/H - 1)/d in all, H ~ Beta(d/2, (N - d)/2) the leverage of an input
dual-outputs          noise (1 - d/N)/d^2, overlap of answers times 1 - d/N
dual-both             both effects: noise about (1 - d/N)^2/d^2
====================  ============================================================================
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from assoc.catalogue import MEMORIES
from assoc.errors import InputError
from assoc.fact_maps import MAPS, zipf_sizes
from assoc.quantised import gaussian_quantiser
from sims.construction import Construction
from theory.interference import Classes, Interference, failure_probability
from theory.quadrature import beta_nodes
from theory.sizes import check_sizes

__all__ = [
    "INJECTIVE",
    "all_recalled",
    "capacity_of",
    "classes_of",
    "classes_of_sizes",
    "expected_recall",
    "interference_of",
    "predictable",
    "svd_efficiency",
]

Floats = NDArray[np.float64]

INJECTIVE = ("identity", "permutation")
"""Laws of fact maps that give every input an output of its own."""

FACTOR_NODES = 8
KINDS = 5
MOST_CLASSES = 10**7


@cache
def svd_efficiency(fraction: float) -> float:
    r"""Share of d^2 that the best rank-m approximation of W keeps, for m/d = ``fraction``, N >> d.

    W is then a Gaussian matrix whose singular values follow the quarter-circle law p on [0, 2].
    With tau its upper ``fraction`` quantile, the signal kept is the divergence of the truncation,

    .. math:: s = \mu^2 + 2 \int_{a > \tau > b} \frac{a^2}{a^2 - b^2}\, p(a) p(b)\, da\, db,

    its noise energy E = int_tau^2 a^2 p(a) da, and the share s^2 / E.

    Parameters
    ----------
    fraction : m / d in (0, 1].

    References
    ----------
    Candes, Sing-Long and Trzasko (2013) for the divergence of a spectral function.

    Examples
    --------
    >>> svd_efficiency(0.5)
    0.893731
    """
    from scipy import integrate

    if fraction >= 1:
        return 1.0

    def p(a: float) -> float:
        return float(np.sqrt(max(4 - a * a, 0.0)) / np.pi)

    tau = float(optimize.brentq(lambda t: integrate.quad(p, t, 2)[0] - fraction, 0, 2, xtol=1e-12))

    def below(a: float) -> float:
        return float(integrate.quad(lambda b: p(b) / (a * a - b * b), 0, tau, limit=200)[0])

    crossed = integrate.quad(lambda a: a * a * p(a) * below(a), tau, 2, limit=200)[0]
    energy = integrate.quad(lambda a: a * a * p(a), tau, 2)[0]
    return float((fraction**2 + 2 * crossed) ** 2 / energy)


def interference_of(construction: Construction, *, N: float, d: int) -> Interference:
    """Interference strengths of a named memory on uniform sphere embeddings.

    Parameters
    ----------
    construction : one of the memories in this module's table.
    N : number of facts (matters for the dual memories).
    d : dimension.

    Raises
    ------
    InputError
        If there is no prediction for the construction, or its rank or bits are out of range.
    """
    name = construction.memory
    if not isinstance(name, str) or name not in MEMORIES:
        raise InputError(
            f"no prediction for {construction.label()!r}: it is not one of {', '.join(MEMORIES)}"
        )
    check_sizes(d=d, N=N)
    construction.build(d)
    rank = construction.rank_at(d) or d
    one = np.ones(1)
    if name in ("low-rank", "low-rank-gaussian"):
        rest = d - rank if name == "low-rank" else d - 1
        s, weight = beta_nodes(rank / 2, rest / 2, FACTOR_NODES)
        return Interference(d, weight, 1 / (s * d**2), 1 / (s * d), np.ones(len(weight)))
    if name in ("dual-inputs", "dual-both"):
        leverage, weight = beta_nodes(d / 2, max(N - d, 0) / 2, FACTOR_NODES)
        pair = (1 / leverage - 1) / max(N - 1, 1)
        if name == "dual-inputs":
            return Interference(d, weight, pair / d, pair, np.ones(len(weight)), steady=True)
        kept = max(1 - d / N, 0.0)
        return Interference(
            d, weight, pair * kept / d, pair, np.full(len(weight), kept), steady=True
        )
    if name == "dual-outputs":
        share = min(d / N, 1.0)
        k, weight = beta_nodes(d / 2, max(N - d, 0) / 2, FACTOR_NODES)
        noise = share * (1 - share) / (d * k**2 * max(N - 1, 1))
        return Interference(d, weight, noise, (share / k) ** 2 / d, (1 / k - 1) * share)
    kappa = 1.0
    if name == "low-rank-svd":
        kappa = svd_efficiency(rank / d)
    elif name != "linear":
        bits = 1 if construction.bits is None else construction.bits
        kappa = gaussian_quantiser(bits)[1]
    return Interference(d, one, one / (kappa * d**2), one / d, one)


def classes_of(facts: str, *, N: float, M: int | None = None) -> Classes:
    """Class sizes that a law of fact maps leads to.

    Parameters
    ----------
    facts : a name of :data:`assoc.fact_maps.MAPS`.
    N : number of facts.
    M : number of outputs; None means N.

    Raises
    ------
    InputError
        If the law is unknown, or there is no such map.
    """
    if M is not None:
        check_sizes(d=2, N=N, M=M)
    outputs = float(N if M is None else M)
    if facts in INJECTIVE:
        if M is not None and M < N:
            raise InputError(f"no injective map from N = {N:g} inputs to M = {M} outputs")
        one = np.ones(1)
        # Outputs without an input compete too, but attract nothing.
        return Classes(one, one, np.array([N - 1, outputs - N]), np.array([1.0, 0.0]))
    if facts == "balanced":
        floor = np.floor(N / outputs)
        larger = N - floor * outputs
        size = np.array([floor, floor + 1])
        count = np.array([outputs - larger, larger])
        share = count * size / N
        return Classes(share[share > 0], size[share > 0], count * (outputs - 1) / outputs, size)
    others = (outputs - 1) / outputs
    if facts == "random":
        share, own = _merged(*_binomial(N - 1, 1 / outputs))
        part, size = _merged(*_binomial(N, 1 / outputs))
        return Classes(share, own + 1, part * outputs * others, size)
    if facts == "zipf":
        if outputs > MOST_CLASSES:
            raise InputError(
                f"M = {outputs:.4g}: zipf classes are summed one by one, {MOST_CLASSES:.0e} at most"
            )
        sizes = zipf_sizes(float(N), int(outputs))
        share, own = _merged(sizes / N, sizes)
        part, size = _merged(np.full(len(sizes), 1 / len(sizes)), sizes)
        return Classes(share, own + 1, part * outputs * others, size)
    raise InputError(f"facts {facts!r} is not one of {', '.join(MAPS)}")


def classes_of_sizes(sizes: Floats) -> Classes:
    """Classes of a known fact map, from the class size K_y of each output (M,)."""
    sizes = np.asarray(sizes, np.float64)
    N, M = float(sizes.sum()), len(sizes)
    share, own = _merged(sizes / N, sizes, kinds=2 * KINDS)
    part, size = _merged(np.full(M, 1 / M), sizes, kinds=2 * KINDS)
    return Classes(share, own, part * (M - 1), size)


def _binomial(n: float, p: float) -> tuple[Floats, Floats]:
    from scipy import stats

    mean = float(n * p)
    if mean > 1e6:
        # So many that the law is a normal one, and smooth.
        z = np.linspace(-6, 6, 2001)
        return np.exp(-(z**2) / 2), mean + np.sqrt(mean * (1 - p)) * z
    law = stats.poisson(mean) if n > 1e9 else stats.binom(round(n), p)
    values = np.arange(law.ppf(1e-9), law.ppf(1 - 1e-9) + 1, dtype=np.float64)
    return np.asarray(law.pmf(values)), values


def _merged(weight: Floats, value: Floats, *, kinds: int = KINDS) -> tuple[Floats, Floats]:
    """At most ``kinds`` groups of neighbouring values, with their weights and mean values."""
    order = np.argsort(value)
    weight, value = weight[order] / weight.sum(), value[order]
    # Groups of equal width in sqrt(value): small shares of large classes keep a group of their own.
    root: Floats = np.sqrt(value)
    spread = (root - root[0]) / max(np.ptp(root), 1e-300)
    group = np.minimum((kinds * spread).astype(int), kinds - 1)
    total: Floats = np.asarray(np.bincount(group, weight, kinds), np.float64)
    kept = total > 0
    mean = np.bincount(group, weight * value, kinds)[kept] / total[kept]
    return total[kept], mean


def predictable(construction: Construction, facts: str | Classes = "identity") -> bool:
    """Whether there is a prediction for a construction and a law of fact maps (or its classes).

    Examples
    --------
    >>> predictable(Construction("linear"), "zipf"), predictable(Construction("dual-both"), "zipf")
    (True, False)
    """
    name = construction.memory
    known = isinstance(name, str) and name in MEMORIES
    return known and (facts in INJECTIVE or not str(name).startswith("dual"))


def _failures(
    construction: Construction, d: int, N: float, facts: str | Classes, M: int | None
) -> tuple[Floats, Floats]:
    classes = classes_of(facts, N=N, M=M) if isinstance(facts, str) else facts
    law = interference_of(construction, N=N, d=d)
    if not predictable(construction, facts):
        raise InputError(f"no prediction for {construction.label()!r} with non-injective facts")
    return classes.share, failure_probability(law, classes)


def expected_recall(
    construction: Construction,
    *,
    d: int,
    N: float,
    facts: str | Classes = "identity",
    M: int | None = None,
) -> float:
    """Expected fraction of the inputs that are recalled.

    Parameters
    ----------
    construction : one of the named memories.
    d : dimension, at least 2.
    N : number of facts, at least 1 (real numbers are allowed, for root finding).
    facts, M : law of the fact map and number of outputs, or the classes themselves.

    Examples
    --------
    >>> expected_recall(Construction("linear"), d=64, N=256)
    0.7574
    """
    share, failure = _failures(construction, d, N, facts, M)
    return float(1 - share @ failure)


def all_recalled(
    construction: Construction,
    *,
    d: int,
    N: float,
    facts: str | Classes = "identity",
    M: int | None = None,
) -> float:
    """Probability that every input is recalled, failures of different inputs taken independent.

    Parameters are those of :func:`expected_recall`.

    Examples
    --------
    >>> all_recalled(Construction("linear"), d=64, N=100)
    0.6028
    """
    share, failure = _failures(construction, d, N, facts, M)
    with np.errstate(divide="ignore"):
        return float(np.exp(N * share @ np.log1p(-failure)))


def capacity_of(
    construction: Construction,
    *,
    d: int,
    rate: float = 1.0,
    facts: str = "identity",
    M: int | None = None,
) -> float:
    r"""Predicted capacity: where the expected recall, or the chance of all, falls to its level.

    Parameters
    ----------
    construction, d, facts, M : as for :func:`expected_recall`.
    rate : below 1, the N at which the expected recall is this rate; 1 means every input, and the
        N at which all are recalled with probability 1/2 (the median capacity).

    Returns
    -------
    N, a real number: at most M for an injective map, and infinite where nothing is ever forgotten
    since there is a single output.

    Raises
    ------
    InputError
        If the rate is not in (0, 1], or another argument is out of range.

    Examples
    --------
    >>> round(capacity_of(Construction("linear"), d=64), 1)
    104.6
    """
    if not 0 < rate <= 1:
        raise InputError(f"rate {rate} is not in (0, 1]")
    check_sizes(d=d, M=1 if M is None else M)
    measure: Callable[..., float] = all_recalled if rate == 1 else expected_recall
    level = 0.5 if rate == 1 else rate

    largest = np.inf
    if facts in INJECTIVE and M is not None:
        largest = float(M)
    elif M == 1:
        return largest

    def excess(log_N: float) -> float:
        N = min(float(np.exp(log_N)), largest)
        return measure(construction, d=d, N=N, facts=facts, M=M) - level

    if largest < np.inf and excess(np.log(largest)) >= 0:
        return float(largest)
    low = min(np.log(2.0), np.log(largest))
    # Start where the leading-order law puts it and widen until the level is bracketed.
    high = min(max(np.log(d**2 / (4 * max(np.log(d), 1.0))), low + 0.1), np.log(largest))
    while excess(high) > 0:
        low, high = high, high + 0.7
    while excess(low) < 0 and low > 0:
        low, high = max(low - 0.7, 0.0), low
    return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-4)))
