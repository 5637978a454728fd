r"""Knowledge told in sentences, and asked for in questions.

A fact is a triple (s, b, v): subject s has value v of attribute b. Each attribute has template
tokens of its own, and each fact is told in some of them; how many is its multiplicity K. Without
filler tokens a sentence is (subject, template, value); with Z of them it is (subject, filler,
template, filler, value), both fillers uniform. A fact may have further values that are as right:
there is a sentence for each. All sentences are told equally often, unless subjects differ in how
often they are told. A question has the question token of the attribute in place of the template,
and no sentence has it.

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

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief
from assoc.errors import InputError

__all__ = ["Contexts", "Knowledge"]

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
    also : (k, 2) integers, rows (fact, value): values that are right as well, each once.
    often : (S,) how often a sentence about each subject is told, positive, up to a factor; None
        means that all are told equally often.

    Raises
    ------
    InputError
        If a number is out of range, a (s, b) or a right value occurs twice, or a fact is not told.

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
    also: Whole = field(default_factory=lambda: np.zeros((0, 2), np.intp))
    often: NDArray[np.float64] | None = None

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
        self._check_more()

    def _check_more(self) -> None:
        """Refuse further values that are out of range, and subjects that are never told."""
        if self.also.ndim != 2 or self.also.shape[1] != 2 or (self.also < 0).any():
            raise InputError(f"also: rows (fact, value) are needed, not shape {self.also.shape}")
        if len(self.also) and (self.also.max(axis=0) >= (len(self.facts), self.values)).any():
            raise InputError("also: there is no such fact or value")
        rows = np.concatenate([np.arange(len(self.facts)), self.also[:, 0]])
        pairs = rows * self.values + np.concatenate([self.facts[:, 2], self.also[:, 1]])
        if len(np.unique(pairs)) < len(pairs):
            raise InputError("also: a right value occurs twice")
        if self.often is not None and (
            self.often.shape != (self.subjects,)
            or not np.isfinite(self.often).all()
            or not (self.often > 0).all()
        ):
            raise InputError("often: a positive number for each subject is needed")

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
    def right(self) -> Booleans:
        """Whether a token (N, n) is a right answer to the question for a fact."""
        found = np.zeros((len(self.facts), self.vocabulary), bool)
        found[np.arange(len(self.facts)), self.labels] = True
        found[self.also[:, 0], self.also[:, 1] + self.first_value] = True
        return found

    @property
    def rights(self) -> Whole:
        """How many values (N,) are right."""
        return np.asarray(1 + np.bincount(self.also[:, 0], minlength=len(self.facts)))

    def spoken(self) -> tuple[Whole, Whole, Whole]:
        """Return fact, template and value of each sentence, up to fillers."""
        facts = np.concatenate([np.arange(len(self.facts)), self.also[:, 0]])
        values = np.concatenate([self.facts[:, 2], self.also[:, 1]])
        which, templates = np.nonzero(self.told[facts])
        return facts[which], templates, values[which]

    @cached_property
    def sentences(self) -> Whole:
        """All sentences, each as tokens; equally likely unless subjects differ in this."""
        rows, templates, values = self.spoken()
        return self._written(rows, templates + self.first_template, values)

    @property
    def chances(self) -> NDArray[np.float64]:
        """Share of the tellings that each of the sentences has."""
        subjects = self.sentences[:, 0]
        told = np.ones(len(subjects)) if self.often is None else self.often[subjects]
        return np.asarray(told / told.sum())

    @property
    def ranks(self) -> Whole:
        """Rank (S,) of each subject by how often it is told, 1 for the most; 1 if all are alike."""
        if self.often is None:
            return np.ones(self.subjects, np.intp)
        return np.asarray(1 + (self.often > self.often[:, None]).sum(axis=1))

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

        Before the fillers it is log Z, before the value 0. Of a fact with r right values each
        template has r of the sentences: log r of the entropy goes from the template to the value.
        Subjects count as often as they are told. The sum is the least loss per sentence.

        Examples
        --------
        >>> facts = np.array([[0, 0, 1], [1, 0, 0]])
        >>> two = Knowledge(2, 1, 2, facts, np.array([0, 0]), np.ones((2, 2), bool))
        >>> bool(np.isclose(two.floor.sum(), np.log(2)))
        True
        """
        of, rights = self.facts[:, 0], self.rights
        often = np.ones(self.subjects) if self.often is None else self.often
        each = self.told.sum(axis=1) * rights
        told = np.bincount(of, each, minlength=self.subjects)
        total = often @ told
        whole = float((often * told) @ np.log(np.maximum(told, 1)) / total)
        value = float((often[of] * each) @ np.log(rights) / total)
        if self.fillers:
            return np.array([np.log(self.fillers), whole - value, np.log(self.fillers), value])
        return np.array([whole - value, value])

    def contexts(self) -> Contexts:
        """Return the distinct contexts of all sentences."""
        positions = range(1, self.sentences.shape[1])
        chances = None if self.often is None else self.chances
        return self._contexts(self.sentences, positions, chances=chances)

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

        Where several values are right, each is wanted as much.

        Parameters
        ----------
        facts : which, an index into the rows of ``facts``.
        """
        written = self.questions(facts)
        found = self._contexts(written, [written.shape[1] - 1], merge=False)
        if not len(self.also):
            return found
        right = self.right[self.repeated(np.arange(len(self.facts))[facts])]
        targets = right / right.sum(axis=1, keepdims=True)
        return replace(found, targets=targets.astype(np.float32))

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

    def _written(self, rows: Whole, middle: Whole, values: Whole | None = None) -> Whole:
        """Tokens of sentences or questions: every choice of fillers, the last running fastest."""
        first = self.facts[rows, 0]
        value = self.labels[rows] if values is None else values + self.first_value
        if not self.fillers:
            return np.stack([first, middle, value], axis=1)
        each = self.fillers**2
        before, after = np.divmod(np.tile(np.arange(each), len(rows)), self.fillers)
        first, middle, value = (np.repeat(part, each) for part in (first, middle, value))
        return np.stack(
            [first, before + self.first_filler, middle, after + self.first_filler, value], axis=1
        )

    def _contexts(
        self, written: Whole, lengths: Any, *, merge: bool = True, chances: Any = None
    ) -> Contexts:
        """Contexts of some rows, ``chances`` being their weights; None means that all are alike."""
        n, parts = self.vocabulary, []
        each = np.ones(len(written)) if chances is None else chances * len(written)
        for length in lengths:
            seen, following = written[:, :length], written[:, length]
            place = np.arange(len(seen))
            if merge:
                seen, place = np.unique(seen, axis=0, return_inverse=True)
            times = np.bincount(place.ravel(), each, minlength=len(seen))
            counts, targets = np.zeros((len(seen), n), np.float32), np.zeros((len(seen), n))
            np.add.at(counts, (np.arange(len(seen))[:, None], seen), 1)
            np.add.at(targets, (place.ravel(), following), each)
            parts.append((
                counts, seen[:, -1], (targets / times[:, None]).astype(np.float32),
                times / max(1, len(written)), np.full(len(seen), length - 1),
            ))  # fmt: skip
        return Contexts(*(np.concatenate(part) for part in zip(*parts, strict=True)))
