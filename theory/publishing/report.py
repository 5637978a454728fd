"""The report: one self-contained page, the verdicts first, then all there is on each theorem."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sims.engine.formulas import typeset
from sims.engine.numbers import (
    DIGITS,
    decimals_known,
    decimals_shared,
    is_number,
    number_known,
    number_rounded,
)
from theory.claims import spaced
from theory.publishing.board import KINDS, STANDINGS, groups, number_of, summed_up
from theory.publishing.headings import column_heading
from theory.publishing.sections import Section, theorem_parts
from theory.registry import find
from theory.rendering.drawing import drawn
from theory.rendering.files import as_json, make_folder, provenance, write_whole
from theory.rendering.markdown import html, html_inline
from theory.verdicts import ClaimResult, VerifyResult

__all__ = ["TEMPLATES", "page", "write_report"]

TEMPLATES = Path(__file__).with_name("templates")
"""Folder of the page's and the document's templates."""


def write_report(result: VerifyResult, folder: Path, *, command: str) -> Path:
    """Write ``report.html``, ``verify.json`` and a figure per theorem.

    Parameters
    ----------
    result : what was judged.
    folder : made if it does not exist.
    command : the command, for the provenance.

    Returns
    -------
    The path of the page.

    Raises
    ------
    InputError
        If the folder or a file cannot be written.
    """
    make_folder(folder)
    origin = provenance(command=command, seed=result.seed)
    sections: list[Section] = []
    pictures: dict[str, bytes] = {}
    for name in dict.fromkeys(claim.theorem for claim in result.claims):
        claims = [claim for claim in result.claims if claim.theorem == name]
        parts = theorem_parts(find(name), claims)
        for part in parts:
            if part.figure is not None:
                pictures[part.name] = drawn(part.figure, "svg", origin)
                write_whole(folder / f"{part.name}.svg", pictures[part.name])
                write_whole(folder / f"{part.name}.png", drawn(part.figure, "png", origin))
        sections.append(Section(find(name), claims, parts))
    write_whole(folder / "verify.json", as_json({"tool": "recall", **origin, **result.to_dict()}))
    written = folder / "report.html"
    text = page(sections, pictures, size=result.size, seed=result.seed, origin=origin)
    write_whole(written, text)
    return written


def page(
    sections: Sequence[Section],
    pictures: Mapping[str, bytes],
    *,
    size: str,
    seed: int,
    origin: Mapping[str, Any],
    missing: Mapping[str, str] | None = None,
) -> str:
    """Return the page: HTML that asks for nothing from elsewhere.

    Parameters
    ----------
    sections : one for each theorem.
    pictures : SVG of their figures, by the names of the parts.
    size, seed : of the run.
    origin : the provenance.
    missing : parts that could not be made, and why.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "columns": _columns,
        "markdown": html,
        "markdown_inline": html_inline,
        "typeset": lambda text: html_inline(typeset(text)),
        "allowed": lambda value: "" if value is None else f"{value:.2g}",
        "compared": lambda sign: {">=": "≥", "<=": "≤"}.get(sign, sign),
        "known": number_known,
        "cells": _cells,
        "spread": lambda ends: "" if decimals_known(ends) is None else number_known(ends),
        "heading": column_heading,
        "spaced": spaced,
    }
    claims = [claim for section in sections for claim in section.claims]
    grouped = [
        {"title": group.title, "sections": [_plain(each, pictures) for each in group.sections]}
        for group in groups(sections)
    ]
    return environment.get_template("report.html").render(
        heading=_counted(claims) if claims else "Tables and figures",
        size=size,
        seed=seed,
        kinds=KINDS,
        standings=STANDINGS,
        groups=grouped,
        sections=[section for group in grouped for section in group["sections"]],
        missing=missing or {},
        provenance=json.dumps(origin, indent=2),
    )


def _counted(claims: Sequence[ClaimResult]) -> str:
    return summed_up((claim.verdict, claim.claim.standing) for claim in claims)


def _plain(section: Section, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what the template reads of a section, figures as data."""
    parts = []
    for part in section.parts:
        picture = None
        if part.name in pictures:
            encoded = base64.b64encode(pictures[part.name]).decode()
            picture = f"data:image/svg+xml;base64,{encoded}"
        # The verdicts have a table of their own on the page.
        own = part.name == section.theorem.name
        parts.append(
            {
                "name": f"part-{part.name}",
                "title": part.title,
                "table": None if own else part.table,
                "picture": picture,
                "legend": part.legend,
                "alternative": part.alternative,
            }
        )
    return {
        "theorem": section.theorem,
        "number": number_of(section.theorem.source),
        "claims": section.claims,
        "counted": _counted(section.claims),
        "parts": parts,
    }


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys of the records, in the order in which they first occur; not every one has them all."""
    return list(dict.fromkeys(key for row in rows for key in row))


def _cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the cells of records, with the digits that an interval beside a number leaves.

    Other numbers of a column have the same number of decimals, where that is possible.
    """
    keys = _columns(rows)
    decimals = {key: _decimals([row.get(key) for row in rows]) for key in keys}
    return [[_shown(row, key, decimals[key]) for key in keys] for row in rows]


def _decimals(values: Sequence[Any]) -> int | None:
    numbers = [value for value in values if value is not None]
    return decimals_shared(numbers, DIGITS) if all(map(is_number, numbers)) else None


def _shown(row: Mapping[str, Any], key: str, decimals: int | None) -> str:
    value, interval = row.get(key), row.get("interval") if key == "measured" else None
    if decimals_known(interval) is None and decimals is not None and value is not None:
        return number_rounded(value, DIGITS, decimals)
    return number_known(value, interval if isinstance(interval, list | tuple) else None)
