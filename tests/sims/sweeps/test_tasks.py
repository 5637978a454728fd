"""Sweeps: the same values whoever computes them, and nothing computed twice after a kill."""

import csv
import io
import itertools
import json
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from assoc.errors import InputError
from sims.engine.parallel import available_threads, cores
from sims.memories.capacity import capacity
from sims.sweeps import tasks as sweeps
from sims.sweeps.store import stored_points
from sims.sweeps.tasks import EXECUTORS, Task, grid, sweep
from tests.helpers import sweep_points
from tests.helpers.oracles import complaint

ROOT = Path(__file__).parents[3]

MEASUREMENT = grid(
    "sims.memories.capacity:capacity", memory=["linear"], d=[8, 16], trials=[3], seed=[0, 1]
)
DRAWS = grid("tests.helpers.sweep_points:draws", d=[1, 7, 100], seed=[0, 1, 2])


def lines(log):
    return log.read_text().splitlines() if log.exists() else []


# --- values ------------------------------------------------------------------------------------


def executors(processes):
    """Everything that can compute a sweep here, as options of it."""
    yield {"workers": 1}
    yield {"executor": "threads", "workers": 1}
    yield {"executor": "threads", "workers": 3}
    yield {"executor": "processes", "workers": 2}
    yield {"executor": "processes", "workers": 3}
    yield {"executor": processes}
    with ThreadPoolExecutor(2) as pool:
        yield {"executor": pool}


def test_the_same_text_whoever_computes_it(tmp_path, processes):
    """In the order of the tasks, in memory and in the store, to the last bit."""
    tasks = [*DRAWS, *MEASUREMENT]
    first = sweep(tasks, workers=1)
    assert first.failures == {}
    assert list(first.values) == [task.key for task in tasks]
    for number, options in enumerate(executors(processes)):
        path = tmp_path / f"{number}.sqlite"
        shuffled = random.Random(number).sample(tasks, len(tasks))
        again = sweep(shuffled, store=path, **options)
        assert list(again.values) == [task.key for task in shuffled]
        assert again.computed == len(tasks)
        assert again.code == first.code
        stored = stored_points(path)
        for key, value in first.values.items():
            assert json.dumps(again.values[key]) == json.dumps(value) == stored[key].value
        resumed = sweep(tasks, store=path, workers=1)
        assert resumed.computed == 0
        assert json.dumps(resumed.values) == json.dumps(first.values)
        assert resumed.seconds == again.seconds


def test_values_are_those_of_the_function():
    for task, value in zip(DRAWS, sweep(DRAWS, workers=1).values.values(), strict=True):
        drawn = sweep_points.draws(**task.arguments)
        assert value == drawn | {"mean": float(drawn["mean"]), "draws": list(drawn["draws"])}


def test_neighbours_are_computed_by_one_process():
    """In stretches; one that is through takes the far half of another, seven times at most here."""
    found = sweep(grid("tests.helpers.sweep_points:process", x=range(120)), workers=2)
    computing = list(found.values.values())
    assert len(computing) == 120
    assert 1 <= len(set(computing)) <= 2
    stretches = [first for first, second in itertools.pairwise(computing) if first != second]
    assert len(stretches) <= 30


class OnePoint(Executor):
    """A worker that computes one point, and is gone."""

    given = 0

    def submit(self, work, /, *arguments):
        self.given += 1
        if self.given > 1:
            raise BrokenProcessPool("gone")
        future = Future()
        future.set_result(work(*arguments))
        return future


def test_what_is_finished_counts_where_workers_are_lost_between_points():
    tasks = grid("tests.helpers.sweep_points:square", x=range(6))
    outcomes = sweeps._outcomes([OnePoint(), OnePoint()], lambda task: task.key, tasks)
    finished = [next(outcomes)[0], next(outcomes)[0]]
    with pytest.raises(InputError, match=r"^a worker was lost \(BrokenProcessPool gone\)"):
        next(outcomes)
    assert sorted(finished) == ["x=0", "x=3"]


def test_rows_of_a_measurement_are_those_of_its_points():
    assert sweep(MEASUREMENT, workers=1).rows() == [
        task.arguments | row for task in MEASUREMENT for row in capacity(**task.arguments).rows()
    ]


def test_rows_of_a_record_and_of_a_number():
    assert sweep(grid("tests.helpers.sweep_points:square", x=[2, 3]), workers=1).rows() == [
        {"x": 2, "value": 4}, {"x": 3, "value": 9}
    ]  # fmt: skip
    [row] = sweep(grid("tests.helpers.sweep_points:draws", d=[2], seed=[5]), workers=1).rows()
    assert list(row) == ["d", "seed", "mean", "draws"]


def test_a_grid_names_its_points_and_takes_the_function_itself():
    tasks = grid(sweep_points.draws, d=[1, 2], seed=[3, 4])
    assert tasks == grid("tests.helpers.sweep_points:draws", d=[1, 2], seed=[3, 4])
    assert [task.key for task in tasks] == [
        "d=1 seed=3", "d=1 seed=4", "d=2 seed=3", "d=2 seed=4"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("exact", [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 1 / 3]),
        ("text", {"\n'\"\\\0": "häß\u2028\ud800", "": [None, True, 2**70]}),
        ("arrays", [[[0, 1], [2, 3]], 0.10000000149011612, True, [1]]),
        ("nothing", None),
    ],
)
def test_what_json_holds_comes_back(tmp_path, kind, value):
    tasks = grid("tests.helpers.sweep_points:odd_value", kind=[kind])
    for computed in (1, 0):
        result = sweep(tasks, store=tmp_path / "a.sqlite", workers=1)
        assert (result.computed, result.values) == (computed, {f"kind={kind}": value})
        assert json.dumps(result.values[f"kind={kind}"]) == json.dumps(value)


def test_numbers_that_are_none_come_back(tmp_path):
    tasks = grid("tests.helpers.sweep_points:odd_value", kind=["nan"])
    for _ in range(2):
        [value] = sweep(tasks, store=tmp_path / "a.sqlite", workers=1).values.values()
        assert value[1:3] == [math.inf, -math.inf]
        assert math.isnan(value[0])
        assert math.isnan(value[3])


def test_an_empty_sweep():
    result = sweep([])
    assert (result.values, result.failures, result.rows(), result.computed) == ({}, {}, [], 0)


# --- cores -------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {"workers": 1}, {"executor": "threads", "workers": 2}, {"executor": "processes", "workers": 2},
])  # fmt: skip
def test_a_point_may_use_its_share_of_the_cores(options, monkeypatch):
    there = available_threads()
    monkeypatch.setattr(sweeps, "available_threads", lambda: min(there, 2))
    values = sweep(grid("tests.helpers.sweep_points:threads", x=[0, 1, 2]), **options).values
    share = max(1, min(there, 2) // options["workers"])
    assert set(values.values()) == {share}
    assert available_threads() == there


def test_an_executor_of_the_user_has_one_core_for_each_point():
    with ThreadPoolExecutor(1) as pool:
        values = sweep(grid("tests.helpers.sweep_points:threads", x=[0]), executor=pool).values
        assert values == {"x=0": 1}
        assert pool.submit(available_threads).result() == available_threads()


def test_cores_are_obeyed_inside_and_as_before_after():
    there = available_threads()
    with cores(1):
        assert available_threads() == 1
        with cores(10**6):
            assert available_threads() == there
        assert available_threads() == 1
        with pytest.raises(ZeroDivisionError), cores(3):
            _ = 1 / 0
        assert available_threads() == 1
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(available_threads).result() == there
    assert available_threads() == there


# --- what is computed again --------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"workers": 1}, {"executor": "threads", "workers": 2}])
def test_nothing_is_computed_twice(tmp_path, options):
    log, path = tmp_path / "log", tmp_path / "a.sqlite"
    few = grid("tests.helpers.sweep_points:logged", x=range(5), log=[str(log)])
    more = grid("tests.helpers.sweep_points:logged", x=range(8), log=[str(log)])
    assert sweep(few, store=path, **options).computed == 5
    assert sweep(more, store=path, **options).computed == 3
    assert sweep(few[2:4], store=path, **options).computed == 0
    result = sweep(more, store=path, **options)
    assert (result.computed, list(result.values.values())) == (0, [x * x for x in range(8)])
    assert sorted(lines(log)) == sorted(map(str, range(8)))


@pytest.mark.parametrize("clock", [[1e9, 5e8, 0.0, -1.0], [0.0], [4e9, 1.0]])
def test_a_clock_that_goes_back_changes_no_number(tmp_path, monkeypatch, clock):
    """Neither while points are computed nor between a sweep and the next that goes on with it."""
    told = itertools.cycle(clock)
    monkeypatch.setattr(time, "time", lambda: next(told))
    path = tmp_path / "s.sqlite"
    sweep(DRAWS[:4], store=path, workers=1)
    result = sweep(DRAWS, store=path, workers=1)
    assert result.computed == len(DRAWS) - 4
    assert result.values == sweep(DRAWS, workers=1).values
    assert {point.finished for point in stored_points(path).values()} <= set(clock)
    assert all(seconds >= 0 for seconds in result.seconds.values())


@pytest.mark.parametrize("options", [
    {"workers": 1}, {"executor": "threads", "workers": 2}, {"executor": "processes", "workers": 2},
])  # fmt: skip
def test_a_point_that_fails_is_reported_and_tried_again(tmp_path, options):
    log, cure, path = tmp_path / "log", tmp_path / "cure", tmp_path / "a.sqlite"
    tasks = grid("tests.helpers.sweep_points:fragile", x=range(4), log=[str(log)], cure=[str(cure)])
    keys = [task.key for task in tasks]
    result = sweep(tasks, store=path, **options)
    assert result.failures == {
        keys[x]: f"ZeroDivisionError: point {x} is odd" for x in (1, 3)
    }  # fmt: skip
    assert result.values == {keys[0]: 0, keys[2]: 4}
    assert [row["value"] for row in result.rows()] == [0, 4]
    assert list(stored_points(path)) == [keys[0], keys[2]]
    assert repr(result) == "SweepResult(2 of 4 points, 2 failed)"
    cure.touch()
    result = sweep(tasks, store=path, **options)
    assert (result.failures, result.computed) == ({}, 2)
    assert list(result.values.values()) == [0, 1, 4, 9]
    assert sorted(lines(log)) == ["0", "1", "1", "2", "3", "3"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Task("a", "tests.helpers.sweep_points:odd_value", {"kind": "set"}), "a set is not JSON"),
        (
            Task("a", "tests.helpers.sweep_points:odd_value", {"kind": "function"}),
            "function is not JSON",
        ),
        (
            Task("a", "tests.helpers.sweep_points:odd_value", {"kind": "complex"}),
            "complex is not JSON",
        ),
        (Task("a", "tests.helpers.sweep_points:odd_value", {"kind": "circle"}), "Circular"),
        (
            Task("a", "tests.helpers.sweep_points:square", {"y": 1}),
            "unexpected keyword argument 'y'",
        ),
        (Task("a", "tests.helpers.sweep_points:squares", {}), "has no attribute 'squares'"),
        (Task("a", "tests.none:square", {}), "ModuleNotFoundError: No module named 'tests.none'"),
        (Task("a", "tests.helpers.sweep_points", {}), "AttributeError"),
        (Task("a", "sims.memories.capacity:capacity", {"memory": "linaer", "d": 8}), "linaer"),
    ],
)
def test_what_cannot_be_computed_is_told_in_one_line(task, said, workers):
    result = sweep([task], executor="threads", workers=workers)
    assert result.values == {}
    assert said in result.failures["a"]
    assert len(result.failures["a"].splitlines()) == 1


def test_a_package_that_does_not_exist(tmp_path):
    tasks = grid("no_such_package.at_all:square", x=[1])
    assert complaint(sweep, tasks, store=tmp_path / "a") == (
        "module 'no_such_package' cannot be found"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [
    {"workers": 1}, {"executor": "threads", "workers": 2}, {"executor": "processes", "workers": 2},
])  # fmt: skip
def test_arguments_that_are_not_json_are_told_in_one_line(options):
    tasks = [
        Task("a", "tests.helpers.sweep_points:square", {"x": 1 + 1j}),
        Task("b", "tests.helpers.sweep_points:square", {"x": 2}),
    ]
    try:
        said = sweep(tasks, **options).failures["a"]
    except InputError as error:
        said = str(error)
    assert "complex" in said
    assert "lost" not in said


def test_two_points_with_one_key_are_refused():
    tasks = grid("tests.helpers.sweep_points:square", x=[1, 2, 1])
    assert complaint(sweep, tasks) == "two points of the sweep have the key 'x=1'"


@pytest.mark.parametrize("name", ["proceses", "dask", ""])
def test_an_unknown_executor_is_refused(name):
    said = complaint(sweep, grid("tests.helpers.sweep_points:square", x=[1]), executor=name)
    assert repr(name) in said
    assert all(known in said for known in EXECUTORS)


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_workers_are_a_positive_number(workers):
    assert "workers" in complaint(
        sweep, grid("tests.helpers.sweep_points:square", x=[1]), workers=workers
    )


# --- another sweep, other code -----------------------------------------------------------------


def test_a_store_of_another_sweep_is_refused(tmp_path):
    path, log = tmp_path / "a.sqlite", tmp_path / "log"
    tasks = grid("tests.helpers.sweep_points:logged", x=[1], log=[str(log)])
    sweep(tasks, store=path, request={"sweep": "one", "n": 3}, workers=1)
    said = complaint(sweep, tasks, store=path, request={"sweep": "one", "n": 4}, workers=1)
    assert "n = 3" in said
    assert "n = 4" in said
    assert sweep(tasks, store=path, request={"n": "3", "sweep": "one"}).computed == 0
    assert lines(log) == ["1"]


def test_a_store_of_other_code_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.sqlite"
    tasks = grid("tests.helpers.sweep_points:square", x=[1])
    code = sweep(tasks, store=path, workers=1).code
    before = path.read_bytes()
    monkeypatch.setattr(sweeps, "fingerprint", lambda packages: "0123456789ab")
    said = complaint(sweep, tasks, store=path, workers=1)
    assert f"code = {code}" in said
    assert "code = 0123456789ab" in said
    assert path.read_bytes() == before


def test_other_arguments_of_a_point_are_refused(tmp_path):
    path = tmp_path / "a.sqlite"
    sweep([Task("a", "tests.helpers.sweep_points:square", {"x": 1})], store=path, workers=1)
    for work, x in (("square", 2), ("square", 1.0), ("threads", 1)):
        tasks = [Task("a", f"tests.helpers.sweep_points:{work}", {"x": x})]
        said = complaint(sweep, tasks, store=path, workers=1)
        assert "other arguments for the point 'a'" in said


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_with_other_code_says_so(tmp_path, monkeypatch, workers):
    codes = iter(["a" * 12])
    monkeypatch.setattr(sweeps, "fingerprint", lambda packages: next(codes, "b" * 12))
    tasks = grid("tests.helpers.sweep_points:square", x=[1, 2])
    result = sweep(tasks, store=tmp_path / "a.sqlite", executor="threads", workers=workers)
    assert result.values == {}
    assert set(result.failures.values()) == {
        f"this worker has code {'b' * 12}, not {'a' * 12}: install the same there"
    }
    assert stored_points(tmp_path / "a.sqlite") == {}


# --- progress and interrupts -------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {"workers": 1}, {"executor": "threads", "workers": 2}, {"executor": "processes", "workers": 2},
])  # fmt: skip
def test_progress_is_told_at_the_start_and_after_each_point(tmp_path, options):
    path = tmp_path / "a.sqlite"
    tasks = grid("tests.helpers.sweep_points:square", x=range(7))
    sweep(tasks[:2], store=path, workers=1)
    told = []

    def progress(now):
        told.append(now)
        assert len(stored_points(path)) == now.done

    sweep(tasks, store=path, progress=progress, **options)
    assert told[0].key == ""
    assert sorted(now.key for now in told[1:]) == [task.key for task in tasks[2:]]
    assert [now.done for now in told] == [2, 3, 4, 5, 6, 7]
    assert {(now.total, now.found) for now in told} == {(7, 2)}


def test_progress_of_a_point_that_fails(tmp_path):
    tasks = grid(
        "tests.helpers.sweep_points:fragile", x=range(3), log=[str(tmp_path / "log")], cure=["no"]
    )
    told = []
    sweep(tasks, workers=1, progress=told.append)
    # A point that fails is finished too, though it is not stored.
    assert [now.done for now in told] == [0, 1, 2, 3]


@pytest.mark.parametrize("options", [{"workers": 1}, {"executor": "threads", "workers": 2}])
def test_a_point_that_leaves_is_reported_like_any_error(options):
    found = sweep(grid("tests.helpers.sweep_points:leaves"), **options)
    assert list(found.failures.values()) == ["SystemExit: 3"]


def interrupting(after):
    def progress(now):
        if now.done >= after:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("options", [
    {"workers": 1}, {"executor": "threads", "workers": 2}, {"executor": "processes", "workers": 2},
])  # fmt: skip
def test_an_interrupt_keeps_points_and_leaves_no_process(tmp_path, options):
    path, log = tmp_path / "a.sqlite", tmp_path / "log"
    tasks = grid("tests.helpers.sweep_points:logged", x=range(60), log=[str(log)])
    before = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt):
        sweep(tasks, store=path, progress=interrupting(3), **options)
    assert set(multiprocessing.active_children()) <= before
    assert len(stored_points(path)) == 3
    assert not path.with_name("a.sqlite.lock").exists()
    result = sweep(tasks, store=path, **options)
    assert (result.computed, len(result.values)) == (57, 60)


def test_an_interrupt_takes_its_points_back_from_an_executor_of_the_user(tmp_path):
    """Or leaving the executor's context would wait for all of them."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    tasks = grid(
        "tests.helpers.sweep_points:paced", x=range(9), log=[str(log)], seconds=[0], last=[1],
        gate=[str(gate)],
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        try:
            with pytest.raises(KeyboardInterrupt):
                sweep(tasks, executor=pool, progress=interrupting(1))
        finally:
            gate.touch()
    assert {line.split()[0] for line in lines(log)} <= {"0", "1"}


def test_points_that_an_executor_gives_up_are_told_in_one_line(tmp_path, monkeypatch):
    """As Dask does with all points when its scheduler is gone."""
    path, pool = tmp_path / "a.sqlite", ThreadPoolExecutor(1)

    def submit(work, task, *arguments):
        future = Future()
        if task.arguments["x"]:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_result(work(task, *arguments))
        return future

    monkeypatch.setattr(pool, "submit", submit)
    tasks = grid("tests.helpers.sweep_points:square", x=range(3))
    said = complaint(sweep, tasks, store=path, executor=pool)
    assert "finished points are kept" in said
    assert set(stored_points(path)) <= {"x=0"}


def test_an_executor_that_is_closed_is_told_in_one_line():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    complaint(sweep, grid("tests.helpers.sweep_points:square", x=range(3)), executor=pool)


# --- kills -------------------------------------------------------------------------------------

RUN = """
import sys
from tests.sims.sweeps.test_tasks import paced_sweep, table
result = paced_sweep(*sys.argv[1:], workers=2)
assert not result.failures, result.failures
sys.stdout.write(table(result))
"""

POINTS, SECONDS, KILLS = 40, 0.05, 10


def paced_sweep(path, log, gate, **options):
    """A sweep whose last point waits until the gate is there."""
    tasks = grid(
        "tests.helpers.sweep_points:paced", x=range(POINTS), log=[log], seconds=[SECONDS],
        last=[POINTS - 1], gate=[gate],
    )  # fmt: skip
    return sweep(tasks, store=path, **options)


def table(result):
    text = io.StringIO()
    writer = csv.writer(text)
    for row in result.rows():
        writer.writerow([row["x"], *row["value"]])
    return text.getvalue()


def running(pid):
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.slow
def test_ten_kills_change_nothing(tmp_path):
    """At moments spread over the run, while it starts as well; the gate keeps it from ending."""
    path, log, gate = (tmp_path / name for name in ("a.sqlite", "log", "gate"))
    rng = random.Random(11)
    moments = [0, 0, *sorted(rng.sample(range(1, POINTS - 2), KILLS - 2))]
    command = [sys.executable, "-c", RUN, *map(str, (path, log, gate))]

    def started():
        return {line.split()[0] for line in lines(log)}

    for moment in moments:
        with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
            waited = rng.uniform(0, 0.06 if len(started()) < moment else 0.9)
            until(lambda moment=moment: len(started()) >= moment)
            time.sleep(waited)
            process.send_signal(signal.SIGKILL)
            assert process.wait(60) == -signal.SIGKILL
        until(lambda: not any(running(int(line.split()[1])) for line in lines(log)))
        if moment:
            assert {f"x={x}" for x in range(POINTS)} >= {
                key.split()[0] for key in stored_points(path)
            }
    gate.touch()
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    starts = len(lines(log))
    assert POINTS <= starts <= POINTS + KILLS * (2 + 1)
    undisturbed = sweep(
        [Task(task.key, task.work, {**task.arguments, "log": str(tmp_path / "other"), "seconds": 0})
         for task in grid("tests.helpers.sweep_points:paced", x=range(POINTS), last=[-1],
         gate=["none"])],
        workers=1,
    )  # fmt: skip
    assert done.stdout == table(undisturbed).replace("\r\n", "\n")
    assert len(stored_points(path)) == POINTS
    assert not path.with_name("a.sqlite.lock").exists()
    until(lambda: not any(running(int(line.split()[1])) for line in lines(log)))


def test_a_sweep_that_is_to_be_complete_names_the_point_that_failed():
    tasks = grid("tests.helpers.sweep_points:square", x=[2, 5])
    assert sweep(tasks, workers=1).complete() == (4, 25)
    failed = sweep([*tasks, *grid("math:sqrt", x=[4])], workers=1)
    with pytest.raises(InputError, match=r"^x=4: "):
        failed.complete()
