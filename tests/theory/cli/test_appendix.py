"""``recall appendix`` and ``recall status``: what they write, say and refuse."""

import json
from dataclasses import replace

import pytest

from sims.engine.tables import Column
from sims.sweeps.store import Store
from sims.sweeps.tasks import Task
from tests.helpers import toys
from theory.claims import Verdict
from theory.exhibit import Exhibit

STORE = "out/appendix-quick-seed0.sqlite"


def draw(found):
    """A figure that takes no time."""
    from matplotlib.figure import Figure

    return Figure(figsize=(1.0, 1.0))


def exhibit(name, *, work="builtins:dict"):
    """A table of one point, which is what it was asked for."""

    def points(*, seed, size, d):
        return [Task(f"{name} d={d} seed={seed}", work, {"d": d, "seed": seed})]

    return Exhibit(
        name, "first", "A toy", "A toy.", points, lambda _, values: list(values),
        {"d": Column("$d$"), "seed": Column("seed")}, quick={"d": 8}, full={"d": 16},
    )  # fmt: skip


@pytest.fixture
def use(monkeypatch):
    """Register theorems with these claims, by name, and these exhibits of the first."""

    def register(claims, *exhibits):
        theorems = tuple(
            replace(toys.theorem(*own, name=name), figure=draw) for name, own in claims.items()
        )
        toys.register(monkeypatch, theorems=theorems, exhibits=exhibits)
        # Other processes would not know of them.
        monkeypatch.setenv("RECALL_WORKERS", "1")

    return register


@pytest.fixture
def all_well(use):
    use({"first": [toys.claim("right")], "second": [toys.claim("unsure", Verdict.INCONCLUSIVE)]},
        exhibit("shown"), exhibit("listed"))  # fmt: skip


def test_the_json_says_what_was_written(recall, all_well, tmp_path):
    ran = recall("appendix", "--out", "out", "--json")
    document = ran.document
    assert list(document) == ["tool", "version", "command", "seed", "result"]
    assert (document["tool"], document["seed"]) == ("recall", 0)
    assert document["command"] == "recall appendix --out out --json"
    result = document["result"]
    assert list(result) == [
        "folder", "store", "points", "computed", "seconds", "files", "missing", "verdicts",
    ]  # fmt: skip
    assert (result["folder"], result["store"]) == ("out", STORE)
    assert (result["points"], result["computed"], result["missing"]) == (8, 8, {})
    assert result["verdicts"]["summary"] == {
        "holds": 1, "violated": 0, "inconclusive": 1, "not_applicable": 0,
    }  # fmt: skip
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == result["files"]
    assert manifest["command"] == document["command"]
    assert all((tmp_path / "out" / name).is_file() for name in result["files"])
    assert ran.err == "8 points computed, 8 in all; wrote out/report.html\n"


def test_the_table_shows_the_verdicts(recall, all_well):
    ran = recall("appendix", "--out", "out")
    assert ran.status == 0
    for text in ("first", "second", "right", "unsure", "1 holds, 1 inconclusive"):
        assert text in ran.out
    assert "\x1b" not in ran.out + ran.err


def test_it_goes_on_from_what_is_stored(recall, all_well, tmp_path):
    recall("appendix", "--out", "out", "--only", "shown")
    ran = recall("appendix", "--out", "out", "--json")
    assert (ran.document["result"]["points"], ran.document["result"]["computed"]) == (8, 7)
    assert ran.err.splitlines() == [
        "1 of 8 points found in the store",
        "7 points computed, 8 in all; wrote out/report.html",
    ]


@pytest.mark.parametrize(
    "names", [["--only", "second", "--only", "shown"], ["--only", "second,shown"]]
)
def test_parts_may_be_named(recall, all_well, names):
    result = recall("appendix", "--out", "out", *names, "--json").result
    tables = {name for name in result["files"] if name.endswith(".csv")}
    assert tables == {"tables/second.csv", "tables/second-must-fail.csv", "tables/shown.csv"}
    assert result["points"] == 4


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_violated_claim_gives_status_1(recall, use, tmp_path, arguments):
    use({"first": [toys.claim("wrong", Verdict.VIOLATED)]}, exhibit("lost", work="math:sqrt"))
    ran = recall("appendix", "--out", "out", *arguments)
    # Also where something is missing as well.
    assert ran.status == 1
    assert (tmp_path / "out" / "tables" / "first.tex").exists()
    if arguments:
        assert json.loads(ran.out)["result"]["verdicts"]["summary"]["violated"] == 1
    else:
        assert "1 violated" in ran.out


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_what_is_missing_gives_status_3_and_is_named(recall, use, tmp_path, arguments):
    use({"first": [toys.claim("right")]}, exhibit("lost", work="math:sqrt"), exhibit("shown"))
    ran = recall("appendix", "--out", "out", *arguments)
    assert ran.status == 3
    last = ran.err.splitlines()[-1]
    assert last.startswith("not written: lost, no data for lost d=8 seed=0 (TypeError: ")
    assert not (tmp_path / "out" / "tables" / "lost.csv").exists()
    assert (tmp_path / "out" / "tables" / "shown.csv").read_text() == "d,seed\n8,0\n"
    if arguments:
        assert list(json.loads(ran.out)["result"]["missing"]) == ["lost"]
    assert "Traceback" not in ran.err


def test_the_seed_and_the_size_name_the_store(recall, all_well, tmp_path):
    result = recall("appendix", "--out", "out", "--size", "full", "--seed", 4, "--json").result
    assert result["store"] == "out/appendix-full-seed4.sqlite"
    assert (tmp_path / "out" / "tables" / "shown.csv").read_text() == "d,seed\n16,4\n"


def test_the_store_may_be_elsewhere(recall, all_well, tmp_path):
    result = recall("appendix", "--out", "out", "--store", "points.sqlite", "--json").result
    assert result["store"] == "points.sqlite"
    assert (tmp_path / "points.sqlite").is_file()
    assert not list((tmp_path / "out").glob("*.sqlite"))


def test_without_resuming_a_store_with_points_is_refused(recall, all_well, tmp_path):
    assert recall("appendix", "--out", "out", "--no-resume").status == 0
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    complaint = recall("appendix", "--out", "out", "--no-resume").complaint
    assert complaint == f"--no-resume: {STORE} exists; name another store, or remove it"
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before


def test_redrawing_computes_nothing(recall, all_well, tmp_path):
    recall("appendix", "--out", "out")
    page = tmp_path / "out" / "report.html"
    page.unlink()
    result = recall("appendix", "--out", "out", "--redraw", "--json").result
    assert (result["computed"], result["points"]) == (0, 8)
    assert page.exists()


def test_redrawing_what_is_not_there_gives_status_3(recall, all_well):
    recall("appendix", "--out", "out", "--only", "shown")
    ran = recall("appendix", "--out", "out", "--redraw")
    assert ran.status == 3
    assert [line.split(",")[0] for line in ran.err.splitlines()[1:]] == [
        "not written: first", "not written: listed", "not written: second",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "secnd"], "unknown theorem 'secnd'; did you mean 'second'?"),
        (["--only", "shown,frist"], "unknown theorem 'frist'; did you mean 'first'?"),
        (["--size", "huge"], "size 'huge' is not one of quick, full"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["--workers", "0"], "Invalid value for '--workers'"),
        (["--executor", "magic"], "--executor 'magic' is neither processes nor threads"),
        (["--executor", "tcp://a:1"], "--executor 'tcp://a:1' is neither processes nor threads"),
        (["--scheduler", "here"], "--scheduler 'here' is no address like tcp://127.0.0.1:8786"),
        (["--redraw"], f"{STORE}: no such file"),
        (["--store", "no/points.sqlite", "--redraw"], "no/points.sqlite: no such file"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_made(
    recall, all_well, tmp_path, arguments, said
):
    complaint = recall("appendix", "--out", "out", *arguments).complaint
    # An exhibit may be called what a theorem is not.
    assert complaint.replace("theorem or exhibit", "theorem").startswith(said)
    assert list(tmp_path.iterdir()) == []


def test_an_exhibit_is_suggested_too(recall, all_well):
    complaint = recall("appendix", "--out", "out", "--only", "shwon").complaint
    assert "'shwon'" in complaint
    assert "did you mean 'shown'?" in complaint


@pytest.mark.parametrize("names", [",", "", " "])
def test_only_nothing_is_not_everything(recall, all_well, tmp_path, names):
    ran = recall("appendix", "--out", "out", "--only", names)
    assert ran.status == 2, ran
    assert list(tmp_path.iterdir()) == []


def test_a_scheduler_that_does_not_answer_is_named(recall, all_well, monkeypatch):
    def refuse(address):
        from assoc import InputError

        raise InputError(f"{address}: no scheduler answers")

    monkeypatch.setattr("sims.sweeps.executors.cluster", refuse)
    complaint = recall("appendix", "--out", "out", "--scheduler", "tcp://127.0.0.1:1").complaint
    assert complaint == "tcp://127.0.0.1:1: no scheduler answers"


def test_the_folder_must_be_named(recall, all_well):
    assert "--out" in recall("appendix").complaint


def test_a_file_is_no_folder(recall, all_well, tmp_path):
    (tmp_path / "out").write_text("mine")
    assert recall("appendix", "--out", "out").complaint.startswith("out: cannot be made (")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_store_of_another_seed_is_refused(recall, all_well):
    recall("appendix", "--out", "out", "--store", "points.sqlite")
    complaint = recall(
        "appendix", "--out", "out", "--store", "points.sqlite", "--seed", 1
    ).complaint
    assert complaint.startswith("points.sqlite: holds a sweep with seed = 0, ")


def test_the_status_says_how_far_a_sweep_is(recall, all_well):
    recall("appendix", "--out", "out", "--only", "shown,second")
    result = recall("status", STORE, "--json").result
    assert (result["store"], result["points"], result["total"]) == (STORE, 4, 8)
    assert result["request"]["sweep"] == "appendix"
    parts = {part["part"]: (part["points"], part["of"]) for part in result["parts"]}
    assert parts == {"first": (0, 3), "second": (3, 3), "shown": (1, 1), "listed": (0, 1)}
    assert result["last"] > 0
    ran = recall("status", STORE)
    assert ran.status == 0
    assert ran.out.endswith("4 points; the whole appendix has 8\n")
    assert "seed 0" in ran.out
    for part in parts:
        assert part in ran.out


def test_the_status_of_another_sweep_has_no_total(recall, all_well, tmp_path):
    with Store(tmp_path / "own.sqlite", {"sweep": "mine"}):
        pass
    result = recall("status", "own.sqlite", "--json").result
    assert (result["points"], result["total"], result["last"]) == (0, None, None)
    ran = recall("status", "own.sqlite")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("0 points\n")


def test_the_status_of_what_is_no_store_is_refused(recall, tmp_path):
    assert recall("status", "none.sqlite").complaint == "none.sqlite: no such file"
    (tmp_path / "folder").mkdir()
    assert recall("status", "folder").complaint.startswith("folder: ")
    text = tmp_path / "notes.txt"
    text.write_text("mine " * 1000)
    assert recall("status", "notes.txt").complaint.startswith("notes.txt: not a sweep store")
    assert text.read_text() == "mine " * 1000
    (tmp_path / "empty.sqlite").touch()
    assert recall("status", "empty.sqlite").complaint.startswith("empty.sqlite: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "empty.sqlite",
        "folder",
        "notes.txt",
    ]
