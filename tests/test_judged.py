"""Findings of ``make verify`` are taken for the tests if, and only if, this code made them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sims.sweeps.fingerprint import fingerprint
from sims.sweeps.store import Point, Store
from tests.helpers.judged import finding, stored
from theory.claims import Verdict
from theory.registry import find
from theory.running import claim_task

ROOT = Path(__file__).parents[1]

THEOREM = find("sharp-linear-capacity")
CLAIM = next(claim for claim in THEOREM.claims if claim.name == "limits")


@pytest.fixture
def write(tmp_path):
    """Write a store with one point whose finding says that it comes from there."""
    task = claim_task(THEOREM.name, CLAIM.name, "fault", seed=0)
    record = CLAIM.check(seed=0, **CLAIM.regime("fault")).to_dict() | {"note": "from the store"}

    def written(*, code=None, text=None):
        path = tmp_path / "a.sqlite"
        with Store(path, {"code": code or fingerprint(["theory"])}) as store:
            store.add(Point(task.key, text or task.text(), json.dumps(record), 1.0, 2.0))
        return path

    yield written
    stored.cache_clear()


def noted(path, regime="fault", **seed):
    return finding(THEOREM, CLAIM, regime, path=path, **seed).note == "from the store"


def test_what_this_code_found_is_not_computed_again(write):
    path = write()
    assert noted(path)
    assert finding(THEOREM, CLAIM, "fault", path=path).verdict is Verdict.VIOLATED
    assert not noted(path, "quick")
    assert not noted(path, seed=1)


def test_what_was_found_before_the_libraries_that_train_were_there_counts(write):
    assert noted(write(code=fingerprint(["theory"], training=False)))


def test_what_was_found_before_language_models_were_there_counts_where_none_is_needed(write):
    path = write(code=fingerprint(["theory"], language_models=False))
    assert noted(path)
    with_models = fingerprint(["theory"]) != fingerprint(["theory"], language_models=False)
    assert bool(stored(path, extra="lm")) is not with_models


def test_a_claim_is_judged_in_one_process_however_they_are_asked_for():
    command = "-m theory -n 2 -v -p no:cacheprovider -k dot-products tests/theory/test_claims.py"
    environment = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *command.split()], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    workers = re.findall(r"^\[(gw\d+)\].* PASSED ", done.stdout, re.MULTILINE)
    assert (done.returncode, len(workers), len(set(workers))) == (0, 6, 1), done.stdout


def test_no_claim_computes_with_the_libraries_that_train():
    """In a process of its own, since other tests load them."""
    code = (
        "import sys; from theory.registry import registered; assert len(registered()) > 10; "
        "sys.exit(any(name.startswith(('sims.training', 'torch')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_other_code_found_is_computed_again(write):
    assert not noted(write(code="0" * 12))


def test_a_finding_of_other_arguments_is_computed_again(write):
    assert not noted(write(text="{}"))


def test_without_a_store_everything_is_computed(tmp_path):
    assert not noted(tmp_path / "none.sqlite")
