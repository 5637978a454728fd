"""The theorems by their names.

A file in ``theory/theorems`` that defines ``THEOREM`` is a theorem; there is no other list. Those
of others stand beside them: see :mod:`theory.sources`.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace

from assoc.errors import InputError, nearest
from theory.claims import Theorem
from theory.sources import known_theorems, names_in
from theory.wholeness import check_theorem

__all__ = ["IN_HAND", "chosen", "find", "registered", "selected"]

IN_HAND = "object "
"""How the origin of a theorem begins that no module defines."""


def registered(sources: Iterable[str] = ()) -> tuple[Theorem, ...]:
    """Return every theorem, ours and others, in the order of their names.

    Parameters
    ----------
    sources : of theorems that neither an installed package nor the project names.
    """
    return tuple(known_theorems(sources).values())


def find(name: str, sources: Iterable[str] = ()) -> Theorem:
    """Return the theorem of that name.

    Parameters
    ----------
    name : as in ``recall list``, or ``module:NAME``.
    sources : as for :func:`registered`.

    Raises
    ------
    InputError
        If there is none; the nearest name is suggested.

    Examples
    --------
    >>> find("linear-capasity")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: unknown theorem 'linear-capasity'; did you mean 'linear-capacity'?
    """
    (found,) = chosen([name], sources)
    return found


def chosen(names: Iterable[str | Theorem], sources: Iterable[str] = ()) -> list[Theorem]:
    """Return theorems by their names, each once, in the order in which they are named.

    Parameters
    ----------
    names : names, ``module:NAME``, or theorems themselves.
    sources : as for :func:`registered`.

    Raises
    ------
    InputError
        If a name is unknown or something in a source is broken.
    """
    given = list(names)
    also = [name for name in given if isinstance(name, str) and ":" in name]
    known = known_theorems((*sources, *also))
    found: dict[str, Theorem] = {}
    for name in given:
        if isinstance(name, Theorem):
            theorem = _placed(name, known)
        elif name in also:
            theorem = next(known[each] for each in names_in([name]) if each in known)
        elif name in known:
            theorem = known[name]
        else:
            raise InputError(f"unknown theorem {name!r}; {nearest(name, known)}")
        if found.setdefault(theorem.name, theorem).origin != theorem.origin:
            raise InputError(f"two theorems have the name {theorem.name!r}")
    return list(found.values())


def selected(names: Iterable[str | Theorem], sources: Iterable[str] = ()) -> list[Theorem]:
    """Return the theorems to judge: those named, or all of the sources, or all there are.

    Raises
    ------
    InputError
        As :func:`chosen`.
    """
    named, given = list(names), list(sources)
    if named:
        return chosen(named, given)
    if not given:
        return list(registered())
    known = known_theorems(given)
    return [known[name] for name in names_in(given) if name in known]


def _placed(theorem: Theorem, known: Mapping[str, Theorem]) -> Theorem:
    """Return a theorem that was handed over as an object, with its origin.

    Raises
    ------
    InputError
        If it is not whole.
    """
    if theorem.origin or known.get(theorem.name) is theorem:
        return theorem
    check_theorem(theorem, f"theorem {theorem.name!r}")
    return replace(theorem, origin=_place_of(theorem) or f"{IN_HAND}{id(theorem)}")


def _place_of(theorem: object) -> str:
    """Return where an object is imported from; nothing if no module does but a script."""
    for name, module in list(sys.modules.items()):
        if name == "__main__":
            continue
        for constant, value in list(getattr(module, "__dict__", {}).items()):
            if value is theorem:
                return f"{name}:{constant}"
    return ""
