"""Calls of what users wrote: arrays are lent, not given away, and what comes back is checked.

What a user's function is handed is judged on afterwards, so it gets read-only views. A copy would
let a build that changes its embeddings in place go on without a word, with a memory of other
embeddings than those that it is asked about; a refusal names the line and the array.
"""

import linecache
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from types import FrameType, MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.embeddings import check_vectors
from assoc.errors import InputError, UnfitError
from assoc.imports import called, shown

__all__ = [
    "UserBuild",
    "UserDecision",
    "checked_bounds",
    "checked_count",
    "checked_rows",
    "lend",
    "read_only",
    "told_of",
]

ARRAYS = {"memory": ("E", "U", "f"), "transformer": ("task", "embeddings")}
"""What the arguments of a build are called."""


def read_only(value: Any) -> Any:
    """Return a view of an array that cannot be written into; of a record, one of such views.

    What cannot be written into already is returned as it is, so that no record is checked twice.

    Examples
    --------
    >>> E = np.eye(2)
    >>> read_only(E).flags.writeable, E.flags.writeable
    (False, True)
    """
    if isinstance(value, np.ndarray):
        if not value.flags.writeable:
            return value
        view = value.view()
        view.flags.writeable = False
        return view
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        views = {name: read_only(each) for name, each in held.items()}
        lent = {name: view for name, view in views.items() if view is not held[name]}
        return replace(value, **lent) if lent else value
    return value


def lend(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    named: Mapping[str, Any] = MappingProxyType({}),
    *,
    call: Callable[..., Any] = called,
) -> Any:
    """Call what a user wrote with read-only views of arrays.

    Parameters
    ----------
    function : the user's.
    given : its positional arguments, by the names that a message gives them.
    named : its keyword arguments, passed on as they are.
    call : calls it; :func:`assoc.imports.called` tells any error in one line.

    Raises
    ------
    InputError
        If it fails: its file, the line and the error; where it writes into what it was lent, the
        array and what to do.

    Examples
    --------
    >>> lend(np.ndarray.tolist, {"E": np.eye(2)})
    [[1.0, 0.0], [0.0, 1.0]]
    """
    views = {name: read_only(value) for name, value in given.items()}
    try:
        return call(function, *views.values(), **named)
    except ValueError as error:
        cause = error.__cause__ if isinstance(error, InputError) else error
        if cause is None or not str(cause).endswith("read-only"):
            raise
        raise InputError(_written(cause, views)) from cause


def _written(cause: BaseException, views: Mapping[str, Any]) -> str:
    """Say which array was written into, and where."""
    arrays = {name: list(_arrays(value)) for name, value in views.items()}
    arrays = {name: held for name, held in arrays.items() if held}
    trace, place, names = cause.__traceback__, "", list(arrays)
    while trace is not None:
        frame, line = trace.tb_frame, trace.tb_lineno
        found = _named_in(frame, line, arrays)
        if found:
            place, names = f"{shown(frame.f_code.co_filename)}, line {line}: ", found
        trace = trace.tb_next
    whole = len(names) == 1 and isinstance(views[names[0]], np.ndarray)
    copy = f"{names[0]}.copy()" if whole else "a copy"
    which = " or ".join(names)
    return f"{place}cannot write into {which}: what is judged on is read-only; work on {copy}"


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays of a value: itself, or those of a record."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _arrays(getattr(value, field.name, None))


def _named_in(frame: FrameType, line: int, arrays: Mapping[str, list[NDArray[Any]]]) -> list[str]:
    """Return the lent arrays that a line writes to: those which it names before its first `=`."""
    source = linecache.getline(frame.f_code.co_filename, line)
    target = source.partition("=")[0] if "=" in source else source
    words = _words(target.partition("[")[0])
    used = [
        each for name, value in frame.f_locals.items() if name in words for each in _arrays(value)
    ]
    return [
        name for name, held in arrays.items()
        if any(np.may_share_memory(value, array) for value in used for array in held)
    ]  # fmt: skip


def _words(text: str) -> set[str]:
    return set("".join(c if c.isidentifier() or c.isdigit() else " " for c in text).split())


def _array(value: Any, what: str) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except Exception as error:  # Whatever NumPy, or the object itself, makes of it.
        kind = type(value).__name__
        raise InputError(f"{what} returned a {kind} that is no array ({error})") from error


def checked_rows(
    value: Any, n: int, d: int | None, what: str, *, inputs: str, first: int = 0
) -> NDArray[np.float64]:
    """Return outputs as a finite float64 matrix (n, d).

    Parameters
    ----------
    value : what a user's memory or model returned.
    n, d : rows, and their length; None where that is not known.
    what : who returned it, for the message.
    inputs : what there is a row for, for the message.
    first : number of the first row, for the message.

    Raises
    ------
    InputError
        If it is anything else.
    """
    out = _array(value, what)
    if out.ndim != 2 or out.shape != (n, out.shape[1] if d is None else d):
        raise InputError(
            f"{what} returned shape {out.shape} for {n} {inputs}; ({n}, {d or 'd'}) is needed"
        )
    checked = check_vectors(out, f"{what}'s outputs", first=first)
    return checked.astype(np.float64, copy=False)


def checked_bounds(value: Any, n: int, what: str) -> NDArray[np.float64]:
    """Return bounds on errors (n,), finite and at least 0.

    Parameters
    ----------
    value : what a user's method returned.
    n : number of inputs.
    what : the method, for the message.

    Raises
    ------
    InputError
        If it is anything else.

    Examples
    --------
    >>> checked_bounds([0.5, -1.0], 2, "rounding_error")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: rounding_error returned -1 for input 1; a bound is finite and >= 0
    """
    bound = _array(value, what)
    if bound.shape != (n,) or bound.dtype.kind not in "fiu":
        raise InputError(
            f"{what} returned {bound.dtype} of shape {bound.shape}; "
            f"real numbers of shape ({n},) are needed"
        )
    bad = np.flatnonzero(~(np.isfinite(bound) & (bound >= 0)))
    if bad.size:
        raise InputError(
            f"{what} returned {bound[bad[0]]:g} for input {bad[0]}; a bound is finite and >= 0"
        )
    return bound.astype(np.float64)


def checked_count(value: Any, what: str) -> int:
    """Return a number of parameters or bits as a plain integer that is at least 1.

    Raises
    ------
    InputError
        If it is anything else.

    Examples
    --------
    >>> checked_count(12.5, "its parameters")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: its parameters are 12.5, not a positive integer
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 1:
        said = " ".join(repr(value).split())[:80]
        raise InputError(f"{what} are {said}, not a positive integer")
    return int(value)


def _plainly(function: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
    return function(*given, **named)


@dataclass(frozen=True)
class UserBuild:
    """A build function of the user's, whose failures are reported by its name.

    Parameters
    ----------
    kind : ``memory`` or ``transformer``.
    name : what the user calls it.
    function : the user's.
    returns : protocol of what it is to return; None for a function that was handed over, of which
        only the numbers are checked that its memories say.
    """

    kind: str
    name: str
    function: Callable[..., Any]
    returns: type[Any] | None = None

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, *facts: Any, rng: np.random.Generator) -> Any:
        """Build, and check what was built."""
        with told_of(self.kind, self.name):
            built = self._lend(self.function, facts, {"rng": rng})
            return self._checked(built)

    def _lend(
        self, function: Callable[..., Any], facts: tuple[Any, ...], named: Mapping[str, Any]
    ) -> Any:
        given = dict(zip(ARRAYS[self.kind], facts, strict=True))
        # The errors of a function that was handed over are its author's to see, where they are.
        return lend(function, given, named, call=_plainly if self.returns is None else called)

    def _checked(self, built: Any) -> Any:
        for number in ("parameters", "bits"):
            said = called(getattr, built, number, None)
            if said is not None:
                checked_count(said, f"the {number} of what it returned")
        if self.returns is not None and not called(isinstance, built, self.returns):
            wanted = "callable" if self.kind == "memory" else "model with 'outputs(prompts)'"
            raise InputError(
                f"returned {type(built).__name__}, not a {wanted} with a 'parameters' attribute"
            )
        return built


class UserDecision(UserBuild):
    """A build of the user's that may prove that no memory of its kind recalls everything."""

    def decide(self, *facts: Any, rng: np.random.Generator, prove: bool = True) -> Any:
        """Build, say what is proved, and check what was built."""
        with told_of(self.kind, self.name):
            function: Any = self.function
            found = self._lend(function.decide, facts, {"rng": rng, "prove": prove})
            for name in ("memory", "refuted"):
                if not hasattr(found, name):
                    raise InputError(f"decide returned {type(found).__name__}, without {name!r}")
            self._checked(found.memory)
        return found


@contextmanager
def told_of(kind: str, name: str) -> Iterator[None]:
    """Begin what is said of bad input with whose it is.

    Examples
    --------
    >>> with told_of("memory", "my:build"):
    ...     raise InputError("no outputs")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: memory 'my:build': no outputs
    """
    start = f"{kind} {name!r}"
    try:
        yield
    except InputError as error:
        if str(error).startswith(start):
            raise
        kind_of = UnfitError if isinstance(error, UnfitError) else InputError
        raise kind_of(f"{start}: {error}") from error.__cause__
