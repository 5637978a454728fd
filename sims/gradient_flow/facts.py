"""Facts that a gradient flow is run on: balanced, random, of unequal weight, with gaps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.errors import InputError
from assoc.facts.recall_task import NOISE, RecallTask, balanced_task, even_task
from assoc.gradient_flow.limits import check_matrices
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.randomness import FACTS, Source

__all__ = ["KINDS", "FlowFacts"]

KINDS = ("balanced", "random", "weighted", "partial", "parity")
"""Kinds of facts, explained at :class:`FlowFacts`."""


@dataclass(frozen=True)
class FlowFacts:
    """Sizes of a table of facts, and how it is drawn.

    Parameters
    ----------
    subjects, relations, answers : S, R and D.
    kind : ``balanced``, every answer of a relation that of S/D subjects; ``random``, answers
        uniform among the relation's D; ``weighted``, these with probabilities from a flat Dirichlet
        law; ``partial``, random ones with a quarter of the pairs left out, though every subject and
        relation keeps one; ``parity``, f*(s, r) = (s + r) mod D with the same D answers for all
        relations, which no sum of two logits can tell.
    length : T of the prompts, or None for a subject and a relation alone.
    noise : K, noise tokens of the vocabulary.
    without : this many facts of the last subject are left out, a fault.

    Examples
    --------
    >>> FlowFacts(4, 2, 2).task(seed=0)
    RecallTask(8 facts: S=4, R=2, A=4, 64 noise tokens)
    """

    subjects: int
    relations: int
    answers: int
    kind: str = "balanced"
    length: int | None = None
    noise: int = NOISE
    without: int = 0

    def task(self, seed: int, trial: int = 0) -> RecallTask:
        """Draw the facts.

        Raises
        ------
        InputError
            If the kind is unknown, or sizes do not fit.
        """
        if self.kind not in KINDS:
            raise InputError(f"facts {self.kind!r} are not one of {', '.join(KINDS)}")
        S, R, D = self.subjects, self.relations, self.answers
        check_matrices(S, R, R * D)
        rng = self._source(seed).generator(trial, FACTS)
        if self.kind == "parity":
            s, r = np.divmod(np.arange(S * R), R)
            return RecallTask(S, R, D, np.column_stack([s, r, (s + r) % D]), self.noise)
        draw = even_task if self.kind == "balanced" else balanced_task
        task = draw(S, R, D, noise=self.noise, rng=rng)
        kept = np.arange(len(task))
        if self.kind == "partial":
            order = rng.permutation(len(task))
            # The first of every subject and relation stays; the others make up three quarters.
            first = [
                np.unique(task.facts[order, column], return_index=True)[1] for column in (0, 1)
            ]
            needed = np.unique(np.concatenate(first))
            others = np.setdiff1d(np.arange(len(order)), needed)
            chosen = np.concatenate([needed, others])[
                : max(len(needed), len(task) - len(task) // 4)
            ]
            kept = order[chosen]
        kept = np.sort(kept)[: len(kept) - self.without]
        return RecallTask(S, R, task.answers, task.facts[kept], self.noise)

    def model(self, seed: int, trial: int = 0) -> LinearAttention:
        """Draw the facts and their probabilities."""
        task = self.task(seed, trial)
        weights = None
        if self.kind == "weighted":
            weights = self._source(seed).generator(trial, FACTS, 1).dirichlet(np.ones(len(task)))
        return LinearAttention(task, weights, self.length)

    def _source(self, seed: int) -> Source:
        sizes = (self.subjects, self.relations, self.answers, KINDS.index(self.kind))
        return Source(seed, "flow", sizes)

    def labels(self) -> dict[str, Any]:
        """Sizes and kind by name, for tables."""
        return {"facts": self.kind, "S": self.subjects, "R": self.relations, "D": self.answers}
