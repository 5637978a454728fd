"""The law of dual values, held to random tables by the projector on which their scores rest."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.facts.recall_task import RecallTask
from sims.engine.parallel import blas_threads
from sims.transformers.architecture import Shape, table_source
from theory.claims import Finding
from theory.judging import judge_arms, judge_predictions
from theory.transformers.counts import Counts, full_table
from theory.transformers.dual_guarantee import dual_pair
from theory.transformers.dual_law import dual_law_dimension, expected_pairs

__all__ = ["check_dual_law"]

MISTAKES = ("every answer occurs", "answers and cues alone")
"""What may be planted in the law: of answers that occur, and of tokens."""


def check_dual_law(
    *,
    seed: int,
    counted: Sequence[tuple[Shape, int]],
    counts: int,
    shapes: Sequence[Shape],
    tables: int,
    tolerance: float,
    near: float,
    parts: Sequence[str] = ("pairs", "dimension"),
    mistake: str | None = None,
) -> Finding:
    """Compare expected pairs, and the median dimension, with those of random tables.

    Heads attend to the right tokens: scores are Q Q^T c with an orthonormal basis Q of the columns
    of the embeddings and c the counts of what is said.

    Parameters
    ----------
    seed : determines every random number.
    counted : shapes with Gaussian embeddings, and dimensions at which failing pairs are counted.
    counts : tables for each of these.
    shapes : those of which the dimension is measured.
    tables : tables for each of these.
    tolerance, near : smallest difference of logarithms that matters, of pairs and of dimensions.
    parts : which are judged.
    mistake : of :data:`MISTAKES`, planted in the law.
    """

    def judged() -> Iterator[tuple[str, Finding]]:
        if "pairs" in parts:
            rows = [
                _row(shape, d, _sampled(shape, counts, seed, [d])[:, 0], _law(shape, d, mistake))
                for shape, d in counted
            ]
            quantity = "pairs (fact, answer) that go wrong"
            yield "pairs", judge_predictions(quantity, rows, tolerance=tolerance, relative=True)
        if "dimension" in parts:
            rows = []
            for shape in shapes:
                lost = _sampled(shape, tables, seed, range(1, _table_of(shape).vocabulary))
                # Least d at which nothing fails: one more than there are at which something does.
                least = 1 + (lost > 0).sum(axis=1)
                noise = 0 if mistake == "answers and cues alone" else shape.noise
                law = dual_law_dimension(*_sizes(shape), noise=noise)
                rows.append(_row(shape, None, least, law))
            quantity = "least d at which a random table is recalled"
            yield "dimension", judge_predictions(quantity, rows, tolerance=near, relative=True)

    with blas_threads(1):
        return judge_arms(dict(judged()))


def _row(shape: Shape, d: int | None, found: NDArray[np.intp], predicted: float) -> dict[str, Any]:
    return {
        "S": shape.subjects, "R": shape.relations, "D": shape.answers, "d": d,
        "trials": len(found), "measured": float(found.mean()),
        "error": float(found.std(ddof=1) / math.sqrt(len(found))), "predicted": predicted,
    }  # fmt: skip


def _law(shape: Shape, d: int, mistake: str | None) -> float:
    """Expected pairs of a random table, or, by mistake, of one in which every answer occurs."""
    if mistake != "every answer occurs":
        return expected_pairs(*_sizes(shape), d, noise=shape.noise)
    counts = _table_of(shape)
    n = counts.vocabulary
    return sum(
        said * dual_pair(others - 1, n, d, c=1)[1] + unsaid * dual_pair(others, n, d, c=0)[1]
        for others, (said, unsaid) in counts.pairs().items()
    )


def _sampled(shape: Shape, tables: int, seed: int, dims: Sequence[int]) -> NDArray[np.intp]:
    """Pairs of a fact and a token that reaches its answer, for random tables and each d."""
    n, source = _table_of(shape).vocabulary, table_source(shape, seed, "dual law")
    found = []
    for trial in range(tables):
        task, Phi = shape.draw(n, source, trial)
        # Its first d columns span those of embeddings in R^d, the first d coordinates of these.
        Q = np.linalg.qr(np.asarray(Phi, np.float64))[0]
        found.append(_failing(task, Q, dims))
    return np.array(found)


def _failing(task: RecallTask, Q: NDArray[np.float64], dims: Sequence[int]) -> list[int]:
    said = np.zeros((task.subjects + task.relations, len(Q)))
    for cues, label in zip(task.cues, task.labels, strict=True):
        said[cues, label] = 1  # each token once, whatever the number of facts
    inputs, rows = said[task.cues].sum(axis=1) @ Q, np.arange(len(task))
    lost = []
    for d in dims:
        scores = inputs[:, :d] @ Q[:, :d].T
        own = scores[rows, task.labels]
        lost.append(int((scores >= own[:, None]).sum()) - len(task))
    return lost


def _table_of(shape: Shape) -> Counts:
    return full_table(*_sizes(shape), noise=shape.noise)


def _sizes(shape: Shape) -> tuple[int, int, int]:
    return shape.subjects, shape.relations, shape.answers
