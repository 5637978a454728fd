"""Real facts in one memory: every (subject, relation) a key, answers as outputs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.catalogue import blamed
from assoc.errors import InputError
from assoc.facts.maps import class_sizes, evened
from assoc.facts.tables import FactTable, read_facts
from assoc.memories.decoding import certified_margins, margins, memory_outputs
from assoc.memories.memory import Build, Memory, memory_bits, memory_parameters
from assoc.vectors.named import NamedVectors, VectorPair, as_named
from sims.engine.bracketing import bracket
from sims.engine.randomness import MEMORY, Source
from sims.memories.construction import Construction, Size
from theory.bounds.answer_sets import answer_sets_range
from theory.claims import Condition
from theory.facts.effort import UNSEEN, Watcher, asking
from theory.facts.keys import Keys, draw_keys, name_keys
from theory.facts.results import MemoryFactsResult
from theory.memories.classes import classes_of_facts
from theory.memories.interference import Classes
from theory.memories.recall import all_recalled, expected_recall, predictable

__all__ = ["facts_in_memory"]

TARGET = 0.99
"""Predicted probability of recalling everything that a dimension is planned for."""

STEP = 16
"""Dimensions that are planned are multiples of it."""

LARGEST = 2**16
"""Largest dimension that is planned."""


def facts_in_memory(
    path: str | Path | FactTable,
    *,
    memory: str | Build = "linear",
    d: int | None = None,
    rank: Size | None = None,
    bits: int | None = None,
    width: Size | None = None,
    degree: int | None = None,
    gates: str | None = None,
    omega: float | None = None,
    rounding: str | None = None,
    embeddings: NamedVectors | VectorPair | None = None,
    preprocess: str = "none",
    key: str = "sum",
    seed: int = 0,
    watcher: Watcher = UNSEEN,
) -> MemoryFactsResult:
    """Store a fact table in a memory and ask for every fact.

    Where several answers of a fact are right (``several="any"`` of
    :func:`assoc.facts.tables.read_facts`) any of them is a good answer, and one is stored: that
    which makes answers most evenly shared (:func:`assoc.facts.maps.evened`), since what interferes
    are large classes. To store all would be to store more facts (docs/derivations.md, C.6).

    Parameters
    ----------
    path : table of facts, or its file, as for :func:`assoc.facts.tables.read_facts`.
    memory : a memory's name, ``package.module:function``, or a build function itself.
    d : dimension; None plans the least multiple of 16 at which all facts are recalled with
        predicted probability 0.99, or takes that of the embeddings.
    rank, width, degree, gates, omega : what the memory needs, and may be given.
    bits, rounding : b to which weights are rounded, and how (:func:`sims.memories.recall.measure`).
    embeddings, preprocess, key : vectors in place of random ones, what is done to them, and how
        they become keys: see :func:`theory.facts.keys.name_keys`. There is no prediction then.
    seed : of the random keys and outputs.
    watcher : is told what a matrix of this size would take, and then what is being done.

    Returns
    -------
    MemoryFactsResult

    Raises
    ------
    InputError
        If the file or an argument is bad, or there is no prediction to plan d by.

    Examples
    --------
    >>> from assoc import example_path
    >>> facts_in_memory(example_path("countries.csv"), d=512).facts
    1747
    """
    table = _evened(read_facts(path))
    construction = Construction(memory, rank, bits, width, degree, rounding, gates, omega)
    N, M = len(table), len(table.answers)
    classes = classes_of_facts(table.facts[:, 2], M, table.also)
    if embeddings is not None:
        d = as_named(embeddings).dimension(d)
    elif (preprocess, key) != ("none", "sum"):
        raise InputError(f"preprocess {preprocess!r} and key {key!r} are for embeddings")
    elif d is None:
        watcher.see(construction.label(), "planning d")
        d = _planned_dimension(construction, classes, N)
    source = Source(seed, "facts", (d,))
    make_keys = _maker_of_keys(table, d, source, embeddings, preprocess, key)
    stored = _store(construction, table, make_keys, d, source, watcher)
    known = embeddings is None and predictable(construction, classes)
    return MemoryFactsResult(
        file=table.source, memory=construction.label(d),
        embeddings=stored.keys.origin,
        seed=seed, d=d, facts=N, answers=M,
        several=table.several,
        predicted=expected_recall(construction, d=d, N=N, facts=classes) if known else None,
        predicted_all=all_recalled(construction, d=d, N=N, facts=classes) if known else None,
        **_bits(table),
        conditions=(*stored.keys.conditions, *_conditions(table, planned=known)),
        notes=table.notes + stored.keys.notes,
        **stored.record(),
    )  # fmt: skip


def _evened(table: FactTable) -> FactTable:
    """Return a table whose facts are told with that right answer which is stored."""
    f, also = evened(table.facts[:, 2], len(table.answers), table.also)
    return replace(table, facts=np.column_stack([table.facts[:, :2], f]), also=also)


def _maker_of_keys(
    table: FactTable,
    d: int,
    source: Source,
    embeddings: NamedVectors | VectorPair | None,
    preprocess: str,
    key: str,
) -> Callable[[], Keys]:
    if embeddings is None:
        return partial(draw_keys, table, d, source)
    return partial(name_keys, table, embeddings, preprocess=preprocess, key=key)


def _bits(table: FactTable) -> dict[str, Any]:
    """Bits that any model of such tables needs, and with which some model holds them all.

    To a memory every (subject, relation) is one key, and equal answers are one output: a table is
    a map of N keys into M answers, as of one relation.
    """
    M = len(table.answers)
    right = 1 + np.bincount(table.also[:, 0], minlength=len(table))
    needed, enough = answer_sets_range([(right.tolist(), M)], M)
    return {"bits_bound": needed, "bits_enough": enough}


@dataclass(frozen=True, eq=False)
class _Stored:
    """A memory that was built on a table, and how it answered."""

    keys: Keys
    memory: Memory
    margins: Floats  # (N,)
    certified: float | None  # share of the facts; None where the memory does not say
    forgotten: tuple[tuple[str, str, str, str], ...]

    def record(self) -> dict[str, Any]:
        """Return what a result says of it."""
        return {
            "recall": float((self.margins > 0).mean()),
            "certified": self.certified,
            "parameters": memory_parameters(self.memory),
            "bits": memory_bits(self.memory),
            "forgotten": self.forgotten,
        }


def _store(
    construction: Construction,
    table: FactTable,
    make_keys: Callable[[], Keys],
    d: int,
    source: Source,
    watcher: Watcher,
) -> _Stored:
    """Make keys and outputs, build the memory and ask it for every fact.

    Raises
    ------
    InputError
        If there are none, or the dimension is too large for what there is of memory.
    """
    what = f"{construction.label(d)}, d = {d:,}"
    # Of other memories it is known how large they are, and not what it takes to fit them.
    sized = what if construction.memory == "linear" else f"{what}, were it a sum of outer products"
    watcher.expect(sized, asking(len(table), len(table.answers), d))
    watcher.see(what, "storing the facts")
    keys = make_keys()
    E, U, f = keys.E, keys.U, table.facts[:, 2]
    memory = construction.build(d)(E, U, f, rng=source.generator(0, MEMORY))
    watcher.see(what, "asking for every fact")
    certified, said = None, np.empty(0, np.intp)
    with blamed(construction.memory):
        if hasattr(memory, "rounding_error"):
            judged = certified_margins(memory, E, U, f, table.also)
            margin, certified = judged.margin, float(judged.certified.mean())
        else:
            margin = margins(memory, E, U, f, table.also)
        lost = np.flatnonzero(margin <= 0)
        # No memory is asked about no inputs: the user's own need not know what to answer.
        if lost.size:
            said = (memory_outputs(memory, E[lost], U.shape[1]) @ U.T).argmax(axis=1)
    forgotten = tuple(
        (table.subjects[s], table.relations[r], table.answers[a], table.answers[y])
        for (s, r, a), y in zip(table.facts[lost], said, strict=True)
    )
    return _Stored(keys, memory, margin, certified, forgotten)


def _planned_dimension(construction: Construction, classes: Classes, N: int) -> int:
    """Least multiple of STEP at which everything is recalled with the target probability.

    Raises
    ------
    InputError
        If there is no prediction, or no dimension up to LARGEST is enough.
    """
    if not predictable(construction, classes):
        # What is wrong with the memory itself is said first.
        construction.build(LARGEST)
        raise InputError(f"no prediction to plan {construction.label()!r} by; give d")
    fixed = str(construction.rank)
    rank = int(fixed) if fixed.isdecimal() else 1

    def enough(d: int) -> bool:
        # No fewer dimensions than the rank.
        return d >= rank and all_recalled(construction, d=d, N=N, facts=classes) >= TARGET

    _, d = bracket(enough, start=-(-rank // STEP) * STEP, limit=LARGEST, step=STEP)
    if not np.isfinite(d):
        raise InputError(
            f"{construction.label()!r}: no d up to {LARGEST} is planned to recall all "
            f"{N} facts; give d"
        )
    return int(d)


def _conditions(table: FactTable, *, planned: bool) -> tuple[Condition, ...]:
    """Check the hypotheses of ``linear-capacity`` on f."""
    sizes = class_sizes(table.facts[:, 2], len(table.answers))
    largest = int(sizes.argmax())
    injective = bool(sizes.max() <= 1)
    shared = table.shared_answers
    example = next(iter(shared), "")
    law = "d is planned by the non-injective law" if planned else "recall is counted on these facts"
    return (
        Condition(
            "f injective",
            injective,
            f"{int(sizes.max())} facts answer {table.answers[largest]!r}",
            "one input per output",
            "" if injective else f"none needed: {law}",
        ),
        Condition(
            "answers of different relations disjoint",
            not shared,
            f"{len(shared)} answers occur under several relations"
            + (f", such as {example!r} ({' and '.join(shared[example])})" if shared else ""),
            "needed by the transformer theorems only",
            "" if not shared else "none needed: here equal strings are one output",
        ),
    )
