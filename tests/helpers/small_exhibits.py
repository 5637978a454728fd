"""Regimes in which every exhibit of the appendix is made within seconds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sims.sweeps.tasks import Task, sweep
from tests.helpers.extras import needs
from theory.exhibit import Exhibit
from theory.publishing.contents import exhibits
from theory.running import claim_task

VERIFIED = Path(__file__).parents[2] / "docs" / "results" / "verify.json"

SMALL: Mapping[str, Mapping[str, Any]] = {
    "bits-efficiencies": {"fitted": (("optimal-linear", None, 1, (8, 12)),)},
    # Made from the claims' own points, which have no smaller regime.
    "stage-times": {},
    "extraction-phases": {
        "told": {"subjects": 8, "values": 4},
        "templates": (2, 3),
        "multiplicities": (1, 2),
        "fine_tuned": (2, 4),
        "width": 12,
        "training": {"steps": 60, "learning_rate": 0.5},
        "trials": 2,
    },
    "guaranteed-attention": {"shapes": ((4, 4, 8), (6, 6, 8)), "trials": 3},
    "guaranteed-capacity": {"d": (24, 96), "trials": 3},
    "guaranteed-gates": {"d": 24, "N": (48,), "d_copied": 24, "shapes": ((4, 4, 4),), "trials": 3},
    "knowledge-learning": {
        "told": {"subjects": 8, "templates": 3, "multiplicity": 2, "values": 4, "fillers": 2},
        "pre_training": {"steps": 60, "learning_rate": 0.5},
        "fine_tuned": 4,
        "width": 12,
        "looks": 4,
    },
    "mlp-widths": {
        "networks": (("gated-mlp", 2), ("whitened-mlp", 1)),
        "sizes": ((32, 512), (32, 768)),
        "trials": 3,
    },
    "nlb-figure-1": {
        "d": (16, 24, 64),
        "criteria": ("all", "0.99"),
        "networks": {"gated-mlp": 2, "whitened-mlp": 1},
        "sizes": ((32, 512), (32, 768)),
        "trials": 3,
        "width_trials": 3,
    },
    "nlb-figure-4-left": {"shapes": ((4, 4, 8), (8, 8, 8)), "trials": 2},
    "nlb-figure-4-right": {
        "shape": (8, 8, 4),
        "d": 24,
        "head_dim": 4,
        "shares": (0.0, 0.5),
        "widths": (2, 8),
        "trials": 2,
        "map_trials": 1,
    },
    "nlb-figure-5": {
        "shape": (8, 4, 4),
        "alpha": 1e-6,
        "t_max": 1e4,
        "softmax": {"alpha": 1e-3, "d": 24, "length": 4, "draws": 2, "t_max": 1e4, "rtol": 1e-4},
        "draws": 2,
    },
    "nlb-figure-6": {
        "memory": "gated-mlp",
        "degree": 2,
        "outputs": (32, 64),
        "sizes": ((32, 512), (32, 768)),
        "trials": 3,
    },
    "optimal-capacity": {
        "d": (6, 8),
        "trials": {"linear": 8, "dual-both": 8, "optimal-linear": 8},
    },
    "nlb-figures-7-9": {
        "families": {
            "S = R, D = 8": ((4, 4, 8), (8, 8, 8)),
            "S = R = D": ((4, 4, 4), (8, 8, 8)),
            "S = R^2, D = 8": ((9, 3, 8), (16, 4, 8)),
        },
        "trials": 2,
    },
    "predicted-capacity": {
        "memories": ("linear", "1 bit", "dual in inputs"),
        "criteria": ("all", "0.99"),
        "d": (16, 64),
        "trials": 8,
    },
    "sharp-constants": {"d": (16, 32), "trials": 8},
    "trained-memories": {"matrices": (3, 4), "networks": (3,), "trials": 2},
    "trained-tradeoff": {"shape": (3, 3, 2), "d": 6, "heads": (2,), "widths": (0, 4)},
    "trained-transformers": {"families": {"S = R, D = 8": ((2, 2, 8), (3, 3, 8))}, "trials": 2},
    "transformer-sizes": {"shapes": ((4, 4, 4),), "d": 16, "trials": 2},
}
"""What is smaller, by the exhibit's name."""


def small(exhibit: Exhibit) -> Exhibit:
    """Return an exhibit with its small regime as the quick one."""
    return replace(exhibit, quick={**exhibit.quick, **SMALL[exhibit.name]})


def small_exhibits() -> list[Exhibit]:
    """Return every exhibit that has a small regime, small."""
    return [small(exhibit) for exhibit in exhibits() if exhibit.name in SMALL]


@cache
def stored_findings() -> Mapping[str, dict[str, Any]]:
    """Return the findings that the documentation shows, by the keys of their points."""
    document = json.loads(VERIFIED.read_text(encoding="utf-8"))
    parts = (
        "verdict", "quantity", "measured", "interval", "predicted", "tolerance", "conditions",
        "note", "table",
    )  # fmt: skip
    return {
        claim_task(claim["theorem"], claim["claim"], document["size"], seed=document["seed"]).key: {
            part: claim[part] for part in parts
        }
        for claim in document["claims"]
    }


@cache
def computed(name: str) -> tuple[Exhibit, Sequence[Task], Mapping[str, Any]]:
    """Return a small exhibit, its points and their values; claims' are those that are stored."""
    exhibit = next(exhibit for exhibit in small_exhibits() if exhibit.name == name)
    tasks = exhibit.tasks(size="quick", seed=0)
    stored = {t.key: stored_findings()[t.key] for t in tasks if t.key in stored_findings()}
    if exhibit.extra is not None:
        needs(exhibit.extra)
    found = sweep([task for task in tasks if task.key not in stored], workers=1)
    assert not found.failures
    return exhibit, tasks, {**stored, **found.values}
