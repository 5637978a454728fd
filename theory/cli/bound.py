"""``recall bound``."""

from pathlib import Path

import typer

from theory.cli.inputs import check_plot, integers, read_table
from theory.cli.options import JSON, PLOT, SEVERAL, TABLE_COLUMNS, TABLE_HEADER
from theory.cli.output import emit, print_table, save_figure, working
from theory.cli.terminal import show

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("bound")(bound)


def bound(
    table: Path | None = typer.Argument(
        None, help="Table with columns subject, relation, answer, or a shipped example."
    ),
    columns: str | None = TABLE_COLUMNS,
    header: bool = TABLE_HEADER,
    several: str = SEVERAL,
    N: int | None = typer.Option(None, "--N", "-N", help="Number of facts."),
    M: int | None = typer.Option(None, "--M", "-M", help="Number of outputs; N if not given."),
    facts: str = typer.Option("random", help="Fact map: random, permutation, balanced or zipf."),
    subjects: int | None = typer.Option(None, "--subjects", "-S", help="Number of subjects S."),
    relations: int | None = typer.Option(None, "--relations", "-R", help="Number of relations R."),
    answers: int | None = typer.Option(None, "--answers", "-D", help="Answers D of each relation."),
    vocabulary: int | None = typer.Option(
        None, "--vocabulary", "-V", help="Tokens that answers come from; R D if not given."
    ),
    bits: str = typer.Option(
        "1,2,4,8,16,32", "--bits", help="Bits per parameter, or several: 1,2,4."
    ),
    exponent: float | None = typer.Option(
        None,
        "--exponent",
        "-a",
        help="With --N: least losses if input x is queried as often as x^-a.",
    ),
    given: float | None = typer.Option(
        None, "--given", "-B", help="With --N: the bits of the model."
    ),
    plot: Path | None = PLOT,
    json: bool = JSON,
) -> None:
    """Bound the bits, and with them the parameters, that any model of the facts needs.

    Examples: `recall bound --N 10000 --M 1000`; `recall bound -S 64 -R 16 -D 8 -V 1000`;
    `recall bound -S 1000000000 -R 1000000 -D 1000`; `recall bound countries.csv`;
    `recall bound --N 100000 --exponent 1.5 --given 50000 --plot bound.png`
    """
    check_plot(plot)
    from theory.bounds.bound import bound as run

    with working("counting"):
        result = run(
            None if table is None else read_table(table, columns, header=header, several=several),
            N=N, M=M, facts=facts, subjects=subjects,
            relations=relations, answers=answers, vocabulary=vocabulary,
            bits=integers(bits, "bits") or [], exponent=exponent, given=given,
        )  # fmt: skip
    if json:
        emit({"result": result.to_dict()}, seed=None)
    else:
        shown = ["bits_per_parameter", "parameters", "per_fact"]
        print_table(result.what, result.rows(), shown)
        low, high = f"{result.low:.12g}", f"{result.high:.12g}"
        between = f"{result.low:.8g}" if low == high else f"between {low} and {high}"
        show(f"any model needs {between} bits")
        if result.naming is not None:
            answer = "a right answer" if result.several else "each answer"
            show(f"of these, {result.naming:.6g} name {answer} among those of its relation")
        if result.paper is not None:
            off = result.paper / result.low - 1 if result.low else float("inf")
            show(f"S R log2 D + R D log2(V/D), the paper's leading terms: {result.paper:.8g} "
                  f"({off:+.2%})")  # fmt: skip
        if result.given is not None:
            show(f"a model of {result.given:g} bits, inputs {result.law}:")
            show(f"cross-entropy at least {result.cross_entropy:.6g} nats, "
                  f"error rate at least {result.error:.6g}")  # fmt: skip
    if plot is not None:
        save_figure(result.plot, plot, seed=None)
