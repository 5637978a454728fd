"""For each theorem sizes on which its hypotheses hold, and others on which some fail."""

import numpy as np

from assoc.facts.recall_task import RecallTask, grid_task
from sims.knowledge.trials import Told
from theory.claims import Problem

__all__ = ["SIZES"]

parity_facts = np.array([[s, r, (s + r) % 2] for s in range(2) for r in range(2)])

MANY_RANDOM = (Problem(d=8, N=1000, facts="random"), ["f injective", "d^2 large enough for N"])

SIZES = {
    "attention-mlp": (
        Problem(d=32, width=1000, heads=32, head_dim=4, task=grid_task(64, 64, 8)),
        Problem(d=8, width=8, heads=2, head_dim=4, task=grid_task(64, 64, 8)),
        ["H d_h of the order of S + R", "m d of the order of S R (facts)"],
    ),
    "factual-bound": (
        Problem(task=grid_task(64, 4, 4)),
        Problem(task=RecallTask(2, 2, 2, parity_facts)),
        ["answer sets disjoint"],
    ),
    "floating-point": (
        Problem(d=64, N=10, vectors=np.eye(4)),
        Problem(d=2**21, N=10, vectors=1e12 * np.eye(4)),
        ["sums are short", "entries of moderate size"],
    ),
    "global-convergence": (
        Problem(task=grid_task(8, 4, 4)),
        Problem(task=RecallTask(2, 2, 2, parity_facts)),
        ["answer sets disjoint"],
    ),
    "information-bound": (
        Problem(d=64, N=10),
        Problem(d=8, N=1000, facts="zipf"),
        ["facts independent of all that is given"],
    ),
    "knowledge-acquisition": (
        Problem(told=Told(), width=64),
        Problem(told=Told(attributes=1), width=63),
        ["several attributes", "a network as wide as there are subjects"],
    ),
    "knowledge-extraction": (
        Problem(told=Told(multiplicity=8), fine_tuned=32),
        Problem(told=Told(attributes=1, multiplicity=1), fine_tuned=2),
        [
            "several attributes",
            "held-out facts are covered",
            "templates of an attribute have facts in common",
            "enough subjects are shown",
        ],
    ),
    "knowledge-in-gpt2": (
        Problem(told=Told(templates=8, multiplicity=8), fine_tuned=32),
        Problem(told=Told(attributes=1, templates=8, multiplicity=1), fine_tuned=2),
        [
            "several attributes",
            "held-out facts are covered",
            "templates of an attribute have facts in common",
            "enough subjects are shown",
        ],
    ),
    "linear-capacity": (Problem(d=64, N=10), *MANY_RANDOM),
    "low-rank-capacity": (
        Problem(d=64, N=8, rank=48),
        Problem(d=8, N=1000, rank=4, facts="random"),
        ["f injective", "m d large enough for N"],
    ),
    "mlp-capacity": (
        Problem(d=64, N=100, width=2048, degree=2),
        Problem(d=8, N=1000, width=16, degree=1),
        ["degree large enough for N", "m d large enough for N"],
    ),
    "optimal-linear-capacity": (
        Problem(d=64, N=300),
        Problem(d=8, N=1000, facts="random"),
        ["f injective", "d^2 large enough for N"],
    ),
    "power-law-bound": (
        Problem(d=64, N=10),
        Problem(d=8, N=1000, facts="zipf"),
        ["answers uniform"],
    ),
    "sequential-learning": (
        Problem(task=grid_task(128, 4, 8)),
        Problem(task=grid_task(9, 12, 4)),
        ["answers spread evenly", "S >= 8 R sqrt(2 D)"],
    ),
    "sign-gates": (
        Problem(d=64, N=100, width=1024),
        Problem(d=64, N=1000, width=16, facts="random"),
        ["f injective", "m large enough for N"],
    ),
    "sharp-linear-capacity": (
        Problem(d=64, N=10),
        Problem(d=8, N=1000, facts="random"),
        ["f injective", "N below the capacity by the law"],
    ),
}
"""By name: sizes that are good, sizes that are bad, and the conditions that fail there."""
