"""The page "Real facts and real vectors": its commands, and that they say what its tables say."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from theory.cli import main

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "real-facts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


def rows_of(name: str) -> list[Mapping[str, Any]]:
    """The rows of a stored table."""
    text = (DOCS / "results" / f"{name}.json").read_text(encoding="utf-8")
    rows: list[Mapping[str, Any]] = json.loads(text)["rows"]
    return rows


def stored(name: str, **where: Any) -> Mapping[str, Any]:
    """The row of a stored table with the given values."""
    rows = rows_of(name)
    (row,) = (row for row in rows if all(row[key] == value for key, value in where.items()))
    return row


@pytest.fixture
def said(monkeypatch, capsys):
    """What a command of the page says as JSON; it must be on the page."""

    def _said(command, status=0):
        assert command in COMMANDS
        program, *arguments = shlex.split(command)
        assert program == "recall"
        monkeypatch.setattr("sys.argv", ["recall", *arguments, "--json"])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == status
        return json.loads(capsys.readouterr().out)["result"]

    return _said


def test_every_command_of_the_page_is_run_here():
    # A command that is too long for a line stands on two.
    source = Path(__file__).read_text(encoding="utf-8").replace('"\n        "', "")
    assert COMMANDS
    assert [command for command in COMMANDS if f'"{command}"' not in source] == []


def test_hypotheses_that_fail(said):
    found = said("recall conditions linear-capacity --embeddings glove_words.npz", status=3)
    row = stored("real-vectors", file="`glove_words.npz`")
    values = {each["name"]: each["value"] for each in found["conditions"]}
    assert f"is {row['c']:.3g} / d" in values["isotropic"]
    assert f"has length {row['mean']:.3g} " in values["centred"]
    assert values["no near duplicates"] == f"largest cosine {row['pair']}"
    assert stored("real-vectors-fail", file="`glove_words.npz`")["whiten"] == "duplicates"


def test_a_point_of_the_figure(said):
    command = "recall measure linear --embeddings glove_words.npz --N 100 --preprocess whiten"
    row = stored("real-vectors-recall", file="`glove_words.npz`", N=100)
    assert said(command)["recall"] == pytest.approx(row["whiten"], abs=1e-3)


@pytest.mark.slow
def test_the_table_in_a_memory(said):
    found = said("recall facts territories.csv --several first --memory linear")
    row = stored("real-tables", table="territories, first")
    assert (found["facts"], found["answers"], found["d"]) == (row["N"], row["M"], row["d"])
    assert found["parameters"] == row["parameters"]


@pytest.mark.slow
def test_dual_keys_mend_skew(said):
    found = said("recall facts territories.csv --several first --memory dual-inputs")
    row = stored("real-skew", table="territories, first")
    assert (found["facts"], found["d"]) == (row["N"], row["d"])
    linear = stored("real-tables", table="territories, first")
    assert (round(linear["d"] / row["d"]), round(linear["parameters"] / row["parameters"])) == (
        6,
        38,
    )


def test_predictions_lie_within_their_intervals():
    rows = rows_of("real-tables-drawn") + rows_of("real-skew")
    assert len(rows) == 24 + 3
    for row in rows:
        low, high = row["interval"]
        assert low <= row["predicted"] <= high


@pytest.mark.slow
def test_the_table_on_its_own_vectors(said):
    found = said(
        "recall facts territories.csv --several first --embeddings territories_glove.npz "
        "--preprocess whiten --model attention-only"
    )
    row = stored("real-together", table="territories, first", how="whiten")
    (model,) = found["models"]
    assert model["recall"] == pytest.approx(row["recall"], abs=1e-9)
    assert model["certified"] == pytest.approx(row["certified"], abs=1e-9)
    assert {(subject, answer) for subject, _, answer, _ in model["forgotten"]} == {
        ("Norway", "Norwegian"),
        ("Svalbard & Jan Mayen", "Norwegian Bokmål"),
    }
