"""Tables in which some answers have many facts: recall against the law without one's own class."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.facts.maps import zipf_sizes
from assoc.memories.memory import Build
from sims.engine.randomness import Source
from sims.memories.construction import Construction
from sims.memories.given_maps import shares_lost
from theory.claims import Finding, Verdict
from theory.equivalence import Equivalence
from theory.memories.checks import measured_mean
from theory.memories.classes import classes_of_sizes
from theory.memories.recall import expected_failure

__all__ = ["check_skewed"]

Sizes = NDArray[np.int64]


def check_skewed(
    *,
    seed: int,
    tables: Sequence[tuple[int, int, int]],
    zipf: Sequence[tuple[int, int, int]],
    law: str,
    budget: int,
    tolerance: float,
    own_competes: bool = False,
    memory: str | Build = "linear",
) -> Finding:
    """Compare the share of facts that are not recalled with its prediction, on skewed tables.

    Parameters
    ----------
    seed : determines every random number.
    tables : (K, n, d): one answer has K facts, n others one each.
    zipf : (N, M, d): the sizes of M answers follow Zipf's law, rounded, and are 1 at least.
    law : the memory whose prediction it is.
    budget : trials of each table at most; the unit is the trial.
    tolerance : of the logarithm of the share.
    own_competes : let the prediction count an input's own class among its competitors.
    memory : what is measured.
    """
    cases: list[tuple[str, Sizes, int]] = [
        (f"{K} of {K + n}", np.array([K, *[1] * n]), d) for K, n, d in tables
    ]
    for N, M, d in zipf:
        sizes = np.maximum(np.round(zipf_sizes(N, M)), 1).astype(np.int64)
        cases.append((f"zipf, {M} answers", sizes, d))
    rule = Equivalence(tolerance, len(cases))
    rows = []
    for place, (name, sizes, d) in enumerate(cases):
        classes = classes_of_sizes(sizes.astype(np.float64))
        if own_competes:
            classes = replace(classes, rivals=None)
        N = int(sizes.sum())
        predicted = expected_failure(Construction(law), d=d, N=N, facts=classes)
        row = _row(memory, predicted, rule, sizes, d, budget, Source(seed, "skewed", (place,)))
        rows.append({"map": name, "d": d, "N": N, "M": len(sizes), **row})
    return rule.judge("share of facts not recalled", rows)


def _row(
    memory: str | Build,
    predicted: float,
    rule: Equivalence,
    sizes: Sizes,
    d: int,
    budget: int,
    source: Source,
) -> dict[str, Any]:
    """Measure one table until it is decided."""
    f = np.repeat(np.arange(len(sizes)), sizes)
    values, interval = measured_mean(
        lambda trials, first: shares_lost(
            memory, f, d=d, first=first, trials=trials, source=source
        ),
        budget=budget,
        level=rule.level,
        settled=lambda ends: rule.verdict(ends, predicted) is not Verdict.INCONCLUSIVE,
    )
    return {
        "trials": len(values), "measured": float(values.mean()), "interval": list(interval),
        "predicted": predicted,
    }  # fmt: skip
