"""Keys and outputs for a table in one memory: drawn, or made of the user's vectors of its names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from assoc.arrays import Floats
from assoc.embeddings import normalise, sphere
from assoc.errors import InputError
from assoc.facts.tables import FactTable
from assoc.vectors.named import NamedVectors, VectorPair, as_named, indistinct
from sims.engine.randomness import INPUTS, OUTPUTS, Source
from theory.claims import Condition, Hypothesis, Problem
from theory.memories.hypotheses import INDEPENDENT, UNIFORM, not_done_again

__all__ = ["KEYS", "Keys", "draw_keys", "name_keys"]

KEYS: Mapping[str, Callable[[Floats, Floats], Floats]] = MappingProxyType(
    {"sum": np.add, "product": np.multiply}
)
"""How the vectors of a subject and a relation become a key, by name."""


@dataclass(frozen=True, eq=False)
class Keys:
    """What a memory of a table is built on.

    Parameters
    ----------
    E : (N, d) keys, one for each fact.
    U : (M, d) outputs, one for each answer.
    origin : where they come from, for tables.
    conditions : hypotheses of ``linear-capacity`` on them.
    notes : what was done about names, and what cannot be told apart.
    """

    E: Floats
    U: Floats
    origin: str
    conditions: tuple[Condition, ...]
    notes: tuple[str, ...] = ()


def draw_keys(table: FactTable, d: int, source: Source) -> Keys:
    """Draw keys and outputs on the unit sphere, one key for each (subject, relation).

    Raises
    ------
    InputError
        If d is below 2.
    """
    if d < 2:
        raise InputError(f"d = {d}: a dimension of at least 2 is needed")
    N, M = len(table), len(table.answers)
    E = sphere(N, d, rng=source.generator(0, INPUTS))
    U = sphere(M, d, rng=source.generator(0, OUTPUTS))
    drawn = Condition("uniform on the sphere", True, "keys and outputs drawn so", "by construction")
    return Keys(E, U, "sphere", (drawn,))


def name_keys(
    table: FactTable,
    embeddings: NamedVectors | VectorPair,
    *,
    preprocess: str,
    key: str,
) -> Keys:
    r"""Make keys of the vectors of subjects and relations, and take those of answers as outputs.

    With :math:`v_s` and :math:`v_r` the unit vectors of a subject and a relation the key is

    .. math:: (v_s + v_r) / \|v_s + v_r\|,

    what attention with equal weights hands on of a prompt, or their product entry by entry, which
    binds the two. In a table of one relation the key is the vector of the subject.

    Parameters
    ----------
    table : the names.
    embeddings : vectors with names, of all of them, or of inputs and of outputs.
    preprocess : done to all vectors of a file first; then they are scaled to norm 1.
    key : a name of :data:`KEYS`.

    Raises
    ------
    InputError
        If a name has no vector or two, or a vector no direction.
    """
    if key not in KEYS:
        raise InputError(f"key {key!r} is not one of {', '.join(KEYS)}")
    several = len(table.relations) > 1
    names = [*table.subjects, *(table.relations if several else ())]
    given = as_named(embeddings)
    inputs, outputs = given.matrices[0], given.matrices[-1]
    vectors, notes = _found(inputs, names, preprocess)
    U, more = _found(outputs, table.answers, preprocess)
    s, r, _ = table.facts.T
    E = vectors[s]
    if several:
        called = f"the {key} of a subject's and a relation's vector"
        E = normalise(KEYS[key](E, vectors[len(table.subjects) + r]), called)
    labels = tuple(f"{table.subjects[x]}, {table.relations[y]}" for x, y in zip(s, r, strict=True))
    conditions = (
        *_conditions("keys", E, labels, preprocess),
        *_conditions("answers", U, table.answers, preprocess),
    )
    same = (*_same("keys", E, labels), *_same("answers", U, table.answers))
    origin = f"{given.source} {preprocess}" + (f", {key}" if several else "")
    told = dict.fromkeys(inputs.notes + outputs.notes + notes + more)
    return Keys(E, U, origin, conditions, (*told, *same))


def _found(
    vectors: NamedVectors, names: tuple[str, ...] | list[str], how: str
) -> tuple[Floats, tuple[str, ...]]:
    """Return the unit vectors of names, and how these were matched."""
    rows, notes = vectors.find(names)
    return normalise(vectors.prepared(how)[rows], vectors.source), notes


def _conditions(
    what: str, vectors: Floats, names: tuple[str, ...], done: str
) -> tuple[Condition, ...]:
    """Check the hypotheses on vectors; of fewer than two there is nothing to say."""
    if len(vectors) < 2:
        return ()
    problem = Problem(vectors=vectors, names=names)
    hypotheses: tuple[Hypothesis, ...] = (UNIFORM, INDEPENDENT)
    return tuple(
        replace(not_done_again(condition, done), name=f"{what}: {condition.name}")
        for hypothesis in hypotheses
        for condition in hypothesis.check(problem)
    )


def _same(what: str, vectors: Floats, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a note of vectors that cannot be told apart."""
    rows = indistinct(vectors)
    if not rows:
        return ()
    return (f"{len(rows)} {what} share their vector with another, such as {names[rows[0]]!r}",)
