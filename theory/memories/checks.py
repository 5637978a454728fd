"""Measured beside predicted: the rows that checks judge."""

from typing import Any

from assoc.memories.memory import Build
from sims.memories.construction import Construction
from sims.memories.recall import measure
from theory.memories.recall import expected_recall

__all__ = ["recall_row"]


def recall_row(
    memory: str | Build,
    law: Construction,
    /,
    *,
    d: int,
    N: int,
    trials: int,
    seed: int,
    experiment: str,
    facts: str = "identity",
    outputs: int | None = None,
    predicted_as: str | None = None,
    **labels: Any,
) -> dict[str, Any]:
    """Measure the recall of a memory and predict that of a construction.

    Parameters
    ----------
    memory : what is measured.
    law : what the prediction is made for.
    d, N, facts, outputs, trials, seed, experiment : as for :func:`sims.memories.recall.measure`.
    predicted_as : law of the fact map that the prediction assumes (with M = N); None means
        the one that is measured.
    labels : further entries of the row, in front.

    Returns
    -------
    A record with ``d``, ``N``, ``measured``, ``error`` (standard error), ``predicted``.
    """
    point = measure(
        memory,
        d=d,
        N=N,
        facts=facts,
        outputs=outputs,
        trials=trials,
        seed=seed,
        experiment=experiment,
    ).points[0]
    assumed = (facts, outputs) if predicted_as is None else (predicted_as, None)
    return {
        **labels,
        "d": d,
        "N": N,
        "measured": point.recall,
        "error": point.standard_error,
        "predicted": expected_recall(law, d=d, N=N, facts=assumed[0], M=assumed[1]),
    }
