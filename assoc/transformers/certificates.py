r"""Recall by a transformer, proved for every prompt up to a length, whatever noise it holds.

Let a head's logits of the tokens that a prompt may hold beside the token z that it is to look at
be at most those of z minus gap. Then it pays them at most leak = (T - 1) e^{-gap} of its
attention, and its output is that of z up to leak times the largest distance between two of its
outputs. So for a fact (s, r) attention gives X = X* + error, where X* is known and

.. math:: \|\mathrm{error}\| \le \sum_h \mathrm{leak}_h \cdot 2 \max_z \|W_O^{h\top} W_V^h
          \phi(z)\| + \text{rounding},

and what that does to the margin of F(X) is bounded through the network. Logits, outputs and margins
are evaluated in float64 from the weights as stored, with bounds on their rounding errors. A prompt
is one of :meth:`assoc.facts.recall_task.RecallTask.prompts`: it holds s and r once, noise tokens,
and the end of sequence last.
"""

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, dot_error, row_norms
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask, check_length
from assoc.memories.decoding import CertifiedMargins, certified_margins
from assoc.transformers.model import Transformer, is_plain

__all__ = ["attention_leaks", "certify"]

BLOCK = 1024


def certify(model: Transformer, task: RecallTask, *, length: int) -> CertifiedMargins:
    """Margins (N,) in the limit of no leak, and how much any prompt up to a length can change them.

    A fact is certified where the margin exceeds the bound: then every prompt of at most so many
    tokens is answered rightly, in exact arithmetic with the stored weights: where several answers
    are right, with one of them.

    Parameters
    ----------
    model : the transformer.
    task : the facts that it is asked for.
    length : T, longest prompt.

    Raises
    ------
    InputError
        If the length is out of range, the model and the task have different vocabularies, or the
        model is of a class derived from ours, which may answer anything.

    Examples
    --------
    >>> from assoc.transformers.attention_only import attention_only
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 3, noise=5, rng=rng)
    >>> model = attention_only(task, sphere(task.vocabulary, 24, rng=rng), rng=rng)
    >>> bool(certify(model, task, length=32).certified.all())
    True
    """
    if not is_plain(model):
        raise InputError(
            f"{type(model).__name__} cannot be certified: it is no Transformer of ours as it stands"
        )
    looked, leak = attention_leaks(model, task, length=length)
    Phi = model.embeddings.astype(np.float64)
    X = model.attended(looked)
    # The values' sizes, and the rounding of X itself, head by head.
    error = np.zeros(len(task))
    norms = row_norms(Phi[task.prompted])
    d, d_h = Phi.shape[1], model.attention.head_dim
    # A product of two matrices, then a sum over heads.
    gamma = dot_error(d) + dot_error(d_h * model.attention.heads + 1)
    for head in range(model.attention.heads):
        W_V = model.attention.W_V[head].astype(np.float64)
        W_O = model.attention.W_O[head].astype(np.float64)
        rough = float(_norm(W_V) * _norm(W_O) * norms.max())
        values = Phi[task.prompted] @ W_V.T
        largest = float((row_norms(values) * _norm(W_O)).max()) + gamma * rough
        error += 2 * largest * leak[:, head] + 2 * gamma * rough
    error *= 1 + 1e-9
    return certified_margins(_After(model, error), X, Phi, task.labels, task.also_labels)


class _After:
    """The layers after attention, whose inputs are known up to an error."""

    def __init__(self, model: Transformer, within: NDArray[np.float64]) -> None:
        self.model, self.within = model, within
        self.parameters = model.mlp_parameters

    def __call__(self, X: Floats, /) -> Floats:
        return self.model.after(X)

    def rounding_error(self, X: Floats, /) -> NDArray[np.float64]:
        if self.model.mlp is None:
            return self.within
        network = self.model.mlp.rounding_error(X, within=self.within)
        out = row_norms(np.asarray(self.model.mlp(X)))
        # The sum of the two is rounded once more, entry by entry.
        return np.asarray(self.within + network + dot_error(2) * (row_norms(X) + out))


def attention_leaks(
    model: Transformer, task: RecallTask, *, length: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Token (N, H) that each head looks at for each fact, and a bound (N, H) on what leaks.

    The bound is on the attention that all other tokens of a prompt get together.

    Parameters
    ----------
    model, task, length : as for :func:`certify`.

    Raises
    ------
    InputError
        As for :func:`certify`.
    """
    check_length(length, task.noise)
    if len(model.embeddings) != task.vocabulary:
        raise InputError(
            f"a model of {len(model.embeddings)} tokens for a task of {task.vocabulary}"
        )
    Phi = model.embeddings.astype(np.float64)
    logits = model.logits().T  # (n, H)
    slack = _logit_error(model, Phi)  # (n, H)
    upper, lower = logits + slack, logits - slack
    noise = upper[task.noise_tokens].max(axis=0) if length > 3 else np.full(upper.shape[1], -np.inf)
    candidates = np.column_stack([task.cues, np.full(len(task), task.end)])  # (N, 3)
    looked = np.empty((len(task), logits.shape[1]), np.intp)
    leak = np.empty(looked.shape)
    for start in range(0, len(task), BLOCK):
        rows = slice(start, start + BLOCK)
        own = logits[candidates[rows]]  # (B, 3, H)
        best = own.argmax(axis=1)[:, None]  # (B, 1, H)
        others = upper[candidates[rows]]
        np.put_along_axis(others, best, -np.inf, axis=1)
        rival = np.maximum(others.max(axis=1), noise)
        won = np.take_along_axis(lower[candidates[rows]], best, axis=1)[:, 0]
        looked[rows] = np.take_along_axis(candidates[rows][:, :, None], best, axis=1)[:, 0]
        gap = won - rival
        # Even weights cannot leak more than everything.
        leak[rows] = np.minimum((length - 1) * np.exp(-np.maximum(gap, 0.0)), 1.0)
    return looked, leak


def _logit_error(model: Transformer, Phi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound (n, H) on the rounding error of every logit."""
    attention = model.attention
    d, d_k = Phi.shape[1], attention.key_dim
    gamma = dot_error(d) + dot_error(d_k) + dot_error(d) + dot_error(2)
    keys = np.array([_norm(W) for W in attention.W_K])
    queries = np.array([_norm(W) for W in attention.W_Q])
    scale = keys * queries * float(np.linalg.norm(Phi[-1])) / np.sqrt(d_k)
    return np.asarray(2 * gamma * np.outer(row_norms(Phi), scale))


def _norm(W: Floats) -> float:
    """Frobenius norm of a matrix, an upper bound on the spectral one."""
    return float(row_norms(row_norms(W)[None])[0])
