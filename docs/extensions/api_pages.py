"""Writes docs/api/*.md before each build: public names, and pages for the rooms of the packages.

A page opens with the docstring of the package or room and goes on with its modules, in the order of
their names, so that what is on disk and what is documented cannot differ.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from generated import write_folder
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

FLOORS = ("assoc", "sims", "theory")
MANY = 24
"""Modules of a room that are too many for one page."""

LONG = 1000
"""Characters of a value that are too many for a page."""

PAGES = Path(__file__).parents[1] / "api"


def page(package: ModuleType, modules: list[str]) -> str:
    """Page of a room: what it is for, then its modules; links to their pages if they are many."""
    lines = [f"# {package.__name__}", "", inspect.getdoc(package) or "", ""]
    if len(modules) > MANY:
        return "\n".join([*lines, "```{toctree}", ":maxdepth: 1", "", *modules, "```", ""])
    for name in modules:
        lines += [f"## {name}", "", *members(name)]
    return "\n".join(lines)


def members(name: str) -> list[str]:
    """Return the lines that document a module; values that would fill a screen are left out."""
    module = importlib.import_module(name)
    values = {each: getattr(module, each) for each in getattr(module, "__all__", ())}
    long = [
        each for each, value in values.items() if not callable(value) and len(repr(value)) > LONG
    ]
    lines = ["```{eval-rst}", f".. automodule:: {name}", "   :members:"]
    if long:
        lines += [f"   :exclude-members: {', '.join(long)}", ""]
    for each in long:
        lines += [f".. autodata:: {name}.{each}", "   :no-value:", ""]
    return [*lines, "```", ""]


def pages(name: str) -> dict[str, str]:
    """Pages of a package and of the rooms in it, by their names."""
    package = importlib.import_module(name)
    found = sorted(pkgutil.iter_modules(package.__path__, f"{name}."), key=lambda each: each.name)
    modules = [each.name for each in found if not each.ispkg]
    written = {name: page(package, modules)}
    if len(modules) > MANY:
        written |= {each: "\n".join([f"# {each}", "", *members(each)]) for each in modules}
    for each in found:
        if each.ispkg:
            written |= pages(each.name)
    return written


def sources_of(package: ModuleType) -> dict[str, str]:
    """Return the module that each public name of a package comes from, as its stub says."""
    assert package.__file__
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: ".".join(filter(None, (package.__name__, node.module)))
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def summary(module: str, name: str) -> str:
    """Return the first line that is said of a name where it is defined."""
    found = getattr(importlib.import_module(module), name)
    if inspect.ismodule(found) or inspect.isroutine(found) or inspect.isclass(found):
        said = inspect.getdoc(found) or ""
    else:
        said = "\n".join(ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name), [""]))
    plain = re.sub(r":\w+:(`[^`]+`)", r"\1", said.split("\n")[0].strip())
    return plain.replace("|", "\\|").replace("*", "\\*")


def names_page() -> str:
    """Page of the names that the packages hand out themselves, with links to where they are."""
    lines = [
        "# Public names",
        "",
        "What `import assoc`, `import sims` and `import theory` bring, on one page. Each name "
        "leads to the page of its module.",
        "",
    ]
    for floor in FLOORS:
        package = importlib.import_module(floor)
        lines += [f"## {floor}", "", "| name | |", "| :-- | :-- |"]
        for name, module in sorted(sources_of(package).items(), key=lambda pair: pair[0].lower()):
            found = getattr(importlib.import_module(module), name)
            if hasattr(found, "__path__"):
                link = f"[`{floor}.{name}`]({floor}.{name}.md)"
            elif inspect.ismodule(found):
                link = f"{{py:mod}}`{floor}.{name}`"
            else:
                link = f"{{py:obj}}`{floor}.{name} <{module}.{name}>`"
            lines.append(f"| {link} | {summary(module, name)} |")
        lines.append("")
    return "\n".join(lines)


def write_pages(app: Sphinx) -> None:
    """Write the pages."""
    written = {"names": names_page()}
    written |= {name: text for floor in FLOORS for name, text in pages(floor).items()}
    write_folder(PAGES, written)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
