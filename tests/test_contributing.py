"""What `recall new-theorem` writes, as it stands, in a copy of the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-c", "from theory.cli import main; main()")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout with the new file in it."""
    copy = tmp_path_factory.mktemp("copy") / "checkout"
    for name in ("assoc", "sims", "theory"):
        shutil.copytree(ROOT / name, copy / name)
    (copy / "tests").mkdir()
    for name in ("pyproject.toml", "tests/conftest.py", "tests/test_layout.py"):
        shutil.copy2(ROOT / name, copy / name)
    run(*COMMAND, "new-theorem", "my-theorem", "--out", "theory/theorems", where=copy)
    return copy


def run(*command, where, status=0):
    """What a program prints that is run in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(where)}
    done = subprocess.run(
        [*map(str, command)], cwd=where, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_its_claim_is_listed_holds_and_has_controls_that_catch(checkout):
    assert "my-theorem" in run(*COMMAND, "list", where=checkout)
    document = json.loads(run(*COMMAND, "verify", "my-theorem", "--json", where=checkout))
    (claim,) = document["claims"]
    assert claim["verdict"] == "holds"
    assert claim["controls"] == {"must_fail": "violated", "fault": "violated"}


@pytest.mark.slow
def test_its_hypotheses_are_checked_and_it_has_an_appendix(checkout):
    conditions = run(
        *COMMAND, "conditions", "my-theorem", "--d", "64", "--N", "256", where=checkout
    )
    assert "assumed: The fact map f is injective." in conditions
    run(*COMMAND, "appendix", "--only", "my-theorem", "--out", "appendix", where=checkout)
    assert (checkout / "appendix" / "tables" / "my-theorem.tex").is_file()
    assert (checkout / "appendix" / "figures" / "my-theorem.pdf").is_file()


@pytest.mark.slow
def test_it_keeps_the_rules_of_the_house(checkout):
    written = checkout / "theory" / "theorems" / "my_theorem.py"
    pytest_layout = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_layout.py")
    found = run(sys.executable, *pytest_layout, "-k", "my_theorem", where=checkout)
    assert re.search(r"\d+ passed", found)
    style = ("-m", "ruff", "--quiet")
    if shutil.which("ruff", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("the extra 'test' is not installed: no ruff")
    run(sys.executable, *style, "check", written, where=checkout)
    run(sys.executable, *style, "format", "--check", written, where=checkout)
    # Types are checked beside the checkout's own cache, which a copy does not have.
    alone = checkout.parent / "my_theorem.py"
    shutil.copy(written, alone)
    run(sys.executable, "-m", "mypy", alone, where=ROOT)
