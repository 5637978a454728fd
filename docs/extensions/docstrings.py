"""Reads ``name : description`` in this project's docstrings as a description, not as a type.

Types stand in the signatures; what follows the colon says what a parameter means and its shape. A
colon in the first line of a constant's docstring is one of the sentence, too.
"""

import re
from typing import Any

from sphinx.application import Sphinx

ENTRY = re.compile(r"^(?P<names>[*\w][\w*, ]*?) : (?P<text>.+)$")
BAR = re.compile(r"(?<![\\`])\|(?=\S)(?=[^`]*(?:`[^`]*`[^`]*)*$)")
SECTIONS = ("Parameters", "Attributes")
VALUES = ("attribute", "data", "property")


def describe(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Put the description of each entry on a line of its own, which napoleon expects."""
    # Napoleon looks for a type in the first line, which is an empty comment here.
    described = ["..", ""] if what in VALUES else []
    inside = False
    for number, raw in enumerate(lines):
        line = raw
        ruled = number + 1 < len(lines) and set(lines[number + 1].strip()) == {"-"}
        if ruled:
            inside = line.strip() in SECTIONS
        # A norm |x| in running text would open a substitution.
        if not line.startswith(" "):
            line = BAR.sub(r"\\|", line)
        entry = ENTRY.match(line) if inside else None
        if entry is None:
            described.append(line)
        else:
            described += [entry["names"], f"    {entry['text']}"]
    lines[:] = described


def setup(app: Sphinx) -> dict[str, Any]:
    """Run before napoleon."""
    app.connect("autodoc-process-docstring", describe, priority=400)
    return {"version": "1", "parallel_read_safe": True}
