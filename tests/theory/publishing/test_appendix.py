"""The appendix: whole, the same when it is made again, and honest about what it lacks."""

import hashlib
import json
import re
import stat
from dataclasses import replace

import pytest

import theory.extras
import theory.publishing.appendix
import theory.publishing.status
import theory.registry
from assoc import InputError
from sims.engine.tables import Column
from sims.sweeps.fingerprint import fingerprint
from sims.sweeps.store import stored_points
from sims.sweeps.tasks import Task
from tests.helpers import toys
from tests.helpers.oracles import one_line
from theory.claims import Verdict
from theory.exhibit import Exhibit
from theory.publishing.appendix import appendix, default_store
from theory.publishing.status import status
from theory.rendering.files import library_versions, tool_version

COMMAND = "recall appendix --out out"


def record(**arguments):
    """A point's value, which is what it was asked for."""
    return dict(arguments)


def broken(**arguments):
    """A point that cannot be computed."""
    raise ValueError(f"no value for d = {arguments['d']}")


def draw(found):
    """A figure that takes no time: a line for each record or finding."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    whole = Figure(figsize=(1.0, 1.0))
    for i, _ in enumerate(found):
        whole.add_artist(Line2D([0, 1], [0, 1 / (i + 1)]))
    return whole


def toy_theorem(name, *claims):
    """A theorem whose figure takes no time."""
    return replace(toys.theorem(*claims, name=name), figure=draw)


def toy_exhibit(name, theorem, *, work="record", figure=True, d=(8, 16)):
    """An exhibit of a point for each d."""

    def points(*, seed, size, d):
        return [
            Task(f"{name} d={k} seed={seed}", f"{__name__}:{work}", {"d": k, "seed": seed})
            for k in d
        ]

    return Exhibit(
        name, theorem, f"Exhibit {name}", "A toy of $d$.", points,
        lambda _, values: list(values), {"d": Column("$d$"), "seed": Column("seed")},
        quick={"d": d}, full={"d": (32,)},
        figure=draw if figure else None, alternative="A toy." if figure else "",
    )  # fmt: skip


@pytest.fixture
def use(monkeypatch):
    """Register these theorems and exhibits and no others."""

    def register(theorems, exhibits=()):
        toys.register(monkeypatch, theorems=theorems, exhibits=exhibits)

    return register


@pytest.fixture
def toy_shelf(use):
    """Two theorems; the first has two exhibits, of which one is a table alone."""
    use(
        (
            toy_theorem("first", toys.claim("right"), toys.claim("wrong", Verdict.VIOLATED)),
            toy_theorem("second", toys.claim("right")),
        ),
        (
            toy_exhibit("drawn", "first"),
            toy_exhibit("listed", "first", figure=False),
            toy_exhibit("other", "second"),
        ),
    )


def run(out, **options):
    return appendix(out, **{"workers": 1, "command": COMMAND, **options})


def contents(folder):
    """Every file but the manifest and the store, by its name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json" and ".sqlite" not in path.name
    }


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def files_of(tables, figures):
    return (
        {f"tables/{name}.{suffix}" for name in tables for suffix in ("tex", "csv", "md")}
        | {f"figures/{name}.{suffix}" for name in figures for suffix in ("pdf", "svg")}
        | {"appendix.tex", "report.html", "verify.json"}
    )


def everything():
    own = ["first", "second"]
    return files_of(
        [*own, "first-must-fail", "second-must-fail", "drawn", "listed", "other"],
        [*own, "drawn", "other"],
    )


def test_the_folder_holds_every_file_and_no_other(toy_shelf, tmp_path):
    out = tmp_path / "deep" / "out"
    result = run(out)
    assert set(contents(out)) == set(result.files) == everything()
    others = {path.name for path in out.iterdir()} - {"tables", "figures"}
    assert others == {
        "appendix-quick-seed0.sqlite", "appendix.tex", "manifest.json", "report.html",
        "verify.json",
    }  # fmt: skip
    assert result.missing == {}
    assert (result.points, result.computed) == (9 + 6, 9 + 6)
    assert result.store == default_store(out, size="quick", seed=0)
    assert [row["file"] for row in result.rows()] == list(result.files)


def test_the_manifest_says_what_the_files_are_and_where_they_come_from(toy_shelf, tmp_path):
    result = run(tmp_path / "out", seed=5)
    found = manifest(tmp_path / "out")
    written = contents(tmp_path / "out")
    assert found["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in written.items()
    }
    assert found["files"] == dict(result.files)
    assert (found["tool"], found["command"], found["seed"]) == ("recall", COMMAND, 5)
    assert (found["version"], found["size"]) == (tool_version(), "quick")
    assert "commit" in found
    assert found["libraries"] == library_versions()
    assert {"system", "processor", "cores", "python"} <= set(found["machine"])
    assert re.fullmatch("[0-9a-f]{12}", found["computed by code"])
    assert found["drawn by code"] == fingerprint(["theory"])
    assert (found["points"], found["computed"], found["missing"]) == (15, 15, {})
    assert found["store"] == "appendix-quick-seed5.sqlite"
    assert found["wall seconds"] >= found["computing seconds"] >= 0


def test_files_agree_with_the_json_of_the_result(toy_shelf, tmp_path):
    result = run(tmp_path / "out")
    document = json.loads(json.dumps(result.to_dict()))
    assert document["files"] == manifest(tmp_path / "out")["files"]
    verdicts = json.loads((tmp_path / "out" / "verify.json").read_text(encoding="utf-8"))
    assert verdicts["claims"] == document["verdicts"]["claims"]
    assert verdicts["summary"] == {
        "holds": 2, "violated": 1, "inconclusive": 0, "not_applicable": 0,
    }  # fmt: skip
    assert repr(result) == f"AppendixResult({tmp_path / 'out'}: {len(result.files)} files)"


@pytest.mark.parametrize(("inches", "height"), [(3.2, "0.16"), (4.4, "0.16"), (6.0, "0.28")])
def test_a_figure_of_two_rows_of_panels_has_more_height(use, tmp_path, inches, height):
    def tall(found):
        whole = draw(found)
        whole.set_size_inches(7.2, inches)
        return whole

    use(
        (toy_theorem("first", toys.claim("right")),),
        (replace(toy_exhibit("drawn", "first"), figure=tall),),
    )
    run(tmp_path / "out")
    text = (tmp_path / "out" / "appendix.tex").read_text(encoding="utf-8")
    assert (
        f"[width=1.00\\linewidth,height={height}\\textheight,keepaspectratio]"
        "{\\recallfolder figures/drawn.pdf}"
    ) in text


def test_every_table_and_figure_is_read_in_by_the_document(toy_shelf, tmp_path):
    result = run(tmp_path / "out")
    text = (tmp_path / "out" / "appendix.tex").read_text(encoding="utf-8")
    read = set(re.findall(r"\{\\recallfolder (tables/[^}]*)\}", text))
    shown = set(re.findall(r"\{\\recallfolder (figures/[^}]*)\}", text))
    assert read == {
        name
        for name in result.files
        if name.endswith(".tex") and "/" in name and "must-fail" not in name
    }
    # What the tables of controls have is told in the text.
    assert text.count(r"\emph{Must fail:} it is told to (0.5 against 0.49)") == 3
    assert shown == {name for name in result.files if name.endswith(".pdf")}
    labels = re.findall(r"\\label\{([^}]*)\}", text)
    for name in read:
        labels += re.findall(r"\\label\{([^}]*)\}", (tmp_path / "out" / name).read_text())
    assert len(set(labels)) == len(labels)
    assert {
        "tab:recall-first",
        "fig:recall-drawn",
        "tab:recall-listed",
        "sec:recall-second",
    } <= set(labels)


def test_sections_hold_the_exhibits_of_their_theorems(toy_shelf, tmp_path):
    run(tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    places = [
        text.index(f'id="{name}"')
        for name in ("first", "part-first", "part-first-must-fail", "part-drawn", "part-listed",
                     "second", "part-second", "part-other", "provenance")
    ]  # fmt: skip
    assert places == sorted(places)
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(set(ids)) == len(ids)
    assert text.count("<img ") == 4
    assert "Not here" not in text


def test_a_second_run_computes_nothing_and_writes_the_same(toy_shelf, tmp_path):
    run(tmp_path / "out")
    before = contents(tmp_path / "out")
    seen = []
    again = run(tmp_path / "out", progress=seen.append)
    assert (again.computed, again.points) == (0, 15)
    assert contents(tmp_path / "out") == before
    assert [(now.key, now.done, now.found) for now in seen] == [("", 15, 15)]
    assert manifest(tmp_path / "out")["computed"] == 0


def test_another_folder_from_the_same_store_is_the_same(toy_shelf, tmp_path):
    store = tmp_path / "points.sqlite"
    run(tmp_path / "a", store=store)
    assert run(tmp_path / "b", store=store).computed == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert manifest(tmp_path / "b")["store"] == "points.sqlite"
    assert not list((tmp_path / "b").glob("*.sqlite*"))


def test_what_is_already_there_is_not_computed_again(toy_shelf, tmp_path):
    first = run(tmp_path / "out", only=["drawn"])
    assert (first.points, first.computed) == (2, 2)
    rest = run(tmp_path / "out")
    assert (rest.points, rest.computed) == (15, 13)


def test_threads_make_the_same_files(toy_shelf, tmp_path):
    run(tmp_path / "a", executor="threads", workers=2)
    run(tmp_path / "b")
    pages = [contents(tmp_path / name) for name in ("a", "b")]
    for name in everything() - {"verify.json"}:
        assert pages[0][name] == pages[1][name], name


def test_redrawing_computes_nothing_whatever_the_code(toy_shelf, tmp_path, monkeypatch):
    run(tmp_path / "out")
    before = contents(tmp_path / "out")
    code = manifest(tmp_path / "out")["computed by code"]
    monkeypatch.setattr("sims.sweeps.tasks.fingerprint", lambda packages=(): "other code")
    monkeypatch.setattr("theory.publishing.appendix.sweep", None)
    again = run(tmp_path / "out", redraw=True)
    assert (again.computed, again.points, again.missing) == (0, 15, {})
    assert contents(tmp_path / "out") == before
    assert manifest(tmp_path / "out")["computed by code"] == code


def test_points_of_other_code_are_not_gone_on_with(toy_shelf, tmp_path, monkeypatch):
    run(tmp_path / "out")
    before = contents(tmp_path / "out")
    monkeypatch.setattr("sims.sweeps.tasks.fingerprint", lambda packages=(): "other code")
    with pytest.raises(InputError, match="code = other code"):
        run(tmp_path / "out")
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("redraw", [False, True])
@pytest.mark.parametrize(
    ("other", "said"),
    [({"seed": 1}, "holds a sweep with seed = 0"), ({"size": "full"}, "with size = quick")],
)
def test_a_store_of_another_request_is_refused_by_name(toy_shelf, tmp_path, redraw, other, said):
    store = tmp_path / "points.sqlite"
    run(tmp_path / "out", store=store)
    points = stored_points(store)
    with pytest.raises(InputError) as caught:
        run(tmp_path / "more", store=store, redraw=redraw, **other)
    text = one_line(caught.value)
    assert text.startswith(f"{store}: ")
    assert said in text
    assert str(next(iter(other.values()))) in text.replace(said, "")
    assert stored_points(store) == points
    assert contents(tmp_path / "more") == {}


@pytest.mark.parametrize("redraw", [False, True])
def test_a_file_that_is_no_store_is_refused(toy_shelf, tmp_path, redraw):
    store = tmp_path / "notes.txt"
    store.write_text("mine " * 2000)
    with pytest.raises(InputError, match="not a sweep store"):
        run(tmp_path / "out", store=store, redraw=redraw)
    assert store.read_text() == "mine " * 2000


def test_redrawing_without_a_store_makes_nothing(toy_shelf, tmp_path):
    with pytest.raises(InputError) as caught:
        run(tmp_path / "out", redraw=True)
    assert one_line(caught.value) == f"{tmp_path / 'out' / 'appendix-quick-seed0.sqlite'}: " + (
        "no such file"
    )
    assert list(tmp_path.iterdir()) == []


def test_redrawing_what_the_store_has_not_is_named(toy_shelf, tmp_path):
    run(tmp_path / "out", only=["drawn", "second"])
    result = run(tmp_path / "out", redraw=True)
    assert set(result.missing) == {"first", "listed"}
    assert result.missing["listed"] == "no data for listed d=8 seed=0, listed d=16 seed=0"
    assert result.missing["first"] == (
        "no data for first/right/quick, first/right/must_fail, first/right/fault and 3 more"
    )
    assert "tables/first.tex" not in result.files
    assert {"tables/second.tex", "tables/drawn.tex", "tables/other.tex"} <= set(result.files)


def test_redrawing_takes_no_point_of_another_exhibit_for_its_own(use, tmp_path):
    shelf = (toy_theorem("first", toys.claim("right")),)
    use(shelf, (toy_exhibit("drawn", "first"),))
    run(tmp_path / "out")
    changed = toy_exhibit("drawn", "first", work="broken")
    use(shelf, (changed,))
    result = run(tmp_path / "out", redraw=True)
    assert set(result.missing) == {"drawn"}
    assert "tables/first.tex" in result.files


def test_a_point_that_fails_is_named_and_the_rest_is_written(use, tmp_path):
    use(
        (toy_theorem("first", toys.claim("right")),),
        (toy_exhibit("drawn", "first"), toy_exhibit("lost", "first", work="broken")),
    )
    result = run(tmp_path / "out")
    reason = (
        "no data for lost d=8 seed=0 (ValueError: no value for d = 8), "
        "lost d=16 seed=0 (ValueError: no value for d = 16)"
    )
    assert dict(result.missing) == {"lost": reason}
    assert set(contents(tmp_path / "out")) == files_of(
        ["first", "first-must-fail", "drawn"], ["first", "drawn"]
    )
    assert manifest(tmp_path / "out")["missing"] == {"lost": reason}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"<li>lost: {reason}</li>" in page
    assert "lost" not in (tmp_path / "out" / "appendix.tex").read_text(encoding="utf-8")
    assert repr(result).endswith("files, 1 missing)")


def test_a_claim_that_fails_is_named_and_its_exhibits_are_written(use, tmp_path):
    def check(*, seed, **named):
        raise ValueError("the toy broke")

    use(
        (
            toy_theorem("first", toys.claim("fine"), replace(toys.claim("right"), check=check)),
            toy_theorem("second", toys.claim("right")),
        ),
        (toy_exhibit("drawn", "first"),),
    )
    result = run(tmp_path / "out")
    assert list(result.missing) == ["first"]
    assert result.missing["first"].count("ValueError: the toy broke)") == 3
    assert "tables/drawn.tex" in result.files
    assert "tables/first.tex" not in result.files
    # The verdicts that are known are told.
    assert [(c.theorem, c.claim.name) for c in result.verdicts.claims] == [
        ("first", "fine"), ("second", "right"),
    ]  # fmt: skip


def test_a_table_that_can_no_longer_be_made_does_not_stay_behind(use, tmp_path):
    shelf = (toy_theorem("first", toys.claim("right")),)
    use(shelf, (toy_exhibit("drawn", "first"),))
    run(tmp_path / "out")
    use(shelf, (toy_exhibit("drawn", "first", d=(8, 64)),))
    result = run(tmp_path / "out", redraw=True)
    assert list(result.missing) == ["drawn"]
    # Files that the manifest does not name would be taken for its own.
    assert set(contents(tmp_path / "out")) == set(result.files)


def test_a_theorem_is_written_with_the_exhibits_of_its_section(toy_shelf, tmp_path):
    result = run(tmp_path / "out", only=["second"])
    assert set(contents(tmp_path / "out")) == files_of(
        ["second", "second-must-fail", "other"], ["second", "other"]
    )
    assert [claim.theorem for claim in result.verdicts.claims] == ["second"]
    assert result.points == 5


def test_an_exhibit_is_written_alone(toy_shelf, tmp_path):
    result = run(tmp_path / "out", only=["listed"])
    assert set(contents(tmp_path / "out")) == files_of(["listed"], [])
    assert result.verdicts.claims == ()
    assert result.points == 2
    assert "<h1>Tables and figures</h1>" in (tmp_path / "out" / "report.html").read_text()


def test_a_theorem_and_an_exhibit_of_another_may_be_named(toy_shelf, tmp_path):
    result = run(tmp_path / "out", only=["drawn", "second"])
    assert set(result.files) == files_of(
        ["second", "second-must-fail", "other", "drawn"], ["second", "other", "drawn"]
    )


def test_a_name_that_is_given_twice_is_written_once(toy_shelf, tmp_path):
    result = run(tmp_path / "out", only=["second", "second", "other"])
    assert [claim.theorem for claim in result.verdicts.claims] == ["second"]
    assert result.points == 5


@pytest.mark.parametrize(
    ("name", "near"), [("secnd", "second"), ("frist", "first"), ("drwan", "drawn")]
)
def test_an_unknown_name_is_refused_with_the_nearest(toy_shelf, tmp_path, name, near):
    with pytest.raises(InputError) as caught:
        run(tmp_path / "out", only=["first", name])
    text = one_line(caught.value)
    assert repr(name) in text
    assert f"did you mean {near!r}?" in text
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_size_is_refused(toy_shelf, tmp_path):
    with pytest.raises(InputError, match="size 'huge' is not one of quick, full"):
        run(tmp_path / "out", size="huge")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_executor_is_refused(toy_shelf, tmp_path):
    with pytest.raises(InputError, match="executor 'magic' is neither"):
        run(tmp_path / "out", executor="magic")
    assert contents(tmp_path / "out") == {}


@pytest.mark.parametrize("redraw", [False, True])
@pytest.mark.parametrize("under", ["", "deeper"])
def test_a_file_is_no_folder(toy_shelf, tmp_path, redraw, under):
    store = tmp_path / "points.sqlite"
    run(tmp_path / "good", store=store)
    (tmp_path / "file").write_text("mine")
    place = tmp_path / "file" / under
    with pytest.raises(InputError) as caught:
        run(place, store=store, redraw=redraw)
    assert one_line(caught.value).startswith(f"{place}: cannot be made (")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_way_of_a_file_is_named(toy_shelf, tmp_path):
    (tmp_path / "out" / "tables" / "drawn.csv").mkdir(parents=True)
    with pytest.raises(InputError) as caught:
        run(tmp_path / "out")
    assert one_line(caught.value) == (
        f"{tmp_path / 'out' / 'tables' / 'drawn.csv'}: a folder, not a regular file"
    )
    # What was computed is kept, and no half of a file is left.
    assert len(stored_points(tmp_path / "out" / "appendix-quick-seed0.sqlite")) == 15
    assert not list((tmp_path / "out").rglob("*.part"))
    (tmp_path / "out" / "tables" / "drawn.csv").rmdir()
    assert run(tmp_path / "out").computed == 0


def test_a_folder_that_cannot_be_written_is_named(toy_shelf, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        (out / "probe").touch()
    except PermissionError:
        pass
    else:
        out.chmod(stat.S_IRWXU)
        pytest.skip("permissions do not bind this user")
    try:
        with pytest.raises(InputError, match="cannot be written"):
            run(out)
    finally:
        out.chmod(stat.S_IRWXU)
    assert contents(out) == {}


def test_the_full_size_has_a_store_and_points_of_its_own(toy_shelf, tmp_path):
    run(tmp_path / "out")
    result = run(tmp_path / "out", size="full", only=["drawn"])
    assert result.store.name == "appendix-full-seed0.sqlite"
    assert (tmp_path / "out" / "tables" / "drawn.csv").read_text() == "d,seed\n32,0\n"
    assert (tmp_path / "out" / "appendix-quick-seed0.sqlite").exists()


def test_the_seed_reaches_points_and_files(toy_shelf, tmp_path):
    run(tmp_path / "out", seed=7)
    assert (tmp_path / "out" / "tables" / "drawn.csv").read_text() == "d,seed\n8,7\n16,7\n"
    assert "seed 7" in (tmp_path / "out" / "appendix.tex").read_text()


def test_names_with_special_characters_do_not_spoil_the_document(use, tmp_path):
    shelf = (toy_theorem("first", toys.claim("right")),)
    use(shelf, (toy_exhibit("drawn", "first"),))
    run(tmp_path / "out", command="recall appendix --out 50%_of & {more}~#$")
    text = (tmp_path / "out" / "appendix.tex").read_text(encoding="utf-8")
    assert r"-{}-out 50\%\_of \& \{more\}\textasciitilde{}\#\$" in text


def test_the_status_of_its_store_knows_every_point(toy_shelf, tmp_path):
    run(tmp_path / "out", only=["second", "drawn"])
    found = status(default_store(tmp_path / "out", size="quick", seed=0))
    assert (found.points, found.total) == (7, 15)
    assert {row["part"]: (row["points"], row["of"]) for row in found.rows()} == {
        "first": (0, 6), "second": (3, 3), "drawn": (2, 2), "listed": (0, 2), "other": (2, 2),
    }  # fmt: skip
    assert found.request["sweep"] == "appendix"
    assert found.last is not None
    assert repr(found).endswith("7 of 15 points)")


# --- extras -------------------------------------------------------------------------------------


def test_an_exhibit_whose_extra_is_missing_is_left_out_unless_it_is_named(
    tmp_path, use, monkeypatch
):
    monkeypatch.setattr(theory.extras, "EXTRAS", {"train": ("json", "no_such_module_here")})
    needy = replace(toy_exhibit("trained", "first"), extra="train")
    use((toy_theorem("first", toys.claim("right")),), (needy, toy_exhibit("drawn", "first")))
    for only in ((), ("first",)):
        found = run(tmp_path / "out", only=only)
        assert not found.missing
        assert "tables/drawn.tex" in found.files
        assert "tables/trained.tex" not in found.files
    assert status(default_store(tmp_path / "out", size="quick", seed=0)).total == found.points
    with pytest.raises(InputError, match=r"pip install 'factual-recall\[train\]'") as caught:
        run(tmp_path / "out", only=["trained"])
    assert "exhibit 'trained'" in one_line(caught.value)


def test_an_exhibit_whose_extra_is_there_is_like_any_other(tmp_path, use, monkeypatch):
    monkeypatch.setattr(theory.extras, "EXTRAS", {"train": ("json",)})
    use((toy_theorem("first", toys.claim("right")),),
        (replace(toy_exhibit("trained", "first"), extra="train"),))  # fmt: skip
    assert "tables/trained.tex" in run(tmp_path / "out").files
