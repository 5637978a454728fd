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
the way above 99 % of 1,024 prompts.

Needs the extra ``train`` (JAX, Optax), imported where it is used.

References
----------
NLB, section 4, Figures 4 and 7 to 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers
from assoc.errors import InputError
from assoc.facts.recall_task import SHORTEST, check_length
from assoc.transformers.model import OneLayer
from sims.engine.parallel import run
from sims.training.recipe import Training, libraries
from sims.training.transformer_models import Sizes, TransformerProblem
from sims.transformers.architecture import LENGTH

__all__ = [
    "LEARNING_RATES",
    "REACH",
    "TRAINING",
    "TransformerRun",
    "evaluate",
    "train_transformers",
]

LEARNING_RATES = (0.03, 0.1)
"""Learning rates that are tried unless others are given: those that were seen to recall most facts
near the smallest size, of 0.003 to 1, with the cosine schedule."""

TRAINING = Training(steps=4096, learning_rates=LEARNING_RATES)
"""How transformers are trained unless it is said otherwise."""

REACH = 60.0
"""Logits further from that of the end are trained as if they were at this distance, so that sums of
exponentials fit into single precision; the verdict is on the softmax as it is."""

CHECK = 128
"""Steps between two looks at whether a trial is done."""

LOOKS = 64
"""Prompts of each fact in such a look. A run that has just learnt a fact fails it in a prompt of
some hundred, and more steps mend that; looks at few prompts end runs that are not done."""

SCORES = 2**19
"""Scores of a batch, over its trials and learning rates, above which trials are trained apart."""

MOST = 16
"""Most trials in a batch."""

GRAIN = 4
"""Sizes d and m are padded to multiples of it, so that few programs are compiled."""


@dataclass(frozen=True, eq=False)
class TransformerRun:
    """What one learning rate came to.

    Parameters
    ----------
    learning_rate : of the run.
    model : as trained, in double precision, or None if the run diverged.
    loss : at the end, on prompts that were not trained on.
    steps : taken.
    """

    learning_rate: float
    model: OneLayer | None
    loss: float
    steps: int

    @property
    def diverged(self) -> bool:
        """Whether a weight or the loss is not finite at the end."""
        return self.model is None


def train_transformers(
    problems: Sequence[TransformerProblem],
    training: Training = TRAINING,
    *,
    length: int = LENGTH,
    threads: int = 1,
) -> list[tuple[TransformerRun, ...]]:
    """Train every transformer with every learning rate.

    A trial ends at the first look (every :data:`CHECK` steps) at which, with one of the learning
    rates, every fact has the wanted margin in :data:`LOOKS` prompts drawn for this look.

    Parameters
    ----------
    problems : their tables have the same S, R, A, K and N; sizes may differ.
    training : how; without learning rates of its own, with :data:`LEARNING_RATES`.
    length : T of the prompts.
    threads : batches trained at a time.

    Returns
    -------
    For each problem, one run per learning rate, in their order.

    Raises
    ------
    InputError
        If JAX or Optax is missing, the tables differ in size, or T is out of range.
    """
    libraries()
    tables = {(p.task.subjects, p.task.relations, p.task.answers, p.task.noise, len(p.task))
              for p in problems}  # fmt: skip
    if len(tables) > 1:
        raise InputError("transformers of tables of different sizes cannot be trained together")
    if not problems:
        return []
    check_length(length, problems[0].task.noise)
    rates = training.learning_rates or LEARNING_RATES
    order = sorted(range(len(problems)), key=lambda i: problems[i].sizes.parameters)
    each = len(rates) * len(problems[0].task) * problems[0].task.vocabulary
    most = min(MOST, max(1, SCORES // each))
    size = -(-len(order) // -(-len(order) // most))
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    batches = [[problems[i] for i in group] for group in groups]
    found: list[tuple[TransformerRun, ...]] = [()] * len(problems)
    work = partial(_train, training, rates, length)
    for group, runs in zip(groups, run(work, batches, threads=threads), strict=True):
        for place, of_trial in zip(group, runs, strict=True):
            found[place] = of_trial
    return found


def evaluate(
    given: TransformerProblem, prompts: Integers, *, padded: Sizes | None = None
) -> tuple[NDArray[np.float32], float, tuple[NDArray[np.float32], ...]]:
    """Return outputs, loss and its gradient at the initial weights, as training computes them.

    Parameters
    ----------
    given : the facts and weights.
    prompts : (N, T) tokens, a prompt for each fact.
    padded : sizes to pad to, none below the transformer's own; None means no padding.

    Returns
    -------
    F (N, d), the loss, and a gradient for each of the weights; all as padded.

    Raises
    ------
    InputError
        If JAX is missing.
    """
    libraries()
    place = np.full(given.task.vocabulary, -1)
    place[given.task.prompted] = np.arange(len(given.task.prompted))
    counts = np.zeros((len(prompts), len(given.task.prompted)), np.float32)
    np.add.at(counts, (np.arange(len(prompts))[:, None], place[prompts]), 1)
    sizes = padded or given.sizes
    data, weights = _padded_data(given, sizes.d), _padded_weights(given, sizes)
    value, slope, out = _evaluation()(weights, data, counts)
    return np.asarray(out), float(value), tuple(np.asarray(part) for part in slope)


@cache
def _evaluation() -> Any:
    """Return the program of loss, gradient and outputs."""
    jax, _ = libraries()

    def work(weights: Any, data: Any, counts: Any) -> Any:
        value, slope = jax.value_and_grad(_loss)(weights, data, counts)
        return value, slope, _forward(weights, data, counts)

    return jax.jit(work)


def _fill(A: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Pad with zeros at the end of each axis."""
    return np.pad(A, [(0, n - have) for n, have in zip(shape, A.shape, strict=True)])


def _padded_weights(given: TransformerProblem, sizes: Sizes) -> tuple[NDArray[np.float32], ...]:
    head, network = (sizes.heads, sizes.head_dim, sizes.d), (sizes.width, sizes.d)
    return tuple(_fill(part, head if part.ndim == 3 else network) for part in given.weights)


def _padded_data(given: TransformerProblem, d: int) -> tuple[Any, ...]:
    """Embeddings, those of prompted tokens, labels, each fact's cues and end, 1/sqrt(d_h), key."""
    task = given.task
    Phi = _fill(given.embeddings, (task.vocabulary, d))
    cues = np.zeros((len(task), task.vocabulary), np.float32)
    np.put_along_axis(cues, task.cues, 1, axis=1)
    cues[:, task.end] = 1
    scale = np.float32(given.sizes.head_dim**-0.5)
    prompted = task.prompted
    return Phi, Phi[prompted], task.labels.astype(np.int32), cues[:, prompted], scale, given.key


def _forward(weights: Any, data: Any, counts: Any) -> Any:
    """Outputs (N, d) for the counts (N, P) of the prompted tokens, of which the end is the last."""
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


def _loss(weights: Any, data: Any, counts: Any) -> Any:
    """Cross-entropy over the whole vocabulary, the mean over the facts."""
    jax, _ = libraries()
    Phi, _, labels, *_ = data
    out = _forward(weights, data, counts)
    return (jax.nn.logsumexp(out @ Phi.T, axis=1) - (out * Phi[labels]).sum(axis=1)).mean()


def _looked(weights: Any, data: Any, counts: Any) -> tuple[Any, Any]:
    """Cross-entropy, and the least margin of the facts."""
    jax, _ = libraries()
    jnp = jax.numpy
    Phi, _, labels, *_ = data
    scores = _forward(weights, data, counts) @ Phi.T
    own = jnp.arange(len(Phi)) == labels[:, None]
    right = jnp.where(own, scores, 0.0).sum(axis=1)
    rival = jnp.where(own, -jnp.inf, scores).max(axis=1)
    return (jax.nn.logsumexp(scores, axis=1) - right).mean(), (right - rival).min()


def _counts(data: Any, noise: int, length: int, number: Any) -> Any:
    """Draw the prompts of a number: counts (N, P) of their tokens."""
    jax, _ = libraries()
    cues, key = data[3], data[5]
    if length == SHORTEST:
        return cues
    own = jax.random.fold_in(jax.random.wrap_key_data(key), number)
    drawn = jax.random.randint(own, (len(cues), length - SHORTEST), 0, noise)
    counted = (drawn[:, :, None] == jax.numpy.arange(noise)).sum(axis=1)
    first = cues.shape[1] - 1 - noise
    return cues.at[:, first:-1].add(counted.astype(cues.dtype))


@cache
def _programs(training: Training, noise: int, length: int) -> tuple[Any, Any]:
    """Return the programs that start and continue the training of a batch.

    Their weights and states have axes (trials, learning rates, ...), their data (trials, ...).
    """
    jax, optax = libraries()
    jnp = jax.numpy

    def optimiser(rate: Any) -> Any:
        if training.schedule == "cosine":
            scheduled = optax.cosine_decay_schedule(rate, training.steps)
        else:
            scheduled = optax.constant_schedule(rate)
        if training.optimiser == "adamw":
            return optax.adamw(scheduled, weight_decay=training.weight_decay)
        return optax.adam(scheduled)

    def begin(rate: Any, weights: Any) -> Any:
        return optimiser(rate).init(weights)

    def update(rate: Any, weights: Any, state: Any, data: Any, counts: Any) -> Any:
        slope = jax.grad(_loss)(weights, data, counts)
        change, state = optimiser(rate).update(slope, state, weights)
        return optax.apply_updates(weights, change), state

    def advance(steps: int, taken: Any, rates: Any, weights: Any, state: Any, data: Any) -> Any:
        """Train one trial, with all its learning rates on the same prompts."""

        def step(carry: Any, number: Any) -> Any:
            counts = _counts(data, noise, length, number)
            return jax.vmap(update, (0, 0, 0, None, None))(rates, *carry, data, counts), None

        (weights, state), _ = jax.lax.scan(
            step, (weights, state), taken + jnp.arange(steps, dtype=jnp.uint32)
        )
        # Prompts to look at are numbered down from the end of 32 bits.
        first = jnp.uint32(2**32 - 1) - LOOKS * taken

        def look(number: Any) -> Any:
            counts = _counts(data, noise, length, number)
            return jax.vmap(_looked, (0, None, None))(weights, data, counts)

        losses, least = jax.lax.map(look, first - jnp.arange(LOOKS, dtype=jnp.uint32))
        return weights, state, losses.mean(axis=0), least.min(axis=0)

    def begin_all(rates: Any, weights: Any) -> Any:
        return jax.vmap(jax.vmap(begin), (None, 0))(rates, weights)

    def advance_all(steps: int, taken: Any, rates: Any, weights: Any, state: Any, data: Any) -> Any:
        each = jax.vmap(partial(advance, steps), (None, None, 0, 0, 0))
        return each(taken, rates, weights, state, data)

    return jax.jit(begin_all), jax.jit(advance_all, static_argnums=0)


def _train(
    training: Training,
    rates: tuple[float, ...],
    length: int,
    batch: Sequence[TransformerProblem],
) -> list[tuple[TransformerRun, ...]]:
    """Train a batch; its trials end one by one, and the batch with the last of them."""
    d, heads, head_dim, width = (
        max(getattr(p.sizes, name) for p in batch) for name in ("d", "heads", "head_dim", "width")
    )
    sizes = Sizes(-(-d // GRAIN) * GRAIN, heads, head_dim, -(-width // GRAIN) * GRAIN)
    data = tuple(np.stack(part) for part in
                 zip(*(_padded_data(p, sizes.d) for p in batch), strict=True))  # fmt: skip
    weights: Any = tuple(
        np.repeat(np.stack(part)[:, None], len(rates), axis=1)
        for part in zip(*(_padded_weights(p, sizes) for p in batch), strict=True)
    )
    tried = np.array(rates, np.float32)
    begin, advance = _programs(training, batch[0].task.noise, length)
    state, taken = begin(tried, weights), 0
    found: list[tuple[TransformerRun, ...] | None] = [None] * len(batch)
    while None in found:
        steps = min(CHECK, training.steps - taken)
        weights, state, losses, least = advance(
            steps, np.uint32(taken), tried, weights, state, data
        )
        taken += steps
        done = np.full(len(batch), taken == training.steps)
        if training.wanted is not None:
            done |= (np.asarray(least) >= training.wanted).any(axis=1)
        for trial, given in enumerate(batch):
            if done[trial] and found[trial] is None:
                ended = [np.asarray(part[trial]) for part in weights]
                found[trial] = tuple(
                    _run(given, rate, [part[i] for part in ended], losses[trial, i], taken)
                    for i, rate in enumerate(rates)
                )
    return [runs for runs in found if runs is not None]


def _run(
    given: TransformerProblem, rate: float, weights: list[Any], loss: Any, steps: int
) -> TransformerRun:
    if not (np.isfinite(loss) and all(np.isfinite(part).all() for part in weights)):
        return TransformerRun(rate, None, float(loss), steps)
    own = [part[tuple(slice(n) for n in first.shape)]
           for part, first in zip(weights, given.weights, strict=True)]  # fmt: skip
    return TransformerRun(rate, given.model(own), float(loss), steps)
