"""Real facts in a linear memory: every (subject, relation) a random key, answers as outputs."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.catalogue import blamed
from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.facts.maps import class_sizes, evened
from assoc.facts.tables import FactTable, read_facts
from assoc.memories.decoding import certified_margins, margins, memory_outputs
from assoc.memories.memory import Build, Memory, memory_bits, memory_parameters
from sims.engine.bracketing import bracket
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS, Source
from sims.memories.construction import Construction, Size
from theory.claims import Condition
from theory.facts.effort import UNSEEN, Watcher, asking
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
    rounding: str | None = None,
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
        predicted probability 0.99.
    rank, width, degree : what the memory needs.
    bits, rounding : b to which weights are rounded, and how; see
        :func:`sims.memories.recall.measure`.
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
    table = read_facts(path)
    construction = Construction(memory, rank, bits, width, degree, rounding)
    N, M = len(table), len(table.answers)
    f, also = evened(table.facts[:, 2], M, table.also)
    table = replace(table, facts=np.column_stack([table.facts[:, :2], f]), also=also)
    classes = classes_of_facts(f, M, also)
    if d is None:
        watcher.see(construction.label(), "planning d")
        d = _planned_dimension(construction, classes, N)
    stored = _store(construction, table, d, seed, watcher)
    right = 1 + np.bincount(table.also[:, 0], minlength=N)
    known = predictable(construction, classes)
    return MemoryFactsResult(
        file=table.source,
        memory=construction.label(d),
        seed=seed,
        d=d,
        facts=N,
        several=table.several,
        answers=M,
        recall=float((stored.margins > 0).mean()),
        certified=stored.certified,
        predicted=expected_recall(construction, d=d, N=N, facts=classes) if known else None,
        predicted_all=all_recalled(construction, d=d, N=N, facts=classes) if known else None,
        parameters=memory_parameters(stored.memory),
        bits=memory_bits(stored.memory),
        bits_bound=float(np.log2(M / right).sum()),
        conditions=_conditions(table, class_sizes(f, M)),
        forgotten=stored.forgotten,
        notes=table.notes,
    )


@dataclass(frozen=True, eq=False)
class _Stored:
    """A memory that was built on a table, and how it answered."""

    memory: Memory
    margins: Floats  # (N,)
    certified: float | None  # share of the facts; None where the memory does not say
    forgotten: tuple[tuple[str, str, str, str], ...]


def _store(
    construction: Construction, table: FactTable, d: int, seed: int, watcher: Watcher
) -> _Stored:
    """Draw keys and outputs, build the memory and ask it for every fact.

    Raises
    ------
    InputError
        If the dimension is too small, or too large for what there is of memory.
    """
    if d < 2:
        raise InputError(f"d = {d}: a dimension of at least 2 is needed")
    N, M, f = len(table), len(table.answers), table.facts[:, 2]
    what = f"{construction.label(d)}, d = {d:,}"
    watcher.expect(what, asking(N, M, d))
    watcher.see(what, "storing the facts")
    source = Source(seed, "facts", (d,))
    E = sphere(N, d, rng=source.generator(0, INPUTS))
    U = sphere(M, d, rng=source.generator(0, OUTPUTS))
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
            said = (memory_outputs(memory, E[lost], d) @ U.T).argmax(axis=1)
    forgotten = tuple(
        (table.subjects[s], table.relations[r], table.answers[a], table.answers[y])
        for (s, r, a), y in zip(table.facts[lost], said, strict=True)
    )
    return _Stored(memory, margin, certified, forgotten)


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


def _conditions(table: FactTable, sizes: Integers) -> tuple[Condition, ...]:
    """Check the hypotheses of ``linear-capacity``, given how many facts have each answer."""
    largest = int(sizes.argmax())
    injective = bool(sizes.max() <= 1)
    shared = table.shared_answers
    example = next(iter(shared), "")
    return (
        Condition("uniform on the sphere", True, "keys and outputs drawn so", "by construction"),
        Condition(
            "f injective",
            injective,
            f"{int(sizes.max())} facts answer {table.answers[largest]!r}",
            "one input per output",
            "" if injective else "none needed: d is planned by the non-injective law",
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
