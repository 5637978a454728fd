"""However the command ends: one line on stderr, the status that is right, nothing half-written."""

import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from theory.cli import ending

RECALL = Path(sys.executable).with_name("recall")

TABLE = "subject,relation,answer\n" + "".join(
    f"s{s},r{r},a{(s * 7 + r * 3) % 11}\n" for s in range(120) for r in range(4)
)

FULL = Path("/dev/full")


def run(tmp_path, shell):
    """Run a line of a shell, in which $recall is the command, with what it leaves on stderr."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail\n{shell}"], cwd=tmp_path, stdin=subprocess.DEVNULL,
        env=os.environ | {"recall": str(RECALL)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


# --- streams ------------------------------------------------------------------------------------

full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


@full
@pytest.mark.parametrize("command", ["list", "list --json", "--version", "--help", "list --help",
                                     "facts t.csv --d 8 --json --memory linear"])  # fmt: skip
def test_a_full_stdout_is_told(tmp_path, command):
    (tmp_path / "t.csv").write_text(TABLE)
    said = "recall: stdout cannot be written (No space left on device)\n"
    assert run(tmp_path, f"$recall {command} >/dev/full") == (2, "", said)


@pytest.mark.parametrize("command", ["list", "list --json", "--version", "--help", "list --help"])
def test_a_closed_stdout_is_told(tmp_path, command):
    said = "recall: stdout cannot be written (it is closed)\n"
    assert run(tmp_path, f"$recall {command} >&-") == (2, "", said)


@full
@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_a_stderr_that_takes_nothing_changes_neither_result_nor_status(tmp_path, stderr):
    assert run(tmp_path, f"$recall list --json {stderr}") == run(tmp_path, "$recall list --json")
    assert run(tmp_path, f"$recall measure linear --d 0 --N 1 {stderr}") == (2, "", "")


@pytest.mark.parametrize("command", ["list", "list --json", "--help", "list --help", "--version"])
def test_a_reader_that_is_gone_is_not_told(tmp_path, command):
    gone = "import os, sys; read, write = os.pipe(); os.close(read); os.dup2(write, 1); "
    gone += "os.execv(sys.argv[1], sys.argv[1:])"
    status = run(tmp_path, f"{sys.executable} -c '{gone}' $recall {command}")
    assert status == (128 + signal.SIGPIPE, "", "")


# --- what others wrote --------------------------------------------------------------------------

MEMORY = """\
import numpy as np
{top}
class Memory:
    {parameters}
    def __call__(self, E):
        {call}
        return E
def build(E, U, f, *, rng):
    {build}
    return Memory()
"""
DEFAULTS = {"top": "", "parameters": "parameters = 1", "call": "", "build": ""}
LINES = {"top": 2, "parameters": 5}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("import sys; sys.exit()", "SystemExit"),
        ("raise EOFError('EOF')", "EOFError: EOF"),
        ("open('none')", "FileNotFoundError: [Errno 2] No such file or directory: 'none'"),
        ("import os; os.write(os.pipe()[0], b'')", "OSError: [Errno 9] Bad file descriptor"),
        ("raise BrokenPipeError(32, 'Broken pipe')", "BrokenPipeError: [Errno 32] Broken pipe"),
        ("np.linalg.inv(np.zeros((2, 2)))", "LinAlgError: Singular matrix"),
    ],
)
@pytest.mark.parametrize("where", ["top", "parameters", "call", "build"])
def test_a_module_of_the_user_that_fails_is_one_line(recall, tmp_path, where, code, said):
    """Wherever it does, and in whatever way: also by leaving with status 0."""
    at = code
    if where == "parameters":
        at = "parameters = property(lambda self: self.fail())\n    def fail(self): " + code
    source = MEMORY.format(**DEFAULTS | {where: at})
    (tmp_path / "mine.py").write_text(source)
    complaint = recall("measure", "mine:build", "--d", 2, "--N", 2, "--json").complaint
    assert said in complaint
    if where in LINES:
        assert f"mine.py, line {LINES[where]}: " in complaint


def test_a_fault_of_ours_is_one_line_and_its_place_is_shown_if_asked(recall, monkeypatch):
    def wrong(*arguments, **options):
        raise TypeError("two\nlines")

    monkeypatch.setattr(import_module("sims.memories.recall"), "measure", wrong)
    # This file is neither ours nor installed, but for the user's it is not to be taken.
    monkeypatch.setattr(ending, "told", lambda error: None)
    ran = recall("measure", "linear", "--d", 8, "--N", 4)
    assert (ran.status, ran.out) == (70, "")
    assert ran.err == (
        "recall: TypeError: two lines (a fault of recall itself; `recall --traceback ...` shows "
        "where)\n"
    )
    ran = recall("--traceback", "measure", "linear", "--d", 8, "--N", 4)
    assert ran.status == 70
    assert ran.err.startswith("Traceback (most recent call last):\n")
    assert "in wrong\n" in ran.err
    assert ran.err.splitlines()[-1].startswith("recall: TypeError: two lines")


def test_files_of_the_names_of_pythons_own_do_not_lose_the_workers(process, tmp_path):
    """A process that Python starts would look in the current folder before it has a path."""
    (tmp_path / "pickle.py").write_text("raise RuntimeError('not this one')\n")
    starts = (
        "from concurrent.futures import ProcessPoolExecutor; from multiprocessing import "
        "get_context; pool = ProcessPoolExecutor(1, mp_context=get_context('spawn')); "
        "assert pool.submit(abs, -1).result() == 1; pool.shutdown()"
    )
    (tmp_path / "mine.py").write_text(MEMORY.format(**DEFAULTS | {"build": starts}))
    assert process("measure", "mine:build", "--d", 2, "--N", 2, "--trials", 1).status == 0


# --- surroundings -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"), [("NUMBA_DISABLE_JIT", "1"), ("MPLBACKEND", "nonsense")]
)
def test_settings_that_are_meant_for_other_programs_change_nothing(
    process, tmp_path, monkeypatch, name, value
):
    monkeypatch.setenv(name, value)
    ran = process("measure", "linear", "--d", 8, "--N", 4, "--trials", 2, "--plot", "a.png")
    assert (ran.status, ran.err) == (0, "wrote a.png\n")


LOUD = (
    "import logging, subprocess, sys, warnings; warnings.warn('look'); np.zeros(1) / 0; "
    "logging.getLogger('distributed').critical('look'); "
    # As a worker does, or another child.
    "subprocess.run([sys.executable, '-c', 'import warnings; warnings.warn(\"look\")'])"
)


def test_warnings_and_logs_of_libraries_are_not_shown(process, tmp_path):
    (tmp_path / "mine.py").write_text(MEMORY.format(**DEFAULTS | {"build": LOUD}))
    ran = process("measure", "mine:build", "--d", 2, "--N", 2, "--trials", 1)
    assert (ran.status, ran.err) == (0, "")


def test_what_was_around_the_command_is_restored(recall, monkeypatch):
    def around():
        variables = {name: os.environ.get(name) for name in ending.ENVIRONMENT}
        return variables, signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    monkeypatch.setenv("MPLBACKEND", "svg")
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    before = around()
    assert recall("predict", "linear", "--d", 8).status == 0
    assert recall("predict", "linear", "--d", 0).status == 2
    assert around() == before


# --- paths --------------------------------------------------------------------------------------

PATHS = ["n" * 300 + ".png", "loop.png", "fifo.png", "link.png", "far/a.png", "file/a.png"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("command", "work"),
    [
        ("measure linear --d 8 --N 4 --plot", "sims.memories.recall:measure"),
        ("facts t.csv --export", "theory.facts.transformers:facts_in_transformers"),
        ("appendix --out out --only linear-capacity --store", "sims.sweeps.tasks:_perform"),
    ],
)
def test_a_path_is_refused_before_the_work(recall, tmp_path, monkeypatch, command, work, path):
    def begun(*arguments, **options):
        pytest.fail("the work has begun")

    module, _, function = work.partition(":")
    monkeypatch.setattr(import_module(module), function, begun)
    monkeypatch.setenv("RECALL_WORKERS", "1")
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "link.png").symlink_to("/dev/null")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo.png")
    before = set(os.listdir(tmp_path))
    assert path in recall(*command.split(), path).complaint
    assert set(os.listdir(tmp_path)) - before <= {"out"}


@pytest.mark.parametrize("path", ["n" * 300, "loop", "loop/a", "fifo", "file/a", "/proc/self/a"])
def test_a_folder_is_refused_before_the_work(recall, tmp_path, monkeypatch, path):
    def begun(*arguments, **options):
        pytest.fail("the work has begun")

    monkeypatch.setattr(import_module("theory.running"), "verify", begun)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    said = recall("verify", "linear-capacity", "--report", path).complaint
    assert said.startswith(f"--report {path}: ")


# --- signals ------------------------------------------------------------------------------------


HEED = "signal.signal(signal.SIGINT, signal.default_int_handler)"
"""A shell's background jobs, and with them these tests, may be told to ignore interrupts."""


@pytest.mark.parametrize(
    ("name", "said"),
    [("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "terminated")],
)
def test_a_signal_does_not_wait_for_threads(process, tmp_path, name, said):
    """None of them can be stopped: this one would go on for longer than the test may take."""
    if name == "SIGHUP" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        pytest.skip("hang-ups are ignored here, as under nohup")
    code = f"""\
import os, signal, time
{HEED}
def build(task, Phi, *, rng):
    # Twice, as people do, and from two threads.
    os.kill(os.getpid(), signal.{name})
    os.kill(os.getpid(), signal.{name})
    time.sleep(1000)
"""
    (tmp_path / "mine.py").write_text(code)
    (tmp_path / "t.csv").write_text(TABLE)
    models = ["--model", "mine:build,mine:build", "--d", 16]
    ran = process("facts", "t.csv", *models, "--export", "m.safetensors")
    status = 128 + getattr(signal, name)
    assert (ran.status, ran.out, ran.err) == (status, "", f"recall: {said}\n")
    assert not (tmp_path / "m.safetensors").exists()


def test_a_computation_that_does_not_come_back_is_left(process, tmp_path):
    """The main thread is in a library, and Python tells it of a signal when it comes back."""
    (tmp_path / "mine.py").write_text(
        f"import ctypes, os, signal, threading\n{HEED}\n"
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "libc = ctypes.CDLL(None)\n"
        # A signal ends the first.
        "for _ in range(2):\n    libc.sleep(1000)\n"
    )
    ran = process("measure", "mine:build", "--d", 2, "--N", 2)
    assert (ran.status, ran.out, ran.err) == (130, "", "recall: interrupted\n")


@pytest.mark.slow
def test_a_kill_while_a_model_is_written_leaves_nothing(tmp_path):
    """SIGKILL at the last moment at which the file is not whole."""
    (tmp_path / "t.csv").write_text(TABLE)
    code = (
        "import os, signal, sys\n"
        "from theory.rendering import files\n"
        "files._named = lambda descriptor, place: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from theory.cli import main\n"
        "sys.argv[0] = 'recall'\n"
        "main()\n"
    )
    command = "facts t.csv --model attention-only --d 64 --export m.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", code, *command.split()], cwd=tmp_path, capture_output=True,
        text=True, timeout=300, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(ending.__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert os.listdir(tmp_path) == ["t.csv"]
