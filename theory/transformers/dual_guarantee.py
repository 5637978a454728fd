r"""The explicit guarantee of dual values, for Gaussian embeddings: the law of a pair is exact.

The model is ``attention-only-dual``: the value of a token sums the dual vectors G^+ phi(z) of its
answers, G = sum_z phi(z) phi(z)^T. With the embeddings as the rows of Phi (n, d) the scores of
all tokens are P c, where P = Phi G^+ Phi^T is the orthogonal projector onto the columns of Phi and
c the coefficients of the answers: 2 for the right one, 1 for others of the subject or the relation.

For d >= n the rows are linearly independent almost surely, P is the identity, and every fact is
recalled. For d < n and independent standard normal embeddings the column space is uniformly
distributed among all of dimension d, and a competitor y reaches the right answer a with probability

.. math::
    P(y \ge a) = E_s\,P\Bigl(t_{n-1} \ge \frac{2 - c}{\sqrt2\,q} \sqrt{\frac{s}{1 - s}}\Bigr),
    \qquad s \sim \mathrm{Beta}\Bigl(\frac d2, \frac{n - d}2\Bigr), \qquad
    q^2 = 4 + c^2 + E_c - \frac{(2 - c)^2}2,

with t_{n-1} a coordinate on the sphere of R^(n-1), c = 1 or 0 the coefficient of y and E_c the
number of other tokens in F. The probability falls in s, and cells of s take their worst corner.
Heads look where they should where separating keys exist, almost surely for d >= S + R + K, at
inverse temperatures that are large enough. ``docs/attention-guarantees.md`` has the proof.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assoc.errors import InputError
from theory.memories.balls import above, below, coordinate_tail
from theory.memories.cells import beta_cells
from theory.memories.sizes import check_delta, check_sizes
from theory.transformers.counts import Counts
from theory.transformers.least import least_dimension

if TYPE_CHECKING:
    from flint import arb

__all__ = ["dual_dimension", "dual_failure_bound", "dual_pair"]

CELLS, COARSE = 160, 24
"""Cells of s, and those for competitors whose probability is negligible."""

SHIFT, SLACK = 1e-10, 1 + 1e-6
"""Cover the rounding of levels, and of sums, in doubles."""


def dual_pair(terms: int, n: int, d: int, *, c: int, cells: int = CELLS) -> tuple[float, float]:
    r"""Enclose the probability that one competitor reaches the right answer.

    Parameters
    ----------
    terms : E_c, the number of tokens in F apart from a and y.
    n : tokens of the vocabulary, above d.
    d : dimension, at least 2.
    c : 1 or 0, the competitor's own coefficient.
    cells : of s; with more of them the ends are closer.

    Returns
    -------
    Proved lower and upper ends.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> low, high = dual_pair(12, 100, 40, c=1)
    >>> 0.9 < low / high < 1
    True
    """
    levels, masses = _levels(terms, n, d, c, cells)
    # The tail is least at the upper ends of the cells; that of the last one is 0.
    lower = [coordinate_tail(level * (1 + SHIFT), n - 1) for level in levels[1:]]
    low = sum(below(mass * tail) for mass, tail in zip(masses[:-1], lower, strict=True))
    return low / SLACK, _most(terms, n, d, c, cells)


def _levels(terms: int, n: int, d: int, c: int, cells: int) -> tuple[list[float], list["arb"]]:
    """Levels of a coordinate at the lower ends of cells of s, and the cells' probabilities."""
    check_sizes(d=d)
    if d >= n:
        raise InputError(f"d = {d} is not below n = {n}, and no competitor reaches the answer")
    least = (2 - c) / math.sqrt(2 * (4 + c**2 + terms - (2 - c) ** 2 / 2))
    ends, masses = beta_cells(d, n, cells)
    return (least * np.sqrt(ends / (1 - ends))).tolist(), masses


def _most(terms: int, n: int, d: int, c: int, cells: int) -> float:
    """Upper end of :func:`dual_pair`."""
    levels, masses = _levels(terms, n, d, c, cells)
    upper = [coordinate_tail(level * (1 - SHIFT), n - 1) for level in levels]
    high = sum(above(mass * tail) for mass, tail in zip(masses, upper, strict=True))
    return min(1.0, high * SLACK)


def dual_failure_bound(counts: Counts, d: int) -> float:
    """Bound the probability that some fact is not answered, given heads that look rightly.

    Parameters
    ----------
    counts : of the table, from :func:`theory.transformers.counts.full_table` or
        :func:`theory.transformers.counts.counts_of`.
    d : dimension of the Gaussian embeddings.

    Returns
    -------
    A number in [0, 1]: 0 from d = n on, and 1 below S + R + K, where there may be no separating
    keys.

    Raises
    ------
    InputError
        If d is out of range.

    Examples
    --------
    >>> from theory.transformers.counts import full_table
    >>> counts = full_table(32, 32, 8, noise=64)
    >>> dual_failure_bound(counts, 320) < 0.5 < dual_failure_bound(counts, 300)
    True
    >>> dual_failure_bound(counts, 385)
    0.0
    """
    check_sizes(d=d)
    if d < counts.dimensions_for_keys:
        return 1.0
    n = counts.vocabulary
    if d >= n:
        return 0.0
    total = 0.0
    for others, (said, unsaid) in counts.pairs().items():
        total += said * _most(max(others - 1, 0), n, d, 1, CELLS)
        total += unsaid * _most(others, n, d, 0, COARSE)
    return min(1.0, total * SLACK)


def dual_dimension(counts: Counts, *, delta: float = 0.5) -> int:
    """Least d at which dual values are proved to recall all with 1 - delta.

    Parameters
    ----------
    counts : of the table.
    delta : allowed failure probability, in (0, 1).

    Raises
    ------
    InputError
        If delta is out of range.

    Examples
    --------
    >>> from theory.transformers.counts import full_table
    >>> dual_dimension(full_table(32, 32, 8, noise=64))
    312
    """
    check_delta(delta)
    return _least(counts, delta)


@lru_cache(maxsize=64)
def _least(counts: Counts, delta: float) -> int:
    """Least d that :func:`dual_dimension` finds."""
    low, n = counts.dimensions_for_keys - 1, counts.vocabulary
    # Where the exponent of a normal tail meets the number of pairs.
    most = counts.others[0][0]
    odds = 4 * (most + 4) * (math.log(counts.facts * (most + 1)) - 1) / n
    guess = min(max(round(n * odds / (1 + odds)), low + 1), n)
    return least_dimension(
        lambda d: dual_failure_bound(counts, d), delta, low=low, guess=guess, limit=n
    )
