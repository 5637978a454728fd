"""The list of planted faults, held to the code, and the planting of them, on a toy project."""

import ast
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.listed import FLOORS, LIST, Fault, PlantError, read_faults
from tests.faults.plant import ROOT, main
from tests.faults.results import Ledger
from theory.registry import registered

FAULTS = read_faults(ROOT / LIST)

CLAIMS = {f"{theorem.name}/{claim.name}" for theorem in registered() for claim in theorem.claims}

every_fault = pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])


# --- the list -----------------------------------------------------------------------------------


@every_fault
def test_a_fault_can_be_planted_and_leaves_python(fault):
    before = (ROOT / fault.file).read_text(encoding="utf-8")
    after = fault.planted(before)
    # No comment, no formatting: the program is another one.
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))


@every_fault
def test_what_could_notice_a_fault_is_there(fault):
    assert 1 <= len(fault.claims) <= 6
    assert set(fault.claims) <= CLAIMS
    assert fault.tests
    for path in fault.tests:
        assert path.startswith("tests/")
        assert (ROOT / path).is_file()
    for entries in (fault.claims, fault.tests):
        assert len(set(entries)) == len(entries)


def test_names_are_words_and_tell_faults_apart():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.replace("-", "").isalnum() for name in names)
    sentences = [fault.what for fault in FAULTS]
    assert len(set(sentences)) == len(sentences)
    assert all(what.endswith(".") and "\n" not in what for what in sentences)


def test_there_are_faults_on_every_floor_and_for_every_theorem():
    assert len(FAULTS) >= 100
    floors = Counter(fault.floor for fault in FAULTS)
    assert set(floors) == set(FLOORS)
    assert min(floors.values()) >= 20
    concerned = Counter(
        name for fault in FAULTS for name in {claim.partition("/")[0] for claim in fault.claims}
    )
    assert set(concerned) == {theorem.name for theorem in registered()}
    assert min(concerned.values()) >= 3


def test_a_fault_that_no_longer_applies_is_told():
    fault = Fault("gone", "assoc/a.py", "x - 1", "x", "A term is dropped.", (), ())
    assert fault.planted("y = x - 1") == "y = x"
    for text, times in (("y = x", 0), ("y = x - 1 + x - 1", 2)):
        with pytest.raises(PlantError) as caught:
            fault.planted(text)
        assert str(caught.value) == f"gone: its old text occurs {times} times in assoc/a.py"


# --- a toy project ------------------------------------------------------------------------------

TOY = {
    "pyproject.toml": '[tool.pytest.ini_options]\nmarkers = ["theory: judges claims"]\n',
    "assoc/__init__.py": "",
    "assoc/numbers.py": (
        "def double(x):\n    return 2 * x\n\n\n"
        "def triple(x):\n    return 3 * x\n\n\n"
        "def half(x):\n    return x / 2\n"
    ),
    "theory/__init__.py": "",
    "theory/extras.py": (ROOT / "theory/extras.py").read_text(encoding="utf-8"),
    "theory/registry.py": """
from types import SimpleNamespace

from assoc.numbers import double

LOG = {log!r}
EXTRA = None


def check(*, seed, wanted):
    with open(LOG, "a") as log:
        print(double(2), wanted, file=log)
    return SimpleNamespace(verdict="holds" if double(2) == wanted else "violated")


def regime(size):
    return {{"wanted": {{"quick": 4, "must_fail": 5, "fault": 6}}[size]}}


def find(name):
    claim = SimpleNamespace(
        name="double", expected="holds", check=check, regime=regime, controls=("must_fail", "fault")
    )
    return SimpleNamespace(claims=[claim], extra=EXTRA)
""",
    "tests/test_numbers.py": """
import pytest

from assoc.numbers import triple


def test_triple():
    with open({log!r}, "a") as log:
        print("triple", triple(1), file=log)
    assert triple(1) == 3


@pytest.mark.theory
def test_that_claims_are_not_judged_again():
    raise AssertionError
""",
}

PLANTED = {
    "double-by-claim": ("2 * x", "2 * x + 1"),
    "triple-by-test": ("3 * x", "4 * x"),
    "half-by-nothing": ("x / 2", "x / 3"),
}


@pytest.fixture
def toy(tmp_path):
    """A checkout with one claim, one test and three faults, and the log of what is run there."""
    root, log = tmp_path / "toy", tmp_path / "log"
    faults = [
        {"name": name, "file": "assoc/numbers.py", "old": old, "new": new, "what": "Wrong.",
         "claims": ["toy/double"], "tests": ["tests/test_numbers.py"]}
        for name, (old, new) in PLANTED.items()
    ]  # fmt: skip
    files = {name: text.format(log=str(log)) if "{log" in text else text
             for name, text in TOY.items()}  # fmt: skip
    files[LIST] = "".join(json.dumps(fault) + "\n" for fault in faults)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for command in (("init", "--quiet"), ("add", ".")):
        subprocess.run(["git", *command], cwd=root, check=True)
    log.touch()
    return root, log


def changes(root):
    """What git sees of changes, and of files that it does not know."""
    listed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if not line.startswith("A  ")]


def caught(root):
    records = Ledger(root / "build/faults/results.jsonl").records
    return {r["name"]: (r["caught_by"], r["by"], r["how"]) for r in records if "name" in r}


def test_faults_are_caught_by_claims_by_tests_and_by_nothing(toy, capsys):
    root, log = toy
    main(["--jobs", "2"], root=root)
    assert caught(root) == {
        "double-by-claim": ("claims", "toy/double", "quick: violated"),
        "triple-by-test": ("tests", "tests/test_numbers.py::test_triple", "assert 4 == 3"),
        "half-by-nothing": ("nothing", None, None),
    }
    assert changes(root) == ["?? build/"]
    # The claim and the test that noticed something were run without a fault, too.
    lines = log.read_text().splitlines()
    assert lines.count("5 4") == 1
    assert lines.count("4 4") == 3
    assert lines.count("triple 4") == 1
    assert lines.count("triple 3") == 2
    said = capsys.readouterr().out
    assert "assoc          3       1 (33%)       1 (33%)       1 (33%)        0 (0%)" in said
    assert said.endswith("Caught by nothing:\n  half-by-nothing (assoc/numbers.py): Wrong.\n")


def test_what_is_known_is_not_found_out_again(toy, capsys):
    root, log = toy
    main(["--claims-only"], root=root)
    assert caught(root)["triple-by-test"] == ("nothing", None, None)
    assert "Caught by no claim, tests not run:\n  triple-by-test" in capsys.readouterr().out
    judged = log.read_text()
    main(["--claims-only"], root=root)
    assert log.read_text() == judged
    # Then only the tests are missing, of the two faults that no claim noticed.
    main([], root=root)
    assert "2 of 3 faults to judge" in capsys.readouterr().out
    assert "4 4" not in log.read_text().removeprefix(judged)
    assert caught(root)["triple-by-test"][0] == "tests"
    everything = log.read_text()
    main(["--summary"], root=root)
    main([], root=root)
    assert log.read_text() == everything
    # With other code nothing is known any more.
    (root / "assoc/numbers.py").write_text(TOY["assoc/numbers.py"] + "\n\nTEN = 10\n")
    main(["--summary"], root=root)
    assert "all            3        0 (0%)" in capsys.readouterr().out


def test_a_result_that_was_cut_off_is_found_again(toy):
    root, _ = toy
    results = root / "build/faults/results.jsonl"
    main(["--only", "double-by-claim"], root=root)
    whole = results.read_bytes()
    results.write_bytes(whole[:-9])
    assert caught(root) == {}
    main(["--only", "double-by-claim"], root=root)
    assert list(caught(root)) == ["double-by-claim"]
    assert results.read_bytes().startswith(whole.partition(b"\n")[0] + b"\n")


def test_a_claim_without_its_extra_leaves_a_fault_to_the_tests(toy):
    root, log = toy
    for name, old, new in (
        ("registry", "EXTRA = None", 'EXTRA = "lm"'),
        ("extras", '("torch", ', '("no_such_module", '),
    ):
        path = root / f"theory/{name}.py"
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
    main(["--only", "double-by-claim", "triple-by-test"], root=root)
    assert caught(root)["double-by-claim"] == ("nothing", None, None)
    assert caught(root)["triple-by-test"][0] == "tests"
    assert set(log.read_text().splitlines()) == {"triple 3", "triple 4"}


def refused(capsys, root, *arguments):
    """The line with which a run ends that is refused."""
    with pytest.raises(SystemExit) as ended:
        main(arguments, root=root)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    return said.err.strip()


def test_what_makes_no_sense_is_refused_before_anything_is_run(toy, capsys):
    root, log = toy
    assert refused(capsys, root, "--only", "half-by-nothing", "thirds") == (
        f"unknown fault 'thirds': {LIST} has the names"
    )
    assert refused(capsys, root, "--jobs", "0") == "jobs = 0 is not a positive number"
    (root / "assoc/numbers.py").write_text(TOY["assoc/numbers.py"].replace("x / 2", "0.5 * x"))
    assert refused(capsys, root) == (
        "half-by-nothing: its old text occurs 0 times in assoc/numbers.py"
    )
    assert not log.read_text()
    assert not (root / "build").exists()


def test_a_claim_that_notices_something_without_a_fault_ends_the_run(toy, capsys):
    root, _ = toy
    (root / "assoc/numbers.py").write_text(TOY["assoc/numbers.py"].replace("2 * x", "2 * x + 7"))
    assert refused(capsys, root, "--only", "triple-by-test") == (
        "toy/double notices something without any fault: quick: violated"
    )
    assert caught(root) == {}


def test_the_packages_must_be_those_of_the_copy(toy, capsys):
    root, _ = toy
    for path in root.glob("assoc/*.py"):
        subprocess.run(["git", "rm", "--quiet", "--force", str(path)], cwd=root, check=True)
    (root / LIST).write_text((root / LIST).read_text().replace("assoc/", "theory/"))
    (root / "theory/numbers.py").write_text(TOY["assoc/numbers.py"])
    said = refused(capsys, root, "--only", "half-by-nothing")
    assert said.startswith("claims cannot be judged: AssertionError: ")
    assert Path(said.partition(": ")[2].split()[1]).name == "__init__.py"


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, capsys):
    (tmp_path / LIST).parent.mkdir(parents=True)
    (tmp_path / LIST).touch()
    assert refused(capsys, tmp_path).endswith("is no git checkout, and what is copied is what git "
                                              "has")  # fmt: skip
