"""What code a result was computed by: a digest of sources and of the libraries under them."""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from assoc.errors import InputError
from assoc.imports import HOUSE, INSTALLED

__all__ = ["fingerprint"]

LIBRARIES = ("numpy", "scipy", "numba", "sympy", "clarabel")

TRAINING = ("jax", "jaxlib", "optax")
"""Libraries that nothing but :mod:`sims.training` computes with."""

LANGUAGE_MODELS = ("torch", "transformers", "peft")
"""Libraries that nothing but :mod:`sims.knowledge.gpt2` computes with. They count for every sweep,
since a sweep may hold points of it: installing them makes a store one of other code."""

OURS = ("assoc", "sims")

DYNAMIC = frozenset({"import_module", "__import__"})
"""Functions that import what a text names."""


def fingerprint(
    packages: Iterable[str] = (), *, training: bool = True, language_models: bool = True
) -> str:
    """Return twelve hexadecimal digits that change with the code that computes.

    They cover every Python file of ``assoc``, ``sims`` and the given packages, and of what these
    import from folders of the user that are on the path, in the order of their names, and the
    versions of the libraries that do the arithmetic. Machines that agree on it run the same code;
    processors may still differ in the last bit of a matrix product.

    Parameters
    ----------
    packages : top-level packages or modules besides ``assoc`` and ``sims``.
    training, language_models : whether the libraries that train count, and those of language
        models; if not, the fingerprint is that of an installation without them.

    Raises
    ------
    InputError
        If a package cannot be found.

    Examples
    --------
    >>> fingerprint() == fingerprint(["sims"])
    True
    >>> len(fingerprint())
    12
    """
    ignored = (*(() if training else TRAINING), *(() if language_models else LANGUAGE_MODELS))
    # A module of this name may since be another one, from another folder.
    places = tuple((name, tuple(_places(name))) for name in sorted({*OURS, *packages}))
    return _digest(places, ignored)


@cache
def _digest(packages: tuple[tuple[str, tuple[str, ...]], ...], ignored: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for package in _with_imports(name for name, _ in packages):
        for name, path in _sources(package):
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in (*LIBRARIES, *TRAINING, *LANGUAGE_MODELS):
        digest.update(f"{library} {_version(library, ignored)}\0".encode())
    return digest.hexdigest()[:12]


def _with_imports(packages: Iterable[str]) -> list[str]:
    """Return packages, and those of the user that they import, directly or not, in order."""
    waiting = list(packages)
    found = set(waiting)
    while waiting:
        package = waiting.pop()
        if package in HOUSE or package in sys.stdlib_module_names:
            continue
        for _, path in _sources(package):
            new = {name for name in _imports(path) if name not in found and _of_the_user(name)}
            found |= new
            waiting += new
    return sorted(found)


def _imports(path: Path) -> Iterator[str]:
    """Yield the top-level packages that a file imports; none if it is no Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            name = getattr(node.args[0], "value", None)
            if called in DYNAMIC and isinstance(name, str):
                yield name.partition(".")[0]


def _of_the_user(name: str) -> bool:
    """Whether a package is neither of Python, nor installed, nor ours.

    It has to be found where another process would look: a module that this one once imported from
    a folder which is no longer on the path would make it a worker of other code.
    """
    if name in HOUSE or name in sys.stdlib_module_names:
        return False
    found = (finder.find_spec(name, None) for finder in sys.meta_path)
    spec = next((spec for spec in found if spec is not None), None)
    if spec is None:
        return False
    return INSTALLED.isdisjoint(part for place in _places_of(spec) for part in Path(place).parts)


def _places(name: str) -> list[str]:
    """Where a package or module lies; nowhere if it cannot be found."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return []
    return [] if spec is None else _places_of(spec)


def _places_of(spec: ModuleSpec) -> list[str]:
    return [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.origin else [])]


def _version(library: str, ignored: tuple[str, ...]) -> str:
    if library in ignored:
        return "none"
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _sources(package: str) -> list[tuple[str, Path]]:
    """Names and paths of a package's Python files; of a module, the one it is."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise InputError(f"module {package!r} cannot be found")
    if spec.submodule_search_locations is None:
        path = Path(spec.origin or "")
        return [(package, path)] if path.is_file() else []
    return sorted(
        (f"{package}/{path.relative_to(folder).as_posix()}", path)
        for folder in spec.submodule_search_locations
        for path in Path(folder).rglob("*.py")
        if path.is_file()
    )
