r"""The transformer of Theorem 4 with gates of 1 and -1: attention copies, two layers know.

Heads with separated keys give X = psi(s) + psi(r), as in :mod:`assoc.transformers.attention_mlp`.
The network V^T sigma(W X + b), sigma = \|.\| or a triangle wave, stores X -> psi(a): it is
:func:`assoc.memories.sign_gates.sign_two_layer` of these sums, equal to a sign-gated memory on
every one of them. Nothing is fitted.

It stores 4 H d d_h + 2 m d numbers, and m biases where sigma is the triangle wave. With its
polynomial activations NLB's Theorem 4 is :mod:`assoc.transformers.attention_mlp`; this is a variant
of it whose width is proved for given embeddings (:mod:`theory.transformers.mlp_guarantee`).
"""

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask
from assoc.memories.sign_gates import sign_two_layer
from assoc.memories.sign_networks import PiecewiseLinear
from assoc.transformers.attention_mlp import copied_scale, copying_heads
from assoc.transformers.attention_only import LENGTH
from assoc.transformers.model import Transformer

__all__ = ["attention_sign_mlp"]

OUTWEIGHS = 100.0
"""How many times attention's own scores the network's least positive margin is made."""


def attention_sign_mlp(
    task: RecallTask,
    embeddings: Floats,
    *,
    rng: np.random.Generator,
    width: int,
    gates: str | None = None,
    omega: float | None = None,
    head_dim: int | None = None,
    heads: int | None = None,
    length: int = LENGTH,
) -> Transformer:
    r"""Build the transformer whose MLP equals m/2 gates of 1 and -1 on a task's facts.

    The network is scaled so that every fact that it would answer on its own is answered: its least
    positive margin outweighs the residual's scores. Its weights are double precision, since
    pairs of neurons differ by small steps.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens.
    rng : draws gates and outputs.
    width : m, even: neurons come in pairs.
    gates : ``square`` (None) or ``sign``, as for :func:`assoc.memories.sign_gates.sign_gated`, of
        the sums over :func:`assoc.transformers.attention_mlp.copied_scale`.
    omega : frequency of square waves; None means :data:`assoc.memories.sign_gates.OMEGA`, at which
        two sums that share a token, of cosine 1/2, have a kernel of 3e-4.
    head_dim, heads, length : as for :func:`assoc.transformers.attention_mlp.attention_mlp`.

    Raises
    ------
    InputError
        If an argument is out of range or the embeddings are not one finite vector per token.

    References
    ----------
    NLB, Theorem 4, for heads that copy and what the MLP is for. Gates and guarantee are derived in
    docs/sign-gates.md and docs/attention-guarantees.md.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 3, noise=5, rng=rng)
    >>> Phi = sphere(task.vocabulary, 32, rng=rng)
    >>> model = attention_sign_mlp(task, Phi, rng=rng, width=240)
    >>> scores = model.outputs(task.prompts(6, rng=rng)) @ Phi.T
    >>> bool((scores.argmax(axis=1) == task.labels).all()), model.mlp_parameters
    (True, 15600)
    """
    build = sign_two_layer(width, gates, omega)
    model, X = copying_heads(task, embeddings, head_dim=head_dim, heads=heads, length=length)
    Phi = model.embeddings
    scale = copied_scale(task, Phi)
    found = build(X / scale, Phi.astype(np.float64), task.labels, rng=rng)
    assert isinstance(found, PiecewiseLinear)
    network = PiecewiseLinear(found.W / scale, found.V, found.phase)
    gain = _gain(network, Phi, X, task.labels)
    louder = PiecewiseLinear(network.W, gain * found.V, found.phase)
    return Transformer(Phi, model.attention, louder)


def _gain(
    network: PiecewiseLinear, Phi: Floats, X: NDArray[np.float64], labels: NDArray[np.intp]
) -> float:
    """Factor on V that makes the least positive margin OUTWEIGHS times attention's scores."""
    scores = network(X) @ Phi.T
    at = np.arange(len(X)), labels
    own = scores[at]
    scores[at] = -np.inf
    margin = own - scores.max(axis=1)
    least = float(np.min(margin, where=margin > 0, initial=np.inf))
    return OUTWEIGHS * float(np.abs(X @ Phi.T).max()) / least if np.isfinite(least) else 1.0
