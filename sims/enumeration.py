r"""Counted one by one: fact tables, and what a memory recalls of all vectors of signs."""

import itertools

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive
from assoc.errors import InputError

__all__ = ["MOST", "SIGNS", "enumerated_tables", "lost_on_signs"]

MOST = 64
"""Largest number of facts S R of an enumerated table."""

SIGNS = 12
"""Largest number of signs of one side that are enumerated."""


def enumerated_tables(S: int, R: int, limit: int) -> NDArray[np.int64]:
    """Count fact tables [S] x [R] -> [V] with disjoint answer sets, by making every map.

    Parameters
    ----------
    S, R : subjects and relations.
    limit : maps that may be made; the largest vocabulary V is the last with V^(S R) below it.

    Returns
    -------
    (V + 1, S + 1) numbers; entry [v, D] is that of the tables with a vocabulary of v tokens and at
    most D answers for each relation. All come from the maps to [V]: a table belongs to every
    vocabulary that holds its largest token and every D that its largest answer set allows.

    Raises
    ------
    InputError
        If a number is not positive.

    Examples
    --------
    >>> enumerated_tables(2, 1, 9)
    array([[0, 0, 0],
           [0, 1, 1],
           [0, 2, 4],
           [0, 3, 9]])
    """
    S, R, limit = positive(S, "S"), positive(R, "R"), positive(limit, "limit")
    cells = S * R
    if cells > MOST:
        raise InputError(f"S R = {cells}: at most {MOST} cells are enumerated")
    largest = 1
    while (largest + 1) ** cells <= limit:
        largest += 1
    from sims.engine.kernels import count_maps

    found = np.zeros((largest + 1, S + 1), np.int64)
    count_maps(S, R, largest, found)
    return np.asarray(found.cumsum(axis=0).cumsum(axis=1))


def lost_on_signs(d: int, N: int, *, ties_lost: bool = True) -> float:
    r"""Share of the inputs that the outer-product memory fails, over all vectors of d signs.

    Scores of integers are exact, so that ties are. A flip of one coordinate of all inputs, or of
    all outputs, changes no score: the first vector of each may be all ones.

    Parameters
    ----------
    d, N : dimension and number of facts with different answers; (N - 1) d at most 12.
    ties_lost : whether an input whose best wrong answer ties with the right one is failed.

    Raises
    ------
    InputError
        If a number is not positive, or there are too many vectors.

    Examples
    --------
    >>> lost_on_signs(1, 2), lost_on_signs(1, 2, ties_lost=False)
    (0.75, 0.0)
    """
    d, N = positive(d, "d"), positive(N, "N")
    if (N - 1) * d > SIGNS:
        raise InputError(f"N = {N} vectors of d = {d} signs are too many to count")
    others = np.array(list(itertools.product((-1, 1), repeat=(N - 1) * d)), np.int64)
    first = np.ones((len(others), 1, d), np.int64)
    signs = np.concatenate([first, others.reshape(len(others), N - 1, d)], axis=1)
    grams = signs @ signs.transpose(0, 2, 1)
    lost = 0.0
    for gram in grams:
        scores = gram @ grams
        own = np.einsum("uxx->ux", scores)
        rivals = np.where(np.eye(N, dtype=bool), np.iinfo(np.int64).min, scores).max(axis=2)
        lost += float(np.mean(own <= rivals if ties_lost else own < rivals))
    return lost / len(grams)
