"""The report of a run: one self-contained page, the figures, and the same as JSON."""

import html
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assoc.errors import InputError
from theory.claims import Theorem
from theory.files import as_json, provenance, write_whole
from theory.registry import ClaimResult, VerifyResult, find

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_report"]

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #d6d6d6; --soft: #666 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #161616; --line: #3a3a3a; --soft: #a0a0a0 }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 64rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
         vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.v { font-weight: 600; white-space: nowrap }
.holds { color: #1a7f37 } .violated { color: #cf222e } .inconclusive { color: #9a6700 }
.not_applicable { color: #0969da }
@media (prefers-color-scheme: dark) {
  .holds { color: #57ab5a } .violated { color: #f47067 } .inconclusive { color: #daaa3f }
  .not_applicable { color: #6cb6ff }
}
.soft { color: var(--soft) } img { max-width: 100%; background: #fff }
pre { white-space: pre-wrap }
"""


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from None
    origin = provenance(command=command, seed=result.seed)
    sections = []
    for name in dict.fromkeys(claim.theorem for claim in result.claims):
        theorem = find(name)
        claims = [claim for claim in result.claims if claim.theorem == name]
        figure = theorem.figure({claim.claim.name: claim.finding for claim in claims})
        for suffix in ("png", "svg"):
            write_whole(folder / f"{name}.{suffix}", _rendered(figure, suffix, origin))
        sections.append(_section(theorem, claims, _rendered(figure, "svg", origin).decode()))
    document = {"tool": "recall", **origin, **result.to_dict()}
    write_whole(folder / "verify.json", as_json(document))
    page = folder / "report.html"
    write_whole(page, _page(result, sections, origin))
    return page


def _rendered(figure: "Figure", suffix: str, origin: Mapping[str, Any]) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    metadata: dict[str, Any] = {"Description": json.dumps(origin)}
    if suffix == "svg":
        metadata["Date"] = None
    # Ids of an SVG are random unless they are salted; the same result draws the same file.
    with rc_context({"svg.hashsalt": "recall"}):
        figure.savefig(buffer, format=suffix, dpi=150, metadata=metadata)
    return buffer.getvalue()


def _page(result: VerifyResult, sections: list[str], origin: Mapping[str, Any]) -> str:
    counts = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in result.summary().items() if count
    )
    board = "".join(_board_row(claim) for claim in result.claims)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>recall: verdicts</title><style>{STYLE}</style></head><body>
<h1>recall: {html.escape(counts)}</h1>
<p class="soft">size {result.size}, seed {result.seed}. A control is a run where the claim must
fail, or with a fault planted in the construction; “caught” means that neither passed.</p>
<div class="wide"><table><thead><tr><th>theorem</th><th>claim</th><th>kind</th><th>verdict</th>
<th>quantity</th><th>measured</th><th>predicted</th><th>allowed</th><th>controls</th></tr></thead>
<tbody>{board}</tbody></table></div>
{"".join(sections)}
<h2>Provenance</h2><pre>{html.escape(json.dumps(origin, indent=2))}</pre>
</body></html>
"""


def _board_row(claim: ClaimResult) -> str:
    finding = claim.finding
    verdict = str(claim.verdict)
    numbers = "".join(
        f'<td class="n">{_shown(value)}</td>'
        for value in (finding.measured, finding.predicted, finding.tolerance)
    )
    ran = claim.must_fail is not None
    controls = "not run" if not ran else "caught" if claim.controls_caught else "MISSED"
    return (
        f"<tr><td>{claim.theorem}</td><td>{claim.claim.name}</td><td>{claim.claim.kind}</td>"
        f'<td class="v {verdict}">{verdict.replace("_", " ")}</td>'
        f"<td>{html.escape(finding.quantity)}</td>{numbers}<td>{controls}</td></tr>"
    )


def _section(theorem: Theorem, claims: list[ClaimResult], picture: str) -> str:
    drawing = picture[picture.index("<svg") :]
    items = "".join(
        f"<li><b>{claim.claim.name}</b>: {html.escape(claim.claim.statement)} "
        f'<span class="v {claim.verdict}">{str(claim.verdict).replace("_", " ")}</span> '
        f'<span class="soft">({html.escape(claim.finding.note)}; must fail since '
        f"{html.escape(claim.claim.why_fail)}; fault: {html.escape(claim.claim.fault_text)})"
        f"</span>{_conditions(claim)}{_table(claim)}</li>"
        for claim in claims
    )
    label = html.escape(f"Figure of {theorem.name}: measured beside predicted")
    return (
        f"<h2>{theorem.name}: {html.escape(theorem.title)}</h2>"
        f'<p class="soft">{html.escape(theorem.source)}</p><ul>{items}</ul>'
        f'<div class="wide" role="img" aria-label="{label}">{drawing}</div>'
    )


def _conditions(claim: ClaimResult) -> str:
    failing = [c for c in claim.finding.conditions if not c.holds]
    if not failing:
        return ""
    items = "".join(
        f"<li>{html.escape(c.name)}: {html.escape(c.value)}; "
        f"required {html.escape(c.required)}</li>"
        for c in failing
    )
    return f"<ul>{items}</ul>"


def _table(claim: ClaimResult) -> str:
    rows = claim.finding.table
    if not rows:
        return ""
    columns = list(rows[0])
    head = "".join(f"<th>{html.escape(column.replace('_', ' '))}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f'<td class="n">{_shown(row.get(c))}</td>' for c in columns) + "</tr>"
        for row in rows
    )
    return (
        f'<details><summary>{len(rows)} rows</summary><div class="wide"><table><thead><tr>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) or hasattr(value, "item"):
        return f"{float(value):.5g}"
    return html.escape(str(value))
