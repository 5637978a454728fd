"""What the modules of a package define, found without a list."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any, Protocol, TypeVar

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
    kind : its class; a constant of another is passed over.
    """
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        value: Any = getattr(
            importlib.import_module(f"{package.__name__}.{module.name}"), constant, None
        )
        if isinstance(value, kind):
            found.append(value)
    return tuple(sorted(found, key=lambda thing: thing.name))
