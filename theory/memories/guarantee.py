r"""The explicit guarantee: a proved bound on the probability that anything is forgotten.

For independent embeddings uniform on the sphere, the identity map and W = sum_x u_x e_x^T,
read through a random rank-m projector P (P = I when m = d),

.. math::
    P(\text{some input fails}) \le N (N - 1)\;
    E\Bigl[\exp\Bigl(-\frac{(1 - \rho)(\sqrt{s} - \epsilon)_+^2\, d}{4 Q}\Bigr)\Bigr]

with rho and epsilon coordinates of points on the sphere, s = |P e|^2 ~ Beta(m/2, (d - m)/2)
(s = 1 when m = d), Q a sum of N - 2 independent Beta(1/2, (d - 1)/2) variables, all independent.
An injective map into M > N outputs has N (M - N) pairs more, of an input and an output that is no
one's answer; for these epsilon is 0 and Q has N - 1 terms.
Nothing is asymptotic and no constant is hidden; ``docs/derivations.md`` has the proof.

The expectation over Q is bounded by the tangent of the concave function -c/Q at a point q, and
the moments of a sphere coordinate by those of N(0, 1/d): for any q > 0 with q^2 > 2c/d,

.. math:: E\,e^{-c/Q} \le e^{-2c/q}\,\Bigl(1 - \frac{2c}{d q^2}\Bigr)^{-(N-2)/2},

least at q = (n + sqrt(n^2 + 8 c d)) / (2d), n = N - 2. Those over rho, epsilon and s are bounded
by upper Riemann sums: the integrand is monotone in each, so every cell takes its worst corner.
What is returned is therefore an upper bound, not an estimate.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assoc.errors import InputError
from theory.memories.sizes import LARGEST_N, check_sizes

__all__ = ["failure_bound", "guaranteed_capacity"]

Floats = NDArray[np.float64]

CELLS = 320
CELLS_WITH_RANK = 96


def failure_bound(N: int, d: int, *, M: int | None = None, rank: int | None = None) -> float:
    """Bound the probability that the Hebbian memory of N facts fails on some input.

    Parameters
    ----------
    N : number of facts, at least 1; the map is injective.
    d : dimension, at least 2.
    M : number of outputs, at least N; None means N.
    rank : m, if the memory is read through a random rank-m projector.

    Returns
    -------
    A number in [0, 1] that the failure probability does not exceed.

    Raises
    ------
    InputError
        If a size is out of range.

    References
    ----------
    NLB, Theorem 1, whose constants and logarithms are unspecified; these are derived here.

    Examples
    --------
    >>> failure_bound(300, 256) < 1e-3 < failure_bound(1200, 256)
    True
    """
    M = N if M is None else M
    check_sizes(d=d, N=N, M=M)
    if M < N:
        raise InputError(f"no injective map from N = {N} inputs to M = {M} outputs")
    if rank is not None and not 1 <= rank <= d:
        raise InputError(f"rank {rank} is not between 1 and d = {d}")
    if N == 1:
        return 0.0
    cells = CELLS if rank in (None, d) else CELLS_WITH_RANK
    upper, mass = _cells_of_coordinate(d, cells, M)
    if rank is None or rank == d:
        s, s_mass = np.ones(1), np.ones(1)
    else:
        s, s_mass = _cells_of_beta(rank / 2, (d - rank) / 2, cells // 2)

    def mean(epsilon: Floats, epsilon_mass: Floats, terms: int) -> float:
        gap = np.maximum(np.sqrt(s)[:, None] - epsilon, 0.0)
        c = np.multiply.outer(gap**2, np.maximum(1 - upper, 0.0)) * d / 4
        value = np.exp(_log_laplace_bound(c, terms, d))
        return float(np.einsum("s,e,r,ser->", s_mass, epsilon_mass, mass, value))

    bound = N * (N - 1) * mean(upper, mass, N - 2)
    if M > N:
        bound += N * (M - N) * mean(np.zeros(1), np.ones(1), N - 1)
    # The slack covers rounding in the special functions, which is many orders smaller.
    return min(1.0, bound * (1 + 1e-6))


def guaranteed_capacity(
    d: int, *, delta: float = 0.5, M: int | None = None, rank: int | None = None
) -> int:
    """Largest N (up to doubling, then bisection) proved recalled whole with probability 1 - delta.

    Parameters
    ----------
    d : dimension, at least 2.
    delta : allowed failure probability, in (0, 1).
    M, rank : as for :func:`failure_bound`.

    Raises
    ------
    InputError
        If delta or a size is out of range.

    Examples
    --------
    >>> guaranteed_capacity(128)
    264
    """
    if not 0 < delta < 1:
        raise InputError(f"delta = {delta} is not between 0 and 1")
    limit = LARGEST_N if M is None else M
    # Start at an eighth of the asymptotic law where that is proved already.
    low = max(1, min(limit, int(d**2 / (64 * max(np.log(d), 1.0)))))
    if failure_bound(low, d, M=M, rank=rank) > delta:
        low = 1
    high = 2 * low
    while high <= limit and failure_bound(high, d, M=M, rank=rank) <= delta:
        low, high = high, 2 * high
    high = min(high, limit + 1)
    while high - low > max(1, low // 10_000):
        middle = (low + high) // 2
        if failure_bound(middle, d, M=M, rank=rank) <= delta:
            low = middle
        else:
            high = middle
    return low


def _log_laplace_bound(c: Floats, n: int, d: int) -> Floats:
    """Upper bound on log E exp(-c / Q), Q a sum of n Beta(1/2, (d - 1)/2), elementwise."""
    if n == 0:
        return np.where(c > 0, -np.inf, 0.0)
    terms = float(n)
    q = (terms + np.sqrt(terms**2 + 8 * c * d)) / (2 * d)
    share = 2 * c / (d * q**2)
    # At the best q, 1 - share is n/(d q), which keeps its digits where share is close to 1.
    log_rest = np.where(share < 0.5, np.log1p(-np.minimum(share, 0.5)), np.log(terms / (d * q)))
    bound = -2 * c / q - terms / 2 * log_rest
    return np.asarray(np.minimum(bound, 0.0))


def _cells_of_coordinate(d: int, cells: int, M: int) -> tuple[Floats, Floats]:
    """Upper ends and probabilities of cells that cover a sphere coordinate's range [-1, 1]."""
    # Beyond the width lies a mass of at most exp(-20) / M^2, which the worst corner may overrate.
    width = min(1.0, np.sqrt((4 * np.log(float(M)) + 40) / d))
    ends = np.concatenate([np.linspace(-width, width, cells), [1.0]])
    tail = np.where(
        ends >= 0,
        0.5 * special.betaincc(0.5, (d - 1) / 2, ends**2),
        1 - 0.5 * special.betaincc(0.5, (d - 1) / 2, ends**2),
    )
    tail[-1] = 0.0
    # The first cell reaches down to -1, the last one up to 1.
    return ends, -np.diff(np.concatenate([[1.0], tail]))


def _cells_of_beta(a: float, b: float, cells: int) -> tuple[Floats, Floats]:
    """Lower ends and probabilities of cells that cover (0, 1) under the Beta(a, b) law."""
    ends = np.concatenate([[0.0], special.betaincinv(a, b, np.linspace(0, 1, cells + 1)[1:-1])])
    # Finer cells in the lower tail, where the bound is largest.
    deep = special.betaincinv(a, b, np.geomspace(1e-12, 1 / cells, 16)[:-1])
    ends = np.unique(np.concatenate([ends, deep]))
    return ends, np.diff(np.concatenate([special.betainc(a, b, ends), [1.0]]))
