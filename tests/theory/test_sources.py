"""Theorems and exhibits of the user's own: where they are found, and what is refused."""

import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.helpers import toys
from tests.helpers.oracles import complaint
from theory import sources
from theory.claims import Verdict
from theory.registry import chosen, find, registered, selected
from theory.running import verify
from theory.sources import known_exhibits, known_theorems, project, project_settings

TOY = """\
from tests.helpers import toys

THEOREM = toys.theorem(toys.claim("fun"), name="{name}")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    sources.forget()
    yield tmp_path
    sources.forget()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "") or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


# --- where they are found -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("mine.py", "mine:THEOREM"),
        ("mine", "mine:THEOREM"),
        ("mine:THEOREM", "mine:THEOREM"),
        ("paper", "paper.mine:THEOREM"),
        ("paper/mine.py", "paper.mine:THEOREM"),
        ("plain", "other:THEOREM"),
        ("plain/other.py", "other:THEOREM"),
        ("paper.mine:THEOREM", "paper.mine:THEOREM"),
    ],
)
def test_a_source_is_a_module_a_file_or_a_folder(folder, source, origin):
    write(folder / "mine.py", TOY.format(name="toy"))
    write(folder / "paper" / "__init__.py", "")
    write(folder / "paper" / "mine.py", TOY.format(name="toy"))
    write(folder / "plain" / "other.py", TOY.format(name="toy"))
    write(folder / "plain" / "script.py", "raise SystemExit('this is not to be run')\n")
    assert known_theorems([source])["toy"].origin == origin
    assert "toy" not in known_theorems()
    assert [theorem.name for theorem in selected([], [source])] == ["toy"]


def test_ours_stay_as_they_are(folder):
    write(folder / "mine.py", TOY.format(name="toy"))
    names = [theorem.name for theorem in registered(["mine.py"])]
    assert names == sorted(names)
    assert set(names) == {"toy"} | {theorem.name for theorem in registered()}
    assert all((theorem.origin == "") == (theorem.name != "toy") for theorem in
               registered(["mine.py"]))  # fmt: skip


def test_our_own_folder_is_found_again_as_ours(folder):
    before = registered()
    assert registered(["theory.theorems"]) == before


def test_the_project_names_its_sources_once(folder):
    write(folder / "pyproject.toml", '[tool.recall]\ntheorems = ["theorems"]\n')
    write(folder / "theorems" / "toy.py", TOY.format(name="toy"))
    assert find("toy").origin == "toy:THEOREM"
    assert verify(["toy"]).summary()["holds"] == 1


def test_paths_of_a_project_are_seen_from_its_file(folder, monkeypatch):
    write(folder / "pyproject.toml", '[tool.recall]\ntheorems = ["theorems"]\n')
    write(folder / "theorems" / "toy.py", TOY.format(name="toy"))
    inner = folder / "notebooks"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert project() == folder / "pyproject.toml"
    assert "toy" in known_theorems()


def test_what_a_theorem_imports_from_the_project_is_found(folder):
    write(folder / "pyproject.toml", '[tool.recall]\ntheorems = ["theorems"]\n')
    write(folder / "helper_of_mine.py", "NAME = 'toy-with-help'\n")
    text = "from helper_of_mine import NAME\n" + TOY.replace('"{name}"', "NAME")
    write(folder / "theorems" / "toy.py", text)
    assert "toy-with-help" in known_theorems()


def test_installed_packages_name_theirs_in_an_entry_point(folder, monkeypatch):
    write(folder / "a_package" / "__init__.py", "")
    write(folder / "a_package" / "toy.py", TOY.format(name="installed-toy"))
    info = folder / "a_package-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: a-package\nVersion: 1.0\n")
    write(info / "entry_points.txt", "[recall.theorems]\nthose = a_package\n")
    monkeypatch.syspath_prepend(str(folder))
    assert find("installed-toy").origin == "a_package.toy:THEOREM"


def test_exhibits_are_found_beside_theorems(folder):
    write(
        folder / "shown.py",
        """\
        from theory.exhibit import Exhibit
        from sims.engine.tables import Column

        EXHIBIT = Exhibit(
            name="toy-table", theorem="linear-capacity", title="Toys", caption="Toys.",
            points=lambda **_: (), rows=lambda tasks, values: [], columns={"d": Column("d")},
            quick={}, full={},
        )
        """,
    )
    assert "toy-table" in known_exhibits(["shown.py"])
    assert "toy-table" not in known_exhibits()


# --- theorems as objects ------------------------------------------------------------------------


def test_a_theorem_that_no_module_defines_is_judged_here():
    mine = toys.theorem(toys.claim("a"), name="made-on-the-spot")
    (claim,) = verify([mine]).claims
    assert (claim.theorem, claim.verdict) == ("made-on-the-spot", Verdict.HOLDS)


def test_a_theorem_that_no_module_defines_is_refused_by_other_processes():
    mine = toys.theorem(toys.claim("a"), name="made-on-the-spot")
    said = complaint(verify, [mine], workers=2)
    assert said == (
        "theorem 'made-on-the-spot': no module defines it, so other processes cannot find it; "
        "put it in a file, or workers=1"
    )


def test_a_theorem_that_no_module_defines_is_judged_by_threads():
    mine = toys.theorem(toys.claim("a"), name="made-on-the-spot")
    assert verify([mine], executor="threads", workers=2).summary()["holds"] == 1
    with ThreadPoolExecutor(2) as pool:
        assert verify([mine], executor=pool, workers=2).summary()["holds"] == 1


def test_a_theorem_of_a_module_is_judged_by_other_processes(folder):
    write(folder / "mine.py", TOY.format(name="toy"))
    theorem = known_theorems(["mine.py"])["toy"]
    assert verify([theorem], workers=2).summary()["holds"] == 1
    module = sys.modules["mine"]
    assert chosen([module.THEOREM])[0].origin == "mine:THEOREM"


def test_two_theorems_of_one_name_are_not_judged_together(folder):
    mine = toys.theorem(toys.claim("a"), name="linear-capacity")
    said = complaint(verify, ["linear-capacity", mine])
    assert said == "two theorems have the name 'linear-capacity'"


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("THEOREM = (\n", "mine.py, line 1: SyntaxError: '(' was never closed"),
        ("x = 1\n", "mine.py: nothing there is a THEOREM or an EXHIBIT"),
        ("THEOREM = 3\n", "mine.py: THEOREM is of the type int, not Theorem"),
        ("import nothing_at_all\nTHEOREM = 3\n", "mine.py, line 1: ModuleNotFoundError: "),
        (
            "from theory.claims import Claim\n\nTHEOREM = Claim(\n    name='a'\n)\n",
            "mine.py, line 3: TypeError: ",
        ),
        (TOY.format(name="A Toy"), "mine.py: THEOREM has the name 'A Toy', not one like "),
        (
            TOY.format(name="linear-capacity"),
            "mine.py: THEOREM has the name 'linear-capacity', which is taken by ",
        ),
        (
            "from tests.helpers import toys\n\n"
            "THEOREM = toys.theorem(toys.claim('fun', fault={'verdict': 'holds'}))\n",
            "mine.py: claim 'fun': fault is the same regime as quick, so that it shows nothing",
        ),
        (
            "from tests.helpers import toys\n\n"
            "THEOREM = toys.theorem(toys.claim('fun', fault={'N': 3}))\n",
            "mine.py: claim 'fun': fault does not fit its check: got an unexpected keyword",
        ),
    ],
)
def test_a_broken_file_is_named_in_one_line(folder, text, said):
    write(folder / "mine.py", text)
    assert complaint(registered, ["mine.py"]).startswith(said)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "no module named 'nowhere'"),
        ("nowhere.py", "no file or folder 'nowhere.py'"),
        ("no/where", "no file or folder 'no/where'"),
        ("mine:OTHER", "mine.py defines no OTHER"),
        ("empty", "empty: nothing there is a THEOREM or an EXHIBIT"),
    ],
)
def test_a_source_that_is_not_there_is_named(folder, source, said):
    write(folder / "mine.py", TOY.format(name="toy"))
    (folder / "empty").mkdir()
    assert complaint(registered, [source]) == said


def test_two_files_of_one_name_are_both_named(folder):
    write(folder / "one.py", TOY.format(name="toy"))
    write(folder / "two.py", TOY.format(name="toy"))
    said = complaint(registered, ["one.py", "two.py"])
    assert said == "two.py: THEOREM has the name 'toy', which is taken by one.py"


def test_a_file_that_another_module_hides_says_so(folder):
    write(folder / "json.py", TOY.format(name="toy"))
    said = complaint(registered, ["json.py"])
    assert said.startswith("json.py is hidden by ")
    assert said.endswith("; give it another name")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.recall\n", "pyproject.toml: cannot be read ("),
        ("[tool]\nrecall = 1\n", "pyproject.toml: tool.recall is no table"),
        ("[tool.recall]\ntheorem = []\n", "pyproject.toml: [tool.recall] theorem: did you mean"),
        ("[tool.recall]\ntheorems = 'a'\n", "pyproject.toml: [tool.recall] theorems is not a list"),
        ("[tool.recall]\ntheorems = [1]\n", "pyproject.toml: [tool.recall] theorems is not a list"),
    ],
)
def test_a_table_of_the_project_that_is_wrong_is_named(folder, text, said):
    file = write(folder / "pyproject.toml", text)
    assert complaint(project_settings, file).startswith(said)
    assert complaint(registered).startswith(said)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("1 / 0", "toy/fun/quick: mine.py, line 6: ZeroDivisionError: division by zero"),
        ("return 3", "toy/fun/quick: the check returned a int, not a Finding"),
        ("import sys; sys.exit(3)", "toy/fun/quick: mine.py, line 6: SystemExit: 3"),
    ],
)
def test_a_check_that_goes_wrong_is_named(folder, check, said):
    text = f"""\
        from dataclasses import replace
        from tests.helpers import toys


        def check(*, seed, **named):
            {check}


        THEOREM = toys.theorem(replace(toys.claim("fun"), check=check), name="toy")
        """
    write(folder / "mine.py", text)
    assert complaint(verify, ["toy"], theorems=["mine.py"]) == said


def test_what_a_check_prints_does_not_get_into_the_output(folder, capsys):
    text = TOY.format(name="toy").replace(
        'toys.claim("fun")', 'replace(toys.claim("fun"), check=check)'
    )
    write(
        folder / "mine.py",
        f"""\
from dataclasses import replace


def check(**named):
    print("hello")
    return toys.check(**named)


print("imported")
{text}""",
    )
    assert verify(theorems=["mine.py"]).summary()["holds"] == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("hello") == 3
    assert "imported" in err
