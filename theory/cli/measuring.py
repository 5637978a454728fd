"""``recall predict | measure | capacity``."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assoc.errors import InputError
from theory.cli.output import (
    BITS,
    JSON,
    PLOT,
    RANK,
    SEED,
    check_plot,
    emit,
    integers,
    print_table,
    save_figure,
    working,
)

if TYPE_CHECKING:
    from assoc.embeddings import NamedVectors

__all__ = ["FACTS", "OUTPUTS", "read_vectors", "register"]

MEMORY = typer.Argument(
    help="linear, low-rank, low-rank-gaussian, low-rank-svd, sign, quantised, dual-inputs, "
    "dual-outputs, dual-both, or your own package.module:function."
)
FACTS = typer.Option("identity", help="Fact map: identity, permutation, random, balanced or zipf.")
"""Option for the law of the fact map."""
OUTPUTS = typer.Option(None, "--outputs", "-M", help="Number of outputs M; N if not given.")
"""Option for the number of outputs."""
EMBEDDINGS = typer.Option(
    "sphere", help="sphere, gaussian, rademacher, orthonormal, or a .npy or .npz file of vectors."
)
PREPROCESS = typer.Option("none", help="For a file: none, normalise, centre or whiten.")
THREADS = typer.Option(None, min=1, help="Threads; all cores if not given. Never changes a result.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(predict)
    app.command()(measure)
    app.command()(capacity)


def predict(
    memory: str = MEMORY,
    d: str = typer.Option(..., "--d", "-d", help="Dimension, or several: 32,64,128."),
    N: str | None = typer.Option(None, "--N", "-N", help="Facts, or several; none: capacities."),
    rank: str | None = RANK,
    bits: int | None = BITS,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Predict recall, or capacity, without a fitted number and without simulation.

    Examples: `recall predict linear --d 64 --N 256`; `recall predict linear --d 1000000`;
    `recall predict low-rank --rank d/2 --d 64,128,256 --plot capacity.png`
    """
    check_plot(plot)
    from theory.predicting import predict as compute

    result = compute(
        memory, d=integers(d, "d") or [], N=integers(N, "N"), rank=rank, bits=bits, facts=facts,
        outputs=outputs,
    )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=None)
    else:
        rows = result.rows()
        print_table(
            f"{result.memory}: predicted", rows, list(rows[0]), optional=["M", "law_99", "law"]
        )
        print("law: N log N / d^2; failure bound, N guaranteed: proved")
    if plot is not None:
        save_figure(result.plot(), plot, seed=None)


def measure(
    memory: str = MEMORY,
    N: str = typer.Option(..., "--N", "-N", help="Facts, or several: 100,200,400."),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension; a file brings its own."),
    trials: int = typer.Option(20, min=1, help="Independent trials."),
    rank: str | None = RANK,
    bits: int | None = BITS,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    embeddings: str = EMBEDDINGS,
    preprocess: str = PREPROCESS,
    inputs: int | None = typer.Option(
        None, min=1, help="Judge only a sample of this many inputs, and stream the facts."
    ),
    threads: int | None = THREADS,
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Measure recall by Monte Carlo.

    Examples: `recall measure linear --d 64 --N 256 --trials 50`;
    `recall measure linear --embeddings minilm_tokens.npz --preprocess whiten --N 1000`;
    `recall measure linear --d 4096 --N 331533 --inputs 2000 --trials 1`
    """
    check_plot(plot)
    from sims.construction import Construction
    from sims.recall import measure as run
    from theory.figures import with_recall_theory

    with working("measuring"):
        result = run(
            memory, N=integers(N, "N") or [], d=d, rank=rank, bits=bits,
            embeddings=_embeddings(embeddings), preprocess=preprocess, facts=facts,
            outputs=outputs, trials=trials, inputs=inputs, seed=seed, threads=threads,
        )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=seed)
    else:
        columns = ["d", "N", "M", "recall", "interval", "all_recalled", "all_recalled_interval",
                   "trials", "judged"]  # fmt: skip
        title = f"{result.memory} on {result.embeddings}, {result.facts} facts: measured"
        print_table(title, result.rows(), columns, optional=["judged", "M", "d", "trials"])
        print("intervals at 99 %; where all trials agree, an exact one that counts whole trials")
    if plot is not None:
        construction = Construction(memory, rank, bits)
        axes = with_recall_theory(result, construction, facts=facts, outputs=outputs)
        save_figure(axes, plot, seed=seed)


def capacity(
    memory: str = MEMORY,
    d: str | None = typer.Option(None, "--d", "-d", help="Dimension, or several: 32,64,128."),
    criterion: str = typer.Option("all", help="all, or the rate that must be recalled: 0.99."),
    trials: int = typer.Option(10, min=1, help="Independent trials."),
    max_n: int | None = typer.Option(None, "--max-N", min=1, help="Stop the search here."),
    rank: str | None = RANK,
    bits: int | None = BITS,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    embeddings: str = EMBEDDINGS,
    preprocess: str = PREPROCESS,
    threads: int | None = THREADS,
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Search how many facts are recalled: a bracket for every trial, and the median.

    Examples: `recall capacity linear --d 32,64,128`;
    `recall capacity low-rank --rank d/2 --d 64 --criterion 0.99`;
    `recall capacity my_package.my_module:build --d 64 --plot capacity.png`
    """
    check_plot(plot)
    from sims.capacity import capacity as run
    from sims.construction import Construction
    from theory.figures import with_capacity_theory

    with working("searching"):
        result = run(
            memory, d=integers(d, "d"), criterion=criterion, trials=trials, max_N=max_n, rank=rank,
            bits=bits, embeddings=_embeddings(embeddings), preprocess=preprocess, facts=facts,
            outputs=outputs, seed=seed, threads=threads,
        )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=seed)
    else:
        title = f"{result.memory} on {result.embeddings}: capacity, criterion {result.criterion}"
        columns = ["d", "N", "interval", "law", "trials", "censored"]
        print_table(title, result.rows(), columns)
        print("N: median over trials; interval: of the median, at least 99 %; law: N log N / d^2")
    if plot is not None:
        construction = Construction(memory, rank, bits)
        axes = with_capacity_theory(result, construction, outputs=outputs)
        save_figure(axes, plot, seed=seed)


def _embeddings(text: str) -> "str | NamedVectors":
    """Take the name of a law, or read a file."""
    from assoc.embeddings import LAWS

    if text in LAWS:
        return text
    return read_vectors(text)


def read_vectors(text: str) -> "NamedVectors":
    """Read vectors from a file, or from an example shipped with the package.

    Raises
    ------
    InputError
        If there is neither, or the file is bad.
    """
    from assoc.embeddings import LAWS, load_vectors
    from assoc.fact_tables import example_path

    path = Path(text)
    if not path.exists():
        if path.suffix not in (".npy", ".npz"):
            raise InputError(f"embeddings {text!r}: not a file, nor one of {', '.join(LAWS)}")
        if path.name == text:
            path = example_path(text)
    return load_vectors(path)
