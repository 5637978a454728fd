"""The scripts that numbers of the documentation come from can be run: what they import is there."""

import ast
import importlib
from pathlib import Path

import pytest

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
