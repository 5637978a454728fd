"""``recall facts | ask``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.inputs import integers, read_vectors, shipped
from theory.cli.options import BITS, DEGREE, HEAD_DIM, HEADS, JSON, RANK, ROUNDING, SEED, WIDTH
from theory.cli.output import command_line, emit, print_table, say, working
from theory.cli.theorems import STYLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from theory.claims import Condition
    from theory.facts.results import TransformerFactsResult

__all__ = ["register"]

SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("facts")(facts)
    app.command("ask")(ask)


def facts(
    file: Path = typer.Argument(help="CSV with columns subject, relation, answer."),
    model: str | None = typer.Option(
        None,
        help="attention-only, attention-only-dual, attention-only-sum, attention-mlp, "
        "attention-mlp-whitened, attention-mlp-hermite, hybrid, your own package.module:function, "
        "or several: a,b. The first two kinds if not given.",
    ),
    memory: str | None = typer.Option(
        None, help="Instead: one memory of `recall predict --help`, or package.module:function."
    ),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension; planned if not given."),
    head_dim: int | None = HEAD_DIM,
    heads: int | None = HEADS,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    share: float | None = typer.Option(None, help="Share of a hybrid's subjects in attention."),
    embeddings: str | None = typer.Option(
        None, help="A .npz file with vectors and names for all names of the table."
    ),
    preprocess: str | None = typer.Option(
        None, help="For these vectors: none, normalise, centre or whiten."
    ),
    noise: int | None = typer.Option(None, min=0, help="Noise tokens; 64 if not given."),
    length: int | None = typer.Option(None, help="Tokens T of a prompt; 32 if not given."),
    draws: int | None = typer.Option(None, min=1, help="Prompts of each fact; 3 if not given."),
    export: Path | None = typer.Option(
        None, help="Write the first model here, as safetensors; `recall ask` reads it."
    ),
    rank: str | None = RANK,
    bits: int | None = BITS,
    rounding: str | None = ROUNDING,
    seed: int = SEED,
    json: bool = JSON,
) -> None:
    """Store a table of facts in transformers, certify every fact and ask for every one.

    With --memory the facts go into one associative memory, each (subject, relation) a random key.

    Examples: `recall facts countries.csv`;
    `recall facts countries.csv --model attention-mlp --export countries.safetensors`;
    `recall facts countries.csv --embeddings countries_minilm.npz --preprocess whiten`;
    `recall facts countries.csv --memory sign --d 2048`
    """
    file = shipped(file)
    only_transformers = {
        "model": model, "head-dim": head_dim, "heads": heads, "share": share, "noise": noise,
        "embeddings": embeddings, "preprocess": preprocess, "length": length, "draws": draws,
        "export": export,
    }  # fmt: skip
    if memory is not None:
        _refuse(only_transformers, "has no place with --memory")
        _facts_in_memory(
            file, memory, d=d, rank=rank, bits=bits, rounding=rounding, width=width, degree=degree,
            seed=seed, json=json,
        )  # fmt: skip
        return
    _refuse({"rank": rank}, "is for --memory")
    if embeddings is None:
        _refuse({"preprocess": preprocess}, "is for --embeddings")
    if export is not None and not export.parent.is_dir():
        raise InputError(f"--export {export}: no such folder {export.parent}")
    from assoc.facts.recall_task import NOISE
    from sims.transformers.architecture import LENGTH
    from theory.facts.transformers import DRAWS, MODELS, facts_in_transformers

    widths = integers(width, "width") or []
    if len(widths) > 1:
        raise InputError(f"width = {width}: one width is needed")
    with working("planning, storing and asking"):
        result = facts_in_transformers(
            file,
            models=MODELS if model is None else model.split(","),
            d=d,
            head_dim=head_dim,
            heads=heads,
            width=widths[0] if widths else None,
            degree=degree,
            share=share,
            bits=bits,
            rounding=rounding,
            embeddings=None if embeddings is None else read_vectors(embeddings),
            preprocess=preprocess or "none",
            noise=NOISE if noise is None else noise,
            length=LENGTH if length is None else length,
            draws=DRAWS if draws is None else draws,
            seed=seed,
        )
    if export is not None:
        _export(result, export, seed)
    if json:
        emit({"result": result.to_dict()}, seed=seed)
        return
    _show(result)


def ask(
    file: Path = typer.Argument(metavar="MODEL", help="A file of `recall facts --export`."),
    subject: str = typer.Argument(help="Name of the subject."),
    relation: str = typer.Argument(help="Name of the relation."),
    length: int | None = typer.Option(None, help="Tokens T of the prompt."),
    seed: int = SEED,
    json: bool = JSON,
) -> None:
    """Ask a stored transformer for one fact, by a prompt with noise tokens.

    Example: `recall ask countries.safetensors Namibia "ISO code"`
    """
    from theory.facts.ask import ask as put
    from theory.facts.model_files import load_model

    answer = put(load_model(file), subject, relation, length=length, seed=seed)
    if answer.taught is None:
        say(f"note: ({answer.subject}, {answer.relation}) is not among the facts of this model")
    elif answer.taught != answer.answer:
        say(f"note: the model was built from a table that says {answer.taught!r}")
    if json:
        emit({"result": answer.to_dict()}, seed=seed)
        return
    print(answer.answer)


def _refuse(options: "Mapping[str, object]", why: str) -> None:
    """Refuse the first of these options that is given.

    Raises
    ------
    InputError
        If one is.
    """
    for name, value in options.items():
        if value is not None:
            raise InputError(f"--{name} {why}")


def _export(result: "TransformerFactsResult", path: Path, seed: int) -> None:
    from theory.facts.model_files import save_model
    from theory.rendering.files import provenance

    save_model(path, result.stored(), origin=provenance(command=command_line(), seed=seed))
    say(f"wrote {path}: {result.models[0].model}")


def _show(result: "TransformerFactsResult") -> None:
    for note in result.notes:
        say(f"note: {note}")
    sizes = {
        "facts": result.facts,
        "subjects S, relations R": f"{result.subjects}, {result.relations}",
        "answers": result.answers,
        "largest answer set D": result.largest_answer_set,
        "bits needed, sum of log2 |A_r|": result.bits_bound,
        "prompts": f"{result.draws} of each fact, {result.length} tokens each",
    }
    rows = [{"what": key, "value": value} for key, value in sizes.items()]
    print_table(f"{result.file} in one-layer transformers", rows, ["what", "value"], header=False)
    columns = ["model", "d", "H", "head dim", "m", "attention", "mlp", "parameters", "bits per bit",
               "recall", "certified", "searched"]  # fmt: skip
    models = [
        {
            "model": m.model,
            "d": m.d,
            "H": m.heads,
            "head dim": m.head_dim,
            "m": m.width,
            "attention": m.attention_parameters,
            "mlp": m.mlp_parameters,
            "parameters": m.parameters,
            "bits per bit": m.bits and result.bits_bound and m.bits / result.bits_bound,
            "recall": m.recall,
            "certified": m.certified,
            "searched": f"{m.varied} > {m.low}" if m.varied else "given",
        }
        for m in result.models
    ]
    print_table("the transformers", models, columns, optional=["attention", "mlp", "searched"])
    print(
        "bits per bit: stored, over needed; certified: for every prompt of at most so many tokens"
    )
    for m in result.models:
        _show_conditions(f"hypotheses for {m.model}", m.conditions)
    for m in result.models:
        if m.forgotten:
            keys = ["subject", "relation", "answer", "said"]
            forgotten = [dict(zip(keys, row, strict=True)) for row in m.forgotten[:SHOWN]]
            title = f"{m.model} forgot {len(m.forgotten)}, the first {SHOWN}"
            print_table(title, forgotten, keys)


def _show_conditions(title: str, conditions: "Sequence[Condition]") -> None:
    rows: list[dict[str, Any]] = [
        {"hypothesis": c.name, "holds": c.holds, "value": c.value, "what was done": c.remedy}
        for c in conditions
    ]
    print_table(title, rows, list(rows[0]), styles=STYLES)


def _facts_in_memory(
    file: Path,
    memory: str,
    *,
    d: int | None,
    rank: str | None,
    bits: int | None,
    rounding: str | None,
    width: str | None,
    degree: int | None,
    seed: int,
    json: bool,
) -> None:
    from theory.facts.memories import facts_in_memory

    with working("storing and recalling"):
        result = facts_in_memory(
            file,
            memory=memory,
            d=d,
            rank=rank,
            bits=bits,
            width=width,
            degree=degree,
            rounding=rounding,
            seed=seed,
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
    _show_conditions("hypotheses", result.conditions)
    if result.forgotten:
        title = f"forgotten: {len(result.forgotten)}, the first {SHOWN}"
        print_table(title, result.rows()[:SHOWN], ["subject", "relation", "answer", "said"])
