"""Import what others wrote; a failure is one line with its file, its line and the error."""

import ast
import importlib
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import ParamSpec, TextIO, TypeVar

from assoc.errors import InputError

__all__ = [
    "HOUSE",
    "INSTALLED",
    "called",
    "extra_of",
    "imported",
    "importing_from",
    "module_at",
    "shown",
    "told",
]

DISTRIBUTION = "factual-recall"

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of what is installed: an environment's, the user's, the system's, or one on the path."""

HOUSE = ("assoc", "sims", "theory")
"""Packages of this project, which import nothing but themselves and libraries."""

ROOT = Path(__file__).parents[1]


class _Aside:
    """Sends what is printed to stderr, while any thread is inside.

    ``contextlib.redirect_stdout`` would leave it there if two threads were inside and the first to
    enter were the first to leave.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._stdout: TextIO | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._stdout, sys.stdout = sys.stdout, sys.stderr
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._stdout is not None:
                sys.stdout = self._stdout


_ASIDE = _Aside()

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def extra_of(package: str) -> str | None:
    """Return the extra that brings a package, or None if none does.

    Examples
    --------
    >>> extra_of("torch")
    'torch'
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
    """Import a module that may be wrong in any way; what it prints goes to stderr.

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
        with _ASIDE:
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # It may fail in any way; say how, keep the cause.
        said = _failure(error)
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if not _places(error):
            found = absent is not None and f"{name}.".startswith(f"{absent}.")
            said = f"no module named {name!r}" if found else f"module {name!r}: {said}"
        raise InputError(said) from error


def importing_from(folder: Path) -> None:
    """Have modules of a folder found by this process, after whatever is installed."""
    # What an editable installation finds is not on the path, and is to come first as well.
    importlib.import_module("sims")
    # A process that is started from this one is given the path and looks there first, whatever an
    # editable installation of ours would find.
    for each in (ROOT, folder):
        if str(each) not in sys.path:
            sys.path.append(str(each))


def module_at(file: Path) -> ModuleType:
    """Import a file, as a module of the packages that its folders are.

    The folder above the outermost package is from then on searched for modules.

    Parameters
    ----------
    file : ends in ``.py``; a folder is a package if it has an ``__init__.py``.

    Raises
    ------
    InputError
        As :func:`imported`, or if another module of that name is found in its place.
    """
    file = file.resolve()
    names, folder = [] if file.name == "__init__.py" else [file.stem], file.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    importing_from(folder)
    importlib.invalidate_caches()
    module = imported(".".join(names))
    if module.__file__ is None or not Path(module.__file__).samefile(file):
        raise InputError(
            f"{shown(str(file))} is hidden by {module.__file__ or module.__name__}; "
            "give it another name"
        )
    return module


def shown(file: str) -> str:
    """Return a path as it is found from the current folder, if it lies there."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def called(
    function: Callable[Arguments, Returned], *args: Arguments.args, **named: Arguments.kwargs
) -> Returned:
    """Call what somebody wrote, which may fail in any way; what it prints goes to stderr.

    Raises
    ------
    InputError
        If it fails: its file, the line and the error.
    """
    try:
        with _ASIDE:
            return function(*args, **named)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # It may fail in any way; say how, keep the cause.
        raise InputError(_failure(error)) from error


def told(error: BaseException) -> str | None:
    """Tell an error by the file and the line of the user's code that it came through.

    Returns
    -------
    One line; None if it came through nothing but our code, libraries and Python's own.
    """
    own = [place for place in _places(error) if not _ours(Path(place[0]))]
    if not own:
        return None
    said = f"{type(error).__name__}: {error}".removesuffix(": ")
    file, line = own[-1]
    return f"{shown(file)}, line {line}: {' '.join(said.split())}"


def _ours(file: Path) -> bool:
    """Whether a file is part of this project, of a library or of Python."""
    return (
        not INSTALLED.isdisjoint(file.parts)
        or file.is_relative_to(sysconfig.get_path("stdlib"))
        or any(file.is_relative_to(ROOT / house) for house in HOUSE)
    )


def _failure(error: BaseException) -> str:
    """Tell an error of code that we called in one line: its file, its line, and what it says."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    said = " ".join(f"{type(error).__name__}: {said}".split()).removesuffix(":")
    places = _places(error)
    absent = error.name if isinstance(error, ModuleNotFoundError) else None
    if not places:
        return said
    extra = extra_of(absent.partition(".")[0]) if absent else None
    if extra:
        said += f"; pip install '{DISTRIBUTION}[{extra}]'"
    file = places[0][0]
    line = [number for where, number in places if where == file][-1]
    text = f"{shown(file)}, line {line}: {said}"
    inner, number = places[-1]
    return text if inner == file else f"{text} ({shown(inner)}, line {number})"


def _places(error: BaseException) -> list[tuple[str, int]]:
    """Files and lines on the way to an error, from the code that was called."""
    # The first frame is ours, the next ones are the import system's.
    frames = traceback.extract_tb(error.__traceback__)[1:]
    places = [
        (frame.filename, frame.lineno or 0)
        for frame in frames
        if frame.filename not in (importlib.__file__, ast.__file__)
        and not frame.filename.startswith("<frozen ")
        # Under pytest it imports.
        and "/_pytest/assertion/" not in frame.filename
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
