"""``recall flow``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assoc.errors import InputError
from theory.cli.inputs import check_plot, read_table
from theory.cli.options import JSON, PLOT, SEED, SEVERAL, TABLE_COLUMNS, TABLE_HEADER
from theory.cli.output import emit, print_table, save_figure, working
from theory.cli.terminal import show

if TYPE_CHECKING:
    from assoc.facts.tables import FactTable
    from theory.gradient_flow.trajectory import TrajectoryResult

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("flow")(flow)


def flow(
    subjects: int | None = typer.Option(None, "--subjects", "-S", help="Number of subjects S."),
    relations: int | None = typer.Option(None, "--relations", "-R", help="Number of relations R."),
    answers: int | None = typer.Option(None, "--answers", "-D", help="Answers D of each relation."),
    facts: str | None = typer.Option(
        None, help="balanced (if not given), random, weighted or partial."
    ),
    table: Path | None = typer.Option(
        None, help="Use a table instead: CSV with columns subject, relation, answer."
    ),
    columns: str | None = TABLE_COLUMNS,
    header: bool = TABLE_HEADER,
    several: str = SEVERAL,
    alpha: float = typer.Option(1e-4, help="Initial scale: V = alpha, w = alpha sqrt(A + 1)."),
    t_max: float | None = typer.Option(
        None, help="Time to integrate to; 30 times the later stage if not given."
    ),
    method: str = typer.Option(
        "auto", help="full, symmetric (balanced facts, any size), or auto: symmetric where exact."
    ),
    length: int | None = typer.Option(
        None,
        help="Tokens T of a prompt, with end of sequence and noise; if not given: subject, "
        "relation.",
    ),
    noise: int = typer.Option(64, min=0, help="Noise tokens of the vocabulary."),
    solver: str | None = typer.Option(
        None, help="DOP853 (if not given), RK45, LSODA, Radau or BDF of scipy."
    ),
    rtol: float | None = typer.Option(None, help="Relative tolerance of a step."),
    lr: float | None = typer.Option(None, help="Plain gradient descent with steps of this size."),
    attention: str | None = typer.Option(
        None, help="linear or softmax, on random embeddings (needs --d)."
    ),
    d: int | None = typer.Option(None, "--d", "-d", help="Dimension of random embeddings."),
    draws: int = typer.Option(8, min=1, help="Prompts per fact, for random embeddings."),
    samples: int = typer.Option(200, min=1, help="Number of sampled times, even in log t."),
    loss_below: float | None = typer.Option(
        None, help="Also find when the loss first reaches this."
    ),
    seed: int = SEED,
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Learn facts by gradient flow: when relations and subjects are learnt, with predictions.

    Examples: `recall flow --subjects 16 --relations 4 --answers 8 --alpha 1e-4 --plot flow.png`;
    `recall flow -S 1000000000 -R 100000 -D 1000 --alpha 1e-12`;
    `recall flow -S 16 -R 4 -D 8 --facts random --length 8 --t-max 1e8`;
    `recall flow -S 16 -R 4 -D 8 --attention softmax --d 128 --length 12 --t-max 3000`;
    `recall flow --table countries.csv --t-max 100000`
    """
    check_plot(plot)
    if table is not None and facts is not None:
        raise InputError("--facts has no place with --table")
    from theory.gradient_flow.trajectory import trajectory

    told: str | FactTable = facts or "balanced"
    if table is not None:
        told = read_table(table, columns, header=header, several=several)
    with working("integrating"):
        result = trajectory(
            subjects=subjects, relations=relations, answers=answers, facts=told, alpha=alpha,
            t_max=t_max, method=method, length=length, noise=noise, solver=solver, rtol=rtol, lr=lr,
            attention=attention, d=d, draws=draws, samples=samples, loss_below=loss_below,
            seed=seed,
        )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=seed)
    else:
        _show(result)
    if plot is not None:
        save_figure(result.plot, plot, seed=seed)


def _show(result: "TrajectoryResult") -> None:
    from theory.gradient_flow.stages import which_first

    found, predicted = result.flow, result.predictions()
    first = None
    if found.t_relation is not None and found.t_subject is not None:
        first = which_first(found.t_relation, found.t_subject)
    rows: list[dict[str, Any]] = [
        {"what": "t_relation", "measured": found.t_relation, "predicted": predicted["t_relation"]},
        {"what": "t_subject", "measured": found.t_subject, "predicted": predicted["t_subject"]},
        {"what": "learnt first", "measured": first, "predicted": predicted["first"]},
        {
            "what": "L t (log(k/L) - 1) at the end",
            "measured": result.late_constant,
            "predicted": predicted["late_constant"],
        },
        {"what": "plateau of the loss", "measured": None, "predicted": predicted["plateau"]},
        {"what": "g_R / g_S", "measured": None, "predicted": predicted["order_ratio"]},
    ]
    if found.loss_below is not None:
        what = f"time of a loss of {found.loss_below:g}"
        rows.append({"what": what, "measured": found.t_loss, "predicted": None})
    rows = [row for row in rows if not row["measured"] is row["predicted"] is None]
    sizes = f"S = {found.subjects}, R = {found.relations}, D = {found.answers}"
    title = f"{result.facts}, {sizes}: {found.model}"
    if rows:
        print_table(title, rows, ["what", "measured", "predicted"])
    else:
        show(f"{title}; nothing is learnt by t = {found.time[-1]:g}")
    step = max(1, len(found.time) // 12)
    shown = result.rows()[::-1][::step][::-1]
    columns = ["time", "loss", "relation_loss", "subject_loss"]
    print_table("losses in nats", shown, columns)
    drift = "" if found.drift is None else f", conserved numbers within {found.drift:.2g}"
    show(f"{found.solver}, {found.evaluations} evaluations{drift}")
    if result.predicted is not None and result.facts != "balanced facts":
        show("predicted times, order and plateau: for balanced facts of about these sizes")
