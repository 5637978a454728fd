"""The guarantee of attention with gates, held by counting pairs where many fail."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask
from assoc.memories.sign_gates import SignGated, drawn_gates
from assoc.transformers.attention_mlp import attended_tokens
from assoc.transformers.attention_only import attend, cue_groups
from assoc.transformers.model import Transformer
from sims.engine.parallel import blas_threads
from sims.engine.randomness import MEMORY, OUTPUTS, Source
from sims.transformers.architecture import Shape, table_source
from theory.claims import Finding
from theory.judging import judge_arms, judge_guarantee, judge_predictions
from theory.memories.drawn_gates import failure_bounds
from theory.memories.plain.sign_gates import wrong_pairs_of_outputs
from theory.transformers.mlp_guarantee import COPIED_OMEGA, copied_sums, mlp_bounds, mlp_width

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
    delta: float = 0.5,
    omega: float = COPIED_OMEGA,
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

    def bound(trial: int) -> float:
        source = _source(shape, seed)
        task, Phi = _drawn(shape, d, source, trial)
        if answers_alone:
            said, labels = np.unique(task.labels, return_inverse=True)
            network = _gates(width, d, omega, source, trial)
            return float(failure_bounds(network, copied_sums(task, Phi), Phi[said], labels)[0])
        rng = source.generator(trial, MEMORY)
        return float(mlp_bounds(task, Phi, (width,), omega=omega, rng=rng)[0])

    def counts(shape: Shape, d: int, most: int, trial: int) -> Floats:
        source = _source(shape, seed)
        task, Phi = _drawn(shape, d, source, trial)
        whole = _gates(most, d, omega, source, trial)
        few = max(1, round(share * most))
        assert whole.phase is not None  # square waves have phases
        network = SignGated(whole.W[:few], whole.P[:few], whole.V[:few], None, whole.phase[:few])
        rng = source.generator(trial, OUTPUTS)
        with blas_threads(1):
            return np.asarray(
                wrong_pairs_of_outputs(
                    network, _copied(task, Phi), Phi, task.labels, draws=draws, rng=rng
                )
            )

    def judged() -> Iterator[tuple[str, Finding]]:
        if "pairs" in parts:
            found = np.array(
                [counts(shape, d, width, trial) for trial in range(tables)], np.float64
            )
            mean = float(np.mean([bound(trial) for trial in range(tables)]))
            row: dict[str, Any] = {
                "d": d, "m": width, "trials": found.size, "measured": float(found.mean()),
                "error": math.sqrt(float(found.var(axis=1, ddof=1).mean()) / found.size),
                "bound": mean, "predicted": mean / ratio,
            }  # fmt: skip
            yield (
                "pairs",
                judge_predictions(
                    "pairs that fail, of one table", [row], tolerance=tolerance, relative=True
                ),
            )
        if "enough" in parts:
            source = _source(small[0], seed)
            enough = _proved_width(*small, source, delta, omega)
            whole = int((counts(*small, enough, 0) == 0).sum())
            yield (
                "enough",
                judge_guarantee(
                    "probability that every fact is answered",
                    [{"d": small[1], "m": enough, "successes": whole, "trials": draws}],
                    delta=delta,
                ),
            )

    return judge_arms(dict(judged()))


@cache
def _proved_width(shape: Shape, d: int, source: Source, delta: float, omega: float) -> int:
    """Width that is guaranteed, worked out once for a claim and its controls."""
    task, Phi = _drawn(shape, d, source, 0)
    return mlp_width(task, Phi, delta=delta, omega=omega, rng=source.generator(0, MEMORY))


def _source(shape: Shape, seed: int) -> Source:
    return table_source(shape, seed, "mlp guarantee")


def _drawn(shape: Shape, d: int, source: Source, trial: int) -> tuple[RecallTask, Floats]:
    """Table and embeddings of a trial, in double precision."""
    task, Phi = shape.draw(d, source, trial)
    return task, np.asarray(Phi, np.float64)


def _gates(width: int, d: int, omega: float, source: Source, trial: int) -> SignGated:
    """Gates of a trial, the first ones of a wider network."""
    rng = source.generator(trial, MEMORY)
    return drawn_gates(width, "square", omega, d, d, np.dtype(np.float64), rng=rng)


def _copied(task: RecallTask, Phi: Floats) -> Floats:
    """What heads that are built give the network for each fact, over sqrt(2)."""
    groups = cue_groups(task, HEAD_DIM, None)
    cues = Phi[: task.subjects + task.relations]
    model = Transformer(Phi, attend(task, Phi, groups, cues, HEAD_DIM, True, PROMPT))
    return np.asarray(model.attended(attended_tokens(task, groups)) / np.sqrt(2))
