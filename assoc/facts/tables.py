"""Fact tables: CSV files with the columns subject, relation, answer.

Cells are kept exactly as written: "NA" is a string like any other, and so is a name with a space
at its end. What looks like an accident (a space at an end, names that differ only in case or
Unicode form) is listed in :attr:`FactTable.notes`, never repaired.
"""

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief
from assoc.errors import InputError

__all__ = ["COLUMNS", "EXAMPLES", "FactTable", "example_path", "folded", "read_facts"]

COLUMNS = ("subject", "relation", "answer")
"""Columns that a table of facts must have."""

EXAMPLES = ("countries.csv", "countries_minilm.npz", "minilm_tokens.npz")
"""Data files shipped with the package."""


@dataclass(frozen=True, eq=False, repr=False)
class FactTable(Brief):
    """Facts (subject, relation) -> answer, each pair once.

    Parameters
    ----------
    subjects, relations, answers : the distinct names, in order of first appearance.
    facts : (N, 3) integers, a row (subject, relation, answer) of positions in these.
    notes : oddities of the file, one line each.

    Examples
    --------
    >>> table = read_facts(example_path("countries.csv"))
    >>> table
    FactTable(1747 facts: 252 subjects, 7 relations, 1294 answers)
    """

    subjects: tuple[str, ...]
    relations: tuple[str, ...]
    answers: tuple[str, ...]
    facts: NDArray[np.intp]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of facts."""
        return len(self.facts)

    def __repr__(self) -> str:
        return (
            f"FactTable({len(self)} facts: {len(self.subjects)} subjects, "
            f"{len(self.relations)} relations, {len(self.answers)} answers)"
        )

    def restricted(self, relations: Sequence[str]) -> "FactTable":
        """Return the facts of some relations, and the names that occur in them.

        Parameters
        ----------
        relations : at least one; their order is that of the new table.

        Raises
        ------
        InputError
            If a relation is not in the table, is named twice, or there is none.

        Examples
        --------
        >>> read_facts(example_path("countries.csv")).restricted(["continent"])
        FactTable(252 facts: 252 subjects, 1 relations, 7 answers)
        """
        if not relations:
            raise InputError("no relation is named")
        for place, name in enumerate(relations):
            if name not in self.relations:
                raise InputError(f"relation {name!r} is not one of {', '.join(self.relations)}")
            if name in relations[:place]:
                raise InputError(f"relation {name!r} is named twice")
        order = {self.relations.index(name): place for place, name in enumerate(relations)}
        rows = self.facts[np.isin(self.facts[:, 1], list(order))]
        subjects, s = np.unique(rows[:, 0], return_inverse=True)
        answers, a = np.unique(rows[:, 2], return_inverse=True)
        b = np.array([order[int(relation)] for relation in rows[:, 1]])
        return FactTable(
            tuple(self.subjects[i] for i in subjects), tuple(relations),
            tuple(self.answers[i] for i in answers), np.column_stack([s, b, a]), self.notes,
        )  # fmt: skip

    @property
    def shared_answers(self) -> dict[str, tuple[str, ...]]:
        """Answers that occur under more than one relation, with these relations.

        Examples
        --------
        >>> read_facts(example_path("countries.csv")).shared_answers["NA"]
        ('ISO code', 'continent')
        """
        pairs = np.unique(self.facts[:, [2, 1]], axis=0)
        relations: dict[int, list[str]] = {}
        for answer, relation in pairs:
            relations.setdefault(int(answer), []).append(self.relations[relation])
        return {
            self.answers[answer]: tuple(sorted(names))
            for answer, names in relations.items()
            if len(names) > 1
        }


def example_path(name: str) -> Path:
    """Path of a data file shipped with the package: ``countries.csv`` and two ``.npz`` files.

    Raises
    ------
    InputError
        If no such example is shipped.

    Examples
    --------
    >>> example_path("minilm_tokens.npz").name
    'minilm_tokens.npz'
    """
    if name not in EXAMPLES:
        raise InputError(f"no file and no example {name!r}; shipped: {', '.join(EXAMPLES)}")
    return Path(str(files("assoc") / "data" / name))


def read_facts(path: str | Path) -> FactTable:
    """Read a fact table from a UTF-8 CSV file, with or without a byte-order mark.

    A fact given twice with the same answer counts once (and is noted).

    Parameters
    ----------
    path : the file; its header names at least subject, relation and answer.

    Raises
    ------
    InputError
        If the file cannot be read or decoded, lacks a column, has an empty cell or no facts, or
        gives one (subject, relation) two answers (both lines are named).
    """
    path = Path(path)
    positions: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    facts: list[tuple[int, ...]] = []
    notes: list[str] = []
    for line, cells in _rows(path):
        subject, relation, answer = cells
        if (subject, relation) in seen:
            before, first = seen[subject, relation]
            if before != answer:
                raise InputError(
                    f"{path}: two answers for ({subject}, {relation}): "
                    f"{before!r} on line {first}, {answer!r} on line {line}"
                )
            notes.append(f"line {line} repeats the fact of line {first}")
            continue
        seen[subject, relation] = (answer, line)
        for column, names, cell in zip(COLUMNS, positions, cells, strict=True):
            if cell != cell.strip() and cell not in names:
                notes.append(f"line {line}: {column} {cell!r} has surrounding spaces (kept)")
        named = zip(positions, cells, strict=True)
        facts.append(tuple(names.setdefault(cell, len(names)) for names, cell in named))
    if not facts:
        raise InputError(f"{path}: no facts below the header")
    subjects, relations, answers = (tuple(names) for names in positions)
    # Answers count as alike under one relation only: a country's code is not a language's.
    told = dict.fromkeys((r, answers[a]) for _, r, a in facts)
    notes += _look_alikes("subjects", [("", name) for name in subjects])
    notes += _look_alikes("relations", [("", name) for name in relations])
    notes += _look_alikes("answers", told)
    return FactTable(subjects, relations, answers, np.array(facts, dtype=np.intp), tuple(notes))


def folded(name: str) -> str:
    """Form of a name in which case and Unicode form make no difference.

    Examples
    --------
    >>> folded("Peru") == folded("PERU"), folded("Co\u0302te") == folded("C\u00f4te")
    (True, True)
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _look_alikes(what: str, names: Iterable[tuple[object, str]]) -> list[str]:
    """Remark on names, each with what it belongs to, that only case or Unicode form tells apart."""
    alike: dict[tuple[object, str], list[str]] = {}
    for where, name in names:
        alike.setdefault((where, folded(name)), []).append(name)
    groups = [group for group in alike.values() if len(group) > 1]
    if not groups:
        return []
    more = f", and {len(groups) - 1} more" if len(groups) > 1 else ""
    example = " and ".join(map(repr, groups[0]))
    return [f"{what} that differ only in case or Unicode form are kept apart: {example}{more}"]


def _rows(path: Path) -> list[tuple[int, tuple[str, str, str]]]:
    """Line number and the three cells of every fact."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}: line {line} is not UTF-8 (byte 0x{error.object[error.start]:02x}); "
            "save the file as UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, tuple[str, str, str]]] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        missing = [column for column in COLUMNS if header.count(column) != 1]
        if missing:
            raise InputError(
                f"{path}: needs one column named {missing[0]!r}; "
                f"the header reads {', '.join(header) or '(empty)'}"
            )
        where = [header.index(column) for column in COLUMNS]
        for cells in reader:
            if not cells:
                continue
            line = reader.line_num
            if len(cells) != len(header):
                raise InputError(
                    f"{path}: line {line} has {len(cells)} cells, the header {len(header)}"
                )
            for column, index in zip(COLUMNS, where, strict=True):
                if not cells[index].strip():
                    raise InputError(f"{path}: line {line}: empty {column}")
            rows.append((line, (cells[where[0]], cells[where[1]], cells[where[2]])))
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: {error}") from None
    return rows
