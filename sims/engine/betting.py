r"""Intervals for the mean of a bounded quantity by betting, whose coverage is proved at every size.

Of independent values in [0, 1] with mean m, a gambler who stakes a share of the capital on "the
next value is above m" can win nothing on average: the capital

.. math:: K_t(m) = \prod_{i \le t} \bigl(1 + \lambda_i (x_i - m)\bigr)

is a non-negative martingale that starts at 1, whatever the law of the values and however the stake
:math:`\lambda_i` is chosen from the values before the i-th. By Ville's inequality it ever reaches
:math:`2 / \alpha` with probability at most :math:`\alpha / 2`; so does the capital of a gambler who
bets on "below". The means against which neither has reached it form an interval that covers m with
probability at least :math:`1 - \alpha`, at all times at once: one may look after every trial, and
stop because of what one sees. (I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random
variables by betting", Journal of the Royal Statistical Society B 86 (2024), Section 4; their hedged
capital, with both sides kept apart.)

The stakes adapt to the spread of the values, of which nothing need be known: an interval for values
that hardly vary is far narrower than Hoeffding's. Which stakes win most depends on how many values
there will be, and whoever stops as soon as something is shown does not know. So the capital is
divided among gamblers who count on different numbers; the sum of their capitals is a martingale
too. It is never less than any one of them wins with its part of the capital.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assoc.checks import positive
from assoc.errors import InputError
from sims.engine.statistics import LEVEL, Interval

__all__ = ["betting_interval"]

SHARE = 0.95
"""Largest share of the capital that a single value may cost."""

SPREAD = 0.01
"""Variance that is assumed before the first value; it counts as one value does."""

FINEST = 1e-12
"""Error of an end, always outwards."""

GAMBLERS = {1: 1 / 2, 4: 1 / 6, 16: 1 / 6, 64: 1 / 6}
"""Part of the planned number of values that each counts on (1 in so many), with its capital."""


def betting_interval(
    values: ArrayLike, *, level: float = LEVEL, budget: int | None = None
) -> Interval:
    r"""Interval of the mean of independent values in [0, 1], valid whenever one stops.

    Parameters
    ----------
    values : (T,) in the order in which they were seen; independent, each in [0, 1], with the same
        mean. T may be 0.
    level : coverage, at least this, of the intervals of all beginnings of the values together.
    budget : number of values that the stakes are tuned to; None means T. The coverage does not
        depend on it, but it must have been chosen before the values were seen.

    Returns
    -------
    (low, high), within [0, 1].

    Raises
    ------
    InputError
        If a value is not in [0, 1], the level is not between 0 and 1, or the budget is not a
        positive integer.

    Examples
    --------
    >>> betting_interval([])
    (0.0, 1.0)
    >>> low, high = betting_interval([0.4, 0.5, 0.6] * 40)
    >>> round(low, 2), round(high, 2)
    (0.47, 0.53)
    """
    x = np.asarray(values, np.float64)
    if not 0 < level < 1:
        raise InputError(f"level {level} is not between 0 and 1")
    if x.ndim != 1 or not np.all((x >= 0) & (x <= 1)):
        raise InputError("values are not a list of numbers in [0, 1]")
    if len(x) == 0:
        return 0.0, 1.0
    planned = len(x) if budget is None else positive(budget, "budget")
    goal = float(np.log(2 / (1 - level)))
    # Below is above for 1 - x: the upper end is 1 minus the lower end of that.
    return _lower_end(x, goal, planned), 1 - _lower_end(1 - x, goal, planned)


def _stakes(x: NDArray[np.float64], goal: float, planned: int) -> NDArray[np.float64]:
    """Stakes of each gambler (in rows) that win most within the values that it counts on."""
    count = np.arange(1, len(x) + 1)
    means = np.cumsum(x) / count
    squares = np.cumsum((x - means) ** 2)
    before = np.concatenate([[0.0], squares[:-1]])
    expected = planned / np.array(list(GAMBLERS))
    return np.asarray(np.sqrt(2 * goal / (expected[:, None] * (SPREAD + before) / count)))


def _lower_end(x: NDArray[np.float64], goal: float, planned: int) -> float:
    """Largest mean that gamblers on larger values have won enough against."""
    from scipy import optimize

    stakes = _stakes(x, goal, planned)
    first = np.log(list(GAMBLERS.values()))[:, None]

    def lacking(m: float) -> float:
        capital = np.cumsum(np.log1p(np.minimum(stakes, SHARE / m) * (x - m)), axis=1)
        return goal - float(np.logaddexp.reduce(first + capital, axis=0).max())

    # The capital falls as the mean rises that is bet against; against 1 nothing is won.
    if lacking(FINEST) > 0:
        return 0.0
    return max(0.0, optimize.brentq(lacking, FINEST, 1.0, xtol=FINEST / 2) - FINEST)
