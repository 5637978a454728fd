"""What the guarantees of attention alone depend on: counts of tokens, facts and other answers."""

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from assoc.checks import as_size, positive
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask

__all__ = ["Counts", "counts_of", "full_table"]

LEVELS = (1.0, 0.95, 0.85, 0.7)
"""Shares of the largest number of other answers to which smaller ones are rounded up."""


@dataclass(frozen=True)
class Counts:
    """Counts of a table of facts with disjoint answer sets.

    Parameters
    ----------
    cues : S + R, subjects and relations together.
    noise : K, noise tokens.
    vocabulary : n, all tokens.
    others : pairs (k, facts): how many facts have k answers beside their own in what attention
        says, the other answers of the subject and those of the relation; k from large to small.
    valued : summed over subjects and relations, the number of answers in their values.

    Examples
    --------
    >>> full_table(32, 32, 8, noise=64)
    Counts(cues=64, noise=64, vocabulary=385, others=((38, 1024),), valued=1280)
    """

    cues: int
    noise: int
    vocabulary: int
    others: tuple[tuple[int, int], ...]
    valued: int

    @property
    def facts(self) -> int:
        """Number of facts N."""
        return sum(count for _, count in self.others)

    @property
    def dimensions_for_keys(self) -> int:
        """S + R + K: from this d on Gaussian embeddings have separating keys almost surely."""
        return self.cues + self.noise

    def pairs(self) -> dict[int, tuple[int, int]]:
        """Pairs of a fact and a competitor, by the number of other answers, rounded up.

        Bounds grow with that number, so that rounding up is safe.

        Returns
        -------
        For a few numbers, how many pairs have a competitor that is said, and one that is not.

        Examples
        --------
        >>> full_table(32, 32, 8, noise=64).pairs()
        {38: (38912, 354304)}
        """
        most = self.others[0][0]
        levels = sorted({math.ceil(share * most) for share in LEVELS})
        pairs: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for others, facts in self.others:
            level = next(level for level in levels if level >= others)
            said, unsaid = pairs[level]
            pairs[level] = (
                said + facts * others,
                unsaid + facts * (self.vocabulary - 1 - others),
            )
        return dict(pairs)


def full_table(subjects: int, relations: int, answers: int, *, noise: int) -> Counts:
    """Counts of a table with a fact for every subject and relation.

    As many answers of a relation occur as can, min(S, D). Where fewer do, the others are as many
    tokens more that nothing is said about, so that guarantees hold for these tables all the more
    (``docs/attention-guarantees.md``).

    Parameters
    ----------
    subjects, relations, answers, noise : S, R, D and K.

    Raises
    ------
    InputError
        If a size is out of range.
    """
    S, R, D = positive(subjects, "S"), positive(relations, "R"), positive(answers, "D")
    K = as_size(noise, "K")
    if K < 0:
        raise InputError(f"K = {K} is not a number of noise tokens")
    occurring = min(S, D)
    return Counts(
        S + R, K, S + R + R * D + K + 1, ((R + occurring - 2, S * R),), S * R + R * occurring
    )


def counts_of(task: RecallTask) -> Counts:
    """Counts of given facts.

    Parameters
    ----------
    task : the facts, which need not fill the table.

    Raises
    ------
    InputError
        If relations share answers: then nothing is guaranteed.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> counts_of(grid_task(64, 8, 4)) == full_table(64, 8, 4, noise=64)
    True
    """
    if task.shared_answers:
        raise InputError("relations share answers, and the guarantee is for disjoint answer sets")
    told = np.bincount(task.facts[:, 0])
    sizes = np.array([len(answers) for answers in task.answer_sets])
    others, facts = np.unique(
        told[task.facts[:, 0]] + sizes[task.facts[:, 1]] - 2, return_counts=True
    )
    return Counts(
        task.subjects + task.relations,
        task.noise,
        task.vocabulary,
        tuple(zip(others[::-1].tolist(), facts[::-1].tolist(), strict=True)),
        len(task) + int(sizes.sum()),
    )
