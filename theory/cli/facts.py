"""``recall facts``."""

from pathlib import Path

import typer

from theory.cli.output import BITS, DEGREE, JSON, RANK, SEED, WIDTH, emit, print_table, say, working

__all__ = ["register"]

SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("facts")(facts)


def facts(
    file: Path = typer.Argument(help="CSV with columns subject, relation, answer."),
    memory: str = typer.Option(
        "linear", help="A name of `recall predict --help`, or package.module:function."
    ),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension; planned if not given."),
    rank: str | None = RANK,
    bits: int | None = BITS,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    seed: int = SEED,
    json: bool = JSON,
) -> None:
    """Store a table of facts, each (subject, relation) a random key, and ask for every one.

    Examples: `recall facts countries.csv --memory linear`;
    `recall facts countries.csv --memory sign --d 2048`
    """
    from theory.facts import recall_facts

    if not file.exists() and file.name == str(file):
        from assoc.fact_tables import EXAMPLES, example_path

        file = example_path(file.name) if file.name in EXAMPLES else file
    with working("storing and recalling"):
        result = recall_facts(
            file, memory=memory, d=d, rank=rank, bits=bits, width=width, degree=degree, seed=seed
        )
    if json:
        emit({"result": result.to_dict()}, seed=seed)
        return
    for note in result.notes:
        say(f"note: {note}")
    values = {
        "facts": result.facts,
        "distinct answers": result.answers,
        "memory": result.memory,
        "dimension d": result.d,
        "parameters": result.parameters,
        "bits stored": result.bits,
        "bits needed, N log2 M": result.bits_bound,
        "recall": result.recall,
        "certified": result.certified,
        "predicted recall": result.predicted,
        "predicted chance of all": result.predicted_all,
    }
    rows = [{"what": key, "value": value} for key, value in values.items() if value is not None]
    print_table(f"{result.file} in one memory", rows, ["what", "value"], header=False)
    checked = [
        {"hypothesis": c.name, "holds": c.holds, "value": c.value, "what was done": c.remedy}
        for c in result.conditions
    ]
    print_table("hypotheses", checked, list(checked[0]))
    if result.forgotten:
        title = f"forgotten: {len(result.forgotten)}, the first {SHOWN}"
        print_table(title, result.rows()[:SHOWN], ["subject", "relation", "answer", "said"])
