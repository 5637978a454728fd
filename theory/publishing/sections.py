"""What the report and the appendix hold: a section for each theorem, made of tables and figures."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from assoc.errors import InputError
from assoc.imports import called
from sims.engine.formulas import typeset
from sims.engine.tables import Column, Table, number_text
from theory.claims import Finding, Theorem, spaced
from theory.exhibit import Exhibit
from theory.publishing.look import PLAIN, Look
from theory.regimes import NOTHING, Own
from theory.rendering.drawing import styled
from theory.verdicts import ClaimResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "CONTROLS",
    "VERDICTS",
    "Part",
    "Section",
    "claims_table",
    "controls_name",
    "controls_table",
    "exhibit_part",
    "legend",
    "panels",
    "sizes_of",
    "theorem_parts",
]

VERDICTS = {
    "claim": Column("claim"),
    "kind": Column("kind"),
    "standing": Column("rests on", printed=False),
    "statement": Column("statement", width=0.3, printed=False),
    "quantity": Column("quantity", width=0.29),
    "sizes": Column("at", width=0.27),
    "measured": Column("measured", known="interval"),
    "interval": Column("interval", known="interval"),
    "side": Column(""),
    "predicted": Column("predicted", known="interval"),
    "allowed": Column("allowed", digits=2, known="interval"),
    "noticed": Column("would notice"),
    "verdict": Column("verdict"),
}
"""Columns of a theorem's verdicts."""

NAMED = ("memory", "model", "symbol")
"""What of a comparison is a name."""

SIZES = (*NAMED, "d", "N", "M", "m", "k", "S", "R", "D", "H", "d_h", "bits")
"""What of a comparison says at which sizes it was made."""

CONTROLS = {
    "claim": Column("claim"),
    "what": Column("regime or fault", width=0.56),
    "measured": Column("measured", known="interval"),
    "predicted": Column("predicted", known="interval"),
    "verdict": Column("verdict"),
}
"""Columns of the regimes where a theorem's claims must fail."""


@dataclass(frozen=True, eq=False)
class Part:
    """A table, a figure, or both, under one name.

    Parameters
    ----------
    name : of the files.
    title : of its heading; empty for what the theorem's own section already says.
    table, figure : either may be None.
    legend : caption of the figure; Markdown with TeX between dollars.
    alternative : what the figure shows, for those who cannot see it.
    told : whether the appendix says in its text what the table has, and does not read it in.
    """

    name: str
    title: str = ""
    table: Table | None = None
    figure: "Figure | None" = None
    legend: str = ""
    alternative: str = ""
    told: bool = False


@dataclass(frozen=True, eq=False)
class Section:
    """What is shown of one theorem.

    Parameters
    ----------
    theorem : its statement and hypotheses.
    claims : verdicts; none where only exhibits were asked for.
    parts : tables and figures.
    """

    theorem: Theorem
    claims: Sequence[ClaimResult]
    parts: Sequence[Part]


def claims_table(theorem: Theorem, claims: Iterable[ClaimResult], own: Own = NOTHING) -> Table:
    """Return the table of a theorem's verdicts.

    Parameters
    ----------
    theorem, claims : what was judged.
    own : what the user has in place of regimes.
    """
    rows = [
        {
            "claim": claim.claim.name,
            "kind": str(claim.claim.kind),
            "standing": str(claim.claim.standing),
            "statement": claim.claim.statement,
            "quantity": claim.finding.quantity,
            "sizes": sizes_of(claim.finding, claim.claim.quick),
            "measured": claim.finding.measured,
            # Without sampling error it is a point.
            "interval": None
            if claim.finding.interval and len(set(claim.finding.interval)) == 1
            else claim.finding.interval,
            "side": claim.finding.sign,
            "predicted": claim.finding.predicted,
            "allowed": claim.finding.tolerance,
            "noticed": claim.finding.noticed,
            "verdict": spaced(claim.verdict),
        }
        for claim in claims
    ]
    caption = (
        f"Verdicts on `{theorem.name}`: the comparison of each claim closest to violation, with "
        "99.9% intervals."
    )
    for claim in theorem.claims:
        changed = own.get(f"{theorem.name}/{claim.name}", {})
        said = "; ".join(f"{key} = {value}" for key, value in changed.items())
        caption += f" `{claim.name}` with {said}." if said else ""
    return Table(theorem.name, caption, VERDICTS, rows)


def sizes_of(finding: Finding, regime: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Say at which sizes the comparison was made that decided, or over which range of them.

    Parameters
    ----------
    finding : with its table.
    regime : whose names, or their plurals, are sizes too.

    Examples
    --------
    >>> from theory.claims import Verdict
    >>> rows = ({"d": 8, "measured": 1.5, "trials": 10}, {"d": 16, "measured": 2.5, "trials": 10})
    >>> sizes_of(Finding(Verdict.HOLDS, "N", measured=2.5, table=rows))
    'd = 16, 10 trials'
    >>> sizes_of(Finding(Verdict.HOLDS, "slope", measured=2.0, table=rows))
    'd = 8 to 16, 10 trials'
    """
    rows = [row for row in finding.table if finding.measured in row.values()][:1] or finding.table
    said = []
    own = [
        key
        for key in dict.fromkeys(key for row in rows for key in row)
        if (key in regime or f"{key}s" in regime) and key not in (*SIZES, "trials", "tolerance")
    ]
    for key in (*SIZES, *own, "trials"):
        values = [row[key] for row in rows if row.get(key) is not None]
        if values and (len(set(map(str, values))) == 1 or _are_numbers(values)):
            low, high = (number_text(end) for end in (min(values), max(values)))
            value = low if low == high else f"{low} to {high}"
            named = {"trials": f"{value} trials"} | dict.fromkeys(NAMED, value)
            said.append(named.get(key, f"{key} = {value}"))
    return ", ".join(said)


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)


def controls_table(theorem: Theorem, claims: Iterable[ClaimResult]) -> Table:
    """Return the table of the regimes where a theorem's claims must fail, and of planted faults."""
    rows: list[dict[str, Any]] = []
    for claim in claims:
        for name, finding in claim.controls.items():
            rows.append(
                {
                    "claim": claim.claim.name,
                    "what": claim.claim.control_text(name),
                    "measured": finding.measured,
                    "predicted": finding.predicted,
                    "verdict": spaced(finding.verdict),
                }
            )
    caption = (
        f"Where the claims of `{theorem.name}` must fail, and faults planted in what is checked. "
        "A check is worth its verdict only if it says violated here."
    )
    return Table(controls_name(theorem.name), caption, CONTROLS, rows)


def controls_name(theorem: str) -> str:
    """Return the name of the table of a theorem's controls."""
    return f"{theorem}-must-fail"


def theorem_parts(
    theorem: Theorem, claims: Sequence[ClaimResult], own: Own = NOTHING, look: Look = PLAIN
) -> list[Part]:
    """Return a theorem's own table and figure, and the table of its controls if they were run."""
    with styled(look.style(theorem.name)):
        try:
            findings = {claim.claim.name: deepcopy(claim.finding) for claim in claims}
            figure = called(theorem.figure, findings)
        except InputError as error:
            raise InputError(f"figure of {theorem.name}: {error}") from error
    names = ", ".join(claim.claim.name for claim in claims)
    main = Part(
        theorem.name,
        "",
        look.table(claims_table(theorem, claims, own)),
        None if figure is None else look.figure(theorem.name, figure),
        f"`{theorem.name}`: {legend(theorem, figure)}",
        f"Figure of {theorem.name}: what the checks {names} measured, beside what is predicted.",
    )
    controls = look.table(controls_table(theorem, claims))
    return [
        main,
        *(
            [Part(controls.name, "Where it must fail", controls, told=True)]
            if controls.rows
            else []
        ),
    ]


def legend(theorem: Theorem, figure: "Figure | None") -> str:
    """Return the caption of a theorem's figure: its own, or what the names of the axes say."""
    return theorem.caption or f"Measured beside predicted{panels(figure)}."


def panels(figure: "Figure | None") -> str:
    """Say what the panels of a figure show, by the names of their axes.

    Parameters
    ----------
    figure : drawn; without a panel that has names there is nothing to say.
    """
    shown = [
        f"{ax.get_ylabel()} against {ax.get_xlabel()}"
        for ax in (() if figure is None else figure.axes)
        if ax.get_ylabel() and ax.get_xlabel()
    ]
    if len(shown) == 1:
        return f": {shown[0]}"
    return f"; from left to right {'; '.join(shown)}" if shown else ""


def exhibit_part(exhibit: Exhibit, rows: Sequence[Mapping[str, Any]], look: Look = PLAIN) -> Part:
    """Return the table and figure of an exhibit."""
    records = [dict(row) for row in rows]
    figure = None
    if exhibit.figure is not None:
        with styled(look.style(exhibit.name)):
            figure = look.figure(exhibit.name, called(exhibit.figure, deepcopy(records)))
    return Part(
        exhibit.name,
        exhibit.title,
        look.table(exhibit.table(records)),
        figure,
        f"{typeset(exhibit.title)}. {typeset(exhibit.alternative)}".strip(),
        exhibit.alternative,
    )
