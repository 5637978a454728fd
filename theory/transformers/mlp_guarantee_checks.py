"""The guarantee of attention with gates, held by counting pairs where many fail."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask
from assoc.memories.sign_gates import drawn_gates
from assoc.memories.sign_networks import SignGated
from assoc.transformers.attention_mlp import copied_sums, copying_heads
from sims.engine.parallel import blas_threads
from sims.engine.randomness import MEMORY, OUTPUTS, Source
from sims.transformers.architecture import Shape, table_source
from theory.claims import Finding
from theory.judging import judge_arms, judge_guarantee, judge_predictions
from theory.memories.drawn_gates import failure_bounds
from theory.memories.plain.sign_gates import wrong_pairs_of_outputs
from theory.transformers.mlp_guarantee import mlp_bounds, mlp_width

__all__ = ["check_mlp_guarantee"]

HEAD_DIM, PROMPT = 4, 8
"""Of the heads that copy, and the longest prompt that they are built for."""


def check_mlp_guarantee(
    *,
    seed: int,
    shape: Shape,
    d: int,
    width: int,
    small: tuple[Shape, int],
    tables: int,
    draws: int,
    ratio: float,
    tolerance: float,
    omega: float,
    delta: float = 0.5,
    share: float = 1.0,
    answers_alone: bool = False,
    parts: Sequence[str] = ("pairs", "enough"),
) -> Finding:
    """Compare pairs that fail over drawn outputs with their bound, and try the width it proves.

    Parameters
    ----------
    seed : determines every random number.
    shape, d : of the tables, and dimension of the embeddings.
    width : gates with which pairs are counted.
    small : shape and dimension of the table for which a width is guaranteed, and tried.
    tables, draws : tables with embeddings and gates each, and how often outputs are drawn for each.
    ratio : bound over count, to ``tolerance`` of its logarithm.
    delta : chance of failing at the width that is guaranteed.
    omega : frequency of the gates.
    share : of the gates that are simulated.
    answers_alone : the bound counts no competitors but answers.
    parts : which are judged.
    """
    many, one = _Tables(shape, d, omega, seed), _Tables(*small, omega, seed)

    def judged() -> Iterator[tuple[str, Finding]]:
        if "pairs" in parts:
            found = np.array([many.counts(t, width, share, draws) for t in range(tables)])
            bounds = [many.bound(t, width, answers_alone=answers_alone) for t in range(tables)]
            row: dict[str, Any] = {
                "d": d, "m": width, "trials": found.size, "measured": float(found.mean()),
                "error": math.sqrt(float(found.var(axis=1, ddof=1).mean()) / found.size),
                "bound": float(np.mean(bounds)), "predicted": float(np.mean(bounds)) / ratio,
            }  # fmt: skip
            yield (
                "pairs",
                judge_predictions(
                    "pairs (fact, answer) that go wrong", [row], tolerance=tolerance, relative=True
                ),
            )
        if "enough" in parts:
            enough = _proved_width(one, delta)
            whole = int((one.counts(0, enough, share, draws) == 0).sum())
            row = {"d": one.d, "m": enough, "successes": whole, "trials": draws}
            quantity = "probability that every fact is answered"
            yield "enough", judge_guarantee(quantity, [row], delta=delta)

    return judge_arms(dict(judged()))


@dataclass(frozen=True)
class _Tables:
    """Tables of a shape, each with embeddings in R^d and gates of a frequency."""

    shape: Shape
    d: int
    omega: float
    seed: int

    def drawn(self, trial: int) -> tuple[RecallTask, Floats]:
        """Draw a table, and its embeddings in double precision."""
        task, Phi = self.shape.draw(self.d, self.source, trial)
        return task, np.asarray(Phi, np.float64)

    @property
    def source(self) -> Source:
        """What every random number comes from."""
        return table_source(self.shape, self.seed, "mlp guarantee")

    def gates(self, trial: int, width: int) -> SignGated:
        """Draw gates, the first ones of a wider network."""
        rng = self.source.generator(trial, MEMORY)
        return drawn_gates(
            width, "square", self.omega, self.d, self.d, np.dtype(np.float64), rng=rng
        )

    def bound(self, trial: int, width: int, *, answers_alone: bool) -> float:
        """Bound the pairs that fail over the outputs, perhaps of answers as competitors alone."""
        task, Phi = self.drawn(trial)
        if answers_alone:
            said, labels = np.unique(task.labels, return_inverse=True)
            network, X = self.gates(trial, width), copied_sums(task, Phi)
            return float(failure_bounds(network, X, Phi[said], labels)[0])
        rng = self.source.generator(trial, MEMORY)
        return float(mlp_bounds(task, Phi, (width,), omega=self.omega, rng=rng)[0])

    def counts(self, trial: int, width: int, share: float, draws: int) -> Floats:
        """Count pairs that fail for outputs drawn anew, of a share of the gates."""
        task, Phi = self.drawn(trial)
        whole, few = self.gates(trial, width), max(1, round(share * width))
        assert whole.phase is not None  # square waves have phases
        network = SignGated(whole.W[:few], whole.P[:few], whole.V[:few], None, whole.phase[:few])
        E, rng = _copied(task, Phi), self.source.generator(trial, OUTPUTS)
        with blas_threads(1):
            return np.asarray(
                wrong_pairs_of_outputs(network, E, Phi, task.labels, draws=draws, rng=rng)
            )


@cache
def _proved_width(tables: _Tables, delta: float) -> int:
    """Width that is guaranteed, worked out once for a claim and its controls."""
    task, Phi = tables.drawn(0)
    rng = tables.source.generator(0, MEMORY)
    return mlp_width(task, Phi, delta=delta, omega=tables.omega, rng=rng)


def _copied(task: RecallTask, Phi: Floats) -> Floats:
    """What heads that are built give the network for each fact, over sqrt(2)."""
    _, X = copying_heads(task, Phi, head_dim=HEAD_DIM, length=PROMPT)
    return np.asarray(X / np.sqrt(2))
