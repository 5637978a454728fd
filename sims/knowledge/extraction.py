r"""Knowledge extraction: pre-train on sentences, fine-tune on some subjects' questions, ask others.

A trial draws facts, templates and weights, trains on all sentences, then on the questions of the
first N_f subjects, and is asked about the others. A fact counts as answered if the logit of its
value, or of one of them if several are right, is above that of every other token, in double
precision, with the last weights, whatever the fillers. Wrong answers are, the first that applies,

===========  ==============================================================================
``own``      a value of another attribute of the same subject
``tuned``    the value of a fine-tuned fact of the same attribute
``set``      another value that the attribute has
``other``    any other value
``none``     no value: another token, as the templates that follow a subject in what was told
===========  ==============================================================================
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive, trial_count
from assoc.errors import InputError
from assoc.facts.telling import check_exponent
from sims.engine.randomness import Source
from sims.engine.results import Result, new_axes
from sims.engine.statistics import proportion_interval
from sims.knowledge.linearised import check_predictable
from sims.knowledge.model import WIDTH, check_network
from sims.knowledge.training import FINE_TUNING, PRE_TRAINING, Descent
from sims.knowledge.trials import Told, check_sizes, extraction_point
from sims.knowledge.verdicts import KINDS, rank_ranges
from sims.sweeps.tasks import Progress, Task, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "FINE_TUNED",
    "PREDICTIONS",
    "ExtractionResult",
    "extraction_request",
    "knowledge_extraction",
    "phase_diagram",
    "predicted_share",
    "ways_of_telling",
]

FINE_TUNED = (2, 4, 8, 32)
"""N_f unless others are asked for."""

PREDICTIONS = ("superposed", "linearised")
"""What is predicted of each held-out fact: whether it is answered."""

ROUNDING = 1e-12
"""Nats of a floor that is no more than rounding."""


@dataclass(frozen=True, repr=False)
class ExtractionResult(Result):
    """Pre-training and fine-tuning at one or several points.

    Parameters
    ----------
    model : one of :data:`sims.knowledge.model.MODELS`.
    told : :class:`sims.knowledge.trials.Told` of each point.
    values : of each point, as :func:`sims.knowledge.trials.extract` returns them.
    """

    model: str
    told: tuple[Any, ...]
    values: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        return f"ExtractionResult({self.model}, {len(self.rows())} points)"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record for each point and N_f, over all trials.

        Intervals are the exact binomial ones, as if facts of a trial were independent.
        """
        rows = []
        for told, value in zip(self.told, self.values, strict=True):
            floor, excess = value["floor"], np.asarray(value["excess"])
            for tuned in value["tuned"]:
                right, covered = _flat(tuned["right"]), _flat(tuned["covered"])
                wrong = max(1, int((right == 0).sum()))
                rows.append({
                    "multiplicity": told.multiplicity, "templates": told.templates,
                    "shared": told.shared, "fine_tuned": tuned["subjects"],
                    "excess": float(excess.sum(axis=1).mean()),
                    "excess_share": _share(float(excess.sum(axis=1).max()), sum(floor)),
                    "answered": float(right.mean()),
                    "interval": proportion_interval(int(right.sum()), len(right)),
                    "learnt": float(np.mean(tuned["learnt"])),
                    "untold": _mean(value["untold"]),
                    "covered": float((covered > 0).mean()),
                    "answered_covered": _mean(right[covered > 0]),
                    "answered_uncovered": _mean(right[covered == 0]),
                    **{name: predicted_share(tuned.get(name)) for name in PREDICTIONS},
                    **{f"wrong_{kind}": sum(of[kind] for of in tuned["wrong"]) / wrong
                       for kind in KINDS},
                })  # fmt: skip
        return rows

    def by_popularity(self) -> list[dict[str, Any]]:
        """Return one record for each point, N_f and range of ranks, over all trials.

        ``elsewhere`` is the share of templates in which the facts were not told that they are
        rightly completed in after pre-training, before any question: a prediction of what is
        answered, if a question is worth one more such template. None where K = |R|.
        """
        rows = []
        for told, value in zip(self.told, self.values, strict=True):
            for tuned in value["tuned"]:
                ranks, right = _flat(tuned["rank"]), _flat(tuned["right"])
                before = _elsewhere(value, tuned)
                for low, high in rank_ranges(int(ranks.max())):
                    here = (ranks >= low) & (ranks <= high)
                    if not here.any():
                        continue
                    rows.append({
                        "multiplicity": told.multiplicity, "templates": told.templates,
                        "fine_tuned": tuned["subjects"], "ranks": f"{low} to {high}",
                        "questions": int(here.sum()), "answered": float(right[here].mean()),
                        "interval": proportion_interval(int(right[here].sum()), int(here.sum())),
                        **{name: predicted_share(tuned.get(name), here) for name in PREDICTIONS},
                        "elsewhere": None if before is None else float(before[here].mean()),
                    })  # fmt: skip
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, with those of every trial and fact."""
        told = [asdict(one) for one in self.told]
        return {**super().to_dict(), "model": self.model, "told": told, "values": self.values}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the share of answered facts over N_f, a curve for each K and |R|."""
        ax = new_axes(ax)
        curves: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for row in self.rows():
            key = (row["multiplicity"], row["templates"])
            curves.setdefault(key, []).append((row["fine_tuned"], row["answered"]))
        for (K, R), points in curves.items():
            ax.plot(*zip(*sorted(points), strict=True), marker="o", label=f"K = {K}, |R| = {R}")
        ax.set(xlabel="fine-tuned subjects", ylabel="held-out facts answered", ylim=(0, 1.02))
        ax.set_xscale("log", base=2)
        ax.legend()
        return ax


def _flat(trials: Any) -> NDArray[Any]:
    return np.concatenate([np.asarray(one) for one in trials])


def predicted_share(trials: Any, here: Any = slice(None)) -> float | None:
    """Return the share of some facts that are predicted to be answered.

    Parameters
    ----------
    trials : whether each held-out fact is, by trial; None if nothing is predicted.
    here : which facts, of all trials; the share of none is None.
    """
    if trials is None or None in trials:
        return None
    found = _flat(trials)[here]
    return float(found.mean()) if len(found) else None


def _elsewhere(value: Mapping[str, Any], tuned: Mapping[str, Any]) -> NDArray[Any] | None:
    """Share of templates it was not told in that each held-out fact is completed in."""
    if any(None in of for of in value["elsewhere"]):
        return None
    of_trials = zip(value["elsewhere"], tuned["facts"], strict=True)
    return _flat([np.asarray(of)[facts] for of, facts in of_trials])


def _share(excess: float, floor: float) -> float | None:
    """None where nothing but rounding is left to guess: every sentence ends in the same answer."""
    return excess / floor if floor > ROUNDING else None


def _mean(values: Any) -> float | None:
    return float(np.mean(values)) if np.size(values) else None


def knowledge_extraction(
    told: Told | None = None,
    *,
    fine_tuned: int | Sequence[int] = FINE_TUNED,
    model: str = "attention-mlp",
    width: int = WIDTH,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent = FINE_TUNING,
    parts: Sequence[str] | None = None,
    rank: int | None = None,
    asked: int | None = None,
    spectra: bool = False,
    predicted: bool = False,
    popularity: float = 0.0,
    trials: int = 3,
    seed: int = 0,
    experiment: str = "knowledge",
) -> ExtractionResult:
    """Measure what is answered about subjects whose questions were not trained on.

    Parameters
    ----------
    told : sizes of what is told; None stands for ``Told()``.
    fine_tuned : N_f, or several; each below the number of subjects.
    model, width : of the model; see :mod:`sims.knowledge.model`.
    pre_training, fine_tuning : how.
    parts, rank : of the fine-tuning; see :func:`sims.knowledge.training.train_contexts`.
    asked : how many attributes, the first ones, questions are about; None means all.
    spectra : whether singular values of the fine-tuning's gradient are measured.
    predicted : whether what is answered to first order (:mod:`sims.knowledge.linearised`) is
        computed as well.
    popularity : exponent of Zipf's law by which subjects are told; 0 for all as often. Ranks are
        drawn; facts are the same draws for every exponent.
    trials : with facts, templates and weights of their own.
    seed, experiment : with the sizes told and the trial they determine every random number.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    request = extraction_request(
        fine_tuned=fine_tuned, model=model, width=width, pre_training=pre_training,
        fine_tuning=fine_tuning, parts=parts, rank=rank, asked=asked, spectra=spectra,
        predicted=predicted, popularity=popularity, trials=trials, seed=seed, experiment=experiment,
    )  # fmt: skip
    one = _checked(Told() if told is None else told, request)
    value = extraction_point(told=asdict(one), **request)
    return ExtractionResult(model, (one,), (value,))


def phase_diagram(
    *,
    multiplicities: Sequence[int] = (1, 2, 4, 8),
    templates: Sequence[int] = (8, 12, 16),
    told: Told | None = None,
    fine_tuned: Sequence[int] = FINE_TUNED,
    model: str = "attention-mlp",
    width: int = WIDTH,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent = FINE_TUNING,
    predicted: bool = False,
    popularity: float = 0.0,
    trials: int = 3,
    seed: int = 0,
    experiment: str = "knowledge",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int = 1,
) -> ExtractionResult:
    """Measure every K, |R| and N_f; each pre-training serves all N_f.

    Parameters
    ----------
    multiplicities, templates : K and |R|, all pairs with K <= |R|.
    told : the other sizes.
    fine_tuned, model, width, pre_training, fine_tuning : as for :func:`knowledge_extraction`.
    predicted, popularity, trials, seed, experiment : the same.
    store : file that every finished (K, |R|) is added to, and resumed from.
    progress : called at the start and after each point.
    workers : processes that compute points.

    Raises
    ------
    InputError
        If an argument is out of range, the store cannot be used, or a point fails.
    """
    base = asdict(Told() if told is None else told)
    request = extraction_request(
        fine_tuned=fine_tuned, model=model, width=width, pre_training=pre_training,
        fine_tuning=fine_tuning, predicted=predicted, popularity=popularity, trials=trials,
        seed=seed, experiment=experiment,
    )  # fmt: skip
    points = [
        _checked(Told(**{**base, "templates": R, "multiplicity": K}), request)
        for R, K in ways_of_telling(templates, multiplicities)
    ]
    work = f"{extraction_point.__module__}:{extraction_point.__name__}"
    tasks = [
        Task(f"R={one.templates} K={one.multiplicity}", work, {"told": asdict(one), **request})
        for one in points
    ]
    shared = {name: value for name, value in base.items()
              if name not in {"templates", "multiplicity"}}  # fmt: skip
    swept = sweep(
        tasks, store=store, workers=workers, progress=progress,
        request={"sweep": "knowledge extraction", **shared, **request},
    )  # fmt: skip
    return ExtractionResult(model, tuple(points), swept.complete())


def ways_of_telling(
    templates: Sequence[int], multiplicities: Sequence[int]
) -> list[tuple[int, int]]:
    """Return all pairs (|R|, K) with K <= |R|.

    Parameters
    ----------
    templates, multiplicities : |R| and K.

    Raises
    ------
    InputError
        If a number is not positive, or there is no such pair.

    Examples
    --------
    >>> ways_of_telling((2, 4), (1, 3))
    [(2, 1), (4, 1), (4, 3)]
    """
    several = [positive(R, "templates |R|") for R in templates]
    often = [positive(K, "multiplicity K") for K in multiplicities]
    pairs = [(R, K) for R in several for K in often if K <= R]
    if not pairs:
        raise InputError(f"no K of {often} is at most an |R| of {several}")
    return pairs


def extraction_request(
    *,
    fine_tuned: Any,
    model: str,
    width: Any,
    pre_training: Any,
    fine_tuning: Any,
    trials: Any,
    seed: int,
    experiment: str,
    parts: Any = None,
    rank: Any = None,
    asked: Any = None,
    spectra: bool = False,
    predicted: bool = False,
    popularity: float = 0.0,
) -> dict[str, Any]:
    """Return checked arguments of a measurement, as JSON can hold them.

    Parameters are those of :func:`knowledge_extraction`.

    Raises
    ------
    InputError
        If one is out of range by itself.
    """
    listed: Any = [fine_tuned] if np.ndim(fine_tuned) == 0 else fine_tuned
    for name, rule in (("pre_training", pre_training), ("fine_tuning", fine_tuning)):
        if not isinstance(rule, Descent):
            raise InputError(f"{name} {rule!r} is not a Descent")
    check_network(model, width)
    if predicted:
        check_predictable(model, fine_tuning, parts, rank)
    Source(seed, experiment, ())
    return {
        "fine_tuned": list(dict.fromkeys(positive(one, "N_f") for one in listed)),
        "model": model, "width": width,
        "pre_training": asdict(pre_training), "fine_tuning": asdict(fine_tuning),
        "parts": None if parts is None else list(parts),
        "rank": None if rank is None else positive(rank, "rank r"),
        "asked": None if asked is None else positive(asked, "asked"),
        "spectra": bool(spectra), "predicted": bool(predicted),
        "popularity": check_exponent(popularity), "trials": trial_count(trials), "seed": seed,
        "experiment": experiment,
    }  # fmt: skip


def _checked(told: Told, request: Mapping[str, Any]) -> Told:
    """Refuse, before anything is trained, what cannot be drawn or asked for."""
    check_sizes(told.vocabulary, told.contexts, request["width"], request["trials"])
    told.draw(Source(request["seed"], request["experiment"], told.point), 0)
    if not request["fine_tuned"] or max(request["fine_tuned"]) >= told.subjects:
        raise InputError(f"N_f = {request['fine_tuned']} leaves none of S = {told.subjects}")
    if request["asked"] is not None and request["asked"] > told.attributes:
        raise InputError(f"asked = {request['asked']} of A = {told.attributes} attributes")
    return told
