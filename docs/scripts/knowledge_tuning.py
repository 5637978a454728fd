"""Tables of fine-tuning by rank and by part, of models, and of learning-rate schedules.

``python docs/scripts/knowledge_tuning.py`` computes and stores them; ``schedules`` or ``variants``
after it, that table alone.
"""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
from stored import store

from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.training import PRE_TRAINING
from sims.knowledge.trials import Told

SEED = 0
TOLD = Told(templates=16, multiplicity=8)
SHOWN = (8, 32)


def variants() -> list[dict[str, Any]]:
    """Measure fine-tuning by rank, by part, and other models."""
    rows = []
    for asked in (1, 3):
        for rank in (None, 1, 2, 4):
            rows += measured({"asked": asked, "trained": _rank(rank)}, asked=asked, rank=rank)
    for parts in (("Q",), ("W",), ("V",), ("Q", "W"), ("W", "V")):
        rows += measured({"asked": 3, "trained": ", ".join(parts)}, parts=parts)
    free = replace(PRE_TRAINING, decay=0.0)
    rows += measured({"asked": 3, "trained": "all, no decay before"}, pre_training=free)
    for shared in (True, False):
        for model in ("mlp", "attention"):
            values = "shared" if shared else "own"
            rows += measured({"asked": 3, "trained": f"{model} alone, values {values}"},
                             told=replace(TOLD, shared=shared), model=model)  # fmt: skip
    return rows


def measured(name: dict[str, Any], *, told: Told = TOLD, **how: Any) -> list[dict[str, Any]]:
    """Return one record for each number of fine-tuned subjects."""
    found = knowledge_extraction(told, fine_tuned=SHOWN, seed=SEED, spectra=True, **how)
    rows = []
    for row, tuned in zip(found.rows(), found.values[0]["tuned"], strict=True):
        first = [looks[0].get("W", {}) for looks in tuned["spectra"]]
        rows.append({
            **name, "N_f": row["fine_tuned"], "answered": row["answered"],
            "interval": row["interval"], "learnt": row["learnt"],
            "own": row["wrong_own"], "tuned": row["wrong_tuned"],
            **{key: float(np.mean([one[key] for one in first])) if first[0] else None
               for key in ("share", "aligned")},
        })  # fmt: skip
    return rows


def _rank(rank: int | None) -> str:
    return "all" if rank is None else f"rank {rank}"


def schedules() -> list[dict[str, Any]]:
    """Measure the excess over the floor by schedule, with all sentences and with 64 a step."""
    rows = []
    told = Told(subjects=32, templates=8, multiplicity=2)
    for batch, steps, rate in ((None, 1600, 2.5), (64, 1600, 2.0), (64, 12800, 2.0)):
        for schedule in ("constant", "step", "warm-up"):
            rule = replace(PRE_TRAINING, batch=batch, schedule=schedule, steps=steps,
                           learning_rate=rate)  # fmt: skip
            found = knowledge_extraction(told, fine_tuned=16, width=64, seed=SEED,
                                         pre_training=rule)  # fmt: skip
            (row,) = found.rows()
            rows.append({
                "batch": "all" if batch is None else batch, "steps": steps, "rate": rate,
                "schedule": schedule, "excess": 100 * row["excess_share"],
                "untold": row["untold"], "answered": row["answered"],
            })  # fmt: skip
    return rows


def main() -> None:
    """Measure and store both tables, or the one that is named."""
    asked = sys.argv[1:] or ["variants", "schedules"]
    if "variants" in asked:
        store("knowledge-tuning", variants(), {
            "asked": "attributes asked", "trained": "trained", "N_f": "$N_f$",
            "answered": "answered", "interval": "99% interval", "learnt": "fine-tuned",
            "own": "own", "tuned": "tuned", "share": "first singular value", "aligned": "cosine",
        }, seed=SEED)  # fmt: skip
    if "schedules" in asked:
        store("knowledge-schedules", schedules(), {
            "batch": "sentences a step", "steps": "steps", "rate": "rate", "schedule": "schedule",
            "excess": "worst excess, %", "untold": "untold completed", "answered": "answered",
        }, seed=SEED)  # fmt: skip


if __name__ == "__main__":
    main()
