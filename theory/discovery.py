"""What modules define under a fixed name, such as ``THEOREM``, found without a list."""

import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from assoc.errors import InputError
from assoc.files import content_of
from assoc.imports import imported, module_at, shown

__all__ = ["Definition", "Named", "by_name", "defined"]


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...


Defined = TypeVar("Defined", bound=Named)


@dataclass(frozen=True, eq=False)
class Definition(Generic[Defined]):
    """A value that a module defines.

    Parameters
    ----------
    value : of the kind that was asked for.
    module, constant : where another process finds it.
    file : of the module, as it is found from the current folder.
    """

    value: Defined
    module: str
    constant: str
    file: str

    @property
    def origin(self) -> str:
        """Where it is imported from: ``module:CONSTANT``."""
        return f"{self.module}:{self.constant}"


def defined(source: str, constant: str, kind: type[Defined]) -> list[Definition[Defined]]:
    """Return that constant of every module of a source that defines it.

    Parameters
    ----------
    source : a module or package by its name, a file, or a folder; of packages and folders the
        modules right in them count, if their text has the constant in it. ``module:NAME`` is one
        value by its own name.
    constant : such as ``THEOREM``.
    kind : its class.

    Raises
    ------
    InputError
        If a source does not exist, a module cannot be imported, or its constant is of another
        class; the line names the file.
    """
    place, _, named = source.partition(":")
    modules = list(_modules(place, constant))
    if named:
        if not hasattr(modules[0], named):
            raise InputError(f"{_file(modules[0])} defines no {named}")
        value = getattr(modules[0], named)
        return [_definition(modules[0], named, kind)] if isinstance(value, kind) else []
    return [_definition(module, constant, kind) for module in modules if hasattr(module, constant)]


def by_name(definitions: Iterable[Definition[Defined]]) -> dict[str, Definition[Defined]]:
    """Return definitions by the names of their values, in order.

    Raises
    ------
    InputError
        If two values have one name; the line names both files.
    """
    found: dict[str, Definition[Defined]] = {}
    for new in definitions:
        old = found.setdefault(new.value.name, new)
        if old.value is not new.value:
            raise InputError(
                f"{new.file}: {new.constant} has the name {new.value.name!r}, which is taken by "
                f"{old.file}"
            )
    return dict(sorted(found.items()))


def _modules(place: str, constant: str) -> Iterator[ModuleType]:
    """Modules of a source that may define the constant."""
    path = Path(place)
    if path.is_dir():
        for file in sorted(path.glob("*.py")):
            if _mentions(file, constant):
                yield module_at(file)
    elif path.suffix == ".py" or "/" in place:
        if not path.is_file():
            raise InputError(f"no file or folder {place!r}")
        yield module_at(path)
    else:
        module = imported(place, here=place.partition(".")[0] != __name__.partition(".")[0])
        yield module
        for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
            spec = info.module_finder.find_spec(f"{place}.{info.name}", None)
            file = Path((spec and spec.origin) or "")
            if file.suffix == ".py" and _mentions(file, constant):
                yield imported(f"{place}.{info.name}")


def _mentions(file: Path, constant: str) -> bool:
    """Whether a file's text has the constant in it, so that it is worth importing."""
    text = content_of(file).decode("utf-8", errors="replace")
    return re.search(rf"\b{constant}\b", text) is not None


def _definition(module: ModuleType, constant: str, kind: type[Defined]) -> Definition[Defined]:
    value, file = getattr(module, constant), _file(module)
    if not isinstance(value, kind):
        raise InputError(
            f"{file}: {constant} is of the type {type(value).__name__}, not {kind.__name__}"
        )
    return Definition(value, module.__name__, constant, file)


def _file(module: ModuleType) -> str:
    return shown(module.__file__ or module.__name__)
