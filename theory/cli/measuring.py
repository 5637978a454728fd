"""``recall predict | measure | capacity``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.output import (
    BITS,
    DEGREE,
    JSON,
    PLOT,
    RANK,
    ROUNDING,
    SEED,
    WIDTH,
    check_plot,
    emit,
    integers,
    print_table,
    progress_bar,
    save_figure,
    working,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from assoc.embeddings import NamedVectors
    from sims.capacity import CapacityResult
    from sims.width import WidthResult

__all__ = ["FACTS", "OUTPUTS", "read_vectors", "register"]

MEMORY = typer.Argument(
    help="linear, low-rank, low-rank-gaussian, low-rank-svd, sign, dual-inputs, "
    "dual-outputs, dual-both, mlp, gated-mlp, whitened-mlp, bilinear, bilinear-ridge, "
    "bilinear-als, bilinear-margin, optimal-linear, optimal-low-rank, optimal-mlp, "
    "optimal-bilinear, optimal-bilinear-fit, or your own package.module:function."
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
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Predict recall, capacity or width, without a fitted number and without simulation.

    Examples: `recall predict linear --d 64 --N 256`; `recall predict linear --d 1000000`;
    `recall predict low-rank --rank d/2 --d 64,128,256 --plot capacity.png`;
    `recall predict gated-mlp --d 64 --N 512,1024,2048`
    """
    check_plot(plot)
    from theory.predicting import predict as compute

    result = compute(
        memory, d=integers(d, "d") or [], N=integers(N, "N"), rank=rank, bits=bits, width=width,
        degree=degree, facts=facts, outputs=outputs,
    )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=None)
    else:
        rows = result.rows()
        print_table(
            f"{result.memory}: predicted", rows, list(rows[0]), optional=["M", "law_99", "law"]
        )
        print(_legend(rows[0]))
    if plot is not None:
        save_figure(result.plot(), plot, seed=None)


def _legend(row: "Mapping[str, Any]") -> str:
    """Say what the columns of a prediction are."""
    if "load" in row:
        return "load: N log N / (m d)"
    if "error" in row:
        return "all: every one; error: standard error of the cost of a fact; law: N log N / d^2"
    if "load_99" in row:
        return "load: N log N / (m d); 99: expected recall 99 %; all: every one, half the draws"
    return "law: N log N / d^2; failure bound, N guaranteed: proved"


def measure(
    memory: str = MEMORY,
    N: str = typer.Option(..., "--N", "-N", help="Facts, or several: 100,200,400."),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension; a file brings its own."),
    trials: int = typer.Option(20, min=1, help="Independent trials."),
    rank: str | None = RANK,
    bits: int | None = BITS,
    rounding: str | None = ROUNDING,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
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
            memory, N=integers(N, "N") or [], d=d, rank=rank, bits=bits, width=width, degree=degree,
            rounding=rounding, embeddings=_embeddings(embeddings), preprocess=preprocess,
            facts=facts, outputs=outputs, trials=trials, inputs=inputs, seed=seed, threads=threads,
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
        construction = Construction(memory, rank, bits, width, degree, rounding)
        axes = with_recall_theory(result, construction, facts=facts, outputs=outputs)
        save_figure(axes, plot, seed=seed)


def capacity(
    memory: str = MEMORY,
    d: str | None = typer.Option(None, "--d", "-d", help="Dimension, or several: 32,64,128."),
    N: str | None = typer.Option(
        None, "--N", "-N", help="Facts, or several: search the smallest width that recalls them."
    ),
    criterion: str = typer.Option("all", help="all, or the rate that must be recalled: 0.99."),
    trials: int = typer.Option(10, min=1, help="Independent trials."),
    max_n: int | None = typer.Option(None, "--max-N", min=1, help="Stop the search here."),
    max_width: int | None = typer.Option(None, min=1, help="Stop the search for a width here."),
    resolution: float = typer.Option(
        0.0, help="Brackets this narrow, relative to N, are narrow enough; 0: neighbours."
    ),
    store: Path | None = typer.Option(
        None, help="Store every finished trial in this file, and go on from what it holds."
    ),
    rank: str | None = RANK,
    bits: int | None = BITS,
    fewest: str | None = typer.Option(
        None, "--fewest-bits", help="With --N: the first of these bits that recall all: 1,2,4,8,16."
    ),
    rounding: str | None = ROUNDING,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    embeddings: str = EMBEDDINGS,
    preprocess: str = PREPROCESS,
    threads: int | None = THREADS,
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Search how many facts are recalled, or how many neurons or bits per weight they need.

    Examples: `recall capacity linear --d 32,64,128`;
    `recall capacity low-rank --rank d/2 --d 64 --criterion 0.99`;
    `recall capacity gated-mlp --width 16d --d 16,32,64 --criterion 0.99`;
    `recall capacity gated-mlp --d 64 --N 512,1024`;
    `recall capacity optimal-linear --d 16,32,64 --resolution 0.01 --store best.sqlite`;
    `recall capacity linear --d 32 --N 28 --fewest-bits 1,2,4,8`;
    `recall capacity my_package.my_module:build --d 64 --plot capacity.png`
    """
    check_plot(plot)
    from sims.capacity import capacity as run
    from sims.construction import Construction
    from sims.width import smallest_width
    from theory.figures import with_capacity_theory, with_width_theory

    dimensions, vectors = integers(d, "d"), _embeddings(embeddings)
    construction = Construction(memory, rank, bits, width, degree, rounding)
    if fewest is not None:
        for name, given in (
            ("bits", bits), ("max-N", max_n), ("max-width", max_width), ("store", store),
            ("resolution", resolution or None),
        ):  # fmt: skip
            if given is not None:
                raise InputError(f"--{name} has no place where the fewest bits are searched")
        _fewest_bits(
            memory, N=integers(N, "N"), d=dimensions, widths=integers(fewest, "fewest-bits"),
            criterion=criterion, rank=rank, width=width, degree=degree, rounding=rounding,
            facts=facts, outputs=outputs, embeddings=vectors, preprocess=preprocess, trials=trials,
            threads=threads, seed=seed, plot=plot, json=json,
        )  # fmt: skip
        return
    if N is None:
        if max_width is not None:
            raise InputError("--max-width is for a search of widths: give --N")
        shown = working("searching") if store is None else progress_bar("searching")
        with shown as progress:
            found = run(
                memory, d=dimensions, criterion=criterion, trials=trials, max_N=max_n, rank=rank,
                bits=bits, width=width, degree=degree, rounding=rounding, embeddings=vectors,
                preprocess=preprocess, facts=facts, outputs=outputs, seed=seed, threads=threads,
                resolution=resolution, store=store, progress=progress,
            )  # fmt: skip
        columns = ["d", "N", "interval", "law", "trials", "censored"]
        legend = "N: median over trials; interval: of the median, at least 99 %; law: N log N / d^2"
        if found.points[0].proved is not None:
            columns.append("proved")
            legend += "\nproved: trials in which the size right above is proved impossible"
        draw = partial(with_capacity_theory, found, construction, outputs=outputs)
        _report(found, "capacity", columns, legend, draw, plot=plot, seed=seed, json=json)
        return
    for name, value in (
        ("rank", rank), ("bits", bits), ("rounding", rounding), ("width", width), ("max-N", max_n),
        ("store", store), ("resolution", resolution or None),
    ):  # fmt: skip
        if value is not None:
            raise InputError(f"--{name} has no place where the width for --N is searched")
    with working("searching"):
        widths = smallest_width(
            memory, N=integers(N, "N") or [], d=dimensions, criterion=criterion, degree=degree,
            embeddings=vectors, preprocess=preprocess, facts=facts, outputs=outputs,
            trials=trials, max_width=max_width, seed=seed, threads=threads,
        )  # fmt: skip
    columns = ["d", "N", "degree", "width", "interval", "parameters", "load", "trials", "censored"]
    legend = (
        "width: median over trials; interval: of the median, at least 99 %; load: N log N / (m d)"
    )
    columns = [column for column in columns if column in widths.rows()[0]]
    draw = partial(with_width_theory, widths, construction, outputs=outputs)
    _report(widths, "smallest width", columns, legend, draw, plot=plot, seed=seed, json=json)


def _fewest_bits(
    memory: str,
    *,
    N: list[int] | None,
    d: list[int] | None,
    widths: list[int] | None,
    criterion: str,
    plot: Path | None,
    json: bool,
    **options: Any,
) -> None:
    """Search the fewest bits per weight for one number of facts, and print what each recalls."""
    from sims.fewest_bits import fewest_bits

    if N is None or len(N) != 1 or (d is not None and len(d) != 1):
        raise InputError("--fewest-bits takes one --N, and one --d")
    if criterion != "all":
        raise InputError("--fewest-bits recalls every fact: --criterion has no place")
    with working("searching"):
        found = fewest_bits(
            memory, N=N[0], d=None if d is None else d[0], widths=widths or [], **options
        )
    seed = options["seed"]
    if json:
        emit({"result": found.to_dict()}, seed=seed)
    else:
        columns = ["b", "bits", "recall", "interval", "all_recalled", "all_interval", "trials"]
        title = f"{found.memory}, d = {found.d}: {found.facts} facts with b bits per weight"
        print_table(title, found.rows(), columns)
        end = f"; with none in {found.censored} trials" if found.censored else ""
        print(f"median of the first b that recalls all: {found.b:g}, {found.spent:g} bits{end}")
        print("b and bits '-': exact weights")
    if plot is not None:
        save_figure(found.plot(), plot, seed=seed)


def _report(
    found: "CapacityResult | WidthResult",
    what: str,
    columns: list[str],
    legend: str,
    draw: "Callable[[], Axes]",
    *,
    plot: Path | None,
    seed: int,
    json: bool,
) -> None:
    """Print and draw what a search found."""
    if json:
        emit({"result": found.to_dict()}, seed=seed)
    else:
        title = f"{found.memory} on {found.embeddings}: {what}, criterion {found.criterion}"
        print_table(title, found.rows(), columns)
        print(legend)
    if plot is not None:
        save_figure(draw(), plot, seed=seed)


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
