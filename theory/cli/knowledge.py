"""``recall knowledge``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.asked import given
from theory.cli.inputs import check_plot, integers, read_table, shipped
from theory.cli.options import JSON, PLOT, SEED, SEVERAL, TABLE_COLUMNS, TABLE_HEADER
from theory.cli.output import emit, print_table, progress_bar, save_figure
from theory.cli.terminal import say, show

if TYPE_CHECKING:
    from assoc.facts.tables import FactTable
    from sims.knowledge.extraction import ExtractionResult
    from sims.knowledge.tables import TableExtraction
    from sims.knowledge.training import Descent

__all__ = ["register"]

GPT2 = "gpt2"
"""Name of the model that is not of our own making."""

COLUMNS = {
    "multiplicity": "K", "templates": "R", "fine_tuned": "Nf", "answered": "answered",
    "interval": "interval", "superposed": "superposed", "linearised": "first order",
    "covered": "covered",
    "covered_law": "by law", "learnt": "fine-tuned", "excess_share": "excess %",
    "wrong_own": "own", "wrong_tuned": "tuned", "wrong_set": "set", "wrong_other": "other",
    "wrong_none": "none",
}  # fmt: skip

BY_RELATION = {
    "multiplicity": "K", "templates": "R", "fine_tuned": "Nf", "relation": "relation",
    "questions": "questions", "answered": "answered", "interval": "interval",
    "superposed": "superposed", "linearised": "first order", "alone": "alone",
    "answered_alone": "answered alone",
    "wrong_own": "own", "wrong_tuned": "tuned", "wrong_set": "set", "wrong_other": "other",
    "wrong_none": "none",
}  # fmt: skip

BY_POPULARITY = {
    "multiplicity": "K", "templates": "R", "fine_tuned": "Nf", "ranks": "ranks",
    "questions": "questions", "answered": "answered", "interval": "interval",
    "superposed": "superposed", "linearised": "first order", "elsewhere": "elsewhere",
}  # fmt: skip

PREDICTED = {
    "superposed": "superposed: predicted, means of templates in place of questions",
    "linearised": "first order: predicted, fine-tuning to first order in the change of the weights",
}
"""What may be predicted, in words."""

REACHED, REACHED_BY_GPT2 = 0.01, 0.02
"""Excesses of the loss over its floor, as shares of it, that are remarked on if they are exceeded:
by minibatches GPT-2 does not come as near as the small model does by all sentences."""

OPTIONAL = ("by law", "covered", "interval", "other", "set", "questions")
"""Columns that a narrow terminal does without."""

LEGEND = (
    "answered: share of held-out questions",
    "covered: held-out facts whose template occurs in fine-tuning; by law: the expected share",
    "fine-tuned: share of the questions fine-tuned on that are answered; excess: of the loss over "
    "its floor, at worst",
    "wrong answers: own: a value of the subject's other attributes; tuned: of a fine-tuned fact of "
    "the attribute; set: another of the attribute; other: any other value; none: no value at all",
)

ALONE = "alone: questions whose answer no other subject has; answered alone: of these"

RANKS = (
    "ranks: of subjects, the first of which is stated most often; elsewhere: share of stated facts "
    "that are completed in templates they were not stated in, before any fine-tuning"
)


MODEL = typer.Option("attention-mlp", help="attention-mlp, mlp or attention; gpt2 (extra lm).")
WIDTH = typer.Option(None, help="Hidden neurons m; 128 if not given.")
LAYERS = typer.Option(None, help="Layers of gpt2; 2 if not given.")
DIMENSION = typer.Option(None, "--d", help="Length of gpt2's vectors; 128 if not given.")
HEADS = typer.Option(None, help="Attention heads of gpt2; 4 if not given.")
NAME_TOKENS = typer.Option(None, help="Tokens of each name drawn for gpt2; 1 if not given.")
PHRASINGS = typer.Option(
    None, help="CSV (relation, use, phrasing) with the sentences and questions for gpt2."
)
RANK = typer.Option(None, help="Rank of gpt2's fine-tuning; if not given, all weights are tuned.")
SHARED = typer.Option(
    None,
    "--shared/--disjoint",
    help="Whether attributes have the same values (if not given), or each its own.",
)
RELATIONS = typer.Option(
    None, help="Relations of the table, separated by commas; all if not given."
)
FINE_TUNED = typer.Option(
    None,
    help="Subjects N_f to fine-tune on, or several; if not given 2,8,32, for a table 4,16,64.",
)
MULTIPLICITY = typer.Option(
    None, help="Templates K that state each fact, or several; 1,2,4 if not given."
)
FIRST_ORDER = typer.Option(
    False, "--first-order", help="Also predict, with fine-tuning to first order; not for gpt2."
)
POPULARITY = typer.Option(
    0.0, help="Exponent of Zipf's law for how often subjects are stated; 0: all equally often."
)
STEPS = typer.Option(
    None, help="Steps of pre-training; 1600 if not given, 800 for a table and for gpt2."
)
LEARNING_RATE = typer.Option(
    None, help="Of pre-training; 5 S/64 if not given, 0.001 for gpt2. Too high a rate diverges."
)
DECAY = typer.Option(
    None,
    help="Weight decay of pre-training, which ties templates; 4e-4 if not given, 0.1 for gpt2.",
)


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
        None, help="Templates |R| of each attribute, or several; default: 16 if drawn, else 8."
    ),
    multiplicity: str | None = MULTIPLICITY,
    values: int | None = typer.Option(None, help="Values D of an attribute; 16 if not given."),
    shared: bool | None = SHARED,
    fine_tuned: str | None = FINE_TUNED,
    columns: str | None = TABLE_COLUMNS,
    header: bool = TABLE_HEADER,
    several: str = SEVERAL,
    relations: str | None = RELATIONS,
    model: str = MODEL,
    width: int | None = WIDTH,
    layers: int | None = LAYERS,
    d: int | None = DIMENSION,
    heads: int | None = HEADS,
    name_tokens: int | None = NAME_TOKENS,
    phrasings: Path | None = PHRASINGS,
    rank: int | None = RANK,
    first_order: bool = FIRST_ORDER,
    popularity: float = POPULARITY,
    steps: int | None = STEPS,
    learning_rate: float | None = LEARNING_RATE,
    decay: float | None = DECAY,
    trials: int = typer.Option(3, min=1, help="Independent trials."),
    store: Path | None = typer.Option(
        None, help="Store every finished (K, |R|) in this file, and go on from what it holds."
    ),
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Pre-train on facts, fine-tune on questions about some subjects, query the others.

    Examples: `recall knowledge --templates 16 --multiplicity 1,4 --fine-tuned 2,8,32`;
    `recall knowledge --disjoint --multiplicity 1 --plot knowledge.png`;
    `recall knowledge countries.csv --relations capital,continent --multiplicity 1,4`;
    `recall knowledge --templates 8 --multiplicity 1,2 --first-order --popularity 1`;
    `recall knowledge --model gpt2 --layers 2 --d 128 --templates 8 --multiplicity 1,4`;
    `recall knowledge countries.csv --store countries.sqlite --json`
    """
    check_plot(plot)
    told_in, of_each = integers(multiplicity, "multiplicity"), integers(templates, "templates")
    if told_in and max(told_in) > max(of_each or [16 if file is None else 8]):
        raise InputError(f"multiplicity K = {max(told_in)} is more than the templates |R|")
    sizes = given(subjects=subjects, attributes=attributes, values=values, shared=shared)
    changes = given(steps=steps, learning_rate=learning_rate, decay=decay)
    options = given(
        multiplicities=told_in or (1, 2, 4), templates=of_each,
        fine_tuned=integers(fine_tuned, "fine-tuned"), trials=trials, seed=seed, store=store,
        popularity=popularity, predicted=first_order or None,
    )  # fmt: skip
    of_gpt2 = given(layers=layers, d=d, heads=heads, name_tokens=name_tokens, rank=rank,
                    phrasings=phrasings)  # fmt: skip
    if model == GPT2 and first_order:
        raise InputError(f"--first-order is not for --model {GPT2}")
    measured = (
        _of_gpt2(of_gpt2, width) if model == GPT2 else _of_small(of_gpt2, model, width, popularity)
    )
    if file is None:
        for name in given(relations=relations, phrasings=phrasings):
            raise InputError(f"--{name} is for a table of facts")
        _drawn(sizes, changes, options, measured, plot=plot, json=json)
        return
    for name in sizes:
        raise InputError(f"--{name} has no place where the facts are given")
    table = read_table(file, columns, header=header, several=several, told=False)
    _of_table(table, relations, changes, options, measured, plot=plot, json=json)


@dataclass(frozen=True)
class _Measured:
    """How a model is measured: functions for drawn facts and for a table, and what they take."""

    drawn: Callable[..., "ExtractionResult"]
    table: Callable[..., "TableExtraction"]
    rule: Callable[..., "Descent"]
    options: Mapping[str, Any]


def _of_small(
    of_gpt2: Mapping[str, Any], model: str, width: int | None, popularity: float
) -> _Measured:
    """Return how the small model is measured; refuse what only GPT-2 has."""
    from sims.knowledge.extraction import phase_diagram
    from sims.knowledge.tables import table_extraction
    from sims.knowledge.training import suited

    for name in of_gpt2:
        raise InputError(f"--{name.replace('_', '-')} is for --model {GPT2}")
    rule = partial(suited, popularity=popularity)
    return _Measured(phase_diagram, table_extraction, rule, given(model=model, width=width))


def _of_gpt2(of_gpt2: Mapping[str, Any], width: int | None) -> _Measured:
    """Return how a GPT-2 is measured."""
    from sims.knowledge.gpt2.extraction import gpt2_extraction, gpt2_table_extraction
    from sims.knowledge.gpt2.network import Gpt2, libraries
    from sims.knowledge.gpt2.phrasings import read_phrasings
    from sims.knowledge.gpt2.training import PRE_TRAINING

    if width is not None:
        raise InputError(f"--width is not for --model {GPT2}: its networks have 4 d neurons")
    sizes = {name: size for name, size in of_gpt2.items() if name not in {"rank", "phrasings"}}
    options: dict[str, Any] = {"network": Gpt2(**sizes), **given(rank=of_gpt2.get("rank"))}
    if "phrasings" in of_gpt2:
        options["phrasings"] = read_phrasings(shipped(of_gpt2["phrasings"]))
    libraries()

    def rule(_subjects: int, **changes: Any) -> "Descent":
        return replace(PRE_TRAINING, **changes)

    return _Measured(gpt2_extraction, gpt2_table_extraction, rule, options)


def _drawn(
    sizes: dict[str, Any],
    changes: dict[str, Any],
    options: dict[str, Any],
    measured: _Measured,
    *,
    plot: Path | None,
    json: bool,
) -> None:
    from sims.knowledge.trials import Told

    told = Told(**sizes)
    chosen = {"templates": (told.templates,), "fine_tuned": (2, 8, 32), **options}
    rule = measured.rule(told.subjects, **changes)
    with progress_bar("pre-training") as progress:
        found = measured.drawn(
            told=told, pre_training=rule, progress=progress, **measured.options, **chosen
        )
    whose = "the same for all" if told.shared else "its own"
    title = f"S = {told.subjects}, A = {told.attributes}, D = {told.values}, {whose}: {found.model}"
    _report(title, found, plot=plot, json=json, seed=options["seed"],
            popularity=options["popularity"])  # fmt: skip


def _of_table(
    table: "FactTable",
    relations: str | None,
    changes: dict[str, Any],
    options: dict[str, Any],
    measured: _Measured,
    *,
    plot: Path | None,
    json: bool,
) -> None:
    from sims.knowledge.tables import TABLE_STEPS

    if relations is not None:
        table = table.restricted([name.strip() for name in relations.split(",")])
    rule = measured.rule(len(table.subjects), **{"steps": TABLE_STEPS, **changes})
    with progress_bar("pre-training") as progress:
        found = measured.table(
            table, pre_training=rule, progress=progress, **measured.options, **options
        )
    title = (
        f"{table.source}: {len(table)} facts about {len(table.subjects)} subjects: {found.model}"
    )
    _report(title, found, plot=plot, json=json, seed=options["seed"],
            notes=table.notes, by_relation=found.by_relation(),
            popularity=options["popularity"])  # fmt: skip


def _report(
    title: str,
    found: "ExtractionResult",
    *,
    plot: Path | None,
    json: bool,
    seed: int,
    notes: Sequence[str] = (),
    by_relation: Sequence[dict[str, Any]] = (),
    popularity: float = 0.0,
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
    by_popularity = found.by_popularity() if popularity else []
    if json:
        more = {"popularity": popularity, "by_popularity": by_popularity} if popularity else {}
        emit({"result": {**found.to_dict(), "points": rows, **more}}, seed=seed)
    else:
        for note in notes:
            say(f"note: {note}")
        left = _not_learnt(rows, REACHED_BY_GPT2 if found.model == GPT2 else REACHED)
        if left is not None:
            say(
                f"note: the loss ends {left}: not all is learnt; "
                "try more --steps, then another --learning-rate"
            )
        shown = [{**row, "excess_share": _percent(row["excess_share"])} for row in rows]
        _show(title, shown, COLUMNS)
        if by_relation:
            _show("by relation", by_relation, BY_RELATION)
        if by_popularity:
            _show("by popularity", by_popularity, BY_POPULARITY)
        answered, *others = LEGEND
        said = [text for key, text in PREDICTED.items() if _any(rows, key)]
        if said:
            answered = f"{answered}; {said.pop(0)}"
        show(answered, *said, *others, *([ALONE] if by_relation else ()),
             *([RANKS] if by_popularity else ()))  # fmt: skip
    if plot is not None:
        save_figure(found.plot, plot, seed=seed)


def _not_learnt(rows: Sequence[dict[str, Any]], reached: float) -> str | None:
    """Say how far the loss ends above its floor, in nats where that is 0, if it is far."""
    shares = [row["excess_share"] for row in rows if row["excess_share"] is not None]
    nats = [row["excess"] for row in rows if row["excess_share"] is None]
    if shares and not max(shares) <= reached:
        return f"{100 * max(shares):.3g}% above its floor"
    if nats and not max(nats) <= reached:
        return f"{max(nats):.3g} nats above 0"
    return None


def _any(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    """Whether any of the records has a value there."""
    return any(row[key] is not None for row in rows)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _show(title: str, rows: Sequence[dict[str, Any]], headings: dict[str, str]) -> None:
    """Print records under these headings, without predictions where there are none."""
    headings = {
        key: heading for key, heading in headings.items()
        if key not in {*PREDICTED, "elsewhere"} or _any(rows, key)
    }  # fmt: skip
    named = [{heading: row[key] for key, heading in headings.items()} for row in rows]
    optional = [column for column in OPTIONAL if column in headings.values()]
    print_table(title, named, list(headings.values()), optional=optional)
