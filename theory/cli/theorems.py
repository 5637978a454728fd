"""``recall list | conditions | verify``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from sims.engine.numbers import number_known
from theory.claims import Verdict, spaced
from theory.cli.inputs import (
    check_folder,
    integers,
    outputs_of,
    read_table,
    tell_notes,
    vectors_of,
)
from theory.cli.options import (
    DEGREE,
    FACTS,
    HEAD_DIM,
    HEADS,
    JSON,
    LIMIT,
    OUTPUTS_OR_FILE,
    RANK,
    SEED,
    SEVERAL,
    TABLE_COLUMNS,
    TABLE_HEADER,
    THEOREMS,
    WIDTH,
    WORKERS,
)
from theory.cli.output import STYLES, command_line, emit, print_table, progress_bar
from theory.cli.terminal import one_line, say, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assoc.facts.recall_task import RecallTask
    from assoc.facts.tables import FactTable
    from sims.knowledge.trials import Told
    from theory.applicability import ConditionsResult
    from theory.verdicts import ClaimResult, VerifyResult

__all__ = ["print_verdicts", "register"]

FAILED = 3
"""Exit status where a hypothesis fails."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("list")(list_claims)
    app.command()(conditions)
    app.command()(verify)


def list_claims(
    theorems: list[str] | None = THEOREMS,
    verbose: bool = typer.Option(
        False, "--verbose", "-v", help="Show each claim with its statement."
    ),
    json: bool = JSON,
) -> None:
    """List the theorems and their claims, your own included.

    Examples: `recall list`; `recall list -v`; `recall list --theorems my_paper.theorems`
    """
    from theory.registry import registered

    known = registered(theorems or ())
    rows = [
        {
            "theorem": theorem.name,
            "claim": claim.name,
            "kind": str(claim.kind),
            "statement": claim.statement,
            "source": claim.source,
        }
        for theorem in known
        for claim in theorem.claims
    ]
    if json:
        emit({"result": {"claims": rows}}, seed=None)
        return
    show(
        f"{len(known)} theorems, {len(rows)} claims" + ("" if verbose else "; -v shows the claims")
    )
    if not verbose:
        wide = max((len(theorem.name) for theorem in known), default=0)
        show(*(one_line(f"{theorem.name:<{wide}}  {theorem.title}") for theorem in known))
        return
    for theorem in known:
        own = [
            {
                "claim": claim.name,
                "kind": str(claim.kind),
                "rests on": str(claim.standing),
                "statement": claim.statement,
            }
            for claim in theorem.claims
        ]
        print_table(f"{theorem.name}: {theorem.title}", own, list(own[0]) if own else [])


def conditions(
    theorem: str = typer.Argument(help="A name of `recall list`, or your module:NAME."),
    theorems: list[str] | None = THEOREMS,
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension."),
    N: str | None = typer.Option(None, "--N", "-N", help="Facts, or several: 100,200,400."),
    rank: str | None = RANK,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    facts: str | None = typer.Option(None, help=FACTS.help),
    outputs: list[str] | None = OUTPUTS_OR_FILE,
    table: Path | None = typer.Option(
        None, help="For transformers and flows: CSV with columns subject, relation, answer."
    ),
    columns: str | None = TABLE_COLUMNS,
    header: bool = TABLE_HEADER,
    several: str = SEVERAL,
    subjects: int | None = typer.Option(None, "--subjects", "-S", help="Number of subjects S."),
    relations: int | None = typer.Option(None, "--relations", "-R", help="Number of relations R."),
    answers: int | None = typer.Option(None, "--answers", "-D", help="Answers D of each relation."),
    heads: int | None = HEADS,
    head_dim: int | None = HEAD_DIM,
    attributes: int | None = typer.Option(
        None, "--attributes", "-A", help="For knowledge: A attributes; 3 if not given."
    ),
    templates: int | None = typer.Option(
        None, help="For knowledge, with --subjects: templates of each attribute."
    ),
    multiplicity: int | None = typer.Option(
        None, "--multiplicity", "-K", help="For knowledge: templates K that state each fact."
    ),
    shared: bool = typer.Option(
        True, "--shared/--disjoint", help="For knowledge: whether attributes share their values."
    ),
    fine_tuned: int | None = typer.Option(None, help="For knowledge: subjects N_f fine-tuned on."),
    embeddings: str | None = typer.Option(
        None, help="FILE[:NAME] of your vectors (see `measure`); without it, sizes are checked."
    ),
    limit: int | None = LIMIT,
    preprocess: str | None = typer.Option(
        None, help="Check only after this: none, normalise, centre or whiten; default: all four."
    ),
    delta: float = typer.Option(0.01, help="Allowed probability of failure."),
    json: bool = JSON,
) -> int:
    """Check which hypotheses of a theorem hold, and what is known about its conclusion.

    The last line is the verdict: guaranteed with a proved probability, predicted by a law, or
    guaranteed to fail, and the sizes that would suffice. The exit status is 3 if a hypothesis
    fails, else 0.

    Examples: `recall conditions linear-capacity --d 64 --N 40`;
    `recall conditions linear-capacity --d 256 --N 500,1000,2000 --delta 0.5`;
    `recall conditions low-rank-capacity --d 256 --N 400 --rank d/2`;
    `recall conditions linear-capacity --embeddings minilm_tokens.npz`;
    `recall conditions attention-only --d 128 --subjects 64 --relations 64 --answers 8`;
    `recall conditions attention-mlp --d 24 --width 540 --table countries.csv`;
    `recall conditions sequential-learning --subjects 128 --relations 4 --answers 8`;
    `recall conditions knowledge-extraction -S 64 --templates 16 -K 4 --fine-tuned 8`
    """
    from theory.applicability import conditions as check

    told = _told(subjects, attributes, templates, multiplicity, shared)
    if told is not None:
        subjects = None
    numbers = integers(N, "N")
    given = None if table is None else read_table(table, columns, header=header, several=several)
    task = _task(given, {"subjects": subjects, "relations": relations, "answers": answers})
    M, own = outputs_of(outputs)
    vectors = vectors_of(embeddings, own, limit)
    result = check(
        theorem, theorems=theorems or (), d=d, N=numbers, rank=rank, width=width,
        degree=degree, facts=facts, outputs=M, embeddings=vectors, preprocess=preprocess,
        heads=heads, head_dim=head_dim, task=task, told=told, fine_tuned=fine_tuned, delta=delta,
    )  # fmt: skip
    tell_notes(vectors)
    if json:
        emit({"result": result.to_dict()}, seed=None)
    else:
        _print_conditions(result)
    return 0 if result.holds else FAILED


def _print_conditions(result: "ConditionsResult") -> None:
    """Print the hypotheses, for vectors also after each preprocessing, and the verdict last."""
    first = result.cases[0]
    after = "" if first.preprocess == "none" else f", after {first.preprocess}"
    for case in result.as_given:
        at = f", N = {case.N}" if len(result.as_given) > 1 else ""
        rows = [
            {
                "hypothesis": c.name,
                "holds": "not checked" if c.holds is None else bool(c.holds),
                "value": c.value,
                "required": c.required,
                "suggested fix": c.remedy,
            }
            for c in case.conditions
        ]
        if rows:
            title = f"{result.theorem} on {result.embeddings}{after}{at}"
            print_table(title, rows, list(rows[0]), styles=STYLES)
    beside = [case for case in result.cases if case.N == first.N]
    if len(beside) > 1:
        holds = [
            {"hypothesis": c.name, **{one.preprocess: one.conditions[i].holds for one in beside}}
            for i, c in enumerate(first.conditions)
        ]
        print_table(
            "hypotheses that hold after each --preprocess", holds, list(holds[0]), styles=STYLES
        )
    for text in result.assumed:
        show(f"assumed: {text}")
    for case in result.as_given:
        if case.outlook is not None:
            show(f"{result.theorem}: {case.outlook.sentence(result.delta)}")


def _told(
    subjects: int | None,
    attributes: int | None,
    templates: int | None,
    multiplicity: int | None,
    shared: bool,
) -> "Told | None":
    """Sizes of what is told, or None if templates are not given.

    Raises
    ------
    InputError
        If only some of the sizes are given.
    """
    from sims.knowledge.trials import Told

    if templates is None:
        if attributes is not None or multiplicity is not None:
            raise InputError("--attributes and --multiplicity need --templates")
        return None
    if subjects is None or multiplicity is None:
        raise InputError("--templates needs --subjects and --multiplicity")
    A = 3 if attributes is None else attributes
    values = max(16, A)
    return Told(subjects, A, templates, multiplicity, values, shared)


def _task(table: "FactTable | None", sizes: "Mapping[str, int | None]") -> "RecallTask | None":
    """Facts of a table, or of a grid of given sizes.

    Raises
    ------
    InputError
        If both are given, or not all of the sizes.
    """
    given = {name: size for name, size in sizes.items() if size is not None}
    if table is None and not given:
        return None
    from assoc.facts.recall_task import grid_task, table_task

    if table is not None:
        if given:
            raise InputError(f"--{next(iter(given))} has no place with --table")
        return table_task(table, specific=False)
    for name in sizes:
        if name not in given:
            raise InputError(f"--{name} is needed with --{next(iter(given))}")
    return grid_task(*given.values())


def verify(
    theorem: list[str] | None = typer.Argument(
        None, help="Theorems to check; if none, all of --theorems, or all there are."
    ),
    theorems: list[str] | None = THEOREMS,
    size: str = typer.Option("quick", help="quick or full."),
    seed: int = SEED,
    controls: bool = typer.Option(
        True, help="Also run each claim where it must fail, and with a planted fault."
    ),
    memory: str = typer.Option(
        "", help="Check this construction (a name, or module:function) where a claim takes one."
    ),
    report: Path | None = typer.Option(None, help="Write report.html, figures and JSON here."),
    workers: int | None = WORKERS,
    json: bool = JSON,
) -> None:
    """Check the claims. The exit status is 1 if one is violated.

    Examples: `recall verify`; `recall verify linear-capacity --size full --report build/report`;
    `recall verify --theorems my_theorem.py`; `recall verify my_paper.capacity:SHARP`;
    `recall verify linear-capacity --memory my_module:build`
    """
    from theory.publishing.report import write_report
    from theory.running import verify as run

    if report is not None:
        check_folder(report, "--report")
    with progress_bar("judging the claims") as progress:
        result = run(
            theorem or (), theorems=theorems or (), size=size, seed=seed, controls=controls,
            memory=memory, workers=workers, progress=progress,
        )  # fmt: skip
    if json:
        emit(result.to_dict(), seed=seed)
    else:
        print_verdicts(result, controls=controls)
    if report is not None:
        written = write_report(result, report, command=command_line())
        say(f"wrote {written}")
    if result.summary()["violated"]:
        raise typer.Exit(1)


def print_verdicts(result: "VerifyResult", *, controls: bool = True) -> None:
    """Print a table for each theorem, and the counts."""
    for name in dict.fromkeys(claim.theorem for claim in result.claims):
        rows = [_verdict_row(claim) for claim in result.claims if claim.theorem == name]
        columns = [column for column in rows[0] if controls or column != "controls"]
        optional = ["seconds", "kind", "would notice", "allowed", "controls"]
        print_table(name, rows, columns, optional=optional, styles=STYLES)
        of = [claim for claim in result.claims if claim.theorem == name]
        if all(claim.lacking for claim in of):
            # Said once, not for every claim and control.
            show(f"{name} is {spaced(Verdict.NOT_APPLICABLE)}: {of[0].finding.note}")
            continue
        for claim in of:
            if claim.verdict in (Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE):
                show(f"{claim.claim.name} is {spaced(claim.verdict)}: {claim.finding.note}")
            for control, found in claim.controls.items():
                if found.verdict is not Verdict.VIOLATED:
                    show(f"{claim.claim.name}, control {control}, {found.verdict}: {found.note}")
    counts = ", ".join(f"{count} {name}" for name, count in result.summary().items() if count)
    if counts:
        took = sum(claim.seconds for claim in result.claims)
        both = ", controls included" if controls else ", without controls"
        show(
            f"size {result.size}, seed {result.seed}: {counts.replace('_', ' ')}; "
            f"{took:.3g} seconds of computing{both}"
        )


def _verdict_row(claim: "ClaimResult") -> dict[str, Any]:
    found = claim.finding
    return {
        "claim": claim.claim.name,
        "kind": str(claim.claim.kind),
        "verdict": spaced(claim.verdict),
        "quantity": found.quantity,
        "measured": _known(found.measured, found.interval),
        "predicted": f"{found.sign} {_known(found.predicted, found.interval)}".strip(),
        "allowed": None if found.tolerance is None else f"{found.tolerance:.2g}",
        "would notice": found.noticed,
        "controls": None if claim.lacking else "caught" if claim.controls_caught else "MISSED",
        "seconds": round(claim.seconds, 1),
    }


def _known(value: float | None, interval: tuple[float, float] | None) -> str:
    return "-" if value is None else number_known(value, interval)
