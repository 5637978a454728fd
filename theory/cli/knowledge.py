"""``recall knowledge``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.asked import given
from theory.cli.inputs import check_plot, integers, read_table
from theory.cli.options import JSON, PLOT, SEED, SEVERAL, TABLE_COLUMNS, TABLE_HEADER
from theory.cli.output import emit, print_table, progress_bar, save_figure
from theory.cli.terminal import say, show

if TYPE_CHECKING:
    from assoc.facts.tables import FactTable
    from sims.knowledge.extraction import ExtractionResult

__all__ = ["register"]

COLUMNS = {
    "multiplicity": "K", "templates": "R", "fine_tuned": "Nf", "answered": "answered",
    "interval": "interval", "superposed": "superposed", "covered": "covered",
    "covered_law": "by law", "learnt": "fine-tuned", "excess_share": "excess %",
    "wrong_own": "own", "wrong_tuned": "tuned", "wrong_set": "set", "wrong_other": "other",
    "wrong_none": "none",
}  # fmt: skip

BY_RELATION = {
    "multiplicity": "K", "templates": "R", "fine_tuned": "Nf", "relation": "relation",
    "questions": "questions", "answered": "answered", "interval": "interval",
    "superposed": "superposed", "alone": "alone", "answered_alone": "answered alone",
    "wrong_own": "own", "wrong_tuned": "tuned", "wrong_set": "set", "wrong_other": "other",
    "wrong_none": "none",
}  # fmt: skip

REACHED = 0.01
"""Excess of the loss over its floor, as a share of it, that is remarked on if it is exceeded."""

OPTIONAL = ("by law", "covered", "interval", "other", "set", "questions")
"""Columns that a narrow terminal does without."""

LEGEND = """\
answered: of held-out questions; superposed: predicted, means of templates in place of questions
covered: held-out facts with a template of a fine-tuned one; by law: the share to be expected
fine-tuned: questions fine-tuned on that are answered; excess: of the loss over its floor, at worst
of the wrong answers: own: the subject's, of another attribute; tuned: of a fine-tuned fact of the
attribute; set: another of the attribute; other: any other value; none: a token that is no value"""

ALONE = "alone: questions whose answer no other subject has; answered alone: of these"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("knowledge")(knowledge)


def knowledge(
    file: Path | None = typer.Argument(
        None, help="CSV with columns subject, relation, answer; drawn facts if not given."
    ),
    subjects: int | None = typer.Option(
        None, "--subjects", "-S", help="Number of subjects S; 64 if not given."
    ),
    attributes: int | None = typer.Option(
        None, "--attributes", "-A", help="Attributes A; 3 if not given."
    ),
    templates: str | None = typer.Option(
        None, help="Templates |R| of each attribute, or several: 8,16. For drawn facts 16, else 8."
    ),
    multiplicity: str | None = typer.Option(
        None, help="Templates K that each fact is told in, or several; 1,2,4 if not given."
    ),
    values: int | None = typer.Option(None, help="Values D of an attribute; 16 if not given."),
    shared: bool | None = typer.Option(
        None,
        "--shared/--disjoint",
        help="Whether attributes have the same values (if not given), or each its own.",
    ),
    fine_tuned: str | None = typer.Option(
        None, help="Subjects N_f to fine-tune on, or several. 2,8,32; of a table 4,16,64."
    ),
    columns: str | None = TABLE_COLUMNS,
    header: bool = TABLE_HEADER,
    several: str = SEVERAL,
    relations: str | None = typer.Option(
        None, help="Relations of the table, names with commas between them; all if not given."
    ),
    model: str = typer.Option("attention-mlp", help="attention-mlp, mlp or attention."),
    width: int = typer.Option(128, help="Hidden neurons m."),
    steps: int | None = typer.Option(
        None, help="Of pre-training; 1600 if not given, of a table 800."
    ),
    learning_rate: float | None = typer.Option(
        None, help="Of pre-training; 5 S/64 if not given. Too high a rate diverges."
    ),
    decay: float | None = typer.Option(
        None, help="Of weights in pre-training, which ties templates; 4e-4 if not given."
    ),
    trials: int = typer.Option(3, min=1, help="Independent trials."),
    store: Path | None = typer.Option(
        None, help="Store every finished (K, |R|) in this file, and go on from what it holds."
    ),
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Tell facts in sentences, show how some subjects are asked for, and ask for the others.

    Examples: `recall knowledge --templates 16 --multiplicity 1,4 --fine-tuned 2,8,32`;
    `recall knowledge --disjoint --multiplicity 1 --plot knowledge.png`;
    `recall knowledge countries.csv --relations capital,continent --multiplicity 1,4`;
    `recall knowledge countries.csv --store countries.sqlite --json`
    """
    check_plot(plot)
    told_in, of_each = integers(multiplicity, "multiplicity"), integers(templates, "templates")
    if told_in and max(told_in) > max(of_each or [16 if file is None else 8]):
        raise InputError(f"multiplicity K = {max(told_in)} is more than the templates |R|")
    sizes = given(subjects=subjects, attributes=attributes, values=values, shared=shared)
    changes = given(steps=steps, learning_rate=learning_rate, decay=decay)
    options = given(
        multiplicities=told_in or (1, 2, 4), templates=of_each, model=model, width=width,
        fine_tuned=integers(fine_tuned, "fine-tuned"), trials=trials, seed=seed, store=store,
    )  # fmt: skip
    if file is None:
        if relations is not None:
            raise InputError("--relations is for a table of facts")
        _drawn(sizes, changes, options, plot=plot, json=json)
        return
    for name in sizes:
        raise InputError(f"--{name} has no place where the facts are given")
    table = read_table(file, columns, header=header, several=several, told=False)
    _of_table(table, relations, changes, options, plot=plot, json=json)


def _drawn(
    sizes: dict[str, Any],
    changes: dict[str, Any],
    options: dict[str, Any],
    *,
    plot: Path | None,
    json: bool,
) -> None:
    from sims.knowledge.extraction import phase_diagram
    from sims.knowledge.training import suited
    from sims.knowledge.trials import Told

    told = Told(**sizes)
    chosen = {"templates": (told.templates,), "fine_tuned": (2, 8, 32), **options}
    with progress_bar("pre-training") as progress:
        found = phase_diagram(
            told=told, pre_training=suited(told.subjects, **changes), progress=progress, **chosen
        )
    whose = "the same for all" if told.shared else "its own"
    title = f"S = {told.subjects}, A = {told.attributes}, D = {told.values}, {whose}: {found.model}"
    _report(title, found, plot=plot, json=json, seed=options["seed"])


def _of_table(
    table: "FactTable",
    relations: str | None,
    changes: dict[str, Any],
    options: dict[str, Any],
    *,
    plot: Path | None,
    json: bool,
) -> None:
    from sims.knowledge.tables import TABLE_STEPS, table_extraction
    from sims.knowledge.training import suited

    if relations is not None:
        table = table.restricted([name.strip() for name in relations.split(",")])
    rule = suited(len(table.subjects), **{"steps": TABLE_STEPS, **changes})
    with progress_bar("pre-training") as progress:
        found = table_extraction(table, pre_training=rule, progress=progress, **options)
    title = (
        f"{table.source}: {len(table)} facts about {len(table.subjects)} subjects: {found.model}"
    )
    _report(title, found, plot=plot, json=json, seed=options["seed"],
            notes=table.notes, by_relation=found.by_relation())  # fmt: skip


def _report(
    title: str,
    found: "ExtractionResult",
    *,
    plot: Path | None,
    json: bool,
    seed: int,
    notes: Sequence[str] = (),
    by_relation: Sequence[dict[str, Any]] = (),
) -> None:
    """Print and draw what was measured, the share that theory expects to be covered beside."""
    from theory.knowledge.covering import uncovered

    rows = [
        {
            **row,
            "covered_law": 1 - uncovered(row["templates"], row["multiplicity"], row["fine_tuned"]),
        }
        for row in found.rows()
    ]
    if json:
        emit({"result": {**found.to_dict(), "points": rows}}, seed=seed)
    else:
        for note in notes:
            say(f"note: {note}")
        left = _not_learnt(rows)
        if left is not None:
            say(
                f"note: the loss ends {left}: not all is learnt; "
                "try more --steps, then another --learning-rate"
            )
        shown = [{**row, "excess_share": _percent(row["excess_share"])} for row in rows]
        _show(title, shown, COLUMNS)
        if by_relation:
            _show("by relation", by_relation, BY_RELATION)
        show(*LEGEND.splitlines(), *([ALONE] if by_relation else ()))
    if plot is not None:
        save_figure(found.plot(), plot, seed=seed)


def _not_learnt(rows: Sequence[dict[str, Any]]) -> str | None:
    """Say how far the loss ends above its floor, in nats where that is 0, if it is far."""
    shares = [row["excess_share"] for row in rows if row["excess_share"] is not None]
    nats = [row["excess"] for row in rows if row["excess_share"] is None]
    if shares and not max(shares) <= REACHED:
        return f"{100 * max(shares):.3g} % above its floor"
    if nats and not max(nats) <= REACHED:
        return f"{max(nats):.3g} nats above 0"
    return None


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _show(title: str, rows: Sequence[dict[str, Any]], headings: dict[str, str]) -> None:
    """Print records under these headings."""
    named = [{heading: row[key] for key, heading in headings.items()} for row in rows]
    optional = [column for column in OPTIONAL if column in headings.values()]
    print_table(title, named, list(headings.values()), optional=optional)
