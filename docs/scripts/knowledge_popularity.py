"""Real questions: popularity, and several right answers, in the one-layer model and in a GPT-2.

``python docs/scripts/knowledge_popularity.py`` computes and stores everything. ``small``, ``gpt2``
or ``figure`` does one of these, and ``countries`` or ``territories`` beside them one table alone:
some minutes for each model (the GPT-2 needs the extra ``lm``). Countries are told by Zipf's law, of
exponent 1 to the GPT-2 and 1/2 to the one-layer model, whose plain descent would need too many
steps; territories as often as one another, with all their right answers.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure
from stored import DOCS, draw, store

from assoc.examples import example_path
from assoc.facts.tables import FactTable, read_facts
from sims.knowledge.tables import TableExtraction, table_extraction
from sims.knowledge.training import suited
from theory.rendering.axes import legend_above
from theory.rendering.drawing import styled

SEED = 0
RELATIONS = ("capital", "continent", "currency", "main language")
TUNED = {"small": (16, 64), "gpt2": (32,)}
TOLD = {"small": 1, "gpt2": 2}
"""Templates or phrasings, of eight, that each fact is told in; told in two, the one-layer model
answers everything."""

STEPS = 800
"""Of the GPT-2's pre-training."""

EXPONENT = {"small": 0.5, "gpt2": 1.0}
"""Of Zipf's law."""

SLOW = 3200
"""Steps of the one-layer model where subjects differ in how often they are told."""

NAMES = {"small": "one layer", "gpt2": "GPT-2"}


def tables(model: str, asked: Sequence[str]) -> Iterator[tuple[str, FactTable, float]]:
    """Yield name, facts and popularity of the tables that are asked for, or of both."""
    found = {
        "countries": read_facts(example_path("countries.csv")).restricted(RELATIONS),
        "territories": read_facts(example_path("territories.csv"), several="any"),
    }
    for name, table in found.items():
        if name in asked or not set(found) & set(asked):
            yield name, table, EXPONENT[model] if name == "countries" else 0.0


def measured(model: str, name: str, table: FactTable, popularity: float) -> TableExtraction:
    """Tell and ask a table: one trial; of the one-layer model three where subjects are alike."""
    same: dict[str, Any] = {
        "multiplicities": (TOLD[model],), "fine_tuned": TUNED[model], "popularity": popularity,
        "seed": SEED,
    }  # fmt: skip
    if model == "small":
        if not popularity:
            return table_extraction(table, trials=3, **same)
        rule = suited(len(table.subjects), popularity=popularity, steps=SLOW)
        return table_extraction(table, trials=1, pre_training=rule, **same)
    from sims.knowledge.gpt2.extraction import gpt2_table_extraction
    from sims.knowledge.gpt2.phrasings import read_phrasings
    from sims.knowledge.gpt2.training import PRE_TRAINING

    return gpt2_table_extraction(
        table, phrasings=read_phrasings(example_path(f"{name}_phrasings.csv")), trials=1,
        pre_training=replace(PRE_TRAINING, steps=STEPS), **same,
    )  # fmt: skip


def tell(model: str, asked: Sequence[str]) -> None:
    """Measure one model on the tables, and store what it answers."""
    title = {"model": "model", "fine_tuned": r"$N_\mathrm{f}$"}
    answered = {
        "questions": "questions", "answered": "answered", "interval": "99% interval",
        "superposed": "superposed",
    }  # fmt: skip
    for name, table, popularity in tables(model, asked):
        found = measured(model, name, table, popularity)
        (excess,) = {row["excess_share"] for row in found.rows()}
        trials, told = len(found.values[0]["excess"]), found.values[0]["told"]
        of = {"model": NAMES[model], "trials": trials, "excess": 100 * excess, "told": told}
        if popularity:
            rows = [{**of, **row} for row in found.by_popularity()]
            columns = {**title, "ranks": "ranks", **answered, "elsewhere": "completed elsewhere"}
        else:
            rows = [{**of, **row} for row in found.by_relation()]
            columns = {**title, "relation": "relation", **answered, "alone": "alone",
                       "answered_alone": "answered alone"}  # fmt: skip
        if any(row["superposed"] is None for row in rows):
            del columns["superposed"]
        store(f"knowledge-{name}-{model}", rows, columns, seed=SEED)


def figure(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw what is answered about countries over how often they are told, and predictions."""
    whole = Figure(figsize=(6.8, 3.1), layout="constrained")
    panels = whole.subplots(1, 2, sharey=True)
    for ax, model in zip(panels, rows, strict=True):
        for n in TUNED[model]:
            color = {16: "C0", 64: "C1", 32: "C2"}[n]
            of = [row for row in rows[model] if row["fine_tuned"] == n]
            at = range(len(of))
            low, high = ([abs(row["interval"][i] - row["answered"]) for row in of] for i in (0, 1))
            ax.errorbar(at, [row["answered"] for row in of], yerr=[low, high], marker="o", ms=4,
                        capsize=2, color=color, label=rf"$N_\mathrm{{f}} = {n}$")  # fmt: skip
            if of[0]["superposed"] is not None:
                ax.plot(at, [row["superposed"] for row in of], "x", color=color,
                        label=rf"superposed, $N_\mathrm{{f}} = {n}$")  # fmt: skip
        ax.plot(at, [row["elsewhere"] for row in of], "k_", ms=12, label="completed elsewhere")
        ax.set_xticks(at, [row["ranks"] for row in of])
        ax.set_title(f"{NAMES[model]}, $K = {TOLD[model]}$, exponent {EXPONENT[model]:g}")
        ax.set_xlabel("rank of the country, 1 told most often")
        ax.set_ylim(0, 1.05)
    panels[0].set_ylabel("held-out answered")
    legend_above(whole, ncols=3)
    return whole


def main() -> None:
    """Measure and store what is asked for, or everything, and draw."""
    asked = sys.argv[1:] or [*NAMES, "figure"]
    for model in NAMES:
        if model in asked:
            tell(model, asked)
    if "figure" in asked:
        paths = {model: DOCS / "results" / f"knowledge-countries-{model}.json" for model in NAMES}
        rows = {model: json.loads(path.read_text())["rows"] for model, path in paths.items()}
        with styled():
            draw("knowledge-popularity", figure(rows), seed=SEED)


if __name__ == "__main__":
    main()
