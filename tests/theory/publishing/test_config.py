"""Sizes, seeds, tables and figures of a user's own in an appendix."""

import json
import tomllib
from dataclasses import replace

import pytest

from tests.helpers import toys
from tests.helpers.oracles import complaint
from tests.theory.publishing.test_appendix import manifest, run, toy_exhibit, toy_theorem
from theory.claims import Finding, Kind, Verdict
from theory.publishing.appendix import printed_config
from theory.publishing.config import config_of
from theory.registry import registered
from theory.sources import known_exhibits

EXHIBIT = "nlb-figure-6"
"""One of ours with a figure."""


def read(config):
    return config_of(config, registered(), known_exhibits().values())


@pytest.mark.parametrize("size", ["quick", "full"])
def test_what_is_printed_sets_what_there_is(size, tmp_path):
    file = tmp_path / "sizes.toml"
    file.write_text(printed_config(size=size), encoding="utf-8")
    config = read(file)
    assert len(config.claims) == sum(len(theorem.claims) for theorem in registered())
    for exhibit in known_exhibits().values():
        assert {**exhibit.regime(size), **config.exhibits[exhibit.name]} == exhibit.regime(size)
        table = exhibit.table([])
        assert config.look.table(table) == table


def test_what_is_printed_has_what_is_set_already(tmp_path):
    set_ = {
        "claim": {"linear-capacity": {"guarantee": {"trials": 77, "seed": 5}}},
        "exhibit": {EXHIBIT: {"trials": 9}},
        "table": {EXHIBIT: {"columns": ["d", "N"]}},
        "figure": {"width": 3.0},
    }
    file = tmp_path / "again.toml"
    text = printed_config(["linear-capacity", EXHIBIT], config=set_)
    file.write_text(text, encoding="utf-8")
    again = read(file)
    assert again.claims["linear-capacity/guarantee"]["trials"] == 77
    assert again.claims["linear-capacity/guarantee"]["seed"] == 5
    assert again.exhibits[EXHIBIT]["trials"] == 9
    assert again.look.tables[EXHIBIT].columns == ("d", "N")
    assert again.look.figures[""].width == 3.0


def test_what_is_printed_of_one_theorem_is_of_no_other():
    given = tomllib.loads(printed_config(["linear-capacity"]))
    assert list(given["claim"]) == ["linear-capacity"]
    assert "nlb-figure-6" not in given["exhibit"]


def test_nothing_is_set_where_nothing_is_said():
    assert read(None) == read({})


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"claims": {}}, "config: claims: did you mean 'claim'?"),
        ({"claim": 3}, "config: claim is no table"),
        (
            {"claim": {"linear-capasity": {}}},
            "config: claim: linear-capasity: did you mean 'linear-capacity'?",
        ),
        ({"claim": {"linear-capacity": 3}}, "config: claim.linear-capacity is no table"),
        (
            {"claim": {"linear-capacity": {"guarantees": {}}}},
            "config: claim.linear-capacity: guarantees: did you mean 'guarantee'?",
        ),
        (
            {"claim": {"linear-capacity": {"guarantee": {"trial": 3}}}},
            "config: claim.linear-capacity.guarantee: trial: did you mean 'trials'?",
        ),
        (
            {"claim": {"linear-capacity": {"guarantee": {"trials": "x"}}}},
            "config: claim.linear-capacity.guarantee: trials = 'x' is not an integer",
        ),
        (
            {"claim": {"linear-capacity": {"guarantee": {"seed": -1}}}},
            "config: claim.linear-capacity.guarantee.seed = -1 is not an integer from 0 to "
            "9223372036854775807",
        ),
        (
            {"exhibit": {"mlp-width": {}}},
            "config: exhibit: mlp-width: did you mean 'mlp-widths'?",
        ),
        (
            {"exhibit": {EXHIBIT: {"sizes": 3}}},
            f"config: exhibit.{EXHIBIT}: sizes = 3 is no list",
        ),
        ({"table": {"digit": 3}}, "config: table: digit: did you mean 'digits'?"),
        ({"table": {"digits": 0}}, "config: table.digits = 0 is not an integer from 1 to 17"),
        ({"table": {"digits": {"d": 3}}}, "config: table.digits is not an integer"),
        (
            {"table": {EXHIBIT: {"columns": ["d", "NN"]}}},
            f"config: table.{EXHIBIT}.columns: NN: did you mean 'N'?",
        ),
        (
            {"table": {EXHIBIT: {"columns": ["d", "d"]}}},
            f"config: table.{EXHIBIT}.columns = ['d', 'd'] is no list of different columns",
        ),
        (
            {"table": {EXHIBIT: {"digits": {"dd": 3}}}},
            f"config: table.{EXHIBIT}.digits: dd: did you mean 'd'?",
        ),
        ({"figure": {"widths": 3}}, "config: figure: widths: did you mean 'width'?"),
        (
            {"figure": {"width": 0.3}},
            "config: figure.width = 0.3 is not a number of inches from 1 to 40",
        ),
        (
            {"figure": {EXHIBIT: {"style": "none.mplstyle"}}},
            f"config: figure.{EXHIBIT}.style = 'none.mplstyle': no such file, and no style of "
            "Matplotlib's",
        ),
        ({"figure": {"mlp-widths": {}}}, "config: figure: mlp-widths: "),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(config, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert complaint(read, config).startswith(said)


def test_a_file_that_is_no_toml_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sizes.toml").write_text("[claim\n", encoding="utf-8")
    assert complaint(read, "sizes.toml").startswith("sizes.toml: cannot be read (Expected ']'")
    assert complaint(read, "none.toml") == "none.toml: no such file"


def test_a_style_sheet_with_an_unknown_key_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.mplstyle").write_text("font.sized: 7\n", encoding="utf-8")
    said = complaint(read, {"figure": {"style": "mine.mplstyle"}})
    assert said == "mine.mplstyle: font.sized: did you mean 'font.size'?"


# --- in an appendix -----------------------------------------------------------------------------


def counting(*, seed, trials=3, wrong=False):
    """A check whose finding says what it was asked for."""
    verdict = Verdict.VIOLATED if wrong else Verdict.HOLDS
    return Finding(verdict, "trials", float(trials), None, float(seed), 1.0)


def counted(name="counted"):
    claim = toys.claim(
        name, quick={"trials": 5}, must_fail={"wrong": True}, fault={"wrong": True, "trials": 9}
    )
    quick = {key: value for key, value in claim.quick.items() if key != "verdict"}
    return replace(claim, check=counting, quick=quick, kind=Kind.EXACT)


@pytest.fixture
def shelf(monkeypatch):
    toys.register(
        monkeypatch,
        theorems=(toy_theorem("first", counted(), counted("other")),),
        exhibits=(toy_exhibit("drawn", "first"),),
    )


CONFIG = """
[claim.first.counted]
trials = 8
seed = 3

[exhibit.drawn]
d = [4]
seed = 2

[table]
digits = 2

[table.drawn]
columns = ["seed"]

[figure]
width = 3.3
"""


def judged(folder, claim):
    document = json.loads((folder / "verify.json").read_text(encoding="utf-8"))
    return next(each for each in document["claims"] if each["claim"] == claim)


def test_a_config_changes_sizes_seeds_columns_and_widths(shelf, tmp_path):
    file = tmp_path / "sizes.toml"
    file.write_text(CONFIG, encoding="utf-8")
    out = tmp_path / "out"
    run(out, config=file)
    counted, other = judged(out, "counted"), judged(out, "other")
    assert (counted["measured"], counted["predicted"]) == (8.0, 3.0)
    assert (other["measured"], other["predicted"]) == (5.0, 0.0)
    rows = (out / "tables/first-must-fail.csv").read_text(encoding="utf-8").splitlines()
    # A control keeps what makes it one.
    assert [row.split(",")[2] for row in rows[1:]] == ["8.0", "9.0", "5.0", "9.0"]
    assert (out / "tables/drawn.csv").read_text(encoding="utf-8") == "seed\n2\n"
    assert "`counted` with trials = 8; seed = 3." in (out / "tables/first.md").read_text("utf-8")
    svg = (out / "figures/drawn.svg").read_text(encoding="utf-8")
    assert 'width="237.6pt"' in svg
    assert manifest(out)["set"] == tomllib.loads(CONFIG)
    assert manifest(out)["config"] == str(file)


def test_other_sizes_are_computed_and_those_of_before_are_kept(shelf, tmp_path):
    out = tmp_path / "out"
    first = run(out)
    changed = run(out, config={"claim": {"first": {"counted": {"trials": 8}}}})
    # Its regime and two controls, and then nothing: the points of before are still there.
    assert (first.computed, changed.computed, changed.points) == (8, 3, 8)
    assert run(out).computed == 0


def test_the_project_sets_what_no_file_does(shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "[tool.recall.appendix.exhibit.drawn]\nd = [4, 5, 6]\n"
    (tmp_path / "pyproject.toml").write_text(lines, encoding="utf-8")
    run(tmp_path / "out")
    assert len((tmp_path / "out/tables/drawn.csv").read_text("utf-8").splitlines()) == 4
    said = complaint(run, tmp_path / "no", config={"exhibit": {"drawn": {"d": ["x"]}}})
    assert said == "config: exhibit.drawn: d = 'x' is not an integer"
    assert not (tmp_path / "no").exists()
    lines = "[tool.recall.appendix.exhibit.drawn]\nD = [4]\n"
    (tmp_path / "pyproject.toml").write_text(lines, encoding="utf-8")
    said = complaint(run, tmp_path / "no")
    assert said == "pyproject.toml [tool.recall.appendix]: exhibit.drawn: D: known: d"
