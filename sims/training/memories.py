r"""Memories trained by gradient descent on all their facts at once, many of them side by side.

============  ======================  ==============
``linear``    F(e) = W e              d_in d_out
``mlp``       F(e) = V^T relu(W e)    m (d_in + d_out)
============  ======================  ==============

The loss is the multinomial logistic one over all M answers, the mean over all N facts,

.. math:: L = \frac1N \sum_x -\log \operatorname{softmax}\bigl(U F(e_x)\bigr)_{f(x)}.

Every trial is trained once with each learning rate, from the same initial weights. Trials of
about the same size share a batch, padded with facts of no weight and answers of no probability.
Arithmetic is in single precision: the same trial in another batch, on another machine or with
another number of cores ends at weights that differ by what rounding grows into. What is recalled
is judged elsewhere, in double precision, on the weights as they are at the end.

Needs the extra ``train`` (JAX, Optax), imported where it is used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.memories.memory import Factors, Memory
from sims.engine.parallel import run
from sims.training.memory_models import Problem, ReluNetwork, Weights
from sims.training.recipe import Training, libraries

__all__ = ["Run", "initial_loss", "train"]

CHECK = 128
"""Steps between two looks at whether a trial is done."""

SCORES = 2**18
"""Scores of a batch, over its trials and learning rates, above which trials are trained apart:
more of them no longer fit the processor's cache."""

PROGRAMS = 16
"""Kinds of training whose compiled programs are kept."""

MOST = 16
"""Most trials in a batch."""

GROWTH, GRAIN = 1.05, 8
"""Sizes are padded to multiples of the second, successive ones about this factor apart, so that
few programs are compiled."""

PRECISION = "highest"
"""Of matrix products. JAX's default would round their factors, except on processors."""

SHUT = -1e30
"""Score of an answer that is not there."""


@dataclass(frozen=True, eq=False)
class Run:
    """What one learning rate came to.

    Parameters
    ----------
    learning_rate : of the run.
    memory : as trained, or None if the run diverged.
    loss : at the end, in single precision: rounding may take it a little below 0.
    steps : taken.
    """

    learning_rate: float
    memory: Memory | None
    loss: float
    steps: int

    @property
    def diverged(self) -> bool:
        """Whether a weight or the loss is not finite at the end."""
        return self.memory is None


def train(
    problems: Sequence[Problem], training: Training, *, threads: int = 1
) -> list[tuple[Run, ...]]:
    """Train every problem with every learning rate.

    Parameters
    ----------
    problems : of one model, with weights of the same shapes; their N and M may differ.
    training : how.
    threads : batches trained at a time. JAX may use all cores for each.

    Returns
    -------
    For each problem, one run per learning rate, in their order.

    Raises
    ------
    InputError
        If JAX or Optax is missing, or the problems are not of one kind.

    Examples
    --------
    >>> train([], Training())
    []
    """
    if not problems:
        return []
    jax, _ = libraries()
    kinds = {(p.model, *(w.shape for w in p.weights)) for p in problems}
    if len(kinds) > 1:
        raise InputError("problems of different models or weights cannot be trained together")
    found: list[tuple[Run, ...]] = [()] * len(problems)
    batches = _batches(problems, len(training.rates(problems[0].model)))

    def work(batch: Sequence[Problem]) -> list[tuple[Run, ...]]:
        with jax.default_matmul_precision(PRECISION):
            return _train(training, batch)

    trained = run(work, [batch for _, batch in batches], threads=threads)
    for (places, _), runs in zip(batches, trained, strict=True):
        for place, of_trial in zip(places, runs, strict=False):
            found[place] = of_trial
    return found


def initial_loss(
    given: Problem, *, rows: int | None = None, answers: int | None = None
) -> tuple[float, Weights]:
    """Return the loss at the initial weights, and its gradient, as training computes them.

    Parameters
    ----------
    given : the facts and weights.
    rows, answers : numbers of facts and answers to pad to, at least N and M; None means no padding.

    Raises
    ------
    InputError
        If JAX is missing.
    """
    jax, _ = libraries()
    data = _padded(given, rows or len(given.E), answers or len(given.U))
    with jax.default_matmul_precision(PRECISION):
        value, slope = jax.value_and_grad(_loss(given.model))(given.weights, data)
    return float(value), tuple(np.asarray(part) for part in slope)


def _batches(problems: Sequence[Problem], rates: int) -> list[tuple[list[int], list[Problem]]]:
    """Split problems into batches of one number of trials, those of about the same size together.

    Places among the problems, and the problems; the last ones are repeated to fill a batch.
    """
    order = sorted(range(len(problems)), key=lambda i: (len(problems[i].E), len(problems[i].U)))
    largest = max(len(p.E) * len(p.U) for p in problems)
    most = min(MOST, max(1, SCORES // (rates * largest)))
    size = -(-len(order) // -(-len(order) // most))
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    return [(g, [problems[i] for i in (g + g[-1:] * size)[:size]]) for g in groups]


def _size(n: int) -> int:
    """Return the size that n is padded to."""
    size = GRAIN
    while size < n:
        size = GRAIN * -(-int(GROWTH * size + 1) // GRAIN)
    return size


def _padded(given: Problem, rows: int, answers: int) -> tuple[Any, ...]:
    """E, U, U[f], the weight of every fact, what is added to each answer's scores, and f."""
    N, M = len(given.E), len(given.U)

    def fill(A: NDArray[Any], n: int, value: float = 0) -> NDArray[Any]:
        out = np.full((n, *A.shape[1:]), value, A.dtype)
        out[: len(A)] = A
        return out

    return (
        fill(given.E, rows),
        fill(given.U, answers),
        fill(given.U[given.f], rows),
        fill(np.full(N, 1 / N, np.float32), rows),
        fill(np.zeros(M, np.float32), answers, SHUT),
        fill(given.f.astype(np.int32), rows),
    )


def _forward(model: str) -> Callable[[Any, Any], Any]:
    """Return the function of weights and inputs (n, d_in) that gives outputs (n, d_out)."""
    jax, _ = libraries()
    if model == "linear":
        return lambda weights, E: E @ weights[0].T
    return lambda weights, E: jax.nn.relu(E @ weights[0].T) @ weights[1]


def _loss(model: str) -> Callable[[Any, Any], Any]:
    """Return the loss as a function of weights and padded data."""
    jax, _ = libraries()
    forward = _forward(model)

    def loss(weights: Any, data: Any) -> Any:
        E, U, right, mass, shut, _ = data
        out = forward(weights, E)
        total = jax.nn.logsumexp(out @ U.T + shut, axis=1)
        return (mass * (total - (out * right).sum(axis=1))).sum()

    return loss


def _least(model: str) -> Callable[[Any, Any], Any]:
    """Return the least margin of the facts that are there, a function of weights and data."""
    jax, _ = libraries()
    jnp = jax.numpy
    forward = _forward(model)

    def least(weights: Any, data: Any) -> Any:
        E, U, _, mass, shut, f = data
        scores = forward(weights, E) @ U.T + shut
        own = jnp.arange(scores.shape[1]) == f[:, None]
        rival = jnp.where(own, -jnp.inf, scores).max(axis=1)
        gap = jnp.where(own, scores, 0.0).sum(axis=1) - rival
        return jnp.where(mass > 0, gap, jnp.inf).min()

    return least


@lru_cache(maxsize=PROGRAMS)
def _programs(model: str, training: Training) -> tuple[Any, Any]:
    """Return the programs that start and continue the training of a batch.

    Their weights and states have axes (trials, learning rates, ...), their data (trials, ...).
    """
    jax, optax = libraries()
    loss, least = _loss(model), _least(model)

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

    def advance(steps: int, rate: Any, weights: Any, state: Any, data: Any) -> Any:
        rule = optimiser(rate)

        def step(carry: Any, _: None) -> Any:
            weights, state = carry
            change, state = rule.update(jax.grad(loss)(weights, data), state, weights)
            return (optax.apply_updates(weights, change), state), None

        (weights, state), _ = jax.lax.scan(step, (weights, state), None, length=steps)
        return weights, state, loss(weights, data), least(weights, data)

    def begin_all(rates: Any, weights: Any) -> Any:
        return jax.vmap(jax.vmap(begin), (None, 0))(rates, weights)

    def advance_all(steps: int, rates: Any, weights: Any, state: Any, data: Any) -> Any:
        each = jax.vmap(partial(advance, steps), (0, 0, 0, None))
        return jax.vmap(each, (None, 0, 0, 0))(rates, weights, state, data)

    return jax.jit(begin_all), jax.jit(advance_all, static_argnums=0)


def _train(training: Training, batch: Sequence[Problem]) -> list[tuple[Run, ...]]:
    """Train a batch; its trials end one by one, and the batch with the last of them."""
    model = batch[0].model
    rates = np.array(training.rates(model), np.float32)
    rows, answers = (_size(max(len(getattr(p, name)) for p in batch)) for name in ("E", "U"))
    data = tuple(np.stack(part) for part in zip(*(_padded(p, rows, answers) for p in batch),
                                                strict=True))  # fmt: skip
    weights: Any = tuple(
        np.repeat(np.stack(part)[:, None], len(rates), axis=1)
        for part in zip(*(p.weights for p in batch), strict=True)
    )
    begin, advance = _programs(model, training)
    state, taken = begin(rates, weights), 0
    found: list[tuple[Run, ...] | None] = [None] * len(batch)
    while None in found:
        steps = min(CHECK, training.steps - taken)
        weights, state, losses, least = advance(steps, rates, weights, state, data)
        taken += steps
        done = np.full(len(batch), taken == training.steps)
        if training.wanted is not None:
            done |= (np.asarray(least) >= training.wanted).any(axis=1)
        for trial in np.flatnonzero(done):
            if found[trial] is None:
                ended = [np.asarray(part[trial]) for part in weights]
                found[trial] = tuple(
                    _run(model, rate, [part[i] for part in ended], float(losses[trial, i]), taken)
                    for i, rate in enumerate(training.rates(model))
                )
    return [runs for runs in found if runs is not None]


def _run(
    model: str, rate: float, weights: list[NDArray[np.float32]], loss: float, steps: int
) -> Run:
    if not (np.isfinite(loss) and all(np.isfinite(part).all() for part in weights)):
        return Run(rate, None, loss, steps)
    memory: Memory = Factors((weights[0],)) if model == "linear" else ReluNetwork(*weights)
    return Run(rate, memory, loss, steps)
