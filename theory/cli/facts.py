"""``recall facts | ask``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from theory.cli.asked import Asked, given
from theory.cli.inputs import check_place, one_integer, read_table, read_vectors, vectors_of
from theory.cli.options import (
    BITS,
    DEGREE,
    FEWEST_BITS_OF_ATTENTION,
    GATES,
    HEAD_DIM,
    HEADS,
    JSON,
    LIMIT,
    OMEGA,
    RANK,
    ROUNDING,
    SEED,
    SEVERAL,
    TABLE_COLUMNS,
    TABLE_HEADER,
    WIDTH,
)
from theory.cli.output import STYLES, command_line, emit, print_table, watching
from theory.cli.terminal import say, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assoc.facts.tables import FactTable
    from theory.claims import Condition
    from theory.facts.results import MemoryFactsResult, TransformerFactsResult

__all__ = ["register"]

FORGOTTEN = ("subject", "relation", "answer", "said")
SHOWN = 10

NOT_HELD = 3
"""Exit status where no fit was found that holds every fact."""

EMBEDDINGS = typer.Option(
    None,
    help="FILE[:NAME] with a vector for every name in the table: .npz, word2vec, GloVe; with "
    "--fewest-bits also: stored, signs among the bits that are counted.",
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("facts")(facts)
    app.command("ask")(ask)


def facts(
    file: Path = typer.Argument(
        help="Table with columns subject, relation, answer (CSV, TSV, JSON lines, Parquet)."
    ),
    columns: str | None = TABLE_COLUMNS,
    header: bool = TABLE_HEADER,
    several: str = SEVERAL,
    model: str | None = typer.Option(
        None,
        help="attention-only, attention-only-dual, attention-only-sum, attention-mlp, "
        "attention-mlp-whitened, attention-mlp-hermite, attention-mlp-sign, hybrid, your own "
        "package.module:function, or several: a,b. The first two kinds if not given.",
    ),
    memory: str | None = typer.Option(
        None, help="Use one memory instead: a name of `recall predict --help`, or module:function."
    ),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension; planned if not given."),
    head_dim: int | None = HEAD_DIM,
    heads: int | None = HEADS,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    gates: str | None = GATES,
    omega: float | None = OMEGA,
    share: float | None = typer.Option(None, help="Share of a hybrid's subjects in attention."),
    embeddings: str | None = EMBEDDINGS,
    outputs: str | None = typer.Option(
        None, help="With --memory: FILE[:NAME] with the vectors of the answers, if in another file."
    ),
    limit: int | None = LIMIT,
    preprocess: str | None = typer.Option(
        None, help="For these vectors: none, normalise, centre or whiten."
    ),
    key: str | None = typer.Option(
        None,
        help="With --memory: a key is the sum (if not given) or product of the subject's and "
        "the relation's vector.",
    ),
    noise: int | None = typer.Option(None, min=0, help="Noise tokens; 64 if not given."),
    length: int | None = typer.Option(None, help="Tokens T of a prompt; 32 if not given."),
    draws: int | None = typer.Option(None, min=1, help="Prompts per fact; 3 if not given."),
    export: Path | None = typer.Option(
        None, help="Write the first model here, as safetensors; `recall ask` reads it."
    ),
    fewest_bits: bool = FEWEST_BITS_OF_ATTENTION,
    rank: str | None = RANK,
    bits: int | None = BITS,
    rounding: str | None = ROUNDING,
    seed: int = SEED,
    json: bool = JSON,
) -> None:
    """Store a table of facts in transformers, certify every fact and query every fact.

    With --memory the facts go into one associative memory, each (subject, relation) a random key,
    or one made of vectors of your own.

    Examples: `recall facts countries.csv`;
    `recall facts countries.csv --model attention-mlp --export countries.safetensors`;
    `recall facts countries.csv --fewest-bits --export countries.safetensors`;
    `recall facts countries.csv --embeddings countries_minilm.npz --preprocess whiten`;
    `recall facts countries.csv --memory sign --d 2048`;
    `recall facts countries.csv --memory linear --embeddings countries_minilm.npz --key product`;
    `recall facts triples.tsv --no-header --columns 1,2,3 --several first`
    """
    asked = _Storing(
        table=read_table(file, columns, header=header, several=several, told=False),
        model=model, memory=memory, d=d, head_dim=head_dim, heads=heads, width=width, degree=degree,
        gates=gates, omega=omega, share=share, embeddings=embeddings, outputs=outputs, limit=limit,
        preprocess=preprocess, key=key, noise=noise, length=length, draws=draws, export=export,
        fewest_bits=fewest_bits, rank=rank, bits=bits, rounding=rounding, seed=seed, json=json,
    )  # fmt: skip
    if memory is None and fewest_bits:
        _store_in_fewest_bits(asked)
    elif memory is None:
        _store_in_transformers(asked)
    else:
        _store_in_memory(asked, memory)


@dataclass(frozen=True)
class _Storing(Asked):
    """Which facts are stored, in what, and where the result goes."""

    table: "FactTable"
    model: str | None = None
    memory: str | None = None
    d: int | None = None
    head_dim: int | None = None
    heads: int | None = None
    width: str | None = None
    degree: int | None = None
    gates: str | None = None
    omega: float | None = None
    share: float | None = None
    embeddings: str | None = None
    outputs: str | None = None
    limit: int | None = None
    preprocess: str | None = None
    key: str | None = None
    noise: int | None = None
    length: int | None = None
    draws: int | None = None
    export: Path | None = None
    fewest_bits: bool = False
    rank: str | None = None
    bits: int | None = None
    rounding: str | None = None
    seed: int = 0
    json: bool = False


def _store_in_transformers(asked: _Storing) -> None:
    """Store the facts in each transformer that is asked for, and export the first if asked to."""
    asked.refuse("rank", "outputs", "key", why="is for --memory")
    if asked.embeddings is None:
        asked.refuse("preprocess", "limit", why="is for --embeddings")
    if asked.export is not None:
        check_place(asked.export, "--export")
    width = one_integer(asked.width, "width")
    from theory.facts.transformers import facts_in_transformers

    models = None if asked.model is None else asked.model.split(",")
    with watching("planning, storing and asking") as watcher:
        vectors = None if asked.embeddings is None else read_vectors(asked.embeddings, asked.limit)
        found = facts_in_transformers(
            asked.table, d=asked.d, head_dim=asked.head_dim, heads=asked.heads, width=width,
            degree=asked.degree, gates=asked.gates, omega=asked.omega, share=asked.share,
            bits=asked.bits, rounding=asked.rounding, embeddings=vectors, seed=asked.seed,
            watcher=watcher,
            **given(models=models, preprocess=asked.preprocess, noise=asked.noise,
                    length=asked.length, draws=asked.draws),
        )  # fmt: skip
    if asked.export is not None:
        _export(found, asked.export, asked.seed)
    if asked.json:
        emit({"result": found.to_dict()}, seed=asked.seed)
    else:
        _print_transformers(found)


def _store_in_fewest_bits(asked: _Storing) -> None:
    """Fit a transformer in few bits, and export it if it holds every fact."""
    asked.refuse("rank", "outputs", "key", why="is for --memory")
    others = "heads", "degree", "gates", "omega", "share", "rounding"
    asked.refuse(*others, why="is not for --fewest-bits")
    width = one_integer(asked.width, "width")
    from theory.facts.transformers import STORED, facts_in_fewest_bits

    vectors: Any = asked.embeddings
    if vectors in (None, STORED):
        asked.refuse("preprocess", "limit", why="is for --embeddings")
    if asked.export is not None:
        check_place(asked.export, "--export")
    with watching("fitting in bits") as watcher:
        if vectors not in (None, STORED):
            vectors = read_vectors(vectors, asked.limit)
        found = facts_in_fewest_bits(
            asked.table, d=asked.d, head_dim=asked.head_dim, width=width, embeddings=vectors,
            seed=asked.seed, watcher=watcher,
            **given(model=asked.model, bits=asked.bits, preprocess=asked.preprocess,
                    noise=asked.noise, length=asked.length, draws=asked.draws),
        )  # fmt: skip
    model = found.models[0]
    if model.whole and asked.export is not None:
        _export(found, asked.export, asked.seed)
    if asked.json:
        emit({"result": found.to_dict()}, seed=asked.seed)
    else:
        _print_transformers(found)
    if not model.whole:
        shares = model.recall, model.certified or 0.0
        held, certified = (round(share * found.facts) for share in shares)
        nothing = "" if asked.export is None else f"; nothing is written to {asked.export}"
        say(
            f"{model.model}: {held} of {found.facts} facts answered and {certified} certified, "
            f"{found.facts - min(held, certified)} lost, in {model.bits} bits{nothing}"
        )
        raise typer.Exit(NOT_HELD)


def _store_in_memory(asked: _Storing, memory: str) -> None:
    """Store the facts in one associative memory."""
    asked.refuse(
        "model", "head_dim", "heads", "share", "noise", "length", "draws", "export", "fewest_bits",
        why="has no place with --memory",
    )  # fmt: skip
    if asked.embeddings is None:
        asked.refuse("outputs", "limit", "preprocess", "key", why="is for --embeddings")
    from theory.facts.memories import facts_in_memory

    with watching("storing and recalling") as watcher:
        vectors = vectors_of(asked.embeddings, asked.outputs, asked.limit)
        found = facts_in_memory(
            asked.table, memory=memory, d=asked.d, rank=asked.rank, bits=asked.bits,
            width=asked.width, degree=asked.degree, gates=asked.gates, omega=asked.omega,
            rounding=asked.rounding, seed=asked.seed, embeddings=vectors, watcher=watcher,
            **given(preprocess=asked.preprocess, key=asked.key),
        )  # fmt: skip
    if asked.json:
        emit({"result": found.to_dict()}, seed=asked.seed)
    else:
        _print_memory(found)


def ask(
    file: Path = typer.Argument(metavar="MODEL", help="A file of `recall facts --export`."),
    subject: str = typer.Argument(help="Name of the subject."),
    relation: str = typer.Argument(help="Name of the relation."),
    length: int | None = typer.Option(None, help="Tokens T of the prompt."),
    seed: int = SEED,
    json: bool = JSON,
) -> None:
    """Query a stored transformer for one fact, by a prompt with noise tokens.

    Example: `recall ask countries.safetensors Namibia "ISO code"`
    """
    from theory.facts.ask import ask as put
    from theory.facts.model_files import load_model

    answer = put(load_model(file), subject, relation, length=length, seed=seed)
    if not answer.right:
        say(f"note: ({answer.subject}, {answer.relation}) is not among the facts of this model")
    elif answer.answer not in answer.right:
        right = " or ".join(map(repr, answer.right))
        say(f"note: the model was built from a table that says {right}")
    if json:
        emit({"result": answer.to_dict()}, seed=seed)
        return
    show(answer.answer)


def _export(result: "TransformerFactsResult", path: Path, seed: int) -> None:
    from theory.facts.model_files import save_model
    from theory.rendering.files import provenance

    save_model(path, result.stored(), origin=provenance(command=command_line(), seed=seed))
    say(f"wrote {path}: {result.models[0].model}")


def _print_transformers(result: "TransformerFactsResult") -> None:
    """Print sizes, transformers, hypotheses and what was forgotten."""
    for note in result.notes:
        say(f"note: {note}")
    answer = "a right answer" if result.several else "each answer"
    sizes = {
        "facts": result.facts,
        **_several(result.several),
        "subjects S, relations R": f"{result.subjects}, {result.relations}",
        "answers": result.answers,
        "largest answer set D": result.largest_answer_set,
        "bits needed by any model": _between(result),
        f"of these, to name {answer} of its relation": result.bits_of_answers,
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
            "searched": m.searched,
        }
        for m in result.models
    ]
    print_table("the transformers", models, columns, optional=["attention", "mlp", "searched"])
    show("bits per bit: stored, over needed; certified: for every prompt of at most so many tokens")
    for m in result.models:
        if m.packed is not None:
            show(m.told())
        _print_conditions(f"hypotheses for {m.model}", m.conditions)
    for m in result.models:
        if m.forgotten:
            forgotten = [dict(zip(FORGOTTEN, row, strict=True)) for row in m.forgotten[:SHOWN]]
            print_table(f"{m.model}: {_forgotten(len(m.forgotten))}", forgotten, FORGOTTEN)


def _forgotten(count: int) -> str:
    """Say how many facts are forgotten, and how many of them are shown."""
    return f"{count} facts forgotten" + f"; the first {SHOWN}" * (count > SHOWN)


def _several(several: int) -> dict[str, int]:
    """Row for facts of which any of several answers will do, where there are such."""
    return {"of these with several right answers": several} if several else {}


def _between(result: "MemoryFactsResult | TransformerFactsResult") -> float | str:
    """Bits that are needed, or between which numbers they are."""
    low, high = result.bits_bound, result.bits_enough
    return low if low == high else f"between {low:.8g} and {high:.8g}"


def _print_memory(result: "MemoryFactsResult") -> None:
    """Print what was stored, hypotheses and what was forgotten."""
    for note in result.notes:
        say(f"note: {note}")
    values = {
        "facts": result.facts,
        **_several(result.several),
        "distinct answers": result.answers,
        "memory": result.memory,
        "keys and outputs": result.embeddings,
        "dimension d": result.d,
        "parameters": result.parameters,
        "bits stored": result.bits,
        "bits needed by any model": _between(result),
        "recall": result.recall,
        "certified": result.certified,
        "predicted recall": result.predicted,
        "predicted chance of all": result.predicted_all,
    }
    rows = [{"what": key, "value": value} for key, value in values.items() if value is not None]
    print_table(f"{result.file} in one memory", rows, ["what", "value"], header=False)
    _print_conditions("hypotheses", result.conditions)
    if result.forgotten:
        print_table(_forgotten(len(result.forgotten)), result.rows()[:SHOWN], FORGOTTEN)


def _print_conditions(title: str, conditions: "Sequence[Condition]") -> None:
    rows: list[dict[str, Any]] = [
        {
            "hypothesis": c.name,
            "holds": "" if c.holds is None else c.holds,
            "value": c.value,
            "suggested fix, or what was done": c.remedy,
        }
        for c in conditions
    ]
    print_table(title, rows, list(rows[0]), styles=STYLES)
