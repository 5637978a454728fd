r"""The factual recall task: subjects, relations, answers, noise tokens, an end of sequence.

A fact is a triple (s, r, f*(s, r)). A prompt of length T has s and r at two random places among the
first T - 1, noise tokens at the others, and the end-of-sequence token last; what it asks for is
f*(s, r), among all tokens of the vocabulary. Where several answers are right, f*(s, r) is the one
that is stored, and any of them is a good answer. Tokens are numbered

=============================  ================
subjects                       0, ..., S - 1
relations                      S, ..., S + R - 1
answers                        the next A
noise tokens                   the next K
end of sequence                the last, n - 1
=============================  ================

The theorems need the answer sets A_r = {f*(s, r): s} disjoint; where several answers are right A_r
holds all of them. Facts need not fill the grid [S] x
[R]: a table may lack some.

References
----------
NLB, section 4 (restated).
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief
from assoc.errors import InputError
from assoc.facts.maps import all_told, check_also, right_counts
from assoc.facts.tables import FactTable

__all__ = [
    "NOISE",
    "SHORTEST",
    "RecallTask",
    "balanced_task",
    "check_length",
    "even_task",
    "grid_task",
    "table_task",
]

NOISE = 64
"""Noise tokens of the vocabulary unless another number is asked for."""

SHORTEST = 3
"""Length of the shortest prompt: a subject, a relation, the end of sequence."""


@dataclass(frozen=True, eq=False, repr=False)
class RecallTask(Brief):
    """Facts, and the vocabulary that they are told in.

    Parameters
    ----------
    subjects, relations, answers : S, R and A.
    facts : (N, 3) integers, rows (s, r, a) with s < S, r < R, a < A; no (s, r) twice.
    noise : K, number of noise tokens; 0 allows only prompts of length 3.
    names : (n,) names of all tokens, or None.
    notes : what was done to make the facts fit, one line each.
    also : (n, 2) integers, rows (fact, a) in order of facts: a is right as well as the fact's own.

    Raises
    ------
    InputError
        If a number is out of range, or a (s, r) or one of its answers occurs twice.

    Examples
    --------
    >>> task = RecallTask(2, 2, 4, np.array([[0, 0, 1], [1, 1, 3]]), noise=3)
    >>> task.vocabulary, task.labels.tolist(), [sorted(a) for a in task.answer_sets]
    (12, [5, 7], [[1], [3]])
    """

    subjects: int
    relations: int
    answers: int
    facts: NDArray[np.intp]
    noise: int = NOISE
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    also: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 2), np.intp))

    def __post_init__(self) -> None:
        if self.facts.ndim != 2 or self.facts.shape[1] != 3 or not len(self.facts):
            raise InputError(f"facts: rows (s, r, a) are needed, not shape {self.facts.shape}")
        if self.noise < 0:
            raise InputError(f"noise = {self.noise} is not a number of tokens")
        sizes = (self.subjects, self.relations, self.answers)
        if (self.facts < 0).any() or (self.facts.max(axis=0) >= sizes).any():
            raise InputError(f"facts: a number is outside of S, R, A = {sizes}")
        # Sorted, since the hashes of `np.unique` take ten times as long.
        pairs = np.sort(self.facts[:, 0] * self.relations + self.facts[:, 1])
        if (pairs[1:] == pairs[:-1]).any():
            raise InputError("facts: a (subject, relation) occurs twice")
        check_also(self.also, self.facts[:, 2], self.answers)
        if self.names is not None and len(self.names) != self.vocabulary:
            raise InputError(f"{len(self.names)} names for {self.vocabulary} tokens")

    def __len__(self) -> int:
        """Return the number of facts N."""
        return len(self.facts)

    def __repr__(self) -> str:
        return (
            f"RecallTask({len(self)} facts: S={self.subjects}, R={self.relations}, "
            f"A={self.answers}, {self.noise} noise tokens)"
        )

    @property
    def vocabulary(self) -> int:
        """Number of tokens n = S + R + A + K + 1."""
        return self.subjects + self.relations + self.answers + self.noise + 1

    @property
    def end(self) -> int:
        """The end-of-sequence token, n - 1."""
        return self.vocabulary - 1

    @property
    def noise_tokens(self) -> NDArray[np.intp]:
        """The K noise tokens."""
        return np.arange(self.end - self.noise, self.end)

    @property
    def cues(self) -> NDArray[np.intp]:
        """Tokens (N, 2) of subject and relation of every fact."""
        return np.asarray(self.facts[:, :2] + np.array([0, self.subjects]), np.intp)

    @property
    def labels(self) -> NDArray[np.intp]:
        """Token (N,) of every answer."""
        return np.asarray(self.facts[:, 2] + self.subjects + self.relations)

    @property
    def also_labels(self) -> NDArray[np.intp]:
        """Rows (n, 2) of a fact and the token of another answer that is right."""
        return np.asarray(self.also + np.array([0, self.subjects + self.relations]), np.intp)

    @property
    def told(self) -> NDArray[np.intp]:
        """All that is right, rows (s, r, a): the facts, then the others."""
        return all_told(self.facts, self.also)

    @property
    def right(self) -> NDArray[np.intp]:
        """Number (N,) of right answers of every fact."""
        return right_counts(self.also, len(self))

    @property
    def prompted(self) -> NDArray[np.intp]:
        """All tokens that a prompt can hold: all but the answers."""
        answers = np.arange(self.answers) + self.subjects + self.relations
        return np.setdiff1d(np.arange(self.vocabulary), answers)

    @cached_property
    def answer_sets(self) -> list[set[int]]:
        """The sets A_r of all right answers, as numbers of answers."""
        sets: list[set[int]] = [set() for _ in range(self.relations)]
        for pair in np.unique(self.told[:, 1] * self.answers + self.told[:, 2]).tolist():
            sets[pair // self.answers].add(pair % self.answers)
        return sets

    @property
    def largest_answer_set(self) -> int:
        """D, the size of the largest A_r."""
        return max(len(answers) for answers in self.answer_sets)

    @property
    def shared_answers(self) -> dict[int, tuple[int, ...]]:
        """Answers that are in several A_r, with these r: where disjointness fails.

        Examples
        --------
        >>> RecallTask(1, 2, 1, np.array([[0, 0, 0], [0, 1, 0]])).shared_answers
        {0: (0, 1)}
        """
        where: dict[int, list[int]] = {}
        for r, answers in enumerate(self.answer_sets):
            for a in answers:
                where.setdefault(a, []).append(r)
        return {a: tuple(where[a]) for a in sorted(where) if len(where[a]) > 1}

    @property
    def bits(self) -> float:
        """Bits that tell a right answer of each fact among those of its relation.

        That is the sum over facts of log2 |A_r|, less the log2 of its number of right answers.
        """
        sizes = np.array([len(answers) for answers in self.answer_sets])
        return float(np.log2(sizes[self.facts[:, 1]] / self.right).sum())

    def prompts(
        self, length: int, *, rng: np.random.Generator, facts: Any = slice(None)
    ) -> NDArray[np.intp]:
        """Draw a prompt for each of some facts, or for all.

        Parameters
        ----------
        length : T, at least 3.
        rng : draws places and noise tokens.
        facts : which facts, an index into the rows of ``facts``.

        Returns
        -------
        (N, T) tokens.

        Raises
        ------
        InputError
            If T is too small, or is above 3 where there are no noise tokens.

        Examples
        --------
        >>> task = RecallTask(1, 1, 1, np.array([[0, 0, 0]]), noise=2)
        >>> task.prompts(5, rng=np.random.default_rng(0)).shape
        (1, 5)
        """
        check_length(length, self.noise)
        cues = self.facts[facts, :2] + np.array([0, self.subjects])
        tokens = np.empty((len(cues), length), np.intp)
        if self.noise:
            tokens[:] = rng.integers(self.end - self.noise, self.end, tokens.shape)
        rows = np.arange(len(cues))
        first = rng.integers(0, length - 1, len(cues))
        second = (first + rng.integers(1, length - 1, len(cues))) % (length - 1)
        tokens[rows, first], tokens[rows, second] = cues.T
        tokens[:, -1] = self.end
        return tokens


def check_length(length: int, noise: int) -> None:
    """Refuse a prompt length below 3, or one that needs noise tokens where there are none.

    Raises
    ------
    InputError
        If the length is out of range.
    """
    if length < SHORTEST:
        raise InputError(
            f"prompt length T = {length}: a subject, a relation and the end of sequence need "
            f"{SHORTEST}"
        )
    if length > SHORTEST and not noise:
        raise InputError(f"prompt length T = {length} without noise tokens to fill it")


def balanced_task(
    subjects: int,
    relations: int,
    answers: int,
    *,
    noise: int = NOISE,
    rng: np.random.Generator,
) -> RecallTask:
    """Draw facts with D answers of its own for each relation, every f*(s, r) uniform among them.

    Parameters
    ----------
    subjects, relations, answers : S, R and D, at least 1.
    noise : K.
    rng : draws the facts.

    Raises
    ------
    InputError
        If a size is not positive.

    Examples
    --------
    >>> balanced_task(4, 3, 2, rng=np.random.default_rng(0))
    RecallTask(12 facts: S=4, R=3, A=6, 64 noise tokens)
    """
    grid = grid_task(subjects, relations, answers, noise=noise)
    drawn = rng.integers(0, answers, (subjects, relations)) + answers * np.arange(relations)
    return replace(grid, facts=np.column_stack([grid.facts[:, :2], drawn.ravel()]))


def even_task(
    subjects: int,
    relations: int,
    answers: int,
    *,
    noise: int = NOISE,
    rng: np.random.Generator,
) -> RecallTask:
    """Draw facts in which every answer of a relation is that of S/D subjects, in random order.

    Where D does not divide S, these numbers differ by at most one.

    Parameters
    ----------
    subjects, relations, answers : S, R and D, at least 1, with D <= S.
    noise : K.
    rng : draws the orders.

    Raises
    ------
    InputError
        If a size is not positive, or D > S.

    Examples
    --------
    >>> task = even_task(6, 2, 3, rng=np.random.default_rng(0))
    >>> np.bincount(task.facts[:, 2]).tolist()
    [2, 2, 2, 2, 2, 2]
    """
    grid = grid_task(subjects, relations, answers, noise=noise)
    if answers > subjects:
        raise InputError(f"D = {answers} > S = {subjects}: some answers would be nobody's")
    table = grid.facts[:, 2].reshape(subjects, relations)
    return replace(
        grid,
        facts=np.column_stack([grid.facts[:, :2], rng.permuted(table, axis=0).ravel()]),
    )


def grid_task(subjects: int, relations: int, answers: int, *, noise: int = NOISE) -> RecallTask:
    """Make facts without a draw: f*(s, r) is answer s mod D of the relation's own D.

    Parameters
    ----------
    subjects, relations, answers : S, R and D, at least 1.
    noise : K.

    Raises
    ------
    InputError
        If a size is not positive.

    Examples
    --------
    >>> grid_task(3, 2, 2).facts[:, 2].tolist()
    [0, 2, 1, 3, 0, 2]
    """
    for name, size in (("S", subjects), ("R", relations), ("D", answers)):
        if size < 1:
            raise InputError(f"{name} = {size} is not positive")
    s, r = np.divmod(np.arange(subjects * relations), relations)
    facts = np.column_stack([s, r, s % answers + answers * r])
    return RecallTask(subjects, relations, answers * relations, facts, noise)


def table_task(table: FactTable, *, noise: int = NOISE, specific: bool = True) -> RecallTask:
    """Tell the facts of a table: every name a token, answers made specific to their relation.

    Where an answer occurs under several relations the answer sets are not disjoint, and each
    (answer, relation) becomes a token of its own, named ``answer (relation)``.

    Parameters
    ----------
    table : the facts.
    noise : K.
    specific : whether to do so; otherwise equal answers are one token.

    Examples
    --------
    >>> from assoc import example_path, read_facts
    >>> task = table_task(read_facts(example_path("countries.csv")))
    >>> task
    RecallTask(1747 facts: S=252, R=7, A=1299, 64 noise tokens)
    >>> task.shared_answers
    {}
    """
    shared = set(table.shared_answers) if specific else set()
    tokens: dict[tuple[int, int], int] = {}
    names: list[str] = []
    told = table.told
    for row, (_, r, a) in enumerate(told.tolist()):
        split = table.answers[a] in shared
        key = (a, r if split else -1)
        if key not in tokens:
            tokens[key] = len(names)
            name = table.answers[a]
            names.append(f"{name} ({table.relations[r]})" if split else name)
        told[row, 2] = tokens[key]
    notes: tuple[str, ...] = ()
    if shared:
        notes = (
            f"{len(shared)} answers occur under several relations and became relation-specific "
            f"tokens ({len(names)} in place of {len(table.answers)})",
        )
    everything = (
        *table.subjects,
        *table.relations,
        *names,
        *(f"<noise {k}>" for k in range(noise)),
        "<end>",
    )
    N = len(table)
    return RecallTask(
        len(table.subjects), len(table.relations), len(names), told[:N], noise, everything, notes,
        np.column_stack([table.also[:, 0], told[N:, 2]]),
    )  # fmt: skip
