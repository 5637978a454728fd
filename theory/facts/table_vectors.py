"""Embeddings of a table's tokens for transformers: drawn in any dimension, or the user's own."""

from collections.abc import Callable
from dataclasses import dataclass

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.facts.tables import FactTable
from assoc.transformers.token_vectors import name_tokens
from assoc.vectors.named import NamedVectors, VectorPair, as_named
from sims.engine.randomness import INPUTS, Source
from theory.facts.packed_files import drawn_embeddings

__all__ = ["TableVectors", "table_vectors"]


@dataclass(frozen=True, eq=False)
class TableVectors:
    """Embeddings of the tokens of a table.

    Parameters
    ----------
    d : their dimension; 0 stands for not given.
    embed : embeddings (n, d) for a dimension d.
    given : whether they are the user's, in their own dimension, and not drawn.
    notes : what was done to find them.
    preprocess : what was done to them first.
    """

    d: int
    embed: Callable[[int], Floats]
    given: bool
    notes: tuple[str, ...] = ()
    preprocess: str = "none"


def table_vectors(
    table: FactTable,
    task: RecallTask,
    embeddings: NamedVectors | None,
    preprocess: str,
    d: int | None,
    source: Source,
) -> TableVectors:
    """Return the embeddings of a task's tokens.

    Parameters
    ----------
    table, task : the names, and the facts as tokens.
    embeddings : vectors with names; None draws them on the unit sphere.
    preprocess : none, normalise, centre or whiten, for vectors that are given.
    d : dimension; None is not given.
    source : draws what has no vector.

    Raises
    ------
    InputError
        If vectors are given and their dimension is not d, names lack theirs, or they are two
        matrices.
    """
    if embeddings is None:
        return TableVectors(d or 0, lambda d: drawn_embeddings(task, d, source.seed), given=False)
    given = as_named(embeddings)
    if isinstance(given, VectorPair):
        raise InputError(f"{given.source}: a transformer's tokens have one matrix of vectors")
    d = given.dimension(d)
    rng = source.generator(0, INPUTS)
    Phi, notes = name_tokens(table, task, given, preprocess, rng=rng)
    return TableVectors(d, lambda _: Phi, given=True, notes=notes, preprocess=preprocess)
