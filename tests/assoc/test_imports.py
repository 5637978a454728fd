"""Modules of others that fail while they are imported, or that something else hides."""

import re
import sys
from threading import Event, Thread

import pytest

from assoc.errors import InputError
from assoc.imports import called, extra_of, imported
from tests.helpers.oracles import one_line


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current folder, from which modules are imported after what is installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def complaint(name):
    with pytest.raises(InputError) as caught:
        imported(name, here=True)
    return one_line(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\nx.y", "mine.py, line 2: AttributeError: 'int' object has no attribute 'y'"),
        ("x = (\n", "mine.py, line 1: SyntaxError: '(' was never closed"),
        ("raise ValueError('two\\nlines')", "mine.py, line 1: ValueError: two lines"),
        ("import mine_too", "mine.py, line 1: ModuleNotFoundError: No module named 'mine_too'"),
        ("import json\njson.loads('')", "mine.py, line 2: JSONDecodeError: Expecting value"),
        ("def f():\n    1 / 0\n\nf()", "mine.py, line 2: ZeroDivisionError: division by zero"),
    ],
)
def test_a_failure_is_told_with_its_file_and_its_line(folder, source, said):
    (folder / "mine.py").write_text(source)
    assert complaint("mine").startswith(said)


def test_a_failure_in_a_module_that_is_imported_by_another_is_told_with_both(folder):
    (folder / "mine.py").write_text("import numpy\nimport deeper\n")
    (folder / "deeper.py").write_text("\n\nnothing\n")
    said = "NameError: name 'nothing' is not defined"
    assert complaint("mine") == f"mine.py, line 2: {said} (deeper.py, line 3)"
    (folder / "deeper.py").write_text("\n\n\nno python\n")
    assert complaint("mine") == "mine.py, line 2: SyntaxError: invalid syntax (deeper.py, line 4)"


def test_a_file_that_cannot_be_decoded_is_told(folder):
    (folder / "mine.py").write_bytes(b"x = 1\ny = '\xff'\n")
    assert "mine.py" in complaint("mine")


def test_a_missing_extra_is_named(folder, monkeypatch):
    (folder / "mine.py").write_text("from torch import nn\n")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert complaint("mine").endswith("; pip install 'factual-recall[torch]'")


def test_extras_are_those_of_the_package():
    assert [extra_of(name) for name in ("jax", "Torch", "safetensors", "numpy", "nonesuch")] == [
        "train", "torch", "export", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["facts", "memories", "gradient_flow", "catalogue"])
def test_a_file_may_be_named_as_a_folder_within_our_packages(folder, name):
    (folder / f"{name}.py").write_text("MINE = True\n")
    assert imported(name, here=True).MINE


@pytest.mark.parametrize("name", ["assoc", "sims", "theory", "json"])
@pytest.mark.parametrize("file", ["{}.py", "{}/__init__.py"])
def test_a_file_that_an_installed_module_hides_is_not_mistaken_for_it(folder, name, file):
    file = file.format(name)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("MINE = True\n")
    said = complaint(name)
    assert said.startswith(f"{file} is hidden by ")
    assert said.endswith(f"{name}/__init__.py; give it another name")


def test_a_file_in_a_folder_that_an_installed_package_hides_is_named(folder):
    (folder / "sims").mkdir()
    (folder / "sims" / "mine.py").write_text("MINE = True\n")
    assert complaint("sims.mine").startswith("sims/mine.py is hidden by ")
    # A folder of results that happens to have our name hides nothing.
    assert imported("sims.memories.recall", here=True).measure


def test_a_file_is_hidden_also_by_what_is_installed_below_the_current_folder(folder):
    """An environment often lies in the folder of the project that it is for."""
    (folder / ".venv").mkdir()
    sys.path.insert(0, str(folder / ".venv"))  # of the list that the fixture made
    (folder / ".venv" / "mine.py").write_text("MINE = False\n")
    (folder / "mine.py").write_text("MINE = True\n")
    assert complaint("mine").startswith("mine.py is hidden by ")


def test_what_is_no_module_is_said():
    assert complaint("") == "'' is not a module name"
    assert complaint("nowhere.at.all") == "no module named 'nowhere.at.all'"
    assert complaint("json.nowhere") == "no module named 'json.nowhere'"


def test_what_threads_print_goes_aside_and_then_out_again(capsys):
    """The first to begin is the first to end, which must not leave the other's stream behind."""
    first_is_in, second_is_in, first_is_out = Event(), Event(), Event()

    def first():
        first_is_in.set()
        second_is_in.wait(10)
        print("first")

    def second():
        second_is_in.set()
        first_is_out.wait(10)
        print("second")

    def run_first():
        called(first)
        first_is_out.set()

    threads = [Thread(target=run_first), Thread(target=called, args=(second,))]
    threads[0].start()
    first_is_in.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join()
    print("out")
    printed = capsys.readouterr()
    assert printed.out == "out\n"
    assert printed.err.split() == ["first", "second"]


def test_what_is_called_and_fails_is_told_with_its_file_and_its_line():
    def fails():
        return {}["nothing"]

    with pytest.raises(InputError) as caught:
        called(fails)
    assert re.fullmatch(
        r"tests/assoc/test_imports.py, line \d+: KeyError: 'nothing'", one_line(caught.value)
    )
    with pytest.raises(InputError, match=r"^as it is$"):
        called(lambda: (_ for _ in ()).throw(InputError("as it is")))
