"""Word vectors in the forms of word2vec and GloVe, text or binary, packed by gzip or not.

Text has a word and its d numbers on each line, separated by spaces or tabs; word2vec has a first
line ``n d`` above them, GloVe has none. The last d fields are the numbers, whatever is before them
is the word, which may therefore hold spaces. The binary form has that first line, and then for each
word its bytes, a space, and d numbers in single precision.
"""

import gzip
import itertools
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from assoc.arrays import Floats
from assoc.checks import check_fits
from assoc.errors import InputError
from assoc.files import opened, size_of
from assoc.vectors.stored import StoredVectors

__all__ = ["read_words"]

Bytes = BinaryIO | gzip.GzipFile

PACKED = b"\x1f\x8b"
START = 2**20
"""Bytes at the start of a file by which its form is known."""

LOOKED_AT = 100
"""Lines at the start by which the number of columns is known."""

BLOCK = 4096
"""Lines that are parsed at a time."""

CHUNK = 2**22
LONGEST = 2**12
"""Bytes of a binary file that are read at a time, and of the longest word in one."""

SINGLE = 9
"""Decimal digits that single precision holds."""


def read_words(path: Path, limit: int | None = None) -> StoredVectors:
    """Read word vectors, or the first of them.

    Parameters
    ----------
    path : the file.
    limit : how many are read; no more of the file is read than these need.

    Raises
    ------
    InputError
        If the file has none of these forms or is damaged. The line or the number of the vector is
        named.
    """
    try:
        with _opened(path) as file:
            start = file.read(START)
        n, d = _promised(start)
        if n is not None and _is_binary(start, d):
            with _opened(path) as file:
                file.readline()
                return _binary(path, file, n, d, limit)
        return _text(path, start, n, d, limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: not a whole gzip file ({error})") from None


def _opened(path: Path) -> Bytes:
    """Open a file, unpacking what gzip packed."""
    return gzip.open(path, "rb") if _is_packed(path) else opened(path)


def _is_packed(path: Path) -> bool:
    with opened(path) as file:
        return file.read(len(PACKED)) == PACKED


def _promised(start: bytes) -> tuple[int | None, int]:
    """Return n and d as the first line says; without such a line None, and d from the columns.

    A line of two whole numbers is the first vector, of one number, if the second line is like it.
    """
    lines = [line.split() for line in _whole_lines(start)]
    first = lines[0] if lines else []
    two = len(first) == 2 and all(field.isdigit() and len(field) < 16 for field in first)
    one_column = len(lines) > 1 and len(lines[1]) == 2 and int(first[1]) != 1 if two else False
    if two and not one_column:
        return int(first[0]), int(first[1])
    columns = Counter(len(line) for line in lines if line)
    # A few words may hold spaces, and a line may be broken.
    return None, max(columns, key=lambda count: (columns[count], -count), default=0) - 1


def _whole_lines(start: bytes) -> list[bytes]:
    """Return the first lines of a file, without a last one that may be cut off."""
    lines = start.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return lines[: max(1, min(LOOKED_AT, len(lines) - (len(start) == START)))]


def _is_binary(start: bytes, d: int) -> bool:
    """Whether numbers in bytes follow the first line: they have bytes that text lacks."""
    rest = start.partition(b"\n")[2]
    fields = rest.partition(b"\n")[0].split()
    text = len(fields) > d > 0 and all(map(_is_number, fields[-d:]))
    return not text and any(byte < 9 or 13 < byte < 32 for byte in rest[: LONGEST + 4 * d])


# --- text ---------------------------------------------------------------------------------------


def _text(path: Path, start: bytes, n: int | None, d: int, limit: int | None) -> StoredVectors:
    """Read text, a block of lines at a time; n is what its first line promises."""
    lines = _whole_lines(start)
    looked = [line.split() for line in lines[n is not None :] if line.strip()]
    _check_text(path, start, lines, looked, n, d)
    fields = [field for line in looked for field in line[-d:]]
    digits = max((_digits(field) for field in fields), default=0)
    dtype: Any = np.float32 if digits <= SINGLE else np.float64
    if n is not None:
        rows = n if limit is None else min(n, limit)
        check_fits(float(rows) * d, np.dtype(dtype).itemsize, f"{path}: {rows} vectors")
    words: list[bytes] = []
    blocks: list[Floats] = []
    with _opened(path) as file:
        for word_block, numbers in _blocks(path, file, d, dtype, n is not None, limit):
            words += word_block
            blocks.append(numbers)
    if n is not None and (len(words) > n or len(words) < rows):
        raise InputError(f"{path}: its first line promises {n} vectors; it holds {len(words)}")
    array = np.concatenate(blocks)
    names, notes = _decoded(path, words)
    return StoredVectors(array, names, _precision(fields, digits, array), notes)


def _check_text(
    path: Path,
    start: bytes,
    lines: Sequence[bytes],
    looked: Sequence[Sequence[bytes]],
    n: int | None,
    d: int,
) -> None:
    """Refuse what is no text of word vectors.

    Raises
    ------
    InputError
        If the first lines are not words with numbers behind them.
    """
    if b"\0" in start:
        if _is_packed(path):
            raise InputError(
                f"{path}: packed by gzip, and no word vectors; other files are read unpacked"
            )
        raise InputError(
            f"{path}: none of .npy, .npz, safetensors, or word vectors as text or in binary"
        )
    if d < 1 or not looked:
        shown = lines[0][:40].decode("utf-8", "backslashreplace").strip()
        what = "the end of the file" if d > 0 else repr(shown)
        raise InputError(
            f"{path}: line {1 + (n is not None)}: a word and its numbers, between spaces or tabs, "
            f"are needed, not {what}"
        )
    if all(b"." in fields[0] and _is_number(fields[0]) for fields in looked):
        raise InputError(
            f"{path}: its lines begin with a number, not with a word; save a matrix without names "
            "as .npy"
        )
    if all(len(fields) > d + 1 and _is_number(fields[-d - 1]) for fields in looked):
        raise InputError(
            f"{path}: its first line promises {d} numbers to a word; there are more on line 2"
        )


def _blocks(
    path: Path, file: Iterable[bytes], d: int, dtype: Any, header: bool, limit: int | None
) -> Iterator[tuple[list[bytes], Floats]]:
    """Yield words and their numbers, (lines, d), of as many lines at a time as are parsed well."""
    numbered = enumerate(file, 1)
    if header:
        next(numbered, None)
    written = itertools.islice((each for each in numbered if each[1].strip()), limit)
    while block := list(itertools.islice(written, BLOCK)):
        pairs = [_after_mark(*each).split(None, 1) for each in block]
        numbers = None
        if all(len(pair) == 2 for pair in pairs):
            numbers = _parsed([pair[1] for pair in pairs], d, dtype)
        if numbers is None:
            yield _one_by_one(path, block, d, dtype)
        elif not np.isfinite(numbers).all():
            row = int(np.argmin(np.isfinite(numbers).all(axis=1)))
            raise InputError(f"{path}: line {block[row][0]} has a value that is not finite")
        else:
            yield [pair[0] for pair in pairs], numbers


def _after_mark(number: int, line: bytes) -> bytes:
    """Return a line, the first one without the mark that some editors put before UTF-8."""
    return line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _parsed(lines: Sequence[bytes], d: int, dtype: Any) -> Floats | None:
    """Return the numbers of lines of d numbers, or None if one of them is another kind of line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found: Floats = np.loadtxt(lines, dtype, comments=None, ndmin=2)
    except (ValueError, OverflowError, Warning):
        return None
    return found if found.shape == (len(lines), d) else None


def _one_by_one(
    path: Path, block: Sequence[tuple[int, bytes]], d: int, dtype: Any
) -> tuple[list[bytes], Floats]:
    """Return words, which may hold spaces, and numbers of lines, and name the line that is bad.

    Raises
    ------
    InputError
        If one is.
    """
    words, numbers = [], np.empty((len(block), d), dtype)
    for row, (number, written) in enumerate(block):
        word, *fields = _after_mark(number, written).rsplit(None, d)
        where = f"{path}: line {number}"
        if len(fields) != d:
            raise InputError(
                f"{where} has {len(fields) + 1} columns; a word and {d} numbers are needed"
            )
        bad = next((field for field in fields if not _is_number(field)), None)
        if bad is not None:
            raise InputError(f"{where}: {bad.decode('utf-8', 'backslashreplace')!r} is no number")
        with np.errstate(over="ignore"):
            numbers[row] = [float(field) for field in fields]
        if not np.isfinite(numbers[row]).all():
            raise InputError(f"{where} has a value that is not finite")
        words.append(word.strip())
    return words, numbers


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field


def _digits(field: bytes) -> int:
    """Count the decimal digits of a number that mean something."""
    return len(_mantissa(field).replace(b".", b"").lstrip(b"0"))


def _mantissa(field: bytes) -> bytes:
    return field.lower().partition(b"e")[0].lstrip(b"+-")


def _precision(fields: Sequence[bytes], digits: int, array: Floats) -> float | None:
    """Return the relative precision of numbers that were written with so many decimal digits.

    Numbers with equally many decimals are rounded alike, small or large; whole ones not at all.
    """
    decimals = {len(_mantissa(field).partition(b".")[2]) for field in fields}
    if decimals <= {0}:
        return None
    eps = 10.0 ** (1 - digits)
    size = float(np.sqrt(np.vdot(array, array) / array.size))
    if len(decimals) == 1 and size and not any(b"e" in field.lower() for field in fields):
        eps = max(eps, 10.0 ** -decimals.pop() / size)
    return max(eps, float(np.finfo(array.dtype).eps))


# --- binary -------------------------------------------------------------------------------------


def _binary(path: Path, file: Bytes, n: int, d: int, limit: int | None) -> StoredVectors:
    """Read the binary form below its first line, a chunk at a time."""
    promised = f"its first line promises {n} vectors in R^{d}"
    if not n or not d:
        raise InputError(f"{path}: {promised}")
    n, whole = (n, True) if limit is None or limit >= n else (limit, False)
    size = size_of(path)
    if not isinstance(file, gzip.GzipFile) and n * (4 * d + 2) > size:
        raise InputError(f"{path}: {promised}; its {size} bytes hold fewer")
    check_fits(float(n) * d, 4, f"{path}: {n} vectors")
    array: Floats = np.empty((n, d), np.float32)
    words: list[bytes] = []
    held, at = b"", 0
    while len(words) < n:
        space = held.find(b" ", at, at + LONGEST)
        end = space + 1 + 4 * d
        if space < 0 and len(held) - at >= LONGEST:
            raise InputError(f"{path}: vector {len(words) + 1}: no word before its numbers")
        if space < 0 or end > len(held):
            more = file.read(CHUNK + 4 * d)
            if not more:
                raise InputError(f"{path}: {promised}; it ends in number {len(words) + 1}")
            held, at = held[at:] + more, 0
            continue
        array[len(words)] = np.frombuffer(held, "<f4", d, space + 1)
        words.append(held[at:space].lstrip(b"\n"))
        at = end
    if whole and (held[at:] + file.read(CHUNK)).strip():
        raise InputError(f"{path}: {promised}; it holds more")
    names, notes = _decoded(path, words)
    return StoredVectors(array, names, None, notes)


def _decoded(path: Path, words: Sequence[bytes]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return words as text, and notes of those that are no UTF-8 or hold spaces."""
    names = tuple(word.decode("utf-8", "backslashreplace") for word in words)
    odd = {
        "are not UTF-8": [k for k, word in enumerate(words) if not _is_text(word)],
        "hold spaces": [k for k, word in enumerate(words) if b" " in word or b"\t" in word],
    }
    return names, tuple(
        f"{path.name}: {len(rows)} names {what}, the first: {names[rows[0]]!r}"
        for what, rows in odd.items()
        if rows
    )


def _is_text(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
