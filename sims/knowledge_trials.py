"""Trials of knowledge extraction: what is drawn, trained, asked, and how answers are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.knowledge import Contexts, Knowledge, draw_knowledge
from assoc.memory import MAX_BYTES
from sims.knowledge_gradient import evaluate
from sims.knowledge_model import (
    WIDTH,
    Weights,
    attention_mass,
    initial_weights,
    logits,
    superposed,
    template_cosines,
)
from sims.knowledge_training import FINE_TUNING, PRE_TRAINING, Descent, train_contexts
from sims.randomness import FACTS, MEMORY, SAMPLE, Source

__all__ = ["KINDS", "RIGHT", "Told", "check_sizes", "extract", "extraction_point", "spectrum"]

KINDS = ("own", "tuned", "set", "other", "none")
"""Kinds of wrong answers; see :mod:`sims.knowledge_extraction`."""

RIGHT = "right"
"""In place of a kind, for an answer that is not wrong."""


@dataclass(frozen=True)
class Told:
    """What is told: the arguments of :func:`assoc.knowledge.draw_knowledge`.

    Examples
    --------
    >>> Told(multiplicity=2).point
    (64, 3, 16, 2, 16, 1, 0)
    """

    subjects: int = 64
    attributes: int = 3
    templates: int = 16
    multiplicity: int = 4
    values: int = 16
    shared: bool = True
    fillers: int = 0

    @property
    def vocabulary(self) -> int:
        """Number of tokens n."""
        own = self.values if self.shared else self.values * self.attributes
        return self.subjects + self.attributes * (self.templates + 1) + own + self.fillers

    @property
    def contexts(self) -> int:
        """Number of distinct contexts of all sentences, at most."""
        said = self.subjects * self.attributes * self.multiplicity
        Z = self.fillers
        return self.subjects + said if not Z else self.subjects * (1 + Z) + said * (Z + Z**2)

    @property
    def point(self) -> tuple[int, ...]:
        """Integers that tell its randomness from others'."""
        return tuple(int(value) for value in asdict(self).values())

    def draw(self, source: Source, trial: int) -> Knowledge:
        """Draw facts and templates of a trial."""
        return draw_knowledge(**asdict(self), rng=source.generator(trial, FACTS))


def check_sizes(vocabulary: int, contexts: int, width: int, trials: int) -> None:
    """Refuse what would not fit in memory.

    Parameters
    ----------
    vocabulary, contexts, width, trials : n, C, m, and how many are kept at the same time.

    Raises
    ------
    InputError
        If arrays of contexts and weights, of all trials, take more than
        :data:`assoc.memory.MAX_BYTES`.
    """
    taken = 4 * trials * (vocabulary * (3 * contexts + 3 * vocabulary) + 6 * width * vocabulary)
    if taken > MAX_BYTES:
        raise InputError(
            f"n = {vocabulary} tokens, {contexts} contexts, m = {width}, trials = {trials}: "
            f"they would take {taken / 1e9:.3g} GB; {MAX_BYTES / 1e9:.3g} GB at most"
        )


def extraction_point(
    *, told: Mapping[str, Any], trials: int, seed: int, experiment: str, **request: Any
) -> dict[str, Any]:
    """Measure one (K, |R|): the point of a stored sweep.

    Parameters
    ----------
    told : fields of :class:`Told`.
    trials, seed, experiment : as for :func:`knowledge_extraction`.
    request : the other arguments of :func:`extract`, trainings as their fields.
    """
    sizes = Told(**told)
    source = Source(seed, experiment, sizes.point)
    given = [sizes.draw(source, trial) for trial in range(trials)]
    for name in ("pre_training", "fine_tuning"):
        request[name] = Descent(**request[name])
    return extract(given, source, **request)


def extract(
    given: Sequence[Knowledge],
    source: Source,
    *,
    fine_tuned: Sequence[int],
    model: str = "attention-mlp",
    width: int = WIDTH,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent = FINE_TUNING,
    parts: Sequence[str] | None = None,
    rank: int | None = None,
    asked: int | None = None,
    spectra: bool = False,
) -> dict[str, Any]:
    """Pre-train and fine-tune on given facts, one trial for each.

    Parameters
    ----------
    given : with vocabularies of the same sizes.
    source : of weights, batches and factors.
    fine_tuned, model, width, pre_training, fine_tuning, parts, rank, asked, spectra :
        as for :func:`knowledge_extraction`.

    Returns
    -------
    ``floor`` of the first trial by position; ``steps``; for each trial ``excess`` over its own
    floor by position at the end, ``trace`` of the whole loss less the floor, ``told`` and
    ``untold``: shares of facts and templates rightly completed, ``cosines`` of templates of one
    attribute and of two, ``attention`` where a value is wanted; and ``tuned``, for each N_f a
    record of, by trial, facts ``learnt`` (share), held-out ``facts``, whether they are ``right``,
    how often ``covered``, whether right with ``superposed`` templates, ``kinds`` of the answers,
    counts of the ``wrong`` ones, ``loss``, ``attention``, and ``spectra``.

    Raises
    ------
    InputError
        If no fact is left to fine-tune on or to ask for, or vocabularies differ.
    """
    trials = range(len(given))
    pairs = [(number, trial) for number in fine_tuned for trial in trials]
    chosen = [_split(given[t], number, asked) for number, t in pairs]
    if not all(len(rows) and len(held) for rows, held in chosen):
        raise InputError(f"N_f = {list(fine_tuned)}: no fact is fine-tuned, or none is left to ask")
    start = [
        initial_weights(model, one.vocabulary, width=width, rng=source.generator(t, MEMORY))
        for t, one in zip(trials, given, strict=True)
    ]
    rngs = [source.generator(t, SAMPLE) for t in trials]
    contexts = [one.contexts() for one in given]
    trained = train_contexts(start, contexts, pre_training, rngs=rngs)
    floors = np.stack([one.floor for one in given])
    over = trained.losses - floors
    value: dict[str, Any] = {
        "floor": floors[0].tolist(), "steps": trained.steps.tolist(),
        "excess": over[-1].tolist(), "trace": over.sum(axis=2).T.tolist(),
        "told": [], "untold": [], "cosines": [], "attention": [], "tuned": [],
    }  # fmt: skip
    for one, seen, weights in zip(given, contexts, trained.weights, strict=True):
        last = seen.before_values()
        value["told"].append(float(_right(weights, last, last.targets.argmax(axis=1)).mean()))
        missing, rows = one.untold()
        if len(rows):
            value["untold"].append(float(_right(weights, missing, one.labels[rows]).mean()))
        value["cosines"].append([_finite(c) for c in template_cosines(weights, one)])
        value["attention"].append(attention_mass(weights, last, one))
    tuned = train_contexts(
        [trained.weights[t] for _, t in pairs],
        [given[t].asked(rows) for (_, t), (rows, _) in zip(pairs, chosen, strict=True)],
        fine_tuning, parts=parts, rank=rank, keep_path=spectra,
        rngs=[source.generator(t, SAMPLE, 1 + number) for number, t in pairs],
    )  # fmt: skip
    for number in fine_tuned:
        record: dict[str, Any] = {"subjects": number}
        for place, (of, t) in enumerate(pairs):
            if of != number:
                continue
            found = _judged(given[t], trained.weights[t], tuned.weights[place], *chosen[place])
            found["loss"] = float(tuned.losses[-1, place].sum())
            if spectra:
                asks = given[t].asked(chosen[place][0])
                found["spectra"] = [spectrum(look[place], asks, given[t]) for look in tuned.path]
            for name, part in found.items():
                record.setdefault(name, []).append(part)
        value["tuned"].append(record)
    return value


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


def _split(given: Knowledge, number: int, asked: int | None) -> tuple[Any, Any]:
    """Rows of the facts of the first subjects, and of the others."""
    asks = given.facts[:, 1] < (given.attributes if asked is None else asked)
    early = given.facts[:, 0] < number
    return np.flatnonzero(asks & early), np.flatnonzero(asks & ~early)


def _right(weights: Weights, contexts: Contexts, labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether the label has the highest logit, and no other token the same; never if not finite."""
    out = logits(weights, contexts)
    own = np.take_along_axis(out, labels[:, None], axis=1)[:, 0].copy()
    np.put_along_axis(out, labels[:, None], -np.inf, axis=1)
    return np.asarray(own > out.max(axis=1))


def _judged(
    given: Knowledge, before: Weights, after: Weights, rows: Any, held: Any
) -> dict[str, Any]:
    """Verdicts of one trial on fine-tuned facts and on held-out ones."""

    def known(weights: Weights, facts: Any) -> NDArray[np.bool_]:
        labels = given.repeated(given.labels[facts])
        right = _right(weights, given.asked(facts), labels)
        return np.asarray(right.reshape(len(facts), -1).all(axis=1))

    right = known(after, held)
    asks = given.asked(held)
    first = logits(after, asks).argmax(axis=1).reshape(len(held), -1)[:, 0] - given.first_value
    kinds = np.full(len(held), RIGHT, dtype=object)
    kinds[~right] = _kinds(given, rows, held[~right], first[~right])
    return {
        "facts": held.tolist(),
        "right": right.astype(int).tolist(),
        "learnt": float(known(after, rows).mean()),
        "covered": given.covered(rows)[held].tolist(),
        "superposed": known(superposed(before, given, rows), held).astype(int).tolist(),
        "kinds": kinds.tolist(),
        "wrong": {kind: int((kinds == kind).sum()) for kind in KINDS},
        "attention": attention_mass(after, asks, given),
    }


def _kinds(given: Knowledge, rows: Any, held: Any, answers: Any) -> list[str]:
    """Kinds of wrong answers, given as values (with one choice of the fillers)."""
    kinds = []
    s, b, v = given.facts.T
    for (subject, attribute, _), answer in zip(given.facts[held], answers, strict=True):
        if answer in v[s == subject]:
            kind = "own"
        elif answer in v[rows][b[rows] == attribute]:
            kind = "tuned"
        elif answer in v[b == attribute]:
            kind = "set"
        else:
            kind = "other" if 0 <= answer < given.values else "none"
        kinds.append(kind)
    return kinds


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
