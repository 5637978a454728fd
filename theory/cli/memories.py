"""``recall predict | measure``."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

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
    OUTPUTS,
    OUTPUTS_OR_FILE,
    PLOT,
    PREPROCESS,
    RANK,
    ROUNDING,
    SEED,
    THREADS,
    WIDTH,
)
from theory.cli.output import emit, print_table, save_figure, working
from theory.cli.terminal import say, show
from theory.outlook import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sims.memories.recall import RecallResult


__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(predict)
    app.command()(measure)


def predict(
    memory: str = MEMORY,
    d: str = typer.Option(..., "--d", "-d", help="Dimension, or several: 32,64,128."),
    N: str | None = typer.Option(
        None, "--N", "-N", help="Facts, or several; if not given, capacities."
    ),
    rank: str | None = RANK,
    bits: int | None = BITS,
    width: str | None = WIDTH,
    degree: int | None = DEGREE,
    gates: str | None = GATES,
    omega: float | None = OMEGA,
    facts: str = FACTS,
    outputs: int | None = OUTPUTS,
    trials: int | None = typer.Option(
        None, help="Draws on which the interference of your own memory is measured; default 20."
    ),
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Predict recall, capacity or width, without fitted parameters and without simulation.

    For a memory of your own (module:function) the interference is measured on a few draws and put
    into the law of linear memories; the recall that the law predicts at the measured size is
    compared with the recall counted there.

    Examples: `recall predict linear --d 64 --N 256`; `recall predict linear --d 1000000`;
    `recall predict low-rank --rank d/2 --d 64,128,256 --plot capacity.png`;
    `recall predict gated-mlp --d 64 --N 512,1024,2048`; `recall predict sign-gated --d 64 --N 512`;
    `recall predict my_memory:build --d 64,1024 --N 400`
    """
    check_plot(plot)
    from theory.memories.predict import predict as compute

    with working("measuring") if ":" in memory else nullcontext():
        result = compute(
            memory, d=integers(d, "d") or [], N=integers(N, "N"), rank=rank, bits=bits,
            width=width, degree=degree, gates=gates, omega=omega, facts=facts, outputs=outputs,
            trials=trials, seed=seed,
        )  # fmt: skip
    drawn = "measured_d" in result.points[0]
    if json:
        emit({"result": result.to_dict()}, seed=seed if drawn else None)
    else:
        rows = result.rows()
        how = "predicted by a measured law" if drawn else "predicted"
        print_table(
            f"{result.memory}: {how}", rows, list(rows[0]), optional=["M", "law_99", "law"],
            chances={"all_recalled": "never", "failure_bound": "below 1e-9"},
        )  # fmt: skip
        show(*_legend(rows[0]))
    if plot is not None:
        save_figure(result.plot, plot, seed=seed if drawn else None)


def _legend(row: "Mapping[str, Any]") -> list[str]:
    """Say what the columns of a prediction are, in lines."""
    if "measured_d" in row:
        return [
            "not proved: interference on draws at the measured d and N, extrapolated by a power of "
            "d (exponent)",
            "law there, counted there: recall predicted by the law at the measured size, and "
            "recall counted; interval: of that, 99%",
        ]
    if "load" in row:
        return ["load: N log N / (m d)" + ("; failure bound: proved" * ("failure_bound" in row))]
    if "error" in row:
        return [
            "all: every fact recalled; error: standard error of the cost of a fact; "
            "load: N log N / d^2"
        ]
    if "load_99" in row:
        proved = {"width_guaranteed", "N_guaranteed"} & set(row)
        said = (
            "load: N log N / (m d); 99: expected recall 99%; all: every fact, in half of the draws"
        )
        return [f"{said}; guaranteed: that, proved" if proved else said]
    bounds = "failure bound and floor" if "recall" in row else "N guaranteed and failing"
    said = f"load: N log N / d^2; {bounds}: proved; the rest is predicted, not proved"
    if 0 < row.get("all_recalled", 0) < NEVER:
        said += "; never: below 1e-9"
    gaussian = any(key.endswith("gaussian") for key in row)
    return [f"{said}; gaussian: of Gaussian inputs" if gaussian else said]


def measure(
    memory: str = MEMORY,
    N: str = typer.Option(..., "--N", "-N", help="Facts, or several: 100,200,400."),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension; a file has its own."),
    trials: int = typer.Option(20, min=1, help="Independent trials."),
    rank: str | None = RANK,
    bits: int | None = BITS,
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
    inputs: int | None = typer.Option(
        None, min=1, help="Test only a sample of this many inputs, and stream the facts."
    ),
    threads: int | None = THREADS,
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Measure recall by Monte Carlo.

    Examples: `recall measure linear --d 64 --N 256 --trials 50`;
    `recall measure linear --embeddings minilm_tokens.npz --preprocess whiten --N 1000`;
    `recall measure linear --embeddings model.safetensors:wte.weight --outputs
    model.safetensors:lm_head.weight --N 500`;
    `recall measure linear --d 4096 --N 331533 --inputs 2000 --trials 1`
    """
    check_plot(plot)
    from sims.memories.construction import Construction
    from sims.memories.recall import measure as run
    from theory.memories.figures import with_recall_theory

    M, own = outputs_of(outputs)
    with working("measuring"):
        vectors = embeddings_of(embeddings, own, limit)
        result = run(
            memory, N=integers(N, "N") or [], d=d, rank=rank, bits=bits, width=width, degree=degree,
            rounding=rounding, gates=gates, omega=omega, embeddings=vectors,
            preprocess=preprocess, facts=facts, outputs=M, trials=trials, inputs=inputs,
            seed=seed, threads=threads,
        )  # fmt: skip
    tell_notes(vectors, facts)
    if bits is not None:
        _tell_unfinished(memory, result)
    if json:
        emit({"result": result.to_dict()}, seed=seed)
    else:
        columns = ["d", "N", "M", "recall", "interval", "all_recalled", "all_recalled_interval",
                   "trials", "judged"]  # fmt: skip
        title = f"{result.memory} on {result.embeddings}, {result.facts} facts: measured"
        print_table(title, result.rows(), columns, optional=["judged", "M", "d", "trials"])
        show("intervals at 99%; binomial where all trials agree; judged: inputs that are scored")
    if plot is not None:
        construction = Construction(memory, rank, bits, width, degree, rounding, gates, omega)
        draw = partial(with_recall_theory, result, construction, facts=facts, outputs=M)
        save_figure(draw, plot, seed=seed)


def _tell_unfinished(memory: str, result: "RecallResult") -> None:
    """Tell on stderr of fits in bits that ended without all facts."""
    from assoc.catalogue import fitted_in_bits

    if not fitted_in_bits(memory):
        return
    for row in result.rows():
        trials, facts = row["trials"], row.get("judged") or row["N"]
        short = round(trials * (1 - row["all_recalled"]))
        if short:
            held = row["recall"] * facts
            say(
                f"note: {result.memory}, N = {row['N']}: {short} of {trials} fits ended without "
                f"all facts; on average {held:.4g} of {facts} are held and {facts - held:.4g} lost"
            )
