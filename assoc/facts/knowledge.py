r"""Knowledge told in sentences, and asked for in questions.

A fact is a triple (s, b, v): subject s has value v of attribute b. Each attribute has template
tokens of its own, and each fact is told in some of them; how many is its multiplicity K. Without
filler tokens a sentence is (subject, template, value); with Z of them it is (subject, filler,
template, filler, value), both fillers uniform. All sentences are told equally often. A question has
the question token of the attribute in place of the template, and no sentence has it.

=============================  =========================
subjects                       0, ..., S - 1
templates                      the next T, of all attributes
questions                      the next A, one per attribute
values                         the next M
fillers                        the last Z
=============================  =========================

What precedes a token is its context: as all sentences have the same form, the set of tokens seen
and the last of them say all. Training on the distinct contexts, each with its weight and with the
distribution of the token that follows, is training on all sentences, exactly.

References
----------
XC, the setting (restated).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief
from assoc.errors import InputError

__all__ = ["Contexts", "Knowledge", "draw_knowledge", "tell_facts"]

Booleans = NDArray[np.bool_]
Whole = NDArray[np.intp]


@dataclass(frozen=True, eq=False, repr=False)
class Contexts(Brief):
    """Distinct contexts, and what follows them.

    Parameters
    ----------
    counts : (C, n) how often each token was seen.
    last : (C,) the last token.
    targets : (C, n) distribution of the next token.
    weights : (C,) shares of the sentences, 1 in all at each position.
    positions : (C,) number of tokens seen, less one.
    """

    counts: NDArray[np.float32]
    last: Whole
    targets: NDArray[np.float32]
    weights: NDArray[np.float64]
    positions: Whole

    def __len__(self) -> int:
        """Return the number of contexts C."""
        return len(self.last)

    def before_values(self) -> "Contexts":
        """Return those at the last position, where a value is wanted."""
        wanted = self.positions == self.positions.max()
        return Contexts(
            self.counts[wanted], self.last[wanted], self.targets[wanted], self.weights[wanted],
            self.positions[wanted],
        )  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Knowledge(Brief):
    """Facts, and the templates that each of them is told in.

    Parameters
    ----------
    subjects, attributes, values : S, A and M.
    facts : (N, 3) integers, rows (s, b, v) with s < S, b < A, v < M; no (s, b) twice.
    owner : (T,) integers in [0, A), the attribute of each template.
    told : (N, T) booleans, the templates of each fact: at least one, all of its attribute.
    fillers : Z.

    Raises
    ------
    InputError
        If a number is out of range, a (s, b) occurs twice, or a fact is not told.

    Examples
    --------
    >>> facts = np.array([[0, 0, 1], [1, 0, 0]])
    >>> two = Knowledge(2, 1, 2, facts, np.array([0, 0]), np.eye(2, dtype=bool))
    >>> two.sentences.tolist(), two.questions().tolist()
    ([[0, 2, 6], [1, 3, 5]], [[0, 4, 6], [1, 4, 5]])
    """

    subjects: int
    attributes: int
    values: int
    facts: Whole
    owner: Whole
    told: Booleans
    fillers: int = 0

    def __post_init__(self) -> None:
        if self.facts.ndim != 2 or self.facts.shape[1] != 3 or not len(self.facts):
            raise InputError(f"facts: rows (s, b, v) are needed, not shape {self.facts.shape}")
        sizes = (self.subjects, self.attributes, self.values)
        if (self.facts < 0).any() or (self.facts.max(axis=0) >= sizes).any():
            raise InputError(f"facts: a number is outside of S, A, M = {sizes}")
        pairs = self.facts[:, 0] * self.attributes + self.facts[:, 1]
        if len(np.unique(pairs)) < len(pairs):
            raise InputError("facts: a (subject, attribute) occurs twice")
        if self.fillers < 0:
            raise InputError(f"fillers Z = {self.fillers} is not a number of tokens")
        if self.owner.ndim != 1 or not set(self.owner.tolist()) <= set(range(self.attributes)):
            raise InputError(f"templates: their attributes are not all among {self.attributes}")
        if self.told.shape != (len(self.facts), len(self.owner)):
            raise InputError(f"told: shape {self.told.shape} is not facts x templates")
        if (self.told & ~self.sayable).any():
            raise InputError("told: a fact has a template of another attribute")
        if not self.told.any(axis=1).all():
            raise InputError("told: a fact has no template")

    def __repr__(self) -> str:
        return (
            f"Knowledge({len(self.facts)} facts: S={self.subjects}, A={self.attributes}, "
            f"M={self.values}, {len(self.owner)} templates, {self.fillers} fillers)"
        )

    @property
    def first_template(self) -> int:
        """The first template's token, S."""
        return self.subjects

    @property
    def first_question(self) -> int:
        """The first question's token, S + T."""
        return self.subjects + len(self.owner)

    @property
    def first_value(self) -> int:
        """The first value's token, S + T + A."""
        return self.first_question + self.attributes

    @property
    def first_filler(self) -> int:
        """The token after the values, the first filler's if there is one."""
        return self.first_value + self.values

    @property
    def vocabulary(self) -> int:
        """Number of tokens n = S + T + A + M + Z."""
        return self.first_filler + self.fillers

    @property
    def labels(self) -> Whole:
        """Token (N,) of every value."""
        return np.asarray(self.facts[:, 2] + self.first_value)

    @property
    def sayable(self) -> Booleans:
        """Whether a template (N, T) is of a fact's attribute."""
        return np.asarray(self.owner == self.facts[:, 1, None])

    @cached_property
    def sentences(self) -> Whole:
        """All sentences, each as tokens; all equally likely."""
        rows, templates = np.nonzero(self.told)
        return self._written(rows, templates + self.first_template)

    @property
    def positions(self) -> tuple[str, ...]:
        """What is the last token seen at each position."""
        if self.fillers:
            return ("subject", "filler before", "template", "filler after")
        return ("subject", "template")

    @property
    def floor(self) -> NDArray[np.float64]:
        r"""Entropy of the next token at each position, in nats.

        A subject of n_s sentences (up to fillers) has one of n_s templates next, each as likely:

        .. math:: \sum_s \frac{n_s}{\sum n} \log n_s.

        Before the fillers it is log Z, before the value 0. The sum is the least loss per sentence.

        Examples
        --------
        >>> one = draw_knowledge(4, 3, 5, 2, 8, rng=np.random.default_rng(0))
        >>> bool(np.isclose(one.floor.sum(), np.log(3 * 2)))
        True
        """
        told = np.bincount(self.facts[:, 0], self.told.sum(axis=1), minlength=self.subjects)
        told = told[told > 0]
        chosen = float(told @ np.log(told) / told.sum())
        if self.fillers:
            return np.array([np.log(self.fillers), chosen, np.log(self.fillers), 0.0])
        return np.array([chosen, 0.0])

    def contexts(self) -> Contexts:
        """Return the distinct contexts of all sentences."""
        return self._contexts(self.sentences, range(1, self.sentences.shape[1]))

    def questions(self, facts: Any = slice(None)) -> Whole:
        """Return the questions for some facts, with their values, as tokens.

        Parameters
        ----------
        facts : which, an index into the rows of ``facts``.
        """
        rows = np.arange(len(self.facts))[facts]
        return self._written(rows, self.facts[rows, 1] + self.first_question)

    def asked(self, facts: Any = slice(None)) -> Contexts:
        """Return the contexts in which questions want the value, in the order of the questions.

        Parameters
        ----------
        facts : which, an index into the rows of ``facts``.
        """
        written = self.questions(facts)
        return self._contexts(written, [written.shape[1] - 1], merge=False)

    def repeated(self, rows: Whole) -> Whole:
        """Repeat each row as often as a question with it is written, once per choice of fillers.

        Parameters
        ----------
        rows : rows of ``facts``.
        """
        return np.repeat(rows, max(1, self.fillers) ** 2)

    def untold(self) -> tuple[Contexts, Whole]:
        """Return contexts that want a value after a template the fact was not told in.

        Returns
        -------
        The contexts, each of weight one over their number, and the fact of each.
        """
        rows, templates = np.nonzero(self.sayable & ~self.told)
        written = self._written(rows, templates + self.first_template)
        return self._contexts(written, [written.shape[1] - 1], merge=False), self.repeated(rows)

    def covered(self, tuned: Whole) -> Whole:
        """Count for each fact (N,) the given facts that share a template with it.

        Parameters
        ----------
        tuned : rows of ``facts``, those that are fine-tuned on.

        Examples
        --------
        >>> facts = np.array([[0, 0, 1], [1, 0, 0]])
        >>> two = Knowledge(2, 1, 2, facts, np.array([0, 0]), np.eye(2, dtype=bool))
        >>> two.covered(np.array([0])).tolist()
        [1, 0]
        """
        shared = self.told.astype(np.intp) @ self.told[tuned].T.astype(np.intp)
        return np.asarray((shared > 0).sum(axis=1))

    def _written(self, rows: Whole, middle: Whole) -> Whole:
        """Tokens of sentences or questions: every choice of fillers, the last running fastest."""
        first, value = self.facts[rows, 0], self.labels[rows]
        if not self.fillers:
            return np.stack([first, middle, value], axis=1)
        each = self.fillers**2
        before, after = np.divmod(np.tile(np.arange(each), len(rows)), self.fillers)
        first, middle, value = (np.repeat(part, each) for part in (first, middle, value))
        return np.stack(
            [first, before + self.first_filler, middle, after + self.first_filler, value], axis=1
        )

    def _contexts(self, written: Whole, lengths: Any, *, merge: bool = True) -> Contexts:
        n, parts = self.vocabulary, []
        for length in lengths:
            seen, following = written[:, :length], written[:, length]
            place = np.arange(len(seen))
            if merge:
                seen, place = np.unique(seen, axis=0, return_inverse=True)
            times = np.bincount(place, minlength=len(seen))
            counts, targets = np.zeros((len(seen), n), np.float32), np.zeros((len(seen), n))
            np.add.at(counts, (np.arange(len(seen))[:, None], seen), 1)
            np.add.at(targets, (place.ravel(), following), 1)
            parts.append((
                counts, seen[:, -1], (targets / np.maximum(times, 1)[:, None]).astype(np.float32),
                times / max(1, len(written)), np.full(len(seen), length - 1),
            ))  # fmt: skip
        return Contexts(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def tell_facts(
    facts: Whole,
    *,
    templates: int,
    multiplicity: int,
    fillers: int = 0,
    rng: np.random.Generator,
) -> Knowledge:
    """Draw the templates that given facts are told in: K of |R|, uniform, for each independently.

    Parameters
    ----------
    facts : (N, 3) rows (s, b, v); some (s, b) may be missing. S, A and M are the least that fit.
    templates : |R|, template tokens of each attribute.
    multiplicity : K, in 1, ..., |R|.
    fillers : Z.
    rng : draws the templates.

    Raises
    ------
    InputError
        If a size is out of range, or the facts are not such rows.

    Examples
    --------
    >>> rows = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 2]])
    >>> tell_facts(rows, templates=4, multiplicity=2, rng=np.random.default_rng(0))
    Knowledge(3 facts: S=2, A=2, M=3, 8 templates, 0 fillers)
    """
    rows = np.asarray(facts)
    if rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
        raise InputError(f"facts: rows (s, b, v) are needed, not shape {rows.shape}")
    if templates < 1:
        raise InputError(f"templates |R| = {templates} is not positive")
    if not 1 <= multiplicity <= templates:
        raise InputError(f"multiplicity K = {multiplicity} is not in 1, ..., |R| = {templates}")
    S, A, M = (int(n) + 1 for n in rows.max(axis=0))
    chosen = np.argsort(rng.random((len(rows), templates)), axis=1)[:, :multiplicity]
    told = np.zeros((len(rows), A * templates), bool)
    np.put_along_axis(told, chosen + templates * rows[:, 1, None], True, axis=1)
    owner = np.repeat(np.arange(A), templates)
    return Knowledge(S, A, M, rows.astype(np.intp), owner, told, fillers)


def draw_knowledge(
    subjects: int,
    attributes: int,
    templates: int,
    multiplicity: int,
    values: int,
    *,
    shared: bool = False,
    fillers: int = 0,
    rng: np.random.Generator,
) -> Knowledge:
    """Draw facts, all A of every subject, and the templates that they are told in.

    Parameters
    ----------
    subjects, attributes : S and A, at least 1.
    templates, multiplicity : |R| of each attribute, and K in 1, ..., |R|.
    values : D. Each attribute has D values of its own, uniform; if shared, all attributes have the
        same D, and a subject's A values are different, any A of them as likely.
    shared : whether all attributes have the same values.
    fillers : Z.
    rng : draws values, then templates.

    Raises
    ------
    InputError
        If a size is out of range, or D < A where values are shared.

    Examples
    --------
    >>> draw_knowledge(8, 3, 4, 2, 5, shared=True, rng=np.random.default_rng(0))
    Knowledge(24 facts: S=8, A=3, M=5, 12 templates, 0 fillers)
    """
    for name, size in (("S", subjects), ("A", attributes), ("D", values)):
        if size < 1:
            raise InputError(f"{name} = {size} is not positive")
    if shared and values < attributes:
        raise InputError(f"D = {values} < A = {attributes}: a subject's values cannot differ")
    if shared:
        drawn = np.argsort(rng.random((subjects, values)), axis=1)[:, :attributes]
    else:
        drawn = rng.integers(0, values, (subjects, attributes)) + values * np.arange(attributes)
    s, b = np.divmod(np.arange(subjects * attributes), attributes)
    told = tell_facts(
        np.stack([s, b, drawn.ravel()], axis=1),
        templates=templates, multiplicity=multiplicity, fillers=fillers, rng=rng,
    )  # fmt: skip
    every = values if shared else values * attributes
    return Knowledge(subjects, attributes, every, told.facts, told.owner, told.told, fillers)
