"""Numbers of gates: guaranteed, predicted and measured, alone and behind attention."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.memories.sign_gates import least_width
from theory.memories.width import width_of
from theory.points import copied_gates_task, copied_proof_task, gates_proof_task, width_task
from theory.rendering.axes import guarantee_panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]

OMEGA = 5.0
"""Frequency of the square waves that store random facts."""

COPIED_OMEGA = 3.0
"""Frequency of those behind attention."""


def points(
    *,
    seed: int,
    size: str,
    d: int,
    N: Sequence[int],
    d_copied: int,
    shapes: Sequence[tuple[int, int, int]],
    trials: int,
    draws: int,
) -> list[Task]:
    """Return a search of every size, each followed by the proof for embeddings that are drawn."""
    shared = {"seed": seed, "experiment": "gates"}
    tasks = []
    for facts in N:
        tasks += [
            width_task(
                memory="sign-gated", d=d, N=facts, criterion="all", gates="square", omega=OMEGA,
                trials=trials, **shared,
            ),
            gates_proof_task(d=d, N=facts, omega=OMEGA, draws=draws, **shared),
        ]  # fmt: skip
    for shape in shapes:
        asked = {"shape": list(shape), "d": d_copied, "omega": COPIED_OMEGA, **shared}
        tasks += [
            copied_gates_task(trials=trials, **asked),
            copied_proof_task(draws=draws, **asked),
        ]
    return tasks


@cache
def _theory(d: int, N: int) -> tuple[int | None, float]:
    """Return what is guaranteed of random facts, and predicted."""
    law = width_of(Construction("sign-gated", gates="square", omega=OMEGA), d=d, N=N)
    return least_width(N, d, omega=OMEGA), law


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record for each search and its proof, with what is known without them."""
    found = []
    for k in range(0, len(tasks), 2):
        value, proof = values[k], values[k + 1]
        copied = "shape" in tasks[k].arguments
        point = value if copied else value["points"][0]
        d, N = (point["d"], point["facts"]) if copied else (point["d"], point["N"])
        guaranteed, predicted = (None, None) if copied else _theory(d, N)
        found.append(
            {
                "inputs": "sums behind attention" if copied else "random facts",
                "shape": ", ".join(map(str, tasks[k].arguments["shape"])) if copied else None,
                "d": d,
                "N": N,
                "guaranteed": guaranteed,
                "given": proof["gates"],
                "predicted": predicted,
                "measured": point["gates" if copied else "width"],
                "interval": point["interval"],
                "trials": point["trials"],
                "draws": len(proof["draws"]),
            }
        )
    return found


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the number of gates against the number of facts, with and without attention."""
    curves = ("guaranteed", "given", "predicted")
    whole = guarantee_panels(found, "inputs", "N", curves, figsize=(6.4, 3.3))
    for ax in whole.axes:
        kind = ax.get_title()
        d = next(row["d"] for row in found if row["inputs"] == kind)
        ax.set_title(f"{kind}, $d = {d}$")
        ax.set_xlabel("facts $N$" if kind == "random facts" else "facts $N = S R$")
    whole.axes[0].set_ylabel("gates $m$, all facts recalled")
    return whole


EXHIBIT = Exhibit(
    name="guaranteed-gates",
    theorem="sign-gates",
    title="Guaranteed, predicted and measured numbers of gates",
    caption="Gates $m$ with which all $N$ facts are recalled in half of the draws. Random facts "
    "($\\omega = 5$): guaranteed for random embeddings and gates; guaranteed for embeddings and "
    "gates that are given, with only the outputs $v_i$ still to be drawn (median over draws of "
    "both); predicted without a fitted parameter; measured (median with 99% interval). Sums that "
    "attention copies, of $S$ subjects and $R$ relations with $D$ answers each ($\\omega = 3$): "
    "there is a guarantee for given embeddings, and no law. In neither case is a number of gates "
    "known with which some fact is proved to be lost.",
    points=points,
    rows=rows,
    columns={
        "inputs": Column("inputs"),
        "shape": Column("$S, R, D$"),
        "d": Column("$d$"),
        "N": Column("$N$"),
        "guaranteed": Column("$m$ guaranteed"),
        "given": Column("for given embeddings"),
        "predicted": Column("predicted"),
        "measured": Column("measured"),
        "interval": Column("99% interval"),
    },
    quick={
        "d": 32,
        "N": (64, 128),
        "d_copied": 32,
        "shapes": ((4, 4, 4), (6, 6, 4)),
        "trials": 20,
        "draws": 1,
    },
    full={
        "d": 64,
        "N": (96, 128, 192, 256, 384, 512),
        "shapes": ((4, 4, 4), (6, 6, 4), (8, 8, 4), (12, 12, 4), (16, 16, 4)),
        "trials": 40,
        "draws": 3,
    },
    figure=figure,
    alternative="Numbers of gates against numbers of facts, on logarithmic axes: measured medians "
    "on the predicted curve, above them the curve guaranteed for given embeddings, and above it "
    "the one for random embeddings; beside it gates behind attention, measured and guaranteed.",
)
"""What proofs cost in gates."""
