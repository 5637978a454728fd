"""Pre-training and fine-tuning followed along the way: losses, attention, features, answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.arrays import Floats
from assoc.checks import positive, trial_count
from assoc.errors import InputError
from assoc.facts.knowledge import Contexts, Knowledge
from sims.engine.parallel import blas_threads
from sims.engine.randomness import MEMORY, SAMPLE, Source
from sims.engine.results import Result, new_axes
from sims.knowledge.model import WIDTH, initial_weights
from sims.knowledge.training import FINE_TUNING, PRE_TRAINING, Trained, train_contexts
from sims.knowledge.trials import Told
from sims.knowledge.verdicts import KINDS, judge_answers, judge_told, spectrum, split_facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LearningResult", "follow_knowledge"]


@dataclass(frozen=True, repr=False)
class LearningResult(Result):
    """What a training went through, mean over trials.

    Parameters
    ----------
    told : what is told.
    fine_tuned : N_f.
    floor : entropy of the next token at each position.
    pre_training, fine_tuning : records by step; see :func:`follow_knowledge`.
    """

    told: Told
    fine_tuned: int
    floor: tuple[float, ...]
    pre_training: tuple[dict[str, Any], ...]
    fine_tuning: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        last = self.fine_tuning[-1]
        return f"LearningResult(N_f={self.fine_tuned}, answered {last['answered']:.3f})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per step looked at, of both trainings."""
        return [
            {"training": name, **record}
            for name, records in (("told", self.pre_training), ("asked", self.fine_tuning))
            for record in records
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {"fine_tuned": self.fine_tuned, "floor": list(self.floor), "points": self.rows()}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw what is answered along fine-tuning."""
        ax = new_axes(ax)
        steps = [record["step"] for record in self.fine_tuning]
        for name, label in (("learnt", "fine-tuned subjects"), ("answered", "held-out subjects")):
            ax.plot(steps, [record[name] for record in self.fine_tuning], label=label)
        ax.set(xlabel="step of fine-tuning", ylabel="questions answered", ylim=(-0.02, 1.02))
        ax.legend()
        return ax


def follow_knowledge(
    told: Mapping[str, Any],
    *,
    fine_tuned: int,
    width: int = WIDTH,
    pre_training: Mapping[str, Any] | None = None,
    fine_tuning: Mapping[str, Any] | None = None,
    asked: int | None = None,
    looks: int = 16,
    trials: int = 3,
    seed: int = 0,
    experiment: str = "knowledge",
) -> LearningResult:
    """Follow pre-training and fine-tuning.

    Parameters
    ----------
    told : fields of :class:`sims.knowledge.trials.Told`.
    fine_tuned : N_f, below the number of subjects.
    width : m.
    pre_training, fine_tuning : what differs from the usual trainings.
    asked : how many attributes questions are about; None means all.
    looks : steps that are recorded, besides the first.
    trials : with facts, templates and weights of their own.
    seed, experiment : with the sizes told and the trial they determine every random number.

    Returns
    -------
    LearningResult. Records of pre-training have ``step``; ``subject`` and ``value``: excess over
    the floor before the template and before the value, in nats; attention where a value is wanted
    on ``subject_seen``, ``template_seen`` and ``filler_seen``; mean cosines of W's columns of
    templates of one attribute, ``within``, and of two, ``across``; and ``untold``, the share of
    templates that a fact was not told in and is completed in nevertheless. Records of fine-tuning
    have the loss, the shares ``learnt`` and ``answered``, wrong answers by kind as shares of all
    held-out ones, attention on the ``question_seen``, and of the gradient of W ``share`` and
    ``aligned`` (:func:`sims.knowledge.verdicts.spectrum`).

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    sizes = Told(**told)
    if not 0 < positive(fine_tuned, "N_f") < sizes.subjects:
        raise InputError(f"N_f = {fine_tuned} leaves none of S = {sizes.subjects}")
    source = Source(seed, experiment, sizes.point)
    given = [sizes.draw(source, trial) for trial in range(trial_count(trials))]
    order = range(len(given))
    start = [
        initial_weights("attention-mlp", one.vocabulary, width=width,
                        rng=source.generator(t, MEMORY))
        for t, one in zip(order, given, strict=True)
    ]  # fmt: skip
    contexts = [one.contexts() for one in given]
    first = train_contexts(
        start, contexts, replace(PRE_TRAINING, **(pre_training or {})), looks=looks,
        keep_path=True, rngs=[source.generator(t, SAMPLE) for t in order],
    )  # fmt: skip
    rows = [split_facts(one, fine_tuned, asked) for one in given]
    second = train_contexts(
        first.weights, [one.asked(early) for one, (early, _) in zip(given, rows, strict=True)],
        replace(FINE_TUNING, **(fine_tuning or {})), looks=looks, keep_path=True,
        rngs=[source.generator(t, SAMPLE, 1 + fine_tuned) for t in order],
    )  # fmt: skip
    return LearningResult(
        sizes,
        fine_tuned,
        tuple(_floors(given).mean(axis=0).tolist()),
        tuple(_pre_training(first, given, contexts, sizes.fillers > 0)),
        tuple(_fine_tuning(second, first, given, rows)),
    )


def _floors(given: Sequence[Knowledge]) -> Floats:
    """Entropies of the next token, (trials, positions)."""
    return np.stack([one.floor for one in given])


def _pre_training(
    trained: Trained, given: Sequence[Knowledge], contexts: Sequence[Contexts], before: bool
) -> Iterator[dict[str, Any]]:
    """Yield what is told at each step, means over trials.

    Parameters
    ----------
    trained : with its path.
    given, contexts : of each trial.
    before : whether a position of fillers comes before that of the template.
    """
    floors = _floors(given)
    for place, step in enumerate(trained.steps):
        excess = (trained.losses[place] - floors).mean(axis=0)
        states = [
            _told(judge_told(weights, one, told))
            for weights, one, told in zip(trained.path[place], given, contexts, strict=True)
        ]
        yield {"step": int(step), "subject": float(excess[int(before)]),
               "value": float(excess[-1]), **_mean(states)}  # fmt: skip


def _fine_tuning(
    tuned: Trained,
    told: Trained,
    given: Sequence[Knowledge],
    rows: Sequence[tuple[Any, Any]],
) -> Iterator[dict[str, Any]]:
    """Yield what is answered at each step, means over trials.

    Parameters
    ----------
    tuned, told : the fine-tuning, with its path, and the pre-training.
    given : facts of each trial.
    rows : facts that are fine-tuned on and those that are held out, in each trial.
    """
    with blas_threads(1):
        for place, step in enumerate(tuned.steps):
            states = []
            for t, weights in enumerate(tuned.path[place]):
                found = judge_answers(given[t], told.weights[t], weights, *rows[t])
                slope = spectrum(weights, given[t].asked(rows[t][0]), given[t])["W"]
                states.append({**_asked(found), **slope})
            loss = float(tuned.losses[place].sum(axis=1).mean())
            yield {"step": int(step), "loss": loss, **_mean(states)}


def _told(found: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of one trial, NaN where there is nothing to take them of."""
    within, across = (np.nan if cosine is None else cosine for cosine in found["cosines"])
    untold = np.nan if found["untold"] is None else found["untold"]
    seen = {f"{kind}_seen": found["attention"][kind] for kind in ("subject", "template", "filler")}
    return {**seen, "within": within, "across": across, "untold": untold}


def _asked(found: Mapping[str, Any]) -> dict[str, float]:
    held = len(found["facts"])
    wrong = {kind: found["wrong"][kind] / held for kind in KINDS}
    return {"learnt": found["learnt"], "answered": float(np.mean(found["right"])), **wrong,
            "question_seen": found["attention"]["question"]}  # fmt: skip


def _mean(states: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([state[name] for state in states])) for name in states[0]}
