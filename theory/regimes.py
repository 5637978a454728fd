"""Sizes of one's own: what a plain value, as TOML and JSON have them, means in a regime.

A regime holds numbers, texts, tuples, records (dataclasses) and functions. In a file a record is a
table of its fields, a tuple a list, and what is missing the text ``none``; a function cannot be
said. The value that stands in the regime now says what a new one must be like.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import MappingProxyType
from typing import Any

from assoc.errors import InputError, nearest
from theory.claims import Claim
from theory.exhibit import Exhibit

__all__ = ["NONE", "NOTHING", "Own", "claim_settings", "exhibit_settings", "plain", "read"]

Own = Mapping[str, Mapping[str, Any]]
"""What a user has in place of regimes, in plain values, by ``theorem/claim``."""

NOTHING: Own = MappingProxyType({})
"""Every claim is judged in its own regimes."""

NONE = "none"
"""How a file says that a value is not given."""

GIVEN = ("seed", "size")
"""Arguments of checks and points that do not come from a regime."""


def claim_settings(claim: Claim) -> dict[str, Any]:
    """Return what can be set of a claim, with a value of each: its regimes', or its check's own."""
    return {**_assumed(claim.check), **claim.full, **claim.quick}


def exhibit_settings(exhibit: Exhibit) -> dict[str, Any]:
    """Return what can be set of an exhibit, as :func:`claim_settings`."""
    return {**_assumed(exhibit.points), **exhibit.full, **exhibit.quick}


def _assumed(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments of a function that need not be given."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty and name not in GIVEN
    }


def read(changes: Mapping[str, Any], present: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return changes of a regime as its function takes them.

    Parameters
    ----------
    changes : plain values by name.
    present : what can be set, with its present values.
    place : where the changes stand, for messages.

    Raises
    ------
    InputError
        If a name is unknown (the nearest is suggested) or a value is not like the present one.

    Examples
    --------
    >>> read({"d": [16, 32]}, {"d": (64,), "trials": 20}, "mine.toml")
    {'d': (16, 32)}
    >>> read({"trial": 5}, {"d": (64,), "trials": 20}, "mine.toml")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: mine.toml: trial: did you mean 'trials'?
    """
    for name in changes:
        if name not in present:
            raise InputError(f"{place}: {name}: {nearest(name, present)}")
    return {
        name: _like(value, present[name], f"{place}: {name}") for name, value in changes.items()
    }


def _like(value: Any, present: Any, place: str) -> Any:
    """Return a plain value as something like the present one.

    Raises
    ------
    InputError
        If it is nothing of the kind.
    """
    if value == NONE and not isinstance(present, str):
        return None
    if present is None:
        return _tuples(value, place)
    if is_dataclass(present):
        return _record(value, present, place)
    if isinstance(present, Mapping):
        if not isinstance(value, Mapping):
            raise InputError(f"{place} = {value!r} is no table")
        return {key: _any(each, list(present.values()), f"{place}: {key}")
                for key, each in value.items()}  # fmt: skip
    if isinstance(present, Sequence) and not isinstance(present, str):
        if not isinstance(value, list):
            raise InputError(f"{place} = {value!r} is no list")
        return tuple(_any(each, present, place) for each in value)
    for kind, name in ((bool, "true or false"), (int, "an integer"), (float, "a number")):
        if isinstance(present, kind):
            accepted = (int, float) if kind is float else kind
            apart = isinstance(value, bool) and kind is not bool
            if apart or not isinstance(value, accepted) or not math.isfinite(value):
                raise InputError(f"{place} = {value!r} is not {name}")
            return kind(value)
    if not isinstance(present, str):
        raise InputError(f"{place}: a {type(present).__name__} cannot be set in a file")
    if not isinstance(value, str):
        raise InputError(f"{place} = {value!r} is no text")
    try:
        return type(present)(value)  # One of an enumeration, perhaps.
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error


def _any(value: Any, present: Sequence[Any], place: str) -> Any:
    """Return a plain value as something like one of several; whatever it is if there are none."""
    if value == NONE and NONE not in present:
        return None
    refused: InputError | None = None
    for each in [each for each in present if each is not None] or present:
        try:
            return _like(value, each, place)
        except InputError as error:
            refused = refused or error
    if refused:
        raise refused
    return _tuples(value, place)


def _record(value: Any, present: Any, place: str) -> Any:
    """Return a record of the same class."""
    if not isinstance(value, Mapping):
        raise InputError(f"{place} = {value!r} is no table")
    given = read(value, {key.name: getattr(present, key.name) for key in fields(present)}, place)
    for each in fields(present):
        if each.default is MISSING and each.name not in given:
            raise InputError(f"{place}: {each.name} is missing")
    return type(present)(**given)


def _tuples(value: Any, place: str) -> Any:
    """Return a value of which nothing is known, lists in it as tuples, to any depth."""
    if isinstance(value, list):
        return tuple(_tuples(each, place) for each in value)
    if not isinstance(value, bool | int | float | str):
        raise InputError(f"{place} = {value!r} is no number, text or list")
    return value


def plain(value: Any) -> Any:
    """Return a value of a regime as a file has it.

    Raises
    ------
    InputError
        If it cannot be said there, as a function cannot.

    Examples
    --------
    >>> plain({"sizes": ((32, None),)})
    {'sizes': [[32, 'none']]}
    """
    if value is None:
        return NONE
    if isinstance(value, bool | int | float | str):
        return str(value) if isinstance(value, str) else value
    if is_dataclass(value) and not isinstance(value, type):
        given = {each.name: getattr(value, each.name) for each in fields(value)
                 if getattr(value, each.name) != each.default}  # fmt: skip
        return plain(given)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    raise InputError(f"a {type(value).__name__} cannot be said in a file")
