"""Fingerprints change with the code, and with nothing else."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from assoc.errors import InputError
from sims.sweeps import fingerprint as module
from sims.sweeps.fingerprint import fingerprint

ROOT = Path(__file__).parents[3]


REMEMBERED = module._digest


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nothing is remembered of files that a test changes."""
    monkeypatch.setattr(module, "_digest", REMEMBERED.__wrapped__)


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "mine_of_the_test"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "inner" / "a.py").write_text("x = 1\n")
    (tmp_path / "one_of_the_test.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_it_is_twelve_hexadecimal_digits_and_does_not_depend_on_order():
    code = fingerprint(["tests", "theory"])
    assert len(code) == 12
    assert int(code, 16) >= 0
    assert code == fingerprint(("theory", "tests", "sims", "theory"))
    assert len({code, fingerprint(), fingerprint(["theory"]), fingerprint(["tests"])}) == 4


def test_another_process_has_the_same():
    code = "from sims.sweeps.fingerprint import fingerprint; print(fingerprint(['theory']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert done.stdout.strip() == fingerprint(["theory"])


def test_every_change_of_a_source_changes_it(package):
    codes = [fingerprint([package.name])]

    def changed():
        codes.append(fingerprint([package.name]))
        assert len(set(codes)) == len(codes)

    (package / "inner" / "a.py").write_text("x = 2\n")
    changed()
    (package / "b.py").write_text("")
    changed()
    (package / "b.py").rename(package / "c.py")
    changed()
    (package / "inner" / "a.py").rename(package / "a.py")
    changed()
    (package / "a.py").unlink()
    changed()


def test_what_is_no_source_does_not_change_it(package):
    code = fingerprint([package.name])
    (package / "data.csv").write_text("1\n")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"1")
    assert fingerprint([package.name]) == code


def test_where_the_package_lies_does_not_change_it(package, tmp_path, monkeypatch):
    code = fingerprint([package.name])
    (tmp_path / "elsewhere").mkdir()
    package.rename(tmp_path / "elsewhere" / package.name)
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert fingerprint([package.name]) == code


def test_a_module_of_the_same_name_in_another_folder_is_not_the_one_remembered(
    package, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_digest", REMEMBERED)
    code = fingerprint(["one_of_the_test"])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "one_of_the_test.py").write_text("x = 2\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert fingerprint(["one_of_the_test"]) != code


def test_an_import_from_a_folder_that_left_the_path_does_not_count(package, tmp_path, monkeypatch):
    """Other processes would not find it, and be told that they have other code."""
    (package / "b.py").write_text("def f():\n    import gone_of_the_test\n")
    code = fingerprint([package.name])
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "gone_of_the_test.py").write_text("x = 1\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.path.append(str(tmp_path / "gone"))
    assert fingerprint([package.name]) != code
    monkeypatch.setitem(sys.modules, "gone_of_the_test", import_module("gone_of_the_test"))
    sys.path.pop()
    assert fingerprint([package.name]) == code


@pytest.mark.parametrize(
    ("folder", "counts"), [("site-packages", False), ("dist-packages", False), ("elsewhere", True)]
)
def test_what_is_imported_counts_unless_it_is_installed(
    package, folder, counts, tmp_path, monkeypatch
):
    """Also of a folder that is not this environment's, as the system's or the user's is."""
    place = tmp_path / folder
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    imported = place / "imported_by_the_test.py"
    imported.write_text("x = 1\n")
    (package / "b.py").write_text("import imported_by_the_test\n")
    code = fingerprint([package.name])
    imported.write_text("x = 2\n")
    assert (fingerprint([package.name]) != code) is counts


@pytest.mark.parametrize(
    "line",
    [
        "import later_of_the_test",
        "from later_of_the_test import x",
        "def f():\n    import later_of_the_test.inner as y",
        "import importlib\nm = importlib.import_module('later_of_the_test')",
        "from importlib import import_module\nm = import_module('later_of_the_test.inner')",
        "m = __import__('later_of_the_test')",
        "import between_of_the_test",
    ],
)
def test_however_a_module_is_imported_it_counts(package, line, tmp_path):
    (tmp_path / "between_of_the_test.py").write_text("import later_of_the_test\n")
    later = tmp_path / "later_of_the_test"
    later.mkdir()
    (later / "__init__.py").write_text("x = 1\n")
    (later / "inner.py").write_text("y = 1\n")
    package.with_name("one_of_the_test.py").write_text(f"{line}\n")
    codes = {fingerprint(["one_of_the_test"])}
    for name in ("__init__", "inner"):
        (later / f"{name}.py").write_text("x = y = 2\n")
        codes.add(fingerprint(["one_of_the_test"]))
    assert len(codes) == 3


def test_a_call_that_names_nothing_is_no_import(package):
    own = package.with_name("one_of_the_test.py")
    own.write_text("f = print\nf(1)\nf()\nimport_module = f\nimport_module(f)\n(f or f)('x')\n")
    assert fingerprint(["one_of_the_test"]) != fingerprint()


def test_a_module_is_a_package_of_one_file(package):
    code = fingerprint(["one_of_the_test"])
    package.with_name("one_of_the_test.py").write_text("x = 2\n")
    assert fingerprint(["one_of_the_test"]) != code


def test_a_module_without_a_file_is_taken_by_its_library():
    assert fingerprint(["math", "sys"]) == fingerprint(["math", "sys"])


@pytest.mark.parametrize("library", module.LIBRARIES)
def test_the_version_of_a_library_changes_it(monkeypatch, library):
    code, version = fingerprint(), module.version
    monkeypatch.setattr(module, "version", lambda name: "0" if name == library else version(name))
    assert fingerprint() != code


@pytest.mark.parametrize("name", ["no_such_package", "", "__main__x", "a b", ".."])
def test_a_package_that_cannot_be_found(name):
    with pytest.raises(InputError, match="cannot be found"):
        fingerprint([name])


@pytest.mark.parametrize(
    ("left", "libraries"),
    [("training", module.TRAINING), ("language_models", module.LANGUAGE_MODELS)],
)
def test_without_libraries_it_is_that_of_an_installation_without_them(monkeypatch, left, libraries):
    bare = fingerprint(**{left: False})
    asked = module.version

    def version(library):
        if library in libraries:
            raise module.PackageNotFoundError(library)
        return asked(library)

    monkeypatch.setattr(module, "version", version)
    assert fingerprint() == fingerprint(**{left: False}) == bare
