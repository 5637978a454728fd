"""Writes docs/theorems/*.md before each build: the registry beside the results of a stored run.

What a theorem says, supposes and claims comes from :mod:`theory.registry`; verdicts, tables and
figures from docs/results, which ``recall verify --report docs/results`` makes. A claim without a
stored verdict, or a stored one whose statement has changed since, is a warning: the run is stale.
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from generated import write_folder
from sphinx.application import Sphinx
from sphinx.util import logging
from stored_table import RESULTS, origin, table

from sims.engine.formulas import escaped, typeset
from sims.engine.numbers import decimals_known, number_known
from theory.claims import Claim, Finding, Standing, Theorem, Verdict, deviation_text, spaced
from theory.publishing.board import (
    KINDS,
    STANDINGS,
    groups,
    number_of,
    paper_of,
    summed_up,
)
from theory.publishing.headings import column_heading
from theory.publishing.sections import Section, legend
from theory.registry import registered
from theory.rendering.drawing import styled

COMMAND = "recall verify --report docs/results"
PAGES = Path(__file__).parents[1] / "theorems"

logger = logging.getLogger(__name__)

Stored = Mapping[str, Mapping[str, Any]]
"""A theorem's stored verdicts by the names of its claims."""


def linked(text: str) -> str:
    """Return plain text as Markdown, formulas as TeX, with links to the pages that it names."""
    parts = re.split(r"(docs/[a-z-]+\.md)", text)
    for i, part in enumerate(parts):
        name = Path(part).stem
        parts[i] = f"[{name}](../{name}.md)" if i % 2 else typeset(part)
    return "".join(parts)


def heading(text: str) -> str:
    """Return a title without TeX, which tabs of browsers and lists of pages do not draw."""
    return escaped(text.replace("^2", "²"))


def first_paragraph(function: Callable[..., Any]) -> str:
    """First paragraph of a docstring, on one line."""
    text = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    return re.sub(r":[a-z:]+:`~?([^`]*)`", r"`\1`", text).replace("``", "`")


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


def badges(*texts: str) -> str:
    """Return texts as badges, whose classes are their last words."""
    return " ".join(f"[{spaced(text)}]{{.badge .{text.rpartition(' ')[2]}}}" for text in texts)


def caught(stored: Mapping[str, Any]) -> str:
    """Say what became of a claim's controls."""
    outcomes = [*stored["controls"].values(), *stored["near_misses"].values()]
    if set(outcomes) <= {None}:
        return "not run"
    missed = sum(outcome != "violated" for outcome in outcomes)
    if set(outcomes) == {"not_applicable"}:
        return "not applicable"
    return f"{missed} of {len(outcomes)} MISSED" if missed else f"all {len(outcomes)} caught"


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Return lines that are shown when a reader asks for them."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]


def comparison(stored: Mapping[str, Any]) -> list[str]:
    """Measured against predicted, by the comparison that decided."""
    interval = stored["interval"]
    sign = {"at least": "≥ ", "at most": "≤ "}.get(stored["side"], "")
    predicted = number_known(stored["predicted"], interval)
    allowed = stored["tolerance"]
    row = {
        "quantity": typeset(stored["quantity"]),
        "measured": number_known(stored["measured"], interval),
        "interval": "" if decimals_known(interval) is None else number_known(interval),
        "predicted": sign + predicted if predicted else "",
        "allowed": "" if allowed is None else f"{allowed:.2g}",
        "would notice": deviation_text(stored["would_notice"], relative=stored["relative"]),
        "controls": caught(stored),
    }
    shown = {key: key for key in row if row[key]}
    return [*table(shown, [row]), ""]


def settings(claim: Claim, stored: Mapping[str, Any] | None) -> list[str]:
    """How a claim is checked, at which sizes, and where it must fail."""
    lines = ["Check", f": {linked(first_paragraph(claim.check))}", ""]
    lines += ["Quick", f": {regime(claim.quick)}", ""]
    if claim.full:
        lines += ["Full", f": as quick, but {regime(claim.full)}", ""]
    if stored is not None and stored["note"]:
        lines += ["Judged by", f": {typeset(stored['note'])}.", ""]
    lines += [
        "Must fail",
        f": as quick, but {regime(claim.must_fail)}: {typeset(claim.why_fail)}.",
        "",
        "Planted fault",
        f": as quick, but {regime(claim.fault)}: {typeset(claim.fault_text)}.",
        "",
    ]
    if claim.near_misses:
        lines += ["Near misses"]
        for name, changes in claim.near_misses.items():
            lines += [f": as quick, but {regime(changes)}: {typeset(name)}.", ""]
    return lines


def claim_section(claim: Claim, stored: Mapping[str, Any] | None) -> list[str]:
    """One claim of a theorem's page."""
    verdict = "not_run" if stored is None else str(stored["verdict"])
    rests = (str(claim.standing),) if verdict == "holds" else ()
    source = f"{linked(claim.source)}." + (f" Proof: {linked(claim.proof)}." if claim.proof else "")
    lines = [
        f"### {claim.name}",
        "",
        badges(verdict, *rests, str(claim.kind)),
        "",
        linked(claim.statement),
        "",
        *([] if stored is None or stored["measured"] is None else comparison(stored)),
        "{.origin}",
        source,
        "",
        *folded("How it is checked", settings(claim, stored)),
    ]
    if stored is None:
        return lines
    rows = stored["table"]
    if rows:
        keys = dict.fromkeys(key for row in rows for key in row)
        columns = {key: typeset(column_heading(key, keys)) for key in keys}
        count = f"{len(rows)} comparison{'s' * (len(rows) > 1)}"
        lines += folded(count, table(columns, rows))
    failing = [condition for condition in stored["conditions"] if not condition["holds"]]
    if failing:
        lines += ["Hypotheses that failed:", ""]
        lines += [f"- {typeset(c['name'])}: {typeset(c['value'])}" for c in failing] + [""]
    return lines


def standing(theorem: Theorem, stored: Stored) -> list[tuple[Verdict, Standing]]:
    """Verdict and standing of each claim that was run."""
    return [
        (Verdict(stored[claim.name]["verdict"]), claim.standing)
        for claim in theorem.claims
        if claim.name in stored
    ]


def verdict_of(found: Sequence[tuple[Verdict, Standing]]) -> str:
    """The verdict of a whole theorem: the worst of its claims, of those that are applicable."""
    verdicts = [verdict for verdict, _ in found]
    order = (Verdict.VIOLATED, Verdict.INCONCLUSIVE, Verdict.HOLDS, Verdict.NOT_APPLICABLE)
    return next((str(verdict) for verdict in order if verdict in verdicts), "not_run")


def caption(theorem: Theorem, stored: Stored) -> str:
    """Say what the figure of a theorem shows, panel by panel."""
    if theorem.caption:
        return theorem.caption
    findings = {
        name: Finding.from_dict({each.name: record[each.name] for each in fields(Finding)})
        for name, record in stored.items()
    }
    with styled():
        said = legend(theorem, theorem.figure(findings))
    return f"{said} Sizes and intervals are those of the claims below."


def page(theorem: Theorem, stored: Stored, document: Mapping[str, Any]) -> str:
    """Page of one theorem."""
    for claim in theorem.claims:
        if stored.get(claim.name, {}).get("statement") != claim.statement:
            logger.warning(
                "%s / %s: docs/results/verify.json is stale; run %s",
                theorem.name,
                claim.name,
                COMMAND,
            )
    found = standing(theorem, stored)
    held = [rests for verdict, rests in found if verdict is Verdict.HOLDS]
    rests = [f"{held.count(each)} {each}" for each in Standing if each in held]
    lines = [
        f"# {heading(theorem.title)}",
        "",
        badges(verdict_of(found), *rests),
        "",
        f"`{theorem.name}`. {summed_up(found)}.",
        "",
        f"Source: {linked(theorem.source)}.",
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
            f"{number}. {linked(hypothesis.text)}",
            "",
            f"   *Check:* {linked(first_paragraph(hypothesis.check).removeprefix('Check '))}",
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
    ]
    figure = RESULTS / f"{theorem.name}.svg"
    if figure.exists():
        lines += [
            "## Figure",
            "",
            f"```{{figure}} ../results/{figure.name}",
            f":alt: {theorem.title}: measured beside predicted.",
            "",
            caption(theorem, stored),
            "```",
            "",
        ]
    lines += [
        "## Claims",
        "",
        "What the badges mean is said [on the list of theorems](index.md).",
        "",
    ]
    for claim in theorem.claims:
        lines += claim_section(claim, stored.get(claim.name))
    lines += [
        "## Where the numbers come from",
        "",
        f"Verdicts, tables and figure: {origin(document)}",
        f"The same command makes them again, or `recall verify {theorem.name}` for this theorem "
        "on the terminal.",
        "",
    ]
    return "\n".join(lines)


def overview(theorems: Sequence[Theorem], by_theorem: Mapping[str, Stored], origin_of: str) -> str:
    """Page with one row a theorem, and what the words in it mean."""
    rows = []
    every: list[tuple[Verdict, Standing]] = []
    for theorem in theorems:
        found = standing(theorem, by_theorem[theorem.name])
        every += found
        held = [rests for verdict, rests in found if verdict is Verdict.HOLDS]
        paper = " ".join((paper_of(theorem.source), number_of(theorem.source))).strip()
        rows.append(
            {
                "theorem": f"[{heading(theorem.title)}]({theorem.name}.md) `{theorem.name}`",
                "paper": paper or "derived here",
                "claims that hold": f"{len(held)} of {len(theorem.claims)}".replace(" ", "\u00a0"),
                **{str(each): held.count(each) for each in Standing},
            }
        )
    lines = [
        "# Theorems",
        "",
        f"{summed_up(every)}.",
        "",
        *table({key: key for key in rows[0]}, rows),
        "",
        "{.origin}",
        f"From {origin_of}",
        "",
        "## What the words mean",
        "",
        "A claim *holds* if what was measured lies, with the whole of its interval, within the "
        "claim's tolerance of what is predicted; it is *violated* if the whole interval is outside "
        "it, *inconclusive* otherwise, and *not applicable* where a hypothesis fails or something "
        "that it needs is not installed. What a claim that holds rests on is one of three:",
        "",
        *(line for name, text in STANDINGS.items() for line in (name, f": {text}", "")),
        "The kind of a claim says what sort of statement it is:",
        "",
        *(line for name, text in KINDS.items() for line in (name, f": {text}", "")),
        "A *control* is a run where the claim must fail, or with a fault planted in the "
        "construction; a claim whose control passes is not reported to hold. *Would notice* is the "
        "smallest deviation that, planted in all predictions at once, would have violated the "
        "claim with what was measured.",
        "",
        "These pages are written from the registry of theorems at every build, and from one stored "
        "run of all checks.",
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
    grouped = groups(Section(theorem, (), ()) for theorem in registered())
    theorems = [section.theorem for group in grouped for section in group.sections]
    by_theorem: dict[str, dict[str, Mapping[str, Any]]] = {each.name: {} for each in theorems}
    for record in document["claims"]:
        by_theorem.setdefault(record["theorem"], {})[record["claim"]] = record
    pages = {each.name: page(each, by_theorem[each.name], document) for each in theorems}
    pages["index"] = overview(theorems, by_theorem, origin(document))
    write_folder(PAGES, pages)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
