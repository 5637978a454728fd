"""Where theorems and exhibits are found: here, in installed packages, and in the user's project.

A *source* is a module, a package, a file or a folder, whose modules may define ``THEOREM`` or
``EXHIBIT``. Ours are the packages ``theory.theorems`` and ``theory.exhibits``. Others stand beside
them, in this order:

- what installed packages name in the entry-point group ``recall.theorems``;
- what the table ``[tool.recall]`` of the project's ``pyproject.toml`` names under ``theorems``,
  paths being seen from that file; the project is the nearest folder that has such a file, from the
  current one upwards;
- what a call or the option ``--theorems`` names.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from assoc.errors import InputError, nearest
from assoc.files import content_of
from assoc.imports import importing_from, shown
from theory.claims import Theorem
from theory.discovery import Definition, by_name, defined
from theory.exhibit import Exhibit
from theory.wholeness import check_exhibit, check_theorem

__all__ = [
    "GROUP",
    "KEYS",
    "forget",
    "known_exhibits",
    "known_theorems",
    "names_in",
    "project",
    "project_settings",
]

GROUP = "recall.theorems"
"""Entry-point group by which an installed package names its sources."""

KEYS = ("theorems", "appendix")
"""What the table ``[tool.recall]`` may hold."""


def known_theorems(sources: Iterable[str] = ()) -> Mapping[str, Theorem]:
    """Return our theorems and those of further sources, by name, in order.

    Parameters
    ----------
    sources : see this module, besides those of installed packages and of the project.

    Returns
    -------
    Theorems; of one that is not ours ``origin`` says where it is imported from.

    Raises
    ------
    InputError
        If a source does not exist, holds nothing, or something in it is broken; if two theorems
        have one name. The line names the file.
    """
    return _theorems(_sources(sources), Path.cwd())


def names_in(sources: Iterable[str]) -> list[str]:
    """Return the names of the theorems and exhibits that these sources define."""
    here = Path.cwd()
    found = (each for source in sources for kind in _own(source, here) for each in kind)
    return list(dict.fromkeys(each.value.name for each in found))


def known_exhibits(sources: Iterable[str] = ()) -> Mapping[str, Exhibit]:
    """Return our exhibits and those of further sources, by name, as :func:`known_theorems`."""
    return _exhibits(_sources(sources), Path.cwd())


def _sources(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the sources that always count, and then these."""
    given = tuple(sources)
    if given:
        importing_from(Path.cwd())
    return tuple(dict.fromkeys((*_installed(), *_of_project(), *given)))


# Names of modules and files are seen from the current folder: it is among the arguments.
@cache
def _theorems(sources: tuple[str, ...], here: Path) -> Mapping[str, Theorem]:
    ours = defined("theory.theorems", "THEOREM", Theorem)
    own = [each for source in sources for each in _own(source, here)[0]]
    theorems = {name: each.value for name, each in by_name([*ours, *own]).items()}
    # Ours are found again by their names, wherever they are judged.
    origins = {each.value.name: each.origin for each in own}
    for each in ours:
        origins.pop(each.value.name, None)
    return theorems | {name: replace(theorems[name], origin=o) for name, o in origins.items()}


@cache
def _exhibits(sources: tuple[str, ...], here: Path) -> Mapping[str, Exhibit]:
    ours = defined("theory.exhibits", "EXHIBIT", Exhibit)
    own = [each for source in sources for each in _own(source, here)[1]]
    return {name: each.value for name, each in by_name([*ours, *own]).items()}


@cache
def _own(source: str, here: Path) -> tuple[list[Definition[Theorem]], list[Definition[Exhibit]]]:
    """Return what a source defines, which is whole and not nothing."""
    theorems = defined(source, "THEOREM", Theorem)
    exhibits = defined(source, "EXHIBIT", Exhibit)
    if not (theorems or exhibits):
        raise InputError(f"{source}: nothing there is a THEOREM or an EXHIBIT")
    for theorem in theorems:
        check_theorem(theorem.value, theorem.file)
    for exhibit in exhibits:
        check_exhibit(exhibit.value, exhibit.file)
    return theorems, exhibits


def forget() -> None:
    """Look again for what is defined, the next time; what is imported stays as it is."""
    for remembered in (_theorems, _exhibits, _own):
        remembered.cache_clear()


def _installed() -> tuple[str, ...]:
    """Sources of installed packages."""
    return tuple(sorted({point.value for point in entry_points(group=GROUP)}))


def project() -> Path | None:
    """Return the nearest ``pyproject.toml`` from here upwards; None if there is none."""
    here = Path.cwd()
    return next(
        (path for folder in (here, *here.parents) if (path := folder / "pyproject.toml").is_file()),
        None,
    )


def project_settings(file: Path) -> Mapping[str, Any]:
    """Return the table ``[tool.recall]`` of a project's file; empty if it has none.

    Raises
    ------
    InputError
        If the file is no TOML, or the table has an unknown key or a value of a wrong type.
    """
    try:
        text = content_of(file).decode("utf-8")
        settings = tomllib.loads(text).get("tool", {}).get("recall", {})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{shown(str(file))}: cannot be read ({error})") from error
    if not isinstance(settings, dict):
        raise InputError(f"{shown(str(file))}: tool.recall is no table")
    for key in settings:
        if key not in KEYS:
            raise InputError(f"{shown(str(file))}: [tool.recall] {key}: {nearest(key, KEYS)}")
    if not isinstance(settings.get("appendix", {}), dict):
        raise InputError(f"{shown(str(file))}: [tool.recall] appendix is no table")
    named = settings.get("theorems", [])
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise InputError(f"{shown(str(file))}: [tool.recall] theorems is not a list of strings")
    return settings


def _of_project() -> tuple[str, ...]:
    """Sources that the project names, its files and folders with their whole paths."""
    file = project()
    if file is None:
        return ()
    named = project_settings(file).get("theorems", [])
    if named:
        importing_from(file.parent)
    return tuple(
        str(file.parent / each) if (file.parent / each).exists() else each for each in named
    )
