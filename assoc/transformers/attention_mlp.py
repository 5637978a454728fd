r"""The transformers of NLB Theorem 4: attention copies subject and relation, an MLP knows the fact.

The heads output psi(s) + psi(r); the network V^T sigma(W x) is a memory of these sums:

==========================  =====================================================================
``attention-mlp-hermite``   memory of the proof of Theorem 2 (:func:`~assoc.memories.mlp.two_layer`)
``attention-mlp-whitened``  random W, V by least squares (:mod:`assoc.memories.random_features`)
``attention-mlp``           random W, V by the convex read-out (:mod:`assoc.memories.convex`)
``hybrid``                  the same, but a share of the subjects is known by the value matrices
==========================  =====================================================================

All store 4 H d d_h + 2 m d numbers. Heads whose groups have more than d_h tokens copy a projection
of rank d_h: with ``heads=2`` attention costs 8 d d_h whatever S and R.

In the ``hybrid`` the first subjects' heads output v_s, the others' a code, the relations' heads
v_r and a code, with v_s and v_r fitted to the facts of the first subjects as in
:mod:`assoc.transformers.attention_only`. V is fitted to all facts together, of which those are
recalled already.
"""

import math

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, precision, row_norms
from assoc.checks import check_fits, check_width
from assoc.embeddings import orthonormal, sphere
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.memories.convex import logistic_readout
from assoc.memories.hermite import DEGREES, check_degree
from assoc.memories.mlp import choose_degree, hidden_activation, two_layer
from assoc.memories.networks import TwoLayer
from assoc.memories.random_features import whitened
from assoc.transformers.attention_only import (
    LENGTH,
    attend,
    check_embeddings,
    cue_features,
    cue_groups,
    head_size,
)
from assoc.transformers.heads import groups_of
from assoc.transformers.model import Transformer

__all__ = [
    "MLPS",
    "attended_tokens",
    "attention_mlp",
    "choose_feature_degree",
    "choose_overlap_degree",
    "copied_scale",
    "copied_sums",
    "copying_heads",
    "hybrid",
]

MLPS = ("hermite", "whitened", "logistic")
"""Ways to make the network."""

CODE = 4
"""The network of a hybrid reads one dimension in so many; values have the others."""

DOMINANCE = 100.0
"""How many times the attention's own scores the median margin of the network is made."""


def attention_mlp(
    task: RecallTask,
    embeddings: Floats,
    *,
    rng: np.random.Generator,
    width: int,
    mlp: str = "logistic",
    degree: int | None = None,
    head_dim: int | None = None,
    heads: int | None = None,
    length: int = LENGTH,
) -> Transformer:
    r"""Build the transformer whose MLP stores a task's facts.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens.
    rng : draws the hidden neurons.
    width : m, even for ``hermite``.
    mlp : ``hermite``, ``whitened`` or ``logistic``.
    degree : k, where sigma = h_{k+1} / sqrt(k+1); None leaves it to
        :func:`choose_overlap_degree` (``hermite``) or :func:`choose_feature_degree`.
    head_dim, heads, length : as for :func:`assoc.transformers.attention_only.attention_only`; with
        fewer heads than the tokens need, they copy a projection.

    Raises
    ------
    InputError
        If an argument is out of range or the embeddings are not one finite vector per token.

    References
    ----------
    NLB, Theorem 4 (restated). The read-outs by least squares and by convex fit are ours.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 3, noise=5, rng=rng)
    >>> Phi = sphere(task.vocabulary, 16, rng=rng)
    >>> model = attention_mlp(task, Phi, rng=rng, width=24)
    >>> scores = model.outputs(task.prompts(6, rng=rng)) @ Phi.T
    >>> bool((scores.argmax(axis=1) == task.labels).all()), model.mlp_parameters
    (True, 768)
    """
    if mlp not in MLPS:
        raise InputError(f"mlp {mlp!r}: one of {', '.join(MLPS)} is needed")
    width = check_width(width)
    model, X = copying_heads(task, embeddings, head_dim=head_dim, heads=heads, length=length)
    network = _network(mlp, task, model.embeddings, X, width, degree, rng)
    return Transformer(model.embeddings, model.attention, network)


def copying_heads(
    task: RecallTask,
    embeddings: Floats,
    *,
    head_dim: int | None = None,
    heads: int | None = None,
    length: int = LENGTH,
) -> tuple[Transformer, NDArray[np.float64]]:
    """Build heads that copy subject and relation, without an MLP, and what they would give it.

    Parameters
    ----------
    task, embeddings, head_dim, heads, length : as for :func:`attention_mlp`.

    Returns
    -------
    The transformer, and its sums (S R, d) for the facts in their order.

    Raises
    ------
    InputError
        If an argument is out of range or the embeddings are not one finite vector per token.
    """
    Phi = check_embeddings(embeddings, task)
    size = head_size(task, Phi, head_dim)
    groups = cue_groups(task, size, heads)
    cues = Phi[: task.subjects + task.relations]
    model = Transformer(Phi, attend(task, Phi, groups, cues, size, True, length))
    return model, model.attended(attended_tokens(task, groups))


def hybrid(
    task: RecallTask,
    embeddings: Floats,
    *,
    rng: np.random.Generator,
    width: int,
    share: float = 0.5,
    degree: int | None = None,
    head_dim: int | None = None,
    length: int = LENGTH,
) -> Transformer:
    r"""Build the transformer that knows some subjects by attention and the others by its MLP.

    The first subjects have slots in value matrices, d_h to a head, with values in three quarters
    of the dimensions. All others share one head, of rank d_h, that gives each a random code in the
    last quarter, as the relations' heads do; that quarter is all that the network sees, so that
    the first subjects come before it as nothing but their relations.

    Parameters
    ----------
    task, embeddings, rng, width, degree, head_dim, length : as for :func:`attention_mlp`.
    share : fraction of the subjects whose facts are in the value matrices, 0 to 1.

    Raises
    ------
    InputError
        As for :func:`attention_mlp`, or if the share is not a fraction.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 3, noise=5, rng=rng)
    >>> Phi = sphere(task.vocabulary, 32, rng=rng)
    >>> model = hybrid(task, Phi, rng=rng, width=24, share=0.5)
    >>> scores = model.outputs(task.prompts(6, rng=rng)) @ Phi.T
    >>> bool((scores.argmax(axis=1) == task.labels).all())
    True
    """
    if not 0 <= share <= 1:
        raise InputError(f"share {share} of the subjects is not in [0, 1]")
    width = check_width(width)
    Phi = check_embeddings(embeddings, task)
    size = head_size(task, Phi, head_dim)
    S, R, d = task.subjects, task.relations, Phi.shape[1]
    known = round(share * S)
    # An orthonormal basis: codes that the network reads, and the rest, for values.
    basis = orthonormal(d, d, rng=rng)
    read, rest = np.split(basis, [0 if known == S else max(1, d // CODE)])
    outputs = np.zeros((S + R, d))
    by_values = task.facts[:, 0] < known
    if by_values.any():
        features = cue_features(task)[by_values]
        fitted = logistic_readout(features, Phi @ rest.T, task.labels[by_values])
        outputs = fitted @ rest
    if known < S:
        size_of = np.sqrt(np.mean(row_norms(outputs[S:]) ** 2)) or 1.0
        outputs[known:] += size_of * (sphere(S + R - known, len(read), rng=rng) @ read)
    groups = groups_of(np.arange(known), math.ceil(known / size)) if known else []
    if known < S:
        groups.append(np.arange(known, S))
    groups += groups_of(S + np.arange(R), math.ceil(R / size))
    model = Transformer(Phi, attend(task, Phi, groups, outputs, size, True, length))
    X = model.attended(attended_tokens(task, groups))
    network = _network("logistic", task, Phi, X, width, degree, rng, read if known < S else None)
    return Transformer(Phi, model.attention, network)


def attended_tokens(task: RecallTask, groups: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    """Token (N, H) that each head is to look at, for every fact; the end where it has none."""
    looked = np.full((len(task), len(groups)), task.end)
    for head, group in enumerate(groups):
        for column in task.cues.T:
            own = np.isin(column, group)
            looked[own, head] = column[own]
    return looked


def copied_sums(task: RecallTask, embeddings: Floats) -> NDArray[np.float64]:
    """Return what heads that copy give for each fact, scaled: (phi_s + phi_r)/sqrt(2).

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens.

    Returns
    -------
    (N, d), of norms about 1: over :func:`copied_scale`, sqrt(2) for embeddings of norm 1.

    Raises
    ------
    InputError
        If the embeddings are not one finite vector for each token.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> task = grid_task(2, 1, 1, noise=0)
    >>> copied_sums(task, np.eye(5)).round(3).tolist()
    [[0.707, 0.0, 0.707, 0.0, 0.0], [0.0, 0.707, 0.707, 0.0, 0.0]]
    """
    Phi = np.asarray(check_embeddings(embeddings, task), np.float64)
    return np.asarray(Phi[task.cues].sum(axis=1) / copied_scale(task, Phi))


def copied_scale(task: RecallTask, embeddings: Floats) -> float:
    """Return sqrt(2) times the root mean square length of the embeddings of subjects and relations.

    Parameters
    ----------
    task, embeddings : as for :func:`copied_sums`.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> round(copied_scale(grid_task(2, 1, 1, noise=0), 3 * np.eye(5)), 3)
    4.243
    """
    lengths = row_norms(np.asarray(embeddings[: task.subjects + task.relations], np.float64))
    return float(np.sqrt(2 * np.mean(lengths**2))) or 1.0


def choose_feature_degree(width: int, d: int) -> int:
    """Least degree k at which m random features of d-dimensional inputs can be independent twice.

    Polynomials of degree k + 1 have about d^{k+1} / (k+1)! independent ones; at least 2 is needed
    for subject and relation to be seen together, which a square does.

    Parameters
    ----------
    width, d : m and d.

    Examples
    --------
    >>> choose_feature_degree(500, 64), choose_feature_degree(4000, 64)
    (1, 2)
    """
    for k in DEGREES:
        if math.comb(d + k, k + 1) >= 2 * width:
            return k
    return DEGREES[-1]


def choose_overlap_degree(task: RecallTask, d: int) -> int:
    r"""Least degree k at which the facts that share a token do not drown the answer.

    Sums psi(s) + psi(r) that share a token have cosine 1/2, so that a fact's competitors collect
    2^{-(k+1)} from each of the S facts of its relation, spread over D answers. Their difference
    has the variance 2 (S / D) 4^{-(k+1)}, which 2 log(N D) times must stay below 1; and k is at
    least what N independent inputs need.

    Parameters
    ----------
    task : the facts.
    d : dimension.

    Examples
    --------
    >>> from assoc.facts.recall_task import balanced_task
    >>> choose_overlap_degree(balanced_task(64, 64, 8, rng=np.random.default_rng(0)), 128)
    4
    """
    N, D = len(task), task.largest_answer_set
    crowd = 4 * math.log(max(N * D, 2)) * task.subjects / D
    least = math.ceil(math.log(max(crowd, 1.0), 4)) - 1
    return min(max(least, choose_degree(N, d)), DEGREES[-1])


def _network(
    how: str,
    task: RecallTask,
    Phi: Floats,
    X: NDArray[np.float64],
    width: int,
    degree: int | None,
    rng: np.random.Generator,
    read: Floats | None = None,
) -> TwoLayer:
    """Network that turns what attention gives, X (N, d), into the answers.

    If given, ``read`` (q, d) spans what its hidden neurons see.
    """
    N, d = X.shape
    k = None if degree is None else check_degree(degree)
    seen = X if read is None else X @ read.T
    scale = float(np.sqrt(np.mean(row_norms(seen) ** 2))) or 1.0
    dtype = precision(Phi)
    if how == "hermite":
        k = choose_overlap_degree(task, d) if k is None else k
        build = two_layer(width, k)
    else:
        k = choose_feature_degree(width, d) if k is None else k
        build = whitened(width, k)
    if how != "logistic":
        found = build(X / scale, Phi.astype(np.float64), task.labels, rng=rng)
        assert isinstance(found, TwoLayer)
        network = TwoLayer(found.W / scale, found.V, found.activation)
        V = found.V * _gain(network, Phi, X, task.labels)
        return TwoLayer(network.W.astype(dtype), V.astype(dtype), network.activation)
    check_fits(2 * N * width + 2 * width * width, 8, f"width m = {width}, N = {N}: the features")
    W = rng.standard_normal((width, seen.shape[1])) / scale
    W = W if read is None else W @ read
    network = TwoLayer(W.astype(dtype), np.eye(0), hidden_activation(k))
    V = logistic_readout(network.hidden(X), Phi, task.labels, offset=X)
    return TwoLayer(network.W, V.astype(dtype), network.activation)


def _gain(
    network: TwoLayer, Phi: Floats, X: NDArray[np.float64], labels: NDArray[np.intp]
) -> float:
    """Factor on V that makes the network's median margin DOMINANCE times attention's scores."""
    out = network(X)
    scores = out @ Phi.T
    at = np.arange(len(X)), labels
    own = scores[at]
    scores[at] = -np.inf
    margin = float(np.median(np.abs(own - scores.max(axis=1))))
    return DOMINANCE * float(np.abs(X @ Phi.T).max()) / margin if margin > 0 else 1.0
