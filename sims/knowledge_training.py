r"""Gradient descent on told knowledge: pre-training, then fine-tuning, full or of low rank.

The loss is the cross-entropy of the next token, in nats per sentence: the sum over its positions,
the mean over all sentences, which the distinct contexts give exactly. Trials of equal sizes are
trained side by side. Of low rank r, every matrix is its old value plus a product of two factors;
that on the side of the input starts at 0, the other at normal numbers, and only factors change.

Needs the extra ``train`` (JAX, Optax), imported where it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.knowledge import Contexts
from sims.knowledge_model import Weights
from sims.settings import positive
from sims.training import libraries

__all__ = [
    "FACTOR",
    "FINE_TUNING",
    "OPTIMISERS",
    "PRE_TRAINING",
    "SCHEDULES",
    "Descent",
    "Trained",
    "evaluate",
    "rates",
    "train_contexts",
]

OPTIMISERS = ("descent", "adam")
"""Gradient descent with heavy-ball momentum (0 for none), or Adam with Optax's defaults."""

SCHEDULES = ("constant", "warm-up", "step")
"""How the learning rate goes on. ``warm-up``: up along a line, then down to 0 along half a period
of the cosine. ``step``: to a tenth after half of the steps, to a hundredth after three quarters."""

FACTOR = 0.3
"""Standard deviation of the factors that low-rank fine-tuning does not start at 0."""

PROGRAMS = 32
"""Compiled programs that are kept."""


@dataclass(frozen=True)
class Descent:
    """How weights are trained.

    Parameters
    ----------
    steps : at least 1.
    learning_rate : positive.
    schedule : one of :data:`SCHEDULES`.
    warm_up : share of the steps in which the rate rises, of that schedule.
    momentum : of ``descent``, in [0, 1).
    decay : coefficient of half the squared weights that is added to the loss.
    settle : share of the steps, the last ones, without that.
    batch : sentences drawn for each step, with replacement; None means all sentences, exactly.
    optimiser : one of :data:`OPTIMISERS`.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing.

    Examples
    --------
    >>> rates(Descent(steps=4, schedule="step")).tolist()
    [4.0, 4.0, 0.4..., 0.04...]
    """

    steps: int = 1500
    learning_rate: float = 4.0
    schedule: str = "warm-up"
    warm_up: float = 0.05
    momentum: float = 0.9
    decay: float = 0.0
    settle: float = 0.0
    batch: int | None = None
    optimiser: str = "descent"

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", positive(self.steps, "steps"))
        if self.batch is not None:
            object.__setattr__(self, "batch", positive(self.batch, "batch"))
        for name, value, known in (
            ("optimiser", self.optimiser, OPTIMISERS),
            ("schedule", self.schedule, SCHEDULES),
        ):
            if value not in known:
                raise InputError(f"{name} {value!r} is not one of {', '.join(known)}")
        if not 0 < self.learning_rate < float("inf"):
            raise InputError(f"learning rate {self.learning_rate} is not positive and finite")
        if not 0 <= self.decay < float("inf"):
            raise InputError(f"decay {self.decay} is not at least 0 and finite")
        for name, share in (("momentum", self.momentum), ("warm_up", self.warm_up)):
            if not 0 <= share < 1:
                raise InputError(f"{name} {share} is not in [0, 1)")
        if not 0 <= self.settle <= 1:
            raise InputError(f"settle {self.settle} is not in [0, 1]")


PRE_TRAINING = Descent(steps=1600, learning_rate=5.0, decay=4e-4, settle=0.4)
"""Pre-training unless it is said otherwise. The decay ties the templates of an attribute together,
which the loss alone does not ask for; it ends before the loss comes to its floor."""

FINE_TUNING = Descent(steps=800, learning_rate=0.05, schedule="constant")
"""Fine-tuning unless it is said otherwise; much faster, it destroys what was pre-trained."""


@dataclass(frozen=True, eq=False)
class Trained:
    """Trials after training.

    Parameters
    ----------
    weights : of each trial at the end.
    steps : (L,) at which training was looked at, from 0 to the last.
    losses : (L, trials, positions) cross-entropy at each position then, without the decay.
    path : weights of each trial at each of these steps, or empty if they were not asked for.
    """

    weights: tuple[Weights, ...]
    steps: NDArray[np.intp]
    losses: NDArray[np.float64]
    path: tuple[tuple[Weights, ...], ...] = ()


def rates(rule: Descent) -> NDArray[np.float64]:
    """Return the learning rate of every step.

    Parameters
    ----------
    rule : says how many and which.
    """
    done = np.arange(rule.steps) / rule.steps
    if rule.schedule == "constant":
        shape = np.ones(rule.steps)
    elif rule.schedule == "step":
        shape = 0.1 ** ((done >= 0.5).astype(float) + (done >= 0.75))
    else:
        left = np.clip((1 - done) / (1 - rule.warm_up), 0, 1)
        rising = (done + 1 / rule.steps) / max(rule.warm_up, 1e-12)
        shape = np.minimum(np.minimum(rising, 1), (1 - np.cos(np.pi * left)) / 2)
    return rule.learning_rate * shape


def train_contexts(
    weights: Sequence[Weights],
    contexts: Sequence[Contexts],
    rule: Descent,
    *,
    parts: Sequence[str] | None = None,
    rank: int | None = None,
    looks: int = 8,
    keep_path: bool = False,
    rngs: Sequence[np.random.Generator] | None = None,
) -> Trained:
    """Train all trials side by side.

    Parameters
    ----------
    weights : of each trial, all of one model and of the same shapes.
    contexts : of each trial, over the same vocabulary. If their numbers differ, contexts without
        weight are added.
    rule : how.
    parts : names of the matrices that are trained; None means all.
    rank : r of the changes, or None for full ones.
    looks : how often the losses are recorded, besides the start.
    keep_path : whether the weights at each look are returned.
    rngs : for each trial; needed by a rank (draws factors) and by a batch (draws sentences).

    Returns
    -------
    Trained. Weights that diverged are NaN or infinite, and say so.

    Raises
    ------
    InputError
        If JAX is missing, nothing is trained, shapes differ, a matrix has another name, or a
        generator is missing.
    """
    libraries()
    if not weights or len(weights) != len(contexts):
        raise InputError(f"{len(weights)} weights for {len(contexts)} trials")
    names = tuple(weights[0]) if parts is None else tuple(dict.fromkeys(parts))
    if not names or not set(names) <= set(weights[0]):
        raise InputError(f"parts {names!r} are not matrices of the model: {', '.join(weights[0])}")
    shapes = {tuple((name, matrix.shape) for name, matrix in one.items()) for one in weights}
    if len(shapes) > 1 or len({one.counts.shape[1] for one in contexts}) > 1:
        raise InputError("trials of different sizes cannot be trained together")
    if (rank is not None or rule.batch is not None) and rngs is None:
        raise InputError("a rank or a batch needs a random generator for each trial")
    if rank is not None:
        rank = positive(rank, "rank r")
    looks = min(positive(looks, "looks"), rule.steps)
    data, positions = _stacked(contexts), int(max(one.positions.max() for one in contexts)) + 1
    frozen = {name: np.stack([one[name] for one in weights]) for name in weights[0]}
    if rank is None:
        trained: Any = {name: frozen.pop(name) for name in names}
    else:
        trained = {name: _factors(name, frozen[name].shape, rank, rngs or ()) for name in names}
    draws = np.array([rng.integers(0, 2**32, 2, np.uint32) for rng in rngs or ()])
    keys = draws if rule.batch is not None else np.zeros((len(weights), 2), np.uint32)
    begin, advance, look = _programs(rule.optimiser, rule.momentum, rule.batch, positions)
    rate = rates(rule).astype(np.float32)
    shrink = np.where(np.arange(rule.steps) < round((1 - rule.settle) * rule.steps), rule.decay, 0)
    ends = np.unique(np.linspace(0, rule.steps, looks + 1).round().astype(int))
    state, path = begin(trained), [_merged(trained, frozen, rank)] if keep_path else []
    losses = [look(trained, frozen, data)]
    for start, end in pairwise(ends):
        trained, state = advance(
            trained, state, frozen, data, keys, np.arange(start, end, dtype=np.uint32),
            rate[start:end], shrink[start:end].astype(np.float32),
        )  # fmt: skip
        losses.append(look(trained, frozen, data))
        if keep_path:
            path.append(_merged(trained, frozen, rank))
    return Trained(
        _merged(trained, frozen, rank), ends, np.stack(losses).astype(np.float64), tuple(path)
    )


def evaluate(weights: Weights, contexts: Contexts) -> tuple[float, Weights]:
    """Return the loss and its gradient, as training computes them.

    Parameters
    ----------
    weights : of a model.
    contexts : over its vocabulary.

    Raises
    ------
    InputError
        If JAX is missing.
    """
    libraries()
    data = tuple(part[0] for part in _stacked([contexts]))
    value, slope = _evaluation()(weights, {}, data)
    return float(value), {name: np.asarray(part) for name, part in slope.items()}


@cache
def _evaluation() -> Any:
    """Return the program of the loss and its gradient."""
    jax, _ = libraries()
    return jax.jit(jax.value_and_grad(_loss))


def _stacked(contexts: Sequence[Contexts]) -> tuple[NDArray[Any], ...]:
    """Counts, last tokens, targets, weights, positions; each (trials, C, ...)."""
    most = max(len(one) for one in contexts)

    def stack(parts: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
        filled = []
        for part in parts:
            # A copy of the first context, whose weight is then 0, keeps everything finite.
            added = np.broadcast_to(part[:1], (most - len(part), *part.shape[1:]))
            filled.append(np.concatenate([part, added]).astype(kind))
        return np.stack(filled)

    weights = stack([one.weights for one in contexts], np.float32)
    for row, one in zip(weights, contexts, strict=True):
        row[len(one) :] = 0
    return (
        stack([one.counts for one in contexts], np.float32),
        stack([one.last for one in contexts], np.int32),
        stack([one.targets for one in contexts], np.float32),
        weights,
        stack([one.positions for one in contexts], np.int32),
    )


def _factors(
    name: str, shape: tuple[int, ...], rank: int, rngs: Sequence[np.random.Generator]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factors of the change of each trial; that on the side of the input starts at 0."""
    trials, rows, columns = shape
    input_first = name in {"Q", "V"}
    drawn = np.stack([
        rng.standard_normal((rank, columns) if input_first else (rows, rank), dtype=np.float32)
        for rng in rngs
    ]) * np.float32(FACTOR)  # fmt: skip
    if input_first:
        return np.zeros((trials, rows, rank), np.float32), drawn
    return drawn, np.zeros((trials, rank, columns), np.float32)


def _whole(trained: Any, frozen: Any) -> Any:
    """Matrices: frozen, trained, or frozen with a trained product added."""
    whole = dict(frozen)
    for name, part in trained.items():
        whole[name] = frozen[name] + part[0] @ part[1] if isinstance(part, tuple) else part
    return whole


def _merged(trained: Any, frozen: Any, rank: int | None) -> tuple[Weights, ...]:
    whole = {name: np.asarray(part) for name, part in _whole(trained, frozen).items()}
    order = sorted(whole, key="QWVO".index)
    trials = len(whole[order[0]])
    return tuple({name: whole[name][trial] for name in order} for trial in range(trials))


def _entropies(trained: Any, frozen: Any, data: Any) -> Any:
    """Cross-entropy (C,) in every context."""
    jax, _ = libraries()
    jnp = jax.numpy
    weights = _whole(trained, frozen)
    counts, last, targets, *_ = data
    if "Q" in weights:
        mass = counts * jax.nn.softmax(jnp.where(counts > 0, weights["Q"][last], -jnp.inf), axis=1)
    else:
        mass = counts
    x = mass / mass.sum(axis=1, keepdims=True)
    linear, network = "O" in weights, "W" in weights
    out = x @ weights["O"].T if linear else 0.0
    out += jax.nn.relu(x @ weights["W"].T) @ weights["V"] if network else 0.0
    return jax.nn.logsumexp(out, axis=1) - (out * targets).sum(axis=1)


def _loss(trained: Any, frozen: Any, data: Any) -> Any:
    return (data[3] * _entropies(trained, frozen, data)).sum()


@lru_cache(maxsize=PROGRAMS)
def _programs(optimiser: str, momentum: float, batch: int | None, positions: int) -> Any:
    """Return the programs that start, continue and look at the training of a batch of trials."""
    jax, optax = libraries()
    jnp = jax.numpy

    # The rate is applied below: it changes from step to step.
    rule = optax.trace(momentum) if optimiser == "descent" else optax.scale_by_adam()

    def sampled(key: Any, number: Any, data: Any) -> Any:
        """Weights of contexts, as counted in drawn sentences, and what follows them there.

        A position's contexts are drawn by their shares and each one's next token by its targets.
        """
        counts, last, targets, weights, places = data
        drawn = jax.random.fold_in(jax.random.wrap_key_data(key), number)
        *each, last_key = jax.random.split(drawn, positions + 1)
        rows = []
        for position, own in enumerate(each):
            shares = jnp.cumsum(jnp.where(places == position, weights, 0.0))
            # Above 0, and at most the whole: a context without share is never met first.
            wanted = (1 - jax.random.uniform(own, (batch,))) * shares[-1]
            rows.append(jnp.searchsorted(shares, wanted))
        chosen = jnp.concatenate(rows)
        following = jax.random.categorical(last_key, jnp.log(targets[chosen]))
        one_hot = jax.nn.one_hot(following, targets.shape[1])
        share = jnp.full(len(chosen), 1.0 / (batch or 1))
        return counts[chosen], last[chosen], one_hot, share, places[chosen]

    def advance(trained: Any, state: Any, frozen: Any, data: Any, key: Any, numbers: Any,
                rate: Any, shrink: Any) -> Any:  # fmt: skip
        def step(carry: Any, now: Any) -> Any:
            trained, state = carry
            number, size, decay = now
            seen = data if batch is None else sampled(key, number, data)
            slope = jax.grad(_loss)(trained, frozen, seen)
            slope = jax.tree.map(lambda g, w: g + decay * w, slope, trained)
            change, state = rule.update(slope, state)
            return (jax.tree.map(lambda w, g: w - size * g, trained, change), state), None

        (trained, state), _ = jax.lax.scan(step, (trained, state), (numbers, rate, shrink))
        return trained, state

    def look(trained: Any, frozen: Any, data: Any) -> Any:
        lost = data[3] * _entropies(trained, frozen, data)
        return jnp.zeros(positions).at[data[4]].add(lost)

    each = jax.vmap(advance, (0, 0, 0, 0, 0, None, None, None))
    return jax.jit(jax.vmap(rule.init)), jax.jit(each), jax.jit(jax.vmap(look))
