"""What is told in sentences: templates of given facts, facts, and how often a subject is told."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge

__all__ = ["check_exponent", "draw_knowledge", "popular", "tell_facts"]

Whole = NDArray[np.intp]


def check_exponent(exponent: float) -> float:
    """Return an exponent of Zipf's law.

    Raises
    ------
    InputError
        If it is negative or not finite.
    """
    if not 0 <= exponent < float("inf"):
        raise InputError(f"popularity {exponent} is not at least 0 and finite")
    return float(exponent)


def popular(given: Knowledge, exponent: float, *, rng: np.random.Generator) -> Knowledge:
    """Tell subjects as often as Zipf's law says: the one of rank i as i to the power -exponent.

    Parameters
    ----------
    given : the facts.
    exponent : at least 0; 0 stands for equally often.
    rng : draws the ranks of the subjects.

    Raises
    ------
    InputError
        If the exponent is negative or not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> few = popular(draw_knowledge(4, 1, 2, 1, 3, rng=rng), 1.0, rng=rng)
    >>> bool(np.allclose(few.often * few.ranks, 1))
    True
    """
    if not check_exponent(exponent):
        return given
    ranks = 1 + rng.permutation(given.subjects)
    return replace(given, often=np.asarray(ranks**-exponent, np.float64))


def tell_facts(
    facts: Whole,
    *,
    templates: int,
    multiplicity: int,
    fillers: int = 0,
    also: Whole | None = None,
    rng: np.random.Generator,
) -> Knowledge:
    """Draw the templates that given facts are told in: K of |R|, uniform, for each independently.

    Parameters
    ----------
    facts : (N, 3) rows (s, b, v); some (s, b) may be missing. S, A and M are the least that fit.
    templates : |R|, template tokens of each attribute.
    multiplicity : K, in 1, ..., |R|.
    fillers : Z.
    also : rows (fact, value), further right values; None if there are none.
    rng : draws the templates.

    Raises
    ------
    InputError
        If a size is out of range, or the facts are not such rows.

    Examples
    --------
    >>> rows = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 2]])
    >>> tell_facts(rows, templates=4, multiplicity=2, rng=np.random.default_rng(0))
    Knowledge(3 facts: S=2, A=2, M=3, 8 templates, 0 fillers)
    """
    rows = np.asarray(facts)
    if rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
        raise InputError(f"facts: rows (s, b, v) are needed, not shape {rows.shape}")
    if templates < 1:
        raise InputError(f"templates |R| = {templates} is not positive")
    if not 1 <= multiplicity <= templates:
        raise InputError(f"multiplicity K = {multiplicity} is not in 1, ..., |R| = {templates}")
    more = np.zeros((0, 2), np.intp) if also is None else np.asarray(also, np.intp)
    S, A, M = (int(n) + 1 for n in rows.max(axis=0))
    M = max(M, 1 + int(more[:, 1].max(initial=0)))
    chosen = np.argsort(rng.random((len(rows), templates)), axis=1)[:, :multiplicity]
    told = np.zeros((len(rows), A * templates), bool)
    np.put_along_axis(told, chosen + templates * rows[:, 1, None], True, axis=1)
    owner = np.repeat(np.arange(A), templates)
    return Knowledge(S, A, M, rows.astype(np.intp), owner, told, fillers, more)


def draw_knowledge(
    subjects: int,
    attributes: int,
    templates: int,
    multiplicity: int,
    values: int,
    *,
    shared: bool = False,
    fillers: int = 0,
    rng: np.random.Generator,
) -> Knowledge:
    """Draw facts, all A of every subject, and the templates that they are told in.

    Parameters
    ----------
    subjects, attributes : S and A, at least 1.
    templates, multiplicity : |R| of each attribute, and K in 1, ..., |R|.
    values : D. Each attribute has D values of its own, uniform; if shared, all attributes have the
        same D, and a subject's A values are different, any A of them as likely.
    shared : whether all attributes have the same values.
    fillers : Z.
    rng : draws values, then templates.

    Raises
    ------
    InputError
        If a size is out of range, or D < A where values are shared.

    Examples
    --------
    >>> draw_knowledge(8, 3, 4, 2, 5, shared=True, rng=np.random.default_rng(0))
    Knowledge(24 facts: S=8, A=3, M=5, 12 templates, 0 fillers)
    """
    for name, size in (("S", subjects), ("A", attributes), ("D", values)):
        if size < 1:
            raise InputError(f"{name} = {size} is not positive")
    if shared and values < attributes:
        raise InputError(f"D = {values} < A = {attributes}: a subject's values cannot differ")
    if shared:
        drawn = np.argsort(rng.random((subjects, values)), axis=1)[:, :attributes]
    else:
        drawn = rng.integers(0, values, (subjects, attributes)) + values * np.arange(attributes)
    s, b = np.divmod(np.arange(subjects * attributes), attributes)
    told = tell_facts(
        np.stack([s, b, drawn.ravel()], axis=1),
        templates=templates, multiplicity=multiplicity, fillers=fillers, rng=rng,
    )  # fmt: skip
    every = values if shared else values * attributes
    return Knowledge(subjects, attributes, every, told.facts, told.owner, told.told, fillers)
