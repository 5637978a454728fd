r"""Intervals: exact where the law allows it, and said where not."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "LEVEL",
    "Interval",
    "log_slope",
    "mean_interval",
    "median_interval",
    "proportion_interval",
    "slope_interval",
]

LEVEL = 0.99
"""Coverage of intervals unless another is asked for."""

Interval: TypeAlias = tuple[float, float]
"""Lower and upper end."""


def proportion_interval(successes: int, trials: int, *, level: float = LEVEL) -> Interval:
    """Exact (Clopper-Pearson) interval of a binomial proportion.

    Parameters
    ----------
    successes, trials : counts, trials >= 1.
    level : coverage, at least this whatever the proportion.

    Examples
    --------
    >>> proportion_interval(10, 10, level=0.95)
    (0.6915..., 1.0)
    """
    from scipy import stats

    interval = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def mean_interval(values: ArrayLike, *, level: float = LEVEL) -> Interval:
    r"""Interval for the mean of a [0, 1]-valued quantity from independent trials.

    Inputs of one trial share its memory, so the trials, not the inputs, are the sample: Student's
    t over trials, clipped to [0, 1]. When all trials agree to the last digit, t would give an
    interval of no width; then, if they are all 1 (or all 0), the exact binomial bound for "a trial
    is not 1" is used, which is conservative.

    Parameters
    ----------
    values : (T,) trial means, T >= 2 (with one trial the interval is [0, 1]).
    level : nominal coverage.

    Examples
    --------
    >>> mean_interval([1.0, 1.0, 1.0], level=0.95)
    (0.2924..., 1.0)
    """
    from scipy import stats

    sample = np.asarray(values, dtype=np.float64)
    trials = len(sample)
    if trials < 2:
        return 0.0, 1.0
    if np.ptp(sample) == 0:
        if sample[0] in (0.0, 1.0):
            return proportion_interval(trials * int(sample[0]), trials, level=level)
        return 0.0, 1.0
    half = stats.t.ppf(0.5 + level / 2, trials - 1) * sample.std(ddof=1) / np.sqrt(trials)
    centre = sample.mean()
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def median_interval(
    low: Sequence[float], high: Sequence[float], *, level: float = LEVEL
) -> Interval:
    r"""Order-statistic interval of the median of bracketed observations.

    With order statistics of T independent values, [x_(k), x_(T+1-k)] covers the median with
    probability 1 - 2 P(Bin(T, 1/2) < k), whatever their law. Each value is known only to lie in
    its bracket, so the lower end uses the lower ends and the upper end the upper ends. Too few
    trials for the level give the whole line.

    Parameters
    ----------
    low, high : (T,) ends of the brackets; a censored one has an infinite upper end.
    level : coverage, at least this.

    Examples
    --------
    >>> median_interval(range(10), range(1, 11), level=0.95)
    (1.0, 9.0)
    """
    from scipy import stats

    trials = len(low)
    k = int(stats.binom.ppf((1 - level) / 2, trials, 0.5))
    if k < 1:
        return 0.0, float("inf")
    return float(np.sort(low)[k - 1]), float(np.sort(high)[trials - k])


def log_slope(x: ArrayLike, y: ArrayLike, *, level: float = LEVEL) -> tuple[float, Interval]:
    r"""Slope of log y against log x, and Student's interval for it.

    The line is fitted by least squares to all trials. The interval supposes a power law with
    errors that are independent and alike; a curve widens it, and does not show in it otherwise.

    Parameters
    ----------
    x : (n,) positive, at least two values that differ.
    y : (n, T) positive, T trials at each x; n T at least 3.
    level : nominal coverage.

    Examples
    --------
    >>> slope, (low, high) = log_slope([1, 2, 4], [[3, 3.1], [6, 6.1], [12, 12.3]], level=0.95)
    >>> low < 1 < high
    True
    """
    from scipy import stats

    values = np.log(np.asarray(y, np.float64))
    fit = stats.linregress(np.repeat(np.log(x), values.shape[1]), values.ravel())
    half = float(stats.t.ppf(0.5 + level / 2, values.size - 2) * fit.stderr)
    return float(fit.slope), (float(fit.slope) - half, float(fit.slope) + half)


def slope_interval(
    x: ArrayLike, y: Sequence[ArrayLike], *, level: float = LEVEL
) -> tuple[float, Interval]:
    r"""Slope of the least-squares line through the means of trials, and Student's interval for it.

    The means need not lie on a line: the slope meant is that of the line through their
    expectations. The spread is that of the trials about their own means, the same at every x; the
    interval is exact for normal trials.

    Parameters
    ----------
    x : (p,) at least two values that differ.
    y : p samples, not necessarily of one size; if none has two trials, the interval is unbounded.
    level : nominal coverage.

    Examples
    --------
    >>> slope, (low, high) = slope_interval([0, 1, 2], [[0, 0.1], [2, 2.1], [4, 4.1]], level=0.95)
    >>> round(slope, 9), low < 2 < high
    (2.0, True)
    """
    from scipy import stats

    abscissa = np.asarray(x, np.float64)
    share = abscissa - abscissa.mean()
    share /= np.sum(share**2)
    samples = [np.asarray(sample, np.float64) for sample in y]
    slope = float(sum(c * sample.mean() for c, sample in zip(share, samples, strict=True)))
    freedom = sum(len(sample) - 1 for sample in samples)
    if freedom == 0:
        return slope, (-np.inf, np.inf)
    spread = sum(np.sum((sample - sample.mean()) ** 2) for sample in samples) / freedom
    counts = np.array([len(sample) for sample in samples])
    error = np.sqrt(spread * np.sum(share**2 / counts))
    half = float(stats.t.ppf(0.5 + level / 2, freedom) * error)
    return slope, (slope - half, slope + half)
