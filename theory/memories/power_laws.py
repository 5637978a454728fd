r"""Predicted error of weighted memories under x ~ x^-a, and its exponents.

Error of W = sum_x q(x) u_x e_x^T, every x with an output of its own (derived in
docs/lower-bounds.md), S_a = zeta(a):

===============  ============================================================================
``probability``  C_a d^{-(a-1)/(2a)}: the heaviest inputs' own outputs compete, q(1)/sqrt(d)
``first``        n^{1-a}/((a-1) S_a): d^{-2(a-1)} up to logarithms; for a <= 2
                 d^2/n = (sqrt(2 log M) + 2 sqrt((a-1) log d))^2
``counts``       the larger of ``probability`` and Gamma(1-1/a) (T/S_a)^{1/a} / (a T)
``seen``         Gamma(1-1/a) (T/S_a)^{1/a} / (a T) in T, while d^2 is large enough
===============  ============================================================================

With M outputs fixed and d >> M the inputs of a class interfere, n is of order d, and the exponent
of ``first`` is a - 1, for balanced and for Zipf-sized classes alike.
"""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.facts.input_laws import PowerLaw
from sims.memories.construction import Construction
from sims.memories.power_laws import Weighted
from theory.memories.recall import expected_failure

__all__ = [
    "best_first",
    "dimension_exponent",
    "limit_constant",
    "predicted_error",
    "sample_exponent",
    "weighted_recall",
]

Floats = NDArray[np.float64]

POISSON = 64.0
"""Expected counts from which the law of a count is taken as concentrated."""

GRID = 96
LISTED = 48
BLOCK = 0.1
T_NODES, NOISE_NODES = 12, 7
FACTORS = 4000


def weighted_recall(q: Floats, d: float) -> Floats:
    r"""Probability (n,) that each stored input is recalled, with weights q and own outputs.

    .. math:: E \prod_{z \ne x, 1} \Phi\Bigl(\frac{q_x + \sigma g}{\sqrt{q_z^2/d + \sigma^2}}
              \Bigr)\, \Phi\Bigl(\frac{q_x + \sigma g - q_1 t/\sqrt d}{\sigma}\Bigr), \qquad
              \sigma^2 = \frac{q_1^2 t^2 + \sum_{z \ne x, 1} q_z^2}{d^2}

    over standard normal t and g. The output of a stored z scores q_z <e_z, e_x>, independently
    over z given e_x, and every output the noise of all; that of the heaviest input, t, is kept.

    Parameters
    ----------
    q : (n,) positive weights in descending order.
    d : dimension.

    Examples
    --------
    >>> weighted_recall(np.array([1.0, 0.3, 0.1]), 100).round(2)
    array([1.  , 1.  , 0.8...])
    """
    spread_out = np.geomspace(1, len(q), GRID).astype(int) - 1
    kept = np.unique(np.append(np.arange(min(len(q), LISTED)), spread_out))
    energy = float(q[1:] @ q[1:])
    log_recall = np.zeros(len(kept))
    for place, x in enumerate(kept[1:], start=1):
        square, count = _pooled(np.delete(q[1:], x - 1) ** 2)

        def log_chance(
            own: Floats, variance: Floats, square: Floats = square, count: Floats = count
        ) -> Floats:
            spread = np.sqrt(square / d + variance[..., None])
            return np.asarray(scipy.special.log_ndtr(own[..., None] / spread) @ count)

        log_recall[place] = _log_right(q[x], q[0], energy - q[x] ** 2, d, log_chance)
    return np.asarray(np.exp(np.interp(np.log1p(np.arange(len(q))), np.log1p(kept), log_recall)))


def _pooled(squares: Floats) -> tuple[Floats, Floats]:
    """Pairs of values with the mean and the variance of blocks of many, and how many each counts.

    What is summed over the values is smooth in them: after the first :data:`LISTED` a block of
    neighbours, whose places differ by a tenth, is replaced by two points.
    """
    n = len(squares)
    if n <= 4 * LISTED:
        return squares, np.ones(n)
    blocks = int(np.ceil(np.log(n / LISTED) / np.log1p(BLOCK)))
    ends = np.unique(np.geomspace(LISTED, n, blocks + 1).round().astype(int))
    sizes = np.diff(ends)
    means = np.add.reduceat(squares, ends[:-1]) / sizes
    apart = squares[LISTED:] - np.repeat(means, sizes)
    spread = np.sqrt(np.add.reduceat(apart**2, ends[:-1] - LISTED) / sizes)
    pairs = np.stack([means - spread, means + spread])
    return (
        np.concatenate([squares[:LISTED], pairs.ravel()]),
        np.concatenate([np.ones(LISTED), np.tile(sizes / 2, 2)]),
    )


def _log_right(
    own: float,
    top: float,
    energy: float,
    d: float,
    log_chance: Callable[[Floats, Floats], Floats],
) -> float:
    """Log of the chance that an input of weight ``own`` beats all, over t and g.

    Parameters
    ----------
    own, top : its weight, and that of the heaviest input.
    energy : sum of the other weights squared.
    d : dimension.
    log_chance : log of the chance against those others, from (own + sigma g, sigma^2).
    """
    g, g_weight = np.polynomial.hermite_e.hermegauss(NOISE_NODES)
    place, weight = np.polynomial.legendre.leggauss(T_NODES)
    tiny = float(np.finfo(np.float64).tiny)
    # The heaviest input wins where t is above a bar; on each side of it all is smooth in Phi(t).
    bar = own * math.sqrt(d) / top
    noise = math.sqrt(max((top * bar) ** 2 + energy, tiny)) / d
    share = scipy.special.ndtr(bar + noise * g * math.sqrt(d) / top)[:, None]
    u = np.concatenate([share * (1 + place) / 2, share + (1 - share) * (1 + place) / 2], axis=1)
    u_weight = np.concatenate([share * weight / 2, (1 - share) * weight / 2], axis=1)
    t = scipy.special.ndtri(np.clip(u, tiny, 1 - 1e-16))  # (noise, t)
    variance = np.maximum((top * t) ** 2 + energy, tiny) / d**2
    level = own + np.sqrt(variance) * g[:, None]
    against_top = (level - top * t / math.sqrt(d)) / np.sqrt(variance)
    value = log_chance(level, variance) + scipy.special.log_ndtr(against_top)
    with np.errstate(divide="ignore"):
        log_weight = np.log(u_weight * (g_weight / g_weight.sum())[:, None])
    return float(scipy.special.logsumexp(value + log_weight))


def limit_constant(a: float) -> float:
    r"""C_a, for which q = p has error C_a d^{-(a-1)/(2a)} as d grows.

    .. math:: C_a = \frac{1}{\zeta(a)} \int_0^\infty t^{-a} (1 - \Psi(t))\,dt, \qquad
              \Psi(t) = \prod_{z \ge 1} \Phi\bigl((z/t)^a\bigr),

    Psi(x d^{-1/(2a)}) being the recall of input x in the limit.

    Parameters
    ----------
    a : exponent, above 1.

    Examples
    --------
    >>> round(limit_constant(2.0), 4)
    0.3592
    """
    _above_one(a)
    z = np.arange(1.0, FACTORS + 1)

    def lost(log_t: float) -> float:
        log_psi = scipy.special.log_ndtr((z / math.exp(log_t)) ** a).sum()
        return float(-math.expm1(log_psi)) * math.exp((1 - a) * log_t)

    # Below t = 0.1 nothing is lost to 1e-16; above t = 60 all is, and the rest is elementary.
    high = math.log(60.0)
    value = scipy.integrate.quad(lost, math.log(0.1), high, limit=400, epsrel=1e-9)[0]
    return float((value + math.exp((1 - a) * high) / (a - 1)) / scipy.special.zeta(a))


def dimension_exponent(weights: str, a: float, *, shared: bool = False) -> float:
    """Exponent of the error in 1/d, up to logarithms.

    Parameters
    ----------
    weights : ``probability`` or ``first`` (at the best n).
    a : exponent of the inputs, above 1.
    shared : whether a fixed number of outputs M << d is shared by the inputs.

    Examples
    --------
    >>> dimension_exponent("probability", 2.0), dimension_exponent("first", 2.0)
    (0.25, 2.0)
    """
    _above_one(a)
    if weights == "probability":
        return (a - 1) / (2 * a)
    if weights == "first":
        return (a - 1) * (1 if shared else 2)
    raise InputError(f"weights {weights!r} have no exponent in d: give 'probability' or 'first'")


def sample_exponent(a: float) -> float:
    """Exponent of the error in 1/T while inputs that were never seen decide, 1 - 1/a.

    Examples
    --------
    >>> sample_exponent(2.0)
    0.5
    """
    _above_one(a)
    return 1 - 1 / a


def _above_one(a: float) -> None:
    if not 1 < a < math.inf:
        raise InputError(f"a = {a:g}: the exponents are those of a > 1")


def predicted_error(memory: Weighted) -> float:
    """Predicted expected error of a weighted memory; inputs that are not stored are errors.

    Parameters
    ----------
    memory : any weighting but ``frequent``; shared outputs and bits for ``first`` and ``seen``.

    Raises
    ------
    InputError
        If there is no prediction for it.

    Examples
    --------
    >>> round(predicted_error(Weighted("first", PowerLaw(2.0), 64, stored=16)), 4)
    0.0368
    """
    if memory.weights not in PREDICTIONS:
        raise InputError(f"no prediction for weights {memory.weights!r}")
    if memory.memory != "linear":
        raise InputError("no prediction for a build of one's own")
    own = memory.facts == "identity" and memory.outputs is None
    plain = memory.bits is None and own
    if memory.weights in ("probability", "counts") and not plain:
        raise InputError(
            f"no prediction for {memory.label()!r}: exact weights and one output for each input"
        )
    return PREDICTIONS[memory.weights](memory)


def _probability(memory: Weighted) -> float:
    p = memory.law.head(memory.listed)
    return float(1 - p @ weighted_recall(p / p[0], memory.d))


def _lost(memory: Weighted, n: float) -> float:
    """Share not recalled of n inputs with equal weights."""
    if n < 2:
        return 0.0
    construction = Construction("linear", bits=memory.bits)
    # The law of a random map is one of whole numbers anyway.
    n = round(n) if memory.facts == "random" else n
    return expected_failure(construction, d=memory.d, N=n, facts=memory.facts, M=memory.outputs)


def _first(memory: Weighted) -> float:
    return _first_of(memory, memory.listed)


def _first_of(memory: Weighted, n: float) -> float:
    """Error with the n likeliest inputs stored; n may be any real number from 1 on."""
    beyond = memory.law.beyond(n)
    return float(beyond + (1 - beyond) * _lost(memory, n))


def _seen(memory: Weighted) -> float:
    p, count = memory.law.nodes()
    missed = np.exp(memory.samples * np.log1p(-np.minimum(p, 1 - 1e-16)))
    lost = _lost(memory, float(count @ (1 - missed)))
    return float(1 - (1 - lost) * (count @ (p * (1 - missed))))


def _counts(memory: Weighted) -> float:
    """Recall of an input by its count c, averaged over independent Poisson counts of all.

    Below some 50 samples, where the heaviest input's count is no longer near its mean, the error
    comes out up to 5% too large.
    """
    from scipy import stats

    assert memory.samples is not None
    d = memory.d
    p, number = memory.law.nodes()
    mean = memory.samples * p
    most = max(8, math.ceil(mean[0] + 6 * math.sqrt(mean[0])))
    grid = np.unique(np.geomspace(1, most, GRID // 2).round())
    heavy = mean > POISSON
    heavy[0] = False
    light = ~heavy
    light[0] = False
    n = np.arange(1.0, math.ceil(POISSON + 10 * math.sqrt(POISSON)))
    pmf = np.asarray(stats.poisson.pmf(n[:, None], mean[light]))  # (n, light)
    # Makes no difference, but products with denormal numbers take three times as long.
    pmf[pmf < 1e-200] = 0.0
    energy = float(number[1:] @ (mean[1:] ** 2 + mean[1:]))

    def log_chance(own: Floats, variance: Floats) -> Floats:
        spread = np.sqrt(mean[heavy] ** 2 / d + variance[..., None])
        against_heavy = scipy.special.log_ndtr(own[..., None] / spread) @ number[heavy]
        lost = scipy.special.ndtr(-own[..., None] / np.sqrt(n**2 / d + variance[..., None]))
        left = np.log1p(-np.minimum(lost @ pmf, 1 - 1e-16))
        return np.asarray(against_heavy + left @ number[light])

    log_recall = np.array([_log_right(c, mean[0], energy, d, log_chance) for c in grid])
    right = np.exp(np.interp(np.log(mean), np.log(grid), log_recall))
    by_count = np.exp(np.interp(np.log(n), np.log(grid), log_recall))
    few = mean <= POISSON
    right[few] = by_count @ stats.poisson.pmf(n[:, None], mean[few])
    if not few[0]:
        right[0] = 1.0  # nothing is heavier
    return float(1 - number @ (p * right))


def best_first(
    law: PowerLaw,
    *,
    d: int,
    facts: str = "identity",
    outputs: int | None = None,
    bits: int | None = None,
) -> tuple[int, float]:
    """Number n of likeliest inputs whose memory of equal weights has the least predicted error.

    Parameters
    ----------
    law : p.
    d : dimension.
    facts, outputs, bits : as for :class:`sims.memories.power_laws.Weighted`.

    Returns
    -------
    n, error

    Examples
    --------
    >>> best_first(PowerLaw(2.0), d=64)[0]
    79
    """
    return _best_first(law, d, facts, outputs, bits)


@lru_cache(maxsize=64)
def _best_first(
    law: PowerLaw, d: int, facts: str, outputs: int | None, bits: int | None
) -> tuple[int, float]:
    memory = Weighted("first", law, d, stored=1, facts=facts, outputs=outputs, bits=bits)
    tiny = float(np.finfo(np.float64).tiny)

    def height(log_n: float) -> float:
        return math.log(max(_first_of(memory, math.exp(log_n)), tiny))

    high = min(law.inputs, outputs if outputs and facts == "identity" else np.inf, 4.0 * d**2)
    if high < 2:
        return 1, _first_of(memory, 1)
    # Over real n: on whole numbers neighbouring steps of the search would see no slope.
    found = scipy.optimize.minimize_scalar(
        height, bounds=(0.0, math.log(high)), method="bounded", options={"xatol": 1e-3}
    )
    near = math.floor(math.exp(found.x))
    whole = [n for n in (near, near + 1) if n <= high]
    return min(((n, _first_of(memory, n)) for n in whole), key=lambda pair: pair[1])


PREDICTIONS: Mapping[str, Callable[[Weighted], float]] = MappingProxyType(
    {"probability": _probability, "first": _first, "seen": _seen, "counts": _counts}
)
