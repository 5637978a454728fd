r"""Memories of two layers of b-bit weights that recall most, found by annealing: fits in bits.

======================  =============================  ========  =============================
:func:`annealed_ranks`  W = A B of rank m              2 m d     ``optimal-low-rank --bits b``
:func:`annealed_mlp`    V^T sigma(W e), sigma of a     2 m d     ``optimal-mlp --bits b``
                        two-layer network
:func:`annealed_pairs`  V^T (W e * P e), bilinear      3 m d     ``optimal-bilinear --bits b``
======================  =============================  ========  =============================

As in :mod:`assoc.bits.annealing` all weights are levels from the first step to the last, the loss
is the squared hinge of margins, and one weight of any layer moves at a time with its exact gain
(:mod:`assoc.bits.network_flips`). Two things differ. The search starts at random levels, since
nothing like the outer products is near a solution, and therefore at a higher temperature. And the
margin that is asked for is wider: with the one that suits a matrix more facts are lost at the end.

Every weight takes b bits and nothing else is stored. Neither a product of matrices nor a bilinear
memory changes an answer when it is scaled; in a two-layer network sigma is given in units of what b
alone says, the root mean square of a normal number's levels, and of the root mean square norm of
the inputs, which are public.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import scipy
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, precision
from assoc.bits.annealing import CLEAR, FAR, leads, unit_sized
from assoc.bits.codes import Layout
from assoc.bits.fitted_codes import encode_as
from assoc.bits.levels import check_bits, gaussian_quantiser, levels_of, quantise
from assoc.checks import check_fits, check_width, positive
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.hermite import check_degree, evaluate
from assoc.memories.memory import Build
from assoc.memories.mlp import hidden_activation

__all__ = ["annealed_mlp", "annealed_pairs", "annealed_ranks"]

MARGIN = 0.8
"""kappa, in units of the root mean square of the scores at the start."""

HOT, COLD = 1.2, 0.2
"""First and last temperature T, in units of the same squared."""

SWEEPS = 1600
"""Sweeps over all weights after which the search is given up, where nothing else is said."""


def annealed_ranks(bits: int, rank: int, *, sweeps: int = SWEEPS) -> Build:
    """Return the build of linear memories of rank m with two factors of b-bit weights.

    Parameters
    ----------
    bits : b, between 1 and 16.
    rank : m, between 1 and d.
    sweeps : over all weights, at least 1.

    Returns
    -------
    A build function. Its memories are decoded from the bits that they count, b per weight; they
    depend on ``rng``, which draws the start and the moves.

    Raises
    ------
    InputError
        If an option is out of range; when a memory is built, if the rank is above d, the
        embeddings are not finite real matrices, f is no map, or nothing would fit in memory.
    """
    bits, rank = check_bits(bits), positive(rank, "rank")
    return _Fit("Factors", bits, rank, positive(sweeps, "sweeps"))


def annealed_mlp(
    bits: int, width: int, degree: int | None = None, *, sweeps: int = SWEEPS
) -> Build:
    """Return the build of two-layer networks with both layers of b-bit weights.

    Parameters
    ----------
    bits : b, between 1 and 16.
    width : m.
    degree : k, where sigma = h_{k+1} / sqrt(k+1); None means 1.
    sweeps : over all weights, at least 1.

    Returns
    -------
    As :func:`annealed_ranks`.

    Raises
    ------
    InputError
        As :func:`annealed_ranks`.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.memories.decoding import margins
    >>> rng = np.random.default_rng(0)
    >>> E, U = sphere(24, 12, rng=rng), sphere(24, 12, rng=rng)
    >>> memory = annealed_mlp(1, 12)(E, U, np.arange(24), rng=rng)
    >>> memory.bits, bool((margins(memory, E, U, np.arange(24)) > 0).all())
    (288, True)
    """
    k = 1 if degree is None else check_degree(degree)
    bits, width = check_bits(bits), check_width(width)
    return _Fit("TwoLayer", bits, width, positive(sweeps, "sweeps"), hidden_activation(k))


def annealed_pairs(bits: int, width: int, *, sweeps: int = SWEEPS) -> Build:
    """Return the build of bilinear memories with all three matrices of b-bit weights.

    Parameters
    ----------
    bits : b, between 1 and 16.
    width : m.
    sweeps : over all weights, at least 1.

    Returns
    -------
    As :func:`annealed_ranks`.

    Raises
    ------
    InputError
        As :func:`annealed_ranks`.
    """
    return _Fit("Gated", check_bits(bits), check_width(width), positive(sweeps, "sweeps"))


@dataclass(frozen=True)
class _Fit:
    """A build of memories of one kind."""

    kind: str
    bits: int
    width: int
    sweeps: int
    activation: Polynomial = field(default_factory=lambda: Polynomial([0.0, 1.0]))

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Any:
        """Build the memory of the facts x -> f(x)."""
        E, U = check_vectors(E, "E"), check_vectors(U, "U")
        facts = np.asarray(check_map(f, len(E), len(U)), np.int64)
        m, least = self.width, min(E.shape[1], U.shape[1])
        if self.kind == "Factors" and m > least:
            raise InputError(f"rank {m} is not between 1 and d = {least}")
        entries = 4 * len(E) * (len(U) + m) + 6 * m * (len(U) + E.shape[1] + U.shape[1])
        check_fits(entries, 8, f"N = {len(E)}, m = {m}: the margins and layers")
        inputs, size = unit_sized(E)
        weights = _Weights.drawn(self, E.shape[1], U.shape[1], rng)
        level = _usual_size(self.bits)
        found = _search(weights, inputs / level, unit_sized(U)[0], facts, self, rng)
        arrays = [found.V.T, found.W] if self.kind == "Factors" else found.arrays
        levels = [levels_of(array, self.bits) for array in arrays]
        dtype = str(precision(E, U))
        # Decoded weights are levels over 2^(b-1); inputs come as they are given.
        unit = Polynomial([0.0, 2.0 ** (self.bits - 1) / level / size])
        layout = Layout(
            self.kind, tuple(array.shape for array in levels), self.bits, dtype, scaled=False,
            degree=1 if self.kind == "Gated" else None,
            activation=(
                tuple(self.activation(unit).coef.tolist()) if self.kind == "TwoLayer" else None
            ),
        )  # fmt: skip
        return encode_as(levels, layout).decode()


@cache
def _usual_size(bits: int) -> float:
    """Root mean square of the levels of a standard normal number, as odd numbers."""
    step, top = gaussian_quantiser(bits)[0], 2 ** (bits - 1)
    inner = scipy.special.ndtr(step * np.arange(1 - top, top))
    chance = np.diff(inner, prepend=0.0, append=1.0)
    return float(np.sqrt(chance @ np.arange(1.0 - 2 * top, 2 * top, 2) ** 2))


@dataclass(frozen=True)
class _Weights:
    """Odd numbers: W, P (m, d_in), P with no rows where there are no pairs, and V (m, d_out)."""

    W: NDArray[np.float32]
    P: NDArray[np.float32]
    V: NDArray[np.float32]

    @classmethod
    def drawn(cls, fit: _Fit, d_in: int, d_out: int, rng: np.random.Generator) -> "_Weights":
        """Levels of normal numbers."""
        shapes = (fit.width, d_in), (fit.width if fit.kind == "Gated" else 0, d_in)
        top = 2**fit.bits - 1
        return cls(
            *(
                (2.0 * quantise(rng.standard_normal(shape), fit.bits)[0] - top).astype(np.float32)
                for shape in (*shapes, (fit.width, d_out))
            )
        )

    @property
    def arrays(self) -> list[NDArray[np.float32]]:
        """Those that are stored."""
        return [array for array in (self.W, self.P, self.V) if len(array)]

    def copy(self) -> "_Weights":
        """As they are now; the search changes them."""
        return _Weights(self.W.copy(), self.P.copy(), self.V.copy())

    def layers(
        self, inputs: NDArray[np.float64], activation: Polynomial
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """W e, P e and the hidden layer, (m, N), for inputs (N, d_in)."""
        z, q = (array.astype(np.float64) @ inputs.T for array in (self.W, self.P))
        return z, q, z * q if len(q) else evaluate(activation, z).astype(np.float64)


def _search(
    weights: _Weights,
    E: NDArray[np.float64],
    U: NDArray[np.float64],
    f: NDArray[np.int64],
    fit: _Fit,
    rng: np.random.Generator,
) -> _Weights:
    """Weights that lose the fewest facts of all that are seen."""
    from assoc.bits.network_flips import sweep_network

    inputs, answers = (np.ascontiguousarray(X.T, np.float32) for X in (E, U))
    coefficients = fit.activation.coef.astype(np.float32)
    best, fewest, unit = weights.copy(), len(E) + 1, 0.0
    for temperature in [*np.geomspace(HOT, COLD, fit.sweeps), None]:
        z, q, h = weights.layers(E, fit.activation)
        each = weights.V.astype(np.float64) @ U.T
        scores = h.T @ each
        unit = unit or float(np.sqrt(np.mean(scores**2))) or 1.0
        margins = leads(scores, f)
        lost = int((margins.min(axis=1) <= CLEAR * unit).sum())
        if lost < fewest:
            best, fewest = weights.copy(), lost
        if fewest == 0 or temperature is None:
            break
        short = (MARGIN * unit - np.minimum(margins, FAR * unit)).astype(np.float32)
        now = [np.ascontiguousarray(array, np.float32) for array in (z, q, h, each)]
        places, steps, rises = _moves(weights, fit.bits, rng)
        sweep_network(
            weights.W, weights.P, weights.V, now[0], now[1], now[2], now[3], short, inputs,
            answers, f, places, steps, temperature * unit**2 * rises, 2.0**fit.bits - 1,
            coefficients,
        )  # fmt: skip
    return best


def _moves(
    weights: _Weights, bits: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Places and steps of every weight once, and what each may raise the loss by at T = 1."""
    count = sum(array.size for array in weights.arrays)
    sizes = 2 ** rng.integers(1, bits, count, endpoint=True)
    places = rng.permutation(count)
    steps = np.where(rng.random(count) < 0.5, sizes, -sizes).astype(np.float32)
    return places, steps, rng.exponential(size=count)
