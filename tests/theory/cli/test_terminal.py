"""What is printed acts on no terminal, and stdout has nothing but what the command found."""

import ast
import json
import re
from pathlib import Path

import pytest

from sims.sweeps.store import Point, Store
from theory.cli import terminal
from theory.cli.terminal import json_text, visible

ESCAPE = "\x1b]0;gone\x07\x1b[2J\x9b31m\u202e"
"""Names a window, clears it, turns red in two ways and writes to the left."""

SHOWN = r"\x1b]0;gone\x07\x1b[2J\x9b31m\u202e"

PLAIN = re.compile(r"[^\n\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\U0010ffff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ESCAPE, SHOWN),
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("caf\udce9", r"caf\udce9"),
        ("Zoë, 東京, 👩\u200d🚀, فارسی\u200cها", "Zoë, 東京, 👩\u200d🚀, فارسی\u200cها"),
        ("\ufeffname\u200b", r"\ufeffname\u200b"),
        (5, "5"),
    ],
)
def test_what_acts_is_shown_and_what_is_read_stays(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    "module", sorted(Path(terminal.__file__).parent.glob("*.py")), ids=lambda path: path.stem
)
def test_no_text_of_a_command_is_two_lines(module):
    """It would be shown with an escape between them: lines are given to the terminal one by one."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in documentation
        if isinstance(node.value, str) and re.search(r"\w\s*\n\s*\w", node.value)
    ]
    assert found == []


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("text", [ESCAPE, "Zoë 東京 👩‍🚀", "caf\udce9", "plain\n\t"])
def test_json_says_the_same_in_any_encoding(encoding, text):
    document = json_text(json.dumps({"name": text}, indent=2, ensure_ascii=False), encoding)
    assert json.loads(document.encode(encoding)) == {"name": text}
    assert not PLAIN.search(document.replace("\u200d", ""))


def test_names_of_a_table_do_not_reach_the_terminal_raw(recall, tmp_path):
    """In tables, notes, errors, and what a model answers."""
    rows = [f"s{k}{ESCAPE},r{ESCAPE},a{k % 3}{ESCAPE}" for k in range(9)]
    (tmp_path / "t.csv").write_text("\n".join(["subject,relation,answer", *rows]) + "\n")
    small = ["--d", 4, "--heads", 2, "--head-dim", 4, "--noise", 4, "--length", 3]
    runs = [
        recall("facts", "t.csv", "--model", "attention-only", *small, "--export", "m.safetensors"),
        recall("facts", "t.csv", "--memory", "linear", "--d", 2),
        recall("ask", "m.safetensors", f"s1{ESCAPE}", f"r{ESCAPE}"),
        recall("ask", "m.safetensors", f"s1{ESCAPE}", "unknown"),
        recall("knowledge", "t.csv", "--relations", ESCAPE),
    ]
    assert [ran.status for ran in runs] == [0, 0, 0, 2, 2], runs
    for ran in runs:
        # The title of a narrow table is folded.
        assert SHOWN in (ran.out + ran.err).replace("\n", "")
        assert not PLAIN.search(ran.out + ran.err)


def test_a_store_and_a_file_do_not_either(recall, tmp_path):
    with Store(tmp_path / "a.sqlite", {"sweep": ESCAPE}) as store:
        store.add(Point(ESCAPE, "{}", "0.5", 0.1, 0.0))
    (tmp_path / f"{ESCAPE}.csv").write_text("subject,relation,answer\na,b,c\nd,b,e\n")
    runs = [
        recall("status", "a.sqlite"),
        recall("facts", f"{ESCAPE}.csv", "--memory", "linear", "--d", 2),
        recall("facts", f"{ESCAPE}.none"),
        recall("measure", f"{ESCAPE}:build", "--d", 2, "--N", 2),
        recall("measure", "linear", "--d", 2, "--N", 2, f"--{ESCAPE}"),
    ]
    assert [ran.status for ran in runs] == [0, 0, 2, 2, 2]
    for ran in runs:
        # The title of a narrow table is folded.
        assert SHOWN in (ran.out + ran.err).replace("\n", "")
        assert not PLAIN.search(ran.out + ran.err)


@pytest.mark.parametrize("file", ["[bold]a.csv", "a[red.csv", "a[link=b]c.csv"])
def test_a_name_is_no_markup(recall, tmp_path, file):
    """Rich would take what stands in brackets for a style, and leave it out."""
    (tmp_path / file).write_text("subject,relation,answer\na,b,c\nd,b,e\n")
    ran = recall("facts", file, "--memory", "linear", "--d", 2)
    assert ran.status == 0
    assert ran.out.startswith(f"{file} in one memory")


PRINTS = """\
import subprocess, sys
print("import")
class Memory:
    @property
    def parameters(self):
        print("parameters")
        return 1
    def __call__(self, E):
        sys.__stdout__.write("underneath\\n")
        return E
def build(E, U, f, *, rng):
    print("build")
    subprocess.run([sys.executable, "-c", "print('child')"], check=True)
    return Memory()
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_module_that_prints_leaves_stdout_alone(process, tmp_path, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    (tmp_path / "mine.py").write_text(PRINTS)
    ran = process("measure", "mine:build", "--d", 4, "--N", 3, "--trials", 2, "--json")
    assert ran.result["memory"] == "mine:build"
    for said in ("import", "parameters", "build", "underneath", "child"):
        assert said in ran.err


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_letters_that_a_locale_lacks_are_escaped(process, tmp_path, monkeypatch, arguments):
    (tmp_path / "é.csv").write_text("subject,relation,answer\nZoë,東,ü\nb,東,c\n")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ran = process("facts", "é.csv", "--memory", "linear", "--d", 2, *arguments)
    assert ran.status == 0
    assert ran.out.isascii()
    if arguments:
        assert ran.result["file"] == "é.csv"
    else:
        assert r"\xe9.csv in one memory" in ran.out
    assert process("facts", "ö.csv").complaint == r"\xf6.csv: no such file"
