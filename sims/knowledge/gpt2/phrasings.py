"""Phrasings: sentences in words in which facts of a table are told and asked for.

A file (CSV) has the columns relation, use and phrasing. The use is ``told`` or ``asked``; a
phrasing has ``{subject}`` where the subject's name goes, and the answer follows at its end:
``capital,told,the capital of {subject} is``. Every relation is asked for in one phrasing, in which
it is not told.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assoc.errors import InputError
from sims.knowledge.gpt2.writing import Name, Writing

__all__ = ["COLUMNS", "SUBJECT", "Phrasings", "in_phrasings", "read_phrasings"]

COLUMNS = ("relation", "use", "phrasing")
"""Of a file."""

USES = ("told", "asked")

SUBJECT = "{subject}"
"""Where the subject's name goes."""

END = "."
"""The word after an answer, by which "Guinea" is not the beginning of "Guinea-Bissau"."""


@dataclass(frozen=True)
class Phrasings:
    """Those of one relation.

    Parameters
    ----------
    told : in which its facts are told, all different.
    asked : in which they are asked for, another one.

    Raises
    ------
    InputError
        If a phrasing has no place for the subject or several, one occurs twice, or the question is
        one of those that are told.
    """

    told: tuple[str, ...]
    asked: str

    def __post_init__(self) -> None:
        for text in (*self.told, self.asked):
            places = text.split().count(SUBJECT)
            if places != 1 or text.count(SUBJECT) != 1:
                raise InputError(
                    f"phrasing {text!r} has {places or 'no'} place{'s' * (places > 1)} for the "
                    f"subject: one {SUBJECT}, a word by itself, is needed"
                )
        told = [" ".join(text.split()) for text in self.told]
        if " ".join(self.asked.split()) in told:
            raise InputError(f"the question {self.asked!r} is also a phrasing that is told")
        twice = next((text for text in told if told.count(text) > 1), None)
        if twice is not None:
            raise InputError(f"phrasing {twice!r} occurs twice")


def read_phrasings(path: str | Path) -> dict[str, Phrasings]:
    """Read the phrasings of every relation of a file.

    Parameters
    ----------
    path : of a CSV file with the columns :data:`COLUMNS`.

    Raises
    ------
    InputError
        If it cannot be read so, or phrasings are none.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            lines = [(i, row) for i, row in enumerate(csv.reader(file), start=1) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not lines or tuple(name.strip().lower() for name in lines[0][1]) != COLUMNS:
        raise InputError(f"{path}: the first line must be {','.join(COLUMNS)}")
    found: dict[str, dict[str, list[str]]] = {}
    for number, row in lines[1:]:
        if len(row) != len(COLUMNS):
            raise InputError(f"{path}, line {number}: {len(row)} columns, not {len(COLUMNS)}")
        relation, use, text = (part.strip() for part in row)
        if use not in USES:
            raise InputError(f"{path}, line {number}: use {use!r} is not told or asked")
        found.setdefault(relation, {name: [] for name in USES})[use].append(text)
    return {name: _checked(f"{path}: {name}", texts) for name, texts in found.items()}


def _checked(where: str, texts: Mapping[str, Sequence[str]]) -> Phrasings:
    if len(texts["asked"]) != 1:
        raise InputError(f"{where}: {len(texts['asked'])} questions, where one is needed")
    try:
        return Phrasings(tuple(texts["told"]), texts["asked"][0])
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def in_phrasings(
    subjects: Sequence[str], answers: Sequence[str], told: Sequence[Sequence[str]],
    asked: Sequence[str],
) -> Writing:  # fmt: skip
    """Write facts in words: a token for each word of names and phrasings.

    Parameters
    ----------
    subjects, answers : names, by number; words are what spaces part.
    told : phrasings of each attribute, as many of each.
    asked : the question of each attribute.

    Raises
    ------
    InputError
        If two names, or two phrasings of any relations, are alike in all words.

    Examples
    --------
    >>> one = in_phrasings(["New York"], ["USA"], [["{subject} is in"]], ["where is {subject} ?"])
    >>> one.vocabulary, one.subjects, one.values, one.before, one.after
    (8, ((0, 1),), ((2, 3),), ((), (7, 4)), ((4, 5), (6,)))
    """
    known: dict[str, int] = {}

    def tokens(words: Iterable[str]) -> Name:
        return tuple(known.setdefault(word, len(known)) for word in words)

    names = tuple(tokens(name.split()) for name in subjects)
    values = tuple(tokens([*name.split(), END]) for name in answers)
    before, after = [], []
    for text in [*(one for of in told for one in of), *asked]:
        words = text.split()
        place = words.index(SUBJECT)
        after.append(tokens(words[place + 1 :]))
        before.append(tokens(words[:place]))
    return Writing(len(known), names, values, tuple(before), tuple(after))
