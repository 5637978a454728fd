"""A GPT-2 on the draws of the one-layer model: templates, schedules, ranks and parts.

``python docs/scripts/knowledge_gpt2.py`` computes and stores every table, in about half an hour of
one core. Named after it, each is computed alone: ``sides`` (both models at eight templates),
``templates`` (both at four, eight and sixteen), ``schedules`` (learning rates of pre-training),
``ranks`` (of fine-tuning, in both) and ``parts`` (that fine-tuning may change); ``figure`` draws
what is stored. It needs the extra ``lm``.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored import DOCS, draw, store

from sims.engine.statistics import mean_interval
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.gpt2.extraction import gpt2_extraction
from sims.knowledge.gpt2.network import Gpt2
from sims.knowledge.gpt2.training import FINE_TUNING, PRE_TRAINING
from sims.knowledge.gpt2.trials import extract, pretrain
from sims.knowledge.training import SCHEDULES, Descent, suited
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

PARTS = (
    None, ("attention",), ("mlp",), ("attention", "mlp"), ("embeddings",), ("layer 0",),
    ("layer 1",),
)  # fmt: skip
"""That fine-tuning may change; None for all."""

WRONG = {f"wrong_{kind}": f"wrong: {kind}" for kind in ("own", "tuned", "set", "other", "none")}


def sides() -> list[dict[str, Any]]:
    """Measure both models on one draw at each multiplicity."""
    return [row for K in (1, 2, 4, 8)
            for row in side(replace(TOLD, multiplicity=K), fine_tuned=SHOWN,
                            rule=brief(K, None), trials=1)]  # fmt: skip


def templates() -> list[dict[str, Any]]:
    """Measure both models on two draws at each number of templates and multiplicity."""
    return [
        {"R": R, **row}
        for R in (4, 8, 16) for K in (1, 2, 4, 8, 16) if K <= R
        for row in side(Told(templates=R, multiplicity=K), fine_tuned=(8, 32), rule=PRE_TRAINING,
                        trials=2)
    ]  # fmt: skip


def side(
    told: Told, *, fine_tuned: Sequence[int], rule: Descent, trials: int
) -> list[dict[str, Any]]:
    """Measure both models on the same draws: a record for each number of fine-tuned subjects."""
    same = {"fine_tuned": fine_tuned, "trials": trials, "seed": SEED, "experiment": EXPERIMENT}
    small = knowledge_extraction(told, pre_training=suited(told.subjects), **same)
    large = gpt2_extraction(told, network=NETWORK, pre_training=rule, **same)
    rows = []
    for ours, theirs in zip(large.rows(), small.rows(), strict=True):
        n = ours["fine_tuned"]
        rows.append({
            "K": told.multiplicity, "N_f": n, "ties": ties(told),
            "covered": 1 - uncovered(told.templates, told.multiplicity, n),
            "one_layer": theirs["answered"], "gpt2": ours["answered"],
            "interval": list(ours["interval"]), "one_superposed": theirs["superposed"],
            "gpt2_superposed": ours["superposed"], "learnt": ours["learnt"],
            "excess": 100 * ours["excess_share"], "untold": ours["untold"],
            **{name: ours[name] for name in WRONG},
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def schedules() -> list[dict[str, Any]]:
    """Measure the excess over the floor, and what is answered, by schedule and by steps."""
    rows = []
    for K in (1, 8):
        for steps in (200, 800, 1600):
            for schedule in SCHEDULES:
                found = gpt2_extraction(
                    replace(TOLD, multiplicity=K), network=NETWORK, fine_tuned=32, trials=1,
                    pre_training=replace(PRE_TRAINING, steps=steps, schedule=schedule),
                    seed=SEED, experiment=EXPERIMENT,
                )  # fmt: skip
                (row,) = found.rows()
                rows.append({
                    "K": K, "steps": steps, "schedule": schedule,
                    "excess": 100 * row["excess_share"], "told": found.values[0]["told"][0],
                    "untold": row["untold"], "answered": row["answered"],
                    "interval": list(row["interval"]), "superposed": row["superposed"],
                    "learnt": row["learnt"],
                })  # fmt: skip
                print(rows[-1], flush=True)
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


def parts(trials: int = 5) -> list[dict[str, Any]]:
    """Measure fine-tuning by the parts that it may change, at two rates, on the same trials."""
    source, given = draw_trials(
        replace(TOLD, multiplicity=8), trials=trials, seed=SEED, experiment=EXPERIMENT
    )
    learnt = pretrain(given, source, network=NETWORK, pre_training=brief(8, None))
    rows = []
    for named in PARTS:
        for rate in (FINE_TUNING.learning_rate, 10 * FINE_TUNING.learning_rate):
            found = extract(
                given, source, fine_tuned=(8, 32), network=NETWORK, parts=named, learnt=learnt,
                fine_tuning=replace(FINE_TUNING, learning_rate=rate),
            )  # fmt: skip
            for tuned in found["tuned"]:
                shares = [float(np.mean(right)) for right in tuned["right"]]
                rows.append({
                    "trained": "all" if named is None else ", ".join(named), "rate": rate,
                    "N_f": tuned["subjects"], "answered": float(np.mean(shares)),
                    "interval": list(mean_interval(shares)), "least": min(shares),
                    "most": max(shares), "learnt": float(np.mean(tuned["learnt"])),
                })  # fmt: skip
                print(rows[-1], flush=True)
    return rows


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


SIDES = {
    "K": "$K$", "N_f": r"$N_\mathrm{f}$", "ties": "ties", "covered": "covered, by law",
    "one_layer": "one layer", "gpt2": "GPT-2", "interval": "99% interval",
    "one_superposed": "one layer, superposed", "gpt2_superposed": "GPT-2, superposed",
    "learnt": "fine-tuned", "excess": "excess, %", "untold": "untold completed",
    "wrong_own": "own", "wrong_tuned": "tuned", "wrong_set": "set",
}  # fmt: skip

SHARES = {
    "answered": "held-out answered", "interval": "99% interval, over trials", "least": "least",
    "most": "most", "learnt": "fine-tuned",
}  # fmt: skip

TABLES: dict[str, tuple[str, Callable[[], list[dict[str, Any]]], dict[str, str]]] = {
    "sides": ("knowledge-gpt2", sides, SIDES),
    "templates": ("knowledge-gpt2-templates", templates, {"R": "$R$", **SIDES}),
    "schedules": ("knowledge-gpt2-schedules", schedules, {
        "K": "$K$", "steps": "steps", "schedule": "schedule", "excess": "excess, %",
        "told": "told completed", "untold": "untold completed", "answered": "held-out answered",
        "interval": "99% interval", "superposed": "superposed", "learnt": "fine-tuned",
    }),
    "ranks": ("knowledge-gpt2-ranks", ranks, {"model": "model", "trained": "trained", **SHARES}),
    "parts": ("knowledge-gpt2-parts", parts, {
        "trained": "trained", "rate": "rate", "N_f": r"$N_\mathrm{f}$", **SHARES,
    }),
}  # fmt: skip
"""Stored name of each table, how it is measured, and its columns."""


def main() -> None:
    """Measure and store the tables that are asked for, or all."""
    asked = sys.argv[1:] or list(TABLES)
    for part in asked:
        if part in TABLES:
            name, measured, columns = TABLES[part]
            store(name, measured(), columns, seed=SEED)
    if {"sides", "figure"} & set(asked):
        stored = json.loads((DOCS / "results" / "knowledge-gpt2.json").read_text("utf-8"))
        with styled():
            draw("knowledge-gpt2", figure(stored["rows"]), seed=SEED)


if __name__ == "__main__":
    main()
