"""Fact tables: files with a subject, a relation and an answer in each row.

Cells are kept exactly as written: "NA" is a string like any other, and so is a name with a space
at its end. What looks like an accident (a space at an end, names that differ only in case or
Unicode form) is listed in :attr:`FactTable.notes`, never repaired.
"""

import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.facts.maps import all_told, rows_of
from assoc.facts.rows import COLUMNS, Cells, read_rows

__all__ = ["SEVERAL", "FactTable", "check_single", "folded", "read_facts"]

SEVERAL = ("refuse", "first", "drop", "any")
"""What may be done with a pair (subject, relation) that has several answers."""

INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
"""Characters that are not seen: spaces and joiners of no width, and soft hyphens."""


@dataclass(frozen=True, eq=False)
class FactTable:
    """Facts (subject, relation) -> answer, each pair once, and what else is right.

    Parameters
    ----------
    subjects, relations, answers : the distinct names, in order of first appearance.
    facts : (N, 3) integers, a row (subject, relation, answer) of positions in these.
    notes : oddities of the file, one line each.
    source : name of the file.
    also : (n, 2) integers, rows (fact, answer) in order of facts: an answer that is right as well
        as that of the fact. Empty unless a table was read so.

    Examples
    --------
    >>> from assoc.examples import example_path
    >>> table = read_facts(example_path("countries.csv"))
    >>> table
    FactTable(1747 facts: 252 subjects, 7 relations, 1294 answers)
    """

    subjects: tuple[str, ...]
    relations: tuple[str, ...]
    answers: tuple[str, ...]
    facts: NDArray[np.intp]
    notes: tuple[str, ...] = ()
    source: str = ""
    also: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 2), np.intp))

    def __len__(self) -> int:
        """Return the number of facts."""
        return len(self.facts)

    def __repr__(self) -> str:
        more = f", {len(self.also)} more that are right" if len(self.also) else ""
        return (
            f"FactTable({len(self)} facts: {len(self.subjects)} subjects, "
            f"{len(self.relations)} relations, {len(self.answers)} answers{more})"
        )

    @property
    def told(self) -> NDArray[np.intp]:
        """All that is right, rows (subject, relation, answer): the facts, then the others."""
        return all_told(self.facts, self.also)

    @property
    def several(self) -> int:
        """Number of facts with several right answers."""
        return len(np.unique(self.also[:, 0]))

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
        >>> from assoc.examples import example_path
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
        kept = np.flatnonzero(np.isin(self.facts[:, 1], list(order)))
        rows, also = self.facts[kept], rows_of(self.also, kept)
        subjects, s = np.unique(rows[:, 0], return_inverse=True)
        answers, a = np.unique(np.concatenate([rows[:, 2], also[:, 1]]), return_inverse=True)
        b = np.array([order[int(relation)] for relation in rows[:, 1]])
        return FactTable(
            tuple(self.subjects[i] for i in subjects), tuple(relations),
            tuple(self.answers[i] for i in answers), np.column_stack([s, b, a[: len(rows)]]),
            self.notes, self.source,
            np.column_stack([also[:, 0], a[len(rows) :]]),
        )  # fmt: skip

    @property
    def shared_answers(self) -> dict[str, tuple[str, ...]]:
        """Answers that occur under more than one relation, with these relations.

        Examples
        --------
        >>> from assoc.examples import example_path
        >>> read_facts(example_path("countries.csv")).shared_answers["NA"]
        ('ISO code', 'continent')
        """
        pairs = np.unique(self.told[:, [2, 1]], axis=0)
        relations: dict[int, list[str]] = {}
        for answer, relation in pairs:
            relations.setdefault(int(answer), []).append(self.relations[relation])
        return {
            self.answers[answer]: tuple(sorted(names))
            for answer, names in relations.items()
            if len(names) > 1
        }


def read_facts(
    path: "str | Path | FactTable",
    *,
    columns: Sequence[str] | None = None,
    header: bool = True,
    several: str = "refuse",
) -> FactTable:
    """Read a table of facts.

    UTF-8 text separated by commas, tabs or semicolons, with or without a byte-order mark, JSON
    lines, all of these packed by gzip, or Parquet. A column is found by its name in any case, or by
    a usual synonym such as head, relation and tail, which is noted. A fact given twice with the
    same answer counts once (and is noted).

    Parameters
    ----------
    path : the file; a table that was read is returned as it is.
    columns : names of the columns for subject, relation and answer, or without a header their
        places from 1 on; None stands for what their names say, or for the first three.
    header : whether the first line names the columns.
    several : what to do where a pair (subject, relation) has several answers: ``refuse`` the table,
        keep the ``first``, ``drop`` the pair, or let ``any`` of them be right (the first is the
        fact, the others are in ``also``).

    Raises
    ------
    InputError
        If the file cannot be read or decoded, lacks a column, has an empty cell or no facts, or
        pairs have several answers and that is refused (they are counted, the first is shown).
    """
    if isinstance(path, FactTable):
        return path
    if several not in SEVERAL:
        raise InputError(f"several {several!r} is not one of {', '.join(SEVERAL)}")
    path = Path(path)
    opened = read_rows(path, columns, header=header)
    notes = _Notes(list(opened.notes))
    told = _Told(opened.cells, notes)
    if not told.lines:
        raise InputError(f"{path}: no facts below the header" if header else f"{path}: no facts")
    chosen = _one_answer(path, told, several, notes)
    columns_of = [np.array(column, dtype=np.intp)[chosen] for column in told.columns]
    names = [tuple(known) for known in told.names]
    also = told.others() if several == "any" else np.zeros((0, 2), np.intp)
    if told.more and several != "any":
        names, columns_of = _used(names, columns_of)
    subjects, relations, answers = names
    facts = np.column_stack(columns_of)
    table = FactTable(subjects, relations, answers, facts, (), path.name, also)
    # Answers count as alike under one relation only: a country's code is not a language's.
    pairs = np.unique(table.told[:, 1] * len(answers) + table.told[:, 2]).tolist()
    said = [
        *notes.lines(),
        *_look_alikes("subjects", (("", name) for name in subjects)),
        *_look_alikes("relations", (("", name) for name in relations)),
        *_look_alikes("answers", ((k // len(answers), answers[k % len(answers)]) for k in pairs)),
    ]
    return replace(table, notes=tuple(said))


def check_single(table: FactTable, where: str) -> None:
    """Refuse a table with several right answers of a fact, where one is needed.

    Parameters
    ----------
    table : of facts.
    where : what needs one.

    Raises
    ------
    InputError
        If a fact has several.
    """
    if table.several:
        facts = "1 fact has" if table.several == 1 else f"{table.several:,} facts have"
        raise InputError(
            f"{table.source}: {facts} several right answers, and {where} needs one of each "
            "(--several first keeps the first, --several drop leaves such facts out)"
        )


class _Notes:
    """What is to be told of a table: of each kind the first case, and how many there are."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.first: dict[str, str] = {}
        self.count: dict[str, int] = {}

    def add(self, kind: str, case: str) -> None:
        """Count a case of a kind."""
        self.first.setdefault(kind, case)
        self.count[kind] = self.count.get(kind, 0) + 1

    def lines(self) -> list[str]:
        """Return one line for each kind; the cases of one kind are alone, or the first of many."""
        return self.told + [
            case if self.count[kind] == 1 else f"{self.count[kind]:,} {kind}, the first: {case}"
            for kind, case in self.first.items()
        ]


class _Told:
    """What a file tells: of every pair (subject, relation) its first answer, and the others.

    Parameters
    ----------
    cells : of every row.
    notes : to add to.

    Attributes
    ----------
    names : positions of the different subjects, relations and answers.
    columns : these positions for every pair.
    lines : line of every pair's first answer.
    more : further answers by pair, in order, each with its line.
    """

    def __init__(self, cells: Iterable[Cells], notes: _Notes) -> None:
        self.names: tuple[dict[str, int], ...] = ({}, {}, {})
        self.columns = (array("q"), array("q"), array("q"))
        self.lines = array("q")
        self.more: dict[int, dict[int, int]] = {}
        pairs: dict[int, int] = {}
        for line, told in cells:
            s, r, a = (
                known[cell] if cell in known else _new(known, column, cell, line, notes)
                for column, known, cell in zip(COLUMNS, self.names, told, strict=True)
            )
            pair = pairs.setdefault(s << 32 | r, len(pairs))
            if pair == len(self.lines):
                self.lines.append(line)
                for column, position in zip(self.columns, (s, r, a), strict=True):
                    column.append(position)
                continue
            further = self.more.get(pair, {})
            if a != self.columns[2][pair] and a not in further:
                self.more.setdefault(pair, {})[a] = line
                continue
            case = f"line {line} repeats the fact of line {further.get(a, self.lines[pair])}"
            notes.add("lines repeat earlier facts", case)

    def others(self) -> NDArray[np.intp]:
        """Return what is told beside the first answers, rows (pair, answer) in order of pairs."""
        rows = [(pair, answer) for pair in sorted(self.more) for answer in self.more[pair]]
        return np.array(rows, np.intp).reshape(-1, 2)


def _new(known: dict[str, int], column: str, name: str, line: int, notes: _Notes) -> int:
    """Give a name that is told for the first time its position, and look at it."""
    known[name] = len(known)
    _look_at(f"line {line}: {column}", name, notes)
    return known[name]


def _one_answer(path: Path, told: _Told, several: str, notes: _Notes) -> NDArray[np.intp]:
    """Return the pairs that are kept, of those with several answers what was asked for."""
    pairs = np.arange(len(told.lines))
    if not told.more:
        return pairs
    pair = min(told.more)
    (other, second), first = next(iter(told.more[pair].items())), told.lines[pair]
    subjects, relations, answers = (list(known) for known in told.names)
    s, r, a = (column[pair] for column in told.columns)
    many = len(told.more)
    count = "1 pair has" if many == 1 else f"{many:,} of {len(pairs):,} pairs have"
    said = (
        f"{count} several answers, the first: ({subjects[s]}, {relations[r]}): {answers[a]!r} on "
        f"line {first}, {answers[other]!r} on line {second}"
    )
    if several == "refuse":
        cure = "first keeps the first, drop leaves such pairs out, any takes each as right"
        raise InputError(f"{path}: {said} (--several {cure})")
    done = {"first": "the first is kept", "drop": "dropped", "any": "each counts as right"}
    notes.told.append(f"{said}; {done[several]}")
    if several != "drop":
        return pairs
    if many == len(pairs):
        raise InputError(f"{path}: {said}; no pair is left")
    return np.delete(pairs, list(told.more))


def _used(
    names: Sequence[tuple[str, ...]], columns: Sequence[NDArray[np.intp]]
) -> tuple[list[tuple[str, ...]], list[NDArray[np.intp]]]:
    """Return the names that occur, in the order in which they do, and their new positions."""
    kept, placed = [], []
    for known, column in zip(names, columns, strict=True):
        positions, first, inverse = np.unique(column, return_index=True, return_inverse=True)
        order = np.argsort(first)
        kept.append(tuple(known[k] for k in positions[order]))
        placed.append(np.argsort(order)[inverse])
    return kept, placed


def _look_at(where: str, name: str, notes: _Notes) -> None:
    """Note what in a name looks like an accident."""
    if name != name.strip():
        notes.add(
            "names have surrounding spaces (kept)",
            f"{where} {name!r} has surrounding spaces (kept)",
        )
    if "\n" in name or "\r" in name:
        notes.add("names have line breaks (kept)", f"{where} {name!r} has a line break (kept)")
    if not INVISIBLE.isdisjoint(name):
        notes.add("names have characters that are not seen (kept)",
                  f"{where} {name!r} has a character that is not seen (kept)")  # fmt: skip


def folded(name: str) -> str:
    """Form of a name in which case and Unicode form make no difference.

    Examples
    --------
    >>> folded("Peru") == folded("PERU"), folded("Co\u0302te") == folded("C\u00f4te")
    (True, True)
    """
    if name.isascii():
        return name.casefold()
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
