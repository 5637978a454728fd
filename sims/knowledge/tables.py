r"""Real facts as knowledge: a fact table is told in sentences, and held-out subjects are asked for.

Each relation is an attribute with templates and values of its own, so that answers of the same name
under two relations are two values. A (subject, relation) that the table lacks is not a fact: it is
neither told nor asked for. In each trial subjects are numbered at random, so that the first N_f,
which are fine-tuned on, are a random draw, and those of a smaller N_f are among them.

Where a fact has several right answers, there is a sentence for each in every template that it is
told in, and each answers the question.

Some answers have one subject only, as capitals do. Nothing about such a value can be learnt from
other subjects; it is answered if the subject's own sentences can be asked for.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge
from assoc.facts.tables import FactTable
from assoc.facts.telling import tell_facts
from sims.engine.randomness import FACTS, INPUTS, Source
from sims.engine.statistics import proportion_interval
from sims.knowledge.extraction import (
    PREDICTIONS,
    ExtractionResult,
    extraction_request,
    predicted_share,
    ways_of_telling,
)
from sims.knowledge.model import WIDTH
from sims.knowledge.training import FINE_TUNING, Descent, suited
from sims.knowledge.trials import check_sizes, extract, told_often
from sims.knowledge.verdicts import KINDS
from sims.sweeps.tasks import Progress, Task, sweep

__all__ = [
    "TABLE_STEPS",
    "TABLE_TUNED",
    "TableExtraction",
    "ToldTable",
    "numbered_also",
    "numbered_facts",
    "subject_order",
    "table_extraction",
    "table_point",
    "tell_rows",
]

TABLE_TUNED = (4, 16, 64)
"""N_f unless others are asked for."""

TABLE_STEPS = 800
"""Steps of pre-training unless another is asked for: enough to come within 1% of the floor."""


@dataclass(frozen=True)
class ToldTable:
    """How a table is told.

    Parameters
    ----------
    templates, multiplicity : |R| of each relation, and K.
    shared : whether relations share values: never.
    """

    templates: int
    multiplicity: int
    shared: bool = False


@dataclass(frozen=True, repr=False)
class TableExtraction(ExtractionResult):
    """Pre-training and fine-tuning on the facts of a table.

    Parameters
    ----------
    table : the facts that are told; verdicts name their rows.
    """

    table: FactTable

    def __repr__(self) -> str:
        return f"TableExtraction({self.model}, {self.table!r}, {len(self.rows())} points)"

    def by_relation(self) -> list[dict[str, Any]]:
        """Return one record for each point, N_f and relation, over all trials.

        ``alone`` is the share of the questions of which no answer is another subject's,
        ``answered_alone`` that of the right ones among them. Wrong answers are shares of all wrong
        ones. Where there are none of a kind to take the share of, the value is None.
        """
        numbered, also = numbered_facts(self.table), numbered_also(self.table)
        relation, value = numbered[:, 1:].T
        every = np.concatenate([value, also[:, 1]])
        shared = np.bincount(every)[every] > 1
        single = np.ones(len(value), bool)
        single[np.concatenate([np.arange(len(value)), also[:, 0]])[shared]] = False
        rows = []
        for told, point in zip(self.told, self.values, strict=True):
            for tuned in point["tuned"]:
                facts = np.concatenate(tuned["facts"])
                questions, lonely = relation[facts], single[facts]
                right = np.concatenate(tuned["right"]) > 0
                kinds = np.concatenate(tuned["kinds"])
                for b, name in enumerate(self.table.relations):
                    here = questions == b
                    alone, wrong = here & lonely, here & ~right
                    rows.append({
                        "multiplicity": told.multiplicity, "templates": told.templates,
                        "fine_tuned": tuned["subjects"], "relation": name,
                        "questions": int(here.sum()), "answered": _share(right[here]),
                        "interval": proportion_interval(int(right[here].sum()), int(here.sum()))
                        if here.any() else None,
                        **{name: predicted_share(tuned.get(name), here) for name in PREDICTIONS},
                        "alone": _share(lonely[here]),
                        "answered_alone": _share(right[alone]),
                        **{f"wrong_{kind}": _share(kinds[wrong] == kind) for kind in KINDS},
                    })  # fmt: skip
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, with the facts by name."""
        names = (self.table.subjects, self.table.relations, self.table.answers)
        facts = [[of[i] for of, i in zip(names, row, strict=True)] for row in self.table.facts]
        return {**super().to_dict(), "by_relation": self.by_relation(), "facts": facts}


def _share(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None


def numbered_facts(table: FactTable) -> NDArray[np.intp]:
    """Number the facts (N, 3) as rows (s, b, v), values of two relations being different.

    Parameters
    ----------
    table : of which every relation is an attribute.

    Examples
    --------
    >>> rows = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 0]])
    >>> numbered_facts(FactTable(("a", "b"), ("r", "q"), ("x", "y"), rows)).tolist()
    [[0, 0, 0], [1, 0, 1], [0, 1, 2]]
    """
    return _numbered(table)[: len(table)]


def numbered_also(table: FactTable) -> NDArray[np.intp]:
    """Number what is right beside the facts (k, 2) as rows (fact, v).

    Parameters
    ----------
    table : of which every relation is an attribute.
    """
    return np.column_stack([table.also[:, 0], _numbered(table)[len(table) :, 2]])


def _numbered(table: FactTable) -> NDArray[np.intp]:
    """Rows (s, b, v) of all that is right, the facts first."""
    _, values = np.unique(table.told[:, 1:], axis=0, return_inverse=True)
    return np.column_stack([table.told[:, :2], values.ravel()])


def table_point(
    *,
    facts: Sequence[Sequence[int]],
    templates: int,
    multiplicity: int,
    trials: int,
    seed: int,
    experiment: str,
    also: Sequence[Sequence[int]] = (),
    popularity: float = 0.0,
    **request: Any,
) -> dict[str, Any]:
    """Measure one (K, |R|) of a table: the point of a stored sweep.

    Parameters
    ----------
    facts : as :func:`numbered_facts` returns them.
    templates, multiplicity : |R| and K.
    also : rows (fact, value), values that are right as well.
    trials, seed, experiment, popularity : as for :func:`table_extraction`.
    request : the other arguments of :func:`sims.knowledge.trials.extract`, trainings as fields.
    """
    rows = np.asarray(facts, dtype=np.intp)
    S, A, M = (int(n) + 1 for n in rows.max(axis=0))
    source = Source(seed, experiment, (S, A, M, len(rows), templates, multiplicity))
    given = [
        tell_rows(rows, templates, multiplicity, source, t, also=also, popularity=popularity)
        for t in range(trials)
    ]
    for name in ("pre_training", "fine_tuning"):
        request[name] = Descent(**request[name])
    return extract(given, source, **request)


def subject_order(subjects: int, source: Source, trial: int) -> NDArray[np.intp]:
    """Draw the number that each subject (S,) has in a trial."""
    return source.generator(trial, INPUTS).permutation(subjects)


def tell_rows(
    rows: Any,
    templates: int,
    multiplicity: int,
    source: Source,
    trial: int,
    *,
    also: Any = (),
    popularity: float = 0.0,
) -> Knowledge:
    """Number subjects at random, and draw the templates.

    Parameters
    ----------
    rows : (N, 3) facts (s, b, v).
    templates, multiplicity : |R| and K.
    source, trial : of the randomness.
    also : rows (fact, value), values that are right as well.
    popularity : exponent of Zipf's law by which subjects are told.
    """
    order = subject_order(int(rows[:, 0].max()) + 1, source, trial)
    told = tell_facts(
        np.column_stack([order[rows[:, 0]], rows[:, 1:]]),
        templates=templates, multiplicity=multiplicity, also=np.reshape(also, (-1, 2)),
        rng=source.generator(trial, FACTS),
    )  # fmt: skip
    return told_often(told, popularity, source, trial)


def table_extraction(
    table: FactTable,
    *,
    relations: Sequence[str] | None = None,
    templates: int | Sequence[int] = 8,
    multiplicities: Sequence[int] = (1, 2, 4),
    fine_tuned: Sequence[int] = TABLE_TUNED,
    model: str = "attention-mlp",
    width: int = WIDTH,
    pre_training: Descent | None = None,
    fine_tuning: Descent = FINE_TUNING,
    predicted: bool = False,
    popularity: float = 0.0,
    trials: int = 3,
    seed: int = 0,
    experiment: str = "knowledge table",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int = 1,
) -> TableExtraction:
    """Tell the facts of a table, show how some subjects are asked for, and ask for the others.

    Parameters
    ----------
    table : of :func:`assoc.read_facts`. Of several right answers to a fact (``several="any"``) each
        is told, in the same templates, and each is an answer.
    relations : that are told and asked for; None means all.
    templates : |R| of each relation, or several.
    multiplicities : K, all that are at most |R|.
    fine_tuned : N_f, each below the number of subjects.
    model, width, fine_tuning, predicted, popularity : as for
        :func:`sims.knowledge.extraction.knowledge_extraction`.
    pre_training : how; :func:`sims.knowledge.training.suited` to the number of subjects, with
        :data:`TABLE_STEPS`, unless it is given.
    trials : with subjects drawn, templates and weights of their own.
    seed, experiment : with sizes and the trial they determine every random number.
    store, progress, workers : as for :func:`sims.knowledge.extraction.phase_diagram`.

    Raises
    ------
    InputError
        If an argument is out of range, the table has no such relation, the store cannot be used, or
        a point fails.
    """
    chosen = table if relations is None else table.restricted(relations)
    S = len(chosen.subjects)
    request = extraction_request(
        fine_tuned=fine_tuned, model=model, width=width,
        pre_training=suited(S, popularity=popularity, steps=TABLE_STEPS)
        if pre_training is None else pre_training,
        fine_tuning=fine_tuning, predicted=predicted, popularity=popularity, trials=trials,
        seed=seed, experiment=experiment,
    )  # fmt: skip
    if not request["fine_tuned"] or max(request["fine_tuned"]) >= S:
        raise InputError(f"N_f = {request['fine_tuned']} leaves none of S = {S}")
    facts = numbered_facts(chosen)
    several: Any = [templates] if np.ndim(templates) == 0 else templates
    points = [ToldTable(R, K) for R, K in ways_of_telling(several, multiplicities)]
    also = numbered_also(chosen)
    A, M = len(chosen.relations), 1 + max(int(facts[:, 2].max()), int(also[:, 1].max(initial=0)))
    for one in points:
        told = len(chosen.told) * one.multiplicity
        check_sizes(S + (one.templates + 1) * A + M, S + told, width, request["trials"])
    work = f"{table_point.__module__}:{table_point.__name__}"
    tasks = [Task(f"R={one.templates} K={one.multiplicity}", work, _task(facts, also, one, request))
             for one in points]  # fmt: skip
    swept = sweep(
        tasks, store=store, workers=workers, progress=progress,
        request={"sweep": "knowledge of a table",
                 "facts": zlib.crc32(facts.tobytes() + also.tobytes()), **request},
    )  # fmt: skip
    return TableExtraction(model, tuple(points), swept.complete(), chosen)


def _task(
    facts: NDArray[np.intp], also: NDArray[np.intp], told: ToldTable, request: Mapping[str, Any]
) -> dict[str, Any]:
    return {"facts": facts.tolist(), "also": also.tolist(), "templates": told.templates,
            "multiplicity": told.multiplicity, **request}  # fmt: skip
