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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.checks import check_fits, check_width, positive
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.memory import Factors, Memory
from assoc.memories.networks import tiles
from sims.engine.parallel import run

__all__ = [
    "LEARNING_RATES",
    "MODELS",
    "OPTIMISERS",
    "SCHEDULES",
    "Problem",
    "ReluNetwork",
    "Run",
    "Training",
    "check_model",
    "initial_loss",
    "libraries",
    "problem",
    "train",
]

Weights = tuple[NDArray[np.float32], ...]

MODELS = ("linear", "mlp")
"""What can be trained."""

LEARNING_RATES = {"linear": (1.0, 10.0, 30.0), "mlp": (0.2, 0.4, 0.8)}
"""Learning rates that are tried unless others are given, by model: those that were seen to store
most near the capacity, with the cosine schedule and inputs of norm 1."""

OPTIMISERS = ("adam", "adamw")
"""Adam, and Adam with decoupled decay of the weights, both with Optax's defaults (0.9, 0.999)."""

SCHEDULES = ("cosine", "constant")
"""How the learning rate goes on: down to 0 along half a period of the cosine, or not at all."""

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

TOGETHER = 16
"""Arrays of the size of a trial's scores, or of its weights, that a training may hold at a time."""

PRECISION = "highest"
"""Of matrix products. JAX's default would round their factors, except on processors."""

SHUT = -1e30
"""Score of an answer that is not there."""


@dataclass(frozen=True)
class Training:
    """What a training run is.

    Parameters
    ----------
    steps : gradient steps, all facts in each, at least 1.
    learning_rates : positive numbers, each of which every trial is trained with; None stands for
        :data:`LEARNING_RATES` of the model.
    optimiser : one of :data:`OPTIMISERS`.
    schedule : one of :data:`SCHEDULES`.
    weight_decay : of ``adamw``, a non-negative number; each step takes this times the learning rate
        off every weight. The default is PyTorch's.
    wanted : margin, in units of the logits. A trial's training, with all its learning rates, ends
        at the first check (after each :data:`CHECK` steps) at which one of them gives every fact
        this margin; None takes all steps. Only what recalls every fact is stopped, and the weights
        it stops at are those that are judged.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing.

    Examples
    --------
    >>> Training(steps=100).optimiser
    'adam'
    """

    steps: int = 4096
    learning_rates: tuple[float, ...] | None = None
    optimiser: str = "adam"
    schedule: str = "cosine"
    weight_decay: float = 0.01
    wanted: float | None = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", positive(self.steps, "steps"))
        if self.learning_rates is not None:
            object.__setattr__(self, "learning_rates", _rates(self.learning_rates))
        for name, value, known in (
            ("optimiser", self.optimiser, OPTIMISERS),
            ("schedule", self.schedule, SCHEDULES),
        ):
            if value not in known:
                raise InputError(f"{name} {value!r} is not one of {', '.join(known)}")
        decay = _number(self.weight_decay, "weight_decay", zero=True)
        object.__setattr__(self, "weight_decay", decay)
        if self.wanted is not None:
            object.__setattr__(self, "wanted", _number(self.wanted, "wanted margin"))

    def rates(self, model: str) -> tuple[float, ...]:
        """Return the learning rates that a model is trained with.

        Parameters
        ----------
        model : one of :data:`MODELS`.
        """
        return LEARNING_RATES[model] if self.learning_rates is None else self.learning_rates


def _rates(rates: Any) -> tuple[float, ...]:
    if isinstance(rates, str) or not isinstance(rates, Iterable):
        raise InputError(f"learning_rates = {rates!r} is not a list of numbers")
    given = tuple(_number(rate, "learning rate") for rate in rates)
    if not given:
        raise InputError("learning_rates is an empty list")
    return given


def _number(value: Any, name: str, *, zero: bool = False) -> float:
    """Return a finite positive number; 0 may be allowed too."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} {value!r} is not a number") from None
    if not (0 < number < float("inf") or (zero and number == 0)):
        wanted = "at least 0" if zero else "positive"
        raise InputError(f"{name} {number} is not {wanted} and finite")
    return number


@dataclass(frozen=True, eq=False)
class ReluNetwork:
    r"""The network F(e) = V^T relu(W e).

    Parameters
    ----------
    W : (m, d_in) weights of the hidden neurons.
    V : (m, d_out) their outputs.

    Examples
    --------
    >>> ReluNetwork(np.eye(2), np.eye(2))(np.array([[2.0, -3.0]]))
    array([[2., 0.]])
    """

    W: Floats
    V: Floats

    @property
    def parameters(self) -> int:
        """Number of stored entries, m (d_in + d_out)."""
        return self.W.size + self.V.size

    def __call__(self, E: Floats, /) -> Floats:
        """Outputs (N, d_out) for inputs (N, d_in)."""
        out = np.zeros((len(E), self.V.shape[1]), np.result_type(E, self.V))
        for rows, neurons in tiles(len(E), len(self.W)):
            out[rows] += np.maximum(E[rows] @ self.W[neurons].T, 0) @ self.V[neurons]
        return out


@dataclass(frozen=True, eq=False)
class Problem:
    """The facts of a trial and the weights that it starts from; made by :func:`problem`.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M).
    weights : (W,) of shape (d_out, d_in), or (W, V) of shapes (m, d_in) and (m, d_out).
    """

    model: str
    E: NDArray[np.float32]
    U: NDArray[np.float32]
    f: Integers
    weights: Weights


def check_model(model: Any, width: Any) -> int | None:
    """Return the width m that a model has, None where it has none.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    width : m for the ``mlp``, None for the others.

    Raises
    ------
    InputError
        If the model has another name, lacks its width, or is given one that it does not have.
    """
    if model not in MODELS:
        raise InputError(f"model {model!r} is not one of {', '.join(MODELS)}")
    if model == "linear":
        if width is not None:
            raise InputError(f"width {width!r}: a linear memory has none")
        return None
    if width is None:
        raise InputError("model 'mlp' needs a width")
    return check_width(width)


def problem(
    model: str,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    rng: np.random.Generator,
    width: int | None = None,
) -> Problem:
    """Draw initial weights for facts: normal ones.

    The variance of W is 1 / d_in in a linear memory. In a network it is 1 for W and 1 / m for V.

    Parameters
    ----------
    model : one of :data:`MODELS`.
    E : (N, d_in) input embeddings.
    U : (M, d_out) output embeddings.
    f : (N,) integers in [0, M), the fact map.
    rng : draws the weights; how many does not depend on N or M.
    width : m, for the ``mlp`` only.

    Raises
    ------
    InputError
        If the model has another name or lacks its width, the embeddings are not finite real
        matrices, f is no map, or nothing would fit.
    """
    m = check_model(model, width)
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    f = check_map(f, len(E), len(U))
    d_in, d_out = E.shape[1], U.shape[1]
    check_fits(
        TOGETHER * (len(E) * (len(U) + (m or d_in)) + (m or d_in) * (d_in + d_out)), 4,
        f"N = {len(E)}, M = {len(U)}: the scores and weights",
    )  # fmt: skip
    if m is None:
        drawn = [(d_out, d_in, d_in**-0.5)]
    else:
        drawn = [(m, d_in, 1.0), (m, d_out, m**-0.5)]
    weights = tuple(
        rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(scale)
        for rows, columns, scale in drawn
    )
    return Problem(model, E.astype(np.float32), U.astype(np.float32), f, weights)


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


def libraries() -> tuple[Any, Any]:
    """Return the modules ``jax`` and ``optax``.

    Raises
    ------
    InputError
        If they are not installed.
    """
    try:
        return import_module("jax"), import_module("optax")
    except ImportError:
        raise InputError(
            "training needs jax and optax: pip install 'factual-recall[train]'"
        ) from None


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
