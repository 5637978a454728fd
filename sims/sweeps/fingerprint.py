"""What code a result was computed by: a digest of sources and of the libraries under them."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from assoc.errors import InputError

__all__ = ["fingerprint"]

LIBRARIES = ("numpy", "scipy", "numba", "sympy", "clarabel")

TRAINING = ("jax", "jaxlib", "optax")
"""Libraries that nothing but :mod:`sims.training` computes with."""

OURS = ("assoc", "sims")


def fingerprint(packages: Iterable[str] = (), *, training: bool = True) -> str:
    """Return twelve hexadecimal digits that change with the code that computes.

    They cover every Python file of ``assoc``, ``sims`` and the given packages, in the order of
    their names, and the versions of the libraries that do the arithmetic. Machines that agree
    on it run the same code; processors may still differ in the last bit of a matrix product.

    Parameters
    ----------
    packages : top-level packages or modules besides ``assoc`` and ``sims``.
    training : whether the libraries that train count; if not, the fingerprint is that of an
        installation without them.

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
    return _digest(tuple(sorted({*OURS, *packages})), training)


@cache
def _digest(packages: tuple[str, ...], training: bool) -> str:
    digest = hashlib.sha256()
    for package in packages:
        for name, path in _sources(package):
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in (*LIBRARIES, *TRAINING):
        digest.update(f"{library} {_version(library, training)}\0".encode())
    return digest.hexdigest()[:12]


def _version(library: str, training: bool) -> str:
    if library in TRAINING and not training:
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
    )
