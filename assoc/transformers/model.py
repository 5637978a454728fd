r"""One-layer transformers: multi-head softmax attention, then perhaps a network, read at the end.

With x_1, ..., x_T the embeddings of a prompt, the last position attends by

.. math:: p^h_t \propto \exp\bigl(\langle W_K^h x_t, W_Q^h x_T \rangle / \sqrt{d_h}\bigr), \qquad
          X = \sum_h W_O^{h\top} \sum_t p^h_t W_V^h x_t, \qquad F = X + V^\top \sigma(W X),

with W_K, W_Q, W_V, W_O (d_h, d) for every head and without the second term where there is no MLP.
Keys and queries may have a dimension of their own, d_k in place of d_h. The scale 1/sqrt(d_k) is
that of scaled dot-product attention as it is usually implemented. The model's answer is the token
of the whole vocabulary whose embedding scores highest against F.

There is no position in the embeddings, so all that a head sees of a token is its scalar logit and
its value: :meth:`Attention.logits` and :meth:`Attention.values` are tables over the vocabulary.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief, Floats, Integers
from assoc.memories.networks import TwoLayer
from assoc.memories.sign_networks import PiecewiseLinear

__all__ = ["Attention", "Network", "OneLayer", "Transformer", "is_plain"]

Network = TwoLayer | PiecewiseLinear
"""Networks that may follow attention: V^T sigma(W x + b), sigma a polynomial, |.| or a wave."""


@dataclass(frozen=True, eq=False, repr=False)
class Attention(Brief):
    """Weights of H heads.

    Parameters
    ----------
    W_K, W_Q : keys and queries (H, d_k, d); d_k is d_h in all constructions but those in few bits.
    W_V, W_O : values and outputs (H, d_h, d).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> attention = Attention(*rng.standard_normal((4, 3, 2, 5)))
    >>> attention(rng.standard_normal((7, 6, 5))).shape, attention.parameters
    ((7, 5), 120)
    """

    W_K: Floats
    W_Q: Floats
    W_V: Floats
    W_O: Floats

    @property
    def heads(self) -> int:
        """Number of heads H."""
        return len(self.W_K)

    @property
    def head_dim(self) -> int:
        """Dimension d_h of a head's values."""
        return int(self.W_V.shape[1])

    @property
    def key_dim(self) -> int:
        """Dimension d_k of a head's keys."""
        return int(self.W_K.shape[1])

    @property
    def parameters(self) -> int:
        """Number of stored entries, 2 H d (d_k + d_h)."""
        return self.W_K.size + self.W_Q.size + self.W_V.size + self.W_O.size

    def query(self, last: Floats) -> Floats:
        """Direction (H, d) whose product with a token's embedding is its logit.

        Parameters
        ----------
        last : (d,) embedding at the last position.
        """
        queries = (self.W_Q @ last) / np.sqrt(self.key_dim)  # (H, d_k)
        return np.asarray(np.einsum("hk,hkd->hd", queries, self.W_K))

    def logits(self, embeddings: Floats, last: Floats) -> Floats:
        """Logit (H, n) of every token in every head.

        Parameters
        ----------
        embeddings : (n, d).
        last : (d,) embedding at the last position.
        """
        return np.asarray(self.query(last) @ embeddings.T)

    def values(self, embeddings: Floats) -> Floats:
        """Value (n, H, d_h) of every token in every head, before W_O.

        Parameters
        ----------
        embeddings : (n, d).
        """
        flat = embeddings @ self.W_V.reshape(-1, self.W_V.shape[2]).T
        return np.asarray(flat.reshape(len(embeddings), self.heads, self.head_dim))

    def mix(self, pooled: Floats) -> Floats:
        """Sum over heads of W_O^T applied to pooled values (B, H, d_h), (B, d)."""
        return np.asarray(pooled.reshape(len(pooled), -1) @ self.W_O.reshape(-1, self.W_O.shape[2]))

    def __call__(self, X: Floats, /) -> Floats:
        """Output (B, d) at the last position of sequences X (B, T, d)."""
        keys = np.einsum("btd,hkd->bhtk", X, self.W_K, optimize=True)
        queries = np.einsum("bd,hkd->bhk", X[:, -1], self.W_Q, optimize=True)
        logits = np.einsum("bhtk,bhk->bht", keys, queries) / np.sqrt(self.key_dim)
        weight = np.exp(logits - logits.max(axis=2, keepdims=True))
        weight /= weight.sum(axis=2, keepdims=True)
        values = np.einsum("btd,hkd->bhtk", X, self.W_V, optimize=True)
        return self.mix(np.einsum("bht,bhtk->bhk", weight, values))


@runtime_checkable
class OneLayer(Protocol):
    """What a model of the factual recall task has to offer: any object of this shape serves."""

    @property
    def parameters(self) -> int:
        """Number of stored real numbers, embeddings apart."""

    def outputs(self, prompts: Integers, /) -> Floats:
        """Outputs (B, d) for prompts (B, T) of tokens."""


@dataclass(frozen=True, eq=False, repr=False)
class Transformer(Brief):
    """One layer over given embeddings: attention, then perhaps an MLP with a residual connection.

    Parameters
    ----------
    embeddings : (n, d), of all tokens, the end-of-sequence token last.
    attention : its heads.
    mlp : the network V^T sigma(W x), of one of the classes of :data:`Network`, or None.
    bits : stored size of attention and MLP in bits when the weights are rounded, else None.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> heads = Attention(*rng.standard_normal((4, 3, 2, 5)))
    >>> model = Transformer(rng.standard_normal((9, 5)), heads)
    >>> model.outputs(np.array([[0, 3, 8], [1, 4, 8]])).shape
    (2, 5)
    """

    embeddings: Floats
    attention: Attention
    mlp: Network | None = None
    bits: int | None = None

    @property
    def parameters(self) -> int:
        """Number of stored entries of attention and MLP; embeddings are given, not stored."""
        return self.attention.parameters + self.mlp_parameters

    @property
    def mlp_parameters(self) -> int:
        """Number of stored entries of the MLP."""
        return 0 if self.mlp is None else self.mlp.parameters

    def outputs(self, prompts: Integers, /) -> Floats:
        """Outputs F (B, d) at the last position of prompts (B, T)."""
        return self.after(self.attention(self.embeddings[prompts]))

    def after(self, X: Floats) -> Floats:
        """Outputs F (B, d) for what attention gives, X (B, d)."""
        return X if self.mlp is None else np.asarray(X + self.mlp(X))

    def attended(self, tokens: Integers) -> NDArray[np.float64]:
        """What attention gives, (B, d), if head h looks at ``tokens[:, h]`` (B, H) and no other."""
        values = self.attention.values(self.embeddings.astype(np.float64))
        heads = np.arange(self.attention.heads)
        return np.asarray(self.attention.mix(values[tokens, heads]), np.float64)

    def logits(self) -> NDArray[np.float64]:
        """Logit (H, n) of every token in every head, for prompts that end as they should."""
        embeddings = self.embeddings.astype(np.float64)
        return np.asarray(self.attention.logits(embeddings, embeddings[-1]), np.float64)


def is_plain(model: Any) -> TypeGuard[Transformer]:
    """Whether a model computes what its weights say: a :class:`Transformer`, nothing derived.

    What a derived class answers may be something else, so its weights prove nothing of it.

    Examples
    --------
    >>> class Mute(Transformer):
    ...     def outputs(self, prompts):
    ...         return np.zeros((len(prompts), 5))
    >>> heads = Attention(*np.ones((4, 3, 2, 5)))
    >>> is_plain(Transformer(np.eye(5), heads)), is_plain(Mute(np.eye(5), heads))
    (True, False)
    """
    return (
        type(model) is Transformer
        and type(model.attention) is Attention
        and (model.mlp is None or type(model.mlp) in (TwoLayer, PiecewiseLinear))
    )
