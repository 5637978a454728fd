r"""The training loop: trials side by side, each with every learning rate, until they are done.

What is trained is an :class:`Objective`; the loop knows of it only its weights, as a tuple of
arrays, and its data. Trials of about the same size share a batch. Within it, weights and the
optimiser's states have axes (trials, learning rates, ...), and data (trials, ...).

Needs the extra ``train`` (JAX, Optax), imported where it is used.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sims.engine.parallel import run
from sims.training.recipe import Training, gradient_rule, libraries

__all__ = ["CHECK", "Objective", "Run", "Weights", "right_and_rival", "train_side_by_side"]

CHECK = 128
"""Steps between two looks at whether a trial is done."""

MOST = 16
"""Most trials in a batch."""

PROGRAMS = 16
"""Kinds of training whose compiled programs are kept."""

PRECISION = "highest"
"""Of matrix products. JAX's default would round their factors, except on processors."""

Weights = tuple[NDArray[np.float32], ...]
"""Weights of a model, in single precision."""

Untrained = TypeVar("Untrained")
Trained = TypeVar("Trained")


class Objective(ABC, Generic[Untrained, Trained]):
    """What is trained: its loss, and how to see whether it is done.

    An objective is hashable, because compiled programs are kept by it. Except for :meth:`pad` and
    :meth:`build`, its methods are traced by JAX, for a single trial.
    """

    @abstractmethod
    def pad(self, batch: Sequence[Untrained], /) -> list[tuple[Weights, tuple[Any, ...]]]:
        """Return initial weights and data of every trial, those of all trials of one shape."""

    @abstractmethod
    def draw(self, data: Any, step: Any, /) -> Any:
        """Return what is drawn for a step, by its number; all learning rates share it."""

    @abstractmethod
    def loss(self, weights: Any, data: Any, drawn: Any, /) -> Any:
        """Return the loss."""

    @abstractmethod
    def look(self, weights: Any, data: Any, taken: Any, /) -> tuple[Any, Any]:
        """Return loss and least margin for each learning rate, after so many steps."""

    @abstractmethod
    def build(self, untrained: Untrained, weights: Sequence[NDArray[np.float32]], /) -> Trained:
        """Return the model of a trial from its weights, which are padded."""


@dataclass(frozen=True, eq=False)
class Run(Generic[Trained]):
    """What one learning rate came to.

    Parameters
    ----------
    learning_rate : of the run.
    trained : the memory or transformer with the last weights, or None if the run diverged.
    loss : at the end, in single precision: rounding may take it a little below 0. That of a
        transformer is on prompts that were not trained on.
    steps : taken.
    """

    learning_rate: float
    trained: Trained | None
    loss: float
    steps: int

    @property
    def diverged(self) -> bool:
        """Whether a weight or the loss is not finite at the end."""
        return self.trained is None


def train_side_by_side(
    objective: Objective[Untrained, Trained],
    training: Training,
    rates: Sequence[float],
    untrained: Sequence[Untrained],
    *,
    size: Callable[[Untrained], Any],
    most: int,
    fill: bool = False,
    threads: int = 1,
) -> list[tuple[Run[Trained], ...]]:
    """Train every trial with every learning rate, in batches of trials of about the same size.

    Parameters
    ----------
    objective : what is trained.
    training : how; its learning rates are not looked at.
    rates : learning rates.
    untrained : trials, at least one.
    size : of a trial; trials are sorted by it.
    most : trials of a batch, if this is between 1 and :data:`MOST`.
    fill : whether the last batch is filled with copies of its last trial, so that all batches have
        the same program.
    threads : batches trained at a time. JAX may use all cores for each.

    Returns
    -------
    For each trial, one run per learning rate, in their order.

    Raises
    ------
    InputError
        If JAX or Optax is missing.
    """
    order = sorted(range(len(untrained)), key=lambda i: size(untrained[i]))
    together = -(-len(order) // -(-len(order) // min(MOST, max(1, most))))
    groups = [order[start : start + together] for start in range(0, len(order), together)]
    batches = [[untrained[i] for i in group] for group in groups]
    if fill:
        batches[-1] += batches[-1][-1:] * (together - len(batches[-1]))
    found: list[tuple[Run[Trained], ...]] = [()] * len(order)
    work = partial(_train, objective, training, rates)
    for group, runs in zip(groups, run(work, batches, threads=threads), strict=True):
        # Copies come last and have no place.
        for place, of_trial in zip(group, runs, strict=False):
            found[place] = of_trial
    return found


def _train(
    objective: Objective[Untrained, Trained],
    training: Training,
    rates: Sequence[float],
    batch: Sequence[Untrained],
) -> list[tuple[Run[Trained], ...]]:
    """Train a batch; its trials end one by one, and the batch with the last of them."""
    jax, _ = libraries()
    initial, given = zip(*objective.pad(batch), strict=True)
    data = tuple(np.stack(part) for part in zip(*given, strict=True))
    weights: Any = tuple(
        np.repeat(np.stack(part)[:, None], len(rates), axis=1)
        for part in zip(*initial, strict=True)
    )
    tried = np.array(rates, np.float32)
    begin, advance = _programs(objective, training)
    found: list[tuple[Run[Trained], ...] | None] = [None] * len(batch)
    with jax.default_matmul_precision(PRECISION):
        state, taken = begin(tried, weights), 0
        while None in found:
            steps = min(CHECK, training.steps - taken)
            weights, state, losses, least = advance(
                steps, np.uint32(taken), tried, weights, state, data
            )
            taken += steps
            done = np.full(len(batch), taken == training.steps)
            if training.wanted is not None:
                done |= (np.asarray(least) >= training.wanted).any(axis=1)
            for trial, untrained in enumerate(batch):
                if done[trial] and found[trial] is None:
                    ended = [np.asarray(part[trial]) for part in weights]
                    found[trial] = tuple(
                        _run(objective, untrained, rate, [part[i] for part in ended],
                             float(losses[trial, i]), taken)
                        for i, rate in enumerate(rates)
                    )  # fmt: skip
    return [runs for runs in found if runs is not None]


def _run(
    objective: Objective[Untrained, Trained],
    untrained: Untrained,
    rate: float,
    weights: Sequence[NDArray[np.float32]],
    loss: float,
    steps: int,
) -> Run[Trained]:
    finite = np.isfinite(loss) and all(np.isfinite(part).all() for part in weights)
    return Run(rate, objective.build(untrained, weights) if finite else None, loss, steps)


def right_and_rival(scores: Any, labels: Any) -> tuple[Any, Any]:
    """Return the score of each fact's own answer, and the best of the others, as JAX traces them.

    Parameters
    ----------
    scores : (N, M).
    labels : (N,) integers in [0, M).

    Raises
    ------
    InputError
        If JAX or Optax is missing.
    """
    jax, _ = libraries()
    jnp = jax.numpy
    own = jnp.arange(scores.shape[1]) == labels[:, None]
    rival = jnp.where(own, -jnp.inf, scores).max(axis=1)
    return jnp.where(own, scores, 0.0).sum(axis=1), rival


@lru_cache(maxsize=PROGRAMS)
def _programs(objective: Objective[Any, Any], training: Training) -> tuple[Any, Any]:
    """Return the programs that start and continue the training of a batch."""
    jax, optax = libraries()
    jnp = jax.numpy
    rule = partial(gradient_rule, training)

    def begin(rate: Any, weights: Any) -> Any:
        return rule(rate).init(weights)

    def update(rate: Any, weights: Any, state: Any, data: Any, drawn: Any) -> Any:
        slope = jax.grad(objective.loss)(weights, data, drawn)
        change, state = rule(rate).update(slope, state, weights)
        return optax.apply_updates(weights, change), state

    def advance(steps: int, taken: Any, rates: Any, weights: Any, state: Any, data: Any) -> Any:
        """Train one trial with all its learning rates."""

        def step(carry: Any, number: Any) -> Any:
            drawn = objective.draw(data, number)
            return jax.vmap(update, (0, 0, 0, None, None))(rates, *carry, data, drawn), None

        numbers = taken + jnp.arange(steps, dtype=jnp.uint32)
        (weights, state), _ = jax.lax.scan(step, (weights, state), numbers)
        return weights, state, *objective.look(weights, data, taken)

    def begin_all(rates: Any, weights: Any) -> Any:
        return jax.vmap(jax.vmap(begin), (None, 0))(rates, weights)

    def advance_all(steps: int, taken: Any, rates: Any, weights: Any, state: Any, data: Any) -> Any:
        each = jax.vmap(partial(advance, steps), (None, None, 0, 0, 0))
        return each(taken, rates, weights, state, data)

    return jax.jit(begin_all), jax.jit(advance_all, static_argnums=0)
