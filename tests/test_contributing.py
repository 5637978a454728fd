"""What `recall new-theorem` writes, as it stands, in a copy of the checkout."""

import json
import os
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
def test_it_is_listed_its_claim_holds_and_it_has_an_appendix(checkout):
    conditions = run(
        *COMMAND, "conditions", "my-theorem", "--d", "64", "--N", "256", where=checkout
    )
    assert "assumed: The fact map f is injective." in conditions
    assert "my-theorem" in run(*COMMAND, "list", where=checkout)
    options = ("--only", "my-theorem", "--out", "appendix", "--json")
    document = json.loads(run(*COMMAND, "appendix", *options, where=checkout))
    (claim,) = document["result"]["verdicts"]["claims"]
    assert claim["verdict"] == "holds"
    assert claim["controls"] == {"must_fail": "violated", "fault": "violated"}
    assert (checkout / "appendix" / "tables" / "my-theorem.tex").is_file()
    assert (checkout / "appendix" / "figures" / "my-theorem.pdf").is_file()
