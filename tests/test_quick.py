"""Which files ``make quick AT=...`` takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.at import ROOT, paths_at


def texts(at):
    return {path.as_posix() for path in paths_at(at)}


def test_a_subject_is_its_folder_on_every_floor_with_its_tests():
    floors = {f"{floor}/gradient_flow" for floor in ("assoc", "sims", "theory")}
    assert texts("gradient_flow") == floors | {f"tests/{floor}" for floor in floors}


@pytest.mark.parametrize("at", ["sims/engine", "sims/engine/", "tests/sims/engine"])
def test_a_folder_of_one_floor(at):
    assert texts(at) == {"sims/engine", "tests/sims/engine"}


@pytest.mark.parametrize("at", ["sims/memories/width.py", "sims/memories/width"])
def test_a_file_comes_with_all_its_tests(at):
    tests = {"tests/sims/memories/test_width.py", "tests/sims/memories/test_width_crossing.py"}
    assert texts(at) == {"sims/memories/width.py"} | tests


def test_a_module_is_found_by_its_name_on_every_floor():
    found = texts("capacity")
    assert {"sims/memories/capacity.py", "theory/memories/capacity.py"} <= found
    assert all((ROOT / path).exists() for path in found)


def test_a_name_that_is_not_there_is_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.at", "gradient_flaw"],
        cwd=Path(ROOT), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("AT=gradient_flaw: no folder or module has that name; folders: ")
    assert done.stderr.count("\n") == 1
    assert "gradient_flow" in done.stderr
