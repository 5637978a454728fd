"""Verdicts on weights: what is completed, what is answered and how wrong, and where it pulls."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.facts.knowledge import Contexts, Knowledge
from sims.engine.results import finite
from sims.knowledge.gradient import evaluate
from sims.knowledge.model import Weights, attention_mass, logits, superposed, template_cosines

__all__ = [
    "KINDS",
    "RIGHT",
    "held_out",
    "judge_answers",
    "judge_told",
    "rank_ranges",
    "shares",
    "spectrum",
    "split_facts",
]

KINDS = ("own", "tuned", "set", "other", "none")
"""Kinds of wrong answers; see :mod:`sims.knowledge.extraction`."""

RANGE = 4
"""Factor between the ends of ranges of ranks."""

RIGHT = "right"
"""In place of a kind, for an answer that is not wrong."""


def split_facts(
    given: Knowledge, number: int, asked: int | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the facts of the first subjects, and of the others.

    Parameters
    ----------
    given : the facts.
    number : N_f.
    asked : how many attributes, the first ones, are asked for; None means all.
    """
    asks = given.facts[:, 1] < (given.attributes if asked is None else asked)
    early = given.facts[:, 0] < number
    return np.flatnonzero(asks & early), np.flatnonzero(asks & ~early)


def judge_told(weights: Weights, given: Knowledge, contexts: Contexts) -> dict[str, Any]:
    """Judge weights by what was told.

    Parameters
    ----------
    weights : of a model.
    given, contexts : what was told, and its contexts.

    Returns
    -------
    ``told`` and ``untold``: shares of facts rightly completed after templates they were told in,
    and after the others of the attribute (None if there are none); ``elsewhere``: of each fact, the
    share of these others (None if there are none); ``cosines`` of templates of one attribute and of
    two; ``attention`` where a value is wanted, by kind of token.
    """
    last = contexts.before_values()
    missing, rows = given.untold()
    right = _right(weights, last, last.targets > 0)
    found = _right(weights, missing, given.right[rows]) if len(rows) else np.zeros(0, bool)
    return {
        "told": float(right.mean()),
        "untold": float(found.mean()) if len(rows) else None,
        "elsewhere": shares(found, rows, len(given.facts)),
        "cosines": [finite(float(cosine)) for cosine in template_cosines(weights, given)],
        "attention": attention_mass(weights, last, given),
    }


def judge_answers(
    given: Knowledge, before: Weights, after: Weights, rows: Any, held: Any
) -> dict[str, Any]:
    """Judge weights by their answers to questions.

    Parameters
    ----------
    given : the facts.
    before, after : weights before and after fine-tuning.
    rows, held : facts that were fine-tuned, and that are asked for.

    Returns
    -------
    Held-out ``facts``, whether each is ``right``, how often ``covered``, whether right with
    ``superposed`` templates, the ``kinds`` of the answers and counts of the ``wrong`` ones; the
    share ``learnt`` of fine-tuned facts; and ``attention``.
    """

    def known(weights: Weights, facts: Any) -> NDArray[np.bool_]:
        right = _right(weights, given.asked(facts), given.right[given.repeated(facts)])
        return np.asarray(right.reshape(len(facts), -1).all(axis=1))

    right = known(after, held)
    asks = given.asked(held)
    answers = logits(after, asks).argmax(axis=1).reshape(len(held), -1)
    # Of several choices of the fillers the first that is answered wrongly counts.
    place = (~given.right[held[:, None], answers]).argmax(axis=1)
    first = answers[np.arange(len(held)), place] - given.first_value
    return {
        **held_out(given, rows, held, right, first),
        "learnt": float(known(after, rows).mean()),
        "superposed": known(superposed(before, given, rows), held).astype(int).tolist(),
        "attention": attention_mass(after, asks, given),
    }


def held_out(given: Knowledge, rows: Any, held: Any, right: Any, answers: Any) -> dict[str, Any]:
    """Return the record of held-out facts, by what is answered.

    Parameters
    ----------
    given : the facts.
    rows, held : facts that were fine-tuned, and that are asked for.
    right : (H,) booleans.
    answers : (H,) values that are answered; a number that is no value's stands for another token.

    Returns
    -------
    ``facts``, whether each is ``right``, how often ``covered``, the ``rank`` of its subject by how
    often it is told, the ``kinds`` of the answers, and counts of the ``wrong`` ones.
    """
    kinds = np.full(len(held), RIGHT, dtype=object)
    kinds[~right] = _kinds(given, rows, held[~right], answers[~right])
    return {
        "facts": held.tolist(),
        "right": right.astype(int).tolist(),
        "covered": given.covered(rows)[held].tolist(),
        "rank": given.ranks[given.facts[held, 0]].tolist(),
        "kinds": kinds.tolist(),
        "wrong": {kind: int((kinds == kind).sum()) for kind in KINDS},
    }


def spectrum(weights: Weights, asks: Contexts, given: Knowledge) -> dict[str, dict[str, float]]:
    """Largest singular value of the gradient of each matrix, and what its input direction is.

    Parameters
    ----------
    weights : where the gradient is taken.
    asks : contexts of the questions.
    given : says which tokens are questions.

    Returns
    -------
    For each matrix, ``share``, of the Frobenius norm; and, but for V, ``aligned``: length of the
    part of the singular vector on the input's side (of Q: the query's) that is on question tokens.
    """
    _, slopes = evaluate(weights, asks)
    questions = slice(given.first_question, given.first_value)
    found = {}
    for name, slope in slopes.items():
        left, values, right = np.linalg.svd(slope.astype(np.float64), full_matrices=False)
        total = float(np.sqrt((values**2).sum()))
        found[name] = {"share": float(values[0] / total) if total else 0.0}
        if name != "V":
            side = left[:, 0] if name == "Q" else right[0]
            found[name]["aligned"] = float(np.linalg.norm(side[questions]))
    return found


def rank_ranges(last: int) -> list[tuple[int, int]]:
    """Ranges of ranks, each four times as far as the one before.

    Parameters
    ----------
    last : the last rank.

    Examples
    --------
    >>> rank_ranges(60)
    [(1, 4), (5, 16), (17, 60)]
    """
    ends = [RANGE**i for i in range(1, 1 + max(1, math.ceil(math.log(last, RANGE))))]
    return [(1 + end // RANGE if end > RANGE else 1, min(end, last)) for end in ends]


def shares(right: NDArray[np.bool_], rows: NDArray[np.intp], facts: int) -> list[float | None]:
    """Return, for each fact, the share of what is right of what is asked; None if nothing is.

    Parameters
    ----------
    right, rows : whether an answer is right, and the fact that it is about.
    facts : how many there are.

    Examples
    --------
    >>> shares(np.array([True, False, True]), np.array([0, 0, 2]), 3)
    [0.5, None, 1.0]
    """
    asked = np.bincount(rows, minlength=facts)
    found = np.bincount(rows, right, minlength=facts)
    return [float(a / b) if b else None for a, b in zip(found, asked, strict=True)]


def _right(weights: Weights, contexts: Contexts, answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a right token (C, n) has a higher logit than all others; never if not finite."""
    out = logits(weights, contexts)
    own = np.where(answers, out, -np.inf).max(axis=1)
    out[answers] = -np.inf
    return np.asarray(own > out.max(axis=1))


def _kinds(given: Knowledge, rows: Any, held: Any, answers: Any) -> list[str]:
    """Kinds of wrong answers, given as values; the right value, which only ties, is ``other``."""
    kinds = []
    every = np.concatenate([np.arange(len(given.facts)), given.also[:, 0]])
    s, b = given.facts[every, :2].T
    v = np.concatenate([given.facts[:, 2], given.also[:, 1]])
    tuned = np.isin(every, rows)
    for fact, answer in zip(held, answers, strict=True):
        subject, attribute, _ = given.facts[fact]
        if answer in v[every == fact]:
            kind = "other"
        elif answer in v[s == subject]:
            kind = "own"
        elif answer in v[tuned & (b == attribute)]:
            kind = "tuned"
        elif answer in v[b == attribute]:
            kind = "set"
        else:
            kind = "other" if 0 <= answer < given.values else "none"
        kinds.append(kind)
    return kinds
