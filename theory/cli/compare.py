"""``recall compare``."""

from pathlib import Path

import typer

from theory.cli.inputs import check_plot, integers
from theory.cli.options import (
    BITS,
    DEGREE,
    FACTS,
    GATES,
    JSON,
    OMEGA,
    OUTPUTS,
    PLOT,
    RANK,
    SEED,
    THREADS,
    WIDTH,
)
from theory.cli.output import emit, print_table, save_figure, working
from theory.cli.terminal import show

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(compare)


def compare(
    memories: str = typer.Argument(
        help="Names as for `recall measure`, yours among them, with commas; the first is what the "
        "others are compared with."
    ),
    d: str = typer.Option(..., "--d", "-d", help="Dimension, or several: 32,64,128."),
    N: str | None = typer.Option(
        None, "--N", "-N", help="Facts, or several; if not given, capacities."
    ),
    criterion: str = typer.Option("all", help="Of capacities: all, or a rate such as 0.99."),
    trials: int = typer.Option(20, min=1, help="Independent trials."),
    rank: str | None = RANK,
    bits: int | None = BITS,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    gates: str | None = GATES,
    omega: float | None = OMEGA,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    embeddings: str = typer.Option("sphere", help="sphere, gaussian, rademacher or orthonormal."),
    threads: int | None = THREADS,
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Measure memories on the same draws, and compare each with the first.

    Options such as --width go to the memories that take them.

    Examples: `recall compare linear,dual-inputs,my_module:build --d 64 --N 40,80,160`;
    `recall compare linear,sign --d 32,64,128 --plot compared.png`
    """
    check_plot(plot)
    from sims.memories.comparison import compare as run

    with working("comparing"):
        result = run(
            [name.strip() for name in memories.split(",") if name.strip()],
            d=integers(d, "d") or [], N=integers(N, "N"), criterion=criterion,
            embeddings=embeddings, facts=facts, outputs=outputs, trials=trials, seed=seed,
            threads=threads, rank=rank, bits=bits, width=width, degree=degree, gates=gates,
            omega=omega,
        )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=seed)
    else:
        rows = result.rows()
        print_table(f"{result.quantity} on the same draws", rows, list(rows[0]), optional=["bits"])
        first = result.points[0].memory
        show(f"difference: from {first}, median over the same draws; intervals at 99%")
    if plot is not None:
        save_figure(result.plot, plot, seed=seed)
