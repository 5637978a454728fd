"""Compilation of kernels, with what was compiled kept on disk where that is possible."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(*signatures: Any, **options: Any) -> Callable[[Function], Function]:
    """Compile a function for the given signatures, to run without the interpreter's lock.

    Compiled code is kept beside the source, or in the user's cache. Where neither can be written,
    as in a container that is read-only, each process compiles anew.

    Parameters
    ----------
    signatures : of Numba.
    options : of ``numba.njit``.

    Examples
    --------
    >>> @compiled("i8(i8)")
    ... def next_one(n):
    ...     return n + 1
    >>> next_one(2)
    3
    """

    def compile_it(function: Function) -> Function:
        try:
            made = numba.njit(list(signatures), cache=True, nogil=True, **options)(function)
        except (RuntimeError, OSError):
            # No place is writable, or it is full. Any other error comes again.
            made = numba.njit(list(signatures), nogil=True, **options)(function)
        return cast(Function, made)

    return compile_it
