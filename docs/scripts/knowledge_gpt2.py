"""The one-layer model and a GPT-2 on the same draws, and ranks of their fine-tuning.

``python docs/scripts/knowledge_gpt2.py`` computes and stores both, in some minutes on two cores;
``python docs/scripts/knowledge_gpt2.py sides``, or ``ranks``, one, ``figure`` draws what is stored.
It needs the extra ``lm``.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored import DOCS, draw, store

from sims.engine.statistics import mean_interval
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.gpt2.extraction import gpt2_extraction
from sims.knowledge.gpt2.network import Gpt2
from sims.knowledge.gpt2.trials import extract, pretrain
from sims.knowledge.training import suited
from sims.knowledge.trials import Told, draw_trials
from theory.knowledge.covering import uncovered
from theory.knowledge.gpt2_runs import brief
from theory.knowledge.hypotheses import ties
from theory.rendering.axes import legend_above
from theory.rendering.drawing import styled

SEED, EXPERIMENT = 0, "knowledge"
TOLD = Told(templates=8)
SHOWN = (2, 8, 32)
NETWORK = Gpt2(layers=2, d=128)

WRONG = {f"wrong_{kind}": f"wrong: {kind}" for kind in ("own", "tuned", "set", "other", "none")}


def sides() -> list[dict[str, Any]]:
    """Measure both models on one draw at each multiplicity."""
    rows = []
    for K in (1, 2, 4, 8):
        told = replace(TOLD, multiplicity=K)
        same = {"fine_tuned": SHOWN, "trials": 1, "seed": SEED, "experiment": EXPERIMENT}
        small = knowledge_extraction(told, pre_training=suited(told.subjects), **same)
        large = gpt2_extraction(told, network=NETWORK, pre_training=brief(K, None), **same)
        for ours, theirs in zip(large.rows(), small.rows(), strict=True):
            n = ours["fine_tuned"]
            rows.append({
                "K": K, "N_f": n, "ties": ties(told), "covered": 1 - uncovered(8, K, n),
                "one_layer": theirs["answered"], "gpt2": ours["answered"],
                "interval": list(ours["interval"]), "one_superposed": theirs["superposed"],
                "gpt2_superposed": ours["superposed"], "learnt": ours["learnt"],
                "excess": 100 * ours["excess_share"], "untold": ours["untold"],
                **{name: ours[name] for name in WRONG},
            })  # fmt: skip
    return rows


def ranks(trials: int = 5) -> list[dict[str, Any]]:
    """Measure fine-tuning by rank in both models, all of it on the same trials."""
    told = replace(TOLD, multiplicity=8)
    source, given = draw_trials(told, trials=trials, seed=SEED, experiment=EXPERIMENT)
    learnt = pretrain(given, source, network=NETWORK, pre_training=brief(8, None))
    rows = []
    for rank in (None, 1, 2, 4, 8):
        small = knowledge_extraction(
            told, fine_tuned=32, pre_training=suited(told.subjects), rank=rank, trials=trials,
            seed=SEED, experiment=EXPERIMENT,
        ).values[0]  # fmt: skip
        large = extract(given, source, fine_tuned=[32], network=NETWORK, rank=rank, learnt=learnt)
        for model, value in (("one layer", small), ("gpt2", large)):
            shares = [float(np.mean(right)) for right in value["tuned"][0]["right"]]
            rows.append({
                "model": model, "trained": "all" if rank is None else f"rank {rank}",
                "answered": float(np.mean(shares)), "interval": list(mean_interval(shares)),
                "least": min(shares), "most": max(shares),
                "learnt": float(np.mean(value["tuned"][0]["learnt"])),
            })  # fmt: skip
    return sorted(rows, key=lambda row: row["model"], reverse=True)


def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw both models side by side, and each against superposed templates."""
    whole = Figure(figsize=(6.8, 3.2), layout="constrained")
    panels = whole.subplots(1, 2, sharey=True)
    for ax, name, title in (
        (panels[0], "one_layer", "one layer"), (panels[1], "gpt2", "GPT-2, two layers"),
    ):  # fmt: skip
        superposed = "one_superposed" if name == "one_layer" else "gpt2_superposed"
        for n, marker in zip(SHOWN, "osD", strict=True):
            of = [row for row in rows if row["N_f"] == n]
            x = [np.log2(row["K"]) for row in of]
            ax.plot(x, [row[name] for row in of], marker=marker, ms=4,
                              label=f"$N_f = {n}$")  # fmt: skip
        ax.plot(x, [row[superposed] for row in of], "k_", ms=12,
                label=f"superposed, $N_f = {SHOWN[-1]}$")  # fmt: skip
        ax.set_title(title)
        ax.set_xticks(x, [str(row["K"]) for row in of])
        ax.set_xlabel("told in $K$ of 8 templates")
        ax.set_ylim(0, 1.05)
    panels[0].set_ylabel("held-out answered")
    legend_above(whole, ncols=4)
    return whole


def main() -> None:
    """Measure and store the parts that are asked for, or all."""
    asked = sys.argv[1:] or ["sides", "ranks"]
    if "sides" in asked:
        rows = sides()
        store("knowledge-gpt2", rows, {
            "K": "$K$", "N_f": r"$N_\mathrm{f}$", "ties": "ties", "covered": "covered, by law",
            "one_layer": "one layer", "gpt2": "GPT-2", "interval": "99% interval",
            "one_superposed": "one layer, superposed", "gpt2_superposed": "GPT-2, superposed",
            "learnt": "fine-tuned", "excess": "excess, %", "untold": "untold completed",
            "wrong_own": "own", "wrong_tuned": "tuned", "wrong_set": "set",
        }, seed=SEED)  # fmt: skip
    if {"sides", "figure"} & set(asked):
        stored = json.loads((DOCS / "results" / "knowledge-gpt2.json").read_text("utf-8"))
        with styled():
            draw("knowledge-gpt2", figure(stored["rows"]), seed=SEED)
    if "ranks" in asked:
        store("knowledge-gpt2-ranks", ranks(), {
            "model": "model", "trained": "trained", "answered": "held-out answered",
            "interval": "99% interval, over trials", "least": "least", "most": "most",
            "learnt": "fine-tuned",
        }, seed=SEED)  # fmt: skip


if __name__ == "__main__":
    main()
