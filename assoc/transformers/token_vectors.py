"""Embeddings for the tokens of a fact table: drawn, or the user's vectors found by name."""

import numpy as np

from assoc.arrays import Floats
from assoc.checks import check_fits
from assoc.embeddings import normalise, sphere
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.facts.tables import FactTable
from assoc.vectors.named import NamedVectors, indistinct

__all__ = ["draw_tokens", "name_tokens"]

SHOWN = 3
"""Names that a message gives as examples."""


def draw_tokens(task: RecallTask, d: int, *, rng: np.random.Generator) -> Floats:
    """Draw single-precision embeddings (n, d) on the unit sphere for all tokens of a task.

    Parameters
    ----------
    task : the facts, whose vocabulary has n tokens.
    d : dimension, at least 2.
    rng : draws them.

    Raises
    ------
    InputError
        If d is below 2, or they would take too much memory.
    """
    if d < 2:
        raise InputError(f"d = {d}: a dimension of at least 2 is needed")
    n = task.vocabulary
    check_fits(2.0 * n * d, 8, f"d = {d}: embeddings of {n} tokens")
    return sphere(n, d, rng=rng, dtype=np.float32)


def name_tokens(
    table: FactTable,
    task: RecallTask,
    vectors: NamedVectors,
    how: str = "none",
    *,
    rng: np.random.Generator,
) -> tuple[Floats, tuple[str, ...]]:
    """Embeddings (n, d) of a table's tokens from vectors with names, normalised; and remarks.

    Tokens with one vector cannot be told apart: an answer under two relations, a city that is a
    country, names that differ in case where the vectors do not. An answer that shares its vector
    gets the mean of the unit vectors of its name and of its relation. Noise tokens and the end of
    sequence are drawn on the unit sphere.

    Parameters
    ----------
    table : the names.
    task : what :func:`assoc.facts.recall_task.table_task` made of it.
    vectors : from :func:`assoc.vectors.files.load_vectors`, with names.
    how : none, normalise, centre or whiten, done to all vectors of the file first.
    rng : draws the vectors of noise tokens and the end.

    Raises
    ------
    InputError
        If the file has no names, names one twice, or lacks a name of the table.

    Examples
    --------
    >>> from assoc.vectors.files import load_vectors
    >>> from assoc import example_path, read_facts
    >>> from assoc.facts.recall_task import table_task
    >>> table = read_facts(example_path("countries.csv"))
    >>> vectors = load_vectors(example_path("countries_minilm.npz"))
    >>> rng = np.random.default_rng(0)
    >>> Phi, notes = name_tokens(table, table_task(table), vectors, "whiten", rng=rng)
    >>> Phi.shape
    (1623, 384)
    """
    source = vectors.source
    # Names of all tokens but noise and end; those of answers together with a relation of theirs.
    texts = [*table.subjects, *table.relations]
    told: dict[int, tuple[str, int]] = {}
    for (_, r, token), (_, _, a) in zip(task.told.tolist(), table.told.tolist(), strict=True):
        told.setdefault(token, (table.answers[a], r))
    texts += [told[token][0] for token in range(task.answers)]
    rows, notes = vectors.find(texts)
    notes = vectors.notes + notes
    prepared = normalise(vectors.prepared(how), source)
    found = prepared[rows]
    first = task.subjects + task.relations
    mixed = [token for token in indistinct(found) if token >= first]
    for token in mixed:
        found[token] += prepared[rows[task.subjects + told[token - first][1]]]
    if mixed:
        found[mixed] = normalise(found[mixed], source)
        shown = ", ".join(repr(texts[token]) for token in mixed[:SHOWN])
        notes += (
            f"{len(mixed)} answers shared their vector with another token (such as {shown}) and "
            "got the mean of it and their relation's",
        )
    left = indistinct(found)
    if left:
        shown = ", ".join(repr(texts[token]) for token in left[:SHOWN])
        notes += (f"{len(left)} tokens still share their vector with another, such as {shown}",)
    drawn = sphere(task.noise + 1, found.shape[1], rng=rng, dtype=np.float64)
    return np.concatenate([found, drawn.astype(found.dtype)]), notes
