"""Stores: what was stored is read back to the last bit, or refused in one line."""

import json
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assoc.errors import InputError
from sims.sweeps import store as store_module
from sims.sweeps.store import APPLICATION, SCHEMA, Point, Store, stored_points, stored_request
from sims.sweeps.tasks import grid, sweep
from tests.helpers.oracles import complaint, one_line

ROOT = Path(__file__).parents[3]
REQUEST = {"sweep": "example", "code": "0123456789ab"}


def point(x, length=300):
    value = json.dumps({"x": x, "text": random.Random(x).randbytes(length // 2).hex()})
    return Point(f"x={x}", json.dumps({"work": "m:f", "arguments": {"x": x}}), value, 0.5 + x, 7e8)


def filled(path, points=12, length=300):
    with Store(path, REQUEST) as store:
        for x in range(points):
            store.add(point(x, length))
    return {f"x={x}": point(x, length) for x in range(points)}


def reads_all(path, request=REQUEST):
    with Store(path, request) as store:
        return store.points()


def refused(path, request=REQUEST):
    """The one line that refuses a file, which stays as it was, alone in its folder."""
    before, beside = path.read_bytes(), sorted(path.parent.iterdir())
    said = complaint(reads_all, path, request)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == beside
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def unreadable(path):
    """The same, of a file that readers refuse as well."""
    said = refused(path)
    before = path.read_bytes()
    assert complaint(stored_points, path) == f"{path}: {said}"
    assert path.read_bytes() == before
    return said


def altered(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def script(code, *arguments):
    """Start a process that imports from this checkout and talks through pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process, status=0):
    """What a process printed, once it has ended by itself."""
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (status, ""), err
    return out


# --- what is stored ----------------------------------------------------------------------------


def test_what_was_stored_is_read_back(tmp_path):
    path = tmp_path / "a.sqlite"
    points = filled(path)
    assert reads_all(path) == points
    assert stored_points(path) == points
    assert stored_request(path) == REQUEST
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.sqlite"]


@pytest.mark.parametrize(
    "value",
    [
        "NaN", "[Infinity, -Infinity]", "0.30000000000000004", "5e-324", "1.7976931348623157e308",
        "-0.0", json.dumps("häß\n\0\u2028\ud800"), "\"raw ü 𝔘 '\"", "", "x" * 200_000,
    ],
)  # fmt: skip
def test_text_comes_back_as_it_was(tmp_path, value):
    stored = Point(f"key {value[:9]!r}", value, value, math.pi, 1.75e9 + 1 / 3)
    with Store(tmp_path / "a.sqlite", REQUEST) as store:
        store.add(stored)
    assert stored_points(tmp_path / "a.sqlite") == {stored.key: stored}


@pytest.mark.parametrize(
    "name", ["a b.sqlite", "a?mode=ro", "a#b%41", "ä.db", ":memory:", "file:a", b"caf\xe9.sqlite"]
)
def test_a_file_may_have_any_name(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    points = filled(path, 2)
    assert list(tmp_path.iterdir()) == [path]
    assert stored_points(path) == points


def test_a_key_is_stored_once(tmp_path):
    with Store(tmp_path / "a.sqlite", REQUEST) as store:
        store.add(point(0))
        complaint(store.add, point(0))
        store.add(point(1))
        assert list(store.points()) == ["x=0", "x=1"]


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (REQUEST | {"sweep": "other"}, ["sweep = example", "sweep = other"]),
        (REQUEST | {"code": "ffffffffffff"}, ["code = 0123456789ab", "code = ffffffffffff"]),
        (REQUEST | {"new": "1"}, ["new = nothing", "new = 1"]),
        ({"sweep": "example"}, ["code = 0123456789ab", "code = nothing"]),
        ({}, ["code = 0123456789ab", "code = nothing"]),
    ],
)
def test_another_request_is_refused_by_name(tmp_path, request_, names):
    points = filled(tmp_path / "a.sqlite")
    said = refused(tmp_path / "a.sqlite", request_)
    assert all(name in said for name in names)
    assert reads_all(tmp_path / "a.sqlite") == points


def test_another_schema_is_refused(tmp_path):
    filled(tmp_path / "a.sqlite")
    altered(tmp_path / "a.sqlite", f"PRAGMA user_version = {SCHEMA + 1}")
    said = unreadable(tmp_path / "a.sqlite")
    assert f"schema {SCHEMA + 1}" in said
    assert f"reads {SCHEMA}" in said


def test_a_file_of_another_program_is_refused(tmp_path):
    altered(tmp_path / "a.sqlite", "CREATE TABLE points (key, task, value, checksum)")
    assert "not a sweep store" in unreadable(tmp_path / "a.sqlite")


@pytest.mark.parametrize("pragma", ["application_id = 77", "user_version = 3"])
def test_a_file_that_another_program_has_just_begun_is_refused(tmp_path, pragma):
    altered(tmp_path / "a.sqlite", f"PRAGMA {pragma}")
    unreadable(tmp_path / "a.sqlite")


@pytest.mark.parametrize("text", ["d,N\n8,20\n", "#!/bin/sh\n" * 1000, "x\n", "SQLite format 3\0"])
def test_a_text_file_is_refused(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    assert "not a sweep store" in unreadable(tmp_path / "a.csv")


@pytest.mark.parametrize("fraction", [0.003, 0.1, 0.3, 0.5, 0.75, 0.99])
def test_a_truncated_file_is_refused(tmp_path, fraction):
    path = tmp_path / "a.sqlite"
    filled(path, 80)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(fraction * len(whole))])
    unreadable(path)


def garbage(size):
    """Places to damage, and with what: the headers byte by byte, and anywhere."""
    rng = random.Random(5)
    places = [(offset, bytes([value])) for offset in range(112) for value in (0, 1, 2, 255)]
    places += [(rng.randrange(size), rng.randbytes(1)) for _ in range(300)]
    places += [(rng.randrange(size - 64), rng.randbytes(rng.randrange(2, 64))) for _ in range(150)]
    places += [(rng.randrange(size), b"\n") for _ in range(50)]
    return places


@pytest.mark.parametrize("read", [stored_points, reads_all])
def test_garbage_gives_no_wrong_points_and_no_traceback(tmp_path, read):
    """Every single damage is refused in one line, or does not touch the points."""
    path = tmp_path / "a.sqlite"
    right = {key: (p.task, p.value) for key, p in filled(path, 40, 200).items()}
    whole = path.read_bytes()
    refusals, wrong = 0, []
    for offset, bytes_ in garbage(len(whole)):
        damaged = whole[:offset] + bytes_ + whole[offset + len(bytes_) :]
        path.write_bytes(damaged)
        try:
            found = {key: (p.task, p.value) for key, p in read(path).items()}
        except InputError as error:
            refusals += 1
            if len(str(error).splitlines()) != 1 or not str(error).isprintable():
                wrong.append((offset, bytes_, f"said {str(error)!r}"))
            elif path.read_bytes() != damaged:
                wrong.append((offset, bytes_, f"refused ({error}), but the file is changed"))
        except Exception as error:
            wrong.append((offset, bytes_, repr(error)))
        else:
            if found != right:
                wrong.append((offset, bytes_, f"{len(found)} points"))
        for beside in tmp_path.iterdir():
            beside.unlink()
    assert not wrong, "\n".join(map(str, [len(wrong), *wrong[:20]]))
    assert refusals > 100


@pytest.mark.parametrize("column", ["key", "task", "value", "checksum"])
@pytest.mark.parametrize("changed", ["'0.25'", "x'00ff'", "''"])
def test_a_point_that_was_edited_is_refused(tmp_path, column, changed):
    filled(tmp_path / "a.sqlite")
    altered(tmp_path / "a.sqlite", f"UPDATE points SET {column} = {changed} WHERE key = 'x=3'")
    assert "damaged" in unreadable(tmp_path / "a.sqlite")


@pytest.mark.parametrize("column", ["seconds", "finished"])
def test_a_time_that_is_no_number_is_refused(tmp_path, column):
    filled(tmp_path / "a.sqlite")
    altered(tmp_path / "a.sqlite", f"UPDATE points SET {column} = 'soon' WHERE key = 'x=3'")
    assert "damaged" in unreadable(tmp_path / "a.sqlite")


def test_a_value_that_is_no_text_is_refused(tmp_path):
    filled(tmp_path / "a.sqlite")
    bytes_ = "CAST(x'220aff22' AS TEXT)"
    altered(tmp_path / "a.sqlite", f"UPDATE points SET value = {bytes_} WHERE key = 'x=3'")
    unreadable(tmp_path / "a.sqlite")


def test_a_table_that_was_changed_is_refused(tmp_path):
    filled(tmp_path / "a.sqlite")
    altered(tmp_path / "a.sqlite", "ALTER TABLE points RENAME COLUMN task TO what")
    unreadable(tmp_path / "a.sqlite")


# --- where it cannot be ------------------------------------------------------------------------


def test_readers_say_that_a_file_is_missing(tmp_path):
    for read in (stored_points, stored_request):
        assert complaint(read, tmp_path / "none") == f"{tmp_path / 'none'}: no such file"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_not_made(tmp_path):
    assert "no such folder" in complaint(reads_all, tmp_path / "none" / "a.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", ".", "..", "/"])
def test_a_folder_is_no_store(tmp_path, monkeypatch, name):
    (tmp_path / "here" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    complaint(reads_all, name)
    complaint(stored_points, name)
    assert [path.name for path in tmp_path.rglob("*")] == ["here", "a"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder closed even to root")
def test_a_folder_that_cannot_be_written_to(tmp_path):
    assert "cannot be written" in complaint(reads_all, "/proc/self/a.sqlite")


# --- who else uses it --------------------------------------------------------------------------


def test_readers_see_what_is_stored_so_far(tmp_path):
    path = tmp_path / "a.sqlite"
    with Store(path, REQUEST) as store:
        for x in range(4):
            assert len(stored_points(path)) == x
            store.add(point(x))
        assert stored_request(path) == REQUEST
        assert store.points() == stored_points(path)


def test_a_second_store_on_the_file_is_refused_until_the_first_closes(tmp_path):
    path = tmp_path / "a.sqlite"
    with Store(path, REQUEST) as store:
        store.add(point(0))
        assert f"in use by process {os.getpid()}" in complaint(reads_all, path)
        store.add(point(1))
    assert len(reads_all(path)) == 2


@pytest.mark.parametrize("first", ["a.sqlite", "link.sqlite"])
def test_a_link_to_the_file_is_the_same_file(tmp_path, first):
    filled(tmp_path / "a.sqlite", 1)
    (tmp_path / "link.sqlite").symlink_to("a.sqlite")
    second = ({"a.sqlite", "link.sqlite"} - {first}).pop()
    with Store(tmp_path / first, REQUEST):
        assert "in use" in complaint(reads_all, tmp_path / second)


HOLDING = """
import sys
from sims.sweeps.store import Store
from tests.sims.sweeps import test_store as t
with Store(sys.argv[1], t.REQUEST) as store:
    store.add(t.point(0))
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_the_lock_of_another_process_ends_with_it(tmp_path):
    path = tmp_path / "a.sqlite"
    holder = script(HOLDING, path)
    with holder:
        assert holder.stdout.readline() == "open\n"
        assert f"in use by process {holder.pid};" in complaint(reads_all, path)
        assert stored_points(path) == {"x=0": point(0)}
        holder.send_signal(signal.SIGKILL)
        assert holder.wait(60) == -signal.SIGKILL
    assert reads_all(path) == {"x=0": point(0)}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.sqlite"]


LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.readline()
"""

EXCLUSIVE = ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"]


@pytest.mark.parametrize("statements", [EXCLUSIVE, EXCLUSIVE[1:]])
def test_a_file_that_another_program_has_locked(tmp_path, statements, monkeypatch):
    path = tmp_path / "a.sqlite"
    points = filled(path)
    monkeypatch.setattr(store_module, "PATIENCE", 0.1)

    def adds():
        with Store(path, REQUEST, patience=0.1) as store:
            store.add(point(50))

    with script(LOCKING, path, *statements) as other:
        assert other.stdout.readline() == "locked\n"
        assert "another program has locked it" in complaint(adds)
        if statements is EXCLUSIVE:
            assert "another program has locked it" in complaint(stored_points, path)
        else:
            assert stored_points(path) == points
        other.communicate("\n", timeout=60)
    assert reads_all(path) == points
    adds()


RACING = """
import json, sys
from assoc.errors import InputError
from sims.sweeps.tasks import grid, sweep
for path in sys.stdin:
    try:
        tasks = grid("tests.helpers.sweep_points:square", x=range(6))
        said = list(sweep(tasks, store=path.strip(), workers=1).values.values())
    except InputError as error:
        said = str(error)
    print(json.dumps(said), flush=True)
"""


def test_of_two_that_start_together_each_finishes_or_is_refused(tmp_path):
    racers = [script(RACING) for _ in range(2)]
    right = [x * x for x in range(6)]
    for race in range(12):
        path = tmp_path / f"{race}.sqlite"
        for racer in racers:
            racer.stdin.write(f"{path}\n")
        for racer in racers:
            racer.stdin.flush()
        said = [json.loads(racer.stdout.readline()) for racer in racers]
        assert right in said
        for answer in said:
            assert answer == right or ": in use by " in one_line(answer)
        assert [json.loads(p.value) for p in stored_points(path).values()] == right
        assert not path.with_name(path.name + ".lock").exists()
    for racer in racers:
        assert ended(racer) == ""


# --- a disk that is full -----------------------------------------------------------------------


def test_a_full_database_keeps_what_is_stored(tmp_path):
    path = tmp_path / "a.sqlite"
    stored = []
    with Store(path, REQUEST) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 6}")

        def fill():
            for x in range(100):
                store.add(point(x, 2000))
                stored.append(f"x={x}")

        assert "the disk is full; what was stored before still is" in complaint(fill)
        assert stored
        assert sorted(store.points()) == sorted(stored)
        store._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
        store.add(point(200))
    assert sorted(stored_points(path)) == sorted([*stored, "x=200"])


FILLING = """
import json, resource, sys
from assoc.errors import InputError
from tests.sims.sweeps.test_store import filling_sweep

folder, *limits = sys.argv[1:]
for limit in limits:
    path, reported = f"{folder}/{limit}.sqlite", []
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        filling_sweep(path, progress=lambda progress: reported.append(progress.key))
        error = None
    except InputError as caught:
        error = str(caught)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    print(json.dumps([path, error, reported[1:]]))
"""


def filling_sweep(path=None, **options):
    tasks = grid("tests.helpers.sweep_points:text", x=range(24), length=[6000])
    return sweep(tasks, store=path, workers=1, **options)


def check_filled(path, error, reported, undisturbed):
    one_line(error)
    assert error.startswith(f"{path}: ")
    stored = stored_points(path) if reported else {}
    assert set(reported) <= set(stored)
    resumed = filling_sweep(path)
    assert resumed.rows() == undisturbed.rows()
    assert resumed.computed <= 24 - len(reported)
    assert len(stored_points(path)) == 24


def test_a_file_that_may_not_grow_keeps_what_is_stored(tmp_path):
    limits = [0, 5, 700, 4096, 9000, 20_000, 33_000, 50_000, 100_000, 150_000]
    lines = ended(script(FILLING, tmp_path, *limits)).splitlines()
    undisturbed = filling_sweep()
    assert len(lines) == len(limits)
    counts = []
    for line in lines:
        path, error, reported = json.loads(line)
        check_filled(path, error, reported, undisturbed)
        counts.append(len(reported))
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert 0 < counts[-1] < 24


SMALL_DISK = """
import json, os, subprocess, sys
from pathlib import Path
from assoc.errors import InputError
from tests.sims.sweeps import test_store as t

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", disk], check=True)
undisturbed = t.filling_sweep()
left = []
for free in range(0, 200 * 1024, 16 * 1024):
    path, reported = disk / "a.sqlite", []
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
        file.truncate(file.tell() // 4096 * 4096 - free)
    try:
        t.filling_sweep(path, progress=lambda progress: reported.append(progress.key))
    except InputError as error:
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        t.check_filled(path, str(error), reported[1:], undisturbed)
        left.append(len(reported[1:]))
        for path in disk.iterdir():
            path.unlink()
        subprocess.run(["mount", "-o", "remount,size=200k", disk], check=True)
    else:
        raise AssertionError("the disk did not fill up")
print(json.dumps(left))
"""


def namespace():
    """Whether a user may mount a disk of its own here."""
    mount = "mount -t tmpfs none /tmp"
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", mount], capture_output=True, timeout=60, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.skipif(not namespace(), reason="no disk can be mounted here")
def test_a_disk_that_fills_up_keeps_what_is_stored(tmp_path):
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", SMALL_DISK, tmp_path],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    left = json.loads(done.stdout)
    assert left[0] == 0
    assert 0 < left[-1] < 24


@pytest.mark.skipif(not namespace(), reason="no disk can be mounted here")
def test_a_store_on_a_disk_that_is_read_only_can_be_read(tmp_path):
    filled(tmp_path / "a.sqlite")
    code = (
        "import subprocess, sys\n"
        "from tests.sims.sweeps import test_store as t\n"
        "path = t.Path(sys.argv[1])\n"
        "for options in (['--bind', path.parent], ['-o', 'remount,bind,ro']):\n"
        "    subprocess.run(['mount', *options, path.parent], check=True)\n"
        "print(t.complaint(t.reads_all, path))\n"
        "print(len(t.stored_points(path)))\n"
    )
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", code, tmp_path / "a.sqlite"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    said, number = done.stdout.splitlines()
    assert "cannot be written" in said
    assert number == "12"


# --- a kill while it is made -------------------------------------------------------------------


def empty(path):
    path.touch()


def without_tables(path):
    altered(path, "CREATE TABLE a (b)", "DROP TABLE a", "VACUUM")


@pytest.mark.parametrize("leave", [empty, lambda path: altered(path, "VACUUM"), without_tables])
def test_what_a_kill_leaves_of_a_store_being_made_is_taken_as_new(tmp_path, leave):
    path = tmp_path / "a.sqlite"
    leave(path)
    assert filled(path, 3) == stored_points(path)


def test_a_kill_in_the_middle_of_making_the_tables(tmp_path):
    path = tmp_path / "a.sqlite"
    code = (
        "import os, signal, sqlite3, sys\n"
        "from sims.sweeps import store\n"
        "class Killed(sqlite3.Connection):\n"
        "    def executemany(self, *arguments):\n"
        "        super().executemany(*arguments)\n"
        "        self.execute('PRAGMA cache_spill = 1')\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "connect = sqlite3.connect\n"
        "sqlite3.connect = lambda *a, **k: connect(*a, factory=Killed, **k)\n"
        "store.Store(sys.argv[1], {'sweep': 'example'}).__enter__()\n"
    )
    ended(script(code, path), -signal.SIGKILL)
    assert path.with_name("a.sqlite.lock").exists()
    assert filled(path, 3) == stored_points(path)
    assert APPLICATION == 0x52434C53
