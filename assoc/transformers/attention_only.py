r"""The transformers of NLB Theorem 3: attention alone, facts in the value matrices.

Subjects and relations are split into groups of at most d_h, one head each. A subject's head
outputs v_s, a relation's v_r, and the sum of the two scores the answer highest:

==========================  =========================================================  =========
``attention-only-sum``      v_s = sum_r phi(f*(s, r)), v_r = sum_{a in A_r} phi(a)     plain
``attention-only-dual``     the same with the dual vectors of the whole vocabulary     separated
``attention-only``          v_s, v_r by the convex read-out                            separated
==========================  =========================================================  =========

The last column says how keys and value maps are made (:mod:`assoc.transformers.heads`). The convex
read-out is that of :mod:`assoc.memories.convex`. All three store 4 H d d_h
numbers, with H d_h about S + R.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.memories.convex import logistic_readout
from assoc.memories.linear import inverse_gram
from assoc.transformers.heads import (
    assemble,
    check_head_dim,
    choose_head_dim,
    groups_of,
    separating_key,
    summed_key,
    value_factors,
)
from assoc.transformers.model import Attention, Transformer

__all__ = [
    "LENGTH",
    "VALUES",
    "attend",
    "attention_only",
    "check_embeddings",
    "cue_features",
    "cue_groups",
    "head_size",
]

LENGTH = 32
"""Prompts for which the inverse temperature is made, unless another length is asked for."""

VALUES = ("sum", "dual", "logistic")
"""Ways to make the values v_s and v_r."""


def cue_features(task: RecallTask) -> Any:
    """Sparse matrix (N, S + R) with ones at the subject and the relation of every fact."""
    from scipy import sparse

    N = len(task)
    rows = np.repeat(np.arange(N), 2)
    entries = (np.ones(2 * N), (rows, task.cues.ravel()))
    return sparse.csr_array(entries, shape=(N, task.subjects + task.relations))


def attention_only(
    task: RecallTask,
    embeddings: Floats,
    *,
    rng: np.random.Generator,
    values: str = "logistic",
    head_dim: int | None = None,
    heads: int | None = None,
    length: int = LENGTH,
    gap: float | None = None,
) -> Transformer:
    r"""Build the attention-only transformer that stores a task's facts.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens.
    rng : not used; there for constructions that draw.
    values : ``sum``, ``dual`` or ``logistic``.
    head_dim : d_h; None leaves it to :func:`assoc.transformers.heads.choose_head_dim`.
    heads : H, at least 2; None means as many as give every head at most d_h tokens. With fewer,
        the value matrices are cut off at rank d_h.
    length : T, longest prompt for which the inverse temperature is made.
    gap : gap of the logits for which it is made; None means the nominal one of the keys. A smaller
        one holds also where keys point less well, at a higher inverse temperature.

    Raises
    ------
    InputError
        If an argument is out of range or the embeddings are not one finite vector per token.

    References
    ----------
    NLB, Theorem 3 (restated). Dual and convex values are ours.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 3, noise=5, rng=rng)
    >>> model = attention_only(task, sphere(task.vocabulary, 24, rng=rng), rng=rng, head_dim=4)
    >>> prompts = task.prompts(6, rng=rng)
    >>> scores = model.outputs(prompts) @ model.embeddings.T
    >>> bool((scores.argmax(axis=1) == task.labels).all()), model.parameters == 4 * 3 * 24 * 4
    (True, True)
    """
    if values not in VALUES:
        raise InputError(f"values {values!r}: one of {', '.join(VALUES)} is needed")
    Phi = check_embeddings(embeddings, task)
    size = head_size(task, Phi, head_dim)
    groups = cue_groups(task, size, heads)
    exact = values != "sum"
    attention = attend(
        task, Phi, groups, _values(task, Phi, values), size, exact, length, gap
    )  # fmt: skip
    return Transformer(Phi, attention)


def check_embeddings(embeddings: Floats, task: RecallTask) -> Floats:
    """Return the embeddings if they are one finite vector for each token of the task.

    Raises
    ------
    InputError
        If not.
    """
    Phi = check_vectors(embeddings, "embeddings")
    if len(Phi) != task.vocabulary:
        raise InputError(f"{len(Phi)} embeddings for {task.vocabulary} tokens")
    return Phi


def head_size(task: RecallTask, Phi: Floats, head_dim: int | None) -> int:
    """Return the head dimension asked for, checked, or the one that wastes least."""
    d = Phi.shape[1]
    if head_dim is None:
        return choose_head_dim(task.subjects, task.relations, d)
    return check_head_dim(head_dim, d)


def cue_groups(task: RecallTask, head_dim: int, heads: int | None) -> list[NDArray[np.intp]]:
    """Groups of subject tokens and of relation tokens, one for each head.

    Raises
    ------
    InputError
        If there are fewer than two heads.
    """
    S, R = task.subjects, task.relations
    subjects, relations = np.arange(S), S + np.arange(R)
    if heads is None:
        shares = math.ceil(S / head_dim), math.ceil(R / head_dim)
    else:
        if heads < 2:
            raise InputError(f"heads H = {heads}: subjects and relations need one each")
        for_subjects = min(max(round(heads * S / (S + R)), 1), heads - 1)
        shares = for_subjects, heads - for_subjects
    return groups_of(subjects, shares[0]) + groups_of(relations, shares[1])


def attend(
    task: RecallTask,
    Phi: Floats,
    groups: list[NDArray[np.intp]],
    values: Floats,
    head_dim: int,
    exact: bool,
    length: int,
    gap: float | None = None,
) -> Attention:
    """Make heads that look at their groups' tokens and output their values.

    Parameters
    ----------
    task, Phi : the facts, and the embeddings (n, d) of all tokens.
    groups : tokens of each head.
    values : (S + R, d) outputs of subjects and relations.
    head_dim : d_h.
    exact : separated keys and dual value maps, rather than plain sums.
    length : T, longest prompt.
    gap : as for :func:`attention_only`.
    """
    wide = Phi.astype(np.float64)
    end, prompted = wide[-1], task.prompted[:-1]
    keys: list[Floats] = []
    factors: list[tuple[Floats, Floats]] = []
    for group in groups:
        own = wide[group]
        if exact:
            keys.append(separating_key(own, wide[np.setdiff1d(prompted, group)], end))
        else:
            keys.append(summed_key(own, end))
        factors.append(value_factors(own, values[group], end, head_dim, exact=exact))
    return assemble(Phi, keys, factors, length=length, separated=exact, gap=gap)


def _values(task: RecallTask, Phi: Floats, how: str) -> Floats:
    """Outputs (S + R, d) of subjects and relations."""
    features = cue_features(task)
    if how == "logistic":
        return logistic_readout(features, Phi, task.labels)
    Phi = Phi.astype(np.float64)
    # Each answer of a subject, and of a relation, counts once.
    tokens = (features.T @ _one_hot(task)).astype(bool).astype(np.float64)
    sums = np.asarray(tokens @ Phi)
    return sums if how == "sum" else sums @ inverse_gram(Phi)


def _one_hot(task: RecallTask) -> Any:
    """Sparse matrix (N, n) with a one at the answer of every fact."""
    from scipy import sparse

    N = len(task)
    return sparse.csr_array((np.ones(N), (np.arange(N), task.labels)), shape=(N, task.vocabulary))
