"""The report of a run: whole, self-contained, and the same in HTML as in JSON."""

import base64
import html.parser
import json
import math
import re
import shutil
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from assoc import InputError
from sims.engine.results import new_axes
from tests.helpers import toys
from tests.helpers.oracles import one_line
from theory import verify
from theory.claims import Condition, Kind, Standing, Verdict
from theory.publishing.board import KINDS, STANDINGS
from theory.publishing.report import write_report
from theory.publishing.sections import legend
from theory.rendering.files import as_json

FAILING = Condition("<centred>", False, "0.1 & more", "about 0")
VOID = {"area", "br", "img", "input", "link", "meta", "path", "use"}


class Page(html.parser.HTMLParser):
    """Collects what the tests ask about, and that every element is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.elements, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def run(monkeypatch):
    """A run over two theorems with every verdict, and a control that was missed."""
    first = toys.theorem(
        toys.claim("right"),
        toys.claim("wrong", Verdict.VIOLATED),
        toys.claim("blind", fault={"verdict": Verdict.HOLDS}),
        name="first-toy",
    )
    unfit = toys.claim("unfit", Verdict.NOT_APPLICABLE, quick={"conditions": (FAILING,)})
    second = toys.theorem(unfit, name="second-toy")
    toys.register(monkeypatch, theorems=(first, second))
    return verify(seed=3)


@pytest.fixture
def folder(run, tmp_path):
    page = write_report(run, tmp_path / "a" / "b", command="recall verify --report a/b")
    assert page == tmp_path / "a" / "b" / "report.html"
    return page.parent


@pytest.fixture
def page(folder):
    parser = Page()
    parser.feed((folder / "report.html").read_text(encoding="utf-8"))
    parser.close()
    assert parser.open == []
    return parser


def test_the_folder_holds_the_page_the_figures_and_the_numbers(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "first-toy.png",
        "first-toy.svg",
        "report.html",
        "second-toy.png",
        "second-toy.svg",
        "verify.json",
    ]


def test_the_page_asks_for_nothing_from_elsewhere(page):
    for tag, attributes in page.elements:
        assert tag not in ("script", "iframe", "object", "embed", "base")
        for name, value in attributes.items():
            if name.rpartition(":")[2] in ("src", "href", "srcset", "data", "action"):
                assert value.startswith(("#", "data:")), (tag, name, value)
            assert not re.search(r"url\((?!#)", value or "")
            assert not name.startswith("on")
    assert "@import" not in "".join(page.text)
    assert not re.search(r"url\((?!#)", "".join(page.text))


def test_every_figure_has_alternative_text(page):
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(pictures) == 2
    for name, attributes in zip(("first-toy", "second-toy"), pictures, strict=True):
        assert name in attributes["alt"]
        assert attributes["src"].startswith("data:image/svg+xml;base64,")
        ElementTree.fromstring(base64.b64decode(attributes["src"].partition(",")[2]))


def test_a_figure_has_its_theorem_s_caption_or_the_names_of_its_axes():
    theorem = toys.theorem(toys.claim("right"))
    ax = new_axes(None)
    ax.set(xlabel="$d$", ylabel="$N$")
    assert legend(theorem, ax.figure) == "Measured beside predicted: $N$ against $d$."
    assert legend(replace(theorem, caption="Dots: measured."), ax.figure) == "Dots: measured."


def test_the_board_and_the_tables_have_every_claim(folder, run):
    text = (folder / "report.html").read_text(encoding="utf-8")
    board = text[text.index('<section id="board">') : text.index('<section id="words">')]
    rows = re.findall(r'<tr id="([^"]*)">(.*?)</tr>', text, re.DOTALL)
    assert len(rows) == len(run.claims) == 4
    for (place, row), claim in zip(rows, run.claims, strict=True):
        cells = [cell.strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        assert place == f"{claim.theorem}-{claim.claim.name}"
        assert f'<a href="#{place}">{claim.claim.name}</a>' in board
        assert cells[0] == claim.claim.name
        assert cells[2] == "measured"
        assert cells[3] == str(claim.verdict).replace("_", " ")
        assert cells[4] == "recall &lt;of&gt; toys"
        assert cells[5:9] == ["0.50", "[0.40, 0.60]", "0.49", "0.1"]
        assert cells[9] == claim.finding.noticed
        assert cells[10] == ("MISSED" if claim.claim.name == "blind" else "caught")
    assert board.count("MISSED") == 1
    said = "1 of 4 claims holds: 1 measured; 1 violated, 1 inconclusive, 1 not applicable"
    assert f"<h1>{said}</h1>" in text
    assert "1 of 3 claims holds: 1 measured; 1 violated, 1 inconclusive." in text
    for title in ("first-toy", "second-toy"):
        assert f'href="#{title}">{title}</a>' in board


def test_the_words_of_the_board_are_explained_once(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    words = text[text.index('<section id="words">') : text.index('<section id="first-toy">')]
    for name in (*Kind, *Standing):
        assert words.count(f"<dt>{name}</dt>") == text.count(f"<dt>{name}</dt>") == 1
    assert set(KINDS) == set(Kind)
    assert set(STANDINGS) == set(Standing)


def test_every_table_is_reached_by_keyboard_and_has_a_name_of_its_own(page):
    boxes = [attrs for _, attrs in page.elements if attrs.get("class") == "wide"]
    assert len(boxes) == sum(tag == "table" for tag, _ in page.elements) > 4
    assert all(attrs["tabindex"] == "0" for attrs in boxes)
    names = [attrs["aria-label"] for attrs in boxes]
    assert len(set(names)) == len(names)


def test_records_of_different_keys_share_a_table(run, tmp_path):
    first = run.claims[0]
    more = {key: value for key, value in first.finding.table[0].items() if key != "N"}
    more["rate"] = 0.25
    mixed = replace(first, finding=replace(first.finding, table=(*first.finding.table, more)))
    write_report(replace(run, claims=(mixed,)), tmp_path / "mixed", command="toys")
    text = (tmp_path / "mixed" / "report.html").read_text(encoding="utf-8")
    start = text.index('aria-label="Comparisons of ')
    table = text[start : text.index("</table>", start)]
    keys = [re.sub("<[^>]*>", "", key) for key in re.findall(r"<th>(.*?)</th>", table)]
    cells = re.findall(r'<td class="n">(.*?)</td>', table)
    assert keys == ["d", "N", "measured", "interval", "predicted", "rate"]
    assert (cells[:6], cells[6:]) == (
        ["8", "5", "0.50", "[0.40, 0.60]", "0.49", ""],
        ["8", "", "0.50", "[0.40, 0.60]", "0.49", "0.25"],
    )


def test_controls_that_were_not_run_are_not_called_caught(monkeypatch, tmp_path):
    toys.register(monkeypatch, theorems=(toys.theorem(toys.claim("a")),))
    page = write_report(verify(controls=False), tmp_path, command="recall verify")
    text = page.read_text(encoding="utf-8")
    assert re.search(r"<td>not run\s*</td>", text)
    assert "Where it must fail" not in text


def test_text_is_escaped_and_failing_hypotheses_are_listed(page, folder):
    text = "".join(page.text)
    assert "Toys are recalled & enjoyed." in text
    assert "<centred>: 0.1 & more; required about 0" in text
    assert "recall verify --report a/b" in text
    assert "the toy is broken" in text
    assert "<centred>" not in (folder / "report.html").read_text(encoding="utf-8")


def test_the_json_is_that_of_the_command(folder, run):
    document = json.loads((folder / "verify.json").read_text(encoding="utf-8"))
    assert document["tool"] == "recall"
    assert document["command"] == "recall verify --report a/b"
    assert document["seed"] == 3
    assert document["size"] == "quick"
    assert document["summary"] == run.summary()
    assert [claim["claim"] for claim in document["claims"]] == ["right", "wrong", "blind", "unfit"]
    assert document["claims"][0]["table"] == [toys.ROW]
    assert {"version", "commit", "machine"} <= set(document)


def test_figures_carry_their_origin(folder):
    for path in (*folder.glob("*.png"), *folder.glob("*.svg")):
        assert b"recall verify --report a/b" in path.read_bytes()
    assert (folder / "first-toy.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_result_is_the_same_file(run, folder, tmp_path):
    write_report(run, tmp_path / "again", command="recall verify --report a/b")
    pictures = list(folder.glob("*.svg"))
    assert len(pictures) == 2
    for path in (*pictures, folder / "report.html"):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_a_second_report_replaces_the_first(run, folder):
    write_report(run, folder, command="again")
    assert json.loads((folder / "verify.json").read_text())["command"] == "again"
    assert len(list(folder.iterdir())) == 6


def test_a_folder_that_cannot_be_made_is_named(run, tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(InputError) as caught:
            write_report(run, place, command="")
        assert one_line(caught.value).startswith(f"{place}: cannot be made (")
    shutil.rmtree(tmp_path)


def test_json_holds_numbers_and_nothing_that_is_not_json():
    document = {
        "a": np.float64(0.5),
        "b": [np.int64(3), float("inf"), math.nan, (True, None)],
        3: {"é": np.bool_(True)},
    }
    text = as_json(document)
    assert json.loads(text) == {"a": 0.5, "b": [3, None, None, [True, None]], "3": {"é": True}}
    assert "é" in text
