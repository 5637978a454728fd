"""The LaTeX document that holds all tables and figures of an appendix."""

from collections.abc import Mapping, Sequence
from typing import Any

from sims.engine.numbers import number_known
from sims.engine.tables import latex_literal, latex_statement, latex_text
from theory.claims import Standing, Verdict, spaced
from theory.publishing.board import (
    KINDS,
    STANDINGS,
    groups,
    number_of,
    paper_of,
    summed_up,
)
from theory.publishing.report import TEMPLATES
from theory.publishing.sections import Part, Section
from theory.rendering.markdown import latex
from theory.verdicts import ClaimResult

__all__ = ["document"]

WIDE = 6.8
"""Inches from which a figure takes the whole line."""

PAIRED = 7.1
"""Inches up to which two figures share a line."""

ROW = 3.8
"""Inches that one row of panels is high."""


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
        "statement": latex_statement,
        "markdown": latex,
        "aside": _aside,
        "controls": _controls,
        "breakable": _breakable,
    }
    ordered = [section for group in groups(sections) for section in group.sections]
    claims = [claim for section in ordered for claim in section.claims]
    made = (
        f"Made by recall {origin['version']} (commit {origin['commit']}), seed {origin['seed']}: "
        f"{origin['command']}"
    )
    return environment.get_template("appendix.tex").render(
        sections=[_shown(section) for section in ordered],
        counted=_counted(claims),
        standings=STANDINGS,
        kinds=KINDS,
        provenance=made,
    )


def _counted(claims: Sequence[ClaimResult]) -> str:
    return summed_up((claim.verdict, claim.claim.standing) for claim in claims)


def _shown(section: Section) -> dict[str, Any]:
    """Return what the template reads of a section."""
    source = section.theorem.source
    held = [c.claim.standing for c in section.claims if c.verdict is Verdict.HOLDS]
    return {
        "theorem": section.theorem,
        "paper": f"{paper_of(source)} {number_of(source)}".strip() or "derived here",
        "claims": section.claims,
        "counted": _counted(section.claims),
        "held": [f"{len(held)} of {len(section.claims)}", *(held.count(each) for each in Standing)],
        "figures": _rows([part for part in section.parts if part.figure is not None]),
        "tables": [part for part in section.parts if part.table is not None and not part.told],
    }


def _rows(parts: Sequence[Part]) -> list[list[dict[str, Any]]]:
    """Return figures in rows: two small ones side by side, others alone."""
    rows: list[list[dict[str, Any]]] = []
    small: list[Part] = []
    for part in parts:
        if _inches(part) > PAIRED:
            rows.append([_figure(part)])
        else:
            small.append(part)
    pairs = [small[start : start + 2] for start in range(0, len(small), 2)]
    return rows + [[_figure(part) for part in pair] for pair in pairs]


def _figure(part: Part) -> dict[str, Any]:
    width = f"{min(1.0, _inches(part) / WIDE):.2f}\\linewidth"
    # A page has room for six rows of panels, whose letters are then about half as large as drawn. A
    # second row shares its axes' names with the first, and needs less.
    high = 0.0 if part.figure is None else float(part.figure.get_figheight())
    rows = max(1, round(high / ROW))
    height = f"{0.16 + 0.12 * (rows - 1):.2f}\\textheight"
    return {"name": part.name, "legend": part.legend, "width": width, "height": height}


def _inches(part: Part) -> float:
    return 0.0 if part.figure is None else float(part.figure.get_figwidth())


def _aside(claim: ClaimResult) -> str:
    """Return what is said of a claim beside its name."""
    rests = f", {claim.claim.standing}" if claim.verdict is Verdict.HOLDS else ""
    return f"({claim.claim.kind}; {spaced(claim.verdict)}{rests})"


def _controls(claim: ClaimResult) -> str:
    """Say where a claim must fail, and what was found there."""
    said = []
    for name, found in claim.controls.items():
        numbers = [number_known(value) for value in (found.measured, found.predicted)]
        beside = f" ({' against '.join(latex_text(n) for n in numbers)})" if all(numbers) else ""
        missed = (
            "" if found.verdict is Verdict.VIOLATED else f" \\textbf{{{spaced(found.verdict)}}}"
        )
        said.append(latex_statement(claim.claim.control_text(name)) + beside + missed)
    return "; ".join(said)


def _breakable(text: str) -> str:
    """Return text for LaTeX as it is typed, with places to break long paths at."""
    return latex_literal(text).replace("--", "-{}-").replace("/", r"/\allowbreak{}")
