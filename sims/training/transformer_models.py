r"""Transformers that are to be trained: their sizes, the weights they start from, their models.

Sizes that are not given follow the rules of the constructions, so that a trained transformer has
the shape of the constructed one of the same d and m.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief, Floats, Integers
from assoc.checks import check_fits, check_width, positive
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.transformers.attention_only import check_embeddings
from assoc.transformers.heads import check_head_dim, choose_head_dim
from assoc.transformers.model import Attention, OneLayer, Transformer
from sims.training.memory_models import ReluNetwork
from sims.transformers.prompts import prompt_outputs

__all__ = [
    "TRAINED",
    "ReluTransformer",
    "Sizes",
    "UntrainedTransformer",
    "choose_sizes",
    "untrained_transformer",
]

TRAINED = ("attention-only", "attention-mlp")
"""What can be trained."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a transformer.

    Parameters
    ----------
    d : dimension of the embeddings.
    heads, head_dim : H and d_h.
    width : m; 0 for attention alone.

    Examples
    --------
    >>> Sizes(16, 4, 2, 10).attention, Sizes(16, 4, 2, 10).mlp
    (512, 320)
    """

    d: int
    heads: int
    head_dim: int
    width: int = 0

    @property
    def attention(self) -> int:
        """Parameters of the heads, 4 H d d_h."""
        return 4 * self.heads * self.d * self.head_dim

    @property
    def mlp(self) -> int:
        """Parameters of the network, 2 m d."""
        return 2 * self.width * self.d

    @property
    def parameters(self) -> int:
        """All that is trained."""
        return self.attention + self.mlp


def choose_sizes(
    model: Any,
    subjects: int,
    relations: int,
    *,
    d: int,
    head_dim: int | None = None,
    heads: int | None = None,
    width: int | None = None,
) -> Sizes:
    """Return the sizes of a model, by the rules of the constructions where they are not given.

    Parameters
    ----------
    model : one of :data:`TRAINED`.
    subjects, relations : S and R.
    d : dimension.
    head_dim : d_h; None leaves it to :func:`assoc.transformers.heads.choose_head_dim`.
    heads : H, at least 1; None means ceil(S / d_h) + ceil(R / d_h), as constructions have.
    width : m, for ``attention-mlp`` only.

    Raises
    ------
    InputError
        If the model has another name or a size is out of range.

    Examples
    --------
    >>> choose_sizes("attention-mlp", 8, 8, d=32, width=10)
    Sizes(d=32, heads=4, head_dim=4, width=10)
    """
    if model not in TRAINED:
        raise InputError(f"model {model!r} is not one of {', '.join(TRAINED)}")
    d = positive(d, "d")
    if head_dim is None:
        head_dim = choose_head_dim(subjects, relations, d)
    head_dim = check_head_dim(positive(head_dim, "head dimension d_h"), d)
    if heads is None:
        heads = math.ceil(subjects / head_dim) + math.ceil(relations / head_dim)
    heads = positive(heads, "heads H")
    if model == "attention-only":
        if width is not None:
            raise InputError(f"width {width!r}: attention alone has none")
        return Sizes(d, heads, head_dim)
    if width is None:
        raise InputError("model 'attention-mlp' needs a width")
    return Sizes(d, heads, head_dim, check_width(width))


@dataclass(frozen=True, eq=False, repr=False)
class ReluTransformer(Brief):
    """Attention, then F = X + V^T relu(W X), evaluated in double precision.

    Parameters
    ----------
    embeddings : (n, d), of all tokens, the end-of-sequence token last.
    attention : its heads.
    mlp : the network.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> heads = Attention(*rng.standard_normal((4, 3, 2, 5)))
    >>> network = ReluNetwork(*rng.standard_normal((2, 7, 5)))
    >>> model = ReluTransformer(rng.standard_normal((9, 5)), heads, network)
    >>> model.outputs(np.array([[0, 3, 8], [1, 4, 8]])).shape, model.parameters
    ((2, 5), 190)
    """

    embeddings: Floats
    attention: Attention
    mlp: ReluNetwork

    @property
    def parameters(self) -> int:
        """Number of stored entries of attention and MLP."""
        return self.attention.parameters + self.mlp.parameters

    def outputs(self, prompts: Integers, /) -> Floats:
        """Outputs F (B, d) at the last position of prompts (B, T), which end as they should."""
        X = prompt_outputs(Transformer(self.embeddings, self.attention), prompts)
        return np.asarray(X + self.mlp(X))


@dataclass(frozen=True, eq=False)
class UntrainedTransformer:
    """A transformer before it is trained: facts, weights; see :func:`untrained_transformer`.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens, float32.
    sizes : d, H, d_h, m.
    weights : W_K, W_Q, W_V, W_O (H, d_h, d), and W, V (m, d) of the network.
    key : (2,) words of 32 bits, of JAX's generator of prompts.
    """

    task: RecallTask
    embeddings: NDArray[np.float32]
    sizes: Sizes
    weights: tuple[NDArray[np.float32], ...]
    key: NDArray[np.uint32]

    def model(self, weights: Sequence[Floats] | None = None) -> OneLayer:
        """Return the transformer with these weights, in double precision; None: the initial ones.

        Parameters
        ----------
        weights : of the shapes of the initial ones.
        """
        wide = [np.asarray(part, np.float64) for part in weights or self.weights]
        attention = Attention(*wide[:4])
        if not self.sizes.width:
            return Transformer(self.embeddings, attention)
        return ReluTransformer(self.embeddings, attention, ReluNetwork(*wide[4:]))


def untrained_transformer(
    task: RecallTask, embeddings: Floats, sizes: Sizes, *, rng: np.random.Generator
) -> UntrainedTransformer:
    """Draw a transformer's initial weights, and the key of its prompts.

    All entries are normal. With embeddings of unit norm, variances of 1 in W_K, W_Q and W_V, of
    1 / (H d_h) in W_O, 1 / d in W and 1 / m in V give logits, values, hidden neurons and outputs
    entries of about 1.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens.
    sizes : with the same d.
    rng : draws the key, then the weights.

    Raises
    ------
    InputError
        If the embeddings are not one finite vector per token, or their d is another.
    """
    Phi = check_embeddings(embeddings, task)
    if Phi.shape[1] != sizes.d:
        raise InputError(f"embeddings of dimension {Phi.shape[1]} for a transformer of {sizes.d}")
    H, k, d, m = sizes.heads, sizes.head_dim, sizes.d, sizes.width
    entries = 3.0 * len(task) * (len(Phi) + len(task.prompted) + H * k + m) + 4 * sizes.parameters
    check_fits(entries, 4, f"N = {len(task)}, n = {len(Phi)}: the scores and weights")
    key = rng.integers(0, 2**32, 2, dtype=np.uint32)
    head, network = (H, k, d), (m, d)
    scales = (1.0, 1.0, 1.0, (H * k) ** -0.5, d**-0.5, max(m, 1) ** -0.5)
    weights = tuple(
        rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        for shape, scale in zip((head,) * 4 + (network,) * 2, scales, strict=True)
    )
    return UntrainedTransformer(task, Phi.astype(np.float32), sizes, weights, key)
