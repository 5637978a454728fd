"""``recall capacity``: searches of capacities, widths and bits."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.asked import Asked
from theory.cli.inputs import check_plot, embeddings_of, integers, outputs_of, tell_notes
from theory.cli.options import (
    BITS,
    DEGREE,
    EMBEDDINGS,
    FACTS,
    GATES,
    JSON,
    LIMIT,
    MEMORY,
    OMEGA,
    OUTPUTS_OR_FILE,
    PLOT,
    PREPROCESS,
    RANK,
    ROUNDING,
    SEED,
    THREADS,
    WIDTH,
)
from theory.cli.output import emit, print_table, progress_bar, save_figure, working
from theory.cli.terminal import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from assoc.vectors.named import NamedVectors, VectorPair
    from sims.memories.capacity import CapacityResult
    from sims.memories.construction import Construction
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
        None, "--N", "-N", help="Facts, or several: find the smallest width that recalls them."
    ),
    criterion: str = typer.Option("all", help="all, or the share that must be recalled: 0.99."),
    trials: int = typer.Option(10, min=1, help="Independent trials."),
    max_n: int | None = typer.Option(None, "--max-N", min=1, help="Stop the search here."),
    max_width: int | None = typer.Option(None, min=1, help="Stop the search for a width here."),
    resolution: float = typer.Option(
        0.0, help="Stop at a bracket this narrow, relative to N; 0: neighbouring integers."
    ),
    store: Path | None = typer.Option(
        None, help="Store every finished trial in this file, and go on from what it holds."
    ),
    steps: int | None = typer.Option(None, min=1, help="Training steps, for trained memories."),
    learning_rates: str | None = typer.Option(
        None, help="Learning rates to try, for trained memories: 1,10,30."
    ),
    rank: str | None = RANK,
    bits: int | None = BITS,
    fewest_bits: str | None = typer.Option(
        None, help="With --N: find the first of these bits that recall every fact: 1,2,4,8,16."
    ),
    rounding: str | None = ROUNDING,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    gates: str | None = GATES,
    omega: float | None = OMEGA,
    facts: str = FACTS,
    outputs: list[str] | None = OUTPUTS_OR_FILE,
    embeddings: str = EMBEDDINGS,
    limit: int | None = LIMIT,
    preprocess: str = PREPROCESS,
    threads: int | None = THREADS,
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Find how many facts are recalled, or how many neurons or bits per weight they need.

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
    asked = _Search(
        memory=memory, d=d, N=N, criterion=criterion, trials=trials, max_N=max_n,
        max_width=max_width, resolution=resolution, store=store, steps=steps,
        learning_rates=learning_rates, rank=rank, bits=bits, fewest_bits=fewest_bits,
        rounding=rounding, width=width, degree=degree, gates=gates, omega=omega, facts=facts,
        outputs=outputs, limit=limit,
        embeddings=embeddings, preprocess=preprocess, threads=threads, seed=seed, plot=plot,
        json=json,
    )  # fmt: skip
    if memory in TRAINED:
        _search_trained(asked)
        return
    asked.refuse("steps", "learning_rates", why="has no place where nothing is trained")
    if fewest_bits is not None:
        _search_bits(asked)
    elif N is not None:
        _search_width(asked)
    else:
        _search_capacity(asked)


@dataclass(frozen=True)
class _Search(Asked):
    """What is searched, of which memory, on which facts, and where the result goes."""

    memory: str
    d: str | None = None
    N: str | None = None
    criterion: str = "all"
    trials: int = 10
    max_N: int | None = None
    max_width: int | None = None
    resolution: float = 0.0
    store: Path | None = None
    steps: int | None = None
    learning_rates: str | None = None
    rank: str | None = None
    bits: int | None = None
    fewest_bits: str | None = None
    rounding: str | None = None
    width: str | None = None
    degree: int | None = None
    gates: str | None = None
    omega: float | None = None
    facts: str = "identity"
    outputs: "Sequence[str] | None" = None
    embeddings: str = "sphere"
    limit: int | None = None
    preprocess: str = "none"
    threads: int | None = None
    seed: int = 0
    plot: Path | None = None
    json: bool = False

    def construction(self) -> "Construction":
        """Return the memory with its options."""
        from sims.memories.construction import Construction

        return Construction(
            self.memory,
            self.rank,
            self.bits,
            self.width,
            self.degree,
            self.rounding,
            self.gates,
            self.omega,
        )

    @property
    def M(self) -> int | None:  # noqa: N802
        """The number of outputs that was asked for."""
        return outputs_of(self.outputs)[0]

    def vectors(self) -> "str | NamedVectors | VectorPair":
        """Return the law of the embeddings, or read them from their files."""
        own = outputs_of(self.outputs)[1]
        return embeddings_of(self.embeddings, own, self.limit)

    def setting(self) -> dict[str, Any]:
        """Return what every search is told of the facts, the trials and the work."""
        return {
            "facts": self.facts, "outputs": self.M, "trials": self.trials, "seed": self.seed,
            "threads": self.threads,
        }  # fmt: skip


def _search_capacity(asked: _Search) -> None:
    """Search the largest number of facts that a memory recalls."""
    from sims.memories.capacity import capacity as search
    from theory.memories.figures import with_capacity_theory

    dimensions, vectors = integers(asked.d, "d"), asked.vectors()
    asked.refuse("max_width", why="is for a search of widths: give --N")
    shown = working("searching") if asked.store is None else progress_bar("searching")
    with shown as progress:
        found = search(
            asked.memory, d=dimensions, criterion=asked.criterion, max_N=asked.max_N,
            rank=asked.rank, bits=asked.bits, width=asked.width, degree=asked.degree,
            rounding=asked.rounding, gates=asked.gates, omega=asked.omega, embeddings=vectors,
            preprocess=asked.preprocess, resolution=asked.resolution, store=asked.store,
            progress=progress, **asked.setting(),
        )  # fmt: skip
    tell_notes(vectors, asked.facts)
    columns = ["d", "N", "interval", "law", "trials", "censored"]
    legend = ["N: median over trials; interval: of the median, at least 99%; load: N log N / d^2"]
    if found.points[0].proved is not None:
        columns.append("proved")
        legend.append("proved: trials in which the upper end of the bracket is proved impossible")
    draw = partial(with_capacity_theory, found, asked.construction(), outputs=asked.M)
    _report(found, "capacity", columns, legend, draw, asked)


def _search_width(asked: _Search) -> None:
    """Search the smallest width that recalls so many facts."""
    from sims.memories.width import smallest_width
    from theory.memories.figures import with_width_theory

    dimensions, vectors = integers(asked.d, "d"), asked.vectors()
    asked.refuse(
        "rank", "bits", "rounding", "width", "max_N", "store", "resolution",
        why="has no place where the width for --N is searched",
    )  # fmt: skip
    with working("searching"):
        found = smallest_width(
            asked.memory, N=integers(asked.N, "N") or [], d=dimensions, criterion=asked.criterion,
            degree=asked.degree, gates=asked.gates, omega=asked.omega, embeddings=vectors,
            preprocess=asked.preprocess, max_width=asked.max_width, **asked.setting(),
        )  # fmt: skip
    tell_notes(vectors, asked.facts)
    columns = ["d", "N", "degree", "width", "interval", "parameters", "load", "trials", "censored"]
    columns = [column for column in columns if column in found.rows()[0]]
    legend = [
        "width: median over trials; interval: of the median, at least 99%; load: N log N / (m d)"
    ]
    draw = partial(with_width_theory, found, asked.construction(), outputs=asked.M)
    _report(found, "smallest width", columns, legend, draw, asked)


def _search_bits(asked: _Search) -> None:
    """Search the fewest bits per weight for one number of facts, and print what each recalls."""
    from sims.memories.fewest_bits import fewest_bits

    dimensions, vectors = integers(asked.d, "d"), asked.vectors()
    asked.refuse(
        "bits", "max_N", "max_width", "store", "resolution",
        why="has no place where the fewest bits are searched",
    )  # fmt: skip
    N, bits = integers(asked.N, "N"), integers(asked.fewest_bits, "fewest-bits")
    if N is None or len(N) != 1 or (dimensions is not None and len(dimensions) != 1):
        raise InputError("--fewest-bits takes one --N, and one --d")
    if asked.criterion != "all":
        raise InputError("--fewest-bits recalls every fact: --criterion has no place")
    with working("searching"):
        found = fewest_bits(
            asked.memory, N=N[0], d=None if dimensions is None else dimensions[0], bits=bits or [],
            rank=asked.rank, width=asked.width, degree=asked.degree, gates=asked.gates,
            omega=asked.omega, rounding=asked.rounding, embeddings=vectors,
            preprocess=asked.preprocess, **asked.setting(),
        )  # fmt: skip
    tell_notes(vectors, asked.facts)
    if asked.json:
        emit({"result": found.to_dict()}, seed=asked.seed)
    else:
        columns = ["b", "bits", "recall", "interval", "all_recalled", "all_interval", "trials"]
        title = f"{found.memory}, d = {found.d}: {found.facts} facts with b bits per weight"
        print_table(title, found.rows(), columns)
        end = f"; with none in {found.censored} trials" if found.censored else ""
        said = f"median of the fewest bits b that recall every fact: {found.b:g}"
        show(f"{said}, {found.spent:g} bits{end}")
        show("b and bits '-': exact weights")
    if asked.plot is not None:
        save_figure(found.plot, asked.plot, seed=asked.seed)


def _search_trained(asked: _Search) -> None:
    """Search the capacity of a memory that is trained by Adam."""
    dimensions = integers(asked.d, "d") or []
    asked.refuse(
        "N", "max_width", "rank", "bits", "fewest_bits", "rounding", "degree", "gates", "omega",
        "embeddings", "limit", "preprocess", why="has no place where a memory is trained",
    )  # fmt: skip
    if outputs_of(asked.outputs)[1] is not None:
        raise InputError("--outputs FILE has no place where a memory is trained")
    from sims.training.capacity import trained_capacity
    from sims.training.recipe import Training

    chosen: dict[str, Any] = {} if asked.steps is None else {"steps": asked.steps}
    if asked.learning_rates is not None:
        chosen["learning_rates"] = tuple(asked.learning_rates.split(","))
    shown = working("training") if asked.store is None else progress_bar("training")
    with shown as progress:
        found = trained_capacity(
            TRAINED[asked.memory], d=dimensions, criterion=asked.criterion, width=asked.width,
            max_N=asked.max_N, resolution=asked.resolution or 0.01, store=asked.store,
            training=Training(**chosen), progress=progress, **asked.setting(),
        )  # fmt: skip
    columns = ["d", "N", "interval", "law", "trials", "censored"]
    legend = [
        f"N: median over trials of what {found.training.steps} steps of "
        f"{found.training.optimiser} recall; interval: of the median, at least 99%; "
        "load: N log N / d^2"
    ]
    _report(found, "capacity", columns, legend, found.plot, asked)


def _report(
    found: "CapacityResult | WidthResult",
    what: str,
    columns: list[str],
    legend: "Sequence[str]",
    draw: "Callable[[], Axes]",
    asked: _Search,
) -> None:
    """Print and draw what a search found."""
    if asked.json:
        emit({"result": found.to_dict()}, seed=asked.seed)
    else:
        title = f"{found.memory} on {found.embeddings}: {what}, criterion {found.criterion}"
        print_table(title, found.rows(), columns)
        show(*legend)
    if asked.plot is not None:
        save_figure(draw, asked.plot, seed=asked.seed)
