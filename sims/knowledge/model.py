r"""The smallest model that can tell and answer: attention by the last token, then a network.

From the tokens seen, of which y is the last, attention and network make logits over all tokens,

.. math:: x = \sum_i \alpha_i e_{t_i}, \quad \alpha = \operatorname{softmax}_i(Q_{y t_i}),
    \qquad F = V^\top \operatorname{relu}(W x).

===================  =======  =================================================
``attention-mlp``    Q, W, V  the whole model
``mlp``              W, V     uniform attention, Q = 0 and not trained
``attention``        Q, O     F = O x, no network
===================  =======  =================================================

Token embeddings e are fixed and orthonormal. Weights are written in their basis, so that W has a
column for each token; any other orthonormal embeddings, rotated weights, are trained the same way.
Keys and queries are one matrix Q (n, n), output embeddings are orthonormal too and absorbed in V
(or O). There is no position encoding and no skip connection.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.checks import check_width
from assoc.errors import InputError
from assoc.facts.knowledge import Contexts, Knowledge

__all__ = [
    "MODELS",
    "SCALE",
    "WIDTH",
    "Weights",
    "attention",
    "attention_mass",
    "check_network",
    "initial_weights",
    "logits",
    "superposed",
    "template_cosines",
]

Weights: TypeAlias = dict[str, NDArray[Any]]
"""Matrices of a model by their names."""

MODELS = {"attention-mlp": ("Q", "W", "V"), "mlp": ("W", "V"), "attention": ("Q", "O")}
"""What can be trained, and its matrices: Q (n, n), W (m, n), V (m, n), O (n, n)."""

WIDTH = 128
"""m unless another is asked for: twice the 64 subjects that measurements have by default."""

SCALE = 0.1
"""Standard deviation of the first W and V; smaller ones end at the same place, but later."""


def check_network(model: Any, width: Any) -> int:
    """Return the width of a model, 0 where there is no network.

    Raises
    ------
    InputError
        If the model has another name or the width is out of range.
    """
    if model not in MODELS:
        raise InputError(f"model {model!r} is not one of {', '.join(MODELS)}")
    return 0 if model == "attention" else check_width(width)


def initial_weights(
    model: str, n: int, *, width: int = WIDTH, scale: float = SCALE, rng: np.random.Generator
) -> Weights:
    """Draw what training starts from: normal W and V, and Q = O = 0.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    n : size of the vocabulary.
    width : m.
    scale : standard deviation.
    rng : draws W, then V.

    Raises
    ------
    InputError
        If the model has another name or the width is out of range.
    """
    m = check_network(model, width)
    weights: Weights = {}
    for name in MODELS[model]:
        if name in {"Q", "O"}:
            weights[name] = np.zeros((n, n), np.float32)
        else:
            drawn = rng.standard_normal((m, n), dtype=np.float32)
            weights[name] = drawn * np.float32(scale)
    return weights


def attention(weights: Weights, counts: Floats, last: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mass (C, n) that attention puts on each token, in double precision.

    Parameters
    ----------
    weights : of one of :data:`MODELS`; without a Q attention is even.
    counts : (C, n) how often each token was seen.
    last : (C,) the last of them.
    """
    seen = counts > 0
    scores = weights["Q"][last].astype(np.float64) if "Q" in weights else np.zeros(counts.shape)
    scores = np.where(seen, scores, -np.inf)
    mass = counts * np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(mass / mass.sum(axis=1, keepdims=True), np.float64)


def logits(weights: Weights, contexts: Contexts) -> Floats:
    """Logits (C, n) in every context, in double precision.

    Parameters
    ----------
    weights : of one of :data:`MODELS`.
    contexts : C of them.
    """
    with np.errstate(all="ignore"):  # of weights that are not finite
        return _forward(weights, contexts)


def _forward(weights: Weights, contexts: Contexts) -> Floats:
    x = attention(weights, contexts.counts.astype(np.float64), contexts.last)
    if "O" in weights:
        return np.asarray(x @ weights["O"].T.astype(np.float64))
    hidden = np.maximum(x @ weights["W"].T.astype(np.float64), 0)
    return np.asarray(hidden @ weights["V"].astype(np.float64))


def attention_mass(weights: Weights, contexts: Contexts, given: Knowledge) -> dict[str, float]:
    """Mean attention on each kind of token.

    Parameters
    ----------
    weights : of one of :data:`MODELS`.
    contexts : that are averaged over, by their weights.
    given : says which token is what.
    """
    with np.errstate(all="ignore"):
        mass = attention(weights, contexts.counts.astype(np.float64), contexts.last)
    mean = (contexts.weights / contexts.weights.sum()) @ mass
    ends = [given.first_template, given.first_question, given.first_value, given.first_filler]
    kinds = ("subject", "template", "question", "value", "filler")
    parts = np.split(mean, ends)
    return {kind: float(part.sum()) for kind, part in zip(kinds, parts, strict=True)}


def template_cosines(weights: Weights, given: Knowledge) -> tuple[float, float]:
    """Mean cosine of the columns of W (or O) of two templates: of one attribute, and of two.

    Where an attribute has one template, or there is one attribute, the value is NaN.

    Parameters
    ----------
    weights : of one of :data:`MODELS`.
    given : says which template is whose.
    """
    columns = weights["O" if "O" in weights else "W"][:, given.first_template :]
    columns = columns[:, : len(given.owner)].astype(np.float64)
    norms = np.linalg.norm(columns, axis=0)
    cosines = columns.T @ columns / np.maximum(np.outer(norms, norms), 1e-300)
    same = given.owner[:, None] == given.owner
    within, across = same & ~np.eye(len(same), dtype=bool), ~same
    return tuple(  # type: ignore[return-value]
        float(cosines[pairs].mean()) if pairs.any() else float("nan") for pairs in (within, across)
    )


def superposed(weights: Weights, given: Knowledge, tuned: NDArray[np.intp]) -> Weights:
    r"""Put a mean of templates in place of each question: what fine-tuning may come to.

    Template t has weight w_t, the number of fine-tuned facts that are told in it,

    .. math:: W_{q_b} = \sum_{t \in b} \frac{w_t}{\sum w} W_t,

    and the row and the column of the question in Q are averaged the same way. Nothing is trained
    and nothing fitted, so what this model answers is a prediction.

    Parameters
    ----------
    weights : after pre-training.
    given : the facts.
    tuned : rows of ``given.facts``. Questions of attributes without any stay as they are.
    """
    made = {name: matrix.copy() for name, matrix in weights.items()}
    told = given.told[tuned].sum(axis=0)
    for b in range(given.attributes):
        of = np.flatnonzero((given.owner == b) & (told > 0))
        if not len(of):
            continue
        share = (told[of] / told[of].sum()).astype(np.float32)
        tokens, question = of + given.first_template, given.first_question + b
        if "Q" in made:
            Q = weights["Q"]
            made["Q"][question] = share @ Q[tokens]
            made["Q"][:, question] = Q[:, tokens] @ share
            made["Q"][question, question] = share @ Q[tokens, tokens]
        for name in {"W", "O"} & set(made):
            made[name][:, question] = weights[name][:, tokens] @ share
    return made
