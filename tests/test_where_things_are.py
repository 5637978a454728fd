"""The page that leads from questions to files, held to the tree."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "where-things-are.md"
ROW = re.compile(r"^\| (.+\?) \| `([\w/]+\.py)` \| `(\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_there_are_twenty_questions_and_each_has_a_file_of_its_own():
    assert len(ROWS) >= 20
    assert len({file for _, file, _ in ROWS}) == len(ROWS)
    # No row of the table is passed over because it is written in another way.
    assert PAGE.read_text(encoding="utf-8").count("? | `") == len(ROWS)


@pytest.mark.parametrize(("question", "file", "name"), ROWS, ids=[row[2] for row in ROWS])
def test_the_answer_is_in_the_file_that_is_named(question, file, name):
    path = ROOT / file
    assert path.is_file()
    module = importlib.import_module(".".join(Path(file).with_suffix("").parts))
    assert name in module.__all__
    assert re.search(rf"^(def {name}\(|class {name}\b|{name}\b.* = )", path.read_text(), re.M)


def test_every_room_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for floor in ("assoc", "sims", "theory"):
        row = re.search(rf"^\| `{floor}/` \| (.+) \|$", text, re.MULTILINE)
        assert row
        rooms = {path.parent.name for path in (ROOT / floor).glob("*/__init__.py")}
        assert set(re.findall(r"`(\w+)`", row[1])) == rooms
