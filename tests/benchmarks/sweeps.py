"""Measure what a sweep costs and gains: ``python -m tests.benchmarks.sweeps``.

The same points, seeded measurements of a tenth of a second or so, by a plain loop, by a sweep
that stores each, by processes, and by a local Dask cluster of one and of two workers with one
thread each. Rounds alternate, so that a busy machine slows all sides; the best round of each
counts. Results go to docs/results/sweep-speed.json.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from sims.engine.parallel import blas_threads, cores, keep_memory
from sims.memories.recall import measure
from sims.sweeps.tasks import Task, grid, sweep
from theory.rendering.files import provenance, write_whole

RESULT = Path(__file__).parents[2] / "docs" / "results" / "sweep-speed.json"

ROUNDS, POINTS = 5, 24
ASKED: dict[str, Any] = {"memory": "linear", "d": 64, "N": 200, "trials": 600}


def tasks(first: int = 0, count: int = POINTS) -> list[Task]:
    """Points that differ in their seed."""
    axes: dict[str, Any] = {name: [value] for name, value in ASKED.items()}
    return grid("sims.memories.recall:measure", **axes, seed=list(range(first, first + count)))


def plain() -> None:
    """Run the points in a loop, on one core, and keep nothing."""
    with cores(1), blas_threads(1):
        for task in tasks():
            measure(**task.arguments)


def stored(**options: Any) -> Callable[[], None]:
    """Return a sweep over the points into a store of its own."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder, cores(1):
            sweep(tasks(), store=Path(folder) / "a.sqlite", **options)

    return run


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Run a scheduler and workers of one thread each; yields the scheduler's address."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        options = ["--scheduler-file", str(file)]
        dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", *options]
        work = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", *options]
        quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        started = [subprocess.Popen([*dask, "--no-dashboard"], **quiet)]
        try:
            while not file.exists():
                sleep(0.1)
            started += [
                subprocess.Popen([*work, "--no-nanny", "--no-dashboard"], **quiet)
                for _ in range(workers)
            ]
            address = json.loads(file.read_text())["address"]
            # Every worker has loaded what it needs before anything is timed.
            from distributed import Client

            with Client(address) as client:
                client.wait_for_workers(workers)
            sweep(tasks(1000, 4 * workers), executor=address)
            yield address
        finally:
            for process in started:
                process.kill()
            for process in started:
                process.wait()


def seconds(run: Callable[[], None]) -> float:
    """Return the time that a side takes."""
    start = perf_counter()
    run()
    return perf_counter() - start


def main() -> None:
    """Time every side in turns, and store the table."""
    plain()
    # A loop as one would write it; from here on this process has what sweeps set.
    bare = min(seconds(plain) for _ in range(ROUNDS))
    keep_memory()
    with cluster(1) as one, cluster(2) as two:
        sides = {
            "a loop": plain,
            "a sweep, in this process": stored(workers=1),
            "two processes, with their start": stored(workers=2),
            "Dask, one worker": stored(executor=one),
            "Dask, two workers": stored(executor=two),
        }
        best = dict.fromkeys(sides, float("inf"))
        for _ in range(ROUNDS):
            for name, run in sides.items():
                best[name] = min(best[name], seconds(run))
                print(f"{name}: {best[name]:.2f} s", flush=True)
    loop = best["a loop"]
    best = {"a loop, memory given back": bare, **best}
    rows = [
        {
            "side": name,
            "seconds": round(took, 3),
            "each": round(took / POINTS, 4),
            "ratio": round(loop / took, 3),
        }
        for name, took in best.items()
    ]
    summary = {
        "overhead": best["a sweep, in this process"] / loop - 1,
        "dask": best["Dask, one worker"] / best["Dask, two workers"],
    }
    print(summary)
    document = {
        **provenance(command="python -m tests.benchmarks.sweeps", seed=0),
        **summary,
        "columns": {
            "side": f"{POINTS} points by",
            "seconds": "seconds",
            "each": "per point",
            "ratio": "loop over this",
        },
        "rows": rows,
    }
    write_whole(RESULT, json.dumps(document, indent=1) + "\n")
    print(RESULT)


if __name__ == "__main__":
    main()
