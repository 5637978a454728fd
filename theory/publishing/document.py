"""The LaTeX document that holds all tables and figures of an appendix."""

from collections.abc import Mapping, Sequence
from typing import Any

from sims.engine.tables import latex_literal, latex_markdown, latex_text
from theory.claims import spaced
from theory.publishing.report import TEMPLATES
from theory.publishing.sections import Part, Section
from theory.rendering.markdown import latex

__all__ = ["document"]

WIDE = 6.8
"""Inches from which a figure takes the whole line."""


def document(sections: Sequence[Section], origin: Mapping[str, Any]) -> str:
    """Return the document that holds all tables and figures."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True,
        block_start_string="((*", block_end_string="*))", variable_start_string="(((",
        variable_end_string=")))", comment_start_string="((#", comment_end_string="#))",
    )  # fmt: skip
    environment.filters |= {
        "latex": latex_text,
        "latex_markdown": latex_markdown,
        "markdown": latex,
        "aside": lambda claim: f"({claim.claim.kind}, {spaced(claim.verdict)})",
        "breakable": _breakable,
    }
    shown = [
        {
            "theorem": section.theorem,
            "claims": section.claims,
            "parts": [
                {
                    "name": part.name,
                    "legend": part.legend,
                    "table": part.table is not None,
                    "figure": part.figure is not None,
                    "width": _width(part),
                }
                for part in section.parts
            ],
        }
        for section in sections
    ]
    made = (
        f"Made by recall {origin['version']} (commit {origin['commit']}), seed {origin['seed']}: "
        f"{origin['command']}"
    )
    return environment.get_template("appendix.tex").render(sections=shown, provenance=made)


def _breakable(text: str) -> str:
    """Return text for LaTeX as it is typed, with places to break long paths at."""
    return latex_literal(text).replace("--", "-{}-").replace("/", r"/\allowbreak{}")


def _width(part: Part) -> str:
    """Return how wide a figure is set, in proportion to how wide it is drawn."""
    inches = 0.0 if part.figure is None else float(part.figure.get_figwidth())
    return f"{min(1.0, inches / WIDE):.2f}\\linewidth"
