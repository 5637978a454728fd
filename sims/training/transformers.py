r"""One-layer transformers trained by Adam on all their facts at once, many of them side by side.

==================  ===================================  ========================
``attention-only``  F = X, what the heads' outputs sum   4 H d d_h
                    to at the last position
``attention-mlp``   F = X + V^T relu(W X)                4 H d d_h + 2 m d
==================  ===================================  ========================

The second has the residual connection of :class:`assoc.transformers.model.Transformer` (and of
NLB's task). Embeddings are given and stay as they are; the loss is the multinomial logistic one
over the **whole** vocabulary, the mean over all facts. Every step takes each fact once, in a prompt
whose noise is drawn anew. Its places are not: embeddings tell none, so that the output at the end
of a prompt depends on nothing but how often each token is in it. A prompt is therefore the row of
its tokens' counts, and attention is two products with tables of all tokens, of exponentials and of
values: up to rounding the softmax over the prompt, as long as no logit is further than
:data:`REACH` from the end's. What is recalled is judged elsewhere, on prompts of tokens, by the
softmax as it is, in double precision.

Prompts come from JAX's generator, whose key is drawn from the trial's own stream: a trial's
prompts depend on seed, experiment, shape and trial alone, and are the same for all learning rates.
Transformers of several sizes share a batch, padded with zeros, which stay zeros: whatever is
multiplied by one has no gradient. Arithmetic is in single precision, so that the same trial in
another batch or on another machine ends at weights that differ by what rounding grows into.

Against NLB's own training (their public code, read for its sizes): the same T = 32 and architecture
with frozen random embeddings; here every fact once in a step and not 1,024 sampled prompts, fewer
steps than their 2^14, a cosine schedule and not a constant rate, embeddings on the sphere and not
normal ones, no bias in the network, scores over all tokens and not over the answers alone, with the
tokens' own embeddings; and a verdict on every fact with the last weights, not the best accuracy on
the way above 99% of 1,024 prompts.

Needs the extra ``train`` (JAX, Optax), imported where it is used.

References
----------
NLB, section 4, Figures 4 and 7 to 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.facts.recall_task import SHORTEST, check_length
from assoc.transformers.model import OneLayer
from sims.training.loop import Objective, Run, Weights, right_and_rival, train_side_by_side
from sims.training.recipe import LEARNING_RATES, Training, libraries
from sims.training.transformer_models import Sizes, UntrainedTransformer
from sims.transformers.architecture import LENGTH

__all__ = ["REACH", "TRAINING", "TransformerObjective", "padded", "train_transformers"]

TRAINING = Training(steps=4096, learning_rates=LEARNING_RATES["transformer"])
"""How transformers are trained unless it is said otherwise."""

REACH = 60.0
"""Logits further from that of the end are trained as if they were at this distance, so that sums of
exponentials fit into single precision; the verdict is on the softmax as it is."""

LOOKS = 64
"""Prompts of each fact in such a look. A run that has just learnt a fact fails it in a prompt of
some hundred, and more steps mend that; looks at few prompts end runs that are not done."""

SCORES = 2**19
"""Scores of a batch, over its trials and learning rates, above which trials are trained apart."""

GRAIN = 4
"""Sizes d and m are padded to multiples of it, so that few programs are compiled."""


def train_transformers(
    untrained: Sequence[UntrainedTransformer],
    training: Training = TRAINING,
    *,
    length: int = LENGTH,
    threads: int = 1,
) -> list[tuple[Run[OneLayer], ...]]:
    """Train every transformer with every learning rate.

    A trial ends at the first look (every :data:`sims.training.loop.CHECK` steps) at which, with one
    of the learning rates, every fact has the wanted margin in :data:`LOOKS` prompts drawn for this
    look.

    Parameters
    ----------
    untrained : transformers; their tables have the same S, R, A, K and N; sizes may differ.
    training : how; without learning rates of its own, with those of
        :data:`sims.training.recipe.LEARNING_RATES`.
    length : T of the prompts.
    threads : batches trained at a time.

    Returns
    -------
    For each transformer, one run per learning rate, in their order.

    Raises
    ------
    InputError
        If JAX or Optax is missing, the tables differ in size, or T is out of range.
    """
    libraries()
    tables = {(p.task.subjects, p.task.relations, p.task.answers, p.task.noise, len(p.task))
              for p in untrained}  # fmt: skip
    if len(tables) > 1:
        raise InputError("transformers of tables of different sizes cannot be trained together")
    if not untrained:
        return []
    check_length(length, untrained[0].task.noise)
    rates = training.rates("transformer")
    scores = len(rates) * len(untrained[0].task) * untrained[0].task.vocabulary
    return train_side_by_side(
        TransformerObjective(untrained[0].task.noise, length), training, rates, untrained,
        size=lambda p: p.sizes.parameters, most=SCORES // scores, threads=threads,
    )  # fmt: skip


@dataclass(frozen=True)
class TransformerObjective(Objective[UntrainedTransformer, OneLayer]):
    """A transformer as the training loop sees it.

    Its weights and data are those of :func:`padded`; what is drawn for a step are counts (N, P) of
    the prompted tokens, of which the end is the last, in a prompt of each fact.

    Parameters
    ----------
    noise : K, number of noise tokens.
    length : T of the prompts.
    """

    noise: int
    length: int

    def pad(
        self, batch: Sequence[UntrainedTransformer], /
    ) -> list[tuple[Weights, tuple[Any, ...]]]:
        """Return initial weights and data of every trial, padded to the largest of them."""
        d, heads, head_dim, width = (
            max(getattr(p.sizes, name) for p in batch)
            for name in ("d", "heads", "head_dim", "width")
        )
        sizes = Sizes(-(-d // GRAIN) * GRAIN, heads, head_dim, -(-width // GRAIN) * GRAIN)
        return [padded(p, sizes) for p in batch]

    def draw(self, data: Any, step: Any, /) -> Any:
        """Draw the prompts of a number, which are the same for all learning rates."""
        jax, _ = libraries()
        cues, key = data[3], data[5]
        if self.length == SHORTEST:
            return cues
        own = jax.random.fold_in(jax.random.wrap_key_data(key), step)
        drawn = jax.random.randint(own, (len(cues), self.length - SHORTEST), 0, self.noise)
        counted = (drawn[:, :, None] == jax.numpy.arange(self.noise)).sum(axis=1)
        first = cues.shape[1] - 1 - self.noise
        return cues.at[:, first:-1].add(counted.astype(cues.dtype))

    def outputs(self, weights: Any, data: Any, counts: Any, /) -> Any:
        """Return outputs (N, d) for the counts of the prompted tokens."""
        jax, _ = libraries()
        jnp = jax.numpy
        W_K, W_Q, W_V, W_O, W, V = weights
        _, tokens, _, _, scale, _ = data
        H, k, d = W_K.shape
        query = jnp.einsum("hk,hkd->hd", (W_Q @ tokens[-1]) * scale, W_K)
        logits = tokens @ query.T  # (P, H)
        mass = jnp.exp(jnp.clip(logits - logits[-1], -REACH, REACH))
        values = (tokens @ W_V.reshape(H * k, d).T).reshape(-1, H, k)
        pooled = (counts @ (mass[:, :, None] * values).reshape(-1, H * k)).reshape(-1, H, k)
        # Through logarithms: the square of the sum, in the gradient of a quotient, may overflow.
        pooled *= jnp.exp(-jnp.log(counts @ mass))[:, :, None]
        X = pooled.reshape(-1, H * k) @ W_O.reshape(H * k, d)
        return X + jax.nn.relu(X @ W.T) @ V

    def loss(self, weights: Any, data: Any, counts: Any, /) -> Any:
        """Return the cross-entropy over the whole vocabulary, the mean over the facts."""
        jax, _ = libraries()
        Phi, _, labels, *_ = data
        out = self.outputs(weights, data, counts)
        return (jax.nn.logsumexp(out @ Phi.T, axis=1) - (out * Phi[labels]).sum(axis=1)).mean()

    def look(self, weights: Any, data: Any, taken: Any, /) -> tuple[Any, Any]:
        """Return loss and least margin over :data:`LOOKS` new prompts, for each learning rate."""
        jax, _ = libraries()
        jnp = jax.numpy
        # Prompts to look at are numbered down from the end of 32 bits.
        first = jnp.uint32(2**32 - 1) - LOOKS * taken

        def look(number: Any) -> Any:
            counts = self.draw(data, number)
            return jax.vmap(self._looked, (0, None, None))(weights, data, counts)

        losses, least = jax.lax.map(look, first - jnp.arange(LOOKS, dtype=jnp.uint32))
        return losses.mean(axis=0), least.min(axis=0)

    def build(
        self, untrained: UntrainedTransformer, weights: Sequence[NDArray[np.float32]], /
    ) -> OneLayer:
        """Return the transformer with the weights that are not padding, in double precision."""
        return untrained.model([
            part[tuple(slice(n) for n in first.shape)]
            for part, first in zip(weights, untrained.weights, strict=True)
        ])  # fmt: skip

    def _looked(self, weights: Any, data: Any, counts: Any) -> tuple[Any, Any]:
        """Return the cross-entropy, and the least margin of the facts."""
        jax, _ = libraries()
        Phi, _, labels, *_ = data
        scores = self.outputs(weights, data, counts) @ Phi.T
        right, rival = right_and_rival(scores, labels)
        return (jax.nn.logsumexp(scores, axis=1) - right).mean(), (right - rival).min()


def padded(given: UntrainedTransformer, sizes: Sizes) -> tuple[Weights, tuple[Any, ...]]:
    """Return the initial weights and the data of a trial, padded with zeros.

    Parameters
    ----------
    given : the facts and weights.
    sizes : to pad to, none below the transformer's own.

    Returns
    -------
    weights, data
        The data: embeddings, those of prompted tokens, labels, counts of each fact's cues and end,
        1 / sqrt(d_h), and the key of its prompts.
    """
    head, network = (sizes.heads, sizes.head_dim, sizes.d), (sizes.width, sizes.d)
    weights = tuple(_fill(part, head if part.ndim == 3 else network) for part in given.weights)
    task = given.task
    Phi = _fill(given.embeddings, (task.vocabulary, sizes.d))
    cues = np.zeros((len(task), task.vocabulary), np.float32)
    np.put_along_axis(cues, task.cues, 1, axis=1)
    cues[:, task.end] = 1
    scale = np.float32(given.sizes.head_dim**-0.5)
    prompted = task.prompted
    data = (
        Phi, Phi[prompted], task.labels.astype(np.int32), cues[:, prompted], scale, given.key
    )  # fmt: skip
    return weights, data


def _fill(A: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Pad with zeros at the end of each axis."""
    return np.pad(A, [(0, n - have) for n, have in zip(shape, A.shape, strict=True)])
