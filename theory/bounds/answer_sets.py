r"""Bits of tables in which several answers of a fact may be right.

A table tells for every fact p of relation r a set of k_p right answers, all of one answer set A_r
of at most D_r tokens; the A_r are disjoint sets among V tokens. A model holds it if its map gives
every fact one of its right answers. B bits make 2^B maps, and

.. math:: 2^B \ge \#_1 \prod_{p:\,k_p > 1} \frac{D_r}{k_p}

are needed to hold every such table, where #_1 counts the tables of the facts with one answer
(:mod:`theory.bounds.uneven_bits`): a map that is right for a table repeats what it says of these,
and of random sets among D_r answers it hits each with probability at most k_p / D_r. In turn

.. math:: \min\Bigl(\#,\ \frac{V!}{\prod_r D_r!\,(V - \sum_r D_r)!}
          \Bigl(1 + \ln \prod_p \binom{D_r}{k_p} \cdot \prod_p \frac{D_r}{k_p}\Bigr)\Bigr)

maps are enough, # the number of tables of as many facts with an answer each: one right answer of
each fact is such a table; and for given A_r so many random maps miss none.

References
----------
Derived in docs/lower-bounds.md, part I.5.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy

from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from theory.bounds.table_counts import check_relations
from theory.bounds.table_logs import LOG2, ROUNDING, log_choices
from theory.bounds.uneven_bits import uneven_range

__all__ = ["answer_sets_range", "needed_bits"]


def needed_bits(task: RecallTask) -> tuple[float, float]:
    """Bits that any model needs which may have to hold any table like the one given.

    That is one of as many facts and answers under each relation, of as many right answers each.

    Parameters
    ----------
    task : the facts, with answers of each relation that no other has.

    Returns
    -------
    As :func:`answer_sets_range`.

    Raises
    ------
    InputError
        If answers are shared between relations, and then are too few to be told apart.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> needed_bits(grid_task(2, 1, 2)) == (2.0, 2.0)
    True
    """
    right: list[list[int]] = [[] for _ in range(task.relations)]
    for r, number in zip(task.facts[:, 1].tolist(), task.right.tolist(), strict=True):
        right[r].append(number)
    sizes = [len(told) for told in task.answer_sets]
    return answer_sets_range(list(zip(right, sizes, strict=True)), task.answers)


def answer_sets_range(
    relations: Sequence[tuple[Sequence[int], int]], vocabulary: int
) -> tuple[float, float]:
    """Bits that any model of such tables needs, and bits with which some model holds them all.

    Parameters
    ----------
    relations : for each, the numbers k_p of right answers of its facts, and D_r, the answers that
        it may have.
    vocabulary : V, at least the sum of the D_r.

    Returns
    -------
    A lower and an upper bound. With one answer for every fact they are those of
    :func:`theory.bounds.uneven_bits.uneven_range`.

    Raises
    ------
    InputError
        If a number is not positive, a fact has more right answers than its relation, or the
        vocabulary is too small.

    Examples
    --------
    >>> low, high = answer_sets_range([((1, 1, 2), 4)], 4)
    >>> low == 5.0, high <= 6.0
    (True, True)
    """
    every = [(len(right), D) for right, D in relations]
    check_relations(every, vocabulary)
    for right, D in relations:
        for k in (min(right), max(right)):
            if not 1 <= k <= D:
                raise InputError(f"{k} right answers of a fact whose relation has {D}")
    low, high = uneven_range(every, vocabulary)
    several = [(k, D) for right, D in relations for k in right if k > 1]
    if not several:
        return low, high
    single = [(right.count(1), D) for right, D in relations if 1 in right]
    low = uneven_range(single, vocabulary)[0] if single else 0.0
    k, D = np.array(several, np.float64).T
    low += float(np.log2(D / k).sum())
    return low, min(high, _covering(relations, vocabulary))


def _covering(relations: Sequence[tuple[Sequence[int], int]], vocabulary: int) -> float:
    """Bits of the answer sets, and of as many random maps among them as miss no table."""
    choices = log_choices(Counter((0, D) for _, D in relations), vocabulary)
    k = np.concatenate([np.asarray(right, np.float64) for right, _ in relations])
    D = np.concatenate([np.full(len(right), float(D)) for right, D in relations])
    log_factorial = scipy.special.gammaln
    tables = float((log_factorial(D + 1) - log_factorial(k + 1) - log_factorial(D - k + 1)).sum())
    missed = float(np.log(D / k).sum())
    maps = float(np.logaddexp(0, math.log(tables) + missed)) if tables > 0 else 0.0
    return max(0.0, choices + maps) * (1 + ROUNDING) / LOG2
