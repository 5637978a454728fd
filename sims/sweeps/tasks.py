r"""Sweeps: many independent computations, each stored as soon as it is finished.

A task names a function and its arguments, so that any process or machine that has the code can
compute it; its randomness comes from a seed among the arguments. What comes out is JSON, and is
the same text whoever computes it, in whatever order.
"""

import importlib
import itertools
import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, as_completed, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from assoc.checks import positive
from assoc.errors import InputError
from sims.engine.parallel import available_threads, blas_threads, cores, keep_memory
from sims.engine.results import Result
from sims.sweeps import executors
from sims.sweeps.fingerprint import fingerprint
from sims.sweeps.store import Point, Store

__all__ = ["EXECUTORS", "Progress", "SweepResult", "Task", "grid", "sweep"]

EXECUTORS = {"processes": executors.processes, "threads": executors.threads}
"""Kinds of workers on this machine, by name."""


@dataclass(frozen=True)
class Task:
    """One point: a function, and what it is called with.

    Parameters
    ----------
    key : names the point in the sweep.
    work : "module:function"; the function returns what JSON can hold, or a result record of ours
        (NumPy's scalars and arrays and tuples become numbers and lists).
    arguments : its keyword arguments, as JSON can hold them.
    """

    key: str
    work: str
    arguments: Mapping[str, Any]

    def text(self) -> str:
        """Return what is computed, as JSON."""
        return json.dumps({"work": self.work, "arguments": self.arguments})

    @property
    def package(self) -> str:
        """Top-level package of the function."""
        return self.work.partition(":")[0].partition(".")[0]


def grid(work: str | Callable[..., Any], **axes: Sequence[Any]) -> list[Task]:
    """Return one task for each combination of arguments, the last axis running fastest.

    Parameters
    ----------
    work : "module:function", or a function that can be imported.
    axes : values of each argument, in the order that names the points.

    Examples
    --------
    >>> [task.key for task in grid("my_module:point", d=[32, 64], N=[10], seed=[0])]
    ['d=32 N=10 seed=0', 'd=64 N=10 seed=0']
    """
    named = work if isinstance(work, str) else f"{work.__module__}:{work.__qualname__}"
    return [
        Task(" ".join(f"{k}={v}" for k, v in zip(axes, values, strict=True)), named,
             dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    ]  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Parameters
    ----------
    key : the point that has just been finished; empty at the start.
    done, total : points finished, also with an error, of how many.
    found : of these, found in the store at the start.
    """

    key: str
    done: int
    total: int
    found: int


@dataclass(frozen=True, repr=False)
class SweepResult(Result):
    """What came out of a sweep.

    Parameters
    ----------
    tasks : all of them.
    values : of every finished point by its key, in the order of the tasks.
    seconds : computing time of each of these.
    failures : messages of the points that raised an error, by key; they are not stored.
    computed : points computed now, not found in the store.
    code : fingerprint of the code that computed them.
    """

    tasks: tuple[Task, ...]
    values: Mapping[str, Any]
    seconds: Mapping[str, float]
    failures: Mapping[str, str]
    computed: int
    code: str

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"SweepResult({len(self.values)} of {len(self.tasks)} points{failed})"

    def complete(self) -> tuple[Any, ...]:
        """Return the values of all points, in the order of the tasks, all or none.

        Raises
        ------
        InputError
            If a point failed: its key, and why.
        """
        for key, why in self.failures.items():
            raise InputError(f"{key}: {why}")
        return tuple(self.values[task.key] for task in self.tasks)

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per finished point: its arguments, and its value.

        The value may be a record, or that of a measurement, whose points then have a row each.
        """
        rows = []
        for task in self.tasks:
            if task.key not in self.values:
                continue
            value = self.values[task.key]
            record = value if isinstance(value, dict) else {"value": value}
            points = record.get("points")
            if not isinstance(points, list) or not all(isinstance(p, dict) for p in points):
                points = [record]
            rows += [{**task.arguments, **point} for point in points]
        return rows


def sweep(
    tasks: Iterable[Task],
    *,
    store: str | Path | None = None,
    request: Mapping[str, Any] | None = None,
    packages: Iterable[str] = (),
    executor: Executor | str = "processes",
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SweepResult:
    """Compute every task that the store does not hold yet.

    Parameters
    ----------
    tasks : independent of each other.
    store : file that finished points are added to; None keeps them in memory.
    request : what tells this sweep from others; a store with another one is refused. The code
        that computes (:func:`sims.sweeps.fingerprint.fingerprint`) is always part of it.
    packages : whose code counts besides that of the tasks' own.
    executor : ``processes`` or ``threads`` of this machine, the address of a Dask scheduler
        (``tcp://...``), or any ``concurrent.futures.Executor``.
    workers : how many, on this machine; None means one for each core. With one, points are
        computed in this process.
    progress : called with a :class:`Progress` at the start and after each point.

    Returns
    -------
    SweepResult. A task that raises an error is reported in it, and the others go on.

    Raises
    ------
    InputError
        If two tasks share a key, an argument is out of range, the store cannot be used, or a
        worker is lost for good (Dask gives its points to another worker first).

    Examples
    --------
    >>> sweep(grid("math:sqrt", **{}), workers=1).failures
    {'': 'TypeError: math.sqrt() takes exactly one argument (0 given)'}
    """
    tasks = tuple(tasks)
    _check_keys([task.key for task in tasks])
    workers = available_threads() if workers is None else positive(workers, "workers")
    packages = tuple(sorted({*packages, *(task.package for task in tasks)}))
    code = fingerprint(packages)
    asked = {name: str(value) for name, value in (request or {}).items()} | {"code": code}
    with ExitStack() as stack:
        kept = None if store is None else stack.enter_context(Store(store, asked))
        found = {} if kept is None else kept.points()
        values = {task.key: _stored(found[task.key], task) for task in tasks if task.key in found}
        missing = [task for task in tasks if task.key not in values]
        seconds = {key: found[key].seconds for key in values}
        failures: dict[str, str] = {}
        number = len(values)
        if progress is not None:
            progress(Progress("", number, len(tasks), number))

        def finish(key: str, outcome: Point | str) -> None:
            if isinstance(outcome, str):
                failures[key] = outcome
            else:
                if kept is not None:
                    kept.add(outcome)
                values[key] = json.loads(outcome.value)
                seconds[key] = outcome.seconds
            if progress is not None:
                progress(Progress(key, len(values) + len(failures), len(tasks), number))

        if missing and executor in EXECUTORS and workers == 1:
            for task in missing:
                finish(task.key, _perform(task, packages, code, available_threads()))
        elif missing:
            pools, share = _pools(stack, executor, min(workers, len(missing)))
            work = partial(_perform, packages=packages, code=code, share=share)
            with closing(_outcomes(pools, work, missing)) as outcomes:
                for key, outcome in outcomes:
                    finish(key, outcome)
    ordered = {task.key: values[task.key] for task in tasks if task.key in values}
    return SweepResult(tasks, ordered, seconds, failures, len(ordered) - number, code)


def _check_keys(keys: Sequence[str]) -> None:
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"two points of the sweep have the key {twice!r}")


def _pools(
    stack: ExitStack, executor: Executor | str, workers: int
) -> tuple[Sequence[Executor], int]:
    """Return executors, and how many threads each of their workers may use.

    Processes of our own are an executor each, so that it can be chosen which one has a task.
    """
    if not isinstance(executor, str):
        return [executor], 1
    if executor in EXECUTORS:
        share = max(1, available_threads() // workers)
        each = [1] * workers if executor == "processes" else [workers]
        return [stack.enter_context(EXECUTORS[executor](many)) for many in each], share
    if "://" in executor:
        return [stack.enter_context(executors.cluster(executor))], 1
    raise InputError(
        f"executor {executor!r} is neither {' nor '.join(EXECUTORS)} nor the address of a scheduler"
    )


def _outcomes(
    pools: Sequence[Executor], work: Callable[[Task], Point | str], tasks: Sequence[Task]
) -> Generator[tuple[str, Point | str], None, None]:
    """Give the tasks to executors, and their keys and outcomes as they are finished.

    Whatever ends this, what has not begun is taken back from the executors.
    """
    given: dict[Future[Point | str], str] = {}

    def give(task: Task, pool: Executor) -> Future[Point | str]:
        future = pool.submit(work, task)
        given[future] = task.key
        return future

    try:
        if len(pools) == 1:
            finished = as_completed([give(task, pools[0]) for task in tasks])
        else:
            finished = _in_stretches(pools, give, tasks)
        for future in finished:
            yield given.pop(future), future.result()
    except Exception as error:
        # A point's own errors are among the outcomes: this is the executor's.
        said = " ".join(f"{type(error).__name__} {error}".split())
        raise InputError(f"a worker was lost ({said}); finished points are kept") from error
    finally:
        for future in given:
            future.cancel()


def _in_stretches(
    pools: Sequence[Executor],
    give: Callable[[Task, Executor], Future[Point | str]],
    tasks: Sequence[Task],
) -> Iterator[Future[Point | str]]:
    """Give each executor a task at a time, and what is finished.

    Neighbours have much in common that a process remembers: each has a stretch of the tasks, in
    their order, and one that is through takes the far half of the longest stretch that is left.
    """
    ends = [len(tasks) * k // len(pools) for k in range(len(pools) + 1)]
    left = [list(tasks[i:j]) for i, j in itertools.pairwise(ends)]
    running: dict[Future[Point | str], int] = {}

    def go_on(worker: int) -> None:
        if not left[worker]:
            longest = max(left, key=len)
            middle = len(longest) // 2
            left[worker], longest[middle:] = longest[middle:], []
        if left[worker]:
            running[give(left[worker].pop(0), pools[worker])] = worker

    for worker in range(len(pools)):
        go_on(worker)
    while running:
        done = wait(running, return_when=FIRST_COMPLETED).done
        lost = None
        # What is finished is given before it is told that a worker was lost.
        for future in sorted(done, key=lambda each: each.exception() is not None):
            worker = running.pop(future)
            if future.exception() is None:
                try:
                    # While this is stored.
                    go_on(worker)
                except BrokenExecutor as error:
                    lost = error
            yield future
        if lost is not None:
            raise lost


def _stored(point: Point, task: Task) -> Any:
    if point.task != task.text():
        raise InputError(f"the store has other arguments for the point {task.key!r}")
    return json.loads(point.value)


def _perform(task: Task, packages: tuple[str, ...], code: str, share: int) -> Point | str:
    """Compute a task; an error is told in one line."""
    start = time.perf_counter()
    try:
        here = fingerprint(packages)
        if here != code:
            raise InputError(f"this worker has code {here}, not {code}: install the same there")
        keep_memory()
        with cores(share), blas_threads(1):
            value = _function(task.work)(**task.arguments)
        text = json.dumps(value, default=_plain)
    except (Exception, SystemExit) as error:
        name = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        return name + " ".join(str(error).split())
    return Point(task.key, task.text(), text, time.perf_counter() - start, time.time())


def _function(work: str) -> Callable[..., Any]:
    module, _, name = work.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, Result):
        return value.to_dict()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not JSON")
