"""``recall capacity``: searches of capacities, widths and bits."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.inputs import check_plot, embeddings_of, integers
from theory.cli.options import (
    BITS,
    DEGREE,
    EMBEDDINGS,
    FACTS,
    JSON,
    MEMORY,
    OUTPUTS,
    PLOT,
    PREPROCESS,
    RANK,
    ROUNDING,
    SEED,
    THREADS,
    WIDTH,
)
from theory.cli.output import emit, print_table, progress_bar, save_figure, working

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from sims.memories.capacity import CapacityResult
    from sims.memories.width import WidthResult

__all__ = ["register"]

TRAINED = {"trained-linear": "linear", "trained-mlp": "mlp"}
"""Memories that are trained; only their capacity is searched."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(capacity)


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
    steps: int | None = typer.Option(None, min=1, help="Of training; for trained memories."),
    rates: str | None = typer.Option(
        None, "--learning-rates", help="That training is tried with: 1,10,30."
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
    `recall capacity trained-linear --d 8,22,45 --criterion 0.99`;
    `recall capacity linear --d 32 --N 28 --fewest-bits 1,2,4,8`;
    `recall capacity my_package.my_module:build --d 64 --plot capacity.png`
    """
    check_plot(plot)
    from sims.memories.capacity import capacity as run
    from sims.memories.construction import Construction
    from sims.memories.width import smallest_width
    from theory.memories.figures import with_capacity_theory, with_width_theory

    if memory in TRAINED:
        _trained(
            TRAINED[memory], criterion, d=integers(d, "d") or [], trials=trials, max_N=max_n,
            width=width, facts=facts, outputs=outputs, seed=seed, threads=threads, store=store,
            resolution=resolution or 0.01, plot=plot, json=json, steps=steps, rates=rates,
            refused={
                "N": N, "max-width": max_width, "rank": rank, "bits": bits, "fewest-bits": fewest,
                "rounding": rounding, "degree": degree,
                "embeddings": embeddings != "sphere", "preprocess": preprocess != "none",
            },
        )  # fmt: skip
        return
    for name, unused in (("steps", steps), ("learning-rates", rates)):
        if unused is not None:
            raise InputError(f"--{name} has no place where nothing is trained")
    dimensions, vectors = integers(d, "d"), embeddings_of(embeddings)
    construction = Construction(memory, rank, bits, width, degree, rounding)
    if fewest is not None:
        for name, given in (
            ("bits", bits), ("max-N", max_n), ("max-width", max_width), ("store", store),
            ("resolution", resolution or None),
        ):  # fmt: skip
            if given is not None:
                raise InputError(f"--{name} has no place where the fewest bits are searched")
        _fewest_bits(
            memory, N=integers(N, "N"), d=dimensions, bits=integers(fewest, "fewest-bits"),
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


def _trained(
    model: str,
    criterion: str,
    *,
    plot: Path | None,
    json: bool,
    seed: int,
    steps: int | None,
    rates: str | None,
    refused: "Mapping[str, object]",
    **options: Any,
) -> None:
    """Search the capacity of a memory that is trained by Adam, and print it."""
    for name, given in refused.items():
        if given:
            raise InputError(f"--{name} has no place where a memory is trained")
    from sims.training.capacity import trained_capacity
    from sims.training.recipe import Training

    chosen: dict[str, Any] = {} if steps is None else {"steps": steps}
    if rates is not None:
        chosen["learning_rates"] = tuple(rates.split(","))
    store = options["store"]
    shown = working("training") if store is None else progress_bar("training")
    with shown as progress:
        found = trained_capacity(
            model, criterion=criterion, training=Training(**chosen), seed=seed, progress=progress,
            **options,
        )  # fmt: skip
    columns = ["d", "N", "interval", "law", "trials", "censored"]
    legend = (
        f"N: median over trials of what {found.training.steps} steps of "
        f"{found.training.optimiser} recall; interval: of the median, at least 99 %; "
        "law: N log N / d^2"
    )
    _report(found, "capacity", columns, legend, found.plot, plot=plot, seed=seed, json=json)


def _fewest_bits(
    memory: str,
    *,
    N: list[int] | None,
    d: list[int] | None,
    bits: list[int] | None,
    criterion: str,
    plot: Path | None,
    json: bool,
    **options: Any,
) -> None:
    """Search the fewest bits per weight for one number of facts, and print what each recalls."""
    from sims.memories.fewest_bits import fewest_bits

    if N is None or len(N) != 1 or (d is not None and len(d) != 1):
        raise InputError("--fewest-bits takes one --N, and one --d")
    if criterion != "all":
        raise InputError("--fewest-bits recalls every fact: --criterion has no place")
    with working("searching"):
        found = fewest_bits(
            memory, N=N[0], d=None if d is None else d[0], bits=bits or [], **options
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
