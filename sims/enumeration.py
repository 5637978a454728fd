r"""Fact tables counted one by one: the oracle for formulas that count them."""

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive
from assoc.errors import InputError

__all__ = ["MOST", "enumerated_tables"]

MOST = 64
"""Largest number of facts S R of an enumerated table."""


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
