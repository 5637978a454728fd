"""What the modules of a package define, found without a list."""

import importlib
import pkgutil
import traceback
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol, TypeVar

from assoc.errors import InputError

__all__ = ["Named", "defined"]


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...


Defined = TypeVar("Defined", bound=Named)


def defined(package: ModuleType, constant: str, kind: type[Defined]) -> tuple[Defined, ...]:
    """Return that constant of every module of a package that defines it, in order of their names.

    Parameters
    ----------
    package : whose modules are imported.
    constant : such as ``THEOREM``.
    kind : its class.

    Raises
    ------
    InputError
        If a module cannot be imported, or its constant is of another class: the file, the line, and
        what is wrong.
    """
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{module.name}"
        spec = find_spec(name)
        value: Any = getattr(_imported(name, spec), constant, None)
        if value is None:
            continue
        if not isinstance(value, kind):
            said = f"{constant} is a {type(value).__name__}, not a {kind.__name__}"
            raise InputError(f"{_file(spec)}: {said}")
        found.append(value)
    return tuple(sorted(found, key=lambda thing: thing.name))


def _file(spec: ModuleSpec | None) -> str:
    return "" if spec is None else str(spec.origin)


def _imported(name: str, spec: ModuleSpec | None) -> ModuleType:
    """Import a module; say of one that is broken in which line."""
    try:
        return importlib.import_module(name)
    except InputError:
        raise
    except Exception as error:  # A file of a user's may fail in any way; say how, keep the cause.
        file = _file(spec)
        lines = [
            at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == file
        ]
        line, said = lines[-1] if lines else None, str(error)
        if isinstance(error, SyntaxError):
            file, line, said = error.filename or file, error.lineno, error.msg
        at = "" if line is None else f", line {line}"
        raise InputError(f"{file}{at}: {type(error).__name__}: {said}") from error
