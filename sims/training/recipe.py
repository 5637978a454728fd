"""How memories and transformers are trained: steps, learning rates, optimiser, schedule."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from assoc.checks import positive
from assoc.errors import InputError

__all__ = ["LEARNING_RATES", "OPTIMISERS", "SCHEDULES", "Training", "gradient_rule", "libraries"]

LEARNING_RATES = {
    "linear": (1.0, 10.0, 30.0),
    "mlp": (0.2, 0.4, 0.8),
    "transformer": (0.03, 0.1),
}
"""Learning rates that are tried unless others are given, by what is trained, with the cosine
schedule. For memories, those that were seen to store most near the capacity, with inputs of norm 1;
for transformers, those of 0.003 to 1 that were seen to recall most facts near the smallest size."""

OPTIMISERS = ("adam", "adamw")
"""Adam, and Adam with decoupled decay of the weights, both with Optax's defaults (0.9, 0.999)."""

SCHEDULES = ("cosine", "constant")
"""How the learning rate goes on: down to 0 along half a period of the cosine, or not at all."""


@dataclass(frozen=True)
class Training:
    """What a training run is.

    Parameters
    ----------
    steps : gradient steps, all facts in each, at least 1.
    learning_rates : positive numbers, each of which every trial is trained with; None stands for
        :data:`LEARNING_RATES` of what is trained.
    optimiser : one of :data:`OPTIMISERS`.
    schedule : one of :data:`SCHEDULES`.
    weight_decay : of ``adamw``, a non-negative number; each step takes this times the learning rate
        off every weight. The default is PyTorch's.
    wanted : margin, in units of the logits. A trial's training, with all its learning rates, ends
        at the first check (after each :data:`sims.training.loop.CHECK` steps) at which one of them
        gives every fact this margin; None takes all steps. Only what recalls every fact is
        stopped, and the weights it stops at are those that are judged.

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

    def rates(self, trained: str) -> tuple[float, ...]:
        """Return the learning rates that are tried.

        Parameters
        ----------
        trained : what is trained, a key of :data:`LEARNING_RATES`.
        """
        return LEARNING_RATES[trained] if self.learning_rates is None else self.learning_rates


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


def gradient_rule(training: Training, rate: Any) -> Any:
    """Return the optimiser as Optax's transformation of gradients.

    Parameters
    ----------
    training : how the learning rate goes on, and which optimiser takes it.
    rate : learning rate at the first step, a number or one that JAX traces.

    Raises
    ------
    InputError
        If JAX or Optax is missing.
    """
    _, optax = libraries()
    if training.schedule == "cosine":
        scheduled = optax.cosine_decay_schedule(rate, training.steps)
    else:
        scheduled = optax.constant_schedule(rate)
    if training.optimiser == "adamw":
        return optax.adamw(scheduled, weight_decay=training.weight_decay)
    return optax.adam(scheduled)
