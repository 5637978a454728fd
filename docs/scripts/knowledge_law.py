"""Held-out answers predicted to first order: the diagram of extraction, and a table of facts.

``python docs/scripts/knowledge_law.py`` computes and stores both, in a quarter of an hour on two
cores, and draws them; ``python docs/scripts/knowledge_law.py diagram``, ``countries`` or ``figure``
one of these.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored import DOCS, draw, store

from assoc.examples import example_path
from assoc.facts.tables import read_facts
from sims.engine.statistics import proportion_interval
from sims.knowledge.extraction import FINE_TUNED
from sims.knowledge.tables import TABLE_STEPS, numbered_facts, table_point
from sims.knowledge.training import FINE_TUNING, suited
from sims.knowledge.trials import Told, draw_trials, extract
from theory.knowledge.hypotheses import ties
from theory.rendering.drawing import styled

SEED = 0
TRIALS = 10
"""Of the diagram, so that chance in the draws does not hide by how much the law is off."""

TABLE_TRIALS = 3
RELATIONS = ("capital", "continent", "currency", "main language")

COLUMNS = {
    "R": "$R$", "K": "$K$", "ties": "ties", "N_f": "$N_f$", "answered": "answered",
    "interval": "99% interval", "linearised": "to first order", "difference": "difference",
    "superposed": "superposed",
}  # fmt: skip


def row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was answered and predicted after one number of subjects."""
    right, linearised, superposed = (
        np.concatenate(record[key]).astype(float) for key in ("right", "linearised", "superposed")
    )
    return {
        "N_f": record["subjects"], "answered": float(right.mean()),
        "interval": list(proportion_interval(int(right.sum()), len(right))),
        "linearised": float(linearised.mean()), "difference": float((linearised - right).mean()),
        "superposed": float(superposed.mean()),
    }  # fmt: skip


def diagram() -> list[dict[str, Any]]:
    """Measure and predict every (R, K, N_f) of the diagram of shared values."""
    rows = []
    for R in (8, 12, 16):
        for K in (1, 2, 4, 8):
            told = Told(templates=R, multiplicity=K)
            source, given = draw_trials(told, trials=TRIALS, seed=SEED, experiment="knowledge")
            found = extract(given, source, fine_tuned=FINE_TUNED, predicted=True)
            rows += [{"R": R, "K": K, "ties": ties(told), **row(one)} for one in found["tuned"]]
            print(rows[-len(FINE_TUNED) :], flush=True)
    return rows


def countries() -> list[dict[str, Any]]:
    """Measure and predict the facts about countries, told in K of 8 templates."""
    table = read_facts(example_path("countries.csv")).restricted(RELATIONS)
    facts = numbered_facts(table).tolist()
    rule = suited(len(table.subjects), steps=TABLE_STEPS)
    rows = []
    for K in (1, 2, 4):
        found = table_point(
            facts=facts, templates=8, multiplicity=K, trials=TABLE_TRIALS, seed=SEED,
            experiment="knowledge table", fine_tuned=[4, 16, 64], pre_training=asdict(rule),
            fine_tuning=asdict(FINE_TUNING), predicted=True,
        )  # fmt: skip
        rows += [{"R": 8, "K": K, **row(one)} for one in found["tuned"]]
        print(rows[-3:], flush=True)
    return rows


def figure(rows: Sequence[Mapping[str, Any]], real: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw what is answered against both predictions, at the diagram's points and the table's."""
    whole = Figure(figsize=(6.8, 3.1), layout="constrained")
    panels = whole.subplots(1, 2, sharey=True)
    for ax, key, title in (
        (panels[0], "superposed", "superposed templates"),
        (panels[1], "linearised", "to first order"),
    ):
        for n, marker in zip(FINE_TUNED, "ox^s", strict=True):
            of = [one for one in rows if one["N_f"] == n]
            ax.plot([one[key] for one in of], [one["answered"] for one in of], marker, mfc="none",
                    ms=4, label=f"$N_f = {n}$")  # fmt: skip
        ax.plot([one[key] for one in real], [one["answered"] for one in real], "k*", ms=6,
                label="countries")  # fmt: skip
        ax.fill_between([0, 1], [-0.05, 0.95], [0.05, 1.05], color="0.9", lw=0)
        ax.plot([0, 1], [0, 1], "0.4", lw=0.8)
        ax.set_xlabel("predicted")
        ax.set_title(title)
    panels[0].set_ylabel("held-out answered")
    panels[0].set_ylim(0, 1.03)
    panels[1].legend(loc="lower right")
    return whole


def stored(name: str) -> list[dict[str, Any]]:
    """Rows of a table that is there."""
    return list(json.loads((DOCS / "results" / f"{name}.json").read_text())["rows"])


def main() -> None:
    """Compute and store, and draw."""
    wanted = sys.argv[1:] or ["diagram", "countries", "figure"]
    if "diagram" in wanted:
        store("knowledge-law", diagram(), COLUMNS, seed=SEED)
    if "countries" in wanted:
        columns = {key: head for key, head in COLUMNS.items() if key not in ("R", "ties")}
        store("knowledge-law-countries", countries(), columns, seed=SEED)
    if "figure" in wanted:
        with styled():
            found = figure(stored("knowledge-law"), stored("knowledge-law-countries"))
        draw("knowledge-law", found, seed=SEED)


if __name__ == "__main__":
    main()
