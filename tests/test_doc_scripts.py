"""The scripts that numbers of the documentation come from can be run: what they import is there."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

FIGURES = sorted((Path(__file__).parents[1] / "docs" / "figures").glob("*.svg"))
SCRIPTS = sorted((Path(__file__).parents[1] / "docs" / "scripts").glob("*.py"))
OURS = ("assoc", "sims", "theory", "tests")


def imported(script):
    """Modules of the checkout that a script imports, and what it takes from them."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in OURS:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_a_script_imports_is_there(script):
    for module, name in imported(script):
        found = importlib.import_module(module)
        # It may also be a module of the package.
        assert hasattr(found, name) or importlib.import_module(f"{module}.{name}"), (module, name)


def test_scripts_are_looked_at():
    assert len(SCRIPTS) > 30
    assert sum(1 for script in SCRIPTS for _ in imported(script)) > 100


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.stem)
def test_a_figure_of_the_documentation_says_which_script_drew_it(figure):
    """And not a quick run, whose figures have the same names and fewer points."""
    said = re.search(r"<dc:description>(.*?)</dc:description>", figure.read_text(encoding="utf-8"))
    command = json.loads(said[1])["command"]
    assert re.match(r"python docs/scripts/\w+\.py|python -m tests\.benchmarks\.", command), command
