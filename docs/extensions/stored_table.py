"""The directive ``stored-table``: a table of docs/results with the command that made it."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sims.engine.numbers import is_number

RESULTS = Path(__file__).parents[1] / "results"


def shown(value: Any, decimals: int | None = None) -> str:
    """Format one cell, a number with the decimals of its column if it has such."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(item, decimals) for item in value) + "]"
    if not is_number(value):
        return str(value)
    if abs(value) >= 1e6 or (value and abs(value) < 1e-4):
        return scientific(value)
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if isinstance(value, int) or value == 0:
        return f"{value:.0f}"
    if abs(value) < 0.01:
        return f"{value:.2g}"
    if abs(value) < 10:
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return f"{value:.6g}" if value == round(value) else f"{value:.1f}"


def decimals_of(values: Sequence[Any]) -> int | None:
    """Return the decimals that a column of numbers or intervals needs; None if they are unlike.

    Numbers are unlike if one is more than a thousand times another, or needs a power of ten.
    """
    cells = [item for value in values
             for item in (value if isinstance(value, list | tuple) else [value])]  # fmt: skip
    numbers = [item for item in cells if item is not None]
    sizes = [abs(number) for number in numbers if is_number(number) and number]
    texts = [shown(number) for number in numbers]
    if not all(map(is_number, numbers)) or not sizes or max(sizes) > 1e3 * min(sizes):
        return None
    if any("$" in text for text in texts):
        return None
    high, low = (math.floor(math.log10(size)) for size in (max(sizes), min(sizes)))
    most = max(1, 2 - low) if high > 0 else max(4, 1 - high)
    return min(most, max(len(text.partition(".")[2]) for text in texts))


def scientific(value: float) -> str:
    """Format a very large or small number; a round power of ten keeps no digits."""
    digits, power = (f"{value:.3e}" if abs(value) > 1 else f"{value:.1e}").split("e")
    digits = digits.rstrip("0").rstrip(".")
    factor = "" if digits == "1" else rf"{digits} \times "
    return f"${factor}10^{{{int(power)}}}$"


def table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of a Markdown table; columns of numbers are set flush right."""
    numeric = {
        key: all(isinstance(row.get(key), int | float | None) for row in rows) for key in columns
    }
    head = "| " + " | ".join(columns.values()) + " |"
    rule = "| " + " | ".join("--:" if numeric[key] else ":--" for key in columns) + " |"
    decimals = {key: decimals_of([row.get(key) for row in rows]) for key in columns}
    body = [
        "| " + " | ".join(shown(row.get(key), decimals[key]) for key in columns) + " |"
        for row in rows
    ]
    return [head, rule, *body]


def origin(document: Mapping[str, Any]) -> str:
    """Say which command made a stored result, and on what."""
    machine = document["machine"]
    seed = "" if document["seed"] is None else f", seed {document['seed']}"
    commit = f", commit {document['commit']}" if document["commit"] else ""
    return (
        f"`{document['command']}`{seed}; version {document['version']}{commit}, "
        f"{machine['system']} {machine['processor']}, {machine['cores']} cores, "
        f"Python {machine['python']}."
    )


class StoredTable(SphinxDirective):
    """Show docs/results/NAME.json, NAME being the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table and its origin."""
        path = RESULTS / f"{self.arguments[0]}.json"
        self.env.note_dependency(str(path))
        document = json.loads(path.read_text(encoding="utf-8"))
        lines = [
            *table(document["columns"], document["rows"]),
            "",
            "{.origin}",
            f"From {origin(document)}",
        ]
        container = nodes.container()
        source, line = self.get_source_info()
        self.state.nested_parse(StringList(lines, source), line, container)
        return [container]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("stored-table", StoredTable)
    return {"version": "1", "parallel_read_safe": True}
