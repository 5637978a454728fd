"""The rows of a table of facts, in the forms in which people have them.

Text separated by commas, tabs or semicolons, with or without a header, JSON lines, and Parquet;
text may be packed by gzip. A column is found by its name in any case or by a usual synonym, which
is told; what cannot be told apart is refused, with the way out.
"""

import codecs
import csv
import gzip
import io
import itertools
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from assoc.errors import InputError, nearest
from assoc.files import content_of

__all__ = ["COLUMNS", "Cells", "Rows", "read_rows"]

COLUMNS = ("subject", "relation", "answer")
"""What a fact is made of, in order."""

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "subject": ("subj", "sub", "s", "head", "h", "sublabel", "subjectlabel", "subjlabel"),
        "relation": ("rel", "r", "predicate", "pred", "p", "prop", "property", "predicateid"),
        "answer": ("object", "obj", "o", "tail", "t", "objlabel", "objectlabel"),
    }
)
"""Names that other data sets have for these, in small letters and without what is between words."""

SEPARATORS: Mapping[str, str] = MappingProxyType({",": "commas", "\t": "tabs", ";": "semicolons"})

TABBED = (".tsv", ".tab")

JSON_LINES = (".jsonl", ".ndjson", ".json")

PACKED = b"\x1f\x8b"
PARQUET = b"PAR1"
FOREIGN: Mapping[bytes, str] = MappingProxyType(
    {
        b"PK\x03\x04": "an Excel file or another archive; save the table as CSV",
        b"\xd0\xcf\x11\xe0": "an Excel file; save the table as CSV",
    }
)

Cells = tuple[int, tuple[str, str, str]]
"""Line of a fact, and its three cells."""


@dataclass(frozen=True)
class Rows:
    """Rows of a table as they come, and what is to be told of how it was read.

    Parameters
    ----------
    cells : of every fact; they can be looked through once.
    notes : one line each.
    """

    cells: Iterator[Cells]
    notes: tuple[str, ...]


def read_rows(path: Path, columns: Sequence[str] | None = None, *, header: bool = True) -> Rows:
    """Open a table of facts.

    Parameters
    ----------
    path : the file.
    columns : names of the columns for subject, relation and answer; without a header their places,
        1 being the first. None stands for what their names say, or for the first three.
    header : whether the first line names the columns.

    Raises
    ------
    InputError
        If the file cannot be read, or a column cannot be found; while the rows are looked through,
        if one of them is broken. The line is named.
    """
    if columns is not None and len(columns) != len(COLUMNS):
        raise InputError(
            f"columns {','.join(columns)}: three are needed, for subject, relation and answer"
        )
    content = _content(path)
    for magic, what in FOREIGN.items():
        if content.startswith(magic):
            raise InputError(f"{path}: {what}")
    if content.startswith(PARQUET):
        return _of_records(path, _parquet(path, content), columns, "row")
    text = _text(path, content)
    start = text.lstrip()[:1]
    if start == "[" and _ending(path) in JSON_LINES:
        raise InputError(f"{path}: a JSON array; write one object on each line")
    if start == "{" or _ending(path) in JSON_LINES:
        return _of_records(path, _json_lines(path, text), columns, "line")
    return _separated(path, text, columns, header=header)


def _content(path: Path) -> bytes:
    content = content_of(path)
    try:
        return gzip.decompress(content) if content.startswith(PACKED) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: not a whole gzip file ({error})") from None


def _ending(path: Path) -> str:
    """Return the ending that says what a file is, packed or not."""
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def _text(path: Path, content: bytes) -> str:
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}: line {line} is not UTF-8 (byte 0x{error.object[error.start]:02x}); "
            "save the file as UTF-8"
        ) from None


# --- separated text -----------------------------------------------------------------------------


def _separated(path: Path, text: str, columns: Sequence[str] | None, *, header: bool) -> Rows:
    """Return the rows of separated text."""
    first = next((line.rstrip("\r\n") for line in _lines(text) if line.strip("\r\n")), "")
    usual = "\t" if _ending(path) in TABBED else ","
    separators = sorted(SEPARATORS, key=lambda each: each != usual)
    if header:
        separator, where, notes = _by_header(path, first, columns, separators)
    else:
        separator = max(separators, key=lambda each: len(_split(first, each)))
        where, notes = _places(path, len(_split(first, separator)), columns), ()
    if separator != separators[0]:
        notes = (f"read as separated by {SEPARATORS[separator]}", *notes)
    return Rows(_records(path, text, separator, where, header=header), notes)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, as the reader of separated text counts them."""
    return iter(io.StringIO(text, newline=""))


def _split(line: str, separator: str) -> list[str]:
    """Return the cells of a line by itself; one whose quotes do not match is one cell."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return [line]


def _by_header(
    path: Path, first: str, columns: Sequence[str] | None, separators: Sequence[str]
) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    """Return the separator with which the header names all columns, where they are, and notes."""
    said: InputError | None = None
    split = sorted(separators, key=lambda each: len(_split(first, each)) == 1)
    for separator in split:
        try:
            where, notes = _columns(path, _split(first, separator), columns)
        except InputError as error:
            said = said or error
        else:
            return separator, where, notes
    assert said is not None
    raise said


def _columns(
    path: Path, names: Sequence[str], columns: Sequence[str] | None
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the places of the three columns, and a note where their names were guessed.

    Raises
    ------
    InputError
        If one is not there, or there several times.
    """
    if columns is not None:
        return tuple(_named(path, names, column) for column in columns), ()
    plain = [re.sub(r"[\s_-]", "", name).casefold() for name in names]
    found = []
    for column in COLUMNS:
        alike = [k for k, name in enumerate(plain) if name == column]
        alike = alike or [k for k, name in enumerate(plain) if name in SYNONYMS[column]]
        if len(alike) != 1:
            shown = ", ".join(names) or "(empty)"
            raise InputError(
                f"{path}: needs one column named {column!r}; the header reads {shown} "
                "(--columns names three columns, --no-header says that this line is a fact)"
            )
        found += alike
    guessed = [names[k] for k in found]
    note = f"columns {', '.join(map(repr, guessed))} are read as {', '.join(COLUMNS)}"
    return tuple(found), () if guessed == list(COLUMNS) else (note,)


def _named(path: Path, names: Sequence[str], column: str) -> int:
    """Return the place of a column that was asked for by its name."""
    alike = [k for k, name in enumerate(names) if name == column]
    alike = alike or [k for k, name in enumerate(names) if name.casefold() == column.casefold()]
    if len(alike) != 1:
        what = "several columns" if alike else "no column"
        raise InputError(f"{path}: {what} named {column!r}; {nearest(column, names)}")
    return alike[0]


def _places(path: Path, cells: int, columns: Sequence[str] | None) -> tuple[int, ...]:
    """Return the places of the three columns of a table without a header."""
    if columns is None:
        if cells != len(COLUMNS):
            raise InputError(
                f"{path}: line 1 has {cells} cells; which are subject, relation and answer? "
                "(--columns 1,2,3)"
            )
        return 0, 1, 2
    for column in columns:
        if not column.isascii() or not column.isdigit() or not 1 <= int(column) <= cells:
            raise InputError(f"{path}: column {column!r} is not a place from 1 to {cells}")
    return tuple(int(column) - 1 for column in columns)


def _records(
    path: Path, text: str, separator: str, where: Sequence[int], *, header: bool
) -> Iterator[Cells]:
    """Yield the facts of separated text, with the line on which each ends."""
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    width = before = 0
    subject, relation, answer = where
    try:
        for cells in reader:
            line, before = reader.line_num, before if not cells else reader.line_num
            if not cells:
                continue
            if not width:
                width = len(cells)
                if header:
                    continue
            if len(cells) != width:
                first = "the header" if header else "the first"
                raise InputError(f"{path}: line {line} has {len(cells)} cells, {first} {width}")
            found = cells[subject], cells[relation], cells[answer]
            if not all(map(str.strip, found)):
                empty = next(c for c, cell in zip(COLUMNS, found, strict=True) if not cell.strip())
                raise InputError(f"{path}: line {line}: empty {empty}")
            yield line, found
    except csv.Error as error:
        opened = next(itertools.islice(_lines(text), before, None), "")
        # A quote that is not closed swallows what follows, perhaps the whole file.
        if reader.line_num > before + 1 and '"' in opened:
            raise InputError(
                f"{path}: line {before + 1}: a quote is opened that is not closed as it should be "
                f"(line {reader.line_num}: {error})"
            ) from None
        raise InputError(f"{path}: line {reader.line_num}: {error}") from None


# --- records ------------------------------------------------------------------------------------


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # Within a text JSON may have characters that end a line elsewhere.
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            record = json.loads(written)
        except (ValueError, RecursionError) as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise InputError(f"{path}: line {line} is no JSON ({said})") from None
        if not isinstance(record, dict):
            raise InputError(f"{path}: line {line} is no JSON object")
        yield line, record


def _parquet(path: Path, content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise InputError(f"{path}: Parquet files need pyarrow: pip install pyarrow") from None
    except Exception as error:  # Of whatever reads it; say what it says.
        said = " ".join(str(error).split())
        raise InputError(f"{path}: not a readable Parquet file ({said})") from error
    names = [str(name) for name in frame.columns]
    rows = zip(*(frame[column] for column in frame.columns), strict=True)
    yield from ((row, dict(zip(names, cells, strict=True))) for row, cells in enumerate(rows, 1))


def _of_records(
    path: Path,
    records: Iterator[tuple[int, Mapping[str, Any]]],
    columns: Sequence[str] | None,
    unit: str,
) -> Rows:
    """Return the rows of records with names of their own."""
    first = next(records, None)
    if first is None:
        return Rows(iter(()), ())
    names = list(first[1])
    where, notes = _columns(path, names, columns)
    chosen = [names[k] for k in where]

    def cells() -> Iterator[Cells]:
        for place, record in itertools.chain([first], records):
            found = []
            for column, name in zip(COLUMNS, chosen, strict=True):
                value = record.get(name)
                # What a table lacks may come as a number that is none.
                if isinstance(value, float) and math.isnan(value):
                    value = None
                if value is None or not isinstance(value, str | int | float):
                    what = "no" if value is None else "no text or number as"
                    raise InputError(f"{path}: {unit} {place}: {what} {column} ({name!r})")
                if not str(value).strip():
                    raise InputError(f"{path}: {unit} {place}: empty {column}")
                found.append(str(value))
            yield place, (found[0], found[1], found[2])

    return Rows(cells(), notes)
