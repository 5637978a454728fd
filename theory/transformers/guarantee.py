r"""The explicit guarantee of attention alone: a proved bound on the chance that any fact fails.

The model is ``attention-only-sum`` with a head for every subject and every relation (d_h of any
size), for embeddings independent and uniform on the sphere of R^d and disjoint answer sets. Asked
for a fact, heads that look where they should give

.. math:: F = 2\,\phi_a + c\,\phi_y + \sum_{z \in \Omega} \phi_z

for any competitor y, c = 1 if y is another answer of the subject or the relation and 0 if not, and
Omega of E_c other tokens. Given phi_a and phi_y the rest is independent of both, so that y reaches
a with probability

.. math:: P\Bigl(\sum_{z \in \Omega} t_z \ge (2 - c) \sqrt{(1 - \rho)/2}\Bigr),

t_z independent sphere coordinates, rho another one. Given rho it is
bounded by :func:`theory.memories.coordinate_sums.sum_tail`, and cells of rho take their worst end.
By Chernoff's bound instead the probability is at most E exp(-(2 - c)^2 (1 - rho) d / (4 E_c)).

A head leaves less than its share to all other tokens if its logits have gaps: of the token of its
own above the end, |<phi_z, phi_end>| <= 1 - 2 gamma, and of the end above any other token w,

.. math:: \tfrac12 + \langle\phi_z, \phi_{\rm end}\rangle - \langle\phi_z, \phi_w\rangle
          - \tfrac12 \langle\phi_{\rm end}, \phi_w\rangle \ge \gamma .

The inverse temperature log((T - 1) / LEAK) / gamma then keeps what leaks below LEAK, and what that
moves a score is subtracted from the signal. The union over facts, competitors, heads and tokens
is bounded by the sum; ``docs/attention-guarantees.md`` has the proof.
"""

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.transformers.heads import LEAK
from theory.memories.balls import above, coordinate_tail
from theory.memories.cells import coordinate_cells
from theory.memories.coordinate_sums import sum_tail
from theory.memories.sizes import check_delta, check_sizes
from theory.transformers.counts import Counts
from theory.transformers.least import least_dimension

__all__ = [
    "GAP",
    "expected_failures",
    "failure_bound",
    "guaranteed_dimension",
    "heads_bound",
    "pair_bound",
]

Floats = NDArray[np.float64]

GAP = 1 / 16
"""Gap of the logits, gamma, for which the inverse temperature is made."""

NEGLIGIBLE = 1e-6
"""Expected number of small gaps below which Chernoff's bound on it is good enough."""

GAP_CELLS, GAP_REACH = 96, 0.05

LARGEST_D = 2**40
SLACK = 1 + 1e-9
"""Covers the rounding of sums and products of doubles, which is smaller by orders."""


def pair_bound(terms: int, d: int, *, c: int, leak: float = 0.0) -> float:
    r"""Bound the probability that one competitor reaches the right answer.

    Parameters
    ----------
    terms : E_c, the number of tokens in F apart from a and y.
    d : dimension, at least 3.
    c : 1 or 0, the competitor's own coefficient.
    leak : length by which attention may miss F.

    Examples
    --------
    >>> f"{pair_bound(37, 1400, c=1):.2g}; by Chernoff {np.exp(-1400 / (4 * 37)):.2g}"
    '7.4e-06; by Chernoff 7.8e-05'
    """
    return _pair_bound(terms, d, c, leak, *coordinate_cells(d))


def heads_bound(counts: Counts, d: int, *, gap: float = GAP) -> float:
    r"""Bound the expected number of gaps that are smaller than ``gap``.

    Of (S + R)(S + R + K - 1) pairs of a head z and another token w each has a probability of

    .. math:: E\,P\bigl(t' \ge (\tfrac12 - \gamma + t) / \sqrt{5/4 + t}\bigr)
              \le \exp\bigl(-d\,[\mu (\tfrac12 - \gamma) - \tfrac58 \mu^2
              - \tfrac12 (\mu - \tfrac12 \mu^2)^2]\bigr),

    t = <phi_z, phi_end> and t' independent sphere coordinates, for any mu > 0: about exp(-d/16) at
    its best for gamma = 0. The bound on the right is taken where it is negligible, and a sum over
    cells of t elsewhere.

    Parameters
    ----------
    counts : of the table.
    d : dimension, at least 2.
    gap : gamma, in (0, 1/2).

    Raises
    ------
    InputError
        If the gap is out of range.

    Examples
    --------
    >>> from theory.transformers.counts import full_table
    >>> 1e-4 < heads_bound(full_table(16, 8, 8, noise=64), 430) < 1e-3
    False
    """
    if not 0 < gap < 0.5:
        raise InputError(f"gap {gap} of the logits is not between 0 and 1/2")
    own = 2 * above(coordinate_tail(1 - 2 * gap, d))
    others = counts.cues + counts.noise - 1
    mu = np.linspace(0.0, 1.0, 201)
    rate = mu * (0.5 - gap) - 5 / 8 * mu**2 - (mu - mu**2 / 2) ** 2 / 2
    other = math.exp(-d * float(rate.max()))
    if counts.cues * others * other > NEGLIGIBLE:
        other = _gap_bound(d, gap)
    return counts.cues * (own + others * other) * SLACK


def expected_failures(counts: Counts, d: int, *, gap: float = GAP) -> float:
    """Bound the expected number of pairs (fact, competitor) that fail, and of heads' gaps.

    The sum is that of :func:`failure_bound`, also where it exceeds 1.

    Parameters
    ----------
    counts : of the table.
    d : dimension, at least 3.
    gap : gamma, in (0, 1/2).
    """
    leak = LEAK / math.sqrt(gap * (1 - gap)) * counts.valued if 0 < gap < 0.5 else math.inf
    total = heads_bound(counts, d, gap=gap)
    cells = coordinate_cells(d)
    for terms, (said, unsaid) in counts.pairs().items():
        total += said * _pair_bound(max(terms - 1, 0), d, 1, leak, *cells)
        total += unsaid * _pair_bound(terms, d, 0, leak, *cells)
    return total * SLACK


def failure_bound(counts: Counts, d: int, *, gap: float = GAP) -> float:
    """Bound the probability that some prompt for some fact is answered wrongly.

    Parameters
    ----------
    counts : of the table, from :func:`theory.transformers.counts.full_table` or
        :func:`theory.transformers.counts.counts_of`.
    d : dimension of the embeddings.
    gap : gamma, in (0, 1/2), for which the inverse temperature is made: that of
        ``attention_only(..., values="sum", head_dim=1, gap=gamma)``.

    Returns
    -------
    A number in [0, 1] that the probability of a failure does not exceed, whatever the prompts of
    at most T tokens.

    Raises
    ------
    InputError
        If d or the gap is out of range.

    References
    ----------
    NLB, Theorem 3, whose constants and logarithms are unspecified; these are derived here.

    Examples
    --------
    >>> from theory.transformers.counts import full_table
    >>> failure_bound(full_table(32, 32, 8, noise=64), 1800) < 0.05
    True
    """
    check_sizes(d=d)
    if d < 3:
        return 1.0
    return min(1.0, expected_failures(counts, d, gap=gap))


def guaranteed_dimension(counts: Counts, *, delta: float = 0.5, gap: float = GAP) -> int:
    """Least d at which every fact is recalled with a proved probability of 1 - delta.

    It is the d at which the bound crosses delta, as the search meets it.

    Parameters
    ----------
    counts : of the table.
    delta : allowed failure probability, in (0, 1).
    gap : as for :func:`failure_bound`.

    Raises
    ------
    InputError
        If delta or the gap is out of range, or no d is enough.

    Examples
    --------
    >>> from theory.transformers.counts import full_table
    >>> guaranteed_dimension(full_table(16, 8, 8, noise=64))
    317
    """
    check_delta(delta)
    return _least(counts, delta, gap)


@lru_cache(maxsize=64)
def _least(counts: Counts, delta: float, gap: float) -> int:
    """Least d that :func:`guaranteed_dimension` finds."""
    most = max(counts.others[0][0], 4)
    # Chernoff's exponent with most of what a normal tail has besides.
    guess = max(3, int(3.2 * most * math.log(counts.facts * most / max(delta, 1e-9))))
    return least_dimension(
        lambda d: expected_failures(counts, d, gap=gap), delta, low=2, guess=guess, limit=LARGEST_D
    )


def _gap_bound(d: int, gap: float) -> float:
    """Bound P(the end is less than ``gap`` above another token), by cells of <phi_z, phi_end>."""
    # The probability falls with t: each cell takes its lower end. It is 1/2 at the first t.
    t = np.linspace(gap - 0.5, GAP_REACH, GAP_CELLS)
    tails = [coordinate_tail(at, d) for at in [-1.0, *t.tolist(), 1.0]]
    level = (0.5 - gap + t) / np.sqrt(1.25 + t) * (1 - 1e-12)
    chances = [coordinate_tail(at, d) for at in [-1.0, *level.tolist()]]
    return sum(
        above((a - b) * chance) for (a, b), chance in zip(pairwise(tails), chances, strict=True)
    )


def _pair_bound(terms: int, d: int, c: int, leak: float, ends: Floats, masses: Floats) -> float:
    # The probability rises with rho: each cell takes its upper end.
    levels = (2 - c) * np.sqrt((1 - ends) / 2) * (1 - 1e-12) - leak
    tails = [sum_tail(x, terms, d) for x in levels.tolist()]
    return min(1.0, float(masses @ np.array(tails)) * SLACK)
