"""The README's quick commands print the numbers that it shows; its local links lead somewhere."""

import json
import re
import shlex
from pathlib import Path

import pytest

from sims.engine.numbers import number_known
from theory.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(recall .+)$", README, re.MULTILINE)
SHOWN = re.findall(r"^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def result_of(command, monkeypatch, capsys, status=0):
    """What a command of the README gives as JSON."""
    assert command in COMMANDS
    monkeypatch.setattr("sys.argv", [*shlex.split(command), "--json"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == status
    return json.loads(capsys.readouterr().out)["result"]


def test_there_are_five_commands_each_with_its_output():
    assert len(COMMANDS) == len(SHOWN) == 5


def test_the_prediction_and_the_measurement(monkeypatch, capsys):
    predicted = result_of("recall predict linear --d 64 --N 256", monkeypatch, capsys)
    assert number_known(predicted["recall"]) in SHOWN[0]
    command = "recall measure linear --d 64 --N 256 --trials 50"
    measured = result_of(command, monkeypatch, capsys)
    low, high = measured["interval"]
    assert f"{number_known(measured['recall'])}   [{low:.4f}, {high:.4f}]" in SHOWN[1]


@pytest.mark.slow
def test_the_conditions(monkeypatch, capsys):
    command = "recall conditions linear-capacity --d 256 --N 500,1500,5000"
    found = json.dumps(result_of(command, monkeypatch, capsys, status=3))
    lines = re.sub(r"\n +", " ", SHOWN[2]).splitlines()
    assert len(lines) == 3
    assert [line for line in lines if line not in found] == []


def test_local_links_lead_to_files():
    targets = re.findall(r"\]\((?!https?://)([^)#\s]+)", README)
    assert len(targets) > 20
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_theorem_is_in_the_table():
    names = {path.stem.replace("_", "-") for path in (ROOT / "theory/theorems").glob("[a-z]*.py")}
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    assert names <= set(re.findall(r"`([\w-]+)`", "\n".join(rows)))
