r"""Memories of b-bit weights by training: Adam on weights that are rounded in each forward pass.

The trained rival of :mod:`assoc.bits.annealing` and :mod:`assoc.bits.annealed_networks`. Weights
that are not rounded are kept beside, and get the gradient that the rounded ones have (the
straight-through estimate), unless they are beyond the outermost level and it would drive them on.
Loss and loop are those of :mod:`sims.training.memories`, with scores multiplied by a gain. What is
returned is decoded from the bits of the rounded weights at the end of a run, which ends early only
with weights that recall everything.

Needs the extra ``train`` (JAX, Optax), imported where it is used.

References
----------
Bengio, Leonard and Courville, Estimating or propagating gradients through stochastic neurons for
conditional computation (arXiv 1308.3432): the straight-through estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.bits.annealing import unit_sized
from assoc.bits.codes import Layout
from assoc.bits.fitted_codes import encode_as
from assoc.bits.levels import check_bits, gaussian_quantiser
from assoc.errors import InputError
from assoc.memories.linear import hebbian_matrix
from assoc.memories.memory import Factors, Memory
from assoc.memories.mlp import hidden_activation
from assoc.memories.networks import TwoLayer
from sims.training.loop import Run, train_side_by_side
from sims.training.memories import MemoryObjective
from sims.training.memory_models import UntrainedMemory, untrained_memory
from sims.training.recipe import Training, libraries

__all__ = ["GAIN", "RATES", "BitsObjective", "train_in_bits"]

GAIN = 8.0
"""Factor on scores of unit spread. Of 1/2 to 16, 8 and 16 lost fewest facts of 71 in a matrix of
signs, d = 32, and of 42 and 60 in networks of one and two bits, d = m = 16."""

RATES = (0.01, 0.03, 0.1)
"""Learning rates that are tried, of weights of unit size."""


def train_in_bits(
    E: Floats,
    U: Floats,
    f: Integers,
    bits: int,
    *,
    rng: np.random.Generator,
    width: int | None = None,
    steps: int = 4096,
    gain: float = GAIN,
) -> tuple[Run[Memory], ...]:
    """Train a matrix or a two-layer network whose weights have b bits, with every learning rate.

    Parameters
    ----------
    E, U, f : embeddings (N, d_in) and (M, d_out), and the fact map (N,).
    bits : b, between 1 and 16.
    rng : draws the initial weights of a network; a matrix starts at the outer products.
    width : m of a network V^T sigma(W e), sigma = h_2 / sqrt(2); None means a matrix.
    steps : of Adam, with a learning rate that falls to 0 along a cosine.
    gain : factor on the scores, positive.

    Returns
    -------
    A run for each of :data:`RATES`; its memory counts b bits per weight.

    Raises
    ------
    InputError
        If an option is out of range, the embeddings or the map are none, or JAX or Optax is
        missing.
    """
    libraries()
    bits = check_bits(bits)
    if not (np.isfinite(gain) and gain > 0):
        raise InputError(f"gain = {gain} is not a positive number")
    model = "linear" if width is None else "mlp"
    inputs, answers = unit_sized(E)[0], unit_sized(U)[0]
    given = untrained_memory(model, inputs, answers, f, rng=rng, width=width)
    if width is None:
        begin: Any = hebbian_matrix(inputs, answers, given.f)
        given = replace(given, weights=((begin / np.sqrt(np.mean(begin**2))).astype(np.float32),))
    else:
        given = replace(
            given, weights=(given.weights[0], given.weights[1] * np.float32(np.sqrt(width)))
        )
    training = Training(steps=steps, learning_rates=RATES, wanted=1e-4)
    objective = BitsObjective(model, bits, unit_sized(E)[1], gain)
    (runs,) = train_side_by_side(objective, training, RATES, [given], size=lambda p: 0, most=1)
    return runs


@dataclass(frozen=True)
class BitsObjective(MemoryObjective):
    """A memory of b-bit weights as the training loop sees it.

    Parameters
    ----------
    model : ``linear`` or ``mlp``.
    bits : b.
    size : root mean square norm of the inputs before they were divided by it.
    gain : factor on scores of unit spread.
    """

    bits: int
    size: float
    gain: float

    def rounded(self, weights: Any, /) -> Any:
        """Return the levels of weights of unit size; their gradient passes where it may."""
        jax, _ = libraries()
        step, top = gaussian_quantiser(self.bits)[0], 2 ** (self.bits - 1)
        inside = jax.numpy.clip(weights, -top * step, top * step)
        level = jax.numpy.clip(jax.numpy.floor(weights / step), -top, top - 1) + 0.5
        return inside + jax.lax.stop_gradient(level * step - inside)

    def outputs(self, weights: Any, E: Any, /) -> Any:
        """Return outputs (n, d_out) for inputs (n, d_in), of unit spread times the gain."""
        first, *second = (self.rounded(array) for array in weights)
        z = E @ first.T
        if not second:
            return self.gain * z
        return self.gain * (z**2 - 1) / 2 @ second[0] * (2 / second[0].shape[0]) ** 0.5

    def build(
        self, untrained: UntrainedMemory, weights: Sequence[NDArray[np.float32]], /
    ) -> Memory:
        """Return the memory, decoded from the bits of its levels."""
        step, top = gaussian_quantiser(self.bits)[0], 2 ** (self.bits - 1)
        levels = [
            (np.clip(np.floor(array / np.float32(step)), -top, top - 1) + top).astype(np.uint16)
            for array in weights
        ]
        shapes = tuple(array.shape for array in levels)
        if self.model == "linear":
            layout = Layout(Factors.__name__, shapes, self.bits, "float64")
        else:
            # Decoded weights are levels over 2^(b-1), in units of half steps.
            unit = Polynomial([0.0, step * 2.0 ** (self.bits - 2) / self.size])
            sigma = tuple(hidden_activation(1)(unit).coef.tolist())
            layout = Layout(
                TwoLayer.__name__, shapes, self.bits, "float64", activation=sigma, scaled=False
            )
        found: Memory = encode_as(levels, layout).decode()
        return found
