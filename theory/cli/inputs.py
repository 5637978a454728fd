"""What the words of a command line mean: numbers, files and vectors."""

from pathlib import Path

from assoc.embeddings import LAWS
from assoc.errors import InputError
from assoc.facts.tables import EXAMPLES, FactTable, example_path, read_facts
from assoc.vectors.files import load_vectors
from assoc.vectors.named import NamedVectors
from theory.cli.output import say
from theory.rendering.drawing import FORMATS

__all__ = ["check_plot", "embeddings_of", "integers", "read_table", "read_vectors", "shipped"]


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


def shipped(file: Path) -> Path:
    """Return a file, or the example shipped under its name where there is no such file here."""
    if file.exists() or file.name != str(file):
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
        If the ending is not that of a known format, or the folder does not exist.
    """
    if path is None:
        return
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"--plot {path}: the ending must be one of {known}")
    if not path.parent.is_dir():
        raise InputError(f"--plot {path}: no such folder {path.parent}")


def embeddings_of(text: str) -> str | NamedVectors:
    """Return the name of a law of random vectors, or the vectors of a file."""
    if text in LAWS:
        return text
    return read_vectors(text)


def read_vectors(text: str) -> NamedVectors:
    """Read vectors from a file, or from an example shipped with the package.

    Raises
    ------
    InputError
        If there is neither, or the file is bad.
    """
    path = Path(text)
    if not path.exists():
        if path.suffix not in (".npy", ".npz"):
            raise InputError(f"embeddings {text!r}: not a file, nor one of {', '.join(LAWS)}")
        if path.name == text:
            path = example_path(text)
    vectors = load_vectors(path)
    for note in vectors.notes:
        say(f"note: {note}")
    return vectors
