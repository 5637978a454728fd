"""Real tables: classes of answers, planned dimensions, and whether they are enough.

A table's facts stay as they are; keys and outputs are drawn anew in every draw.
``python docs/scripts/real_tables.py figure`` draws what is stored.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored import DOCS, draw, store

from assoc import example_path, load_vectors, read_facts
from assoc.arrays import Floats, Integers
from assoc.facts.maps import class_sizes, evened
from assoc.facts.tables import FactTable
from sims.engine.bracketing import bracket
from sims.engine.randomness import Source
from sims.engine.statistics import LEVEL, proportion_interval
from sims.memories.construction import Construction
from sims.memories.given_maps import shares_lost
from theory.facts.memories import facts_in_memory
from theory.facts.transformers import facts_in_transformers
from theory.memories.classes import classes_of_facts
from theory.memories.recall import all_recalled
from theory.rendering.axes import legend_above
from theory.rendering.drawing import styled

SEED = 0
DRAWS = 50
LINEAR = Construction("linear")
PARTS = (0.5, 0.65, 0.8, 1.0)
"""Dimensions at which tables are drawn, as parts of the planned one."""


@dataclass(frozen=True)
class Given:
    """A table, and how it is read."""

    label: str
    file: str
    several: str = "refuse"
    relation: str | None = None

    def read(self) -> FactTable:
        """Read it, and choose among several right answers that which memories store."""
        table = read_facts(example_path(self.file), several=self.several)
        table = table.restricted([self.relation]) if self.relation else table
        f, also = evened(table.facts[:, 2], len(table.answers), table.also)
        return replace(table, facts=np.column_stack([table.facts[:, :2], f]), also=also)


TERRITORIES = "territories.csv"
TABLES = (
    Given("countries", "countries.csv"),
    Given("territories, first", TERRITORIES, "first"),
    Given("territories, drop", TERRITORIES, "drop"),
    Given("territories, any", TERRITORIES, "any"),
    Given("official language, first", TERRITORIES, "first", "official language"),
    Given("currency, first", TERRITORIES, "first", "currency"),
)


@dataclass(frozen=True, eq=False)
class Factored:
    """The memory W = sum of u e^T, applied without forming W: there are fewer facts than d."""

    E: Floats
    U_f: Floats

    @property
    def parameters(self) -> int:
        """Entries of W."""
        return int(self.E.shape[1]) ** 2

    def __call__(self, E: Floats) -> Floats:
        """Return W e for each row e of E."""
        return np.asarray((E @ self.E.T) @ self.U_f)


def factored(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factored:
    """Build the linear memory."""
    return Factored(E, U[f])


def planned_with_own_answers(N: int) -> int:
    """Dimension that is planned for N facts where every one has an answer of its own."""
    _, d = bracket(lambda d: all_recalled(LINEAR, d=d, N=N) >= 0.99, start=16, limit=2**16, step=16)
    return int(d)


def counted(given: Given, table: FactTable, planned: int) -> list[dict[str, Any]]:
    """Draws in which everything is recalled, at parts of the planned dimension."""
    f = table.facts[:, 2]
    classes = classes_of_facts(f, len(table.answers), table.also)
    rows = []
    for part in PARTS:
        d = round(part * planned / 16) * 16
        source = Source(SEED, f"real-tables {given.label}", (d,))
        lost = shares_lost(factored, f, d=d, first=0, trials=DRAWS, source=source, also=table.also)
        whole = int(np.sum(lost == 0))
        rows.append(
            {
                "table": given.label,
                "d": d,
                "part": part,
                "predicted": all_recalled(LINEAR, d=d, N=len(f), facts=classes),
                "whole": whole / DRAWS,
                "interval": list(proportion_interval(whole, DRAWS, level=LEVEL)),
                "lost": float(lost.mean() * len(f)),
            }
        )
    return rows


def store_tables() -> None:
    """Plan, draw, store and show every table."""
    told, drawn = [], []
    for given in TABLES:
        table = given.read()
        sizes = classes_of(table)
        top = int(class_sizes(table.facts[:, 2], len(table.answers)).argmax())
        result = facts_in_memory(table, seed=SEED)
        own = planned_with_own_answers(len(table))
        told.append(
            {
                "table": given.label,
                "N": len(table),
                "M": len(table.answers),
                "answer": table.answers[top],
                "largest": int(sizes[0]),
                "d": result.d,
                "own": own,
                "ratio": result.d / own,
                "bits": result.bits_bound,
                "parameters": result.parameters,
            }
        )
        drawn += counted(given, table, result.d)
    columns = {
        "table": "table",
        "N": "facts $N$",
        "M": "answers $M$",
        "answer": "most frequent answer",
        "largest": "its facts",
        "d": "$d$ planned",
        "own": "$d$ with an answer for each fact",
        "ratio": "ratio",
        "bits": "bits needed",
        "parameters": "parameters",
    }
    store("real-tables", told, columns, seed=SEED)
    columns = {
        "table": "table",
        "d": "$d$",
        "part": "of the planned",
        "predicted": "chance of all, predicted",
        "whole": "all recalled, share of draws",
        "interval": "its interval",
        "lost": "facts lost, mean",
    }
    store("real-tables-drawn", drawn, columns, seed=SEED)
    show(told, drawn)


def classes_of(table: FactTable) -> Integers:
    """Return how many facts each answer has, from the most on."""
    return np.sort(class_sizes(table.facts[:, 2], len(table.answers)))[::-1]


def show(told: Sequence[Mapping[str, Any]], drawn: Sequence[Mapping[str, Any]]) -> None:
    """Draw sizes of classes, and the chance of recalling everything against d."""
    classes = {given.label: classes_of(given.read()) for given in TABLES}
    shown = ("countries", "territories, first", "official language, first", "currency, first")
    marks = dict(zip(shown, ("o", "s", "^", "D"), strict=True))
    colours = dict(zip(shown, ("C0", "C2", "C1", "C3"), strict=True))
    plans = {row["table"]: row["d"] for row in told}
    with styled():
        figure = Figure(figsize=(8, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for label in shown:
            sizes = classes[label]
            style = {"color": colours[label], "marker": marks[label], "markersize": 3.5}
            left.plot(np.arange(1, len(sizes) + 1), sizes, label=label, **style)
            rows = [row for row in drawn if row["table"] == label]
            d = [row["d"] for row in rows]
            whole = np.array([row["whole"] for row in rows])
            ends = np.array([row["interval"] for row in rows])
            right.errorbar(d, whole, yerr=np.abs(ends.T - whole), ls="none", **style)
            right.plot(d, [row["predicted"] for row in rows], color=colours[label])
            right.axvline(plans[label], color=colours[label], lw=0.8, ls=":")
        left.set(xscale="log", yscale="log", xlabel="answers, the most frequent first",
                 ylabel="facts with the answer")  # fmt: skip
        right.set(xscale="log", xlim=(330, 4600), ylim=(0, 1.05), xlabel="$d$ (dotted: planned)",
                  ylabel="chance that all facts are recalled")  # fmt: skip
        ticks = [400, 700, 1000, 2000, 4000]
        right.set_xticks(ticks, [f"{tick}" for tick in ticks])
        right.set_xticks([], minor=True)
        legend_above(figure, ncols=4)
        draw("real-tables", figure, seed=SEED)


def store_together() -> None:
    """Store what transformers recall of a table on its own vectors."""
    pairs = (
        (Given("territories, first", TERRITORIES, "first"), "territories_glove.npz"),
        (Given("territories, any", TERRITORIES, "any"), "territories_glove.npz"),
        (Given("countries", "countries.csv"), "countries_minilm.npz"),
    )
    rows = []
    for given, file in pairs:
        vectors = load_vectors(example_path(file))
        for how in ("none", "whiten"):
            result = facts_in_transformers(
                given.read(), models=["attention-only"], embeddings=vectors, preprocess=how,
                seed=SEED,
            )  # fmt: skip
            (model,) = result.models
            rows.append(
                {
                    "table": given.label,
                    "vectors": f"`{file}`",
                    "how": how,
                    "facts": result.facts,
                    "recall": model.recall,
                    "certified": model.certified,
                    "parameters": model.parameters,
                }
            )
    columns = {
        "table": "table",
        "vectors": "vectors",
        "how": "`--preprocess`",
        "facts": "facts",
        "recall": "recall",
        "certified": "certified",
        "parameters": "parameters",
    }
    store("real-together", rows, columns, seed=SEED)


def main() -> None:
    """Plan, measure, store and draw; or draw what is stored."""
    if sys.argv[1:] == ["figure"]:
        stored = [
            json.loads((DOCS / "results" / f"{name}.json").read_text("utf-8"))["rows"]
            for name in ("real-tables", "real-tables-drawn")
        ]
        show(*stored)
        return
    store_tables()
    store_together()


if __name__ == "__main__":
    main()
