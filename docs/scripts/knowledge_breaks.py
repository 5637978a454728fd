"""Which assumption of the prediction to first order breaks: gates, attention, or both.

``python docs/scripts/knowledge_breaks.py`` fine-tunes with the gates of pre-training, or with its
attention, but otherwise in full, and to first order with the gates of superposed templates; some
minutes on two cores.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stored import store

from assoc.examples import example_path
from assoc.facts.knowledge import Contexts, Knowledge
from assoc.facts.tables import read_facts
from sims.engine.parallel import blas_threads
from sims.engine.randomness import Source
from sims.knowledge.linearised import linearised_logits
from sims.knowledge.model import Weights, attention, logits, superposed
from sims.knowledge.tables import TABLE_STEPS, numbered_facts, tell_rows
from sims.knowledge.training import FINE_TUNING, rates, suited, train_contexts
from sims.knowledge.trials import Told, draw_trials, pretrain
from sims.knowledge.verdicts import split_facts

SEED = 0
RELATIONS = ("capital", "continent", "currency", "main language")
DRAWN = ((16, 1, 32), (16, 2, 32), (8, 8, 4))
"""(|R|, K, N_f) with shared values where the prediction is farthest off, one of each kind."""

TRIALS, TABLE_TRIALS, TABLE_TUNED = 10, 3, (4, 16)

Doubles = NDArray[np.float64]


def closed_logits(before: Weights, shown: Contexts, asked: Contexts) -> Doubles:
    """Logits (C, n) after fine-tuning in full, but through the gates that were open before."""
    now = {name: part.astype(np.float64) for name, part in before.items()}
    speed = {name: np.zeros_like(part) for name, part in now.items()}
    counts = shown.counts.astype(np.float64)
    gates = attention(now, counts, shown.last) @ now["W"].T > 0
    last = np.unique(shown.last)
    for rate in rates(FINE_TUNING):
        mass = attention(now, counts, shown.last)
        hidden = gates * (mass @ now["W"].T)
        chance = hidden @ now["V"]
        chance = np.exp(chance - chance.max(axis=1, keepdims=True))
        blame = shown.weights[:, None] * (
            chance / chance.sum(axis=1, keepdims=True) - shown.targets
        )
        inward = gates * (blame @ now["V"].T)
        scores = inward @ now["W"]
        pull = mass * (scores - (mass * scores).sum(axis=1, keepdims=True))
        slopes = {"W": inward.T @ mass, "V": hidden.T @ blame}
        slopes["Q"] = np.stack([pull[shown.last == token].sum(axis=0) for token in last])
        for name, slope in slopes.items():
            rows = last if name == "Q" else slice(None)
            speed[name][rows] = FINE_TUNING.momentum * speed[name][rows] - rate * slope
            now[name][rows] += speed[name][rows]
    counts = asked.counts.astype(np.float64)
    gates = attention(before, counts, asked.last) @ before["W"].T.astype(np.float64) > 0
    return np.asarray((gates * (attention(now, counts, asked.last) @ now["W"].T)) @ now["V"])


def shares(given: Knowledge, before: Weights, number: int) -> dict[str, float]:
    """Return what is answered about held-out subjects in full, and in each approximation."""
    rows, held = split_facts(given, number, None)
    shown, asked = given.asked(rows), given.asked(held)
    full, still = (
        train_contexts([before], [shown], FINE_TUNING, parts=parts, threads=1).weights[0]
        for parts in (None, ("W", "V"))
    )
    templates = superposed(before, given, rows)
    found = {
        "answered": logits(full, asked),
        "attention": logits(still, asked),
        "gates": closed_logits(before, shown, asked),
        "linearised": linearised_logits(before, shown, asked, FINE_TUNING),
        "gated": linearised_logits(before, shown, asked, FINE_TUNING, gated=templates),
        "superposed": logits(templates, asked),
    }
    open_before, open_after, as_templates = (
        attention(of, asked.counts.astype(np.float64), asked.last) @ of["W"].T.astype(float) > 0
        for of in (before, full, templates)
    )
    right = {
        name: float((out.argmax(axis=1) == given.labels[held]).mean())
        for name, out in found.items()
    }
    return {
        **right, "moved": float((open_before != open_after).mean()),
        "off": float((as_templates != open_after).mean()),
    }  # fmt: skip


def points() -> Iterator[tuple[dict[str, Any], list[tuple[Knowledge, Weights]], int]]:
    """Yield name, trials after pre-training, and N_f of every point."""
    table = read_facts(example_path("countries.csv")).restricted(RELATIONS)
    rows = numbered_facts(table)
    S, A, M = (int(n) + 1 for n in rows.max(axis=0))
    source = Source(SEED, "knowledge table", (S, A, M, len(rows), 8, 1))
    given = [tell_rows(rows, 8, 1, source, trial) for trial in range(TABLE_TRIALS)]
    learnt = pretrain(given, source, pre_training=suited(S, steps=TABLE_STEPS)).weights
    for number in TABLE_TUNED:
        name = {"facts": "countries", "R": 8, "K": 1, "N_f": number}
        yield name, list(zip(given, learnt, strict=True)), number
    for R, K, number in DRAWN:
        told = Told(templates=R, multiplicity=K)
        source, given = draw_trials(told, trials=TRIALS, seed=SEED, experiment="knowledge")
        learnt = pretrain(given, source).weights
        name = {"facts": "shared values", "R": R, "K": K, "N_f": number}
        yield name, list(zip(given, learnt, strict=True)), number


def main() -> None:
    """Measure and store the table."""
    rows = []
    for name, trials, number in points():
        with blas_threads(1):
            found = [shares(given, before, number) for given, before in trials]
        means = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        rows.append({**name, **means})
        print(rows[-1], flush=True)
    store("knowledge-breaks", rows, {
        "facts": "facts", "R": "$R$", "K": "$K$", "N_f": r"$N_\mathrm{f}$", "answered": "answered",
        "linearised": "to first order", "gates": "gates as before",
        "attention": "attention as before",
        "gated": "to first order, gates of templates", "superposed": "superposed",
        "moved": "gates that change", "off": "gates unlike templates'",
    }, seed=SEED)  # fmt: skip


if __name__ == "__main__":
    main()
