"""Workers that are lost, and a Dask cluster: the table is the same, or one line says why not."""

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sims.sweeps import executors
from sims.sweeps.store import stored_points
from sims.sweeps.tasks import grid, sweep
from tests.helpers.extras import needs
from tests.helpers.oracles import complaint

ROOT = Path(__file__).parents[3]


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not (held := holds()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return held


def deadly(tmp_path, victim):
    """Points, one of which kills the first process that computes it."""
    arguments = {"victim": [victim], "marker": [str(tmp_path / "marker")]}
    return grid(
        "tests.helpers.sweep_points:lost_once",
        x=range(12),
        **arguments,
        log=[str(tmp_path / "log")],
    )


def test_a_process_that_is_killed_is_told_and_the_rest_is_kept(tmp_path):
    path, tasks = tmp_path / "a.sqlite", deadly(tmp_path, 5)
    said = complaint(sweep, tasks, store=path, workers=2)
    assert "worker was lost" in said
    assert "finished points are kept" in said
    kept = stored_points(path)
    assert len(kept) < 12
    result = sweep(tasks, store=path, workers=2)
    assert list(result.values.values()) == [x * x for x in range(12)]
    assert result.computed == 12 - len(kept)


def test_an_interrupt_does_not_wait_for_threads(tmp_path):
    """Of threads none can be stopped; what waits for them can."""
    started, leave = threading.Event(), threading.Event()

    def work():
        started.set()
        leave.wait()

    try:
        with contextlib.suppress(KeyboardInterrupt), executors.threads(1) as pool:
            running, waiting = pool.submit(work), pool.submit(work)
            assert started.wait(60)
            raise KeyboardInterrupt
        assert running.running()
        assert waiting.cancelled()
    finally:
        leave.set()
    assert running.result(60) is None


def test_files_of_our_names_do_not_lose_the_workers(tmp_path):
    """As with an editable installation: ours is found, but not by the path."""
    for name in ("assoc", "sims", "theory", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')\n")
    (tmp_path / "mine.py").write_text("def square(x):\n    return x * x\n")
    code = f"""
import sys
from importlib.machinery import PathFinder
from pathlib import Path

class Editable:
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{str(ROOT)!r}] if path is None else path)

sys.meta_path.insert(-1, Editable)
from assoc.imports import importing_from
from sims.sweeps.tasks import grid, sweep

importing_from(Path.cwd())
print(dict(sweep(grid("mine:square", x=[2, 3]), workers=2).values))
"""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("{'x=2': 4, 'x=3': 9}\n", "")


def test_without_dask_a_scheduler_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = complaint(sweep, grid("math:sqrt", x=[4]), executor="tcp://127.0.0.1:8786")
    assert "pip install 'factual-recall[dask]'" in said


# --- a Dask cluster ----------------------------------------------------------------------------

# Dask leaves sockets and event loops of the connections it gives up to the garbage collector,
# which warns of them at any later moment; they are its own, and nothing of ours is filtered.
dask = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::DeprecationWarning:distributed",
)  # fmt: skip


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "scheduler.json"
        self.started = []
        self.start("scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        self.address = until(self.contact)

    def start(self, kind, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard"]
        command += ["--host", "127.0.0.1", "--scheduler-file", str(self.file), *options]
        with (self.folder / f"{len(self.started)}.log").open("wb") as log:
            self.started.append(
                subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=self.env())
            )

    def env(self):
        return os.environ | {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "0"}

    def contact(self):
        try:
            return json.loads(self.file.read_text())["address"]
        except (FileNotFoundError, ValueError):
            return None

    def worker(self):
        options = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
        self.start("worker", *options, "--local-directory", str(self.folder))

    def close(self):
        for process in reversed(self.started):
            process.kill()
        for process in self.started:
            process.wait(60)


@pytest.fixture
def cluster(tmp_path_factory):
    needs("dask")
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        cluster.worker()
        cluster.worker()
        yield cluster
    finally:
        cluster.close()


@dask
def test_a_cluster_computes_the_same_also_when_a_worker_is_killed(cluster, tmp_path):
    tasks = grid("tests.helpers.sweep_points:draws", d=[1, 7], seed=[0, 1, 2])
    here, there = sweep(tasks, workers=1), sweep(tasks, executor=cluster.address)
    assert there.failures == {}
    assert json.dumps(there.values) == json.dumps(here.values)

    path, tasks = tmp_path / "a.sqlite", deadly(tmp_path, 5)
    result = sweep(tasks, store=path, executor=cluster.address)
    assert list(result.values.values()) == [x * x for x in range(12)]
    assert len(stored_points(path)) == 12
    dead = [process.poll() for process in cluster.started if process.poll() is not None]
    assert dead == [-signal.SIGKILL]
    assert (tmp_path / "log").read_text().split().count("5") == 2

    axes = {"memory": ["linear", "dual-both"], "d": [8, 12], "N": [9], "trials": [3]}
    measured = grid("sims.memories.recall:measure", **axes)
    contents = []
    for name, executor in (("processes", "processes"), ("dask", cluster.address)):
        store = tmp_path / f"{name}.sqlite"
        sweep(measured, store=store, executor=executor, workers=2)
        contents.append(
            [(point.key, point.task, point.value) for point in stored_points(store).values()]
        )
    assert contents[0] == contents[1]
    assert len(contents[0]) == 4

    failed = sweep(grid("math:sqrt", x=[1]), executor=cluster.address)
    assert "takes no keyword arguments" in failed.failures["x=1"]


@dask
def test_a_scheduler_that_is_killed_is_told_and_the_rest_is_kept(cluster, tmp_path):
    path, log = tmp_path / "a.sqlite", str(tmp_path / "log")

    def progress(now):
        if now.done == 2:
            cluster.started[0].kill()

    tasks = grid(
        "tests.helpers.sweep_points:paced",
        x=range(9),
        log=[log],
        seconds=[0.01],
        last=[8],
        gate=["none"],
    )
    said = complaint(sweep, tasks, store=path, executor=cluster.address, progress=progress)
    assert "finished points are kept" in said
    assert 2 <= len(stored_points(path)) < 9


@dask
def test_a_notebook_has_a_loop_of_its_own(cluster):
    """As a cell of a notebook is run: within a loop that goes on."""

    async def cell():
        return sweep(grid("math:sqrt", x=[4]), executor=cluster.address)

    assert "takes no keyword arguments" in asyncio.run(cell()).failures["x=4"]


@dask
def test_an_address_where_nothing_listens(monkeypatch):
    needs("dask")
    monkeypatch.setattr(executors, "CONNECTING", 0.3)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        said = complaint(sweep, grid("math:sqrt", x=[4]), executor=address)
    assert address in said
    assert "no Dask scheduler answers" in said


@dask
@pytest.mark.parametrize("said", [b"", b"no scheduler at all", bytes(8)])
def test_an_address_that_accepts_and_never_answers(monkeypatch, said):
    """One limit for all that a client and a scheduler say to each other first."""
    needs("dask")
    monkeypatch.setattr(executors, "CONNECTING", 0.3)
    kept = []

    def accept():
        while True:
            try:
                kept.append(listening.accept()[0])
            except OSError:
                return
            kept[-1].sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=accept, daemon=True).start()
        whole = complaint(sweep, grid("math:sqrt", x=[4]), executor=address)
        listening.shutdown(socket.SHUT_RDWR)
    assert whole.startswith(f"scheduler {address!r}: no Dask scheduler answers (")
    for connection in kept:
        connection.close()


@dask
@pytest.mark.parametrize("address", ["nonsense://127.0.0.1:1", "tcp://", "tcp://127.0.0.1:x"])
def test_an_address_that_is_none(monkeypatch, address):
    needs("dask")
    monkeypatch.setattr(executors, "CONNECTING", 0.3)
    assert address in complaint(sweep, grid("math:sqrt", x=[4]), executor=address)


@dask
def test_a_client_that_failed_is_gone_before_another_starts(monkeypatch):
    distributed = needs("dask")
    monkeypatch.setattr(executors, "CONNECTING", 0.3)

    def clients():
        return [one for one in gc.get_objects() if type(one) is distributed.Client]

    def clean():
        gc.collect()
        return not clients()

    # One of another test may live on for a while in a thread of its own.
    until(clean)
    gc.disable()
    try:
        complaint(sweep, grid("math:sqrt", x=[4]), executor="tcp://127.0.0.1:x")
        left = clients()
    finally:
        gc.enable()
    assert left == []
