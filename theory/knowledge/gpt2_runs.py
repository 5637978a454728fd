"""Runs of a GPT-2 that claims ask for, made once in a process (extra ``lm``)."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from assoc.facts.knowledge import Knowledge
from sims.engine.randomness import Source
from sims.knowledge.gpt2.network import Gpt2, one_thread, tunable
from sims.knowledge.gpt2.training import FINE_TUNING, PRE_TRAINING, completed
from sims.knowledge.gpt2.trials import (
    READ_OUT,
    TOKENS,
    Learnt,
    ablated,
    extract,
    loaded,
    pretrain,
    superposed,
)
from sims.knowledge.training import Descent
from sims.knowledge.trials import Told, draw_trials
from sims.knowledge.verdicts import split_facts

__all__ = ["QUICK_STEPS", "UNTUNED", "brief", "excess", "extracted", "storage", "superposed_shares"]

KEPT = 32
"""Results that are kept for other claims."""

EXPERIMENT = "knowledge"
"""As for the small model, so that the draws are the same."""

QUICK_STEPS = {1: 800, 8: 400}
"""Steps of pre-training in quick regimes by K: there are fewer sentences where K is small, and a
step reads as many."""

UNTUNED = replace(FINE_TUNING, learning_rate=1e-12)
"""Fine-tuning that changes nothing: questions of a form that was never shown."""


def brief(multiplicity: int, steps: int | None) -> Descent:
    """Return the pre-training of a multiplicity, with so many steps or as many as it needs."""
    usual = QUICK_STEPS.get(multiplicity, PRE_TRAINING.steps)
    return replace(PRE_TRAINING, steps=usual if steps is None else steps)


@lru_cache(maxsize=KEPT)
def _drawn(told: Told, trials: int, seed: int) -> tuple[Source, list[Knowledge]]:
    return draw_trials(told, trials=trials, seed=seed, experiment=EXPERIMENT)


@lru_cache(maxsize=KEPT)
def _learnt(told: Told, network: Gpt2, rule: Descent, trials: int, seed: int) -> list[Learnt]:
    source, given = _drawn(told, trials, seed)
    return pretrain(given, source, network=network, pre_training=rule)


@lru_cache(maxsize=KEPT)
def extracted(
    told: Told,
    *,
    fine_tuned: tuple[int, ...],
    network: Gpt2,
    rule: Descent,
    trials: int,
    seed: int,
    fine_tuning: Descent | None = None,
) -> dict[str, Any]:
    """Return the record of one point; see :func:`sims.knowledge.gpt2.trials.extract`.

    Parameters
    ----------
    told : sizes of what is told.
    rule : how it is pre-trained.
    fine_tuned, network, trials, seed, fine_tuning : as for
        :func:`sims.knowledge.gpt2.extraction.gpt2_extraction`, which finds the same.
    """
    source, given = _drawn(told, trials, seed)
    return extract(
        given, source, fine_tuned=fine_tuned, network=network, fine_tuning=fine_tuning,
        learnt=_learnt(told, network, rule, trials, seed),
    )  # fmt: skip


def excess(told: Told, *, network: Gpt2, rule: Descent, trials: int, seed: int) -> float:
    """Return the worst trial's loss above its floor, in nats.

    Parameters
    ----------
    told, network, rule, trials, seed : as for :func:`extracted`.
    """
    found = _learnt(told, network, rule, trials, seed)
    return max(float((one.losses[-1] - one.floor).sum()) for one in found)


def superposed_shares(
    told: Told, *, number: int, network: Gpt2, rule: Descent, trials: int, seed: int,
    shifted: bool = False,
) -> list[float]:  # fmt: skip
    """Return, for each trial, the share answered with templates in place of questions.

    Parameters
    ----------
    told, network, rule, trials, seed : as for :func:`extracted`.
    number : N_f.
    shifted : whether each question gets the templates of the next attribute.
    """
    _, given = _drawn(told, trials, seed)
    shares = []
    for one, learnt in zip(given, _learnt(told, network, rule, trials, seed), strict=True):
        rows, held = split_facts(one, number, None)
        state, how = superposed(one, learnt, rows), learnt.writing
        assert state is not None  # drawn facts are told in one word after the subject
        if shifted:
            table = state[TOKENS].clone()
            questions = [words[0] for words in how.after[len(one.owner) :]]
            table[questions] = state[TOKENS][np.roll(questions, -1).tolist()]
            state = {**state, TOKENS: table, READ_OUT: table}
        with one_thread():
            model = tunable(
                network, how.vocabulary, how.length, state, parts=None, rank=None, seed=0
            )
            shares.append(float(completed(model, how.questions(one, held)[0]).mean()))
    return shares


def storage(
    told: Told, *, network: Gpt2, rule: Descent, trials: int, seed: int
) -> list[dict[str, Any]]:
    """Return what ablations leave of the sentences, the mean over trials, and of the whole model.

    Parameters
    ----------
    told, network, rule, trials, seed : as for :func:`extracted`.
    """
    _, given = _drawn(told, trials, seed)
    found = []
    for one, learnt in zip(given, _learnt(told, network, rule, trials, seed), strict=True):
        with one_thread():
            whole = float(completed(loaded(network, learnt), learnt.writing.sentences(one)).mean())
        found.append([
            {"layer": 0, "part": "nothing", "token": "", "told": whole},
            *ablated(one, learnt, network),
        ])  # fmt: skip
    return [
        {**rows[0], "told": float(np.mean([row["told"] for row in rows]))}
        for rows in zip(*found, strict=True)
    ]
