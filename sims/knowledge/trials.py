"""Trials of knowledge extraction: what is drawn, told, fine-tuned and asked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.checks import check_fits
from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge
from assoc.facts.telling import draw_knowledge, popular
from sims.engine.parallel import blas_threads
from sims.engine.randomness import FACTS, INPUTS, MEMORY, SAMPLE, Source
from sims.knowledge.linearised import check_predictable, linearised_logits
from sims.knowledge.model import WIDTH, Weights, initial_weights
from sims.knowledge.training import (
    FINE_TUNING,
    PRE_TRAINING,
    Descent,
    Trained,
    train_contexts,
)
from sims.knowledge.verdicts import judge_answers, judge_told, spectrum, split_facts

__all__ = [
    "Told",
    "check_sizes",
    "draw_trials",
    "extract",
    "extraction_point",
    "pretrain",
    "told_often",
]


@dataclass(frozen=True)
class Told:
    """What is told: the arguments of :func:`assoc.facts.telling.draw_knowledge`.

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
        If arrays of contexts and weights, of all trials, take more memory than is free.
    """
    entries = trials * (vocabulary * (3 * contexts + 3 * vocabulary) + 6 * width * vocabulary)
    sizes = f"n = {vocabulary} tokens, {contexts} contexts, m = {width}, trials = {trials}"
    check_fits(entries, 4, f"{sizes}: arrays of contexts and weights")


def extraction_point(
    *,
    told: Mapping[str, Any],
    trials: int,
    seed: int,
    experiment: str,
    popularity: float = 0.0,
    **request: Any,
) -> dict[str, Any]:
    """Measure one (K, |R|): the point of a stored sweep.

    Parameters
    ----------
    told : fields of :class:`Told`.
    trials, seed, experiment, popularity : as for :func:`knowledge_extraction`.
    request : the other arguments of :func:`extract`, trainings as their fields.
    """
    source, given = draw_trials(
        Told(**told), trials=trials, seed=seed, experiment=experiment, popularity=popularity
    )
    for name in ("pre_training", "fine_tuning"):
        request[name] = Descent(**request[name])
    return extract(given, source, **request)


def draw_trials(
    told: Told, *, trials: int, seed: int, experiment: str, popularity: float = 0.0
) -> tuple[Source, list[Knowledge]]:
    """Draw the facts of all trials; they are the same whatever the popularity.

    Parameters
    ----------
    told : what is told.
    trials, seed, experiment, popularity : as for :func:`knowledge_extraction`.

    Returns
    -------
    The source of all randomness of the point, and the facts.
    """
    source = Source(seed, experiment, told.point)
    drawn = (told.draw(source, trial) for trial in range(trials))
    return source, [told_often(one, popularity, source, t) for t, one in enumerate(drawn)]


def told_often(given: Knowledge, popularity: float, source: Source, trial: int) -> Knowledge:
    """Draw how often the subjects of a trial are told; see :func:`assoc.facts.telling.popular`.

    Parameters
    ----------
    given : the facts.
    popularity : exponent of Zipf's law.
    source, trial : of the ranks.
    """
    return popular(given, popularity, rng=source.generator(trial, INPUTS, 1))


def pretrain(
    given: Sequence[Knowledge],
    source: Source,
    *,
    model: str = "attention-mlp",
    width: int = WIDTH,
    pre_training: Descent = PRE_TRAINING,
) -> Trained:
    """Train on all sentences of each trial.

    Parameters
    ----------
    given, source, model, width, pre_training : as for :func:`extract`.
    """
    start = [
        initial_weights(model, one.vocabulary, width=width, rng=source.generator(t, MEMORY))
        for t, one in enumerate(given)
    ]
    rngs = [source.generator(t, SAMPLE) for t in range(len(given))]
    return train_contexts(start, [one.contexts() for one in given], pre_training, rngs=rngs)


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
    predicted: bool = False,
    trained: Trained | None = None,
) -> dict[str, Any]:
    """Pre-train and fine-tune on given facts, one trial for each.

    Parameters
    ----------
    given : with vocabularies of the same sizes.
    source : of weights, batches and factors.
    fine_tuned, model, width, pre_training, fine_tuning, parts, rank, asked, spectra :
        as for :func:`knowledge_extraction`.
    predicted : whether what fine-tuning everything in full answers to first order
        (:mod:`sims.knowledge.linearised`) is computed as well.
    trained : what :func:`pretrain` returned for the same arguments, or None.

    Returns
    -------
    ``floor`` of the first trial by position; ``steps``; for each trial ``excess`` over its own
    floor by position at the end, ``trace`` of the whole loss less the floor, ``told`` and
    ``untold``: shares of facts and templates rightly completed, ``elsewhere``: that of each fact in
    templates it was not told in, ``cosines`` of templates of one attribute and of two,
    ``attention`` where a value is wanted; and ``tuned``, for each N_f a record of, by trial, facts
    ``learnt`` (share), held-out ``facts``, whether they are ``right``, how often ``covered``, the
    ``rank`` of their subjects by how often these are told, whether right with ``superposed``
    templates, ``kinds`` of the answers, counts of the ``wrong`` ones, ``loss``, ``attention``, and
    ``spectra``; whether right ``linearised``, if ``predicted``.

    Raises
    ------
    InputError
        If no fact is left to fine-tune on or to ask for, vocabularies differ, or there is no
        prediction of this model and fine-tuning.
    """
    if predicted:
        check_predictable(model, fine_tuning, parts, rank)
    trials = range(len(given))
    pairs = [(number, trial) for number in fine_tuned for trial in trials]
    chosen = [split_facts(given[t], number, asked) for number, t in pairs]
    if not all(len(rows) and len(held) for rows, held in chosen):
        raise InputError(f"N_f = {list(fine_tuned)}: no fact is fine-tuned, or none is left to ask")
    if trained is None:
        trained = pretrain(given, source, model=model, width=width, pre_training=pre_training)
    value = _learnt(given, trained)
    tuned = train_contexts(
        [trained.weights[t] for _, t in pairs],
        [given[t].asked(rows) for (_, t), (rows, _) in zip(pairs, chosen, strict=True)],
        fine_tuning, parts=parts, rank=rank, keep_path=spectra,
        rngs=[source.generator(t, SAMPLE, 1 + number) for number, t in pairs],
    )  # fmt: skip

    def judged(place: int, t: int) -> dict[str, Any]:
        rows, held = chosen[place]
        found = judge_answers(given[t], trained.weights[t], tuned.weights[place], rows, held)
        found["loss"] = float(tuned.losses[-1, place].sum())
        if predicted:
            found["linearised"] = _linearised(given[t], trained.weights[t], rows, held, fine_tuning)
        if spectra:
            found["spectra"] = _spectra(tuned, place, given[t], rows)
        return found

    with blas_threads(1):  # small matrices: more threads only wait for one another
        for number in fine_tuned:
            found = [judged(place, t) for place, (of, t) in enumerate(pairs) if of == number]
            by_name = {name: [one[name] for one in found] for name in found[0]}
            value["tuned"].append({"subjects": number, **by_name})
    return value


def _learnt(given: Sequence[Knowledge], trained: Trained) -> dict[str, Any]:
    """Return the record of pre-training, to which what is ``tuned`` is to be added."""
    floors = np.stack([one.floor for one in given])
    over = trained.losses - floors
    value: dict[str, Any] = {
        "floor": floors[0].tolist(), "steps": trained.steps.tolist(),
        "excess": over[-1].tolist(), "trace": over.sum(axis=2).T.tolist(),
        "told": [], "untold": [], "elsewhere": [], "cosines": [], "attention": [], "tuned": [],
    }  # fmt: skip
    for one, weights in zip(given, trained.weights, strict=True):
        for name, part in judge_told(weights, one, one.contexts()).items():
            if part is not None:
                value[name].append(part)
    return value


def _linearised(
    given: Knowledge, before: Weights, rows: Any, held: Any, rule: Descent
) -> list[int]:
    """Whether each held-out fact is answered to first order, whatever the fillers."""
    answers = linearised_logits(before, given.asked(rows), given.asked(held), rule)
    right = given.right[given.repeated(held), answers.argmax(axis=1)]
    return [int(one) for one in right.reshape(len(held), -1).all(axis=1)]


def _spectra(
    tuned: Trained, place: int, given: Knowledge, rows: NDArray[np.intp]
) -> list[dict[str, Any]]:
    """Singular values of one fine-tuning's gradient, at every step that was looked at.

    Parameters
    ----------
    tuned : with its path.
    place : which of its trials.
    given, rows : the facts, and those that are fine-tuned on.
    """
    asks = given.asked(rows)
    return [spectrum(look[place], asks, given) for look in tuned.path]
