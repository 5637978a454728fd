"""Running independent work on this machine's cores, or on any executor."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

from assoc.checks import positive
from assoc.errors import InputError

__all__ = [
    "Workers",
    "available_threads",
    "blas_threads",
    "cores",
    "keep_memory",
    "run",
    "thread_pool",
]

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of malloc.h. The second may be 32 MB at most."""

Item = TypeVar("Item")
Value = TypeVar("Value")


_share: ContextVar[int | None] = ContextVar("share", default=None)


def available_threads() -> int:
    """Return the number of cores that this process, or this thread's share of it, may use."""
    there = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    share = _share.get()
    return there if share is None else min(share, there)


@contextmanager
def cores(share: int) -> Iterator[None]:
    """Let what runs in this thread use at most this many cores while the context is open.

    Parameters
    ----------
    share : at least 1; :func:`available_threads` obeys it, and with it all that is parallel here.
    """
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


class _Limits:
    """The limits on BLAS that are in force in this process; the lowest counts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: list[int] = []
        self._limiter: Any = None

    def add(self, threads: int) -> None:
        with self._lock:
            self._asked.append(threads)
            self._settle()

    def remove(self, threads: int) -> None:
        with self._lock:
            self._asked.remove(threads)
            self._settle()

    def _settle(self) -> None:
        lowest = min(self._asked, default=None)
        if self._limiter is not None and self._limiter[0] != lowest:
            self._limiter[1].restore_original_limits()
            self._limiter = None
        if self._limiter is None and lowest is not None:
            # SciPy brings a BLAS of its own, which is limited only if it is loaded by then.
            import scipy.linalg  # noqa: F401

            libraries = _libraries(frozenset(sys.modules))
            self._limiter = lowest, libraries.limit(limits=lowest, user_api="blas")


@lru_cache(maxsize=1)
def _libraries(modules: frozenset[str]) -> ThreadpoolController:
    """Return the libraries that have threads, looked for anew where other modules are imported.

    It takes milliseconds, as long as a small measurement, to read which libraries are loaded.
    """
    return ThreadpoolController()


_limits = _Limits()


@contextmanager
def blas_threads(threads: int) -> Iterator[None]:
    """Let BLAS use at most this many threads while the context is open.

    The limit holds for the whole process, and contexts may be open in several threads at once:
    BLAS obeys the lowest of them, and is what it was when the last one closes.

    Parameters
    ----------
    threads : at least 1.
    """
    _limits.add(threads)
    try:
        yield
    finally:
        _limits.remove(threads)


@cache
def keep_memory() -> bool:
    """Let the C library keep what is freed, instead of giving it back and fetching it again.

    A measurement makes and drops arrays of megabytes many times a second. With the library's usual
    thresholds each of them may be fetched from the system, page by page, which takes as long as
    the arithmetic (docs/performance.md). This holds for the process; only glibc has the setting.

    Returns
    -------
    Whether it was set.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all([mallopt(M_TRIM_THRESHOLD, 1 << 30), mallopt(M_MMAP_THRESHOLD, 32 << 20)])


def run(
    work: Callable[[Item], Value],
    items: Iterable[Item],
    *,
    threads: int = 1,
    executor: Executor | None = None,
) -> list[Value]:
    """Return [work(item) for item in items], in order, computed in parallel.

    Parameters
    ----------
    work : called once for each item; its first exception is raised here.
    items : independent pieces of work.
    threads : threads of this process to use when no executor is given; BLAS has one thread in
        each.
    executor : any ``concurrent.futures.Executor``; what is submitted to a process pool or cluster
        must be importable there.

    Raises
    ------
    InputError
        If the number of threads is not positive.

    Examples
    --------
    >>> run(abs, [-1, 2, -3], threads=2)
    [1, 2, 3]
    """
    if threads < 1:
        raise InputError(f"threads = {threads} is not positive")
    if executor is not None:
        return list(executor.map(work, items))
    with blas_threads(1):
        if threads == 1:
            return [work(item) for item in items]
        with thread_pool(threads) as pool:
            return list(pool.map(work, items))


@contextmanager
def thread_pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Offer threads, which are waited for at the end; after an interrupt they are not.

    What has not begun by then is taken back, and what has ends by itself.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    pool.shutdown()


@dataclass(frozen=True)
class Workers:
    """Who runs independent trials.

    Parameters
    ----------
    threads : of this process, at least 1; used where no executor is given.
    executor : any ``concurrent.futures.Executor``, or None.

    Examples
    --------
    >>> Workers.of(2).run(abs, [-1, 2, -3])
    [1, 2, 3]
    """

    threads: int = 1
    executor: Executor | None = None

    @classmethod
    def of(cls, threads: int | None, executor: Executor | None = None) -> "Workers":
        """Return the workers that a caller asks for; None means all available threads.

        Raises
        ------
        InputError
            If the number of threads is not a positive integer.
        """
        chosen = available_threads() if threads is None else positive(threads, "threads")
        return cls(chosen, executor)

    def run(self, work: Callable[[Item], Value], items: Iterable[Item]) -> list[Value]:
        """Return [work(item) for item in items], in order; see :func:`run`."""
        return run(work, items, threads=self.threads, executor=self.executor)
