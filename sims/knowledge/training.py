r"""Training on contexts: gradient descent on all sentences, or on some drawn for every step.

The loss is the cross-entropy of the next token, summed over positions, in the mean over all
sentences; the distinct contexts give it exactly. Of low rank r, every matrix is its old
value plus a product of two factors; that on the side of the input starts at 0, the other at normal
numbers, and only factors change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive
from assoc.errors import InputError
from assoc.facts.knowledge import Contexts
from assoc.facts.telling import check_exponent
from sims.engine.parallel import Workers
from sims.knowledge.gradient import Batch, entropies, gradient
from sims.knowledge.model import Weights

__all__ = [
    "FACTOR",
    "FINE_TUNING",
    "PRE_TRAINING",
    "SCHEDULES",
    "Descent",
    "Trained",
    "rates",
    "suited",
    "train_contexts",
]

SCHEDULES = ("constant", "warm-up", "step")
"""How the learning rate goes on. ``warm-up``: up along a line, then down to 0 along half a period
of the cosine. ``step``: to a tenth after half of the steps, to a hundredth after three quarters."""

FACTOR = 0.3
"""Standard deviation of the factors that low-rank fine-tuning does not start at 0."""


@dataclass(frozen=True)
class Descent:
    """Gradient descent with heavy-ball momentum.

    Parameters
    ----------
    steps : at least 1.
    learning_rate : positive.
    schedule : one of :data:`SCHEDULES`.
    warm_up : share of the steps in which the rate rises, of that schedule.
    momentum : in [0, 1); 0 for plain descent.
    decay : coefficient of half the squared weights that is added to the loss.
    settle : share of the steps, the last ones, without that.
    batch : contexts of each position drawn for every step, with replacement, each with a next
        token; None means all sentences, exactly.

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", positive(self.steps, "steps"))
        if self.batch is not None:
            object.__setattr__(self, "batch", positive(self.batch, "batch"))
        if self.schedule not in SCHEDULES:
            raise InputError(f"schedule {self.schedule!r} is not one of {', '.join(SCHEDULES)}")
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
which the loss alone does not ask for; it ends before the loss comes to its floor. The rate is for
some 64 subjects without fillers: each context weighs less among more subjects, so that fewer of
them, and fillers, need a lower one."""

SUBJECTS = 64
"""Number of subjects that it is made for; see :func:`suited`."""

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


def suited(subjects: int, *, popularity: float = 0.0, **changes: Any) -> Descent:
    """Pre-training for a number of subjects: :data:`PRE_TRAINING`, its rate in proportion.

    Each subject has its share of the sentences, and of the gradient; too high a rate diverges. By
    Zipf's law the largest share is one over the sum of the ranks to the power -popularity, which
    takes the place of S: facts about others then need more steps.

    Parameters
    ----------
    subjects : S.
    popularity : exponent of Zipf's law by which subjects are told.
    changes : fields of :class:`Descent` that are to be others.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> suited(64) == PRE_TRAINING, suited(32).learning_rate
    (True, 2.5)
    """
    ranks = np.arange(1, 1 + positive(subjects, "S"))
    alike = float((ranks ** -check_exponent(popularity)).sum())
    rate = PRE_TRAINING.learning_rate * alike / SUBJECTS
    return replace(PRE_TRAINING, **{"learning_rate": rate, **changes})


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
    threads: int | None = None,
) -> Trained:
    """Train all trials, side by side.

    Parameters
    ----------
    weights : of each trial, all of one model and of the same shapes.
    contexts : of each trial.
    rule : how.
    parts : names of the matrices that are trained; None means all.
    rank : r of the changes, or None for full ones.
    looks : how often the losses are recorded, besides the start.
    keep_path : whether the weights at each look are returned.
    rngs : for each trial; needed by a rank (draws factors) and by a batch (draws contexts).
    threads : trials trained at a time; None means all available.

    Returns
    -------
    Trained. Weights that diverged are NaN or infinite, and say so.

    Raises
    ------
    InputError
        If nothing is trained, shapes differ, a matrix has another name, or a generator is missing.
    """
    if not weights or len(weights) != len(contexts):
        raise InputError(f"{len(weights)} weights for {len(contexts)} trials")
    names = tuple(weights[0]) if parts is None else tuple(dict.fromkeys(parts))
    if not names or not set(names) <= set(weights[0]):
        raise InputError(f"parts {names!r} are not matrices of the model: {', '.join(weights[0])}")
    shapes = {tuple((name, matrix.shape) for name, matrix in one.items()) for one in weights}
    if len(shapes) > 1:
        raise InputError("trials of different sizes cannot be trained together")
    drawn: Sequence[np.random.Generator | None] = rngs or [None] * len(weights)
    if (rank is not None or rule.batch is not None) and rngs is None:
        raise InputError("a rank or a batch needs a random generator for each trial")
    if rank is not None:
        rank = positive(rank, "rank r")
    looks = min(positive(looks, "looks"), rule.steps)
    ends = np.unique(np.linspace(0, rule.steps, looks + 1).round().astype(int))
    work = partial(_train, rule, names, rank, ends)
    workers = Workers.of(threads)
    found = workers.run(work, list(zip(weights, contexts, drawn, strict=True)))
    paths = [path for path, _ in found]
    positions = max(losses.shape[1] for _, losses in found)
    losses = np.stack([np.pad(part, ((0, 0), (0, positions - part.shape[1])))
                       for _, part in found], axis=1)  # fmt: skip
    return Trained(
        tuple(path[-1] for path in paths), ends, losses,
        tuple(zip(*paths, strict=True)) if keep_path else (),
    )  # fmt: skip


def _train(
    rule: Descent,
    names: tuple[str, ...],
    rank: int | None,
    ends: NDArray[np.intp],
    trial: tuple[Weights, Contexts, np.random.Generator | None],
) -> tuple[list[Weights], NDArray[np.float64]]:
    """Train one trial: its weights at every look, and losses (L, positions)."""
    from sims.knowledge.kernels import move

    first, contexts, rng = trial
    now = {name: _held(name, part.copy()) for name, part in first.items()}
    trained: dict[str, list[NDArray[np.float32]]] = {
        name: [now[name]] if rank is None or rng is None else _factors(name, now[name], rank, rng)
        for name in names
    }
    motions = {name: [np.zeros_like(part) for part in parts] for name, parts in trained.items()}
    whole = Batch.of(contexts)
    draw = None if rule.batch is None or rng is None else _Draw(contexts, rule.batch, rng)
    last_decay = round((1 - rule.settle) * rule.steps)
    path, losses = [], []
    sizes, momentum = rates(rule).astype(np.float32), np.float32(rule.momentum)
    with np.errstate(all="ignore"):  # of weights that diverge
        for step in range(rule.steps + 1):
            if step in ends:
                path.append({name: part.copy() for name, part in now.items()})
                each = contexts.weights * entropies(now, whole)
                losses.append(np.bincount(contexts.positions, each))
            if step == rule.steps:
                break
            slopes = gradient(now, whole if draw is None else draw(), names)
            decay = np.float32(rule.decay if step < last_decay else 0)
            for name, parts in trained.items():
                changes = _chain(slopes[name], parts)
                for part, motion, change in zip(parts, motions[name], changes, strict=True):
                    at, way, slope = _flat(part, motion, change)
                    move(at, way, slope, momentum, decay, sizes[step])
                if len(parts) == 2:
                    now[name] = _held(name, first[name] + parts[0] @ parts[1])
    return path, np.array(losses)


def _held(name: str, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a matrix as the kernels read it: the vectors of tokens are columns of W and O."""
    return np.asarray(matrix, np.float32, order="F" if name in {"W", "O"} else "C")


def _flat(*matrices: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield matrices entry by entry, all in the order in which the first is held.

    Of those that are held in that order these are views; of others copies.
    """
    order: Literal["C", "F"] = "C" if matrices[0].flags.c_contiguous else "F"
    return (matrix.ravel(order) for matrix in matrices)


def _factors(
    name: str, matrix: NDArray[np.float32], rank: int, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Factors of the change; that on the side of the input starts at 0."""
    rows, columns = matrix.shape
    input_first = name in {"Q", "V"}
    shape = (rank, columns) if input_first else (rows, rank)
    drawn = rng.standard_normal(shape, dtype=np.float32) * np.float32(FACTOR)
    if input_first:
        return [np.zeros((rows, rank), np.float32), drawn]
    return [drawn, np.zeros((rank, columns), np.float32)]


def _chain(slope: NDArray[Any], parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Gradient of a matrix, or of its two factors."""
    if len(parts) == 1:
        return [slope]
    return [slope @ parts[1].T, parts[0].T @ slope]


class _Draw:
    """Draws contexts: each position's by their shares, and what follows by its law."""

    def __init__(self, contexts: Contexts, size: int, rng: np.random.Generator) -> None:
        self.contexts, self.size, self.rng = contexts, size, rng
        self.places = [np.flatnonzero(contexts.positions == position)
                       for position in np.unique(contexts.positions)]  # fmt: skip
        self.laws = [np.cumsum(contexts.weights[place]) for place in self.places]
        self.following = np.cumsum(contexts.targets, axis=1, dtype=np.float64)

    def __call__(self) -> Batch:
        """Return one draw, of weight one over the size each."""
        chosen = np.concatenate([
            place[np.minimum(np.searchsorted(law, self.rng.random(self.size) * law[-1],
                                             side="right"), len(place) - 1)]
            for place, law in zip(self.places, self.laws, strict=True)
        ])  # fmt: skip
        below = self.following[chosen]
        threshold = self.rng.random(len(chosen)) * below[:, -1]
        following = np.minimum((below <= threshold[:, None]).sum(axis=1), below.shape[1] - 1)
        targets = np.eye(below.shape[1], dtype=np.float32)[following]
        weights = np.full(len(chosen), 1 / self.size)
        return Batch.made(
            self.contexts.counts[chosen], self.contexts.last[chosen], targets, weights
        )
