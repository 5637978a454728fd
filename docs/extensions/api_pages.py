"""Writes docs/api/*.md before each build: a page for each room of the packages, found in the tree.

A page opens with the docstring of the package or room and goes on with its modules, in the order of
their names, so that what is on disk and what is documented cannot differ.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from generated import write_folder
from sphinx.application import Sphinx

FLOORS = ("assoc", "sims", "theory")
PAGES = Path(__file__).parents[1] / "api"


def page(package: ModuleType, modules: list[str]) -> str:
    """Page of a room: what it is for, then its modules."""
    lines = [f"# {package.__name__}", "", inspect.getdoc(package) or "", ""]
    for name in modules:
        lines += [f"## {name}", "", "```{eval-rst}", f".. automodule:: {name}", "   :members:"]
        lines += ["```", ""]
    return "\n".join(lines)


def pages(name: str) -> dict[str, str]:
    """Pages of a package and of the rooms in it, by their names."""
    package = importlib.import_module(name)
    found = sorted(pkgutil.iter_modules(package.__path__, f"{name}."), key=lambda each: each.name)
    written = {name: page(package, [each.name for each in found if not each.ispkg])}
    for each in found:
        if each.ispkg:
            written |= pages(each.name)
    return written


def write_pages(app: Sphinx) -> None:
    """Write the pages."""
    written = {name: text for floor in FLOORS for name, text in pages(floor).items()}
    write_folder(PAGES, written)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
