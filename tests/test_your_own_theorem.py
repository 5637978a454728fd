"""The pages "Your theorem" and "Your appendix": every command of them, in an empty folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "docs" / "paper"
PAGES = ("your-own-theorem.md", "your-appendix.md")
PAGE = "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in PAGES)
PROGRAMS = {
    "recall": [sys.executable, "-c", "from theory.cli import main; main()"],
    "pytest": [sys.executable, "-m", "pytest"],
    "python": [sys.executable],
}
REPLACED = {"pinv": "pinv.py", "pseudo-inverse": "theorems/pseudo_inverse.py"}
"""Files that the pages have edited after they were written, by their names."""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("your-own-theorem")]


def run(command, where, status=0):
    """What a command of the pages prints, in a folder."""
    program, *arguments = shlex.split(command, comments=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*PROGRAMS.get(program, [program]), *arguments], cwd=where, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_every_file_of_the_paper_is_on_a_page():
    shown = set(re.findall(r"literalinclude\} paper/(\S+)", PAGE))
    files = {str(path.relative_to(PAPER)) for path in PAPER.rglob("*") if path.is_file()}
    assert {name for name in files if "__pycache__" not in name} == shown


def test_the_commands_of_the_pages(tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    assert commands.pop(0).startswith("pip install")
    shutil.copy(PAPER / "paper.tex", tmp_path)
    said = {}
    for command in commands:
        if command.startswith("pdflatex") and not shutil.which("pdflatex"):
            assert "RECALL_RENDER" not in os.environ
            continue
        if command == "recall list --theorems theorems/pseudo_inverse.py":
            shutil.copy(PAPER / "pyproject.toml", tmp_path)
        # Judged on another memory than its own, a claim is violated.
        said[command] = run(command, tmp_path, status=1 if "--memory" in command else 0)
        if command.startswith("recall new-"):
            _, _, name, *_ = command.split()
            assert (tmp_path / REPLACED[name]).is_file()
            shutil.copy(PAPER / REPLACED[name], tmp_path / REPLACED[name])
    assert (
        "The pseudo-inverse maps d facts exactly"
        in said["recall list --theorems theorems/pseudo_inverse.py"]
    )
    assert "2 holds" in said["recall verify pseudo-inverse"]
    assert "8 passed" in said["pytest -m theory"]
    rows = (tmp_path / "appendix/tables/pseudo-inverse.csv").read_text().splitlines()
    assert rows[0] == "claim,quantity,measured,predicted,allowed,verdict"
    caption = (tmp_path / "appendix/tables/pseudo-inverse.md").read_text().partition("\n")[0]
    assert caption.endswith("`strength` with d = [16, 32, 64]; trials = 200.")
    latex = [command for command in said if command.startswith("pdflatex")]
    if latex:
        assert re.search(r"\(2 pages, \d+ bytes\)", said[latex[-1]])
        assert "undefined" not in said[latex[-1]]


@pytest.fixture
def folder(tmp_path):
    """The paper's folder, with the claim of its theorem that is judged soonest."""
    shutil.copytree(PAPER, tmp_path / "paper")
    return tmp_path / "paper"


def test_a_claim_that_does_not_hold_fails_in_pytest_and_says_why(folder):
    file = folder / "theorems" / "pseudo_inverse.py"
    file.write_text(file.read_text().replace('"load": 1.0', '"load": 1.2'))
    found = run("pytest -m theory -q -k exact", folder, status=1)
    assert "pseudo-inverse: exact: Up to d facts are mapped exactly" in found
    assert re.search(r"verdict +violated, expected holds", found)
    assert "1 failed, 3 passed" in found


def test_claims_whose_extra_is_missing_are_skipped_and_say_so(folder):
    file = folder / "theorems" / "pseudo_inverse.py"
    file.write_text(file.read_text().replace("THEOREM = Theorem(", 'THEOREM = Theorem(extra="lm",'))
    (folder / "conftest.py").write_text(
        "from theory import extras\n\nextras.EXTRAS = {'lm': ('no_such_module',)}\n"
    )
    found = run("pytest -m theory -q -rs -k exact", folder)
    assert "4 skipped" in found
    assert "the extra 'lm' is not installed: no_such_module is not installed" in found


def test_pytest_adds_nothing_unless_it_is_asked(folder):
    (folder / "test_other.py").write_text("def test_other():\n    assert True\n")
    assert "1 passed" in run("pytest -q", folder)
    assert "1 deselected" in run("pytest -q -m theory test_other.py", folder, status=5)
    collected = run("pytest -q --recall --recall-size quick,full --collect-only", folder)
    for name in ("exact[quick]", "exact[full]", "exact[fault]", "strength[must_fail]"):
        assert f"theorems/pseudo_inverse.py::{name}" in collected
    assert "11 tests collected" in collected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--recall --recall-size huge", "ERROR: size 'huge' is not one of quick, full"),
        ("--recall-theorems nowhere.py", "ERROR: no file or folder 'nowhere.py'"),
    ],
)
def test_options_of_pytest_that_are_wrong_are_named(folder, options, said):
    assert said in run(f"pytest -q {options}", folder, status=4)


@pytest.mark.parametrize("name", ["my-theorem", "another-one"])
def test_a_new_theorem_is_listed_as_it_stands(tmp_path, name):
    said = run(f"recall new-theorem {name} --out own", tmp_path)
    module = name.replace("-", "_")
    assert said.splitlines()[0] == f"wrote own/{module}.py"
    text = (tmp_path / "own" / f"{module}.py").read_text()
    assert f'name="{name}"' in text
    listed = run(f"recall list --theorems own/{module}.py --json", tmp_path)
    assert f'"theorem": "{name}"' in listed


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("new-theorem 'My Theorem'", "'My Theorem' is no name such as my-theorem"),
        ("new-theorem linear-capacity", "'linear-capacity' is the name of another theorem"),
        ("new-theorem json", "'json' is the name of a module that is installed"),
        ("new-theorem class", "'class' is no name such as my-theorem"),
        ("new-construction class", "'class' is no name such as my-construction"),
        ("new-construction there", "there.py exists; choose another name, or remove it"),
    ],
)
def test_a_name_that_will_not_do_is_refused(tmp_path, command, said):
    (tmp_path / "there.py").write_text("x = 1\n")
    assert run(f"recall {command}", tmp_path, status=2) == f"recall: {said}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["there.py"]
