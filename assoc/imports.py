"""Import what others wrote; a failure is one line with its file, its line and the error."""

import importlib
import re
import traceback
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from assoc.errors import InputError

__all__ = ["extra_of", "imported", "shown"]

DISTRIBUTION = "factual-recall"


def extra_of(package: str) -> str | None:
    """Return the extra that brings a package, or None if none does.

    Examples
    --------
    >>> extra_of("torch")
    'lm'
    """
    try:
        requirements = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return None
    for requirement in requirements:
        found = re.match(r"([\w.-]+).*;.*extra == ['\"]([\w-]+)['\"]", requirement)
        if found and found[1].lower() == package.lower():
            return found[2]
    return None


def imported(name: str, *, here: bool = False) -> ModuleType:
    """Import a module that may be wrong in any way.

    Parameters
    ----------
    name : of the module, with its packages.
    here : whether it may be a file of the current folder, so that one there is not to be mistaken
        for another module of its name.

    Raises
    ------
    InputError
        If there is no such module, if it fails while it is imported (then with its file, the line
        and the error, and for a package that is missing, the extra that brings it), or, if it may
        be here, another module of that name hides the file of the current folder.

    Examples
    --------
    >>> imported("nowhere")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: no module named 'nowhere'
    """
    if not all(name.split(".")):
        raise InputError(f"{name!r} is not a module name")
    hidden = _hidden(name) if here else ""
    if hidden:
        raise InputError(hidden)
    try:
        return importlib.import_module(name)
    except Exception as error:  # It may fail in any way; say how, keep the cause.
        raise InputError(_failure(name, error)) from error


def shown(file: str) -> str:
    """Return a path as it is found from the current folder, if it lies there."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _failure(name: str, error: Exception) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    said = " ".join(f"{type(error).__name__}: {said}".split())
    places = _places(error)
    absent = error.name if isinstance(error, ModuleNotFoundError) else None
    if not places:
        found = absent is not None and f"{name}.".startswith(f"{absent}.")
        return f"no module named {name!r}" if found else f"module {name!r}: {said}"
    extra = extra_of(absent.partition(".")[0]) if absent else None
    if extra:
        said += f"; pip install '{DISTRIBUTION}[{extra}]'"
    file = places[0][0]
    line = [number for where, number in places if where == file][-1]
    text = f"{shown(file)}, line {line}: {said}"
    inner, number = places[-1]
    return text if inner == file else f"{text} ({shown(inner)}, line {number})"


def _places(error: Exception) -> list[tuple[str, int]]:
    """Files and lines on the way to an error, from the module that was asked for."""
    # The first frame is ours, the next ones are the import system's.
    frames = traceback.extract_tb(error.__traceback__)[1:]
    places = [
        (frame.filename, frame.lineno or 0)
        for frame in frames
        if frame.filename != importlib.__file__ and not frame.filename.startswith("<frozen ")
    ]
    if isinstance(error, SyntaxError) and error.filename:
        # A file that is no Python has no frame of its own; eval and its like have no file.
        places.append((error.filename, error.lineno or 0))
    return places


def _hidden(name: str) -> str:
    """Say what is imported in place of the current folder's file of that name, if anything is."""
    here, first = Path.cwd(), name.partition(".")[0]
    own = (here / f"{first}.py", here / first / "__init__.py",
           here.joinpath(*name.split(".")).with_suffix(".py"))  # fmt: skip
    file = next((path for path in own if path.is_file()), None)
    spec = None if file is None else find_spec(first)
    if file is None or spec is None or spec.origin is None:
        return ""
    if Path(spec.origin).exists() and file.samefile(spec.origin):
        return ""
    return f"{file.relative_to(here)} is hidden by {spec.origin}; give it another name"
