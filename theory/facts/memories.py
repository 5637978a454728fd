"""Real facts in a linear memory: every (subject, relation) a random key, answers as outputs."""

from pathlib import Path
from typing import Any

import numpy as np

from assoc.checks import MAX_BYTES
from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.facts.maps import class_sizes
from assoc.facts.tables import FactTable, read_facts
from assoc.memories.decoding import certified_margins, margins
from assoc.memories.memory import Build, memory_bits
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS, Source
from sims.memories.construction import Construction, Size
from theory.claims import Condition
from theory.facts.results import MemoryFactsResult
from theory.memories.classes import classes_of_sizes
from theory.memories.recall import all_recalled, expected_recall, predictable

__all__ = ["facts_in_memory"]

TARGET = 0.99
STEP = 16
LARGEST = 2**16


def facts_in_memory(
    path: str | Path,
    *,
    memory: str | Build = "linear",
    d: int | None = None,
    rank: Size | None = None,
    bits: int | None = None,
    width: Size | None = None,
    degree: int | None = None,
    rounding: str | None = None,
    seed: int = 0,
) -> MemoryFactsResult:
    """Store a fact table in a memory and ask for every fact.

    Parameters
    ----------
    path : CSV file with columns subject, relation, answer.
    memory : a memory's name, ``package.module:function``, or a build function itself.
    d : dimension; None plans the least multiple of 16 at which all facts are recalled with
        predicted probability 0.99.
    rank, width, degree : what the memory needs.
    bits, rounding : b to which weights are rounded, and how; see
    :func:`sims.memories.recall.measure`. seed : of the random keys and outputs.

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
    f = table.facts[:, 2]
    N, M = len(table), len(table.answers)
    sizes = class_sizes(f, M).astype(np.float64)
    d = _planned(construction, sizes) if d is None else d
    if d < 2:
        raise InputError(f"d = {d}: a dimension of at least 2 is needed")
    gigabytes = 8 * (N + M + 2 * d) * d / 1e9
    if gigabytes > MAX_BYTES / 1e9:
        raise InputError(f"d = {d}: keys, outputs and matrix would take {gigabytes:.2g} GB")
    source = Source(seed, "facts", (d,))
    E = sphere(N, d, rng=source.generator(0, INPUTS))
    U = sphere(M, d, rng=source.generator(0, OUTPUTS))
    built = construction.build(d)(E, U, f, rng=source.generator(0, MEMORY))
    certified = None
    if hasattr(built, "rounding_error"):
        judged = certified_margins(built, E, U, f)
        margin, certified = judged.margin, float(judged.certified.mean())
    else:
        margin = margins(built, E, U, f)
    lost = np.flatnonzero(margin <= 0)
    # No memory is asked about no inputs: the user's own need not know what to answer.
    said = np.asarray(built(E[lost]) @ U.T).argmax(axis=1) if lost.size else lost
    classes = classes_of_sizes(sizes)
    known = predictable(construction, classes)
    return MemoryFactsResult(
        file=Path(path).name,
        memory=construction.label(d),
        seed=seed,
        d=d,
        facts=N,
        answers=M,
        recall=float((margin > 0).mean()),
        certified=certified,
        predicted=expected_recall(construction, d=d, N=N, facts=classes) if known else None,
        predicted_all=all_recalled(construction, d=d, N=N, facts=classes) if known else None,
        parameters=built.parameters,
        bits=memory_bits(built),
        bits_bound=float(N * np.log2(M)),
        conditions=_conditions(table, sizes),
        forgotten=tuple(
            (
                table.subjects[table.facts[x, 0]],
                table.relations[table.facts[x, 1]],
                table.answers[f[x]],
                table.answers[y],
            )
            for x, y in zip(lost, said, strict=True)
        ),
        notes=table.notes,
    )


def _planned(construction: Construction, sizes: "np.ndarray[Any, np.dtype[np.float64]]") -> int:
    """Least multiple of STEP at which everything is recalled with the target probability."""
    classes = classes_of_sizes(sizes)
    if not predictable(construction, classes):
        construction.build(LARGEST)
        raise InputError(f"no prediction to plan {construction.label()!r} by; give d")
    N = float(sizes.sum())

    def enough(steps: int) -> bool:
        return all_recalled(construction, d=STEP * steps, N=N, facts=classes) >= TARGET

    # No fewer dimensions than the rank.
    rank = str(construction.rank)
    high = -(-int(rank) // STEP) if rank.isdecimal() else 1
    low = high - 1
    while not enough(high):
        low, high = high, 2 * high
        if STEP * high > LARGEST:
            raise InputError(
                f"{construction.label()!r}: no d up to {LARGEST} is planned to recall all "
                f"{N:.0f} facts; give d"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return STEP * high


def _conditions(
    table: FactTable, sizes: "np.ndarray[Any, np.dtype[np.float64]]"
) -> tuple[Condition, ...]:
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
