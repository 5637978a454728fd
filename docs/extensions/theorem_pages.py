"""Writes docs/theorems/*.md before each build: the registry beside the results of a stored run.

What a theorem says, supposes and claims comes from :mod:`theory.registry`; verdicts, tables and
figures from docs/results, which ``recall verify --report docs/results`` makes. A claim without a
stored verdict, or a stored one whose statement has changed since, is a warning: the run is stale.
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from generated import write_folder
from sphinx.application import Sphinx
from sphinx.util import logging
from stored_table import RESULTS, origin, table

from theory.claims import Claim, Theorem, deviation_text
from theory.registry import registered

COMMAND = "recall verify --report docs/results"
PAGES = Path(__file__).parents[1] / "theorems"

KINDS = {
    "exact": "proved symbolically, or certified in floating point",
    "sufficient": "a condition guarantees success with probability at least 1 - delta",
    "necessary": "no model may beat the bound",
    "scaling": "the exponent of a law",
    "constant": "a sharp constant, or a prediction without a fitted number",
    "trajectory": "holds along a whole solution",
}

logger = logging.getLogger(__name__)


def plain(text: str) -> str:
    """Escape what Markdown would read as markup; code in backquotes is left alone."""
    parts = re.split(r"(`+[^`]*`+)", text)
    parts[::2] = [re.sub(r"([\\*_<>\[\]$|#])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts).replace("docs/derivations.md", "[derivations](../derivations.md)")


def first_paragraph(function: Callable[..., Any]) -> str:
    """First paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def value(item: Any) -> str:
    """Format one value of a regime."""
    if callable(item):
        return str(getattr(item, "__name__", type(item).__name__))
    if isinstance(item, list | tuple):
        shown = ", ".join(value(part) for part in item)
        return f"({shown})"
    return str(item)


def regime(settings: Mapping[str, Any]) -> str:
    """Format the settings of a check."""
    if not settings:
        return "nothing to choose"
    return ", ".join(f"`{key} = {value(item)}`" for key, item in settings.items())


def verdict(stored: Mapping[str, Any]) -> str:
    """Verdict in words, with those of the controls."""
    controls = {**stored["controls"], **stored["near_misses"]}
    caught = all(outcome in (None, "violated") for outcome in controls.values())
    outcome = str(stored["verdict"]).replace("_", " ")
    if set(controls.values()) == {stored["verdict"]} == {"not_applicable"}:
        return f"**{outcome}** where it was run, and so are its controls"
    return f"**{outcome}**; all {len(controls)} controls {'caught' if caught else 'NOT caught'}"


def claim_section(claim: Claim, stored: Mapping[str, Any] | None) -> list[str]:
    """One claim of a theorem's page."""
    lines = [f"### {claim.name}", "", plain(claim.statement), ""]
    lines += [
        "Kind",
        f": {claim.kind}: {KINDS[claim.kind]}.",
        "",
        "Source",
        f": {plain(claim.source)}.",
        "",
        "Check",
        f": {plain(first_paragraph(claim.check))}",
        "",
        "Quick",
        f": {regime(claim.quick)}",
        "",
    ]
    if claim.full:
        lines += ["Full", f": as quick, but {regime(claim.full)}", ""]
    lines += [
        "Must fail",
        f": as quick, but {regime(claim.must_fail)}: {plain(claim.why_fail)}.",
        "",
        "Planted fault",
        f": as quick, but {regime(claim.fault)}: {plain(claim.fault_text)}.",
        "",
    ]
    if claim.near_misses:
        lines += ["Near misses"]
        for name, changes in claim.near_misses.items():
            lines += [f": as quick, but {regime(changes)}: {plain(name)}.", ""]
    if stored is None:
        return [*lines, "No stored verdict.", ""]
    lines += ["Stored verdict", f": {verdict(stored)} ({plain(stored['note'])}).", ""]
    noticed = deviation_text(stored["would_notice"], relative=stored["relative"])
    if noticed:
        lines += ["Would notice", f": {noticed}, planted in all predictions at once.", ""]
    rows = stored["table"]
    if rows:
        columns = {key: plain(key.replace("_", " ")) for row in rows for key in row}
        lines += [
            f"<details><summary>{len(rows)} row{'s' * (len(rows) > 1)}</summary>",
            "",
            *table(columns, rows),
            "",
            "</details>",
            "",
        ]
    failing = [condition for condition in stored["conditions"] if not condition["holds"]]
    if failing:
        lines += ["Hypotheses that failed:", ""]
        lines += [f"- {plain(c['name'])}: {plain(c['value'])}" for c in failing] + [""]
    return lines


def page(theorem: Theorem, document: Mapping[str, Any]) -> str:
    """Page of one theorem."""
    stored = {
        record["claim"]: record
        for record in document["claims"]
        if record["theorem"] == theorem.name
    }
    for claim in theorem.claims:
        if stored.get(claim.name, {}).get("statement") != claim.statement:
            logger.warning(
                "%s / %s: docs/results/verify.json is stale; run %s",
                theorem.name,
                claim.name,
                COMMAND,
            )
    lines = [
        f"# {theorem.name}",
        "",
        f"{plain(theorem.title)}.",
        "",
        f"Source: {plain(theorem.source)}.",
        "",
        "## Statement",
        "",
        theorem.statement.strip(),
        "",
        "## Hypotheses",
        "",
    ]
    for number, hypothesis in enumerate(theorem.hypotheses, 1):
        lines += [
            f"{number}. {plain(hypothesis.text)}",
            "",
            f"   *Check:* {plain(first_paragraph(hypothesis.check).removeprefix('Check '))}",
            "",
        ]
    lines += [
        "",
        f"`recall conditions {theorem.name}` checks them on sizes (`--d`, `--N`) or on your own "
        "vectors (`--embeddings FILE`).",
        "",
        "## Constants",
        "",
        theorem.constants.strip(),
        "",
        "## Deviations",
        "",
        theorem.deviations.strip(),
        "",
        "## Claims",
        "",
    ]
    for claim in theorem.claims:
        lines += claim_section(claim, stored.get(claim.name))
    figure = RESULTS / f"{theorem.name}.svg"
    if figure.exists():
        lines += ["## Figure", "", f"![Measured beside predicted](../results/{figure.name})", ""]
    lines += [
        "## Where the numbers come from",
        "",
        f"Verdicts, tables and figure: {origin(document)}",
        f"The same command makes them again, or `recall verify {theorem.name}` for this theorem "
        "on the terminal.",
        "",
    ]
    return "\n".join(lines)


def overview(theorems: tuple[Theorem, ...], document: Mapping[str, Any]) -> str:
    """Page with every claim's verdict."""
    stored = {(record["theorem"], record["claim"]): record for record in document["claims"]}
    rows = []
    for theorem in theorems:
        for claim in theorem.claims:
            record = stored.get((theorem.name, claim.name), {})
            rows.append(
                {
                    "theorem": f"[{theorem.name}]({theorem.name}.md)",
                    "claim": claim.name,
                    "kind": str(claim.kind),
                    "statement": plain(claim.statement),
                    "verdict": str(record.get("verdict", "not run")).replace("_", " "),
                }
            )
    lines = [
        "# Theorems",
        "",
        "These pages are written from the registry of theorems at every build, and from one stored "
        "run of all checks. A control is a run where the claim must fail, or with a fault planted "
        "in the construction; a claim whose control passes is not reported to hold.",
        "",
        *table({key: key for key in rows[0]}, rows),
        "",
        f"From {origin(document)}",
        "",
        "```{toctree}",
        ":hidden:",
        "",
        *(theorem.name for theorem in theorems),
        "```",
        "",
    ]
    return "\n".join(lines)


def write_pages(app: Sphinx) -> None:
    """Write the pages."""
    document = json.loads((RESULTS / "verify.json").read_text(encoding="utf-8"))
    theorems = registered()
    pages = {theorem.name: page(theorem, document) for theorem in theorems}
    pages["index"] = overview(theorems, document)
    write_folder(PAGES, pages)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
