"""What the words of a command line mean: numbers, files and vectors."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from assoc.embeddings import LAWS
from assoc.errors import InputError
from assoc.examples import EXAMPLES, example_path
from assoc.facts.tables import FactTable, read_facts
from assoc.files import place_of, there
from assoc.vectors.files import load_vectors
from assoc.vectors.named import NamedVectors, VectorPair
from theory.cli.terminal import say
from theory.rendering.drawing import FORMATS

__all__ = [
    "check_folder",
    "check_place",
    "check_plot",
    "embeddings_of",
    "integers",
    "one_integer",
    "outputs_of",
    "read_table",
    "read_vectors",
    "shipped",
    "tell_notes",
    "vectors_of",
]

WHOLE = re.compile(r"[+-]?[0-9_]+")
NUMERIC = re.compile(r"[+-]?[0-9][0-9_.,eE+-]*")
"""An integer, and what may be meant as one."""


def integers(text: str | None, name: str) -> list[int] | None:
    """Return the integers of ``64`` or ``32,64,128``; None stands for an option not given.

    Raises
    ------
    InputError
        If a part is not an integer.
    """
    if text is None:
        return None
    try:
        return [int(part) for part in text.replace("_", "").split(",")]
    except ValueError:
        raise InputError(f"{name} = {text!r} is not an integer or a list like 32,64,128") from None


def one_integer(text: str | None, name: str) -> int | None:
    """Return the integer of an option that takes one where others take a list.

    Raises
    ------
    InputError
        If it is not an integer, or several are given.
    """
    found = integers(text, name)
    if found is None:
        return None
    if len(found) > 1:
        raise InputError(f"{name} = {text}: one {name} is needed")
    return found[0]


def shipped(file: Path) -> Path:
    """Return a file, or the example shipped under its name where there is no such file here."""
    if there(file) or file.name != str(file):
        return file
    return example_path(file.name) if file.name in EXAMPLES else file


def read_table(
    file: Path,
    columns: str | None = None,
    *,
    header: bool = True,
    several: str = "refuse",
    told: bool = True,
) -> FactTable:
    """Read a table of facts as the options say, or an example shipped with the package.

    Parameters
    ----------
    file, columns, header, several : as typed.
    told : whether to tell the table's oddities here, on stderr; the results of some commands do.

    Raises
    ------
    InputError
        If it cannot be read so.
    """
    named = None if columns is None else [name.strip() for name in columns.split(",")]
    table = read_facts(shipped(file), columns=named, header=header, several=several)
    for note in table.notes if told else ():
        say(f"note: {note}")
    return table


def check_plot(path: Path | None) -> None:
    """Refuse a figure file whose format or folder is wrong, before any work is done.

    Raises
    ------
    InputError
        If the ending is not that of a known format, or no file can be written there.
    """
    if path is None:
        return
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"--plot {path}: the ending must be one of {known}")
    check_place(path, "--plot")


def check_place(path: Path, option: str) -> None:
    """Refuse a place where no file can be written, before any work is done.

    Raises
    ------
    InputError
        As :func:`assoc.files.place_of`; the option is named.
    """
    try:
        place_of(path)
    except InputError as error:
        raise InputError(f"{option} {error}") from None


def check_folder(path: Path, option: str) -> None:
    """Refuse a folder that cannot be made or written, before any work is done.

    Raises
    ------
    InputError
        If something else is there or on the way, or the nearest folder that exists cannot be
        written.
    """
    nearest = next((each for each in (path, *path.parents) if there(each)), Path())
    try:
        folder = nearest.is_dir()
    except OSError as error:
        raise InputError(f"{option} {path}: {error.strerror}") from None
    if not folder:
        raise InputError(f"{option} {path}: {nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{option} {path}: the folder {nearest} cannot be written")


def outputs_of(texts: Sequence[str] | None) -> tuple[int | None, str | None]:
    """Return the number of outputs and the file of their vectors, of what was typed for them.

    Raises
    ------
    InputError
        If one of the two is there twice.
    """
    numbers = [text for text in texts or () if WHOLE.fullmatch(text) or _is_no_file(text)]
    files = [text for text in texts or () if text not in numbers]
    for kind, what in ((numbers, "one number"), (files, "one file of vectors")):
        if len(kind) > 1:
            raise InputError(f"--outputs {kind[0]} and {kind[1]}: {what} is needed")
    count = integers(numbers[0], "outputs") if numbers else None
    if count and len(count) > 1:
        raise InputError(f"--outputs {numbers[0]}: one number is needed")
    return count[0] if count else None, files[0] if files else None


def _is_no_file(text: str) -> bool:
    """Whether a text was meant as a number, but is no integer."""
    return bool(NUMERIC.fullmatch(text)) and not there(text)


def embeddings_of(
    text: str, outputs: str | None = None, limit: int | None = None
) -> str | NamedVectors | VectorPair:
    """Return the name of a law of random vectors, or the vectors of a file or of two.

    Parameters
    ----------
    text : a law, or FILE[:NAME].
    outputs : FILE[:NAME] of the outputs, if they have one of their own.
    limit : how many vectors of each file are read.

    Raises
    ------
    InputError
        If a file is bad, or an option for files is given without one.
    """
    if text in LAWS:
        _refuse_without_file(outputs, limit)
        return text
    if ":" not in text and not there(text) and not Path(text).suffix:
        raise InputError(f"embeddings {text!r}: not a file, nor one of {', '.join(LAWS)}")
    return _one_or_two(text, outputs, limit)


def vectors_of(
    text: str | None, outputs: str | None, limit: int | None
) -> NamedVectors | VectorPair | None:
    """Read vectors of a file, or of two: one for inputs and one for outputs.

    Parameters
    ----------
    text : FILE[:NAME]; None stands for none, and then there are no vectors.
    outputs, limit : as for :func:`embeddings_of`.

    Raises
    ------
    InputError
        If a file is bad, their dimensions differ, or an option for files is given without one.
    """
    if text is None:
        _refuse_without_file(outputs, limit)
        return None
    return _one_or_two(text, outputs, limit)


def _one_or_two(text: str, outputs: str | None, limit: int | None) -> NamedVectors | VectorPair:
    inputs = read_vectors(text, limit)
    return inputs if outputs is None else VectorPair(inputs, read_vectors(outputs, limit))


def _refuse_without_file(outputs: str | None, limit: int | None) -> None:
    for name, value in (("outputs", outputs), ("limit", limit)):
        if value is not None:
            raise InputError(f"--{name} {value}: needs a file of --embeddings")


def read_vectors(text: str, limit: int | None = None) -> NamedVectors:
    """Read vectors from FILE[:NAME], where FILE may be an example shipped with the package.

    Raises
    ------
    InputError
        If there is no such file, or it is bad.
    """
    path, name = _file_and_name(text)
    if not there(path) and path.name == str(path) and path.suffix in (".npy", ".npz"):
        path = example_path(path.name)
    return load_vectors(path, name, limit=limit)


def tell_notes(given: str | NamedVectors | VectorPair | None, facts: str | None = None) -> None:
    """Tell on stderr what is odd about vectors, once the work on them is done.

    Parameters
    ----------
    given : what :func:`embeddings_of` returned.
    facts : law of the fact map; by the identity rows of two files belong together.
    """
    if given is None or isinstance(given, str):
        return
    matrices = given.matrices
    for note in dict.fromkeys(note for each in matrices for note in each.notes):
        say(f"note: {note}")
    n, k = len(matrices[0]), len(matrices[-1])
    if n != k and facts == "identity":
        say(
            f"note: row i of {matrices[0].source} answers to row i of {matrices[-1].source}: of "
            f"{n} and {k} rows the first {min(n, k)} are inputs (--facts permutation matches rows "
            "at random)"
        )


def _file_and_name(text: str) -> tuple[Path, str | None]:
    """Split FILE[:NAME] at the last colon before which there is a file, which may itself have some.

    Where there is no such file, at the first one.
    """
    if there(text) or ":" not in text:
        return Path(text), None
    colons = [at for at, letter in enumerate(text) if letter == ":"]
    at = next((at for at in reversed(colons) if there(text[:at])), colons[0])
    if at == 0:
        raise InputError(f"{text!r}: no file is named before the colon")
    return Path(text[:at]), text[at + 1 :]
