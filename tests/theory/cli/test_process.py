"""The command as a process: what it imports, what it prints where, how it ends."""

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

HEAVY = ("numba", "sympy", "matplotlib", "pandas", "scipy.stats", "jax")


def modules_after(statement):
    """Modules that a fresh interpreter has after a statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import theory.cli", "import theory, assoc"])
def test_what_is_heavy_is_not_imported_before_it_is_used(statement):
    assert not modules_after(statement) & set(HEAVY)


def test_help_imports_nothing_heavy():
    statement = (
        "import theory.cli\nsys.argv = ['recall', '--help']\n"
        "try:\n    theory.cli.main()\nexcept SystemExit:\n    pass"
    )
    assert not modules_after(statement) & set(HEAVY)


def test_one_json_document_on_stdout(process):
    ran = process("predict", "linear", "--d", 64, "--N", 100, "--json")
    assert ran.err == ""
    assert ran.result["N"] == 100
    assert ran.document["command"] == "recall predict linear --d 64 --N 100 --json"


def test_the_installed_command_and_the_module_are_the_same(process):
    version = process("--version")
    assert version.status == 0
    assert version.out.strip()


def test_an_unknown_name_is_one_line(process):
    assert process("verify", "linear-capasity").complaint == (
        "unknown theorem 'linear-capasity'; did you mean 'linear-capacity'?"
    )


def test_a_violated_claim_gives_status_1(tmp_path):
    """A theorem dropped in by hand, judged by the command in a process of its own."""
    code = (
        "import sys\nfrom tests.helpers import toys\nfrom theory import registry\n"
        "from theory.claims import Verdict\nfrom theory.cli import main\n"
        "theorem = toys.theorem(toys.claim('wrong', Verdict.VIOLATED))\n"
        "registry.known_theorems = lambda sources=(): {theorem.name: theorem}\n"
        "sys.argv = ['recall', 'verify', '--json', '--workers', '1']\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["violated"] == 1
    assert done.stderr == ""


@pytest.mark.parametrize("file", ["theory.py", "theory/__init__.py"])
def test_a_file_of_the_name_of_our_package_is_no_trouble(process, tmp_path, file):
    """As in another checkout of this project."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("")
    assert "linear-capacity" in process("list", "--json").out


def test_an_interrupt_gives_status_130(process, tmp_path):
    """The construction itself sends the signal, so the moment is always the same."""
    (tmp_path / "slow.py").write_text(
        "import os, signal, time\n\n"
        # A shell's background jobs, and with them these tests, may be told to ignore interrupts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n\n"
        "def build(E, U, f, *, rng):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.2)\n"
        "    return lambda E: E\n"
    )
    ran = process("measure", "slow:build", "--d", 4, "--N", 3, "--json", "--plot", "a.png")
    assert (ran.status, ran.out, ran.err) == (130, "", "recall: interrupted\n")
    assert not (tmp_path / "a.png").exists()


def test_an_interrupt_in_this_process_too(recall, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("sims.memories.capacity"), "capacity", interrupted)
    ran = recall("capacity", "linear", "--d", 8)
    assert (ran.status, ran.out, ran.err) == (130, "", "recall: interrupted\n")


def test_memory_that_runs_out_is_one_line(recall, monkeypatch):
    def greedy(*arguments, **options):
        raise MemoryError("Unable to allocate 3 PiB")

    monkeypatch.setattr(import_module("sims.memories.recall"), "measure", greedy)
    assert recall("measure", "linear", "--d", 8, "--N", 4).complaint == (
        "not enough memory: Unable to allocate 3 PiB"
    )


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    """`recall list | true`: nobody is left to tell."""
    command = Path(sys.executable).with_name("recall")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as stdout:
        done = subprocess.run(
            [command, "list", "--json"], cwd=tmp_path, stdout=stdout, stderr=subprocess.PIPE,
            timeout=120, check=False,
        )  # fmt: skip
    # As a program has that SIGPIPE ends; 1 would be the status of a claim that is violated.
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == b""


def test_a_construction_of_the_user(process, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from assoc import Factors\n\n"
        "def build(E, U, f, *, rng):\n"
        "    return Factors((U[f].T @ E,))\n"
    )
    ran = process("capacity", "mine:build", "--d", 8, "--trials", 2, "--json")
    assert ran.result["memory"] == "mine:build"
    assert ran.err == ""


@pytest.mark.parametrize("command", ["measure linear", "measure mine:build"])
def test_folders_of_the_user_do_not_stand_in_for_packages(process, tmp_path, command):
    """Researchers have folders called sims; none is to be imported in place of ours."""
    for name in ("sims", "assoc", "theory", "numba", "pandas"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('not this one')\n")
    (tmp_path / "mine.py").write_text(
        "from assoc import Factors\n\n"
        "def build(E, U, f, *, rng):\n"
        "    return Factors((U[f].T @ E,))\n"
    )
    ran = process(*command.split(), "--d", 8, "--N", 3, "--trials", 2, "--json")
    assert ran.result["recall"] <= 1


def test_tables_have_no_colours_off_a_terminal(process):
    ran = process("conditions", "linear-capacity", "--d", 64, "--N", 4000)
    assert ran.status == 3
    assert "\x1b" not in ran.out + ran.err
    assert "no" in ran.out
