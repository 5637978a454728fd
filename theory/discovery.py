"""What the modules of a package define, found without a list."""

import pkgutil
from types import ModuleType
from typing import Protocol, TypeVar

from assoc.errors import InputError
from assoc.imports import imported, shown

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
        If a module cannot be imported, its constant is of another class, or its name is another's;
        the line names the file.
    """
    found: dict[str, Defined] = {}
    files: dict[str, str] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = imported(f"{package.__name__}.{info.name}")
        if not hasattr(module, constant):
            continue
        value, file = getattr(module, constant), shown(module.__file__ or module.__name__)
        if not isinstance(value, kind):
            raise InputError(
                f"{file}: {constant} is of the type {type(value).__name__}, not {kind.__name__}"
            )
        if value.name in found:
            raise InputError(
                f"{file}: {constant} has the name {value.name!r}, which is taken by "
                f"{files[value.name]}"
            )
        found[value.name] = value
        files[value.name] = file
    return tuple(found[name] for name in sorted(found))
