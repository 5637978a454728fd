r"""How many facts a matrix of b-bit weights can hold at best, predicted without fitted parameters.

Of weights that are real numbers, a fact costs delta(M, d) equations and N delta = d^2
(:mod:`theory.memories.optimal`). Of weights from a finite set what counts is how many matrices are
left. As for the binary perceptron beside Gardner's (Krauth and Mezard 1989), the logarithm of that
number is computed by the replica-symmetric formula, and the capacity is the N at which it is 0.

With q the overlap of two solutions in units of their squared norm, z and g standard normal, and w
over the levels,

.. math:: \frac{\log \#}{d^2} = E_z \log \sum_w e^{-\hat q (1-q) w^2/2 + \sqrt{\hat q}\, z w}
          + \frac{N}{d^2} G_M(q), \qquad
          G_M(q) = E_g \log P_t\bigl(\sqrt q\, g + \sqrt{1-q}\, t \in K\bigr),

K being the cone of scores whose first is the highest of M. It is stationary in q and q-hat where

.. math:: q = \frac{E \langle w \rangle^2}{E \langle w^2 \rangle}, \qquad
          N G_M'(q) = -\tfrac12 \hat q\, d^2 E \langle w^2 \rangle .

For weights on a sphere in place of levels q tends to 1 there, G_M to -delta / (2 (1 - q)), and
N delta = d^2 comes out. Scores are taken as independent, as in
:func:`theory.memories.optimal.orthogonal_cost`.

:func:`first_moment_capacity` is the N at which the expected number of sign matrices that recall
everything would be 1 if scores were independent, given a typical sum of outer products. The
logarithm of an expectation is at least the expectation of a logarithm, so it lies above; a bound
on what matrices hold it is not.

References
----------
Krauth and Mezard, Storage capacity of memory networks with binary couplings, J. Phys. France 50
(1989), 3057. Gardner, The space of interactions in neural network models, J. Phys. A 21 (1988),
257.
"""

from functools import cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.bits.levels import check_bits
from assoc.checks import positive
from assoc.errors import InputError
from theory.memories.optimal import optimal_limit
from theory.memories.sizes import check_sizes

__all__ = ["few_bits_capacity", "first_moment_capacity", "log_win"]

Doubles = NDArray[np.float64]

TRIALS = 1000
"""Draws of the scores, where nothing else is said."""

MOST_BITS = 4
"""Most bits per weight: with more, solutions agree to more digits than sums over scores resolve."""

BIN = 0.08
"""Width of the bins of the competitors' scores, in standard deviations."""

SCORES = np.arange(-3.0, 8.0, 0.05)
"""Own scores over which the probability of being highest is summed."""

NORMAL = np.arange(-8.0, 8.01, 0.02)
"""Nodes of sums over a normal number, exact to rounding for what is smooth on their scale."""

SHARES = np.exp(-(NORMAL**2) / 2) / np.exp(-(NORMAL**2) / 2).sum()
"""Their weights."""


@cache
def _environments(M: int, trials: int, seed: int) -> tuple[Doubles, Doubles, Doubles]:
    """Own scores (trials,), and how many (trials, bins) of M - 1 others are in which bin."""
    rng = np.random.default_rng(seed)
    edges = np.arange(-8.0, 8.0 + BIN / 2, BIN)
    share = np.diff(scipy.special.ndtr(edges))
    own = rng.standard_normal(trials)
    return (
        own,
        rng.multinomial(M - 1, share / share.sum(), trials).astype(float),
        edges[:-1] + BIN / 2,
    )


def log_win(q: float, M: int, *, trials: int = TRIALS, seed: int = 0) -> Doubles:
    r"""Log P_t(sqrt(q) g + sqrt(1-q) t has its first of M entries highest), for draws of g.

    Parameters
    ----------
    q : between 0 and 1, both excluded.
    M : number of scores, at least 2.
    trials, seed : draws of g.

    Returns
    -------
    (trials,) logarithms, corrected by what g_0 and its square say (control variates).

    Examples
    --------
    At q near 0 nothing is known, and each of M scores is as likely to be the highest:

    >>> bool(abs(log_win(1e-6, 20).mean() + np.log(20)) < 1e-2)
    True
    """
    own, counts, middles = _environments(M, trials, seed)
    root, rest = np.sqrt(q), np.sqrt(1 - q)
    below = scipy.special.log_ndtr((SCORES[:, None] - root * middles) / rest)
    density = -0.5 * ((SCORES - root * own[:, None]) / rest) ** 2
    found = scipy.special.logsumexp(counts @ below.T + density, axis=1)
    found += np.log((SCORES[1] - SCORES[0]) / rest / np.sqrt(2 * np.pi))
    controls = np.column_stack([own, own**2 - 1])
    centred = controls - controls.mean(axis=0)
    slopes = np.linalg.lstsq(centred, found - found.mean(), rcond=None)[0]
    return np.asarray(found - controls @ slopes)


def _levels_at(q: float, levels: tuple[float, ...]) -> tuple[float, float, float]:
    """q-hat, the mean square of the levels, and E log sum of weights, at an overlap q."""
    z, share = NORMAL, SHARES
    w = np.array(levels) / np.sqrt(np.mean(np.square(levels)))

    def moments(force: float) -> tuple[float, float, float]:
        exponent = -force * (1 - q) * w**2 / 2 + np.sqrt(force) * z[:, None] * w
        log_sum = scipy.special.logsumexp(exponent, axis=1)
        chance = np.exp(exponent - log_sum[:, None])
        return (
            float(share @ (chance @ w) ** 2),
            float(share @ (chance @ w**2)),
            float(share @ log_sum),
        )

    def excess(log_force: float) -> float:
        first, second, _ = moments(float(np.exp(log_force)))
        return first / second - q

    # A large force leaves a level of 0 alone, which has no overlap.
    places = np.arange(-12.0, 12.0, 0.25)
    end = next((place for place in places if excess(place) >= 0), places[-1])
    force = float(np.exp(scipy.optimize.brentq(excess, -12.5, end, xtol=1e-10)))
    return force, *moments(force)[1:]


def _at_overlap(
    q: float, entries: int, levels: tuple[float, ...], M: int, trials: int, seed: int
) -> tuple[float, float, float]:
    """N that is stationary at q, its standard error, and the log of the number of matrices."""
    force, square, entropy = _levels_at(q, levels)
    step = 2e-3 * (1 - q)
    above, below = (log_win(q + side, M, trials=trials, seed=seed) for side in (step, -step))
    slopes = (above - below) / (2 * step)
    N = -force * square * entries / 2 / slopes.mean()
    error = N * slopes.std() / np.sqrt(trials) / abs(slopes.mean())
    return float(N), float(error), float(entries * entropy + N * (above + below).mean() / 2)


def _among(
    entries: int, levels: tuple[float, ...], M: int, trials: int, seed: int
) -> tuple[float, float]:
    """N facts among M answers at which no matrix is left, and its standard error."""

    def left(q: float) -> float:
        return _at_overlap(q, entries, levels, M, trials, seed)[2]

    q = float(scipy.optimize.brentq(left, 0.02, 0.985, xtol=3e-4))
    return _at_overlap(q, entries, levels, M, trials, seed)[:2]


@cache
def few_bits_capacity(
    d: int,
    bits: int = 1,
    *,
    levels: tuple[float, ...] | None = None,
    features: int | None = None,
    trials: int = TRIALS,
    seed: int = 0,
) -> tuple[float, float]:
    """N up to which some matrix of b-bit weights recalls everything, N answers in R^d.

    Parameters
    ----------
    d : dimension of the answers.
    bits : b, between 1 and 4.
    levels : values of a weight, at least two different numbers, each with its negative; None means
        the 2^b odd numbers from 1 - 2^b to 2^b - 1. At any scale they hold the same.
    features : p, of a read-out with p d weights; None means d.
    trials : draws of scores.
    seed : of these.

    Returns
    -------
    N, error
        The prediction, and the standard error that the draws give it.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    check_sizes(d=d)
    if check_bits(bits) > MOST_BITS:
        raise InputError(f"bits = {bits}: this prediction is for at most {MOST_BITS}")
    if levels is None:
        levels = tuple(map(float, range(1 - 2**bits, 2**bits, 2)))
    if len(levels) < 2 or sorted(levels) != sorted(-level for level in levels):
        raise InputError(f"levels = {levels}: two or more that are the same with the other sign")
    if len(set(levels)) < len(levels) or not np.isfinite(levels).all():
        raise InputError(f"levels = {levels}: they are to be different numbers")
    entries = d * (d if features is None else positive(features, "features"))
    first = float(np.exp(optimal_limit(np.sqrt(entries)))) * (0.6 if len(levels) == 2 else 0.9)
    M = max(3, int(first))
    for _ in range(2):
        M = max(3, int(_among(entries, levels, M, trials, seed)[0]))
    N, error = _among(entries, levels, M, trials, seed)
    # For N facts among as many answers: N falls like 1 / log M, and M is a whole number near it.
    slope = 1 + 1 / float(np.log(M))
    return M + (N - M) / slope, error / slope


def _recalls(mean: float, M: int) -> float:
    """Log chance, for each fact, that all are recalled given the mean of their own scores."""
    step = 0.01
    s = np.arange(-9.0, 12.0, step)
    log_density = -(s**2) / 2 - np.log(2 * np.pi) / 2 + (M - 1) * scipy.special.log_ndtr(s)

    def tilted(force: float) -> float:
        return float(scipy.special.logsumexp(log_density + force * (s - mean)) + np.log(step))

    best: Any = scipy.optimize.minimize_scalar(tilted, bounds=(-60.0, 60.0), method="bounded")
    return float(best.fun) + mean**2 / 2


def first_moment_capacity(d: int) -> float:
    r"""N at which the expected number of sign matrices that recall everything is 1, at a typical H.

    H is the sum of outer products, with normal entries of variance N / d^2. With weights
    independent given H, P(w = sign) = e^{beta |h|} / (2 cosh beta |h|), their entropy S(beta)
    counts the matrices whose scores have the mean a(beta) = E|h| tanh(beta |h|) d / sqrt(N), and

    .. math:: \log E \# = \max_\beta\; d^2 S(\beta) + N \log P(\text{own score highest of } N
              \mid \text{mean of own scores } = a(\beta)) .

    Parameters
    ----------
    d : dimension, at least 3.

    Raises
    ------
    InputError
        If d is out of range, or so small that fewer than three facts are held.

    Examples
    --------
    Less than N log2 N = d^2 would allow:

    >>> N = first_moment_capacity(32)
    >>> bool(N * np.log2(N) < 32**2)
    True
    """
    check_sizes(d=d)
    share, h = SHARES, np.abs(NORMAL)

    def left(log_N: float) -> float:
        N = float(np.exp(log_N))

        def count(log_beta: float) -> float:
            bent = float(np.exp(log_beta)) * h
            drawn = float(share @ (h * np.tanh(bent)))
            entropy = (
                float(share @ (bent + np.log1p(np.exp(-2 * bent))))
                - float(np.exp(log_beta)) * drawn
            )
            return -(d**2 * entropy + N * _recalls(drawn * d / np.sqrt(N), max(2, round(N))))

        best: Any = scipy.optimize.minimize_scalar(count, bounds=(-6.0, 4.0), method="bounded")
        return -float(best.fun)

    if left(float(np.log(3))) <= 0:
        raise InputError(f"d = {d} is too small: fewer than three facts are held")
    top = 2 * float(np.log(d))
    return float(np.exp(scipy.optimize.brentq(left, float(np.log(3)), top, xtol=1e-4)))
