"""Where the points of a sweep are computed: processes or threads here, or a Dask cluster."""

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import wait
from threading import Thread
from traceback import walk_tb
from typing import Any
from weakref import ref

from assoc.errors import InputError
from sims.engine.parallel import thread_pool

__all__ = ["cluster", "processes", "threads"]

CONNECTING = 10.0
"""Seconds in which a scheduler is to answer."""

COLLECTIONS = 100


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Offer this many processes of this machine.

    They are started afresh, so that they hold nothing of this one; they leave an interrupt from
    the keyboard to it, and end when it ends, even if it is killed.
    """
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        # Of several of these the first to end in this way ends what all have started since.
        children = set(multiprocessing.active_children()) - before
        for child in children:
            child.terminate()
        for child in children:
            child.join()
        raise
    pool.shutdown()


def threads(workers: int) -> AbstractContextManager[Executor]:
    """Offer this many threads of this process."""
    return thread_pool(workers)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Offer the workers of a running Dask cluster.

    Parameters
    ----------
    address : of its scheduler, as in ``tcp://127.0.0.1:8786``.

    Raises
    ------
    InputError
        If the extra ``dask`` is not installed, or nothing answers at the address.
    """
    # With its networking it takes a twentieth of the time in which `recall list` starts.
    import asyncio

    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "--scheduler needs Dask: pip install 'factual-recall[dask]', or dask and distributed"
        ) from None
    connect: Any = Client
    client, said = None, ""
    failed: list[ref[Any]] = []
    try:
        # In a thread of its own, as this one may have a loop already: a notebook's does.
        with thread_pool(1) as pool:
            pool.submit(asyncio.run, _answers(address)).result()
        client = connect(address, timeout=CONNECTING, set_as_default=False)
    except Exception as error:  # What is no scheduler may have said anything.
        said = " ".join(str(error).split()) or type(error).__name__
        failed = _clients(error, Client)
    if client is None:
        _collect(failed)
        raise InputError(f"scheduler {address!r}: no Dask scheduler answers ({said})")
    with client:
        # A point's key is the same in every sweep; its result is not to be taken from another.
        yield client.get_executor(pure=False)


async def _answers(address: str) -> None:
    """Wait until a scheduler says who it is, in all no longer than is allowed.

    A client has a limit for each of its steps, and what accepts connections and is no scheduler
    may take all of each.

    Raises
    ------
    OSError
        If it says nothing in time.
    """
    import asyncio

    from distributed import core

    rpc: Any = core.rpc
    scheduler = rpc(address)
    try:
        async with asyncio.timeout(CONNECTING):
            await scheduler.identity()
    except TimeoutError:
        raise OSError(f"it has not said who it is for {CONNECTING:g} seconds") from None
    finally:
        scheduler.close_rpc()


def _clients(error: BaseException, kind: type) -> list[ref[Any]]:
    """Clients whose making raised an error."""
    # The first frame is the caller's: to look at its names would keep the error among them.
    inner = error.__traceback__ and error.__traceback__.tb_next
    found = (frame.f_locals.get("self") for frame, _ in walk_tb(inner))
    return [ref(one) for one in found if isinstance(one, kind)]


def _collect(failed: Sequence[ref[Any]]) -> None:
    """Wait until clients that could not connect are gone.

    One stops its loop when it is collected, under a lock that is not re-entrant: if that comes
    while another starts, both wait forever. So it goes now, as soon as its own thread lets it go.
    """
    for _ in range(COLLECTIONS):
        gc.collect()
        if all(one() is None for one in failed):
            return
        time.sleep(0.01)


def _start_worker() -> None:
    """Leave interrupts to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
