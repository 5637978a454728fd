r"""How facts are written in tokens for a language model, and what can be predicted of them.

A fact told in a template is a row of tokens: words before the subject, the subject's name, words
after it, and the name of the value, which is the answer. A question is written the same way. With
one token for each subject, template, question and value, and none before the subject, this is the
sentence of :mod:`assoc.facts.knowledge`; names may have several tokens.

Every token but the first is predicted from those before. The least loss is the entropy of the next
token given all before it, summed over the row: the floor, exact because all rows are known,

.. math:: \frac1N \sum_{\text{rows } x} \sum_{i \ge 1} -\log P(x_i \mid x_0, \ldots, x_{i-1}).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive
from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge

__all__ = ["Name", "Sentences", "Writing", "in_names", "in_words", "laws", "sizes_in_names"]

Name: TypeAlias = tuple[int, ...]
"""Tokens of a name, or of words."""

Whole = NDArray[np.intp]
Exact = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sentences:
    """Written facts: N rows of up to T tokens, the answer last.

    Parameters
    ----------
    tokens : (N, T), zeros after the end.
    starts, ends : (N,) first place of the answer, and the place after its last one.
    """

    tokens: Whole
    starts: Whole
    ends: Whole

    def __len__(self) -> int:
        """Return the number of rows N."""
        return len(self.tokens)

    @property
    def answer(self) -> NDArray[np.bool_]:
        """Whether a token (N, T) is of the answer."""
        place = np.arange(self.tokens.shape[1])
        return np.asarray((place >= self.starts[:, None]) & (place < self.ends[:, None]))


@dataclass(frozen=True)
class Writing:
    """Names and words.

    Parameters
    ----------
    vocabulary : number of tokens n.
    subjects, values : tokens of each name; no name begins another one's.
    before, after : of each template, then of each question, the words before and after the subject.

    Raises
    ------
    InputError
        If two names or two templates are written alike, a question is written like a template, or
        a value's name begins another's.
    """

    vocabulary: int
    subjects: tuple[Name, ...]
    values: tuple[Name, ...]
    before: tuple[Name, ...]
    after: tuple[Name, ...]

    def __post_init__(self) -> None:
        for what, names in (("subjects", self.subjects), ("values", self.values)):
            if len(set(names)) < len(names):
                raise InputError(f"two {what} have one name: their tokens are the same")
        frames = list(zip(self.before, self.after, strict=True))
        if len(set(frames)) < len(frames):
            raise InputError("a template or a question is written like another one")
        known = set(self.values)
        if any(name[:i] in known for name in self.values for i in range(1, len(name))):
            raise InputError("the name of a value is the beginning of another's")

    @property
    def length(self) -> int:
        """Most tokens of a row."""
        words = [len(one) + len(other) for one, other in zip(self.before, self.after, strict=True)]
        names = (self.subjects, self.values)
        return max(words) + sum(max(len(name) for name in of) for of in names)

    def rows(self, given: Knowledge, facts: Any, frames: Any, values: Any = None) -> Sentences:
        """Write facts.

        Parameters
        ----------
        given : the facts.
        facts : (N,) rows of ``given.facts``.
        frames : (N,) number of the template of each, or T + b for the question of attribute b.
        values : (N,) values that are said; None means those of the facts.
        """
        written, starts = [], []
        said = given.facts[facts, 2] if values is None else values
        for fact, frame, v in zip(facts, frames, said, strict=True):
            s = given.facts[fact, 0]
            asked = self._prompt(s, frame)
            starts.append(len(asked))
            written.append((*asked, *self.values[v]))
        tokens = np.zeros((len(written), self.length), np.intp)
        for row, name in zip(tokens, written, strict=True):
            row[: len(name)] = name
        ends = np.array([len(name) for name in written], np.intp)
        return Sentences(tokens, np.array(starts, np.intp), ends)

    def _prompt(self, s: int, frame: int) -> Name:
        return (*self.before[frame], *self.subjects[s], *self.after[frame])

    def check_asked(self, given: Knowledge) -> None:
        """Refuse questions that are told: by names in a phrasing two of them may read alike.

        Parameters
        ----------
        given : the facts.

        Raises
        ------
        InputError
            If a question for one of the facts is, up to its answer, a sentence that is told.
        """
        facts, frames = np.nonzero(given.told)
        told = {
            self._prompt(given.facts[fact, 0], frame): (fact, frame)
            for fact, frame in zip(facts.tolist(), frames.tolist(), strict=True)
        }
        for s, b, _ in given.facts.tolist():
            if (found := told.get(self._prompt(s, len(given.owner) + b))) is not None:
                of, frame = given.facts[found[0]], found[1]
                raise InputError(
                    f"the question about subject {s} and relation {b} is written like what is told "
                    f"of subject {of[0]} and relation {of[1]}, in template {frame}"
                )

    def sentences(self, given: Knowledge) -> Sentences:
        """Write every fact, with each right value, in every template that it is told in."""
        return self.rows(given, *given.spoken())

    def questions(self, given: Knowledge, facts: Whole) -> tuple[Sentences, Whole]:
        """Write the questions for some facts, with each right answer.

        Returns
        -------
        The rows, those of the facts' own values first, and which of the facts each is about.
        """
        return self.every(given, facts, given.facts[facts, 1] + len(given.owner))

    def untold(self, given: Knowledge) -> tuple[Sentences, Whole, Whole]:
        """Write every fact in those templates of its attribute that it is not told in.

        Returns
        -------
        The rows, with each right value; which prompt each answers; and the fact of each prompt.
        """
        facts, frames = np.nonzero(given.sayable & ~given.told)
        return *self.every(given, facts, frames), facts

    def every(self, given: Knowledge, facts: Any, frames: Any) -> tuple[Sentences, Whole]:
        """Write facts with each right value.

        Parameters
        ----------
        given, facts, frames : as for :meth:`rows`.

        Returns
        -------
        The rows, those of the facts' own values first, and which of the given facts each says.
        """
        of, more = np.nonzero(np.asarray(facts)[:, None] == given.also[:, 0])
        which = np.concatenate([np.arange(len(facts)), of])
        values = np.concatenate([given.facts[facts, 2], given.also[more, 1]])
        return self.rows(given, facts[which], frames[which], values), which


def in_words(given: Knowledge) -> Writing:
    """Write with one token for each subject, template, question and value, as Knowledge does.

    Parameters
    ----------
    given : the facts.

    Raises
    ------
    InputError
        If there are fillers, which a model with positions has no use for.

    Examples
    --------
    >>> facts = np.array([[0, 0, 1], [1, 0, 0]])
    >>> two = Knowledge(2, 1, 2, facts, np.array([0, 0]), np.eye(2, dtype=bool))
    >>> in_words(two).sentences(two).tokens.tolist() == two.sentences.tolist()
    True
    """
    return in_names(given, 1)


def in_names(given: Knowledge, length: int) -> Writing:
    """Write names of subjects and values in several tokens, a word for each template and question.

    The names of each kind are the numbers 0, 1, ... in the smallest base with so many digits, most
    significant first; a token is a digit at its place, so that it is part of several names.

    Parameters
    ----------
    given : the facts.
    length : tokens of a name, at least 1.

    Raises
    ------
    InputError
        If there are fillers, or the length is not positive.

    Examples
    --------
    >>> facts = np.array([[0, 0, 4], [8, 0, 0]])
    >>> two = Knowledge(9, 1, 5, facts, np.array([0, 0]), np.eye(2, dtype=bool))
    >>> written = in_names(two, 2)
    >>> written.subjects[:4], written.vocabulary
    (((0, 3), (0, 4), (0, 5), (1, 3)), 15)
    """
    if given.fillers:
        raise InputError(f"fillers Z = {given.fillers}: GPT-2 has positions, and is told none")
    length = positive(length, "tokens of a name")
    subjects, used = _digits(given.subjects, length, 0)
    frames = len(given.owner) + given.attributes
    values, end = _digits(given.values, length, used + frames)
    words = tuple((used + i,) for i in range(frames))
    return Writing(end, subjects, values, ((),) * frames, words)


def _base(count: int, length: int) -> int:
    """Return the smallest base in which so many numbers have so many digits."""
    base = max(1, int(count ** (1 / length)) - 1)
    while base**length < count:
        base += 1
    return base


def _digits(count: int, length: int, first: int) -> tuple[tuple[Name, ...], int]:
    """Names of so many things, and the token after those that they take."""
    base = _base(count, length)
    names = []
    for number in range(count):
        digits = [(number // base**i) % base for i in reversed(range(length))]
        names.append(tuple(first + base * place + digit for place, digit in enumerate(digits)))
    return tuple(names), first + base * length


def sizes_in_names(subjects: int, values: int, words: int, length: int) -> tuple[int, int]:
    """Return the number of tokens, and the length of a row, that :func:`in_names` comes to.

    Parameters
    ----------
    subjects, values, words : how many, the words being templates and questions.
    length : tokens of a name.

    Examples
    --------
    >>> sizes_in_names(9, 5, 3, 2)
    (15, 5)
    """
    return (_base(subjects, length) + _base(values, length)) * length + words, 2 * length + 1


def laws(
    rows: Sentences, vocabulary: int, chances: Exact | None = None
) -> tuple[NDArray[np.float32], Whole, Exact]:
    """Return the distribution of every token given those before it, by counting.

    Parameters
    ----------
    rows : all that is told.
    vocabulary : n.
    chances : (N,) shares of the tellings; None means that all rows are told equally often.

    Returns
    -------
    The distinct distributions (L, n); which of them each predicted token (N, T) has, else -1; and
    the floor (2,), the entropy before the answer and of it, summed over a row, in nats.
    """
    following: defaultdict[Name, dict[int, float]] = defaultdict(dict)
    listed = [tuple(row[:end]) for row, end in zip(rows.tokens.tolist(), rows.ends, strict=True)]
    often = [1] * len(rows) if chances is None else chances.tolist()
    for row, times in zip(listed, often, strict=True):
        for i in range(1, len(row)):
            law = following[row[:i]]
            law[row[i]] = law.get(row[i], 0) + times
    counts: Iterable[dict[int, float]] = following.values()
    if chances is not None:  # equal laws are one, however often they are told
        counts = [{k: of[k] / sum(of.values()) for k in of} for of in following.values()]
    found, numbers = _distinct(counts)
    of_prefix = dict(zip(following, numbers, strict=True))
    table = np.zeros((len(found), vocabulary))
    for row_of_table, law in zip(table, found, strict=True):
        row_of_table[list(law)] = np.array(list(law.values())) / sum(law.values())
    entropies = -(table * np.log(np.where(table > 0, table, 1))).sum(axis=1)
    places = np.full(rows.tokens.shape, -1, np.intp)
    for numbered, row in zip(places, listed, strict=True):
        numbered[1 : len(row)] = [of_prefix[row[:i]] for i in range(1, len(row))]
    each = np.where(places >= 0, entropies[places], 0)
    answer = rows.answer
    shares = np.full(len(rows), 1 / len(rows)) if chances is None else chances
    floor = np.array([shares @ (each * part).sum(axis=1) for part in (~answer, answer)])
    return table.astype(np.float32), places, floor


def _distinct(laws: Iterable[dict[int, float]]) -> tuple[list[dict[int, float]], Sequence[int]]:
    """Return the different laws, and the number of each one's."""
    known: dict[frozenset[tuple[int, float]], int] = {}
    numbers = [known.setdefault(frozenset(law.items()), len(known)) for law in laws]
    return [dict(law) for law in known], numbers
