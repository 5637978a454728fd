"""Checks that both transformer theorems share: every fact certified, and how sizes grow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask
from assoc.transformers.certificates import certify
from assoc.transformers.model import Transformer
from sims.engine.parallel import blas_threads
from sims.engine.randomness import Source
from sims.transformers.architecture import LENGTH, Architecture, Shape, table_source
from sims.transformers.prompts import count_known
from sims.transformers.smallest import smallest_size
from theory.claims import Finding, Side, Verdict
from theory.judging import judge_arms, judge_slope

__all__ = ["LOADS", "Cut", "Overlapping", "check_every_fact", "check_growth"]

LOADS: Mapping[str, Any] = {
    "S": lambda shape: shape.subjects,
    "R": lambda shape: shape.relations,
    "max(R, D)": lambda shape: max(shape.relations, shape.answers),
    "S + R": lambda shape: shape.subjects + shape.relations,
    "S R": lambda shape: shape.subjects * shape.relations,
}
"""What a size may grow with, as functions of the shape."""


@dataclass(frozen=True)
class Cut(Shape):
    """A fault: of the facts that are drawn all but the first ``kept`` are left out."""

    kept: int = 1

    @property
    def facts(self) -> int:
        """Number of facts left."""
        return min(self.kept, self.subjects * self.relations)

    def draw(self, d: int, source: Source, trial: int) -> tuple[RecallTask, Floats]:
        """Draw a trial's table and embeddings, and cut the table."""
        task, embeddings = super().draw(d, source, trial)
        return replace(task, facts=task.facts[: self.facts]), embeddings


@dataclass(frozen=True)
class Overlapping(Shape):
    """A broken hypothesis: all relations share the D answers of the first."""

    def draw(self, d: int, source: Source, trial: int) -> tuple[RecallTask, Floats]:
        """Draw a trial's table with shared answers, and embeddings."""
        task, embeddings = super().draw(d, source, trial)
        facts = task.facts.copy()
        facts[:, 2] %= self.answers
        return replace(task, facts=facts), embeddings


def check_every_fact(
    *,
    seed: int,
    cases: Sequence[tuple[Architecture, Shape]],
    trials: int,
    damaged: bool = False,
    learnt_only: bool = False,
    keys: float = 1.0,
) -> Finding:
    """Certify every fact for every prompt, and ask for every fact by prompts with fresh noise.

    Parameters
    ----------
    seed : determines every random number.
    cases : architectures and the shapes of the tables they are to hold.
    trials : tables for each.
    damaged : the models are built without the table's last fact.
    learnt_only : certificates are asked for the facts that the models were built with alone.
    keys : factor on the keys of all heads; below 1 they pay more to other tokens.
    """
    rows: list[dict[str, Any]] = []
    for architecture, shape in cases:
        source = table_source(shape, seed, "every-fact")
        for trial in range(trials):
            task, embeddings = shape.draw(architecture.d, source, trial)
            learnt = replace(task, facts=task.facts[:-1]) if damaged else task
            # Threads of BLAS wait for each other by spinning, which small products feel.
            with blas_threads(1):
                model = architecture.build(learnt, embeddings, source, trial)
                assert isinstance(model, Transformer)
                heads = replace(model.attention, W_K=keys * model.attention.W_K)
                model = replace(model, attention=heads)
                found = certify(model, learnt if learnt_only else task, length=LENGTH)
                asked = count_known(model, task, length=LENGTH, source=source, trial=trial)
            rows.append(
                {
                    "model": architecture.label(),
                    "S": shape.subjects,
                    "R": shape.relations,
                    "D": shape.answers,
                    "facts": len(task),
                    "d": architecture.d,
                    "H": model.attention.heads,
                    "d_h": model.attention.head_dim,
                    "attention parameters": model.attention.parameters,
                    "mlp parameters": model.mlp_parameters,
                    "certified": float(found.certified.mean()),
                    "prompts answered": asked.recall,
                    "smallest margin": float(found.margin.min()),
                    "largest bound": float(found.bound.max()),
                }
            )
    certified = _every("share of facts certified", [row["certified"] for row in rows])
    answered = _every("share of prompts answered", [row["prompts answered"] for row in rows])
    return judge_arms({"certified": replace(certified, table=tuple(rows)), "answered": answered})


def _every(quantity: str, shares: Sequence[float]) -> Finding:
    """Judge shares of several models, which must all be 1."""
    least = min(shares)
    return Finding(
        Verdict.HOLDS if least == 1 else Verdict.VIOLATED,
        quantity,
        measured=least,
        predicted=1.0,
        tolerance=0.0,
        side=Side.LEAST,
        note=f"least of {len(shares)} models, each certified for every prompt of {LENGTH} tokens",
    )


def check_growth(
    *,
    seed: int,
    architecture: Architecture,
    shapes: Sequence[Shape],
    vary: str,
    against: str,
    trials: int,
    tolerance: float,
    predicted: float = 1.0,
) -> Finding:
    """Fit the exponent with which the smallest size that holds every fact grows.

    Parameters
    ----------
    seed : determines every random number.
    architecture : the model; its size ``vary`` is searched.
    shapes : S, R, D of the tables.
    vary : ``d``, ``head_dim`` or ``width``.
    against : what it is to grow with, a name of :data:`LOADS`.
    trials : tables for each shape.
    tolerance : smallest difference that matters.
    predicted : the exponent.
    """
    result = smallest_size(
        architecture, shapes, vary=vary, trials=trials, seed=seed, experiment=f"growth of {vary}"
    )
    load = LOADS[against]
    rows = [
        {
            "S": point.shape.subjects,
            "R": point.shape.relations,
            "D": point.shape.answers,
            "facts": point.shape.facts,
            "d": None if vary == "d" else architecture.d,
            "load": load(point.shape),
            "measured": point.size,
            "censored": point.censored,
            "parameters": point.parameters,
        }
        for point in result.points
    ]
    x = [float(np.log(load(point.shape))) for point in result.points]
    y = [np.log((np.add(point.low, point.high)) / 2).tolist() for point in result.points]
    size = {"head_dim": "d_h", "width": "m"}.get(vary, vary)
    quantity = f"exponent of {size} in {against}"
    return judge_slope(quantity, x, y, predicted, tolerance=tolerance, rows=rows)
