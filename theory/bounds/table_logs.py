"""Logs of counts: the pieces that bounds on the bits of fact tables are made of.

Each is derived in docs/lower-bounds.md, part I.5.
"""

import math
from collections import Counter

import numpy as np
import scipy

__all__ = [
    "LOG2",
    "ROUNDING",
    "Kinds",
    "log_choices",
    "log_left_open",
    "log_rising",
    "log_stirling",
    "log_truncated",
]

ROUNDING = 1e-13
"""What rounding may do to a bound, as a share of it."""

LOG2 = math.log(2)
"""Nats of a bit."""

DIRECT = 200.0

Kinds = Counter[tuple[int, int]]
"""How many relations have so many facts, and at most so many answers."""


def log_rising(W: float, J: float) -> float:
    """Log of Gamma(W + J + 1) / Gamma(W + 1), without cancellation for W >> J.

    Parameters
    ----------
    W, J : at least 0.

    Examples
    --------
    >>> round(log_rising(3.0, 2.0), 9) == round(math.log(20), 9)
    True
    """
    if W < DIRECT:
        # One factor at a time up to where Stirling's series is good to rounding.
        steps = math.ceil(DIRECT - W)
        if steps >= J:
            return float(scipy.special.gammaln(W + J + 1) - scipy.special.gammaln(W + 1))
        low = W + np.arange(1.0, steps + 1)
        return float(np.log(low).sum()) + log_rising(W + steps, J - steps)
    # Stirling's series; its next term is below W^-5 / 1260.
    top = W + J
    series = (1 / top - 1 / W) / 12 - (top**-3 - W**-3) / 360
    return float(J * math.log(W) + (top + 0.5) * math.log1p(J / W) - J + series)


def log_choices(kinds: Kinds, vocabulary: int) -> float:
    """Log of the choices of answer sets, each as large as it may be, and of the facts in them.

    Parameters
    ----------
    kinds : relations by their numbers of facts and of answers.
    vocabulary : at least as many as all answers.
    """
    answers = sum(n * D for (_, D), n in kinds.items())
    sets = log_rising(float(vocabulary - answers), float(answers))
    sets -= sum(n * math.lgamma(D + 1) for (_, D), n in kinds.items())
    return sets + sum(S * n * math.log(D) for (S, D), n in kinds.items())


def log_left_open(kinds: Kinds, vocabulary: int) -> float:
    """Bound on the log of the answer sets that lead to one table, by the answers it leaves out.

    Parameters are those of :func:`log_choices`.
    """
    unused = sum(n * D * math.exp(S * math.log1p(-1 / D)) for (S, D), n in kinds.items() if D > 1)
    left = float(vocabulary - sum(n * D for (_, D), n in kinds.items()))
    open_ = log_rising(left, unused) - math.lgamma(unused + 1)
    return open_ + unused * math.log(kinds.total())


def log_stirling(S: int, k: int) -> float:
    r"""Lower bound on log S2(S, k), the Stirling number of the second kind.

    Parameters
    ----------
    S, k : 1 <= k <= S.

    S2(S, k) is S! (e^rho - 1)^k / (k! rho^S) times P(X = S), X the sum of k zero-truncated Poisson
    variables with the rho for which E X = S. X is log-concave. With v its variance, mu4 its fourth
    central moment and h = v^(3/2) / (2 sqrt(mu4)), at most E (X - S)^-, some integer within 2 v / h
    below S has probability at least (h^2 / 4 v) / (2 v / h + 1), one at or above S too, and so has
    S between them.
    """
    if k in (1, S):
        return 0.0
    ratio = S / k
    rho = float(
        scipy.optimize.brentq(lambda r: r / -math.expm1(-r) - ratio, 1e-12, ratio, xtol=1e-15)
    )
    if rho < 50:
        z = np.arange(1.0, 240.0)
        pmf = np.exp(z * math.log(rho) - scipy.special.gammaln(z + 1) - math.log(math.expm1(rho)))
        variance = float(pmf @ (z - ratio) ** 2)
        fourth = float(pmf @ (z - ratio) ** 4)
    else:
        # Poisson's, up to exp(-50).
        variance, fourth = rho * (1 - 1e-9), (3 * rho**2 + rho) * (1 + 1e-9)
    v = k * variance
    mu4 = k * fourth + 3 * k * (k - 1) * variance**2
    h = v**1.5 / (2 * math.sqrt(mu4))
    chance = h**2 / (4 * v) / (2 * v / h + 1)
    expm1 = rho + math.log(-math.expm1(-rho))
    return (
        math.lgamma(S + 1) - math.lgamma(k + 1) + k * expm1 - S * math.log(rho) + math.log(chance)
    )


def log_truncated(log_t: float, most: int) -> float:
    r"""Upper bound on the log of the truncated exponential series, sum_{k <= most} t^k / k!.

    Parameters
    ----------
    log_t : log t.
    most : largest power, at least 1.

    Examples
    --------
    >>> math.log(1 + 2 + 2) < log_truncated(math.log(2), 2) < math.log(7)
    True
    """
    t = math.exp(min(log_t, 700.0))
    # The largest term t^k / k! is that of k = floor(t).
    top = math.floor(min(float(most), t))
    bounds = [t, math.log(most + 1) + top * log_t - math.lgamma(top + 1)]
    if log_t < 700 and t > most:
        bounds.append(most * log_t - math.lgamma(most + 1) - math.log1p(-most / t))
    return min(bounds)
