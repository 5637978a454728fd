"""The guarantees of attention alone, held by counting where much fails.

That every fact is recalled with a probability of at least 1 - delta is obeyed by wide margins, and
would be by bounds that are wrong. The same sums bound the expected numbers of failing pairs and of
gaps that are too small, also where these are large, and there they are held to what is counted.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.embeddings import gaussian, sphere
from assoc.facts.recall_task import RecallTask, even_task
from assoc.transformers.attention_mlp import attended_tokens
from assoc.transformers.attention_only import attention_only, cue_groups
from assoc.transformers.heads import LEAK
from assoc.transformers.model import Transformer
from sims.engine.parallel import blas_threads
from sims.engine.randomness import FACTS, INPUTS, Source
from sims.transformers.architecture import LENGTH, Shape, table_source
from sims.transformers.pairs import failing_pairs, small_gaps
from theory.claims import Finding
from theory.judging import judge_arms, judge_bounds, judge_predictions
from theory.transformers.counts import Counts, full_table
from theory.transformers.dual_guarantee import dual_pair
from theory.transformers.guarantee import GAP, heads_bound, pair_bound

__all__ = ["Even", "EvenGaussian", "check_dual_guarantee", "check_guarantee"]

DUAL_MISTAKES = ("one term less", "the whole signal", "answers alone")
MISTAKES = ("one term less", "the whole signal", "heads of subjects alone", "Chernoff", "no gap")
"""What may be planted in the bounds."""


PAIR = Counts(1, 1, 3, ((0, 1),), 1)
"""A single head and one other token."""


@dataclass(frozen=True)
class Even(Shape):
    """Tables in which every answer occurs, so that each fact has as many others beside it."""

    def draw(self, d: int, source: Source, trial: int) -> tuple[RecallTask, Floats]:
        """Draw a trial's table, and embeddings on the sphere."""
        rng = source.generator(trial, FACTS)
        task = even_task(self.subjects, self.relations, self.answers, noise=self.noise, rng=rng)
        return task, source.vectors(sphere, task.vocabulary, d, trial=trial, stream=INPUTS)


@dataclass(frozen=True)
class EvenGaussian(Even):
    """The same, on Gaussian embeddings."""

    def draw(self, d: int, source: Source, trial: int) -> tuple[RecallTask, Floats]:
        """Draw a trial's table, and Gaussian embeddings."""
        task, _ = super().draw(d, source, trial)
        return task, source.vectors(gaussian, task.vocabulary, d, trial=trial, stream=INPUTS)


def check_guarantee(
    *,
    seed: int,
    shape: Shape,
    d: int,
    d_heads: int,
    laws: Sequence[tuple[int, int]],
    gap_laws: Sequence[int],
    trials: int,
    tolerance: float,
    ratio: float,
    parts: Sequence[str] = ("pairs", "heads", "law"),
    mistake: str | None = None,
) -> Finding:
    """Hold the bounds for plain sums against counts, and that on a pair against its exact law.

    Parameters
    ----------
    seed : determines every random number.
    shape : S, R, D of the tables.
    d, d_heads : dimension where pairs are counted, and where gaps are.
    laws, gap_laws : (E_1, d) at which the law of a pair is compared, and d for that of a gap.
    trials : tables drawn, at least 2; three times as many where gaps are.
    tolerance : smallest difference of logarithms, of counts and bounds, that matters.
    ratio : bound over law at most.
    parts : which are judged.
    mistake : of :data:`MISTAKES`, planted in the bounds.
    """
    from theory.transformers.plain.guarantees import gap_law, pair_law

    whole, signal = int(mistake == "one term less"), int(mistake == "the whole signal")
    gap = 1e-9 if mistake == "no gap" else GAP
    counts = full_table(shape.subjects, shape.relations, shape.answers, noise=shape.noise)

    def bound(terms: int, d: int, c: int) -> float:
        if mistake == "Chernoff":
            return math.exp(-((2 - c) ** 2) * d / (4 * terms))
        return pair_bound(terms - whole, d, c=0 if signal else c)

    def pairs(trial: int) -> int:
        task, Phi = shape.draw(d, table_source(shape, seed, "guarantee"), trial)
        model = _model(task, Phi, values="sum", head_dim=1, gap=GAP)
        return failing_pairs(model, task, attended_tokens(task, cue_groups(task, 1, None)))

    def gaps(trial: int) -> int:
        task, Phi = shape.draw(d_heads, table_source(shape, seed, "gaps"), trial)
        model = _model(task, Phi, values="sum", head_dim=1, gap=GAP)
        return small_gaps(model, task, math.log((LENGTH - 1) / LEAK))

    def judged() -> Iterator[tuple[str, Finding]]:
        if "pairs" in parts:
            expected, asked = _sum(counts, lambda terms, c: bound(terms, d, c))
            yield "pairs", _counted(pairs, asked, expected, trials, d, tolerance)
        if "heads" in parts:
            heads = shape.subjects if mistake == "heads of subjects alone" else counts.cues
            small = heads_bound(counts, d_heads) / counts.cues * heads
            asked = counts.cues * (counts.cues + counts.noise - 1)
            yield "heads", _counted(gaps, asked, small, 3 * trials, d_heads, tolerance)
        if "law" in parts:
            rows = [
                {"E": E, "d": k, "exact": pair_law(E, k, c=1), "bound": bound(E, k, 1)}
                for E, k in laws
            ]
            rows += [
                {"d": k, "exact": gap_law(k, gap=GAP), "bound": heads_bound(PAIR, k, gap=gap)}
                for k in gap_laws
            ]
            found = judge_bounds("chance of a pair", rows, ratio=ratio, note="by quadrature")
            yield "law", found

    return judge_arms(dict(judged()))


def check_dual_guarantee(
    *,
    seed: int,
    shape: Shape,
    d: int,
    laws: Sequence[tuple[int, int, int]],
    trials: int,
    tolerance: float,
    ratio: float,
    parts: Sequence[str] = ("pairs", "law"),
    mistake: str | None = None,
) -> Finding:
    """Hold the law of a pair with dual values against counts, and its enclosure by quadrature.

    Parameters
    ----------
    seed, shape, d, trials, tolerance, parts : as for :func:`check_guarantee`.
    laws : (E_1, n, d) at which the enclosure is compared.
    ratio : upper end over law, and law over lower end, at most.
    mistake : of :data:`DUAL_MISTAKES`, planted in the bounds.
    """
    from theory.transformers.plain.guarantees import dual_pair_law

    counts = full_table(shape.subjects, shape.relations, shape.answers, noise=shape.noise)
    n = counts.vocabulary

    def ends(terms: int, n: int, d: int, c: int) -> tuple[float, float]:
        if mistake == "answers alone":
            # Cues, noise and the end counted as no rows of Phi.
            n -= counts.cues + counts.noise + 1
        less = int(mistake == "one term less")
        return dual_pair(terms - less, n, d, c=0 if mistake == "the whole signal" else c)

    def pairs(trial: int) -> int:
        task, Phi = shape.draw(d, table_source(shape, seed, "dual guarantee"), trial)
        model = _model(task, Phi, values="dual", head_dim=shape.subjects)
        groups = cue_groups(task, shape.subjects, None)
        return failing_pairs(model, task, attended_tokens(task, groups))

    def judged() -> Iterator[tuple[str, Finding]]:
        if "pairs" in parts:
            expected, asked = _sum(counts, lambda terms, c: ends(terms, n, d, c)[1])
            yield "pairs", _counted(pairs, asked, expected, trials, d, tolerance)
        if "law" in parts:
            rows = []
            for E, vocabulary, k in laws:
                law, (low, high) = (
                    dual_pair_law(E, vocabulary, k, c=1), ends(E, vocabulary, k, 1)
                )  # fmt: skip
                sizes = {"E": E, "n": vocabulary, "d": k}
                rows.append({**sizes, "end": "upper", "exact": law, "bound": high})
                rows.append({**sizes, "end": "lower", "exact": low, "bound": law})
            yield "law", judge_bounds("chance of a pair", rows, ratio=ratio, note="by quadrature")

    return judge_arms(dict(judged()))


def _model(task: RecallTask, Phi: Floats, **options: Any) -> Transformer:
    rng = np.random.default_rng(0)  # of which attention alone makes no use
    return attention_only(task, Phi, rng=rng, length=LENGTH, **options)


def _sum(counts: Counts, chance: Callable[[int, int], float]) -> tuple[float, int]:
    """Sum of the chances (E_c, c) over all pairs, and the number of pairs."""
    pairs = counts.pairs().items()
    total = sum(
        said * chance(others - 1, 1) + unsaid * chance(others, 0)
        for others, (said, unsaid) in pairs
    )
    return total, sum(said + unsaid for _, (said, unsaid) in pairs)


def _counted(
    count: Callable[[int], int], pairs: int, bound: float, trials: int, d: int, tolerance: float
) -> Finding:
    """Judge how the mean count of many tables compares with the bound on it."""
    # Threads of BLAS wait for each other by spinning, which small products feel.
    with blas_threads(1):
        found = np.array([count(trial) for trial in range(trials)], np.float64)
    row = {
        "d": d, "pairs": pairs, "trials": trials, "measured": float(found.mean()),
        "error": float(found.std(ddof=1) / math.sqrt(trials)), "predicted": bound,
    }  # fmt: skip
    return judge_predictions(
        "pairs (fact, answer) that go wrong", [row], tolerance=tolerance, relative=True
    )
