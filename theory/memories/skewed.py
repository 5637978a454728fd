"""Tables with large classes or several right answers: recall against the law of such tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers
from assoc.facts.maps import evened, zipf_sizes
from assoc.memories.memory import Build
from sims.engine.randomness import FACTS, Source
from sims.memories.construction import Construction
from sims.memories.given_maps import shares_lost
from theory.claims import Finding, Verdict
from theory.equivalence import Equivalence
from theory.memories.checks import largest_counted, measured_mean
from theory.memories.classes import classes_of_facts
from theory.memories.recall import expected_failure

__all__ = ["check_skewed"]


@dataclass(frozen=True)
class _Table:
    """Facts ``f`` (N,) on M outputs, the other right answers ``also`` (n, 2), and a dimension."""

    name: str
    f: Integers
    also: NDArray[np.intp]
    M: int
    d: int


def check_skewed(
    *,
    seed: int,
    tables: Sequence[tuple[int, int, int]] = (),
    zipf: Sequence[tuple[int, int, int]] = (),
    sets: Sequence[tuple[int, int, int, int]] = (),
    law: str,
    budget: int,
    tolerance: float,
    own_competes: bool = False,
    one_right: bool = False,
    memory: str | Build = "linear",
) -> Finding:
    """Compare the share of facts that are not recalled with its prediction, on skewed tables.

    Parameters
    ----------
    seed : determines every random number.
    tables : (K, n, d): one answer has K facts, n others one each.
    zipf : (N, M, d): the sizes of M answers follow Zipf's law, rounded, and are 1 at least.
    sets : (N, M, k, d): each of N facts has k right answers, drawn of M; one of them is stored,
        chosen so that the classes are even.
    law : the memory whose prediction it is.
    budget : trials of each table at most; the unit is the trial.
    tolerance : of the logarithm of the share.
    own_competes : let the prediction count an input's own class among its competitors.
    one_right : let the prediction count only the stored answer as right.
    memory : what is measured.
    """
    cases = [_of_sizes(f"{K} of {K + n}", np.array([K, *[1] * n]), d) for K, n, d in tables]
    for N, M, d in zipf:
        sizes = np.maximum(np.round(zipf_sizes(N, M)), 1).astype(np.int64)
        cases.append(_of_sizes(f"zipf, {M} answers", sizes, d))
    cases += [_of_sets(*each, rng=Source(seed, "sets", each).generator(0, FACTS)) for each in sets]
    rule = Equivalence(tolerance, len(cases))

    def row(place: int, case: _Table) -> dict[str, Any]:
        classes = classes_of_facts(case.f, case.M, case.also)
        if own_competes:
            classes = replace(classes, rivals=None)
        if one_right:
            classes = replace(classes, right=None)
        N = len(case.f)
        predicted = expected_failure(Construction(law), d=case.d, N=N, facts=classes)
        found = _row(memory, predicted, rule, case, budget, Source(seed, "skewed", (place,)))
        return {"map": case.name, "d": case.d, "N": N, "M": case.M, **found}

    return rule.judge("share of facts not recalled", map(row, range(len(cases)), cases))


def _of_sizes(name: str, sizes: NDArray[np.int64], d: int) -> _Table:
    f = np.repeat(np.arange(len(sizes)), sizes)
    return _Table(name, f, np.empty((0, 2), np.intp), len(sizes), d)


def _of_sets(N: int, M: int, k: int, d: int, *, rng: np.random.Generator) -> _Table:
    """Draw k right answers for each fact, and choose which of them is stored."""
    told = np.array([rng.choice(M, k, replace=False) for _ in range(N)], np.intp)
    also = np.column_stack([np.repeat(np.arange(N), k - 1), told[:, 1:].ravel()])
    outputs = int(told.max()) + 1
    f, also = evened(told[:, 0], outputs, also)
    return _Table(f"{k} right answers of {M}", f, also, outputs, d)


def _row(
    memory: str | Build,
    predicted: float,
    rule: Equivalence,
    case: _Table,
    budget: int,
    source: Source,
) -> dict[str, Any]:
    """Measure one table until it is decided."""
    also = case.also if len(case.also) else None
    values, interval = measured_mean(
        lambda trials, first: shares_lost(
            memory, case.f, d=case.d, first=first, trials=trials, source=source, also=also
        ),
        budget=budget,
        level=rule.level,
        settled=lambda ends: rule.verdict(ends, predicted) is not Verdict.INCONCLUSIVE,
        most=largest_counted(predicted, len(case.f)),
    )
    return {
        "trials": len(values), "measured": float(values.mean()), "interval": list(interval),
        "predicted": predicted,
    }  # fmt: skip
