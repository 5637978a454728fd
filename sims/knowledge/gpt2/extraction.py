"""Knowledge extraction from a GPT-2, as :mod:`sims.knowledge.extraction` has it of its model.

Facts, templates and the subjects that are fine-tuned on are the same draws as the small model's,
for the same seed and experiment. A fact counts as answered if every token of its value's name has
the highest logit of all, alone, after those before it; of several right values one is enough. Wrong
answers are of the same kinds, found by writing the most likely token after another; ``none`` is
what no value's name begins.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from assoc.checks import positive
from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge
from assoc.facts.tables import FactTable
from sims.engine.randomness import Source
from sims.knowledge.extraction import (
    FINE_TUNED,
    ExtractionResult,
    extraction_request,
    ways_of_telling,
)
from sims.knowledge.gpt2.network import Gpt2, check_memory, checked_parts, libraries
from sims.knowledge.gpt2.phrasings import Phrasings, in_phrasings
from sims.knowledge.gpt2.training import BLOCK, FINE_TUNING, LOW_RANK, PRE_TRAINING
from sims.knowledge.gpt2.trials import extract
from sims.knowledge.gpt2.writing import Writing, sizes_in_names
from sims.knowledge.tables import (
    TABLE_TUNED,
    TableExtraction,
    ToldTable,
    numbered_also,
    numbered_facts,
    subject_order,
    tell_rows,
)
from sims.knowledge.training import Descent
from sims.knowledge.trials import Told, draw_trials
from sims.sweeps.tasks import Progress, Task, sweep

__all__ = ["gpt2_extraction", "gpt2_point", "gpt2_table_extraction", "gpt2_table_point"]

MODEL = "gpt2"


def gpt2_point(
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
    told, trials, seed, experiment, popularity : as for
        :func:`sims.knowledge.trials.extraction_point`.
    request : the other arguments of :func:`sims.knowledge.gpt2.trials.extract`, as plain values.
    """
    source, given = draw_trials(
        Told(**told), trials=trials, seed=seed, experiment=experiment, popularity=popularity
    )
    return extract(given, source, **_read(request))


def gpt2_table_point(
    *,
    facts: Sequence[Sequence[int]],
    templates: int,
    multiplicity: int,
    trials: int,
    seed: int,
    experiment: str,
    names: Mapping[str, Any] | None,
    also: Sequence[Sequence[int]] = (),
    popularity: float = 0.0,
    **request: Any,
) -> dict[str, Any]:
    """Measure one (K, |R|) of a table: the point of a stored sweep.

    Parameters
    ----------
    facts, templates, multiplicity, trials, seed, experiment, also, popularity : as for
        :func:`sims.knowledge.tables.table_point`.
    names : ``subjects``, ``answers``, ``told`` and ``asked`` of
        :func:`sims.knowledge.gpt2.phrasings.in_phrasings`; None for a token each.
    request : the other arguments of :func:`sims.knowledge.gpt2.trials.extract`, as plain values.
    """
    rows = np.asarray(facts, dtype=np.intp)
    S, A, M = (int(n) + 1 for n in rows.max(axis=0))
    source = Source(seed, experiment, (S, A, M, len(rows), templates, multiplicity))
    given = [
        tell_rows(rows, templates, multiplicity, source, t, also=also, popularity=popularity)
        for t in range(trials)
    ]

    def in_words(one: Knowledge, trial: int) -> Writing:
        texts = names or {}
        by_number = np.argsort(subject_order(S, source, trial))
        return in_phrasings(**{**texts, "subjects": [texts["subjects"][s] for s in by_number]})

    writing = None if names is None else in_words
    return extract(given, source, writing=writing, **_read(request))


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of an extraction from plain values."""
    trainings = {name: Descent(**request[name]) for name in ("pre_training", "fine_tuning")}
    return {**request, **trainings, "network": Gpt2(**request["network"])}


def _request(network: Gpt2, parts: Any, **request: Any) -> dict[str, Any]:
    """Return checked arguments of a measurement, as JSON can hold them."""
    rank = request["rank"]
    if request["fine_tuning"] is None:
        request["fine_tuning"] = FINE_TUNING if rank is None else LOW_RANK
    checked = extraction_request(model="attention", width=1, parts=parts, **request)
    for name in ("model", "width", "spectra", "predicted"):
        del checked[name]
    if not isinstance(network, Gpt2):
        raise InputError(f"network {network!r} is not a Gpt2")
    if rank is not None and rank > network.d:
        raise InputError(f"rank r = {rank} is more than d = {network.d}")
    checked_parts(parts, network, rank)
    libraries()
    return {**checked, "network": asdict(network)}


def gpt2_extraction(
    told: Told | None = None,
    *,
    multiplicities: int | Sequence[int] | None = None,
    templates: int | Sequence[int] | None = None,
    fine_tuned: int | Sequence[int] = FINE_TUNED,
    network: Gpt2 | None = None,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent | None = None,
    parts: Sequence[str] | None = None,
    rank: int | None = None,
    asked: int | None = None,
    popularity: float = 0.0,
    trials: int = 3,
    seed: int = 0,
    experiment: str = "knowledge",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int = 1,
) -> ExtractionResult:
    """Measure what a GPT-2 answers about subjects whose questions were not trained on.

    Parameters
    ----------
    told : sizes of what is told; None stands for ``Told()``.
    multiplicities, templates : K and |R|, or several, all pairs with K <= |R|; None means those of
        ``told``.
    fine_tuned : N_f, or several; each below the number of subjects.
    network : sizes of the model; None stands for ``Gpt2()``.
    pre_training : how, read as :mod:`sims.knowledge.gpt2.training` says.
    fine_tuning : how; None means :data:`sims.knowledge.gpt2.training.FINE_TUNING`, or
        :data:`sims.knowledge.gpt2.training.LOW_RANK` with a rank.
    parts, rank : of the fine-tuning; see :func:`sims.knowledge.gpt2.network.tunable`.
    asked, popularity, trials, seed, experiment : as for
        :func:`sims.knowledge.extraction.knowledge_extraction`, with the same draws.
    store, progress, workers : as for :func:`sims.knowledge.extraction.phase_diagram`.

    Raises
    ------
    InputError
        If an argument is out of range, the extra ``lm`` is missing, the model does not fit in
        memory, the store cannot be used, or a point fails.
    """
    built = Gpt2() if network is None else network
    request = _request(
        built, parts, fine_tuned=fine_tuned, pre_training=pre_training, fine_tuning=fine_tuning,
        rank=rank, asked=asked, popularity=popularity, trials=trials, seed=seed,
        experiment=experiment,
    )  # fmt: skip
    base = asdict(Told() if told is None else told)
    points = [
        _checked(Told(**{**base, "templates": R, "multiplicity": K}), built, request, workers)
        for R, K in ways_of_telling(
            _several(templates, base["templates"]), _several(multiplicities, base["multiplicity"])
        )
    ]
    work = f"{gpt2_point.__module__}:{gpt2_point.__name__}"
    tasks = [
        Task(f"R={one.templates} K={one.multiplicity}", work, {"told": asdict(one), **request})
        for one in points
    ]
    same = {name: size for name, size in base.items() if name not in {"templates", "multiplicity"}}
    swept = sweep(
        tasks, store=store, workers=workers, progress=progress,
        request={"sweep": "knowledge extraction by gpt2", **same, **request},
    )  # fmt: skip
    return ExtractionResult(MODEL, tuple(points), swept.complete())


def _several(listed: Any, usual: int) -> Any:
    if listed is None:
        return [usual]
    return [listed] if np.ndim(listed) == 0 else listed


def _checked(told: Told, network: Gpt2, request: Mapping[str, Any], workers: int) -> Told:
    """Refuse, before anything is trained, what cannot be drawn, asked for or kept."""
    if told.fillers:
        raise InputError(f"fillers Z = {told.fillers}: GPT-2 has positions, and is told none")
    values = told.values if told.shared else told.values * told.attributes
    words = told.attributes * (told.templates + 1)
    vocabulary, length = sizes_in_names(told.subjects, values, words, network.name_tokens)
    facts = told.subjects * told.attributes
    _check_fit(
        network, vocabulary, length, facts * told.multiplicity, facts * told.templates,
        told.subjects, request, workers,
    )  # fmt: skip
    told.draw(Source(request["seed"], request["experiment"], told.point), 0)
    _check_left(request, told.subjects, told.attributes)
    return told


def _check_fit(
    network: Gpt2, vocabulary: int, length: int, sentences: int, sayable: int, subjects: int,
    request: Mapping[str, Any], workers: int,
) -> None:  # fmt: skip
    """Refuse what does not fit in memory: a law for each subject, and one for each next token."""
    check_memory(
        network, vocabulary=vocabulary, length=length, sentences=sentences,
        laws=length * subjects + vocabulary, batch=request["pre_training"]["batch"],
        evaluated=min(sayable, BLOCK), trials=request["trials"],
        workers=positive(workers, "workers"),
    )  # fmt: skip


def _check_left(request: Mapping[str, Any], subjects: int, attributes: int) -> None:
    """Refuse numbers of subjects and attributes that leave nothing to ask for."""
    if not request["fine_tuned"] or max(request["fine_tuned"]) >= subjects:
        raise InputError(f"N_f = {request['fine_tuned']} leaves none of S = {subjects}")
    if request["asked"] is not None and request["asked"] > attributes:
        raise InputError(f"asked = {request['asked']} of A = {attributes} attributes")


def gpt2_table_extraction(
    table: FactTable,
    *,
    relations: Sequence[str] | None = None,
    phrasings: Mapping[str, Phrasings] | None = None,
    templates: int | Sequence[int] = 8,
    multiplicities: int | Sequence[int] = (1, 2, 4),
    fine_tuned: int | Sequence[int] = TABLE_TUNED,
    network: Gpt2 | None = None,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent | None = None,
    parts: Sequence[str] | None = None,
    rank: int | None = None,
    popularity: float = 0.0,
    trials: int = 3,
    seed: int = 0,
    experiment: str = "knowledge table",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int = 1,
) -> TableExtraction:
    """Tell a GPT-2 the facts of a table, show how some subjects are asked for, ask for the others.

    Parameters
    ----------
    table, relations : as for :func:`sims.knowledge.tables.table_extraction`.
    phrasings : of each relation, in words; answers of two relations with one name are then one
        value. None means a token for each subject, template, question and value of a relation.
    templates, multiplicities : |R| and K, or several; of phrasings the first |R| are told.
    fine_tuned, network, pre_training, fine_tuning : as for :func:`gpt2_extraction`.
    parts, rank, popularity, trials, seed, experiment, store, progress, workers : the same.

    Raises
    ------
    InputError
        As for :func:`gpt2_extraction`; or if the table has no such relation, or too few phrasings
        of a relation.
    """
    chosen = table if relations is None else table.restricted(relations)
    built, S = Gpt2() if network is None else network, len(chosen.subjects)
    request = _request(
        built, parts, fine_tuned=fine_tuned, pre_training=pre_training, fine_tuning=fine_tuning,
        rank=rank, asked=None, popularity=popularity, trials=trials, seed=seed,
        experiment=experiment,
    )  # fmt: skip
    _check_left(request, S, len(chosen.relations))
    if built.name_tokens > 1:
        raise InputError("names of a table are of as many tokens as they have words: phrasings")
    facts, also = (numbered_facts(chosen), numbered_also(chosen)) if phrasings is None else (
        chosen.facts, chosen.also
    )  # fmt: skip
    ways = ways_of_telling(_several(templates, 8), _several(multiplicities, 1))
    points = [ToldTable(R, K, shared=phrasings is not None) for R, K in ways]
    tasks = []
    for one in points:
        names = None if phrasings is None else _names(chosen, phrasings, one.templates)
        words = len(chosen.relations) * (one.templates + 1)
        values = 1 + max(int(facts[:, 2].max()), int(also[:, 1].max(initial=0)))
        vocabulary, length = sizes_in_names(S, values, words, 1)
        if names is not None:
            written = in_phrasings(**names)
            vocabulary, length = written.vocabulary, written.length
        _check_fit(
            built, vocabulary, length, len(chosen.told) * one.multiplicity,
            len(facts) * one.templates, S, request, workers,
        )  # fmt: skip
        tasks.append(Task(
            f"R={one.templates} K={one.multiplicity}",
            f"{gpt2_table_point.__module__}:{gpt2_table_point.__name__}",
            {"facts": facts.tolist(), "also": also.tolist(), "templates": one.templates,
             "multiplicity": one.multiplicity, "names": names, **request},
        ))  # fmt: skip
    digest = zlib.crc32(repr((facts.tolist(), also.tolist(), tasks[0].arguments["names"])).encode())
    swept = sweep(
        tasks, store=store, workers=workers, progress=progress,
        request={"sweep": "knowledge of a table by gpt2", "facts": digest, **request},
    )  # fmt: skip
    return TableExtraction(MODEL, tuple(points), swept.complete(), chosen)


def _names(
    table: FactTable, phrasings: Mapping[str, Phrasings], templates: int
) -> dict[str, list[Any]]:
    """Return the words in which a table is told and asked for, by its own numbers."""
    for relation in table.relations:
        if relation not in phrasings:
            raise InputError(f"no phrasings of relation {relation!r}")
        there = len(phrasings[relation].told)
        if there < templates:
            raise InputError(
                f"{there} phrasings of relation {relation!r}, where templates |R| = {templates}"
            )
    told = [list(phrasings[relation].told[:templates]) for relation in table.relations]
    return {
        "subjects": list(table.subjects), "answers": list(table.answers), "told": told,
        "asked": [phrasings[relation].asked for relation in table.relations],
    }  # fmt: skip
