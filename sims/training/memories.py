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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.memories.memory import Factors, Memory
from sims.training.loop import Objective, Run, Weights, right_and_rival, train_side_by_side
from sims.training.memory_models import ReluNetwork, UntrainedMemory
from sims.training.recipe import Training, libraries

__all__ = ["MemoryObjective", "padded", "train"]

SCORES = 2**18
"""Scores of a batch, over its trials and learning rates, above which trials are trained apart:
more of them no longer fit the processor's cache."""

GROWTH, GRAIN = 1.05, 8
"""Sizes are padded to multiples of the second, successive ones about this factor apart, so that
few programs are compiled."""

SHUT = -1e30
"""Score of an answer that is not there."""


def train(
    untrained: Sequence[UntrainedMemory], training: Training, *, threads: int = 1
) -> list[tuple[Run[Memory], ...]]:
    """Train every memory with every learning rate.

    Parameters
    ----------
    untrained : memories of one model, with weights of the same shapes; their N and M may differ.
    training : how.
    threads : batches trained at a time. JAX may use all cores for each.

    Returns
    -------
    For each memory, one run per learning rate, in their order.

    Raises
    ------
    InputError
        If JAX or Optax is missing, or the memories are not of one kind.

    Examples
    --------
    >>> train([], Training())
    []
    """
    if not untrained:
        return []
    libraries()
    kinds = {(p.model, *(w.shape for w in p.weights)) for p in untrained}
    if len(kinds) > 1:
        raise InputError("problems of different models or weights cannot be trained together")
    model = untrained[0].model
    rates = training.rates(model)
    largest = max(len(p.E) * len(p.U) for p in untrained)
    return train_side_by_side(
        MemoryObjective(model), training, rates, untrained,
        size=lambda p: (len(p.E), len(p.U)), most=SCORES // (len(rates) * largest), fill=True,
        threads=threads,
    )  # fmt: skip


@dataclass(frozen=True)
class MemoryObjective(Objective[UntrainedMemory, Memory]):
    """A memory as the training loop sees it.

    Its data are those of :func:`padded`.

    Parameters
    ----------
    model : one of :data:`sims.training.memory_models.MODELS`.
    """

    model: str

    def pad(self, batch: Sequence[UntrainedMemory], /) -> list[tuple[Weights, tuple[Any, ...]]]:
        """Return initial weights and data of every trial, padded to the largest of them."""
        rows, answers = (_size(max(len(getattr(p, name)) for p in batch)) for name in ("E", "U"))
        return [(p.weights, padded(p, rows, answers)) for p in batch]

    def draw(self, data: Any, step: Any, /) -> None:
        """Draw nothing: every step takes the facts as they are."""

    def outputs(self, weights: Any, E: Any, /) -> Any:
        """Return outputs (n, d_out) for inputs (n, d_in)."""
        jax, _ = libraries()
        if self.model == "linear":
            return E @ weights[0].T
        return jax.nn.relu(E @ weights[0].T) @ weights[1]

    def loss(self, weights: Any, data: Any, drawn: None = None, /) -> Any:
        """Return the logistic loss, the mean over the facts."""
        jax, _ = libraries()
        E, U, right, mass, shut, _ = data
        out = self.outputs(weights, E)
        total = jax.nn.logsumexp(out @ U.T + shut, axis=1)
        return (mass * (total - (out * right).sum(axis=1))).sum()

    def look(self, weights: Any, data: Any, taken: Any, /) -> tuple[Any, Any]:
        """Return loss and least margin of the facts, for each learning rate."""
        jax, _ = libraries()
        look = jax.vmap(lambda one: (self.loss(one, data), self._least(one, data)))
        return look(weights)  # type: ignore[no-any-return]

    def build(
        self, untrained: UntrainedMemory, weights: Sequence[NDArray[np.float32]], /
    ) -> Memory:
        """Return the memory, whose weights are never padded."""
        return Factors((weights[0],)) if self.model == "linear" else ReluNetwork(*weights)

    def _least(self, weights: Any, data: Any) -> Any:
        """Return the least margin of the facts that are there."""
        jax, _ = libraries()
        jnp = jax.numpy
        E, U, _, mass, shut, f = data
        right, rival = right_and_rival(self.outputs(weights, E) @ U.T + shut, f)
        return jnp.where(mass > 0, right - rival, jnp.inf).min()


def padded(given: UntrainedMemory, rows: int, answers: int) -> tuple[Any, ...]:
    """Return the data of a trial, padded with facts of no weight and answers of no probability.

    Parameters
    ----------
    given : the facts.
    rows, answers : numbers of facts and answers to pad to, at least N and M.

    Returns
    -------
    E, U, U[f], the weight of every fact, what is added to each answer's scores, and f.
    """
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


def _size(n: int) -> int:
    """Return the size that n is padded to."""
    size = GRAIN
    while size < n:
        size = GRAIN * -(-int(GROWTH * size + 1) // GRAIN)
    return size
