r"""The covering model of knowledge extraction: which templates fine-tuning has met.

Of the R templates of an attribute every fact is told in K, a subset drawn uniformly and on its
own. Fine-tuning shows n facts; a template is *covered* if one of them is told in it, a fact if
one of its own templates is. The subsets are independent, so a held-out fact is uncovered with
probability

.. math:: q^n, \qquad q = \binom{R-K}{K} \Big/ \binom{R}{K} = \prod_{i<K} \frac{R-K-i}{R-i},

and no union bound is needed. From q <= (1 - K/R)^K <= exp(-K^2/R) follows q^n <= exp(-n K^2/R),
which is below the bound exp(-n K^2 log R / (2 R^2)) that XC state: their exponent is smaller by the
factor 2 R / log R, at least 5.4.

If subjects tell templates apart only by the facts that share them, what counts for K >= 2 is the
graph of templates in which those of a fact are joined: a fact is then *reached* if its component
holds a template of a fine-tuned fact (:func:`reached`).

References
----------
XC, section 6 of our statement (restated); the exact law is ours (docs, part L).
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers
from assoc.errors import InputError

__all__ = [
    "all_covered",
    "covered_law",
    "exponential_bound",
    "published_bound",
    "reached",
    "uncovered",
]


def uncovered(templates: int, multiplicity: int, tuned: int) -> float:
    """Probability that no template of a held-out fact is covered.

    Parameters
    ----------
    templates : R, at least 1.
    multiplicity : K, from 1 to R.
    tuned : n, the number of fine-tuned facts of the attribute, at least 0.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> uncovered(16, 1, 8), (15 / 16) ** 8
    (0.5967..., 0.5967...)
    """
    R, K, n = _checked(templates, multiplicity, tuned)
    return float(_missed(R, K, K) ** n)


def exponential_bound(templates: int, multiplicity: int, tuned: int) -> float:
    """Bound exp(-n K^2 / R) on :func:`uncovered`.

    Examples
    --------
    >>> uncovered(16, 2, 8) <= exponential_bound(16, 2, 8)
    True
    """
    R, K, n = _checked(templates, multiplicity, tuned)
    return math.exp(-n * K * K / R)


def published_bound(templates: int, multiplicity: int, tuned: int) -> float:
    """Bound exp(-n K^2 log R / (2 R^2)) that XC state for the error, restated.

    Examples
    --------
    >>> exponential_bound(16, 2, 8) <= published_bound(16, 2, 8)
    True
    """
    R, K, n = _checked(templates, multiplicity, tuned)
    return math.exp(-n * K * K * math.log(R) / (2 * R * R))


def covered_law(templates: int, multiplicity: int, tuned: int) -> NDArray[np.float64]:
    r"""Law of the number of covered templates, by inclusion and exclusion in exact integers.

    .. math:: P(C = c) = \binom{R}{c} \sum_j (-1)^j \binom{c}{j}
              \left[\binom{c-j}{K} \Big/ \binom{R}{K}\right]^n.

    Parameters
    ----------
    templates, multiplicity, tuned : as for :func:`uncovered`.

    Returns
    -------
    (R + 1,) probabilities of 0, ..., R.

    Examples
    --------
    >>> covered_law(4, 2, 1), covered_law(3, 1, 2)
    (array([0., 0., 1., 0., 0.]), array([0.        , 0.33333333, 0.66666667, 0.        ]))
    """
    R, K, n = _checked(templates, multiplicity, tuned)
    whole = math.comb(R, K) ** n
    law = []
    for c in range(R + 1):
        ways = sum((-1) ** j * math.comb(c, j) * math.comb(c - j, K) ** n for j in range(c + 1))
        law.append(float(Fraction(math.comb(R, c) * ways, whole)))
    return np.array(law)


def all_covered(templates: int, multiplicity: int, tuned: int) -> float:
    """Probability that every template is covered.

    Examples
    --------
    >>> all_covered(2, 1, 2), all_covered(2, 1, 1)
    (0.5, 0.0)
    """
    return float(covered_law(templates, multiplicity, tuned)[-1])


def reached(told: Integers, tuned: Integers, *, joined: bool) -> NDArray[np.bool_]:
    """Say which facts of an attribute share a template with the fine-tuned ones.

    Parameters
    ----------
    told : (S, K) templates of each fact.
    tuned : numbers of the fine-tuned facts.
    joined : whether templates of one fact, fine-tuned or not, stand for each other; then a chain
        of facts is enough.

    Returns
    -------
    (S,) True for facts that are covered, or, where templates are joined, reached.

    Raises
    ------
    InputError
        If ``told`` is not a matrix or a number is out of range.

    Examples
    --------
    >>> told = np.array([[0, 1], [1, 2], [2, 3], [4, 5]])
    >>> reached(told, np.array([0]), joined=False), reached(told, np.array([0]), joined=True)
    (array([ True,  True, False, False]), array([ True,  True,  True, False]))
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    told, tuned = np.asarray(told), np.asarray(tuned)
    if told.ndim != 2 or not told.size or told.min() < 0:
        raise InputError(f"templates of shape {told.shape}: rows (S, K) of numbers are needed")
    if tuned.size and not 0 <= tuned.min() <= tuned.max() < len(told):
        raise InputError(f"fine-tuned facts are not all among {len(told)}")
    names: NDArray[Any] = np.arange(int(told.max()) + 1)
    if joined:
        first, others = np.repeat(told[:, :1], told.shape[1], axis=1).ravel(), told.ravel()
        edges = coo_array((np.ones(told.size), (first, others)), shape=(len(names),) * 2)
        names = connected_components(edges, directed=False)[1]
    return np.asarray(np.isin(names[told], names[told[tuned]]).any(axis=1))


def _missed(R: int, K: int, k: int) -> Fraction:
    """Probability that a uniform K-subset of R misses k given templates."""
    return Fraction(math.comb(R - k, K), math.comb(R, K))


def _checked(templates: Any, multiplicity: Any, tuned: Any) -> tuple[int, int, int]:
    R, K, n = int(templates), int(multiplicity), int(tuned)
    if not 1 <= K <= R:
        raise InputError(f"multiplicity K = {K} is not from 1 to the number R = {R} of templates")
    if n < 0:
        raise InputError(f"{n} fine-tuned facts")
    return R, K, n
