"""The facts that a trajectory learns: drawn of given sizes, or those of a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask, check_length, table_task
from assoc.facts.tables import FactTable, check_single, read_facts
from assoc.files import there
from assoc.gradient_flow.limits import check_alpha
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.symmetric import LARGEST, SMALLEST, check_balanced
from theory.gradient_flow.stages import Stages, stages

__all__ = ["FACTS", "DrawnFacts", "TableFacts", "facts_to_learn"]

FACTS = ("balanced", "random", "weighted", "partial")
"""Kinds of facts that are drawn (:class:`sims.gradient_flow.facts.FlowFacts`)."""


@dataclass(frozen=True)
class DrawnFacts:
    """Facts of given sizes, which are drawn.

    Parameters
    ----------
    law : their sizes and kind, and what prompts hold.
    predicted : the stages of balanced facts of these sizes, S rounded to a multiple of D.
    """

    law: FlowFacts
    predicted: Stages

    @property
    def name(self) -> str:
        """Which facts, in words."""
        return f"{self.law.kind} facts"

    @property
    def balanced(self) -> bool:
        """Whether every answer of a relation is that of S/D subjects."""
        return self.law.kind == "balanced"

    def learnt_by(self) -> float:
        """Return the later of the predicted stage times."""
        return max(self.predicted.t_relation, self.predicted.t_subject)

    def draw(self, seed: int) -> tuple[RecallTask, NDArray[np.float64] | None]:
        """Return the facts, and their probabilities where these are not equal."""
        model = self.law.model(seed)
        return model.task, model.weights


@dataclass(frozen=True)
class TableFacts:
    """Facts of a table, of which nothing is predicted.

    Parameters
    ----------
    task : the facts.
    name : of the file, or ``a table``.
    alpha : initial scale.
    """

    task: RecallTask
    name: str
    alpha: float
    predicted: None = None
    balanced: bool = False

    def learnt_by(self) -> float:
        """Return the time in which the slowest token grows from alpha to 1.

        Raises
        ------
        InputError
            If no token grows.
        """
        model = LinearAttention(self.task)
        G = np.linalg.norm(model.gradient(model.initial(min(self.alpha, 1.0))), axis=1)
        # What is 0 comes out as rounding.
        learning = G[1e-12 * G.max() < G]
        if not len(learning):
            raise InputError("nothing to learn: every gradient is 0 at the start")
        return max(1.0, math.log(1 / self.alpha)) / float(learning.min())

    def draw(self, seed: int) -> tuple[RecallTask, None]:
        """Return the facts, of equal probability whatever the seed."""
        return self.task, None


def facts_to_learn(
    facts: str | Path | FactTable,
    sizes: Mapping[str, int | None],
    *,
    alpha: float,
    length: int | None,
    noise: int,
) -> DrawnFacts | TableFacts:
    """Return the facts that are meant.

    Parameters
    ----------
    facts : a name of :data:`FACTS`, a table or its file.
    sizes : S, R and D by the names of their arguments; None for a table.
    alpha : initial scale.
    length, noise : T and K of prompts; None for T leaves the subject and the relation alone.

    Raises
    ------
    InputError
        If there are no such facts, sizes are missing or do not fit, or there is nothing to learn.
    """
    kind = facts if isinstance(facts, str) and facts in FACTS else None
    if kind is None and isinstance(facts, str) and not there(facts):
        raise InputError(f"facts {facts!r}: no such file, nor one of {', '.join(FACTS)}")
    if length is not None:
        check_length(length, noise)
    check_alpha(alpha, smallest=SMALLEST, largest=LARGEST)
    if kind is not None:
        S, R, D = _sizes_to_draw(kind, sizes)
        # Predictions are made for balanced facts, for which D divides S.
        predicted = stages(max(1, round(S / D)) * D, R, D, alpha=alpha)
        return DrawnFacts(FlowFacts(S, R, D, kind, length, noise), predicted)
    for name, size in sizes.items():
        if size is not None:
            raise InputError(f"{name} has no place with a table of facts")
    table = read_facts(facts)
    check_single(table, "gradient flow")
    return TableFacts(table_task(table, noise=noise), table.source or "a table", alpha)


def _sizes_to_draw(kind: str, sizes: Mapping[str, int | None]) -> tuple[int, int, int]:
    """Return S, R and D, all of which are needed.

    Raises
    ------
    InputError
        If one is missing or not positive, or they do not fit.
    """
    for name, size in sizes.items():
        if size is None:
            raise InputError(f"{name} is needed, or a table of facts")
    S, R, D = (positive(size, symbol) for size, symbol in zip(sizes.values(), "SRD", strict=True))
    if kind == "balanced":
        check_balanced(S, R, D)
    if D > S:
        raise InputError(f"D = {D} > S = {S}: some answers would be nobody's")
    if R == D == 1:
        raise InputError("R = D = 1: there is a single answer, and nothing to learn")
    return S, R, D
