"""Help and tables as people read them: examples to paste, groups of options, no padding."""

import shlex

import pytest
import typer

from theory.cli.app import app
from theory.cli.helping import GROUPS, examples_of, without_examples
from theory.registry import registered

COMMANDS = {
    (command.name or command.callback.__name__.replace("_", "-")): command
    for command in app.registered_commands
}


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_stand_one_a_line_and_can_be_pasted(recall, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ran = recall(name, "--help")
    text, _, shown = ran.out.partition("\nExamples:\n")
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    assert lines
    assert lines == list(COMMANDS[name].cls.examples)
    assert "Example" not in text
    for line in lines:
        words = shlex.split(line, comments=False)
        assert words[:2] == ["recall", name]
        # Every option of an example is one that the help names.
        for word in words[2:]:
            if word.startswith("--"):
                assert word in text, (line, word)


@pytest.mark.parametrize("name", ["capacity", "facts", "conditions", "measure", "appendix"])
def test_options_stand_in_groups(recall, name):
    out = recall(name, "--help").out
    assert sum(f" {group} " in out for group in GROUPS) >= 2


def test_a_docstring_is_parted_from_its_examples():
    def command():
        """Do this.

        More of it.

        Examples: `recall this
        --d 3`; `recall this`
        """

    assert examples_of(command) == ["recall this --d 3", "recall this"]
    assert without_examples(command) == "Do this.\n\nMore of it.\n"
    assert examples_of(typer.echo) == []


def test_a_list_has_a_line_for_each_theorem(recall):
    lines = recall("list").out.splitlines()
    assert lines[0].startswith(f"{len(registered())} theorems, ")
    assert [line.split()[0] for line in lines[1:]] == [theorem.name for theorem in registered()]
    for line, theorem in zip(lines[1:], registered(), strict=True):
        assert line.endswith(theorem.title)


def test_claims_are_listed_on_demand(recall):
    out = recall("list", "-v").out
    for theorem in registered():
        assert f"{theorem.name}: {theorem.title}" in out
    assert "rests on" in out
    assert "proved" in out


@pytest.mark.parametrize("command", [("list", "-v"), ("predict", "linear", "--d", 64, "--N", 256)])
def test_no_line_ends_with_blanks_into_a_pipe(recall, command):
    lines = recall(*command).out.splitlines()
    assert lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_what_nobody_will_see_is_said_in_words(recall):
    ran = recall("predict", "linear", "--d", 64, "--N", 256)
    assert "e-31" not in ran.out
    assert "never" in ran.out
    assert "never: below 1e-9" in ran.out
    chance = recall("predict", "linear", "--d", 64, "--N", 256, "--json").result["points"][0]
    assert 0 < chance["all_recalled"] < 1e-30
