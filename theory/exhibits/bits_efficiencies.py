"""Bits of memories and transformers at their fewest, and how much of them is stored facts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.bits.levels import gaussian_quantiser
from assoc.bits.objects import SCALE_BITS
from sims.engine.results import finite, log_scales
from sims.engine.tables import Column
from sims.memories.construction import Construction
from sims.sweeps.tasks import Task
from theory.bounds.accounting import stored_bits
from theory.exhibit import Exhibit
from theory.memories.few_bits import few_bits_capacity
from theory.points import capacity_task
from theory.rendering.axes import MEASURED, PREDICTED, bars, level
from theory.running import claim_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT", "spent_bits"]

LIMIT = (1 / 8) * (2 / np.pi) / np.log(2)
"""Efficiency of one-bit Hebbian memories as d grows."""

BEST_LIMIT = gaussian_quantiser(1)[1] / 2 / float(np.log(2))
"""Predicted efficiency of the best matrix of signs as d grows."""

MATRICES = {
    "low-rank": 2,
    "optimal-low-rank": 2,
    "whitened-mlp": 2,
    "optimal-mlp": 2,
    "bilinear-ridge": 3,
    "optimal-bilinear": 3,
}
"""Matrices of m by d of memories that are no single matrix."""

SCALED = ("whitened-mlp", "bilinear-ridge")
"""Those that store a scale of each matrix."""

MARKERS = "osD^v<>phX*dP8H"
"""Of memories in turn; where there are more of these, from the first again."""

TRANSFORMERS = {"fitted-attention": "fitted heads", "fitted-mlp": "fitted heads and MLP"}
"""Claims of factual-bound on transformers that are fitted in their bits, and what these are."""

FITTED, FITTED_COLOUR = ("optimal-", "fitted "), "C2"
"""What the names of models begin with that are fitted in their bits, and how they are drawn."""


def spent_bits(memory: str, d: int, bits: int, size: int | None) -> int:
    """Bits of a memory, scales included.

    Parameters
    ----------
    memory : name of a single matrix or one of :data:`MATRICES`.
    d, bits : dimension, bits per weight.
    size : rank or width m, None for a single matrix.

    Examples
    --------
    >>> spent_bits("optimal-mlp", 16, 2, 8), spent_bits("whitened-mlp", 16, 2, 8)
    (512, 576)
    """
    if size is None:
        return bits * d**2
    matrices = MATRICES[memory]
    return matrices * (bits * d * size + SCALE_BITS * (memory in SCALED))


def points(
    *,
    seed: int,
    size: str,
    fitted: Sequence[tuple[str, str | None, int, Sequence[int]]],
    trials: int,
) -> list[Task]:
    """Return the claims that count bits of memories and transformers, and further searches.

    Parameters
    ----------
    seed, size : as everywhere.
    fitted : memory, rank or width as a multiple of d, bits per weight, and dimensions.
    trials : of each search.
    """
    found = [claim_task("information-bound", "gap", size, seed=seed)]
    found += [claim_task("factual-bound", claim, size, seed=seed) for claim in TRANSFORMERS]
    for memory, m, bits, dimensions in fitted:
        option = {} if m is None else {"rank" if "rank" in memory else "width": m}
        found += [
            capacity_task(
                memory=memory, **option, bits=bits, d=d, trials=trials, resolution=0.02,
                seed=seed, experiment="bits-efficiencies",
            )
            for d in dimensions
        ]  # fmt: skip
    return found


def rows(tasks: Sequence[Task], values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record per memory and dimension, and per kind of transformer."""
    found = [
        {
            "memory": row["memory"],
            "d": row["d"],
            "N": row["N"],
            "stored": row["stored"],
            "spent": row["spent"],
            "efficiency": row["efficiency"],
            "interval": row["efficiency interval"],
            "predicted": row["predicted efficiency"],
        }
        for row in values[0]["table"]
    ]
    searched = 1 + len(TRANSFORMERS)
    for name, value in zip(TRANSFORMERS.values(), values[1:searched], strict=True):
        found += _transformer(name, value["table"])
    for task, value in zip(tasks[searched:], values[searched:], strict=True):
        (point,) = value["points"]
        if point["N"] is not None:
            found.append(_searched(task.arguments, point))
    return found


def _transformer(name: str, table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the record of tables that a transformer holds whole, if there are any."""
    (sizes, *_), whole = table, [row for row in table if row.get("whole")]
    if not whole:
        return []
    efficiency = [row["stored per bit"] for row in whole]
    return [
        {
            "memory": name,
            "d": sizes["d"],
            "N": sizes["S"] * sizes["R"],
            "stored": whole[0]["needed"],
            "spent": round(float(np.median([row["spent"] for row in whole]))),
            "efficiency": float(np.median(efficiency)),
            "interval": [min(efficiency), max(efficiency)],
            "predicted": None,
        }
    ]


def _searched(asked: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a search."""
    memory, d, bits = asked["memory"], point["d"], asked["bits"]
    made = Construction(memory, asked.get("rank"), bits, asked.get("width"))
    m = made.rank_at(d) if made.rank else made.width_at(d)
    spent = spent_bits(memory, d, bits, m)
    low, high = point["interval"]
    return {
        "memory": made.label(d),
        "d": d,
        "N": point["N"],
        "stored": stored_bits(point["N"]),
        "spent": spent,
        "efficiency": stored_bits(point["N"]) / spent,
        "interval": [
            stored_bits(max(low, 1.0)) / spent,
            None if high is None else finite(stored_bits(high) / spent),
        ],
        "predicted": (
            stored_bits(few_bits_capacity(d, bits)[0]) / spent
            if memory == "optimal-linear"
            else None
        ),
    }


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the efficiency against the bits spent, measured and predicted, with its limits."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(6.8, 3.8), layout="constrained")
    ax = whole.subplots()
    series: dict[str, list[Mapping[str, Any]]] = {}
    for row in found:
        name = " ".join(part for part in row["memory"].split() if not part.startswith("m="))
        series.setdefault(name, []).append(row)
    for place, (name, chosen) in enumerate(series.items()):
        spent = [row["spent"] for row in chosen]
        measured = np.array([row["efficiency"] for row in chosen])
        error = bars(measured, [row["interval"] for row in chosen])
        colour = FITTED_COLOUR if name.startswith(FITTED) else MEASURED
        marker = MARKERS[place % len(MARKERS)]
        ax.errorbar(spent, measured, yerr=error, fmt=marker, color=colour, mfc="none", ms=5,
                    label=name)  # fmt: skip
        law = [(x, row["predicted"]) for x, row in zip(spent, chosen, strict=True)]
        law = [pair for pair in law if pair[1] is not None]
        if law:
            ax.plot(*zip(*law, strict=True), color=PREDICTED, lw=1)
    ax.plot([], [], color=PREDICTED, lw=1, label="predicted, nothing fitted")
    for height, style, name in (
        (1.0, "-", "no model stores more"),
        (BEST_LIMIT, "--", "limit of the best one-bit matrix"),
        (float(LIMIT), ":", "limit of one-bit outer products"),
    ):
        level(ax, height, name, ls=style)
    log_scales(ax, x_base=2)
    ax.set_xlabel("bits spent")
    ax.set_ylabel("bits stored / bits spent")
    whole.legend(loc="outside right upper", fontsize="small")
    return whole


EXHIBIT = Exhibit(
    name="bits-efficiencies",
    theorem="information-bound",
    title="Bits stored over bits spent",
    caption="Memories of $b$-bit weights at the most facts that they recall whole: bits of the "
    "facts, $\\log_2 N!$, over the bits of the memory, scales included, with the interval of $N$. "
    "Those whose names begin with optimal are fitted in their bits, the others are rounded. "
    "Fitted heads, and heads and an MLP, are transformers that hold a random table whole: the bits "
    "that the table takes, the median of the draws, and the range of these. "
    "No memory may exceed 1; one-bit outer products tend to $(1/8)(2/\\pi)/\\log 2 = 0.115$, and "
    "the best one-bit matrix, by the replica formula, to four times that. Predicted for outer "
    "products is what they recall, and for optimal matrices what the best one could.",
    points=points,
    rows=rows,
    columns={
        "memory": Column("memory"),
        "d": Column("$d$"),
        "N": Column("$N$", digits=5),
        "stored": Column("bits stored", digits=5),
        "spent": Column("bits spent"),
        "efficiency": Column("efficiency", digits=3),
        "interval": Column("interval", digits=3),
        "predicted": Column("predicted", digits=3),
    },
    quick={"fitted": (("optimal-linear", None, 1, (8, 16)),), "trials": 10},
    full={
        "fitted": (
            ("low-rank", "d/2", 1, (16, 32, 64)),
            ("whitened-mlp", "8d", 2, (16, 32)),
            ("bilinear-ridge", "8d", 2, (16, 32)),
            ("optimal-linear", None, 1, (8, 16, 32)),
            ("optimal-linear", None, 2, (8, 16, 32)),
            ("optimal-low-rank", "d/2", 1, (8, 16)),
            ("optimal-bilinear", "d/2", 1, (8, 16)),
            ("optimal-mlp", "d", 1, (8, 16)),
            ("optimal-mlp", "d/2", 2, (8, 16)),
        ),
    },
    figure=figure,
    alternative="Efficiency against the bits spent: rounded memories at a tenth or less, fitted "
    "ones between a quarter and a half, fitted transformers between these, all below the line at "
    "one that no memory crosses.",
)
"""How far the constructions are from the information bound."""
