"""Runs of pre-training and fine-tuning that claims ask for, made once in a process."""

from functools import lru_cache
from typing import Any

import numpy as np

from sims.knowledge.training import FINE_TUNING, PRE_TRAINING, Descent, Trained
from sims.knowledge.trials import Told, draw_trials, extract, pretrain

__all__ = ["QUICK_TOLD", "QUICK_TRAINING", "extracted", "spread"]

QUICK_TOLD = {"subjects": 32, "templates": 8, "values": 16}
"""What is told in quick regimes."""

QUICK_TRAINING = {"steps": 800}
"""How it is learnt there; the rate is in proportion to the number of subjects."""

KEPT = 24
"""Results, and trainings, that are kept for other claims."""

EXPERIMENT = "knowledge"


@lru_cache(maxsize=KEPT)
def extracted(
    told: Told,
    *,
    fine_tuned: tuple[int, ...],
    width: int,
    trials: int,
    seed: int,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent = FINE_TUNING,
    model: str = "attention-mlp",
    parts: tuple[str, ...] | None = None,
    rank: int | None = None,
    asked: int | None = None,
    spectra: bool = False,
    predicted: bool = False,
) -> dict[str, Any]:
    """Return the record of one point; see :func:`sims.knowledge.trials.extract`.

    Parameters
    ----------
    told : sizes of what is told.
    fine_tuned, width, trials, seed, pre_training, fine_tuning, model, parts, rank, asked, spectra :
        as for :func:`sims.knowledge.extraction.knowledge_extraction`, which finds the same.
    predicted : whether answers to first order are computed as well.
    """
    source, given = draw_trials(told, trials=trials, seed=seed, experiment=EXPERIMENT)
    return extract(
        given, source, fine_tuned=fine_tuned, model=model, width=width, pre_training=pre_training,
        fine_tuning=fine_tuning, parts=parts, rank=rank, asked=asked, spectra=spectra,
        predicted=predicted,
        trained=_pretrained(told, model, width, pre_training, trials, seed),
    )  # fmt: skip


@lru_cache(maxsize=KEPT)
def _pretrained(
    told: Told, model: str, width: int, rule: Descent, trials: int, seed: int
) -> Trained:
    source, given = draw_trials(told, trials=trials, seed=seed, experiment=EXPERIMENT)
    return pretrain(given, source, model=model, width=width, pre_training=rule)


def spread(trials: Any) -> tuple[float, float]:
    """Mean over trials, and its standard error: facts of a trial share its weights.

    Parameters
    ----------
    trials : one number per trial.

    Examples
    --------
    >>> spread([0.5, 0.7])
    (0.6, 0.1)
    """
    values = np.asarray(trials, np.float64)
    if len(values) < 2:
        return float(values.mean()), 0.0
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
